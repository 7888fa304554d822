# bosa: a C11 core, a binding for Lua 5.4, Lua 5.5 and LuaJIT, a sandbox server. GNU make; `make help`.
#
# Everything that is made goes to $(BUILD). Sources are found by wildcard. Say
#   make SAN=1 BUILD=build/asan ...   for AddressSanitizer and UndefinedBehaviorSanitizer
#   make COV=1 BUILD=build/cov ...    for coverage data

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := bash
MAKEFLAGS += --no-print-directory

BUILD ?= build
PREFIX ?= /usr/local
# The one place where the version is named.
VERSION := 0.1.0

# ---- programs and flags ----

ifeq ($(origin CC),default)
CC := $(if $(shell command -v cc),cc,gcc)
endif
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
pkg = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)

LUA54_INCDIR ?= $(shell tools/find-lua.sh lua5.4)
LUA55_INCDIR ?= $(shell tools/find-lua.sh lua5.5)
LUAJIT_INCDIR ?= $(shell tools/find-lua.sh luajit)
LUA54_INCDIR := $(LUA54_INCDIR)
LUA55_INCDIR := $(LUA55_INCDIR)
LUAJIT_INCDIR := $(LUAJIT_INCDIR)
made_vms := $(if $(LUA54_INCDIR),lua5.4) $(if $(LUA55_INCDIR),lua5.5) $(if $(LUAJIT_INCDIR),luajit)
# What the tests run on. Lua 5.5 is a gift: where its headers are missing, nobody is told.
VMS ?= lua5.4 $(filter lua5.5,$(made_vms)) luajit
CURL_CFLAGS := $(if $(CURL_INCDIR),-I$(CURL_INCDIR),$(call pkg,--cflags libcurl))
CURL_LIBS := $(if $(CURL_LIBDIR),-L$(CURL_LIBDIR) -lcurl,$(or $(call pkg,--libs libcurl),-lcurl))
ZLIB_CFLAGS := $(if $(ZLIB_INCDIR),-I$(ZLIB_INCDIR),$(call pkg,--cflags zlib))
ZLIB_LIBS := $(if $(ZLIB_LIBDIR),-L$(ZLIB_LIBDIR) -lz,$(or $(call pkg,--libs zlib),-lz))
# What bosa.archive is built with, where the headers are; without them bosa can't download skills, that is all.
ARCHIVE_CFLAGS ?= $(call pkg,--cflags libarchive libcrypto)
ARCHIVE_LIBS ?= $(or $(call pkg,--libs libarchive libcrypto),-larchive -lcrypto)
ARCHIVE_CFLAGS := $(ARCHIVE_CFLAGS)
ARCHIVE_LIBS := $(ARCHIVE_LIBS)
has_archive := $(shell CC="$(CC)" CPPFLAGS="$(CPPFLAGS) $(ARCHIVE_CFLAGS)" LIBS="$(LDFLAGS) $(ARCHIVE_LIBS)" \
  tools/need.sh has-archive && echo yes)
MHD_CFLAGS := $(call pkg,--cflags libmicrohttpd)
MHD_LIBS := $(or $(call pkg,--libs libmicrohttpd),-lmicrohttpd)
CMOCKA_CFLAGS := $(call pkg,--cflags cmocka)
CMOCKA_LIBS := $(or $(call pkg,--libs cmocka),-lcmocka)

SYSTEM ?= $(shell uname -s)
SYSTEM := $(SYSTEM)
# What the headers show beside C11. Who asks a BSD or macOS for POSIX loses kqueue and MSG_DONTWAIT.
names_FreeBSD :=
names_DragonFly :=
names_NetBSD := -D_NETBSD_SOURCE
names_OpenBSD := -D_BSD_SOURCE
names_Darwin := -D_DARWIN_C_SOURCE
NAMES := $(if $(filter undefined,$(origin names_$(SYSTEM))),-D_POSIX_C_SOURCE=200809L,$(names_$(SYSTEM)))
# On 32 bits, files and times past 2^31 need the wide types of libc.
DIALECT := -std=c11 $(NAMES) -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
  -DBOSA_VERSION=\"$(VERSION)\"
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow
MODULE_FLAGS := -shared
# A state that closes unloads its modules before LuaJIT has run the last finalizers, which may call us.
STAY_LOADED := -Wl,-z,nodelete
ifeq ($(SYSTEM),Darwin)
MODULE_FLAGS := -bundle -undefined dynamic_lookup
STAY_LOADED :=
endif
ifdef SAN
VARIANT := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifdef COV
# In its own dialect gcc writes a child's counters before the child becomes another program.
VARIANT := -O0 --coverage -std=gnu11
endif
ifdef FUZZ
CC := clang
VARIANT := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
endif
COMPILE = $(CC) $(DIALECT) $(WARNINGS) -fPIC -fvisibility=hidden $(CPPFLAGS) $(CFLAGS) $(VARIANT)
LINK = $(CC) $(CFLAGS) $(VARIANT) $(LDFLAGS)

