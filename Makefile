# backout: terminal incident console.
#
#   make drill    install what is missing, build, and walk a guided drill
#   make check    install what is missing, build, and run all tests (make check-long: the slow ones, too)
#   make bench    measure beside others who do the same job
#   make deps     install what is missing (Debian, Ubuntu)
#   make          build ./backout
#   make install  DESTDIR= PREFIX=
#
# BUILD= puts objects elsewhere (a sanitizer or clang build beside the plain one).

PREFIX  ?= /usr/local
DATADIR ?= $(PREFIX)/share/backout
BUILD   ?= build
PROGRAM ?= backout
VERSION := 0.1.0

# Each folder is one archive. Which may use which: docs/ARCHITECTURE.md; tests/func/includes.sh holds it.
FOLDERS := cli tui drill core sources checklists actions logs lib

PACKAGES  := ncursesw libpq libgit2 jansson libcrypto libpcre2-8 sqlite3
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla
OPTIMIZE  ?= -O2
HARDENING ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
SANITIZE  ?=
CFLAGS    ?= -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -fPIE -I. $(WARNINGS) $(OPTIMIZE) $(HARDENING) $(SANITIZE) $(CFLAGS) \
	-DVERSION='"$(VERSION)"' -DDATA_DIR='"$(DATADIR)"' $(PKG_CFLAGS)
ALL_LIBS   = $(PKG_LIBS) -lm
LINK       = $(CC) $(SANITIZE) $(LDFLAGS) -pie -Wl,-z,relro,-z,now

# Asked once, when first needed: not before `deps` has installed what is asked about.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

# `make V=1` shows the commands.
ifndef V
say = @printf '  %-4s %s\n' $1 $(subst $(BUILD)/,,$2);
endif
JOBS := -j$(shell nproc)

