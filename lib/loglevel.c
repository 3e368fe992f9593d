#include "lib/loglevel.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char *const level_names[] = {
	"none", "debug", "info", "warning", "error", "critical"
};

const char *loglevel_name(enum loglevel level)
{
	return level_names[level];
}

int loglevel_parse(const char *name, enum loglevel *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum loglevel)i;
			return 0;
		}
	}
	return -1;
}

/* Eight bytes at most as one number, in upper case, so that a word is compared at once. */
#define WORD(a, b, c, d, e, f, g, h)                                                      \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

static enum loglevel long_word(const char *word, size_t len)
{
	static const struct {
		const char *name;
		enum loglevel level;
	} words[] = {
		{ "EXCEPTION", LOGLEVEL_ERROR },
		{ "EMERGENCY", LOGLEVEL_CRITICAL },
		{ "INFORMATION", LOGLEVEL_INFO },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].name) == len && strncasecmp(words[i].name, word, len) == 0)
			return words[i].level;
	return LOGLEVEL_NONE;
}

static enum loglevel short_word(uint64_t word)
{
	switch (word) {
	case WORD('I', 'N', 'F', 'O', 0, 0, 0, 0):
	case WORD('I', 'N', 'F', 0, 0, 0, 0, 0):
	case WORD('L', 'O', 'G', 0, 0, 0, 0, 0):
	case WORD('N', 'O', 'T', 'I', 'C', 'E', 0, 0):
	case WORD('N', 'O', 'T', 'E', 0, 0, 0, 0):
	case WORD('S', 'U', 'C', 'C', 'E', 'S', 'S', 0):
		return LOGLEVEL_INFO;
	case WORD('E', 'R', 'R', 'O', 'R', 0, 0, 0):
	case WORD('E', 'R', 'R', 'O', 0, 0, 0, 0):
	case WORD('E', 'R', 'O', 'R', 0, 0, 0, 0):
	case WORD('E', 'R', 'R', 0, 0, 0, 0, 0):
	case WORD('S', 'E', 'V', 'E', 'R', 'E', 0, 0):
	case WORD('F', 'A', 'I', 'L', 0, 0, 0, 0):
		return LOGLEVEL_ERROR;
	case WORD('W', 'A', 'R', 'N', 'I', 'N', 'G', 0):
	case WORD('W', 'A', 'R', 'N', 0, 0, 0, 0):
	case WORD('W', 'A', 'R', 'N', 'I', 0, 0, 0):
	case WORD('W', 'R', 'N', 0, 0, 0, 0, 0):
		return LOGLEVEL_WARNING;
	case WORD('C', 'R', 'I', 'T', 'I', 'C', 'A', 'L'):
	case WORD('C', 'R', 'I', 'T', 0, 0, 0, 0):
	case WORD('C', 'R', 'I', 'T', 'I', 0, 0, 0):
	case WORD('F', 'A', 'T', 'A', 'L', 0, 0, 0):
	case WORD('F', 'A', 'T', 'A', 0, 0, 0, 0):
	case WORD('F', 'T', 'L', 0, 0, 0, 0, 0):
	case WORD('P', 'A', 'N', 'I', 'C', 0, 0, 0):
	case WORD('P', 'A', 'N', 'I', 0, 0, 0, 0):
	case WORD('D', 'P', 'A', 'N', 'I', 'C', 0, 0):
	case WORD('A', 'L', 'E', 'R', 'T', 0, 0, 0):
	case WORD('E', 'M', 'E', 'R', 'G', 0, 0, 0):
		return LOGLEVEL_CRITICAL;
	case WORD('D', 'E', 'B', 'U', 'G', 0, 0, 0):
	case WORD('D', 'E', 'B', 'U', 0, 0, 0, 0):
	case WORD('D', 'B', 'G', 0, 0, 0, 0, 0):
	case WORD('D', 'B', 'U', 'G', 0, 0, 0, 0):
	case WORD('T', 'R', 'A', 'C', 'E', 0, 0, 0):
	case WORD('T', 'R', 'C', 'E', 0, 0, 0, 0):
	case WORD('F', 'I', 'N', 'E', 0, 0, 0, 0):
	case WORD('F', 'I', 'N', 'E', 'R', 0, 0, 0):
	case WORD('F', 'I', 'N', 'E', 'S', 'T', 0, 0):
	case WORD('V', 'E', 'R', 'B', 'O', 'S', 'E', 0):
	case WORD('V', 'R', 'B', 0, 0, 0, 0, 0):
	case WORD('S', 'I', 'L', 'L', 'Y', 0, 0, 0):
		return LOGLEVEL_DEBUG;
	default:
		return LOGLEVEL_NONE;
	}
}

enum loglevel loglevel_word(const char *word, size_t len)
{
	uint64_t all = 0;

	if (len < 3 || len > 11)
		return LOGLEVEL_NONE;
	/* PostgreSQL's DEBUG1 to DEBUG5. */
	if (len == 6 && word[5] >= '1' && word[5] <= '5')
		return strncasecmp(word, "DEBUG", 5) == 0 ? LOGLEVEL_DEBUG : LOGLEVEL_NONE;
	if (len > 8)
		return long_word(word, len);
	for (size_t i = 0; i < len; i++) {
		if (!isalpha((unsigned char)word[i]))
			return LOGLEVEL_NONE;
		all |= (uint64_t)(word[i] & 0xdf) << 8 * i;
	}
	return short_word(all);
}

enum loglevel loglevel_syslog(int severity)
{
	return severity < 0    ? LOGLEVEL_NONE
	       : severity <= 2 ? LOGLEVEL_CRITICAL
	       : severity == 3 ? LOGLEVEL_ERROR
	       : severity == 4 ? LOGLEVEL_WARNING
	       : severity <= 6 ? LOGLEVEL_INFO
	       : severity == 7 ? LOGLEVEL_DEBUG
			       : LOGLEVEL_NONE;
}

enum loglevel loglevel_number(double n)
{
	return n < 8	 ? loglevel_syslog((int)n)
	       : n >= 60 ? LOGLEVEL_CRITICAL
	       : n >= 50 ? LOGLEVEL_ERROR
	       : n >= 40 ? LOGLEVEL_WARNING
	       : n >= 30 ? LOGLEVEL_INFO
			 : LOGLEVEL_DEBUG;
}

enum loglevel loglevel_letter(char letter)
{
	switch (letter) {
	case 'I':
		return LOGLEVEL_INFO;
	case 'W':
		return LOGLEVEL_WARNING;
	case 'E':
		return LOGLEVEL_ERROR;
	case 'F':
		return LOGLEVEL_CRITICAL;
	case 'D':
		return LOGLEVEL_DEBUG;
	default:
		return LOGLEVEL_NONE;
	}
}
