/*
 * Appends events as the console does, and the same lines with write() and fdatasync() alone, in
 * turns on the same file system:  append TURNS N
 *
 * Prints the medians of both, microseconds an append: backout's, the peer's. The blocks of N are
 * small, so that whatever else the machine does meets both.
 */
#include "tests/bench/record.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"
#include "tests/bench/median.h"

/* Appends to `fd` what the ledger got since `from`, line by line. One time a line. */
static size_t bare_append(int fd, const char *ledger, size_t from, double *us)
{
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n = 0, total;

	if (file_read(ledger, &bytes, 0, &err) < 0)
		record_fail(&err);
	total = bytes.len;
	for (char *line = bytes.data + from, *end;
	     (end = memchr(line, '\n', total - (size_t)(line - bytes.data))); line = end + 1) {
		size_t len = (size_t)(end + 1 - line);
		int64_t began = clock_mono(&clock_system);

		if (write(fd, line, len) != (ssize_t)len || fdatasync(fd) < 0) {
			err_sys(&err, "the peer's file can't be written");
			record_fail(&err);
		}
		us[n++] = (double)(clock_mono(&clock_system) - began);
		if (end + 1 == bytes.data + total)
			break;
	}
	buf_release(&bytes);
	return total;
}

int main(int argc, char **argv)
{
	size_t turns = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, seen;
	double *ours = xcalloc(turns * n + 1, sizeof(*ours)),
	       *bare = xcalloc(turns * n + 1, sizeof(*bare));
	struct incident incident;
	struct clock_manual clock;
	struct loaded loaded;
	char *ledger, *peer;
	int fd;

	if (turns == 0 || n == 0)
		return 2;
	record_open(&incident, &loaded, &clock);
	ledger = path_join(incident.folder, "ledger.jsonl");
	peer = path_join(incident.folder, "peer");
	fd = open(peer, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	seen = bare_append(fd, ledger, 0, bare);
	for (size_t turn = 0; turn < turns; turn++) {
		for (size_t i = 0; i < n; i++) {
			int64_t began = clock_mono(&clock_system);

			record_events(&incident, &clock, turn * n + i, 1);
			ours[turn * n + i] = (double)(clock_mono(&clock_system) - began);
		}
		seen = bare_append(fd, ledger, seen, bare + turn * n);
	}
	printf("%.1f %.1f\n", median(ours, turns * n), median(bare, turns * n));
	close(fd);
	free(ledger);
	free(peer);
	free(ours);
	free(bare);
	record_close(&incident, &loaded);
	return 0;
}
