/*
 * What leaves the console: a message that a chat takes, refuses, or never answers; a page after the
 * third identical failure; a message that a person carries. The chat is the stand-in of
 * tests/func/chat_server.py, the paste buffer a real tmux's.
 */
#include "tests/screens/desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t chat;
static int port;

static char *read_all(const struct desk *desk, const char *name)
{
	char *text = calloc(1, 65536), path[160];
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
	file = fopen(path, "r");
	if (file) {
		text[fread(text, 1, 65535, file)] = '\0';
		fclose(file);
	}
	return text;
}

/* How many times `what` stands in one of the desk's files. */
static size_t times(const struct desk *desk, const char *name, const char *what)
{
	char *text = read_all(desk, name);
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	free(text);
	return n;
}

static void chat_start(const struct desk *desk)
{
	char *text;

	chat = fork();
	assert_true(chat >= 0);
	if (chat == 0) {
		execlp("python3", "python3", "tests/func/chat_server.py", desk->folder, NULL);
		_exit(127);
	}
	for (port = 0; port == 0; usleep(10000)) {
		assert_int_equal(waitpid(chat, NULL, WNOHANG), 0);
		text = read_all(desk, "port");
		port = atoi(text);
		free(text);
	}
}

/* The webhook behaves in one of the stand-in's ways from now on. */
static void chat_way(const struct desk *desk, const char *way)
{
	char text[200];

	snprintf(text, sizeof(text), "http://127.0.0.1:%d/%s/TOKEN\n", port, way);
	desk_write(desk, "hook", text, 0600);
}

static int send_begin(void **state)
{
	struct desk *desk;
	char text[512];

	assert_int_equal(desk_begin(state), 0);
	desk = *state;
	snprintf(text, sizeof(text),
		 "{\"target\": \"front\", \"system\": \"shop\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\": {\"root\": \"%s\"},\n"
		 " \"secrets\": {\"hook\": {\"file\": \"%s/hook\"}}}\n",
		 desk->folder, desk->folder, desk->folder);
	desk_write(desk, "target.json", text, 0644);
	chat_start(desk);
	return 0;
}

static int send_end(void **state)
{
	kill(chat, SIGKILL);
	waitpid(chat, NULL, 0);
	return desk_end(state);
}

/* A console with an incident open; `extra`: as for desk_start(). */
static void console(struct desk *desk, const char *const *extra)
{
	static char target[128];
	const char *args[] = { "open",	     "tests/screens/send",
			       "--target",   target,
			       "--severity", "high",
			       "--title",    "index",
			       NULL };

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, 24, 80, args, extra);
	terminal_vary(desk->terminal, "127.0.0.1:[0-9]+", "CHAT");
	terminal_vary(desk->terminal, "since [-0-9]+", "since DATE");
	assert_true(terminal_wait(desk->terminal, "Nothing is suggested."));
}

/* Selects the message and asks for its sending. */
static void ask_to_send(struct desk *desk)
{
	desk_press(desk, "6", "Messages, ready to be sent");
	desk_press(desk, "jj", "s send");
	desk_press(desk, "s", "y sends it");
}

static void a_message_is_sent_when_somebody_says_yes(void **state)
{
	struct desk *desk = *state;

	chat_way(desk, "ok");
	console(desk, NULL);
	ask_to_send(desk);
	terminal_golden(desk->terminal, "send-confirm");
	assert_int_equal(times(desk, "posted", "\n"), 0);
	desk_press(desk, "y", "sent ");
	terminal_golden(desk->terminal, "send-sent");
	assert_int_equal(times(desk, "posted", "Orders are closed for shop."), 1);
}

static void a_refusal_is_seen(void **state)
{
	struct desk *desk = *state;

	chat_way(desk, "refuse");
	console(desk, NULL);
	ask_to_send(desk);
	desk_press(desk, "y", "NOT sent ");
	assert_true(terminal_wait(desk->terminal, "no such webhook"));
	terminal_golden(desk->terminal, "send-failed");
	assert_int_equal(times(desk, "posted", "\n"), 1);
}

/* The chat has it, and hasn't answered: killed, the console can't say what became of it. Another
 * one neither sends it again nor forgets it. */
