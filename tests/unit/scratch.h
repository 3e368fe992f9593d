/* A folder for one test, and small things to do in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/file.h"
#include "lib/mem.h"

/* New: its path. */
static inline char *scratch_new(void)
{
	char *path =
	    xasprintf("%s/backout-unit.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

	assert_non_null(mkdtemp(path));
	return path;
}

/* Removes and frees it. */
static inline void scratch_free(char *path)
{
	file_remove_tree(path, NULL);
	free(path);
}

/* Appends to a file, creating it. */
static inline void scratch_write(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static inline void scratch_puts(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text));
}

/* A setup and teardown for cmocka: *state is the folder. */
static inline int scratch_setup(void **state)
{
	*state = scratch_new();
	return 0;
}

static inline int scratch_teardown(void **state)
{
	scratch_free(*state);
	return 0;
}

#endif
