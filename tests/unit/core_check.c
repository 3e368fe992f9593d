/* The checker with the real vocabulary on the folders of tests/runbooks; loading, freezing, trust.
 */
#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/find.h"
#include "core/load.h"
#include "core/trust.h"
#include "core/vocabulary.h"
#include "lib/file.h"
#include "lib/mem.h"

#define VALID	"tests/runbooks/valid"
#define INVALID "tests/runbooks/invalid"

static char *read_text(const char *path)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	if (file_read(path, &text, 1 << 20, &err) < 0)
		fail_msg("%s", err.msg);
	buf_puts(&text, "");
	return buf_detach(&text);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

/* `text` without any `word`. */
static char *without(const char *text, const char *word)
{
	struct buf out = BUF_INIT;
	size_t len = strlen(word);
	while (*text) {
		if (strncmp(text, word, len) == 0)
			text += len;
		else
			buf_putc(&out, *text++);
	}
	buf_puts(&out, "");
	return out.data ? buf_detach(&out) : xstrdup("");
}

static int load(struct loaded *loaded, const char *name, const char *target, char **printed)
{
	struct findings findings = { 0 };
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	int result = load_runbook(loaded, name, target, &findings, &err);
	assert_true((result == 0) == !err.set);
	findings_print(&findings, &out);
	if (printed)
		*printed = xstrdup(buf_str(&out));
	else if (result)
		print_message("# %s: %s\n%s", name, err.msg, buf_str(&out));
	buf_release(&out);
	findings_release(&findings);
	return result;
}

static void test_valid(void **state)
{
	(void)state;
	const char *const names[][2] = {
		{ VALID "/minimal", NULL },
		{ VALID "/minimal/runbook.json", NULL },
		{ VALID "/rich", NULL },
		{ VALID "/deployment", NULL },
		{ VALID "/rich", VALID "/rich/targets/staging.json" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct loaded loaded;
		assert_int_equal(load(&loaded, names[i][0], names[i][1], NULL), 0);
		assert_true((loaded.target != NULL) == (names[i][1] != NULL));
		loaded_release(&loaded);
	}
}

static void test_invalid(void **state)
{
	(void)state;
	struct dirent **entries;
	int n = scandir(INVALID, &entries, NULL, alphasort), cases = 0;
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			char *folder = xasprintf(INVALID "/%s", entries[i]->d_name);
			char *prefix = xasprintf("%s/", folder);
			char *path = xasprintf("%s/expected", folder);
			char *expected = read_text(path), *printed;
			struct loaded loaded;
			int result = load(&loaded, folder, NULL, &printed);
			char *got = without(printed, prefix);
			if (result != -2 || strcmp(got, expected) != 0)
				fail_msg("%s: result %d\nexpected:\n%s\ngot:\n%s", folder, result,
					 expected, got);
			assert_null(loaded.runbook);
			loaded_release(&loaded);
			free(got);
			free(printed);
			free(expected);
			free(path);
			free(prefix);
			free(folder);
			cases++;
		}
		free(entries[i]);
	}
	free(entries);
	assert_true(cases >= 25);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	char *folder = xstrdup("/tmp/core_check.XXXXXX");
	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

