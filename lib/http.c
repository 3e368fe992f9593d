#include "lib/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

#define BODY_MAX   ((size_t)1 << 20)
#define HEAD_MAX   ((size_t)64 << 10)
#define TIMEOUT_US (10 * CLOCK_US)

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL };

const struct field http_fields[] = {
	{ "url", FIELD_STRING, true, "what to ask for: http:// or https://", "secret", NULL },
	{ "socket", FIELD_PATH, false, "connect to this unix socket", NULL, NULL },
	{ "ca", FIELD_PATH, false, "certificates that are trusted instead of the system's", NULL,
	  NULL },
	{ "method", FIELD_CHOICE, false, "GET; with a body or a call POST", NULL, methods },
	{ "headers", FIELD_MAP, false, "further request headers", "secret", NULL },
	{ "body", FIELD_STRING, false, "what is sent", "secret", NULL },
	{ "rpc", FIELD_STRING, false,
	  "a method that is called by JSON-RPC 2.0: without a result it is not up", NULL, NULL },
	{ "params", FIELD_MAP, false, "of that call, by name", "secret", NULL },
	{ "timeout", FIELD_DURATION, false, "no answer within this time is no answer (10s)", NULL,
	  NULL },
	{ "every", FIELD_DURATION, false, "how often it is asked (2s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const curl[] = { "curl", "-q", "-K", "-", NULL };

struct http_job {
	struct job *job;
	size_t max;
	int certs; /* what curl says of the server's certificates; -1: not asked */
	http_fn *done;
	void *data;
};

void http_request_init(struct http_request *request, const json_t *declaration)
{
	*request = (struct http_request){
		.url = json_str(declaration, "url", ""),
		.socket = json_str(declaration, "socket", NULL),
		.ca = json_str(declaration, "ca", NULL),
		.method = json_str(declaration, "method", NULL),
		.headers = json_object_get(declaration, "headers"),
		.body = json_str(declaration, "body", NULL),
		.rpc = json_str(declaration, "rpc", NULL),
		.params = json_object_get(declaration, "params"),
		.timeout_us = json_us(declaration, "timeout", TIMEOUT_US),
	};
}

/* A line of curl's configuration: NAME = "value", with curl's own escapes. */
static void quoted(struct buf *config, const char *name, const char *value)
{
	buf_printf(config, "%s = \"", name);
	for (; *value != '\0'; value++) {
		if (strchr("\"\\\r\n", *value) != NULL)
			buf_putc(config, '\\');
		buf_putc(config, *value == '\n' ? 'n' : *value == '\r' ? 'r' : *value);
	}
	buf_puts(config, "\"\n");
}

static int option(struct buf *config, const char *name, const char *value, struct err *err)
{
	if (strpbrk(value, "\r\n") != NULL)
		return err_set(err, "http: a line break in %s", name);
	quoted(config, name, value);
	return 0;
}

static void body_add(struct buf *config, const struct http_request *request)
{
	json_t *call;
	char *text;

	if (request->rpc == NULL) {
		if (request->body != NULL)
			quoted(config, "data-raw", request->body);
		return;
	}
	call = json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", 1, "method", request->rpc);
	if (request->params != NULL)
		json_object_set(call, "params", (json_t *)request->params);
	text = json_line(call);
	quoted(config, "data-raw", text);
	buf_puts(config, "header = \"Content-Type: application/json\"\n"
			 "header = \"Accept: application/json, text/event-stream\"\n");
	free(text);
	json_decref(call);
}

static int headers_add(struct buf *config, const json_t *headers, struct err *err)
{
	const char *name;
	json_t *value;
	int rc = 0;

	json_object_foreach((json_t *)headers, name, value) {
		char *text = argv_scalar(value);
		char *line = xasprintf("%s: %s", name, text != NULL ? text : "");

		if (rc == 0)
			rc = option(config, "header", line, err);
		free(line);
		free(text);
	}
	return rc;
}

static int64_t timeout_of(const struct http_request *request)
{
	return request->timeout_us > 0 ? request->timeout_us : TIMEOUT_US;
}

static bool is_https(const struct http_request *request)
{
	return strncmp(request->url, "https://", 8) == 0;
}

static int config_make(struct buf *config, const struct http_request *request, struct err *err)
{
	if (strncmp(request->url, "http://", 7) != 0 && !is_https(request))
		return err_set(err, "http: \"%s\" begins neither with http:// nor with https://",
			       request->url);
	buf_puts(config, "silent\ninclude\ncompressed\ngloboff\nmax-redirs = 0\n"
			 "proto = \"=http,https\"\nnoproxy = \"*\"\n"
			 "user-agent = \"backout/" VERSION "\"\n");
	buf_printf(config,
		   "write-out = \"\\n%%{http_code} %%{time_total} %%{size_header} "
		   "%%{errormsg}\\n%s\"\n",
		   is_https(request) ? "%{stderr}%{certs}" : "");
	buf_printf(config, "max-time = %.3f\n", (double)timeout_of(request) / CLOCK_US);
	if (option(config, "url", request->url, err) < 0 ||
	    (request->socket != NULL && option(config, "unix-socket", request->socket, err) < 0) ||
	    (request->ca != NULL && option(config, "cacert", request->ca, err) < 0) ||
	    (request->method != NULL && strcmp(request->method, "HEAD") != 0 &&
	     option(config, "request", request->method, err) < 0))
		return -1;
	if (request->method != NULL && strcmp(request->method, "HEAD") == 0)
		buf_puts(config, "head\n"); /* or else curl waits for the body that is announced */
	body_add(config, request);
	return headers_add(config, request->headers, err);
}

static struct child_spec spec_make(int certs)
{
	return (
	    struct child_spec){ .argv = curl, .in = -1, .out = -1, .err = certs, .enough = true };
}

/* ---- the answer ---- */

static void why_set(struct http_reply *reply, const char *why)
{
	text_clean_to(reply->why, sizeof(reply->why), why, strlen(why));
}

/* The value behind "NAME:" in the header, clean; "" when it is not there. */
static void header_copy(const char *head, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	out[0] = '\0';
	for (const char *line = head; line != NULL && line < head + len;) {
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			line += strspn(line, " \t");
			text_clean_to(out, size, line, strcspn(line, "\r\n"));
			return;
		}
		line = memchr(line, '\n', len - (size_t)(line - head));
		line = line != NULL ? line + 1 : NULL;
	}
}

/* What the last header block says: interim ones come before it. */
static void head_note(struct http_reply *reply, const char *text, size_t head)
{
	const char *last = text;

	for (const char *at = text;
	     (at = memmem(at, head - (size_t)(at - text), "\r\n\r\nHTTP/", 9)) != NULL;)
		last = at += 4;
	text_clean_to(reply->line, sizeof(reply->line), last, strcspn(last, "\r\n"));
	header_copy(last, head - (size_t)(last - text), "Content-Type", reply->kind,
		    sizeof(reply->kind));
}

/* Status and length of the header blocks at the beginning; interim ones (100 Continue) come before.
 */
static size_t head_read(const char *bytes, size_t len, int *status)
{
	size_t at = 0;

	while (len - at > 5 && memcmp(bytes + at, "HTTP/", 5) == 0) {
		const char *blank = memchr(bytes + at, ' ', len - at);
		const char *end = memmem(bytes + at, len - at, "\r\n\r\n", 4);

		if (blank == NULL || end == NULL)
			break;
		*status = (int)strtol(blank, NULL, 10);
		at = (size_t)(end + 4 - bytes);
		if (*status >= 200)
			break;
	}
	return at;
}

/* With an answer longer than the limit the trailer is lost: status and body come from what was
 * kept. */
static void reply_cut(struct http_reply *reply, const struct buf *out, size_t max)
{
	size_t head = head_read(out->data, out->len, &reply->status);
	size_t len = out->len - head;

	head_note(reply, buf_str(out), head);
	buf_add(&reply->body, out->data + head, len < max ? len : max);
}

/* The short reason first: panels are narrow. Codes: curl(1), EXIT CODES. */
static void failure_say(struct http_reply *reply, int code, const char *errormsg, const char *how)
{
	static const struct {
		int code;
		const char *reason;
	} reasons[] = {
		{ 6, "name not found" },     { 7, "can't connect" },
		{ 28, "no answer in time" }, { 52, "empty answer" },
		{ 56, "connection broken" }, { 60, "not trusted" },
		{ 1, "answer is no HTTP" },
	};
	char text[300] = "", *end = text;
	size_t len = strcspn(errormsg, "\n");

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			end += sprintf(text, "%s: ", reasons[i].reason);
	snprintf(end, sizeof(text) - (size_t)(end - text), "%.*s", (int)(len > 0 ? len : 200),
		 len > 0 ? errormsg : how);
	why_set(reply, text);
}

static void reply_read(struct http_reply *reply, const struct child_end *end, const struct buf *out,
		       size_t max)
{
	const char *text = buf_str(out), *line;
	size_t head = 0, len;
	double seconds = 0;
	int used = 0, code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
	char how[96];

	reply->elapsed_us = end->elapsed_us;
	reply->lost = end->lost;
	if (end->lost > 0) {
		reply_cut(reply, out, max);
		return;
	}
	line = out->len > 1 ? memrchr(text, '\n', out->len - 1) : NULL;
	if (line == NULL ||
	    sscanf(line + 1, "%d %lf %zu %n", &reply->status, &seconds, &head, &used) < 3) {
		reply->status = 0;
		why_set(reply, child_end_text(end, how, sizeof(how)));
		return;
	}
	reply->elapsed_us = (int64_t)(seconds * CLOCK_US);
	len = (size_t)(line - text);
	head = head < len ? head : len;
	head_note(reply, text, head);
	reply->lost = len - head > max ? len - head - max : 0;
	buf_add(&reply->body, text + head, len - head - reply->lost);
	if (code != 0) {
		reply->status = 0;
		/* curl(1), EXIT CODES: name, connection, TLS handshake, certificate. */
		reply->unsent = code == 6 || code == 7 || code == 35 || code == 60;
		failure_say(reply, code, line + 1 + used, child_end_text(end, how, sizeof(how)));
	}
}

/* ---- the server's certificate ---- */

/* Where curl writes what it knows of them: a file without a name. Since curl 7.88; -1 when it is
 * not asked. */
static int certs_open(const struct http_request *request)
{
	return is_https(request) ? memfd_create("certificates", MFD_CLOEXEC) : -1;
}

static void certs_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The first certificate is the server's own: "Expire date:Nov 30 09:00:00 2026 GMT". 0 when it
 * doesn't say. */
static int64_t certs_read(int fd)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[8192], month[4];
	struct tm at = { 0 };
	const char *date, *found;
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* On a line of its own: in the names before it may stand anything. */
	date = strstr(text, "\nExpire date:");
	if (date == NULL || sscanf(date, "\nExpire date:%3s %d %d:%d:%d %d", month, &at.tm_mday,
				   &at.tm_hour, &at.tm_min, &at.tm_sec, &at.tm_year) != 6)
		return 0;
	found = strstr(months, month);
	if (found == NULL)
		return 0;
	at.tm_mon = (int)(found - months) / 3;
	at.tm_year -= 1900;
	return (int64_t)timegm(&at) * CLOCK_US;
}

