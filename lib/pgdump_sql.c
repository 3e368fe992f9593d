/* Plain SQL dumps: psql obeys what stands behind a backslash, so only what pg_dump writes may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/pgdump.h"
#include "lib/text.h"

/* Without it the rest is missing. */
#define LAST_LINE "-- PostgreSQL database dump complete"

enum where {
	IN_SQL,
	IN_STRING,  /* '...' */
	IN_ESCAPED, /* E'...', where a backslash escapes */
	IN_NAME,    /* "..." */
	IN_DOLLAR,  /* $tag$...$tag$ */
	IN_COMMENT, /* nested */
	IN_COPY,    /* data up to \. */
};

struct scan {
	const char *path;
	long line;
	enum where where;
	int depth;	      /* of comments */
	char tag[68];	      /* "$tag$" */
	struct buf statement; /* its beginning, and enough to know COPY ... FROM stdin */
	char token[128];      /* of \restrict */
	bool restricted;
	bool after_escaped; /* nothing but blanks since an E'...' ended */
	bool complete;	    /* pg_dump's last line was there */
	bool odd;	    /* in a '...': an odd number of backslashes stands before */
};

static int refuse(const struct scan *scan, const char *at, size_t len, struct err *err)
{
	char text[80];

	text_clean_to(text, sizeof text, at, len > 60 ? 60 : len);
	err_set(err, "%s:%ld: a psql command that pg_dump does not write: %s", scan->path,
		scan->line, text);
	return err_hint(err, "psql would obey it; this dump is not restored");
}

/* \restrict TOKEN and \unrestrict TOKEN, which pg_dump writes since August 2025. */
static int command(struct scan *scan, const char *at, size_t len, struct err *err)
{
	char word[16], token[128], rest;
	char *line = xstrndup(at, len);
	int n = sscanf(line, "\\%15s %127s %c", word, token, &rest);

	free(line);
	if (n == 2 && strcmp(word, "restrict") == 0 && !scan->restricted) {
		scan->restricted = true;
		snprintf(scan->token, sizeof scan->token, "%s", token);
		return 0;
	}
	if (n == 2 && strcmp(word, "unrestrict") == 0 && scan->restricted &&
	    strcmp(token, scan->token) == 0) {
		scan->restricted = false;
		return 0;
	}
	return refuse(scan, at, len, err);
}

/* The length of "$tag$" at the start; 0 when it is none. */
static size_t dollar_tag(const char *p, size_t len)
{
	size_t n = 1;

	while (n < len && n < 64 &&
	       (p[n] == '_' || (p[n] & 0x80) || (p[n] >= 'a' && p[n] <= 'z') ||
		(p[n] >= 'A' && p[n] <= 'Z') || (n > 1 && p[n] >= '0' && p[n] <= '9')))
		n++;
	return n < len && p[n] == '$' ? n + 1 : 0;
}

