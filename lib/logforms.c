#include "lib/logforms.h"

#include <ctype.h>
#include <string.h>

#include "lib/loglevel.h"
#include "lib/logpairs.h"
#include "lib/logstamp.h"
#include "lib/logtime.h"

static size_t blanks(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && (bytes[n] == ' ' || bytes[n] == '\t'))
		n++;
	return n;
}

/* ---- before the line ---- */

/* "<13>" or "<165>1 ": its length. */
size_t logform_priority(const char *bytes, size_t len, enum loglevel *level)
{
	size_t n = 1;
	int priority = 0;

	while (n < len && n < 4 && logstamp_is_digit(bytes[n]))
		priority = priority * 10 + bytes[n++] - '0';
	if (n == 1 || n >= len || bytes[n] != '>' || priority > 191)
		return 0;
	*level = loglevel_syslog(priority % 8);
	n++;
	if (n + 1 < len && logstamp_is_digit(bytes[n]) && bytes[n + 1] == ' ')
		n += 2;
	return n;
}

/* Single letters: Ruby's "E, [2026-...", Jupyter's "[E 2026-..." */
size_t logform_letter(const char *bytes, size_t len)
{
	return len > 20 && strchr("DIWEFC", bytes[0]) != NULL && bytes[0] != '\0'
		   ? logform_begins(bytes + 1, len - 1, ", [")	      ? 4
		     : bytes[1] == ' ' && logstamp_is_digit(bytes[2]) ? 2
								      : 0
		   : 0;
}

/* "web-7d9c8b6f5-x2x4q": a name with hyphens and digits, as nobody calls a thing in a sentence. */
static bool is_pod(const char *name, const char *end)
{
	bool hyphen = false, digit = false;

	for (; name < end; name++) {
		hyphen = hyphen || *name == '-';
		digit = digit || logstamp_is_digit(*name);
		if (!isalnum((unsigned char)*name) &&
		    (*name == '\0' || strchr("-._:/", *name) == NULL))
			return false;
	}
	return hyphen && digit;
}

/* kubectl's "[pod/web-7d9c/app] ", stern's "web-7d9c app 2026-...". */
static size_t pod_skip(const char *bytes, size_t len)
{
	const char *close, *name, *time;
	size_t most = len < 128 ? len : 128;

	if (logform_begins(bytes, len, "[pod/")) {
		close = memchr(bytes, ']', most);
		return close != NULL && close + 2 < bytes + len && close[1] == ' '
			   ? (size_t)(close + 2 - bytes)
			   : 0;
	}
	name = memchr(bytes, ' ', most);
	if (name == NULL || logstamp_is_digit(*bytes) || !is_pod(bytes, name))
		return 0;
	if ((size_t)(name - bytes) + 12 < len && logstamp_is_digit(name[1]) &&
	    logstamp_is_digit(name[4]) && name[5] == '-')
		return (size_t)(name + 1 - bytes);
	time = memchr(name + 1, ' ', most - (size_t)(name + 1 - bytes));
	return time != NULL && time - name > 1 && !logstamp_is_digit(name[1]) &&
		       (size_t)(time - bytes) + 12 < len && logstamp_is_digit(time[1]) &&
		       logstamp_is_digit(time[4]) && time[5] == '-'
		   ? (size_t)(time + 1 - bytes)
		   : 0;
}

/* Compose's "bot_1  | ", pm2's "0|bot  | ": what another program put before each line. */
size_t logform_column(const char *bytes, size_t len)
{
	const char *bar = memchr(bytes, '|', len < 64 ? len : 64);
	const char *word, *to;
	size_t pod = pod_skip(bytes, len);

	if (pod > 0)
		return pod;
	while (bar != NULL && (bar == bytes || bar[-1] != ' '))
		bar = memchr(bar + 1, '|', (size_t)(bytes + (len < 64 ? len : 64) - bar - 1));
	if (bar == NULL || bar + 2 >= bytes + len || bar[1] != ' ')
		return 0;
	/* "ERROR | name | text": a level, and nobody's column. */
	for (word = bytes; word < bar && strchr("[<(", *word) != NULL;)
		word++;
	for (to = word; to < bar && isalpha((unsigned char)*to);)
		to++;
	if (loglevel_word(word, (size_t)(to - word)) != LOGLEVEL_NONE)
		return 0;
	for (const char *p = bytes; p < bar; p++)
		if (*p == ' ' && p[1] != ' ' && p[1] != '|')
			return 0;
	return (size_t)(bar + 2 - bytes);
}

