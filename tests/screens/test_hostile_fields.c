/* What a terminal would obey, in every field that comes from outside: all strings of a runbook and
 * a target, a command's output, an answer of HTTP and of a database, names of files, processes and
 * branches, an incident's title and notes; on the screen, on the plain console, and in all that the
 * command line prints. */
#include "tests/screens/desk.h"

#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fault.h"

/* Stands before each payload, so that one that leaked is found among the program's own sequences.
 */
#define MARK "q7"
/* Erase the screen, C1's CSI, a title (OSC), a device string (DCS), bell, right-to-left override,
 * nothing with a width, and an accent upon an accent upon an accent. */
#define CSI "\033[2J"
#define C1         \
	"\xc2\x9b" \
	"31m"
#define OSC	 "\033]0;x\007"
#define DCS	 "\033P+q\033\\"
#define BELL	 "\007"
#define OVERRIDE "\xe2\x80\xae"
#define NOTHING	 "\xe2\x80\x8b"
#define EVIL	 MARK CSI MARK C1 MARK OSC MARK DCS MARK BELL MARK OVERRIDE MARK NOTHING
/* Without what file names and arguments can't hold. */
#define SHORT MARK CSI MARK OVERRIDE

static const char *const payloads[] = { MARK CSI,  MARK C1,  MARK OSC, MARK DCS,
					MARK BELL, OVERRIDE, NOTHING,  "\xc2\x9b" };

enum { PAYLOADS = sizeof(payloads) / sizeof(payloads[0]) };

static long injected, leaked;

static void count_leaks(const char *where, const char *raw, size_t len)
{
	for (size_t i = 0; i < PAYLOADS; i++) {
		injected++;
		if (len == 0 || memmem(raw, len, payloads[i], strlen(payloads[i])) == NULL)
			continue;
		leaked++;
		printf("# payload %zu reached the output of %s\n", i, where);
	}
}

/* ---- the system ---- */

/* Appends the payloads to all strings that people write for people. Returns how many there are. */
static long spoil(json_t *value)
{
	static const char *const keys[] = { "title",  "about",	   "say",      "note",	 "ask",
					    "help",   "impact",	   "reach",    "hours",	 "duties",
					    "role",   "text",	   "channel",  "unit",	 "advice",
					    "manual", "data_loss", "use_when", "propose" };
	const char *key;
	json_t *member;
	size_t i;
	long n = 0;

	json_object_foreach(value, key, member) {
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			char text[600];

			if (strcmp(keys[i], key) != 0 || !json_is_string(member))
				continue;
			snprintf(text, sizeof(text), "%s" EVIL, json_string_value(member));
			json_string_set(member, text);
			n++;
		}
		n += spoil(member);
	}
	json_array_foreach(value, i, member) {
		if (json_is_string(member) && json_is_array(json_array_get(value, 0)))
			continue;
		n += spoil(member);
	}
	return n;
}

static void probe_add(json_t *runbook, const char *name, json_t *probe)
{
	json_t *symptoms =
	    json_object_get(json_object_get(json_object_get(runbook, "conditions"), "evil"),
			    "symptoms");

	assert_non_null(probe);
	json_object_set_new(probe, "say", json_string(name));
	json_object_set_new(json_object_get(runbook, "probes"), name, probe);
	json_array_append_new(symptoms, json_string(name));
}

/* What answers with payloads, each asked by a probe that shows what it saw. */
static void sources_add(json_t *runbook)
{
	json_t *sources = json_object_get(runbook, "sources");

	json_object_set_new(sources, "web",
			    json_pack("{s:{s:s,s:s,s:s}}", "http", "url", "http://localhost/" MARK,
				      "socket", "${root}/http", "every", "1s"));
	json_object_set_new(sources, "rows",
			    json_pack("{s:{s:s}}", "sqlite", "path", "${root}/rows.db"));
	json_object_set_new(sources, "code", json_pack("{s:{s:s}}", "git", "path", "${root}/code"));
	json_object_set_new(json_object_get(runbook, "conditions"), "evil",
			    json_pack("{s:s,s:s,s:[],s:{s:s},s:i}", "title", "Evil answers",
				      "severity", "critical", "symptoms", "suggest", "advice",
				      "look", "at_least", 1));
	probe_add(runbook, "evil-command",
		  json_pack("{s:[s,s]}", "command", "cat", "${root}/said"));
	probe_add(runbook, "evil-exit",
		  json_pack("{s:[s,s,s,s]}", "command", "sh", "-c", "cat \"$1\" >&2; exit 3; #",
			    "sh"));
	json_array_append_new(json_object_get(json_object_get(json_object_get(runbook, "probes"),
							      "evil-exit"),
					      "command"),
			      json_string("${root}/said"));
	probe_add(runbook, "evil-file",
		  json_pack("{s:s,s:b}", "file", "${root}/" SHORT, "exists", 0));
	probe_add(runbook, "evil-text",
		  json_pack("{s:s,s:s}", "file", "${root}/said", "contains", MARK ".*"));
	probe_add(runbook, "evil-rows",
		  json_pack("{s:s,s:s,s:s}", "sqlite", "rows", "sql", "SELECT said FROM rows",
			    "equals", "nothing"));
	probe_add(runbook, "evil-branch", json_pack("{s:s,s:s}", "git", "code", "branch", "main"));
	probe_add(runbook, "evil-body", json_pack("{s:s,s:i}", "http", "web", "status", 204));
	probe_add(runbook, "evil-process",
		  json_pack("{s:s,s:b}", "process", "worker", "running", 0));
}

