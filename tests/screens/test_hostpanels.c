/* The panels of memory, host and endpoints: normal, warning, critical, stale, no data, error. */
#include "tests/screens/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOTS 2

/* A desk with a service of up to BOTS instances, and a server that answers on a unix socket. */
struct world {
	struct desk desk; /* first: desk.h takes it for one */
	pid_t server, bots[BOTS];
	char bot[48]; /* the service's name, its own in each test */
};

/* ---- the service ---- */

static pid_t bot_start(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		fcntl(ready[1], F_SETFD, FD_CLOEXEC);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("sleep", name, "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	/* End of file: the exec has happened. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- the server ---- */

static void answer(int fd, const char *status, const char *body)
{
	dprintf(fd,
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);
}

/* How often anything was asked: the size of a file. */
static void asked_note(void)
{
	int fd = open("asked", O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd >= 0 && write(fd, ".", 1) == 1)
		close(fd);
}

/* What it says depends on the path, and on files in its folder. */
static void serve_one(int fd)
{
	char request[4096];
	ssize_t n = read(fd, request, sizeof(request) - 1);
	const char *path = n > 0 ? memchr(request, ' ', (size_t)n) : NULL;

	if (!path)
		return;
	request[n] = '\0';
	path++;
	asked_note();
	if (access("hang", F_OK) == 0 && strncmp(path, "/stock", 6) == 0)
		pause();
	else if (strncmp(path, "/stock", 6) == 0)
		answer(fd, "200 OK", "{\"free\": 7, \"ok\": true}");
	else if (strncmp(path, "/evil", 5) == 0)
		answer(fd, "500 \033[31mNo\xe2\x80\xae", "\033]0;gone\007\xff and more");
	else if (strncmp(path, "/rpc", 4) == 0)
		answer(fd, "200 OK",
		       "{\"jsonrpc\": \"2.0\", \"id\": 1, \"error\": {\"code\": -32601, "
		       "\"message\": \"no such method\"}}");
	else
		answer(fd, "404 Not Found", "");
}

static void serve(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_one(fd);
			_exit(0);
		}
		close(fd);
	}
}

static pid_t server_start(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/http", folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	pid = fork();
	if (pid == 0) {
		if (chdir(folder) != 0)
			_exit(1);
		serve(listener);
	}
	close(listener);
	return pid;
}

/* ---- the desk ---- */

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	desk_open(&world->desk);
	snprintf(world->bot, sizeof(world->bot), "backout-bot-%d", (int)getpid());
	world->server = server_start(world->desk.folder);
	*state = world;
	return 0;
}

static int finish(void **state)
{
	struct world *world = *state;

	desk_close(&world->desk);
	for (int i = 0; i < BOTS; i++)
		end(world->bots[i]);
	end(world->server);
	free(world);
	return 0;
}

static const char tree[] =
    "\"tree\": {\"start\": \"a\", \"questions\": {\"a\": {\"ask\": \"Is it so?\", \"yes\": "
    "{\"advice\": \"Go.\"}, \"no\": {\"advice\": \"Stay.\"}}}}";

