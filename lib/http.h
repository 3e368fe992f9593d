/*
 * HTTP through the curl command: URL, headers and body go to its standard input (`curl -K -`), so
 * that no token stands in a process list. Nobody's ~/.curlrc, no proxy from the environment, only
 * http and https, redirects are not followed.
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/field.h"
#include "lib/loop.h"

/* The declaration's table: {"url": .., "socket": path?, "ca": path?, "method": ..?, "headers":
 * {..}?, "body":
 * ..?, "rpc": ..?, "params": {..}?, "timeout": ..?, "every": ..?} */
extern const struct field http_fields[];

struct http_request {
	const char *url;       /* borrowed */
	const char *socket;    /* connect to this unix socket, or NULL; borrowed */
	const char *ca;	       /* certificates that are trusted instead of the system's, or NULL */
	const char *method;    /* NULL: GET, POST with a body or rpc; borrowed */
	const json_t *headers; /* an object of texts, or NULL; borrowed */
	const char *body;      /* or NULL; borrowed */
	const char *rpc;       /* POST a JSON-RPC 2.0 call of this method, or NULL; borrowed */
	const json_t *params;  /* of that call, or NULL; borrowed */
	int64_t timeout_us;    /* 0: 10 s */
	size_t max;	       /* bytes of body to keep; 0: 1 MiB */
};

struct http_reply {
	int status;	    /* 0: there was no answer, `why` says the reason */
	bool unsent;	    /* ... and the question never left: no such name, no connection */
	int64_t elapsed_us; /* from the start of the request to the last byte */
	struct buf body;    /* owned; unpacked when the server packed it */
	size_t lost;	    /* not 0: there was more body than the limit, which nobody waited for */
	char line[80];	    /* the answer's first line, clean: "HTTP/1.1 200 OK" */
	char kind[80];	    /* its Content-Type, clean; "": none */
	int64_t expires;    /* wall time at which the server's certificate does; 0: not known */
	char why[200];
};

/* All but `max` of a declaration (filled in, outlives the request). */
void http_request_init(struct http_request *request, const json_t *declaration);

/* Blocking. 0 when there was an answer of any status or none (see status); -1 when the question
 * could not even be asked (no curl, a URL that can't be). Release works after failures. */
int http_get(const struct http_request *request, struct http_reply *reply, struct err *err);
void http_reply_release(struct http_reply *reply);

/* New: the answer's JSON, that of an event stream's first event included; NULL when it is none. */
json_t *http_reply_json(const struct http_reply *reply);
/* Whether a JSON-RPC call was answered with a result; else `why` says what came. */
bool http_rpc_holds(const struct http_reply *reply, char *why, size_t size);

/* Beside the event loop. `done` is called once, then the job is gone; the reply is borrowed. */
struct http_job;
typedef void http_fn(const struct http_reply *reply, void *data);
struct http_job *http_start(struct loop *loop, const struct http_request *request, http_fn *done,
			    void *data, struct err *err);
void http_cancel(struct http_job *job);

/* What the request shows in a plan or as evidence: its URL without user, password and query. */
char *http_url_text(const char *url, char *out, size_t size);

#endif
