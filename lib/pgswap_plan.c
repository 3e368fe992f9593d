/* Restore by swap: what stands in the way, and what it would do. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/argv.h"
#include "lib/backup.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_facts.h"
#include "lib/pg_tools.h"
#include "lib/pgdump.h"
#include "lib/pgswap.h"
#include "lib/pgswap_sql.h"
#include "lib/size.h"

#define LOOK_US (30 * CLOCK_US)

static int check_rights(const struct pgswap *swap, struct pg *pg, const json_t *old,
			struct err *err)
{
	const char *owner = swap->owner ? swap->owner : json_str(old, "owner", NULL);
	struct err mine = ERR_INIT;
	char *may = pg_value(pg, &mine,
			     "SELECT rolsuper OR (rolcreatedb AND ($1::text = '' OR"
			     " pg_has_role($1::text, 'member'))) FROM pg_roles WHERE rolname = "
			     "current_user",
			     owner ? owner : "");

	if (!may)
		return err_set(err, "%s", mine.set ? mine.msg : "the admin role is not known");
	bool fine = may[0] == 't';
	free(may);
	if (fine)
		return 0;
	err_set(err, "role %s may not create a database owned by %s", swap->admin.role,
		owner ? owner : swap->admin.role);
	return err_hint(err, "name a superuser, or a role with CREATEDB that is a member of %s",
			owner ? owner : "the owner");
}

/* New: where the database's files lie; NULL: not on this host, or it can't be asked. */
static char *data_folder(const struct pgswap *swap, struct pg *pg, const json_t *old)
{
	struct err ignored = ERR_INIT;
	char *folder;

	if (!swap->live.host || swap->live.host[0] != '/')
		return NULL;
	folder = pg_value(pg, &ignored,
			  "SELECT nullif(pg_tablespace_location(oid), '') FROM pg_tablespace"
			  " WHERE spcname = $1",
			  json_str(old, "tablespace", "pg_default"));
	return folder ? folder : pg_value(pg, &ignored, "SHOW data_directory", NULL);
}

/* Both copies lie side by side. Only a server on this host can be asked. */
static int check_space(const struct pgswap *swap, struct pg *pg, const json_t *old, struct err *err)
{
	struct err ignored = ERR_INIT;
	int64_t need = (int64_t)json_num(old, "size", 0);
	char *folder = data_folder(swap, pg, old);
	int64_t space = folder ? file_space(folder, &ignored) : -1;
	int result = 0;

	if (space >= 0 && space < need + need / 10)
		result =
		    err_set(err,
			    "%s has %" PRId64 " MB left; a second copy of %s needs about %" PRId64,
			    folder, space / 1000000, swap->live.database, need / 1000000);
	if (result < 0)
		err_hint(err, "make room first: old dumps, old copies of the database, logs");
	free(folder);
	return result;
}

int pgswap_obstacles(const struct pgswap *swap, struct pg *pg, json_t **old, struct err *err)
{
	struct err mine = ERR_INIT;
	const char *name = swap->live.database;

	*old = pgswap_database(pg, name, &mine);
	if (mine.set)
		return err_set(err, "%s", mine.msg);
	if (swap->plain && *old) {
		err_set(err, "database %s exists: a plain restore would overwrite it", name);
		return err_hint(err, "restore by swap instead; it keeps the old one");
	}
	if (!swap->plain && !*old) {
		err_set(err, "database %s does not exist: there is nothing to swap with", name);
		return err_hint(err, "use the plain restore");
	}
	if (check_rights(swap, pg, *old, err) < 0 || check_space(swap, pg, *old, err) < 0)
		return -1;
	return swap->plain ? 0 : pgswap_holders(swap, pg, err);
}

/* The server must have what the dump creates. */
static int check_extensions(const struct pgswap *swap, struct pg *pg, struct err *err)
{
	json_t *head = pgdump_head(swap->dump, swap->live.bin, LOOK_US, err), *name;
	struct err mine = ERR_INIT;
	size_t i;

	if (!head)
		return -1;
	json_array_foreach(json_object_get(head, "extensions"), i, name) {
		char *there =
		    pg_value(pg, &mine, "SELECT name FROM pg_available_extensions WHERE name = $1",
			     json_string_value(name));
		if (!there && !mine.set) {
			err_set(&mine, "the server lacks the extension %s, which %s needs",
				json_string_value(name), swap->dump);
			err_hint(&mine, "install its package on the server first");
		}
		free(there);
		if (mine.set)
			break;
	}
	json_decref(head);
	if (!mine.set)
		return 0;
	err_set(err, "%s", mine.msg);
	return err_hint(err, "%s", mine.hint);
}

json_t *pgswap_check(const struct pgswap *swap, struct pg *pg, bool quick, struct err *err)
{
	struct err ignored = ERR_INIT;
	/* Hosted servers may tell nobody what they are. */
	char *own = swap->system ? NULL : pg_system_identifier(pg, &ignored);
	struct pgdump_check check = { .path = swap->dump,
				      .database = swap->live.database,
				      .system = swap->system ? swap->system : own,
				      .server_version = pg_version(pg),
				      .bin = swap->live.bin,
				      .quick = quick,
				      .log = swap->log > 0 ? swap->log : 0,
				      .timeout_us = swap->timeout_us };
	json_t *sidecar = pgdump_check(&check, err);

	free(own);
	if (sidecar && check_extensions(swap, pg, err) < 0) {
		json_decref(sidecar);
		sidecar = NULL;
	}
	return sidecar;
}

