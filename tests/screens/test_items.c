/* Items of every kind and state: what each looks like, and what a key does with it. */
#include "tests/screens/desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void store(struct desk *desk, const char *spare, const char *winter)
{
	char text[128];

	snprintf(text, sizeof(text), "DATA=full\nSPARE=%s\nWINTER=%s\n", spare, winter);
	desk_write(desk, "store.env", text, 0644);
}

/* T is in fifty minutes: two sections are due, one is not. */
static void items_start(struct desk *desk, const char *const *extra)
{
	static char target[128], at[64];
	const char *args[] = { "preflight", "tests/screens/items", "--at", at, "--target", target,
			       NULL };
	time_t t0 = time(NULL) + 3000;
	struct tm parts;

	gmtime_r(&t0, &parts);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &parts);
	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	store(desk, "none", "off");
	desk_start(desk, 24, 80, args, extra);
	terminal_mask(desk->terminal, ", now", ", 1 s");
}

static void measured(struct desk *desk)
{
	assert_true(terminal_wait(desk->terminal, "[x] The store is full"));
	assert_true(terminal_wait(desk->terminal, "[!] There is a spare"));
	assert_true(terminal_wait(desk->terminal, "[-] The windows are closed"));
	assert_true(terminal_wait(desk->terminal, "[?] The cellar is full"));
}

/* From the plan of the selected item's action to its run. */
static void approve(struct desk *desk, const char *until)
{
	desk_press(desk, " ", "Press a to run it.");
	desk_press(desk, "a", "y runs it, Esc goes back.");
	desk_press(desk, "y", until);
}

/* One item of each state, by keys. */
static void work_through(struct desk *desk)
{
	desk_write(desk, "kick", "#!/bin/sh\nexit 0\n", 0755);
	desk_press(desk, "jjjj ", "[x] The support desk was told");
	desk_press(desk, "jjd", "[>] There is cake");
	desk_press(desk, "jj ", "[x] The front door");
	desk_press(desk, "jo", "Override the item");
	desk_press(desk, "it is walled up\r", "[o] The back door");
	desk_press(desk, "jj", "\xe2\x96\xb8 [ ] The workers are kicked");
	approve(desk, "Press v check again");
	desk_press(desk, "x", "Stop the procedure");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "\r", "Press 3 for the checklist.");
	desk_press(desk, "3k", "\xe2\x96\xb8 [ ] The new search is switched off");
	approve(desk, "Press 3 for the checklist.");
	desk_press(desk, "3", "[x] The new search is switched off");
}

static void every_state(void **state)
{
	struct desk *desk = *state;

	items_start(desk, NULL);
	measured(desk);
	terminal_golden(desk->terminal, "items-first");
	work_through(desk);
	terminal_golden(desk->terminal, "items-scrolled");
	terminal_resize(desk->terminal, 40, 120);
	terminal_golden(desk->terminal, "items-120x40");
	/* Whoever comes next sees the same: it is on record, or measured again. */
	kill(terminal_pid(desk->terminal), SIGKILL);
	terminal_wait_end(desk->terminal, 10000);
	terminal_free(desk->terminal);
	desk_start(desk, 40, 120, (const char *const[]){ "attach", NULL }, NULL);
	terminal_mask(desk->terminal, ", now", ", 1 s");
	desk_press(desk, "3<", "[x] The store is full");
	desk_press(desk, "jjjjjjjjjj", "\xe2\x96\xb8 [x] The new search is switched off");
	terminal_golden(desk->terminal, "items-120x40");
}

static void without_colour(void **state)
{
	static const char *const env[] = { "NO_COLOR=1", NULL };
	struct desk *desk = *state;
	const char *raw;
	size_t len;

	items_start(desk, env);
	measured(desk);
	/* The very same text. */
	terminal_golden(desk->terminal, "items-first");
	raw = terminal_raw(desk->terminal, &len);
	assert_null(memmem(raw, len, "\033[31m", 5));
	assert_null(memmem(raw, len, "\033[38;", 5));
}

static void an_action_runs_and_ticks_its_item(void **state)
{
	struct desk *desk = *state;
	char text[512];

	snprintf(text, sizeof(text),
		 "#!/bin/sh\nuntil [ -e %s/go ]; do sleep 0.05; done\n: >%s/settled\n",
		 desk->folder, desk->folder);
	desk_write(desk, "kick", text, 0755);
	items_start(desk, NULL);
	measured(desk);
	desk_press(desk, ">kk", "\xe2\x96\xb8 [ ] The workers are kicked");
	desk_press(desk, " ", "Press a to run it.");
	terminal_golden(desk->terminal, "items-plan");
	/* Nothing is answered by keys that were typed ahead. */
	desk_press(desk, "ay", "y runs it, Esc goes back.");
	terminal_golden(desk->terminal, "items-ask");
	desk_press(desk, "y", "Running: The workers are kicked");
	desk_press(desk, "3", "running");
	terminal_golden(desk->terminal, "items-running");
	desk_write(desk, "go", "", 0644);
	assert_true(terminal_wait(desk->terminal, "[x] The workers are kicked: done and verified"));
	desk_press(desk, "5", "procedure items/kick ended: done");
}

