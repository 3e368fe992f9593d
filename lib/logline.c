#include "lib/logline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/logforms.h"
#include "lib/loglevel.h"
#include "lib/logpairs.h"
#include "lib/logrecall.h"
#include "lib/logtime.h"

#define QUARTER_US (900 * CLOCK_US)
/* How much of a line that JSON wraps is looked at when it had to be escaped. */
#define WRAPPED_MAX 2048

/* ---- lines that go with others ---- */

static bool begins_any(const char *bytes, size_t len, const char *const *with)
{
	for (; *with != NULL; with++)
		if (**with == *bytes && logform_begins(bytes, len, *with))
			return true;
	return false;
}

static bool ends(const char *bytes, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len > n && memcmp(bytes + len - n, with, n) == 0;
}

/* "java.lang.IllegalStateException: text", "TypeError: text", "org.x.FooError": what stands before
 * the frames, or alone. */
static bool is_exception(const char *bytes, size_t len)
{
	size_t n = 0;

	for (; n < len && n < 120; n++) {
		char c = bytes[n];

		if (!logstamp_is_digit(c) && (unsigned char)((c | 32) - 'a') >= 26 && c != '_' &&
		    c != '$' && c != '.')
			break;
	}
	if (n < len && (bytes[n] != ':' || (n + 1 < len && bytes[n + 1] != ' ')))
		return false;
	return ends(bytes, n, "Error") || ends(bytes, n, "Exception");
}

/* "main.main()", "net/http.(*conn).serve(0xc000, ...)": a frame of Go's. */
static bool go_frame(const char *bytes, size_t len)
{
	return bytes[len - 1] == ')' && memchr(bytes, '(', len) != NULL &&
	       memchr(bytes, ' ', (size_t)((const char *)memchr(bytes, '(', len) - bytes)) == NULL;
}

static enum logkin kin_of(const char *bytes, size_t len)
{
	static const char *const tracebacks[] = {
		"Traceback (most recent call last)",
		"panic: ",
		"fatal error: ",
		"Exception in thread ",
		"Exception Group Traceback",
		"Unhandled exception. ",
		"thread '",
		NULL,
	};
	static const char *const details[] = {
		"Caused by: ",
		"During handling of the above",
		"The above exception was",
		"Suppressed: ",
		"... ",
		"goroutine ",
		"[signal SIG",
		"created by ",
		"exit status ",
		"stack backtrace:",
		"note: run with `RUST_BACKTRACE",
		NULL,
	};

	if (len == 0)
		return LOGKIN_EMPTY;
	if (bytes[0] == ' ' || bytes[0] == '\t')
		return LOGKIN_INDENTED;
	if (strchr("TpfEUtCDS.g[cesn", bytes[0]) != NULL) {
		if (begins_any(bytes, len, tracebacks))
			return LOGKIN_TRACEBACK;
		if (begins_any(bytes, len, details))
			return LOGKIN_DETAIL;
	}
	if (isalpha((unsigned char)bytes[0]) &&
	    (is_exception(bytes, len) || logform_begins(bytes, len, "Uncaught ")))
		return LOGKIN_EXCEPTION;
	return go_frame(bytes, len) ? LOGKIN_FRAME : LOGKIN_NONE;
}

/* ---- text behind the time ---- */

/* PostgreSQL under any log_line_prefix: its severity stands before a colon and two blanks. */
static void postgres_read(const char *bytes, size_t len, struct logline *out)
{
	const char *end = bytes + logform_near(len), *p = bytes, *word;

	for (; (p = memchr(p, ':', (size_t)(end - p))) != NULL; p++) {
		struct loghead head = { .timed = false };

		if (end - p < 3 || p[1] != ' ' || p[2] != ' ')
			continue;
		for (word = p; word > bytes && isupper((unsigned char)word[-1]);)
			word--;
		if (p - word >= 3)
			loghead_read(word, (size_t)(end - word), &head);
		if (head.level != LOGLEVEL_NONE || head.detail) {
			out->level = head.level;
			out->kin = head.detail ? LOGKIN_DETAIL : LOGKIN_NONE;
			out->body += (size_t)(word - bytes) + head.end;
			return;
		}
	}
}

