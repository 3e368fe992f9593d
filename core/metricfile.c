/* metrics.jsonl of an incident: what the report's charts are drawn from. */
#include "core/incident.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define METRICS_FILE "metrics.jsonl"

static void sample_add(struct buf *out, const char *metric, const struct chart_point *point)
{
	char at[TIME_RFC3339_MAX];
	json_t *line;
	char *text;

	if (!isfinite(point->value))
		return;
	line = json_object();
	json_object_set_new(line, "at", json_string(time_rfc3339(point->at, at)));
	json_object_set_new(line, "metric", json_string(metric));
	json_object_set_new(line, "value", json_real(point->value));
	text = json_line(line);
	buf_puts(out, text);
	buf_putc(out, '\n');
	free(text);
	json_decref(line);
}

/* -1: it can't be opened. */
static int file_open(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd >= 0 && mode == 0660 && fchmod(fd, mode) != 0 && errno != EPERM) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int samples_write(int fd, const char *path, const char *metric,
			 const struct chart_point *points, size_t n, struct err *err)
{
	struct buf lines = BUF_INIT;
	int result = 0;

	for (size_t i = 0; i < n; i++)
		sample_add(&lines, metric, &points[i]);
	if (lines.len && (fd < 0 || file_write(fd, lines.data, lines.len) != 0))
		result = err_sys(err, "%s can't be written", path);
	buf_release(&lines);
	return result;
}

int metric_file_append(const char *path, mode_t mode, const char *metric,
		       const struct chart_point *points, size_t n, struct err *err)
{
	int fd = file_open(path, mode);
	int result = samples_write(fd, path, metric, points, n, err);

	if (fd >= 0)
		close(fd);
	return result;
}

int incident_metrics_append(const struct incident *incident, const char *metric,
			    const struct chart_point *points, size_t n, struct err *err)
{
	char *path = path_join(incident->folder, METRICS_FILE);
	int fd = -1, result = 0;

	/* A closed one is sealed; whoever closes it now holds the file. */
	if (incident->state.phase == INCIDENT_CLOSED || !incident->ledger)
		goto out;
	fd = file_open(path, incident_file_mode(incident->folder));
	if (fd >= 0 && (flock(fd, LOCK_SH | LOCK_NB) != 0 || ledger_is_closed(incident->ledger)))
		goto out;
	result = samples_write(fd, path, metric, points, n, err);
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return result;
}

int incident_metrics_hold(const char *folder)
{
	char *path = path_join(folder, METRICS_FILE);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	free(path);
	return fd;
}

/* Whether one line is a sample of the metric. Lines that were cut by a crash are none. */
static bool sample_parse(const char *text, size_t len, const char *metric,
			 struct chart_point *point)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	bool good = line && strcmp(json_str(line, "metric", ""), metric) == 0 &&
		    json_is_number(json_object_get(line, "value")) &&
		    time_parse_rfc3339(json_str(line, "at", ""), &point->at) == 0;

	if (good)
		point->value = json_num(line, "value", NAN);
	json_decref(line);
	return good;
}

static int by_time(const void *a, const void *b)
{
	const struct chart_point *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

struct chart_point *incident_metrics(const char *folder, const char *metric, size_t *n)
{
	char *path = path_join(folder, METRICS_FILE);
	struct chart_point *points = NULL, point;
	struct buf bytes = BUF_INIT;
	size_t cap = 0;

	*n = 0;
	if (file_read(path, &bytes, 0, NULL) == 0) {
		for (const char *line = buf_str(&bytes), *end; *line; line = *end ? end + 1 : end) {
			end = strchrnul(line, '\n');
			if (!sample_parse(line, (size_t)(end - line), metric, &point))
				continue;
			points = xgrow(points, &cap, *n + 1, sizeof(*points));
			points[(*n)++] = point;
		}
	}
	if (*n)
		qsort(points, *n, sizeof(*points), by_time);
	buf_release(&bytes);
	free(path);
	return points;
}
