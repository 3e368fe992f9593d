#include "core/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/jdoc.h"

#define HOST_MAX 256

static json_t *host_refused(const struct target *target, const char *host, struct err *err)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < json_array_size(target->hosts); i++)
		buf_printf(&names, "%s%s", i ? ", " : "",
			   json_string_value(json_array_get(target->hosts, i)));
	err_set(err, "wrong host: this is %s; target %s is worked on from %s", host, target->name,
		buf_str(&names));
	err_hint(err, "log in there, or name the target that is meant");
	buf_release(&names);
	return NULL;
}

json_t *identity_host(const struct target *target, struct err *err)
{
	const json_t *hosts = target ? target->hosts : NULL;
	char host[HOST_MAX] = "";
	bool named = json_array_size(hosts) == 0;

	if (gethostname(host, sizeof(host) - 1) != 0) {
		err_sys(err, "the host's name can't be told");
		return NULL;
	}
	for (size_t i = 0; i < json_array_size(hosts) && !named; i++)
		named = strcmp(json_string_value(json_array_get(hosts, i)), host) == 0;
	return named ? json_pack("{s:s, s:{}}", "host", host, "sources")
		     : host_refused(target, host, err);
}

static const struct source_type *type_of(struct sense *sense, const char *name)
{
	const struct source_def *def = runbook_source(sense_runbook(sense), name);

	return def && def->what.type ? source_type(def->what.type->name) : NULL;
}

static int source_add(json_t *sources, struct sense *sense, const char *name, int64_t deadline,
		      bool *wrong, struct err *err)
{
	const struct source_type *type = type_of(sense, name);
	const json_t *declared;
	json_t *who;

	if (!type || !type->identity || json_object_get(sources, name))
		return 0;
	declared = sense_declared(sense, name);
	if (!declared)
		return err_set(err, "source %s: a parameter is missing", name);
	who = type->identity(declared, deadline, wrong, err);
	if (!who)
		return err_wrap(err, "source %s", name);
	json_object_set_new(sources, name, who);
	return 0;
}

/* A server that is full lets only some roles in: who is there is told by another source of the same
 * action that leads to the same place. */
static bool told_by_another(const json_t *sources, struct sense *sense, const struct type *action,
			    const json_t *args, const char *name)
{
	const struct source_type *type = type_of(sense, name);
	bool told = false;

	for (const struct field *field = action->fields; field->name && !told; field++) {
		const char *other = json_str(args, field->name, NULL);

		told = field->type == FIELD_SOURCE && other && strcmp(other, name) != 0 &&
		       type->same_place && type_of(sense, other) == type &&
		       json_object_get(sources, other) &&
		       type->same_place(sense_declared(sense, name), sense_declared(sense, other));
	}
	return told;
}

int identity_add(json_t *who, struct sense *sense, const struct type *action, const json_t *args,
		 int64_t deadline, bool *wrong, struct err *err)
{
	json_t *sources = json_object_get(who, "sources");
	struct err why = ERR_INIT;
	const char *unknown = NULL;

	*wrong = false;
	for (const struct field *field = action->fields; field->name && !*wrong; field++) {
		const char *name = json_str(args, field->name, NULL);
		struct err one = ERR_INIT;

		if (field->type != FIELD_SOURCE || !name ||
		    source_add(sources, sense, name, deadline, wrong, &one) == 0)
			continue;
		if (!unknown || *wrong) {
			unknown = name;
			why = one;
		}
	}
	if (!unknown || (!*wrong && told_by_another(sources, sense, action, args, unknown)))
		return 0;
	err_set(err, "%s", why.msg);
	return why.hint[0] ? err_hint(err, "%s", why.hint) : -1;
}

json_t *identity_within(struct sense *sense, const char *folder, int64_t deadline)
{
	const struct runbook *runbook = sense_runbook(sense);
	json_t *sources = json_object();

	for (size_t i = 0; i < runbook->nsources; i++) {
		const char *name = runbook->sources[i].name;
		const struct source_type *type = type_of(sense, name);
		const json_t *declared = type && type->within ? sense_declared(sense, name) : NULL;
		bool wrong;

		if (declared && type->within(declared, folder))
			source_add(sources, sense, name, deadline, &wrong, NULL);
	}
	if (json_object_size(sources) > 0)
		return json_pack("{s:o}", "sources", sources);
	json_decref(sources);
	return NULL;
}

static int contradicted(const char *what, const char *key, const char *expected, const char *found,
			struct err *err)
{
	err_set(err, "%s is not the one that was approved: %s is \"%s\", approved was \"%s\"", what,
		key, found, expected);
	return err_hint(err, "if the new one is meant, stop, make the plan again and approve that");
}

static int compare_texts(const char *what, const json_t *expected, const json_t *found,
			 struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)expected, key, value) {
		const char *was = json_string_value(value), *is = json_str(found, key, NULL);

		if (was && is && strcmp(was, is) != 0)
			return contradicted(what, key, was, is, err);
	}
	return 0;
}

int identity_compare(const json_t *expected, const json_t *found, struct err *err)
{
	const json_t *sources = json_object_get(expected, "sources");
	const char *name;
	json_t *who;

	if (compare_texts("this host", expected, found, err) != 0)
		return -1;
	json_object_foreach((json_t *)sources, name, who) {
		const json_t *now = json_object_get(json_object_get(found, "sources"), name);
		char what[128];

		snprintf(what, sizeof(what), "source %s", name);
		if (compare_texts(what, who, now, err) != 0)
			return -1;
	}
	return 0;
}
