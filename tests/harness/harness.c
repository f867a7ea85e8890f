// SPDX-License-Identifier: Apache-2.0
/*
 * The main() of a test program: which tests there are, into which node one is
 * put, and whether it has left something behind. It never decides about time
 * limits or processes that outlive the test: the runner sees those from outside.
 */
#include "harness/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_MAX         4096
#define NODE_WORDS_MAX 16

static struct harness_test *tests;

void harness_add(struct harness_test *test)
{
	struct harness_test **last = &tests;

	while (*last)
		last = &(*last)->next;
	*last = test;
}

/* A process that may be traced cannot look for leaks of memory: the checker gives up and the
 * program fails. Asked for by ASan's runtime if there is one. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

__attribute__((weak)) bool harness_hidden_fd(int fd)
{
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF;
}

struct open_fds {
	size_t n;
	int fds[FD_MAX];
};

static void fds_read(struct open_fds *ret_list)
{
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		FAIL("/proc/self/fd: %s", strerror(errno));
	ret_list->n = 0;
	for (struct dirent *e = readdir(dir); e && ret_list->n < FD_MAX; e = readdir(dir)) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && fd != dirfd(dir) && !harness_hidden_fd(fd))
			ret_list->fds[ret_list->n++] = fd;
	}
	closedir(dir);
}

static bool fds_have(const struct open_fds *list, int fd)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->fds[i] == fd)
			return true;
	return false;
}

static bool fds_leaked(const struct open_fds *before)
{
	static struct open_fds now;
	bool leaked = false;

	fds_read(&now);
	for (size_t i = 0; i < now.n; i++) {
		char name[32], target[PATH_MAX];
		ssize_t size;

		if (fds_have(before, now.fds[i]))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", now.fds[i]);
		size = readlink(name, target, sizeof(target) - 1);
		target[size > 0 ? size : 0] = '\0';
		fprintf(stderr, "leaked descriptor %d: %s\n", now.fds[i], target);
		leaked = true;
	}
	return leaked;
}

/* The kernel's children, whatever wait*() of the library would say. */
static bool native_child_left(void)
{
	siginfo_t info = {0};

	if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) < 0)
		return false;
	if (info.si_pid)
		fprintf(stderr, "left zombie %d\n", (int)info.si_pid);
	else
		fprintf(stderr, "left a living child\n");
	return true;
}

/* The children that the node knows. Outside of one this would make a node. */
static bool managed_child_left(void)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return false;
	fprintf(stderr, "left a child of the node: %d%s\n", (int)info.si_pid,
		info.si_pid ? ", a zombie" : " (living)");
	return true;
}

static int run_body(const struct harness_test *test)
{
	static struct open_fds before;
	bool failed;

	fds_read(&before);
	test->body();
	failed = fds_leaked(&before);
	if (!test->keeps_children)
		failed = native_child_left() || (!test->outside && managed_child_left()) || failed;
	fflush(NULL);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The program becomes `kamioka run`, whose program it is again. */
static int enter_node(const struct harness_test *test)
{
	static char self[PATH_MAX], options[1024];
	const char *argv[NODE_WORDS_MAX + 8];
	size_t n = 0;
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		FAIL("/proc/self/exe: %s", strerror(errno));
	argv[n++] = harness_bin("kamioka");
	argv[n++] = "run";
	snprintf(options, sizeof(options), "%s", test->node ? test->node : "");
	for (char *word = strtok(options, " "); word && n < NODE_WORDS_MAX;
	     word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n++] = "--";
	argv[n++] = self;
	argv[n++] = "--inside";
	argv[n++] = test->name;
	argv[n] = NULL;
	syscall(SYS_execve, argv[0], argv, environ);
	FAIL("%s: %s", argv[0], strerror(errno));
}

static int list(void)
{
	for (const struct harness_test *t = tests; t; t = t->next) {
		printf("%s", t->name);
		if (t->limit)
			printf(" limit=%d", t->limit);
		printf("%s%s%s\n", t->serial ? " serial" : "", t->soak ? " soak" : "",
		       t->threads ? " threads" : "");
	}
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct harness_test *find(const char *name)
{
	for (const struct harness_test *t = tests; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	fprintf(stderr, "no test %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	if (argc == 3 && strcmp(argv[1], "--inside") == 0)
		return run_body(find(argv[2]));
	if (argc == 2) {
		const struct harness_test *test = find(argv[1]);

		return test->outside ? run_body(test) : enter_node(test);
	}
	fprintf(stderr, "usage: %s --list | NAME | --inside NAME\n", argv[0]);
	return 2;
}