/* ---- lines of their own ---- */

/* klog: "E1121 21:31:05.123456   1234 file.go:12] text" */
size_t logform_klog(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	size_t n;

	if (len < 14 || strchr("IWEFD", bytes[0]) == NULL || !logstamp_is_digit(bytes[1]))
		return 0;
	n = logtime_klog(zone, bytes + 1, len - 1, out);
	/* With the year. */
	if (n == 0 && logstamp_is_digit(bytes[6]) && bytes[5] != '-')
		n = logtime_read(zone, bytes + 1, len - 1, out);
	if (n == 0)
		return 0;
	out->level = loglevel_letter(bytes[0]);
	out->body = n + 1;
	return n + 1;
}

/* Redis: "1234:M 21 Nov 2026 21:31:05.123 # text", where # is a warning. */
bool logform_redis(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	size_t n = 0, time;

	while (n < len && n < 8 && logstamp_is_digit(bytes[n]))
		n++;
	if (n == 0 || len < n + 20 || bytes[n] != ':' || !isupper((unsigned char)bytes[n + 1]) ||
	    bytes[n + 2] != ' ')
		return false;
	n += 3;
	time = logtime_read(zone, bytes + n, len - n, out);
	if (time == 0)
		return false;
	n += time;
	out->body = n;
	if (n + 2 >= len || bytes[n] != ' ' || bytes[n + 2] != ' ')
		return true;
	out->level = bytes[n + 1] == '#'   ? LOGLEVEL_WARNING
		     : bytes[n + 1] == '*' ? LOGLEVEL_INFO
		     : bytes[n + 1] == '-' ? LOGLEVEL_DEBUG
		     : bytes[n + 1] == '.' ? LOGLEVEL_DEBUG
					   : LOGLEVEL_NONE;
	out->body = n + 2;
	return true;
}

/* Erlang's "=ERROR REPORT==== 21-Nov-2026::21:31:05.123 ===" */
bool logform_erlang(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	static const char report[] = " REPORT====";
	const char *end = NULL;
	size_t n;

	if (bytes[0] == '=')
		end = memmem(bytes, len < 32 ? len : 32, report, sizeof(report) - 1);
	if (end == NULL)
		return false;
	out->level = loglevel_word(bytes + 1, (size_t)(end - bytes - 1));
	if (out->level == LOGLEVEL_NONE)
		out->level = logform_begins(bytes, len, "=CRASH") ||
				     logform_begins(bytes, len, "=SUPERVISOR")
				 ? LOGLEVEL_ERROR
				 : LOGLEVEL_INFO;
	n = (size_t)(end - bytes) + sizeof(report) - 1;
	n += blanks(bytes + n, len - n);
	n += logtime_read(zone, bytes + n, len - n, out);
	out->body = n;
	return true;
}

/* ---- behind a time, or at the begin of a line ---- */

/* PHP's "PHP Warning:  text", behind its bracket or not. */
static enum loglevel php_level(const char *bytes, size_t len)
{
	static const struct {
		const char *text;
		enum loglevel level;
	} kinds[] = {
		{ "PHP Fatal error: ", LOGLEVEL_CRITICAL },
		{ "PHP Recoverable fatal error: ", LOGLEVEL_ERROR },
		{ "PHP Parse error: ", LOGLEVEL_ERROR },
		{ "PHP Warning: ", LOGLEVEL_WARNING },
		{ "PHP Deprecated: ", LOGLEVEL_WARNING },
		{ "PHP Notice: ", LOGLEVEL_INFO },
	};
	const char *close = memchr(bytes, ']', len < 40 ? len : 40);