/* csvlog of PostgreSQL: the severity is a field of its own. */
static void csv_read(const char *bytes, size_t len, struct logline *out)
{
	const char *p = bytes, *end = bytes + len;
	int field = 0;

	for (; field < 24 && p < end && out->level == LOGLEVEL_NONE; field++) {
		const char *to = *p == '"' ? memchr(p + 1, '"', (size_t)(end - p - 1)) : p;

		if (to != NULL)
			to = memchr(to, ',', (size_t)(end - to));
		if (to == NULL)
			return;
		if (to > p && isupper((unsigned char)*p))
			out->level = loglevel_word(p, (size_t)(to - p));
		p = to + 1;
	}
	/* PostgreSQL's message, behind its SQLSTATE. */
	if (end - p > 7 && p[5] == ',' && p[6] == '"')
		p += 7;
	out->body += 1 + (size_t)(p - bytes);
}

static void line_read(struct logline_zone *zone, const char *bytes, size_t len, bool inner,
		      struct logline *out);

/* A line that stands `from` bytes behind the time of another one: its level, and how it goes with
 * the line before. True when it has a time of its own. Once only: lines that carry lines that carry
 * lines are nobody's. */
static bool inner_read(struct logline_zone *zone, const char *bytes, size_t len, size_t from,
		       struct logline *out)
{
	struct logline inner = { .tagged = true };

	line_read(zone, bytes + from, len - from, true, &inner);
	out->level = inner.level;
	out->kin = inner.kin;
	out->tagged = true;
	if (inner.level != LOGLEVEL_NONE)
		out->body += from + inner.body;
	return inner.at != 0;
}

/* Behind a time alone stands a word of small letters: no head, and no level, or it would have been
 * found; it may be a host of an access log. */
static void wrapped_word(struct logline_zone *zone, const char *bytes, size_t len,
			 struct logline *out)
{
	struct logline request = { .at = 0 };

	out->kin = kin_of(bytes, len);
	out->tagged = out->kin != LOGKIN_NONE;
	if (logform_access(zone, bytes, len, &request))
		out->level = request.level;
}

/* What stands behind the time without a level may be a line that was written with its own head (a
 * time that Docker or a pipe put before it), or stand behind a name (syslog). */
static void wrapped_read(struct logline_zone *zone, const char *bytes, size_t len, size_t message,
			 struct logline *out)
{
	bool headed = false;

	if (out->tagged)
		return;
	if (len > 1 && *bytes == ' ' && islower((unsigned char)bytes[1]))
		wrapped_word(zone, bytes + 1, len - 1, out);
	else if (len > 1 && *bytes == ' ')
		headed = inner_read(zone, bytes, len, 1, out);
	/* Blanks may only stand between time and text, and "... " or "exit status 1" be all of it:
	 * such a line goes on with a traceback, but with nothing else. */
	if (out->kin == LOGKIN_INDENTED || out->kin == LOGKIN_EMPTY ||
	    (out->kin == LOGKIN_DETAIL && !headed))
		out->kin = LOGKIN_FRAME;
	if (out->level == LOGLEVEL_NONE && (out->kin == LOGKIN_NONE || out->kin == LOGKIN_FRAME) &&
	    message > 0 && message + 1 < len)
		inner_read(zone, bytes, len, message + 1, out);
}

