/*
 * Finding and loading runbooks and targets.
 */
#ifndef CORE_LOAD_H
#define CORE_LOAD_H

#include "checklists/runbook.h"
#include "checklists/target.h"
#include "lib/buf.h"
#include "lib/sha256.h"

/* A runbook with the documents it borrows from. */
struct loaded {
	char *path; /* owned: file or folder */
	struct jdoc *docs;
	size_t ndocs;
	struct jdoc target_doc;
	struct runbook *runbook; /* owned */
	struct target *target;	 /* owned; NULL: none was asked for */
	/* What is frozen into an incident, and its hashes: one JSON document each, sources joined,
	 * so that the folder alone suffices. Owned. */
	char *frozen_runbook, *frozen_target;
	char runbook_hash[SHA256_HEX], target_hash[SHA256_HEX];
};

/*
 * `name` is a path, or a name looked for in ./runbooks, $XDG_CONFIG_HOME/backout/runbooks,
 * /etc/backout/runbooks and the installed data folder. `target` is a path, or a name looked for as
 * targets/SYSTEM/NAME.json in the same places; NULL: none.
 * 0; -1 with err when a file is missing or unreadable (exit 2), -2 with `findings` filled when it
 * is invalid (exit 3; err says how many). Release works after failures, too. */
int load_runbook(struct loaded *loaded, const char *name, const char *target,
		 struct findings *findings, struct err *err);
/* From the frozen files of an incident's folder. */
int load_frozen(struct loaded *loaded, const char *folder, struct err *err);
void loaded_release(struct loaded *loaded);
/* Prints findings as "file:line:column: path: message" lines, suggestions indented behind. */
void findings_print(const struct findings *findings, struct buf *out);
/* New: the folder of a runbook's own data ("drill/..."), or NULL when it is a single file. */
char *loaded_folder(const struct loaded *loaded);

#endif
