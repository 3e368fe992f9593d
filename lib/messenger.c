#include "lib/messenger.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/http.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/redact.h"
#include "lib/text.h"

#define TIMEOUT_US   (30 * CLOCK_US)
#define ANSWER_MAX   4096
#define DISCORD_MAX  2000 /* https://discord.com/developers/docs/resources/webhook: "content" */
#define URL_MAX	     8192
#define LATER_S	     5.0 /* where a busy server doesn't say for how long */
#define LATER_MIN_US (CLOCK_US / 10)

static const char *const forms[] = { "discord", "slack", "json", "plain", NULL };

const struct field messenger_fields[] = {
	{ .name = "webhook",
	  .type = FIELD_STRING,
	  .of = "secret only",
	  .help = "the URL that a text is posted to; a secret parameter, since it is as good as a "
		  "password" },
	{ .name = "webhook_file",
	  .type = FIELD_PATH,
	  .help = "a file whose first line is that URL, read when something is sent" },
	{ .name = "command",
	  .type = FIELD_STRINGS,
	  .help = "a program that gets the text on its standard input, for whom it is as "
		  "BACKOUT_TO and its title as BACKOUT_TITLE; exit status 0: it was taken" },
	{ .name = "person",
	  .type = FIELD_STRING,
	  .help = "what a person does with it: \"post it in #news\"" },
	{ .name = "as",
	  .type = FIELD_CHOICE,
	  .choices = forms,
	  .help = "of a webhook: {\"content\"} without mentions for discord, {\"text\"} for slack "
		  "and those who understand the same, {\"to\", \"title\", \"text\"} for json, or "
		  "the plain text; slack" },
	{ .name = "headers",
	  .type = FIELD_MAP,
	  .of = "secret",
	  .help = "of a webhook: further request headers" },
	{ .name = "socket",
	  .type = FIELD_PATH,
	  .help = "of a webhook: connect to this unix socket" },
	{ .name = "ca",
	  .type = FIELD_PATH,
	  .help = "of a webhook: certificates that are trusted instead of the system's" },
	{ .name = "timeout",
	  .type = FIELD_DURATION,
	  .help = "without an answer for so long, waits that it asks for included, nobody knows "
		  "whether it was taken (30s)" },
	{ .name = NULL },
};

static const char *const ways[] = { "webhook", "webhook_file", "command", "person", NULL };
const char *const *const messenger_one_of[] = { ways, NULL };

const char *messenger_end_name(enum messenger_end end)
{
	return end == MESSENGER_TAKEN ? "taken" : end == MESSENGER_DOUBTFUL ? "unknown" : "refused";
}

int64_t messenger_timeout(const json_t *declaration)
{
	return json_us(declaration, "timeout", TIMEOUT_US);
}

/* ---- What is posted ---- */

static bool is_webhook(const json_t *declaration)
{
	return json_object_get(declaration, "webhook") ||
	       json_object_get(declaration, "webhook_file");
}

/* New: the URL. NULL with err, which never quotes it. */
static char *webhook_url(const json_t *declaration, struct err *err)
{
	const char *path = json_str(declaration, "webhook_file", NULL);
	struct buf text = BUF_INIT;
	char *url = NULL;

	if (!path)
		url = xstrdup(json_str(declaration, "webhook", ""));
	else if (file_read(path, &text, URL_MAX, err) == 0)
		url = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\r\n"));
	buf_release(&text);
	if (!url)
		return NULL;
	if (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0)
		return url;
	err_set(err, "its webhook begins neither with https:// nor with http://");
	free(url);
	return NULL;
}

static bool is_form(const json_t *declaration, const char *form)
{
	return strcmp(json_str(declaration, "as", "slack"), form) == 0;
}

/* As Discord counts them: units of UTF-16 is the strictest reading. */
static size_t characters(const char *text)
{
	size_t n = 0, len = strlen(text);
	int32_t cp;

	for (size_t at = 0; at < len; n++) {
		at += utf8_decode(text + at, len - at, &cp);
		n += cp > 0xffff;
	}
	return n;
}

