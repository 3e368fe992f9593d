/*
 * A small system for tests of the living parts: a lamp that is files, a log and commands. Its
 * runbook is written into a folder of the test's own, with the incidents' state folder beside it.
 *
 * A step that shall wait reads from the fifo "gate": the test decides when it goes on.
 */
#ifndef TESTS_UNIT_LAMP_H
#define TESTS_UNIT_LAMP_H

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/incident.h"
#include "core/plan.h"
#include "core/runner.h"
#include "core/session.h"
#include "lib/jdoc.h"
#include "tests/unit/scratch.h"

#define LAMP_PATIENCE (30 * CLOCK_US) /* no test waits that long unless something is broken */

struct lamp {
	char *folder;
	struct loaded loaded;
	struct loop *loop;
};

/* In three, since compilers need not take longer ones. */
/* clang-format off */
static const char lamp_runbook[] =
"{'format': 1, 'system': 'lamp', 'title': 'A lamp',\n"
" 'parameters': {\n"
"  'root': {'type': 'path', 'help': 'where the lamp stands'},\n"
"  'spawn_timeout': {'type': 'duration', 'help': 'of the step spawn', 'default': '60s'},\n"
"  'token': {'type': 'string', 'help': 'a secret', 'secret': true},\n"
"  'colour': {'type': 'string', 'help': 'its colour', 'ask': 'Which colour?',\n"
"             'propose': {'command': ['cat', '${root}/colour']}}},\n"
" 'sources': {\n"
"  'app-log': {'log': {'path': '${root}/app.log', 'utc': true}},\n"
"  'config': {'flags': {'path': '${root}/config.json', 'format': 'json',\n"
"             'names': {'bright': 'it shines'}}},\n"
"  'state-file': {'file': {'path': '${root}/state'}},\n"
"  'bell': {'messenger': {'command': ['sh', '-c', 'echo rung >>\"$1/rung\"; read x <\"$1/bell\"',\n"
"                                     'sh', '${root}']}},\n"
"  'stuck': {'command': {'argv': ['sh', '-c', 'read x <\"$1/gate\"', 'sh', '${root}']}}},\n"
" 'metrics': {'errors': {'log': 'app-log', 'read': 'errors', 'window': '60s', 'title': 'Errors',\n"
"             'warning': 1, 'critical': 3, 'suggest': 'tree'},\n"
"  'state-size': {'file': 'state-file', 'read': 'bytes', 'every': '1s'},\n"
"  'weight': {'file': 'state-file', 'read': 'bytes', 'every': '1s', 'critical': 100000},\n"
"  'stuck': {'command': 'stuck', 'read': 'number', 'every': '1s'},\n"
"  'largest': {'metric': 'state-size', 'read': 'max', 'window': '1h'},\n"
"  'unwell-for': {'probe': 'well', 'read': 'down_for'}},\n"
" 'probes': {\n"
"  'well': {'file': '${root}/state', 'contains': 'well'},\n"
"  'bright': {'flag': 'bright', 'in': 'config', 'is': true},\n"
"  'slow': {'command': ['sh', '-c', 'read x <\"$1/gate\"', 'sh', '${root}']},\n"
"  'complains': {'metric': 'errors', 'above': 0},\n"
"  'well-held': {'held': 'well', 'for': '2s'}},\n"
" 'conditions': {'dark': {'title': 'The lamp is dark', 'severity': 'high',\n"
"   'symptoms': [{'not': 'bright'}], 'suggest': {'procedure': 'relight'}}},\n"
" 'tree': {'start': 'ok', 'questions': {\n"
"  'ok': {'ask': 'Is the lamp well?', 'probe': 'well',\n"
"         'yes': {'advice': 'Look closer.'}, 'no': {'procedure': 'mend'}}}},\n"
" 'deadlines': {'high': '10m', 'critical': '121s'},\n"
    " 'procedures': {\n";

