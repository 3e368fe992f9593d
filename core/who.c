#include "core/who.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

static void set_text(json_t *by, const char *key, const char *text, size_t len)
{
	if (len)
		json_object_set_new(by, key, json_text(text, len));
}

static void set_uid(json_t *by, const char *key, uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);
	char number[24];

	if (entry) {
		set_text(by, key, entry->pw_name, strlen(entry->pw_name));
		return;
	}
	snprintf(number, sizeof(number), "uid %lu", (unsigned long)uid);
	set_text(by, key, number, strlen(number));
}

/* The uid that the person logged in with survives su and sudo (see pam_loginuid(8)). */
static bool login_uid(uid_t *uid)
{
	char text[24];
	ssize_t len;
	unsigned long number;
	int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	errno = 0;
	number = strtoul(text, NULL, 10);
	if (errno || number >= UINT32_MAX)
		return false;
	*uid = (uid_t)number;
	return true;
}

/* The kernel's word goes first. The variable can be set by anybody: it is believed of root alone,
 * who can be anybody anyway. */
static void set_sudo(json_t *by, uid_t uid)
{
	const char *sudo = getenv("SUDO_USER");
	uid_t login;

	if (login_uid(&login)) {
		if (login != uid)
			set_uid(by, "sudo", login);
	} else if (uid == 0 && sudo && *sudo && strcmp(sudo, json_str(by, "user", "")) != 0) {
		set_text(by, "sudo", sudo, strlen(sudo));
	}
}

json_t *who_am_i(void)
{
	json_t *by = json_object();
	const char *ssh = getenv("SSH_CONNECTION");
	char name[256];

	set_uid(by, "user", getuid());
	set_sudo(by, getuid());
	if (gethostname(name, sizeof(name)) == 0) {
		name[sizeof(name) - 1] = '\0';
		set_text(by, "host", name, strlen(name));
	}
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (ttyname_r(fd, name, sizeof(name)) == 0) {
			set_text(by, "tty", name, strlen(name));
			break;
		}
	}
	if (ssh)
		set_text(by, "ssh", ssh, strcspn(ssh, " "));
	return by;
}

const char *who_person(const json_t *by)
{
	const char *sudo = json_str(by, "sudo", "");

	return *sudo ? sudo : json_str(by, "user", "");
}

char *who_login(void)
{
	json_t *by = who_am_i();
	char *login = xstrdup(who_person(by));

	json_decref(by);
	return login;
}

char *who_text(const json_t *by)
{
	struct buf out = BUF_INIT;
	const char *user = json_str(by, "user", ""), *sudo = json_str(by, "sudo", "");
	const char *host = json_str(by, "host", ""), *ssh = json_str(by, "ssh", "");

	if (*sudo) {
		text_clean(&out, sudo, strlen(sudo));
		buf_puts(&out, " as ");
	}
	text_clean(&out, user, strlen(user));
	if (*host) {
		buf_putc(&out, '@');
		text_clean(&out, host, strlen(host));
	}
	if (*ssh) {
		buf_puts(&out, " from ");
		text_clean(&out, ssh, strlen(ssh));
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

char *who_wrote(const struct jflat *line)
{
	json_t *by = jflat_json(line, "by");
	char *text = who_text(by);

	json_decref(by);
	return text;
}
