/*
 * Which files are believed as runbooks and targets: every combination of owner, mode, group, access
 * list, folder and link, against a rule that is written down here anew; and files that are swapped
 * while they are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/load.h"
#include "core/trust.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/fault.h"

#define OTHER 12345 /* has neither an account nor a group of its name */

static char folder[64];

enum link { LINK_NONE, LINK_SAFE, LINK_LOOSE, LINKS }; /* a link, in a folder that is safe or not */

static const struct folder_kind {
	uid_t owner;
	gid_t group;
	mode_t mode;
	bool safe;
} folders[] = {
	{ 0, 0, 0755, true },	    { 0, 0, 0775, true /* root's own group */ },
	{ 0, OTHER, 0775, false },  { 0, 0, 0777, false },
	{ 0, 0, 01777, true },	    { OTHER, OTHER, 0755, false },
	{ OTHER, 0, 01777, false },
};

static const mode_t modes[] = { 0600, 0644, 0664, 0646, 0622, 0444, 0660, 0602 };

/* A list that lets OTHER write: version 2, entries (tag, permissions, id) as the kernel has them.
 */
static bool list_set(const char *path, unsigned bits)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = { 2,
		  { { 0x01, 6, UINT32_MAX },
		    { 0x02, (uint16_t)bits, OTHER },
		    { 0x04, 4, UINT32_MAX },
		    { 0x10, (uint16_t)bits, UINT32_MAX },
		    { 0x20, 0, UINT32_MAX } } };

	return setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0) == 0;
}

static long cases, wrong;

static void try(const char *path, bool expected, const char *what)
{
	struct err err = ERR_INIT;
	int fd = trust_open(path, &err);

	cases++;
	if ((fd >= 0) != expected || (fd < 0 && !err.msg[0])) {
		wrong++;
		print_message("# %s: %s (%s)\n", what, fd >= 0 ? "believed" : "refused", err.msg);
	}
	if (fd >= 0)
		close(fd);
}

static void try_file(const struct folder_kind *kind, uid_t owner, gid_t group, mode_t mode,
		     enum link link, int list)
{
	char *home = path_join(folder, "home"), *file = path_join(home, "runbook.json");
	char *loose = path_join(folder, "loose"), *safe = path_join(folder, "safe");
	char *path = link == LINK_NONE	 ? xstrdup(file)
		     : link == LINK_SAFE ? path_join(safe, "link")
					 : path_join(loose, "link");
	bool group_safe = !(mode & 020) || (group == owner && owner == 0);
	bool expected = kind->safe && owner == 0 && !(mode & 02) && group_safe &&
			link != LINK_LOOSE && list != 6;
	char what[200];

	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(mkdir(safe, 0755), 0);
	assert_int_equal(mkdir(loose, 0777), 0);
	chmod(loose, 0777);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(chown(file, owner, group), 0);
	assert_int_equal(chmod(file, mode), 0);
	if (list >= 0)
		assert_true(list_set(file, (unsigned)list));
	assert_int_equal(chown(home, kind->owner, kind->group), 0);
	assert_int_equal(chmod(home, kind->mode), 0);
	if (link != LINK_NONE)
		assert_int_equal(symlink(file, path), 0);
	snprintf(what, sizeof(what), "file %u:%u %o, folder %u:%u %o, link %d, list %d",
		 (unsigned)owner, (unsigned)group, (unsigned)mode, (unsigned)kind->owner,
		 (unsigned)kind->group, (unsigned)kind->mode, (int)link, list);
	try(path, expected, what);
	file_remove_tree(home, NULL);
	file_remove_tree(safe, NULL);
	file_remove_tree(loose, NULL);
	free(home);
	free(file);
	free(loose);
	free(safe);
	free(path);
}

static void who_could_write_decides(void **state)
{
	char *probe = path_join(folder, "probe");
	bool lists;

	(void)state;
	if (geteuid() != 0)
		skip();
	close(open(probe, O_WRONLY | O_CREAT, 0600));
	lists = list_set(probe, 4);
	for (size_t k = 0; k < sizeof(folders) / sizeof(folders[0]); k++)
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
			for (int who = 0; who < 4; who++)
				for (int link = 0; link < LINKS; link++)
					try_file(&folders[k], who & 1 ? OTHER : 0,
						 who & 2 ? OTHER : 0, modes[m], (enum link)link,
						 -1);
	for (size_t k = 0; lists && k < sizeof(folders) / sizeof(folders[0]); k++) {
		try_file(&folders[k], 0, 0, 0640, LINK_NONE, 4);
		try_file(&folders[k], 0, 0, 0660, LINK_NONE, 6);
	}
	if (!lists)
		print_message("# no access lists on this file system\n");
	free(probe);
	assert_int_equal(wrong, 0);
}

static void what_is_no_file_is_refused(void **state)
{
	static const char *const names[] = { "fifo", "folder", "dangling", "circle", "missing" };
	char *paths[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		paths[i] = path_join(folder, names[i]);
	assert_int_equal(mkfifo(paths[0], 0600), 0);
	assert_int_equal(mkdir(paths[1], 0700), 0);
	assert_int_equal(symlink("nowhere", paths[2]), 0);
	assert_int_equal(symlink("circle", paths[3]), 0);
	for (size_t i = 0; i < 5; i++) {
		try(paths[i], false, names[i]);
		free(paths[i]);
	}
	try("/dev/null", false, "a device");
	assert_int_equal(wrong, 0);
}

/* Renames another's file over the runbook and back, as fast as can be. */
static void swap_on(const char *good, const char *evil, const char *path)
{
	char *fresh = path_join(folder, "fresh");

	for (;;) {
		unlink(fresh);
		if (link(evil, fresh) == 0)
			rename(fresh, path);
		unlink(fresh);
		if (link(good, fresh) == 0)
			rename(fresh, path);
	}
}

static void what_is_read_is_what_was_looked_at(void **state)
{
	char *good = path_join(folder, "good"), *evil = path_join(folder, "evil");
	char *path = path_join(folder, "runbook.json");
	long rounds = getenv("LONG") ? 100000 : 3000, believed = 0, refused = 0, fooled = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(file_replace(good, "good", 4, 0600, NULL), 0);
	assert_int_equal(file_replace(evil, "evil", 4, 0600, NULL), 0);
	assert_int_equal(chown(evil, OTHER, OTHER), 0);
	assert_int_equal(link(good, path), 0);
	pid = fork();
	if (pid == 0)
		swap_on(good, evil, path);
	for (long i = 0; i < rounds; i++) {
		int fd = trust_open(path, NULL);
		char text[5] = "";

		refused += fd < 0;
		if (fd < 0)
			continue;
		assert_int_equal(read(fd, text, 4), 4);
		believed++;
		fooled += strcmp(text, "good") != 0;
		close(fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Both were really met. */
	assert_true(believed > 0 && refused > 0);
	assert_int_equal(fooled, 0);
	fault(20, "files that were swapped while they were looked at", rounds, rounds - fooled,
	      fooled);
	free(good);
	free(evil);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_could_write_decides),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(what_is_read_is_what_was_looked_at),
	};
	int failed;

	umask(022);
	snprintf(folder, sizeof(folder), "/tmp/backout-test-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	file_remove_tree(folder, NULL);
	fault(20, "owners, modes, groups, access lists, folders, links", cases, cases - wrong,
	      wrong);
	return failed;
}
