// SPDX-License-Identifier: Apache-2.0
/*
 * What a system test is written with. A test program is one file:
 *
 *	#include "harness/harness.h"
 *
 *	TEST(spawn_missing_file_is_enoent)
 *	{
 *		EXPECT_ERRNO(spawnl(P_NOWAIT, "/nowhere", "x", NULL), ENOENT);
 *	}
 *
 * `PROGRAM --list` names the tests, `PROGRAM NAME` runs one. A test's body runs
 * as the program of a fresh node; TEST_OUTSIDE's runs as it stands and starts
 * nodes by the command line. A body that returns has passed, if it has left no
 * descriptor open and no child, dead or alive.
 *
 * The harness starts and collects its own commands with bare system calls: what
 * libkamioka stands in front of is the test's to call, never the harness's.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct harness_test {
	const char *name;
	void (*body)(void);
	int limit;           /* seconds; 0: the runner's default, 30 */
	bool outside;        /* not in a node */
	bool serial;         /* nothing else may run beside it */
	bool soak;           /* `make soak` runs it too, for harness_seconds() */
	bool threads;        /* `make tsan` runs it too */
	bool keeps_children; /* ends with children on purpose */
	const char *node;    /* options for the node, words: "--allow-threaded-fork" */
	struct harness_test *next;
};

void harness_add(struct harness_test *test);

#define TEST_WITH(test_name, ...)                                              \
	static void test_name(void);                                           \
	__attribute__((constructor)) static void test_name##_add(void)         \
	{                                                                      \
		static struct harness_test test = {                            \
			.name = #test_name, .body = test_name, ##__VA_ARGS__}; \
		harness_add(&test);                                            \
	}                                                                      \
	static void test_name(void)

#define TEST(test_name)                TEST_WITH(test_name)
#define TEST_LIMIT(test_name, seconds) TEST_WITH(test_name, .limit = (seconds))
#define TEST_OUTSIDE(test_name)        TEST_WITH(test_name, .outside = true)

/* ---- Expectations: what is not so ends the test as failed, there and then. ---- */

/* Prints place and message and ends the process. */
__attribute__((noreturn, format(printf, 3, 4))) void harness_fail(const char *file, int line,
								  const char *fmt, ...);
/* Ends the test as skipped, with the reason. */
__attribute__((noreturn, format(printf, 1, 2))) void harness_skip(const char *fmt, ...);

void harness_expect_int(const char *file, int line, const char *text, long long a, const char *op,
			bool holds, long long b);
void harness_expect_str(const char *file, int line, const char *text, const char *a, const char *b);
void harness_expect_contains(const char *file, int line, const char *text, const char *all,
			     const char *part);
void harness_expect_errno(const char *file, int line, const char *text, long long result, int got,
			  int want);
long long harness_expect_ok(const char *file, int line, const char *text, long long result,
			    int error);

#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) harness_skip(__VA_ARGS__)

#define EXPECT(condition)                                \
	do {                                             \
		if (!(condition))                        \
			FAIL("expected %s", #condition); \
	} while (0)

#define HARNESS_COMPARE(a, op, b)                                                          \
	do {                                                                               \
		const long long harness_a_ = (long long)(a), harness_b_ = (long long)(b);  \
		harness_expect_int(__FILE__, __LINE__, #a " " #op " " #b, harness_a_, #op, \
				   harness_a_ op harness_b_, harness_b_);                  \
	} while (0)

#define EXPECT_EQ(a, b)            HARNESS_COMPARE(a, ==, b)
#define EXPECT_NE(a, b)            HARNESS_COMPARE(a, !=, b)
#define EXPECT_LT(a, b)            HARNESS_COMPARE(a, <, b)
#define EXPECT_LE(a, b)            HARNESS_COMPARE(a, <=, b)
#define EXPECT_GT(a, b)            HARNESS_COMPARE(a, >, b)
#define EXPECT_GE(a, b)            HARNESS_COMPARE(a, >=, b)
#define EXPECT_STR(a, b)           harness_expect_str(__FILE__, __LINE__, #a, a, b)
#define EXPECT_CONTAINS(all, part) harness_expect_contains(__FILE__, __LINE__, #all, all, part)

/* @call answers -1 and errno is @want. */
#define EXPECT_ERRNO(call, want)                                                            \
	do {                                                                                \
		errno = 0;                                                                  \
		const long long harness_r_ = (long long)(call);                             \
		harness_expect_errno(__FILE__, __LINE__, #call, harness_r_, errno, (want)); \
	} while (0)

/* @call answers no negative number; what it answers is the expression's value. */
#define EXPECT_OK(call)                                                                     \
	({                                                                                  \
		const long long harness_ok_ = (long long)(call);                            \
		(__typeof__(call))harness_expect_ok(__FILE__, __LINE__, #call, harness_ok_, \
						    errno);                                 \
	})

/* ---- Where things are; strings that stay. ---- */

/* A helper program that lies beside this one. */
const char *harness_tool(const char *name);
/* A program of ours ("kamioka", "kamcc"). */
const char *harness_bin(const char *name);
/* A file of the sources ("tests/spawn/data/x"). */
const char *harness_source(const char *path);
/* A name in the test's own directory, which goes away after it. */
const char *harness_path(const char *name);

/* How long a run that could go on for ever shall go on: @seconds in `make test`, as asked for
 * in `make soak`. */
int harness_seconds(int seconds);

/* ---- Commands, as a shell would start them: natively, not through libkamioka. ---- */

struct harness_result {
	int status; /* as a shell says it: exit status, or 128 + signal */
	char *out;  /* standard output; ends with a 0; harness_result_fini() */
	char *err;  /* standard error */
	size_t out_size;
	size_t err_size;
};

/* Runs @argv to its end ([0] is a path, or looked up in PATH) with standard input from
 * /dev/null. Fails the test if it cannot be started. */
void harness_run(const char *const argv[], struct harness_result *ret_result);
void harness_result_fini(struct harness_result *result);

#define HARNESS_RUN(result, ...) harness_run((const char *const[]){__VA_ARGS__, NULL}, result)

struct harness_command {
	pid_t pid;
	int in;  /* its standard input, to write to */
	int out; /* its standard output, to read from; standard error is ours */
};

/* Starts @argv and goes on. harness_finish() closes, waits and answers the status as above. */
void harness_start(const char *const argv[], struct harness_command *ret_command);
int harness_finish(struct harness_command *command);

/* ---- Waiting: for an event, never for a time. Milliseconds are where patience ends. ---- */

/* Until poll(2) reports one of @events (or an error or hang-up) for @fd; fails the test after
 * @ms. Answers what was reported. */
short harness_wait_fd(int fd, short events, int ms);
/* A line from @fd without its newline, read byte by byte so that nothing more is taken; "" at
 * the end of file. For "child says hello". The string is the harness's, until the next call. */
const char *harness_read_line(int fd, int ms);
/* All that comes until the end of file; free it. */
char *harness_read_all(int fd, int ms);
/* Until the process (child or not) has died; false if it was not there. It may be a zombie yet. */
bool harness_wait_death(pid_t pid, int ms);

/* ---- Leaks. ---- */

/* Whether a descriptor belongs to the library and is no leak of the test. Weak: a test or the
 * library may have its own. The default asks fcntl(F_GETFD), to which the library's own
 * descriptors do not answer. */
bool harness_hidden_fd(int fd);
