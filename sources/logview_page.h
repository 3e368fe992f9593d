/*
 * The page of a log view: the records in memory, and the walks from both of its ends. Part of
 * sources/logview.
 */
#ifndef SOURCES_LOGVIEW_PAGE_H
#define SOURCES_LOGVIEW_PAGE_H

#include "sources/logview_walk.h"

#define LOGVIEW_PAGE 500 /* records in memory */

struct logview {
	const struct source *logs[LOGVIEW_LOGS]; /* borrowed */
	size_t n;
	struct logview_sieve sieve;
	struct logview_record *page[LOGVIEW_PAGE]; /* owned, oldest first */
	size_t count, cursor;
	size_t rows;			  /* that whoever draws has room for */
	struct logview_walk older, newer; /* from the page's ends */
	/* Lines that had come when the newer walk was at its end, and errors among them. */
	uint64_t seen, seen_errors;
	uint64_t looked; /* lines looked at, unasked or for a seek */
	bool unborn;	 /* of some log no line had been read yet when the page began */
	bool held;
	uint64_t held_lines, held_errors;   /* that had come when it was held */
	uint64_t held_newest[LOGVIEW_LOGS]; /* the newest line of each log then */
	long moves;			    /* of the cursor, still to be made */
	struct logview_walk seek;
	bool seeking;
	bool rewinding;
	uint64_t rewound[LOGVIEW_LOGS]; /* how far back each log's lines are counted */
	enum logview_outcome outcome;
	/* The record that the cursor is to stand on once it is found. */
	bool landing;
	struct logview_record land; /* its log, seq and at */
};

/* Lines that the logs took in so far, and errors among them where `errors` is not NULL. */
uint64_t page_lines_came(const struct logview *view, uint64_t *errors);
void page_clear(struct logview *view);
/* An empty page, for each log between the lines before its bound and those from there on. */
void page_begin(struct logview *view, const uint64_t *bounds);
/* The same behind the newest line. */
void page_newest(struct logview *view);
/* The same at `bounds`, around a record (its log, seq and at) that is to be on it. */
void page_land(struct logview *view, const struct logview_record *record, const uint64_t *bounds);
/* An end of the page takes its next record; returns as logview_walk_next() does. */
int page_extend(struct logview *view, bool newer, struct logview_budget *budget);
/* Lines may have come behind those that ended the newer walk. */
void page_wake(struct logview *view);
/* Puts a record (stolen) in its place, from the end where the walk came to it. What is held keeps
 * its place: nothing goes in before the cursor then. */
void page_place(struct logview *view, struct logview_record *record, bool newer);
void page_remove(struct logview *view, size_t i);
/* Reads the lines that go on with a record. */
void page_read_rest(const struct logview *view, struct logview_record *record);

#endif
