/* HTTPS: whose certificate is trusted, and until when it is valid. */
#include "tests/unit/scratch.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "sources/source.h"

static struct reading read_metric(struct source *source, const char *read)
{
	json_t *metric = json_pack("{s:s}", "read", read);
	struct reading reading = { 0 };

	source->type->read(source, metric, 0, &reading);
	json_decref(metric);
	return reading;
}

#define DAYS 40

/* A certificate for localhost that is its own authority, and its key, in one file. */
static void certificate_write(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), DAYS * 86400L);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
				   -1, 0);
	/* What somebody put into a name is no date. */
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
				   (const unsigned char *)"Expire date:Jan  1 00:00:00 2020 GMT",
				   -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	PEM_write_X509(file, cert);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* A TLS server on a unix socket; it says when it listens. */
static pid_t tls_start(const char *folder)
{
	static const char program[] =
	    "import http.server, os, socketserver, ssl, sys\n"
	    "class H(http.server.BaseHTTPRequestHandler):\n"
	    "    def do_GET(self):\n"
	    "        self.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nsafe')\n"
	    "    def address_string(self): return ''\n"
	    "    def log_message(self, *a): pass\n"
	    "os.chdir(sys.argv[1])\n"
	    "s = socketserver.UnixStreamServer('tls', H)\n"
	    "c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
	    "c.load_cert_chain('pem')\n"
	    "s.socket = c.wrap_socket(s.socket, server_side=True)\n"
	    "os.close(1)\n"
	    "s.serve_forever()\n";
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], 1);
		close(ready[0]);
		close(ready[1]);
		execlp("python3", "python3", "-c", program, folder, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void a_certificate_is_checked_and_dated(void **state)
{
	const char *folder = *state;
	char *pem = path_join(folder, "pem"), *socket_path = path_join(folder, "tls");
	struct source_env env = { .clock = &clock_system };
	struct buf told = BUF_INIT;
	struct source *source;
	json_t *args;
	pid_t server;

	certificate_write(pem);
	server = tls_start(folder);
	args = json_pack("{s:s, s:s}", "url", "https://localhost/", "socket", socket_path);
	source = source_type("http")->open(&env, "tls", args, NULL);
	source->type->sample(source);
	assert_float_equal(read_metric(source, "up").value, 0, 0);
	assert_non_null(strstr(read_metric(source, "up").evidence, "not trusted: "));
	source_close(source);
	json_object_set_new(args, "ca", json_string(pem));
	source = source_type("http")->open(&env, "tls", args, NULL);
	source->type->sample(source);
	assert_float_equal(read_metric(source, "up").value, 1, 0);
	assert_float_equal(read_metric(source, "certificate_days").value, DAYS, 0.1);
	source->type->tell(source, &told);
	assert_non_null(strstr(buf_str(&told), "Certificate: valid until "));
	buf_release(&told);
	source_close(source);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	json_decref(args);
	free(pem);
	free(socket_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_certificate_is_checked_and_dated, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
