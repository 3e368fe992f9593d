/*
 * A storage that went bad: in the middle of each backup some bytes are not what was written. Their
 * sidecars stay as they are, so the recorded hash no longer holds. Nothing outside of the sandbox
 * can be damaged; injected again, they stay damaged.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drill/parts.h"
#include "lib/backup.h"
#include "lib/jdoc.h"

static const struct field fields[] = {
	{ "damaged", FIELD_SOURCE, true, "a folder of backups", "backups", NULL },
	{ "newest", FIELD_INT, false, "only so many of them, the newest ones (default: all)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define DAMAGE "bad sector"

static int damage(const struct drill_env *env, const struct backup *backup, struct err *err)
{
	int fd = -1, result = -1;

	if (!drill_inside(env, backup->path))
		return err_set(err, "%s is none of the sandbox's", backup->path);
	fd = open(backup->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, "opening %s", backup->path);
	if (backup->size < (int64_t)strlen(DAMAGE))
		err_set(err, "%s is too small to be damaged", backup->path);
	else if (pwrite(fd, DAMAGE, strlen(DAMAGE), backup->size / 2) != (ssize_t)strlen(DAMAGE) ||
		 fsync(fd) < 0)
		err_sys(err, "damaging %s", backup->path);
	else
		result = 0;
	close(fd);
	return result;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "damaged", ""), "backups", err);
	double most = json_num(args, "newest", 0);
	struct backups list = { 0 };
	int result = -1;

	if (!declared || backups_list(&list, json_str(declared, "folder", ""),
				      json_str(declared, "pattern", NULL), err) < 0)
		goto out;
	if (list.n == 0) {
		err_set(err, "there is no backup to damage");
		goto out;
	}
	for (size_t i = 0; i < list.n && (most < 1 || (double)i < most); i++) {
		if (damage(env, &list.list[i], err) < 0)
			goto out;
	}
	result = 0;
out:
	backups_release(&list);
	json_decref(declared);
	return result;
}

const struct drill_type fault_damaged = {
	.type = { .name = "damaged", .help = "backups are damaged", .fields = fields },
	.make = make,
};
