#include "lib/number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64

static size_t digits(const char *bytes, size_t len, size_t at)
{
	while (at < len && isdigit((unsigned char)bytes[at]))
		at++;
	return at;
}

/* Where the number at the beginning ends; 0: there is none. */
static size_t number_end(const char *bytes, size_t len)
{
	size_t at = len > 0 && (bytes[0] == '-' || bytes[0] == '+') ? 1 : 0;
	size_t whole = digits(bytes, len, at), end = whole, power;
	bool any = whole > at;

	if (end < len && bytes[end] == '.') {
		size_t part = digits(bytes, len, end + 1);

		any = any || part > end + 1;
		if (part > end + 1 || whole > at)
			end = part;
	}
	if (!any)
		return 0;
	if (end < len && (bytes[end] == 'e' || bytes[end] == 'E')) {
		power = end + 1;
		if (power < len && (bytes[power] == '-' || bytes[power] == '+'))
			power++;
		if (digits(bytes, len, power) > power)
			end = digits(bytes, len, power);
	}
	return end;
}

static size_t read_number(const char *bytes, size_t len, double *value)
{
	char text[NUMBER_MAX];
	size_t end = number_end(bytes, len);

	if (end == 0 || end >= sizeof(text))
		return 0;
	memcpy(text, bytes, end);
	text[end] = '\0';
	*value = strtod(text, NULL); /* LC_NUMERIC stays "C": see main() */
	return isfinite(*value) ? end : 0;
}

bool number_find(const char *bytes, size_t len, double *value)
{
	return read_number(bytes, len, value) > 0;
}

bool number_parse(const char *bytes, size_t len, double *value)
{
	size_t end = read_number(bytes, len, value);

	while (end > 0 && end < len && isspace((unsigned char)bytes[end]))
		end++;
	return end > 0 && end == len;
}
