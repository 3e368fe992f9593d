#include "drill/scenario.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "core/load.h"
#include "drill/env.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

static const char *const scenario_keys[] = { "title", "role", "briefing", "procedure",	"faults",
					     "facts", "well", "parts",	  "deployment", NULL };
static const char *const deployment_keys[] = { "name", "in", "decision", "faults_at", NULL };
static const char *const sandbox_keys[] = {
	"needs", "target", "parts", "healthy", "handles", NULL
};

static int complain(const struct jdoc *doc, const char *pointer, struct err *err, const char *what)
{
	struct jwhere at = jdoc_key(doc, pointer);

	return err_set(err, "%s:%d:%d: %s: %s", doc->name, at.line, at.column, pointer, what);
}

static bool listed(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i]; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static int check_keys(const struct jdoc *doc, const char *const *keys, struct err *err)
{
	const char *key;
	json_t *value;
	int result = 0;

	if (!json_is_object(doc->root))
		return complain(doc, "", err, "an object was expected");
	json_object_foreach(doc->root, key, value) {
		char *pointer = xasprintf("/%s", key);

		if (!listed(keys, key))
			result = complain(doc, pointer, err, "unknown key");
		free(pointer);
	}
	return result;
}

static bool type_has(const struct type *type, const char *name)
{
	if (!strcmp(name, "say"))
		return true;
	for (const struct field *field = type->fields; field->name; field++) {
		if (!strcmp(field->name, name))
			return true;
	}
	return false;
}

/* Each object is of a known type, has its required fields and no others. */
static int check_typed(const struct jdoc *doc, const char *section,
		       const struct drill_type *const *types, struct err *err)
{
	const json_t *object;
	size_t i;

	json_array_foreach(json_object_get(doc->root, section), i, object) {
		const struct drill_type *type = drill_type_of(types, object, err);
		char *pointer = xasprintf("/%s/%zu", section, i);
		int bad = type ? 0 : complain(doc, pointer, err, "of no known type");
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)object, key, value) {
			if (type && !type_has(&type->type, key))
				bad = complain(doc, pointer, err, key);
		}
		for (const struct field *f = type ? type->type.fields : NULL; f && f->name; f++) {
			if (f->required && !json_object_get(object, f->name))
				bad = complain(doc, pointer, err, f->name);
		}
		free(pointer);
		if (bad)
			return err_wrap(err, "the drill's data");
	}
	return 0;
}

