/*
 * A flood through rotations: a process writes, another rotates, the log is followed on a real loop.
 * LONG=1: 10,000 lines a second for a minute, across ten rotations of each kind.
 */
#include "tests/unit/logfixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/timefmt.h"

#define ROTATIONS 10
#define MEMORY	  1000 /* lines */
#define NAME_MAX_ 512

/* What writer and rotator tell; shared between the processes. */
struct told {
	volatile int written; /* lines */
	volatile int rotated;
	volatile bool over;
};

struct flood {
	struct fixture f;
	struct told *told;
	int lines;
	bool paced; /* 10,000 lines a second, else as fast as it goes */
	pid_t writer;
};

static const char *const levels[] = { "DEBUG", "INFO", "INFO", "WARNING", "ERROR", "CRITICAL" };
#define LEVELS (int)(sizeof(levels) / sizeof(levels[0]))

static int how_many(int lines, int from, int to)
{
	int n = 0;

	for (int i = 0; i < lines; i++)
		n += i % LEVELS >= from && i % LEVELS <= to;
	return n;
}

static volatile sig_atomic_t reopen;
static pid_t children[2]; /* of the test that runs; 0: none, or it has ended */

static void on_hup(int number)
{
	(void)number;
	reopen = 1;
}

/* One write a line, as loggers do; the line's time is the real one. */
static void write_all(const struct flood *flood)
{
	int fd = open(flood->f.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int64_t start = clock_mono(&clock_system);

	for (int i = 0; i < flood->lines; i++) {
		char line[120], at[TIME_RFC3339_MAX];
		int n;

		if (reopen) {
			reopen = 0;
			close(fd);
			fd = open(flood->f.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		}
		n = snprintf(line, sizeof(line), "%s %s line %d of many\n",
			     time_rfc3339(clock_wall(&clock_system), at), levels[i % LEVELS], i);
		if (write(fd, line, (size_t)n) != n)
			_exit(1);
		flood->told->written = i + 1;
		/* Not much faster than it is rotated, so that there are lines in each file. */
		if (flood->paced && i % 100 == 99)
			while (clock_mono(&clock_system) - start < (int64_t)i * 100)
				usleep(1000);
		while (!flood->paced && (int64_t)i * 2 * (ROTATIONS + 1) >
					    (int64_t)(flood->told->rotated * 2 + 3) * flood->lines)
			usleep(200);
	}
	_exit(0);
}

static void shift_names(const char *path)
{
	char from[NAME_MAX_], to[NAME_MAX_];

	for (int n = ROTATIONS * 2; n >= 1; n--) {
		snprintf(from, sizeof(from), "%s.%d", path, n);
		snprintf(to, sizeof(to), "%s.%d", path, n + 1);
		(void)rename(from, to);
	}
}

/* logrotate's "create". */
static void rotate_rename(const struct flood *flood)
{
	char to[NAME_MAX_];

	shift_names(flood->f.path);
	snprintf(to, sizeof(to), "%s.1", flood->f.path);
	if (rename(flood->f.path, to) < 0)
		_exit(1);
	kill(flood->writer, SIGHUP);
}

/* logrotate's "copytruncate". */
static void rotate_copy(const struct flood *flood)
{
	char to[NAME_MAX_], bytes[65536];
	int in = open(flood->f.path, O_RDWR | O_CLOEXEC), out;
	ssize_t n;

	shift_names(flood->f.path);
	snprintf(to, sizeof(to), "%s.1", flood->f.path);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			_exit(1);
	if (in < 0 || out < 0 || ftruncate(in, 0) < 0)
		_exit(1);
	close(in);
	close(out);
}

static void rotate_all(const struct flood *flood, void (*rotate)(const struct flood *flood))
{
	for (int i = 1; i <= ROTATIONS; i++) {
		int64_t at = (int64_t)flood->lines * i / (ROTATIONS + 1);

		while (flood->told->written < at)
			usleep(500);
		rotate(flood);
		flood->told->rotated = i;
		usleep(i % 3 > 0 ? 1000 : 90000); /* some between two looks, some not */
	}
	_exit(0);
}

static pid_t start(const struct flood *flood, void (*what)(const struct flood *flood),
		   void (*rotate)(const struct flood *flood))
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pid == 0 && what != NULL)
		what(flood);
	else if (pid == 0)
		rotate_all(flood, rotate);
	assert_true(pid > 0);
	children[what == NULL] = pid;
	return pid;
}