static size_t limit_of(const struct http_request *request)
{
	return request->max > 0 ? request->max : BODY_MAX;
}

int http_get(const struct http_request *request, struct http_reply *reply, struct err *err)
{
	int certs = certs_open(request);
	struct child_spec spec = spec_make(certs);
	struct buf config = BUF_INIT, out = BUF_INIT;
	struct child_end end = { 0 };
	int rc = -1;

	*reply = (struct http_reply){ 0 };
	if (config_make(&config, request, err) < 0)
		goto out;
	if (child_run(&spec, buf_str(&config), timeout_of(request) + CLOCK_US,
		      limit_of(request) + HEAD_MAX, &out, NULL, &end, err) < 0)
		goto out;
	reply_read(reply, &end, &out, limit_of(request));
	reply->expires = certs_read(certs);
	rc = 0;
out:
	certs_close(certs);
	buf_release(&config);
	buf_release(&out);
	return rc;
}

void http_reply_release(struct http_reply *reply)
{
	buf_release(&reply->body);
}

json_t *http_reply_json(const struct http_reply *reply)
{
	const char *text = buf_str(&reply->body), *data;
	size_t len = reply->body.len;

	if (len > 6 && (strncmp(text, "event:", 6) == 0 || strncmp(text, "data:", 5) == 0 ||
			strncmp(text, "id:", 3) == 0 || text[0] == ':')) {
		data = strncmp(text, "data:", 5) == 0 ? text : strstr(text, "\ndata:");
		if (data == NULL)
			return NULL;
		data = strchr(data, ':') + 1;
		return json_loadb(data, strcspn(data, "\r\n"), JSON_DECODE_ANY, NULL);
	}
	return json_loadb(text, len, JSON_DECODE_ANY, NULL);
}