/* What this host and this moment make of them. */
static void varies(struct terminal *terminal)
{
	static const char *const patterns[][2] = {
		{ "backout-bot-[0-9]+(…| *)", "BOT" },
		{ "bot [0-9+]+ cpu [^│|]*", "bot PID cpu N% up AGE " },
		{ "Host cpu +[0-9.]+%", "Host cpu N%" },
		{ "cpu +([0-9-]+%)?[^│|]*load [0-9.]+ (of|on)([^│|]|…)*", "cpu N% load N of N " },
		{ "(mem|memory  ) [0-9]+%[^│|]*", "mem N% of the host's " },
		{ "│ +[0-9]+ [RSD] [^│]*", "│PID S RSS CPU THREADS FILES UP COMMAND " },
		{ "│/ [^│|]*", "│/ IN USE FREE INODES GROWTH " },
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		terminal_vary(terminal, patterns[i][0], patterns[i][1]);
}

/* Starts a console on a runbook of these sections. */
static void console(struct world *world, int rows, int columns, const char *sections,
		    const char *const *extra)
{
	static char runbook[128], target[128];
	const char *args[] = { runbook, "--target", target, NULL };
	char text[8192];

	snprintf(text, sizeof(text),
		 "{\"format\": 1, \"system\": \"desk\", \"title\": \"Ticket desk\",\n"
		 "\"parameters\": {\"root\": {\"type\": \"path\", \"help\": \"its folder\"}},\n"
		 "%s,\n%s}\n",
		 sections, tree);
	desk_write(&world->desk, "runbook.json", text, 0644);
	snprintf(runbook, sizeof(runbook), "%s/runbook.json", world->desk.folder);
	snprintf(target, sizeof(target), "%s/target.json", world->desk.folder);
	desk_start(&world->desk, rows, columns, args, extra);
	varies(world->desk.terminal);
}

/* The panel of this title at the three sizes that people have. */
static void goldens(struct world *world, const char *title, const char *name)
{
	static const struct {
		int rows, columns;
		const char *name;
	} sizes[] = { { 30, 120, "120x30" }, { 50, 160, "160x50" }, { 24, 80, "80x24" } };
	char golden[64];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		terminal_resize(world->desk.terminal, sizes[i].rows, sizes[i].columns);
		snprintf(golden, sizeof(golden), "panel-%s-%s", name, sizes[i].name);
		terminal_golden_box(world->desk.terminal, title, golden);
	}
}

/* ---- memory and host ---- */

static char *memory_sections(const struct world *world, const char *threads_limits)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "\"sources\": {\"app-log\": {\"log\": {\"path\": \"${root}/app.log\", \"utc\": "
		 "true}},\n"
		 " \"bot\": {\"process\": {\"match\": [\"%s\"], \"instances\": 1}},\n"
		 " \"host\": {\"host\": {\"disks\": [\"/\"]}}},\n"
		 "\"metrics\": {\n"
		 " \"threads\": {\"title\": \"Bot threads\", \"process\": \"bot\", \"read\": "
		 "\"threads\", \"no_data\": \"1s\", %s},\n"
		 " \"used\": {\"title\": \"Host cpu\", \"host\": \"host\", \"read\": "
		 "\"cpu_percent\", \"warning\": 101}},\n"
		 "\"panels\": [{\"kind\": \"log\", \"title\": \"app.log\", \"source\": "
		 "\"app-log\"},\n"
		 " {\"kind\": \"memory\", \"title\": \"Memory\", \"metrics\": [\"threads\", "
		 "\"used\"]}]",
		 world->bot, threads_limits);
	return text;
}

#define SOUND "\"warning\": 5, \"critical\": 8"

/* Processor time takes two looks. */
static void memory_console(struct world *world, int rows, int columns, const char *limits,
			   const char *const *extra)
{
	console(world, rows, columns, memory_sections(world, limits), extra);
	assert_true(terminal_wait(world->desk.terminal, "Host cpu"));
	assert_true(terminal_wait_gone(world->desk.terminal, "Host cpu       unknown"));
}

static void memory_is_sound(void **state)
{
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	memory_console(world, 24, 80, SOUND, NULL);
	goldens(world, "Memory", "host-normal");
}

static void memory_alone_shows_everything(void **state)
{
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	memory_console(world, 50, 160, SOUND, NULL);
	terminal_keys(world->desk.terminal, "\tz");
	terminal_golden_box(world->desk.terminal, "Memory", "panel-host-zoomed-160x50");
}

static void memory_without_utf8(void **state)
{
	static const char *const extra[] = { "TERM=vt100", "LC_ALL=C", NULL };
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	memory_console(world, 24, 80, SOUND, extra);
	terminal_golden_box(world->desk.terminal, "Memory", "panel-host-vt100-80x24");
}

static void memory_warns(void **state)
{
	static const char *const extra[] = { "NO_COLOR=1", NULL };
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	memory_console(world, 24, 80, "\"warning\": 0, \"critical\": 8", extra);
	goldens(world, "Memory", "host-warning");
}

static void memory_is_critical(void **state)
{
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	memory_console(world, 24, 80, "\"critical\": 0", NULL);
	goldens(world, "Memory", "host-critical");
}

