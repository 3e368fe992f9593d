/*
 * Claims between users: who may not even look at the other's incident must not take its target, and
 * must get it when it is free.
 */
#include "core/claim.h"

#include <sys/mman.h>
#include <sys/mount.h>

#include "tests/unit/fault.h"
#include "tests/unit/runnerfixture.h"

#define NOBODY 65534

enum what { TAKEN = 10, REFUSED, FOREIGN, NOT_FOREIGN };

/* What another user gets. */
static int as_another(const struct incident *incident, bool take)
{
	struct err err = ERR_INIT;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		umask(077);
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(1);
		if (take)
			_exit(claim_take(incident, &err) == 0 ? TAKEN : REFUSED);
		_exit(!claim_is_foreign(incident, &err)		  ? NOT_FOREIGN
		      : strstr(err.msg, "is claimed by incident") ? FOREIGN
								  : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void another_users_open_incident_keeps_its_target(void **state)
{
	struct lamp *lamp = *state;
	struct incident first, second;
	struct err err = ERR_INIT;
	mode_t before = umask(077);

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(lamp->folder, 0711), 0);
	incident_begin(lamp, &first);
	incident_begin(lamp, &second);
	assert_int_equal(claim_take(&first, &err), 0);
	assert_int_equal(as_another(&second, false), FOREIGN);
	assert_int_equal(as_another(&second, true), REFUSED);
	claim_release(&first);
	assert_int_equal(as_another(&second, false), NOT_FOREIGN);
	assert_int_equal(as_another(&second, true), TAKEN);
	assert_int_equal(claim_take(&first, &err), -1);
	umask(before);
	incident_close(&first);
	incident_close(&second);
}

static void an_incident_that_is_gone_holds_nothing(void **state)
{
	struct lamp *lamp = *state;
	struct incident first, second;
	struct err err = ERR_INIT;

	incident_begin(lamp, &first);
	incident_begin(lamp, &second);
	assert_int_equal(claim_take(&first, &err), 0);
	assert_int_equal(claim_take(&second, &err), -1);
	assert_int_equal(file_remove_tree(first.folder, &err), 0);
	assert_false(claim_is_foreign(&second, NULL));
	assert_int_equal(claim_take(&second, NULL), 0);
	incident_close(&first);
	incident_close(&second);
}

/* ---- races ---- */

static int rounds(int few, int many)
{
	return getenv("LONG") ? many : few;
}

/* What a runner that lost has said. */
static bool said(int fd, const char *part)
{
	char text[600] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	close(fd);
	return n > 0 && strstr(text, part);
}

/* Real runner processes of two incidents, and of one, at the same step of the same target. */
static void one_of_two_runners_wins(void **state)
{
	struct lamp *lamp = *state;
	long races = rounds(60, 1000), fair = 0;

	for (long race = 0; race < races; race++) {
		struct incident incidents[2];
		bool same = race % 2, told = false;
		int fds[2], ends[2];
		pid_t pids[2];

		for (int i = 0; i < 2; i++) {
			fds[i] = memfd_create("why", MFD_CLOEXEC);
			if (i == 1 && same)
				break;
			incident_begin(lamp, &incidents[i]);
			approve(&incidents[i], "mend");
		}
		for (int i = 0; i < 2; i++) {
			struct incident *incident = &incidents[same ? 0 : i];

			pids[i] = runner_start(incident, "write", RUNNER_RUN,
					       incident->state.last_act, fds[i], NULL);
			assert_true(pids[i] > 0);
		}
		for (int i = 0; i < 2; i++)
			ends[i] = wait_for(pids[i]);
		for (int i = 0; i < 2; i++) {
			told |= ends[i] == RUNNER_REFUSED &&
				said(fds[i], same ? "; " : "is claimed by incident");
			if (ends[i] != RUNNER_REFUSED)
				close(fds[i]);
		}
		for (int i = 0; i < (same ? 1 : 2); i++) {
			assert_int_equal(incident_refresh(&incidents[i], NULL), 0);
			ends[i] = (int)count(&incidents[i], EV_INTENT);
		}
		fair += told && (same ? ends[0] == 1 : ends[0] + ends[1] == 1);
		for (int i = 0; i < (same ? 1 : 2); i++) {
			append(&incidents[i], EV_RESOLVED, json_object());
			claim_release(&incidents[i]);
			incident_close(&incidents[i]);
		}
	}
	fault(16, "races of two runners for one target", races, fair, races - fair);
	assert_int_equal(fair, races);
}

/* Whoever dies while it takes or gives the claim leaves nothing that others would wait for, and
 * nothing that looks like a claim and is none. */
static void a_killed_holder_leaves_no_stale_claim(void **state)
{
	struct lamp *lamp = *state;
	const char *path = lamp->loaded.target->claim;
	struct incident first, second;
	long kills = rounds(100, 3000), free_again = 0;

	incident_begin(lamp, &first);
	incident_begin(lamp, &second);
	for (long i = 0; i < kills; i++) {
		struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		pid_t pid = fork();
		bool mine;

		if (pid == 0) {
			for (;;) {
				claim_take(&first, NULL);
				claim_release(&first);
			}
		}
		usleep((useconds_t)(random() % 3000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		file_read(path, &text, 0, NULL);
		mine = text.len > 0;
		assert_true(!mine || (strncmp(text.data, first.folder, strlen(first.folder)) == 0 &&
				      text.data[strlen(first.folder)] == '\n'));
		/* It is the incident's as long as that is open, not the dead process'. */
		assert_int_equal(claim_take(&second, &err), mine ? -1 : 0);
		assert_int_equal(claim_take(&first, NULL), mine ? 0 : -1);
		claim_release(mine ? &first : &second);
		assert_int_equal(claim_take(&second, NULL), 0);
		claim_release(&second);
		free_again++;
		buf_release(&text);
	}
	fault(16, "holders that were killed while they took or gave a claim", kills, free_again,
	      kills - free_again);
	incident_close(&first);
	incident_close(&second);
}

/* What lies under the claim's name is something else: nothing starts, and nothing is written. */
static void what_is_no_claim_is_refused(void **state)
{
	static const char *const kinds[] = { "link", "fifo", "folder", "second name", "device" };
	struct lamp *lamp = *state;
	const char *path = lamp->loaded.target->claim;
	char *victim = path_join(lamp->folder, "victim");
	long refused = 0;

	for (int kind = 0; kind < 5; kind++) {
		struct incident incident;
		struct err err = ERR_INIT;
		struct buf text = BUF_INIT;
		int made = -1;

		remove(path);
		assert_int_equal(file_replace(victim, "precious", 8, 0600, NULL), 0);
		incident_begin(lamp, &incident);
		approve(&incident, "mend");
		switch (kind) {
		case 0:
			made = symlink(victim, path);
			break;
		case 1:
			made = mkfifo(path, 0666);
			break;
		case 2:
			made = mkdir(path, 0777);
			break;
		case 3:
			made = link(victim, path);
			break;
		default:
			made = symlink("/dev/full", path);
			break;
		}
		assert_int_equal(made, 0);
		assert_true(claim_is_foreign(&incident, &err));
		assert_true(err.msg[0]);
		refused += run(&incident, "write", RUNNER_RUN) == RUNNER_REFUSED &&
			   count(&incident, EV_INTENT) == 0;
		assert_int_equal(file_read(victim, &text, 0, NULL), 0);
		assert_string_equal(buf_str(&text), "precious");
		print_message("# %s: %s\n", kinds[kind], err.msg);
		buf_release(&text);
		incident_close(&incident);
	}
	remove(path);
	fault(16, "something else under the claim's name", 5, refused, 5 - refused);
	assert_int_equal(refused, 5);
	free(victim);
}

/* ---- full disks ---- */

struct full_disk {
	const char *options;
	bool is_there; /* the claim's file, empty, before the disk is full */
	bool is_held;  /* by this incident */
};

static void disk_fill(const char *disk)
{
	char page[4096] = { 0 }, name[16];
	int fd = -1;

	for (int i = 0; i < 100; i++) {
		char *path;

		snprintf(name, sizeof(name), "fill-%d", i);
		path = path_join(disk, name);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		while (fd >= 0 && write(fd, page, sizeof(page)) > 0)
			;
		if (fd >= 0)
			close(fd);
		free(path);
	}
}

static void disk_empty(const char *disk)
{
	char name[16];

	for (int i = 0; i < 100; i++) {
		char *path;

		snprintf(name, sizeof(name), "fill-%d", i);
		path = path_join(disk, name);
		unlink(path);
		free(path);
	}
}

/* Whether it is refused in words, nobody takes what is left for a claim, and it is had when there
 * is room again; one that is held stays so. */
static bool full_is_survived(struct incident *incident, struct incident *other, const char *disk,
			     const struct full_disk *full)
{
	char *claim = path_join(disk, "claim");
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	bool good = true;

	incident->loaded.target->claim = other->loaded.target->claim = claim;
	if (full->is_there || full->is_held)
		good = claim_take(incident, NULL) == 0;
	if (full->is_there && !full->is_held)
		claim_release(incident);
	disk_fill(disk);
	if (full->is_held) {
		good = good && claim_take(incident, NULL) == 0 && claim_take(other, NULL) == -1;
	} else {
		good = good && claim_take(incident, &err) == -1 && strstr(err.msg, claim) &&
		       strstr(err.msg, "No space left");
		file_read(claim, &text, 0, NULL);
		good = good && text.len == 0 && !claim_is_foreign(other, NULL);
	}
	disk_empty(disk);
	good = good && claim_take(incident, NULL) == 0 && claim_take(other, NULL) == -1;
	print_message("# %s, %s: %s\n", full->options,
		      full->is_held    ? "held"
		      : full->is_there ? "free"
				       : "not made",
		      err.set ? err.msg : "stays");
	buf_release(&text);
	free(claim);
	return good;
}

/* A full file system: it can't be claimed, so nothing starts; a claim that stands there stays. */
static void a_full_disk_takes_no_claim(void **state)
{
	static const struct full_disk disks[] = {
		{ "size=64k", false, false },
		{ "size=64k", true, false },
		{ "size=64k", true, true },
		{ "size=256k,nr_inodes=4", false, false },
		{ "size=64k,nr_inodes=4", true, true },
	};
	const long n = sizeof(disks) / sizeof(disks[0]);
	struct lamp *lamp = *state;
	struct incident incident, other;
	char *path = path_join(lamp->folder, "full");
	long survived = 0;

	if (geteuid() != 0 || mkdir(path, 0700) != 0)
		skip();
	incident_begin(lamp, &incident);
	incident_begin(lamp, &other);
	for (long i = 0; i < n; i++) {
		const char *before = incident.loaded.target->claim;

		if (mount("none", path, "tmpfs", 0, disks[i].options) != 0)
			skip();
		survived += full_is_survived(&incident, &other, path, &disks[i]);
		incident.loaded.target->claim = other.loaded.target->claim = before;
		assert_int_equal(umount2(path, MNT_DETACH), 0);
	}
	fault(16, "claims on a full disk", n, survived, n - survived);
	assert_int_equal(survived, n);
	incident_close(&incident);
	incident_close(&other);
	free(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LAMP_TEST(another_users_open_incident_keeps_its_target),
		LAMP_TEST(an_incident_that_is_gone_holds_nothing),
		LAMP_TEST(one_of_two_runners_wins),
		LAMP_TEST(a_killed_holder_leaves_no_stale_claim),
		LAMP_TEST(what_is_no_claim_is_refused),
		LAMP_TEST(a_full_disk_takes_no_claim),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
