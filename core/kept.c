#include "core/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/incident.h"
#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define DAY_US	 (24 * 3600 * CLOCK_US)
#define FILE_MAX ((size_t)1 << 20)

struct kept {
	char *folder; /* owned */
	const struct clock *clock;
	int lock;	   /* -1: another process writes, or nobody has tried */
	char trouble[256]; /* why the latest sample could not be written; "": it could */
};

static char *metrics_path(void)
{
	char *incidents = incidents_path(), *above = incidents ? path_folder(incidents) : NULL;
	char *path = above ? path_join(above, "metrics") : NULL;

	free(above);
	free(incidents);
	return path;
}

struct kept *kept_new(const char *system, const char *target, const struct clock *clock)
{
	char *metrics = system && target ? metrics_path() : NULL;
	struct kept *kept;

	/* Names come from files; they must not lead out of the folder. */
	if (!metrics || strstr(system, "..") || strstr(target, "..") || strchr(system, '/') ||
	    strchr(target, '/')) {
		free(metrics);
		return NULL;
	}
	kept = xcalloc(1, sizeof(*kept));
	kept->folder = xasprintf("%s/%s/%s", metrics, system, target);
	kept->clock = clock;
	kept->lock = -1;
	free(metrics);
	return kept;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	if (kept->lock >= 0)
		close(kept->lock);
	free(kept->folder);
	free(kept);
}

const char *kept_folder(const struct kept *kept)
{
	return kept->folder;
}

/* ---- Samples ---- */

static char *day_path(const struct kept *kept, int64_t at)
{
	time_t seconds = (time_t)(at / CLOCK_US);
	char name[40];
	struct tm tm;

	if (at < 0 || !gmtime_r(&seconds, &tm) ||
	    !strftime(name, sizeof(name), "metrics_%Y%m%d.jsonl", &tm))
		return NULL;
	return path_join(kept->folder, name);
}

/* Whether this process is the one that writes. */
static bool is_writer(struct kept *kept, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *path;

	if (kept->lock >= 0)
		return true;
	path = path_join(kept->folder, "writer.lock");
	kept->lock = incident_file_open(kept->folder, path, O_RDWR);
	if (kept->lock < 0 && errno == ENOENT && state_mkdirs(kept->folder, err) == 0)
		kept->lock = incident_file_open(kept->folder, path, O_RDWR);
	if (kept->lock < 0)
		err_sys(err, "%s can't be written", path);
	else if (fcntl(kept->lock, F_OFD_SETLK, &lock) < 0) {
		close(kept->lock);
		kept->lock = -1;
	}
	free(path);
	return kept->lock >= 0;
}

/* Half a line, of one who died, would swallow the one that comes behind it. */
static bool ends_torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int line_append(const struct kept *kept, const char *path, const json_t *line,
		       struct err *err)
{
	int fd = incident_file_open(kept->folder, path, O_RDWR | O_APPEND), result = 0;
	char *text = json_line(line), *whole = NULL;
	struct stat st;
	ssize_t wrote;
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0) {
		result = err_sys(err, "%s can't be written", path);
		goto out;
	}
	whole = xasprintf("%s%s\n", ends_torn(fd, st.st_size) ? "\n" : "", text);
	len = strlen(whole);
	wrote = write(fd, whole, len);
	if (wrote == (ssize_t)len)
		goto out;
	if (wrote >= 0)
		errno = ENOSPC;
	result = err_sys(err, "%s can't be written", path);
	/* Nothing of it stays; what can't be cut off is a torn end to the next one. */
	if (wrote > 0 && ftruncate(fd, st.st_size) < 0)
		goto out;
out:
	if (fd >= 0)
		close(fd);
	free(whole);
	free(text);
	return result;
}

/* Steals `line`. */
static int sample_put(struct kept *kept, int64_t at, json_t *line, struct err *err)
{
	char *path = day_path(kept, at);
	struct err why = ERR_INIT;
	int result = 0;

	if (path && is_writer(kept, &why))
		result = line_append(kept, path, line, &why);
	if (why.set)
		result = -1;
	snprintf(kept->trouble, sizeof(kept->trouble), "%.255s", why.msg);
	if (result < 0)
		err_set(err, "%s", why.msg);
	json_decref(line);
	free(path);
	return result;
}

const char *kept_trouble(const struct kept *kept)
{
	return kept->trouble;
}

int kept_metric(struct kept *kept, const char *metric, int64_t at, double value, struct err *err)
{
	char text[TIME_RFC3339_MAX];

	if (!isfinite(value))
		return 0;
	return sample_put(kept, at,
			  json_pack("{s:s, s:s, s:f}", "at", time_rfc3339(at, text), "metric",
				    metric, "value", value),
			  err);
}

int kept_probe(struct kept *kept, const char *probe, int64_t at, enum verdict verdict,
	       struct err *err)
{
	char text[TIME_RFC3339_MAX];

	return sample_put(kept, at,
			  json_pack("{s:s, s:s, s:s}", "at", time_rfc3339(at, text), "probe", probe,
				    "verdict", verdict_name(verdict)),
			  err);
}

/* Most lines are of others, or of what nobody asks for: those need not be read as JSON. */
static bool line_wanted(const char *text, kept_wants_fn *wants, void *data)
{
	const char *key = strstr(text, "\",\""), *name = key ? strstr(key, "\":\"") : NULL;
	char word[256];
	size_t len = name ? strcspn(name + 3, "\"\\") : 0;

	if (!name || len >= sizeof(word) || name[3 + len] != '"')
		return true;
	memcpy(word, name + 3, len);
	word[len] = '\0';
	return wants(word, strncmp(key, "\",\"probe\"", strlen("\",\"probe\"")) == 0, data);
}

