#include "drill/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sense.h"
#include "drill/stop.h"
#include "lib/argv.h"
#include "lib/child.h"
#include "lib/datadir.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/params.h"
#include "lib/pg.h"
#include "lib/pg_tools.h"
#include "lib/sqlite.h"
#include "lib/timefmt.h"

/* A sandbox with its cluster, dumps and a second copy of the database takes about 300 MB. */
#define SPACE_NEEDED (600LL << 20)
/* How long the parts may take to become healthy, and between two looks whether to stop. */
#define HEALTHY_WITHIN (30 * CLOCK_US)
#define HEALTHY_LOOK   CLOCK_US
/* Below this a part that failed has most likely found the disk full. */
#define SPACE_FULL (8LL << 20)
#define LOG_MAX	   (4u << 20)
/* What a drill needs on the host is asked with short commands. */
#define NEED_TIMEOUT (20 * CLOCK_US)

static int check_space(const char *tmp, struct err *err)
{
	int64_t space = file_space(tmp, err);

	if (space < 0)
		return err_hint(err, "set TMPDIR to a folder that is there");
	if (space < SPACE_NEEDED) {
		err_set(err, "%s has %lld MB free, a sandbox needs %lld MB", tmp,
			(long long)(space >> 20), (long long)(SPACE_NEEDED >> 20));
		return err_hint(err, "free some space, or set TMPDIR to a folder with more");
	}
	return 0;
}

/* Whom PostgreSQL and the services run as: root may not run a server. */
static int pick_user(struct drill_env *env, struct err *err)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = getpwnam("postgres");
	if (!user)
		user = getpwnam("nobody");
	if (!user || user->pw_uid == 0)
		return err_set(err,
			       "root may not run PostgreSQL, and there is neither a user postgres "
			       "nor a user nobody");
	env->uid = user->pw_uid;
	env->gid = user->pw_gid;
	return 0;
}

/* The programs that parts and services need, as the sandbox's data lists them: asked before
 * anything is built. */
static int check_needs(const struct scenario *scenario, struct err *err)
{
	const json_t *need;
	size_t i;

	json_array_foreach(json_object_get(scenario->sandbox_doc.root, "needs"), i, need) {
		char **argv = argv_new(json_object_get(need, "run"), "run", err);
		struct child_spec spec = { .argv = (const char *const *)argv, .in = -1 };
		struct err why = ERR_INIT;
		int result = argv ? child_ok(&spec, NULL, NEED_TIMEOUT, NULL, &why) : -1;

		argv_free(argv);
		if (result < 0) {
			err_set(err, "the sandbox needs %s: %s", json_str(need, "say", "a program"),
				why.msg);
			return err_hint(err, "%s", json_str(need, "hint", "install it"));
		}
	}
	return 0;
}

/* Asked as that user, so that groups and access lists count. */
static bool can_enter(const char *folder, const struct passwd *user)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
		    setuid(user->pw_uid) < 0)
			_exit(0); /* the part that needs it will say why */
		_exit(access(folder, X_OK) == 0 ? 0 : 1);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 || status == 0;
}

/* Folders above it may be closed to the user that the sandbox's services run as. */
static int check_reach(const struct sandbox *sandbox, struct err *err)
{
	const struct passwd *user = sandbox->env.uid ? getpwuid(sandbox->env.uid) : NULL;

	if (!user || can_enter(sandbox->folder, user))
		return 0;
	err_set(err, "user %s, whom the sandbox's server runs as, can't enter %s", user->pw_name,
		sandbox->folder);
	return err_hint(err, "set TMPDIR to a folder that every user may enter, such as /tmp");
}

static int check_stop(struct err *err)
{
	return stop_asked() ? err_set(err, "the drill was stopped") : 0;
}

