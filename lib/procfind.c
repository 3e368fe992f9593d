/* Which processes a declaration means. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/text.h"

#define CMDLINE_MAX 65536
#define ARGS_MAX    256
/* Start times and file times come from different clocks: ticks of 10 ms, and the file system's. */
#define CLOCK_SLACK_US (CLOCK_US / 2)

static const char *const ways[] = { "pid_file", "match", "unit", NULL };
const char *const *const proc_one_of[] = { ways, NULL };

int proc_decl_init(struct proc_decl *decl, const json_t *declaration, struct err *err)
{
	const char *user = json_str(declaration, "user", NULL);
	const json_t *match = json_object_get(declaration, "match");

	*decl = (struct proc_decl){ .any_user = true };
	decl->pid_file = json_str(declaration, "pid_file", NULL);
	decl->unit = json_str(declaration, "unit", NULL);
	if (match != NULL) {
		decl->match = argv_new(match, "match", err);
		if (decl->match == NULL)
			return -1;
	}
	if (decl->pid_file == NULL && decl->unit == NULL && decl->match == NULL)
		return err_set(err, "a process needs a pid_file, a match or a unit");
	if (user != NULL) {
		const struct passwd *entry = getpwnam(user);

		if (entry == NULL)
			return err_set(err, "there is no user \"%s\" on this host", user);
		decl->any_user = false;
		decl->uid = entry->pw_uid;
	}
	return 0;
}

void proc_decl_release(struct proc_decl *decl)
{
	argv_free(decl->match);
	decl->match = NULL;
}

void proc_list_add(struct proc_list *list, const struct proc_stat *stat)
{
	list->list = xgrow(list->list, &list->cap, list->n + 1, sizeof(*list->list));
	list->list[list->n++] = *stat;
}

