/*
 * SHA-256 (FIPS 180-4), through libcrypto. Digests are 64 lower-case hexadecimal characters.
 */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include <stddef.h>

#include "lib/err.h"

#define SHA256_HEX 65 /* with the final NUL */

/* Of bytes in memory. */
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX]);
/* Reads the whole file; blocks as long as that takes. */
int sha256_file(const char *path, char out[SHA256_HEX], struct err *err);
/* Of bytes that come one after the other. sha256_end() frees it; `out` may be NULL. */
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *sha, const void *bytes, size_t len);
void sha256_end(struct sha256 *sha, char out[SHA256_HEX]);

#endif