/* New: the folder of a runbook, by path or name. */
static char *runbook_folder(const char *runbook, struct err *err)
{
	struct findings findings = { 0 };
	struct loaded loaded = { 0 };
	char *folder = NULL;
	int result = load_runbook(&loaded, runbook, NULL, &findings, err);

	if (result == 0) {
		folder = loaded_folder(&loaded);
		if (!folder)
			err_set(err, "runbook %s is a single file: drills need a folder", runbook);
	} else if (result == -2) {
		err_hint(err, "backout check %s lists every mistake", runbook);
	}
	findings_release(&findings);
	loaded_release(&loaded);
	return folder;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_json(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

/* Names of the scenarios, sorted; new array of new strings, `*n` of them. */
static char **scenario_names(const char *data, size_t *n)
{
	char *folder = path_join(data, "scenarios");
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_json, by_name);
	char **names = xcalloc((size_t)(count > 0 ? count : 0) + 1, sizeof(*names));

	*n = 0;
	for (int i = 0; i < count; i++) {
		names[(*n)++] = xstrndup(entries[i]->d_name, strlen(entries[i]->d_name) - 5);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return names;
}

static void names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int pick_name(struct scenario *scenario, const char *name, struct err *err)
{
	struct buf list = BUF_INIT;
	size_t n;
	char **names = scenario_names(scenario->data, &n);

	for (size_t i = 0; i < n; i++) {
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
		if (!scenario->name && (!name || !strcmp(names[i], name)))
			scenario->name = xstrdup(names[i]);
	}
	if (!scenario->name && n == 0)
		err_set(err, "%s has no drill scenarios", scenario->runbook);
	else if (!scenario->name) {
		err_set(err, "%s has no scenario \"%s\"", scenario->runbook, name);
		err_hint(err, "it has: %s", buf_str(&list));
	}
	names_free(names, n);
	buf_release(&list);
	return scenario->name ? 0 : -1;
}

static int load_doc(struct jdoc *doc, const char *folder, const char *file, struct err *err)
{
	char *path = path_join(folder, file);
	int result = jdoc_load(doc, path, err);

	free(path);
	return result;
}

/* "-2m" or "10m", from T. */
static int parse_offset(const char *text, int64_t *us)
{
	bool before = *text == '-';

	if (duration_parse(text + before, us) < 0)
		return -1;
	*us = before ? -*us : *us;
	return 0;
}

/* The deployment that is walked through: its keys, and times that can be read. */
static int read_deployment(struct scenario *scenario, struct err *err)
{
	const json_t *object = json_object_get(scenario->doc.root, "deployment");
	const char *key, *at = json_str(object, "faults_at", NULL);
	json_t *value;

	scenario->deployment = json_str(object, "name", NULL);
	scenario->decision = json_str(object, "decision", NULL);
	if (!object)
		return 0;
	json_object_foreach((json_t *)object, key, value) {
		if (!listed(deployment_keys, key))
			return complain(&scenario->doc, "/deployment", err, "unknown key");
	}
	if (!scenario->deployment || !scenario->decision ||
	    duration_parse(json_str(object, "in", ""), &scenario->in_us) < 0)
		return complain(&scenario->doc, "/deployment", err,
				"\"name\", \"in\" (a duration) and \"decision\" were expected");
	scenario->timed = at != NULL;
	if (at && parse_offset(at, &scenario->faults_us) < 0)
		return complain(&scenario->doc, "/deployment/faults_at", err,
				"a duration from T was expected");
	return 0;
}

int scenario_load(struct scenario *scenario, const char *runbook, const char *name, struct err *err)
{
	char *file = NULL;
	int result = -1;

	*scenario = (struct scenario){ 0 };
	scenario->runbook = runbook_folder(runbook, err);
	if (!scenario->runbook)
		goto out;
	scenario->data = path_join(scenario->runbook, "drill");
	if (pick_name(scenario, name, err) < 0)
		goto out;
	file = xasprintf("scenarios/%s.json", scenario->name);
	if (load_doc(&scenario->sandbox_doc, scenario->data, "sandbox.json", err) < 0 ||
	    load_doc(&scenario->doc, scenario->data, file, err) < 0)
		goto out;
	if (check_keys(&scenario->sandbox_doc, sandbox_keys, err) < 0 ||
	    check_keys(&scenario->doc, scenario_keys, err) < 0 ||
	    check_typed(&scenario->sandbox_doc, "parts", part_types, err) < 0 ||
	    check_typed(&scenario->doc, "parts", part_types, err) < 0 ||
	    check_typed(&scenario->doc, "faults", fault_types, err) < 0 ||
	    read_deployment(scenario, err) < 0)
		goto out;
	result = 0;
out:
	free(file);
	if (result < 0)
		scenario_release(scenario);
	return result;
}

void scenario_release(struct scenario *scenario)
{
	jdoc_release(&scenario->doc);
	jdoc_release(&scenario->sandbox_doc);
	free(scenario->runbook);
	free(scenario->data);
	free(scenario->name);
	*scenario = (struct scenario){ 0 };
}

int scenario_each(const char *runbook, void (*fn)(const char *name, const char *title, void *data),
		  void *data, struct err *err)
{
	char *folder = runbook_folder(runbook, err);
	char *drill, **names;
	size_t n;
	int result = 0;

	if (!folder)
		return -1;
	drill = path_join(folder, "drill");
	names = scenario_names(drill, &n);
	for (size_t i = 0; i < n && result == 0; i++) {
		char *file = xasprintf("scenarios/%s.json", names[i]);
		struct jdoc doc = { 0 };

		result = load_doc(&doc, drill, file, err);
		if (result == 0)
			fn(names[i], json_str(doc.root, "title", ""), data);
		jdoc_release(&doc);
		free(file);
	}
	names_free(names, n);
	free(drill);
	free(folder);
	return result;
}