/* No rule asks for it, and yet somebody should look: two of a service that should be one. */
static void a_second_instance_is_a_finding(void **state)
{
	struct world *world = *state;

	world->bots[0] = bot_start(world->bot);
	console(world, 24, 80, memory_sections(world, SOUND), NULL);
	assert_true(terminal_wait(world->desk.terminal, "Bot threads    1"));
	assert_true(terminal_wait_gone(world->desk.terminal, "instances"));
	world->bots[1] = bot_start(world->bot);
	assert_true(terminal_wait(world->desk.terminal, "bot: 2 instances, 1 expected"));
	terminal_golden_box(world->desk.terminal, "Memory", "panel-host-second-80x24");
	end(world->bots[1]);
	world->bots[1] = 0;
	assert_true(terminal_wait_gone(world->desk.terminal, "bot: 2 instances, 1 expected"));
}

static void memory_of_nothing_is_no_data(void **state)
{
	memory_console(*state, 24, 80, SOUND, NULL);
	goldens(*state, "Memory", "host-no-data");
}

/* Whoever reads it waits for ever: what was read last is shown as old. */
static void an_old_figure_says_since_when(void **state)
{
	struct world *world = *state;
	char path[128];

	desk_write(&world->desk, "heap", "81\n", 0644);
	console(world, 24, 80,
		"\"sources\": {\"app-log\": {\"log\": {\"path\": \"${root}/app.log\", \"utc\": "
		"true}},\n"
		" \"heap\": {\"command\": {\"argv\": [\"cat\", \"${root}/heap\"], \"timeout\": "
		"\"60s\"}}},\n"
		"\"metrics\": {\"heap\": {\"title\": \"Heap\", \"command\": \"heap\", \"read\": "
		"\"number\", \"every\": \"1s\", \"unit\": \"MB\", \"critical\": 100}},\n"
		"\"panels\": [{\"kind\": \"log\", \"title\": \"app.log\", \"source\": "
		"\"app-log\"},\n"
		" {\"kind\": \"memory\", \"title\": \"Memory\", \"metrics\": [\"heap\"]}]",
		NULL);
	/* Twice read, so that its pace is known. */
	assert_true(terminal_wait(world->desk.terminal, "81 MB of 100"));
	desk_write(&world->desk, "heap", "80\n", 0644);
	assert_true(terminal_wait(world->desk.terminal, "80 MB of 100"));
	desk_remove(&world->desk, "heap");
	snprintf(path, sizeof(path), "%s/heap", world->desk.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(terminal_wait(world->desk.terminal, "80 MB as of"));
	goldens(world, "Memory", "host-stale");
	/* Whoever reads it comes to its end. */
	close(open(path, O_WRONLY | O_NONBLOCK));
}

/* Samples of the latest 40 minutes, as an earlier console kept them: from 10% on, 12% an hour. */
static void history_keep(const struct world *world, const char *metric)
{
	char folder[128], path[192], day[16], at[32];
	time_t now = time(NULL);
	struct tm parts;
	FILE *file;

	snprintf(folder, sizeof(folder), "%s/state", world->desk.folder);
	for (const char *part = "/metrics\0/desk\0/front\0"; *part; part += strlen(part) + 1) {
		mkdir(folder, 0700);
		strcat(folder, part);
	}
	assert_int_equal(mkdir(folder, 0700), 0);
	for (time_t t = now - 2400; t < now; t += 10) {
		gmtime_r(&t, &parts);
		strftime(day, sizeof(day), "%Y%m%d", &parts);
		strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S.000000Z", &parts);
		snprintf(path, sizeof(path), "%s/metrics_%s.jsonl", folder, day);
		file = fopen(path, "a");
		assert_non_null(file);
		fprintf(file, "{\"at\":\"%s\",\"metric\":\"%s\",\"value\":%.4f}\n", at, metric,
			10 + (double)(t - now + 2400) / 300);
		fclose(file);
	}
}

static void a_leak_is_seen_as_a_slope(void **state)
{
	struct world *world = *state;

	history_keep(world, "disk");
	console(world, 30, 120,
		"\"sources\": {\"host\": {\"host\": {\"disk\": \"${root}\"}}},\n"
		"\"metrics\": {\"disk\": {\"title\": \"Disk\", \"host\": \"host\", \"read\": "
		"\"disk_percent\", \"critical\": 101}},\n"
		"\"panels\": [{\"kind\": \"memory\", \"title\": \"Memory\", \"metrics\": "
		"[\"disk\"]}]",
		NULL);
	assert_true(terminal_wait(world->desk.terminal, "+12%/h"));
	desk_press(&world->desk, "z", "Disk, slope: growing by 12% an hour over");
	desk_press(&world->desk, "\r", "Slope: growing by 12% an hour over");
}

static void what_cannot_be_opened_says_why(void **state)
{
	struct world *world = *state;

	console(world, 24, 80,
		"\"sources\": {\"bot\": {\"process\": {\"match\": [\"${root}/x\"], \"user\": "
		"\"no-such-user\"}}},\n"
		"\"metrics\": {\"rss\": {\"title\": \"Bot memory\", \"process\": \"bot\", "
		"\"read\": "
		"\"rss_mb\"}},\n"
		"\"panels\": [{\"kind\": \"memory\", \"title\": \"Memory\", \"metrics\": "
		"[\"rss\"]}]",
		NULL);
	goldens(world, "Memory", "host-error");
}

/* ---- endpoints ---- */

static const char endpoints[] =
    "\"sources\": {\"app-log\": {\"log\": {\"path\": \"${root}/app.log\", \"utc\": true}},\n"
    " \"stock\": {\"http\": {\"url\": \"http://localhost/stock\", \"socket\": \"${root}/http\", "
    "\"every\": \"1s\", \"timeout\": \"60s\"}},\n"
    " \"evil\": {\"http\": {\"url\": \"http://localhost/evil\", \"socket\": "
    "\"${root}/http\"}},\n"
    " \"gone\": {\"http\": {\"url\": \"http://localhost/\", \"socket\": \"${root}/none\"}},\n"
    " \"calls\": {\"http\": {\"url\": \"http://localhost/rpc\", \"socket\": \"${root}/http\", "
    "\"rpc\": \"tools/list\"}},\n"
    " \"data\": {\"file\": {\"path\": \"${root}/data\"}},\n"
    " \"count\": {\"command\": {\"argv\": [\"cat\", \"${root}/count\"]}}},\n"
    "\"metrics\": {\n"
    " \"free\": {\"title\": \"Stock\", \"http\": \"stock\", \"read\": \"value\", \"at\": "
    "\"free\", \"no_data\": \"1s\", \"when\": \"below\", \"warning\": 3},\n"
    " \"evil-up\": {\"title\": \"Reports\", \"http\": \"evil\", \"read\": \"up\"},\n"
    " \"gone-ms\": {\"title\": \"Mail\", \"http\": \"gone\", \"read\": \"ms\"},\n"
    " \"calls-up\": {\"title\": \"Tools\", \"http\": \"calls\", \"read\": \"up\"},\n"
    " \"there\": {\"title\": \"Export\", \"file\": \"data\", \"read\": \"exists\", \"every\": "
    "\"1s\"},\n"
    " \"queue\": {\"title\": \"Queue\", \"command\": \"count\", \"read\": \"number\", \"every\": "
    "\"1s\", \"warning\": 10, \"critical\": 50}},\n"
    "\"probes\": {\"sold\": {\"say\": \"it sells\", \"http\": \"stock\", \"json\": {\"ok\": "
    "true}}, \"lost\": {\"say\": \"backups\", \"file\": \"${root}/backup\", \"exists\": "
    "true}},\n";

static char *endpoints_panel(const char *rows)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "%s\"panels\": [{\"kind\": \"log\", \"title\": \"app.log\", \"source\": "
		 "\"app-log\"},\n {\"kind\": \"endpoints\", \"title\": \"Endpoints\", %s}]",
		 endpoints, rows);
	return text;
}

