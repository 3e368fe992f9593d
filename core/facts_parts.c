#include "core/facts_parts.h"

#include "lib/mem.h"
#include "lib/timefmt.h"

char *fact_copy(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

char *fact_moment(int64_t at)
{
	char text[TIME_RFC3339_MAX];

	return at ? xasprintf("%s UTC", time_datetime(at, text)) : NULL;
}