# ---- what is made ----

core_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard csrc/core/*/*.c))
sandbox_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard csrc/sandbox/*.c))
binding_sources := $(wildcard csrc/lua/*.c)
spec_sources := $(wildcard spec/c/test_*.c spec/c/schema_*.c)
spec_support := $(filter-out $(spec_sources),$(wildcard spec/c/*.c))

fuzz_sources := $(wildcard spec/c/fuzz/*.c)
fuzz_programs := $(patsubst %.c,$(BUILD)/%,$(fuzz_sources))

core := $(BUILD)/libbosa.a
sandbox := $(BUILD)/bin/bosa-sandbox
spec_library := $(BUILD)/spec/c/libsupport.a
spec_programs := $(patsubst %.c,$(BUILD)/%,$(spec_sources))
modules := $(made_vms:%=$(BUILD)/%/bosa/core.so) $(if $(has_archive),$(made_vms:%=$(BUILD)/%/bosa/archive.so))

# Each file that is compiled or linked is named, but where QUIET=1 says no.
say := $(if $(QUIET),:,echo)

# Sub-makes use every processor, unless make itself was told a number.
processors := $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(processors))

c_files = $(wildcard csrc/*/*.[ch] csrc/core/*/*.[ch] spec/c/*.[ch] spec/c/fuzz/*.[ch] \
  spec/c/kevent/sys/event.h)
lua_files = $(wildcard bin/bosa lua plugin spec examples bench tools/*.lua) $(wildcard *.rockspec)

export CC CPPFLAGS BUILD VMS

# ---- targets for people ----

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.* ## \(.*\)/  \1|\2/p' Makefile | \
	  awk -F'|' '{ printf "  %-10s %s\n", $$1, $$2 }'

.PHONY: build
build: modules sandbox ## the module for every VM whose headers are found, and the sandbox server

.PHONY: nvim
nvim: $(BUILD)/need-luajit ## the plugin for Neovim: the module for its LuaJIT alone, and the tags of `:help bosa`
	@$(MAKE) $(jobs) $(BUILD)/luajit/bosa/core.so $(filter $(BUILD)/luajit/bosa/archive.so,$(modules))
	@! command -v nvim >/dev/null || nvim --headless -u NONE -i NONE -n -c 'helptags doc' -c 'qa!'
	@echo "== Built for Neovim: $(BUILD)/luajit/bosa/core.so"

.PHONY: test
test: ## every test: C, schemas, Lua on every VM (ONLY=pattern: some of them)
	@tools/deps.sh build test
	@$(MAKE) $(jobs) build spec-programs
	@tools/test.sh

.PHONY: demo
demo: ## a tour: installs what is missing, builds, runs examples/demo.lua against a sandbox server (V=1: shows the compiler's lines)
	@echo "== 1 of 3: packages that the build needs"
	@tools/deps.sh -v build
	@echo "== 2 of 3: the library and the sandbox server"
	@echo "   compiling what is new: a minute the first time$(if $(V),, (V=1 shows each file))"
	@mkdir -p $(BUILD) && touch $(BUILD)/demo-began
	@$(MAKE) $(jobs) $(if $(V),,QUIET=1) build
	@echo "   compiled $$(find $(BUILD) -name '*.o' -newer $(BUILD)/demo-began | wc -l) files"
	@echo "== 3 of 3: a tour, examples/demo.lua, with a server on this machine only"
	@tools/on-vm.sh "$(LUA)" tools/with-sandbox.sh @lua examples/demo.lua
	@printf '%s\n' "" "== That was the tour; the server has stopped. To go on:" \
	  '   eval "$$(make -s env)"        use this checkout in your shell' \
	  '   bosa sandbox -- bosa repl    a Lua prompt with a sandbox server' \
	  '   README.md                    a first script of your own'

.PHONY: bench
bench: ## compare with bare libcurl, LuaSocket and lua-cjson; prints a table (ROUNDS=5, SHORT=1: only that it runs)
	@tools/deps.sh build test bench
	@$(MAKE) $(jobs) build
	@BUILD="$(BUILD)" bench/run.sh

.PHONY: conformance
conformance: build ## compare with the two published Python SDKs, request by request
	@conformance/run.sh

.PHONY: conformance-mcp
conformance-mcp: build ## run the official suite and SDK of the Model Context Protocol against nginx
	@LUA="$(LUA)" conformance/mcp/run.sh

.PHONY: check
check: lint tidy analyze check-c ## lint, clang-tidy, gcc's analyzer; tests under valgrind, the sanitizers, a collector without rest
	@echo "== Lua specs under the sanitizers"
	@$(sanitized) tools/test.sh lua
	@$(MAKE) $(jobs) build
	@echo "== Lua specs with a collector that never rests"
	@GC=aggressive tools/test.sh lua
	@echo "== Lua specs with Lua 5.4's generational collector"
	@GC=generational VMS=lua5.4 tools/test.sh lua

# The session in which every allocation fails once is too long for valgrind; the sanitizers see it.
sanitized = LD_PRELOAD="$(foreach s,asan ubsan,$(shell $(CC) -print-file-name=lib$(s).so))" \
  ASAN_OPTIONS=detect_leaks=0 BUILD=build/asan
.PHONY: check-c
check-c:
	@$(MAKE) $(jobs) spec-programs sandbox
	@echo "== C tests under valgrind"
	@RUNNER="valgrind -q --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes" \
	  EXCEPT=test_session tools/test.sh c
	@$(MAKE) $(jobs) SAN=1 BUILD=build/asan build spec-programs
	@echo "== C tests under the sanitizers"
	@LIMIT=1800 BUILD=build/asan tools/test.sh c

.PHONY: check-quick
check-quick: lint tidy analyze check-c ## of check what a change of the C sources needs at least
	@echo "== Specs of the transports under the sanitizers"
	@$(sanitized) VMS=lua5.4 ONLY='wire|contract|files|parallel|tls|abuse' tools/test.sh lua

.PHONY: coverage
coverage: ## lines and branches of csrc that the tests reach
	@tools/deps.sh build test coverage
	@$(MAKE) $(jobs) COV=1 BUILD=$(BUILD)/cov build spec-programs
	@tools/coverage.sh $(BUILD)/cov

SECONDS ?= 60
.PHONY: fuzz
fuzz: ## every parser on made-up input for SECONDS (60) each, by libFuzzer
	@tools/deps.sh build fuzz
	@$(MAKE) $(jobs) FUZZ=1 BUILD=$(BUILD)/fuzz fuzz-programs
	@tools/fuzz.sh $(BUILD)/fuzz $(SECONDS)

COUNT ?= 100
SEED ?= 1
.PHONY: mutants
mutants: ## change COUNT (100) places of csrc, one at a time (SEED=1 says which): do the tests notice?
	@tools/deps.sh build test
	@tools/mutants.py $(COUNT) $(SEED)

MINUTES ?= 10
.PHONY: soak
soak: ## mixed calls with random faults for MINUTES (10) in all, and what they left of memory and descriptors
	@tools/deps.sh build
	@$(MAKE) $(jobs) build
	@for vm in $(made_vms); do \
	  tools/with-sandbox.sh tools/on-vm.sh $$vm @lua spec/soak/soak.lua $(MINUTES)/$(words $(made_vms)) || exit 1; \
	done

.PHONY: doc
doc: modules ## a site of the README, the pages of doc/ and the reference of the API, in $(BUILD)/doc
	@tools/deps.sh doc
	@rm -rf $(BUILD)/doc
	@tools/site.sh $(BUILD)/doc
	@echo "== Wrote $(BUILD)/doc/index.html"

.PHONY: recording
recording: build ## doc/recording.svg, what the README shows: a session in a terminal, with a sandbox server
	@tools/deps.sh recording
	@tools/recording.sh doc/recording.svg
	@echo "== Wrote doc/recording.svg"

.PHONY: lint
lint: ## luacheck, clang-format, the rules of the tree, warnings as errors
	@tools/deps.sh build lint
	@$(MAKE) -k lint-lua lint-form lint-rules warnings

.PHONY: format
format: ## put the C sources into their form
	$(clang_format) -i $(c_files)

.PHONY: install
install: modules ## install below PREFIX (and DESTDIR)
	@for vm in $(made_vms); do \
	  case $$vm in lua*.*) v=$${vm#lua};; *) v=5.1;; esac; \
	  tools/install.sh "$(BUILD)/$$vm/bosa/core.so" \
	    "$(DESTDIR)$(PREFIX)/share/lua/$$v" "$(DESTDIR)$(PREFIX)/lib/lua/$$v" || exit 1; \
	done
	@DESTDIR="$(DESTDIR)" tools/install.sh --command $(firstword $(made_vms)) "$(PREFIX)"

.PHONY: uninstall
uninstall: ## take away what make install put below PREFIX (and DESTDIR)
	@tools/install.sh --uninstall "$(DESTDIR)$(PREFIX)"

.PHONY: dist
dist: ## the last commit as a tarball that builds without git, in $(BUILD)/dist
	@tools/dist.sh "$(VERSION)" "$(BUILD)/dist"

.PHONY: deb
deb: ## Debian packages of the library and the command, in $(BUILD)/deb
	@tools/deps.sh build deb
	@$(MAKE) $(jobs) build
	@BUILD="$(BUILD)" tools/deb.sh "$(VERSION)-1" "$(BUILD)/deb"

.PHONY: matrix
matrix: ## other Debians, libcurls, systems and processors, as far as this machine has them; the table of doc/platforms.md
	@tools/deps.sh build test matrix
	@tools/matrix.sh --table doc/platforms.md

.PHONY: env
env: ## print what makes a shell use this checkout: eval "$(make -s env LUA=lua5.4)"
	@tools/on-vm.sh "$(LUA)" --print

.PHONY: vms
vms: ## the VMs whose headers are found
	@echo $(made_vms)

.PHONY: deps
deps: ## install what is missing to build, test and check (Debian, Ubuntu)
	@tools/deps.sh build test lint

.PHONY: clean
clean: ## remove what was made
	rm -rf $(BUILD)

# ---- parts ----

.PHONY: modules sandbox spec-programs fuzz-programs
modules: $(modules) | $(BUILD)/need-lua
	@:
	$(if $(LUA54_INCDIR),,@echo "note: no headers of Lua 5.4, so no module for it (see make deps)" >&2)
	$(if $(LUAJIT_INCDIR),,@echo "note: no headers of LuaJIT, so no module for it (see make deps)" >&2)
sandbox: $(sandbox)
	@:
spec-programs: $(spec_programs)
	@:
fuzz-programs: $(fuzz_programs)
	@:

$(core): $(core_objects)
	@rm -f $@
	@$(say) "  ar    $@"
	@$(AR) rcs $@ $^

$(spec_library): $(spec_support:%.c=$(BUILD)/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

# The binding is compiled once for each VM; $(1) is its name, $(2) where its headers are.
define module_rules
$(BUILD)/$(1)/bosa/core.so: $(binding_sources:csrc/lua/%.c=$(BUILD)/$(1)/%.o) $(core)
	@mkdir -p $$(@D)
	@$(say) "  link  $$@"
	@$$(LINK) $(or $(LIBFLAG),$(MODULE_FLAGS)) $(STAY_LOADED) -o $$@ $$^ $(CURL_LIBS) $(ZLIB_LIBS) -lm

$(BUILD)/$(1)/%.o: csrc/lua/%.c $(BUILD)/flags | $(BUILD)/need-cc
	@mkdir -p $$(@D)
	@$(say) "  cc    $$< ($(1))"
	@$$(COMPILE) -I$(2) -Icsrc/core -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/bosa/archive.so: $(BUILD)/$(1)/archive/archive.o
	@mkdir -p $$(@D)
	@$(say) "  link  $$@"
	@$$(LINK) $(or $(LIBFLAG),$(MODULE_FLAGS)) $(STAY_LOADED) -o $$@ $$^ $(ARCHIVE_LIBS)

$(BUILD)/$(1)/archive/%.o: csrc/archive/%.c $(BUILD)/flags | $(BUILD)/need-cc
	@mkdir -p $$(@D)
	@$(say) "  cc    $$< ($(1))"
	@$$(COMPILE) $(ARCHIVE_CFLAGS) -I$(2) -Icsrc/lua -MMD -MP -c -o $$@ $$<
endef
$(if $(LUA54_INCDIR),$(eval $(call module_rules,lua5.4,$(LUA54_INCDIR))))
$(if $(LUA55_INCDIR),$(eval $(call module_rules,lua5.5,$(LUA55_INCDIR))))
$(if $(LUAJIT_INCDIR),$(eval $(call module_rules,luajit,$(LUAJIT_INCDIR))))
$(if $(ROCK_INCDIR),$(eval $(call module_rules,lua,$(ROCK_INCDIR))))

$(sandbox): $(sandbox_objects) $(core)
	@mkdir -p $(@D)
	@$(say) "  link  $@"
	@$(LINK) -o $@ $^ $(MHD_LIBS) $(ZLIB_LIBS) -lm -pthread

# The torture allocator stands before the core, so the core's own is not linked.
$(spec_programs): $(BUILD)/spec/c/%: $(BUILD)/spec/c/%.o $(spec_library) $(core)
	@$(say) "  link  $@"
	@$(LINK) -o $@ $(filter %.o,$^) $(spec_library) $(core) $(libraries) $(CMOCKA_LIBS) $(CURL_LIBS) $(ZLIB_LIBS) -lm -pthread

$(fuzz_programs): $(BUILD)/spec/c/fuzz/%: $(BUILD)/spec/c/fuzz/%.o $(core)
	@$(say) "  link  $@"
	@$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(core) $(libraries) $(CURL_LIBS) $(ZLIB_LIBS) -lm -pthread

# Those that speak Lua take the binding with them, of a Lua whose allocator can be replaced.
speak_lua := $(addprefix $(BUILD)/spec/c/fuzz/,values cassette mcp_line arguments) $(BUILD)/spec/c/test_session
spoken := $(firstword $(filter lua5.4 lua5.5,$(made_vms)))
ifneq ($(spoken),)
$(speak_lua): $(binding_sources:csrc/lua/%.c=$(BUILD)/$(spoken)/%.o)
$(speak_lua): private libraries := $(or $(SPOKEN_LIBS),$(call pkg,--libs $(spoken)),$(call pkg,--libs $(spoken:lua%=lua-%)),-l$(spoken))
endif
$(speak_lua:%=%.o): private flags += -I$(or $(LUA54_INCDIR),$(LUA55_INCDIR))
$(speak_lua:%=%.o): | $(BUILD)/need-puc-lua

$(BUILD)/csrc/core/%.o: private flags := $(CURL_CFLAGS) $(ZLIB_CFLAGS) -Icsrc/core
$(BUILD)/csrc/sandbox/%.o: private flags := $(MHD_CFLAGS) $(ZLIB_CFLAGS) -Icsrc/core
$(BUILD)/spec/c/%.o: private flags := $(CMOCKA_CFLAGS) $(ZLIB_CFLAGS) -Icsrc/core
# kqueue's own header, where the system has none.
ifeq ($(SYSTEM),Linux)
$(BUILD)/spec/c/test_poller_kqueue.o: private flags += -Ispec/c/kevent
endif
$(core_objects): | $(BUILD)/need-curl $(BUILD)/need-zlib
$(sandbox_objects): | $(BUILD)/need-microhttpd
$(spec_sources:%.c=$(BUILD)/%.o): | $(BUILD)/need-cmocka
.SECONDARY: $(spec_sources:%.c=$(BUILD)/%.o) $(fuzz_sources:%.c=$(BUILD)/%.o)

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/need-cc
	@mkdir -p $(@D)
	@$(say) "  cc    $<"
	@$(COMPILE) $(flags) -MMD -MP -c -o $@ $<

# Other flags than last time compile everything anew.
.PHONY: always
$(BUILD)/flags: always
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

.PRECIOUS: $(BUILD)/need-%
$(BUILD)/need-%: | $(BUILD)/flags
	@CPPFLAGS="$(CPPFLAGS) $(CURL_CFLAGS) $(ZLIB_CFLAGS) $(MHD_CFLAGS) $(CMOCKA_CFLAGS)" \
	  LUA_INCDIRS="$(LUA54_INCDIR) $(LUA55_INCDIR) $(LUAJIT_INCDIR)" LUAJIT_INCDIR="$(LUAJIT_INCDIR)" PUC_LUA_INCDIR="$(LUA54_INCDIR)$(LUA55_INCDIR)" \
	  tools/need.sh $*
	@touch $@

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)

# ---- checks ----

clang_format := $(if $(shell command -v clang-format-14),clang-format-14,clang-format)

.PHONY: lint-lua lint-form lint-rules
lint-lua:
	@echo "== luacheck"
	@luacheck -q $(lua_files)
	@echo "== variables of loops are left alone (Lua 5.5)"
	@tools/on-vm.sh "" @lua tools/loop-variables.lua $$(find $(lua_files) -name '*.lua' -o -type f -path bin/bosa)
lint-form:
	@echo "== clang-format"
	@$(clang_format) --dry-run -Werror $(c_files)
lint-rules:
	@echo "== rules of the tree"
	@tools/rules.sh

# Both compilers over every source, nothing kept.
.PHONY: warnings
warnings:
	@for cc in gcc clang; do \
	  echo "== $$cc -Werror"; \
	  $(MAKE) $(jobs) CC=$$cc CFLAGS="-O2 -Werror" BUILD=build/warnings/$$cc objects || exit 1; \
	done

.PHONY: analyze
analyze:
	@echo "== gcc -fanalyzer"
	@$(MAKE) $(jobs) CC=gcc CFLAGS="-O1 -fanalyzer -Werror" BUILD=build/analyze product-objects

.PHONY: product-objects objects
module_objects := $(foreach vm,$(made_vms),$(binding_sources:csrc/lua/%.c=$(BUILD)/$(vm)/%.o) \
  $(if $(has_archive),$(BUILD)/$(vm)/archive/archive.o))
product-objects: $(core_objects) $(sandbox_objects) $(module_objects)
objects: $(core_objects) $(sandbox_objects) $(spec_sources:%.c=$(BUILD)/%.o) \
  $(spec_support:%.c=$(BUILD)/%.o) $(module_objects)

# A process for each source: several in one confuse the analyzer's notion of va_list.
tidy_flags := $(DIALECT) $(CURL_CFLAGS) $(ZLIB_CFLAGS) $(MHD_CFLAGS) $(ARCHIVE_CFLAGS) -Icsrc/core -Icsrc/lua \
  -I$(or $(LUA54_INCDIR),$(LUA55_INCDIR),$(LUAJIT_INCDIR))
.PHONY: tidy
tidy:
	@echo "== clang-tidy"
	@printf '%s\n' $(filter-out $(if $(has_archive),,csrc/archive/%),$(wildcard csrc/*/*.c csrc/core/*/*.c)) | xargs -P $(processors) -I% \
	  clang-tidy --quiet % -- $(tidy_flags) 2>/dev/null

# ---- LuaRocks ----

# For one Lua, whose headers are in LUA_INCDIR; always from scratch, since it may be another Lua.
rock_module := build/rock/lua/bosa/core.so
rock_archive := $(if $(has_archive),build/rock/lua/bosa/archive.so)
.PHONY: rock install-rock
rock:
	@CC="$(CC)" tools/rock.sh announce "$(LUA_INCDIR)"
	@rm -rf build/rock
	@$(MAKE) BUILD=build/rock ROCK_INCDIR="$(LUA_INCDIR)" $(rock_module) $(rock_archive)
install-rock:
	@tools/rock.sh check "$(INST_PREFIX)"
	@tools/install.sh $(rock_module) "$(INST_LUADIR)" "$(INST_LIBDIR)"
	@tools/install.sh --pages "$(LUA)" "$(INST_PREFIX)/share"
	@tools/rock.sh done "$(INST_PREFIX)"