/* New. */
static char *body_make(const json_t *declaration, const struct messenger_text *text)
{
	json_t *body;
	char *line;

	if (is_form(declaration, "plain"))
		return xstrdup(text->text);
	if (is_form(declaration, "discord"))
		body = json_pack("{s:o, s:{s:[]}}", "content",
				 json_text(text->text, strlen(text->text)), "allowed_mentions",
				 "parse");
	else if (is_form(declaration, "json"))
		body = json_pack("{s:o, s:o, s:o}", "to", json_text(text->to, strlen(text->to)),
				 "title", json_text(text->title, strlen(text->title)), "text",
				 json_text(text->text, strlen(text->text)));
	else
		body = json_pack("{s:o}", "text", json_text(text->text, strlen(text->text)));
	line = json_line(body);
	json_decref(body);
	return line;
}

/* New: the declared headers, and what the body is. */
static json_t *headers_make(const json_t *declaration)
{
	const json_t *declared = json_object_get(declaration, "headers");
	json_t *headers = declared ? json_copy((json_t *)declared) : json_object();

	if (!json_object_get(headers, "Content-Type"))
		json_object_set_new(headers, "Content-Type",
				    json_string(is_form(declaration, "plain")
						    ? "text/plain; charset=utf-8"
						    : "application/json"));
	return headers;
}

/* "https://chat.example": whatever follows may be a token. */
static char *host_text(const char *url, char *out, size_t size)
{
	const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : "";
	size_t len = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', len);
	char whole[300];

	if (at) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	snprintf(whole, sizeof(whole), "%.*s%.*s", scheme ? (int)(scheme + 3 - url) : 0, url,
		 (int)(len < 200 ? len : 200), host);
	return text_clean_to(out, size, whole, strlen(whole));
}

/* ---- Before ---- */

static int webhook_check(const json_t *declaration, const struct messenger_text *text,
			 struct err *err)
{
	char *url = webhook_url(declaration, err);
	size_t n = characters(text->text);

	if (!url)
		return -1;
	free(url);
	if (!is_form(declaration, "discord") || n <= DISCORD_MAX)
		return 0;
	err_set(err, "the text has %zu characters, Discord takes %d", n, DISCORD_MAX);
	return err_hint(err, "shorten it by %zu", n - DISCORD_MAX);
}

static int program_check(const char *program, struct err *err)
{
	const char *path = getenv("PATH");
	bool found = strchr(program, '/') && access(program, X_OK) == 0;

	while (!found && !strchr(program, '/') && path && *path) {
		size_t len = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", (int)len, path, program);

		found = access(file, X_OK) == 0;
		free(file);
		path += len + (path[len] == ':');
	}
	return found ? 0 : err_set(err, "its program %s can't be found, or not be run", program);
}

int messenger_check(const json_t *declaration, const struct messenger_text *text, struct err *err)
{
	char **argv;
	int rc;

	if (json_object_get(declaration, "person"))
		return err_set(err, "a person carries it");
	if (is_webhook(declaration)) {
		rc = webhook_check(declaration, text, err);
		return rc < 0 ? rc : program_check("curl", err);
	}
	argv = argv_new(json_object_get(declaration, "command"), "command", err);
	rc = argv ? program_check(argv[0], err) : -1;
	argv_free(argv);
	return rc;
}

void messenger_plan(const json_t *declaration, struct buf *lines)
{
	const char *person = json_str(declaration, "person", NULL);
	struct err err = ERR_INIT;
	char host[200], **argv, *url;

	if (person) {
		buf_puts(lines, "by hand: ");
		text_clean(lines, person, strlen(person));
		buf_putc(lines, '\n');
		return;
	}
	if (is_webhook(declaration)) {
		url = webhook_url(declaration, &err);
		buf_printf(lines, "post it to %s (as %s)\n",
			   url ? host_text(url, host, sizeof(host)) : err.msg,
			   json_str(declaration, "as", "slack"));
		free(url);
		return;
	}
	argv = argv_new(json_object_get(declaration, "command"), "command", &err);
	buf_puts(lines, "$ ");
	if (argv)
		argv_text(lines, (const char *const *)argv);
	buf_puts(lines, " (the text is its standard input)\n");
	argv_free(argv);
}

