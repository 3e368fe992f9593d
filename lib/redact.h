/*
 * Secrets never reach the ledger, the screen or a file.
 *
 * A redactor knows literal secrets (values of parameters marked secret), also as they stand in
 * URLs, JSON and base64, and each line of those that have several; and shapes: `password=` in
 * connection strings and URLs ("postgresql://user:PASS@"), `Authorization:` headers, tokens
 * behind --token/--password. Each is replaced by "[redacted]".
 */
#ifndef LIB_REDACT_H
#define LIB_REDACT_H

#include <jansson.h>
#include <stddef.h>

#include "lib/buf.h"

struct redactor;

/* New: knows the shapes, and no secret yet. */
struct redactor *redactor_new(void);
void redactor_free(struct redactor *redactor);
/* Copies the secret; ones shorter than 4 bytes are ignored (they would blank out ordinary text). */
void redactor_add(struct redactor *redactor, const char *secret);
/* Appends `bytes` with every secret replaced. `redactor` may be NULL: then only shapes. */
void redact(const struct redactor *redactor, struct buf *out, const char *bytes, size_t len);
/* The same for text that was cut off somewhere: what may be the beginning of a secret at its end
 * goes, too. */
void redact_cut(const struct redactor *redactor, struct buf *out, const char *bytes, size_t len);
/* How many bytes at the end of `bytes` may be the beginning of something that must be replaced, and
 * have to wait for what comes behind them; at most 4 KiB and the longest secret. */
size_t redact_pending(const struct redactor *redactor, const char *bytes, size_t len);
/* New: a deep copy with every string redacted; also the values of members called password, token
 * and the like, and what follows --token or --password in a list (an argv). */
json_t *redact_json(const struct redactor *redactor, const json_t *value);

#endif
