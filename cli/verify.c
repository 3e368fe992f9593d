/* backout verify: is the ledger whole, and what was sealed unchanged? */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/incident.h"
#include "lib/jdoc.h"
#include "lib/text.h"

#define USAGE	 "verify INCIDENT [--head HASH] [--json]"
#define HEAD_MIN 16 /* digits: fewer could be hit by trying */

struct verify_call {
	const char *id, *head;
	bool json;
};

static const char *result_text(const struct ledger_report *report)
{
	switch (report->result) {
	case LEDGER_GOOD:
		return "good";
	case LEDGER_TORN:
		return "torn";
	case LEDGER_DAMAGED:
		break;
	}
	return "damaged";
}

static int print_json(const char *id, const struct ledger_report *report)
{
	struct buf out = BUF_INIT;
	json_t *one = json_object();
	char *line;
	int code;

	json_object_set_new(one, "incident", json_text(id, strlen(id)));
	json_object_set_new(one, "result", json_string(result_text(report)));
	json_object_set_new(one, "lines", json_integer((json_int_t)report->lines));
	json_object_set_new(one, "head", json_string(report->head));
	json_object_set_new(one, "closed", json_boolean(report->closed));
	if (report->closed)
		json_object_set_new(one, "sealed", json_boolean(report->sealed_ok));
	if (report->what[0])
		json_object_set_new(one, "what", json_text(report->what, strlen(report->what)));
	line = json_ascii(one, 0);
	buf_printf(&out, "%s\n", line);
	code = cli_print(&out);
	free(line);
	json_decref(one);
	buf_release(&out);
	return code;
}

static int print_good(const char *id, const struct ledger_report *report)
{
	struct buf out = BUF_INIT;
	int code;

	text_clean(&out, id, strlen(id));
	buf_printf(&out, ": good, %llu lines%s, head %s\n", (unsigned long long)report->lines,
		   !report->closed     ? ", not closed yet"
		   : report->sealed_ok ? ", sealed"
				       : ", closed",
		   report->head);
	if (report->what[0]) {
		buf_puts(&out, "note: ");
		text_clean(&out, report->what, strlen(report->what));
		buf_putc(&out, '\n');
	}
	code = cli_print(&out);
	buf_release(&out);
	return code;
}

static int verify(const struct verify_call *call, const char *folder)
{
	struct ledger_report report = { .result = LEDGER_DAMAGED };
	struct err err = ERR_INIT;
	const char *id = strrchr(folder, '/') + 1;
	int code;

	if (incident_verify(folder, call->head, &report, &err)) {
		err_wrap(&err, "incident %s can't be verified", id);
		cli_error(&err);
		return EXIT_LEDGER;
	}
	code = call->json ? print_json(id, &report) : EXIT_HOLDS;
	if (report.result != LEDGER_DAMAGED)
		return call->json ? code : print_good(id, &report);
	err_set(&err, "incident %s: %s", id, report.what);
	err_hint(&err, "the record was changed or damaged there; compare %s with a copy", folder);
	cli_error(&err);
	return EXIT_LEDGER;
}

static bool is_head(const char *head)
{
	size_t digits = strspn(head, "0123456789abcdef");

	return digits >= HEAD_MIN && digits < SHA256_HEX && !head[digits];
}

int cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "head", required_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct verify_call call = { .json = false };
	struct err err = ERR_INIT;
	char *folder;
	int option, code;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h')
			call.head = optarg;
		else if (option == 'j')
			call.json = true;
		else
			return cli_usage(USAGE);
	}
	if (optind + 1 != argc)
		return cli_usage(USAGE);
	call.id = argv[optind];
	if (call.head && !is_head(call.head)) {
		err_set(&err,
			"--head takes %d to %d hexadecimal digits, as the console and the report "
			"show them",
			HEAD_MIN, SHA256_HEX - 1);
		cli_error(&err);
		return EXIT_USAGE;
	}
	folder = incident_find(call.id, &err);
	if (!folder) {
		cli_error(&err);
		return EXIT_USAGE;
	}
	code = verify(&call, folder);
	free(folder);
	return code;
}
