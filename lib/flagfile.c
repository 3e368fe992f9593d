#include "lib/flagfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/flagvalue.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

enum { FLAGFILE_MAX = 8 << 20 };

static const char *const format_names[] = { "python", "json", "env", "ini", NULL };

const struct field flags_fields[] = {
	{ "path", FIELD_PATH, true, "the configuration file", NULL, NULL },
	{ "format", FIELD_CHOICE, true, "how the file is written", NULL, format_names },
	{ "names", FIELD_MAP, true, "its flags: name -> one line of what it does", "flags", NULL },
	{ 0 },
};

int flag_format_parse(const char *name, enum flag_format *format)
{
	for (int i = 0; name && format_names[i]; i++)
		if (strcmp(format_names[i], name) == 0) {
			*format = (enum flag_format)i;
			return 0;
		}
	return -1;
}

int flagfile_load(struct flagfile *file, const char *path, enum flag_format format, struct err *err)
{
	memset(file, 0, sizeof(*file));
	file->path = xstrdup(path);
	file->format = format;
	if (file_read(path, &file->loaded, FLAGFILE_MAX, err) < 0) {
		flagfile_release(file);
		return -1;
	}
	buf_add(&file->text, buf_str(&file->loaded), file->loaded.len);
	return 0;
}

int flagfile_open(struct flagfile *file, const json_t *declared, struct err *err)
{
	const char *path = json_str(declared, "path", NULL);
	enum flag_format format;

	memset(file, 0, sizeof(*file));
	if (!path || flag_format_parse(json_str(declared, "format", NULL), &format) < 0) {
		err_set(err, "the flags source is not declared, or has no path or format");
		return err_hint(err, "declare it under \"sources\": {\"flags\": {\"path\": ..., "
				     "\"format\": \"python\", \"names\": {...}}}");
	}
	return flagfile_load(file, path, format, err);
}

void flagfile_release(struct flagfile *file)
{
	free(file->path);
	buf_release(&file->text);
	buf_release(&file->loaded);
	memset(file, 0, sizeof(*file));
}

/* ---- Finding ---- */

struct finder {
	const char *name;
	struct flag_place first;
	int lines[4];
	size_t found;
};

/* "live" and "FLAGS.live" both mean the place "FLAGS.live". */
static void finder_note(const char *path, const struct flag_place *place, void *data)
{
	struct finder *finder = data;
	size_t len = strlen(path), want = strlen(finder->name);

	if (want > len || strcmp(path + len - want, finder->name) != 0 ||
	    (want < len && path[len - want - 1] != '.'))
		return;
	if (finder->found == 0)
		finder->first = *place;
	if (finder->found < 4)
		finder->lines[finder->found] = place->line;
	finder->found++;
}

static int scan(const struct flagfile *file, flag_place_fn *fn, void *data, struct err *err)
{
	bool json = file->format == FLAG_JSON;

	/* Values are handled as strings, which would end there. */
	if (file->text.len > 0 && memchr(file->text.data, '\0', file->text.len))
		return err_set(err, "there is a byte NUL in it: it is no text file");
	if (json || file->format == FLAG_PYTHON)
		return flag_scan_code(&file->text, json, fn, data, err);
	return flag_scan_lines(&file->text, file->format == FLAG_INI, fn, data, err);
}

int flagfile_find(const struct flagfile *file, const char *name, struct flag_place *place,
		  struct err *err)
{
	struct finder finder = { .name = name };
	struct buf lines = BUF_INIT;

	if (scan(file, finder_note, &finder, err) < 0)
		return err_wrap(err, "%s", file->path);
	if (finder.found == 1) {
		*place = finder.first;
		return 0;
	}
	if (finder.found == 0) {
		err_set(err, "%s: there is no flag %s", file->path, name);
		return err_hint(err, "exactly one line must set it: look at the file");
	}
	for (size_t i = 0; i < finder.found && i < 4; i++)
		buf_printf(&lines, "%s%d", i ? ", " : "", finder.lines[i]);
	err_set(err,
		"%s: flag %s stands in %zu places, lines %s%s: it is not clear which one counts",
		file->path, name, finder.found, buf_str(&lines), finder.found > 4 ? ", ..." : "");
	buf_release(&lines);
	return err_hint(err, "leave one of them, or name what it stands in: \"FLAGS.%s\"", name);
}

json_t *flagfile_get(const struct flagfile *file, const char *name, struct err *err)
{
	struct flag_place place;
	json_t *value;

	if (flagfile_find(file, name, &place, err) < 0)
		return NULL;
	value = flag_decode(file->format, file->text.data + place.from, place.to - place.from);
	if (!value) {
		err_set(err, "%s:%d: the value of %s is no plain value but an expression",
			file->path, place.line, name);
		err_hint(err, "set it where it comes from (the environment, another file)");
	}
	return value;
}

char *flagfile_raw(const struct flagfile *file, const char *name, struct err *err)
{
	struct flag_place place;

	if (flagfile_find(file, name, &place, err) < 0)
		return NULL;
	return xstrndup(buf_str(&file->text) + place.from, place.to - place.from);
}

char *flagfile_line(const struct flagfile *file, const char *name, struct err *err)
{
	struct flag_place place;
	struct buf clean = BUF_INIT;
	const char *text;
	size_t from, to;

	if (flagfile_find(file, name, &place, err) < 0)
		return NULL;
	text = buf_str(&file->text);
	for (from = place.from; from > 0 && text[from - 1] != '\n'; from--)
		;
	for (to = place.to; to < file->text.len && text[to] != '\n' && text[to] != '\r'; to++)
		;
	text_clean(&clean, text + from, to - from);
	return buf_detach(&clean);
}

