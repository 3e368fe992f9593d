#include "tests/screens/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/fault.h"

#define SESSIONS   40
#define PAIRS_MAX  4000
#define HANG_MS	   3000	 /* a pair of keys that takes longer: the screen froze */
#define PATIENT_MS 40000 /* longer than every deadline of the panel together */

struct cluster shop;
static PGconn *sessions[SESSIONS];
static size_t nsessions;
static pid_t stopped[4];
static int holes[64];
static size_t nholes;

int shop_open(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	shop.tcp = true;
	return cluster_start(&shop) < 0 ||
	       cluster_sql(&shop, "postgres",
			   "CREATE ROLE app LOGIN; CREATE ROLE barred LOGIN;"
			   "CREATE ROLE guest LOGIN PASSWORD 'right'") < 0 ||
	       cluster_sql(&shop, "postgres", "CREATE DATABASE shop") < 0 ||
	       cluster_sql(&shop, "shop",
			   "CREATE TABLE stock AS SELECT i FROM generate_series(1, 100) i;"
			   "GRANT ALL ON stock TO app") < 0;
}

int shop_close(void **state)
{
	(void)state;
	cluster_end(&shop);
	return 0;
}

static int64_t now_ms(void)
{
	return clock_mono(&clock_system) / 1000;
}

/* ---- what is done to the server ---- */

/* A session of an application; with `sql` it runs that, and nobody waits for its end. */
PGconn *shop_session(const char *role, const char *app, const char *sql)
{
	char *port = xasprintf("%d", shop.port);
	const char *keys[] = { "host", "port", "dbname", "user", "application_name", NULL };
	const char *values[] = { shop.folder, port, "shop", role, app, NULL };
	PGconn *conn = PQconnectdbParams(keys, values, 0);

	free(port);
	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	assert_true(nsessions < SESSIONS);
	sessions[nsessions++] = conn;
	if (sql)
		assert_true(PQsendQuery(conn, sql));
	return conn;
}

void shop_sessions(const char *role, const char *app, size_t n)
{
	while (nsessions < n)
		shop_session(role, app, NULL);
}

void shop_end_session(PGconn *conn)
{
	for (size_t i = 0; i < nsessions; i++) {
		if (sessions[i] == conn)
			sessions[i] = NULL;
	}
	PQfinish(conn);
}

void shop_leave(void)
{
	while (nsessions > 0)
		PQfinish(sessions[--nsessions]);
}

/* Waits until a question has that answer. */
void shop_until(const char *sql, const char *answer)
{
	int64_t end = now_ms() + PATIENT_MS;
	char *value = NULL;

	do {
		free(value);
		value = cluster_value(&shop, "postgres", sql);
	} while (now_ms() < end && (!value || strcmp(value, answer) != 0));
	assert_non_null(value);
	assert_string_equal(value, answer);
	free(value);
}

void shop_stop(pid_t pid)
{
	size_t i = 0;

	while (stopped[i])
		i++;
	assert_true(pid > 0 && i < 4);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	stopped[i] = pid;
}

void shop_go_on(void)
{
	for (size_t i = 0; i < 4; i++) {
		if (stopped[i])
			kill(stopped[i], SIGCONT);
		stopped[i] = 0;
	}
}

/* The server process of the console's session. */
pid_t shop_console(void)
{
	char *pid = cluster_value(&shop, "postgres",
				  "SELECT pid FROM pg_stat_activity"
				  " WHERE application_name = 'backout console'");

	assert_non_null(pid);
	pid_t number = atoi(pid);
	free(pid);
	return number;
}

static void hole_add(int fd)
{
	assert_true(fd >= 0 && nholes < sizeof(holes) / sizeof(holes[0]));
	holes[nholes++] = fd;
}

void shop_hole(bool full)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)shop.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	hole_add(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, full ? 0 : 100), 0);
	for (int i = 0; full && i < 8; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		hole_add(fd);
		connect(fd, (const struct sockaddr *)&at, sizeof(at));
	}
}

void shop_holes_close(void)
{
	while (nholes > 0)
		close(holes[--nholes]);
}

void shop_file(const char *name, const char *text, const char *mode)
{
	char *path = xasprintf("%s/data/%s", shop.folder, name);
	FILE *file = fopen(path, mode);
	struct passwd *user = getpwnam("postgres");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_true(geteuid() != 0 || chown(path, user->pw_uid, user->pw_gid) == 0);
	free(path);
}

void shop_rules(const char *rows)
{
	char *text = xasprintf("%slocal all all trust\nhost all all 127.0.0.1/32 trust\n", rows);

	shop_file("pg_hba.conf", text, "w");
	free(cluster_value(&shop, "postgres", "SELECT pg_reload_conf()"));
	free(text);
}

/* One that holds up two, of whom one holds up the other, and some that do no harm. */
void shop_busy(void)
{
	PGconn *holder = shop_session("postgres", "migrate", NULL);

	PQclear(PQexec(holder, "BEGIN; LOCK TABLE stock"));
	shop_session("app", "web", "UPDATE stock SET i = i + 1");
	shop_until("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", "1");
	shop_session("app", "web", "TRUNCATE stock");
	shop_session("app", "web", "SELECT 1");
	shop_session("app", "worker", "SELECT 2");
	shop_until("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", "2");
	shop_until("SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND state = "
		   "'idle' AND backend_type = 'client backend'",
		   "2");
}