static bool sample_parse(const json_t *line, struct kept_sample *sample)
{
	const char *metric = json_str(line, "metric", NULL);
	enum verdict verdict = VERDICT_UNKNOWN;

	*sample = (struct kept_sample){ .name = metric ? metric : json_str(line, "probe", NULL),
					.probe = !metric };
	if (!sample->name || time_parse_rfc3339(json_str(line, "at", ""), &sample->at) != 0)
		return false;
	if (metric) {
		sample->value = json_num(line, "value", NAN);
		return isfinite(sample->value);
	}
	if (verdict_parse(json_str(line, "verdict", ""), &verdict) < 0)
		return false;
	sample->value = verdict == VERDICT_PASS ? 1 : verdict == VERDICT_FAIL ? 0 : NAN;
	return true;
}

static void file_each(const char *path, int64_t from, kept_wants_fn *wants, kept_fn *fn, void *data)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while (file && (n = getline(&text, &cap, file)) > 0) {
		struct kept_sample sample;
		json_t *line;

		if (!line_wanted(text, wants, data))
			continue;
		line = json_loadb(text, (size_t)n, 0, NULL);
		if (sample_parse(line, &sample) && sample.at >= from &&
		    wants(sample.name, sample.probe, data))
			fn(&sample, data);
		json_decref(line);
	}
	free(text);
	if (file)
		fclose(file);
}

void kept_read(const struct kept *kept, int64_t from, kept_wants_fn *wants, kept_fn *fn, void *data)
{
	int64_t now = clock_wall(kept->clock);

	for (int64_t day = from - from % DAY_US; day <= now; day += DAY_US) {
		char *path = day_path(kept, day);

		if (path)
			file_each(path, from, wants, fn, data);
		free(path);
	}
}

/* ---- Small files ---- */

static json_t *object_read(const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	struct buf text = BUF_INIT;
	json_t *object = NULL;

	if (file_read(path, &text, FILE_MAX, NULL) == 0)
		object = json_loadb(buf_str(&text), text.len, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		object = json_object();
	}
	buf_release(&text);
	free(path);
	return object;
}

static int object_write(struct kept *kept, const char *name, const json_t *object, struct err *err)
{
	char *path = path_join(kept->folder, name), *text = json_dumps(object, JSON_INDENT(1));
	int result = state_mkdirs(kept->folder, err);

	if (result == 0)
		result =
		    file_replace(path, text, strlen(text), incident_file_mode(kept->folder), err);
	free(text);
	free(path);
	return result;
}

json_t *kept_baselines(const struct kept *kept)
{
	return object_read(kept->folder, "baselines.json");
}

json_t *kept_mutes(const struct kept *kept)
{
	return object_read(kept->folder, "mutes.json");
}

/* Steals both. */
static int member_set(struct kept *kept, const char *file, json_t *object, const char *name,
		      json_t *member, struct err *err)
{
	int result;

	if (member)
		json_object_set_new(object, name, member);
	else
		json_object_del(object, name);
	result = object_write(kept, file, object, err);
	json_decref(object);
	return result;
}

json_t *kept_alerts(const struct kept *kept)
{
	return object_read(kept->folder, "alerts.json");
}

int kept_baseline_set(struct kept *kept, const char *metric, json_t *baseline, struct err *err)
{
	return member_set(kept, "baselines.json", kept_baselines(kept), metric, baseline, err);
}

int kept_mute_set(struct kept *kept, const char *metric, json_t *mute, struct err *err)
{
	return member_set(kept, "mutes.json", kept_mutes(kept), metric, mute, err);
}

int kept_alerts_put(struct kept *kept, const json_t *alerts, struct err *err)
{
	char *path = path_join(kept->folder, "alerts.json");
	char *own = xasprintf("%s.%d", path, (int)getpid()), *text = json_line(alerts);
	struct err why = ERR_INIT;
	int result = 0, fd = -1;

	if (!is_writer(kept, &why)) {
		result = why.set ? err_set(err, "%s", why.msg) : 0;
		goto out;
	}
	fd = incident_file_open(kept->folder, own, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    rename(own, path) < 0)
		result = err_sys(err, "%s can't be written", path);
	if (result < 0)
		unlink(own);
out:
	if (fd >= 0)
		close(fd);
	free(text);
	free(own);
	free(path);
	return result;
}

static void targets_each(const char *above, const char *system,
			 void (*fn)(const char *, const char *, const json_t *, void *), void *data)
{
	char *path = path_join(above, system);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *folder = path_join(path, entry->d_name);
		json_t *alerts =
		    entry->d_name[0] != '.' ? object_read(folder, "alerts.json") : NULL;

		if (json_object_size(alerts))
			fn(system, entry->d_name, alerts, data);
		json_decref(alerts);
		free(folder);
	}
	if (dir)
		closedir(dir);
	free(path);
}

void kept_alerts_each(void (*fn)(const char *system, const char *target, const json_t *alerts,
				 void *data),
		      void *data)
{
	char *path = metrics_path();
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			targets_each(path, entry->d_name, fn, data);
	if (dir)
		closedir(dir);
	free(path);
}
