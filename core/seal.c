#include "core/seal.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"

/* The chain itself vouches for its segments; what was set aside (ledger.jsonl.torn-1) is sealed. */
static bool is_apart(const char *rel)
{
	size_t len = strlen(rel);
	bool segment =
	    strncmp(rel, "ledger", 6) == 0 && len > 6 && strcmp(rel + len - 6, ".jsonl") == 0;
	bool lock = len >= 4 && strcmp(rel + len - 4, "lock") == 0;

	return segment || lock;
}

static int seal_file(json_t *seal, const char *path, const char *rel, struct err *err)
{
	char hash[SHA256_HEX];
	json_t *name;

	if (sha256_file(path, hash, err))
		return -1;
	name = json_text(rel, strlen(rel));
	json_object_set_new(seal, json_string_value(name), json_string(hash));
	json_decref(name);
	return 0;
}

/* `rel` is "" for the incident's folder itself. */
static int seal_folder(json_t *seal, const char *folder, const char *rel, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, NULL, alphasort), result = 0;

	if (n < 0)
		return err_sys(err, "%s can't be read", folder);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char *path, *below;
		struct stat st;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		path = path_join(folder, name);
		below = *rel ? path_join(rel, name) : xstrdup(name);
		if (result || lstat(path, &st))
			result = result ? result : err_sys(err, "%s can't be read", path);
		else if (S_ISDIR(st.st_mode))
			result = seal_folder(seal, path, below, err);
		else if (S_ISREG(st.st_mode) && !is_apart(below))
			result = seal_file(seal, path, below, err);
		free(path);
		free(below);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return result;
}

json_t *seal_make(const char *folder, struct err *err)
{
	json_t *seal = json_object();

	if (seal_folder(seal, folder, "", err) == 0)
		return seal;
	json_decref(seal);
	return NULL;
}