#define GOOD "\"metrics\": [\"free\", \"there\", \"queue\"], \"probes\": [\"sold\"]"
#define ALL                                                                                       \
	"\"metrics\": [\"free\", \"evil-up\", \"gone-ms\", \"calls-up\", \"there\", \"queue\"], " \
	"\"probes\": [\"sold\", \"lost\"]"

static void endpoints_console(struct world *world, const char *which, const char *count,
			      const char *const *extra)
{
	desk_write(&world->desk, "count", count, 0644);
	console(world, 24, 80, endpoints_panel(which), extra);
	assert_true(terminal_wait(world->desk.terminal, "it sells"));
	assert_true(terminal_wait_gone(world->desk.terminal, "not measured yet"));
}

static void endpoints_are_well(void **state)
{
	endpoints_console(*state, GOOD, "4 waiting\n", NULL);
	goldens(*state, "Endpoints", "endpoints-normal");
}

static void endpoints_warn(void **state)
{
	static const char *const extra[] = { "NO_COLOR=1", NULL };

	endpoints_console(*state, GOOD, "12 waiting\n", extra);
	goldens(*state, "Endpoints", "endpoints-warning");
}

static void endpoints_are_critical(void **state)
{
	endpoints_console(*state, GOOD, "60 waiting\n", NULL);
	goldens(*state, "Endpoints", "endpoints-critical");
}

