/* Asks about one file: there, new enough, large enough, holds a text, has a checksum. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/rx.h"
#include "lib/sha256.h"
#include "lib/size.h"
#include "lib/timefmt.h"
#include "sources/probe.h"
#include "sources/types.h"

/* Larger files are not searched: a log belongs to the log probe. */
enum { SEARCH_MAX = 64 << 20 };

static const struct field fields[] = {
	{ "file", FIELD_PATH, true, "the file (or folder, for exists and newer_than)", NULL, NULL },
	{ "exists", FIELD_BOOL, false, "it is there, or it is not", NULL, NULL },
	{ "newer_than", FIELD_DURATION, false, "it was changed within this time", NULL, NULL },
	{ "larger_than", FIELD_SIZE, false, "it has more bytes than this", NULL, NULL },
	{ "contains", FIELD_REGEX, false, "its text matches this pattern", NULL, NULL },
	{ "sha256", FIELD_STRING, false, "its SHA-256 is this", NULL, NULL },
	{ 0 },
};

static const char *const one_of[] = { "exists",	  "newer_than", "larger_than",
				      "contains", "sha256",	NULL };
static const char *const *const groups[] = { one_of, NULL };

struct question {
	const json_t *args;
	const char *path;
	const struct stat *st;
	int64_t now;
	struct reading *out;
};

static int ask_newer(struct question *q, struct err *err)
{
	/* The kernel dates files by the system's clock. */
	int64_t changed =
	    q->st->st_mtim.tv_sec * CLOCK_US + q->st->st_mtim.tv_nsec / 1000 + clock_ahead();
	long long limit = json_us(q->args, "newer_than", -1);
	char age[40], most[40];

	if (limit < 0)
		return err_set(err, "newer_than is no duration");
	reading_judge(q->out, q->now - changed <= limit, q->now, "changed %s ago, %s is the limit",
		      duration_text(q->now - changed, age, sizeof(age)),
		      duration_text(limit, most, sizeof(most)));
	return 0;
}

static int ask_larger(struct question *q, struct err *err)
{
	int64_t least;
	char has[32], most[32];

	if (size_of(json_object_get(q->args, "larger_than"), &least) < 0)
		return err_set(err, "larger_than is no size");
	reading_judge(q->out, q->st->st_size > least, q->now, "%s, more than %s is asked",
		      size_text(q->st->st_size, has, sizeof(has)),
		      size_text(least, most, sizeof(most)));
	q->out->has_value = true;
	q->out->value = (double)q->st->st_size;
	snprintf(q->out->unit, sizeof(q->out->unit), "B");
	return 0;
}

static int ask_contains(struct question *q, struct err *err)
{
	struct rx *rx = rx_new(json_str(q->args, "contains", ""), false, err);
	struct buf text = BUF_INIT;
	size_t from, to, line = 1;
	int rc = -1;

	if (!rx || file_read(q->path, &text, SEARCH_MAX, err) < 0)
		goto out;
	if (!rx_find(rx, buf_str(&text), text.len, 0, &from, &to)) {
		if (rx_judge(rx, buf_str(&text), text.len) < 0)
			err_set(err, "the pattern took too long, and was given up: simplify it");
		else
			reading_fail(q->out, q->now, "nothing in it matches");
		rc = err->set ? -1 : 0;
		goto out;
	}
	rc = 0;
	for (size_t i = 0; i < from; i++)
		line += text.data[i] == '\n';
	reading_pass(q->out, q->now, "line %zu: %.*s", line,
		     (int)(to - from < 160 ? to - from : 160), buf_str(&text) + from);
out:
	buf_release(&text);
	rx_free(rx);
	return rc;
}

static int ask_sha256(struct question *q, struct err *err)
{
	const char *wanted = json_str(q->args, "sha256", "");
	char hex[SHA256_HEX];

	if (sha256_file(q->path, hex, err) < 0)
		return -1;
	reading_judge(q->out, strcasecmp(hex, wanted) == 0, q->now, "SHA-256 %s", hex);
	snprintf(q->out->text, sizeof(q->out->text), "%s", hex);
	return 0;
}

static int ask(struct question *q, struct err *err)
{
	char size[32];

	if (json_object_get(q->args, "exists")) {
		reading_judge(q->out, json_bool(q->args, "exists", true) != 0, q->now,
			      "%s is there, %s", q->path,
			      size_text(q->st->st_size, size, sizeof(size)));
		return 0;
	}
	if (json_object_get(q->args, "newer_than"))
		return ask_newer(q, err);
	if (!S_ISREG(q->st->st_mode))
		return err_set(err, "%s is no regular file", q->path);
	if (json_object_get(q->args, "larger_than"))
		return ask_larger(q, err);
	if (json_object_get(q->args, "contains"))
		return ask_contains(q, err);
	if (json_object_get(q->args, "sha256"))
		return ask_sha256(q, err);
	return err_set(err, "the probe does not say what to ask");
}

static void file_eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct stat st;
	struct question q = { .args = args,
			      .path = json_str(args, "file", ""),
			      .st = &st,
			      .now = clock_wall(env->clock),
			      .out = out };
	struct err err = ERR_INIT;

	if (stat(q.path, &st) < 0) {
		/* A missing file is an answer; one that can't be looked at is none. */
		if (errno == ENOENT || errno == ENOTDIR)
			reading_judge(out,
				      json_object_get(args, "exists") &&
					  !json_bool(args, "exists", true),
				      q.now, "%s is not there", q.path);
		else
			reading_unknown(out, q.now, "%s: %s", q.path, strerror(errno));
		return;
	}
	if (ask(&q, &err) < 0)
		reading_unknown(out, q.now, "%s", err.msg);
}

const struct probe_type probe_file = {
	.type = { .name = "file",
		  .help = "a file's presence, age, size or content",
		  .fields = fields,
		  .one_of = groups },
	.blocks = true,
	.eval = file_eval,
};
