/*
 * The ledger: append-only, synced, hash-chained lines. It knows lines and hashes, not what events
 * mean.
 *
 * Format and hashing rule: man/backout-ledger.5. A folder holds ledger.jsonl, and ledger-2.jsonl
 * ... after a failed sync (a segment whose sync failed is never written again). Appending takes the
 * folder's lock for the time of one append; several processes may append and read.
 */
#ifndef LOGS_LEDGER_H
#define LOGS_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/jflat.h"
#include "lib/redact.h"
#include "lib/sha256.h"

struct ledger;

struct ledger_head {
	uint64_t seq;	       /* of the last line; 0: none yet */
	char hash[SHA256_HEX]; /* of the last line, or of the beginning */
};

/* One line as it was read; all of it is borrowed for the time of the call. */
struct ledger_line {
	uint64_t seq;
	int64_t at; /* wall time, microseconds */
	const char *event;
	const char *bytes; /* as they stand in the file, without the newline */
	size_t len;
	const struct jflat *fields; /* the whole object */
};

/* The hash that the first line's `prev` must be: SHA-256 over "ID\nRUNBOOK\nTARGET\n" where RUNBOOK
 * and TARGET are the hexadecimal hashes of the frozen files. */
void ledger_beginning(const char *id, const char *runbook_hash, const char *target_hash,
		      char out[SHA256_HEX]);

/* Makes the first segment in `folder` (which exists) with a preallocated reserve. The clock and the
 * redactor are borrowed. */
struct ledger *ledger_create(const char *folder, const char beginning[SHA256_HEX],
			     const struct clock *clock, const struct redactor *redactor,
			     struct err *err);
/* Opens an existing ledger and verifies what is there. A torn last line is set aside
 * (ledger.jsonl.torn-N) under the lock before the next append, and *torn says so. */
struct ledger *ledger_open(const char *folder, const char beginning[SHA256_HEX],
			   const struct clock *clock, const struct redactor *redactor, bool *torn,
			   struct err *err);
/* The same; calls `fn` with each line meanwhile, as ledger_read() would, which goes on behind them.
 * After a failure `fn` was called with the lines in front of the damage. */
struct ledger *ledger_replay(const char *folder, const char beginning[SHA256_HEX],
			     const struct clock *clock, const struct redactor *redactor,
			     void (*fn)(const struct ledger_line *line, void *data), void *data,
			     bool *torn, struct err *err);
void ledger_close(struct ledger *ledger);

/* Who writes; put into `by` of every line. Strings are copied. */
void ledger_by(struct ledger *ledger, const json_t *by);

/* Appends {"event": event, fields...}; returns after fdatasync. The head is read anew under the
 * lock, so that lines of others come before. With `expect` non-NULL: called under the lock with
 * each line that came since the caller last read; when it returns false nothing is appended, the
 * error says that the head has moved, and *moved (may be NULL) is true. */
int ledger_append(struct ledger *ledger, const char *event, const json_t *fields,
		  bool (*expect)(const struct ledger_line *line, void *data), void *data,
		  bool *moved, struct err *err);
/* Calls `fn` with each line up to the one that was appended last, as ledger_read() would; without
 * reading that one again when nothing came before it. */
int ledger_read_appended(struct ledger *ledger,
			 void (*fn)(const struct ledger_line *line, void *data), void *data,
			 struct err *err);
/* Calls `fn` for each line that was not read yet (the own appended ones, too). 0, or -1 on damage,
 * after the lines before it. */
int ledger_read(struct ledger *ledger, void (*fn)(const struct ledger_line *line, void *data),
		void *data, struct err *err);
/* Of the last line that was verified, read or appended. */
struct ledger_head ledger_head(const struct ledger *ledger);
/* Whether incident.closed stands at the end now, whether it was read or not. */
bool ledger_is_closed(const struct ledger *ledger);
/* A descriptor that becomes readable (inotify) when something was appended, until ledger_read():
 * for event loops. -1 when the system has no more of them. */
int ledger_watch_fd(const struct ledger *ledger);

enum ledger_result { LEDGER_GOOD, LEDGER_TORN, LEDGER_DAMAGED };

struct ledger_report {
	enum ledger_result result;
	uint64_t lines;
	char head[SHA256_HEX];
	char what[256]; /* "ledger.jsonl line 12: hash does not match its bytes" */
	bool closed;	/* the last event is incident.closed */
	bool sealed_ok; /* closed: the sealed files are there and their hashes match */
};

/* Verifies without changing anything; safe beside a writer. `head` (or NULL): the chain must
 * contain it; its first 16 digits or more are enough. A ledger copied without any of its sealed
 * files is good, with sealed_ok false and `what` saying so. -1 only when the files can't be read.
 */
int ledger_verify(const char *folder, const char beginning[SHA256_HEX], const char *head,
		  struct ledger_report *report, struct err *err);

#endif
