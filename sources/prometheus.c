/* What a program tells Prometheus: samples, and how fast its counters grow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "sources/httppoll.h"
#include "sources/promseries.h"
#include "sources/types.h"

#define EVERY_US  (10 * CLOCK_US)
#define SECOND_US CLOCK_US /* a rate takes two scrapes: the second one comes soon */
#define WINDOW_US (60 * CLOCK_US)
#define TEXT_MAX  ((size_t)16 << 20)

static const struct field fields[] = {
	{ "url", FIELD_STRING, true, "what is scraped: http:// or https://", NULL, NULL },
	{ "socket", FIELD_PATH, false, "connect to this unix socket", NULL, NULL },
	{ "ca", FIELD_PATH, false, "certificates that are trusted instead of the system's", NULL,
	  NULL },
	{ "headers", FIELD_MAP, false, "further request headers", NULL, NULL },
	{ "timeout", FIELD_DURATION, false, "no answer within this time is no answer (10s)", NULL,
	  NULL },
	{ "every", FIELD_DURATION, false, "how often it is scraped (10s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const of_choices[] = { "sum", "max", "min", "mean", "count", NULL };

static const struct field metric_fields[] = {
	{ "sample", FIELD_STRING, false, "its name; of \"quantile\" without \"_bucket\"", NULL,
	  NULL },
	{ "labels", FIELD_MAP, false, "only samples with these labels", NULL, NULL },
	{ "of", FIELD_CHOICE, false, "of \"sample\": what is made of several that match (sum)",
	  NULL, of_choices },
	{ "window", FIELD_DURATION, false, "of \"rate\" and \"quantile\": over which time (1m)",
	  NULL, NULL },
	{ "percent", FIELD_NUMBER, false, "of \"quantile\": 95 is the 95th percentile (95)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "sample", "", "the value of a sample" },
	{ "rate", "/s", "growth of a counter a second; a restart is no loss" },
	{ "increase", "", "growth of a counter in the window" },
	{ "quantile", "", "a percentile from a histogram's buckets, of what came in the window" },
	{ "ms", "ms", "time until the whole answer was there" },
	{ "up", "", "1 when it could be scraped, else 0" },
	{ NULL, NULL, NULL },
};

struct prometheus {
	struct source source; /* first */
	struct httppoll poll;
	struct buf text;		  /* of the latest good scrape */
	int64_t text_at;		  /* wall time; 0: none yet */
	bool cut;			  /* the latest one was too long: half of it is no sum */
	struct prom_selector **selectors; /* owned: one for each kind of question so far */
	size_t nselectors, cap;
};

static bool is_good(const struct httppoll *poll)
{
	return poll->status >= 200 && poll->status < 300;
}

static void on_answer(const struct http_reply *reply, void *data)
{
	struct prometheus *prom = data;

	prom->cut = reply->lost > 0;
	if (!is_good(&prom->poll) || prom->cut)
		return;
	buf_cut(&prom->text, 0);
	buf_add(&prom->text, buf_str(&reply->body), reply->body.len);
	prom->text_at = prom->poll.at;
	for (size_t i = 0; i < prom->nselectors; i++)
		prom_selector_feed(prom->selectors[i], &prom->text, prom->text_at);
}

static struct prom_selector *selector_of(struct prometheus *prom, const char *name,
					 const json_t *labels)
{
	for (size_t i = 0; i < prom->nselectors; i++)
		if (prom_selector_is(prom->selectors[i], name, labels))
			return prom->selectors[i];
	prom->selectors = xgrow(prom->selectors, &prom->cap, prom->nselectors + 1,
				sizeof(struct prom_selector *));
	prom->selectors[prom->nselectors] = prom_selector_new(name, labels);
	if (prom->text_at != 0)
		prom_selector_feed(prom->selectors[prom->nselectors], &prom->text, prom->text_at);
	if (prom->poll.job == NULL && prom->poll.every > SECOND_US)
		prom->poll.next = clock_mono(prom->source.env->clock) + SECOND_US;
	return prom->selectors[prom->nselectors++];
}

static void prometheus_sample(struct source *source)
{
	httppoll_sample(&((struct prometheus *)source)->poll);
}

static void prometheus_close(struct source *source)
{
	struct prometheus *prom = (struct prometheus *)source;

	httppoll_release(&prom->poll);
	for (size_t i = 0; i < prom->nselectors; i++)
		prom_selector_free(prom->selectors[i]);
	free(prom->selectors);
	buf_release(&prom->text);
	free(prom);
}

static struct source *prometheus_open(const struct source_env *env, const char *name,
				      const json_t *args, struct err *err)
{
	struct prometheus *prom = xcalloc(1, sizeof(*prom));

	(void)err;
	source_init(&prom->source, &source_prometheus, env, name);
	httppoll_init(&prom->poll, env, args, EVERY_US);
	prom->poll.request.max = TEXT_MAX;
	prom->poll.answered = on_answer;
	prom->poll.data = prom;
	return &prom->source;
}

/* From which scrape on growth counts. */
struct span {
	int64_t from;	/* the one nearest before this */
	int64_t oldest; /* but none before this */
};

/* Nothing before `since` counts; and across a time in which nothing was told, nobody knows when
 * what has grown did so. */
static struct span span_of(const struct prometheus *prom, const json_t *metric, int64_t since)
{
	int64_t window = json_us(metric, "window", WINDOW_US), slack = 2 * prom->poll.every;
	struct span span = { .from = prom->text_at - window };

	span.oldest = span.from - (window > slack ? window : slack);
	if (span.oldest < since)
		span.oldest = since;
	if (span.from < since)
		span.from = since;
	return span;
}

static void growth_read(const struct prom_selector *selector, const char *name, bool rate,
			struct span span, struct reading *out)
{
	int64_t first, last;
	double growth = prom_selector_growth(selector, span.from, span.oldest, &first, &last);
	char text[48];

	if (prom_selector_is_full(selector)) {
		reading_unknown(out, last, "%s: more than %d series; choose some by their labels",
				name, PROM_SERIES);
		return;
	}
	if (last <= first) {
		reading_unknown(out, last, "%s: growth takes two scrapes", name);
		return;
	}
	if (rate)
		reading_value(out, last, growth / ((double)(last - first) / CLOCK_US), "/s");
	else
		reading_value(out, last, growth, "");
	snprintf(out->evidence, sizeof(out->evidence), "%.120s: %.6g more in %s", name, growth,
		 duration_text(last - first, text, sizeof(text)));
}

static void quantile_read(struct prometheus *prom, const json_t *metric, const char *name,
			  struct span span, struct reading *out)
{
	char *buckets = xasprintf("%s_bucket", name);
	struct prom_selector *selector =
	    selector_of(prom, buckets, json_object_get(metric, "labels"));
	double value = prom_selector_quantile(selector, span.from, span.oldest,
					      json_num(metric, "percent", 95) / 100);

	if (prom_selector_matched(selector) == 0)
		reading_unknown(out, prom->text_at, "it has no sample %s", buckets);
	else if (prom_selector_is_full(selector))
		reading_unknown(out, prom->text_at,
				"%s: more than %d series; choose some by their labels", buckets,
				PROM_SERIES);
	else if (isnan(value))
		reading_unknown(out, prom->text_at, "%s: nothing came in the window", name);
	else
		reading_value(out, prom->text_at, value, "");
	free(buckets);
}

static void sample_read(struct prometheus *prom, const json_t *metric, int64_t since,
			struct reading *out)
{
	const char *read = json_str(metric, "read", ""), *name = json_str(metric, "sample", NULL);
	struct span span = span_of(prom, metric, since);
	struct prom_selector *selector;
	double value;

	if (name == NULL) {
		reading_unknown(out, prom->text_at, "\"%s\" needs a \"sample\"", read);
		return;
	}
	if (strcmp(read, "quantile") == 0) {
		quantile_read(prom, metric, name, span, out);
		return;
	}
	selector = selector_of(prom, name, json_object_get(metric, "labels"));
	value = prom_selector_value(selector, json_str(metric, "of", "sum"));
	if (prom_selector_matched(selector) == 0)
		reading_unknown(out, prom->text_at, "it has no sample %s%s", name,
				json_object_get(metric, "labels") ? " with these labels" : "");
	else if (strcmp(read, "sample") != 0)
		growth_read(selector, name, strcmp(read, "rate") == 0, span, out);
	else if (!isfinite(value))
		reading_unknown(out, prom->text_at, "%s is no number", name);
	else
		reading_value(out, prom->text_at, value, "");
}

/* With the reason when it is not. */
static void up_read(const struct httppoll *poll, struct reading *out)
{
	reading_value(out, poll->at, is_good(poll) ? 1 : 0, "");
	if (!is_good(poll))
		snprintf(out->evidence, sizeof(out->evidence), "%s",
			 poll->status == 0 ? poll->why : poll->line);
}

static void prometheus_read(struct source *source, const json_t *metric, int64_t since,
			    struct reading *out)
{
	struct prometheus *prom = (struct prometheus *)source;
	const struct httppoll *poll = &prom->poll;
	const char *read = json_str(metric, "read", "");

	if (strcmp(read, "up") == 0 && httppoll_asked(poll, since))
		up_read(poll, out);
	else if (httppoll_missing(poll, since, out))
		return;
	else if (!is_good(poll))
		reading_unknown(out, poll->at, "status %d", poll->status);
	else if (strcmp(read, "ms") == 0)
		reading_value(out, poll->at, (double)poll->elapsed / 1000, "ms");
	else if (prom->cut)
		reading_unknown(out, poll->at, "it tells more than %zu MB", TEXT_MAX >> 20);
	else
		sample_read(prom, metric, since, out);
}

static void prometheus_tell(struct source *source, struct buf *out)
{
	httppoll_tell(&((struct prometheus *)source)->poll, out);
}

const struct source_type source_prometheus = {
	.type = { .name = "prometheus",
		  .help = "what a program tells Prometheus",
		  .fields = fields,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.open = prometheus_open,
	.close = prometheus_close,
	.sample = prometheus_sample,
	.read = prometheus_read,
	.tell = prometheus_tell,
};
