/*
 * For tests that hold a text against a file of what it should be.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"

/* Fails the test when they differ. With UPDATE=1 in the environment the file is written instead. */
static void golden_hold(const char *path, const char *text)
{
	struct buf want = BUF_INIT;
	struct err err = ERR_INIT;

	if (getenv("UPDATE")) {
		assert_int_equal(file_replace(path, text, strlen(text), 0644, &err), 0);
		return;
	}
	if (file_read(path, &want, 0, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(text, buf_str(&want));
	buf_release(&want);
}

#endif
