/* What the log panel says of itself: on its borders, and of logs that can't be read. */
#include <string.h>

#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/panel_log.h"

#define QUIET_US (60 * CLOCK_US)
#define DAY_US	 (86400 * CLOCK_US)

/* All logs as one: the worst state, the newest line. */
static void status_join(const struct log_panel *log, struct log_status *out, size_t *sick)
{
	*sick = 0;
	for (size_t i = 0; i < log->n; i++) {
		struct log_status one;
		double rate = i ? out->lines_per_minute : 0;
		int64_t at = i ? out->newest_at : 0;

		log_status(log->logs[i], &one);
		*sick += one.state == LOG_MISSING || one.state == LOG_FAILED;
		if (i == 0 || one.state > out->state)
			*out = one;
		out->lines_per_minute = rate + one.lines_per_minute;
		out->newest_at = at > one.newest_at ? at : one.newest_at;
	}
}

/* Nothing new for so long; 0: lines come, or none ever had a time. */
static int64_t quiet_for(const struct ui *ui, const struct log_status *status)
{
	int64_t since = status->newest_at ? ui_now(ui) - status->newest_at : 0;

	return since >= QUIET_US ? since : 0;
}

/* Much longer than this log's pauses usually are. */
static bool quiet_unusual(struct log_panel *log, int64_t quiet)
{
	uint64_t lines = 0;
	struct log_status status;

	for (size_t i = 0; i < log->n; i++) {
		log_status(log->logs[i], &status);
		lines += status.lines;
	}
	if (lines != log->paused_at)
		log->pause = logview_pause(log->view);
	log->paused_at = lines;
	return quiet > 3 * log->pause;
}

void log_status_text(struct ui *ui, struct log_panel *log, char *out, size_t size,
		     enum style *style)
{
	struct log_status status;
	char text[48], number[32];
	uint64_t missed, errors;
	int64_t quiet;
	size_t sick;

	status_join(log, &status, &sick);
	missed = logview_missed(log->view, &errors);
	quiet = quiet_for(ui, &status);
	*style = STYLE_DIM;
	if (logview_held(log->view)) {
		size_t used = (size_t)snprintf(out, size, "HELD");

		*style = errors ? STYLE_CRITICAL : STYLE_WARNING;
		if (missed)
			used +=
			    (size_t)snprintf(out + used, size - used, "  %s new",
					     number_text((double)missed, number, sizeof(number)));
		if (errors)
			snprintf(out + used, size - used, ", %s error%s",
				 number_text((double)errors, number, sizeof(number)),
				 errors == 1 ? "" : "s");
	} else if (sick) {
		const char *word = status.state == LOG_MISSING ? "MISSING" : "FAILED";

		*style = STYLE_CRITICAL;
		if (log->n > 1)
			snprintf(out, size, "%zu of %zu %s", sick, log->n, word);
		else
			snprintf(out, size, "%s", word);
	} else if (status.state == LOG_READING) {
		snprintf(out, size, "reading");
	} else if (quiet) {
		*style = quiet_unusual(log, quiet) ? STYLE_WARNING : STYLE_DIM;
		snprintf(out, size, "quiet for %s",
			 duration_text(quiet / QUIET_US * QUIET_US, text, sizeof(text)));
	} else {
		snprintf(out, size, "%s/min  following",
			 number_text(status.lines_per_minute, number, sizeof(number)));
	}
}

/* One filter after the other, each as its key ends it. `patterns`: with the texts of those that
 * hide lines. */
static void filters_text(const struct log_panel *log, bool patterns, char *out, size_t size)
{
	enum loglevel least = logview_least_now(log->view);
	const char *only = logview_pattern_text(log->view, LOGVIEW_ONLY);
	const char *without = logview_pattern_text(log->view, LOGVIEW_WITHOUT);
	const char *search = logview_pattern_text(log->view, LOGVIEW_SEARCH);
	size_t used = 0;

	*out = '\0';
	if (least != LOGLEVEL_NONE)
		used += (size_t)snprintf(out + used, size - used, ", %s",
					 least == LOGLEVEL_ERROR ? "errors" : "warnings");
	if (!patterns && (only || without))
		used += (size_t)snprintf(out + used, size - used, ", filtered");
	if (patterns && only)
		used += (size_t)snprintf(out + used, size - used, ", only \"%.60s\"", only);
	if (patterns && without)
		used += (size_t)snprintf(out + used, size - used, ", not \"%.60s\"", without);
	if (patterns && search)
		snprintf(out + used, size - used, ", /%.60s", search);
}