static void found_none(struct proc_list *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void found_none(struct proc_list *out, const char *fmt, ...)
{
	char raw[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	text_clean_to(out->why, sizeof(out->why), raw, strlen(raw));
}

static int hidden(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int hidden(struct err *err, const char *fmt, ...)
{
	char what[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	err_set(err, "%s", what);
	return err_hint(err, "/proc may be mounted with hidepid: run as root, or join its group");
}

/* ---- by pid file ---- */

static int pid_file_find(const char *path, struct proc_list *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct proc_stat stat;
	struct stat file;
	char text[64], *end;
	ssize_t n;
	long pid;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, "pid file %s", path);
		found_none(out, "no pid file %s", path);
		return 0;
	}
	n = fstat(fd, &file) < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		err_sys(err, "pid file %s", path);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	if (end == text || pid <= 0 || pid > 0x7fffffff) {
		if (n > 0)
			return err_set(err, "pid file %s holds no pid", path);
		found_none(out, "pid file %s is empty", path);
		return 0;
	}
	if (proc_stat((pid_t)pid, &stat) < 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
		return hidden(err, "pid %ld of %s is there, and can't be looked at", pid, path);
	if (!proc_alive(stat.id)) {
		found_none(out, "pid %ld of %s is gone", pid, path);
		return 0;
	}
	if (proc_started(stat.id) - clock_ahead() >
	    file.st_mtim.tv_sec * CLOCK_US + file.st_mtim.tv_nsec / 1000 + CLOCK_SLACK_US) {
		found_none(out, "pid %ld is another process's now, it began after %s was written",
			   pid, path);
		return 0;
	}
	proc_list_add(out, &stat);
	return 0;
}

/* ---- by scanning ---- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Whether the patterns match arguments in order; others may stand between them, but not before the
 * first one. */
static bool args_match(char **patterns, char **args, size_t nargs)
{
	size_t p = 1;

	if (nargs == 0 || (fnmatch(patterns[0], args[0], 0) != 0 &&
			   fnmatch(patterns[0], base_of(args[0]), 0) != 0))
		return false;
	for (size_t i = 1; i < nargs && patterns[p] != NULL; i++)
		if (fnmatch(patterns[p], args[i], 0) == 0)
			p++;
	return patterns[p] == NULL;
}

/* Reads a file of /proc that may be longer than one read gives. */
static size_t read_all(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return 0;
	while (len < size - 1) {
		ssize_t n = read(fd, out + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	out[len] = '\0';
	return len;
}

static bool cmdline_matches(const struct proc_decl *decl, pid_t pid, char *scratch)
{
	char path[64], *args[ARGS_MAX];
	size_t len, n = 0;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	len = read_all(path, scratch, CMDLINE_MAX);
	for (size_t at = 0; at < len && n < ARGS_MAX; at += strlen(scratch + at) + 1)
		args[n++] = scratch + at;
	return args_match(decl->match, args, n);
}

/* A control group path ends in the unit, or goes on below it:
 * "0::/system.slice/bot.service/worker". */
static bool cgroup_matches(const char *unit, pid_t pid, char *scratch)
{
	char path[64];
	size_t len = strlen(unit);
	const char *at = scratch;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (read_all(path, scratch, CMDLINE_MAX) == 0)
		return false;
	while ((at = strstr(at, unit)) != NULL) {
		char before = at > scratch ? at[-1] : '\0';
		const char *behind = at + len;

		if (strncmp(behind, ".service", 8) == 0 && strchr(unit, '.') == NULL)
			behind += 8;
		if (before == '/' && (*behind == '/' || *behind == '\n' || *behind == '\0'))
			return true;
		at += len;
	}
	return false;
}

static bool owner_matches(const struct proc_decl *decl, int proc, const char *name)
{
	struct stat st;

	return decl->any_user ||
	       (fstatat(proc, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == decl->uid);
}

/* Threads have folders in /proc, too, which no list shows. */
static bool is_thread(pid_t pid, char *scratch)
{
	char path[64];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	read_all(path, scratch, CMDLINE_MAX);
	line = strstr(scratch, "\nTgid:");
	return line == NULL || strtol(line + 6, NULL, 10) != pid;
}

bool proc_is_meant(const struct proc_decl *decl, pid_t pid)
{
	char *scratch = xcalloc(1, CMDLINE_MAX);
	struct stat st;
	char path[64];
	bool meant;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	meant = (decl->unit != NULL ? cgroup_matches(decl->unit, pid, scratch)
				    : cmdline_matches(decl, pid, scratch)) &&
		(decl->any_user || (stat(path, &st) == 0 && st.st_uid == decl->uid)) &&
		pid != getpid() && !is_thread(pid, scratch);
	free(scratch);
	return meant;
}

static int by_start(const void *a, const void *b)
{
	const struct proc_stat *x = a, *y = b;

	return (x->id.start > y->id.start) - (x->id.start < y->id.start);
}

static int scan(const struct proc_decl *decl, struct proc_list *out, struct err *err)
{
	DIR *proc = opendir("/proc");
	char *scratch = xmalloc(CMDLINE_MAX);
	const struct dirent *entry;
	pid_t self = getpid();
	int rc = proc != NULL ? 0 : err_sys(err, "/proc");

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		struct proc_stat stat;
		pid_t pid;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid == self || !owner_matches(decl, dirfd(proc), entry->d_name))
			continue;
		if (decl->unit != NULL ? !cgroup_matches(decl->unit, pid, scratch)
				       : !cmdline_matches(decl, pid, scratch))
			continue;
		if (proc_stat(pid, &stat) == 0 && stat.state != 'Z')
			proc_list_add(out, &stat);
	}
	if (proc != NULL)
		closedir(proc);
	free(scratch);
	/* The first process is everybody's to see, else there may be more that are not. */
	if (rc == 0 && (decl->any_user || decl->uid != geteuid()) &&
	    access("/proc/1/stat", R_OK) < 0)
		rc = hidden(err, "other users' processes can't be looked at");
	return rc;
}

static void roots_count(struct proc_list *list)
{
	list->roots = 0;
	for (size_t i = 0; i < list->n; i++) {
		bool child = false;

		for (size_t j = 0; j < list->n && !child; j++)
			child = list->list[j].id.pid == list->list[i].parent;
		list->roots += child ? 0 : 1;
	}
}

void proc_list_settle(const struct proc_decl *decl, struct proc_list *list)
{
	if (list->n > 1)
		qsort(list->list, list->n, sizeof(*list->list), by_start);
	roots_count(list);
	list->why[0] = '\0';
	if (decl->unit != NULL)
		found_none(list, "no process belongs to unit %s", decl->unit);
	else
		found_none(list, "no process matches %s%s%s", decl->match[0],
			   decl->match[1] != NULL ? " ... " : "",
			   decl->match[1] != NULL ? decl->match[1] : "");
}

int proc_find(const struct proc_decl *decl, struct proc_list *out, struct err *err)
{
	int rc;

	out->n = 0;
	out->roots = 0;
	out->why[0] = '\0';
	if (decl->pid_file != NULL) {
		rc = pid_file_find(decl->pid_file, out, err);
		out->roots = out->n;
		return rc;
	}
	rc = scan(decl, out, err);
	proc_list_settle(decl, out);
	return rc;
}

void proc_list_release(struct proc_list *list)
{
	free(list->list);
	*list = (struct proc_list){ 0 };
}
