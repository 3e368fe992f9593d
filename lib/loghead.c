/* Where in a line's head a level stands. */
#include <ctype.h>
#include <string.h>

#include "lib/loglevel.h"

/* How far a level is looked for, in bytes and in words. */
#define HEAD_MAX  240
#define WORDS_MAX 14
/* What may stand between time and level: two names, or one word that could be one of a sentence. */
#define NAMES_MAX 2

enum { BLANK = 1, OPEN = 2, CLOSE = 4, WORD_BYTE = 8, UPPER = 16, LOWER = 32, SEPARATOR = 64 };

static unsigned char class_of(char c)
{
	enum { B = BLANK, O = OPEN, C = CLOSE, S = SEPARATOR, W = WORD_BYTE };
	enum { U = WORD_BYTE | UPPER, L = WORD_BYTE | LOWER };
	/* clang-format off */
	static const unsigned char classes[128] = {
		S, 0, 0, 0, 0, 0, 0, 0, 0, B, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		B, W, 0, W, W, W, W, W, O, C, W, W, S, W, W, W,
		W, W, W, W, W, W, W, W, W, W, S, S, O, 0, C, W,
		W, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
		U, U, U, U, U, U, U, U, U, U, U, O, W, C, 0, W,
		0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
		L, L, L, L, L, L, L, L, L, L, L, O, S, C, W, 0,
	};
	/* clang-format on */

	return (unsigned char)c < 128 ? classes[(unsigned char)c] : W;
}

static bool is(char c, int classes)
{
	return (class_of(c) & classes) != 0;
}

/* Where the reader stands. */
struct at {
	const char *begin, *p, *end;
	const char *field; /* the first byte behind the latest separator with blanks around it */
	const char *seen;  /* behind the last byte that was looked at ahead, or NULL */
	int names;
	bool first; /* nothing but brackets and numbers was passed */
};

/* The colours that a terminal program left: ESC [ ... m, one behind the other. */
static const char *colour_skip(const char *p, const char *end)
{
	const char *from = p;

	if (end - p < 3 || p[0] != '\033' || p[1] != '[')
		return p;
	for (p += 2; p < end && (*p == ';' || isdigit((unsigned char)*p));)
		p++;
	return p < end && *p == 'm' ? colour_skip(p + 1, end) : from;
}

static const char *blanks_skip(const char *p, const char *end)
{
	while (p < end && is(*p, BLANK))
		p++;
	return p;
}

static char closer_of(char open)
{
	return (char)(open == '[' ? ']' : open == '(' ? ')' : open == '{' ? '}' : '>');
}

/* "[12:34:1121/213105.123:ERROR:file.cc(12)]": a part in capitals. */
static enum loglevel part_level(const char *from, const char *to)
{
	enum loglevel level = LOGLEVEL_NONE;

	while (from < to && level == LOGLEVEL_NONE) {
		const char *colon = memchr(from, ':', (size_t)(to - from));

		colon = colon != NULL ? colon : to;
		if (is(*from, UPPER) && colon > from && is(colon[-1], UPPER))
			level = loglevel_word(from, (size_t)(colon - from));
		from = colon + 1;
	}
	return level;
}

/* "[ERROR]", "[error   ]", "[ERROR main]", "[main/ERROR]", Apache's "[core:error]": the level in
 * the bracket whose first byte p is; *close is where it ends, NULL when it doesn't. */
static enum loglevel group_level(const char *p, const char *end, const char **close)
{
	const char *from = blanks_skip(p + 1, end);
	const char *to = memchr(p, closer_of(*p), (size_t)(end - p));
	const char *word, *colon, *slash;
	bool upper = true;