/* What stands behind a time, or behind nothing at all. */
static void text_read(struct logline_zone *zone, const char *bytes, size_t len, bool timed,
		      bool open, struct logline *out)
{
	struct loghead head = { .timed = timed, .open = open };
	const struct logline_head *found;
	struct logline klog = { .at = 0 };

	found = recall_head(zone, bytes, len, recall_how(timed, open));
	if (found != NULL) {
		out->level = (enum loglevel)found->level;
		out->body += found->end;
		return;
	}
	if (timed && len > 15 && bytes[0] == ' ' && isupper((unsigned char)bytes[1]) &&
	    logstamp_is_digit(bytes[2]) && logform_klog(zone, bytes + 1, len - 1, &klog) > 0) {
		out->level = klog.level;
		out->body += 1 + klog.body;
		return;
	}
	loghead_read(bytes, len, &head);
	recall_keep_head(zone, bytes, len, &head);
	out->level = head.level;
	if (head.detail)
		out->kin = LOGKIN_DETAIL;
	if (head.pairs && !timed)
		logfmt_read(zone, bytes, len, out);
	if (head.level != LOGLEVEL_NONE || head.detail) {
		out->body += head.end;
		return;
	}
	if (timed)
		postgres_read(bytes, len, out);
	if (out->level != LOGLEVEL_NONE || out->kin == LOGKIN_DETAIL)
		return;
	if (head.pairs && timed)
		logfmt_read(zone, bytes, len, out);
	if (out->level == LOGLEVEL_NONE)
		out->level = logform_level(bytes, len);
	/* Go's server says so itself, without a level. */
	if (logform_begins(bytes, len, " http: panic serving "))
		out->level = LOGLEVEL_ERROR;
	if (out->level == LOGLEVEL_NONE && timed)
		wrapped_read(zone, bytes, len, head.message, out);
}

/* ---- lines in general ---- */

/* The time of a line whose level or name comes before it ("ERROR 2026-...", "[bot] 2026-...",
 * "[Nest] 12  - 11/21/2026, ..."): where it ends, 0 when there is none. */
static size_t late_time(struct logline_zone *zone, const char *bytes, size_t from, size_t len,
			struct logline *out)
{
	size_t n;

	for (int tries = 0; tries < 2; tries++) {
		while (from < len && strchr(" -:|[](", bytes[from]) != NULL && bytes[from] != '\0')
			from++;
		n = from < len ? logtime_read(zone, bytes + from, len - from, out) : 0;
		if (n > 0)
			return from + n;
		while (from < len && logstamp_is_digit(bytes[from]))
			from++;
		if (from + 4 >= len || memcmp(bytes + from, "  - ", 4) != 0)
			break;
	}
	return 0;
}

/* "[bot] 2026-...", "[ERROR] 2026-...": false when no time stands behind the bracket. */
static bool bracket_read(struct logline_zone *zone, const char *bytes, size_t len,
			 struct logline *out)
{
	const char *close = memchr(bytes, ']', len < 64 ? len : 64);
	size_t behind = close != NULL ? (size_t)(close + 1 - bytes) : 0, n;

	n = behind > 0 ? late_time(zone, bytes, behind, len, out) : 0;
	if (n == 0)
		return false;
	text_read(zone, bytes, behind, false, false, out);
	out->body = n;
	if (out->level == LOGLEVEL_NONE)
		text_read(zone, bytes + n, len - n, true, false, out);
	return true;
}

/* "[21:31:05 ERR] text", "[21:31:05] [main/INFO]: text" */
static bool clock_bracket_read(struct logline_zone *zone, const char *bytes, size_t len,
			       struct logline *out)
{
	size_t n = logtime_clock(bytes + 1, len - 1) + 1;

	if (n == 1)
		return false;
	out->body = n;
	text_read(zone, bytes + n, len - n, true, n < len && bytes[n] != ']', out);
	return true;
}

/* A line that does not begin with a time. */
static void bare_read(struct logline_zone *zone, const char *bytes, size_t len, bool inner,
		      struct logline *out)
{
	size_t n = logtime_clock(bytes, len);

	if (n > 0) {
		out->body = n;
		text_read(zone, bytes + n, len - n, true, false, out);
		return;
	}
	if (logform_klog(zone, bytes, len, out) > 0 || logform_access(zone, bytes, len, out) ||
	    (logstamp_is_digit(bytes[0]) && logform_redis(zone, bytes, len, out)))
		return;
	n = inner ? 0 : logform_column(bytes, len);
	if (n > 0) {
		line_read(zone, bytes + n, len - n, true, out);
		out->body += n;
		return;
	}
	if (bytes[0] == '[' &&
	    (clock_bracket_read(zone, bytes, len, out) || bracket_read(zone, bytes, len, out)))
		return;
	if (logform_erlang(zone, bytes, len, out))
		return;
	text_read(zone, bytes, len, false, false, out);
	if (out->level != LOGLEVEL_NONE && out->at == 0) {
		n = late_time(zone, bytes, out->body, len, out);
		out->body = n > 0 ? n : out->body;
	}
}

