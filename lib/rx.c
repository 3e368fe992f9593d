#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/rx.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "lib/mem.h"
#include "lib/text.h"

/* A match of a sane pattern on a line of log stays far below these; a catastrophic one gives up
 * within some tens of milliseconds. */
enum { MATCH_LIMIT = 200000, HEAP_LIMIT_KIB = 16384 };

struct rx {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	bool compiled; /* to machine code */
};

struct rx *rx_new(const char *pattern, bool ignore_case, struct err *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
			   (ignore_case ? PCRE2_CASELESS : 0);
	PCRE2_SIZE offset;
	int code;
	struct rx *rx = xcalloc(1, sizeof(*rx));

	rx->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code,
				 &offset, NULL);
	if (!rx->code) {
		char reason[160];

		pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof(reason));
		err_set(err, "pattern \"%.200s\": %s at offset %zu", pattern, reason, offset);
		rx_free(rx);
		return NULL;
	}
	/* Without a compiler (a hardened kernel) the interpreter does the same, slower. */
	rx->compiled = pcre2_jit_compile(rx->code, PCRE2_JIT_COMPLETE) == 0;
	rx->context = pcre2_match_context_create(NULL);
	rx->data = pcre2_match_data_create_from_pattern(rx->code, NULL);
	if (!rx->context || !rx->data)
		mem_exhausted();
	pcre2_set_match_limit(rx->context, MATCH_LIMIT);
	pcre2_set_depth_limit(rx->context, MATCH_LIMIT);
	pcre2_set_heap_limit(rx->context, HEAP_LIMIT_KIB);
	return rx;
}

void rx_free(struct rx *rx)
{
	if (!rx)
		return;
	pcre2_match_data_free(rx->data);
	pcre2_match_context_free(rx->context);
	pcre2_code_free(rx->code);
	free(rx);
}

static int rx_run(const struct rx *rx, const char *bytes, size_t len, size_t start)
{
	/* Straight to the compiled code: it copes with broken UTF-8 by itself, since the pattern
	 * was compiled so, and nothing else that pcre2_match() looks after can be. */
	int rc = rx->compiled ? pcre2_jit_match(rx->code, (PCRE2_SPTR)bytes, len, start, 0,
						rx->data, rx->context)
			      : PCRE2_ERROR_JIT_STACKLIMIT;

	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(rx->code, (PCRE2_SPTR)bytes, len, start, PCRE2_NO_JIT, rx->data,
				 rx->context);
	return rc;
}

int rx_judge(const struct rx *rx, const char *bytes, size_t len)
{
	int rc = rx_run(rx, bytes, len, 0);

	return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

bool rx_match(const struct rx *rx, const char *bytes, size_t len)
{
	return rx_judge(rx, bytes, len) == 1;
}

bool rx_find(const struct rx *rx, const char *bytes, size_t len, int group, size_t *from,
	     size_t *to)
{
	const PCRE2_SIZE *borders;

	if (rx_run(rx, bytes, len, 0) < 0 || group < 0 ||
	    (uint32_t)group >= pcre2_get_ovector_count(rx->data))
		return false;
	borders = pcre2_get_ovector_pointer(rx->data);
	if (borders[2 * group] == PCRE2_UNSET)
		return false;
	*from = borders[2 * group];
	*to = borders[2 * group + 1];
	return true;
}

bool rx_next(const struct rx *rx, const char *bytes, size_t len, size_t start, size_t *from,
	     size_t *to)
{
	const PCRE2_SIZE *borders;

	if (start > len || rx_run(rx, bytes, len, start) < 0)
		return false;
	borders = pcre2_get_ovector_pointer(rx->data);
	*from = borders[0];
	*to = borders[1];
	return *to >= *from; /* not so behind \K in a lookahead */
}

bool rx_ignores_case(const char *pattern)
{
	for (const char *at = pattern; *at; at++) {
		int32_t cp;

		if (*at == '\\' && at[1]) {
			at++;
			continue;
		}
		utf8_decode(at, strlen(at), &cp);
		if (cp > 0 && iswupper((wint_t)cp))
			return false;
	}
	return true;
}
