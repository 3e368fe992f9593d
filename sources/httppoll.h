/*
 * A URL that is asked again and again: what sources that read from one share.
 */
#ifndef SOURCES_HTTPPOLL_H
#define SOURCES_HTTPPOLL_H

#include "lib/http.h"
#include "sources/source.h"

struct httppoll {
	const struct source_env *env; /* borrowed */
	json_t *args;		      /* owned: the request borrows from it */
	struct http_request request;
	struct http_job *job; /* under way, or NULL */
	int64_t every, next;  /* monotonic */
	/* Called with each answer, also with none (status 0). */
	void (*answered)(const struct http_reply *reply, void *data);
	void *data;
	/* of the latest answer: */
	int64_t at;  /* wall time; 0: there was none yet */
	bool failed; /* it could not even be asked: that says nothing about it */
	int status;  /* 0: no answer, `why` says the reason */
	int64_t elapsed;
	int64_t expires; /* wall time at which the server's certificate does; 0: not known */
	size_t bytes;	 /* of its body, as far as it was read */
	bool cut;	 /* there was more */
	char line[80], kind[80]; /* as in struct http_reply */
	char begin[160];	 /* how its body begins, clean */
	char why[200];
};

/* `declaration` is copied; `every_us` when it says nothing. Must not move afterwards. */
void httppoll_init(struct httppoll *poll, const struct source_env *env, const json_t *declaration,
		   int64_t every_us);
void httppoll_release(struct httppoll *poll);
/* Asks when it is time to; without a loop here and now. */
void httppoll_sample(struct httppoll *poll);
/* What the latest answer was, for source_type.tell. */
void httppoll_tell(const struct httppoll *poll, struct buf *out);
/* Days until the server's certificate expires, as a reading. */
void httppoll_certificate(const struct httppoll *poll, struct reading *out);
/* Whether it was asked since `since`, with an answer or without. */
bool httppoll_asked(const struct httppoll *poll, int64_t since);
/* True, and a reading written, when there is no answer to read from: none yet, none since `since`,
 * or the latest attempt gave none. */
bool httppoll_missing(const struct httppoll *poll, int64_t since, struct reading *out);

#endif
