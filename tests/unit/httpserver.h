/* A server of few words on a unix socket, as a fixture: *state is a struct fixture. */
#ifndef TESTS_UNIT_HTTPSERVER_H
#define TESTS_UNIT_HTTPSERVER_H

#include "tests/unit/scratch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/http.h"

#define PATIENCE_US (20 * CLOCK_US)
#define BIG	    300000

/* ---- a server of few words ---- */

/* A JSON-RPC server that knows one method. */
static inline void rpc_answer(int fd, const char *request, bool stream)
{
	const char *body = strstr(request, "\"method\":\"tools/list\"") != NULL &&
				   strncmp(request, "POST ", 5) == 0 &&
				   strstr(request, "Content-Type: application/json") != NULL &&
				   strstr(request, "\"cursor\":\"a\\nb\"") != NULL
			       ? "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[1,2,3]}}"
			       : "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,"
				 "\"message\":\"no such method\"}}";
	const char *head = stream ? "event: message\ndata: " : "", *tail = stream ? "\n\n" : "";

	dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s%s%s",
		strlen(head) + strlen(body) + strlen(tail), head, body, tail);
}

static inline void send_many(int fd, const char *text, size_t times)
{
	size_t len = strlen(text) * times, at = 0;
	char *body = xmalloc(len);

	for (size_t i = 0; i < len; i++)
		body[i] = text[i % strlen(text)];
	dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
	while (at < len) {
		ssize_t n = write(fd, body + at, len - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	free(body);
}

/* {"packed": true} as gzip(1) has it. */
static const char packed[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x48\x4c\xce\x4e\x4d\x51\xb2\x52\x28\x29"
    "\x2a\x4d\xad\x05\x00\xb9\xd0\xbb\x73\x10\x00\x00\x00";

/* A body that never ends, as fast as anybody reads it. */
static inline void send_forever(int fd)
{
	static char text[65536];

	memset(text, 'x', sizeof(text));
	dprintf(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (write(fd, text, sizeof(text)) > 0)
		;
}

/* The servers that an admin meets at night. */
static inline bool answer_badly(int fd, const char *path)
{
	if (strncmp(path, "/endless", 8) == 0) {
		send_forever(fd);
	} else if (strncmp(path, "/stall", 6) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome");
		pause();
	} else if (strncmp(path, "/moved", 6) == 0) {
		dprintf(fd, "HTTP/1.1 302 Found\r\nLocation: http://localhost/health\r\n"
			    "Content-Length: 0\r\n\r\n");
	} else if (strncmp(path, "/packed", 7) == 0) {
		dprintf(fd,
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: "
			"application/json\r\nContent-Length: %zu\r\n\r\n",
			sizeof(packed) - 1);
		(void)!write(fd, packed, sizeof(packed) - 1);
	} else if (strncmp(path, "/evil", 5) == 0) {
		dprintf(fd, "HTTP/1.1 200 \033[31mred\r\nContent-Type: \033]0;x\007\r\n"
			    "Content-Length: 6\r\n\r\n\033[2J\xff\n");
	} else {
		return false;
	}
	return true;
}

static inline void answer(int fd, const char *request)
{
	const char *path = strchr(request, ' ');
	char head[256];

	if (path == NULL)
		return;
	path++;
	if (answer_badly(fd, path)) {
		return;
	} else if (strncmp(path, "/silent", 7) == 0) {
		pause();
	} else if (strncmp(path, "/broken", 7) == 0) {
		dprintf(fd, "this is no HTTP");
	} else if (strncmp(path, "/big", 4) == 0) {
		send_many(fd, "x", BIG);
	} else if (strncmp(path, "/samples/", 9) == 0) {
		send_many(fd, "up 1\n", strtoul(path + 9, NULL, 10));
	} else if (strncmp(path, "/error", 6) == 0) {
		dprintf(fd, "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\ndown");
	} else if (strncmp(path, "/rpc", 4) == 0) {
		rpc_answer(fd, request, strncmp(path, "/rpc-stream", 11) == 0);
	} else if (strncmp(path, "/header", 7) == 0) {
		const char *token = strstr(request, "X-Token: se\"cret\\");

		dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n",
			token != NULL ? "200 OK" : "401 No");
	} else {
		const char *body =
		    "{\"status\": \"ok\", \"db\": {\"up\": true, \"pool\": [1, 2]}}\n";

		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
			 strlen(body));
		dprintf(fd, "%s%s", head, body);
	}
}

static inline void serve(int listener)
{
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pid_t one = fd >= 0 ? fork() : -1;

		if (one == 0) {
			char request[4096];
			size_t len = 0;
			ssize_t n;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* A body ends with its brace; nothing else does. */
			do {
				n = read(fd, request + len, sizeof(request) - 1 - len);
				len += n > 0 ? (size_t)n : 0;
				request[len] = '\0';
			} while (n > 0 && strncmp(request, "POST", 4) == 0 &&
				 request[len - 1] != '}');
			answer(fd, request);
			_exit(0);
		}
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

struct fixture {
	char *folder, *socket;
	pid_t server;
};

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	f->folder = scratch_new();
	f->socket = path_join(f->folder, "http");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	f->server = fork();
	if (f->server == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener);
	}
	setpgid(f->server, f->server);
	close(listener);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	kill(-f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	scratch_free(f->folder);
	free(f->socket);
	free(f);
	return 0;
}

static inline struct http_request request_for(const struct fixture *f, const char *url)
{
	return (struct http_request){ .url = url, .socket = f->socket, .timeout_us = PATIENCE_US };
}

#endif
