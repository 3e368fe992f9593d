/* The `:` and `/` lines. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "tui/line.h"
#include "tui/modal.h"

struct prompt {
	struct modal modal;
	struct line line;
	act_fn *act;   /* of the `:` line; NULL: it asks for a text */
	char sign[16]; /* before the line */
	char *hint;    /* owned: above it; NULL: names of commands */
	prompt_fn *done;
	void *data; /* borrowed */
};

/* Calls `fn` for every name that `:` knows and that begins with the prefix. */
static void names_each(const char *prefix, size_t len,
		       void (*fn)(const char *name, const char *args, const char *help, void *data),
		       void *data)
{
	struct key_binding row;

	for (const struct command *command = session_commands; command->name; command++) {
		if (session_offers(command) && !strncmp(command->name, prefix, len))
			fn(command->name, command->args, command->help, data);
	}
	for (size_t i = 0; key_row(i, &row); i++) {
		bool twice = false;

		for (const struct command *c = session_commands; row.command && c->name; c++)
			twice = twice || !strcmp(c->name, row.command);
		if (row.command && !twice && !strncmp(row.command, prefix, len))
			fn(row.command, "", row.help, data);
	}
}

struct matches {
	struct buf names; /* separated by blanks */
	char common[64];  /* what all of them begin with */
	size_t n;
	char help[256]; /* of the only one */
};

static void match_add(const char *name, const char *args, const char *help, void *data)
{
	struct matches *matches = data;
	size_t same = 0;

	if (matches->n++ == 0) {
		snprintf(matches->common, sizeof(matches->common), "%s", name);
	} else {
		while (matches->common[same] && matches->common[same] == name[same])
			same++;
		matches->common[same] = '\0';
	}
	buf_printf(&matches->names, "%s ", name);
	snprintf(matches->help, sizeof(matches->help), "%s %s: %s", name, args ? args : "",
		 help ? help : "");
}

static void exact_add(const char *name, const char *args, const char *help, void *data)
{
	(void)args, (void)help;
	*(const char **)data = name;
}

static void prompt_hint(const struct prompt *prompt, const struct canvas *canvas)
{
	const char *text = buf_str(&prompt->line.text);
	struct matches matches = { .names = BUF_INIT };
	size_t word = strcspn(text, " ");

	names_each(text, word, match_add, &matches);
	if (matches.n == 1 || text[word])
		canvas_text(canvas, 0, 1, STYLE_DIM, matches.n ? matches.help : "no such command");
	else if (matches.n == 0)
		canvas_text(canvas, 0, 1, STYLE_WARNING,
			    "no such command; Tab on an empty line "
			    "lists all");
	else
		canvas_text(canvas, 0, 1, STYLE_DIM, buf_str(&matches.names));
	buf_release(&matches.names);
}

static void prompt_draw(struct ui *ui, struct modal *modal, const struct canvas *canvas)
{
	struct prompt *prompt = (struct prompt *)modal;
	struct canvas two = canvas_part(canvas, canvas->h - 2, 0, 2, -1);
	int x;

	(void)ui;
	canvas_clear(&two);
	if (prompt->hint)
		canvas_text(&two, 0, 1, STYLE_DIM, prompt->hint);
	else
		prompt_hint(prompt, &two);
	x = canvas_text(&two, 1, 1, STYLE_KEY, prompt->sign);
	line_draw(&prompt->line, &two, 1, x, true);
}

static void complete(struct prompt *prompt)
{
	const char *text = buf_str(&prompt->line.text);
	struct matches matches = { .names = BUF_INIT };

	if (!strchr(text, ' ')) {
		names_each(text, strlen(text), match_add, &matches);
		if (matches.n > 0) {
			if (matches.n == 1 && strlen(matches.common) + 2 < sizeof(matches.common))
				strcat(matches.common, " ");
			line_set(&prompt->line, matches.common);
		}
	}
	buf_release(&matches.names);
}

/* The nearest name, for "did you mean". */
struct nearest {
	const char *word;
	const char *name;
	int distance;
};