static long runbook_write(const struct desk *desk)
{
	json_error_t error;
	json_t *runbook = json_load_file("tests/screens/desk/runbook.json", 0, &error);
	char path[128];
	long n;

	assert_non_null(runbook);
	sources_add(runbook);
	n = spoil(runbook);
	snprintf(path, sizeof(path), "%s/evil.json", desk->folder);
	assert_int_equal(json_dump_file(runbook, path, JSON_INDENT(1)), 0);
	json_decref(runbook);
	return n;
}

static void rows_write(const struct desk *desk)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/rows.db", desk->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "CREATE TABLE rows (said); INSERT INTO rows VALUES ('" EVIL
				      "')",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
}

/* A server that says nothing but payloads, as a process with such a name. */
static pid_t server_start(const struct desk *desk)
{
	static const char said[] = "HTTP/1.1 200 " SHORT "\r\nContent-Type: " SHORT
				   "\r\nContent-Length: 6\r\n\r\n\033[2J\xff\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char text[32];
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/http", desk->folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, MARK CSI MARK OVERRIDE);
		while ((fd = accept(listener, NULL, NULL)) >= 0) {
			char request[2000];

			if (read(fd, request, sizeof(request)) > 0)
				(void)!write(fd, said, sizeof(said) - 1);
			close(fd);
		}
		_exit(0);
	}
	close(listener);
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	desk_write(desk, "worker.pid", text, 0644);
	return pid;
}

static long system_make(struct desk *desk)
{
	char command[512];

	desk_write(desk, "said", EVIL " \xc0\xaf" MARK "\xff\n" EVIL "\n", 0644);
	desk_write(desk, SHORT, "", 0644);
	desk_write(desk, "settle",
		   "#!/bin/sh\ncat \"${0%/*}/said\" \"${0%/*}/said\" >&2; cat \"${0%/*}/said\"\n",
		   0755);
	rows_write(desk);
	snprintf(command, sizeof(command),
		 "cd %s && git init -q code && cd code && git -c user.name='" MARK OVERRIDE
		 "' -c user.email=x@x commit -q --allow-empty -m x && git checkout -q -b 'x" MARK
		     OVERRIDE "'",
		 desk->folder);
	assert_int_equal(system(command), 0);
	return runbook_write(desk);
}

/* ---- what is printed ---- */

static void console_look(struct desk *desk)
{
	const char *raw;
	size_t len;

	raw = terminal_raw(desk->terminal, &len);
	count_leaks("the console", raw, len);
}

/* With its output on a terminal, and in a file. */
static void command_look(struct desk *desk, const char *const *args, const char *shown)
{
	static char state[128], command[1200];
	const char *raw, *program = getenv("BACKOUT") ? getenv("BACKOUT") : "./backout";
	char *text = calloc(1, 1 << 20);
	size_t len, n;
	FILE *pipe;

	terminal_free(desk->terminal);
	desk_start(desk, 50, 160, args, (const char *const[]){ "PAGER=cat", NULL });
	assert_int_not_equal(terminal_wait_end(desk->terminal, 20000), -1);
	/* What it wrote last may not be read yet. */
	assert_true(terminal_wait(desk->terminal, ""));
	raw = terminal_raw(desk->terminal, &len);
	count_leaks(args[0], raw, len);
	/* It was there to be seen. */
	if (shown && (len == 0 || memmem(raw, len, shown, strlen(shown)) == NULL))
		fail_msg("%s does not show %s: %.*s", args[0], shown, (int)len, raw);
	snprintf(state, sizeof(state), "%s/state", desk->folder);
	setenv("BACKOUT_STATE_DIR", state, 1);
	n = (size_t)snprintf(command, sizeof(command), "%s", program);
	for (; *args; args++)
		n += (size_t)snprintf(command + n, sizeof(command) - n, " '%s'", *args);
	snprintf(command + n, sizeof(command) - n, " 2>&1");
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(text, 1, 1 << 20, pipe);
	pclose(pipe);
	count_leaks("a command's file", text, len);
	free(text);
}