static void flood_begin(struct flood *flood, void **state,
			void (*rotate)(const struct flood *flood))
{
	const char *long_ = getenv("LONG");
	struct sigaction hup = { .sa_handler = on_hup }, before;

	*flood = (struct flood){ .paced = long_ != NULL && long_[0] != '\0' };
	flood->lines = flood->paced ? 600000 : 60000;
	flood->told = mmap(NULL, sizeof(*flood->told), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(flood->told != MAP_FAILED);
	begin(&flood->f, state, true, &clock_system);
	scratch_puts(flood->f.path, "");
	follow(&flood->f, MEMORY);
	assert_int_equal(sigaction(SIGHUP, &hup, &before), 0);
	flood->writer = start(flood, write_all, NULL);
	assert_int_equal(sigaction(SIGHUP, &before, NULL), 0);
	(void)start(flood, NULL, rotate);
}

static bool ended(int which)
{
	int status = 0;

	if (children[which] != 0 && waitpid(children[which], &status, WNOHANG) == children[which])
		children[which] = 0;
	assert_int_equal(status, 0);
	return children[which] == 0;
}

/* Until both have ended, and then until nothing more comes for two looks at least. */
static void flood_follow(struct flood *flood)
{
	int64_t give_up = clock_mono(&clock_system) + (flood->paced ? 6 : 1) * 3 * PATIENCE_US;
	int64_t came = clock_mono(&clock_system);
	uint64_t lines = 0;
	bool writing = true;

	while (writing || clock_mono(&clock_system) - came < 5 * CLOCK_US / 2) {
		writing = !ended(0) || !ended(1);
		loop_turn(flood->f.loop, 50, NULL);
		if (writing || newest(&flood->f) != lines)
			came = clock_mono(&clock_system);
		lines = newest(&flood->f);
		assert_true(clock_mono(&clock_system) < give_up);
	}
	assert_int_equal(flood->told->rotated, ROTATIONS);
}

static int flood_teardown(void **state)
{
	/* Of a test that failed. */
	for (int i = 0; i < 2; i++)
		if (children[i] > 0 && kill(children[i], SIGKILL) == 0)
			(void)waitpid(children[i], NULL, 0);
	return scratch_teardown(state);
}

static void flood_end(struct flood *flood)
{
	munmap(flood->told, sizeof(*flood->told));
	end(&flood->f);
}

static double count(struct flood *flood, const char *read)
{
	char json[80];

	snprintf(json, sizeof(json), "{\"read\": \"%s\", \"window\": \"30m\"}", read);
	return read_metric(&flood->f, json, 0).value;
}

static int number(const char *text)
{
	const char *at = strstr(text, "line ");

	return at != NULL ? atoi(at + 5) : -1;
}

/* Renamed, nothing is lost: every count is the writer's. */
static void renamed_ten_times(void **state)
{
	struct flood flood;
	struct log_status status;
	struct log_line line = { .seq = 0 };
	char *seen;
	int n = 0;

	flood_begin(&flood, state, rotate_rename);
	flood_follow(&flood);
	log_status(flood.f.source, &status);
	assert_int_equal(status.lines, flood.lines);
	assert_int_equal(status.errors, how_many(flood.lines, 4, 5));
	assert_float_equal(count(&flood, "errors"), how_many(flood.lines, 4, 5), 0);
	assert_float_equal(count(&flood, "warnings"), how_many(flood.lines, 3, 3), 0);
	/* And every line of all files can be had. */
	seen = xcalloc((size_t)flood.lines, 1);
	while (log_line_before(flood.f.source, line.seq, false, &line)) {
		assert_in_range(number(line.text), 0, flood.lines - 1);
		assert_int_equal(seen[number(line.text)]++, 0);
		n++;
	}
	assert_int_equal(n, flood.lines);
	free(seen);
	flood_end(&flood);
}

/* Which lines are in a file. */
static void file_scan(const char *path, char *there, int lines)
{
	FILE *file = fopen(path, "re");
	char text[200];

	while (file != NULL && fgets(text, sizeof(text), file) != NULL)
		if (strchr(text, '\n') != NULL && number(text) >= 0 && number(text) < lines)
			there[number(text)] = 1;
	if (file != NULL)
		fclose(file);
}

/* Copied and cut, lines that were written between the copy and the cut are in no file: those may be
 * lost, and none besides. */
static void copied_and_cut_ten_times(void **state)
{
	struct flood flood;
	struct log_status status;
	struct log_line line = { .seq = 0 };
	char *there, *seen, name[NAME_MAX_];
	int kept = 0, lost = 0, torn = 0;
	enum log_found found;

	flood_begin(&flood, state, rotate_copy);
	flood_follow(&flood);
	there = xcalloc((size_t)flood.lines, 1);
	seen = xcalloc((size_t)flood.lines, 1);
	file_scan(flood.f.path, there, flood.lines);
	for (int i = 1; i <= ROTATIONS; i++) {
		snprintf(name, sizeof(name), "%s.%d", flood.f.path, i);
		file_scan(name, there, flood.lines);
	}
	for (int i = 0; i < flood.lines; i++)
		kept += there[i];
	log_status(flood.f.source, &status);
	print_message("# %d lines written, %d in the files, %d counted\n", flood.lines, kept,
		      (int)status.lines);
	assert_in_range(status.lines, kept, flood.lines + ROTATIONS);
	/* Those that can still be had are all that are in the files, and those in memory, each of
	 * them once. */
	for (uint64_t asked = 0;;) {
		found = log_find_before(flood.f.source, asked, false, &line);
		if (found == LOG_GONE && line.seq != asked) {
			lost += (int)(asked - line.seq);
		} else if (found == LOG_LINE && strstr(line.text, "of many") == NULL) {
			torn++; /* the copy was made while the line was written */
		} else if (found == LOG_LINE) {
			bool remembered = line.seq + MEMORY > status.newest;

			assert_int_equal(seen[number(line.text)]++, 0);
			assert_true(there[number(line.text)] == 1 || remembered);
			lost += there[number(line.text)] == 0;
		} else if (found != LOG_UNREAD) {
			break;
		}
		asked = line.seq;
	}
	for (int i = 0; i < flood.lines; i++)
		assert_true(seen[i] >= there[i]);
	assert_int_equal(kept + lost + torn, status.lines);
	assert_in_range(torn, 0, ROTATIONS);
	free(seen);
	free(there);
	flood_end(&flood);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, flood_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(renamed_ten_times),
		TEST(copied_and_cut_ten_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