static int take_lock(struct sandbox *sandbox, struct err *err)
{
	char *path = path_join(sandbox->folder, "lock");
	int result = -1;

	sandbox->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (sandbox->lock < 0)
		err_sys(err, "opening %s", path);
	else if (flock(sandbox->lock, LOCK_EX | LOCK_NB) < 0)
		err_set(err, "the sandbox %s is in use by another console", sandbox->folder);
	else
		result = 0;
	free(path);
	return result;
}

/* Made under another name and renamed when its lock is held, so that a sweep never meets one that
 * nobody seems to hold. */
static int make_folder(struct sandbox *sandbox, struct err *err)
{
	const char *tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char *name, *final;

	if (check_space(tmp, err) < 0)
		return -1;
	name = xasprintf("%s/backout-new-XXXXXX", tmp);
	if (!mkdtemp(name)) {
		err_sys(err, "making a folder in %s", tmp);
		free(name);
		return err_hint(err, "set TMPDIR to a folder that you may write");
	}
	sandbox->folder = name;
	if (chmod(name, 0711) < 0)
		return err_sys(err, "setting the mode of %s", name);
	if (take_lock(sandbox, err) < 0)
		return -1;
	final = xasprintf("%s/backout-drill-%s", tmp, name + strlen(name) - 6);
	if (rename(name, final) < 0) {
		err_sys(err, "renaming %s", name);
		free(final);
		return -1;
	}
	free(name);
	sandbox->folder = final;
	return 0;
}

/* The services' user may not be able to read where the program lies: the stand-in comes along. */
static int copy_standin(struct sandbox *sandbox, struct err *err)
{
	char *from = data_path("drill/standin/standin.py");
	char *folder = path_join(sandbox->folder, "standin");
	char *to = path_join(folder, "standin.py");
	int result = -1;

	if (file_mkdirs(folder, 0755, err) == 0 && chmod(folder, 0755) == 0 &&
	    file_copy(from, to, err) == 0)
		result = chmod(to, 0644) == 0 ? 0 : err_sys(err, "setting the mode of %s", to);
	free(from);
	free(folder);
	free(to);
	return result;
}

/* What the target's template may name. */
static json_t *base_values(const struct sandbox *sandbox)
{
	char *self = self_path(), *standin = path_join(sandbox->folder, "standin");
	char *server =
	    pg_tool(NULL, "postgres", NULL); /* its absence is said by the part that needs it */
	char user[48];
	json_t *values;

	snprintf(user, sizeof(user), "%lu:%lu", (unsigned long)sandbox->env.uid,
		 (unsigned long)sandbox->env.gid);
	values =
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "sandbox", sandbox->folder, "backout", self,
		      "standin", standin, "user", user, "postgres", server ? server : "postgres");
	free(server);
	free(self);
	free(standin);
	return values;
}

/* Services, runners and we ourselves live by it from here on. */
static int make_clock(const struct sandbox *sandbox, const struct scenario *scenario,
		      struct err *err)
{
	char *path = path_join(sandbox->folder, "clock");
	int result = 0;

	if (scenario->deployment)
		result = clock_make(path, err) < 0 ? -1 : clock_follow(path, err);
	free(path);
	return result;
}

static int follow_clock(const struct sandbox *sandbox, struct err *err)
{
	char *path = path_join(sandbox->folder, "clock");
	int result = file_exists(path) ? clock_follow(path, err) : 0;

	free(path);
	return result;
}

static int write_json(const char *folder, const char *name, const json_t *value, struct err *err)
{
	char *path = path_join(folder, name);
	char *text = json_dumps(value, JSON_INDENT(2));
	int result = file_replace(path, text, strlen(text), 0600, err);

	free(text);
	free(path);
	return result;
}

