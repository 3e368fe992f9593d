/* Files: replaced whole or not at all, and trees removed without leaving them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/datadir.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/sha256.h"

struct fixture {
	char folder[64];
	char path[96]; /* folder/file */
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/backout-file.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/file", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->folder, NULL), 0);
	free(f);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_content(const char *path, const char *expected)
{
	struct buf text = BUF_INIT;

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	assert_string_equal(buf_str(&text), expected);
	buf_release(&text);
}

static int entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void reading_has_a_limit(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	write_file(f->path, "12345");
	assert_int_equal(file_read(f->path, &text, 5, &f->err), 0);
	assert_int_equal(file_read(f->path, &text, 4, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "larger than 4 bytes"));
	err_clear(&f->err);
	assert_int_equal(file_read("/no/such/file", &text, 4, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "/no/such/file"));
	buf_release(&text);
}

static void the_end_of_a_file_is_read_alone(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	assert_int_equal(file_replace(f->path, "12345", 5, 0600, &f->err), 0);
	assert_int_equal(file_read_end(f->path, &text, 3, &f->err), 0);
	assert_string_equal(buf_str(&text), "345");
	buf_cut(&text, 0);
	assert_int_equal(file_read_end(f->path, &text, 9, &f->err), 0);
	assert_string_equal(buf_str(&text), "12345");
	assert_int_equal(file_read_end(f->folder, &text, 9, &f->err), -1);
	buf_release(&text);
}

static void a_pipe_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(file_read(f->path, &text, 0, &f->err), 0);
	assert_int_equal(text.len, 0);
	buf_release(&text);
}

static void replacing_keeps_mode_and_owner(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	write_file(f->path, "old");
	assert_int_equal(chmod(f->path, 04751), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f->path, 1234, 4321), 0);
		assert_int_equal(chmod(f->path, 04751), 0);
	}
	assert_int_equal(file_replace(f->path, "new", 3, 0600, &f->err), 0);
	expect_content(f->path, "new");
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 04751);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 4321);
	}
	assert_int_equal(entries(f->folder), 1);
}

/* acl(5) as the kernel has it: the owner, user 65534, the group, the mask, others. */
static const unsigned char acl[] = {
	2,  0, 0, 0,							       /* version */
	1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff, 2,	 0, 4, 0, 0xfe, 0xff, 0,    0, /* rw, r */
	4,  0, 0, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

static void replacing_keeps_the_access_list(void **state)
{
	static const char name[] = "system.posix_acl_access", deflt[] = "system.posix_acl_default";
	struct fixture *f = *state;
	unsigned char now[2 * sizeof(acl)];

	write_file(f->path, "old");
	if (setxattr(f->path, name, acl, sizeof(acl), 0) < 0)
		return; /* this file system has none: cmocka's skip() reads as a failure in TAP */
	assert_int_equal(file_replace(f->path, "new", 3, 0600, &f->err), 0);
	assert_int_equal(getxattr(f->path, name, now, sizeof(now)), sizeof(acl));
	assert_memory_equal(now, acl, sizeof(acl));
	/* And one that had none gets none from its folder. */
	assert_int_equal(removexattr(f->path, name), 0);
	assert_int_equal(setxattr(f->folder, deflt, acl, sizeof(acl), 0), 0);
	assert_int_equal(file_replace(f->path, "new", 3, 0600, &f->err), 0);
	assert_int_equal(getxattr(f->path, name, now, sizeof(now)), -1);
}

static void a_new_file_gets_the_given_mode(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(077);
	struct stat st;

	assert_int_equal(file_replace(f->path, "", 0, 0664, &f->err), 0);
	umask(before);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0664);
	assert_int_equal(st.st_size, 0);
}

static void links_and_folders_are_not_replaced(void **state)
{
	struct fixture *f = *state;
	char *link = path_join(f->folder, "link");

	write_file(f->path, "old");
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(file_replace(link, "new", 3, 0600, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "symbolic link"));
	expect_content(f->path, "old");
	err_clear(&f->err);
	assert_int_equal(file_replace(f->folder, "new", 3, 0600, &f->err), -1);
	err_clear(&f->err);
	assert_int_equal(file_copy(f->path, link, &f->err), -1);
	assert_int_equal(entries(f->folder), 2);
	free(link);
}

static void a_failed_replacement_leaves_all_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, limit;
	char large[5000] = "";
	char *copy = path_join(f->folder, "copy");

	write_file(f->path, "old");
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 2000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(file_replace(f->path, large, sizeof(large), 0600, &f->err), -1);
	err_clear(&f->err);
	assert_int_equal(file_copy("/proc/self/exe", copy, &f->err), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(f->err.msg, "can't be copied"));
	expect_content(f->path, "old");
	assert_int_equal(entries(f->folder), 1);
	free(copy);
}

static void copies_are_whole_with_mode(void **state)
{
	struct fixture *f = *state;
	char *copy = path_join(f->folder, "copy"), one[SHA256_HEX], two[SHA256_HEX];
	struct file_copying over = { .from = f->path, .to = copy, .keep = true };
	struct stat st;

	assert_int_equal(file_copy("/proc/self/exe", copy, &f->err), 0);
	assert_int_equal(sha256_file("/proc/self/exe", one, NULL), 0);
	assert_int_equal(sha256_file(copy, two, NULL), 0);
	assert_string_equal(one, two);
	assert_int_equal(stat(copy, &st), 0);
	assert_true(st.st_mode & S_IXUSR);
	/* A file whose size nobody knows before. */
	assert_int_equal(file_copy("/proc/self/status", copy, &f->err), 0);
	assert_int_equal(stat(copy, &st), 0);
	assert_true(st.st_size > 100);
	write_file(f->path, "");
	assert_int_equal(chmod(f->path, 0600), 0);
	assert_int_equal(chmod(copy, 04751), 0);
	assert_int_equal(file_copying(&over, &f->err), 0);
	expect_content(copy, "");
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 04751);
	assert_int_equal(file_copy(f->path, copy, &f->err), 0);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_copy("/dev/zero", copy, &f->err), -1);
	assert_int_equal(entries(f->folder), 2);
	free(copy);
}

