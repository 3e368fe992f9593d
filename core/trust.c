#include "core/trust.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/datadir.h"
#include "lib/file.h"
#include "lib/mem.h"

/* The owner's own group, in which nobody else is: group-writable is no wider then. */
static bool is_private_group(uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	if (!user)
		return (gid_t)uid == gid;
	if (user->pw_gid != gid)
		return false;
	char *name = xstrdup(user->pw_name);
	const struct group *group = getgrgid(gid);
	bool alone = !group || (strcmp(group->gr_name, name) == 0 && !group->gr_mem[0]);
	free(name);
	return alone;
}

/* Who may write what this process believes: root, its user, who called sudo, and who could replace
 * the program itself. */
static bool is_trusted_owner(uid_t uid)
{
	const char *sudo = getenv("SUDO_UID");
	if (uid == 0 || uid == geteuid() || uid == getuid())
		return true;
	if (sudo && geteuid() == 0 && (uid_t)strtoul(sudo, NULL, 10) == uid)
		return true;
	char *self = self_path();
	struct stat st;
	bool same = stat(self, &st) == 0 && st.st_uid == uid;
	free(self);
	return same;
}

static int check_owner(const char *path, const struct stat *st, struct err *err)
{
	if (is_trusted_owner(st->st_uid))
		return 0;
	err_set(err,
		"%s belongs to another user (uid %u), who could have commands run under this "
		"account",
		path, (unsigned)st->st_uid);
	return err_hint(err, "make yourself or root its owner: chown %u %s", (unsigned)geteuid(),
			path);
}

/* An access list may name further users; its mask stands where a group's bits are. */
static bool has_access_list(int fd)
{
	return fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0;
}

static int check_writers(const char *path, int fd, const struct stat *st, struct err *err)
{
	if (st->st_mode & S_IWOTH) {
		err_set(err,
			"%s is writable by everyone, who could have commands run under this "
			"account",
			path);
		return err_hint(err, "chmod o-w %s", path);
	}
	if (!(st->st_mode & S_IWGRP))
		return 0;
	if (has_access_list(fd)) {
		err_set(err,
			"%s has an access list that lets others write it, who could have commands "
			"run under this account",
			path);
		return err_hint(err, "setfacl -b %s", path);
	}
	if (is_private_group(st->st_uid, st->st_gid))
		return 0;
	err_set(err,
		"%s is writable by a group (gid %u), whose members could have commands run under "
		"this account",
		path, (unsigned)st->st_gid);
	return err_hint(err, "chmod g-w %s", path);
}

/* In a sticky folder none but its owner can replace another's file. */
static int check_folder(const char *path, struct err *err)
{
	char *folder = path_folder(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_sys(err, "%s can't be read", folder);
	else if (check_owner(folder, &st, err) == 0)
		result = st.st_mode & S_ISVTX ? 0 : check_writers(folder, fd, &st, err);
	if (fd >= 0)
		close(fd);
	free(folder);
	return result;
}

/* The folder of the path, and that of the file which links lead to. */
static int check_folders(const char *path, struct err *err)
{
	char *real = realpath(path, NULL);
	int result = -1;

	if (!real)
		err_sys(err, "%s can't be read", path);
	else
		result = check_folder(path, err) || check_folder(real, err) ? -1 : 0;
	free(real);
	return result;
}

int trust_open(const char *path, struct err *err)
{
	/* A pipe must not keep us. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_sys(err, "%s can't be read", path);
	else if (!S_ISREG(st.st_mode))
		err_set(err, "%s is not a file", path);
	else if (check_owner(path, &st, err) == 0 && check_writers(path, fd, &st, err) == 0 &&
		 check_folders(path, err) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
