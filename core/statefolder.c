#include "core/statefolder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/incident.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define SHARED_STATE "/var/lib/backout"
#define DATE_LEN     10 /* "2026-11-21" */
#define IDS_A_DAY    10000

static bool is_writable_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, W_OK | X_OK) == 0;
}

/* New: the path by the rules, not made yet. */
static char *state_path(struct err *err)
{
	const char *own = getenv("BACKOUT_STATE_DIR"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return xstrdup(own);
	if (is_writable_folder(SHARED_STATE))
		return xstrdup(SHARED_STATE);
	if (xdg && xdg[0] == '/')
		return path_join(xdg, "backout");
	if (!home || home[0] != '/') {
		const struct passwd *entry = getpwuid(getuid());

		home = entry ? entry->pw_dir : NULL;
	}
	if (home && home[0] == '/')
		return path_join(home, ".local/state/backout");
	err_set(err, "no state folder: neither HOME nor XDG_STATE_HOME says where it is");
	err_hint(err, "set BACKOUT_STATE_DIR to a folder that you can write");
	return NULL;
}

char *state_folder(struct err *err)
{
	struct err why = ERR_INIT;
	char *path = state_path(err), *real = NULL;

	if (!path)
		return NULL;
	if (file_mkdirs(path, 0700, &why)) {
		err_set(err, "the state folder can't be made: %s", why.msg);
		err_hint(err, "set BACKOUT_STATE_DIR to a folder that you can write");
	} else {
		real = realpath(path, NULL);
		if (!real) {
			err_sys(err, "the state folder %s can't be used", path);
			err_hint(err, "set BACKOUT_STATE_DIR to a folder that you can write");
		}
	}
	free(path);
	return real;
}

/* A folder takes its group's bits and the setgid bit after the one above it; umask or not. */
static int folder_make(const char *above, const char *path, struct err *err)
{
	struct stat st;
	mode_t mode = 0700;

	if (stat(above, &st) == 0 && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP))
		mode = 02770;
	if (mkdir(path, mode & 0777))
		return -1;
	if (chmod(path, mode)) {
		err_sys(err, "%s: its mode can't be set", path);
		rmdir(path);
		return -1;
	}
	return 0;
}

int state_mkdirs(const char *path, struct err *err)
{
	char *above;
	int result = 0;

	if (file_exists(path))
		return 0;
	above = path_folder(path);
	if (strcmp(above, path) != 0)
		result = state_mkdirs(above, err);
	if (result == 0 && folder_make(above, path, err) != 0 && errno != EEXIST)
		result = err_sys(err, "%s can't be made", path);
	free(above);
	return result;
}

mode_t incident_file_mode(const char *folder)
{
	struct stat st;

	return stat(folder, &st) == 0 && (st.st_mode & S_IWGRP) ? 0660 : 0600;
}

int incident_file_open(const char *folder, const char *path, int flags)
{
	mode_t mode = incident_file_mode(folder);
	struct stat st;
	int fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) != mode)
		fchmod(fd, mode);
	return fd;
}

int incident_subfolder(const char *folder, const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST ? 0 : err_sys(err, "%s can't be made", path);
	/* The setgid bit comes from the folder above. */
	if (incident_file_mode(folder) == 0660 && chmod(path, 02770) != 0)
		return err_sys(err, "%s: its mode can't be set", path);
	return 0;
}

char *incidents_path(void)
{
	char *state = state_path(NULL), *path = state ? path_join(state, "incidents") : NULL;

	free(state);
	return path;
}

char *incidents_folder(struct err *err)
{
	char *state = state_folder(err), *path;

	if (!state)
		return NULL;
	path = path_join(state, "incidents");
	if (folder_make(state, path, err) && errno != EEXIST) {
		err_sys(err, "%s can't be made", path);
		err_hint(err, "set BACKOUT_STATE_DIR to a folder that you can write");
		free(path);
		path = NULL;
	}
	free(state);
	return path;
}

/* The number behind the date; 0 when `name` is no incident's id. */
static long id_number(const char *name)
{
	for (int i = 0; i < DATE_LEN; i++) {
		bool dash = i == 4 || i == 7;

		if (dash ? name[i] != '-' : !isdigit((unsigned char)name[i]))
			return 0;
	}
	if (name[DATE_LEN] != '-' || !isdigit((unsigned char)name[DATE_LEN + 1]))
		return 0;
	for (const char *p = name + DATE_LEN + 1; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return 0;
	}
	return strtol(name + DATE_LEN + 1, NULL, 10);
}

static int by_newest(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int date = strncmp(y, x, DATE_LEN);
	long nx = id_number(x), ny = id_number(y);

	return date ? date : (ny > nx) - (ny < nx);
}

char **incident_ids(const char *folder, struct err *err)
{
	char **ids = NULL;
	size_t n = 0, cap = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (!dir) {
		err_sys(err, "%s can't be read", folder);
		return NULL;
	}
	ids = xgrow(ids, &cap, 1, sizeof(*ids));
	while ((entry = readdir(dir))) {
		if (!id_number(entry->d_name))
			continue;
		ids = xgrow(ids, &cap, n + 2, sizeof(*ids));
		ids[n++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	ids[n] = NULL;
	qsort(ids, n, sizeof(*ids), by_newest);
	return ids;
}

void incident_ids_free(char **ids)
{
	for (size_t i = 0; ids && ids[i]; i++)
		free(ids[i]);
	free(ids);
}

/* The highest number of that date so far. */
static long id_last(const char *folder, const char *date, struct err *err)
{
	char **ids = incident_ids(folder, err);
	long last = 0;

	if (!ids)
		return -1;
	for (size_t i = 0; ids[i]; i++) {
		if (strncmp(ids[i], date, DATE_LEN) == 0) {
			last = id_number(ids[i]);
			break;
		}
	}
	incident_ids_free(ids);
	return last;
}

int incident_folder_make(int64_t wall_us, char **id, char **folder, struct err *err)
{
	char date[TIME_RFC3339_MAX];
	char *above = incidents_folder(err);
	long n;
	int result = -1;

	*id = *folder = NULL;
	if (!above)
		return -1;
	time_rfc3339(wall_us, date);
	date[DATE_LEN] = '\0';
	n = id_last(above, date, err);
	/* Others may take the number in between: mkdir() tells, and the next one is tried. */
	for (bool taken = true; taken && n >= 0 && n < IDS_A_DAY; n++) {
		free(*id);
		free(*folder);
		*id = xasprintf("%s-%02ld", date, n + 1);
		*folder = path_join(above, *id);
		result = folder_make(above, *folder, err);
		taken = result && errno == EEXIST;
		if (result && !taken)
			err_sys(err, "%s can't be made", *folder);
	}
	if (!result) {
		result = file_sync_folder(above, err);
		/* Empty, it would be listed as an incident for good. */
		if (result)
			rmdir(*folder);
	}
	if (result) {
		err_set(err, "%s: no number is left for an incident of %s", above, date);
		err_hint(err, "set BACKOUT_STATE_DIR to a folder that you can write");
		free(*id);
		free(*folder);
		*id = *folder = NULL;
	}
	free(above);
	return result;
}
