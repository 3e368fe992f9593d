/* Targets: parameters, secrets, sources, bindings. */
#include "tests/unit/checklists_sample.h"

static const char runbook_text[] =
    "{'format': 1, 'system': 's', 'title': 'S', 'parameters': {"
    "'root': {'type': 'path', 'help': 'the root'},"
    "'log': {'type': 'path', 'help': 'the log', 'default': '${root}/bot.log'},"
    "'port': {'type': 'int', 'help': 'the port', 'default': 5432},"
    "'high': {'type': 'number', 'help': 'limit', 'default': 50},"
    "'dump': {'type': 'path', 'help': 'which', 'ask': 'Which?'},"
    "'token': {'type': 'string', 'help': 'the token', 'secret': true}},"
    "'sources': {'bot-log': {'log': {'path': '${log}'}},"
    " 'main': {'title': 'DB', 'db': {'host': 'h', 'port': '${port}'}}},"
    "'metrics': {'errors': {'log': 'bot-log', 'read': 'error_percent', 'warning': 20,"
    " 'critical': '${high}', 'critical_recovery': 45}},"
    "'procedures': {'inner': {'title': 't', 'estimate': '1m', 'data_loss': 'none', 'risk': 'low',"
    " 'steps': [{'id': 'tell', 'say': 'T', 'action': {'manual': 'tell them'}},"
    "  {'id': 'run', 'say': 'R', 'action': {'command': ['x', '${dump}'], 'env': {'T': "
    "'${token}'}}}]},"
    " 'outer': {'title': 't', 'estimate': '1m', 'data_loss': 'none', 'risk': 'low',"
    " 'steps': [{'id': 'in', 'procedure': 'inner'}]}},"
    "'checklists': {'pre': {'title': 'P', 'sections': [{'title': 'a', 'items': ["
    " {'id': 'ping', 'say': 'P'}, {'id': 'file', 'say': 'F', 'probe': {'file': '/f'}},"
    " {'id': 'post', 'say': 'Q', 'items': [{'id': 'one', 'say': 'O'}]}]}]}}}";

struct fixture {
	struct jdoc doc, target_doc;
	struct runbook *rb;
	struct target *target;
	struct findings findings;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	sample_doc(&f->doc, "r.json", runbook_text);
	f->rb = runbook_build(&f->doc, 1, &sample_vocabulary, &f->findings);
	for (size_t i = 0; i < f->findings.n; i++)
		print_message("# %s: %s\n", f->findings.list[i].path, f->findings.list[i].message);
	*state = f;
	return f->rb ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *f = *state;
	target_free(f->target);
	runbook_free(f->rb);
	findings_release(&f->findings);
	jdoc_release(&f->target_doc);
	jdoc_release(&f->doc);
	free(f);
	return 0;
}

static void make(struct fixture *f, const char *text)
{
	sample_doc(&f->target_doc, "t.json", text);
	f->target = target_build(&f->target_doc, f->rb, &sample_vocabulary, &f->findings);
	for (size_t i = 0; i < f->findings.n; i++)
		print_message("# %s: %s\n", f->findings.list[i].path, f->findings.list[i].message);
}

#define HEAD "'target': 'prod', 'system': 's', 'class': 'live', 'secrets': {'token': {'env': 'T'}}"

static void test_values(void **state)
{
	struct fixture *f = *state;
	make(f, "{" HEAD ", 'parameters': {'root': '/opt', 'port': 5433},"
		"'sources': {'main': {'db': {'host': 'other', 'port': '${port}'}}},"
		"'bind': {'inner/tell': {'action': {'command': ['say', '${root}']}},"
		" 'pre/ping': {'probe': {'file': '/p'}}}}");
	assert_non_null(f->target);
	assert_int_equal(f->target->class, TARGET_LIVE);
	json_t *expected = json_pack("{s:s, s:s, s:i, s:i}", "root", "/opt", "log", "/opt/bot.log",
				     "port", 5433, "high", 50);
	assert_true(json_equal(f->target->params, expected));
	json_decref(expected);

	const struct source_def *main = target_source(f->target, "main");
	assert_string_equal(json_str(main->what.args, "host", ""), "other");
	assert_string_equal(main->title, "DB");
	assert_ptr_equal(target_source(f->target, "bot-log")->what.args,
			 runbook_source(f->rb, "bot-log")->what.args);

	const struct binding *tell = target_binding(f->target, "inner/tell");
	assert_string_equal(tell->action.type->name, "command");
	/* The copy in the other procedure does the same. */
	assert_ptr_equal(target_binding(f->target, "outer/in/tell")->action.args,
			 tell->action.args);
	assert_non_null(target_binding(f->target, "pre/ping")->probe);
	assert_null(target_binding(f->target, "pre/file"));
}

