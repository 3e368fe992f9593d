/* Finds where the values stand. Knows just enough of each syntax to skip what is not a name. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/flagfile.h"
#include "lib/mem.h"

enum token_kind { TOKEN_END, TOKEN_NEWLINE, TOKEN_NAME, TOKEN_STRING, TOKEN_OTHER, TOKEN_BROKEN };

struct token {
	enum token_kind kind;
	size_t from, to;
	int line;
};

struct lexer {
	const char *text;
	size_t len, at;
	int line;
	bool json;
	struct token now;
	flag_place_fn *fn;
	void *data;
	struct err *err;
	int depth;
};

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static void skip_blank(struct lexer *lx)
{
	while (lx->at < lx->len) {
		char c = lx->text[lx->at];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			lx->at++;
		} else if (c == '\\' && lx->at + 1 < lx->len && lx->text[lx->at + 1] == '\n') {
			lx->at += 2;
			lx->line++;
		} else if (c == '#' && !lx->json) {
			while (lx->at < lx->len && lx->text[lx->at] != '\n')
				lx->at++;
		} else {
			return;
		}
	}
}

static enum token_kind lex_string(struct lexer *lx)
{
	char quote = lx->text[lx->at];
	const char triple[4] = { quote, quote, quote, '\0' };
	bool three =
	    !lx->json && lx->len - lx->at >= 3 && memcmp(lx->text + lx->at, triple, 3) == 0;

	lx->at += three ? 3 : 1;
	while (lx->at < lx->len) {
		char c = lx->text[lx->at];

		if (c == '\\' && lx->at + 1 < lx->len) {
			lx->line += lx->text[lx->at + 1] == '\n';
			lx->at += 2;
			continue;
		}
		if (c == '\n' && !three)
			return TOKEN_BROKEN;
		lx->line += c == '\n';
		if (c == quote && (!three || (lx->len - lx->at >= 3 &&
					      memcmp(lx->text + lx->at, triple, 3) == 0))) {
			lx->at += three ? 3 : 1;
			return TOKEN_STRING;
		}
		lx->at++;
	}
	return TOKEN_BROKEN;
}

static void lex(struct lexer *lx)
{
	char c;

	skip_blank(lx);
	lx->now.from = lx->at;
	lx->now.line = lx->line;
	if (lx->at >= lx->len) {
		lx->now.kind = TOKEN_END;
	} else if (c = lx->text[lx->at], c == '\n') {
		lx->now.kind = TOKEN_NEWLINE;
		lx->at++;
		lx->line++;
	} else if (c == '"' || (c == '\'' && !lx->json)) {
		lx->now.kind = lex_string(lx);
	} else if (name_char(c)) {
		while (lx->at < lx->len && name_char(lx->text[lx->at]))
			lx->at++;
		/* r"...", f'...': the prefix belongs to the string, which then is no plain one */
		lx->now.kind = TOKEN_NAME;
		if (lx->at < lx->len && !lx->json && lx->at - lx->now.from <= 2 &&
		    (lx->text[lx->at] == '"' || lx->text[lx->at] == '\''))
			lx->now.kind = lex_string(lx) == TOKEN_STRING ? TOKEN_OTHER : TOKEN_BROKEN;
	} else {
		lx->now.kind = TOKEN_OTHER;
		lx->at++;
		/* "==" and its kin are no assignment */
		if (lx->at < lx->len && lx->text[lx->at] == '=' && strchr("=<>!:+-*/%&|^@", c))
			lx->at++;
	}
	lx->now.to = lx->at;
}

static bool token_is(const struct lexer *lx, char c)
{
	return lx->now.kind == TOKEN_OTHER && lx->now.to - lx->now.from == 1 &&
	       lx->text[lx->now.from] == c;
}

static bool token_opens(const struct lexer *lx)
{
	return token_is(lx, '{') || token_is(lx, '[') || token_is(lx, '(');
}

static bool token_closes(const struct lexer *lx)
{
	return token_is(lx, '}') || token_is(lx, ']') || token_is(lx, ')');
}

static char *join(const char *path, const char *name, size_t len)
{
	return *path ? xasprintf("%s.%.*s", path, (int)len, name) : xstrndup(name, len);
}

static int broken(struct lexer *lx, const char *what)
{
	return err_set(lx->err, "line %d: %s", lx->now.line, what);
}

static int scan_bracket(struct lexer *lx, const char *path);