SOURCES  := $(foreach f,$(FOLDERS),$(wildcard $f/*.c))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o)
ARCHIVES := $(foreach f,$(FOLDERS),$(BUILD)/$f.a)

all: $(PROGRAM)

$(PROGRAM): $(ARCHIVES)
	$(call say,LINK,$@)$(LINK) -o $@ -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(ALL_LIBS)

define archive
$(BUILD)/$1.a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard $1/*.c))
	@rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive,$f)))

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# ---- tests ----
# tests/unit/FOLDER_what.c is linked with FOLDER's archive and those it may use.

TEST_LIBS  = $(shell pkg-config --libs cmocka)
UNIT      := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
BENCHES   := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
FUZZ      := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))
SCREENS   := $(patsubst tests/screens/%.c,$(BUILD)/tests/screens/%,$(wildcard tests/screens/test_*.c))

uses_lib        := lib
uses_sources    := sources lib
uses_checklists := checklists lib
uses_actions    := actions lib
uses_logs       := logs lib
uses_core       := core sources checklists actions logs lib
uses_drill      := drill $(uses_core)
uses_tui        := tui $(uses_core)

folder_of = $(firstword $(subst _, ,$(notdir $1)))
archives_of = $(foreach f,$(uses_$(call folder_of,$1)),$(BUILD)/$f.a)

.SECONDEXPANSION:
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $$(call archives_of,$$@)
	$(call say,LINK,$@)$(LINK) -o $@ $< -Wl,--start-group $(call archives_of,$@) -Wl,--end-group $(ALL_LIBS) $(TEST_LIBS)

$(BUILD)/tests/screens/%: $(BUILD)/tests/screens/%.o $(BUILD)/tests/screens/terminal.o \
		$(BUILD)/tests/screens/desk.o $(BUILD)/tests/screens/shop.o $(BUILD)/lib.a
	$(call say,LINK,$@)$(LINK) -o $@ $^ $(ALL_LIBS) $(TEST_LIBS) $(shell pkg-config --libs vterm) -lutil

# Parts of benchmarks that have to be inside: linked with core's archive and those it may use.
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(foreach f,$(uses_core),$(BUILD)/$f.a)
	$(call say,LINK,$@)$(LINK) -o $@ $< -Wl,--start-group $(foreach f,$(uses_core),$(BUILD)/$f.a) \
		-Wl,--end-group $(ALL_LIBS)

# Each beside what reads its corpus; under libFuzzer (tests/func/fuzz.sh) that is what gives it bytes.
FUZZ_MAIN = $(BUILD)/tests/fuzz/replay.o
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $$(FUZZ_MAIN) $(foreach f,$(uses_core),$(BUILD)/$f.a)
	$(call say,LINK,$@)$(LINK) -o $@ $< $(FUZZ_MAIN) -Wl,--start-group $(foreach f,$(uses_core),$(BUILD)/$f.a) \
		-Wl,--end-group $(ALL_LIBS)

-include $(FUZZ:=.d) $(BENCHES:=.d) $(UNIT:=.d) $(SCREENS:=.d) $(BUILD)/tests/screens/terminal.d $(BUILD)/tests/screens/desk.d

tests: $(UNIT) $(SCREENS) $(FUZZ)

.PRECIOUS: $(BUILD)/%.o
.DELETE_ON_ERROR:

check: deps-check
	@$(MAKE) --no-print-directory $(JOBS) $(PROGRAM) tests
	@BUILD=$(BUILD) BACKOUT=$(abspath $(PROGRAM)) tests/run

check-long: deps-check
	@$(MAKE) --no-print-directory $(JOBS) $(PROGRAM) tests
	@LONG=1 BUILD=$(BUILD) BACKOUT=$(abspath $(PROGRAM)) tests/run

check-asan: deps-check
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/asan PROGRAM=build/asan/backout OPTIMIZE=-O1 HARDENING= \
		SANITIZE="-fsanitize=address,undefined -fno-omit-frame-pointer" build/asan/backout tests
	@rm -rf build/asan/findings && mkdir -m 1777 build/asan/findings
	@ASAN_OPTIONS=log_path=$(CURDIR)/build/asan/findings/asan:detect_stack_use_after_return=1 \
		UBSAN_OPTIONS=log_path=$(CURDIR)/build/asan/findings/ubsan:print_stacktrace=1 \
		BUILD=build/asan BACKOUT=$(CURDIR)/build/asan/backout tests/run; \
		result=$$?; ! grep -r . build/asan/findings && exit $$result

# Beside others, where they are installed; LINES= and TURNS= say how much and how often.
bench: $(PROGRAM) $(BENCHES)
	@BUILD=$(BUILD) BACKOUT=$(abspath $(PROGRAM)) tests/bench/run

check-clang: deps-check
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/clang PROGRAM=build/clang/backout CC=clang \
		HARDENING= CFLAGS="-g -Werror" build/clang/backout tests

# ---- ways in ----

RUN_DEBS   := libncurses6 libpq5 libgit2-1.5 libjansson4 libsqlite3-0 git curl groff postgresql postgresql-contrib \
	      python3 python3-psycopg2 sqlite3 ncurses-term
BUILD_DEBS := build-essential pkg-config libncurses-dev libpq-dev libgit2-dev libjansson-dev \
	      libssl-dev libpcre2-dev libsqlite3-dev
CHECK_DEBS := libcmocka-dev libvterm-dev tmux mandoc strace python3-jsonschema procps clang poppler-utils \
	      zstd systemd systemd-journal-remote systemd-container dbus

deps:       ; @$(call install_debs,$(BUILD_DEBS) $(RUN_DEBS))
deps-check: ; @$(call install_debs,$(BUILD_DEBS) $(RUN_DEBS) $(CHECK_DEBS))

# Installs only what dpkg does not have; starts no server (the policy file says so to maintainer
# scripts), and prints the command where nobody may install.
define install_debs
missing=; for p in $1; do \
	dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
done; \
[ -z "$$missing" ] && exit 0; \
if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; else \
	echo "backout needs these packages:$$missing" >&2; \
	echo "install them with: apt-get install --no-install-recommends$$missing" >&2; exit 1; fi; \
echo "installing:$$missing"; \
$$sudo sh -c 'made=; if [ ! -e /usr/sbin/policy-rc.d ]; then made=1; \
	printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; fi; \
	export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
	apt-get install -y -qq --no-install-recommends '"$$missing"' >/dev/null; r=$$?; \
	[ -z "$$made" ] || rm -f /usr/sbin/policy-rc.d; exit $$r'
endef

drill: deps
	@$(MAKE) --no-print-directory $(JOBS) $(PROGRAM)
	@./$(PROGRAM) drill slomix bad-release

install: $(PROGRAM)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(DATADIR)/drill
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/backout
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	cp -R runbooks $(DESTDIR)$(DATADIR)/
	cp -R drill/standin $(DESTDIR)$(DATADIR)/drill/
	chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR)

clean:
	rm -rf build $(PROGRAM)

.PHONY: all tests check check-long check-asan check-clang bench deps deps-check drill install clean