/* Whether a look before the run has no time for its bytes: then the run itself, which has, reads
 * them before it touches anything. */
static bool is_long(const json_t *sidecar)
{
	return json_integer_value(json_object_get(sidecar, "size")) > PGSWAP_SOON;
}

int pgswap_ready(const struct pgswap *swap, struct err *err)
{
	json_t *old = NULL, *sidecar = sidecar_read(swap->dump, err), *sound = NULL;
	struct pgswap look = *swap;
	struct pg *pg = sidecar ? pgswap_admin(swap, swap->mark, LOOK_US, err) : NULL;
	int result = -1;

	look.log = -1;
	if (pg && pgswap_obstacles(swap, pg, &old, err) == 0 &&
	    (sound = pgswap_check(&look, pg, is_long(sidecar), err)))
		result = 0;
	json_decref(sound);
	json_decref(sidecar);
	json_decref(old);
	pg_close(pg);
	return result;
}

static void plan_loss(const struct pgswap *swap, const json_t *sidecar, struct buf *loss)
{
	struct err err = ERR_INIT;
	struct pg *pg = pg_open(&swap->live, swap->mark, LOOK_US, NULL, &err);
	int result = -1;

	if (pg && pg_read_only(pg, LOOK_US, &err) == 0)
		result = pg_loss(pg, json_object_get(sidecar, "tables"),
				 json_str(sidecar, "made_at", NULL),
				 swap->loss ? swap->loss : swap->live.loss, loss, &err);
	if (result < 0)
		buf_printf(loss, "could not be measured: %s\n", err.msg);
	pg_close(pg);
}

static int plan_load(const struct pgswap *swap, const char *copy, int version, struct buf *lines,
		     struct err *err)
{
	char *info = pg_conninfo(&swap->admin, copy, swap->mark, version);
	char **argv = pgdump_load_argv(swap->dump, swap->live.bin, info, err);

	if (argv) {
		buf_puts(lines, "$ ");
		argv_text(lines, (const char *const *)argv);
		buf_putc(lines, '\n');
	}
	argv_free(argv);
	free(info);
	return argv ? 0 : -1;
}

static int plan_steps(const struct pgswap *swap, struct pg *pg, const json_t *old,
		      struct buf *lines, struct err *err)
{
	const char *name = swap->live.database;
	char *copy = pgswap_name(name, "new", swap->mark);
	char *aside = pgswap_name(name, "before", swap->mark);
	struct script make = { 0 }, finish = { 0 };
	int result = -1;

	pgswap_sql_create(&make, swap, copy, old);
	script_show(&make, lines);
	if (plan_load(swap, copy, pg_version(pg), lines, err) < 0)
		goto out;
	buf_puts(lines,
		 "Compare rows and checksum of every table of the copy with what the dump "
		 "recorded; "
		 "check heap and indexes; ANALYZE; on any difference drop the copy and stop\n");
	if (pgswap_sql_carry(&finish, pg, copy, old, err) < 0)
		goto out;
	if (old)
		pgswap_sql_close(&finish, name);
	pgswap_sql_swap(&finish, old ? name : NULL, aside, copy, name);
	script_show(&finish, lines);
	if (old)
		buf_printf(lines, "The old database is kept as %s\n", aside);
	result = 0;
out:
	script_release(&make);
	script_release(&finish);
	free(copy);
	free(aside);
	return result;
}

static void plan_verify(const struct pgswap *swap, struct pg *pg, const json_t *old,
			const json_t *sidecar, struct buf *lines)
{
	char size[32], *folder = data_folder(swap, pg, old);

	buf_printf(lines, "Verify SHA-256 and content of %s (made %s, %s)%s\n", swap->dump,
		   json_str(sidecar, "made_at", "?"),
		   size_text(json_integer_value(json_object_get(sidecar, "size")), size,
			     sizeof size),
		   is_long(sidecar)
		       ? ", before anything is touched: it is too large to be read for "
			 "this plan"
		       : "");
	if (!json_object_get(sidecar, "tables"))
		buf_puts(lines, "The dump has no recorded rows: the copy can't be compared\n");
	if (!json_object_get(sidecar, "system_identifier"))
		buf_puts(lines, "The dump does not say which system it is of\n");
	if (!folder)
		buf_puts(lines, "Whether the server's disk holds a second copy can't be seen from "
				"here\n");
	free(folder);
}

int pgswap_plan(const struct pgswap *swap, struct buf *lines, struct buf *loss, struct err *err)
{
	json_t *sidecar = sidecar_read(swap->dump, err), *old = NULL;
	struct err mine = ERR_INIT;
	struct pg *pg = sidecar ? pgswap_admin(swap, swap->mark, LOOK_US, err) : NULL;
	int result = -1;

	if (!pg)
		goto out;
	old = pgswap_database(pg, swap->live.database, &mine);
	if (mine.set) {
		err_set(err, "%s", mine.msg);
		goto out;
	}
	plan_verify(swap, pg, old, sidecar, lines);
	if (plan_steps(swap, pg, swap->plain ? NULL : old, lines, err) < 0)
		goto out;
	if (old && !swap->plain)
		plan_loss(swap, sidecar, loss);
	else if (swap->plain && !old)
		buf_printf(loss,
			   "nothing is there to be lost: what is newer than %s is gone already\n",
			   json_str(sidecar, "made_at", "?"));
	else
		buf_printf(loss, "everything newer than %s\n", json_str(sidecar, "made_at", "?"));
	result = 0;
out:
	json_decref(old);
	json_decref(sidecar);
	pg_close(pg);
	return result;
}
