/*
 * Flags in files: whatever the file holds, setting one changes the bytes of its value and no
 * others, no other flag reads differently, and setting it back gives the first bytes.
 *
 * The input: a byte for the format, a line that is set as a text, and the file.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/flagfile.h"

enum { PLACES_MAX = 12, NAME_LEN = 120 };

struct places {
	char names[PLACES_MAX][NAME_LEN];
	struct flag_place at[PLACES_MAX];
	size_t n, all;
	size_t len; /* of the file */
	size_t latest;
	bool orderly;
};

static void place_note(const char *path, const struct flag_place *place, void *data)
{
	struct places *places = data;

	if (place->from > place->to || place->to > places->len || place->line < 1)
		places->orderly = false;
	places->all++;
	if (places->n == PLACES_MAX || strlen(path) == 0 || strlen(path) >= NAME_LEN)
		return;
	strcpy(places->names[places->n], path);
	places->at[places->n++] = *place;
}

static void file_make(struct flagfile *file, enum flag_format format, const char *bytes, size_t len)
{
	*file = (struct flagfile){ .path = strdup("flags"), .format = format };
	buf_add(&file->text, bytes, len);
	buf_add(&file->loaded, bytes, len);
}

static void find_places(const struct flagfile *file, struct places *places)
{
	struct err err = ERR_INIT;
	bool json = file->format == FLAG_JSON;

	memset(places, 0, sizeof(*places));
	places->len = file->text.len;
	places->orderly = true;
	if (json || file->format == FLAG_PYTHON)
		flag_scan_code(&file->text, json, place_note, places, &err);
	else
		flag_scan_lines(&file->text, file->format == FLAG_INI, place_note, places, &err);
	must(places->orderly, "places stand in the file", file->text.data, file->text.len);
}

static bool is_first(const struct flagfile *file)
{
	return file->text.len == file->loaded.len &&
	       memcmp(buf_str(&file->text), buf_str(&file->loaded), file->text.len) == 0;
}

/* Everything before and behind the place is as it was. */
static bool only_place_changed(const struct flagfile *file, const struct flag_place *place)
{
	const struct buf *was = &file->loaded, *is = &file->text;
	size_t behind = was->len - place->to;

	return is->len >= place->from + behind && memcmp(was->data, is->data, place->from) == 0 &&
	       memcmp(was->data + place->to, is->data + is->len - behind, behind) == 0;
}

/* The others' places, moved by what the value grew, hold what they held. */
static void others_stay(const struct flagfile *file, const struct places *before, size_t changed)
{
	struct places now;
	const struct flag_place *place = &before->at[changed];

	find_places(file, &now);
	must(now.all == before->all && now.n == before->n, "no flag comes or goes", file->text.data,
	     file->text.len);
	for (size_t i = 0; i < now.n; i++) {
		const struct flag_place *was = &before->at[i], *is = &now.at[i];
		size_t len = was->to - was->from;

		must(strcmp(before->names[i], now.names[i]) == 0, "flags keep their names",
		     file->text.data, file->text.len);
		if (was->from <= place->from && was->to >= place->to)
			continue; /* the place itself, and what it stands in */
		must(is->to - is->from == len && memcmp(file->loaded.data + was->from,
							file->text.data + is->from, len) == 0,
		     "other flags keep their values", file->text.data, file->text.len);
	}
}

static void value_set(struct flagfile *file, const struct places *places, size_t i, json_t *value)
{
	const char *name = places->names[i];
	struct err err = ERR_INIT;
	char *raw = flagfile_raw(file, name, &err);
	json_t *seen;

	if (raw && value && flagfile_set(file, name, value, &err) == 0) {
		seen = flagfile_get(file, name, NULL);
		must(seen && flag_is(file->format, seen, value), "what was set is read",
		     file->text.data, file->text.len);
		json_decref(seen);
		must(only_place_changed(file, &places->at[i]), "no other byte changes",
		     file->text.data, file->text.len);
		others_stay(file, places, i);
		must(flagfile_set_raw(file, name, raw, &err) == 0, "it can be set back",
		     file->text.data, file->text.len);
	}
	must(is_first(file), "what is not set, and what is set back, is as it was", file->text.data,
	     file->text.len);
	free(raw);
	json_decref(value);
}

static void flags_set(enum flag_format format, const char *text, const char *bytes, size_t len)
{
	struct flagfile file;
	struct places places;

	file_make(&file, format, bytes, len);
	find_places(&file, &places);
	for (size_t i = 0; i < places.n; i++) {
		json_t *seen = flagfile_get(&file, places.names[i], NULL);
		struct flag_place found;
		char *line = flagfile_line(&file, places.names[i], NULL);

		/* One that stands in two places has none. */
		if (flagfile_find(&file, places.names[i], &found, NULL) == 0 && seen) {
			must(found.from == places.at[i].from && found.to == places.at[i].to,
			     "a whole name finds its place", bytes, len);
			value_set(&file, &places, i, json_true());
			value_set(&file, &places, i, json_false());
			value_set(&file, &places, i, json_integer(-70));
			value_set(&file, &places, i, json_real(2.5));
			value_set(&file, &places, i, json_null());
			value_set(&file, &places, i, json_string("a word"));
			value_set(&file, &places, i, json_string(text));
		}
		json_decref(seen);
		free(line);
	}
	flagfile_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *bytes = (const char *)data, *nl;
	char *text, *file;
	size_t n;

	if (len < 2 || !(nl = memchr(bytes, '\n', len)))
		return 0;
	text = strndup(bytes + 1, (size_t)(nl - bytes > 1 ? nl - bytes - 1 : 0));
	n = len - (size_t)(nl + 1 - bytes);
	file = exactly(nl + 1, n);
	flags_set((enum flag_format)(data[0] % 4), text, file, n);
	free(file);
	free(text);
	return 0;
}
