/* A service: whether it is up, and how often it was restarted. */
#include "lib/service.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/types.h"

#define EVERY_US   (2 * CLOCK_US)
#define QUERY_US   (5 * CLOCK_US)
#define OUTPUT_MAX 16384

static const struct read_def reads[] = {
	{ "up", "", "1 when it is active, else 0" },
	{ "restarts", "", "restarts by the service manager itself, as it counts them" },
	{ NULL, NULL, NULL },
};

struct service_source {
	struct source source; /* first */
	json_t *args;	      /* the service borrows from it */
	struct service service;
	struct job *job; /* under way, or NULL */
	int64_t next;	 /* monotonic */
	int64_t at;	 /* wall time of the latest status; 0: none yet */
	struct service_status status;
};

static void on_status(const struct child_end *end, const struct buf *out, void *data)
{
	struct service_source *service = data;
	const struct source_env *env = service->source.env;
	enum service_state before = service->status.state;

	service->job = NULL;
	service_interpret(&service->service, end, out, &service->status);
	service->at = clock_wall(env->clock);
	if (before != service->status.state && env->changed != NULL)
		env->changed(env->data);
}

static void service_sample(struct source *source)
{
	struct service_source *service = (struct service_source *)source;
	int64_t mono = clock_mono(source->env->clock);
	struct child_spec spec = {
		.argv = service_query(&service->service),
		.in = -1,
		.out = -1,
		.err = -1,
		.kept = true,
	};
	struct err err = ERR_INIT;

	if (service->job != NULL || (service->at != 0 && mono < service->next))
		return;
	service->next = mono + EVERY_US;
	if (source->env->loop == NULL || spec.argv == NULL) {
		service_state(&service->service, QUERY_US, &service->status);
		service->at = clock_wall(source->env->clock);
		return;
	}
	spec.cwd = service->service.cwd;
	spec.env = (const char *const *)service->service.env;
	service->job = job_start(source->env->loop, &spec, NULL, QUERY_US, OUTPUT_MAX, on_status,
				 service, &err);
	if (service->job == NULL) {
		service->status = (struct service_status){ .restarts = -1 };
		memcpy(service->status.evidence, err.msg, sizeof(service->status.evidence) - 1);
		service->at = clock_wall(source->env->clock);
	}
}

static void service_close(struct source *source)
{
	struct service_source *service = (struct service_source *)source;

	if (service->job != NULL)
		job_cancel(service->job);
	service_release(&service->service);
	json_decref(service->args);
	free(service);
}

static struct source *service_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	struct service_source *service = xcalloc(1, sizeof(*service));

	source_init(&service->source, &source_service, env, name);
	service->args = json_deep_copy(args);
	if (service_init(&service->service, service->args, err) < 0) {
		source_close(&service->source);
		return NULL;
	}
	return &service->source;
}

static void service_read(struct source *source, const json_t *metric, int64_t since,
			 struct reading *out)
{
	struct service_source *service = (struct service_source *)source;
	const struct service_status *status = &service->status;
	const char *read = json_str(metric, "read", "");

	if (service->at == 0 || service->at < since)
		reading_unknown(out, clock_wall(source->env->clock), "not asked yet");
	else if (strcmp(read, "up") == 0 && status->state != SERVICE_UNKNOWN)
		reading_value(out, service->at, status->state == SERVICE_ACTIVE ? 1 : 0, "");
	else if (strcmp(read, "restarts") == 0 && status->restarts >= 0)
		reading_value(out, service->at, status->restarts, "");
	else if (status->state == SERVICE_UNKNOWN)
		reading_unknown(out, service->at, "%s", status->evidence);
	else
		reading_unknown(out, service->at, "its manager doesn't count restarts");
}

const struct source_type source_service = {
	.type = { .name = "service",
		  .help = "a service: by systemd, by commands, or by a pid file",
		  .fields = service_fields,
		  .reads = reads,
		  .one_of = service_one_of },
	.open = service_open,
	.close = service_close,
	.sample = service_sample,
	.read = service_read,
};
