/* Alerts handed to real commands: in order, tried again, given up; a queue that is full. */
#include "core/handover.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "tests/unit/scratch.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TURNS_MAX 2000 /* no test waits that long unless something is broken */

struct fixture {
	char *folder, *program, *taken;
	struct clock_manual clock;
	struct loop *loop;
	int given_up;
	char to[16], why[128];
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->folder = scratch_new();
	f->program = path_join(f->folder, "program");
	f->taken = path_join(f->folder, "taken");
	clock_manual_init(&f->clock, CLOCK_US);
	f->loop = loop_new(&f->clock.clock, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	scratch_free(f->folder);
	free(f->program);
	free(f->taken);
	free(f);
	return 0;
}

/* The body of a shell script; "$taken" is the file that it writes to. */
static void program(struct fixture *f, const char *body)
{
	char *text = xasprintf("#!/bin/sh\ntaken='%s'\n%s\n", f->taken, body);

	scratch_puts(f->program, text);
	chmod(f->program, 0700);
	free(text);
}

static void given_up(const char *to, const char *why, void *data)
{
	struct fixture *f = data;

	snprintf(f->to, sizeof(f->to), "%s", to);
	snprintf(f->why, sizeof(f->why), "%s", why);
	f->given_up++;
}

static void add(struct handover *handover, int n)
{
	json_t *alert = json_pack("{s:i}", "n", n);

	handover_add(handover, alert);
	json_decref(alert);
}

static void until_empty(struct fixture *f, const struct handover *handover)
{
	for (int i = 0; handover_waiting(handover); i++) {
		if (i == TURNS_MAX)
			fail_msg("%zu are still waiting", handover_waiting(handover));
		loop_turn(f->loop, 10, NULL);
		clock_manual_advance(&f->clock, CLOCK_US / 20);
	}
}

static void taken_is(const struct fixture *f, const char *expected)
{
	struct buf text = BUF_INIT;

	file_read(f->taken, &text, 0, NULL);
	assert_string_equal(buf_str(&text), expected);
	buf_release(&text);
}

static void in_order_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	/* Whoever runs beside another one says so. */
	program(f, "mkdir \"$taken.lock\" || echo twice >>\"$taken\"\n"
		   "cat >>\"$taken\"\nrmdir \"$taken.lock\"");
	for (int i = 1; i <= 3; i++)
		add(handover, i);
	assert_int_equal(handover_waiting(handover), 3);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":2}{\"n\":3}");
	assert_int_equal(f->given_up, 0);
	handover_free(handover);
}

static void tried_again_until_it_is_taken(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "cat >>\"$taken\"\n[ \"$(wc -c <\"$taken\")\" -ge 14 ]");
	add(handover, 1);
	add(handover, 2);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":1}{\"n\":2}");
	assert_int_equal(f->given_up, 0);
	handover_free(handover);
}

static void given_up_after_three_times(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "cat >>\"$taken\"; exit 3");
	add(handover, 1);
	until_empty(f, handover);
	taken_is(f, "{\"n\":1}{\"n\":1}{\"n\":1}");
	assert_int_equal(f->given_up, 1);
	assert_string_equal(f->to, "command");
	assert_non_null(strstr(f->why, "exit status 3"));
	handover_free(handover);
}

static void a_program_that_is_missing_is_given_up_at_once(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	add(handover, 1);
	until_empty(f, handover);
	assert_int_equal(f->given_up, 1);
	handover_free(handover);
}

/* A chat that has too much to do `busy` times, and says for how many seconds; each request is a dot
 * in "$taken". */
static void chat(int listener, const char *taken, int busy, int later)
{
	static const char good[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	char request[4096], full[160];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(full, sizeof(full),
		 "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n\r\n"
		 "{\"retry_after\":%d.0}",
		 later);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		const char *answer = busy-- > 0 ? full : good;

		if (fd < 0 || read(fd, request, sizeof(request)) <= 0)
			_exit(1);
		scratch_puts(taken, ".");
		if (write(fd, answer, strlen(answer)) < 0)
			_exit(1);
		close(fd);
	}
}

static pid_t chat_start(struct fixture *f, int busy, int later, char url[64])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	snprintf(url, 64, "http://127.0.0.1:%d/hook", ntohs(at.sin_port));
	pid = fork();
	if (pid == 0)
		chat(listener, f->taken, busy, later);
	close(listener);
	return pid;
}

static size_t asked(const struct fixture *f)
{
	struct buf text = BUF_INIT;
	size_t n;

	file_read(f->taken, &text, 0, NULL);
	n = text.len;
	buf_release(&text);
	return n;
}

/* Whoever asks for patience gets it, is not asked before, and is not given up for it. */
static void a_busy_webhook_is_asked_when_it_said(void **state)
{
	struct fixture *f = *state;
	char url[64];
	pid_t server = chat_start(f, 3, 8, url);
	struct handover *handover = handover_webhook(f->loop, url, given_up, f);
	size_t n = 0;
	int64_t at = 0;

	add(handover, 1);
	for (int i = 0; handover_waiting(handover); i++) {
		assert_true(i < TURNS_MAX);
		loop_turn(f->loop, 10, NULL);
		clock_manual_advance(&f->clock, CLOCK_US / 10);
		if (asked(f) == n)
			continue;
		n = asked(f);
		if (n > 1)
			assert_true(f->clock.mono_us - at >= 7 * CLOCK_US);
		at = f->clock.mono_us;
	}
	assert_int_equal(asked(f), 4);
	assert_int_equal(f->given_up, 0);
	handover_free(handover);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static size_t children(void)
{
	struct buf text = BUF_INIT;
	size_t n = 0;

	assert_int_equal(file_read("/proc/thread-self/children", &text, 0, NULL), 0);
	for (const char *p = buf_str(&text); (p = strchr(p, ' ')); p++)
		n++;
	buf_release(&text);
	return n;
}

/* Somebody has to hear of it when nothing gets through. */
static void a_webhook_that_stays_busy_is_given_up(void **state)
{
	struct fixture *f = *state;
	char url[64];
	pid_t server = chat_start(f, 1000, 500, url);
	struct handover *handover = handover_webhook(f->loop, url, given_up, f);

	add(handover, 1);
	for (int i = 0; handover_waiting(handover); i++) {
		assert_true(i < TURNS_MAX);
		loop_turn(f->loop, 10, NULL);
		/* Time goes on when it has been asked, not while it is. */
		if (children() == 1)
			clock_manual_advance(&f->clock, 100 * CLOCK_US);
	}
	assert_int_equal(f->given_up, 1);
	assert_string_equal(f->to, "webhook");
	assert_string_equal(f->why, "status 429");
	assert_true(f->clock.mono_us > 3000 * CLOCK_US);
	handover_free(handover);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void a_full_queue_loses_the_oldest_that_waits(void **state)
{
	struct fixture *f = *state;
	struct handover *handover = handover_command(f->loop, f->program, given_up, f);

	program(f, "sleep 60");
	for (int i = 0; i < HANDOVER_QUEUE + 5; i++)
		add(handover, i);
	assert_int_equal(handover_waiting(handover), HANDOVER_QUEUE);
	assert_int_equal(f->given_up, 5);
	/* One on its way ends with it. */
	handover_free(handover);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_one_at_a_time),
		TEST(tried_again_until_it_is_taken),
		TEST(given_up_after_three_times),
		TEST(a_program_that_is_missing_is_given_up_at_once),
		TEST(a_busy_webhook_is_asked_when_it_said),
		TEST(a_webhook_that_stays_busy_is_given_up),
		TEST(a_full_queue_loses_the_oldest_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
