/* Files and archives: replaced, removed, restored, and taken back. */
#include "tests/unit/act.h"

#include "lib/backup.h"

static void test_file_copy(void **state)
{
	struct act act;

	ws_write(*state, "a", "one\n");
	act_begin(&act, *state, "file_copy", "{}", "{'file_copy': '@/a', 'to': '@/b'}");
	act_run(&act);
	ws_assert_file(act.ws, "b", "one\n");
	act_undo(&act);
	ws_assert(act.ws, "test -e b || echo gone", "gone");

	ws_write(act.ws, "b", "two\n");
	act_refused(&act, "is there already");
	json_object_set_new(act.args, "overwrite", json_true());
	act_run(&act);
	ws_assert_file(act.ws, "b", "one\n");
	ws_write(act.ws, "b", "three\n");
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "was changed since");
	ws_assert_file(act.ws, "b", "three\n");
	act_end(&act);
}

static void test_file_restore(void **state)
{
	struct act act;
	char *backup, *plan;
	struct err err = ERR_INIT;

	ws_write(*state, "config.py", "broken\n");
	ws_write(*state, "config.bak", "good\n");
	ws_sh(*state, "chmod 4640 config.py; chmod 600 config.bak");
	backup = ws_path(*state, "config.bak");
	assert_int_equal(sidecar_write(backup, 1, NULL, &err), 0);
	act_begin(&act, *state, "file_restore", "{}",
		  "{'file_restore': '@/config.py', 'from': '@/config.bak', 'roots': ['@']}");
	/* What is set back, as long as there is a difference. */
	plan = act_plan(&act);
	assert_contains(plan, "differs from the backup (7 B now, 5 B then) and was changed last ");
	free(plan);
	act_run(&act);
	plan = act_plan(&act);
	assert_contains(plan, "[loss] \n");
	free(plan);
	ws_assert_file(act.ws, "config.py", "good\n");
	ws_assert(act.ws, "stat -c %a config.py", "4640");
	act_undo(&act);
	ws_assert_file(act.ws, "config.py", "broken\n");
	ws_assert(act.ws, "stat -c %a config.py", "4640");

	/* A backup that is not what was recorded. */
	ws_write(act.ws, "config.bak", "gOod\n");
	act_refused(&act, "config.bak");
	ws_assert_file(act.ws, "config.py", "broken\n");
	free(backup);

	ws_sh(act.ws, "rm config.bak.json; mkdir sub; ln -s /etc sub/out; mv config.py real; ln -s "
		      "real config.py");
	act_refused(&act, "is no regular file");
	json_object_set_new(act.args, "file_restore", json_string("/etc/hostname"));
	act_refused(&act, "outside the declared roots");
	act_end(&act);
	/* A link inside the root that leads out of it. */
	act_begin(&act, *state, "file_restore", "{}",
		  "{'file_restore': '@/sub/out/hostname', 'from': '@/real', 'roots': ['@']}");
	act_refused(&act, "outside the declared roots");
	act_end(&act);
}

static void test_file_remove(void **state)
{
	struct act act;
	char *plan;

	ws_sh(*state, "mkdir cache; echo 1 >cache/a.tmp; echo 2 >cache/b.tmp; echo 3 >cache/keep; "
		      "chmod 604 cache/a.tmp");
	act_begin(&act, *state, "file_remove", "{}",
		  "{'file_remove': ['@/cache/*.tmp', '@/cache/none'], 'roots': ['@/cache']}");
	plan = act_plan(&act);
	assert_contains(plan, "a.tmp (2 B)\n");
	free(plan);
	act_run(&act);
	ws_assert(act.ws, "ls cache", "keep");
	act_undo(&act);
	ws_assert(act.ws, "cat cache/*.tmp; stat -c %a cache/a.tmp", "1\n2\n604");

	/* What can't be looked at is not known to be gone. */
	act_before(&act);
	ws_sh(act.ws, "mv cache hidden; ln -s cache cache");
	assert_int_equal(act_settled(&act), SETTLED_UNKNOWN);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	err_clear(&act.err);
	ws_sh(act.ws, "rm cache; mv hidden cache");
	assert_int_equal(act_settled(&act), SETTLED_NO);

	/* Changed between the record and the run: nothing of it is removed unseen. */
	act_before(&act);
	ws_sh(act.ws, "echo new >cache/a.tmp");
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "changed since");
	ws_assert(act.ws, "ls cache | wc -l", "3");
	json_object_set_new(act.args, "roots", json_pack("[s]", "/var/nothing"));
	act_refused(&act, "outside the declared roots");
	act_end(&act);
}