static const char lamp_procedures[] =
"  'mend': {'title': 'Mend the lamp', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low',\n"
"   'after': 'after', 'steps': [\n"
"    {'id': 'write', 'say': 'Write the state', 'within': '5s', 'verify': ['well'],\n"
"     'action': {'command': ['sh', '-c', 'echo well >\"$1/state\"', 'sh', '${root}'],\n"
"                'undo': ['sh', '-c', 'echo broken >\"$1/state\"', 'sh', '${root}']}},\n"
"    {'id': 'paint', 'say': 'Paint it', 'action': {'command':\n"
"      ['sh', '-c', 'echo \"$1\" >\"$2/painted\"', 'sh', '${colour}', '${root}']}}]},\n"
"  'relight': {'title': 'Relight', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'after': 'after', 'steps': [\n"
"    {'id': 'flag', 'say': 'Switch it on', 'within': '5s', 'verify': ['bright'],\n"
"     'action': {'flags': 'config', 'set': {'bright': true}}}]},\n"
"  'wait': {'title': 'Wait for the gate', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'gate', 'say': 'Wait', 'timeout': '60s', 'verify': ['well'], 'within': '1s',\n"
"     'action': {'command': ['sh', '-c',\n"
"       'echo $$ >\"$1/pid.new\"; mv \"$1/pid.new\" \"$1/pid\"; echo token $TOKEN; read x <\"$1/gate\"; echo on',\n"
"       'sh', '${root}'], 'env': {'TOKEN': '${token}'}}}]},\n"
"  'tree': {'title': 'Leave processes', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'spawn', 'say': 'Spawn', 'timeout': '${spawn_timeout}', 'action': {'command':\n"
"      ['sh', '${root}/spawn.sh', '${root}']}}]},\n"
"  'dim': {'title': 'Switch it off', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'flag', 'say': 'Switch it off', 'within': '0s', 'verify': ['well'],\n"
"     'action': {'flags': 'config', 'set': {'bright': false}}}]},\n"
"  'daemon': {'title': 'Start a service', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'start', 'say': 'Start it', 'within': '60s', 'verify': ['well'], 'action': {'command':\n"
"      ['sh', '-c', 'sleep 600 </dev/null >/dev/null 2>&1 & echo $! >\"$1/daemon\"', 'sh', '${root}']}}]},\n"
"  'pack': {'title': 'Pack it', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'pack', 'say': 'Pack it', 'timeout': '600s', 'action':\n"
"      {'archive': 'lamp', 'of': ['${root}/big'], 'to': '${root}/kept'}}]},\n"
"  'blow': {'title': 'Destroy it', 'estimate': '1m-2m', 'data_loss': 'all', 'risk': 'high', 'steps': [\n"
"    {'id': 'blow', 'say': 'Blow it up', 'action': {'command': ['rm', '-f', '${root}/state'],\n"
"     'risk': 'destructive'}},\n"
"    {'id': 'sweep', 'say': 'Sweep up', 'action': {'manual': 'Take a broom.'}}]},\n"
"  'poor': {'title': 'Does not verify', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'try', 'say': 'Try', 'action': {'command': ['true']}, 'verify': ['well'],\n"
"     'within': '0s', 'alternative': 'other'},\n"
"    {'id': 'other', 'say': 'Otherwise', 'only_alternative': true,\n"
"     'action': {'command': ['sh', '-c', 'echo well >\"$1/state\"', 'sh', '${root}']},\n"
"     'verify': ['well']}]},\n"
"  'kindle': {'title': 'Logs while it is started', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low', 'steps': [\n"
"    {'id': 'kindle', 'say': 'Kindle it', 'within': '0s', 'action': {'command': ['sh', '${root}/kindle.sh', '${root}']},\n"
"     'verify': [{'log': 'app-log', 'shows': 'it burns'}, {'log': 'app-log', 'silent': 'smoke'}]}]}},\n"
" 'contacts': {'electrician': {'role': 'Electrician', 'reach': 'ring twice'},\n"
"   'boss': {'role': 'Boss', 'reach': 'by letter', 'after': '1h'}},\n"
" 'messages': {'ring': {'title': 'Ring', 'through': 'bell', 'text': 'The lamp is dark.', 'next_update': '15m'}},\n"
" 'checklists': {'after': {'title': 'After', 'sections': [{'title': 'All', 'items': [\n"
"    {'id': 'well', 'say': 'The lamp is well', 'probe': 'well'},\n"
"    {'id': 'look', 'say': 'Look at it'}]}]},\n";

static const char lamp_day[] =
"  'day': {'title': 'The day', 'sections': [\n"
"   {'title': 'Before', 'offset': '-1h', 'items': [\n"
"    {'id': 'well', 'say': 'The lamp is well', 'expires': '2h',\n"
"     'probe': {'file': '${root}/state', 'contains': 'well'}},\n"
"    {'id': 'light', 'say': 'It is lit', 'procedure': 'relight'}]},\n"
"   {'title': 'At T', 'offset': '0s', 'items': [\n"
"    {'id': 'launch', 'say': 'It is launched', 'action': {'command':\n"
"      ['sh', '-c', 'date +%s >>\"$1/launched\"', 'sh', '${root}']}}]},\n"
"   {'title': 'After', 'offset': '30m', 'items': [\n"
"    {'id': 'there', 'say': 'It was launched', 'probe': {'file': '${root}/launched', 'exists': true}},\n"
"    {'id': 'look', 'say': 'Somebody looked at it'}]}]}},\n"
" 'gates': {'day': {'title': 'Launch', 'go': [{'checklist': 'day'}],\n"
"   'no_go': [{'say': 'the lamp is broken', 'not': 'well'}]}},\n"
" 'deployments': {'day': {'title': 'Launch of the lamp', 'checklist': 'day', 'gate': 'day'}}}\n";
/* clang-format on */

