/* From documents to structs: references, flattening, circles, parameters, findings. */
#include "tests/unit/checklists_sample.h"

struct built {
	struct jdoc docs[3];
	size_t n;
	struct runbook *rb;
	struct findings findings;
};

static void add(struct built *b, const char *text)
{
	char name[16];
	snprintf(name, sizeof(name), "d%zu.json", b->n);
	sample_doc(&b->docs[b->n++], name, text);
}

static void build(struct built *b)
{
	b->rb = runbook_build(b->docs, b->n, &sample_vocabulary, &b->findings);
}

static void release(struct built *b)
{
	runbook_free(b->rb);
	findings_release(&b->findings);
	for (size_t i = 0; i < b->n; i++)
		jdoc_release(&b->docs[i]);
	memset(b, 0, sizeof(*b));
}

static void show(const struct built *b)
{
	for (size_t i = 0; i < b->findings.n; i++)
		print_message("# %s:%d:%d: %s: %s (%s)\n", b->findings.list[i].file,
			      b->findings.list[i].line, b->findings.list[i].column,
			      b->findings.list[i].path, b->findings.list[i].message,
			      b->findings.list[i].suggestion ? b->findings.list[i].suggestion : "");
}

static void good(struct built *b)
{
	build(b);
	show(b);
	assert_non_null(b->rb);
}

/* The runbook is refused, and one finding (of `count`) stands at `path` and contains `text`. */
static void bad(struct built *b, size_t count, const char *path, const char *text)
{
	bool found = false;
	build(b);
	show(b);
	assert_null(b->rb);
	for (size_t i = 0; i < b->findings.n; i++)
		found = found || (strcmp(b->findings.list[i].path, path) == 0 &&
				  strstr(b->findings.list[i].message, text));
	assert_true(found);
	assert_int_equal(b->findings.n, count);
	release(b);
}

#define PROCEDURE(name, steps)                                                                \
	"'" name "': {'title': 't', 'estimate': '1m-2m', 'data_loss': 'none', 'risk': 'low'," \
	" 'steps': [" steps "]}"

static void test_documents_are_joined(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b, "{" SAMPLE_HEAD ", 'probes': {'quiet': {'log': 'bot-log', 'silent': 'ERROR'}}}");
	add(&b, "{'tree': {'start': 'q', 'questions': {'q': {'ask': '?', 'probe': 'quiet',"
		" 'yes': {'procedure': 'p'}, 'no': {'advice': 'look'}}}}}");
	add(&b, "{'procedures': {" PROCEDURE(
		    "p", SAMPLE_STEP) "},"
				      " 'metrics': {'more': {'log': 'bot-log', 'read': 'matching', "
				      "'match': 'x',"
				      " 'suggest': 'p', 'warning': 1, 'critical': 2}}}");
	good(&b);
	assert_int_equal(b.rb->nmetrics, 2);
	assert_string_equal(b.rb->metrics[0].unit, "%");
	assert_ptr_equal(b.rb->tree.questions[0].yes.procedure, runbook_procedure(b.rb, "p"));
	assert_ptr_equal(b.rb->tree.questions[0].probe, runbook_probe(b.rb, "quiet"));
	assert_int_equal(b.rb->procedures[0].estimate_high_us, 120000000);
	assert_int_equal(b.rb->procedures[0].budget_us, 120000000);
	release(&b);
}

static void test_one_name_in_two_documents(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b, "{" SAMPLE_HEAD "}");
	add(&b, "{'metrics': {'errors': {'log': 'bot-log', 'read': 'matching'}}, 'title': 'T'}");
	build(&b);
	show(&b);
	assert_int_equal(b.findings.n, 2);
	assert_string_equal(b.findings.list[0].message,
			    "metric \"errors\" is declared already in d0.json:1:245");
	assert_string_equal(b.findings.list[1].path, "/title");
	release(&b);
}