/* ---- Archives ---- */

static const char make[] = "{'archive': 'code', 'of': ['@/app'], 'to': '@/backups', 'keep': 2}";

static void app(struct workspace *ws)
{
	ws_sh(ws, "mkdir -p app/bot backups; echo good >app/bot/main.py; echo 'LIVE = False' "
		  ">app/config.py; "
		  "chmod 750 app; ln -s bot/main.py app/link; ln -s ../../common app/bot/up");
}

/* New: the path of the archive that was made. */
static char *archive_make(struct workspace *ws)
{
	struct act act;
	char *file;

	act_begin(&act, ws, "archive", "{}", make);
	act_run(&act);
	file = xstrdup(json_string_value(json_object_get(act.facts, "file")));
	act_end(&act);
	return file;
}

static void restore_begin(struct act *act, struct workspace *ws, const char *file)
{
	char *args = xasprintf("{'archive_restore': '@/app', 'from': '%s'}", file);

	act_begin(act, ws, "archive_restore", "{}", args);
	free(args);
}

static void test_archive(void **state)
{
	struct act act;
	struct err err = ERR_INIT;
	char *file, *plan;
	json_t *sidecar;

	app(*state);
	file = archive_make(*state);
	sidecar = sidecar_read(file, &err);
	assert_non_null(sidecar);
	assert_int_equal(sidecar_check_hash(file, sidecar, &err), 0);
	json_decref(sidecar);
	ws_assert(*state, "tar -tf backups/code_*.tar.gz | sort | head -2; ls -A backups | wc -l",
		  "./app/\n./app/bot/\n2");
	free(file);

	/* Retention: two sound ones stay, a damaged one neither counts nor goes; others' files
	 * stay, also the old archives of a name that goes on with a digit. */
	ws_sh(*state,
	      "cd backups; f=$(ls code_*.gz); for d in 01 02 03; do cp $f "
	      "code_202001${d}_000000.tar.gz; "
	      "sed '/\"seal\"/d; s/\"made_at\": *\"[^\"]*/\"made_at\":\"2020-01-'$d'T00:00:00Z/' "
	      "$f.json "
	      ">code_202001${d}_000000.tar.gz.json; done; rm $f $f.json; touch other.tar.gz; "
	      "for s in '' .json; do cp code_20200101_000000.tar.gz$s "
	      "code_2_20200101_000000.tar.gz$s; done; "
	      "printf x | dd of=code_20200103_000000.tar.gz bs=1 seek=40 conv=notrunc status=none");
	act_begin(&act, *state, "archive", "{}", make);
	plan = act_plan(&act);
	assert_contains(plan, "tar --create --gzip");
	assert_contains(plan, "retention removes ");
	free(plan);
	act_run(&act);
	ws_assert(act.ws,
		  "cd backups; ls -A | grep -c 'gz$'; ls | grep '^code_2020.*gz$'; ls other.tar.gz "
		  "code_2_*.gz",
		  "5\ncode_20200102_000000.tar.gz\ncode_20200103_000000.tar.gz\n"
		  "code_2_20200101_000000.tar.gz\nother.tar.gz");
	json_object_set_new(act.args, "to", json_string(""));
	act_end(&act);

	act_begin(&act, *state, "archive", "{}",
		  "{'archive': 'x', 'of': ['@/app'], 'to': '@/app/b'}");
	act_refused(&act, "would hold itself");
	json_array_set_new(json_object_get(act.args, "of"), 0,
			   json_sprintf("%s/app/", act.ws->path));
	act_refused(&act, "would hold itself");
	json_object_set_new(act.args, "archive", json_string("../x"));
	act_refused(&act, "can't be the name");
	act_end(&act);
}