bool http_rpc_holds(const struct http_reply *reply, char *why, size_t size)
{
	json_t *answer = http_reply_json(reply);
	const char *said = json_str(json_object_get(answer, "error"), "message", "an error");
	bool holds = json_object_get(answer, "result") != NULL;

	if (!holds && json_object_get(answer, "error") != NULL)
		text_clean_to(why, size, said, strlen(said));
	else if (!holds)
		snprintf(why, size, "the answer to the call is no JSON-RPC result");
	json_decref(answer);
	return holds;
}

static void job_done(const struct child_end *end, const struct buf *out, void *data)
{
	struct http_job *job = data;
	struct http_reply reply = { 0 };

	reply_read(&reply, end, out, job->max);
	reply.expires = certs_read(job->certs);
	certs_close(job->certs);
	job->done(&reply, job->data);
	http_reply_release(&reply);
	free(job);
}

struct http_job *http_start(struct loop *loop, const struct http_request *request, http_fn *done,
			    void *data, struct err *err)
{
	struct http_job *job = xcalloc(1, sizeof(*job));
	struct child_spec spec;
	struct buf config = BUF_INIT;

	job->certs = certs_open(request);
	spec = spec_make(job->certs);
	job->max = limit_of(request);
	job->done = done;
	job->data = data;
	if (config_make(&config, request, err) == 0)
		job->job = job_start(loop, &spec, buf_str(&config), timeout_of(request) + CLOCK_US,
				     job->max + HEAD_MAX, job_done, job, err);
	buf_release(&config);
	if (job->job == NULL) {
		certs_close(job->certs);
		free(job);
		return NULL;
	}
	return job;
}

void http_cancel(struct http_job *job)
{
	if (job == NULL)
		return;
	job_cancel(job->job);
	certs_close(job->certs);
	free(job);
}

char *http_url_text(const char *url, char *out, size_t size)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme != NULL ? scheme + 3 : url;
	size_t len = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', len);
	const char *end = host + strcspn(host, "?#");
	struct buf text = BUF_INIT;

	if (scheme != NULL)
		buf_add(&text, url, (size_t)(host - url));
	if (at != NULL)
		host = at + 1;
	buf_add(&text, host, (size_t)(end - host));
	text_clean_to(out, size, buf_str(&text), text.len);
	buf_release(&text);
	return out;
}