	if (close != NULL && logform_begins(close, len - (size_t)(close - bytes), "] PHP ")) {
		len -= (size_t)(close + 2 - bytes);
		bytes = close + 2;
	}
	for (size_t i = 0;
	     logform_begins(bytes, len, "PHP ") && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (logform_begins(bytes, len, kinds[i].text))
			return kinds[i].level;
	return LOGLEVEL_NONE;
}

/* What GitHub's runners and others say of themselves: "##[error]text", "::error file=x::text". */
static enum loglevel runner_level(const char *bytes, size_t len)
{
	size_t end = 0;

	if (logform_begins(bytes, len, "##[") || logform_begins(bytes, len, "::"))
		for (end = bytes[0] == '#' ? 3 : 2;
		     end < len && islower((unsigned char)bytes[end]);)
			end++;
	if (end == 0 || end == len)
		return LOGLEVEL_NONE;
	if (bytes[0] == '#')
		return bytes[end] == ']' ? loglevel_word(bytes + 3, end - 3) : LOGLEVEL_NONE;
	return bytes[end] == ' ' || bytes[end] == ':' ? loglevel_word(bytes + 2, end - 2)
						      : LOGLEVEL_NONE;
}

/* npm's "npm ERR! code E404", "npm warn deprecated ..." */
static enum loglevel npm_level(const char *bytes, size_t len)
{
	const char *end =
	    logform_begins(bytes, len, "npm ") ? memchr(bytes + 4, ' ', len - 4) : NULL;

	return end != NULL ? loglevel_word(bytes + 4, (size_t)(end - bytes - 4) - (end[-1] == '!'))
			   : LOGLEVEL_NONE;
}

/* MongoDB's "I NETWORK  [listener] text", before it wrote JSON. */
static enum loglevel component_level(const char *bytes, size_t len)
{
	size_t n = 2;

	if (len < 8 || bytes[1] != ' ')
		return LOGLEVEL_NONE;
	while (n < len && isupper((unsigned char)bytes[n]))
		n++;
	if (n < 5 || blanks(bytes + n, len - n) == 0)
		return LOGLEVEL_NONE;
	n += blanks(bytes + n, len - n);
	return n < len && bytes[n] == '[' ? loglevel_letter(bytes[0]) : LOGLEVEL_NONE;
}

/* Android's "1702  2395 E Tag: text"; TensorFlow's ": E tensorflow/x.cc:12] text"; Telegraf's
 * "E! text". */
static enum loglevel letter_level(const char *bytes, size_t len)
{
	size_t n = 0;

	if (len > 3 && bytes[1] == '!' && bytes[2] == ' ')
		return loglevel_letter(*bytes);
	if (len > 6 && bytes[0] == ':' && bytes[1] == ' ' && bytes[3] == ' ')
		return loglevel_letter(bytes[2]);
	for (int i = 0; i < 2; i++) {
		size_t from = n;

		while (n < len && logstamp_is_digit(bytes[n]))
			n++;
		if (n == from || blanks(bytes + n, len - n) == 0)
			return LOGLEVEL_NONE;
		n += blanks(bytes + n, len - n);
	}
	if (n + 3 >= len || bytes[n + 1] != ' ' ||
	    memchr(bytes + n, ':', logform_near(len - n)) == NULL)
		return LOGLEVEL_NONE;
	return bytes[n] == 'V' ? LOGLEVEL_DEBUG : loglevel_letter(bytes[n]);
}

/* Ceph's "7f1c2d3e4700 -1 text", "7f1c2d3e4700  0 log_channel(cluster) log [WRN] : text". */
static enum loglevel thread_level(const char *bytes, size_t len)
{
	static const char log[] = " log [";
	const char *found, *close;
	size_t n = 0;

