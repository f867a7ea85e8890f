# SPDX-License-Identifier: Apache-2.0
#
# Verbs only; how things are built stands in the meson.build files, and what a verb needs
# installed in checks/deps. Another build folder: make BUILD=/some/where.

BUILD ?= build
PREFIX ?= /usr/local
export BUILD

RUNNER = tests/runner/run --dir $(BUILD)

.PHONY: all build deps run test bench bench-long soak check asan tsan fuzz tidy format install help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

all: build

build: ## build everything; it runs from build/bin
	@checks/deps build
	@checks/build plain

deps: ## install what building and testing need
	@checks/deps test

run: build ## the tour: boot nodes, start real programs, see every death and messages
	@examples/tour $(BUILD)

test: ## all tests and checks; last line: N passed, N failed
	@checks/deps test
	@checks/build plain
	@$(RUNNER) --fuzz $(BUILD)-fuzz --as-nobody

bench: ## the table of speeds, and build/bench.json
	@checks/deps bench
	@checks/build plain
	@bench/run --dir $(BUILD)

bench-long: ## the same with sizes above 1 GiB
	@checks/deps bench
	@checks/build plain
	@bench/run --dir $(BUILD) --long

soak: deps build ## random kills and fuzzing for long (SOAK=seconds each, default 1800)
	@$(RUNNER) --fuzz $(BUILD)-fuzz --soak $(or $(SOAK),1800)

check: build ## the checks that take seconds
	@$(RUNNER) --kind check --fast --verbose

asan: deps ## the whole suite under ASan and UBSan, in build-asan
	@checks/build asan
	@tests/runner/run --dir $(BUILD)-asan --kind unit,system

tsan: deps ## the tests of what has threads, under TSan, in build-tsan
	@checks/build tsan
	@tests/runner/run --dir $(BUILD)-tsan --kind unit,system --flag threads

fuzz: deps ## each fuzz target for 60 s, in build-fuzz
	@tests/runner/run --fuzz $(BUILD)-fuzz --kind fuzz

tidy: deps ## clang-tidy over src and tests
	@checks/tidy

format: deps ## let clang-format write all C files
	@checks/format --write

install: build ## into PREFIX (/usr/local), below DESTDIR
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD) --quiet

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14
