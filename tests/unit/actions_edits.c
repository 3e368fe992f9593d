/* Edits of configuration files while somebody else is at work on the way to them: a writer of the
 * same file, an attacker who swaps what the path leads to. With arguments, one act of one action,
 * for tests/faults/edits.sh, which injects faults into it:
 *
 *     actions_edits --run|--undo FOLDER TYPE SOURCES ARGUMENTS
 */
#include "tests/unit/act.h"
#include "tests/unit/fault.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/way.h"

#define NOBODY 65534

static const char sources[] =
    "{'config': {'path': '@/app/config.py', 'format': 'python', 'names': {}}}";
static const char on[] = "{'flags': 'config', 'set': {'LIVE': true}}";
static const char off[] = "{'flags': 'config', 'set': {'LIVE': false}}";

static long how_many(long few, long many)
{
	return getenv("LONG") != NULL ? many : few;
}

/* ---- another writer ---- */

static void put(const char *path, int n)
{
	char temp[96];
	FILE *file;

	snprintf(temp, sizeof(temp), "%s.new", path);
	file = fopen(temp, "w");
	if (file == NULL || fprintf(file, "N = %d\nLIVE = False\n", n) < 0 || fclose(file) != 0 ||
	    rename(temp, path) != 0)
		_exit(1);
}

/* Once told to go, it waits for the moment that `turn` says, and writes its next version. */
static void writer(const char *path, _Atomic int *go)
{
	for (int n = 1;; n++) {
		while (*go != n)
			sched_yield();
		for (volatile int i = 0; i < n * 7919 % 60000; i++)
			;
		put(path, n);
		*go = -n;
	}
}

