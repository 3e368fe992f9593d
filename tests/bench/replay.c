/* Opens an incident as a console does that attaches to it, and prints how many events it has:
 *   replay INCIDENT */
#include <stdio.h>

#include "core/incident.h"

int main(int argc, char **argv)
{
	struct incident incident;
	struct err err = ERR_INIT;

	if (argc != 2)
		return 2;
	if (incident_open(&incident, argv[1], &clock_system, &err) || *incident.damage) {
		fprintf(stderr, "bench: %s%s\n", err.msg, incident.damage);
		return 1;
	}
	printf("%zu\n", incident.state.ntimeline);
	incident_close(&incident);
	return 0;
}
