#include "drill/well.h"

#include <stdlib.h>
#include <string.h>

#include "core/sense.h"
#include "core/vocabulary.h"
#include "lib/mem.h"
#include "sources/probe.h"

/* How long the parts may take until all are well. */
#define WELL_WITHIN (10 * CLOCK_US)

/* The scenario's own probes and facts as one more document of the runbook, so that the checker and
 * the ordinary evaluation serve here, too. New. */
static char *well_document(const struct scenario *scenario, const json_t *facts)
{
	json_t *params = json_object(), *doc;
	const char *name;
	json_t *value;
	char *text;

	json_object_foreach((json_t *)facts, name, value) {
		char *param = xasprintf("fact_%s", name);

		json_object_set_new(params, param,
				    json_pack("{s:s, s:s, s:o}", "type", "string", "help",
					      "taken before the fault", "default",
					      json_is_string(value) ? json_incref(value)
								    : json_string("")));
		free(param);
	}
	doc = json_pack("{s:o, s:O}", "parameters", params, "probes",
			json_object_get(scenario->doc.root, "well"));
	text = json_line(doc);
	json_decref(doc);
	return text;
}

/* The findings where the scenario has them: its questions are probes, and its facts parameters,
 * only for the checker. */
static int invalid(const struct scenario *scenario, const struct findings *findings,
		   struct err *err)
{
	static const char *const places[][2] = { { "/probes/", "/well/" },
						 { "/parameters/fact_", "/facts/" } };
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];
		const char *path = finding->path, *in = "";

		for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
			if (strncmp(path, places[p][0], strlen(places[p][0])))
				continue;
			path += strlen(places[p][0]);
			in = places[p][1];
			break;
		}
		buf_printf(&list, "%s%s%s: %s", i ? "; " : "", in, path, finding->message);
	}
	err_set(err, "%s: %s", scenario->doc.name, buf_str(&list));
	buf_release(&list);
	return -1;
}

bool well_asks(const struct probe *probe)
{
	if (probe->kind == PROBE_MANUAL)
		return false;
	if (probe->kind == PROBE_TYPED)
		return probe->ask.type && !probe_type(probe->ask.type->name)->recorded;
	for (size_t i = 0; i < probe->nparts; i++) {
		if (!probe->parts[i] || !well_asks(probe->parts[i]))
			return false;
	}
	/* "at least none" holds whatever the parts say. */
	return probe->nparts > 0 && (probe->kind != PROBE_AT_LEAST || probe->count > 0);
}

static int check_questions(const struct well *well, const struct scenario *scenario,
			   struct err *err)
{
	if (!well->nprobes) {
		err_set(err, "%s: \"well\" asks nothing", scenario->doc.name);
		return err_hint(err, "name probes that pass only when the fault is mended");
	}
	for (size_t i = 0; i < well->nprobes; i++) {
		if (well_asks(well->probes[i]))
			continue;
		err_set(err, "%s: /well/%s asks no part of the sandbox", scenario->doc.name,
			well->probes[i]->id);
		return err_hint(err, "a person, the record and empty lists can't tell whether all "
				     "is well: use probes that read the parts");
	}
	return 0;
}

int well_build(struct well *well, const struct loaded *loaded, const struct scenario *scenario,
	       const json_t *facts, struct err *err)
{
	const json_t *questions = json_object_get(scenario->doc.root, "well");
	char *text;
	struct findings findings = { 0 };
	const char *name;
	json_t *value;
	int result = -1;

	if (!json_is_object(questions))
		return check_questions(well, scenario, err);
	text =
	    well_document(scenario, facts ? facts : json_object_get(scenario->doc.root, "facts"));
	well->ndocs = loaded->ndocs + 1;
	well->docs = xcalloc(well->ndocs, sizeof(*well->docs));
	memcpy(well->docs, loaded->docs, loaded->ndocs * sizeof(*well->docs));
	if (jdoc_parse(&well->docs[loaded->ndocs], scenario->doc.name, text, strlen(text), err) < 0)
		goto out;
	well->runbook = runbook_build(well->docs, well->ndocs, vocabulary_all(), &findings);
	if (!well->runbook) {
		invalid(scenario, &findings, err);
		goto out;
	}
	well->probes = xcalloc(json_object_size(questions) + 1, sizeof(*well->probes));
	json_object_foreach((json_t *)questions, name, value)
		well->probes[well->nprobes++] = runbook_probe(well->runbook, name);
	result = check_questions(well, scenario, err);
out:
	findings_release(&findings);
	free(text);
	return result;
}

int well_bind(struct well *well, const struct loaded *loaded, struct err *err)
{
	struct findings findings = { 0 };

	well->target =
	    target_build(&loaded->target_doc, well->runbook, vocabulary_all(), &findings);
	if (!well->target) {
		struct buf list = BUF_INIT;

		findings_print(&findings, &list);
		err_set(err, "the sandbox's target does not fit \"well\": %s", buf_str(&list));
		buf_release(&list);
	}
	findings_release(&findings);
	return well->target ? 0 : -1;
}

int well_ask(const struct well *well, const struct clock *clock, json_t *wrong, struct err *err)
{
	struct sense *sense = sense_new(NULL, clock, well->runbook, well->target, NULL, NULL, err);
	struct reading *readings;
	enum verdict verdict;

	if (!sense)
		return -1;
	readings = xcalloc(well->nprobes + 1, sizeof(*readings));
	verdict = sense_verify(sense, well->probes, well->nprobes, (struct sense_window){ 0 },
			       WELL_WITHIN, readings);
	for (size_t i = 0; i < well->nprobes; i++) {
		const struct probe *probe = well->probes[i];

		if (readings[i].verdict != VERDICT_PASS)
			json_object_set_new(wrong, probe->title ? probe->title : probe->id,
					    json_text(readings[i].evidence,
						      strlen(readings[i].evidence)));
	}
	free(readings);
	sense_free(sense);
	return verdict == VERDICT_PASS ? 0 : 1;
}

void well_release(struct well *well)
{
	target_free(well->target);
	runbook_free(well->runbook);
	if (well->docs)
		jdoc_release(&well->docs[well->ndocs - 1]);
	free(well->docs);
	free(well->probes);
	*well = (struct well){ 0 };
}

int scenario_check(const struct scenario *scenario, struct err *err)
{
	struct findings findings = { 0 };
	struct loaded loaded = { 0 };
	struct well well = { 0 };
	int result = load_runbook(&loaded, scenario->runbook, NULL, &findings, err);

	if (result == 0)
		result = well_build(&well, &loaded, scenario, NULL, err);
	well_release(&well);
	findings_release(&findings);
	loaded_release(&loaded);
	return result ? -1 : 0;
}