static const char inner_steps[] = /* of "inner" */
    "{'id': 'stop', 'say': 'S', 'action': {'service': 'bot', 'do': 'stop'},"
    " 'verify': [{'log': 'bot-log', 'silent': 'x'}], 'alternative': 'kill'},"
    "{'id': 'kill', 'say': 'K', 'action': {'command': ['kill']}},"
    "{'id': 'how', 'ask': 'How?', 'choose': ["
    "  {'id': 'tag', 'say': 'T', 'steps': [{'id': 'go', 'say': 'G', 'action': {'manual': 'm'}}]},"
    "  {'id': 'none', 'say': 'N', 'steps': []}]},"
    "{'id': 'old', 'ask': 'Old?', 'probe': {'file': '/o'}, 'yes': ["
    "  {'id': 'rm', 'say': 'R', 'action': {'command': ['rm']}}]}";

static const struct step *step(const struct built *b, const char *procedure, const char *id)
{
	const struct step *found = procedure_step(runbook_procedure(b->rb, procedure), id);
	if (!found)
		fail_msg("no step %s in %s", id, procedure);
	return found;
}

static void build_nested(struct built *b, const char *outer)
{
	char text[4096];
	snprintf(text, sizeof(text),
		 "{" SAMPLE_HEAD
		 ", 'procedures': {" PROCEDURE("outer", "%s") "," PROCEDURE("inner", "%s") "}}",
		 outer, inner_steps);
	add(b, text);
}

static void test_steps_are_flat(void **state)
{
	(void)state;
	struct built b = { 0 };
	build_nested(&b, SAMPLE_STEP);
	good(&b);
	const struct procedure *p = runbook_procedure(b.rb, "inner");
	const char *const ids[] = { "stop", "kill", "how", "how/tag/go", "old", "old/rm" };
	assert_int_equal(p->nsteps, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(p->steps[i].id, ids[i]);
	assert_int_equal(step(&b, "inner", "how/tag/go")->guard, 2);
	assert_string_equal(step(&b, "inner", "how/tag/go")->guard_answer, "tag");
	assert_int_equal(step(&b, "inner", "old/rm")->guard, 4);
	assert_string_equal(step(&b, "inner", "old/rm")->guard_answer, "yes");
	assert_int_equal(step(&b, "inner", "stop")->guard, -1);
	assert_true(step(&b, "inner", "kill")->only_alternative);
	assert_false(step(&b, "inner", "stop")->only_alternative);
	assert_string_equal(step(&b, "inner", "stop")->verify[0]->id,
			    "procedures.inner.stop.verify.0");
	assert_non_null(runbook_probe(b.rb, "procedures.inner.stop.verify.0"));
	release(&b);
}

static void test_a_procedure_as_a_step(void **state)
{
	(void)state;
	struct built b = { 0 };
	build_nested(&b, SAMPLE_STEP ",{'id': 'sure', 'ask': 'Sure?', 'yes': ["
				     "{'id': 'code', 'procedure': 'inner', 'except': ['old']}]}");
	good(&b);
	const struct procedure *p = runbook_procedure(b.rb, "outer");
	assert_int_equal(p->nsteps, 6);
	const struct step *stop = step(&b, "outer", "sure/code/stop");
	assert_int_equal(stop->guard, 1);
	assert_string_equal(stop->guard_answer, "yes");
	assert_string_equal(stop->alternative, "sure/code/kill");
	assert_string_equal(stop->origin, "inner/stop");
	assert_true(step(&b, "outer", "sure/code/kill")->only_alternative);
	const struct step *go = step(&b, "outer", "sure/code/how/tag/go");
	assert_string_equal(p->steps[go->guard].id, "sure/code/how");
	for (size_t i = 0; i < p->nsteps; i++)
		assert_true(p->steps[i].guard < (int)i);
	assert_ptr_equal(stop->verify[0], step(&b, "inner", "stop")->verify[0]);
	release(&b);

	build_nested(&b, "{'id': 'c', 'procedure': 'inner', 'only': ['how', 'old/rm']}");
	bad(&b, 1, "/procedures/outer/steps/0/only", "left out");
	build_nested(&b, "{'id': 'c', 'procedure': 'inner', 'only': ['hw']}");
	bad(&b, 2, "/procedures/outer/steps/0/only/0", "has no step \"hw\"");
	build_nested(&b, "{'id': 'c', 'procedure': 'inner', 'only': ['how'], 'except': ['old']}");
	bad(&b, 1, "/procedures/outer/steps/0/except", "exclude each other");
}

static void test_circles(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b, "{" SAMPLE_HEAD
		", 'procedures': {" PROCEDURE("a", "{'id': 'x', 'procedure': 'b'}") "," PROCEDURE(
		    "b", "{'id': 'y', 'procedure': 'a'}") "}}");
	bad(&b, 1, "/procedures/b/steps/0/procedure", "contains itself");
	add(&b, "{" SAMPLE_HEAD ", 'probes': {'a': {'all': ['b', {'file': '/f'}]},"
		" 'b': {'any': [{'not': 'a'}]}, 'c': 'a'}}");
	bad(&b, 1, "/probes/b", "contains \"a\", which contains it again");
	add(&b,
	    "{" SAMPLE_HEAD ", 'tree': {'start': 'a', 'questions': {"
	    "'a': {'ask': '?', 'yes': 'b', 'no': 'c'}, 'b': {'ask': '?', 'yes': 'c', 'no': 'a'},"
	    "'c': {'ask': '?', 'yes': {'advice': 'x'}, 'no': {'advice': 'y'}},"
	    "'d': {'ask': '?', 'yes': 'c', 'no': 'c'}}}}");
	build(&b);
	show(&b);
	assert_int_equal(b.findings.n, 2);
	assert_string_equal(b.findings.list[0].path, "/tree/questions/b/no");
	assert_string_equal(b.findings.list[1].path, "/tree/questions/d");
	release(&b);
}