/* ---- Sending ---- */

static void log_line(int log, const char *text)
{
	if (log >= 0)
		dprintf(log, "%s\n", text);
}

/* New: knows what nobody is to see of a webhook: the URL, its path (a server may quote it), and
 * what its headers say. */
static struct redactor *redactor_make(const json_t *declaration, const char *url)
{
	struct redactor *redactor = redactor_new();
	const char *path = strstr(url, "://"), *name;
	json_t *value;

	redactor_add(redactor, url);
	path = path ? strchr(path + 3, '/') : NULL;
	if (path) {
		redactor_add(redactor, path);
		redactor_add(redactor, strrchr(path, '/') + 1);
	}
	json_object_foreach(json_object_get(declaration, "headers"), name, value) {
		const char *text = json_string_value(value) ? json_string_value(value) : "";

		redactor_add(redactor, text);
		if (strncmp(text, "Bearer ", 7) == 0)
			redactor_add(redactor, text + 7);
	}
	return redactor;
}

/* Secrets are hidden before anything is cut, or else half of one might stay. */
static void said(struct messenger_answer *answer, const struct redactor *redactor, const char *text)
{
	struct buf hidden = BUF_INIT;

	redact(redactor, &hidden, text, strlen(text));
	text_clean_to(answer->said, sizeof(answer->said), buf_str(&hidden), hidden.len);
	buf_release(&hidden);
}

/* The first line of an answer's body; a page of HTML says nothing to a person here. */
static void answer_say(struct messenger_answer *answer, const struct redactor *redactor,
		       const struct http_reply *reply)
{
	const char *body = buf_str(&reply->body);
	char *line = *body && *body != '<'
			 ? xasprintf("%s: %.*s", reply->line, (int)strcspn(body, "\r\n"), body)
			 : xstrdup(reply->line);

	said(answer, redactor, line);
	free(line);
}

static int64_t asked_to_wait(const struct http_reply *reply)
{
	json_t *body = http_reply_json(reply);
	double seconds = json_num(body, "retry_after", LATER_S);
	int64_t us =
	    isfinite(seconds) && seconds < 86400 ? (int64_t)(seconds * CLOCK_US) : 86400 * CLOCK_US;

	json_decref(body);
	return us > LATER_MIN_US ? us : LATER_MIN_US;
}

static void reply_judge(struct messenger_answer *answer, const struct redactor *redactor,
			const struct http_reply *reply)
{
	answer->status = reply->status ? reply->status : -1;
	if (reply->status == 0) {
		said(answer, redactor, reply->why);
		answer->end = reply->unsent ? MESSENGER_REFUSED : MESSENGER_DOUBTFUL;
		return;
	}
	answer_say(answer, redactor, reply);
	/* A server that broke down over it (5xx) may have passed it on before. */
	answer->end = reply->status >= 200 && reply->status < 300 ? MESSENGER_TAKEN
		      : reply->status >= 500			  ? MESSENGER_DOUBTFUL
								  : MESSENGER_REFUSED;
}

static void wait_for(int64_t us)
{
	struct timespec left = { .tv_sec = us / CLOCK_US, .tv_nsec = us % CLOCK_US * 1000 };

	while (nanosleep(&left, &left) < 0)
		;
}

