#include "lib/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

int tcp_look(const char *address, int64_t timeout_us, const struct clock *clock,
	     struct tcp_look *out, struct err *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	int64_t begin = clock_mono(clock);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct addrinfo *list = NULL;
	int rc, error = ETIMEDOUT;

	*out = (struct tcp_look){ 0 };
	if (!split(address, host, port))
		return err_set(err, "%s: expected HOST:PORT", address);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, "%s: %s", address, gai_strerror(rc));
	for (const struct addrinfo *at = list; at != NULL && error != 0; at = at->ai_next) {
		int64_t left = begin + timeout_us - clock_mono(clock);

		if (left > 0)
			error = connect_to(at, left);
	}
	freeaddrinfo(list);
	out->open = error == 0;
	out->timed_out = error == ETIMEDOUT;
	out->took_us = clock_mono(clock) - begin;
	if (error != 0)
		snprintf(out->why, sizeof(out->why), "%s", strerror(error));
	return 0;
}