static void place_count(const char *path, const struct flag_place *place, void *data)
{
	(void)path;
	(void)place;
	++*(size_t *)data;
}

/* How many places there are; 0 when the file can't be read to its end. */
static size_t places(const struct flagfile *file)
{
	size_t n = 0;

	return scan(file, place_count, &n, NULL) == 0 ? n : 0;
}

/* ---- Setting ---- */

/* New: the text with other bytes at a place. */
static struct buf spliced(const struct flagfile *file, const struct flag_place *place,
			  const char *bytes)
{
	struct buf text = BUF_INIT;

	buf_add(&text, buf_str(&file->text), place->from);
	buf_puts(&text, bytes);
	buf_add(&text, buf_str(&file->text) + place->to, file->text.len - place->to);
	return text;
}

/* Steals the text. */
static void text_replace(struct flagfile *file, struct buf text)
{
	buf_release(&file->text);
	file->text = text;
}

int flagfile_set_raw(struct flagfile *file, const char *name, const char *raw, struct err *err)
{
	struct flag_place place;

	if (flagfile_find(file, name, &place, err) < 0)
		return -1;
	text_replace(file, spliced(file, &place, raw));
	return 0;
}

/* Whether the old bytes, set back, give the file as it was. */
static bool can_go_back(const struct flagfile *before, const struct flagfile *after,
			const char *name)
{
	char *raw = flagfile_raw(before, name, NULL);
	struct flag_place place;
	struct buf back = BUF_INIT;
	bool same;

	if (raw && flagfile_find(after, name, &place, NULL) == 0)
		back = spliced(after, &place, raw);
	same = back.len == before->text.len &&
	       memcmp(buf_str(&back), buf_str(&before->text), back.len) == 0;
	buf_release(&back);
	free(raw);
	return same;
}

/* What was written must read as what was meant, leave all other flags where they are, and have a
 * way back. */
static int check_set(const struct flagfile *before, const struct flagfile *after, const char *name,
		     const json_t *value, struct err *err)
{
	json_t *seen = flagfile_get(after, name, err);
	int rc = -1;

	if (seen && !flag_is(after->format, seen, value))
		err_set(err, "%s: the new value of %s would not read as what it is meant to be",
			after->path, name);
	else if (seen && (places(before) != places(after) || !can_go_back(before, after, name)))
		err_set(err, "%s: the new value of %s could not be told from what stands beside it",
			after->path, name);
	else if (seen)
		rc = 0;
	json_decref(seen);
	return rc;
}

int flagfile_set(struct flagfile *file, const char *name, const json_t *value, struct err *err)
{
	struct flagfile after = *file;
	struct flag_place place;
	json_t *seen = flagfile_get(file, name, err);
	char *raw;
	int rc;

	if (!seen || flagfile_find(file, name, &place, err) < 0)
		return -1;
	raw = flag_encode(file->format, value, file->text.data + place.from, place.to - place.from);
	json_decref(seen);
	if (!raw)
		return err_set(err, "%s: this value of %s can't be written into such a file",
			       file->path, name);
	after.text = spliced(file, &place, raw);
	free(raw);
	rc = check_set(file, &after, name, value, err);
	if (rc == 0)
		text_replace(file, after.text);
	else
		buf_release(&after.text);
	return rc;
}

int flagfile_writable(const struct flagfile *file, struct err *err)
{
	struct stat st;
	char *folder;
	int rc = 0;

	if (lstat(file->path, &st) < 0)
		return err_sys(err, "%s", file->path);
	if (S_ISLNK(st.st_mode)) {
		err_set(err, "%s is a symbolic link: it is not replaced", file->path);
		return err_hint(err, "declare the path of the file that it points to");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is no regular file", file->path);
	folder = path_folder(file->path);
	if (access(folder, W_OK) < 0) {
		rc = err_sys(err, "%s can't be written to", folder);
		err_hint(err, "run as the user that owns the configuration");
	}
	free(folder);
	return rc;
}

int flagfile_save(struct flagfile *file, struct err *err)
{
	if (flagfile_writable(file, err) < 0 ||
	    file_edit(file->path, &file->loaded, &file->text, err) < 0)
		return -1;
	buf_release(&file->loaded);
	buf_add(&file->loaded, buf_str(&file->text), file->text.len);
	return 0;
}

/* ---- Comparing ---- */

static bool text_means(const char *text, const json_t *wanted)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0", "" };
	char *end;
	double number;

	if (json_is_boolean(wanted)) {
		const char *const *words = json_is_true(wanted) ? yes : no;
		size_t n = json_is_true(wanted) ? 4 : 5;

		for (size_t i = 0; i < n; i++)
			if (strcasecmp(text, words[i]) == 0)
				return true;
		return false;
	}
	if (json_is_number(wanted)) {
		number = strtod(text, &end);
		return end != text && !*end && number >= json_number_value(wanted) &&
		       number <= json_number_value(wanted);
	}
	return json_is_string(wanted) && strcmp(text, json_string_value(wanted)) == 0;
}

bool flag_is(enum flag_format format, const json_t *seen, const json_t *wanted)
{
	if (json_is_string(seen) && (format == FLAG_ENV || format == FLAG_INI))
		return text_means(json_string_value(seen), wanted);
	if (json_is_number(seen) && json_is_number(wanted))
		return json_number_value(seen) >= json_number_value(wanted) &&
		       json_number_value(seen) <= json_number_value(wanted);
	return json_equal(seen, wanted) != 0;
}

char *flag_text(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	return json_line(value);
}
