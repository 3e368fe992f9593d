#include "lib/rxset.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"

/* Shorter texts stand in too many lines. */
#define TEXT_MIN 3
/* Three bytes at a time are looked at. */
#define GRAM  3
#define GRAMS 65536
/* A text longer than that is looked for by its beginning. */
#define LOOKED_MAX 18

struct text {
	char *bytes; /* owned */
	size_t len;
	size_t pattern;
};

/* A text has these three bytes at an offset. */
struct place {
	size_t text, offset;
	uint16_t next; /* 1 + index of another one of the same gram */
};

struct rxset {
	struct rx **rx; /* owned */
	bool *always;	/* owned */
	size_t n;
	struct text *texts; /* owned */
	size_t ntexts, texts_cap;
	size_t step;	      /* how far it is from one look to the next */
	struct place *places; /* owned */
	uint64_t *grams; /* owned: a bit for each gram that a text has at an offset below step */
	uint16_t *heads; /* owned: by gram, 1 + index of its first place */
};

/* ---- texts of a pattern ---- */

/* Texts one of which is in each match. */
struct choice {
	char *texts[RXSET_TEXTS]; /* owned */
	size_t n;		  /* 0: none is known */
};

/* What each match of a branch has, so far: the longest run of bytes, and what a group gives. */
struct run {
	struct buf now, best;
	struct choice group;
};

static void choice_release(struct choice *choice)
{
	while (choice->n > 0)
		free(choice->texts[--choice->n]);
}

static const char *choice_read(const char *p, bool inner, struct choice *out);

static void run_end(struct run *run)
{
	if (run->now.len > run->best.len) {
		struct buf best = run->best;

		run->best = run->now;
		run->now = best;
	}
	buf_cut(&run->now, 0);
}

/* Past the bracket that closes a class or group whose first byte p is; NULL when it isn't there. */
static const char *closed(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\') {
			if (*++p == '\0')
				return NULL;
		} else if (*p == '[') {
			/* A class: its first byte may be a bracket that closes nothing. */
			p++;
			p += *p == '^';
			p += *p == ']';
			for (; *p != '\0' && *p != ']'; p++)
				if (*p == '[' || (*p == '\\' && *++p == '\0'))
					return NULL;
			if (*p == '\0')
				return NULL;
			if (depth == 0)
				return p + 1;
		} else if (*p == '(') {
			depth++;
		} else if (*p == ')' && --depth == 0) {
			return p + 1;
		}
	}
	return NULL;
}

/* Past a quantifier at p, possibly none; *optional: none is enough. NULL: not understood. */
static const char *quantified(const char *p, bool *optional, bool *any)
{
	*any = *p == '*' || *p == '+' || *p == '?' || *p == '{';
	*optional = *p == '*' || *p == '?';
	if (!*any)
		return p;
	if (*p == '{') {
		if (p[1] < '0' || p[1] > '9')
			return NULL;
		*optional = p[1] == '0';
		p = strchr(p, '}');
		if (p == NULL)
			return NULL;
	}
	p++;
	return *p == '?' || *p == '+' ? p + 1 : p;
}

/* One escape behind its backslash: the byte that it stands for, 0 when it is a class or an
 * assertion, -1 when it is not understood. */
static int escaped(char c)
{
	if (strchr("dDwWsSbBAzZhHvVRNG", c) != NULL)
		return 0;
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		       (unsigned char)c >= 0x80
		   ? -1
		   : c;
}

/* A group at p; with what its alternatives have, unless it is optional. NULL: not understood. */
static const char *group_read(const char *p, struct run *run)
{
	const char *end = closed(p);
	struct choice inner = { .n = 0 };
	bool optional, any;

	if (end == NULL || p[1] == '*' || (p[1] == '?' && p[2] != ':'))
		return NULL;
	if (choice_read(p + (p[1] == '?' ? 3 : 1), true, &inner) == NULL)
		return NULL;
	end = quantified(end, &optional, &any);
	run_end(run);
	if (end == NULL || optional || run->group.n > 0)
		choice_release(&inner);
	else
		run->group = inner;
	return end;
}

/* One part of a branch at p, with its quantifier; NULL: not understood. */
static const char *part_read(const char *p, struct run *run)
{
	bool optional, any;
	int byte = 0;

	if (*p == '(')
		return group_read(p, run);
	if (strchr("*+?){", *p) != NULL)
		return NULL;
	if (*p == '\\') {
		byte = p[1] != '\0' ? escaped(p[1]) : -1;
		p += 2;
	} else if (*p == '[') {
		p = closed(p);
	} else if (strchr("^$.", *p) != NULL) {
		p++;
	} else {
		byte = (unsigned char)*p++;
	}
	if (p == NULL || byte < 0)
		return NULL;
	p = quantified(p, &optional, &any);
	/* A character of several bytes before a quantifier: only its last byte was meant. */
	if (p == NULL || (any && byte >= 0x80))
		return NULL;
	if (byte == 0 || optional)
		run_end(run);
	if (byte != 0 && !optional)
		buf_putc(&run->now, (char)byte);
	if (any)
		run_end(run);
	return p;
}

/* One branch from p: what it has is added to `out`; false when that is not known or too much. */
static bool branch_add(struct run *run, struct choice *out)
{
	run_end(run);
	if (run->best.len >= TEXT_MIN && memchr(run->best.data, '\n', run->best.len) == NULL) {
		if (out->n == RXSET_TEXTS)
			return false;
		out->texts[out->n++] = xstrdup(buf_str(&run->best));
		return true;
	}
	if (run->group.n == 0 || out->n + run->group.n > RXSET_TEXTS)
		return false;
	for (size_t i = 0; i < run->group.n; i++)
		out->texts[out->n++] = run->group.texts[i];
	run->group.n = 0;
	return true;
}

