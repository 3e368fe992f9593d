/* The probes git, flag, file and disk on real parts: pass, fail, and unknown where nothing can be
 * read. */
#include "tests/unit/workspace.h"

#include <jansson.h>

#include "lib/backup.h"
#include "lib/clock.h"
#include "sources/probe.h"

static const json_t *declared(void *data, const char *name)
{
	return json_object_get(data, name);
}

static struct reading ask(struct workspace *ws, const char *type, const char *args)
{
	json_t *sources = ws_json(ws, "{'code': {'path': '@/repo'}, 'gone': {'path': '@/gone'},"
				      " 'archives': {'folder': '@/backups', 'kind': 'archive'},"
				      " 'config': {'path': '@/repo/bot/config.py', 'format': "
				      "'python', 'names': {}}}");
	json_t *probe = ws_json(ws, args);
	struct probe_env env = { .clock = &clock_system,
				 .deadline = clock_mono(&clock_system) + 30 * CLOCK_US,
				 .declared = declared,
				 .data = sources };
	struct reading out = { 0 };

	probe_type(type)->eval(&env, probe, &out);
	assert_true(out.evidence[0] != '\0');
	assert_true(out.at > 0);
	json_decref(probe);
	json_decref(sources);
	return out;
}

#define assert_verdict(ws, type, args, wanted, part)                                         \
	do {                                                                                 \
		struct reading r_ = ask(ws, type, args);                                     \
		if (r_.verdict != (wanted))                                                  \
			fail_msg("%s: %s: %s", args, verdict_name(r_.verdict), r_.evidence); \
		assert_contains(r_.evidence, part);                                          \
	} while (0)

static void test_git(void **state)
{
	struct workspace *ws = *state;

	ws_repo(ws);
	assert_verdict(ws, "git", "{'git': 'code', 'clean': true}", VERDICT_PASS, "clean, main at");
	assert_verdict(ws, "git", "{'git': 'code', 'on': 'good'}", VERDICT_FAIL, "(good-2-g");
	assert_verdict(ws, "git", "{'git': 'code', 'not_on': 'good'}", VERDICT_PASS,
		       "HEAD is main");
	assert_verdict(ws, "git", "{'git': 'code', 'on': 'main'}", VERDICT_PASS, "main at");
	assert_verdict(ws, "git", "{'git': 'code', 'branch': 'main'}", VERDICT_PASS, "main");
	assert_verdict(ws, "git", "{'git': 'code', 'has_tag': 'good'}", VERDICT_PASS,
		       "tag good is at");
	assert_verdict(ws, "git", "{'git': 'code', 'has_tag': 'bad'}", VERDICT_FAIL, "no tag bad");
	assert_verdict(ws, "git", "{'git': 'code', 'contains': 'good'}", VERDICT_PASS,
		       "in HEAD's history");
	assert_verdict(ws, "git", "{'git': 'code', 'commits_since': 'good'}", VERDICT_FAIL,
		       "2 commits since good");
	assert_verdict(ws, "git", "{'git': 'code', 'commits_since': 'good', 'below': 3}",
		       VERDICT_PASS, "2 commits");
	assert_int_equal((int)ask(ws, "git", "{'git': 'code', 'commits_since': 'good'}").value, 2);

	ws_sh(ws, "cd repo; echo x >>bot/config.py; echo l >bot.log");
	assert_verdict(ws, "git", "{'git': 'code', 'clean': true}", VERDICT_FAIL,
		       "bot/config.py (modified)");
	assert_verdict(ws, "git", "{'git': 'code', 'clean': false}", VERDICT_PASS,
		       "1 file differs");
	assert_verdict(ws, "git", "{'git': 'code', 'clean': true, 'except': ['bot/config.py']}",
		       VERDICT_PASS, "clean");
	ws_sh(ws, "cd repo; echo x >note.txt");
	assert_verdict(ws, "git", "{'git': 'code', 'clean': true, 'except': ['bot/config.py']}",
		       VERDICT_FAIL, "note.txt (untracked)");
	ws_sh(ws, "cd repo; rm note.txt; git checkout -qf good");
	assert_verdict(ws, "git", "{'git': 'code', 'on': 'good'}", VERDICT_PASS, "detached at");
}