static int load_target(struct sandbox *sandbox, const struct scenario *scenario, struct err *err)
{
	char *path = path_join(sandbox->folder, "target.json");
	struct findings findings = { 0 };
	int result = load_runbook(&sandbox->loaded, scenario->runbook, path, &findings, err);

	if (result == -2) {
		struct buf text = BUF_INIT;

		findings_print(&findings, &text);
		while (text.len > 0 && text.data[text.len - 1] == '\n')
			buf_cut(&text, text.len - 1);
		err_clear(err);
		err_set(err, "the sandbox's target is invalid: %s", buf_str(&text));
		buf_release(&text);
	}
	findings_release(&findings);
	free(path);
	return result == 0 ? 0 : -1;
}

/* Fills in env from the folder, the loaded target and the scenario. */
static int fill_env(struct sandbox *sandbox, const struct scenario *scenario,
		    const struct clock *clock, struct err *err)
{
	struct drill_env *env = &sandbox->env;
	json_t *base = base_values(sandbox);
	char *log = path_join(sandbox->folder, "log");

	env->clock = clock;
	env->sandbox = sandbox->folder;
	env->data = scenario->data;
	env->target = sandbox->loaded.target;
	env->values = json_deep_copy(sandbox->loaded.target->params);
	json_object_update(env->values, base);
	env->mark = xasprintf("BACKOUT_SANDBOX=%s", sandbox->folder);
	env->log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (env->log < 0)
		err_sys(err, "opening %s", log);
	json_decref(base);
	free(log);
	return env->log < 0 ? -1 : 0;
}

/* Programs say it in their own words; some tidy up, so that there is space again when we look. */
static bool disk_is_full(const struct sandbox *sandbox, const struct err *err)
{
	char *path = path_join(sandbox->folder, "log");
	int64_t space = file_space(sandbox->folder, NULL);
	struct buf log = BUF_INIT;
	bool full = (space >= 0 && space < SPACE_FULL) || strstr(err->msg, strerror(ENOSPC));

	if (!full && file_read(path, &log, LOG_MAX, NULL) == 0)
		full = strstr(buf_str(&log), strerror(ENOSPC)) != NULL;
	buf_release(&log);
	free(path);
	return full;
}

static int part_failed(const struct sandbox *sandbox, const char *say, struct err *err)
{
	err_wrap(err, "building the sandbox: %s", say ? say : "a part");
	if (disk_is_full(sandbox, err))
		err_hint(err,
			 "the disk of %s is full: free some space, or set TMPDIR to a folder with "
			 "more",
			 sandbox->folder);
	return -1;
}

static int make_parts(struct sandbox *sandbox, const struct jdoc *doc,
		      sandbox_progress_fn *progress, void *data, struct err *err)
{
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(doc->root, "parts"), i, part) {
		const char *say = json_str(part, "say", NULL);
		int64_t begin = clock_mono(sandbox->env.clock);
		char took[40], *line;

		if (check_stop(err) < 0)
			return -1;
		if (drill_make(&sandbox->env, part_types, part, err) < 0)
			return part_failed(sandbox, say, err);
		if (!say || !progress)
			continue;
		line = xasprintf("%-52s %s", say,
				 duration_text(clock_mono(sandbox->env.clock) - begin, took,
					       sizeof(took)));
		progress(line, data);
		free(line);
	}
	return 0;
}

static int wait_healthy(struct sandbox *sandbox, const struct scenario *scenario, struct err *err)
{
	const json_t *names = json_object_get(scenario->sandbox_doc.root, "healthy"), *name;
	size_t n = json_array_size(names), i;
	struct probe **probes = xcalloc(n + 1, sizeof(*probes));
	struct reading *readings = xcalloc(n + 1, sizeof(*readings));
	struct sense *sense = sense_new(NULL, sandbox->env.clock, sandbox->loaded.runbook,
					sandbox->loaded.target, NULL, NULL, err);
	int64_t deadline = clock_mono(sandbox->env.clock) + HEALTHY_WITHIN;
	int result = -1;

	if (!sense)
		goto out;
	json_array_foreach(names, i, name) {
		probes[i] = runbook_probe(sandbox->loaded.runbook, json_string_value(name));
		if (!probes[i]) {
			err_set(err, "%s: the runbook has no probe \"%s\"",
				scenario->sandbox_doc.name, json_string_value(name));
			goto out;
		}
	}
	while (clock_mono(sandbox->env.clock) < deadline) {
		if (check_stop(err) < 0)
			goto out;
		if (sense_verify(sense, probes, n, (struct sense_window){ 0 }, HEALTHY_LOOK,
				 readings) == VERDICT_PASS) {
			result = 0;
			goto out;
		}
	}
	for (i = 0; i < n; i++) {
		if (readings[i].verdict != VERDICT_PASS)
			err_set(err, "the sandbox did not become healthy: %s: %s", probes[i]->id,
				readings[i].evidence);
	}
out:
	sense_free(sense);
	free(probes);
	free(readings);
	return result;
}

