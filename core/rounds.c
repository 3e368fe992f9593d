#include "core/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/timefmt.h"

/* What comes through the pipe: the copy is the same program, so bytes are enough; small enough to
 * be written in one piece. */
struct record {
	size_t slot;
	struct reading reading;
};

struct rounds {
	struct rounds_spec spec;
	struct watch *timer, *readable, *overstay;
	pid_t pid; /* 0: none is running */
	int fd;
	uint64_t round;
	bool again;
	bool whole;	       /* the next round looks at everything */
	unsigned without;      /* rounds since one did */
	struct probe **probes; /* owned: of the running round */
	size_t nprobes;
	struct buf in;
};

static size_t slot_index(const struct slots *slots, const struct slot *slot)
{
	for (size_t i = 0; i < slots->n; i++) {
		if (slots->list[i] == slot)
			return i;
	}
	return slots->n;
}

struct stream {
	const struct rounds *rounds;
	int fd;
};

static void stream_reading(const struct slot *slot, void *data)
{
	const struct stream *stream = data;
	struct record record = { 0 };

	record.slot = slot_index(stream->rounds->spec.slots, slot);
	record.reading = slot->sensed.reading;
	if (file_write(stream->fd, &record, sizeof(record)) != 0)
		_exit(1);
}

static struct evaluation round_evaluation(const struct rounds *rounds)
{
	const struct rounds_spec *spec = &rounds->spec;

	return (struct evaluation){
		.wiring = spec->wiring,
		.slots = spec->slots,
		.before = *spec->before,
		.deadline = clock_mono(spec->wiring->clock) + spec->overstay_us,
		.round = rounds->round,
	};
}

/* In the copy. What was evaluated before it was made is not asked again. */
static void round_body(int fd, void *data)
{
	struct rounds *rounds = data;
	struct stream stream = { .rounds = rounds, .fd = fd };
	struct evaluation evaluation = round_evaluation(rounds);

	evaluation.seen = stream_reading;
	evaluation.data = &stream;
	for (size_t i = 0; i < rounds->nprobes; i++) {
		struct reading reading;

		evaluate(&evaluation, rounds->probes[i], &reading);
	}
}

/* What is answered from memory needs no copy of the process. True when that was all. */
static bool round_here(struct rounds *rounds)
{
	struct evaluation evaluation = round_evaluation(rounds);
	bool all = true;

	for (size_t i = 0; i < rounds->nprobes; i++) {
		struct reading reading;

		if (evaluate_blocks(rounds->probes[i]))
			all = false;
		else
			evaluate(&evaluation, rounds->probes[i], &reading);
	}
	return all;
}

/* `whole`: its process has come to its own end. */
static void round_end(struct rounds *rounds, bool whole)
{
	if (rounds->pid) {
		watch_free(rounds->readable);
		watch_free(rounds->overstay);
		rounds->readable = rounds->overstay = NULL;
		close(rounds->fd);
		(whole ? offspring_kill : offspring_end)(rounds->spec.loop, rounds->pid);
		rounds->pid = 0;
	}
	buf_cut(&rounds->in, 0);
	free(rounds->probes);
	rounds->probes = NULL;
}

static void round_take(struct rounds *rounds)
{
	struct record record;
	size_t used = 0;

	while (rounds->in.len - used >= sizeof(record)) {
		memcpy(&record, rounds->in.data + used, sizeof(record));
		used += sizeof(record);
		if (record.slot < rounds->spec.slots->n) {
			struct slot *slot = rounds->spec.slots->list[record.slot];

			slot_record(slot, &record.reading);
			slot->round = rounds->round;
		}
	}
	buf_drop(&rounds->in, used);
}

/* Whatever did not come in is unknown now: an old pass must not stand for it. */
static void unknown_rest(struct rounds *rounds, const struct probe *probe, const char *why)
{
	struct slot *slot = slots_find(rounds->spec.slots, probe);
	struct reading reading = { 0 };

	for (size_t i = 0; i < probe->nparts; i++)
		unknown_rest(rounds, probe->parts[i], why);
	if (!slot || slot->round == rounds->round)
		return;
	reading_unknown(&reading, clock_wall(rounds->spec.wiring->clock), "%s", why);
	slot_record(slot, &reading);
	slot->round = rounds->round;
}