static void folders_are_made_with_parents(void **state)
{
	struct fixture *f = *state;
	char *deep = path_join(f->folder, "a/b//c/"), *below;

	assert_int_equal(file_mkdirs(deep, 0755, &f->err), 0);
	assert_int_equal(file_mkdirs(deep, 0755, &f->err), 0);
	assert_true(file_exists(deep));
	write_file(f->path, "x");
	below = path_join(f->path, "d");
	assert_int_equal(file_mkdirs(below, 0755, &f->err), -1);
	assert_int_equal(file_mkdirs(f->path, 0755, NULL), -1);
	free(below);
	free(deep);
}

static void removal_follows_no_link(void **state)
{
	struct fixture *f = *state;
	char *tree = path_join(f->folder, "tree"), *kept = path_join(f->folder, "kept");
	char *inner = path_join(tree, "x/y"), *link = path_join(inner, "link");
	char *precious = path_join(kept, "precious"), *slashed;

	assert_int_equal(file_mkdirs(inner, 0755, NULL) + file_mkdirs(kept, 0755, NULL), 0);
	write_file(f->path, "x");
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(file_remove_tree(tree, &f->err), 0);
	assert_false(file_exists(tree));
	assert_true(file_exists(kept));
	assert_int_equal(file_remove_tree(tree, &f->err), 0); /* missing is fine */
	assert_int_equal(symlink(kept, tree), 0);
	slashed = path_join(tree, "");
	assert_int_equal(file_mkdirs(precious, 0755, NULL), 0);
	assert_int_equal(file_remove_tree(slashed, &f->err), 0);
	assert_false(file_exists(tree));
	assert_true(file_exists(precious));
	free(slashed);
	free(precious);
	assert_int_equal(file_remove_tree(f->path, &f->err), 0);
	assert_false(file_exists(f->path));
	free(link);
	free(inner);
	free(kept);
	free(tree);
}

static void removal_stays_on_its_file_system(void **state)
{
	struct fixture *f = *state;
	char *mount_point = path_join(f->folder, "tree/mount"), *file;

	assert_int_equal(file_mkdirs(mount_point, 0755, NULL), 0);
	if (mount("none", mount_point, "tmpfs", 0, "size=64k") != 0) {
		free(mount_point);
		skip(); /* needs root */
	}
	file = path_join(mount_point, "precious");
	write_file(file, "x");
	assert_int_equal(file_remove_tree(f->folder, &f->err), -1);
	assert_non_null(strstr(f->err.msg, "another file system"));
	assert_true(file_exists(file));
	assert_int_equal(umount(mount_point), 0);
	free(file);
	free(mount_point);
}

static void paths_join_and_split(void **state)
{
	static const struct {
		const char *path, *folder;
	} rows[] = { { "/a/b", "/a" }, { "/a", "/" }, { "a", "." },
		     { "a/b/", "a" },  { "/", "/" },  { "a//b", "a" } };
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = path_folder(rows[i].path);
		assert_string_equal(text, rows[i].folder);
		free(text);
	}
	text = path_join("/a/", "/b");
	assert_string_equal(text, "/a/b");
	free(text);
	text = path_join("/", "b");
	assert_string_equal(text, "/b");
	free(text);
}

static void space_is_what_others_may_write(void **state)
{
	struct fixture *f = *state;

	assert_true(file_space(f->folder, &f->err) > 0);
	assert_int_equal(file_space("/no/such/folder", &f->err), -1);
	assert_true(f->err.set);
}

static void hashes_are_sha256(void **state)
{
	struct fixture *f = *state;
	char out[SHA256_HEX];

	/* FIPS 180-4's examples. */
	sha256_hex("abc", 3, out);
	assert_string_equal(out,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	write_file(f->path, "");
	assert_int_equal(sha256_file(f->path, out, NULL), 0);
	assert_string_equal(out,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(sha256_file("/no/such/file", out, &f->err), -1);
}

static void data_lies_where_it_is_said(void **state)
{
	struct fixture *f = *state;
	char *self = self_path(), *folder = path_folder(self), *path;

	setenv("BACKOUT_DATA_DIR", f->folder, 1);
	path = data_path("runbooks");
	assert_int_equal(strncmp(path, f->folder, strlen(f->folder)), 0);
	free(path);
	unsetenv("BACKOUT_DATA_DIR");
	path = data_path(strrchr(self, '/') + 1); /* beside the executable */
	assert_string_equal(path, self);
	free(path);
	path = data_path("no-such-data");
	assert_int_not_equal(strncmp(path, folder, strlen(folder)), 0);
	free(path);
	free(folder);
	free(self);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_has_a_limit),
		TEST(a_pipe_is_not_waited_for),
		TEST(the_end_of_a_file_is_read_alone),
		TEST(replacing_keeps_mode_and_owner),
		TEST(replacing_keeps_the_access_list),
		TEST(a_new_file_gets_the_given_mode),
		TEST(links_and_folders_are_not_replaced),
		TEST(a_failed_replacement_leaves_all_as_it_was),
		TEST(copies_are_whole_with_mode),
		TEST(folders_are_made_with_parents),
		TEST(removal_follows_no_link),
		TEST(removal_stays_on_its_file_system),
		TEST(paths_join_and_split),
		TEST(space_is_what_others_may_write),
		TEST(hashes_are_sha256),
		TEST(data_lies_where_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