static void a_plan_can_be_dropped(void **state)
{
	struct desk *desk = *state;

	items_start(desk, NULL);
	measured(desk);
	desk_press(desk, ">k", "\xe2\x96\xb8 [ ] The copy is gone");
	desk_press(desk, " ", "Press a to run it.");
	/* What destroys asks for the target's name. */
	desk_press(desk, "a", "Type front to confirm");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "y\r", "that is not the target's name");
	desk_press(desk, "\033", "not approved");
	desk_press(desk, "x", "y drops it");
	desk_press(desk, "y", "Dropped: nothing was run.");
	assert_true(desk_has(desk, "data.copy"));
	desk_press(desk, "3 ", "Press a to run it.");
	desk_press(desk, "a", "Type front to confirm");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "front\r", "Press 3 for the checklist.");
	assert_false(desk_has(desk, "data.copy"));
}

static void what_was_done_is_taken_back(void **state)
{
	struct desk *desk = *state;

	items_start(desk, NULL);
	measured(desk);
	desk_press(desk, "jo", "Override the item");
	desk_press(desk, "there is none to buy\r", "[o] There is a spare");
	/* An override stays, whatever is measured, until it is lifted. */
	store(desk, "full", "off");
	desk_press(desk, "jd", "[>] The cellar is full");
	desk_press(desk, "d", "[?] The cellar is full");
	assert_true(terminal_wait(desk->terminal, "[o] There is a spare"));
	desk_press(desk, "k ", "[x] There is a spare");
	desk_press(desk, "jjj ", "[x] The support desk was told");
	desk_press(desk, " ", "[ ] The support desk was told");
	assert_true(terminal_wait(desk->terminal, "Note: They read the channel #support."));
	/* What applies again has to be done. */
	store(desk, "full", "on");
	assert_true(terminal_wait(desk->terminal, "[ ] The windows are closed"));
	desk_press(desk, "5", "item items/winter applies");
}

/* Who says that a step is done has not proved it: the target's probe is asked. */
static void bound_step(struct desk *desk)
{
	desk_press(desk, ">", "\xe2\x96\xb8 [ ] The workers have settled");
	desk_press(desk, " ", "Press a to approve it.");
	desk_press(desk, "a", "y approves, Esc goes back.");
	desk_press(desk, "y", "Press r to run it");
	desk_press(desk, "r", "By hand: Tell the support desk.");
	desk_press(desk, "d", "The step is done");
	assert_true(terminal_wait(desk->terminal, "Enter does it"));
	desk_press(desk, "\r", "Running: Tell the support desk");
	desk_write(desk, "heard", "", 0644);
	assert_true(terminal_wait(desk->terminal, "Press 3 for the checklist."));
	desk_press(desk, "3", "[x] The workers have settled: done and verified");
}

/* A target may have a machine do what a person does elsewhere. */
static void a_target_binds_items(void **state)
{
	struct desk *desk = *state;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"target\": \"front\", \"system\": \"desk\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\": {\"root\": \"%s\"}, \"bind\": {\n"
		 "  \"items/told\": {\"probe\": {\"file\": \"${root}/told\", \"exists\": true}},\n"
		 "  \"settle/tell\": {\"probe\": {\"file\": \"${root}/heard\", \"exists\": "
		 "true}},\n"
		 "  \"items/doors/front\": {\"action\": {\"command\": [\"${root}/unsettle\"]}}}}\n",
		 desk->folder, desk->folder);
	desk_write(desk, "target.json", text, 0644);
	items_start(desk, NULL);
	measured(desk);
	assert_true(terminal_wait(desk->terminal, "[!] The support desk was told"));
	desk_write(desk, "told", "", 0644);
	assert_true(terminal_wait(desk->terminal, "[x] The support desk was told"));
	desk_press(desk, "jjjjjjjj", "\xe2\x96\xb8   [ ] The front door");
	approve(desk, "Press 3 for the checklist.");
	desk_press(desk, "3", "[x] The front door");
	desk_press(desk, "j ", "[x] The doors are open");
	bound_step(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_state),
		TEST(without_colour),
		TEST(an_action_runs_and_ticks_its_item),
		TEST(a_plan_can_be_dropped),
		TEST(what_was_done_is_taken_back),
		TEST(a_target_binds_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
