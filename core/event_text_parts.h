/*
 * The inside of event_text(), shared by the event_text*.c files alone.
 */
#ifndef CORE_EVENT_TEXT_PARTS_H
#define CORE_EVENT_TEXT_PARTS_H

#include "core/events.h"
#include "lib/buf.h"

/* Appends what a line says, clean. */
typedef void text_fn(struct buf *out, const json_t *line);

text_fn text_asked, text_approved, text_rejected, text_broken;
text_fn text_routine, text_period, text_routine_ended, text_occasion, text_phase, text_phase_ended;

#endif