	*close = to;
	/* In braces stands what belongs to the line, or an object. */
	if (*p == '{')
		*close = to != NULL && p[1] != '"' ? to : NULL;
	if (to == NULL || *p == '{')
		return LOGLEVEL_NONE;
	from = colour_skip(from, to);
	for (word = from; word < to && is(*word, UPPER | LOWER); word++)
		upper = upper && is(*word, UPPER);
	slash = memrchr(from, '/', (size_t)(to - from));
	if (slash != NULL && is(slash[1], UPPER) && is(to[-1], UPPER)) {
		enum loglevel level = loglevel_word(slash + 1, (size_t)(to - slash - 1));

		if (level != LOGLEVEL_NONE)
			return level;
	}
	colon = memchr(from, ':', (size_t)(to - from));
	if (colon != NULL && colon[1] != ' ') {
		enum loglevel level = loglevel_word(colon + 1, (size_t)(to - colon - 1));

		return level != LOGLEVEL_NONE ? level : part_level(from, to);
	}
	if (*p == '[' && to - from == 1)
		return loglevel_letter(*from);
	if (word - from < 3 || word - from > 11)
		return LOGLEVEL_NONE;
	/* MySQL says so when it starts and stops. */
	if (end - p > 13 && memcmp(p, "[System] [MY-", 13) == 0) {
		*close = p + 12;
		return LOGLEVEL_INFO;
	}
	if (!upper && colour_skip(blanks_skip(colour_skip(word, to), to), to) != to)
		return LOGLEVEL_NONE;
	if (word < to && !is(*word, BLANK) && *word != '/' && *word != '\033')
		return LOGLEVEL_NONE;
	return loglevel_word(from, (size_t)(word - from));
}

/* The value of key=value that begins at p: its end. */
static const char *value_end(const char *p, const char *end)
{
	const char *quote;

	if (p < end && (*p == '"' || *p == '\'')) {
		quote = memchr(p + 1, *p, (size_t)(end - p - 1));
		return quote != NULL ? quote + 1 : end;
	}
	while (p < end && !is(*p, BLANK))
		p++;
	return p;
}

static bool is_key(const char *key, size_t len)
{
	return (len == 5 && memcmp(key, "level", 5) == 0) ||
	       (len == 3 && memcmp(key, "lvl", 3) == 0) ||
	       (len == 8 && memcmp(key, "severity", 8) == 0) ||
	       (len == 9 && memcmp(key, "levelname", 9) == 0);
}

/* What stands behind a word tells a field ("name - ") from a sentence. */
static bool is_field_end(const char *p, const char *end)
{
	const char *next = blanks_skip(p, end);

	if (next == end)
		return false;
	if (next - p > 2 || (next > p && *p == '\t'))
		return true;
	return *next == '|' ||
	       (next > p && *next == '-' && (next + 1 == end || is(next[1], BLANK)));
}

/* " - INFO - ": a level in capitals is the next field, so this one is a name. What tells that
 * stands behind the level. */
static bool level_follows(struct at *at, const char *p)
{
	const char *end = at->end, *word = blanks_skip(p, end), *to;

	if (word < end && (*word == '-' || *word == '|'))
		word = blanks_skip(word + 1, end);
	for (to = word; to < end && is(*to, UPPER);)
		to++;
	at->seen = blanks_skip(to, end) + 2;
	return loglevel_word(word, (size_t)(to - word)) != LOGLEVEL_NONE && is_field_end(to, end);
}

/* A word of small letters counts before a colon at the beginning of the text ("error: ",
 * "error[E0382]: "), or alone in a field. */
static bool small_counts(struct at *at, const char *word, const char *to)
{
	if (to < at->end && *to == '[' && at->first) {
		to = memchr(to, ']', (size_t)(at->end - to));
		return to != NULL && to + 2 < at->end && to[1] == ':' && is(to[2], BLANK);
	}
	if (to < at->end && *to == ':')
		return at->first && (to + 1 == at->end || is(to[1], BLANK) || to[1] == '[');
	return word == at->field &&
	       (is_field_end(to, at->end) || blanks_skip(to, at->end) - to > 1) &&
	       !level_follows(at, to);
}

static bool postgres_detail(const char *word, size_t len, const char *end)
{
	static const char *const names[] = { "DETAIL", "HINT",	   "STATEMENT", "CONTEXT",
					     "QUERY",  "LOCATION", "BACKTRACE", NULL };

	if (len < 4 || len > 9 || end - word < (ptrdiff_t)len + 3 ||
	    memcmp(word + len, ":  ", 3) != 0)
		return false;
	for (size_t i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == len && memcmp(names[i], word, len) == 0)
			return true;
	return false;
}

/* How many bytes told what ends at `to`; 0: the line's end was among them. */
static size_t looked_at(const struct at *at, const char *to)
{
	const char *last = at->seen > to ? at->seen : to;

	return last <= at->end ? (size_t)(last - at->begin) : 0;
}

/* Whether the word from `word` to `to` is the line's level, or says that there is none. */
static bool word_decides(struct at *at, const char *word, const char *to, bool upper,
			 struct loghead *head)
{
	enum loglevel level;
	bool shouted;