/* From the first token of a value to what ends it (left as the current token): a comma or closing
 * bracket inside brackets, the line's end or ";" outside. */
static int scan_value(struct lexer *lx, const char *path, bool inside)
{
	struct flag_place place = { lx->now.from, lx->now.from, lx->now.line };

	for (;;) {
		if (lx->now.kind == TOKEN_BROKEN)
			return broken(lx, "a string is not closed");
		if (lx->now.kind == TOKEN_END ||
		    (!inside && (lx->now.kind == TOKEN_NEWLINE || token_is(lx, ';'))))
			break;
		if (inside && (token_is(lx, ',') || token_closes(lx)))
			break;
		if (token_opens(lx)) {
			if (scan_bracket(lx, path) < 0)
				return -1;
			place.to = lx->now.to;
		} else if (lx->now.kind != TOKEN_NEWLINE) {
			place.to = lx->now.to;
		}
		lex(lx);
	}
	if (place.to > place.from)
		lx->fn(path, &place, lx->data);
	return 0;
}

/* The current token opens a bracket; afterwards it is the one that closes it. */
static int scan_bracket(struct lexer *lx, const char *path)
{
	bool dict = token_is(lx, '{'), first = true;
	int line = lx->now.line, rc = 0;

	if (++lx->depth > 200)
		return broken(lx, "brackets are nested too deep");
	lex(lx);
	while (rc == 0) {
		if (lx->now.kind == TOKEN_BROKEN)
			return broken(lx, "a string is not closed");
		if (lx->now.kind == TOKEN_END)
			return err_set(lx->err, "line %d: a bracket is not closed", line);
		if (token_closes(lx))
			break;
		if (dict && first && lx->now.kind == TOKEN_STRING) {
			struct token key = lx->now;
			char *inner;

			lex(lx);
			first = false;
			if (!token_is(lx, ':'))
				continue;
			inner = join(path, lx->text + key.from + 1, key.to - key.from - 2);
			do
				lex(lx);
			while (lx->now.kind == TOKEN_NEWLINE);
			rc = scan_value(lx, inner, true);
			free(inner);
			continue;
		}
		if (token_opens(lx))
			rc = scan_bracket(lx, path);
		if (lx->now.kind != TOKEN_NEWLINE)
			first = token_is(lx, ',');
		if (rc == 0)
			lex(lx);
	}
	lx->depth--;
	return rc;
}

static bool is_word(const struct lexer *lx, const struct token *token, const char *word)
{
	return token->to - token->from == strlen(word) &&
	       memcmp(lx->text + token->from, word, strlen(word)) == 0;
}

/* From the "=" of an assignment to `path` (freed here). */
static int scan_assigned(struct lexer *lx, char *path)
{
	int rc;

	lex(lx);
	rc = scan_value(lx, path, false);
	free(path);
	return rc;
}

/* The current token is the bracket of NAME["key"] = value; 1, and nothing was read, when it isn't.
 */
static int scan_subscript(struct lexer *lx, const struct token *name)
{
	const struct lexer before = *lx;
	struct token key;
	bool closed;

	lex(lx);
	key = lx->now;
	if (key.kind == TOKEN_STRING)
		lex(lx);
	closed = key.kind == TOKEN_STRING && token_is(lx, ']');
	if (closed)
		lex(lx);
	if (!closed || !token_is(lx, '=')) {
		*lx = before;
		return 1;
	}
	return scan_assigned(lx, xasprintf("%.*s.%.*s", (int)(name->to - name->from),
					   lx->text + name->from, (int)(key.to - key.from - 2),
					   lx->text + key.from + 1));
}

/* The current token is the first of a statement: NAME = value, or NAME: type = value. */
static int scan_statement(struct lexer *lx)
{
	struct token name = lx->now;

	lex(lx);
	if (token_is(lx, '['))
		return scan_subscript(lx, &name);
	if (token_is(lx, ':')) {
		if (is_word(lx, &name, "else") || is_word(lx, &name, "try") ||
		    is_word(lx, &name, "finally")) {
			lex(lx);
			return 0;
		}
		while (lx->now.kind != TOKEN_NEWLINE && lx->now.kind != TOKEN_END &&
		       lx->now.kind != TOKEN_BROKEN && !token_is(lx, '=')) {
			if (token_opens(lx) && scan_bracket(lx, "") < 0)
				return -1;
			lex(lx);
		}
	}
	if (!token_is(lx, '='))
		return 1;
	return scan_assigned(lx, xstrndup(lx->text + name.from, name.to - name.from));
}