static void round_next(struct rounds *rounds, bool at_once)
{
	const struct clock *clock = rounds->spec.wiring->clock;

	watch_arm(rounds->timer, at_once ? 0 : clock_to_second(clock, rounds->spec.every_us), 0);
}

/* `why` NULL: what did not come in was not asked, and is what it was. */
static void round_over(struct rounds *rounds, const char *why, bool whole)
{
	round_take(rounds);
	for (size_t i = 0; why && i < rounds->nprobes; i++)
		unknown_rest(rounds, rounds->probes[i], why);
	round_end(rounds, whole);
	round_next(rounds, rounds->again);
	rounds->again = false;
	rounds->spec.over(rounds->spec.data);
}

static void round_readable(struct watch *watch, uint32_t what, void *data)
{
	struct rounds *rounds = data;
	char bytes[32768];
	ssize_t n;

	(void)watch;
	(void)what;
	while ((n = read(rounds->fd, bytes, sizeof(bytes))) > 0)
		buf_add(&rounds->in, bytes, (size_t)n);
	round_take(rounds);
	if (n == 0)
		round_over(rounds, "the process that looks has died", true);
}

static void round_late(struct watch *watch, uint32_t what, void *data)
{
	struct rounds *rounds = data;
	char text[64], why[96] = "took longer than ";

	(void)watch;
	(void)what;
	strcat(why, duration_text(rounds->spec.overstay_us, text, sizeof(text)));
	round_over(rounds, why, false);
}

/* The copy that a round is evaluated in keeps nothing: sources that keep something do it here. */
static void sources_told(const struct rounds *rounds)
{
	struct evaluation evaluation = round_evaluation(rounds);

	for (size_t i = 0; i < rounds->nprobes; i++)
		evaluate_watch(&evaluation, rounds->probes[i]);
}

/* Whether this round looks at what may block. */
static bool round_is_whole(struct rounds *rounds)
{
	bool whole = ++rounds->without >= rounds->spec.stride(rounds->spec.data) || rounds->whole;

	for (size_t i = 0; i < rounds->nprobes && !whole; i++)
		whole = slots_find(rounds->spec.slots, rounds->probes[i])->sensed.reading.at == 0;
	if (whole)
		rounds->without = 0;
	rounds->whole = false;
	return whole;
}

static void round_start(struct watch *watch, uint32_t what, void *data)
{
	struct rounds *rounds = data;
	const struct rounds_spec *spec = &rounds->spec;
	struct err err = ERR_INIT;
	char why[200];

	(void)watch;
	(void)what;
	if (rounds->pid)
		return;
	rounds->probes = spec->probes(&rounds->nprobes, spec->data);
	for (size_t i = 0; i < rounds->nprobes; i++)
		slots_add(spec->slots, rounds->probes[i]);
	sources_told(rounds);
	rounds->round++;
	if (!rounds->nprobes) {
		round_end(rounds, false);
		round_next(rounds, false);
		return;
	}
	if (round_here(rounds)) {
		round_over(rounds, "nobody looked", true);
		return;
	}
	if (!round_is_whole(rounds)) {
		round_over(rounds, NULL, true);
		return;
	}
	rounds->pid = offspring_start(round_body, rounds, &rounds->fd, &err);
	if (rounds->pid <= 0) {
		rounds->pid = 0;
		snprintf(why, sizeof(why), "nobody can look: %.150s", err.msg);
		round_over(rounds, why, false);
		return;
	}
	rounds->readable = loop_fd(spec->loop, rounds->fd, EPOLLIN, round_readable, rounds, NULL);
	rounds->overstay = loop_timer(spec->loop, spec->overstay_us, 0, round_late, rounds);
}

struct rounds *rounds_new(const struct rounds_spec *spec)
{
	struct rounds *rounds = xcalloc(1, sizeof(*rounds));

	rounds->spec = *spec;
	/* What is remembered from before is no look. */
	rounds->whole = true;
	rounds->timer = loop_timer(spec->loop, CLOCK_US / 10, 0, round_start, rounds);
	return rounds;
}

void rounds_free(struct rounds *rounds)
{
	if (!rounds)
		return;
	round_end(rounds, false);
	watch_free(rounds->timer);
	buf_release(&rounds->in);
	free(rounds);
}

void rounds_now(struct rounds *rounds)
{
	rounds->again = rounds->pid != 0;
	rounds->whole = true;
	if (!rounds->pid)
		watch_arm(rounds->timer, 0, 0);
}
