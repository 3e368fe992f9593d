#include "tests/unit/scratch.h"

#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "sources/probe.h"
#include "sources/process.h"
#include "sources/types.h"

struct world {
	struct source *source; /* whatever name is asked for; or NULL */
	json_t *declaration;   /* likewise */
	struct reading metric;
	int64_t since, timeout;
};

static struct source *world_source(void *data, const char *name)
{
	(void)name;
	return ((struct world *)data)->source;
}

static const json_t *world_declared(void *data, const char *name)
{
	(void)name;
	return ((struct world *)data)->declaration;
}

static void world_metric(void *data, const char *name, int64_t since, struct reading *out)
{
	(void)name;
	(void)since;
	*out = ((struct world *)data)->metric;
}

static struct reading ask(struct world *world, const char *type, const char *json)
{
	int64_t timeout = world->timeout != 0 ? world->timeout : 20 * CLOCK_US;
	struct probe_env env = {
		.clock = &clock_system,
		.since = world->since,
		.deadline = clock_mono(&clock_system) + timeout,
		.source = world_source,
		.declared = world_declared,
		.metric = world_metric,
		.data = world,
	};
	json_error_t error;
	json_t *args = json_loads(json, 0, &error);
	struct reading reading = { 0 };

	if (args == NULL)
		fail_msg("%s: %s", json, error.text);
	probe_type(type)->eval(&env, args, &reading);
	assert_string_not_equal(reading.evidence, "");
	assert_int_not_equal(reading.at, 0);
	json_decref(args);
	return reading;
}

static enum verdict verdict(struct world *world, const char *type, const char *json)
{
	return ask(world, type, json).verdict;
}

static void metric_against_limits(void **state)
{
	struct world world = { 0 };

	(void)state;
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"below\": 5}"),
			 VERDICT_UNKNOWN);
	reading_value(&world.metric, 1, 5, "MB");
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"below\": 5}"),
			 VERDICT_FAIL);
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"at_most\": 5}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"above\": 5}"),
			 VERDICT_FAIL);
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"at_least\": 5}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"above\": 4.5}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"above\": \"x\"}"),
			 VERDICT_UNKNOWN);
	reading_unknown(&world.metric, 1, "can't be read");
	assert_int_equal(verdict(&world, "metric", "{\"metric\": \"m\", \"below\": 5}"),
			 VERDICT_UNKNOWN);
}

