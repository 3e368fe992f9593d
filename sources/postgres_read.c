#include "sources/postgres_read.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

const struct read_def postgres_reads[] = {
	{ "sessions", "", "client sessions of the database" },
	{ "active", "", "sessions that run a statement" },
	{ "idle", "", "idle sessions" },
	{ "idle_in_transaction", "", "sessions that hold a transaction open and do nothing" },
	{ "waiting", "", "sessions that wait for a lock" },
	{ "blockers", "", "sessions that others wait for and that wait for nobody" },
	{ "total", "", "client sessions of all databases" },
	{ "limit", "", "sessions that clients may have" },
	{ "slots_left", "", "sessions that clients may still open" },
	{ "percent", "%", "used share of that limit" },
	{ "longest_transaction_s", "s", "age of the oldest open transaction" },
	{ "longest_query_s", "s", "age of the oldest running statement" },
	{ "replay_lag_s", "s",
	  "of a standby: age of what it has replayed last; 0 when that is all it received" },
	{ "size_mb", "MB", "size of the database" },
	{ "latency_ms", "ms", "time that the sampling query took" },
	{ "reachable", "", "1 when the server answers, else 0" },
	{ "sql", "", "the first value that a statement gives (sql); every 10s by default" },
	{ 0 },
};

bool postgres_is_full(const struct postgres_info *info)
{
	return info->at && info->limit > 0 && info->used >= info->limit;
}

const char *postgres_state_text(const struct postgres_info *info)
{
	switch (info->state) {
	case POSTGRES_CONNECTING:
		return "connecting";
	case POSTGRES_CONNECTED:
		return "connected";
	case POSTGRES_SILENT:
		return "not answering";
	case POSTGRES_FAILING:
		return "failing";
	case POSTGRES_DOWN:
		break;
	}
	return pg_fault_name(info->fault);
}

/* 0 with *value, or -1 when no figure is called so. */
static int figure(const struct postgres_info *info, const char *read, double *value)
{
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "sessions", info->sessions },
		{ "active", info->active },
		{ "idle", info->idle },
		{ "idle_in_transaction", info->idle_in_transaction },
		{ "waiting", info->waiting },
		{ "blockers", info->nblockers },
		{ "total", info->total },
		{ "limit", info->limit },
		{ "slots_left", info->limit > info->used ? info->limit - info->used : 0 },
		{ "percent", info->percent },
		{ "longest_transaction_s", info->longest_transaction_s },
		{ "longest_query_s", info->longest_query_s },
		{ "replay_lag_s", info->replay_lag_s },
		{ "size_mb", (double)info->size_bytes / 1e6 },
		{ "latency_ms", (double)info->latency_us / 1e3 },
		{ "reachable", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, read) == 0) {
			*value = rows[i].value;
			return 0;
		}
	}
	return -1;
}

static const char *unit_of(const char *read)
{
	for (const struct read_def *def = postgres_reads; def->name; def++)
		if (strcmp(def->name, read) == 0)
			return def->unit;
	return "";
}

void postgres_figure(const struct postgres_info *info, const char *read, int64_t now, int64_t since,
		     struct reading *out)
{
	double value;

	if (strcmp(read, "reachable") == 0 &&
	    (info->state == POSTGRES_SILENT || info->state == POSTGRES_DOWN)) {
		reading_value(out, now, 0, "");
		return;
	}
	if (strcmp(read, "reachable") == 0 && info->state == POSTGRES_FAILING) {
		reading_value(out, now, 1, "");
		return;
	}
	if (figure(info, read, &value) < 0)
		reading_unknown(out, now, "a postgres source has no figure \"%s\"", read);
	else if (info->state == POSTGRES_CONNECTING)
		reading_unknown(out, now, "connecting");
	else if (info->state != POSTGRES_CONNECTED)
		reading_unknown(out, now, "%s: %s", postgres_state_text(info), info->why);
	else if (info->identity_wrong)
		reading_unknown(out, now, "%s", info->why);
	else if (info->at == 0 || info->at < since)
		reading_unknown(out, now, "no answer yet");
	else if (strcmp(read, "size_mb") == 0 && info->size_bytes < 0)
		reading_unknown(out, now, "the size is not known yet");
	else if (strcmp(read, "replay_lag_s") == 0 && info->replay_lag_s < 0)
		reading_unknown(out, now,
				info->in_recovery ? "nothing was replayed yet"
						  : "this is no standby");
	else
		reading_value(out, info->at, value, unit_of(read));
}
