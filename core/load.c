#include "core/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/find.h"
#include "core/trust.h"
#include "core/vocabulary.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"

#define DOCUMENT_MAX (8 << 20) /* bytes; larger than any runbook */

/* ---- findings ---- */

void findings_print(const struct findings *findings, struct buf *out)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];
		text_clean(out, f->file, strlen(f->file));
		buf_printf(out, ":%d:%d: ", f->line, f->column);
		if (*f->path) {
			text_clean(out, f->path, strlen(f->path));
			buf_puts(out, ": ");
		}
		text_clean(out, f->message, strlen(f->message));
		buf_putc(out, '\n');
		if (!f->suggestion)
			continue;
		buf_puts(out, "    ");
		text_clean(out, f->suggestion, strlen(f->suggestion));
		buf_putc(out, '\n');
	}
}

/* A document that is no JSON at all: "FILE:LINE:COLUMN: what" becomes a finding like the others. */
static void add_syntax(struct findings *findings, const struct jdoc *doc, const struct err *err)
{
	const char *text = err->msg;
	size_t len = strlen(doc->name);
	int line = 1, column = 1, used = 0;

	if (strncmp(text, doc->name, len) == 0 &&
	    sscanf(text + len, ":%d:%d: %n", &line, &column, &used) == 2 && used)
		text += len + (size_t)used;
	findings_add(findings, doc, "", err->hint[0] ? err->hint : NULL, "%s", text);
	findings->list[findings->n - 1].line = line;
	findings->list[findings->n - 1].column = column;
}

/* Whose word is taken for the files: frozen ones are covered by the ledger's hashes, and may be
 * shared by a group. */
enum trust { TRUST_OWNERS, TRUST_LEDGER };

/* 0; -1 when the file can't be read or trusted; a syntax error is a finding. */
static int read_document(struct jdoc *doc, const char *path, enum trust trust,
			 struct findings *findings, struct err *err)
{
	struct buf text = BUF_INIT;
	struct err syntax = ERR_INIT;
	int result = -1, fd = -1;
	char *opened = NULL;

	if (trust == TRUST_OWNERS && (fd = trust_open(path, err)) < 0)
		goto out;
	/* Once more, but that very file. */
	opened = fd < 0 ? xstrdup(path) : xasprintf("/proc/self/fd/%d", fd);
	if (file_read(opened, &text, DOCUMENT_MAX, err) < 0)
		goto out;
	if (jdoc_parse(doc, path, buf_str(&text), text.len, &syntax) < 0)
		add_syntax(findings, doc, &syntax);
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	free(opened);
	buf_release(&text);
	return result;
}

/* ---- frozen forms ---- */

/* Puts the sections of one document to those of the others. */
static void join_into(json_t *to, const json_t *from)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)from, key, value) {
		json_t *old = json_object_get(to, key);
		if (!old)
			json_object_set_new(to, key, json_deep_copy(value));
		else if (json_is_object(old) && json_is_object(value))
			join_into(old, value);
		else if (json_is_array(old) && json_is_array(value))
			json_array_extend(old, value);
	}
}

