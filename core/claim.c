#include "core/claim.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/params.h"

#define CLAIM_FOLDER "/run/lock/backout"

enum { LOCK_WAIT_MS = 5000, LOCK_STEP_MS = 2 };

static void name_add(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_putc(out, isalnum((unsigned char)*name) || strchr("-_", *name) ? *name : '.');
}

/* New: the folder of claims. All users share it, so it is sticky like /tmp; whoever can't reach it
 * keeps claims among those who share the state folder. */
static char *claim_folder(struct err *err)
{
	char *state, *folder;

	if (mkdir(CLAIM_FOLDER, 01777) == 0)
		chmod(CLAIM_FOLDER, 01777);
	if (access(CLAIM_FOLDER, W_OK | X_OK) == 0)
		return xstrdup(CLAIM_FOLDER);
	state = state_folder(err);
	if (!state)
		return NULL;
	folder = path_join(state, "claims");
	free(state);
	if (state_mkdirs(folder, err) != 0) {
		free(folder);
		return NULL;
	}
	return folder;
}

static char *claim_path(const struct incident *incident, struct err *err)
{
	const struct target *target = incident->loaded.target;
	struct buf name = BUF_INIT;
	char *folder, *path;

	if (target->claim) {
		json_t *text = json_string(target->claim),
		       *filled = params_fill(text, target->params, err);

		path = filled ? xstrdup(json_string_value(filled)) : NULL;
		json_decref(text);
		json_decref(filled);
		return path;
	}
	folder = claim_folder(err);
	if (!folder)
		return NULL;
	name_add(&name, incident->loaded.runbook->system);
	buf_putc(&name, '-');
	name_add(&name, target->name);
	buf_puts(&name, ".claim");
	path = path_join(folder, buf_str(&name));
	buf_release(&name);
	free(folder);
	return path;
}

/* Made for all users, whatever their umask: the next one that works on the target may be another.
 * In a folder that is everyone's, O_CREAT on another's file would be refused
 * (fs.protected_regular). */
static int claim_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		fchmod(fd, 0666);
	return fd;
}

/* Whoever looks holds it for a moment; a holder that was stopped must not stop others for good. */
static int claim_lock(int fd)
{
	for (int waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return -1;
}

/* In a folder that is everyone's somebody may have put something else under the name, another file
 * by a second name for instance, which would be written over. */
static bool is_claim(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* Opened and locked for the time of one look. -1 with err; without `make` also, and no err, when
 * there is none. */
static int claim_open(const char *path, bool make, struct err *err)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && !make)
		return -1;
	if (fd < 0 && errno == ENOENT)
		fd = claim_make(path);
	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		err_sys(err, "the target's claim %s can't be opened", path);
		err_hint(err, "whoever made it, or root, can remove it when nothing runs there");
	} else if (!is_claim(fd)) {
		err_set(err, "the target's claim %s is no plain file of its own", path);
		err_hint(err, "somebody put it there: look at it, then remove it");
		close(fd);
		fd = -1;
	} else if (claim_lock(fd) != 0) {
		err_sys(err, "the target's claim %s can't be locked", path);
		err_hint(err, "another process holds it: see fuser -v %s", path);
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The incident's folder that stands in the claim; "" when it is free. */
static void claim_read(int fd, char *folder, size_t size)
{
	ssize_t n = pread(fd, folder, size - 1, 0);

	folder[n > 0 ? n : 0] = '\0';
	folder[strcspn(folder, "\n")] = '\0';
}

/* Whether the incident that holds the claim is open. One that is there but can't be looked at,
 * another user's for instance, may be: then *why says what is in the way. */
static bool claim_is_live(const char *folder, const struct clock *clock, struct err *why)
{
	char *ledger = path_join(folder, "ledger.jsonl");
	struct incident other;
	bool live = true;

	if (folder[0] != '/' ||
	    (access(ledger, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))) {
		live = false;
	} else if (incident_open(&other, folder, clock, why) == 0) {
		live = other.state.phase == INCIDENT_OPEN;
		incident_close(&other);
	}
	free(ledger);
	return live;
}

/* The holder is another incident, and that one is open. */
static bool claim_is_refused(const struct incident *incident, const char *path, const char *holder,
			     struct err *err)
{
	const char *id = strrchr(holder, '/'), *target = incident->loaded.target->name;
	struct err why = ERR_INIT;

	if (!holder[0] || strcmp(holder, incident->folder) == 0 ||
	    !claim_is_live(holder, incident->clock, &why))
		return false;
	id = id ? id + 1 : holder;
	if (why.set) {
		err_set(err, "target %s is claimed by incident %s, which can't be looked at: %s",
			target, id, why.msg);
		err_hint(err, "let whoever opened it resolve it; if it is over, empty %s", path);
	} else {
		err_set(err, "target %s is claimed by incident %s", target, id);
		err_hint(err, "work there (backout attach %s), or resolve it first", id);
	}
	return true;
}

bool claim_is_foreign(const struct incident *incident, struct err *err)
{
	char *path = claim_path(incident, NULL), holder[4096];
	struct err why = ERR_INIT;
	int fd = path ? claim_open(path, false, &why) : -1;
	bool foreign = why.set;

	if (fd >= 0) {
		claim_read(fd, holder, sizeof(holder));
		foreign = claim_is_refused(incident, path, holder, err);
		close(fd);
	} else if (why.set) {
		err_set(err, "%s", why.msg);
		err_hint(err, "%s", why.hint);
	}
	free(path);
	return foreign;
}

int claim_take(const struct incident *incident, struct err *err)
{
	char *path = claim_path(incident, err), holder[4096];
	char *mine = xasprintf("%s\n", incident->folder);
	int fd = path ? claim_open(path, true, err) : -1, result = -1;

	if (fd < 0)
		goto out;
	claim_read(fd, holder, sizeof(holder));
	if (strcmp(holder, incident->folder) == 0) {
		result = 0;
	} else if (claim_is_refused(incident, path, holder, err)) {
		goto out;
	} else if (ftruncate(fd, 0) != 0 ||
		   pwrite(fd, mine, strlen(mine), 0) != (ssize_t)strlen(mine)) {
		err_sys(err, "the target's claim %s can't be written", path);
	} else {
		result = 0;
	}
out:
	if (fd >= 0)
		close(fd);
	free(mine);
	free(path);
	return result;
}

void claim_release(const struct incident *incident)
{
	char *path = claim_path(incident, NULL), holder[4096];
	int fd = path ? claim_open(path, false, NULL) : -1;

	if (fd >= 0) {
		claim_read(fd, holder, sizeof(holder));
		/* The file stays, empty: unlinking it would let two take it at once. */
		if (strcmp(holder, incident->folder) == 0 && ftruncate(fd, 0) != 0)
			unlink(path);
		close(fd);
	}
	free(path);
}
