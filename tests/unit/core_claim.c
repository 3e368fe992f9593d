/*
 * Claims between users: who may not even look at the other's incident must not take its target, and
 * must get it when it is free.
 */
#include "core/claim.h"
#include "tests/unit/lamp.h"

#define NOBODY 65534

static void incident_begin(struct lamp *lamp, struct incident *incident)
{
	struct err err = ERR_INIT;

	if (incident_create(incident, &lamp->loaded, INCIDENT_INCIDENT, SEVERITY_HIGH, "Test",
			    &clock_system, &err) != 0)
		fail_msg("%s", err.msg);
}

enum what { TAKEN = 10, REFUSED, FOREIGN, NOT_FOREIGN };

/* What another user gets. */
static int as_another(const struct incident *incident, bool take)
{
	struct err err = ERR_INIT;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		umask(077);
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(1);
		if (take)
			_exit(claim_take(incident, &err) == 0 ? TAKEN : REFUSED);
		_exit(!claim_is_foreign(incident, &err)		  ? NOT_FOREIGN
		      : strstr(err.msg, "is claimed by incident") ? FOREIGN
								  : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void another_users_open_incident_keeps_its_target(void **state)
{
	struct lamp *lamp = *state;
	struct incident first, second;
	struct err err = ERR_INIT;
	mode_t before = umask(077);

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(lamp->folder, 0711), 0);
	incident_begin(lamp, &first);
	incident_begin(lamp, &second);
	assert_int_equal(claim_take(&first, &err), 0);
	assert_int_equal(as_another(&second, false), FOREIGN);
	assert_int_equal(as_another(&second, true), REFUSED);
	claim_release(&first);
	assert_int_equal(as_another(&second, false), NOT_FOREIGN);
	assert_int_equal(as_another(&second, true), TAKEN);
	assert_int_equal(claim_take(&first, &err), -1);
	umask(before);
	incident_close(&first);
	incident_close(&second);
}

static void an_incident_that_is_gone_holds_nothing(void **state)
{
	struct lamp *lamp = *state;
	struct incident first, second;
	struct err err = ERR_INIT;

	incident_begin(lamp, &first);
	incident_begin(lamp, &second);
	assert_int_equal(claim_take(&first, &err), 0);
	assert_int_equal(claim_take(&second, &err), -1);
	assert_int_equal(file_remove_tree(first.folder, &err), 0);
	assert_false(claim_is_foreign(&second, NULL));
	assert_int_equal(claim_take(&second, NULL), 0);
	incident_close(&first);
	incident_close(&second);
}

int main(void)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(another_users_open_incident_keeps_its_target),
		LAMP_TEST(an_incident_that_is_gone_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
