/* Row 28: whatever a repository holds to have commands run, none of it is run; and what kinds of
 * repositories there are: shallow, linked, sparse, packed, with the lock of a dead git. */
#include "tests/unit/act.h"
#include "tests/unit/fault.h"

static const char sources[] = "{'code': {'path': '@/repo'}}";
static const char allowing[] = "{'code': {'path': '@/repo', 'allow_hooks': true}}";

/* A repository, cloned to a remote that has one commit more. $trap is a command that leaves a mark.
 */
static void scene(struct workspace *ws)
{
	assert_int_equal(ws_sh(ws, "rm -rf repo remote.git other ran trap"), 0);
	ws_repo(ws);
	assert_int_equal(ws_sh(ws,
			       "printf '#!/bin/sh\\ntouch \"%s/ran\"\\nexit 1\\n' >trap; chmod +x "
			       "trap\n"
			       "$GIT clone -q --bare repo remote.git; cd repo\n"
			       "git remote add origin $PWD/../remote.git; git fetch -q; cd ..\n"
			       "$GIT clone -q remote.git other; cd other; echo next >bot/main.py\n"
			       "$GIT commit -qam Next; $GIT push -q origin HEAD:main",
			       ws->path),
			 0);
}

/* Everything that an action does, as far as it gets; the number of acts that went through. */
static int all_acts(struct workspace *ws, const char *declared)
{
	static const char *const args[] = {
		"{'git': 'code', 'do': 'tag', 'name': 'here'}",
		"{'git': 'code', 'do': 'branch', 'name': 'side', 'to': 'good'}",
		"{'git': 'code', 'do': 'revert', 'since': 'good'}",
		"{'git': 'code', 'do': 'reset', 'to': 'HEAD~1'}",
		"{'git': 'code', 'do': 'push', 'name': 'side'}",
		"{'git': 'code', 'do': 'checkout', 'to': 'good'}",
		"{'git': 'code', 'do': 'checkout', 'to': 'main'}",
		"{'git': 'code', 'do': 'reset', 'to': 'origin/main'}",
		"{'git': 'code', 'do': 'pull'}",
	};
	int done = 0;

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct act act;
		struct buf why = BUF_INIT;
		struct plan plan = { 0 };

		act_begin(&act, ws, "git", declared, args[i]);
		free(act.intent);
		act.env.intent = act.intent = xasprintf("act.%zu", i);
		(void)act.type->plan(&act.env, act.args, &plan, NULL);
		if (act.type->ready(&act.env, act.args, &act.err) == 0 &&
		    (act.before = act.type->before(&act.env, act.args, &act.err)) != NULL)
			done += act.type->run(&act.env, act.args, act.before, &act.facts,
					      &act.err) == 0;
		if (act.before != NULL) {
			(void)act.type->settled(&act.env, act.args, act.before, &why);
			if (i % 2 == 0)
				(void)act.type->undo(&act.env, act.args, act.before, NULL);
		}
		plan_release(&plan);
		buf_release(&why);
		act_end(&act);
	}
	return done;
}

static bool ran(struct workspace *ws)
{
	return ws_sh(ws, "test -e ran") == 0;
}

/* ---- hooks ---- */

static const char plant_hooks[] =
    "for h in applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit "
    "prepare-commit-msg commit-msg post-commit pre-rebase post-checkout post-merge pre-push "
    "pre-receive update proc-receive post-receive post-update reference-transaction "
    "push-to-checkout pre-auto-gc post-rewrite sendemail-validate fsmonitor-watchman "
    "p4-changelist p4-prepare-changelist p4-post-changelist p4-pre-submit post-index-change; do "
    "cp ../trap $1/$h; done";

static void no_hook_runs(void **state)
{
	struct workspace *ws = *state;
	long lost = 0;
	int planted = 0;

	for (int where = 0; where < 2; where++) {
		char *count;

		scene(ws);
		/* Where they lie by default, and where the configuration says. */
		ws_sh(ws,
		      "cd repo; mkdir -p .git/hooks planted; plant() { %s; }; plant %s; %s\n"
		      "echo planted >.git/info/exclude; ls %s | grep -vc sample >../count",
		      plant_hooks, where ? "planted" : ".git/hooks",
		      where ? "git config core.hooksPath $PWD/planted" : "true",
		      where ? "planted" : ".git/hooks");
		count = ws_read(ws, "count");
		planted += atoi(count);
		free(count);
		assert_true(all_acts(ws, sources) >= 8);
		lost += ran(ws);
		/* They are no duds. */
		ws_sh(ws, "cd repo; git push -q origin good:refs/tags/x || true");
		assert_true(ran(ws));
	}
	fault(28, "hooks of every name, planted in two places", planted, planted - lost, lost);
	assert_int_equal(lost, 0);
	assert_true(planted >= 56);
}

