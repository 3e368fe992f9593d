/* Puts one file in the place of another: a copy under a new name, or a backup over what is there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/keep.h"
#include "actions/types.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/sha256.h"
#include "lib/size.h"
#include "lib/timefmt.h"

struct placing {
	const char *from, *to; /* borrowed from the arguments */
	bool restore;	       /* keep mode and owner of what is there */
};

static int placing_take(struct placing *placing, const json_t *args, struct err *err)
{
	const json_t *roots = json_object_get(args, "roots");

	placing->restore = json_object_get(args, "file_restore") != NULL;
	placing->from = json_str(args, placing->restore ? "from" : "file_copy", "");
	placing->to = json_str(args, placing->restore ? "file_restore" : "to", "");
	return keep_within(placing->to, roots, err);
}

/* What a restore sets back: how far the file is ahead of its backup. */
static void loss_measure(const struct placing *placing, const struct stat *from,
			 const struct stat *to, struct buf *loss)
{
	char now_hash[SHA256_HEX], then_hash[SHA256_HEX], at[TIME_RFC3339_MAX], now[32], then[32];

	if (!S_ISREG(to->st_mode) || sha256_file(placing->to, now_hash, NULL) < 0 ||
	    sha256_file(placing->from, then_hash, NULL) < 0) {
		buf_printf(loss, "not measured: %s can't be read\n", placing->to);
		return;
	}
	if (strcmp(now_hash, then_hash) == 0)
		return;
	buf_printf(loss,
		   "%s differs from the backup (%s now, %s then) and was changed last %s UTC: what "
		   "changed since the backup is gone, the former file is kept for the undo\n",
		   placing->to, size_text(to->st_size, now, sizeof(now)),
		   size_text(from->st_size, then, sizeof(then)),
		   time_datetime(to->st_mtim.tv_sec * CLOCK_US, at));
}

static int copy_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	struct placing placing;
	struct stat from, to;
	char size[32];
	bool there;

	(void)env;
	if (placing_take(&placing, args, err) < 0)
		return -1;
	if (stat(placing.from, &from) < 0)
		return err_sys(err, "%s", placing.from);
	there = lstat(placing.to, &to) == 0;
	buf_printf(&plan->lines, "copies %s (%s) to %s\n", placing.from,
		   size_text(from.st_size, size, sizeof(size)), placing.to);
	if (there)
		buf_printf(&plan->lines,
			   "%s (%s) is kept for the undo, then replaced in one rename\n",
			   placing.to, size_text(to.st_size, size, sizeof(size)));
	if (there && placing.restore)
		loss_measure(&placing, &from, &to, &plan->loss);
	buf_printf(&plan->undo, there ? "the former %s comes back" : "%s is removed again",
		   placing.to);
	return 0;
}

static int copy_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct placing placing;
	struct stat st;
	char *side, *folder;
	json_t *sidecar;
	int rc = 0;

	(void)env;
	if (placing_take(&placing, args, err) < 0)
		return -1;
	if (stat(placing.from, &st) < 0)
		return err_sys(err, "%s", placing.from);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is no regular file", placing.from);
	if (lstat(placing.to, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			err_set(err, "%s is no regular file: it is not replaced", placing.to);
			return err_hint(err, "name the file itself, not a link to it");
		}
		if (!placing.restore && !json_bool(args, "overwrite", false)) {
			err_set(err, "%s is there already", placing.to);
			return err_hint(err, "say \"overwrite\": true if it may be replaced (it is "
					     "kept for an undo)");
		}
	}
	folder = path_folder(placing.to);
	if (access(folder, W_OK) < 0)
		rc = err_sys(err, "%s can't be written to", folder);
	free(folder);
	side = sidecar_path(placing.from);
	if (rc == 0 && file_exists(side)) {
		sidecar = sidecar_read(placing.from, err);
		rc = sidecar ? sidecar_check_hash(placing.from, sidecar, err) : -1;
		json_decref(sidecar);
	}
	free(side);
	return rc;
}

static json_t *copy_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct placing placing;
	char hex[SHA256_HEX];
	json_t *kept;

	if (placing_take(&placing, args, err) < 0 || sha256_file(placing.from, hex, err) < 0)
		return NULL;
	kept = keep_file(env, placing.to, json_object_get(args, "roots"), err);
	return kept ? json_pack("{s:s, s:o}", "sha256", hex, "kept", kept) : NULL;
}

