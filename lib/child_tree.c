#include "lib/child_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/proc.h"

/* Looks, 0.2 ms apart: on a host that is busy a stopped one is told so only when its turn comes. */
enum { STOP_TRIES = 5000, HELD_TRIES = 250, END_TRIES = 10000 };

/* How long one that was asked to end with its tree is waited for: 1.2 s. */
enum { ASKED_TRIES = 20, ASKED_MS = 60 };

/* For a killed process to be gone: one in the kernel's hands may never be. */
static const int64_t patience_us = 30 * CLOCK_US;

struct member {
	struct proc_stat stat;
	pid_t session;
	bool in;
};

struct members {
	struct member *list;
	size_t count, cap;
};

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct member *)a)->stat.id.pid;
	pid_t y = ((const struct member *)b)->stat.id.pid;

	return x < y ? -1 : x > y;
}

static void members_read(struct members *members)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	*members = (struct members){ .list = NULL };
	while (dir && (entry = readdir(dir))) {
		struct member member = { .in = false };

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (proc_stat((pid_t)strtol(entry->d_name, NULL, 10), &member.stat) < 0)
			continue;
		member.session = getsid(member.stat.id.pid);
		members->list =
		    xgrow(members->list, &members->cap, members->count + 1, sizeof(*members->list));
		members->list[members->count++] = member;
	}
	if (dir)
		closedir(dir);
	if (members->count > 0)
		qsort(members->list, members->count, sizeof(*members->list), by_pid);
}

static struct member *member_find(const struct members *members, pid_t pid)
{
	struct member key = { .stat.id.pid = pid };

	if (members->count == 0)
		return NULL;
	return bsearch(&key, members->list, members->count, sizeof(key), by_pid);
}

static bool was_before(const struct child_tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->nbefore; i++)
		if (tree->before[i] == pid)
			return true;
	return false;
}

/* Belongs to the tree by itself, not by its parent. */
static bool is_origin(const struct child_tree *tree, const struct member *member)
{
	pid_t self = getpid(), pid = member->stat.id.pid;

	if (pid == self)
		return false;
	if (tree->root == 0)
		return member->stat.parent == self && !was_before(tree, pid);
	/* A child that shares this process's session has none of its own to be known by. */
	return pid == tree->root || member->session == tree->root ||
	       (tree->adopts && member->stat.parent == self && !was_before(tree, pid));
}

static void tree_mark(const struct child_tree *tree, struct members *members)
{
	pid_t self = getpid();
	bool changed;

	for (size_t i = 0; i < members->count; i++)
		members->list[i].in = is_origin(tree, &members->list[i]);
	do {
		changed = false;
		for (size_t i = 0; i < members->count; i++) {
			struct member *member = &members->list[i];
			const struct member *parent = member_find(members, member->stat.parent);

			if (!member->in && parent && parent->in && member->stat.id.pid != self)
				member->in = changed = true;
		}
	} while (changed);
}

void child_tree_init(struct child_tree *tree, bool adopts)
{
	char path[64], *next;
	struct buf text = BUF_INIT;
	long pid;

	*tree = (struct child_tree){ .root = 0, .adopts = adopts };
	if (!adopts)
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	/* A kernel without this file: what was adopted can't be told apart, so nothing is. */
	if (file_read(path, &text, 0, NULL) < 0)
		tree->adopts = false;
	for (const char *p = buf_str(&text); (pid = strtol(p, &next, 10)) > 0; p = next) {
		tree->before = xgrow(tree->before, &tree->cap, tree->nbefore + 1, sizeof(pid_t));
		tree->before[tree->nbefore++] = (pid_t)pid;
	}
	buf_release(&text);
}

size_t child_tree_signal(const struct child_tree *tree, int signal)
{
	struct members members;
	size_t living = 0;

	members_read(&members);
	tree_mark(tree, &members);
	for (size_t i = 0; i < members.count; i++) {
		const struct member *member = &members.list[i];

		if (!member->in || member->stat.state == 'Z' || member->stat.state == 'X')
			continue;
		living++;
		if (signal != 0)
			proc_signal(member->stat.id, signal, NULL);
		/* A stopped process takes TERM only when it goes on. */
		if (signal == SIGTERM)
			proc_signal(member->stat.id, SIGCONT, NULL);
	}
	free(members.list);
	return living;
}

/* ---- An end without a race ---- */

struct pids {
	pid_t *list; /* owned */
	size_t n, cap;
};

static void pids_read(const char *path, struct pids *pids)
{
	struct buf text = BUF_INIT;
	char *next;
	long pid;

	if (file_read(path, &text, 0, NULL) == 0) {
		for (const char *p = buf_str(&text); (pid = strtol(p, &next, 10)) > 0; p = next) {
			pids->list =
			    xgrow(pids->list, &pids->cap, pids->n + 1, sizeof(*pids->list));
			pids->list[pids->n++] = (pid_t)pid;
		}
	}
	buf_release(&text);
}

/* Each thread has children of its own. */
static void children_read(pid_t pid, struct pids *pids)
{
	char path[64], file[128];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(file, sizeof(file), "%s/%.20s/children", path, entry->d_name);
		pids_read(file, pids);
	}
	if (dir)
		closedir(dir);
}

void child_reap(const struct child_tree *known, pid_t pid)
{
	struct pids children = { .n = 0 };

	children_read(getpid(), &children);
	for (size_t i = 0; i < children.n; i++)
		if (children.list[i] != pid && !was_before(known, children.list[i]))
			waitpid(children.list[i], NULL, WNOHANG);
	free(children.list);
}

