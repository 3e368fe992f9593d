#include "lib/archive.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backup.h"
#include "lib/child.h"
#include "lib/mem.h"

enum { LISTING_MAX = 256 << 20 };

static bool leaves(const char *name, size_t len)
{
	if (len == 0 || name[0] == '/')
		return true;
	for (size_t i = 0; i + 1 < len; i++)
		if (name[i] == '.' && name[i + 1] == '.' && (i == 0 || name[i - 1] == '/') &&
		    (i + 2 == len || name[i + 2] == '/'))
			return true;
	return false;
}

/* "-rw-r--r-- 0/0   1234 2026-11-21 22:50 slomix/bot/config.py" */
static int line_read(struct archive *archive, const char *line, size_t len, bool *one_top,
		     struct err *err)
{
	const char *at = line, *end = line + len, *word[6] = { 0 };
	size_t name, top;

	for (int i = 0; i < 6; i++) {
		while (at < end && *at == ' ')
			at++;
		word[i] = at;
		while (i < 5 && at < end && *at != ' ')
			at++;
	}
	/* What a link points to is its content: it may well say "../..". */
	if (*line == 'l' || *line == 'h') {
		const char *target =
		    memmem(word[5], (size_t)(end - word[5]), *line == 'l' ? " -> " : " link to ",
			   *line == 'l' ? 4 : 9);

		end = target ? target : end;
	}
	name = (size_t)(end - word[5]);
	if (name == 0 || leaves(word[5], name))
		return err_set(err, "it has a member outside the folder it is unpacked into: %.*s",
			       (int)(name < 100 ? name : 100), word[5]);
	archive->members++;
	if (isdigit((unsigned char)*word[2]))
		archive->content += strtoll(word[2], NULL, 10);
	at = word[5];
	while (end - at >= 2 && at[0] == '.' && at[1] == '/')
		at += 2;
	for (top = 0; at + top < end && at[top] != '/'; top++)
		;
	/* A file at the top, or the folder itself: then there is no one folder. */
	if (at + top == end ||
	    (archive->top && (strlen(archive->top) != top || memcmp(archive->top, at, top) != 0)))
		*one_top = false;
	else if (!archive->top)
		archive->top = xstrndup(at, top);
	return 0;
}

static int listing_read(struct archive *archive, const struct buf *listing, struct err *err)
{
	const char *at = buf_str(listing), *end = at + listing->len;
	bool one_top = true;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((eol ? eol : end) - at);

		if (line_read(archive, at, len, &one_top, err) < 0)
			return -1;
		at += len + 1;
	}
	if (!one_top) {
		free(archive->top);
		archive->top = NULL;
	}
	if (archive->top && strchr(archive->top, '\\'))
		return err_set(err, "everything lies in a folder with an unprintable name");
	return archive->members > 0 ? 0 : err_set(err, "it holds nothing");
}

int archive_look(const char *file, int64_t timeout_us, struct archive *archive, struct err *err)
{
	const char *const argv[] = { "tar",
				     "--list",
				     "--verbose",
				     "--numeric-owner",
				     "--quoting-style=escape",
				     "--force-local",
				     "--file",
				     file,
				     NULL };
	const char *const env[] = { "TZ=UTC", "LC_ALL=C.UTF-8", NULL };
	struct child_spec spec = { .argv = argv, .env = env, .in = -1 };
	struct buf listing = BUF_INIT, errors = BUF_INIT;
	struct child_end end;
	json_t *sidecar = NULL;
	char text[80];
	int rc = -1;

	memset(archive, 0, sizeof(*archive));
	sidecar = sidecar_read(file, err);
	if (!sidecar || sidecar_check_hash(file, sidecar, err) < 0)
		goto out;
	archive->made_at = sidecar_made_at(sidecar);
	archive->size = json_integer_value(json_object_get(sidecar, "size"));
	if (child_run(&spec, NULL, timeout_us, LISTING_MAX, &listing, &errors, &end, err) < 0)
		goto out;
	if (end.timed_out || end.status != 0) {
		err_set(err, "%s can't be read to its end: tar: %s: %.200s", file,
			child_end_text(&end, text, sizeof(text)), buf_str(&errors));
		err_hint(err, "take another archive: this one is damaged");
		goto out;
	}
	if (end.lost > 0)
		err_set(err, "%s has too many members", file);
	else if (listing_read(archive, &listing, err) < 0)
		err_wrap(err, "%s", file);
	else
		rc = 0;
out:
	json_decref(sidecar);
	buf_release(&listing);
	buf_release(&errors);
	return rc;
}

void archive_release(struct archive *archive)
{
	free(archive->top);
	memset(archive, 0, sizeof(*archive));
}