/* What stands behind a time and is no head: CSV, a request in quotes, CRI's "stdout F ". */
enum behind { BEHIND_HEAD, BEHIND_CSV, BEHIND_REQUEST, BEHIND_STREAM };

static inline enum behind behind_of(const char *bytes, size_t len)
{
	if (len < 10)
		return BEHIND_HEAD;
	if (bytes[0] == ' ')
		return bytes[1] == 's' && (memcmp(bytes, " stdout F ", 10) == 0 ||
					   memcmp(bytes, " stderr F ", 10) == 0)
			   ? BEHIND_STREAM
			   : BEHIND_HEAD;
	if (bytes[0] == ',')
		return bytes[1] != ' ' ? BEHIND_CSV : BEHIND_HEAD;
	return bytes[0] == ']' && bytes[1] == ' ' && bytes[2] == '"' ? BEHIND_REQUEST : BEHIND_HEAD;
}

/* Whether the bracket before a time at `start` is open behind it. */
static inline bool is_open(size_t start, const char *bytes, size_t len)
{
	return start > 0 && len > 0 && *bytes != ']' && *bytes != '>';
}

/* A time at `start`, and what stands behind it; false when there is none. */
static bool timed_read(struct logline_zone *zone, const char *bytes, size_t start, size_t len,
		       struct logline *out)
{
	size_t n = logtime_read(zone, bytes + start, len - start, out);

	if (n == 0)
		return false;
	n += start;
	out->body = n;
	bytes += n;
	len -= n;
	switch (behind_of(bytes, len)) {
	case BEHIND_CSV:
		csv_read(bytes + 1, len - 1, out);
		break;
	case BEHIND_REQUEST:
		logform_request(bytes, len, out);
		break;
	case BEHIND_STREAM:
		inner_read(zone, bytes, len, 10, out);
		break;
	case BEHIND_HEAD:
		text_read(zone, bytes, len, true, is_open(start, bytes, len), out);
		break;
	}
	return true;
}

/* Past colours and a byte-order mark. */
static size_t front_skip(const char *bytes, size_t len)
{
	size_t n = logform_begins(bytes, len, "\xef\xbb\xbf") ? 3 : 0;

	while (n + 3 < len && bytes[n] == '\033' && bytes[n + 1] == '[') {
		size_t m = n + 2;

		while (m < len && (logstamp_is_digit(bytes[m]) || bytes[m] == ';'))
			m++;
		if (m == len || bytes[m] != 'm')
			break;
		n = m + 1;
	}
	return n;
}

/* A line in JSON, or one that JSON wraps. */
static void json_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	struct logpairs_wrapped wrapped;
	struct logline inner = { .tagged = true };
	char text[WRAPPED_MAX];
	const char *raw;

	logjson_read(zone, bytes, len, out, &wrapped);
	if (out->level != LOGLEVEL_NONE || wrapped.bytes == NULL)
		return;
	raw = wrapped.bytes;
	if (memchr(raw, '\\', wrapped.len) != NULL) {
		wrapped.len = logjson_text(wrapped.bytes, wrapped.len, text, sizeof(text));
		wrapped.bytes = text;
	}
	line_read(zone, wrapped.bytes, wrapped.len, true, &inner);
	out->level = inner.level;
	out->kin = inner.kin;
	out->tagged = true;
	if (inner.level != LOGLEVEL_NONE && memchr(raw, '\\', inner.body) == NULL)
		out->body = (size_t)(raw - bytes) + inner.body;
	if (out->at != 0)
		return;
	out->at = inner.at;
	out->precision = inner.precision;
	out->zoned = inner.zoned;
}

/* A line that begins with neither a digit nor a blank. */
static void other_read(struct logline_zone *zone, const char *bytes, size_t len, bool inner,
		       struct logline *out)
{
	enum loglevel syslog = LOGLEVEL_NONE;
	size_t start = 0;