/* ---- configuration ---- */

static const struct trap {
	const char *name, *plant;
	bool dud;   /* git itself would not run it here, either */
	bool moves; /* what stays on this host is done all the same */
} traps[] = {
	{ "core.fsmonitor", "git config core.fsmonitor $PWD/../trap", .moves = true },
	{ "core.sshCommand",
	  "git config core.sshCommand $PWD/../trap; git remote set-url origin "
	  "ssh://localhost/x",
	  .moves = true },
	{ "core.gitProxy",
	  "git config core.gitProxy $PWD/../trap; git remote set-url origin "
	  "git://localhost/x",
	  .moves = true },
	{ "core.askPass", "git config core.askPass $PWD/../trap", .dud = true, .moves = true },
	{ "credential.helper", "git config credential.helper $PWD/../trap", .dud = true,
	  .moves = true },
	{ "credential of one host", "git config credential.https://localhost.helper $PWD/../trap",
	  .dud = true, .moves = true },
	{ "core.pager", "git config core.pager $PWD/../trap", .dud = true, .moves = true },
	{ "an alias", "git config alias.fetch '!../trap'; git config alias.ls-remote '!../trap'",
	  .dud = true, .moves = true },
	{ "remote's upload-pack", "git config remote.origin.uploadpack $PWD/../trap",
	  .moves = true },
	{ "remote's receive-pack", "git config remote.origin.receivepack $PWD/../trap",
	  .moves = true },
	{ "remote's vcs",
	  "git config remote.origin.vcs ext; git config protocol.ext.allow always; "
	  "git config remote.origin.url \"$PWD/../trap\"",
	  .moves = true },
	{ "protocol ext",
	  "git config protocol.ext.allow always; git remote set-url origin "
	  "\"ext::$PWD/../trap\"",
	  .moves = true },
	{ "protocol ext without leave", "git remote set-url origin \"ext::$PWD/../trap\"",
	  .dud = true, .moves = true },
	{ "an included file",
	  "printf '[core]\\n\\tsshCommand = %s\\n' $PWD/../trap >.git/more; git "
	  "config include.path more; git remote set-url origin ssh://localhost/x",
	  .moves = true },
	{ "an included file of a condition",
	  "printf '[remote \"origin\"]\\n\\tuploadpack = %s\\n' "
	  "$PWD/../trap >.git/more; git config "
	  "includeIf.gitdir:**.path more",
	  .moves = true },
	{ "uploadpack.packObjectsHook",
	  "git config uploadpack.packObjectsHook $PWD/../trap; git -C "
	  "../remote.git config uploadpack.packObjectsHook $PWD/../trap",
	  .dud = true, .moves = true },
	{ "a clean filter",
	  "git config filter.x.clean $PWD/../trap; git config filter.x.required true; "
	  "echo '*.py filter=x' >.git/info/attributes",
	  .moves = false },
	{ "a smudge filter",
	  "git config filter.x.smudge $PWD/../trap; echo '*.py filter=x' "
	  ">.git/info/attributes",
	  .moves = false },
	{ "a filter process, as LFS has it",
	  "git config filter.lfs.process $PWD/../trap; git config "
	  "filter.lfs.required true; echo '*.py filter=lfs' "
	  ">.git/info/attributes",
	  .moves = false },
	{ "a merge driver",
	  "git config merge.x.driver $PWD/../trap; echo '*.py merge=x' "
	  ">.git/info/attributes",
	  .dud = true, .moves = true },
	{ "an external diff",
	  "git config diff.external $PWD/../trap; git config diff.x.textconv "
	  "$PWD/../trap; echo '*.py diff=x' >.git/info/attributes",
	  .dud = true, .moves = true },
	{ "a signing program",
	  "git -C ../remote.git config receive.certNonceSeed x; git config gpg.program "
	  "$PWD/../trap; git config push.gpgSign true; git "
	  "config commit.gpgSign true; git config tag.gpgSign true",
	  .dud = true, .moves = true },
	{ "an editor",
	  "git config core.editor $PWD/../trap; git config sequence.editor $PWD/../trap",
	  .dud = true, .moves = true },
	{ "a branch named as an option",
	  "p=$(readlink -f ../trap); mkdir -p "
	  "\".git/refs/heads/--upload-pack=$(dirname $p)\"; cp "
	  ".git/refs/heads/main \".git/refs/heads/--upload-pack=$p\"; "
	  "echo \"ref: refs/heads/--upload-pack=$p\" >.git/HEAD",
	  .dud = true },
};