bool log_title_text(const struct log_panel *log, const struct panel *panel, int room, char *out,
		    size_t size)
{
	char filters[300];

	filters_text(log, true, filters, sizeof(filters));
	snprintf(out, size, "%s%s", panel->title, filters);
	if (text_width(out) <= room)
		return true;
	filters_text(log, false, filters, sizeof(filters));
	snprintf(out, size, "%s%s", panel->title, filters);
	return false;
}

void log_end_text(const struct log_panel *log, char *out, size_t size)
{
	size_t used = 0, begun = 0;

	*out = '\0';
	for (size_t i = 0; i < log->n; i++)
		begun += logview_end(log->view, i) == LOG_BEGIN;
	if (log->n > 1 && begun == log->n) {
		snprintf(out, size, "the logs begin here");
		return;
	}
	for (size_t i = 0; i < log->n; i++) {
		enum log_found end = logview_end(log->view, i);
		char why[200];

		if (end == LOG_LINE || used >= size)
			continue;
		log_found_text(log->logs[i], end, why, sizeof(why));
		used +=
		    (size_t)snprintf(out + used, size - used, "%s%s%s%s", used ? "; " : "",
				     log->n > 1 ? log->names[i] : "", log->n > 1 ? ": " : "", why);
	}
}

/* How far back the selected record is. */
static void place_text(const struct log_panel *log, char *out, size_t size)
{
	size_t cursor = logview_cursor(log->view);
	const struct logview_record *record = logview_at(log->view, cursor);
	char at[TIME_RFC3339_MAX], back[48];
	struct log_status status;
	int64_t back_us;
	size_t sick;

	*out = '\0';
	if (!logview_held(log->view) || !record)
		return;
	if (cursor == 0 && logview_at_oldest(log->view)) {
		log_end_text(log, out, size);
		return;
	}
	status_join(log, &status, &sick);
	if (!record->at)
		return;
	back_us = status.newest_at > record->at ? status.newest_at - record->at : 0;
	snprintf(out, size, "%s, %s back",
		 status.newest_at / DAY_US == record->at / DAY_US ? time_clock(record->at, at)
								  : time_datetime(record->at, at),
		 duration_text(back_us / CLOCK_US * CLOCK_US, back, sizeof(back)));
}

/* Millions as people say them. */
static char *lines_text(uint64_t lines, char *out, size_t size)
{
	if (lines < 100000)
		snprintf(out, size, "%u,000", (unsigned)(lines / 1000));
	else
		snprintf(out, size, "%.1f M", (double)lines / 1e6);
	return out;
}

static void news_text(struct log_panel *log, bool more, char *out, size_t size)
{
	uint64_t looked = logview_looked(log->view), unsure = logview_unsure(log->view);
	char lines[32];

	*out = '\0';
	if (logview_outcome(log->view) == LOGVIEW_NONE && log->sought)
		snprintf(out, size, "no %s", log->sought);
	else if (more && looked >= 1000)
		snprintf(out, size, "still looking, %s lines (Esc stops)",
			 lines_text(looked, lines, sizeof(lines)));
	else if (logview_is_short(log->view))
		snprintf(out, size, "that is all of %s lines (PgUp looks further)",
			 lines_text(looked, lines, sizeof(lines)));
	else if (unsure)
		snprintf(out, size, "the pattern gave up on %llu line%s: shown, not hidden",
			 (unsigned long long)unsure, unsure == 1 ? "" : "s");
}

void log_border_draw(struct log_panel *log, bool filters, bool more, const struct canvas *canvas)
{
	struct canvas row = canvas_part(canvas, canvas->h - 1, 2, 1, canvas->w - 4);
	char place[400], news[200], texts[300];
	int x = 0;

	news_text(log, more, news, sizeof(news));
	place_text(log, place, sizeof(place));
	filters_text(log, true, texts, sizeof(texts));
	if (news[0])
		x = canvas_printf(&row, 0, x, STYLE_WARNING, " %s ", news) + 1;
	if (filters && texts[0])
		x = canvas_printf(&row, 0, x, STYLE_WARNING, " %s ", texts + 2) + 1;
	if (place[0])
		canvas_printf(&row, 0, x, STYLE_DIM, " %s ", place);
}

int log_troubles_draw(const struct log_panel *log, const struct canvas *inside)
{
	int y = inside->h;

	for (size_t i = log->n; i-- > 0 && y > 0;) {
		struct log_status status;
		char text[600];
		int rows;

		log_status(log->logs[i], &status);
		if (status.state != LOG_MISSING && status.state != LOG_FAILED)
			continue;
		snprintf(text, sizeof(text), "%s: %s", status.path, status.why);
		rows = canvas_wrap_rows(inside, 0, 2, text);
		y -= rows;
		canvas_wrap(inside, y > 0 ? y : 0, 0, 2, STYLE_CRITICAL, text);
	}
	return y > 0 ? y : 0;
}