/* What a person ticks elsewhere is sensed or run here. */
static void test_items_are_bound(void **state)
{
	struct fixture *f = *state;
	const struct item *items = runbook_checklist(f->rb, "pre")->sections[0].items;

	make(f, "{" HEAD ", 'parameters': {'root': '/opt'}, 'bind': {"
		"'pre/ping': {'probe': {'file': '/p'}},"
		"'pre/post/one': {'action': {'command': ['post', '${dump}']}}}}");
	assert_non_null(f->target);
	assert_int_equal(items[0].kind, ITEM_MANUAL);
	target_bind_items(f->target, f->rb);
	assert_int_equal(items[0].kind, ITEM_SENSED);
	assert_ptr_equal(items[0].probe, target_binding(f->target, "pre/ping")->probe);
	assert_int_equal(items[2].kind, ITEM_MANUAL);
	assert_int_equal(items[3].kind, ITEM_ACTION);
	assert_ptr_equal(items[3].procedure, runbook_procedure(f->rb, "pre/post/one"));
	assert_string_equal(items[3].procedure->steps[0].action.type->name, "command");
	/* What its plan must know is asked. */
	assert_int_equal(items[3].procedure->nasks, 1);
	assert_string_equal(items[3].procedure->asks[0], "dump");
}

static void test_every_mistake(void **state)
{
	struct fixture *f = *state;
	make(f, "{'target': 'a b', 'system': 'other', 'class': 'prod', 'parameters': {"
		"'prot': 5433, 'log': 7, 'dump': '/d', 'token': 'x', 'high': 10},"
		"'secrets': {'port': {'env': 'T', 'file': '/f'}},"
		"'sources': {'main': {'log': {'path': '/l'}}, 'none': {'log': {'path': '/l'}}},"
		"'bind': {'inner/run': {'probe': {'file': '/p'}}, 'pre/file': {'probe': {'file': "
		"'/p'}},"
		" 'inner/none': {'action': {'manual': 'm'}, 'probe': {'file': '/p'}}}}");
	assert_null(f->target);
	const char *const paths[] = {
		"/target",	     "/system",		  "/class",
		"/parameters", /* root is missing */
		"/parameters", /* the thresholds are in the wrong order now */
		"/parameters", /* and the recovery is on the bad side */
		"/parameters/prot",  "/parameters/log",	  "/parameters/dump",
		"/parameters/token", "/secrets", /* token is missing */
		"/secrets/port",     "/secrets/port",	  "/sources/main",
		"/sources/none",     "/bind/inner~1run",  "/bind/pre~1file",
		"/bind/inner~1none", "/bind/inner~1none",
	};
	size_t n = sizeof(paths) / sizeof(*paths);
	assert_int_equal(f->findings.n, n);
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		for (size_t k = 0; k < n; k++)
			found = found || strcmp(f->findings.list[k].path, paths[i]) == 0;
		if (!found)
			fail_msg("no finding at %s", paths[i]);
	}
}

static void test_values_that_use_each_other(void **state)
{
	struct fixture *f = *state;
	make(f, "{" HEAD ", 'parameters': {'root': '${log}/x'}}");
	assert_null(f->target);
	assert_int_equal(f->findings.n, 2); /* root and log use each other */
	assert_non_null(strstr(f->findings.list[0].message, "uses parameters that use it"));
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_values),
		T(test_items_are_bound),
		T(test_every_mistake),
		T(test_values_that_use_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