/* New; NULL with err. */
static char *ask_postgres(const struct drill_env *env, const char *source, const char *sql,
			  struct err *err)
{
	json_t *declared = drill_declared(env, source, "postgres", err);
	struct pg_params params = { 0 };
	struct pg *pg = NULL;
	char *value = NULL;

	if (declared && pg_params_from(declared, &params, err) == 0) {
		pg = pg_open(&params, "sandbox", HEALTHY_WITHIN, NULL, err);
		value = pg ? pg_value(pg, err, sql, NULL) : NULL;
		pg_close(pg);
		pg_params_release(&params);
	}
	json_decref(declared);
	return value;
}

/* New; NULL with err. */
static char *ask_sqlite(const struct drill_env *env, const char *source, const char *sql,
			struct err *err)
{
	json_t *declared = drill_declared(env, source, "sqlite", err);
	struct sqlite_answer answer = { 0 };
	struct sqlite *sqlite = NULL;
	char *value = NULL;

	if (declared)
		sqlite = sqlite_open(json_str(declared, "path", ""), env->clock,
				     clock_mono(env->clock) + HEALTHY_WITHIN, err);
	if (sqlite && sqlite_ask(sqlite, sql, NULL, &answer, err) == 0 && answer.value)
		value = xstrdup(answer.value);
	sqlite_answer_release(&answer);
	sqlite_close(sqlite);
	json_decref(declared);
	return value;
}

static int take_fact(struct sandbox *sandbox, const char *name, const json_t *fact, struct err *err)
{
	const char *sqlite = json_str(fact, "sqlite", NULL), *sql = json_str(fact, "sql", "");
	char *value = sqlite
			  ? ask_sqlite(&sandbox->env, sqlite, sql, err)
			  : ask_postgres(&sandbox->env, json_str(fact, "postgres", ""), sql, err);

	if (!value)
		return err_set(err, "fact \"%s\" has no value", name);
	json_object_set_new(sandbox->facts, name, json_string(value));
	free(value);
	return 0;
}

static int take_facts(struct sandbox *sandbox, const struct scenario *scenario, struct err *err)
{
	const char *name;
	json_t *fact;

	sandbox->facts = json_object();
	json_object_foreach(json_object_get(scenario->doc.root, "facts"), name, fact) {
		if (take_fact(sandbox, name, fact, err) < 0)
			return -1;
	}
	return write_json(sandbox->folder, "facts.json", sandbox->facts, err);
}

/* New: the sandbox's target; only what the sandbox itself knows has a value there. */
static json_t *fill_target(const struct scenario *scenario, const json_t *base, struct err *err)
{
	json_t *target =
	    params_fill(json_object_get(scenario->sandbox_doc.root, "target"), base, err);

	if (!target) {
		err_wrap(err, "%s: \"target\"", scenario->sandbox_doc.name);
		err_hint(err, "a sandbox's target may name ${sandbox}, ${backout}, ${standin}, "
			      "${user} and ${postgres}, and no other");
	}
	return target;
}

int sandbox_build(struct sandbox *sandbox, const struct scenario *scenario,
		  const struct clock *clock, sandbox_progress_fn *progress, void *data,
		  struct err *err)
{
	json_t *base = NULL, *target = NULL;
	int result = -1;

