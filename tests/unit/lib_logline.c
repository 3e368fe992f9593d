#include "tests/unit/scratch.h"

#include <sys/mman.h>

#include "lib/clock.h"
#include "lib/logline.h"
#include "lib/timefmt.h"

/* 2026-11-21T21:31:05Z */
static int64_t at_second;

static int64_t rfc3339(const char *text)
{
	int64_t at = 0;

	assert_int_equal(time_parse_rfc3339(text, &at), 0);
	return at;
}

static struct logline read_line(const char *text)
{
	struct logline_zone zone = { .now = at_second, .utc = true };
	struct logline line;

	logline_read(&zone, text, strlen(text), &line);
	return line;
}

static const struct {
	const char *text;
	enum loglevel level;
	const char *at; /* NULL: none */
} layouts[] = {
	/* Python logging */
	{ "2026-11-21 21:31:05,123 - bot.core - ERROR - it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05 - bot - WARNING - no ERROR here", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05,123 bot ERROR it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 ERROR bot: it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 ERROR    it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 [ERROR] bot: it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 [MainThread] ERROR bot - it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 [12] [bot.core] [WARNING ] slow", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05.123Z" },
	{ "[2026-11-21 21:31:05,123] ERROR in app: Exception on / [GET]", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "[2026-11-21 21:31:05,123: ERROR/MainProcess] Task bot.x raised: ValueError()",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "[2026-11-21 21:31:05] [ERROR   ] discord.client: it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05 WARNING  discord.gateway Shard ID None heartbeat blocked",
	  LOGLEVEL_WARNING, "2026-11-21T21:31:05Z" },
	{ "ERROR:root:it broke", LOGLEVEL_ERROR, NULL },
	{ "CRITICAL:bot:gone", LOGLEVEL_CRITICAL, NULL },
	{ "WARNING:bot.core:ERROR:twice", LOGLEVEL_WARNING, NULL },
	{ "bot - ERROR - it broke", LOGLEVEL_ERROR, NULL },
	{ "[ERROR] it broke", LOGLEVEL_ERROR, NULL },
	{ "ERROR 2026-11-21 21:31:05,123 views 12 139 it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "ERROR:2026-11-21 21:31:05,123:it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "[bot] 2026-11-21 21:31:05,123 ERROR it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "11/21/2026 09:31:05 PM is when this event was logged.", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05Z" },
	{ "21/11/2026 21:31:05 ERROR it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05.123 | ERROR    | bot.core:run:12 - it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05 [error    ] it broke            round=3", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05,123:ERROR:bot:it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123;ERROR;bot;it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21T21:31:05+00:00 - bot - Level 25 - hm", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31 ERROR it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:00Z" },
	{ "21:31:05 ERROR    it broke", LOGLEVEL_ERROR, NULL },
	/* gunicorn, uvicorn, werkzeug, Django */
	{ "[2026-11-21 21:31:05 +0000] [12] [ERROR] Worker (pid:13) exited", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "[2026-11-21 22:31:05 +0100] [12] [INFO] Booting worker", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05Z" },
	{ "INFO:     127.0.0.1:53212 - \"GET / HTTP/1.1\" 200 OK", LOGLEVEL_INFO, NULL },
	{ "\033[32mINFO\033[0m:     Application startup complete.", LOGLEVEL_INFO, NULL },
	{ "127.0.0.1 - - [21/Nov/2026 21:31:05] \"GET / HTTP/1.1\" 500 -", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "[21/Nov/2026 21:31:05] \"GET /ERROR HTTP/1.1\" 404 179", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	/* named values */
	{ "{\"time\": \"2026-11-21T21:31:05.5Z\", \"level\": \"error\", \"msg\": \"level: "
	  "info\"}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.5Z" },
	{ "{\"msg\": \"\\\"level\\\": \\\"error\\\"\", \"level\": \"info\", \"ts\": "
	  "1795296665.123}",
	  LOGLEVEL_INFO, "2026-11-21T21:31:05.123Z" },
	{ "{\"message\":\"it "
	  "broke\",\"severity\":\"ERROR\",\"timestamp\":\"2026-11-21T21:31:05Z\"}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "{\"levelname\":\"WARNING\",\"ts\":1795296665}", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "{\"level\":50,\"time\":1795296665000,\"msg\":\"x\"}", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "{\"level\":30,\"time\":1795296665000,\"msg\":\"level 50\"}", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05Z" },
	{ "{\"levelno\": 40, \"created\": 1795296665.123}", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "{\"version\":\"1.1\",\"short_message\":\"x\",\"timestamp\":1795296665.123,"
	  "\"level\":3}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "{\"PRIORITY\":\"4\",\"__REALTIME_TIMESTAMP\":\"1795296665123456\",\"MESSAGE\":"
	  "\"slow\"}",
	  LOGLEVEL_WARNING, "2026-11-21T21:31:05.123456Z" },
	{ "{\"@timestamp\":\"2026-11-21T21:31:05.123Z\",\"log\":{\"level\":\"error\","
	  "\"logger\":\"x\"},\"message\":\"info\"}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "{\"t\":{\"$date\":\"2026-11-21T21:31:05.123+00:00\"},\"s\":\"E\",  "
	  "\"c\":\"NETWORK\",\"id\":1}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "{\"text\": \"x\", \"record\": {\"level\": {\"icon\": \"x\", \"name\": "
	  "\"ERROR\", \"no\": 40}, \"time\": {\"repr\": \"r\", \"timestamp\": "
	  "1795296665.123}}}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "{\"log\":\"ERROR:root:it "
	  "broke\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T21:31:05.123456Z\"}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123456Z" },
	{ "{\"timestamp\":\"2026-11-21 21:31:05.123 "
	  "UTC\",\"pid\":7,\"error_severity\":\"FATAL\",\"message\":\"x\"}",
	  LOGLEVEL_CRITICAL, "2026-11-21T21:31:05.123Z" },
	{ "{\"time\":\"2026-11-21T21:31:05Z\",\"request\":\"GET /\",\"status\":\"502\"}",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "{\"nested\": {\"level\": \"error\"}, \"level\": \"info\"}", LOGLEVEL_INFO, NULL },
	{ "time=2026-11-21T21:31:05Z level=warn msg=\"slow, level=error\"", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "ts=2026-11-21T21:31:05Z lvl=error msg=x", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "msg=\"level=error\" level=info", LOGLEVEL_INFO, NULL },
	{ "time=\"2026-11-21T21:31:05Z\" level=fatal msg=\"gone\"", LOGLEVEL_CRITICAL,
	  "2026-11-21T21:31:05Z" },
	{ "2026-11-21T21:31:05.123Z level=error msg=\"x\"", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	/* access logs */
	{ "10.0.0.1 - - [21/Nov/2026:21:31:05 +0000] \"GET /a HTTP/1.1\" 500 12", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "10.0.0.1 - - [21/Nov/2026:22:31:05 +0100] \"GET /a HTTP/1.1\" 404 12", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "10.0.0.1 - bob [21/Nov/2026:21:31:05 +0000] \"GET /ERROR HTTP/1.1\" 200 12 "
	  "\"-\" \"ERROR 500\"",
	  LOGLEVEL_INFO, "2026-11-21T21:31:05Z" },
	{ "www.example.com:443 ::1 - - [21/Nov/2026:21:31:05 +0000] \"GET / HTTP/2.0\" 503 "
	  "1 \"-\" \"x\"",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "10.0.0.1 - - [21/Nov/2026:21:31:05 +0000] \"GET /\\\"x HTTP/1.1\" 301 12", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05Z" },
	{ "10.0.0.1 - - [21/Nov/2026:21:31:05 +0000] \"-\" 408 0", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	/* syslog */
	{ "Nov 21 21:31:05 host bot[12]: ERROR it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host bot[12]: ERROR: it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host bot[12]: the ERROR is over", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host bot[12]: received ERROR from peer", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host bot[12]: 2026-11-21 22:00:00,123 - bot - ERROR - it broke",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host kubelet[1]: E1121 21:31:05.123456    1 f.go:12] it broke",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host app[1]: {\"level\":\"warn\",\"msg\":\"x\"}", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host sshd[12]: error: kex_exchange_identification: closed",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host postfix/smtpd[12]: warning: unknown host", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host NetworkManager[1]: <warn>  [1795296665.1] dhcp4: x",
	  LOGLEVEL_WARNING, "2026-11-21T21:31:05Z" },
	{ "Nov 21 21:31:05 host CRON[12]: (root) CMD (test -x ERROR)", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05Z" },
	{ "<11>Nov 21 21:31:05 host bot[12]: it runs", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "<14>Nov 21 21:31:05 host bot[12]: ERROR it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "<30>Nov 21 21:31:05 host bot[12]: it runs", LOGLEVEL_INFO, "2026-11-21T21:31:05Z" },
	{ "<165>1 2026-11-21T21:31:05.123Z host app 12 ID47 [x@1 iut=\"3\"] it runs", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05.123Z" },
	{ "<34>1 2026-11-21T21:31:05.123456Z host su - ID47 - failed for user", LOGLEVEL_CRITICAL,
	  "2026-11-21T21:31:05.123456Z" },
	{ "<28>1 - host app - - - slow", LOGLEVEL_WARNING, NULL },
	{ "2026-11-21T22:31:05.123456+01:00 host bot[12]: WARNING slow", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05.123456Z" },
	{ "2026-11-21T22:31:05.123456+01:00 host bot[12]: it runs", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05.123456Z" },
	/* PostgreSQL */
	{ "2026-11-21 21:31:05.123 UTC [77] bot@db ERROR:  relation \"x\" does not exist",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05.123 UTC [77] LOG:  checkpoint starting: time", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05.123 UTC [77] FATAL:  too many connections", LOGLEVEL_CRITICAL,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05.123 UTC [77] WARNING:  there is no transaction in progress",
	  LOGLEVEL_WARNING, "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05.123 UTC [77] DEBUG2:  x", LOGLEVEL_DEBUG,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05 UTC [77-1] [unknown]@[unknown] LOG:  connection received: "
	  "host=ERROR",
	  LOGLEVEL_INFO, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05 UTC:10.0.0.1(5432):user@db:[77]:ERROR:  syntax error",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05 UTC [77]: [1-1] user=u,db=d,app=my app,client=10.0.0.1 "
	  "ERROR:  x",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05 UTC some user of the bot PANIC:  could not write", LOGLEVEL_CRITICAL,
	  "2026-11-21T21:31:05Z" },
	{ "< 2026-11-21 21:31:05.123 UTC >ERROR:  x", LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05.123 "
	  "UTC,\"u\",\"d\",77,\"[local]\",65f.4d,1,\"SELECT\",2026-11-21 21:31:00 "
	  "UTC,3/4,0,ERROR,42P01,\"relation, x\"",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123Z" },
	{ "ERROR:  relation \"x\" does not exist", LOGLEVEL_ERROR, NULL },
	/* others */
	{ "2026/11/21 21:31:05 [error] 12#0: *7 connect() failed", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "2026/11/21 21:31:05 server listening", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
	{ "2026/11/21 21:31:05 INFO started user=bob", LOGLEVEL_INFO, "2026-11-21T21:31:05Z" },
	{ "[Sat Nov 21 21:31:05.123456 2026] [core:error] [pid 12:tid 7] AH00126: Invalid "
	  "URI",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123456Z" },
	{ "[Sat Nov 21 21:31:05.123456 2026] [mpm_event:notice] [pid 12] AH00489: resuming",
	  LOGLEVEL_INFO, "2026-11-21T21:31:05.123456Z" },
	{ "E1121 21:31:05.123456    1234 file.go:12] it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123456Z" },
	{ "E, [2026-11-21T21:31:05.123456 #12] ERROR -- : it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123456Z" },
	{ "2026-11-21 21:31:05.123  WARN 12 --- [main] c.e.App : slow", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05.123Z" },
	{ "21:31:05.123 [main] ERROR c.e.App - it broke", LOGLEVEL_ERROR, NULL },
	{ "[2026-11-21T21:31:05,123][ERROR][o.e.b.Bootstrap] [node-1] it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "[2026-11-21 21:31:05,123] ERROR [Broker id=1] it broke (kafka.Server)", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 [myid:] - WARN  [main:Quorum@12] - slow", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05.123Z" },
	{ "21-Nov-2026 21:31:05.123 SEVERE [main] org.apache.x it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21T21:31:05.123456Z 0 [Warning] [MY-010068] [Server] CA certificate",
	  LOGLEVEL_WARNING, "2026-11-21T21:31:05.123456Z" },
	{ "2026-11-21 21:31:05.123456+00:00 [error] <0.230.0> it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123456Z" },
	{ "2026-11-21T21:31:05.123456Z ERROR app::core: it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123456Z" },
	{ "\033[2m2026-11-21T21:31:05.123456Z\033[0m \033[31mERROR\033[0m "
	  "\033[2mapp\033[0m: x",
	  LOGLEVEL_ERROR, "2026-11-21T21:31:05.123456Z" },
	{ "[2026-11-21T21:31:05Z ERROR app::core] it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "[2026-11-21 21:31:05.123][1][warning][main] [source/x.cc:1] slow", LOGLEVEL_WARNING,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21T21:31:05.123Z\terror\tapp/main.go:12\tit broke\t{\"k\": 1}", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21T21:31:05.123456Z stderr F ERROR:root:it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123456Z" },
	{ "bot_1  | 2026-11-21 21:31:05,123 - bot - ERROR - it broke", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05.123Z" },
	{ "0|bot  | ERROR: it broke", LOGLEVEL_ERROR, NULL },
	{ "Sat Nov 21 21:31:05 2026 ERROR it broke", LOGLEVEL_ERROR, "2026-11-21T21:31:05Z" },
	{ "Nov 21, 2026 9:31:05 PM com.foo.Bar run", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
	{ "WARN[0000] slow", LOGLEVEL_WARNING, NULL },
	{ "fail: Microsoft.Hosting[0]", LOGLEVEL_ERROR, NULL },
	{ "error: it broke", LOGLEVEL_ERROR, NULL },
	{ "[2026-11-21 21:31:05] local.ERROR: it broke {\"exception\":\"x\"}", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "[2026-11-21T21:31:05.123456+00:00] app.CRITICAL: gone", LOGLEVEL_CRITICAL,
	  "2026-11-21T21:31:05.123456Z" },
	{ "[21:31:05] [Server thread/WARN]: slow", LOGLEVEL_WARNING, NULL },
	{ "1234:M 21 Nov 2026 21:31:05.123 # slow", LOGLEVEL_WARNING, "2026-11-21T21:31:05.123Z" },
	{ "1234:M 21 Nov 2026 21:31:05.123 * Ready, no ERROR", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026/11/21 21:31:05 http: panic serving 127.0.0.1:4: x", LOGLEVEL_ERROR,
	  "2026-11-21T21:31:05Z" },
	{ "gcc: error: no such file", LOGLEVEL_ERROR, NULL },
	/* no level */
	{ "there is no ERROR in this line", LOGLEVEL_NONE, NULL },
	{ "2026-11-21 21:31:05 user typed ERROR in chat", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05,123 the last step said: no ERROR", LOGLEVEL_NONE,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05 GET /ERROR 200", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
	{ "2026-11-21 21:31:05,123 - app.ERROR.log - INFO - rotated", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05,123 - bot - INFO - result=ERROR", LOGLEVEL_INFO,
	  "2026-11-21T21:31:05.123Z" },
	{ "2026-11-21 21:31:05 ERROR-12 was closed", LOGLEVEL_NONE, "2026-11-21T21:31:05Z" },
	{ "2026-13-41 21:31:05 ERROR no such day", LOGLEVEL_NONE, NULL },
	{ "2026-11-21 25:31:05 x", LOGLEVEL_NONE, NULL },
	{ "Backup of 2026-11-20 10:00:00 is done", LOGLEVEL_NONE, NULL },
	{ "", LOGLEVEL_NONE, NULL },
	{ "[", LOGLEVEL_NONE, NULL },
	{ "{", LOGLEVEL_NONE, NULL },
	{ "{\"level\"", LOGLEVEL_NONE, NULL },
	{ "<", LOGLEVEL_NONE, NULL },
	{ "<11", LOGLEVEL_NONE, NULL },
	{ "{\"level\":", LOGLEVEL_NONE, NULL },
	{ "{\"level\":\"error", LOGLEVEL_ERROR, NULL },
	{ "level=", LOGLEVEL_NONE, NULL },
	{ ":", LOGLEVEL_NONE, NULL },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static void layouts_have_level_and_time(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		struct logline line = read_line(layouts[i].text);
		int64_t want = layouts[i].at != NULL ? rfc3339(layouts[i].at) : 0;

		if (line.level == layouts[i].level && line.at == want)
			continue;
		bad++;
		print_message("# %s\n#   level %s, expected %s; at %lld, expected %lld\n",
			      layouts[i].text, loglevel_name(line.level),
			      loglevel_name(layouts[i].level), (long long)line.at, (long long)want);
	}
	assert_int_equal(bad, 0);
}

static void check_kept(const char *text, size_t len, const struct logline *kept,
		       const struct logline *fresh)
{
	if (kept->level != fresh->level || kept->at != fresh->at || kept->body != fresh->body ||
	    kept->kin != fresh->kin || kept->precision != fresh->precision ||
	    kept->zoned != fresh->zoned || kept->tagged != fresh->tagged)
		fail_msg("%.*s\n  level %s, else %s; at %lld, else %lld; body %zu, else %zu",
			 (int)len, text, loglevel_name(kept->level), loglevel_name(fresh->level),
			 (long long)kept->at, (long long)fresh->at, kept->body, fresh->body);
}

/* What a zone keeps of the lines before makes reading faster, not different: lines in any order,
 * short and long, as they are and with a byte or two changed; in UTC, in local time, shifted. */
static void what_is_kept_changes_nothing(void **state)
{
	static const char *const behinds[] = { "", " ERROR - x", " - text\r",
					       " and so on, ERROR, until it is long enough" };
	static const char bytes[] = "0123456789 :.,+-[]<>|=\"/TZEWI\t\033";
	struct logline_zone zones[] = { { .now = at_second, .utc = true },
					{ .now = at_second },
					{ .now = at_second, .shift = 3600 * CLOCK_US } };
	char text[600];
	uint32_t seed = 1;

	(void)state;
	for (int n = 0; n < 400000; n++) {
		struct logline_zone *zone = &zones[n / 5000 % 3], empty = *zone;
		struct logline kept, fresh;
		size_t len, at;

		/* A few layouts at a time, so that each is met again. */
		seed = seed * 1664525 + 1013904223;
		snprintf(text, sizeof(text), "%s%s",
			 layouts[((size_t)n / 200 * 3 + (seed >> 16) % 3) % LAYOUTS].text,
			 behinds[(seed >> 8) % 4]);
		len = strlen(text);
		for (uint32_t changes = seed >> 28 & 3; changes > 1 && len > 0; changes--) {
			seed = seed * 1664525 + 1013904223;
			at = (seed >> 8) % (len < 70 ? len : 70);
			text[at] = bytes[(seed >> 18) % (sizeof(bytes) - 1)];
		}
		logline_read(zone, text, len, &kept);
		empty.nhead = empty.line.least = empty.nheads = 0;
		memset(empty.chains, 0, sizeof(empty.chains));
		logline_read(&empty, text, len, &fresh);
		check_kept(text, len, &kept, &fresh);
	}
}

static void local_times_use_the_zone(void **state)
{
	struct logline_zone zone = { .now = at_second };
	const char *text = "2026-11-21 23:31:05 INFO x", *summer = "2026-07-01 12:00:00 INFO x";
	struct logline line;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	logline_read(&zone, text, strlen(text), &line);
	assert_int_equal(line.at, rfc3339("2026-11-21T22:31:05Z"));
	logline_read(&zone, summer, strlen(summer), &line);
	assert_int_equal(line.at, rfc3339("2026-07-01T10:00:00Z"));
	unsetenv("TZ");
	tzset();
}

static void shifts_are_whole_quarters(void **state)
{
	int64_t hour = 3600 * CLOCK_US;

	(void)state;
	assert_int_equal(logline_shift(at_second, at_second + CLOCK_US), 0);
	assert_int_equal(logline_shift(at_second, at_second + hour + CLOCK_US), hour);
	assert_int_equal(logline_shift(at_second, at_second - 2 * hour - 3 * CLOCK_US), -2 * hour);
	assert_int_equal(logline_shift(at_second, at_second + 20 * 60 * CLOCK_US), 0);
	assert_int_equal(logline_shift(at_second, at_second + 20 * hour), 0);
}

struct joining {
	const char *text;
	bool joins;
};

static void check_joins(const char *log, const struct joining *lines, size_t n)
{
	struct logline_zone zone = { .now = at_second, .utc = true };
	struct logfold fold = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct logline line;
		bool joins;

		logline_read(&zone, lines[i].text, strlen(lines[i].text), &line);
		joins = logfold_joins(&fold, &line);
		if (joins != lines[i].joins)
			fail_msg("%s, line %zu: %s %s", log, i, lines[i].text,
				 joins ? "joined" : "did not join");
		if (!joins && strncmp(lines[i].text, "Traceback", 9) == 0)
			assert_int_equal(line.level, LOGLEVEL_ERROR);
	}
}

#define JOINS(log, ...)                                           \
	check_joins(log, (const struct joining[]){ __VA_ARGS__ }, \
		    sizeof((const struct joining[]){ __VA_ARGS__ }) / sizeof(struct joining))

static void tracebacks_join_their_parent(void **state)
{
	(void)state;
	JOINS("Python", { "2026-11-21 21:31:05,123 - bot - ERROR - it broke", false },
	      { "Traceback (most recent call last):", true },
	      { "  File \"bot.py\", line 3, in main", true }, { "    raise ValueError(1)", true },
	      { "ValueError: 1", true }, { "", true },
	      { "During handling of the above exception, another exception occurred:", true },
	      { "", true }, { "Traceback (most recent call last):", true },
	      { "  File \"db.py\", line 9, in query", true },
	      { "sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) no", true },
	      { "LINE 1: SELECT 1", true }, { "               ^", true },
	      { "[SQL: SELECT 1]", true },
	      { "2026-11-21 21:31:06,123 - bot - INFO - going on", false },
	      { "Traceback (most recent call last):", false }, /* bare: nobody logged it */
	      { "  File \"bot.py\", line 3, in main", true }, { "RuntimeError: no", true },
	      { "2026-11-21 21:31:06,123 - bot - INFO - going on", false });
	JOINS("Python without heads", { "starting", false },
	      { "Traceback (most recent call last):", false },
	      { "  File \"bot.py\", line 3, in main", true },
	      { "requests.exceptions.ConnectionError: no", true }, { "plain text", false },
	      { "more plain text", false });
	JOINS("Python through syslog", { "Nov 21 21:31:05 host bot[12]: ERROR it broke", false },
	      { "Nov 21 21:31:05 host bot[12]: Traceback (most recent call last):", true },
	      { "Nov 21 21:31:05 host bot[12]:   File \"bot.py\", line 3, in main", true },
	      { "Nov 21 21:31:05 host bot[12]: ValueError: 1", true },
	      { "Nov 21 21:31:05 host bot[12]: going on", false });
	JOINS("Java", { "2026-11-21 21:31:05.123 ERROR [main] c.e.App - it broke", false },
	      { "java.lang.IllegalStateException: no", true },
	      { "\tat com.example.App.run(App.java:12)", true }, { "\t... 12 more", true },
	      { "Caused by: java.io.IOException: gone", true },
	      { "\tat com.example.App.read(App.java:3)", true },
	      { "2026-11-21 21:31:05.123 INFO [main] c.e.App - going on", false },
	      { "Exception in thread \"main\" java.lang.Error: x", false },
	      { "\tat com.example.App.run(App.java:12)", true });
	JOINS("Go", { "2026/11/21 21:31:05 listening", false },
	      { "panic: runtime error: index out of range [5]", false }, { "", true },
	      { "goroutine 1 [running]:", true }, { "main.(*App).run(0xc000012345)", true },
	      { "\t/src/main.go:12 +0x1d", true }, { "main.main()", true },
	      { "\t/src/main.go:3 +0x1d", true }, { "exit status 2", true },
	      { "2026/11/21 21:31:09 listening", false });
	JOINS("PostgreSQL", { "2026-11-21 21:31:06.1 UTC [7] u@d ERROR:  syntax error", false },
	      { "2026-11-21 21:31:06.1 UTC [7] u@d DETAIL:  here: ERROR", true },
	      { "2026-11-21 21:31:06.1 UTC [7] u@d STATEMENT:  SELECT", true }, { "\t1", true },
	      { "2026-11-21 21:31:06.1 UTC [7] u@d LOG:  duration: 1 ms", false });
	JOINS("Docker",
	      { "{\"log\":\"ERROR:root:x\\n\",\"time\":\"2026-11-21T21:31:05Z\"}", false },
	      { "{\"log\":\"Traceback (most recent call "
		"last):\\n\",\"time\":\"2026-11-21T21:31:05Z\"}",
		true },
	      { "{\"log\":\"  File x\\n\",\"time\":\"2026-11-21T21:31:05Z\"}", true },
	      { "{\"log\":\"ValueError: 1\\n\",\"time\":\"2026-11-21T21:31:05Z\"}", true },
	      { "{\"log\":\"INFO:root:x\\n\",\"time\":\"2026-11-21T21:31:05Z\"}", false });
	JOINS("a time before each line",
	      { "2026-11-21T21:31:05.1Z 2026-11-21 21:31:05,1 - bot - ERROR - it broke", false },
	      { "2026-11-21T21:31:05.1Z Traceback (most recent call last):", true },
	      { "2026-11-21T21:31:05.1Z   File \"bot.py\", line 3, in main", true },
	      { "2026-11-21T21:31:05.1Z ValueError: 1", true },
	      { "2026-11-21T21:31:05.1Z 2026-11-21 21:31:05,1 - bot - INFO - going on", false },
	      { "2026-11-21T21:31:05.1Z   indented, but no traceback", false });
	JOINS("text that begins as a part of a traceback",
	      { "2026-11-21 21:31:05 ERROR it broke", false },
	      { "2026-11-21 21:31:05 exit status 1", false },
	      { "2026-11-21 21:31:05 ... waiting", false },
	      { "2026-11-21 21:31:05   waiting", false });
	JOINS("Node", { "listening", false }, { "TypeError: no", false },
	      { "    at Object.<anonymous> (/app/index.js:3:7)", true }, { "listening", false },
	      { "Uncaught Error: no", false }, { "    at x (y:1:1)", true });
	JOINS("plain text", { "plain text", false }, { "more plain text", false });
}

/* 10 MiB of anything are as any other line. */
static void long_lines_are_cheap(void **state)
{
	static const char *const begins[] = { "2026-11-21 21:31:05 ",
					      "2026-11-21 21:31:05 a: ",
					      "{",
					      "{\"a\":",
					      "a  | ",
					      "[x] ",
					      "level=x ",
					      "\033[1m",
					      "<1>",
					      "10.0.0.1 - - [" };
	size_t len = (size_t)10 << 20;
	char *text = xmalloc(len);

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		struct logline_zone zone = { .now = at_second };
		struct logline line;
		size_t n = strlen(begins[i]);

		for (size_t at = 0; at < len; at++)
			text[at] = begins[i][at % n];
		logline_read(&zone, text, len, &line);
		assert_true(line.body <= len);
	}
	free(text);
}

static void any_bytes_are_fine(void **state)
{
	char bytes[64];
	struct logline_zone zone = { .now = at_second };
	struct logline line;
	uint32_t seed = 1;
	long page = sysconf(_SC_PAGESIZE);
	char *guarded = mmap(NULL, (size_t)(2 * page), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(guarded, MAP_FAILED);
	/* Each line ends where nothing can be read any more. */
	assert_int_equal(mprotect(guarded + page, (size_t)page, PROT_NONE), 0);
	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "0123456789-/: TZ.,[]<>{}\"=ERORlevtimg+\0\t\xff";
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 8) % sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = alphabet[(seed >> 8) % (sizeof(alphabet) - 1)];
		}
		memcpy(guarded + page - len, bytes, len);
		logline_read(&zone, guarded + page - len, len, &line);
		assert_true(line.level <= LOGLEVEL_CRITICAL);
	}
	munmap(guarded, (size_t)(2 * page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_have_level_and_time),
		cmocka_unit_test(what_is_kept_changes_nothing),
		cmocka_unit_test(local_times_use_the_zone),
		cmocka_unit_test(shifts_are_whole_quarters),
		cmocka_unit_test(tracebacks_join_their_parent),
		cmocka_unit_test(any_bytes_are_fine),
		cmocka_unit_test(long_lines_are_cheap),
	};

	at_second = rfc3339("2026-11-21T21:31:05Z");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