/* ---- the console ---- */

void shop_watch(struct desk *desk, int rows, int columns, const char *host, const char *role,
		const char *const *extra)
{
	static char target[128];
	const char *args[] = { "tests/screens/connections", "--target", target, NULL };
	char text[512];

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	snprintf(text, sizeof(text),
		 "{\"target\": \"main\", \"system\": \"shop\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\":\n"
		 " {\"host\": \"%s\", \"port\": %d, \"role\": \"%s\"}}\n",
		 desk->folder, host, shop.port, role);
	desk_write(desk, "target.json", text, 0644);
	desk_start(desk, rows, columns, args, extra);
	terminal_mask(desk->terminal, shop.folder, "SOCKET");
	/* Which keys find room is no matter of this panel. */
	terminal_vary(desk->terminal, "^.* z zoom.*$", " KEYS");
	terminal_vary(desk->terminal, "port [0-9]+", "port PORT");
	terminal_vary(desk->terminal, "[0-9]+(\\.[0-9]+) (primary|standby)", "VERSION primary");
	terminal_vary(desk->terminal, "[0-9]+ MB", "SIZE");
	terminal_vary(desk->terminal, "Slots used .*(│|\\|)", "Slots used ... |");
	terminal_vary(desk->terminal, "[0-9]{3,7} (postgres|app) ", "PID USER ");
	terminal_vary(desk->terminal, "(│|\\|)[0-9]{3,7} +(postgres|app) ", "|PID USER ");
	terminal_vary(desk->terminal, "(Session|Blocks): +[0-9]+", "Session or blocks: PID");
	terminal_vary(desk->terminal, "DIGESTDIGESTDIGE[0-9]+", "IDENTITY");
	terminal_vary(desk->terminal, "Figures: +(now|AGE)", "Figures: AGE");
	/* Where a line is cut off depends on the numbers before. */
	terminal_vary(desk->terminal, ": [^:│|]*(…|~)", ": ...");
}

/* Opens the help and goes back, until the panel says `until`; or once more at least when it says so
 * already. The keys must not wait for the database: each has been drawn before the next is pressed,
 * and `atleast` of them before the panel came to its verdict. */
static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* What keys took while the database was sick, for the table of faults. */
static void keys_tell(const char *until, int64_t *took, int presses)
{
	char what[160];
	int hung = 0;

	qsort(took, (size_t)presses, sizeof(*took), by_size);
	while (hung < presses && took[presses - 1 - hung] > HANG_MS)
		hung++;
	/* The table's lines are plain; two waits of 10 ms for the screen to rest are in each. */
	snprintf(what, sizeof(what), "pairs of keys until \"%s\", p99 %lld ms", until,
		 (long long)took[presses - 1 - presses / 100]);
	fault(22, what, presses, presses - hung, hung);
	assert_int_equal(hung, 0);
}

void shop_keys(struct desk *desk, const char *until, int atleast)
{
	int64_t end = now_ms() + PATIENT_MS;
	static int64_t took[PAIRS_MAX];
	int presses = 0;
	bool told;

	do {
		int64_t began = now_ms();

		desk_press(desk, "?", "Help: Watch");
		desk_press(desk, "q", "Alerts:");
		took[presses++] = now_ms() - began;
		told = terminal_has(desk->terminal, until);
	} while (!told && now_ms() < end && presses < PAIRS_MAX);
	if (!told)
		assert_true(terminal_wait(desk->terminal, until));
	assert_true(presses >= atleast);
	keys_tell(until, took, presses);
	desk_press(desk, "?", "Help: Watch");
	desk_press(desk, "q", until);
}

void shop_golden_larger(struct desk *desk, const char *state)
{
	static const int sizes[][2] = { { 120, 30 }, { 160, 50 } };

	for (size_t i = 0; i < 2; i++) {
		char *name =
		    xasprintf("panel-connections-%s-%dx%d", state, sizes[i][0], sizes[i][1]);

		terminal_resize(desk->terminal, sizes[i][1], sizes[i][0]);
		terminal_golden_box(desk->terminal, "Shop", name);
		free(name);
	}
	terminal_resize(desk->terminal, 24, 80);
}

void shop_well(struct desk *desk)
{
	int64_t end = now_ms() + PATIENT_MS;

	while (!terminal_has(desk->terminal, "─ ok ─┐") && now_ms() < end)
		terminal_wait_end(desk->terminal, 50);
	assert_true(terminal_wait(desk->terminal, "─ ok ─┐"));
}

int shop_begin(void **state)
{
	return desk_begin(state);
}

int shop_end(void **state)
{
	struct desk *desk = *state;

	shop_go_on();
	shop_holes_close();
	shop_leave();
	desk_end((void **)&desk);
	/* A test that failed leaves nothing to the next. */
	shop_rules("");
	if (!shop.server)
		cluster_up(&shop);
	return 0;
}