	if (bytes[0] == '{') {
		json_read(zone, bytes, len, out);
		return;
	}
	out->kin = kin_of(bytes, len);
	if (out->kin != LOGKIN_NONE && out->kin != LOGKIN_FRAME)
		return;
	if (bytes[0] == '<')
		start = logform_priority(bytes, len, &syslog);
	/* WebLogic's */
	if (logform_begins(bytes, len, "####<"))
		start = 5;
	if (start == 0 && strchr("[<(", bytes[0]) != NULL) {
		start = 1;
		while (start < len && bytes[start] == ' ')
			start++;
	}
	start += logform_letter(bytes + start, len - start);
	if (!timed_read(zone, bytes, start, len, out) && syslog == LOGLEVEL_NONE)
		bare_read(zone, bytes, len, inner, out);
	if (out->level == LOGLEVEL_NONE && out->kin == LOGKIN_NONE)
		out->level = syslog;
}

/* " INFO [main] text": blanks that only make the level as wide as others (log4j's %5p). */
static size_t padded_skip(const char *bytes, size_t len)
{
	size_t n = 0, end;

	while (n < len && n < 4 && bytes[n] == ' ')
		n++;
	for (end = n; end < len && isupper((unsigned char)bytes[end]);)
		end++;
	return end < len && bytes[end] == ' ' && loglevel_word(bytes + n, end - n) != LOGLEVEL_NONE
		   ? n
		   : 0;
}

/* `inner`: behind another program's column. */
static void line_read(struct logline_zone *zone, const char *bytes, size_t len, bool inner,
		      struct logline *out)
{
	size_t front = 0;

	*out = (struct logline){ .precision = CLOCK_US, .tagged = out->tagged };
	if (len > 0 && (bytes[0] == '\033' || bytes[0] == '\xef')) {
		front = front_skip(bytes, len);
		bytes += front;
		len -= front;
	}
	if (len == 0) {
		out->kin = LOGKIN_EMPTY;
	} else if (logstamp_is_digit(bytes[0])) {
		if (!timed_read(zone, bytes, 0, len, out))
			bare_read(zone, bytes, len, inner, out);
	} else if (bytes[0] == ' ' || bytes[0] == '\t') {
		size_t pad = padded_skip(bytes, len);

		if (pad > 0)
			other_read(zone, bytes + pad, len - pad, inner, out);
		else
			out->kin = LOGKIN_INDENTED;
		front += pad;
	} else if (bytes[0] != '\0') {
		other_read(zone, bytes, len, inner, out);
	}
	out->body += front;
}

/* A line whose time and head are as those of lines before it; false when one of them is new. */
static bool parts_recall(struct logline_zone *zone, const char *bytes, size_t len,
			 struct logline *out)
{
	size_t start = bytes[0] == '[', n = recall_time(zone, bytes + start, len - start, out);
	const struct logline_head *found;
	bool open;

	if (n == 0)
		return false;
	n += start;
	open = is_open(start, bytes + n, len - n);
	if (behind_of(bytes + n, len - n) != BEHIND_HEAD)
		return false;
	found = recall_head(zone, bytes + n, len - n, recall_how(true, open));
	if (found == NULL)
		return false;
	out->level = (enum loglevel)found->level;
	out->body = n + found->end;
	recall_keep_line(zone, bytes, start > 0, n, found, out);
	return true;
}

void logline_read_new(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	while (len > 0 && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n'))
		len--;
	*out = (struct logline){ .precision = CLOCK_US };
	if (len > 24 && parts_recall(zone, bytes, len, out))
		return;
	line_read(zone, bytes, len, false, out);
}

void logline_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	struct recalled as;

	if (recall_line(zone, bytes, len, &as))
		recalled_fill(zone, &as, bytes, out);
	else
		logline_read_new(zone, bytes, len, out);
}

int64_t logline_shift(int64_t at, int64_t written)
{
	int64_t shift = written - at, quarters;

	if (shift > 14 * 4 * QUARTER_US || shift < -14 * 4 * QUARTER_US)
		return 0;
	quarters = (shift + (shift < 0 ? -1 : 1) * QUARTER_US / 2) / QUARTER_US;
	if (llabs(shift - quarters * QUARTER_US) > 60 * CLOCK_US)
		return 0;
	return quarters * QUARTER_US;
}