static void endpoints_fail(void **state)
{
	struct world *world = *state;
	const char *raw;
	size_t len;

	endpoints_console(world, ALL, "60 waiting\n", NULL);
	goldens(world, "Endpoints", "endpoints-error");
	terminal_keys(world->desk.terminal, "\tz");
	assert_true(terminal_wait(world->desk.terminal, "HTTP/1.1 500 ^[[31mNo<U+202E>"));
	desk_press(&world->desk, "jj", "Endpoints");
	desk_press(&world->desk, "\r", "Asked: http://localhost/evil");
	assert_true(terminal_wait(world->desk.terminal, "Begins: ^[]0;gone^G\\xFF and more"));
	raw = terminal_raw(world->desk.terminal, &len);
	assert_null(memmem(raw, len, "\033[31mNo", 7));
	assert_null(memmem(raw, len, "\033]0;gone", 8));
}

static void endpoints_without_utf8(void **state)
{
	static const char *const extra[] = { "TERM=vt100", "LC_ALL=C", NULL };
	struct world *world = *state;

	endpoints_console(world, ALL, "60 waiting\n", extra);
	terminal_golden_box(world->desk.terminal, "Endpoints", "panel-endpoints-vt100-80x24");
}

static void asked_wait(const struct world *world, off_t times)
{
	char path[128];
	struct stat st = { 0 };

	snprintf(path, sizeof(path), "%s/asked", world->desk.folder);
	for (int i = 0; i < 500 && (stat(path, &st) != 0 || st.st_size < times); i++) {
		terminal_has(world->desk.terminal, ""); /* reads what the console draws */
		usleep(20000);
	}
	assert_true(st.st_size >= times);
}

/* A server that hangs: what it said last is shown as old, and the others go on. */
static void an_old_answer_says_so(void **state)
{
	struct world *world = *state;

	desk_write(&world->desk, "count", "4 waiting\n", 0644);
	console(world, 24, 80, endpoints_panel(GOOD), NULL);
	assert_true(terminal_wait(world->desk.terminal, "4 of 4 well"));
	/* How often an answer comes is known after some. */
	asked_wait(world, 8);
	desk_write(&world->desk, "hang", "", 0644);
	assert_true(terminal_wait(world->desk.terminal, "stale    Stock"));
	desk_write(&world->desk, "count", "5 waiting\n", 0644);
	assert_true(terminal_wait(world->desk.terminal, "Queue             5"));
	goldens(world, "Endpoints", "endpoints-stale");
	desk_remove(&world->desk, "hang");
}

static void a_command_that_fails_is_no_data(void **state)
{
	struct world *world = *state;

	console(world, 24, 80, endpoints_panel("\"metrics\": [\"queue\"]"), NULL);
	assert_true(terminal_wait(world->desk.terminal, "unknown  Queue"));
	goldens(world, "Endpoints", "endpoints-no-data");
}

#define SCREEN(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCREEN(memory_is_sound),
		SCREEN(memory_alone_shows_everything),
		SCREEN(memory_without_utf8),
		SCREEN(memory_warns),
		SCREEN(memory_is_critical),
		SCREEN(a_second_instance_is_a_finding),
		SCREEN(memory_of_nothing_is_no_data),
		SCREEN(an_old_figure_says_since_when),
		SCREEN(a_leak_is_seen_as_a_slope),
		SCREEN(what_cannot_be_opened_says_why),
		SCREEN(endpoints_are_well),
		SCREEN(endpoints_warn),
		SCREEN(endpoints_are_critical),
		SCREEN(endpoints_fail),
		SCREEN(endpoints_without_utf8),
		SCREEN(an_old_answer_says_so),
		SCREEN(a_command_that_fails_is_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
