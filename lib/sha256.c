#include "lib/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"

static void digest_hex(const unsigned char *digest, char out[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[SHA256_HEX - 1] = '\0';
}

/* The algorithm, looked up once: each EVP_sha256() would be looked up again by OpenSSL 3, for lines
 * of some hundred bytes half of the work. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	/* A fetch from what could not be set up for want of memory would crash in there. */
	if (!found &&
	    (!OSSL_LIB_CTX_get0_global_default() || !(found = EVP_MD_fetch(NULL, "SHA256", NULL))))
		mem_exhausted();
	return found;
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX])
{
	static EVP_MD_CTX *context;
	unsigned char digest[EVP_MAX_MD_SIZE];

	/* Only a library without memory fails here (or, where OpenSSL is broken, without SHA-256).
	 */
	if ((!context && !(context = EVP_MD_CTX_new())) ||
	    !EVP_DigestInit_ex(context, sha256(), NULL) || !EVP_DigestUpdate(context, bytes, len) ||
	    !EVP_DigestFinal_ex(context, digest, NULL))
		mem_exhausted();
	digest_hex(digest, out);
}

struct sha256 {
	EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *sha = xcalloc(1, sizeof(*sha));

	sha->context = EVP_MD_CTX_new();
	if (!sha->context || !EVP_DigestInit_ex(sha->context, sha256(), NULL))
		mem_exhausted();
	return sha;
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t len)
{
	if (!EVP_DigestUpdate(sha->context, bytes, len))
		mem_exhausted();
}

void sha256_end(struct sha256 *sha, char out[SHA256_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (!EVP_DigestFinal_ex(sha->context, digest, NULL))
		mem_exhausted();
	if (out)
		digest_hex(digest, out);
	EVP_MD_CTX_free(sha->context);
	free(sha);
}

int sha256_file(const char *path, char out[SHA256_HEX], struct err *err)
{
	enum { CHUNK = 1 << 18 };
	struct sha256 *sha;
	char *chunk;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "%s: can't be opened", path);
	sha = sha256_new();
	chunk = xmalloc(CHUNK);
	while ((got = read(fd, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_sys(err, "%s: can't be read", path);
			break;
		}
		sha256_add(sha, chunk, (size_t)got);
	}
	close(fd);
	free(chunk);
	sha256_end(sha, got < 0 ? NULL : out);
	return got < 0 ? -1 : 0;
}