	if (!upper && !small_counts(at, word, to))
		return false;
	level = loglevel_word(word, (size_t)(to - word));
	if (level == LOGLEVEL_NONE) {
		head->detail = upper && postgres_detail(word, (size_t)(to - word), at->end);
		head->end = head->detail ? (size_t)(to + 1 - at->begin) : 0;
		return head->detail;
	}
	shouted = upper && to + 1 < at->end && *to == '!' && is(to[1], BLANK);
	if (to < at->end && is(*to, WORD_BYTE) && !(head->open && *to == '/') && !shouted)
		return false;
	if (to < at->end && *to == '=')
		return false;
	if (to - word == 3 && memcmp(word, "LOG", 3) == 0 && !(to < at->end && *to == ':') &&
	    !(at->first && head->timed && to < at->end && is(*to, BLANK)))
		return false;
	head->level = level;
	head->end = (size_t)(to + (to < at->end && *to == ':') - at->begin);
	if (upper && to < at->end && !shouted)
		head->looked = looked_at(at, to + 1);
	return true;
}

/* key=value; true when it was the level's. */
static bool pair_decides(struct at *at, const char *key, struct loghead *head)
{
	const char *value = at->p + 1, *end = value_end(value, at->end);
	size_t quoted = value < end && (*value == '"' || *value == '\'') ? 1 : 0;
	size_t len = (size_t)(end - value);

	head->pairs = true;
	if (is_key(key, (size_t)(at->p - key)) && len > 2 * quoted)
		head->level = loglevel_word(value + quoted, len - 2 * quoted);
	head->end = head->level != LOGLEVEL_NONE ? (size_t)(end - at->begin) : 0;
	at->p = end;
	return head->level != LOGLEVEL_NONE;
}

/* "**", "!!!": nothing but signs. */
static bool is_rule(const char *word, const char *to)
{
	while (word < to && (*word == '*' || *word == '!'))
		word++;
	return word == to;
}

/* Words that are no names: text has begun. */
static bool begins_sentence(const char *word, const char *to)
{
	static const char words[] = " the a an this that no any got new last some ";
	char text[8] = " ";
	size_t len = (size_t)(to - word);

	if (len > 4)
		return false;
	for (size_t i = 0; i < len; i++)
		text[1 + i] = (char)(word[i] | 32);
	text[1 + len] = ' ';
	return memmem(words, sizeof(words) - 1, text, len + 2) != NULL;
}

/* "0    [main] INFO": a number that begins the line, and then a bracket. */
static bool opens_next(const struct at *at, const char *word)
{
	const char *next = blanks_skip(at->p, at->end);

	return word == at->begin && next > at->p && next < at->end && *next == '[';
}

/* Passes over a word that is no level; false when the text has begun. */
static bool word_pass(struct at *at, const char *word, bool plain, struct loghead *head)
{
	const char *close;
	bool pid = false;

	if (at->p < at->end && (*at->p == '[' || *at->p == '(')) {
		close = memchr(at->p, *at->p == '[' ? ']' : ')', (size_t)(at->end - at->p));
		if (close == NULL)
			return false;
		at->p = close + 1;
		pid = close[0] == ']';
	}
	if (at->p < at->end && *at->p == ':') {
		at->p++;
		if (at->p < at->end && !is(*at->p, BLANK))
			return true;
		if (head->message == 0)
			head->message = (size_t)(at->p - at->begin);
		at->names = NAMES_MAX; /* behind "name:" the text begins, or the level */
		at->first = true;
		return true;
	}
	if (pid || is_field_end(at->p, at->end)) {
		at->names++;
		return at->names <= NAMES_MAX + 2;
	}
	if (*word >= '0' && *word <= '9' && (at->names < NAMES_MAX || opens_next(at, word)))
		return true;
	if (is_rule(word, at->p))
		return true;
	if (plain && begins_sentence(word, at->p))
		return false;
	at->names += plain ? (at->first ? NAMES_MAX : NAMES_MAX + 1) : 1;
	at->first = false;
	return at->names <= NAMES_MAX;
}

/* Monolog's "channel.ERROR: ": the level behind the last point of the first word. */
static bool channel_decides(const struct at *at, const char *word, const char *to,
			    struct loghead *head)
{
	const char *point = memrchr(word, '.', (size_t)(to - word));