/* JSON with single quotes for double ones; "\"" in it stays. */
static inline char *lamp_json(const char *text)
{
	char *json = xcalloc(2 * strlen(text) + 1, 1), *out = json;

	for (; *text; text++) {
		if (*text == '"')
			*out++ = '\\', *out++ = '"';
		else
			*out++ = *text == '\'' ? '"' : *text;
	}
	return json;
}

static inline char *lamp_path(const struct lamp *lamp, const char *name)
{
	char *root = path_join(lamp->folder, "root"), *path = path_join(root, name);

	free(root);
	return path;
}

/* Replaces a file of the lamp. */
static inline void lamp_put(const struct lamp *lamp, const char *name, const char *text)
{
	char *path = lamp_path(lamp, name);

	unlink(path);
	scratch_puts(path, text);
	free(path);
}

static inline bool lamp_has(const struct lamp *lamp, const char *name)
{
	char *path = lamp_path(lamp, name);
	bool there = file_exists(path);

	free(path);
	return there;
}

/* New: a file's content, "" when it is missing. */
static inline char *lamp_get(const struct lamp *lamp, const char *name)
{
	char *path = lamp_path(lamp, name);
	struct buf bytes = BUF_INIT;

	file_read(path, &bytes, 0, NULL);
	free(path);
	return bytes.data ? buf_detach(&bytes) : xstrdup("");
}

static inline void lamp_load(struct lamp *lamp, struct loaded *loaded)
{
	char *runbook = path_join(lamp->folder, "runbook.json");
	char *target = path_join(lamp->folder, "target.json");
	struct findings findings = { 0 };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (load_runbook(loaded, runbook, target, &findings, &err) != 0) {
		findings_print(&findings, &text);
		fail_msg("%s\n%s", err.msg, buf_str(&text));
	}
	free(runbook);
	free(target);
}

static inline int lamp_setup(void **state)
{
	struct lamp *lamp = xcalloc(1, sizeof(*lamp));
	char *text, *path, *parts;

	lamp->folder = scratch_new();
	path = path_join(lamp->folder, "state");
	assert_int_equal(mkdir(path, 0700), 0);
	setenv("BACKOUT_STATE_DIR", path, 1);
	setenv("LAMP_TOKEN", "s3cret-t0ken", 1);
	free(path);
	path = path_join(lamp->folder, "root");
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	parts = xasprintf("%s%s%s", lamp_runbook, lamp_procedures, lamp_day);
	text = lamp_json(parts);
	free(parts);
	path = path_join(lamp->folder, "runbook.json");
	scratch_puts(path, text);
	free(text);
	free(path);
	path = path_join(lamp->folder, "target.json");
	text = xasprintf("{\"target\": \"attic\", \"system\": \"lamp\", \"class\": \"staging\", "
			 "\"parameters\": {\"root\": \"%s/root\"}, \"claim\": \"%s/claim\", "
			 "\"secrets\": {\"token\": {\"env\": \"LAMP_TOKEN\"}}}",
			 lamp->folder, lamp->folder);
	scratch_puts(path, text);
	free(text);
	free(path);
	lamp_put(lamp, "state", "broken\n");
	lamp_put(lamp, "config.json", "{\"bright\": true}\n");
	lamp_put(lamp, "colour", "green\n");
	lamp_put(lamp, "app.log", "2026-01-01 00:00:00 INFO start\n");
	path = lamp_path(lamp, "gate");
	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	lamp_load(lamp, &lamp->loaded);
	lamp->loop = loop_new(&clock_system, NULL);
	assert_non_null(lamp->loop);
	*state = lamp;
	return 0;
}

static inline int lamp_teardown(void **state)
{
	struct lamp *lamp = *state;

	loop_free(lamp->loop);
	loaded_release(&lamp->loaded);
	scratch_free(lamp->folder);
	free(lamp);
	return 0;
}

/* Lets whoever reads the gate go on. */
static inline void lamp_open_gate(const struct lamp *lamp)
{
	char *path = lamp_path(lamp, "gate");
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	free(path);
}

/* Turns the loop until `expression` is true. */
#define LAMP_UNTIL(lamp, expression)                                             \
	do {                                                                     \
		int64_t until_ = clock_mono(&clock_system) + LAMP_PATIENCE;      \
		while (!(expression)) {                                          \
			if (clock_mono(&clock_system) > until_)                  \
				fail_msg("waited in vain for: %s", #expression); \
			assert_int_equal(loop_turn((lamp)->loop, 20, NULL), 0);  \
		}                                                                \
	} while (0)

/* Tests whose runners are this very program: `main` begins with it. */
#define LAMP_RUNNER(argc, argv)                                       \
	do {                                                          \
		if ((argc) > 1 && strcmp((argv)[1], "__runner") == 0) \
			return runner_main((argc)-1, (argv) + 1);     \
	} while (0)

#endif
