/* Finding things in a runbook by name, and the names of levels. */
#include <string.h>

#include "checklists/runbook.h"

#define LOOKUP(function, type, array, count)                                  \
	const type *function(const struct runbook *runbook, const char *name) \
	{                                                                     \
		for (size_t i = 0; i < runbook->count; i++)                   \
			if (strcmp(runbook->array[i].name, name) == 0)        \
				return &runbook->array[i];                    \
		return NULL;                                                  \
	}

LOOKUP(runbook_param, struct param, params, nparams)
LOOKUP(runbook_source, struct source_def, sources, nsources)
LOOKUP(runbook_metric, struct metric, metrics, nmetrics)
LOOKUP(runbook_condition, struct condition, conditions, nconditions)
LOOKUP(runbook_checklist, struct checklist, checklists, nchecklists)
LOOKUP(runbook_gate, struct gate, gates, ngates)
LOOKUP(runbook_deployment, struct deployment, deployments, ndeployments)
LOOKUP(runbook_routine, struct routine, routines, nroutines)
LOOKUP(runbook_phase, struct phase, phases, nphases)
LOOKUP(runbook_contact, struct contact, contacts, ncontacts)
LOOKUP(runbook_message, struct message, messages, nmessages)
static LOOKUP(procedure_own, struct procedure, procedures, nprocedures)

    const struct procedure *runbook_procedure(const struct runbook *runbook, const char *name)
{
	for (size_t i = 0; i < runbook->nitem_procedures; i++)
		if (strcmp(runbook->item_procedures[i]->name, name) == 0)
			return runbook->item_procedures[i];
	return procedure_own(runbook, name);
}

const struct band *runbook_band(const struct runbook *runbook, const struct metric *metric)
{
	for (size_t i = 0; i < runbook->nbands; i++)
		for (size_t k = 0; k < runbook->bands[i].nrows; k++)
			if (runbook->bands[i].rows[k].metric == metric)
				return &runbook->bands[i].rows[k];
	return NULL;
}

static struct probe *probe_in(struct probe *const *probes, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(probes[i]->id, id) == 0)
			return probes[i];
	return NULL;
}

struct probe *runbook_probe(const struct runbook *runbook, const char *id)
{
	struct probe *probe = probe_in(runbook->probes, runbook->nprobes, id);
	return probe ? probe : probe_in(runbook->inline_probes, runbook->ninline_probes, id);
}

const struct report_field_def *runbook_report_field(const struct runbook *runbook, const char *id)
{
	for (size_t s = 0; s < runbook->report.nsections; s++) {
		const struct report_section_def *section = &runbook->report.sections[s];

		for (size_t i = 0; i < section->nfields; i++)
			if (strcmp(section->fields[i].id, id) == 0)
				return &section->fields[i];
	}
	return NULL;
}

bool runbook_report_asks(const struct runbook *runbook, enum report_part part)
{
	for (size_t s = 0; s < runbook->report.nsections; s++) {
		const struct report_section_def *section = &runbook->report.sections[s];

		for (size_t i = 0; section->with == part && i < section->nfields; i++)
			if (section->fields[i].ask)
				return true;
	}
	return false;
}

const struct step *procedure_step(const struct procedure *procedure, const char *id)
{
	for (size_t i = 0; i < procedure->nsteps; i++)
		if (strcmp(procedure->steps[i].id, id) == 0)
			return &procedure->steps[i];
	return NULL;
}

static const char *const level_names[] = { "ok", "info", "warning", "critical" };
static const char *const severity_names[] = { "low", "medium", "high", "critical" };
static const char *const risk_names[] = { "low", "medium", "high" };

const char *level_name(enum level level)
{
	return level_names[level];
}

const char *severity_name(enum severity severity)
{
	return severity_names[severity];
}

int severity_parse(const char *name, enum severity *severity)
{
	for (size_t i = 0; i < sizeof(severity_names) / sizeof(*severity_names); i++) {
		if (strcmp(severity_names[i], name) == 0) {
			*severity = (enum severity)i;
			return 0;
		}
	}
	return -1;
}

const char *risk_name(enum risk risk)
{
	return risk_names[risk];
}
