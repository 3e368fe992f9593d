/*
 * The inside of the shapes, shared by the shapes*.c files alone: field tables that do not stand
 * beside the list of all.
 */
#ifndef CHECKLISTS_SHAPES_PARTS_H
#define CHECKLISTS_SHAPES_PARTS_H

#include "lib/field.h"

/* Behind the last field of a table. */
#define END                  \
	{                    \
		.name = NULL \
	}

/* shapes_more.c: what recurs, what is rolled out, and the report. */
extern const struct field routine_shape_fields[];
extern const char *const *const routine_groups[];
extern const struct field phase_shape_fields[];
extern const struct field report_shape_fields[];
extern const struct field report_section_shape_fields[];
extern const struct field report_field_shape_fields[];

#endif
