/* The host: what it reads, and a file system that hangs. */
#include "tests/unit/scratch.h"

#include <linux/fuse.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/jdoc.h"
#include "sources/host.h"
#include "sources/source.h"

static struct source_env env_for(struct loop *loop)
{
	return (struct source_env){ .loop = loop, .clock = &clock_system };
}

static struct reading read_of(struct source *source, const char *json)
{
	json_t *metric = json_loads(json, 0, NULL);
	struct reading reading;

	assert_non_null(metric);
	source->type->read(source, metric, 0, &reading);
	json_decref(metric);
	return reading;
}

static void every_read_is_read(void **state)
{
	struct source_env env = env_for(NULL);
	json_t *args = json_pack("{s:s, s:[s]}", "disk", "/", "disks", *state);
	struct source *source = source_type("host")->open(&env, "h", args, NULL);
	struct reading reading;
	char json[256];

	for (const struct read_def *def = source->type->type.reads; def->name; def++) {
		snprintf(json, sizeof(json), "{\"read\": \"%s\"}", def->name);
		reading = read_of(source, json);
		if (strcmp(def->name, "disk_full_hours") == 0 || strstr(def->name, "pressure"))
			continue; /* takes history; is not on every kernel */
		assert_true(reading.has_value);
		assert_string_equal(reading.unit, def->unit);
	}
	snprintf(json, sizeof(json), "{\"read\": \"disk_percent\", \"path\": \"%s\"}",
		 (char *)*state);
	assert_true(read_of(source, json).has_value);
	reading = read_of(source, "{\"read\": \"disk_percent\", \"path\": \"/other\"}");
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	assert_string_equal(reading.evidence, "this host has no disk /other");
	reading = read_of(source, "{\"read\": \"disk_full_hours\"}");
	assert_string_equal(reading.evidence, "its growth takes ten minutes to be known");
	source_close(source);
	json_decref(args);
}

/* ---- a file server that is gone ---- */

/* Serves a file system that never answers anything but the greeting. */
static void hanging_serve(int fd)
{
	char bytes[FUSE_MIN_READ_BUFFER + 65536];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));
		const struct fuse_in_header *head = (const void *)bytes;
		struct {
			struct fuse_out_header head;
			struct fuse_init_out init;
		} answer = { .head = { .len = sizeof(answer) },
			     .init = { .major = FUSE_KERNEL_VERSION,
				       .minor = FUSE_KERNEL_MINOR_VERSION,
				       .max_write = 65536 } };

		if (n < (ssize_t)sizeof(*head))
			_exit(0);
		if (head->opcode != FUSE_INIT)
			continue;
		answer.head.unique = head->unique;
		if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
			_exit(1);
	}
}

/* The server's pid, 0 when this host doesn't let us. */
static pid_t hanging_mount(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[96];
	pid_t pid;

	/* Mounts of a name space of our own go with us. */
	if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 0;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("gone", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		close(fd);
		return 0;
	}
	pid = fork();
	if (pid == 0)
		hanging_serve(fd);
	close(fd);
	return pid;
}

static void a_hanging_file_system_holds_up_nobody(void **state)
{
	const char *path = *state;
	pid_t server = hanging_mount(path);
	struct loop *loop = loop_new(&clock_system, NULL);
	struct source_env env = env_for(loop);
	json_t *args = json_pack("{s:[s, s]}", "disks", path, "/");
	struct source *source;
	struct host_disk hung, sound;
	int64_t start = clock_mono(&clock_system), longest = 0;

	if (server == 0) {
		json_decref(args);
		loop_free(loop);
		skip();
	}
	source = source_type("host")->open(&env, "h", args, NULL);
	do {
		int64_t before = clock_mono(&clock_system), took;

		source->type->sample(source);
		assert_true(loop_turn(loop, 0, NULL) >= 0);
		took = clock_mono(&clock_system) - before;
		longest = took > longest ? took : longest;
		loop_turn(loop, 20, NULL);
		assert_true(host_disk(source, 0, &hung));
		assert_true(host_disk(source, 1, &sound));
	} while (strstr(hung.why, "no answer") == NULL &&
		 clock_mono(&clock_system) - start < 20 * CLOCK_US);
	assert_non_null(strstr(hung.why, "no answer within 5 s, it hangs"));
	assert_int_equal(hung.at, 0);
	assert_true(sound.at > 0);
	assert_string_equal(sound.why, "");
	assert_true(sound.size > 0);
	/* A key that is pressed meanwhile waits for no file server. */
	assert_true(longest < CLOCK_US / 4);
	source_close(source);
	assert_int_equal(umount2(path, MNT_FORCE | MNT_DETACH), 0);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	/* What was left behind is reaped now. */
	for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG | WNOWAIT) == 0; i++)
		loop_turn(loop, 50, NULL);
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 10, NULL);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	json_decref(args);
	loop_free(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_read_is_read),
		TEST(a_hanging_file_system_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
