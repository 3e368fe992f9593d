#include "lib/procfollow.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/procfile.h"

#define STAT_MAX 1024
#define ALL_US	 (60 * CLOCK_US) /* between looks at all of /proc */
#define LIST_US	 (5 * CLOCK_US)	 /* between lists of all pids, where they come too fast */
#define SOON_US	 (2 * CLOCK_US)	 /* ... while none is there */
#define YOUNG_US (3 * CLOCK_US)	 /* a process that is so young may not have its name yet */
#define NEW_MAX	 64		 /* pids that are looked at one by one */
#define OPEN_MAX 128		 /* descriptors that stay open: the program needs some, too */

struct followed {
	struct procfile stat;
	struct proc_id id;
};

struct pids {
	pid_t *list; /* owned, ascending */
	size_t n, cap;
};

struct proc_follow {
	const struct proc_decl *decl;
	struct followed *known; /* owned */
	size_t n, cap;
	struct procfile loadavg;    /* it ends with the pid that was given out last */
	pid_t young, younger;	    /* pids up to here are old enough, or will be next */
	int64_t aged;		    /* monotonic time of `younger` */
	int64_t all_at;		    /* of the latest look at all of /proc; 0: none */
	int64_t listed_at;	    /* of the latest list of all pids */
	struct pids before, listed; /* of the list before that one, and of that one */
	struct pids spare;	    /* memory for the next */
	struct timespec written;    /* of the pid file, as it was read */
	ino_t inode;
};

struct proc_follow *proc_follow_new(const struct proc_decl *decl)
{
	struct proc_follow *follow = xcalloc(1, sizeof(*follow));

	follow->decl = decl;
	procfile_init(&follow->loadavg, "/proc/loadavg");
	return follow;
}

static void all_forget(struct proc_follow *follow)
{
	for (size_t i = 0; i < follow->n; i++)
		procfile_close(&follow->known[i].stat);
	follow->n = 0;
}

void proc_follow_free(struct proc_follow *follow)
{
	if (follow == NULL)
		return;
	all_forget(follow);
	procfile_close(&follow->loadavg);
	free(follow->before.list);
	free(follow->listed.list);
	free(follow->spare.list);
	free(follow->known);
	free(follow);
}

static void known_add(struct proc_follow *follow, struct proc_id id)
{
	char path[64];

	follow->known = xgrow(follow->known, &follow->cap, follow->n + 1, sizeof(*follow->known));
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)id.pid);
	procfile_init(&follow->known[follow->n].stat, path);
	follow->known[follow->n++].id = id;
}

static bool is_known(const struct proc_follow *follow, pid_t pid)
{
	for (size_t i = 0; i < follow->n; i++)
		if (follow->known[i].id.pid == pid)
			return true;
	return false;
}

/* Those that are still there go into `out`; true when one is gone. */
static bool known_look(struct proc_follow *follow, struct proc_list *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < follow->n; i++) {
		struct followed *one = &follow->known[i];
		struct proc_stat stat;
		char text[STAT_MAX];
		bool there = procfile_read(&one->stat, text, sizeof(text)) > 0 &&
			     proc_stat_parse(text, &stat) == 0 && stat.id.start == one->id.start &&
			     stat.state != 'Z' && stat.state != 'X';

		if (!there || kept >= OPEN_MAX)
			procfile_close(&one->stat);
		if (!there)
			continue;
		proc_list_add(out, &stat);
		follow->known[kept++] = *one;
	}
	if (kept == follow->n)
		return false;
	follow->n = kept;
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void pids_read(struct pids *pids)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	pids->n = 0;
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		pids->list = xgrow(pids->list, &pids->cap, pids->n + 1, sizeof(*pids->list));
		pids->list[pids->n++] = pid;
	}
	if (proc != NULL)
		closedir(proc);
	if (pids->n > 1)
		qsort(pids->list, pids->n, sizeof(*pids->list), by_pid);
}