void child_tree_reap(const struct child_tree *tree)
{
	if (tree->root == 0 || tree->adopts)
		child_reap(tree, tree->root);
}

/* A moment later it stands still, unless the kernel holds it. */
static void stop(pid_t pid)
{
	struct proc_stat stat;

	if (kill(pid, SIGSTOP) != 0)
		return;
	for (int i = 0; i < STOP_TRIES; i++) {
		if (proc_stat(pid, &stat) != 0 || strchr("TtZX", stat.state) ||
		    (stat.state == 'D' && i >= HELD_TRIES))
			return;
		usleep(200);
	}
}

static bool is_alive(pid_t pid)
{
	struct proc_stat stat;

	return proc_stat(pid, &stat) == 0 && stat.state != 'Z' && stat.state != 'X';
}

/* While a parent stands still nobody reaps its children: their numbers stay theirs. A subreaper is
 * given new ones meanwhile, by those that end between our reading of the list and our looking at
 * them: so the end is a list that did not grow, of none but dead ones. */
void child_tree_end(pid_t pid)
{
	size_t living, known = 0, tries = 0;
	bool grew;

	/* To kill(), others mean more than one process. */
	if (pid <= 1)
		return;
	stop(pid);
	do {
		struct pids children = { .n = 0 };

		children_read(pid, &children);
		living = 0;
		/* The newest is the likeliest to live: one that forks and ends is ahead of who
		 * begins with its dead. */
		for (size_t i = children.n; i-- > 0;) {
			if (!is_alive(children.list[i]))
				continue;
			child_tree_end(children.list[i]);
			living++;
		}
		grew = children.n != known;
		known = children.n;
		free(children.list);
	} while ((living > 0 || grew) && tries++ < END_TRIES);
	kill(pid, SIGKILL);
}

/* One pass over this process's own children, the newest first: who forks and ends is ahead of its
 * dead. A killed process starts no other one, and what it had started comes to a subreaper: so in
 * the end all of the tree is among them. How many may have left children since. */
static size_t pass(const struct child_tree *tree)
{
	struct pids children = { .n = 0 };
	size_t living = 0;

	children_read(getpid(), &children);
	for (size_t i = children.n; i-- > 0;) {
		pid_t pid = children.list[i];

		if (was_before(tree, pid) || (!tree->adopts && tree->root && pid != tree->root))
			continue;
		if (pid != tree->root) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, WNOHANG);
			living++;
		} else if (is_alive(pid)) {
			(tree->adopts ? (void)kill(pid, SIGKILL) : child_tree_end(pid));
			living++;
		}
	}
	free(children.list);
	return living;
}

size_t child_tree_kill(const struct child_tree *tree, int64_t give_up)
{
	size_t living;

	/* Whoever is in none of our children's trees is found by its session. */
	while ((living = pass(tree)) > 0 || (living = child_tree_signal(tree, SIGKILL)) > 0) {
		if (clock_mono(&clock_system) >= give_up)
			break;
		usleep(500);
	}
	child_tree_reap(tree);
	return living;
}

/* The kernel holds a process of the tree (a dead disk or file server): nobody can tell how long. */
static bool is_held(const struct child_tree *tree)
{
	struct members members;
	bool held = false;

	members_read(&members);
	tree_mark(tree, &members);
	for (size_t i = 0; i < members.count && !held; i++)
		held = members.list[i].in && members.list[i].stat.state == 'D';
	free(members.list);
	return held;
}

bool child_tree_ask(pid_t pid)
{
	const struct child_tree tree = { .root = pid };
	struct pollfd end = { .fd = pid > 1 ? pidfd_open(pid, 0) : -1, .events = POLLIN };
	struct proc_stat stat;
	bool asked = end.fd >= 0 && kill(pid, CHILD_END_SIGNAL) == 0;

	for (int i = 0; asked && end.revents == 0 && i < ASKED_TRIES; i++)
		if (poll(&end, 1, ASKED_MS) == 0 && i > 0 && is_held(&tree))
			break;
	if (end.fd >= 0)
		close(end.fd);
	if (end.revents != 0)
		return true;
	/* Who was stopped can't end anything. */
	if (asked && (proc_stat(pid, &stat) != 0 || !strchr("tT", stat.state)))
		return false;
	child_tree_end(pid);
	return true;
}

void child_tree_finish(const struct child_tree *tree, bool kept)
{
	/* A keeper that is still at it ends all of it, what was adopted, too. */
	if (kept && !child_tree_ask(tree->root))
		return;
	if (!kept)
		child_tree_end(tree->root);
	child_tree_signal(tree, SIGKILL);
}

void child_tree_release(struct child_tree *tree)
{
	free(tree->before);
	*tree = (struct child_tree){ .root = 0 };
}

struct child_tree *child_known(void)
{
	struct child_tree *known = xcalloc(1, sizeof(*known));

	child_tree_init(known, true);
	return known;
}

void child_known_free(struct child_tree *known)
{
	if (known)
		child_tree_release(known);
	free(known);
}

int child_sweep(struct child_tree *known, int64_t grace_us)
{
	const struct child_tree all = { .root = 0 }, *tree = known ? known : &all;
	int64_t deadline = clock_mono(&clock_system) + grace_us;
	size_t most, left = most = child_tree_signal(tree, SIGTERM);

	while (left > 0 && clock_mono(&clock_system) < deadline) {
		child_tree_reap(tree);
		left = child_tree_signal(tree, 0);
		if (left > most)
			most = left;
		if (left > 0)
			usleep(5000);
	}
	if (left > 0)
		child_tree_kill(tree, deadline + patience_us);
	child_tree_reap(tree);
	child_known_free(known);
	return (int)most;
}
