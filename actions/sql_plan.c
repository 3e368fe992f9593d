#include "actions/sql_plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/text.h"

void sql_plan_lines(const json_t *args, char sign, struct buf *lines)
{
	const json_t *expect = json_object_get(args, "expect_rows");
	const char *sql = json_str(args, "sql", "");
	json_t *value;
	size_t i;

	buf_puts(lines, "SQL: ");
	text_clean(lines, sql, strlen(sql));
	buf_putc(lines, '\n');
	json_array_foreach(json_object_get(args, "with"), i, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		buf_printf(lines, "  %c%zu = %s\n", sign, i + 1, text);
		free(text);
	}
	if (expect)
		buf_printf(lines,
			   "Rolled back unless the last one touches %" JSON_INTEGER_FORMAT
			   " rows\n",
			   json_integer_value(expect));
}