static void a_console_that_dies_on_the_way_leaves_doubt(void **state)
{
	struct desk *desk = *state;
	static const char *const again[] = { "attach", NULL };

	chat_way(desk, "hole");
	console(desk, NULL);
	ask_to_send(desk);
	desk_press(desk, "y", "on its way");
	while (times(desk, "posted", "\n") == 0)
		usleep(10000);
	kill(terminal_pid(desk->terminal), SIGKILL);
	terminal_free(desk->terminal);
	desk_start(desk, 24, 80, again, NULL);
	terminal_vary(desk->terminal, "127.0.0.1:[0-9]+", "CHAT");
	assert_true(terminal_wait(desk->terminal, "Nothing is suggested."));
	desk_press(desk, "6", "may have arrived");
	terminal_golden(desk->terminal, "send-doubt");
	desk_press(desk, "jj", "s send");
	desk_press(desk, "s", "The last one may have arrived: look there first.");
	terminal_golden(desk->terminal, "send-doubt-again");
	desk_press(desk, "\033", "s send");
	assert_int_equal(times(desk, "posted", "\n"), 1);
}

/* From the start as far as the first step. */
static void run_begin(struct desk *desk, const char *const *extra)
{
	console(desk, extra);
	desk_press(desk, "4p", "mend: Mend the index");
	desk_press(desk, "\r", "why?");
	desk_press(desk, "it is damaged\r", "Plan: Mend the index");
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "By hand: Tell the customers");
}

/* A command's output, into `out`. */
static int output(const char *command, char *out, size_t size)
{
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	out[fread(out, 1, size - 1, pipe)] = '\0';
	return pclose(pipe);
}

/* Until the record has so many failures: what stands on the screen may be the one before. */
static void until_failed(const struct desk *desk, size_t n)
{
	char command[200], text[32];

	snprintf(command, sizeof(command),
		 "cat %s/state/incidents/*/ledger.jsonl | grep -c '\"result\":\"failed\"'",
		 desk->folder);
	do
		output(command, text, sizeof(text));
	while ((size_t)atoi(text) < n);
}

static void the_third_failure_offers_to_page(void **state)
{
	struct desk *desk = *state;

	run_begin(desk, NULL);
	desk_press(desk, "d", "Note (may stay empty):");
	desk_press(desk, "\r", "Next: Build the index");
	terminal_keys(desk->terminal, "r");
	for (size_t failed = 1; failed < 3; failed++) {
		until_failed(desk, failed);
		assert_true(terminal_wait(desk->terminal, "Press g run again"));
		desk_press(desk, "g", "y runs it again");
		terminal_keys(desk->terminal, "y");
	}
	assert_true(terminal_wait(desk->terminal, "page Database admin"));
	terminal_golden(desk->terminal, "page-offered");
	desk_press(desk, "p", "y pages them");
	terminal_golden(desk->terminal, "page-confirm");
	assert_false(desk_has(desk, "paged"));
	terminal_keys(desk->terminal, "y");
	assert_true(terminal_wait_gone(desk->terminal, "y pages them"));
	desk_press(desk, "6", "sent ");
	assert_int_equal(times(desk, "paged", "You are paged as Database admin."), 1);
}

static void what_a_person_carries_is_copied(void **state)
{
	struct desk *desk = *state;
	char command[300], tmux[200], text[1000];
	const char *extra[] = { tmux, NULL };

	if (output("command -v tmux", text, sizeof(text)))
		skip();
	snprintf(command, sizeof(command),
		 "env -u TMUX tmux -S %s/tmux -f /dev/null new-session -d", desk->folder);
	assert_int_equal(output(command, text, sizeof(text)), 0);
	snprintf(tmux, sizeof(tmux), "TMUX=%s/tmux,0,0", desk->folder);
	run_begin(desk, extra);
	desk_press(desk, "y", "paste buffer of tmux");
	terminal_golden(desk->terminal, "by-hand-copied");
	do
		snprintf(command, sizeof(command), "tmux -S %s/tmux show-buffer 2>&1",
			 desk->folder);
	while (output(command, text, sizeof(text)));
	assert_non_null(strstr(text, "Orders are open again.\n\n-- "));
	snprintf(command, sizeof(command), "tmux -S %s/tmux kill-server", desk->folder);
	output(command, text, sizeof(text));
}

int main(void)
{
#define SEND_TEST(name) cmocka_unit_test_setup_teardown(name, send_begin, send_end)
	const struct CMUnitTest tests[] = {
		SEND_TEST(a_message_is_sent_when_somebody_says_yes),
		SEND_TEST(a_refusal_is_seen),
		SEND_TEST(a_console_that_dies_on_the_way_leaves_doubt),
		SEND_TEST(the_third_failure_offers_to_page),
		SEND_TEST(what_a_person_carries_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
