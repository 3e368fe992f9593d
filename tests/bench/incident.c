/* Records an incident of N events and prints its id:  incident N */
#include "tests/bench/record.h"

int main(int argc, char **argv)
{
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct incident incident;
	struct clock_manual clock;
	struct loaded loaded;

	if (n < 2)
		return 2;
	record_open(&incident, &loaded, &clock);
	record_events(&incident, &clock, 0, n - 1);
	puts(incident.id);
	record_close(&incident, &loaded);
	return 0;
}
