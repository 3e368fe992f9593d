/* Parameters in texts: whether they are declared, fit, and are used. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "checklists/shapes.h"
#include "lib/mem.h"
#include "lib/params.h"

#define ENV_PREFIX "BACKOUT_" /* as lib/params.h names them */

/* Which parameters may stand alone in a field: the value then has the parameter's type. */
static bool param_fits(enum field_type param, enum field_type field)
{
	switch (field) {
	case FIELD_INT:
		return param == FIELD_INT;
	case FIELD_NUMBER:
		return param == FIELD_INT || param == FIELD_NUMBER;
	case FIELD_BOOL:
		return param == FIELD_BOOL;
	case FIELD_DURATION:
		return param == FIELD_DURATION;
	case FIELD_SIZE:
		return param == FIELD_SIZE || param == FIELD_INT;
	case FIELD_PATH:
		return param == FIELD_PATH || param == FIELD_STRING;
	case FIELD_STRING:
	case FIELD_CHOICE:
		return param == FIELD_STRING || param == FIELD_PATH || param == FIELD_DURATION ||
		       param == FIELD_SIZE;
	default:
		return true;
	}
}

struct param_walk {
	struct checker *checker;
	const struct node *node;
	const char *text;
	enum field_type type;
};

/* A misspelt use is a use: one mistake, one finding. */
static void mark_misspelt(struct checker *checker, const char *word)
{
	const struct runbook *rb = checker->runbook;
	for (size_t i = 0; checker->used && i < rb->nparams; i++)
		if (nearest(word, &rb->params[i].name, 1))
			checker->used[i] = true;
}

static void param_seen(const char *name, size_t len, void *data)
{
	struct param_walk *walk = data;
	struct checker *checker = walk->checker;
	const struct runbook *rb = checker->runbook;
	char *word = xstrndup(name, len);

	if (name[len] != '}') {
		say(checker, walk->node, NULL,
		    "\"${\" without \"}\"; \"$${\" stands for a literal \"${\"");
		goto out;
	}
	if (!check_reference(checker, walk->node, SECTION_PARAMETERS, word)) {
		mark_misspelt(checker, word);
		goto out;
	}
	for (size_t i = 0; i < rb->nparams; i++) {
		const struct param *param = &rb->params[i];
		if (strcmp(param->name, word) != 0)
			continue;
		if (checker->used)
			checker->used[i] = true;
		bool alone = strlen(walk->text) == len + strlen("${}");
		if (alone && param->type != FIELD_SCALAR && !param_fits(param->type, walk->type))
			say(checker, walk->node, NULL,
			    "expected %s; parameter \"%s\" is of type %s",
			    field_type_expected(walk->type), word, field_type_name(param->type));
		if (param->secret && !checker->secret && walk->type != FIELD_TEMPLATE)
			say(checker, walk->node, NULL,
			    "parameter \"%s\" is secret, and would be seen here: a command gets it "
			    "through \"env\", a shell as $" ENV_PREFIX "NAME, a request in its "
			    "url, headers or body",
			    word);
		if (checker->no_asks && param->ask)
			say(checker, walk->node, NULL,
			    "parameter \"%s\" is asked before a plan is made; what is read all the "
			    "time can't wait for it",
			    word);
	}
out:
	free(word);
}

struct secret_walk {
	const struct runbook *runbook;
	bool found;
};

static void secret_seen(const char *name, size_t len, void *data)
{
	struct secret_walk *walk = data;
	char *word = xstrndup(name, len);
	const struct param *param = runbook_param(walk->runbook, word);

	/* One that isn't declared is a mistake of its own. */
	walk->found = walk->found || !param || param->secret;
	free(word);
}

void check_secret(struct checker *checker, const struct node *node)
{
	struct secret_walk walk = { .runbook = checker->runbook };

	if (!json_is_string(node->value))
		return;
	params_each(json_string_value(node->value), secret_seen, &walk);
	if (!walk.found)
		say(checker, node, NULL,
		    "this is as good as a password, and every incident's folder would keep a copy "
		    "of it: write \"${name}\" of a parameter that is \"secret\" and that the "
		    "target's \"secrets\" give, or name a file instead");
}

static void count_param(const char *name, size_t len, void *data)
{
	(void)name;
	(void)len;
	*(size_t *)data += 1;
}

bool has_params(const char *text)
{
	size_t n = 0;
	params_each(text, count_param, &n);
	return n > 0;
}

void check_params(struct checker *checker, const struct node *node, const char *text,
		  enum field_type type)
{
	struct param_walk walk = { .checker = checker, .node = node, .text = text, .type = type };

	params_each(text, param_seen, &walk);
}

/* What becomes a message must be known before one is needed. */
static void template_seen(const char *name, size_t len, void *data)
{
	struct param_walk *walk = data;
	char *word = xstrndup(name, len);
	const struct param *param;

	if (memchr(name, '.', len) && name[len] == '}') {
		check_fact(walk->checker, walk->node, word);
	} else {
		param_seen(name, len, data);
		param = runbook_param(walk->checker->runbook, word);
		if (param && param->secret)
			say(walk->checker, walk->node, NULL,
			    "parameter \"%s\" is a secret: it is nothing for a message", word);
	}
	free(word);
}

void check_template(struct checker *checker, const struct node *node, const char *text)
{
	struct param_walk walk = {
		.checker = checker, .node = node, .text = text, .type = FIELD_TEMPLATE
	};

	params_each(text, template_seen, &walk);
}

static bool env_names(const char *word, const char *param)
{
	for (; *param; word++, param++) {
		int c = *param == '-' || *param == '.' ? '_' : toupper((unsigned char)*param);
		if (*word != c)
			return false;
	}
	return !isalnum((unsigned char)*word) && *word != '_';
}

static void literal_used(const struct runbook *rb, const char *text, bool *used)
{
	for (const char *c = text; (c = strstr(c, ENV_PREFIX)) != NULL;) {
		c += strlen(ENV_PREFIX);
		for (size_t i = 0; i < rb->nparams; i++)
			used[i] = used[i] || env_names(c, rb->params[i].name);
	}
}

void check_literal(struct checker *checker, const struct node *node, const char *text)
{
	if (strstr(text, "${"))
		say(checker, node, NULL,
		    "\"${\" in a literal text: SQL gets parameters through \"with\", a shell "
		    "through $" ENV_PREFIX "NAME (without braces)");
	if (checker->used)
		literal_used(checker->runbook, text, checker->used);
}

struct used_walk {
	const struct runbook *runbook;
	bool *used;
};

static void mark_used(const char *name, size_t len, void *data)
{
	struct used_walk *walk = data;
	for (size_t i = 0; i < walk->runbook->nparams; i++) {
		const char *param = walk->runbook->params[i].name;
		if (strlen(param) == len && strncmp(param, name, len) == 0)
			walk->used[i] = true;
	}
}

void params_used(const struct runbook *runbook, const json_t *value, bool *used)
{
	struct used_walk walk = { .runbook = runbook, .used = used };
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value)) {
		params_each(json_string_value(value), mark_used, &walk);
		literal_used(runbook, json_string_value(value), used);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member)
			params_used(runbook, member, used);
	} else if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, member)
			params_used(runbook, member, used);
	}
}

void check_unused_params(struct checker *checker)
{
	const struct names *names = &checker->names[SECTION_PARAMETERS];
	for (size_t i = 0; i < names->n; i++)
		if (!checker->used[i])
			say_key(checker, &names->list[i], NULL,
				"parameter \"%s\" is never used: use it as \"${%s}\" or remove it",
				names->list[i].key, names->list[i].key);
}