static void nothing_configured_runs(void **state)
{
	struct workspace *ws = *state;
	long lost = 0, n = 0, live = 0;

	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		int done;

		/* What git would not run either is for the long form, but for a hole that was one.
		 */
		if (traps[i].dud && getenv("LONG") == NULL &&
		    strstr(traps[i].plant, "HEAD") == NULL)
			continue;
		n++;

		scene(ws);
		if (ws_sh(ws, "cd repo; %s", traps[i].plant) != 0)
			fail_msg("%s: can't be planted", traps[i].name);
		done = all_acts(ws, sources);
		if (ran(ws)) {
			printf("# %s ran\n", traps[i].name);
			lost++;
		}
		if (traps[i].moves && done < 5)
			fail_msg("%s: only %d acts went through", traps[i].name, done);
		/* The trap is a live one: git itself, called as one calls it, steps into it. */
		ws_sh(ws, "rm -f ran; cd repo; git ls-remote || true; git fetch || true; git push "
			  "origin "
			  "good:refs/tags/z || true; touch bot/*.py; git status || true; echo x "
			  ">bot/main.py; git add -A || true; git checkout -f good || true");
		live += ran(ws);
		if (!traps[i].dud && !ran(ws))
			fail_msg("%s: would not have run anyway", traps[i].name);
	}
	printf("# %ld of %ld traps are live ones for git itself\n", live, n);
	fault(28, "commands in configuration and attributes", n, n - lost, lost);
	assert_int_equal(lost, 0);
}

static void what_is_refused_is_explained(void **state)
{
	struct workspace *ws = *state;
	struct act act;

	scene(ws);
	ws_sh(ws, "cd repo; git config remote.origin.uploadpack $PWD/../trap");
	act_begin(&act, ws, "git", sources, "{'git': 'code', 'do': 'push', 'name': 'good'}");
	assert_int_equal(act.type->ready(&act.env, act.args, &act.err), -1);
	assert_contains(act.err.msg, "the repository's own configuration names a command: "
				     "remote.origin.uploadpack");
	assert_contains(act.err.hint, "allow_hooks");
	act_end(&act);
	/* The user's own configuration counts, as it does for git. */
	ws_sh(ws, "cd repo; git config --unset remote.origin.uploadpack; git config --global "
		  "core.sshCommand $PWD/../trap; git remote set-url origin ssh://localhost/x");
	act_begin(&act, ws, "git", sources, "{'git': 'code', 'do': 'push', 'name': 'good'}");
	assert_int_equal(act.type->ready(&act.env, act.args, &act.err), -1);
	assert_true(ran(ws));
	act_end(&act);
	/* And what a source allows. */
	ws_sh(ws, "rm ran; cd repo; git config --global --unset core.sshCommand; git config "
		  "core.sshCommand $PWD/../trap");
	act_begin(&act, ws, "git", allowing, "{'git': 'code', 'do': 'push', 'name': 'good'}");
	assert_int_equal(act.type->ready(&act.env, act.args, &act.err), -1);
	assert_true(ran(ws));
	act_end(&act);
}

/* ---- kinds of repositories ---- */

