/* One log for a scan: a file, standard input, or what a program unpacks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/scan.h"
#include "lib/child.h"
#include "lib/clock.h"

#define SAID_MAX 400

/* Told by the file's first bytes, whatever it is called. */
static const struct packing {
	const char *magic;
	size_t len;
	const char *argv[4];
} packings[] = {
	{ "\x1f\x8b", 2, { "gzip", "-dc", NULL } },
	{ "\xfd"
	  "7zXZ\0",
	  6,
	  { "xz", "-dc", NULL } },
	{ "\x28\xb5\x2f\xfd", 4, { "zstd", "-dcq", NULL } },
	{ "BZh", 3, { "bzip2", "-dc", NULL } },
	/* What Windows writes, after its byte-order mark. */
	{ "\xff\xfe", 2, { "iconv", "-fUTF-16", "-tUTF-8", NULL } },
	{ "\xfe\xff", 2, { "iconv", "-fUTF-16", "-tUTF-8", NULL } },
};

static const struct packing *packing_of(const char *begin, ssize_t n)
{
	for (size_t i = 0; n > 0 && i < sizeof(packings) / sizeof(packings[0]); i++)
		if ((size_t)n >= packings[i].len &&
		    memcmp(begin, packings[i].magic, packings[i].len) == 0)
			return &packings[i];
	return NULL;
}

/* The first bytes, which stay there to be read, also in a pipe; 0 when that can't be told. */
static ssize_t begin_read(int fd, mode_t mode, char *begin, size_t size)
{
	ssize_t n = 0;
	int copy[2];

	if (S_ISREG(mode))
		return pread(fd, begin, size, lseek(fd, 0, SEEK_CUR));
	if (!S_ISFIFO(mode) || pipe2(copy, O_CLOEXEC) < 0)
		return 0;
	n = tee(fd, copy[1], size, 0);
	if (n > 0)
		n = read(copy[0], begin, (size_t)n);
	close(copy[0]);
	close(copy[1]);
	return n;
}

/* One of twenty bytes, or more, is none of a text. */
static bool is_binary(const char *begin, ssize_t n)
{
	static const char controls[] = { '\t', '\n', '\v', '\f', '\r', '\b', '\033' };
	ssize_t odd = 0;

	for (ssize_t i = 0; i < n; i++)
		odd += (unsigned char)begin[i] < ' ' &&
		       memchr(controls, begin[i], sizeof(controls)) == NULL;
	return odd * 20 > n;
}

/* The last line that the program said, without its newline. */
static void said_read(int fd, char *out, size_t size)
{
	size_t have = 0;
	const char *last;
	ssize_t n;

	while (have < size - 1 && (n = read(fd, out + have, size - 1 - have)) > 0)
		have += (size_t)n;
	while (have > 0 && (out[have - 1] == '\n' || out[have - 1] == ' '))
		have--;
	out[have] = '\0';
	last = strrchr(out, '\n');
	if (last)
		memmove(out, last + 1, strlen(last));
}

/* Ends the program: it may still be writing when its reader has failed. */
static void unpacker_end(pid_t pid, const struct packing *packing, int said, struct err *err)
{
	char text[SAID_MAX];
	int status = 0;

	said_read(said, text, sizeof(text));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* gzip's 2 is a warning (trailing zeros): all was unpacked. */
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2))
		return;
	err_set(err, "it is damaged: %s", *text ? text : packing->argv[0]);
	err_hint(err, "what could be unpacked was counted");
}

static void scan_packed(struct scan *scan, int fd, const struct packing *packing, int64_t now,
			struct err *err)
{
	int out[2] = { -1, -1 }, said[2] = { -1, -1 };
	struct child_spec spec = { .argv = packing->argv, .in = fd };
	pid_t pid = -1;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0) {
		err_sys(err, "no pipe for %s", packing->argv[0]);
		goto out;
	}
	/* Fewer turns between the two. */
	fcntl(out[1], F_SETPIPE_SZ, 1 << 20);
	spec.out = out[1];
	spec.err = said[1];
	pid = child_start(&spec, err);
	close(out[1]);
	close(said[1]);
	out[1] = said[1] = -1;
	if (pid < 0) {
		err_hint(err, "install %s, or unpack the file first", packing->argv[0]);
		goto out;
	}
	scan_fd(scan, out[0], now, err);
	close(out[0]);
	out[0] = -1;
	unpacker_end(pid, packing, said[0], err);
out:
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (said[i] >= 0)
			close(said[i]);
	}
}

void scan_log(struct scan *scan, struct scan_log *log)
{
	struct scan_totals before = *scan_totals(scan);
	bool standard = strcmp(log->path, "-") == 0;
	int fd = standard ? dup(STDIN_FILENO) : open(log->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const struct packing *packing = NULL;
	char begin[512];
	ssize_t n;
	struct stat st;
	int64_t now;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(&log->err, "it can't be opened");
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		err_set(&log->err, "it is a folder");
		goto out;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	now = S_ISREG(st.st_mode) ? st.st_mtim.tv_sec * CLOCK_US : clock_wall(&clock_system);
	n = begin_read(fd, st.st_mode, begin, sizeof(begin));
	packing = packing_of(begin, n);
	log->binary = n > 0 && !packing && is_binary(begin, n);
	if (packing)
		scan_packed(scan, fd, packing, now, &log->err);
	else
		scan_fd(scan, fd, now, &log->err);
	log->bytes = scan_totals(scan)->bytes - before.bytes;
	log->lines = scan_totals(scan)->lines - before.lines;
	for (size_t i = 0; i < SCAN_LEVELS; i++)
		log->levels[i] = scan_totals(scan)->levels[i] - before.levels[i];
out:
	if (log->err.set)
		err_wrap(&log->err, "%s", standard ? "standard input" : log->path);
	if (fd >= 0)
		close(fd);
}