static void test_alternatives(void **state)
{
	(void)state;
	struct built b = { 0 };
	build_nested(&b, "{'id': 'a', 'say': 'A', 'action': {'manual': 'x'}, 'alternative': 'z'}");
	bad(&b, 1, "/procedures/outer/steps/0/alternative", "no step \"z\"");
	build_nested(&b, "{'id': 'a', 'say': 'A', 'action': {'manual': 'x'}, 'alternative': 'a'}");
	bad(&b, 1, "/procedures/outer/steps/0/alternative", "its own");
	build_nested(&b, "{'id': 'a', 'say': 'A', 'action': {'manual': 'x'}, 'alternative': 'q/b'},"
			 "{'id': 'q', 'ask': '?', 'yes': ["
			 "{'id': 'b', 'say': 'B', 'action': {'manual': 'y'}}]}");
	bad(&b, 1, "/procedures/outer/steps/0/alternative", "another branch");
	build_nested(&b, "{'id': 'a', 'say': 'A', 'action': {'manual': 'x'},"
			 " 'only_alternative': true}");
	bad(&b, 1, "/procedures/outer/steps", "no step names it");
}

static void test_parameters(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b, "{" SAMPLE_HEAD ", 'parameters': {"
		"'n': {'type': 'int', 'help': 'h', 'default': 3},"
		"'word': {'type': 'string', 'help': 'h', 'default': 'w'},"
		"'env': {'type': 'string', 'help': 'h', 'default': 'w'},"
		"'idle': {'type': 'string', 'help': 'h', 'default': 'w'},"
		"'dump': {'type': 'path', 'help': 'h', 'ask': 'Which?'},"
		"'other': {'type': 'path', 'help': 'h', 'ask': 'Which?'}},"
		"'procedures': {" PROCEDURE(
		    "p", "{'id': 'a', 'say': 'A', 'action': {'command': ['x', '${word}-${n}'],"
			 " 'shell': 'echo $BACKOUT_ENV ${x}'},"
			 " 'verify': [{'not': {'file': '${dump}'}}]},"
			 "{'id': 'b', 'say': 'B', 'action': {'db': 'main', 'sql': 'x',"
			 " 'with': ['${n}', '${worrd}']}},"
			 "{'id': 'c', 'say': 'C', 'timeout': '${n}', 'action': {'manual': 'm "
			 "${word}'}}") "}}");
	build(&b);
	show(&b);
	const char *const paths[] = { "/parameters/idle",
				      "/parameters/other",
				      "/procedures/p/steps/0/action/shell",
				      "/procedures/p/steps/1/action/with/1",
				      "/procedures/p/steps/2/timeout",
				      "/procedures/p/steps/2/action/manual" };
	assert_int_equal(b.findings.n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(b.findings.list[i].path, paths[i]);
	assert_string_equal(b.findings.list[3].suggestion, "did you mean \"word\"?");
	release(&b);
}

