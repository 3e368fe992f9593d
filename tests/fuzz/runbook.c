/*
 * The checker: whatever the documents hold, it either builds a runbook or says what is wrong, each
 * mistake at a place that is in the file; what it takes, it takes again from the frozen form.
 *
 * The input: a runbook, and behind a NUL a target. Half of the changes are made to the documents'
 * values instead of their bytes: those get past the reader of JSON.
 */
#include "tests/fuzz/fuzz.h"

#include "checklists/runbook.h"
#include "checklists/target.h"
#include "core/load.h"
#include "core/state.h"
#include "core/vocabulary.h"
#include "lib/jdoc.h"
#include "lib/text.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed);

/* ---- what must hold ---- */

static int lines_of(const char *text, size_t len)
{
	int lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* False: it is no JSON; then the message says where. */
static bool parse(struct jdoc *doc, const char *name, const char *text, size_t len)
{
	json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	struct err err = ERR_INIT;
	bool taken = jdoc_parse(doc, name, text, len, &err) == 0;
	int line = 0, column = 0;

	must(!taken || tree, "what is taken is JSON", text, len);
	must(!taken || json_equal(doc->root, tree), "a document is its JSON", text, len);
	if (!taken)
		must(sscanf(err.msg + strlen(name), ":%d:%d:", &line, &column) == 2 && line >= 1 &&
			 line <= lines_of(text, len) && column >= 0,
		     "no JSON: it says where", err.msg, strlen(err.msg));
	json_decref(tree);
	return taken;
}

static void clean_line(const char *text)
{
	struct buf clean = BUF_INIT;

	text_clean(&clean, text, strlen(text));
	must(strcmp(buf_str(&clean), text) == 0, "findings are printed clean", text, strlen(text));
	buf_release(&clean);
}

static void findings_look(const struct findings *findings, const char *text, size_t len)
{
	struct buf printed = BUF_INIT;
	int lines = lines_of(text, len);

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		must(*finding->message && finding->line >= 1 && finding->line <= lines &&
			 finding->column >= 1,
		     "a finding has words and a place in the file", text, len);
		must(i == 0 || findings->list[i - 1].line <= finding->line,
		     "findings come in the order of the file", text, len);
	}
	findings_print(findings, &printed);
	for (char *p = printed.data, *nl; p && (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = '\0';
		clean_line(p);
	}
	buf_release(&printed);
}

/* The runbook of a document; NULL and at least one finding, or none and a runbook. */
static struct runbook *build(const struct jdoc *doc, const char *text, size_t len)
{
	struct findings findings = { .n = 0 };
	struct runbook *runbook = runbook_build(doc, 1, vocabulary_all(), &findings);

	must((runbook != NULL) == (findings.n == 0), "a runbook or findings", text, len);
	findings_look(&findings, text, len);
	findings_release(&findings);
	return runbook;
}

/* What a console does with it before anything happens. */
static void use(const struct runbook *runbook)
{
	struct incident_state state;

	state_init(&state, runbook, NULL);
	must(runbook->system && *runbook->system, "a runbook has a name", "", 0);
	for (size_t i = 0; i < runbook->nprocedures; i++) {
		struct procedure_state run = { .procedure = NULL };

		procedure_begin(&run, &runbook->procedures[i]);
		must(runbook_procedure(runbook, runbook->procedures[i].name) ==
			 &runbook->procedures[i],
		     "a procedure is found by its name", "", 0);
		procedure_state_release(&run);
	}
	state_release(&state);
}

/* Through a file and back, as `backout attach` reads it. */
static void build_again(const struct jdoc *doc)
{
	char *frozen = json_dumps(doc->root, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	struct runbook *runbook;
	struct jdoc again;

	must(parse(&again, "frozen.json", frozen, strlen(frozen)), "the frozen form is JSON",
	     frozen, strlen(frozen));
	runbook = build(&again, frozen, strlen(frozen));
	must(runbook != NULL, "the frozen form is as good", frozen, strlen(frozen));
	runbook_free(runbook);
	jdoc_release(&again);
	free(frozen);
}

static void target_look(struct runbook *runbook, const char *text, size_t len)
{
	struct findings findings = { .n = 0 };
	struct target *target;
	struct jdoc doc;

	if (parse(&doc, "target.json", text, len)) {
		target = target_build(&doc, runbook, vocabulary_all(), &findings);
		must((target != NULL) == (findings.n == 0), "a target or findings", text, len);
		findings_look(&findings, text, len);
		if (target) {
			target_bind_items(target, runbook);
			use(runbook);
		}
		target_free(target);
		findings_release(&findings);
	}
	jdoc_release(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t n = nul ? (size_t)(nul - data) : len, ntarget = nul ? len - n - 1 : 0;
	char *text = exactly(data, n), *target = exactly(nul ? nul + 1 : data, ntarget);
	struct jdoc doc;

	if (parse(&doc, "runbook.json", text, n)) {
		struct runbook *runbook = build(&doc, text, n);

		if (runbook) {
			use(runbook);
			build_again(&doc);
			target_look(runbook, target, ntarget);
		}
		runbook_free(runbook);
	}
	jdoc_release(&doc);
	free(target);
	free(text);
	return 0;
}

/* ---- changes of values ---- */

enum { VALUES_MAX = 2000 };

struct values {
	struct value {
		json_t *up; /* an object or array */
		const char *key;
		size_t index;
		json_t *value;
	} list[VALUES_MAX];
	size_t n;
	uint32_t random;
};

static size_t any(struct values *values, size_t below)
{
	values->random = values->random * 1664525 + 1013904223;
	return (values->random >> 8) % below;
}

static void collect(struct values *values, json_t *up)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(up, key, value) {
		if (values->n < VALUES_MAX)
			values->list[values->n++] = (struct value){ up, key, 0, value };
		collect(values, value);
	}
	json_array_foreach(up, i, value) {
		if (values->n < VALUES_MAX)
			values->list[values->n++] = (struct value){ up, NULL, i, value };
		collect(values, value);
	}
}

/* New: something that may or may not be right in its place. */
static json_t *another(struct values *values, const json_t *like)
{
	static const char *const texts[] = { "",	"${limit}", "30s", "-2h", "tree", "10 GB",
					     "\x1b[2J", "main",	    "yes", "a/b", "${x",  "0" };
	const json_t *text;

	switch (any(values, 7)) {
	case 0:
		return json_integer((json_int_t)any(values, 3) - 1);
	case 1:
		return json_real(1e300);
	case 2:
		return json_boolean(any(values, 2));
	case 3:
		return any(values, 2) ? json_object() : json_array();
	case 4:
		return json_string(texts[any(values, sizeof(texts) / sizeof(texts[0]))]);
	case 5:
		text = values->list[any(values, values->n)].value;
		return json_is_string(text) ? json_copy((json_t *)(uintptr_t)text) : json_null();
	default:
		return json_is_string(like) ? json_pack("[O]", like) : json_string("x");
	}
}

static void value_put(const struct value *at, json_t *value)
{
	if (at->key)
		json_object_set_new(at->up, at->key, value);
	else
		json_array_set_new(at->up, at->index, value);
}

static void value_change(struct values *values)
{
	const struct value *at = &values->list[any(values, values->n)],
			   *other = &values->list[any(values, values->n)];

	switch (any(values, 6)) {
	case 0:
		if (at->key)
			json_object_del(at->up, at->key);
		else
			json_array_remove(at->up, at->index);
		break;
	case 1: /* one copy of another value */
		value_put(at, json_deep_copy(other->value));
		break;
	case 2: /* under another's name */
		if (at->key && other->key)
			json_object_set_new(at->up, other->key, json_deep_copy(at->value));
		break;
	case 3:
		if (json_is_array(at->value))
			json_array_append_new(at->value, json_deep_copy(other->value));
		else if (json_is_object(at->value) && other->key)
			json_object_set_new(at->value, other->key, json_deep_copy(other->value));
		break;
	default:
		value_put(at, another(values, at->value));
	}
}

/* New, NULL: it is no document. */
static char *document_change(const char *text, size_t len, unsigned seed)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	struct values *values = calloc(1, sizeof(*values));
	char *out = NULL;

	values->random = seed;
	for (size_t i = 0, count = 1 + seed % 3; root && i < count; i++) {
		values->n = 0;
		collect(values, root);
		if (values->n > 0)
			value_change(values);
	}
	if (root)
		out = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	free(values);
	return out;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed)
{
	const uint8_t *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t n = nul ? (size_t)(nul - data) : len;
	char *part[2] = { strndup((const char *)data, n),
			  nul ? strndup((const char *)nul + 1, len - n - 1) : strdup("") };
	int which = nul && seed % 8 == 0;
	char *changed = NULL;
	size_t out = 0;

	if (seed % 4 != 3)
		changed = document_change(part[which], strlen(part[which]), seed / 8);
	if (changed) {
		free(part[which]);
		part[which] = changed;
		out = strlen(part[0]) + (nul ? 1 + strlen(part[1]) : 0);
	}
	if (out > 0 && out <= max) {
		memcpy(data, part[0], strlen(part[0]));
		if (nul) {
			data[strlen(part[0])] = '\0';
			memcpy(data + strlen(part[0]) + 1, part[1], strlen(part[1]));
		}
	} else {
		out = LLVMFuzzerMutate(data, len, max);
	}
	free(part[0]);
	free(part[1]);
	return out;
}
