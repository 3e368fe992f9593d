/* The table of a server's sessions: sorted, scrolled, one of them selected.
 *
 * A selection is a session, not a row: it stays on its pid and where it stands on the screen while
 * the others move around it. As long as the operator moves, and for some seconds more, the table is
 * held as it is, and says so. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/panel_connections.h"

#define HOLD_US (5 * CLOCK_US)
#define PAGE	10

/* What the panel remembers in state->own. */
struct sessions {
	enum postgres_order order;
	bool reverse;
	pid_t pid;	 /* selected; 0: nobody chose one, it is the first row */
	pid_t gone;	 /* that was selected, and has ended; 0: none */
	int at, top;	 /* row of the selected one, and the first row shown, as drawn last */
	pid_t drawn;	 /* who stood there; 0: nobody */
	int page;	 /* rows shown */
	int move;	 /* rows to move at the next drawing */
	int64_t held_to; /* monotonic; 0: the table goes on */
};

static struct sessions *sessions_of(struct panel_state *state)
{
	if (!state->own)
		state->own = xcalloc(1, sizeof(struct sessions));
	return state->own;
}

void sessions_release(struct panel_state *state)
{
	free(state->own);
	state->own = NULL;
}

static bool is_held(struct ui *ui, const struct sessions *sessions)
{
	return sessions->held_to && clock_mono(ui->clock) < sessions->held_to;
}

/* ---- columns ---- */

enum column {
	COL_PID,
	COL_USER,
	COL_APP,
	COL_DATABASE,
	COL_CLIENT,
	COL_STATE,
	COL_TRANSACTION,
	COL_STATEMENT,
	COL_WAIT,
	COL_QUERY
};

