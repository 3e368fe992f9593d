#include "lib/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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
	{ "url", FIELD_STRING, true, "what to ask for: http:// or https://", NULL, NULL },
	{ "socket", FIELD_PATH, false, "connect to this unix socket", NULL, NULL },
	{ "method", FIELD_CHOICE, false, "GET; with a body or a call POST", NULL, methods },
	{ "headers", FIELD_MAP, false, "further request headers", NULL, NULL },
	{ "body", FIELD_STRING, false, "what is sent", NULL, NULL },
	{ "rpc", FIELD_STRING, false,
	  "a method that is called by JSON-RPC 2.0: without a result it is not up", NULL, NULL },
	{ "params", FIELD_MAP, false, "of that call, by name", NULL, NULL },
	{ "timeout", FIELD_DURATION, false, "no answer within this time is no answer (10s)", NULL,
	  NULL },
	{ "every", FIELD_DURATION, false, "how often it is asked (2s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const curl[] = { "curl", "-q", "-K", "-", NULL };

struct http_job {
	struct job *job;
	size_t max;
	http_fn *done;
	void *data;
};

void http_request_init(struct http_request *request, const json_t *declaration)
{
	*request = (struct http_request){
		.url = json_str(declaration, "url", ""),
		.socket = json_str(declaration, "socket", NULL),
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

static int config_make(struct buf *config, const struct http_request *request, struct err *err)
{
	if (strncmp(request->url, "http://", 7) != 0 && strncmp(request->url, "https://", 8) != 0)
		return err_set(err, "http: \"%s\" begins neither with http:// nor with https://",
			       request->url);
	buf_puts(config, "silent\ninclude\ngloboff\nmax-redirs = 0\nproto = \"=http,https\"\n"
			 "noproxy = \"*\"\nuser-agent = \"backout/" VERSION "\"\n"
			 "write-out = \""
			 "\\n%{http_code} %{time_total} %{size_header} %{errormsg}\\n\"\n");
	buf_printf(config, "max-time = %.3f\n", (double)timeout_of(request) / CLOCK_US);
	if (option(config, "url", request->url, err) < 0 ||
	    (request->socket != NULL && option(config, "unix-socket", request->socket, err) < 0) ||
	    (request->method != NULL && strcmp(request->method, "HEAD") != 0 &&
	     option(config, "request", request->method, err) < 0))
		return -1;
	if (request->method != NULL && strcmp(request->method, "HEAD") == 0)
		buf_puts(config, "head\n"); /* or else curl waits for the body that is announced */
	body_add(config, request);
	return headers_add(config, request->headers, err);
}

static struct child_spec spec_make(void)
{
	return (struct child_spec){ .argv = curl, .in = -1, .out = -1, .err = -1 };
}

/* ---- the answer ---- */

static void why_set(struct http_reply *reply, const char *why)
{
	text_clean_to(reply->why, sizeof(reply->why), why, strlen(why));
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

	buf_add(&reply->body, out->data + head, len < max ? len : max);
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
	reply->lost = len - head > max ? len - head - max : 0;
	buf_add(&reply->body, text + head, len - head - reply->lost);
	if (code != 0) {
		char said[200];

		snprintf(said, sizeof(said), "%s", line + 1 + used);
		said[strcspn(said, "\n")] = '\0';
		reply->status = 0;
		why_set(reply, said[0] != '\0' ? said : child_end_text(end, how, sizeof(how)));
	}
}

static size_t limit_of(const struct http_request *request)
{
	return request->max > 0 ? request->max : BODY_MAX;
}

int http_get(const struct http_request *request, struct http_reply *reply, struct err *err)
{
	struct child_spec spec = spec_make();
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
	rc = 0;
out:
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
	job->done(&reply, job->data);
	http_reply_release(&reply);
	free(job);
}

struct http_job *http_start(struct loop *loop, const struct http_request *request, http_fn *done,
			    void *data, struct err *err)
{
	struct child_spec spec = spec_make();
	struct buf config = BUF_INIT;
	struct http_job *job = xcalloc(1, sizeof(*job));

	job->max = limit_of(request);
	job->done = done;
	job->data = data;
	if (config_make(&config, request, err) == 0)
		job->job = job_start(loop, &spec, buf_str(&config), timeout_of(request) + CLOCK_US,
				     job->max + HEAD_MAX, job_done, job, err);
	buf_release(&config);
	if (job->job == NULL) {
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