static void test_asks_of_a_procedure(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b,
	    "{" SAMPLE_HEAD ", 'parameters': {"
	    "'one': {'type': 'path', 'help': 'h', 'ask': 'Which?', 'propose': {'file': '/x'}},"
	    "'two': {'type': 'path', 'help': 'h', 'ask': 'Which?'},"
	    "'three': {'type': 'string', 'help': 'h', 'default': 'x'}},"
	    "'probes': {'there': {'file': '${two}'}},"
	    "'procedures': {" PROCEDURE("both",
					"{'id': 'a', 'say': 'A', 'action': {'shell': 'cat "
					"$BACKOUT_ONE', 'command': []}},"
					"{'id': 'w', 'say': 'W', 'action': {'wait': "
					"'there'}}") "," PROCEDURE("none", "{'id': 'a', 'say': "
									   "'A', 'action': "
									   "{'command': "
									   "['${three}']}}") "}}");
	good(&b);
	const struct procedure *both = runbook_procedure(b.rb, "both");
	assert_int_equal(both->nasks, 2);
	assert_string_equal(both->asks[0], "one");
	assert_string_equal(both->asks[1], "two");
	assert_int_equal(runbook_procedure(b.rb, "none")->nasks, 0);
	release(&b);

	/* What is read all the time can't wait for an answer. */
	add(&b, "{'format': 1, 'system': 's', 'title': 'S', 'parameters': {"
		"'one': {'type': 'path', 'help': 'h', 'ask': 'Which?'}},"
		"'sources': {'l': {'log': {'path': '${one}'}}}}");
	bad(&b, 1, "/sources/l/log/path", "is asked before");
}