	*sandbox = (struct sandbox){ .lock = -1, .env.log = -1 };
	if (pick_user(&sandbox->env, err) < 0 || check_needs(scenario, err) < 0 ||
	    make_folder(sandbox, err) < 0 || check_reach(sandbox, err) < 0 ||
	    copy_standin(sandbox, err) < 0 || make_clock(sandbox, scenario, err) < 0)
		goto out;
	base = base_values(sandbox);
	target = fill_target(scenario, base, err);
	if (!target || write_json(sandbox->folder, "target.json", target, err) < 0)
		goto out;
	if (load_target(sandbox, scenario, err) < 0 || fill_env(sandbox, scenario, clock, err) < 0)
		goto out;
	if (make_parts(sandbox, &scenario->sandbox_doc, progress, data, err) < 0 ||
	    make_parts(sandbox, &scenario->doc, progress, data, err) < 0 ||
	    wait_healthy(sandbox, scenario, err) < 0 || take_facts(sandbox, scenario, err) < 0)
		goto out;
	result = 0;
out:
	json_decref(base);
	json_decref(target);
	if (result < 0)
		sandbox_close(sandbox, false);
	return result;
}

int sandbox_open(struct sandbox *sandbox, const char *folder, const struct scenario *scenario,
		 bool hold, const struct clock *clock, struct err *err)
{
	char *facts = path_join(folder, "facts.json");
	struct jdoc doc = { 0 };
	int result = -1;

	*sandbox = (struct sandbox){ .lock = -1, .env.log = -1, .folder = xstrdup(folder) };
	if ((hold && take_lock(sandbox, err) < 0) || follow_clock(sandbox, err) < 0 ||
	    pick_user(&sandbox->env, err) < 0 || load_target(sandbox, scenario, err) < 0 ||
	    fill_env(sandbox, scenario, clock, err) < 0 || jdoc_load(&doc, facts, err) < 0)
		goto out;
	sandbox->facts = json_incref(doc.root);
	result = 0;
out:
	jdoc_release(&doc);
	free(facts);
	if (result < 0)
		sandbox_close(sandbox, true);
	return result;
}

void sandbox_close(struct sandbox *sandbox, bool keep)
{
	if (sandbox->env.log >= 0)
		close(sandbox->env.log);
	clock_follow(NULL, NULL);
	if (sandbox->folder && !keep)
		sandbox_remove(sandbox->folder);
	if (sandbox->lock >= 0)
		close(sandbox->lock);
	json_decref(sandbox->env.values);
	json_decref(sandbox->facts);
	free(sandbox->env.mark);
	free(sandbox->folder);
	loaded_release(&sandbox->loaded);
	*sandbox = (struct sandbox){ .lock = -1, .env.log = -1 };
}

int sandbox_belongs(const struct sandbox *sandbox, const char *incident_folder, struct err *err)
{
	char *path = path_join(sandbox->folder, "incident");
	int result = file_replace(path, incident_folder, strlen(incident_folder), 0600, err);

	free(path);
	return result;
}

int sandbox_keep(const struct sandbox *sandbox, struct err *err)
{
	char *path = path_join(sandbox->folder, "keep");
	int result = file_replace(path, "", 0, 0600, err);

	free(path);
	return result;
}

int sandbox_inject(const struct sandbox *sandbox, const struct scenario *scenario, struct err *err)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(json_object_get(scenario->doc.root, "faults"), i, fault) {
		if (drill_make(&sandbox->env, fault_types, fault, err) < 0)
			return err_wrap(err, "injecting the fault");
	}
	return 0;
}

json_t *sandbox_handles(const struct sandbox *sandbox, const struct scenario *scenario)
{
	const json_t *handles = json_object_get(scenario->sandbox_doc.root, "handles");

	return handles ? params_fill(handles, sandbox->env.values, NULL) : json_object();
}