/* {what is done to it, an action, why it is refused; NULL: it goes through} */
static const struct {
	const char *name, *make, *args, *refused;
} kinds[] = {
	{ "a changed file", "echo x >>repo/bot/main.py",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "bot/main.py" },
	{ "a changed file, staged", "cd repo; echo x >>bot/main.py; git add -A",
	  "{'git': 'code', 'do': 'revert', 'since': 'good'}", "bot/main.py" },
	{ "a file in the way",
	  "cd repo; $GIT rm -q bot/extra.py; $GIT commit -qm Less; echo mine "
	  ">bot/extra.py",
	  "{'git': 'code', 'do': 'checkout', 'to': 'main~1'}", "bot/extra.py" },
	{ "a deleted file", "rm repo/bot/main.py", "{'git': 'code', 'do': 'pull'}", "bot/main.py" },
	{ "a foreign owner", "chown -R 65534:65534 repo",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "belongs to user 65534" },
	{ "a submodule",
	  "$GIT init -q sub; cd sub; $GIT commit -q --allow-empty -m S; cd ../repo; $GIT "
	  "submodule -q add ../sub sub; $GIT commit -qm Sub",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "submodule" },
	{ "LFS",
	  "cd repo; echo big >a.bin; echo '*.bin filter=lfs' >.gitattributes; $GIT add -A; $GIT "
	  "commit -qm LFS",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "filter" },
	{ "a sparse checkout", "cd repo; git sparse-checkout set --no-cone /bot/main.py",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "sparse checkout" },
	{ "a lock that a dead git left", "touch repo/.git/index.lock",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "lock" },
	{ "a merge in progress", "git -C repo rev-parse HEAD >repo/.git/MERGE_HEAD",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", "in progress" },
	{ "a shallow clone",
	  "rm -rf repo; git clone -q --depth 2 file://$PWD/remote.git repo; git -C repo "
	  "tag good HEAD~1",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", NULL },
	{ "a shallow clone reverted",
	  "rm -rf repo; git clone -q --depth 2 file://$PWD/remote.git repo",
	  "{'git': 'code', 'do': 'revert', 'since': 'HEAD~1'}", "--unshallow" },
	{ "references that are packed", "git -C repo pack-refs --all --prune; git -C repo gc -q",
	  "{'git': 'code', 'do': 'revert', 'since': 'good'}", NULL },
	{ "a linked working tree", "mv repo main; $GIT -C main worktree add -q ../repo -b work",
	  "{'git': 'code', 'do': 'checkout', 'to': 'good'}", NULL },
	{ "a pull", "true", "{'git': 'code', 'do': 'pull'}", NULL },
};

static void each_kind_of_repository(void **state)
{
	struct workspace *ws = *state;
	long n = sizeof(kinds) / sizeof(kinds[0]), lost = 0;

	for (long i = 0; i < n; i++) {
		struct act act;
		char *before, *after;

		scene(ws);
		ws_sh(ws, "rm -rf main");
		if (geteuid() != 0 && strstr(kinds[i].make, "chown"))
			continue;
		if (ws_sh(ws, "%s", kinds[i].make) != 0)
			fail_msg("%s: can't be made", kinds[i].name);
		before = ws_get(ws, "cd repo; chown -R $(id -u) . ; git rev-parse HEAD; git status "
				    "--porcelain; cat bot/*");
		if (strstr(kinds[i].make, "chown"))
			ws_sh(ws, "%s", kinds[i].make);
		act_begin(&act, ws, "git", sources, kinds[i].args);
		if (kinds[i].refused == NULL) {
			act_run(&act);
			act_undo(&act);
		} else {
			int rc = act.type->ready(&act.env, act.args, &act.err);

			if (rc == 0 &&
			    (act.before = act.type->before(&act.env, act.args, &act.err)))
				rc = act.type->run(&act.env, act.args, act.before, &act.facts,
						   &act.err);
			if (rc == 0 || !(strstr(act.err.msg, kinds[i].refused) ||
					 strstr(act.err.hint, kinds[i].refused)))
				fail_msg("%s: %s", kinds[i].name, act.err.msg);
		}
		after = ws_get(ws, "cd repo; chown -R $(id -u) . ; git rev-parse HEAD; git status "
				   "--porcelain; cat bot/*");
		if (strcmp(before, after) != 0) {
			printf("# %s: was\n%s\n# is\n%s\n", kinds[i].name, before, after);
			lost++;
		}
		free(before);
		free(after);
		act_end(&act);
	}
	fault(28, "dirty, foreign, filtered, locked and other repositories", n, n - lost, lost);
	assert_int_equal(lost, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_hook_runs),
		TEST(nothing_configured_runs),
		TEST(what_is_refused_is_explained),
		TEST(each_kind_of_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
