/* One or two logs and a view of them. */
#ifndef TESTS_UNIT_LOGVIEWFIXTURE_H
#define TESTS_UNIT_LOGVIEWFIXTURE_H

#include "tests/unit/logfixture.h"

#include "lib/mem.h"
#include "sources/logview.h"

enum { ROWS = 20, SECOND = 1000000 };

struct desk {
	struct fixture log[2];
	const struct source *sources[2];
	struct logview *view;
	size_t n;
};

static struct desk *desk;

static inline void open_logs(void **state, size_t n, int max_lines)
{
	static const char *const names[] = { "bot.log", "api.log" };

	desk = xcalloc(1, sizeof(*desk));
	desk->n = n;
	for (size_t i = 0; i < n; i++) {
		struct fixture *f = &desk->log[i];

		begin(f, state, false, &clock_system);
		free(f->path);
		f->path = path_join(f->folder, names[i]);
		scratch_puts(f->path, "");
		follow(f, max_lines);
		desk->sources[i] = f->source;
	}
	desk->view = logview_new(desk->sources, n);
}

static inline void close_logs(void)
{
	logview_free(desk->view);
	for (size_t i = 0; i < desk->n; i++)
		end(&desk->log[i]);
	free(desk);
}

/* Lets everything come in and be looked for. */
static inline void settle(void)
{
	for (size_t i = 0; i < desk->n; i++)
		sample(&desk->log[i]);
	while (logview_work(desk->view, ROWS, SECOND))
		;
}

static inline void put(size_t log, const char *text)
{
	scratch_puts(desk->log[log].path, text);
}

/* A record at so many seconds past an hour. */
static inline void put_at(size_t log, int second, const char *level, const char *text)
{
	char line[300];

	snprintf(line, sizeof(line), "2026-01-02 21:%02d:%02d,000 - bot - %s - %s\n", second / 60,
		 second % 60, level, text);
	put(log, line);
}

static inline const char *text_at(size_t i)
{
	const struct logview_record *record = logview_at(desk->view, i);

	assert_non_null(record);
	return record->text;
}

/* The ends of the page's texts, one after the other. */
static inline const char *page(void)
{
	static char out[4096];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < logview_count(desk->view) && used < sizeof(out) - 100; i++) {
		const char *text = text_at(i), *last = strrchr(text, ' ');

		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s", i ? " " : "",
					 last ? last + 1 : text);
	}
	return out;
}

/* The last word of the record so far from the cursor. */
static inline const char *beside(int by)
{
	const char *text = text_at(logview_cursor(desk->view) + (size_t)by),
		   *last = strrchr(text, ' ');

	return last ? last + 1 : text;
}

static inline const char *selected(void)
{
	return beside(0);
}

static inline void only(const char *pattern)
{
	assert_int_equal(logview_pattern(desk->view, LOGVIEW_ONLY, pattern, NULL), 0);
	settle();
}

static inline void seek(enum logview_goal goal, bool newer)
{
	logview_seek(desk->view, goal, newer);
	settle();
}

static inline void move(long by)
{
	logview_move(desk->view, by);
	settle();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

#endif