	while (n < len && isxdigit((unsigned char)bytes[n]))
		n++;
	if (n < 8 || n + 4 > len || bytes[n] != ' ')
		return LOGLEVEL_NONE;
	if (memcmp(bytes + n, " -1 ", 4) == 0)
		return LOGLEVEL_ERROR;
	found = memmem(bytes, logform_near(len), log, sizeof(log) - 1);
	if (found == NULL)
		return LOGLEVEL_NONE;
	found += sizeof(log) - 1;
	close = memchr(found, ']', (size_t)(bytes + len - found));
	return close != NULL ? loglevel_word(found, (size_t)(close - found)) : LOGLEVEL_NONE;
}

enum loglevel logform_level(const char *bytes, size_t len)
{
	size_t n = blanks(bytes, len);
	enum loglevel level = LOGLEVEL_NONE;

	bytes += n;
	len -= n;
	if (len < 4)
		return LOGLEVEL_NONE;
	if (logstamp_is_digit(*bytes) || (*bytes >= 'a' && *bytes <= 'f'))
		level = thread_level(bytes, len);
	if (*bytes == 'n')
		level = npm_level(bytes, len);
	else if (*bytes == '#' || *bytes == ':')
		level = runner_level(bytes, len);
	else if (isupper((unsigned char)*bytes) || *bytes == ']')
		level = php_level(bytes, len);
	if (level == LOGLEVEL_NONE && isupper((unsigned char)*bytes))
		level = component_level(bytes, len);
	if (level == LOGLEVEL_NONE)
		level = letter_level(bytes, len);
	/* apt's "E: text", "W: text" */
	if ((*bytes == 'E' || *bytes == 'W') && bytes[1] == ':' && bytes[2] == ' ')
		level = loglevel_letter(*bytes);
	return level;
}

/* ---- access logs ---- */

/* [21/Nov/2026:21:31:05 +0000] "GET / HTTP/1.1" 200 ... : the status behind the quoted request. */
void logform_request(const char *bytes, size_t len, struct logline *out)
{
	const char *end = bytes + len, *quote = memchr(bytes, '"', logform_near(len));

	while (quote != NULL &&
	       (quote = memchr(quote + 1, '"', (size_t)(end - quote - 1))) != NULL &&
	       quote[-1] == '\\')
		;
	if (quote != NULL && end - quote >= 5 && quote[1] == ' ')
		out->level = logpairs_status(quote + 2, (size_t)(end - quote - 2));
}

/* HAProxy's "frontend backend/server 0/0/1/2/3 200 512 ...": the status behind the times. */
static bool haproxy_read(const char *bytes, size_t len, struct logline *out)
{
	const char *p = bytes, *end = bytes + len;

	for (int words = 0; words < 4 && p < end; words++) {
		const char *blank = memchr(p, ' ', (size_t)(end - p));
		int slashes = 0;

		if (blank == NULL)
			return false;
		for (; p < blank && (logstamp_is_digit(*p) || strchr("/-+", *p) != NULL) &&
		       *p != '\0';
		     p++)
			slashes += *p == '/';
		if (p == blank && slashes == 4) {
			out->level = logpairs_status(p + 1, (size_t)(end - p - 1));
			return true;
		}
		p = blank + 1;
	}
	return false;
}

/* HOST - USER [21/Nov/2026:21:31:05 +0000] "GET / HTTP/1.1" 200 ... */
bool logform_access(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out)
{
	const char *end = bytes + len, *open = memchr(bytes, '[', logform_near(len));
	size_t n;

	if (open == NULL || end - open < 24 || open == bytes || open[-1] != ' ' ||
	    (open[3] != '/' && open[2] != '/'))
		return false;
	n = logtime_read(zone, open + 1, (size_t)(end - open - 1), out);
	if (n == 0)
		return false;
	open += 1 + n;
	if (end - open > 3 && open[0] == ']' && open[2] == '"') {
		logform_request(open, (size_t)(end - open), out);
		return true;
	}
	if (end - open > 3 && haproxy_read(open + 2, (size_t)(end - open - 2), out))
		return true;
	out->at = 0;
	return false;
}
