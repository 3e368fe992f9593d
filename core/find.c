#include "core/find.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/datadir.h"
#include "lib/file.h"
#include "lib/mem.h"

#define DEPTH_MAX 8

/* ---- by name ---- */

/* New: $XDG_CONFIG_HOME/backout, else ~/.config/backout; NULL without a home. */
static char *config_folder(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (xdg && *xdg == '/')
		return path_join(xdg, "backout");
	return home && *home == '/' ? path_join(home, ".config/backout") : NULL;
}

/* The folders that hold `runbooks` and `targets`, in order; new strings. */
static size_t find_roots(char *roots[4])
{
	size_t n = 0;
	roots[n++] = xstrdup(".");
	char *config = config_folder();
	if (config)
		roots[n++] = config;
	roots[n++] = xstrdup("/etc/backout");
	roots[n++] = data_path("");
	return n;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);
	return strchr(name, '/') || (len > 5 && strcmp(name + len - 5, ".json") == 0);
}

/* New: the first of the roots' `patterns` (with ROOT before them) that exists, or NULL. */
static char *find_first(const char *const *rels, struct err *err, const char *what,
			const char *name)
{
	char *roots[4], *found = NULL;
	size_t n = find_roots(roots);
	struct buf tried = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; rels[k] && !found; k++) {
			char *path = path_join(roots[i], rels[k]);
			if (file_exists(path))
				found = path;
			else
				free(path);
		}
		buf_printf(&tried, "%s%s", i ? ", " : "", roots[i]);
	}
	if (!found) {
		err_set(err, "%s \"%s\" was not found", what, name);
		err_hint(err, "looked for %s in %s; give a path instead", rels[0], buf_str(&tried));
	}
	for (size_t i = 0; i < n; i++)
		free(roots[i]);
	buf_release(&tried);
	return found;
}

char *find_runbook(const char *name, struct err *err)
{
	if (!is_path(name)) {
		char *folder = xasprintf("runbooks/%s", name);
		char *file = xasprintf("runbooks/%s.json", name);
		const char *const rels[] = { folder, file, NULL };
		char *found = file_exists(name) && *name == '.'
				  ? xstrdup(name)
				  : find_first(rels, err, "runbook", name);
		free(folder);
		free(file);
		return found;
	}
	if (file_exists(name))
		return xstrdup(name);
	err_sys(err, "runbook %s", name);
	return NULL;
}

/* Whether the root before it in the order has a runbook of that name already. */
static bool stands_before(char *const *roots, size_t root, const char *name)
{
	bool found = false;
	for (size_t i = 0; i < root && !found; i++) {
		char *path = xasprintf("%s/runbooks/%s/runbook.json", roots[i], name);
		found = file_exists(path);
		free(path);
	}
	return found;
}

void find_each(void (*fn)(const char *name, void *data), void *data)
{
	char *roots[4];
	size_t n = find_roots(roots);

	for (size_t i = 0; i < n; i++) {
		struct dirent **entries = NULL;
		char *folder = path_join(roots[i], "runbooks");
		int count = scandir(folder, &entries, NULL, alphasort);

		for (int k = 0; k < count; k++) {
			const char *name = entries[k]->d_name;
			char *path = xasprintf("%s/%s/runbook.json", folder, name);
			if (*name != '.' && file_exists(path) && !stands_before(roots, i, name))
				fn(name, data);
			free(path);
			free(entries[k]);
		}
		free(entries);
		free(folder);
	}
	for (size_t i = 0; i < n; i++)
		free(roots[i]);
}

char *find_target(const char *name, const char *system, struct err *err)
{
	if (!is_path(name)) {
		char *apart = xasprintf("targets/%s/%s.json", system, name);
		char *beside = xasprintf("runbooks/targets/%s/%s.json", system, name);
		const char *const rels[] = { apart, beside, NULL };
		char *found = find_first(rels, err, "target", name);
		free(apart);
		free(beside);
		return found;
	}
	if (file_exists(name))
		return xstrdup(name);
	err_sys(err, "target %s", name);
	return NULL;
}

/* ---- a runbook's files ---- */

struct paths {
	char **list;
	size_t n, cap;
};

static bool is_document(const char *name)
{
	size_t len = strlen(name);
	return *name != '.' && len > 5 && strcmp(name + len - 5, ".json") == 0;
}

/* Sandboxes and targets have formats of their own. */
static bool is_apart(const char *name)
{
	return *name == '.' || strcmp(name, "drill") == 0 || strcmp(name, "targets") == 0;
}

static int walk(const char *folder, int depth, struct paths *paths, struct err *err)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), result = 0;

	if (n < 0)
		return err_sys(err, "%s can't be read", folder);
	for (int i = 0; i < n; i++) {
		char *path = path_join(folder, entries[i]->d_name);
		struct stat st;
		bool there = lstat(path, &st) == 0;
		if (there && S_ISDIR(st.st_mode) && !is_apart(entries[i]->d_name) &&
		    depth < DEPTH_MAX && result == 0)
			result = walk(path, depth + 1, paths, err);
		if (there && !S_ISDIR(st.st_mode) && is_document(entries[i]->d_name)) {
			paths->list =
			    xgrow(paths->list, &paths->cap, paths->n + 1, sizeof(*paths->list));
			paths->list[paths->n++] = path;
			path = NULL;
		}
		free(path);
		free(entries[i]);
	}
	free(entries);
	return result;
}

/* "runbook.json" says what the system is: it comes first. */
static void main_first(struct paths *paths, const char *folder)
{
	char *main = path_join(folder, "runbook.json");
	for (size_t i = 1; i < paths->n; i++) {
		if (strcmp(paths->list[i], main) != 0)
			continue;
		char *moving = paths->list[i];
		memmove(&paths->list[1], &paths->list[0], i * sizeof(*paths->list));
		paths->list[0] = moving;
	}
	free(main);
}

char **find_documents(const char *path, size_t *n, struct err *err)
{
	struct paths paths = { 0 };
	struct stat st;

	*n = 0;
	if (stat(path, &st) < 0) {
		err_sys(err, "runbook %s", path);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		paths.list = xcalloc(1, sizeof(*paths.list));
		paths.list[paths.n++] = xstrdup(path);
	} else if (walk(path, 0, &paths, err) < 0) {
		find_release(paths.list, paths.n);
		return NULL;
	}
	if (paths.n == 0) {
		err_set(err, "runbook %s holds no *.json", path);
		return NULL;
	}
	main_first(&paths, path);
	*n = paths.n;
	return paths.list;
}

void find_release(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}