int flag_scan_code(const struct buf *text, bool json, flag_place_fn *fn, void *data,
		   struct err *err)
{
	struct lexer lx = { .text = buf_str(text),
			    .len = text->len,
			    .line = 1,
			    .json = json,
			    .fn = fn,
			    .data = data,
			    .err = err };
	bool start = true;

	if (lx.len >= 3 && memcmp(lx.text, "\xef\xbb\xbf", 3) == 0)
		lx.at = 3;
	lex(&lx);
	while (lx.now.kind != TOKEN_END) {
		if (lx.now.kind == TOKEN_BROKEN)
			return broken(&lx, "a string is not closed");
		if (start && !json && lx.now.kind == TOKEN_NAME) {
			int rc = scan_statement(&lx);

			if (rc < 0)
				return -1;
			start = rc == 0;
			continue;
		}
		if (token_opens(&lx) && scan_bracket(&lx, "") < 0)
			return -1;
		start = lx.now.kind == TOKEN_NEWLINE || token_is(&lx, ';');
		lex(&lx);
	}
	return 0;
}

/* ---- env and ini ---- */

static size_t trim(const char *text, size_t from, size_t to)
{
	while (to > from && isspace((unsigned char)text[to - 1]))
		to--;
	return to;
}

/* Where a value ends: behind its closing quote, or before a comment that has a blank before it. */
static size_t value_end(const char *text, size_t from, size_t to, bool ini)
{
	char quote = from < to ? text[from] : '\0';

	if (quote == '"' || quote == '\'') {
		for (size_t i = from + 1; i < to; i++) {
			if (text[i] == '\\' && quote == '"')
				i++;
			else if (text[i] == quote)
				return i + 1;
		}
		return to;
	}
	for (size_t i = from; i < to; i++)
		if ((text[i] == '#' || (ini && text[i] == ';')) &&
		    (i == from || text[i - 1] == ' ' || text[i - 1] == '\t'))
			return trim(text, from, i);
	return trim(text, from, to);
}

static void scan_line(const char *text, size_t from, size_t to, int line, bool ini,
		      const char *section, flag_place_fn *fn, void *data)
{
	struct flag_place place = { .line = line };
	size_t key, behind, end = from;
	char *path;

	if (!ini && to - from > 7 && memcmp(text + from, "export", 6) == 0 &&
	    isblank((unsigned char)text[from + 6])) {
		from += 7;
		while (from < to && isblank((unsigned char)text[from]))
			from++;
	}
	for (end = key = from; end < to && text[end] != '=' && !(ini && text[end] == ':'); end++)
		;
	if (end == to)
		return;
	place.from = behind = end + 1;
	end = trim(text, key, end);
	if (end == key || (!ini && memchr(text + key, ' ', end - key)))
		return;
	while (ini && place.from < to && isblank((unsigned char)text[place.from]))
		place.from++;
	place.to = value_end(text, place.from, to, ini);
	/* What is empty stands where a value would: behind one blank, not at the comment. */
	if (ini && place.to <= place.from)
		place.from = place.to = behind + (isblank((unsigned char)text[behind]) != 0);
	path = join(section, text + key, end - key);
	fn(path, &place, data);
	free(path);
}

int flag_scan_lines(const struct buf *text, bool ini, flag_place_fn *fn, void *data,
		    struct err *err)
{
	const char *bytes = buf_str(text);
	char *section = xstrdup("");
	int line = 0, rc = 0;

	for (size_t at = 0; at < text->len && rc == 0;) {
		const char *eol = memchr(bytes + at, '\n', text->len - at);
		size_t end = eol ? (size_t)(eol - bytes) : text->len, from = at, to;

		line++;
		at = end + 1;
		to = trim(bytes, from, end);
		while (from < to && isspace((unsigned char)bytes[from]))
			from++;
		if (from == to || bytes[from] == '#' || (ini && bytes[from] == ';'))
			continue;
		if (ini && bytes[from] == '[') {
			const char *close = memchr(bytes + from, ']', to - from);

			if (!close) {
				rc = err_set(err, "line %d: a section is not closed", line);
				break;
			}
			free(section);
			section = xstrndup(bytes + from + 1, (size_t)(close - bytes) - from - 1);
			continue;
		}
		scan_line(bytes, from, to, line, ini, section, fn, data);
	}
	free(section);
	return rc;
}