static void test_archive_restore(void **state)
{
	struct act act;
	char *file, *plan;

	app(*state);
	file = archive_make(*state);
	ws_sh(*state, "echo bad >app/bot/main.py; echo new >app/new.txt; touch -d '+1 hour' "
		      "app/new.txt; rm app/link");
	restore_begin(&act, *state, file);
	plan = act_plan(&act);
	assert_contains(plan, "its SHA-256 holds\n$ tar --extract");
	assert_contains(plan, "app takes the place of");
	assert_contains(plan, "[loss] ");
	assert_contains(plan, "/app/new.txt");
	free(plan);
	ws_assert(act.ws, "ls -d app*", "app");

	act_run(&act);
	ws_assert(act.ws, "cat app/bot/main.py app/link; ls app; stat -c %a app; ls -d app?*",
		  "good\ngood\nbot\nconfig.py\nlink\n750\napp.before-2026-11-21-03.code-step.1");
	act_undo(&act);
	ws_assert(act.ws, "cat app/bot/main.py app/new.txt; ls -d app?*",
		  "bad\nnew\napp.undone-2026-11-21-03.code-step.1");
	act_end(&act);

	/* Where there is nothing left, it becomes the folder; an undo takes it away again. */
	ws_sh(*state, "rm -r app*");
	restore_begin(&act, *state, file);
	act_run(&act);
	ws_assert_file(act.ws, "app/bot/main.py", "good\n");
	act_undo(&act);
	ws_assert(act.ws, "test -e app || echo gone", "gone");
	act_end(&act);
	free(file);
}

static void assert_untouched(struct act *act)
{
	ws_assert(act->ws, "ls -d app*; cat app/bot/main.py", "app\nbad");
}

static void test_damaged_archive(void **state)
{
	struct act act;
	char *file;

	app(*state);
	file = archive_make(*state);
	ws_sh(*state, "echo bad >app/bot/main.py; cp backups/code_*.gz good.gz");
	restore_begin(&act, *state, file);

	ws_sh(*state, "f=%s; head -c 100 good.gz >$f", file);
	act_refused(&act, "code_");
	assert_untouched(&act);

	ws_sh(*state,
	      "f=%s; cp good.gz $f; printf '\\377' | dd of=$f bs=1 seek=60 conv=notrunc "
	      "status=none",
	      file);
	act_refused(&act, "code_");
	assert_untouched(&act);

	/* Another archive under this one's name decodes well, and is not what was recorded. */
	ws_sh(*state, "tar -czf %s app", file);
	act_refused(&act, "code_");
	assert_untouched(&act);

	/* A flipped byte that was recorded as such: the decoder finds it. */
	ws_sh(*state,
	      "f=%s; cp good.gz $f; printf '\\377' | dd of=$f bs=1 seek=60 conv=notrunc "
	      "status=none; h=$(sha256sum <$f | cut -c1-64); sed -i \"/\\\"seal\\\"/d; "
	      "s/\\\"sha256\\\": "
	      "*\\\"[^\\\"]*/\\\"sha256\\\":\\\"$h/\" $f.json",
	      file);
	act_refused(&act, "can't be read to its end");
	assert_untouched(&act);

	ws_sh(*state, "f=%s; cp good.gz $f; rm $f.json", file);
	act_refused(&act, "json");
	assert_untouched(&act);
	act_end(&act);
	free(file);
}

static void test_archive_that_leaves(void **state)
{
	struct act act;
	struct err err = ERR_INIT;
	char *file;

	app(*state);
	ws_sh(*state, "echo bad >app/bot/main.py; echo evil >evil; mkdir in; tar -C in -P -czf "
		      "evil.tar.gz ../evil");
	file = ws_path(*state, "evil.tar.gz");
	assert_int_equal(sidecar_write(file, 1, NULL, &err), 0);
	restore_begin(&act, *state, file);
	act_refused(&act, "outside the folder");
	assert_untouched(&act);
	free(file);
	act_end(&act);
}

/* Dead while unpacking: cleaned, and run again. */
static void test_restore_died(void **state)
{
	struct act act;
	char *file;

	app(*state);
	file = archive_make(*state);
	ws_sh(*state, "echo bad >app/bot/main.py");
	restore_begin(&act, *state, file);
	act_before(&act);
	ws_sh(*state, "mkdir -p app.restoring-2026-11-21-03.code-step.1/app/bot");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), 0);
	assert_untouched(&act);
	act_run(&act);

	/* Dead between the exchange and the renaming: done, and undone from where the old one lies.
	 */
	ws_sh(*state, "mkdir app.restoring-2026-11-21-03.code-step.1; "
		      "mv app.before-2026-11-21-03.code-step.1 "
		      "app.restoring-2026-11-21-03.code-step.1/app");
	assert_int_equal(act_settled(&act), SETTLED_YES);
	act_undo(&act);
	ws_assert_file(act.ws, "app/bot/main.py", "bad\n");
	act_end(&act);
	free(file);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file_copy),		TEST(test_file_restore),
		TEST(test_file_remove),		TEST(test_archive),
		TEST(test_archive_restore),	TEST(test_damaged_archive),
		TEST(test_archive_that_leaves), TEST(test_restore_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
