#include "lib/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int size_parse(const char *text, int64_t *bytes)
{
	static const struct {
		const char *name;
		int64_t factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "kB", 1000 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
		{ "TB", 1000000000000 },
		{ "KiB", 1LL << 10 },
		{ "MiB", 1LL << 20 },
		{ "GiB", 1LL << 30 },
		{ "TiB", 1LL << 40 },
	};
	long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].name) == 0)
			return __builtin_mul_overflow(number, units[i].factor, bytes) ? -1 : 0;
	return -1;
}

int size_of(const json_t *value, int64_t *bytes)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*bytes = json_integer_value(value);
		return 0;
	}
	return json_is_string(value) ? size_parse(json_string_value(value), bytes) : -1;
}

char *size_text(int64_t bytes, char *out, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit < 4) {
		value /= 1000;
		unit++;
	}
	snprintf(out, size, "%.*f %s", unit > 0 && value < 10 ? 1 : 0, value, units[unit]);
	return out;
}