static int copy_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	const char **roots = keep_roots(json_object_get(args, "roots"));
	struct placing placing;
	int rc = placing_take(&placing, args, err);

	(void)env;
	if (rc == 0)
		rc =
		    file_copying(&(struct file_copying){ .from = placing.from,
							 .to = placing.to,
							 .roots = roots,
							 .sha256 = json_str(before, "sha256", NULL),
							 .keep = placing.restore },
				 err);
	if (rc == 0)
		*facts = json_pack("{s:s, s:s}", "to", placing.to, "sha256",
				   json_str(before, "sha256", ""));
	free(roots);
	return rc;
}

/* 1: the copy is in its place, 0: what was there before is, -1: something else is. */
static int copy_where(const json_t *args, const json_t *before, struct buf *why)
{
	const json_t *kept = json_object_get(before, "kept");
	struct placing placing;
	struct err err = ERR_INIT;
	char hex[SHA256_HEX];

	if (placing_take(&placing, args, &err) < 0) {
		buf_puts(why, err.msg);
		return -1;
	}
	if (sha256_file(placing.to, hex, NULL) == 0 &&
	    strcmp(hex, json_str(before, "sha256", "")) == 0) {
		buf_printf(why, "%s has the content of %s", placing.to, placing.from);
		return 1;
	}
	if (keep_is_back(kept, why, NULL) == 1) {
		buf_printf(why, "%s is as it was before", placing.to);
		return 0;
	}
	return -1;
}

static enum settled copy_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	int where = copy_where(args, before, why);

	(void)env;
	return where == 1 ? SETTLED_YES : where == 0 ? SETTLED_NO : SETTLED_UNKNOWN;
}

static int copy_undo(const struct action_env *env, const json_t *args, const json_t *before,
		     struct err *err)
{
	struct buf why = BUF_INIT;
	int where = copy_where(args, before, &why);

	(void)env;
	buf_release(&why);
	if (where < 0) {
		err_set(err, "%s was changed since: it is left alone",
			json_str(json_object_get(before, "kept"), "path", "the file"));
		return err_hint(err, "its former content is kept at %s",
				json_str(json_object_get(before, "kept"), "kept",
					 "(there was none)"));
	}
	return keep_put_back(json_object_get(before, "kept"), json_object_get(args, "roots"), err);
}

static enum settled copy_undone(const struct action_env *env, const json_t *args,
				const json_t *before, struct buf *why)
{
	int back = keep_is_back(json_object_get(before, "kept"), why, NULL);

	(void)env, (void)args;
	if (back == 1)
		buf_puts(why, "the file is as it was before");
	return back == 1 ? SETTLED_YES : back == 0 ? SETTLED_NO : SETTLED_UNKNOWN;
}

static const struct field copy_fields[] = {
	{ "file_copy", FIELD_PATH, true, "the file to copy", NULL, NULL },
	{ "to", FIELD_PATH, true, "the copy's path", NULL, NULL },
	{ "overwrite", FIELD_BOOL, false, "replace what is there (false)", NULL, NULL },
	{ "roots", FIELD_STRINGS, false, "folders that it may write below", NULL, NULL },
	{ 0 },
};

static const struct field restore_fields[] = {
	{ "file_restore", FIELD_PATH, true, "the file to replace; it keeps its mode and owner",
	  NULL, NULL },
	{ "from", FIELD_PATH, true, "the backup; its recorded SHA-256 must hold where it has one",
	  NULL, NULL },
	{ "roots", FIELD_STRINGS, false, "folders that it may write below", NULL, NULL },
	{ 0 },
};

#define COPIES                                                                               \
	.risk = risk_caution, .plan = copy_plan, .ready = copy_ready, .before = copy_before, \
	.run = copy_run, .settled = copy_settled, .undo = copy_undo, .undone = copy_undone

const struct action_type action_file_copy = {
	.type = { .name = "file_copy",
		  .help = "copies one file",
		  .fields = copy_fields,
		  .examples = "{\"file_copy\": \"${root}/config.py\", \"to\": "
			      "\"${backups}/config.py.bak\", \"roots\": [\"${backups}\"]}" },
	COPIES,
};

const struct action_type action_file_restore = {
	.type = { .name = "file_restore",
		  .help = "replaces one file by its backup",
		  .fields = restore_fields,
		  .examples = "{\"file_restore\": \"${root}/config.py\", \"from\": "
			      "\"${backups}/config.py.bak\"}" },
	COPIES,
};