/* From which width of the table on each is shown. */
static const struct {
	const char *title;
	int width, from;
	enum postgres_order order; /* POSTGRES_ORDERS: not sorted by */
} columns[] = {
	[COL_PID] = { "PID", 7, 0, POSTGRES_ORDERS },
	[COL_USER] = { "USER", 10, 60, POSTGRES_BY_USER },
	[COL_APP] = { "APPLICATION", 16, 100, POSTGRES_BY_APP },
	[COL_DATABASE] = { "DATABASE", 12, 118, POSTGRES_BY_DATABASE },
	[COL_CLIENT] = { "CLIENT", 20, 150, POSTGRES_ORDERS },
	[COL_STATE] = { "STATE", 8, 0, POSTGRES_BY_STATE },
	[COL_TRANSACTION] = { "TRANS", 7, 0, POSTGRES_BY_TRANSACTION },
	[COL_STATEMENT] = { "STMT", 7, 40, POSTGRES_BY_QUERY },
	[COL_WAIT] = { "WAIT", 15, 50, POSTGRES_BY_WAIT },
	[COL_QUERY] = { "STATEMENT", 0, 70, POSTGRES_ORDERS },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* "12 s", "3 min", "5 h", "2 d": one unit, so that ages of a column compare at a glance. */
static void age_short(double seconds, char *out, size_t size)
{
	static const struct {
		double from, unit;
		const char *name;
	} steps[] = { { 172800, 86400, "d" }, { 7200, 3600, "h" }, { 120, 60, "min" } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (seconds >= steps[i].from) {
			snprintf(out, size, "%.0f %s", seconds / steps[i].unit, steps[i].name);
			return;
		}
	}
	if (seconds < 0)
		snprintf(out, size, "-");
	else
		snprintf(out, size, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
}

static const char *state_short(const struct postgres_session *row)
{
	if (strcmp(row->state, "idle in transaction") == 0)
		return "idle tx";
	if (strcmp(row->state, "idle in transaction (aborted)") == 0)
		return "aborted";
	if (strcmp(row->state, "fastpath function call") == 0)
		return "fastpath";
	if (!row->state[0])
		return row->type[0] && strcmp(row->type, "client backend") != 0 ? row->type
										: "hidden";
	return row->state;
}

/* What is being executed now counts; an idle session's last statement has ended. */
static double statement_s(const struct postgres_session *row)
{
	return strcmp(row->state, "active") == 0 ? row->query_s : -1;
}

/* For the next statement: that is what "idle" says already. */
static bool waits_for_client(const struct postgres_session *row)
{
	return strncmp(row->wait, "Client ", 7) == 0;
}

static const char *cell_text(const struct postgres_session *row, enum column column, char *text,
			     size_t size)
{
	switch (column) {
	case COL_PID:
		snprintf(text, size, "%d", (int)row->pid);
		return text;
	case COL_USER:
		return row->user;
	case COL_APP:
		return row->app;
	case COL_DATABASE:
		return row->database;
	case COL_CLIENT:
		return row->client;
	case COL_STATE:
		return state_short(row);
	case COL_TRANSACTION:
		age_short(row->transaction_s, text, size);
		return text;
	case COL_STATEMENT:
		age_short(statement_s(row), text, size);
		return text;
	case COL_WAIT:
		if (!row->waiters)
			return waits_for_client(row) ? "" : row->wait;
		snprintf(text, size, "BLOCKS %d", row->waiters);
		return text;
	case COL_QUERY:
		return row->query;
	}
	return "";
}

static enum style row_style(const struct postgres_session *row)
{
	if (row->waiters)
		return STYLE_CRITICAL;
	if (strncmp(row->wait, "Lock ", 5) == 0 || strncmp(row->state, "idle in tr", 10) == 0)
		return STYLE_WARNING;
	return strcmp(row->state, "idle") == 0 ? STYLE_DIM : STYLE_NORMAL;
}

/* Draws one row of cells; `row` NULL: their titles. */
static void cells_draw(const struct canvas *canvas, int y, const struct postgres_session *row,
		       const struct sessions *sessions)
{
	enum style style = row ? row_style(row) : STYLE_BOLD;
	int x = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		char text[64];
		struct canvas cell;

		if (canvas->w < columns[i].from)
			continue;
		cell = canvas_part(canvas, y, x, 1, columns[i].width ? columns[i].width : -1);
		if (row)
			canvas_text(&cell, 0, 0, style,
				    cell_text(row, (enum column)i, text, sizeof(text)));
		else
			canvas_printf(&cell, 0, 0, style, "%s%s", columns[i].title,
				      columns[i].order != sessions->order ? ""
				      : sessions->reverse		  ? "^"
									  : "*");
		x += columns[i].width + 1;
	}
}

/* ---- selection ---- */

static int find(const struct postgres_table *table, pid_t pid)
{
	for (size_t i = 0; pid && i < table->n; i++) {
		if (table->rows[i].pid == pid)
			return (int)i;
	}
	return -1;
}

/* Where the selected session is now; the first row shown follows, so that it stays where it was on
 * the screen. */
static void selection_follow(struct sessions *sessions, const struct postgres_table *table)
{
	int at = find(table, sessions->pid), last = (int)table->n - 1;

	if (at >= 0) {
		sessions->top += at - sessions->at;
		sessions->at = at;
	} else if (sessions->pid) {
		sessions->gone = sessions->pid;
		sessions->pid = 0;
	} else if (!sessions->gone) {
		sessions->at = 0;
	}
	if (sessions->move) {
		sessions->at += sessions->move;
		sessions->move = 0;
		sessions->gone = 0;
		sessions->at = sessions->at > last ? last : sessions->at < 0 ? 0 : sessions->at;
		sessions->pid = last >= 0 ? table->rows[sessions->at].pid : 0;
	}
	if (sessions->at > last)
		sessions->at = last > 0 ? last : 0;
}

void sessions_draw(struct ui *ui, struct source *source, struct panel_state *state,
		   const struct canvas *canvas, int y, bool focus)
{
	struct sessions *sessions = sessions_of(state);
	struct postgres_table *table = postgres_table(source, is_held(ui, sessions));
	struct canvas body = canvas_part(canvas, y + 1, 0, -1, -1);

	sessions->drawn = 0;
	sessions->page = body.h > 1 ? body.h : 1;
	cells_draw(canvas, y, NULL, sessions);
	if (!table) {
		canvas_text(&body, 0, 0, STYLE_DIM,
			    postgres_info(source)->state == POSTGRES_CONNECTED
				? "the sessions are asked for"
				: "no sessions are known");
		return;
	}
	postgres_table_sort(table, sessions->order, sessions->reverse);
	selection_follow(sessions, table);
	sessions->top = scroll_to(sessions->top, sessions->at, body.h, (int)table->n);
	for (int i = 0; i < body.h && sessions->top + i < (int)table->n; i++) {
		const struct postgres_session *row = &table->rows[sessions->top + i];

		cells_draw(&body, i, row, sessions);
		if (sessions->top + i != sessions->at)
			continue;
		sessions->drawn = row->pid;
		if (focus)
			canvas_select(&body, i);
		/* So that Enter has it at once. */
		if (strlen(row->query) >= POSTGRES_ROW_QUERY)
			postgres_statement(source, row->pid);
	}
	if (!table->n)
		canvas_text(&body, 0, 0, STYLE_DIM, "no session but this one");
	if (table->all > table->n)
		canvas_printf(&body, body.h - 1, 0, STYLE_WARNING,
			      "%zu of %zu sessions: idle ones are left out", table->n, table->all);
}

char *sessions_status(struct ui *ui, const struct panel_state *state, char *out, size_t size)
{
	const struct sessions *sessions = state->own;
	char held[32] = "", gone[32] = "";

	out[0] = '\0';
	if (!sessions)
		return out;
	if (is_held(ui, sessions))
		snprintf(held, sizeof(held), "  HELD %lld s",
			 (long long)((sessions->held_to - clock_mono(ui->clock)) / CLOCK_US + 1));
	if (sessions->gone)
		snprintf(gone, sizeof(gone), "  %d has ended", (int)sessions->gone);
	snprintf(out, size, "%s%s  by %s%s", gone, held, postgres_order_name(sessions->order),
		 sessions->reverse ? ", reversed" : "");
	return out;
}

/* ---- acts ---- */

bool sessions_can(const struct panel_state *state, enum act act)
{
	return state->own && (act_rows(act, 1) || act == ACT_SORT || act == ACT_REVERSE);
}

void sessions_act(struct ui *ui, struct panel_state *state, enum act act)
{
	struct sessions *sessions = sessions_of(state);

	switch (act) {
	case ACT_SORT:
		sessions->order = (sessions->order + 1) % POSTGRES_ORDERS;
		break;
	case ACT_REVERSE:
		sessions->reverse = !sessions->reverse;
		break;
	default:
		sessions->move += act_rows(act, sessions->page > 1 ? sessions->page - 1 : PAGE);
		sessions->held_to = clock_mono(ui->clock) + HOLD_US;
		return;
	}
	/* Another order begins at its top, unless somebody has chosen a session. */
	if (!sessions->pid)
		sessions->at = sessions->top = 0;
}

/* ---- details ---- */

static void ages_print(struct buf *out, const struct postgres_session *row)
{
	char text[48];

	buf_printf(out, "State:        %s for %s\n", row->state[0] ? row->state : state_short(row),
		   seconds_text(row->state_s, text, sizeof(text)));
	if (row->transaction_s >= 0)
		buf_printf(out, "Transaction:  open for %s\n",
			   seconds_text(row->transaction_s, text, sizeof(text)));
	if (row->query_s >= 0)
		buf_printf(out, "Statement:    began %s ago%s\n",
			   seconds_text(row->query_s, text, sizeof(text)),
			   strcmp(row->state, "active") == 0 ? "" : ", and has ended");
	buf_printf(out, "Connected:    for %s\n", seconds_text(row->session_s, text, sizeof(text)));
}

/* Who it waits for, and who waits for it, each with what it does. */
static void neighbours_print(struct buf *out, const struct postgres_table *table,
			     const struct postgres_session *row)
{
	if (row->wait[0] && !waits_for_client(row))
		buf_printf(out, "Waits:        %s\n", row->wait);
	for (size_t i = 0; i < table->n; i++) {
		const struct postgres_session *other = &table->rows[i];
		char age[48];

		if (postgres_waits_for(row, other->pid))
			buf_printf(out, "Blocked by:   %d %s, %s for %s\n", (int)other->pid,
				   other->user, other->state,
				   seconds_text(other->state_s, age, sizeof(age)));
		if (postgres_waits_for(other, row->pid))
			buf_printf(out, "Blocks:       %d %s, waits for %s\n", (int)other->pid,
				   other->user, seconds_text(other->query_s, age, sizeof(age)));
	}
}

/* Cleaned, line by line. */
static void lines_print(struct buf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		text_clean(out, text, len);
		buf_putc(out, '\n');
		text += len + (text[len] == '\n');
	}
}

