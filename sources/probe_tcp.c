/* Probe type "tcp": a port accepts connections. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "sources/types.h"

#define WITHIN_US (5 * CLOCK_US)

static const struct field fields[] = {
	{ "tcp", FIELD_STRING, true, "HOST:PORT; a numeric IPv6 address in brackets", NULL, NULL },
	{ "within", FIELD_DURATION, false, "the connection stands within this time (5s)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static bool split(const char *text, char *host, char *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;

	if (len == 0 || len >= NI_MAXHOST || strlen(colon + 1) == 0 ||
	    strlen(colon + 1) >= NI_MAXSERV)
		return false;
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	strcpy(port, colon + 1);
	return true;
}

/* 0, or the errno of the failure. */
static int connect_to(const struct addrinfo *address, int64_t timeout_us)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			int n = poll(&wait, 1, (int)((timeout_us + 999) / 1000));

			if (n <= 0)
				error = n == 0 ? ETIMEDOUT : errno;
			else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
				error = errno;
		}
	}
	close(fd);
	return error;
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *text = json_str(args, "tcp", "");
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	int64_t begin = clock_mono(env->clock), now = clock_wall(env->clock);
	int64_t limit = begin + json_us(args, "within", WITHIN_US);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct addrinfo *list = NULL;
	int rc, error = ETIMEDOUT;

	if (limit > env->deadline)
		limit = env->deadline;
	if (!split(text, host, port)) {
		reading_unknown(out, now, "%s: expected HOST:PORT", text);
		return;
	}
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0) {
		reading_unknown(out, now, "%s: %s", text, gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *at = list; at != NULL && error != 0; at = at->ai_next) {
		int64_t left = limit - clock_mono(env->clock);

		if (left > 0)
			error = connect_to(at, left);
	}
	freeaddrinfo(list);
	if (error == 0)
		reading_pass(out, now, "%s accepts connections, %.0f ms", text,
			     (double)(clock_mono(env->clock) - begin) / 1000);
	else if (error == ETIMEDOUT && clock_mono(env->clock) >= env->deadline)
		reading_unknown(out, now, "%s: no answer while there was time to wait", text);
	else
		reading_fail(out, now, "%s: %s", text, strerror(error));
}

const struct probe_type probe_tcp = {
	.type = { .name = "tcp", .help = "a port accepts connections", .fields = fields },
	.blocks = true,
	.eval = eval,
};