/* What can't be read is neither yes nor no. */
static void test_git_unknown(void **state)
{
	struct workspace *ws = *state;

	ws_repo(ws);
	assert_verdict(ws, "git", "{'git': 'gone', 'clean': true}", VERDICT_UNKNOWN,
		       "No such file");
	assert_verdict(ws, "git", "{'git': 'undeclared', 'clean': true}", VERDICT_UNKNOWN,
		       "not declared");
	assert_verdict(ws, "git", "{'git': 'code', 'on': 'nowhere'}", VERDICT_UNKNOWN, "nowhere");
	assert_verdict(ws, "git", "{'git': 'code', 'not_on': 'nowhere'}", VERDICT_UNKNOWN,
		       "nowhere");
	assert_verdict(ws, "git", "{'git': 'code', 'pushed': 'main'}", VERDICT_UNKNOWN,
		       "ls-remote");
	ws_sh(ws, "$GIT init -q gone");
	assert_verdict(ws, "git", "{'git': 'gone', 'clean': true}", VERDICT_UNKNOWN,
		       "no commit yet");
	if (geteuid() == 0) {
		ws_sh(ws, "chown -R 65534:65534 repo");
		assert_verdict(ws, "git", "{'git': 'code', 'clean': true}", VERDICT_UNKNOWN,
			       "belongs to user 65534");
	}
}

static void test_git_pushed(void **state)
{
	struct workspace *ws = *state;

	ws_repo(ws);
	ws_sh(ws,
	      "$GIT clone -q --bare repo remote.git; cd repo; git remote add origin %s/remote.git; "
	      "$GIT tag -a -m N noted",
	      ws->path);
	assert_verdict(ws, "git", "{'git': 'code', 'pushed': 'main'}", VERDICT_PASS, "on origin");
	assert_verdict(ws, "git", "{'git': 'code', 'pushed': 'noted'}", VERDICT_FAIL,
		       "origin has no refs/tags/noted");
	ws_sh(ws, "cd repo; git push -q origin noted; $GIT commit -q --allow-empty -m More");
	assert_verdict(ws, "git", "{'git': 'code', 'pushed': 'noted'}", VERDICT_PASS, "on origin");
	assert_verdict(ws, "git", "{'git': 'code', 'pushed': 'main'}", VERDICT_FAIL, "on origin");
}

static void test_flag(void **state)
{
	struct workspace *ws = *state;

	ws_sh(ws, "mkdir -p repo/bot; printf 'A = True  # on\\nB = 2\\nB = 3\\nC = f()\\n' "
		  ">repo/bot/config.py");
	assert_verdict(ws, "flag", "{'flag': 'A', 'in': 'config', 'is': true}", VERDICT_PASS,
		       "A = True  # on");
	assert_verdict(ws, "flag", "{'flag': 'A', 'in': 'config', 'is': false}", VERDICT_FAIL,
		       "A = True");
	assert_verdict(ws, "flag", "{'flag': 'B', 'in': 'config', 'is': 2}", VERDICT_UNKNOWN,
		       "2 places");
	assert_verdict(ws, "flag", "{'flag': 'C', 'in': 'config', 'is': true}", VERDICT_UNKNOWN,
		       "expression");
	assert_verdict(ws, "flag", "{'flag': 'D', 'in': 'config', 'is': true}", VERDICT_UNKNOWN,
		       "no flag D");
	ws_sh(ws, "rm repo/bot/config.py");
	assert_verdict(ws, "flag", "{'flag': 'A', 'in': 'config', 'is': false}", VERDICT_UNKNOWN,
		       "config.py");
}

