/*
 * Inside of the checker: single values against their field's type. Each function reports what is
 * wrong.
 */
#ifndef CHECKLISTS_CHECK_VALUES_H
#define CHECKLISTS_CHECK_VALUES_H

#include "checklists/check.h"

/* Says "expected ..., found ..." and returns false, unless `right`. */
bool is_right(struct checker *checker, const struct node *node, bool right, const char *expected);
bool is_string(struct checker *checker, const struct node *node, enum field_type type);
/* New: "a, b, c", cut when there are many; "none". */
char *join_words(const char *const *words, size_t n);

/* Numbers, booleans, durations, sizes: their text form may hold parameters. */
void check_scalar(struct checker *checker, const struct node *node, enum field_type type);
/* All kinds of text: what it may hold, and the parameters in it. */
void check_text(struct checker *checker, const struct node *node, enum field_type type);
/* It must be one of the field's words; a declared source of the field's type; something that a
 * source of type `source` has to read. */
void check_choice(struct checker *checker, const struct node *node, const struct field *field);
void check_source_name(struct checker *checker, const struct node *node, const struct field *field);
void check_read(struct checker *checker, const struct node *node, const struct type *source);
/* `object` has the flags source's name. `node` is the flag's name, or (`key`) a member called so.
 */
void check_flag(struct checker *checker, const struct node *node, const char *flag,
		const struct node *object, const struct field *field, bool key);
/* The name of a mode of the source that the field `of` names. */
void check_mode(struct checker *checker, const struct node *node, const struct field *field);

#endif