/* All of them anew, by proc_find(). */
static int all_look(struct proc_follow *follow, int64_t mono, struct proc_list *out,
		    struct err *err)
{
	int rc = proc_find(follow->decl, out, err);

	all_forget(follow);
	for (size_t i = 0; i < out->n; i++)
		known_add(follow, out->list[i].id);
	follow->all_at = mono;
	if (follow->decl->pid_file == NULL && follow->listed.n == 0) {
		pids_read(&follow->before);
		pids_read(&follow->listed);
	}
	return rc;
}

/* ---- by pid file ---- */

static int pid_file_look(struct proc_follow *follow, int64_t mono, struct proc_list *out,
			 struct err *err)
{
	struct stat st = { 0 };
	bool same = stat(follow->decl->pid_file, &st) == 0 && st.st_ino == follow->inode &&
		    st.st_mtim.tv_sec == follow->written.tv_sec &&
		    st.st_mtim.tv_nsec == follow->written.tv_nsec;

	follow->inode = st.st_ino;
	follow->written = st.st_mtim;
	if (same && follow->n > 0 && !known_look(follow, out)) {
		out->roots = out->n;
		return 0;
	}
	return all_look(follow, mono, out, err);
}

/* ---- by what they are ---- */

/* The pid that was given out last, threads' included; 0 when the system doesn't say. */
static pid_t newest(struct proc_follow *follow)
{
	char text[128];
	const char *blank;

	if (procfile_read(&follow->loadavg, text, sizeof(text)) <= 0)
		return 0;
	blank = strrchr(text, ' ');
	return blank != NULL ? (pid_t)strtol(blank, NULL, 10) : 0;
}

static void one_look(struct proc_follow *follow, pid_t pid, struct proc_list *out)
{
	struct proc_stat stat;

	if (is_known(follow, pid) || !proc_is_meant(follow->decl, pid) ||
	    proc_stat(pid, &stat) < 0 || stat.state == 'Z')
		return;
	known_add(follow, stat.id);
	proc_list_add(out, &stat);
}

static void new_look(struct proc_follow *follow, pid_t last, struct proc_list *out)
{
	for (pid_t pid = follow->young + 1; pid <= last; pid++)
		one_look(follow, pid, out);
}

/* Those that were not there two lists ago: each is looked at twice, since it may be too young to
 * have its name the first time. */
static void list_look(struct proc_follow *follow, int64_t mono, struct proc_list *out)
{
	struct pids old = follow->before, now = follow->spare;

	if (mono - follow->listed_at < (out->n > 0 ? LIST_US : SOON_US))
		return;
	follow->listed_at = mono;
	pids_read(&now);
	for (size_t i = 0; i < now.n; i++)
		if (bsearch(&now.list[i], old.list, old.n, sizeof(pid_t), by_pid) == NULL)
			one_look(follow, now.list[i], out);
	follow->before = follow->listed;
	follow->listed = now;
	follow->spare = old;
}

int proc_follow_look(struct proc_follow *follow, int64_t mono, struct proc_list *out,
		     struct err *err)
{
	pid_t last = newest(follow);
	bool many = last < follow->young || last - follow->young > NEW_MAX;

	if (follow->decl->pid_file != NULL) {
		out->n = 0;
		return pid_file_look(follow, mono, out, err);
	}
	if (mono - follow->aged > YOUNG_US || follow->aged == 0) {
		/* At first the latest ones may be too young, too. */
		follow->young = follow->aged != 0    ? follow->younger
				: last > NEW_MAX / 2 ? last - NEW_MAX / 2
						     : 0;
		follow->younger = last;
		follow->aged = mono;
	}
	if (follow->all_at == 0 || mono - follow->all_at > ALL_US)
		return all_look(follow, mono, out, err);
	out->n = 0;
	known_look(follow, out);
	if (many || last == 0)
		list_look(follow, mono, out);
	else
		new_look(follow, last, out);
	proc_list_settle(follow->decl, out);
	return 0;
}