static void test_file(void **state)
{
	struct workspace *ws = *state;

	ws_write(ws, "a", "first\ndatabase_type = \"postgres\"\n");
	assert_verdict(ws, "file", "{'file': '@/a', 'exists': true}", VERDICT_PASS, "is there");
	assert_verdict(ws, "file", "{'file': '@/a', 'exists': false}", VERDICT_FAIL, "is there");
	assert_verdict(ws, "file", "{'file': '@/b', 'exists': false}", VERDICT_PASS,
		       "is not there");
	assert_verdict(ws, "file", "{'file': '@/b', 'exists': true}", VERDICT_FAIL, "is not there");
	assert_verdict(ws, "file", "{'file': '@/b', 'contains': 'x'}", VERDICT_FAIL,
		       "is not there");
	assert_verdict(ws, "file", "{'file': '@/a', 'contains': 'database_\\\\w+'}", VERDICT_PASS,
		       "line 2: database_type");
	assert_verdict(ws, "file", "{'file': '@/a', 'contains': 'mysql'}", VERDICT_FAIL,
		       "nothing in it");
	assert_verdict(ws, "file", "{'file': '@/a', 'contains': '('}", VERDICT_UNKNOWN, "");
	assert_verdict(ws, "file", "{'file': '@/a', 'larger_than': '10B'}", VERDICT_PASS, "33 B");
	assert_verdict(ws, "file", "{'file': '@/a', 'larger_than': '1kB'}", VERDICT_FAIL,
		       "more than 1.0 kB");
	assert_verdict(ws, "file", "{'file': '@/a', 'newer_than': '1h'}", VERDICT_PASS, "ago");
	ws_sh(ws, "touch -d '2 hours ago' a");
	assert_verdict(ws, "file", "{'file': '@/a', 'newer_than': '1h'}", VERDICT_FAIL, "ago");
	ws_write(ws, "a", "abc");
	assert_verdict(ws, "file",
		       "{'file': '@/a', 'sha256': "
		       "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}",
		       VERDICT_PASS, "ba7816bf");
	assert_verdict(ws, "file", "{'file': '@/a', 'sha256': '00'}", VERDICT_FAIL, "ba7816bf");
	assert_verdict(ws, "file", "{'file': '@', 'contains': 'x'}", VERDICT_UNKNOWN,
		       "no regular file");
}

/* The backup probe on archives: the newest sound one, damaged ones passed over. */
static void test_archive(void **state)
{
	struct workspace *ws = *state;
	struct err err = ERR_INIT;
	char *path;

	ws_sh(ws, "mkdir -p app backups; echo 1 >app/a; tar -czf backups/a.tar.gz app; "
		  "tar -czf backups/b.tar.gz app; echo x >backups/c.tar.gz");
	for (const char *name = "abc"; *name; name++) {
		char *file = xasprintf("%s/backups/%c.tar.gz", ws->path, *name);

		assert_int_equal(sidecar_write(file, *name * CLOCK_US, NULL, &err), 0);
		free(file);
	}
	path = ws_path(ws, "backups/b.tar.gz");
	assert_verdict(ws, "backup", "{'backup': 'archives', 'newest_sound': true}", VERDICT_PASS,
		       "b.tar.gz");
	assert_string_equal(ask(ws, "backup", "{'backup': 'archives', 'newest_sound': true}").text,
			    path);
	ws_sh(ws, "echo >>backups/a.tar.gz; echo >>backups/b.tar.gz");
	assert_verdict(ws, "backup", "{'backup': 'archives', 'newest_sound': true}", VERDICT_FAIL,
		       "none of 3 is sound");
	free(path);
}

static void test_disk(void **state)
{
	struct workspace *ws = *state;

	assert_verdict(ws, "disk", "{'disk': '@', 'free_above': 1}", VERDICT_PASS, "free at");
	assert_verdict(ws, "disk", "{'disk': '@', 'free_above': '100%'}", VERDICT_FAIL,
		       "above 100%");
	assert_verdict(ws, "disk", "{'disk': '@', 'free_above': '9000TB'}", VERDICT_FAIL,
		       "9000 TB");
	assert_verdict(ws, "disk", "{'disk': '@', 'free_above': 'much'}", VERDICT_UNKNOWN,
		       "neither a size");
	assert_verdict(ws, "disk", "{'disk': '@/gone', 'free_above': 1}", VERDICT_UNKNOWN,
		       "No such file");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_git),	 TEST(test_git_unknown), TEST(test_git_pushed), TEST(test_flag),
		TEST(test_file), TEST(test_archive),	 TEST(test_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