/* The alternatives from p to the pattern's end (`inner`: to the bracket that closes them), which is
 * returned; NULL: not understood. */
static const char *choice_read(const char *p, bool inner, struct choice *out)
{
	bool told = true;

	while (p != NULL) {
		struct run run = { .now = BUF_INIT, .best = BUF_INIT };

		while (p != NULL && *p != '\0' && *p != '|' && !(inner && *p == ')'))
			p = part_read(p, &run);
		told = p != NULL && branch_add(&run, out) && told;
		choice_release(&run.group);
		buf_release(&run.now);
		buf_release(&run.best);
		if (p == NULL || *p != '|')
			break;
		p++;
	}
	if (!told)
		choice_release(out);
	return p;
}

size_t rxset_texts(const char *pattern, char *texts[RXSET_TEXTS])
{
	struct choice choice = { .n = 0 };

	if (choice_read(pattern, false, &choice) == NULL)
		choice_release(&choice);
	memcpy(texts, choice.texts, sizeof(choice.texts));
	return choice.n;
}

/* ---- the set ---- */

static uint32_t gram_of(uint32_t bytes)
{
	return ((bytes & 0xffffff) * 0x9e3779b1u) >> 16;
}

static uint32_t three(const char *p)
{
	return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
	       (uint32_t)(unsigned char)p[2] << 16;
}

static void texts_add(struct rxset *set, size_t pattern, const char *source)
{
	char *texts[RXSET_TEXTS];
	size_t n = rxset_texts(source, texts);

	set->always[pattern] = n == 0;
	set->texts = xgrow(set->texts, &set->texts_cap, set->ntexts + n, sizeof(*set->texts));
	for (size_t i = 0; i < n; i++)
		set->texts[set->ntexts++] =
		    (struct text){ .bytes = texts[i], .len = strlen(texts[i]), .pattern = pattern };
}

/* Wherever a text begins, one of its first `step` grams stands where is looked. */
static void grams_fill(struct rxset *set)
{
	size_t least = LOOKED_MAX, n = 0;

	for (size_t i = 0; i < set->ntexts; i++)
		least = set->texts[i].len < least ? set->texts[i].len : least;
	set->step = least - GRAM + 1;
	set->places = xcalloc(set->ntexts * set->step, sizeof(*set->places));
	set->grams = xcalloc(GRAMS / 64, sizeof(*set->grams));
	set->heads = xcalloc(GRAMS, sizeof(*set->heads));
	for (size_t i = 0; i < set->ntexts; i++) {
		for (size_t offset = 0; offset < set->step; offset++) {
			uint32_t gram = gram_of(three(set->texts[i].bytes + offset));

			set->places[n] = (struct place){ i, offset, set->heads[gram] };
			set->heads[gram] = (uint16_t)++n;
			set->grams[gram / 64] |= (uint64_t)1 << gram % 64;
		}
	}
}

struct rxset *rxset_new(const char *const *patterns, size_t n, struct err *err)
{
	struct rxset *set = xcalloc(1, sizeof(*set));

	set->rx = xcalloc(n + 1, sizeof(struct rx *));
	set->always = xcalloc(n + 1, sizeof(bool));
	for (; set->n < n; set->n++) {
		set->rx[set->n] = rx_new(patterns[set->n], false, err);
		if (set->rx[set->n] == NULL) {
			rxset_free(set);
			return NULL;
		}
		texts_add(set, set->n, patterns[set->n]);
	}
	if (set->ntexts > 0)
		grams_fill(set);
	return set;
}

void rxset_free(struct rxset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		rx_free(set->rx[i]);
	for (size_t i = 0; i < set->ntexts; i++)
		free(set->texts[i].bytes);
	free(set->rx);
	free(set->always);
	free(set->texts);
	free(set->places);
	free(set->grams);
	free(set->heads);
	free(set);
}

/* Marks the patterns whose texts are around p, and returns where the first of them begins; NULL
 * when there is none. */
static const char *texts_at(const struct rxset *set, uint32_t gram, const char *from, const char *p,
			    const char *end, bool *hits)
{
	const char *first = NULL;

	for (size_t i = set->heads[gram]; i != 0; i = set->places[i - 1].next) {
		const struct place *place = &set->places[i - 1];
		const struct text *text = &set->texts[place->text];
		const char *begin = p - place->offset;

		if (place->offset > (size_t)(p - from) || text->len > (size_t)(end - begin) ||
		    memcmp(begin, text->bytes, text->len) != 0)
			continue;
		if (hits != NULL)
			hits[text->pattern] = true;
		first = first == NULL || begin < first ? begin : first;
	}
	return first;
}

static inline bool is_marked(const struct rxset *set, uint32_t gram)
{
	return set->grams[gram / 64] >> gram % 64 & 1;
}

const char *rxset_next(const struct rxset *set, const char *from, const char *end, bool *hits)
{
	const char *found, *p = from;
	uint32_t gram, bytes;

	if (set->ntexts == 0)
		return end;
	for (; end - p > GRAM; p += set->step) {
		memcpy(&bytes, p, sizeof(bytes));
		gram = gram_of(le32toh(bytes));
		if (is_marked(set, gram) &&
		    (found = texts_at(set, gram, from, p, end, hits)) != NULL)
			return found;
	}
	if (end - p == GRAM) {
		gram = gram_of(three(p));
		if (is_marked(set, gram) &&
		    (found = texts_at(set, gram, from, p, end, hits)) != NULL)
			return found;
	}
	return end;
}

bool rxset_always(const struct rxset *set, size_t pattern)
{
	return set->always[pattern];
}

bool rxset_match(const struct rxset *set, size_t pattern, const char *bytes, size_t len)
{
	return rx_match(set->rx[pattern], bytes, len);
}