static void test_conditions_and_checklists(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b,
	    "{" SAMPLE_HEAD ", 'conditions': {"
	    "'all': {'title': 'A', 'severity': 'high', 'symptoms': [{'file': '/a'}, {'file': "
	    "'/b'}],"
	    " 'suggest': {'advice': 'do'}},"
	    "'one': {'title': 'B', 'severity': 'low', 'symptoms': [{'file': '/a'}, {'file': '/b'}],"
	    " 'at_least': 1}},"
	    "'checklists': {'c': {'title': 'C', 'sections': ["
	    "{'title': 'T-2h', 'offset': '-2h', 'items': [{'id': 'a', 'say': 'A', 'items': ["
	    "  {'id': 'x', 'say': 'X', 'probe': {'file': '/x'}},"
	    "  {'id': 'y', 'say': 'Y', 'action': {'service': 'bot', 'do': 'stop'}, 'timeout': '2m',"
	    "   'verify': [{'file': '/y'}]}]}]},"
	    "{'title': 'T+30', 'offset': '30m', 'items': ["
	    "  {'id': 'b', 'say': 'B', 'done': {'by': 'me', 'at': 'now'}}]}]}}}");
	good(&b);
	assert_int_equal(b.rb->conditions[0].at_least, 2);
	assert_int_equal(b.rb->conditions[1].at_least, 1);
	assert_string_equal(b.rb->conditions[0].suggest.advice, "do");
	const struct checklist *c = runbook_checklist(b.rb, "c");
	assert_int_equal(c->sections[0].offset_us, -7200000000LL);
	assert_int_equal(c->sections[1].offset_us, 1800000000LL);
	assert_string_equal(c->sections[0].items[2].id, "a/y");
	assert_int_equal(c->sections[0].items[2].parent, 0);
	assert_int_equal(c->sections[0].items[1].kind, ITEM_SENSED);
	assert_int_equal(c->sections[0].items[2].kind, ITEM_ACTION);
	assert_string_equal(c->sections[1].items[0].done_by, "me");
	assert_string_equal(c->sections[0].items[1].probe->id, "checklists.c.sections.0.a.x.probe");
	/* An item's action is a procedure of one step; no list of procedures has it. */
	const struct procedure *y = c->sections[0].items[2].procedure;
	assert_ptr_equal(runbook_procedure(b.rb, "c/a/y"), y);
	assert_ptr_equal(y->item, &c->sections[0].items[2]);
	assert_int_equal(y->nsteps, 1);
	assert_string_equal(y->steps[0].id, "y");
	assert_string_equal(y->steps[0].action.type->name, "service");
	assert_int_equal(y->steps[0].nverify, 1);
	assert_string_equal(json_string_value(y->steps[0].timeout), "2m");
	assert_int_equal(b.rb->nprocedures, 0);
	release(&b);

	add(&b, "{" SAMPLE_HEAD ", 'checklists': {'c': {'title': 'C', 'sections': [{'title': 'S', "
		"'items': [{'id': 'a', 'say': 'A', 'action': {'manual': 'm'}}]}]}}}");
	bad(&b, 1, "/checklists/c/sections/0/items/0/action", "ticked by hand");
	add(&b, "{" SAMPLE_HEAD ", 'checklists': {'c': {'title': 'C', 'sections': [{'title': 'S', "
		"'items': [{'id': 'a', 'say': 'A', 'within': '2m'}]}]}}}");
	bad(&b, 1, "/checklists/c/sections/0/items/0/within", "an item without an action");

	add(&b, "{" SAMPLE_HEAD ", 'conditions': {'c': {'title': 'A', 'severity': 'high',"
		" 'symptoms': [{'file': '/a'}], 'at_least': 2, 'suggest': 'tree'}}}");
	bad(&b, 2, "/conditions/c/at_least", "from 1 to 1");
}

static void test_thresholds(void **state)
{
	(void)state;
	struct built b = { 0 };
	add(&b, "{" SAMPLE_HEAD ", 'probes': {'x': {'metric': 'errors', 'below': 1}}}");
	good(&b);
	release(&b);
	add(&b,
	    "{'format': 1, 'system': 's', 'title': 'S', 'sources': {'l': {'log': {'path': '/l'}}},"
	    "'metrics': {'up': {'log': 'l', 'read': 'matching', 'info': 5, 'critical': 4},"
	    " 'down': {'log': 'l', 'read': 'matching', 'when': 'below', 'warning': 5, 'critical': "
	    "6},"
	    " 'fine': {'log': 'l', 'read': 'matching', 'when': 'below', 'warning': 5, 'critical': "
	    "4}}}");
	build(&b);
	show(&b);
	assert_int_equal(b.findings.n, 2);
	assert_string_equal(b.findings.list[0].path, "/metrics/up");
	assert_string_equal(b.findings.list[1].path, "/metrics/down");
	release(&b);
}

