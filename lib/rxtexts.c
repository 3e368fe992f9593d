#include "lib/rxtexts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"

/* Shorter texts stand in too many lines. */
#define TEXT_MIN 3

/* Texts one of which is in each match. */
struct choice {
	char *texts[RXTEXTS_MAX]; /* owned */
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
		if (out->n == RXTEXTS_MAX)
			return false;
		out->texts[out->n++] = xstrdup(buf_str(&run->best));
		return true;
	}
	if (run->group.n == 0 || out->n + run->group.n > RXTEXTS_MAX)
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

size_t rxtexts_of(const char *pattern, char *texts[RXTEXTS_MAX])
{
	struct choice choice = { .n = 0 };

	if (choice_read(pattern, false, &choice) == NULL)
		choice_release(&choice);
	memcpy(texts, choice.texts, sizeof(choice.texts));
	return choice.n;
}