static void nearest_add(const char *name, const char *args, const char *help, void *data)
{
	struct nearest *nearest = data;
	int distance = text_distance(name, nearest->word);

	(void)args, (void)help;
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->name = name;
	}
}

static void run(struct ui *ui, char *text, act_fn *do_act)
{
	struct err err = ERR_INIT;
	char *end = text + strlen(text);
	const char *known = NULL;
	char word[64];
	enum act act;

	while (end > text && end[-1] == ' ')
		*--end = '\0';
	while (*text == ' ' || *text == ':')
		text++;
	if (!*text)
		return;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, " "), text);
	act = key_command(text);
	/* A bare name does what its key does: it may ask for what is missing. */
	if (act != ACT_NONE) {
		do_act(ui, act);
		return;
	}
	names_each(word, strlen(word) + 1, exact_add, &known);
	if (!known) {
		struct nearest nearest = { word, NULL, 3 };

		names_each("", 0, nearest_add, &nearest);
		ui_notice(ui, STYLE_WARNING, "There is no command \"%s\"%s%s%s.", word,
			  nearest.name ? "; did you mean \"" : "", nearest.name ? nearest.name : "",
			  nearest.name ? "\"" : "");
		return;
	}
	ui_acted(ui, session_command(ui->session, text, &err), &err, "Done.");
}

static void prompt_finish(struct ui *ui, struct prompt *prompt)
{
	char *text = xstrdup(buf_str(&prompt->line.text));
	act_fn *act = prompt->act;
	prompt_fn *done = prompt->done;
	void *data = prompt->data;

	ui_pop(ui);
	if (!act) {
		done(ui, text, data);
	} else {
		if (*text) {
			free(ui->last_command);
			ui->last_command = xstrdup(text);
		}
		run(ui, text, act);
	}
	free(text);
}

static void prompt_key(struct ui *ui, struct modal *modal, int key, bool special)
{
	struct prompt *prompt = (struct prompt *)modal;

	if (special ? key == KEY_ENTER : key == '\r' || key == '\n')
		prompt_finish(ui, prompt);
	else if (!special && (key == 27 || key == 3))
		ui_pop(ui);
	else if (!special && key == '\t' && prompt->act)
		complete(prompt);
	else if (special && key == KEY_UP && prompt->act && ui->last_command)
		line_set(&prompt->line, ui->last_command);
	else if (prompt->line.text.len == 0 &&
		 (special ? key == KEY_BACKSPACE : key == 0x7f || key == 8))
		ui_pop(ui);
	else
		line_key(&prompt->line, key, special);
}

static void prompt_release(struct modal *modal)
{
	struct prompt *prompt = (struct prompt *)modal;

	line_release(&prompt->line);
	free(prompt->hint);
	free(prompt);
}

static const struct modal_ops prompt_ops = {
	.takes_text = true,
	.draw = prompt_draw,
	.key = prompt_key,
	.release = prompt_release,
};

static struct prompt *prompt_open(struct ui *ui, const char *sign)
{
	struct prompt *prompt = xcalloc(1, sizeof(*prompt));

	prompt->modal.ops = &prompt_ops;
	snprintf(prompt->sign, sizeof(prompt->sign), "%s", sign);
	ui_push(ui, &prompt->modal);
	return prompt;
}

void prompt_command(struct ui *ui, act_fn *act)
{
	prompt_open(ui, ":")->act = act;
}

void prompt_text(struct ui *ui, const char *sign, const char *hint, const char *value,
		 prompt_fn *done, void *data)
{
	struct prompt *prompt = prompt_open(ui, sign);

	prompt->hint = xstrdup(hint);
	prompt->done = done;
	prompt->data = data;
	if (value)
		line_set(&prompt->line, value);
}

static void search(struct ui *ui, const char *text, void *data)
{
	(void)data;
	ui_view(ui, ui->view)->search(ui, ui->states[ui->view], text);
}

void prompt_search(struct ui *ui)
{
	prompt_text(ui, "/",
		    "Show only lines with this text. Enter with nothing shows all again, Esc goes "
		    "back.",
		    NULL, search, NULL);
}