static char *freeze(const struct jdoc *docs, size_t n, char hash[SHA256_HEX])
{
	json_t *joined = json_object();
	for (size_t i = 0; i < n; i++)
		join_into(joined, docs[i].root);
	json_object_del(joined, "$schema");
	char *text = json_dumps(joined, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	char *line = xasprintf("%s\n", text);
	free(text);
	json_decref(joined);
	sha256_hex(line, strlen(line), hash);
	return line;
}

/* ---- loading ---- */

static int load_documents(struct loaded *loaded, enum trust trust, struct findings *findings,
			  struct err *err)
{
	size_t n;
	int result = 0;
	char **paths = find_documents(loaded->path, &n, err);

	if (!paths)
		return -1;
	loaded->docs = xcalloc(n, sizeof(*loaded->docs));
	for (size_t i = 0; i < n && result == 0; i++) {
		result = read_document(&loaded->docs[i], paths[i], trust, findings, err);
		loaded->ndocs = i + 1;
	}
	find_release(paths, n);
	return result;
}

static int invalid(const char *what, const struct findings *findings, size_t before,
		   struct err *err)
{
	size_t n = findings->n - before;
	err_set(err, "%s is invalid: %zu mistake%s", what, n, n == 1 ? "" : "s");
	err_hint(err, "see them all with: backout check");
	return -2;
}

/* Syntax errors leave nothing to check against each other. */
static int build_runbook(struct loaded *loaded, enum trust trust, struct findings *findings,
			 struct err *err)
{
	size_t before = findings->n;
	int result = load_documents(loaded, trust, findings, err);

	if (result < 0)
		return result;
	if (findings->n == before)
		loaded->runbook =
		    runbook_build(loaded->docs, loaded->ndocs, vocabulary_all(), findings);
	if (!loaded->runbook)
		return invalid(loaded->path, findings, before, err);
	loaded->frozen_runbook = freeze(loaded->docs, loaded->ndocs, loaded->runbook_hash);
	return 0;
}

static int build_target(struct loaded *loaded, const char *path, enum trust trust,
			struct findings *findings, struct err *err)
{
	size_t before = findings->n;
	int result = read_document(&loaded->target_doc, path, trust, findings, err);

	if (result < 0)
		return result;
	if (findings->n == before)
		loaded->target =
		    target_build(&loaded->target_doc, loaded->runbook, vocabulary_all(), findings);
	if (!loaded->target)
		return invalid(path, findings, before, err);
	target_bind_people(loaded->target, loaded->runbook);
	target_bind_items(loaded->target, loaded->runbook);
	target_bind_carried(loaded->target, loaded->runbook);
	loaded->frozen_target = freeze(&loaded->target_doc, 1, loaded->target_hash);
	return 0;
}

int load_runbook(struct loaded *loaded, const char *name, const char *target,
		 struct findings *findings, struct err *err)
{
	*loaded = (struct loaded){ .path = find_runbook(name, err) };
	if (!loaded->path)
		return -1;
	int result = build_runbook(loaded, TRUST_OWNERS, findings, err);
	if (result < 0 || !target)
		return result;
	char *path = find_target(target, loaded->runbook->system, err);
	if (!path)
		return -1;
	result = build_target(loaded, path, TRUST_OWNERS, findings, err);
	free(path);
	return result;
}

int load_frozen(struct loaded *loaded, const char *folder, struct err *err)
{
	struct findings findings = { 0 };
	char *target = path_join(folder, "target.json");
	int result;

	*loaded = (struct loaded){ .path = path_join(folder, "runbook.json") };
	result = build_runbook(loaded, TRUST_LEDGER, &findings, err);
	if (result == 0)
		result = build_target(loaded, target, TRUST_LEDGER, &findings, err);
	if (result == -2 && findings.n) {
		err_clear(err);
		err_set(err, "%s:%d:%d: %s", findings.list[0].file, findings.list[0].line,
			findings.list[0].column, findings.list[0].message);
		err_hint(err, "the frozen file does not fit this version of the program");
	}
	findings_release(&findings);
	free(target);
	return result < 0 ? -1 : 0;
}

void loaded_release(struct loaded *loaded)
{
	target_free(loaded->target);
	runbook_free(loaded->runbook);
	for (size_t i = 0; i < loaded->ndocs; i++)
		jdoc_release(&loaded->docs[i]);
	free(loaded->docs);
	jdoc_release(&loaded->target_doc);
	free(loaded->frozen_runbook);
	free(loaded->frozen_target);
	free(loaded->path);
	*loaded = (struct loaded){ 0 };
}

char *loaded_folder(const struct loaded *loaded)
{
	struct stat st;
	if (!loaded->path || stat(loaded->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	return xstrdup(loaded->path);
}
