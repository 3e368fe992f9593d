/* What the connections panel says of a server: what is wrong and what to do, and its figures in
 * words. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "lib/timefmt.h"
#include "tui/panel_connections.h"

char *seconds_text(double seconds, char *out, size_t size)
{
	if (seconds < 0)
		snprintf(out, size, "-");
	else if (seconds < 1)
		snprintf(out, size, "0 s");
	else
		duration_text((int64_t)seconds * CLOCK_US, out, size);
	return out;
}

static void held_text(const struct postgres_info *info, int64_t now, char *out, size_t size)
{
	seconds_text((double)(now - info->since) / CLOCK_US, out, size);
}

/* ---- what is wrong ---- */

struct troubles {
	struct trouble *rows;
	int n;
};

/* New row; the caller writes `todo`. */
static struct trouble *find(struct troubles *troubles, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static struct trouble *find(struct troubles *troubles, enum style style, const char *fmt, ...)
{
	struct trouble *row = &troubles->rows[troubles->n];
	va_list args;

	if (troubles->n < TROUBLES - 1)
		troubles->n++;
	row->style = style;
	row->said[0] = row->todo[0] = '\0';
	va_start(args, fmt);
	vsnprintf(row->what, sizeof(row->what), fmt, args);
	va_end(args);
	return row;
}

/* What a fault means to somebody who has to find out why. */
static const char *fault_meaning(enum pg_fault fault)
{
	switch (fault) {
	case PG_FAULT_DOWN:
		return "nobody listens there";
	case PG_FAULT_UNREACHABLE:
		return "no way leads to its host";
	case PG_FAULT_SLOTS:
		return "it is up, but all its connection slots are taken";
	case PG_FAULT_DENIED:
		return "it answers, and does not let this role in";
	case PG_FAULT_AUTH:
		return "it answers, and does not believe who we are";
	case PG_FAULT_TLS:
		return "it answers, and we do not agree on TLS";
	case PG_FAULT_TIMEOUT:
		return "nothing answers the first packet";
	case PG_FAULT_FROZEN:
		return "it takes connections and says nothing";
	case PG_FAULT_STARTING:
		return "it answers, and takes no sessions yet";
	case PG_FAULT_UNRESOLVABLE:
		return "its host's name can't be looked up";
	case PG_FAULT_DATABASE:
		return "it answers, and has no such database";
	case PG_FAULT_CLOSED:
		return "it answers, and the database takes no connections";
	case PG_FAULT_PRIVILEGE:
		return "it answers, and the role may not do this";
	case PG_FAULT_LOST:
		return "the connection broke";
	case PG_FAULT_NONE:
	case PG_FAULT_SQL:
		break;
	}
	return "it does not work";
}

/* What was said by the server or the system: the part in parentheses at the end of the driver's
 * sentence, without libpq's repetition of where it tried. */
static void said(const char *why, char *out, size_t size)
{
	static const char failed[] = " failed: ";
	const char *open = strchr(why, '('), *behind = strstr(why, failed);
	size_t len = strlen(why);

	if (behind)
		open = behind + sizeof(failed) - 2;
	if (open && why[len - 1] == ')')
		snprintf(out, size, "%.*s", (int)(why + len - 1 - open - 1), open + 1);
	else
		snprintf(out, size, "%s", why);
}

static void down_find(const struct postgres_info *info, int64_t now, struct troubles *troubles)
{
	bool starting = info->fault == PG_FAULT_STARTING;
	char held[48], text[256], next[48] = "now";
	struct trouble *row;

	said(info->why, text, sizeof(text));
	held_text(info, now, held, sizeof(held));
	if (info->retry_at > now)
		snprintf(next, sizeof(next), "in %lld s",
			 (long long)((info->retry_at - now) / CLOCK_US + 1));
	row = find(troubles, STYLE_CRITICAL, "%s, for %s; next try %s",
		   starting ? text : fault_meaning(info->fault), held, next);
	/* Of what never came nothing was said but that. */
	if (info->fault != PG_FAULT_TIMEOUT && info->fault != PG_FAULT_FROZEN)
		snprintf(row->said, sizeof(row->said), "%s",
			 starting ? fault_meaning(info->fault) : text);
	snprintf(row->todo, sizeof(row->todo), "%s", info->hint);
	row->todo[0] = (char)toupper((unsigned char)row->todo[0]);
}

static void silent_find(const struct postgres_info *info, int64_t now, struct troubles *troubles)
{
	char held[48];
	struct trouble *row;

	held_text(info, now, held, sizeof(held));
	if (info->door == DOOR_OPEN) {
		row = find(troubles, STYLE_CRITICAL,
			   "this session hangs for %s; the server takes new ones", held);
		snprintf(row->todo, sizeof(row->todo),
			 "Look at its backend: stopped, or waiting for a disk?");
	} else if (info->door == DOOR_SILENT) {
		row = find(troubles, STYLE_CRITICAL,
			   "the whole server hangs for %s: this session and new ones", held);
		snprintf(row->todo, sizeof(row->todo),
			 "Look at its host: processes in state T or D, memory, disks.");
	} else {
		row = find(troubles, STYLE_CRITICAL, "connected, and no answer for %s", held);
		snprintf(row->todo, sizeof(row->todo), "Whether it takes new sessions is asked.");
	}
}

static void door_find(const struct postgres_info *info, int64_t now, struct troubles *troubles)
{
	char held[48];
	struct trouble *row;

	seconds_text((double)(now - info->door_since) / CLOCK_US, held, sizeof(held));
	if (info->door == DOOR_SILENT) {
		row = find(troubles, STYLE_CRITICAL,
			   "new sessions get no answer for %s; those that it has go on", held);
		snprintf(row->todo, sizeof(row->todo),
			 "The postmaster hangs or is stopped: look at it before pools reconnect.");
	} else if (info->door == DOOR_SHUT) {
		row = find(troubles, STYLE_CRITICAL,
			   "nobody takes new sessions for %s; those that it has go on", held);
		snprintf(row->todo, sizeof(row->todo),
			 "It is shutting down, or its postmaster died.");
	}
}

static void slots_find(const struct postgres_info *info, struct troubles *troubles)
{
	struct trouble *row;

	if (postgres_is_full(info)) {
		row = find(troubles, STYLE_CRITICAL,
			   "all %d slots are used up: the next session fails", info->limit);
		if (info->reserved)
			snprintf(row->todo, sizeof(row->todo),
				 "End idle sessions. Superusers have %d more.", info->reserved);
		else
			snprintf(row->todo, sizeof(row->todo),
				 "It is the database's own limit: end idle sessions.");
	}
	for (int i = 0; i < info->nusers; i++) {
		const struct postgres_share *user = &info->users[i];

		if (user->limit && user->everywhere >= user->limit)
			find(troubles, STYLE_CRITICAL,
			     "%s has the %d sessions it may have: its next one fails", user->name,
			     user->limit);
	}
}

static void standby_find(const struct postgres_info *info, struct troubles *troubles)
{
	if (info->in_recovery && info->paused)
		find(troubles, STYLE_WARNING, "a standby that was told to pause its replay");
	else if (info->in_recovery && !info->receiving)
		find(troubles, STYLE_WARNING, "a standby without a connection to its primary");
}

int connections_troubles(const struct postgres_info *info, int64_t now, struct trouble *rows)
{
	struct troubles troubles = { .rows = rows };
	struct trouble *row;

	if (info->identity_wrong)
		find(&troubles, STYLE_CRITICAL,
		     info->identity[0] ? "NOT the server that the target names (system identifier)"
				       : "it does not tell whether it is the target's server");
	if (info->state == POSTGRES_DOWN)
		down_find(info, now, &troubles);
	else if (info->state == POSTGRES_SILENT)
		silent_find(info, now, &troubles);
	else if (info->state == POSTGRES_FAILING)
		find(&troubles, STYLE_CRITICAL, "connected, but it fails: %s", info->why);
	if (info->state == POSTGRES_CONNECTED) {
		door_find(info, now, &troubles);
		slots_find(info, &troubles);
		standby_find(info, &troubles);
	}
	if (info->state == POSTGRES_CONNECTED && info->monitor_missing && info->hidden > 0) {
		row = find(&troubles, STYLE_WARNING, "what %d of %d sessions do is hidden from %s",
			   info->hidden, info->sessions, info->role[0] ? info->role : "this role");
		snprintf(row->todo, sizeof(row->todo), "GRANT pg_monitor TO %s; shows it.",
			 info->role[0] ? info->role : "the role");
	}
	return troubles.n;
}

const char *connections_word(const struct postgres_info *info, enum style *style)
{
	static const char *const words[] = {
		[PG_FAULT_NONE] = "DOWN",
		[PG_FAULT_DOWN] = "DOWN",
		[PG_FAULT_UNREACHABLE] = "UNREACHABLE",
		[PG_FAULT_SLOTS] = "NO SLOTS LEFT",
		[PG_FAULT_DENIED] = "REFUSED",
		[PG_FAULT_AUTH] = "AUTHENTICATION",
		[PG_FAULT_TLS] = "TLS",
		[PG_FAULT_TIMEOUT] = "TIMEOUT",
		[PG_FAULT_FROZEN] = "FROZEN",
		[PG_FAULT_STARTING] = "RESTARTING",
		[PG_FAULT_UNRESOLVABLE] = "UNRESOLVABLE",
		[PG_FAULT_DATABASE] = "NO DATABASE",
		[PG_FAULT_CLOSED] = "CLOSED",
		[PG_FAULT_PRIVILEGE] = "NO PRIVILEGE",
		[PG_FAULT_LOST] = "LOST",
		[PG_FAULT_SQL] = "FAILING",
	};

	*style = STYLE_CRITICAL;
	switch (info->state) {
	case POSTGRES_CONNECTING:
		*style = STYLE_DIM;
		return "connecting";
	case POSTGRES_SILENT:
		return info->door == DOOR_OPEN ? "SESSION FROZEN" : "FROZEN";
	case POSTGRES_FAILING:
		return "FAILING";
	case POSTGRES_DOWN:
		return words[info->fault];
	case POSTGRES_CONNECTED:
		break;
	}
	if (info->identity_wrong)
		return "WRONG SERVER";
	if (info->door == DOOR_SILENT)
		return "FROZEN";
	if (info->door == DOOR_SHUT)
		return "SHUT";
	if (postgres_is_full(info))
		return "SLOTS USED UP";
	*style = STYLE_DIM;
	return "connected";
}

/* ---- figures in words ---- */

void connections_server(const struct postgres_info *info, int64_t now, struct buf *out)
{
	char spent[48];

	if (info->version >= 100000)
		buf_printf(out, "%d.%d ", info->version / 10000, info->version % 10000);
	buf_puts(out, !info->at ? "" : info->in_recovery ? "standby" : "primary");
	if (info->in_recovery)
		buf_printf(out, ", replay lag %s",
			   info->replay_lag_s < 0
			       ? "not known"
			       : seconds_text(info->replay_lag_s, spent, sizeof(spent)));
	if (info->tls[0])
		buf_printf(out, ", %s", info->tls);
	if (info->size_bytes >= 0)
		buf_printf(out, ", %.0f MB", (double)info->size_bytes / 1e6);
	if (info->started)
		buf_printf(out, ", up %s",
			   seconds_text((double)(now - info->started) / CLOCK_US, spent,
					sizeof(spent)));
	if (info->latency_us)
		buf_printf(out, ", answers in %s",
			   duration_text(info->latency_us, spent, sizeof(spent)));
}

void connections_shares(const struct postgres_share *shares, int n, const char *nameless,
			struct buf *out)
{
	for (int i = 0; i < n; i++) {
		buf_printf(out, "%s%s %d", i ? ", " : "",
			   shares[i].name[0] ? shares[i].name : nameless, shares[i].sessions);
		if (shares[i].limit)
			buf_printf(out, " of %d", shares[i].limit);
	}
}

void connections_longest(const struct postgres_info *info, struct buf *out)
{
	const struct postgres_longest *longest = &info->longest;
	char spent[48];

	/* Whoever asks for figures as we do has a transaction, too, for a moment. */
	if (!longest->pid || info->longest_transaction_s < 1)
		return;
	buf_printf(out, "%s: %d %s%s%s, %s",
		   seconds_text(info->longest_transaction_s, spent, sizeof(spent)),
		   (int)longest->pid, longest->user, longest->app[0] ? " " : "", longest->app,
		   longest->state[0] ? longest->state : "state hidden");
	if (longest->query[0])
		buf_printf(out, ": %s", longest->query);
}

void connections_wait(const struct postgres_info *info, int i, struct buf *out)
{
	const struct postgres_wait *wait = &info->waits[i];
	char spent[48];

	buf_printf(out, "%*s%s", wait->depth * 2, "", wait->depth ? "- " : "");
	if (wait->pid)
		buf_printf(out, "%d %s%s%s", (int)wait->pid, wait->user, wait->app[0] ? " " : "",
			   wait->app);
	else
		buf_puts(out, "a prepared transaction");
	if (wait->waiters)
		buf_printf(out, " blocks %d", wait->waiters);
	if (wait->waits_s >= 0)
		buf_printf(out, ", waits %s", seconds_text(wait->waits_s, spent, sizeof(spent)));
	else if (wait->state[0])
		buf_printf(out, ", %s", wait->state);
	if (wait->depth == 0 && wait->transaction_s >= 0)
		buf_printf(out, ", transaction %s",
			   seconds_text(wait->transaction_s, spent, sizeof(spent)));
	if (wait->query[0])
		buf_printf(out, ": %s", wait->query);
}

static void list_print(struct buf *out, const char *title, const struct postgres_share *shares,
		       int n, const char *nameless)
{
	if (!n)
		return;
	buf_printf(out, "%s", title);
	connections_shares(shares, n, nameless, out);
	buf_putc(out, '\n');
}

void connections_details(const struct postgres_info *info, int64_t now, struct buf *out)
{
	struct trouble troubles[TROUBLES];
	int n = connections_troubles(info, now, troubles);
	char age[48];

	for (int i = 0; i < n; i++)
		buf_printf(out, "%s\n%s%s%s%s\n", troubles[i].what, troubles[i].said,
			   troubles[i].said[0] ? "\n" : "", troubles[i].todo,
			   troubles[i].todo[0] ? "\n" : "");
	buf_printf(out, "Server:       %s\n", info->where);
	buf_puts(out, "              ");
	connections_server(info, now, out);
	if (info->role[0])
		buf_printf(out, "\nRole:         %s%s", info->role,
			   info->monitor_missing
			       ? " (may not see what others do: GRANT pg_monitor TO it)"
			       : "");
	if (info->identity[0])
		buf_printf(out, "\nIdentity:     %s%s", info->identity,
			   info->identity_wrong ? " (WRONG)" : "");
	buf_putc(out, '\n');
	if (!info->at)
		return;
	buf_printf(out, "Figures:      %s\n\n", age_text(info->at, now, age, sizeof(age)));
	buf_printf(out,
		   "Sessions:     %d of the database, %d of all; %d of %d slots, %d reserved\n"
		   "              active %d, idle %d, in a transaction but idle %d, other %d\n",
		   info->sessions, info->total, info->used, info->limit, info->reserved,
		   info->active, info->idle, info->idle_in_transaction, info->other);
	list_print(out, "Applications: ", info->apps, info->napps, "(no name)");
	list_print(out, "Users:        ", info->users, info->nusers, "(none)");
	buf_puts(out, "Longest:      ");
	connections_longest(info, out);
	buf_printf(out, "%s\n\nWaiting:      %d, behind %d that wait for nobody\n",
		   info->longest.pid && info->longest_transaction_s >= 1 ? ""
									 : "no open transaction",
		   info->waiting, info->nblockers);
	for (int i = 0; i < info->nwaits; i++) {
		connections_wait(info, i, out);
		buf_putc(out, '\n');
	}
}