static void views_walk(struct desk *desk)
{
	desk_press(desk, "2", "Proposed: YES");
	desk_press(desk, "\r", "1. Is the data file there?");
	assert_true(terminal_wait(desk->terminal, "Proposed: YES"));
	desk_press(desk, "\r", "The tree ends here:");
	desk_press(desk, "c", "Plan: Switch the new search off");
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "r run");
	desk_press(desk, "r", "By hand: Tell the support desk");
	desk_press(desk, "d", "The step is done");
	/* Typed, too: what a keyboard can send that is no key. */
	desk_press(desk, "told them\xc2\x9b\xe2\x80\xae\r", "Next: Wait for the workers");
	desk_press(desk, "r", "t alternative");
	assert_true(terminal_wait(desk->terminal, MARK "\\xFF"));
	console_look(desk);
	desk_press(desk, "3", "After the rollback");
	desk_press(desk, "5", "approved");
	desk_press(desk, "6", "Desk lead");
	desk_press(desk, "?", "Help");
	desk_press(desk, "q", "Desk lead");
	desk_press(desk, "1", "Alerts:");
}

/* The console of plain lines. (What is typed there the terminal itself echoes: so nothing is.) */
static void plain_look(struct desk *desk)
{
	const char *raw;
	size_t len;

	terminal_free(desk->terminal);
	desk_start(desk, 50, 160, (const char *const[]){ "attach", "20", NULL },
		   (const char *const[]){ "TERM=dumb", NULL });
	assert_true(terminal_wait(desk->terminal, MARK "^[[2J"));
	terminal_keys(desk->terminal, "quit\n");
	assert_int_not_equal(terminal_wait_end(desk->terminal, 20000), -1);
	raw = terminal_raw(desk->terminal, &len);
	count_leaks("the plain console", raw, len);
}

static void every_field(void **state)
{
	struct desk *desk = *state;
	char runbook[128], target[128];
	const char *const json[5][8] = {
		{ "probe", runbook, "--target", target, "--json" },
		{ "plan", runbook, "search-off", "--target", target, "--json" },
		{ "incidents", "--json" },
		{ "log", "20", "--json" },
		{ "report", "20", "--format", "json" },
	};
	long fields = system_make(desk);
	pid_t server = server_start(desk);

	snprintf(runbook, sizeof(runbook), "%s/evil.json", desk->folder);
	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, 50, 160,
		   (const char *const[]){ "open", runbook, "--target", target, "--severity", "high",
					  "--title", "fire" EVIL, NULL },
		   NULL);
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_press(desk, "5", "fire" MARK "^[[2J");
	desk_press(desk, "2", MARK "\\x9B31m");
	console_look(desk);
	views_walk(desk);
	desk_press(desk, "1", "Evil answers");
	console_look(desk);
	plain_look(desk);
	command_look(desk, (const char *const[]){ "probe", runbook, "--target", target, NULL },
		     MARK "^[[2J");
	command_look(desk,
		     (const char *const[]){ "plan", runbook, "search-off", "--target", target,
					    NULL },
		     MARK "^[[2J");
	command_look(desk, (const char *const[]){ "check", runbook, NULL }, NULL);
	command_look(desk, (const char *const[]){ "incidents", NULL }, MARK "^[[2J");
	command_look(desk, (const char *const[]){ "log", "20", NULL }, MARK "^[[2J");
	command_look(desk, (const char *const[]){ "report", "20", NULL }, MARK "^[[2J");
	command_look(desk, (const char *const[]){ "report", "20", "--format", "md", NULL }, NULL);
	command_look(desk, (const char *const[]){ "report", "20", "--format", "html", NULL }, NULL);
	for (size_t i = 0; i < 5; i++)
		command_look(desk, json[i], NULL);
	command_look(desk, (const char *const[]){ "verify", "20", NULL }, NULL);
	command_look(desk, (const char *const[]){ "status", NULL }, NULL);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	printf("# %ld strings of the runbook, %ld payloads looked for\n", fields, injected);
	fault(15, "escapes in every field, on screen and command line", injected, injected - leaked,
	      leaked);
	assert_int_equal(leaked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
