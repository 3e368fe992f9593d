/*
 * A storage that went bad under a file: one block in each stretch is not what was written. The
 * first block stays, so that what the file is can still be told. Nothing outside of the sandbox can
 * be damaged; injected again, it stays as it is.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drill/parts.h"
#include "lib/jdoc.h"

static const struct field fields[] = {
	{ "overwritten", FIELD_PATH, true, "the file", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define BLOCK	4096
#define STRETCH (256 << 10)

static int overwrite(int fd, const char *path, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char block[BLOCK];

	if (size < 2 * BLOCK)
		return err_set(err, "%s is too small to be damaged", path);
	memset(block, '#', sizeof(block));
	for (off_t at = BLOCK; at + BLOCK <= size; at += STRETCH) {
		if (pwrite(fd, block, sizeof(block), at) != BLOCK)
			return err_sys(err, "damaging %s", path);
	}
	return fsync(fd) < 0 ? err_sys(err, "damaging %s", path) : 0;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *path = json_str(args, "overwritten", "");
	int fd, result;

	if (!drill_inside(env, path))
		return err_set(err, "%s is none of the sandbox's", path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, "opening %s", path);
	result = overwrite(fd, path, err);
	close(fd);
	return result;
}

const struct drill_type fault_overwritten = {
	.type = { .name = "overwritten", .help = "blocks of a file are lost", .fields = fields },
	.make = make,
};
