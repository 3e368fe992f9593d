/* Probe type "log": a line was seen, or was not. */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"
#include "sources/log.h"
#include "sources/types.h"

#define WITHIN_US (300 * CLOCK_US)

static const char *const levels[] = { "debug", "info", "warning", "error", "critical", NULL };

static const struct field fields[] = {
	{ "log", FIELD_SOURCE, true, "a declared log", "log", NULL },
	{ "shows", FIELD_REGEX, false, "a line matches", NULL, NULL },
	{ "silent", FIELD_REGEX, false, "no line matches", NULL, NULL },
	{ "within", FIELD_DURATION, false,
	  "how far back it looks (5m); never before a step's end (or its start of a service)", NULL,
	  NULL },
	{ "at_least", FIELD_INT, false, "of shows: how often (1)", NULL, NULL },
	{ "for", FIELD_DURATION, false, "of silent: so long; unknown until that time has passed",
	  NULL, NULL },
	{ "level", FIELD_CHOICE, false, "only lines of this level or a worse one", NULL, levels },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const questions[] = { "shows", "silent", NULL };
static const char *const *const one_of[] = { questions, NULL };

/* The span that is looked at, and what it was asked. */
struct asked {
	int64_t now, since, for_;
	uint64_t at_least;
	bool bounded; /* by the environment's `since` */
	char span[40];
};

/* The latest hit with its time, unless the line shows a time itself. */
static void hit_text(const struct log_hits *hits, char *out, size_t size)
{
	const char *text = hits->latest.text;
	size_t mark = text[0] == '[' ? 1 : 0;
	bool dated = strspn(text + mark, "0123456789") == 4 && strchr("-/", text[mark + 4]) != NULL;
	char at[TIME_RFC3339_MAX];

	if (dated || hits->latest.at == 0)
		snprintf(out, size, "%.240s", text);
	else
		snprintf(out, size, "%s %.240s", time_clock(hits->latest.at, at), text);
}

static const char given_up[] = "the pattern took too long on a line, and was given up: simplify it";

static void shows(const struct asked *asked, const struct log_hits *hits, struct reading *out)
{
	bool enough = hits->count >= asked->at_least;
	char hit[READING_TEXT];

	if (!enough && hits->given_up) {
		reading_unknown(out, asked->now, "%s", given_up);
		return;
	}
	if (!enough && !hits->reaches) {
		reading_unknown(out, asked->now,
				"only lines of less than %s are in memory, %llu match", asked->span,
				(unsigned long long)hits->count);
		return;
	}
	if (hits->count == 0) {
		reading_fail(out, asked->now, "no line matches in %s (%llu lines)", asked->span,
			     (unsigned long long)hits->lines);
		return;
	}
	hit_text(hits, hit, sizeof(hit));
	reading_judge(out, enough, asked->now, "%s%llu in %s: %s", enough ? "" : "only ",
		      (unsigned long long)hits->count, asked->span, hit);
}

static void silent(const struct asked *asked, const struct log_hits *hits, struct reading *out)
{
	bool short_ = asked->bounded && asked->now - asked->since < asked->for_;
	char hit[READING_TEXT], want[40];

	hit_text(hits, hit, sizeof(hit));
	if (hits->count > 0)
		reading_fail(out, asked->now, "%llu in %s: %s", (unsigned long long)hits->count,
			     asked->span, hit);
	else if (short_)
		reading_unknown(out, asked->now, "silent for %s of %s so far", asked->span,
				duration_text(asked->for_, want, sizeof(want)));
	else if (hits->given_up)
		reading_unknown(out, asked->now, "%s", given_up);
	else if (!hits->reaches)
		reading_unknown(out, asked->now,
				"the part of the log that was read begins later than %s ago",
				asked->span);
	else
		reading_pass(out, asked->now, "no line matches in %s (%llu lines)", asked->span,
			     (unsigned long long)hits->lines);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct source *source = env->source(env->data, json_str(args, "log", ""));
	const char *pattern = json_str(args, "shows", json_str(args, "silent", NULL));
	const char *level_text = json_str(args, "level", "none");
	struct asked asked = { .now = clock_wall(env->clock), .for_ = json_us(args, "for", 0) };
	enum loglevel level = LOGLEVEL_NONE;
	struct log_status status;
	struct log_hits hits;
	struct err err = ERR_INIT;
	int64_t bound;
	double times = json_num(args, "at_least", 1);

	loglevel_parse(level_text, &level);
	asked.at_least = times < 1 ? 1 : (uint64_t)times;
	asked.since = asked.now - json_us(args, "within", asked.for_ > 0 ? asked.for_ : WITHIN_US);
	bound = json_object_get(args, "shows") && env->shown_since ? env->shown_since : env->since;
	asked.bounded = bound > asked.since;
	if (asked.bounded)
		asked.since = bound;
	duration_text(asked.now - asked.since, asked.span, sizeof(asked.span));
	if (!log_is(source) || pattern == NULL) {
		reading_unknown(out, asked.now, "the log is not being followed");
		return;
	}
	/* Also before anything was read: then the pattern sees all of it. */
	log_watch(source, pattern, level, NULL);
	log_status(source, &status);
	if (status.state != LOG_FOLLOWING)
		reading_unknown(out, asked.now, "%s: %s", status.path,
				status.state == LOG_READING ? "still being read" : status.why);
	else if (log_hits(source, pattern, level, asked.since, &hits, &err) < 0)
		reading_unknown(out, asked.now, "%s", err.msg);
	else if (json_object_get(args, "shows") != NULL)
		shows(&asked, &hits, out);
	else
		silent(&asked, &hits, out);
}

static void watch(const struct probe_env *env, const json_t *args)
{
	struct source *source = env->source(env->data, json_str(args, "log", ""));
	const char *pattern = json_str(args, "shows", json_str(args, "silent", NULL));
	enum loglevel level = LOGLEVEL_NONE;

	loglevel_parse(json_str(args, "level", "none"), &level);
	if (log_is(source) && pattern != NULL)
		log_watch(source, pattern, level, NULL);
}

const struct probe_type probe_log = {
	.type = { .name = "log",
		  .help = "a log line was seen, or was not",
		  .fields = fields,
		  .one_of = one_of },
	.eval = eval,
	.watch = watch,
};
