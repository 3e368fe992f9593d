#include "sources/logmissed.h"

#include <stdbool.h>
#include <unistd.h>

#include "lib/mem.h"
#include "sources/logrotated.h"

#define PASSES 8

/* What is being looked for, and what was found so far. */
struct search {
	const struct logparts *parts;
	const struct timespec *from;
	const struct stat *was;
	struct stat now;
	int now_fd;
	const struct logpart *part; /* or NULL */
	struct logmissed *list;
	size_t n, cap;
};

static bool is_wanted(const struct search *search, const struct logrotated *file)
{
	if (file->packed || (search->was != NULL && logrotated_same(&file->st, search->was)) ||
	    logrotated_same(&file->st, &search->now) ||
	    logrotated_time(&file->st.st_mtim, search->from) < 0)
		return false;
	for (size_t i = 0; i < search->n; i++)
		if (logrotated_same(&file->st, &search->list[i].st))
			return false;
	return true;
}

/* A copy of the file that is there now. By the time it is looked at that may have been cut. */
static bool is_of_now(const struct search *search, int fd, const struct stat *st)
{
	const struct logpart *part = search->part;

	if (part != NULL && part->nhead > 0)
		return st->st_size < part->end ? logpart_head_holds(part, fd, st->st_size)
					       : logpart_holds(part, fd, st);
	return logpart_alike(search->now_fd, fd, st->st_size);
}

/* Whether this look at the folder found anything new. */
static bool folder_look(struct search *search)
{
	size_t n;
	struct logrotated *list = logrotated_list(search->parts->folder, search->parts->base, &n);
	bool more = false;

	for (size_t i = 0; i < n; i++) {
		struct logmissed *found;
		int fd;

		if (!is_wanted(search, &list[i]))
			continue;
		fd = logrotated_open(search->parts->folder, &list[i]);
		if (fd >= 0 && is_of_now(search, fd, &list[i].st)) {
			close(fd);
			continue;
		}
		more = true;
		if (fd < 0)
			continue; /* it was renamed just now: the next look finds it */
		search->list =
		    xgrow(search->list, &search->cap, search->n + 1, sizeof(*search->list));
		found = &search->list[search->n++];
		*found = (struct logmissed){ .fd = fd, .st = list[i].st };
	}
	logrotated_free(list, n);
	return more;
}

/* In the order of the latest list, which knows the names that they have now. */
static void order(struct search *search)
{
	size_t n, at = 0;
	struct logrotated *list = logrotated_list(search->parts->folder, search->parts->base, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = at; k < search->n; k++) {
			struct logmissed found = search->list[k];

			if (!logrotated_same(&found.st, &list[i].st))
				continue;
			search->list[k] = search->list[at];
			search->list[at++] = found;
			break;
		}
	}
	logrotated_free(list, n);
}

struct logmissed *logmissed_find(const struct logparts *parts, const struct timespec *from,
				 const struct stat *was, int now_fd, const struct logpart *part,
				 size_t *n)
{
	struct search search = {
		.parts = parts, .from = from, .was = was, .now_fd = now_fd, .part = part
	};

	*n = 0;
	if (fstat(now_fd, &search.now) < 0)
		return NULL;
	/* A file that is renamed meanwhile may be passed over: look until nothing new turns up. */
	for (int i = 0; i < PASSES && folder_look(&search); i++)
		;
	if (search.n > 1)
		order(&search);
	*n = search.n;
	return search.list;
}

/* ---- copies ---- */

/* A copy was written after the part was begun, and begins as it does; what is younger or other is
 * another file's. */
static bool is_copy(const struct logpart *part, const struct stat *now,
		    const struct logrotated *file, bool whole)
{
	return !file->packed && !logrotated_same(&file->st, now) &&
	       logrotated_time(&file->st.st_mtim, &part->since) >= 0 &&
	       (file->st.st_size >= part->end) == whole;
}

/* `moved`: set when one was renamed before it could be opened. */
static int try_copies(const struct logparts *parts, const struct logpart *part,
		      const struct stat *now, bool whole, struct stat *st, bool *moved)
{
	size_t n;
	struct logrotated *list = logrotated_list(parts->folder, parts->base, &n);
	int fd = -1;

	for (size_t i = n; fd < 0 && i-- > 0;) {
		if (!is_copy(part, now, &list[i], whole))
			continue;
		fd = logrotated_open(parts->folder, &list[i]);
		*moved = *moved || fd < 0;
		if (fd < 0 || fstat(fd, st) < 0)
			continue;
		if (!(whole ? logpart_holds(part, fd, st)
			    : logpart_head_holds(part, fd, st->st_size))) {
			close(fd);
			fd = -1;
		}
	}
	logrotated_free(list, n);
	return fd;
}

int logmissed_copy(const struct logparts *parts, const struct logpart *part, const struct stat *now,
		   struct stat *st)
{
	bool moved = true;
	int fd = -1;

	for (int i = 0; i < PASSES && fd < 0 && moved; i++) {
		moved = false;
		fd = try_copies(parts, part, now, true, st, &moved);
	}
	return fd >= 0 ? fd : try_copies(parts, part, now, false, st, &moved);
}
