/* backout probe: evaluates probes now, once. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/sense.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define USAGE	 "probe RUNBOOK [PROBE...] [--target T] [--json]"
#define PROBE_US (30 * CLOCK_US)

static void add_text(struct buf *out, const struct probe *probe, const struct reading *reading)
{
	buf_printf(out, "%-8s %-28s ", verdict_name(reading->verdict), probe->id);
	text_clean(out, reading->evidence, strlen(reading->evidence));
	buf_putc(out, '\n');
}

static void add_json(struct buf *out, const struct probe *probe, const struct reading *reading)
{
	char at[TIME_RFC3339_MAX];
	json_t *line =
	    json_pack("{s:s, s:s, s:s, s:o}", "probe", probe->id, "verdict",
		      verdict_name(reading->verdict), "at", time_rfc3339(reading->at, at),
		      "evidence", json_text(reading->evidence, strlen(reading->evidence)));
	char *text;

	if (reading->has_value) {
		json_object_set_new(line, "value", json_real(reading->value));
		json_object_set_new(line, "unit", json_string(reading->unit));
	}
	if (reading->text[0])
		json_object_set_new(line, "text", json_text(reading->text, strlen(reading->text)));
	text = json_ascii(line, 0);
	buf_printf(out, "%s\n", text);
	free(text);
	json_decref(line);
}

/* Each is printed as soon as it is known: some take their time. */
static int probe_one(struct sense *sense, const struct probe *probe, bool json, bool *holds)
{
	struct buf out = BUF_INIT;
	struct reading reading;
	int status;

	sense_eval(sense, probe, 0, PROBE_US, &reading);
	if (json)
		add_json(&out, probe, &reading);
	else
		add_text(&out, probe, &reading);
	*holds = *holds && reading.verdict == VERDICT_PASS;
	status = cli_print(&out);
	buf_release(&out);
	return status;
}

static int probe_named(const struct loaded *loaded, char **names, int n, bool json)
{
	struct err err = ERR_INIT;
	struct sense *sense =
	    sense_new(NULL, &clock_system, loaded->runbook, loaded->target, NULL, NULL, &err);
	struct kept *kept =
	    loaded->target ? kept_new(loaded->runbook->system, loaded->target->name, &clock_system)
			   : NULL;
	bool holds = true;
	int status = EXIT_HOLDS;

	if (sense && kept)
		sense_keep(sense, kept);

	for (int i = 0; i < n && sense; i++) {
		if (!runbook_probe(loaded->runbook, names[i])) {
			err_set(&err, "the runbook has no probe %s", names[i]);
			status = EXIT_USAGE;
		}
	}
	for (int i = 0; i < n && status == EXIT_HOLDS && sense; i++)
		status = probe_one(sense, runbook_probe(loaded->runbook, names[i]), json, &holds);
	for (size_t i = 0; !n && i < loaded->runbook->nprobes && status == EXIT_HOLDS && sense; i++)
		status = probe_one(sense, loaded->runbook->probes[i], json, &holds);
	if (err.set)
		cli_error(&err);
	sense_free(sense);
	kept_free(kept);
	return status == EXIT_HOLDS && !holds ? EXIT_FAILED : status;
}

int cmd_probe(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	const char *target = NULL;
	struct loaded loaded;
	bool json = false;
	int option, status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
		if (option == 't')
			target = optarg;
		else if (option == 'j')
			json = true;
		else
			return cli_usage(USAGE);
	}
	if (optind >= argc)
		return cli_usage(USAGE);
	status = cli_load(&loaded, argv[optind], target);
	if (status != EXIT_HOLDS)
		return status;
	status = probe_named(&loaded, argv + optind + 1, argc - optind - 1, json);
	loaded_release(&loaded);
	return status;
}