static void test_frozen(void **state)
{
	struct loaded loaded, frozen;
	struct err err = ERR_INIT;
	char hash[SHA256_HEX];
	char *runbook = path_join(*state, "runbook.json"),
	     *target = path_join(*state, "target.json");

	assert_int_equal(load(&loaded, VALID "/rich", VALID "/rich/targets/staging.json", NULL), 0);
	write_text(runbook, loaded.frozen_runbook, 0644);
	write_text(target, loaded.frozen_target, 0664);
	sha256_hex(loaded.frozen_runbook, strlen(loaded.frozen_runbook), hash);
	assert_string_equal(hash, loaded.runbook_hash);

	if (load_frozen(&frozen, *state, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(frozen.runbook_hash, loaded.runbook_hash);
	assert_string_equal(frozen.target_hash, loaded.target_hash);
	assert_int_equal(frozen.runbook->nprocedures, loaded.runbook->nprocedures);
	assert_int_equal(frozen.runbook->ninline_probes, loaded.runbook->ninline_probes);
	for (size_t i = 0; i < loaded.runbook->ninline_probes; i++)
		assert_string_equal(frozen.runbook->inline_probes[i]->id,
				    loaded.runbook->inline_probes[i]->id);
	assert_true(json_equal(frozen.target->params, loaded.target->params));
	loaded_release(&frozen);
	loaded_release(&loaded);

	/* What was damaged afterwards says where. */
	write_text(runbook, "{\"format\": 1}", 0644);
	assert_int_equal(load_frozen(&frozen, *state, &err), -1);
	assert_non_null(strstr(err.msg, "runbook.json:1:1"));
	loaded_release(&frozen);
	free(runbook);
	free(target);
}

static int trusted(const char *path, struct err *err)
{
	int fd = trust_open(path, err);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static void test_files_of_others(void **state)
{
	struct err err = ERR_INIT;
	char *path = path_join(*state, "runbook.json");
	char *text = read_text(VALID "/minimal/runbook.json");
	struct loaded loaded;

	write_text(path, text, 0644);
	assert_int_equal(load(&loaded, path, NULL, NULL), 0);
	loaded_release(&loaded);

	chmod(path, 0646);
	assert_int_equal(trusted(path, &err), -1);
	assert_non_null(strstr(err.msg, "writable by everyone"));
	assert_non_null(strstr(err.hint, "chmod o-w"));
	err_clear(&err);
	chmod(path, 0644);
	chmod(*state, 0777); /* then others can put another file in its place */
	assert_int_equal(trusted(path, &err), -1);
	err_clear(&err);
	chmod(*state, 01777);
	assert_int_equal(trusted(path, &err), 0);
	if (geteuid() == 0) {
		chmod(*state, 0755);
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(trusted(path, &err), -1);
		assert_non_null(strstr(err.msg, "belongs to another user"));
		err_clear(&err);
		setenv("SUDO_UID", "12345", 1);
		assert_int_equal(trusted(path, &err), 0);
		unsetenv("SUDO_UID");
		assert_int_equal(chown(path, 0, 12345), 0);
		chmod(path, 0664);
		assert_int_equal(trusted(path, &err), -1);
		assert_non_null(strstr(err.msg, "by a group"));
	}
	free(text);
	free(path);
}

static void test_finding_by_name(void **state)
{
	const char *const folders[] = { "config",
					"config/backout",
					"config/backout/runbooks",
					"config/backout/targets",
					"config/backout/targets/demo",
					"data",
					"data/runbooks",
					"data/runbooks/other" };
	char *text = read_text(VALID "/minimal/runbook.json");
	struct err err = ERR_INIT;
	char path[512];

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	snprintf(path, sizeof(path), "%s/config/backout/runbooks/mine.json", (char *)*state);
	write_text(path, text, 0644);
	snprintf(path, sizeof(path), "%s/data/runbooks/other/runbook.json", (char *)*state);
	write_text(path, text, 0644);
	snprintf(path, sizeof(path), "%s/config/backout/targets/demo/live.json", (char *)*state);
	write_text(path, "{\"target\": \"live\", \"system\": \"demo\", \"class\": \"live\"}", 0644);
	snprintf(path, sizeof(path), "%s/config", (char *)*state);
	setenv("XDG_CONFIG_HOME", path, 1);
	snprintf(path, sizeof(path), "%s/data", (char *)*state);
	setenv("BACKOUT_DATA_DIR", path, 1);

	struct loaded loaded;
	assert_int_equal(load(&loaded, "mine", "live", NULL), 0);
	assert_string_equal(loaded.target->name, "live");
	assert_null(loaded_folder(&loaded));
	loaded_release(&loaded);
	assert_int_equal(load(&loaded, "other", NULL, NULL), 0);
	char *folder = loaded_folder(&loaded);
	assert_non_null(strstr(folder, "data/runbooks/other"));
	free(folder);
	loaded_release(&loaded);

	assert_null(find_runbook("none", &err));
	assert_non_null(strstr(err.hint, "/etc/backout"));
	struct findings findings = { 0 };
	err_clear(&err);
	assert_int_equal(load_runbook(&loaded, "./none.json", NULL, &findings, &err), -1);
	loaded_release(&loaded);
	err_clear(&err);
	assert_int_equal(load_runbook(&loaded, "mine", "none", &findings, &err), -1);
	loaded_release(&loaded);
	unsetenv("BACKOUT_DATA_DIR");
	unsetenv("XDG_CONFIG_HOME");
	free(text);
}

/* Tables that the checker relies on. */
static void test_vocabulary(void **state)
{
	(void)state;
	const struct vocabulary *all = vocabulary_all();
	const struct type *const *const lists[] = { all->probes, all->actions };
	assert_non_null(all->manual);
	assert_ptr_equal(all, vocabulary_all());
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; lists[l][i]; i++) {
			assert_string_equal(lists[l][i]->fields[0].name, lists[l][i]->name);
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(lists[l][i]->name, lists[l][k]->name);
			for (const struct field *f = lists[l][i]->fields; f->name; f++) {
				assert_non_null(f->help);
				assert_true((f->choices != NULL) == (f->type == FIELD_CHOICE));
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vocabulary),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test_setup_teardown(test_frozen, begin, end),
		cmocka_unit_test_setup_teardown(test_files_of_others, begin, end),
		cmocka_unit_test_setup_teardown(test_finding_by_name, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