static void commands_by_exit_and_output(void **state)
{
	struct world world = { 0 };
	struct reading r;

	(void)state;
	assert_int_equal(verdict(&world, "command", "{\"command\": [\"true\"]}"), VERDICT_PASS);
	assert_int_equal(verdict(&world, "command", "{\"command\": [\"false\"]}"), VERDICT_FAIL);
	assert_int_equal(verdict(&world, "command", "{\"command\": [\"false\"], \"exit\": 1}"),
			 VERDICT_PASS);
	r = ask(&world, "command",
		"{\"command\": [\"echo\", \"a b; c\"], \"output\": \"^a b; c$\"}");
	assert_int_equal(r.verdict, VERDICT_PASS);
	assert_string_equal(r.text, "a b; c");
	assert_int_equal(verdict(&world, "command",
				 "{\"command\": [\"echo\", \"a\"], \"output\": \"b\"}"),
			 VERDICT_FAIL);
	/* More than is read: what was not found may stand in the rest. */
	assert_int_equal(verdict(&world, "command",
				 "{\"command\": [\"head\", \"-c300000\", \"/dev/zero\"], "
				 "\"output\": "
				 "\"b\"}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "command", "{\"command\": [\"/no/such/program\"]}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "command",
				 "{\"command\": [\"sleep\", \"1000\"], \"timeout\": \"100ms\"}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "command",
				 "{\"command\": [\"sh\", \"-c\", \"kill -9 $$\"]}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "command",
				 "{\"command\": [\"sh\", \"-c\", \"test $A = b\"], \"env\": "
				 "{\"A\": \"b\"}}"),
			 VERDICT_PASS);
}

static void services_by_state(void **state)
{
	struct world world = { 0 };
	const char *active = "{\"service\": \"s\", \"is\": \"active\"}";
	const char *stopped = "{\"service\": \"s\", \"is\": \"stopped\"}";
	static const struct {
		const char *status;
		enum verdict active, stopped;
	} cases[] = {
		{ "exit 0", VERDICT_PASS, VERDICT_FAIL },
		{ "exit 3", VERDICT_FAIL, VERDICT_PASS },
		{ "exit 1", VERDICT_FAIL, VERDICT_FAIL },
		{ "exit 5", VERDICT_UNKNOWN, VERDICT_UNKNOWN },
	};

	(void)state;
	assert_int_equal(verdict(&world, "service", active), VERDICT_UNKNOWN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world.declaration = json_pack("{s:[sss], s:[s], s:[s]}", "status", "sh", "-c",
					      cases[i].status, "start", "true", "stop", "true");
		assert_int_equal(verdict(&world, "service", active), cases[i].active);
		assert_int_equal(verdict(&world, "service", stopped), cases[i].stopped);
		json_decref(world.declaration);
	}
}

static void ports_that_listen(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct world world = { 0 };
	char json[100];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(json, sizeof(json), "{\"tcp\": \"127.0.0.1:%d\"}", ntohs(address.sin_port));
	assert_int_equal(verdict(&world, "tcp", json),
			 VERDICT_FAIL); /* bound, but nobody listens */
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(verdict(&world, "tcp", json), VERDICT_PASS);
	world.timeout = -1; /* no time to ask: that says nothing about the port */
	assert_int_equal(verdict(&world, "tcp", json), VERDICT_UNKNOWN);
	world.timeout = 0;
	close(listener);
	assert_int_equal(verdict(&world, "tcp", "{\"tcp\": \"nonsense\"}"), VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "tcp", "{\"tcp\": \":80\"}"), VERDICT_UNKNOWN);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void write_pid(const char *path, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	unlink(path);
	scratch_puts(path, text);
}

static void end_now(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void processes_are_counted_and_restarts_seen(void **state)
{
	char *path = path_join(*state, "pid");
	json_t *args = json_pack("{s:s}", "pid_file", path);
	struct source_env env = { .clock = &clock_system };
	struct world world = { .source = source_type("process")->open(&env, "bot", args, NULL) };
	const struct source_type *type = world.source->type;
	const char *running = "{\"process\": \"bot\", \"running\": true}";
	const char *calm = "{\"process\": \"bot\", \"restarts_below\": 3, \"within\": \"5m\"}";
	struct process_seen seen;
	pid_t pid;

	assert_int_equal(verdict(&world, "process", running), VERDICT_FAIL);
	assert_int_equal(verdict(&world, "process", "{\"process\": \"bot\", \"running\": false}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "process",
				 "{\"process\": \"bot\", \"memory_below\": 100}"),
			 VERDICT_UNKNOWN);
	for (int i = 1; i <= 3; i++) {
		pid = sleeper();
		write_pid(path, pid);
		type->sample(world.source);
		type->sample(world.source); /* the same one is counted once */
		process_look(world.source, 300 * CLOCK_US, &seen);
		assert_int_equal(seen.starts, i);
		assert_int_equal(verdict(&world, "process", running), VERDICT_PASS);
		assert_int_equal(verdict(&world, "process", calm),
				 i < 3 ? VERDICT_PASS : VERDICT_FAIL);
		assert_int_equal(verdict(&world, "process",
					 "{\"process\": \"bot\", \"equals\": 1}"),
				 VERDICT_PASS);
		assert_int_equal(verdict(&world, "process", "{\"process\": \"bot\", \"below\": 1}"),
				 VERDICT_FAIL);
		assert_int_equal(verdict(&world, "process",
					 "{\"process\": \"bot\", \"memory_below\": 100}"),
				 VERDICT_PASS);
		end_now(pid);
		type->sample(world.source);
		assert_int_equal(verdict(&world, "process", running), VERDICT_FAIL);
	}
	source_close(world.source);
	world.source = NULL;
	assert_int_equal(verdict(&world, "process", running), VERDICT_UNKNOWN);
	json_decref(args);
	free(path);
}

static void the_host_has_room(void **state)
{
	struct source_env env = { .clock = &clock_system };
	json_t *args = json_pack("{s:s}", "disk", "/no/such/place");
	struct world world = { 0 };
	json_t *metric = json_pack("{s:s}", "read", "cpu_percent");
	struct reading cpu = { 0 };

	(void)state;
	assert_int_equal(verdict(&world, "host", "{\"host\": \"h\", \"load_below\": 1e9}"),
			 VERDICT_UNKNOWN);
	world.source = source_type("host")->open(&env, "h", args, NULL);
	assert_int_equal(verdict(&world, "host", "{\"host\": \"h\", \"load_below\": 1e9}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "host", "{\"host\": \"h\", \"memory_below\": 0.001}"),
			 VERDICT_FAIL);
	assert_int_equal(verdict(&world, "host",
				 "{\"host\": \"h\", \"memory_below\": 101, \"load_below\": 1e9}"),
			 VERDICT_PASS);
	assert_int_equal(verdict(&world, "host", "{\"host\": \"h\", \"disk_below\": 100}"),
			 VERDICT_UNKNOWN);
	assert_int_equal(verdict(&world, "host", "{\"host\": \"h\"}"), VERDICT_UNKNOWN);
	/* Processor time needs two looks; without a loop the source takes the second one itself. */
	world.source->type->read(world.source, metric, 0, &cpu);
	assert_int_equal(cpu.verdict, VERDICT_PASS);
	assert_true(cpu.value >= 0 && cpu.value <= 100);
	source_close(world.source);
	json_decref(metric);
	json_decref(args);
}

/* Every row has what the checker, the schema and the manual need. */
static void the_tables_are_whole(void **state)
{
	(void)state;
	for (const struct probe_type *const *type = probe_types; *type != NULL; type++) {
		assert_non_null((*type)->eval);
		assert_string_equal((*type)->type.fields[0].name, (*type)->type.name);
		assert_non_null((*type)->type.help);
		for (const struct field *field = (*type)->type.fields; field->name != NULL;
		     field++) {
			assert_non_null(field->help);
			if (field->type == FIELD_CHOICE)
				assert_non_null(field->choices);
			if (field->type == FIELD_SOURCE)
				assert_non_null(source_type(field->of));
		}
	}
	for (const struct source_type *const *type = source_types; *type != NULL; type++) {
		assert_non_null((*type)->open);
		assert_true(((*type)->read != NULL) == ((*type)->type.reads != NULL));
	}
}

/* A drill's clock is ahead of the one by which files are dated. */
static void files_are_as_old_as_they_are(void **state)
{
	struct world world = { 0 };
	char *path = path_join(*state, "fresh"), *clock = path_join(*state, "clock");
	char *args = xasprintf("{\"file\": \"%s\", \"newer_than\": \"1m\"}", path);
	json_t *declared = json_pack("{s:s}", "path", path),
	       *metric = json_pack("{s:s}", "read", "age");
	struct source_env env = { .clock = &clock_system };
	struct source *source = source_file.open(&env, "fresh", declared, NULL);
	struct reading age = { 0 };

	scratch_puts(path, "x");
	assert_int_equal(clock_make(clock, NULL), 0);
	assert_int_equal(clock_follow(clock, NULL), 0);
	assert_int_equal(clock_move(clock_wall(&clock_system) + 7200 * CLOCK_US, NULL), 0);
	assert_int_equal(verdict(&world, "file", args), VERDICT_PASS);
	source_file.read(source, metric, 0, &age);
	assert_true(age.has_value && age.value < 60);
	clock_follow(NULL, NULL);
	source_close(source);
	json_decref(metric);
	json_decref(declared);
	free(args);
	free(clock);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_are_as_old_as_they_are),
		cmocka_unit_test(metric_against_limits),
		cmocka_unit_test(commands_by_exit_and_output),
		cmocka_unit_test(services_by_state),
		cmocka_unit_test(ports_that_listen),
		TEST(processes_are_counted_and_restarts_seen),
		cmocka_unit_test(the_host_has_room),
		cmocka_unit_test(the_tables_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
