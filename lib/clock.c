#include "lib/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"

/* What is in the file, mapped by all who follow it. */
struct ahead {
	_Atomic int64_t us;
	_Atomic int64_t stop;
};

static struct ahead *ahead; /* NULL: the system's time as it is */
static char *ahead_path;

static int64_t time_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * CLOCK_US + ts.tv_nsec / 1000;
}

int64_t clock_ahead(void)
{
	return ahead ? atomic_load(&ahead->us) : 0;
}

static int64_t system_wall(const struct clock *clock)
{
	(void)clock;
	return time_of(CLOCK_REALTIME) + clock_ahead();
}

static int64_t system_mono(const struct clock *clock)
{
	(void)clock;
	return time_of(CLOCK_MONOTONIC);
}

const struct clock clock_system = { .wall = system_wall, .mono = system_mono };

int64_t clock_to_second(const struct clock *clock, int64_t us)
{
	int64_t past = (clock_wall(clock) + us) % CLOCK_US;

	return us - past + (past > CLOCK_US / 2 ? CLOCK_US : 0);
}

int clock_make(const char *path, struct err *err)
{
	const int64_t fields[2] = { 0, 0 };

	return file_replace(path, (const char *)fields, sizeof(fields), 0644, err);
}

static int map(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), access = PROT_READ | PROT_WRITE;
	struct stat st;
	void *at;

	if (fd < 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		access = PROT_READ;
	}
	if (fd < 0)
		return err_sys(err, "opening the clock %s", path);
	if (fstat(fd, &st) < 0 || st.st_size != sizeof(*ahead)) {
		close(fd);
		return err_set(err, "%s is no clock", path);
	}
	at = mmap(NULL, sizeof(*ahead), access, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return err_sys(err, "mapping the clock %s", path);
	ahead = at;
	ahead_path = xstrdup(path);
	return 0;
}

int clock_follow(const char *path, struct err *err)
{
	if (ahead)
		munmap(ahead, sizeof(*ahead));
	free(ahead_path);
	ahead = NULL;
	ahead_path = NULL;
	return path ? map(path, err) : 0;
}

const char *clock_followed(void)
{
	return ahead_path;
}

int clock_move(int64_t wall, struct err *err)
{
	int64_t now = clock_wall(&clock_system), stop;

	if (!ahead)
		return err_set(err, "this clock is the system's: it can't be moved");
	if (access(ahead_path, W_OK) < 0)
		return err_sys(err, "moving the clock %s", ahead_path);
	stop = atomic_load(&ahead->stop);
	if (stop && wall > stop)
		wall = stop;
	else
		stop = 0;
	if (wall > now)
		atomic_fetch_add(&ahead->us, wall - now);
	return stop ? 1 : 0;
}

void clock_stop(int64_t wall)
{
	if (ahead && access(ahead_path, W_OK) == 0)
		atomic_store(&ahead->stop, wall);
}

static int64_t manual_wall(const struct clock *clock)
{
	return ((const struct clock_manual *)(const void *)clock)->wall_us;
}

static int64_t manual_mono(const struct clock *clock)
{
	return ((const struct clock_manual *)(const void *)clock)->mono_us;
}

void clock_manual_init(struct clock_manual *manual, int64_t wall_us)
{
	manual->clock.wall = manual_wall;
	manual->clock.mono = manual_mono;
	manual->wall_us = wall_us;
	manual->mono_us = CLOCK_US;
}

void clock_manual_advance(struct clock_manual *manual, int64_t us)
{
	manual->wall_us += us;
	manual->mono_us += us;
}

int64_t clock_wall(const struct clock *clock)
{
	return clock->wall(clock);
}

int64_t clock_mono(const struct clock *clock)
{
	return clock->mono(clock);
}
