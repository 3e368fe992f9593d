/*
 * For tests on real files and repositories: a temporary folder of their own, shell commands in it.
 * HOME is set to that folder, so that nobody's configuration leaks in.
 */
#ifndef TESTS_UNIT_WORKSPACE_H
#define TESTS_UNIT_WORKSPACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/file.h"
#include "lib/mem.h"

struct workspace {
	char path[64];
};

static int workspace_make(void **state)
{
	struct workspace *ws = xcalloc(1, sizeof(*ws));

	snprintf(ws->path, sizeof(ws->path), "/tmp/backout-test-XXXXXX");
	if (!mkdtemp(ws->path))
		return -1;
	setenv("HOME", ws->path, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	umask(022);
	*state = ws;
	return 0;
}

static int workspace_remove(void **state)
{
	struct workspace *ws = *state;
	int rc = file_remove_tree(ws->path, NULL);

	free(ws);
	return rc;
}

/* New: a path below the workspace. */
__attribute__((unused)) static char *ws_path(const struct workspace *ws, const char *name)
{
	return path_join(ws->path, name);
}

/* Runs a shell script in the workspace; "$GIT" is git with an author. The exit status. */
__attribute__((unused)) static int ws_sh(const struct workspace *ws, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int ws_sh(const struct workspace *ws, const char *fmt, ...)
{
	va_list args;
	char *script, *line;
	int status;

	va_start(args, fmt);
	script = xvasprintf(fmt, args);
	va_end(args);
	setenv("WS_SCRIPT", script, 1);
	line = xasprintf("cd %s && GIT='git -c user.name=Test -c user.email=test@localhost "
			 "-c init.defaultBranch=main -c protocol.file.allow=always' "
			 "bash -ec \"$WS_SCRIPT\" >out.txt 2>&1",
			 ws->path);
	status = system(line);
	free(line);
	free(script);
	return WEXITSTATUS(status);
}

/* The same, and its output without the last newline; new. */
__attribute__((unused)) static char *ws_get(const struct workspace *ws, const char *script)
{
	struct buf out = BUF_INIT;
	char *path = ws_path(ws, "out.txt");

	ws_sh(ws, "%s", script);
	file_read(path, &out, 0, NULL);
	free(path);
	while (out.len > 0 && out.data[out.len - 1] == '\n')
		buf_cut(&out, out.len - 1);
	return out.data ? buf_detach(&out) : xstrdup("");
}

#define ws_assert(ws, script, wanted)              \
	do {                                       \
		char *got_ = ws_get(ws, script);   \
		assert_string_equal(got_, wanted); \
		free(got_);                        \
	} while (0)

__attribute__((unused)) static void ws_write(const struct workspace *ws, const char *name,
					     const char *text)
{
	char *path = ws_path(ws, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

__attribute__((unused)) static char *ws_read(const struct workspace *ws, const char *name)
{
	struct buf out = BUF_INIT;
	char *path = ws_path(ws, name);
	int rc = file_read(path, &out, 0, NULL);

	free(path);
	return rc < 0 ? NULL : out.data ? buf_detach(&out) : xstrdup("");
}

#define ws_assert_file(ws, name, wanted)            \
	do {                                        \
		char *text_ = ws_read(ws, name);    \
		assert_non_null(text_);             \
		assert_string_equal(text_, wanted); \
		free(text_);                        \
	} while (0)

#define assert_contains(text, part)                                             \
	do {                                                                    \
		if (!strstr(text, part))                                        \
			fail_msg("\"%s\" does not contain \"%s\"", text, part); \
	} while (0)

/* A repository "repo" with a good release (tag good), then two commits on main. */
__attribute__((unused)) static void ws_repo(const struct workspace *ws)
{
	assert_int_equal(
	    ws_sh(ws,
		  "$GIT init -q repo; cd repo; mkdir bot\n"
		  "printf 'LIVE = False  # the flag\\n' >bot/config.py; echo good >bot/main.py\n"
		  "echo '*.log' >.gitignore; $GIT add -A; $GIT commit -qm 'First release'\n"
		  "$GIT tag good\n"
		  "echo bad >bot/main.py; echo new >bot/extra.py; $GIT add -A\n"
		  "$GIT commit -qm 'Add live scoring'\n"
		  "echo worse >bot/main.py; $GIT commit -qam 'Tune live scoring'\n"),
	    0);
}

/* New: JSON written with 'single quotes'; "@" stands for the workspace's path. */
__attribute__((unused)) static json_t *ws_json(const struct workspace *ws, const char *text)
{
	struct buf out = BUF_INIT;
	json_t *value;

	for (; *text; text++) {
		if (*text == '@')
			buf_puts(&out, ws->path);
		else
			buf_putc(&out, *text == '\'' ? '"' : *text);
	}
	value = json_loads(buf_str(&out), 0, NULL);
	if (!value)
		fail_msg("no JSON: %s", buf_str(&out));
	buf_release(&out);
	return value;
}

#endif