static int webhook_send(const json_t *declaration, const struct messenger_text *text, int64_t end,
			int log, struct messenger_answer *answer, struct err *err)
{
	char *url = webhook_url(declaration, err);
	struct redactor *redactor = redactor_make(declaration, url ? url : "");
	char *body = body_make(declaration, text), line[420], host[200];
	json_t *headers = headers_make(declaration);
	struct http_request request = {
		.url = url,
		.socket = json_str(declaration, "socket", NULL),
		.ca = json_str(declaration, "ca", NULL),
		.headers = headers,
		.body = body,
		.max = ANSWER_MAX,
	};
	int64_t wait = 0;
	int rc = -1;

	host_text(url ? url : "", host, sizeof(host));
	do {
		struct http_reply reply = { 0 };

		wait_for(wait);
		wait = 0;
		request.timeout_us = end - clock_mono(&clock_system);
		rc = url ? http_get(&request, &reply, err) : -1;
		if (rc == 0) {
			answer->tries++;
			reply_judge(answer, redactor, &reply);
			snprintf(line, sizeof(line), "post to %s: %s", host, answer->said);
			log_line(log, line);
		}
		if (rc == 0 && reply.status == 429)
			wait = asked_to_wait(&reply);
		if (wait > 0 && wait >= end - clock_mono(&clock_system)) {
			snprintf(line, sizeof(line), "%.120s; it asks to wait for %.0f s more",
				 answer->said, (double)wait / CLOCK_US);
			said(answer, redactor, line);
			wait = 0;
		}
		http_reply_release(&reply);
	} while (wait > 0);
	json_decref(headers);
	redactor_free(redactor);
	free(body);
	free(url);
	return rc;
}

/* The last line that it printed. */
static const char *last_line(struct buf *out)
{
	char *line;

	while (out->len && strchr("\r\n", out->data[out->len - 1]))
		buf_cut(out, out->len - 1);
	line = out->len ? memrchr(out->data, '\n', out->len) : NULL;
	return line ? line + 1 : buf_str(out);
}

static void command_judge(struct messenger_answer *answer, const struct child_end *end,
			  struct buf *out)
{
	const char *line = last_line(out);
	bool exited = !end->timed_out && WIFEXITED(end->status);
	char how[96], whole[200];

	child_end_text(end, how, sizeof(how));
	answer->status = exited ? WEXITSTATUS(end->status) : -1;
	snprintf(whole, sizeof(whole), "%s%s%.100s", how, *line ? ": " : "", line);
	said(answer, NULL, whole);
	/* One that was ended in the middle may have sent it. */
	answer->end = !exited		    ? MESSENGER_DOUBTFUL
		      : answer->status == 0 ? MESSENGER_TAKEN
					    : MESSENGER_REFUSED;
}

static int command_send(const json_t *declaration, const struct messenger_text *text, int64_t end,
			int log, struct messenger_answer *answer, struct err *err)
{
	char **argv = argv_new(json_object_get(declaration, "command"), "command", err);
	char *to = xasprintf("BACKOUT_TO=%s", text->to);
	char *title = xasprintf("BACKOUT_TITLE=%s", text->title);
	const char *env[] = { to, title, NULL };
	struct child_spec spec = { .argv = (const char *const *)argv, .env = env };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct child_end ended = { 0 };
	int rc = -1;

	if (argv && child_run(&spec, text->text, end - clock_mono(&clock_system), ANSWER_MAX, &out,
			      &errout, &ended, err) == 0) {
		if (log >= 0 && out.len)
			log_line(log, buf_str(&out));
		if (log >= 0 && errout.len)
			log_line(log, buf_str(&errout));
		answer->tries = 1;
		command_judge(answer, &ended, errout.len ? &errout : &out);
		rc = 0;
	}
	buf_release(&out);
	buf_release(&errout);
	free(to);
	free(title);
	argv_free(argv);
	return rc;
}

int messenger_send(const json_t *declaration, const struct messenger_text *text, int64_t timeout_us,
		   int log, struct messenger_answer *answer, struct err *err)
{
	int64_t start = clock_mono(&clock_system), most = messenger_timeout(declaration);
	int64_t end = start + (timeout_us < most ? timeout_us : most);
	int rc;

	*answer = (struct messenger_answer){ .status = -1 };
	if (messenger_check(declaration, text, err) < 0)
		return -1;
	if (end <= start)
		return err_set(err, "no time is left");
	rc = is_webhook(declaration) ? webhook_send(declaration, text, end, log, answer, err)
				     : command_send(declaration, text, end, log, answer, err);
	answer->elapsed_us = clock_mono(&clock_system) - start;
	return rc;
}