/* Whoever writes between our read and our rename is not overwritten. */
static void a_concurrent_edit_is_noticed(void **state)
{
	long rounds = how_many(400, 20000), noticed = 0, lost = 0;
	_Atomic int *go =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct act act;
	char *path = ws_path(*state, "app/config.py");
	pid_t pid;

	assert_true(go != MAP_FAILED);
	ws_sh(*state, "mkdir app");
	put(path, 0);
	act_begin(&act, *state, "flags", sources, on);
	pid = fork();
	if (pid == 0)
		writer(path, go);
	for (int n = 1; n <= rounds; n++) {
		char wanted[32], *text;

		*go = n;
		if (act.type->run(&act.env, act.args, NULL, &act.facts, &act.err) < 0) {
			assert_contains(act.err.msg, "changed by somebody else");
			noticed++;
		}
		err_clear(&act.err);
		json_decref(act.facts);
		act.facts = NULL;
		while (*go != -n)
			sched_yield();
		snprintf(wanted, sizeof(wanted), "N = %d\n", n);
		text = ws_read(act.ws, "app/config.py");
		lost += text == NULL || strncmp(text, wanted, strlen(wanted)) != 0;
		free(text);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("# %ld of %ld came in between and were noticed\n", noticed, rounds);
	fault(23, "another writer's version put there during an edit", rounds, rounds - lost, lost);
	assert_int_equal(lost, 0);
	ws_assert(act.ws, "ls -A app", "config.py");
	munmap((void *)go, 4096);
	act_end(&act);
	free(path);
}

/* What is written in place, while the edit is under way, is noticed, too. */
static void what_was_read_must_be_there_still(void **state)
{
	struct buf was = BUF_INIT, now = BUF_INIT;
	struct err err = ERR_INIT;
	char *path = ws_path(*state, "file");

	buf_puts(&was, "old\n");
	buf_puts(&now, "new\n");
	ws_write(*state, "file", "older\n");
	assert_int_equal(file_edit(path, &was, &now, &err), -1);
	assert_contains(err.msg, "changed by somebody else");
	ws_assert_file(*state, "file", "older\n");
	err_clear(&err);
	ws_sh(*state, "rm file");
	assert_int_equal(file_edit(path, &was, &now, &err), -1);
	ws_assert(*state, "ls -A | grep -v out.txt; true", "");
	err_clear(&err);
	/* What a killed edit left is cleared by the next one; what only looks alike is not. */
	ws_sh(*state, "echo old >file; touch .file.0123456789ab .file.0123 .file.0123456789ab.txt; "
		      "mkdir .file.aaaaaaaaaaaa");
	assert_int_equal(file_edit(path, &was, &now, &err), 0);
	ws_assert(*state, "cat file; ls -A",
		  "new\n.file.0123\n.file.0123456789ab.txt\n.file.aaaaaaaaaaaa\n"
		  "file\nout.txt");
	buf_release(&was);
	buf_release(&now);
	free(path);
}

/* ---- whose links lead where ---- */

static int walk(const char *path, struct err *err)
{
	struct way way;
	struct stat st;
	int there = way_walk(&way, path, false, NULL, err) < 0 ? -1 : way_stat(&way, &st, err);

	way_release(&way);
	err_clear(err);
	return there;
}

static void a_users_link_leads_to_that_users_files(void **state)
{
	struct err err = ERR_INIT;
	char *path = ws_path(*state, "current/config.py");

	if (geteuid() != 0)
		skip();
	ws_sh(*state,
	      "mkdir v1 v2; touch v1/config.py v2/config.py; chown -R 65534 v1; ln -s v1 current");
	assert_int_equal(walk(path, &err), 1); /* root's link */
	ws_sh(*state, "chown -h 65534 current");
	assert_int_equal(walk(path, &err), 1); /* a user's link to that user's file */
	ws_sh(*state, "chown 1 v1/config.py");
	assert_int_equal(walk(path, &err), -1);
	ws_sh(*state, "rm v1/config.py");
	assert_int_equal(walk(path, &err), 0); /* nothing there, in a folder of theirs */
	ws_sh(*state, "ln -sfn $PWD/v2 current; chown -h 65534 current");
	assert_int_equal(walk(path, &err), -1); /* to root's */
	/* Two users' links: to nobody's. */
	ws_sh(*state,
	      "ln -sfn hop current; ln -s v1 hop; touch v1/config.py; chown -h 65534 current hop "
	      "v1/config.py");
	assert_int_equal(walk(path, &err), 1);
	ws_sh(*state, "chown -h 1 hop");
	assert_int_equal(walk(path, &err), -1);
	ws_sh(*state, "ln -sfn hop hop");
	assert_int_equal(walk(path, &err), -1);
	free(path);
}

/* However it is looked at before: what counts is where the folder lies that was reached. */
static void a_link_out_of_the_roots_is_refused(void **state)
{
	char *to = ws_path(*state, "yard/app/config.py"), *from = ws_path(*state, "given");
	char *yard = ws_path(*state, "yard");
	const char *const roots[] = { "/nowhere", yard, NULL };
	struct file_copying copying = { .from = from, .to = to, .roots = roots };
	struct err err = ERR_INIT;

	ws_sh(*state,
	      "mkdir -p yard/app vault yarder; echo given >given; echo secret >vault/config.py");
	assert_int_equal(file_copying(&copying, &err), 0);
	ws_assert_file(*state, "yard/app/config.py", "given\n");
	ws_sh(*state, "rm -r yard/app; ln -s ../vault yard/app");
	assert_int_equal(file_copying(&copying, &err), -1);
	assert_contains(err.msg, "outside the declared roots");
	err_clear(&err);
	ws_sh(*state, "ln -sfn ../yarder yard/app");
	assert_int_equal(file_copying(&copying, &err), -1);
	ws_assert(*state, "cat vault/*; ls -A vault yarder",
		  "secret\nvault:\nconfig.py\n\nyarder:");
	err_clear(&err);
	/* What would be copied is known before: another content never gets there. */
	ws_sh(*state, "rm yard/app; mkdir yard/app; echo old >yard/app/config.py");
	copying.sha256 = "0000";
	assert_int_equal(file_copying(&copying, &err), -1);
	assert_contains(err.msg, "changed since it was looked at");
	ws_assert(*state, "cd yard/app; cat config.py; ls -A", "old\nconfig.py");
	free(to);
	free(from);
	free(yard);
}

/* ---- an attacker ---- */

/* app/, owned by nobody, holds the file that is to be edited; vault/, root's, a secret of the same
 * name. The attacker swaps a name in app's parent or in app itself as fast as can be. */
struct attack {
	struct workspace *ws;
	pid_t pid;
	_Atomic long *swaps;
};

static void attack_begin(struct attack *attack, void **state, const char *one, const char *two)
{
	struct workspace *ws = *state;
	char *a = ws_path(ws, one), *b = ws_path(ws, two);

	attack->ws = ws;
	attack->swaps = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(attack->swaps != MAP_FAILED);
	attack->pid = fork();
	if (attack->pid == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(1);
		while (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
			if (++*attack->swaps % 64 ==
			    0) /* all is in its place: some act gets through */
				nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		_exit(2);
	}
	free(a);
	free(b);
}

static void scene(void **state)
{
	assert_int_equal(
	    ws_sh(*state,
		  "mkdir -p yard/app vault; echo 'LIVE = False' >yard/app/config.py; echo 'LIVE = "
		  "False # SECRET' >vault/config.py; chmod 600 vault/config.py; echo 'LIVE = True "
		  "# backup' >yard/app/backup.py; echo 'LIVE = True # given' >given.py; chmod 755 "
		  ".; "
		  "chmod 711 vault; chown -R 65534:65534 yard"),
	    0);
}

/* Acts until there were enough swaps; how often the secret moved, or was moved. */
static long acts_under_attack(struct attack *attack, const char *type, const char *declared,
			      const char *const *args, long swaps, long *done)
{
	long escapes = 0;

	*done = 0;
	for (int i = 0; *attack->swaps < swaps; i++) {
		struct act act;

		act_begin(&act, attack->ws, type, declared, args[i % 2]);
		if (act.type->ready(&act.env, act.args, &act.err) == 0 &&
		    (act.before = act.type->before(&act.env, act.args, &act.err)) != NULL &&
		    act.type->run(&act.env, act.args, act.before, &act.facts, &act.err) == 0)
			(*done)++;
		if (act.before != NULL && i % 3 == 0)
			(void)act.type->undo(&act.env, act.args, act.before, &act.err);
		act_end(&act);
		/* Whatever lies in the yard is the attacker's, who can't read the vault. */
		if (i % 16 == 0 || *attack->swaps >= swaps)
			escapes += ws_sh(attack->ws,
					 "! grep -rl SECRET yard; [ \"$(cat vault/*)\" = 'LIVE = "
					 "False # SECRET' ]; [ \"$(stat -c %%u%%a vault/*)\" = "
					 "0600 ]") != 0;
		assert_int_equal(waitpid(attack->pid, NULL, WNOHANG), 0);
	}
	return escapes;
}

static void attack_end(struct attack *attack, const char *what, long escapes, long done)
{
	long swaps = *attack->swaps;
	char say[100];

	kill(attack->pid, SIGKILL);
	waitpid(attack->pid, NULL, 0);
	snprintf(say, sizeof(say), "%s swapped, %ld acts got through", what, done);
	fault(23, say, swaps, swaps - escapes, escapes);
	munmap((void *)attack->swaps, 4096);
	assert_int_equal(escapes, 0);
	assert_true(done > 0); /* now and then the way is the right one */
}

static void swapped(void **state, const char *what, const char *one, const char *two,
		    const char *type, const char *declared, const char *first, const char *second)
{
	const char *const args[] = { first, second };
	struct attack attack;
	long escapes, done;

	if (geteuid() != 0)
		skip();
	attack_begin(&attack, state, one, two);
	escapes = acts_under_attack(&attack, type, declared, args, how_many(2000, 100000), &done);
	attack_end(&attack, what, escapes, done);
}

static const char in_yard[] =
    "{'config': {'path': '@/yard/app/config.py', 'format': 'python', 'names': {}}}";

static void a_flags_file_swapped_for_a_link(void **state)
{
	scene(state);
	ws_sh(*state, "ln -s $PWD/vault/config.py yard/app/link; chown -h 65534 yard/app/link");
	swapped(state, "a flags file and a link to a secret", "yard/app/config.py", "yard/app/link",
		"flags", in_yard, on, off);
}

static void a_flags_folder_swapped_for_a_link(void **state)
{
	scene(state);
	ws_sh(*state, "ln -s $PWD/vault yard/link; chown -h 65534 yard/link");
	swapped(state, "a flags file's folder and a link to a vault", "yard/app", "yard/link",
		"flags", in_yard, on, off);
}

static void a_copys_folder_swapped_for_a_link(void **state)
{
	static const char copy[] = "{'file_copy': '@/given.py', 'to': '@/yard/app/config.py', "
				   "'overwrite': true, 'roots': ['@/yard']}";

	scene(state);
	ws_sh(*state,
	      "ln -s $PWD/vault yard/link"); /* even a link of root's leads out of the roots */
	swapped(state, "a copy's folder and a link out of the roots", "yard/app", "yard/link",
		"file_copy", "{}", copy, copy);
}

static void a_backup_swapped_for_a_link(void **state)
{
	static const char restore[] = "{'file_restore': '@/yard/app/config.py', 'from': "
				      "'@/yard/app/backup.py', 'roots': ['@/yard']}";

	scene(state);
	ws_sh(*state, "ln -s $PWD/vault/config.py yard/app/link; chown -h 65534 yard/app/link");
	swapped(state, "a backup and a link to a secret", "yard/app/backup.py", "yard/app/link",
		"file_restore", "{}", restore, restore);
}

/* ---- one act, for the sweeps ---- */

static int one_act(char **argv)
{
	struct workspace ws;
	void *state = &ws;
	struct act act;
	bool undo = strcmp(argv[1], "--undo") == 0;
	int rc;

	snprintf(ws.path, sizeof(ws.path), "%s", argv[2]);
	act_begin(&act, state, argv[3], argv[4], argv[5]);
	act.before = act.type->before(&act.env, act.args, &act.err);
	if (act.before != NULL && undo &&
	    act.type->run(&act.env, act.args, act.before, &act.facts, &act.err) < 0)
		act.before = NULL;
	if (act.before == NULL) {
		fprintf(stderr, "%s\n", act.err.msg);
		return 2;
	}
	(void)getpriority(PRIO_PROCESS, 0); /* from here on faults are injected */
	rc = undo ? act.type->undo(&act.env, act.args, act.before, &act.err)
		  : act.type->run(&act.env, act.args, act.before, &act.facts, &act.err);
	(void)getpriority(PRIO_PROCESS, 0);
	if (rc < 0)
		fprintf(stderr, "%s\n", act.err.msg);
	act_end(&act);
	return rc < 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_concurrent_edit_is_noticed),
		TEST(what_was_read_must_be_there_still),
		TEST(a_users_link_leads_to_that_users_files),
		TEST(a_link_out_of_the_roots_is_refused),
		TEST(a_flags_file_swapped_for_a_link),
		TEST(a_flags_folder_swapped_for_a_link),
		TEST(a_copys_folder_swapped_for_a_link),
		TEST(a_backup_swapped_for_a_link),
	};

	if (argc == 6)
		return one_act(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
