/* Who waits for whom: out of the server's list of sessions with their blockers, a tree. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "sources/postgres_read.h"

struct waits {
	struct postgres_wait rows[POSTGRES_WAITS];
	int n;
};

static void text_take(char *out, size_t size, const json_t *row, size_t i)
{
	const char *text = json_string_value(json_array_get(row, i));

	text_clean_to(out, size, text ? text : "", text ? strlen(text) : 0);
}

static double age(const json_t *row, size_t i)
{
	const json_t *value = json_array_get(row, i);

	return json_is_number(value) ? json_number_value(value) : -1;
}

static void wait_take(struct postgres_wait *wait, const json_t *row)
{
	*wait = (struct postgres_wait){ .pid = (pid_t)json_integer_value(json_array_get(row, 0)),
					.transaction_s = age(row, 5),
					.waits_s = -1,
					.above = -1 };
	text_take(wait->user, sizeof wait->user, row, 1);
	text_take(wait->app, sizeof wait->app, row, 2);
	text_take(wait->state, sizeof wait->state, row, 3);
	text_take(wait->query, sizeof wait->query, row, 4);
	if (json_is_array(json_array_get(row, 7)))
		wait->waits_s = age(row, 6);
}

static int find(const struct waits *waits, pid_t pid)
{
	for (int i = 0; i < waits->n; i++) {
		if (waits->rows[i].pid == pid)
			return i;
	}
	return -1;
}

/* The first blocker that is listed. A prepared transaction is pid 0. */
static int above_of(const struct waits *waits, int self, const json_t *blockers)
{
	size_t i;
	json_t *pid;

	json_array_foreach((json_t *)blockers, i, pid) {
		int found = find(waits, (pid_t)json_integer_value(pid));

		if (found >= 0 && found != self)
			return found;
	}
	return -1;
}

/* Sessions that wait for each other have no root until the server ends one of them: the first of
 * the circle stands for it. */
static void circles_cut(struct waits *waits)
{
	for (int i = 0; i < waits->n; i++) {
		int steps = 0, at = i;

		while (waits->rows[at].above >= 0 && steps <= waits->n) {
			at = waits->rows[at].above;
			steps++;
		}
		if (steps > waits->n)
			waits->rows[i].above = -1;
	}
	for (int i = 0; i < waits->n; i++) {
		for (int at = waits->rows[i].above; at >= 0; at = waits->rows[at].above) {
			waits->rows[at].waiters++;
			waits->rows[i].depth++;
		}
	}
}

/* Most waited for first; then by pid, so that nothing jumps. */
static bool goes_before(const struct postgres_wait *a, const struct postgres_wait *b)
{
	return a->waiters != b->waiters ? a->waiters > b->waiters : a->pid < b->pid;
}

/* Puts those right below `above` (an index of `waits`; -1: the roots) behind each other into `out`,
 * each with those below it. */
static void branch(const struct waits *waits, int above, int above_out, struct postgres_info *out)
{
	bool done[POSTGRES_WAITS] = { false };

	for (;;) {
		int next = -1;

		for (int i = 0; i < waits->n; i++) {
			if (waits->rows[i].above == above && !done[i] &&
			    (next < 0 || goes_before(&waits->rows[i], &waits->rows[next])))
				next = i;
		}
		if (next < 0)
			return;
		done[next] = true;
		int at = out->nwaits++;
		out->waits[at] = waits->rows[next];
		out->waits[at].above = above_out;
		branch(waits, next, at, out);
	}
}

void postgres_waits_take(struct postgres_info *info, const char *json)
{
	json_t *rows = json_loads(json ? json : "[]", 0, NULL), *row;
	struct waits waits = { .n = 0 };
	size_t i;

	info->nwaits = 0;
	json_array_foreach(rows, i, row) {
		if (waits.n < POSTGRES_WAITS)
			wait_take(&waits.rows[waits.n++], row);
	}
	for (int k = 0; k < waits.n; k++)
		waits.rows[k].above =
		    above_of(&waits, k, json_array_get(json_array_get(rows, (size_t)k), 7));
	circles_cut(&waits);
	branch(&waits, -1, -1, info);
	json_decref(rows);
}
