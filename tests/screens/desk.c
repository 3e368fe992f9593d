#include "tests/screens/desk.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char log_text[] =
    "2026-01-02 21:30:00,000 - desk - INFO - ready\n"
    "2026-01-02 21:30:05,000 - desk.search - ERROR - query failed\n"
    "Traceback (most recent call last):\n"
    "  File \"search.py\", line 10, in run\n"
    "    rows = index[word]\n"
    "KeyError: 'word'\n"
    "2026-01-02 21:30:06,000 - desk - WARNING - \033[31mred\033[0m \xe2\x80\xae"
    "gnp \xff.\n";

void desk_write(const struct desk *desk, const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, mode);
}

void desk_open(struct desk *desk)
{
	char text[512];

	memset(desk, 0, sizeof(*desk));
	strcpy(desk->folder, "/tmp/backout-desk-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	desk_write(desk, "app.log", log_text, 0644);
	desk_write(desk, "desk.ini", "[new]\nsearch = on\n", 0644);
	desk_write(desk, "data", "tickets\n", 0644);
	desk_write(desk, "data.copy", "tickets\n", 0644);
	desk_write(desk, "settle", "#!/bin/sh\nls no/such/file\necho settling\n", 0755);
	desk_write(desk, "unsettle", "#!/bin/sh\necho unsettled\n", 0755);
	snprintf(text, sizeof(text), "#!/bin/sh\necho kicked\n: >%s/settled\n", desk->folder);
	desk_write(desk, "kick", text, 0755);
	snprintf(text, sizeof(text),
		 "{\"target\": \"front\", \"system\": \"desk\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\": {\"root\": \"%s\"}}\n",
		 desk->folder, desk->folder);
	desk_write(desk, "target.json", text, 0644);
}

void desk_run(struct desk *desk, const char *program, int rows, int columns,
	      const char *const *args, const char *const *extra)
{
	static char state[128], home[128];
	const char *argv[16] = { program }, *env[16];
	size_t n = 0;

	snprintf(state, sizeof(state), "BACKOUT_STATE_DIR=%s/state", desk->folder);
	snprintf(home, sizeof(home), "HOME=%s", desk->folder);
	for (size_t i = 0; args[i] && i < 14; i++)
		argv[i + 1] = args[i];
	/* Later ones win, so that `extra` may say otherwise. */
	env[n++] = "TERM=xterm-256color";
	env[n++] = "LC_ALL=C.UTF-8";
	env[n++] = "TZ=UTC";
	env[n++] = state;
	env[n++] = home;
	for (; extra && *extra && n < 15; extra++)
		env[n++] = *extra;
	env[n] = NULL;
	desk->terminal = terminal_start(rows, columns, argv, env);
	terminal_mask(desk->terminal, desk->folder, "DESK");
}

void desk_start(struct desk *desk, int rows, int columns, const char *const *args,
		const char *const *extra)
{
	const char *program = getenv("BACKOUT");

	desk_run(desk, program ? program : "./backout", rows, columns, args, extra);
}

void desk_console(struct desk *desk, int rows, int columns, const char *const *extra)
{
	static char target[128];
	const char *args[] = { "tests/screens/desk", "--target", target, NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, rows, columns, args, extra);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info, (void)kind, (void)walk;
	return remove(path);
}

void desk_close(struct desk *desk)
{
	terminal_free(desk->terminal);
	desk->terminal = NULL;
	nftw(desk->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void desk_log(const struct desk *desk, const char *text)
{
	char path[128], stamp[64];
	time_t now = time(NULL);
	struct tm parts;
	FILE *file;

	gmtime_r(&now, &parts);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
	snprintf(path, sizeof(path), "%s/app.log", desk->folder);
	file = fopen(path, "a");
	assert_non_null(file);
	fprintf(file, "%s,000 - desk - %s\n", stamp, text);
	fclose(file);
}

bool desk_has(const struct desk *desk, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
	return access(path, F_OK) == 0;
}

void desk_remove(const struct desk *desk, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
	assert_int_equal(unlink(path), 0);
}

int desk_begin(void **state)
{
	struct desk *desk = malloc(sizeof(*desk));

	assert_non_null(desk);
	desk_open(desk);
	*state = desk;
	return 0;
}

int desk_end(void **state)
{
	desk_close(*state);
	free(*state);
	return 0;
}

void desk_press(struct desk *desk, const char *keys, const char *until)
{
	terminal_keys(desk->terminal, keys);
	assert_true(terminal_wait(desk->terminal, until));
}

void desk_declare(struct desk *desk)
{
	desk_press(desk, "!", "Declare an incident");
	/* medium -> high -> critical, then the title */
	desk_press(desk,
		   "ll\r\x15"
		   "fire\r",
		   "The incident is open and on record.");
}

void desk_plan(struct desk *desk)
{
	assert_true(terminal_wait(desk->terminal, "query failed"));
	desk_declare(desk);
	desk_press(desk, "2", "Proposed: YES");
	desk_press(desk, "\r", "1. Is the data file there? YES");
	assert_true(terminal_wait(desk->terminal, "Proposed: YES"));
	desk_press(desk, "\r", "The tree ends here:");
	desk_press(desk, "c", "Plan: Switch the new search off");
}
