#include "logs/ledger_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

static const char hash_key[] = ",\"hash\":\"", line_end[] = "\"}";

enum {
	KEY_LEN = sizeof(hash_key) - 1,
	HASH_LEN = SHA256_HEX - 1,
	TAIL_LEN = KEY_LEN + HASH_LEN + sizeof(line_end) - 1,
};

int line_check_fields(const json_t *fields, struct err *err)
{
	static const char *const reserved[] = { "seq",	 "at",	 "boot", "mono", "by",
						"event", "torn", "prev", "hash" };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (json_object_get(fields, reserved[i]))
			return err_set(err, "an event has no field \"%s\" of its own", reserved[i]);
	return 0;
}

static void add_json(struct buf *out, const char *key, const json_t *value)
{
	char *text = json_line(value);

	buf_printf(out, "\"%s\":%s", key, text);
	free(text);
}

/* The members of an object, each with a comma before it. */
static void add_members(struct buf *out, const json_t *fields)
{
	char *text;
	size_t len;

	if (json_object_size(fields) == 0)
		return;
	text = json_line(fields);
	len = strlen(text);
	buf_putc(out, ',');
	buf_add(out, text + 1, len - 2);
	free(text);
}

void line_make(struct buf *out, const struct line_stamp *stamp, const char *event,
	       const json_t *fields, char hash[SHA256_HEX])
{
	size_t start = out->len;
	char at[TIME_RFC3339_MAX];
	json_t *name = json_string(event);

	buf_printf(out, "{\"seq\":%" PRIu64 ",\"at\":\"%s\",\"boot\":\"%s\",\"mono\":%lld.%06lld,",
		   stamp->head->seq + 1, time_rfc3339(stamp->at, at), stamp->boot,
		   stamp->mono / CLOCK_US, stamp->mono % CLOCK_US);
	add_json(out, "by", stamp->by);
	buf_putc(out, ',');
	add_json(out, "event", name);
	add_members(out, fields);
	if (stamp->torn) {
		buf_putc(out, ',');
		add_json(out, "torn", stamp->torn);
	}
	buf_printf(out, ",\"prev\":\"%s\"", stamp->head->hash);
	sha256_hex(out->data + start, out->len - start, hash);
	buf_printf(out, "%s%s%s\n", hash_key, hash, line_end);
	json_decref(name);
}

bool line_hash_holds(const char *bytes, size_t len, char hash[SHA256_HEX])
{
	const char *tail = len > TAIL_LEN ? bytes + len - TAIL_LEN : NULL;

	if (!tail || memcmp(tail, hash_key, KEY_LEN) != 0 ||
	    memcmp(tail + KEY_LEN + HASH_LEN, line_end, sizeof(line_end) - 1) != 0)
		return false;
	sha256_hex(bytes, len - TAIL_LEN, hash);
	return memcmp(tail + KEY_LEN, hash, HASH_LEN) == 0;
}

/* A whole number above 0; 0: it is none. */
static uint64_t seq_of(const struct jflat_member *member)
{
	uint64_t seq = 0;

	if (!member || member->kind != JFLAT_INTEGER || member->len > 18)
		return 0;
	for (size_t i = 0; i < member->len; i++) {
		if (member->text[i] < '0' || member->text[i] > '9')
			return 0;
		seq = seq * 10 + (uint64_t)(member->text[i] - '0');
	}
	return seq;
}

int line_read(const char *bytes, size_t len, struct jflat *fields, struct ledger_line *line,
	      const char **problem)
{
	*line = (struct ledger_line){ .bytes = bytes, .len = len, .fields = fields };
	if (jflat_read(fields, bytes, len) == 0) {
		line->seq = seq_of(jflat_get(fields, "seq"));
		line->event = jflat_str(fields, "event", NULL);
	}
	if (line->seq && line->event &&
	    time_parse_rfc3339(jflat_str(fields, "at", ""), &line->at) == 0)
		return 0;
	*problem = "is no line of a ledger, though its hash matches";
	return -1;
}

bool line_is_torn(const char *bytes, size_t len)
{
	char hash[SHA256_HEX];

	for (size_t end = TAIL_LEN; end < len; end++)
		if (bytes[end - 1] == '}' && line_hash_holds(bytes, end, hash))
			return false;
	return true;
}