/* Replaces (or removes, with NULL) a random value somewhere below `root`; steals `value`. */
static void damage(json_t *root, json_t *value)
{
	json_t *up = NULL, *node = root;
	const char *key = NULL;
	size_t index = 0;

	for (int depth = rand() % 8; depth >= 0; depth--) {
		size_t size = json_is_object(node) ? json_object_size(node) : json_array_size(node);
		if (!size)
			break;
		up = node;
		index = (size_t)rand() % size;
		key = NULL;
		if (json_is_object(up)) {
			void *iter = json_object_iter(up);
			for (size_t i = 0; i < index; i++)
				iter = json_object_iter_next(up, iter);
			key = json_object_iter_key(iter);
		}
		node = key ? json_object_get(up, key) : json_array_get(up, index);
	}
	if (key && value)
		json_object_set(up, key, value);
	else if (key)
		json_object_del(up, key);
	else if (value)
		json_array_set(up, index, value);
	else
		json_array_remove(up, index);
	json_decref(value);
}

/* Any document, however damaged, gives findings or a runbook, and never both. */
static void test_damaged_documents(void **state)
{
	(void)state;
	static const char *const others[] = { "null", "[]",    "{}", "7",	"\"x\"",
					      "\"\"", "[[1]]", "-1", "\"${n}\"" };
	const size_t nothers = sizeof(others) / sizeof(*others);
	char text[8192];
	int refused = 0;
	struct built whole = { 0 };

	snprintf(text, sizeof(text),
		 "{" SAMPLE_HEAD
		 ", 'parameters': {'n': {'type': 'int', 'help': 'h', 'default': 3}},"
		 "'probes': {'p': {'at_least': 1, 'of': ['q', {'held': 'q', 'for': '3s'}]},"
		 " 'q': {'flag': 'LIVE', 'of': 'config', 'is': false}},"
		 "'conditions': {'c': {'title': 'T', 'severity': 'low', 'symptoms': ['p']}},"
		 "'tree': {'start': 'a', 'questions': {'a': {'ask': '?', 'probe': 'p',"
		 " 'yes': {'procedure': 'outer'}, 'no': {'advice': 'x'}}}},"
		 "'checklists': {'l': {'title': 'L', 'sections': [{'title': 'S', 'items': ["
		 " {'id': 'i', 'say': 'I', 'items': [{'id': 'j', 'say': 'J', 'probe': 'p'}]}]}]}},"
		 "'matrix': {'columns': ['a', 'b'], 'rows': [['1', '2']]},"
		 "'contacts': {'k': {'role': 'r', 'reach': 'x', 'after': '${n}m'}},"
		 "'panels': [{'kind': 'chart', 'title': 'E', 'metrics': ['errors']}],"
		 "'procedures': {" PROCEDURE(
		     "outer", "{'id': 'c', 'procedure': 'inner'}") "," PROCEDURE("inner",
										 "%s") "}}",
		 inner_steps);
	add(&whole, text);
	good(&whole);
	srand(3);
	for (int i = 0; i < 3000; i++) {
		json_t *root = json_deep_copy(whole.docs[0].root);
		size_t k = (size_t)rand() % (nothers + 1);
		struct err err = ERR_INIT;
		struct built b = { .n = 1 };

		damage(root, k < nothers ? json_loads(others[k], JSON_DECODE_ANY, NULL) : NULL);
		char *json = json_dumps(root, 0);
		assert_int_equal(jdoc_parse(&b.docs[0], "d.json", json, strlen(json), &err), 0);
		build(&b);
		assert_true((b.rb == NULL) == (b.findings.n > 0));
		refused += b.rb == NULL;
		release(&b);
		free(json);
		json_decref(root);
	}
	assert_true(refused > 2000);
	release(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents_are_joined),
		cmocka_unit_test(test_one_name_in_two_documents),
		cmocka_unit_test(test_steps_are_flat),
		cmocka_unit_test(test_a_procedure_as_a_step),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_asks_of_a_procedure),
		cmocka_unit_test(test_conditions_and_checklists),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_damaged_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