static void statement_print(struct buf *out, struct source *source,
			    const struct postgres_session *row)
{
	const char *whole =
	    strlen(row->query) >= POSTGRES_ROW_QUERY ? postgres_statement(source, row->pid) : NULL;

	/* It may have gone on to another statement since. */
	if (whole && strncmp(whole, row->query, strlen(row->query)) == 0)
		lines_print(out, whole);
	else
		lines_print(out, row->query);
	if (!whole && strlen(row->query) >= POSTGRES_ROW_QUERY)
		buf_puts(out, "(only its beginning is known yet)");
}

char *sessions_details(struct source *source, struct panel_state *state)
{
	struct sessions *sessions = sessions_of(state);
	const struct postgres_table *table = postgres_table(source, true);
	struct buf text = BUF_INIT;
	char at[TIME_RFC3339_MAX];
	int i = table ? find(table, sessions->drawn) : -1;
	const struct postgres_session *row;

	if (i < 0)
		return NULL;
	row = &table->rows[i];
	buf_printf(&text, "Session:      %d, as of %s\n", (int)row->pid, time_clock(table->at, at));
	buf_printf(&text, "User:         %s\nDatabase:     %s\nApplication:  %s\n", row->user,
		   row->database, row->app[0] ? row->app : "(no name)");
	buf_printf(&text, "Client:       %s\n", row->client[0] ? row->client : "hidden");
	if (row->type[0])
		buf_printf(&text, "Type:         %s\n", row->type);
	ages_print(&text, row);
	neighbours_print(&text, table, row);
	buf_putc(&text, '\n');
	statement_print(&text, source, row);
	return buf_detach(&text);
}
