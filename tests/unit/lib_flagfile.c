/* Flags in files: one place each, every other byte kept. */
#include "tests/unit/workspace.h"

#include <signal.h>
#include <sys/wait.h>

#include "lib/flagfile.h"

static void load(struct workspace *ws, struct flagfile *file, const char *name,
		 enum flag_format format, const char *text)
{
	char *path = ws_path(ws, name);
	struct err err = ERR_INIT;

	if (text)
		ws_write(ws, name, text);
	assert_int_equal(flagfile_load(file, path, format, &err), 0);
	free(path);
}

static void assert_value(const struct flagfile *file, const char *name, const char *json)
{
	struct err err = ERR_INIT;
	json_t *value = flagfile_get(file, name, &err);
	char *text;

	if (!value)
		fail_msg("%s: %s", name, err.msg);
	text = json_dumps(value, JSON_ENCODE_ANY);
	assert_string_equal(text, json);
	free(text);
	json_decref(value);
}

static void assert_refused(const struct flagfile *file, const char *name, const char *why)
{
	struct err err = ERR_INIT;

	assert_null(flagfile_get(file, name, &err));
	assert_contains(err.msg, why);
}

static void set(struct flagfile *file, const char *name, json_t *value)
{
	struct err err = ERR_INIT;

	if (flagfile_set(file, name, value, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(value);
}

static const char python[] = "# ENABLE_A = True   (not this one)\n"
			     "\"\"\"ENABLE_A = True\n"
			     "in a docstring\"\"\"\n"
			     "import os\r\n"
			     "ENABLE_A = True   # Default: OFF\n"
			     "ENABLE_B: bool = False\n"
			     "if ENABLE_A == True: pass\n"
			     "call(ENABLE_A=True)\n"
			     "NAME = 'a \\'quoted\\' # text'  # comment\n"
			     "LIMIT = 1_000; RATIO = -0.5\n"
			     "FLAGS = {\n"
			     "    # \"live\": True,\n"
			     "    \"live\": True,  # for now\n"
			     "    'other': {\"deep\": None, \"live2\": False},\n"
			     "}\n"
			     "class Config:\n"
			     "\tDEBUG = False\n"
			     "FROM_ENV = os.getenv(\"X\", \"1\") == \"1\"\n"
			     "LONG = (1 +\n"
			     "        2)\n"
			     "CHAIN = ALSO = True\n"
			     "TWICE = 1\nTWICE = 2\n";

static void test_python_reading(void **state)
{
	struct flagfile file;

	load(*state, &file, "config.py", FLAG_PYTHON, python);
	assert_value(&file, "ENABLE_A", "true");
	assert_value(&file, "ENABLE_B", "false");
	assert_value(&file, "NAME", "\"a 'quoted' # text\"");
	assert_value(&file, "LIMIT", "1000");
	assert_value(&file, "RATIO", "-0.5");
	assert_value(&file, "live", "true");
	assert_value(&file, "FLAGS.live", "true");
	assert_value(&file, "deep", "null");
	assert_value(&file, "FLAGS.other.live2", "false");
	assert_value(&file, "DEBUG", "false");
	assert_refused(&file, "FROM_ENV", "config.py:18: the value of FROM_ENV is no plain value");
	assert_refused(&file, "LONG", "expression");
	assert_refused(&file, "CHAIN", "expression");
	assert_refused(&file, "TWICE", "2 places, lines 22, 23");
	assert_refused(&file, "ENABLE_C", "there is no flag ENABLE_C");
	assert_refused(&file, "other.live", "there is no flag");
	flagfile_release(&file);
}

/* Only the values' bytes differ. */
static void test_python_setting(void **state)
{
	struct flagfile file;
	struct err err = ERR_INIT;
	char *text;

	load(*state, &file, "config.py", FLAG_PYTHON, python);
	set(&file, "ENABLE_A", json_false());
	set(&file, "live", json_false());
	set(&file, "NAME", json_string("it's"));
	assert_int_equal(flagfile_save(&file, &err), 0);
	flagfile_release(&file);

	text = ws_read(*state, "config.py");
	assert_int_equal(strlen(text), strlen(python) + 1 + 1 - strlen("a \\'quoted\\' # text") +
					   strlen("it\\'s"));
	assert_contains(text, "\nENABLE_A = False   # Default: OFF\n");
	assert_contains(text, "NAME = 'it\\'s'  # comment\n");
	assert_contains(text, "    \"live\": False,  # for now\n");
	assert_contains(text, "    # \"live\": True,\n");
	assert_contains(text, "import os\r\n");
	assert_contains(text, "call(ENABLE_A=True)\n");
	free(text);
}

static void test_python_broken(void **state)
{
	struct flagfile file;

	load(*state, &file, "a.py", FLAG_PYTHON, "A = True\nB = {\"x\": 1\n");
	assert_refused(&file, "A", "line 2: a bracket is not closed");
	flagfile_release(&file);
	/* Entries that are set one by one are places, too. */
	load(*state, &file, "a.py", FLAG_PYTHON,
	     "F = {'live': False}\nif X:\n    F[\"live\"] = True\nF[0] = 1\nF['n'] += 1\nF['m'] = "
	     "7\n"
	     "X[1](F['q'])\n");
	assert_refused(&file, "live", "2 places, lines 1, 3");
	assert_value(&file, "F.m", "7");
	assert_refused(&file, "n", "there is no flag n");
	flagfile_release(&file);
	load(*state, &file, "a.py", FLAG_PYTHON, "A = True\nB = 'open\n");
	assert_refused(&file, "A", "line 2: a string is not closed");
	flagfile_release(&file);
	load(*state, &file, "a.py", FLAG_PYTHON,
	     "A = f\"x\"\nB = \"a\" \"b\"\nC = nan\nD = [True]\n");
	assert_refused(&file, "A", "expression");
	assert_refused(&file, "B", "expression");
	assert_refused(&file, "C", "expression");
	assert_refused(&file, "D", "expression");
	flagfile_release(&file);
}

static void test_json(void **state)
{
	struct flagfile file;
	struct err err = ERR_INIT;

	load(*state, &file, "f.json", FLAG_JSON,
	     "{\n  \"a\": {\"live\": true, \"n\": 5},\n  \"b\": {\"live\": false},\n  \"name\": "
	     "\"x\"\n}\n");
	assert_value(&file, "a.live", "true");
	assert_value(&file, "b.live", "false");
	assert_refused(&file, "live", "2 places, lines 2, 3");
	assert_refused(&file, "a", "expression");
	set(&file, "a.live", json_false());
	set(&file, "name", json_string("q\"\xc3\xa4"));
	set(&file, "n", json_real(0.25));
	assert_int_equal(flagfile_save(&file, &err), 0);
	flagfile_release(&file);
	ws_assert_file(*state, "f.json",
		       "{\n  \"a\": {\"live\": false, \"n\": 0.25},\n  \"b\": {\"live\": false},\n "
		       " \"name\": "
		       "\"q\\\"\xc3\xa4\"\n}\n");
}

static void test_env(void **state)
{
	struct flagfile file;
	struct err err = ERR_INIT;
	json_t *evil;

	load(*state, &file, "bot.env", FLAG_ENV,
	     "# LIVE=true\nexport LIVE=true\nMODE=\"fast lane\" # note\nEMPTY=\nON='1'\nPLAIN=a "
	     "b\nLAST=x");
	assert_value(&file, "LIVE", "\"true\"");
	assert_value(&file, "MODE", "\"fast lane\"");
	assert_value(&file, "EMPTY", "\"\"");
	set(&file, "LIVE", json_false());
	set(&file, "MODE", json_string("a $b \"c\""));
	set(&file, "EMPTY", json_integer(7));
	set(&file, "ON", json_false());
	set(&file, "LAST", json_string("two words"));
	assert_int_equal(flagfile_save(&file, &err), 0);
	flagfile_release(&file);
	ws_assert_file(*state, "bot.env",
		       "# LIVE=true\nexport LIVE=false\nMODE=\"a \\$b \\\"c\\\"\" # "
		       "note\nEMPTY=7\nON='0'\n"
		       "PLAIN=a b\nLAST=\"two words\"");
	/* A shell reads it back as it was meant. */
	ws_assert(*state, "sed -i /PLAIN/d bot.env; . ./bot.env; echo \"$MODE|$LAST|$ON|$LIVE\"",
		  "a $b \"c\"|two words|0|false");
	load(*state, &file, "bot.env", FLAG_ENV, NULL);
	err_clear(&err);
	evil = json_string("a\nEVIL=1");
	assert_int_equal(flagfile_set(&file, "LIVE", evil, &err), -1);
	json_decref(evil);
	flagfile_release(&file);
}

static void test_ini(void **state)
{
	struct flagfile file;
	struct err err = ERR_INIT;

	load(*state, &file, "bot.ini", FLAG_INI,
	     "; live = yes\n[bot]\nlive = Yes ; now\nlevel: 3\n[web]\nlive = no\nport=80\n");
	assert_value(&file, "bot.live", "\"Yes\"");
	assert_value(&file, "web.live", "\"no\"");
	assert_refused(&file, "live", "2 places, lines 3, 6");
	set(&file, "bot.live", json_false());
	set(&file, "level", json_integer(4));
	set(&file, "port", json_string("8080"));
	assert_int_equal(flagfile_save(&file, &err), 0);
	flagfile_release(&file);
	ws_assert_file(*state, "bot.ini",
		       "; live = yes\n[bot]\nlive = No ; now\nlevel: 4\n[web]\nlive = "
		       "no\nport=8080\n");
}

/* A value may be emptied, and is set back to the byte; what could not be set back is not set, and
 * a failure changes nothing. */
static void test_ways_back(void **state)
{
	static const char ini[] = "[bot]\na = word ; why\nb =   word\nc=word\n";
	static const char *const names[] = { "a", "b", "c" };
	struct flagfile file;
	json_t *empty = json_string("");

	load(*state, &file, "ways.ini", FLAG_INI, ini);
	for (size_t i = 0; i < 3; i++) {
		if (flagfile_set(&file, names[i], empty, NULL) == 0) {
			assert_string_not_equal(file.text.data, ini);
			assert_int_equal(flagfile_set_raw(&file, names[i], "word", NULL), 0);
		} else {
			assert_string_equal(names[i], "b");
		}
		assert_string_equal(file.text.data, ini);
	}
	json_decref(empty);
	flagfile_release(&file);
	/* Bytes behind a NUL would be lost. */
	load(*state, &file, "nul.env", FLAG_ENV, "A=1\nB=2\n");
	file.text.data[2] = '\0';
	assert_refused(&file, "B", "no text file");
	flagfile_release(&file);
}

static void test_comparing(void **state)
{
	json_t *on = json_string("on"), *yes = json_true(), *no = json_false(),
	       *one = json_string("1.0"), *int1 = json_integer(1), *real1 = json_real(1.0),
	       *text = json_string("ON");

	(void)state;
	assert_true(flag_is(FLAG_ENV, on, yes));
	assert_false(flag_is(FLAG_ENV, on, no));
	assert_true(flag_is(FLAG_ENV, one, int1));
	assert_true(flag_is(FLAG_ENV, int1, real1));
	assert_false(flag_is(FLAG_ENV, on, text));
	assert_false(flag_is(FLAG_ENV, yes, int1));
	/* To Python and JSON a text is a text: "off" is true there. */
	assert_false(flag_is(FLAG_PYTHON, on, yes));
	assert_true(flag_is(FLAG_PYTHON, text, text));
	assert_false(flag_is(FLAG_JSON, one, int1));
	assert_true(flag_is(FLAG_JSON, int1, real1));
	json_decref(on);
	json_decref(one);
	json_decref(int1);
	json_decref(real1);
	json_decref(text);
}

static void test_saving_keeps_mode_and_refuses(void **state)
{
	struct flagfile file;
	struct err err = ERR_INIT;

	load(*state, &file, "config.py", FLAG_PYTHON, "A = True\n");
	ws_sh(*state, "chmod 640 config.py");
	if (geteuid() == 0)
		ws_sh(*state, "chown 65534:65534 config.py");
	set(&file, "A", json_false());
	assert_int_equal(flagfile_save(&file, &err), 0);
	ws_assert(*state, "stat -c %a config.py", "640");
	if (geteuid() == 0)
		ws_assert(*state, "stat -c %u:%g config.py", "65534:65534");

	/* Somebody edited it meanwhile. */
	set(&file, "A", json_true());
	ws_sh(*state, "echo 'B = 1' >>config.py");
	assert_int_equal(flagfile_save(&file, &err), -1);
	assert_contains(err.msg, "changed by somebody else");
	ws_assert_file(*state, "config.py", "A = False\nB = 1\n");
	flagfile_release(&file);

	/* A link is not replaced by a file. */
	ws_sh(*state, "mv config.py real.py; ln -s real.py config.py");
	load(*state, &file, "config.py", FLAG_PYTHON, NULL);
	set(&file, "A", json_true());
	err_clear(&err);
	assert_int_equal(flagfile_save(&file, &err), -1);
	assert_contains(err.msg, "symbolic link");
	ws_assert_file(*state, "real.py", "A = False\nB = 1\n");
	ws_assert(*state, "readlink config.py", "real.py");
	flagfile_release(&file);
}

/* Killed at any moment, the file is the old one or the new one, never half of either. */
static void test_kill_in_the_middle(void **state)
{
	struct workspace *ws = *state;
	struct buf filler = BUF_INIT;
	char *path = ws_path(ws, "big.py"), *text;
	size_t len;

	buf_puts(&filler, "A = True\n");
	for (int i = 0; i < 40000; i++)
		buf_printf(&filler, "X%d = 1\n", i);
	buf_puts(&filler, "B = True\n");
	len = filler.len;
	ws_write(ws, "big.py", buf_str(&filler));
	for (unsigned i = 0; i < 25; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			json_t *yes = json_true(), *no = json_false();

			for (int n = 0;; n++) {
				struct flagfile file;

				if (flagfile_load(&file, path, FLAG_PYTHON, NULL) < 0 ||
				    flagfile_set(&file, "A", n % 2 ? yes : no, NULL) < 0 ||
				    flagfile_set(&file, "B", n % 2 ? yes : no, NULL) < 0 ||
				    flagfile_save(&file, NULL) < 0)
					_exit(1);
				flagfile_release(&file);
			}
		}
		usleep(2000 + 1777 * i);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		text = ws_read(ws, "big.py");
		assert_non_null(text);
		if (strncmp(text, "A = True\n", 9) == 0)
			assert_true(strlen(text) == len && strstr(text, "\nB = True\n"));
		else
			assert_true(strncmp(text, "A = False\n", 10) == 0 &&
				    strlen(text) == len + 2 && strstr(text, "\nB = False\n"));
		free(text);
	}
	free(path);
	buf_release(&filler);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_python_reading),
		TEST(test_python_setting),
		TEST(test_python_broken),
		TEST(test_json),
		TEST(test_env),
		TEST(test_ini),
		TEST(test_ways_back),
		TEST(test_comparing),
		TEST(test_saving_keeps_mode_and_refuses),
		TEST(test_kill_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