static bool word_char(char c)
{
	return c == '_' || c == '$' || (c & 0x80) || (c >= '0' && c <= '9') ||
	       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int statement_end(struct scan *scan, struct err *err)
{
	const char *text = buf_str(&scan->statement);

	while (*text == ' ' || *text == '\n' || *text == '\t')
		text++;
	if (strncasecmp(text, "copy ", 5) == 0 && strcasestr(text, " from stdin"))
		scan->where = IN_COPY;
	/* It would change what a backslash in a string means. */
	if (strcasestr(text, "standard_conforming_strings") &&
	    strcmp(text, "SET standard_conforming_strings = on") != 0)
		return refuse(scan, text, strlen(text), err);
	if (scan->statement.len)
		buf_cut(&scan->statement, 0);
	return 0;
}

static void statement_add(struct scan *scan, char c)
{
	if (scan->statement.len < 65536)
		buf_putc(&scan->statement, c);
}

/* One character of SQL outside of strings; gives how many bytes were taken, 0 for a refused one. */
static size_t sql_char(struct scan *scan, const char *line, size_t i, size_t len, struct err *err)
{
	const char *p = line + i;
	size_t left = len - i, tag;
	char before = i > 0 ? line[i - 1] : ' ';

	if (left > 1 && p[0] == '-' && p[1] == '-')
		return left;
	if (left > 1 && p[0] == '/' && p[1] == '*') {
		scan->where = IN_COMMENT;
		scan->depth = 1;
		return 2;
	}
	switch (*p) {
	case '\\':
		if (i > 0)
			refuse(scan, p, left, err);
		else if (command(scan, p, left, err) == 0)
			return left;
		return 0;
	case '\'':
		/* A string that goes on behind a line's end keeps its kind; pg_dump writes none. */
		if (scan->after_escaped) {
			refuse(scan, line, len, err);
			return 0;
		}
		scan->where = (before == 'e' || before == 'E') && (i < 2 || !word_char(line[i - 2]))
				  ? IN_ESCAPED
				  : IN_STRING;
		return 1;
	case '"':
		scan->where = IN_NAME;
		return 1;
	case '$':
		tag = word_char(before) ? 0 : dollar_tag(p, left);
		if (!tag)
			break;
		snprintf(scan->tag, sizeof scan->tag, "%.*s", (int)tag, p);
		scan->where = IN_DOLLAR;
		return tag;
	case ';':
		return statement_end(scan, err) == 0 ? 1 : 0;
	default:
		break;
	}
	if (!strchr(" \t\r\n", *p))
		scan->after_escaped = false;
	statement_add(scan, *p);
	return 1;
}

/* With standard_conforming_strings off, which a function can bring about unseen, such a string goes
 * on: then psql would find commands where this scan sees none. */
static size_t refuse_end(const struct scan *scan, struct err *err)
{
	err_set(err, "%s:%ld: a string that ends with a backslash", scan->path, scan->line);
	err_hint(err, "psql might not see its end; dump it in the custom format");
	return 0;
}

/* One step inside a string, a name or a comment; 0 for a refused one. */
static size_t quoted_char(struct scan *scan, const char *p, size_t left, struct err *err)
{
	char quote = scan->where == IN_NAME ? '"' : '\'';
	size_t tag = strlen(scan->tag);

	switch (scan->where) {
	case IN_DOLLAR:
		if (left >= tag && memcmp(p, scan->tag, tag) == 0) {
			scan->where = IN_SQL;
			return tag;
		}
		return 1;
	case IN_COMMENT:
		if (left > 1 && p[0] == '*' && p[1] == '/') {
			if (--scan->depth == 0)
				scan->where = IN_SQL;
			return 2;
		}
		if (left > 1 && p[0] == '/' && p[1] == '*') {
			scan->depth++;
			return 2;
		}
		return 1;
	default:
		if (scan->where == IN_ESCAPED && *p == '\\')
			return left > 1 ? 2 : 1;
		if (scan->where == IN_STRING && scan->odd && *p == '\'')
			return refuse_end(scan, err);
		scan->odd = scan->where == IN_STRING && *p == '\\' && !scan->odd;
		if (*p == quote && left > 1 && p[1] == quote)
			return 2;
		if (*p == quote) {
			scan->after_escaped = scan->where == IN_ESCAPED;
			scan->where = IN_SQL;
		}
		return 1;
	}
}

static int scan_line(struct scan *scan, const char *line, size_t len, struct err *err)
{
	if (scan->where == IN_COPY) {
		if (strcmp(line, "\\.\n") == 0 || strcmp(line, "\\.\r\n") == 0 ||
		    strcmp(line, "\\.") == 0)
			scan->where = IN_SQL;
		return 0;
	}
	if (scan->where == IN_SQL && strncmp(line, LAST_LINE, strlen(LAST_LINE)) == 0)
		scan->complete = true;
	for (size_t i = 0; i < len;) {
		size_t n = scan->where == IN_SQL ? sql_char(scan, line, i, len, err)
						 : quoted_char(scan, line + i, len - i, err);
		if (n == 0)
			return -1;
		i += n;
		/* The rest of COPY's own line is data only from the next line on; pg_dump leaves
		 * none. */
		if (scan->where == IN_COPY)
			return i >= len || line[i] == '\n' || line[i] == '\r'
				   ? 0
				   : refuse(scan, line + i, len - i, err);
	}
	return 0;
}

int pgdump_scan_sql(const char *path, struct err *err)
{
	struct scan scan = { .path = path, .statement = BUF_INIT };
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int result = 0;

	if (!file)
		return err_sys(err, "dump %s", path);
	while (result == 0 && (len = getline(&line, &cap, file)) >= 0) {
		scan.line++;
		result = scan_line(&scan, line, (size_t)len, err);
	}
	if (result == 0 && ferror(file))
		result = err_sys(err, "reading dump %s", path);
	if (result == 0 && scan.where != IN_SQL)
		result = err_set(err, "dump %s ends in the middle of a statement", path);
	if (result == 0 && !scan.complete)
		result =
		    err_set(err, "dump %s is not complete: pg_dump's last line is missing", path);
	free(line);
	fclose(file);
	buf_release(&scan.statement);
	return result;
}