	if (point == NULL || !at->first || to + 1 >= at->end || *to != ':' || !is(to[1], BLANK) ||
	    !is(point[1], UPPER) || !is(to[-1], UPPER))
		return false;
	head->level = loglevel_word(point + 1, (size_t)(to - point - 1));
	head->end = (size_t)(to + 1 - at->begin);
	return head->level != LOGLEVEL_NONE;
}

/* GLib's "(app:12): Gtk-WARNING **: 21:31:05.123: text" */
static bool glib_decides(const struct at *at, const char *word, const char *to,
			 struct loghead *head)
{
	const char *hyphen = at->end - to > 4 && memcmp(to, " **: ", 5) == 0
				 ? memrchr(word, '-', (size_t)(to - word))
				 : NULL;

	if (hyphen == NULL)
		return false;
	head->level = loglevel_word(hyphen + 1, (size_t)(to - hyphen - 1));
	head->end = (size_t)(to + 4 - at->begin);
	return head->level != LOGLEVEL_NONE;
}

/* "DeprecationWarning: ", as Python and Node call them. */
static bool is_warning(const char *word, const char *to, const char *end)
{
	return to - word > 7 && end - to > 1 && *to == ':' && is(to[1], BLANK) &&
	       memcmp(to - 7, "Warning", 7) == 0;
}

/* One word from at->p; false when the reading ends here. */
static bool word_read(struct at *at, struct loghead *head)
{
	const char *word = at->p, *p = word;
	unsigned char all = 0xff, c;
	const char *letters;

	while (p < at->end && ((c = class_of(*p)) & (UPPER | LOWER)) != 0) {
		all &= c;
		p++;
	}
	letters = p;
	if (p - word >= 3 && p - word <= 11 &&
	    word_decides(at, word,
			 p < at->end && p[-1] == 'G' && *p >= '1' && *p <= '5' ? p + 1 : p,
			 (all & UPPER) != 0, head))
		return false;
	if (at->first && is_warning(word, p, at->end)) {
		head->level = LOGLEVEL_WARNING;
		head->end = (size_t)(p + 1 - at->begin);
		return false;
	}
	while (p < at->end && is(*p, WORD_BYTE))
		p++;
	at->p = p;
	if (glib_decides(at, word, p, head))
		return false;
	if (p < at->end && *p == '=')
		return !pair_decides(at, word, head);
	if (p == word || (p < at->end && *p == ':' && channel_decides(at, word, p, head)))
		return false;
	return word_pass(at, word, p == letters, head);
}

/* Passes over what stands between words; false at the end. */
static bool between_pass(struct at *at)
{
	const char *p = at->p;

	for (; p < at->end; p++) {
		unsigned char c = class_of(*p);

		if (c & (SEPARATOR | CLOSE)) {
			if (*p == '|' || *p == ',' || *p == ';')
				at->field = blanks_skip(p + 1, at->end);
			continue;
		}
		if (c & BLANK) {
			if (*p == '\t')
				at->field = p + 1;
			continue;
		}
		if (*p == '-' && (p + 1 == at->end || is(p[1], BLANK) || p[1] == '-')) {
			at->field = blanks_skip(p + 1, at->end);
			continue;
		}
		if (*p != '\033')
			break;
		at->p = colour_skip(p, at->end);
		if (at->p == p)
			return false;
		p = at->p - 1;
	}
	at->p = p;
	return p < at->end;
}

void loghead_read(const char *bytes, size_t len, struct loghead *head)
{
	struct at at = { .begin = bytes,
			 .p = bytes,
			 .end = bytes + (len < HEAD_MAX ? len : HEAD_MAX),
			 .field = bytes,
			 .first = true,
			 .names = head->timed ? 0 : NAMES_MAX };

	for (int n = 0; n < WORDS_MAX && between_pass(&at); n++) {
		const char *close;

		if (is(*at.p, OPEN)) {
			head->level = group_level(at.p, at.end, &close);
			if (close == NULL)
				return;
			at.p = close + 1;
			head->end = (size_t)(at.p - bytes);
			if (head->level != LOGLEVEL_NONE) {
				head->looked = looked_at(&at, at.p);
				return;
			}
			head->end = 0;
		} else if (!is(*at.p, WORD_BYTE) || !word_read(&at, head)) {
			return;
		}
	}
}
