// SPDX-License-Identifier: Apache-2.0
/*
 * Launches, by every route, of real programs. Several of them are this test
 * itself, executed again with the name of a part to play as its argument.
 */
#include "host/linux/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/util.h"

static char self_path[4096];

/* A plan that executes this test as @part with one more argument. */
static struct launch plan_of(char *argv[4], const char *part, const char *arg)
{
	argv[0] = self_path;
	argv[1] = (char *)(uintptr_t)part;
	argv[2] = (char *)(uintptr_t)arg;
	argv[3] = NULL;
	return (struct launch){.paths = self_path, .n_paths = 1, .argv = argv, .envp = environ};
}

static struct launch plan_of_path(char *argv[2], const char *path)
{
	argv[0] = (char *)(uintptr_t)path;
	argv[1] = NULL;
	return (struct launch){.paths = path, .n_paths = 1, .argv = argv, .envp = environ};
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void read_all(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, buf + len, cap - 1 - len)) > 0)
		len += (size_t)got;
	assert_int_equal(got, 0);
	buf[len] = 0;
	close(fd);
}

/* What a part wrote, and how it ended. */
static int run_and_read(struct launch *l, char *buf, size_t cap)
{
	int ends[2];
	pid_t pid;
	struct launch_op ops[9];
	int status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (!(l->flags & LAUNCH_MAP)) {
		assert_true(l->n_ops < ARRAY_LEN(ops));
		ops[0] = (struct launch_op){.kind = LAUNCH_OP_DUP2, .fd = 1, .from = ends[1]};
		if (l->n_ops)
			memcpy(ops + 1, l->ops, l->n_ops * sizeof(ops[0]));
		l->ops = ops;
		l->n_ops++;
	}
	assert_int_equal(launch_run(l, LAUNCH_CHILD, &pid), 0);
	close(ends[1]);
	read_all(ends[0], buf, cap);
	status = wait_for(pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_exit_status(void **state)
{
	char *argv[4];
	struct launch l = plan_of(argv, "exit", "42");
	pid_t pid, word = -1;
	uint32_t error = 7;

	(void)state;
	l.pid = &word;
	l.error = &error;
	assert_int_equal(launch_run(&l, LAUNCH_CHILD, &pid), 0);
	assert_int_equal(word, pid);
	assert_int_equal(error, 0);
	assert_int_equal(WEXITSTATUS(wait_for(pid)), 42);
}

static int fails_with(const struct launch *l)
{
	pid_t pid = -1;
	int rc = launch_run(l, LAUNCH_CHILD, &pid);

	assert_true(rc < 0);
	assert_int_equal(pid, 0);
	assert_no_child();
	return -rc;
}

static int path_fails_with(const char *path)
{
	char *argv[2];
	struct launch l = plan_of_path(argv, path);

	return fails_with(&l);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void test_errors(void **state)
{
	char *argv[4], *huge = malloc(200001);
	struct launch l = plan_of(argv, "exit", huge);
	int map[] = {0, 1, 900}, spare[3];

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', 200000);
	huge[200000] = 0;
	assert_int_equal(fails_with(&l), E2BIG);
	free(huge);

	write_file("plain", "echo hello\n", 0644);
	write_file("rubbish", "echo hello\n", 0755);
	(void)unlink("loop");
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(path_fails_with("./absent"), ENOENT);
	assert_int_equal(path_fails_with(""), ENOENT);
	assert_int_equal(path_fails_with("./plain"), EACCES);
	assert_int_equal(path_fails_with("."), EACCES);
	assert_int_equal(path_fails_with("./rubbish"), ENOEXEC);
	assert_int_equal(path_fails_with("./plain/x"), ENOTDIR);
	assert_int_equal(path_fails_with("./loop"), ELOOP);

	l = plan_of(argv, "exit", "0");
	l.flags = LAUNCH_MAP;
	l.map = map;
	l.spare = spare;
	l.n_map = 3;
	assert_int_equal(fails_with(&l), EBADF);
}

static void test_busy_file(void **state)
{
	auto_fd fd = -1;

	(void)state;
	write_file("busy", "#!/bin/sh\n", 0755);
	fd = open("busy", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(path_fails_with("./busy"), ETXTBSY);
}

/* The child's descriptors, as "number=inode" of what was there before. */
static void test_map(void **state)
{
	/* Permute, repeat, cross, close, and keep. */
	int fds[6], map[8], spare[8];
	char *argv[4], buf[512], want[512] = "";
	struct launch l = plan_of(argv, "fds", "12");
	struct stat st;
	ino_t inodes[6];
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < 6; i++) {
		fds[i] = memfd_create("x", i % 2 ? MFD_CLOEXEC : 0);
		assert_int_equal(fstat(fds[i], &st), 0);
		inodes[i] = st.st_ino;
	}
	/* 1 and 2 cross at places 5 and 6 of the child by way of real numbers. */
	assert_true(fds[0] < 8 && fds[1] < 8);
	for (int i = 0; i < 8; i++)
		map[i] = LAUNCH_FD_CLOSED;
	map[0] = fds[5];
	map[1] = ends[1];
	map[2] = fds[5];
	map[fds[0]] = fds[1];
	map[fds[1]] = fds[0];
	l.flags = LAUNCH_MAP;
	l.map = map;
	l.spare = spare;
	l.n_map = 8;
	assert_int_equal(launch_run(&l, LAUNCH_CHILD, &pid), 0);
	close(ends[1]);
	assert_int_equal(fstat(ends[0], &st), 0);
	read_all(ends[0], buf, sizeof(buf));
	assert_int_equal(wait_for(pid), 0);

	for (int i = 0; i < 8; i++) {
		size_t at = strlen(want);
		ino_t inode = i == 1           ? st.st_ino :
			      i == 0 || i == 2 ? inodes[5] :
			      i == fds[0]      ? inodes[1] :
			      i == fds[1]      ? inodes[0] :
						 0;

		if (inode)
			(void)snprintf(want + at, sizeof(want) - at, "%d=%lu ", i,
				       (unsigned long)inode);
	}
	assert_string_equal(buf, want);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
}

static void test_script(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "name", (char *)(uintptr_t) "7", NULL};
	char shell[] = LAUNCH_SHELL;
	char *script[] = {shell, NULL, argv[1], NULL};
	struct launch l = {
		.paths = "./script", .n_paths = 1, .argv = argv, .envp = environ, .script = script};
	pid_t pid;

	(void)state;
	write_file("script", "test \"$0\" = ./script || exit 1\nexit $1\n", 0755);
	assert_int_equal(launch_run(&l, LAUNCH_CHILD, &pid), 0);
	assert_int_equal(WEXITSTATUS(wait_for(pid)), 7);
}

static void test_candidates(void **state)
{
	char *argv[4];
	struct launch l = plan_of(argv, "exit", "9");
	char paths[5000];
	pid_t pid;
	int len;

	(void)state;
	write_file("plain", "no\n", 0644);
	len = snprintf(paths, sizeof(paths), "./absent%c./plain%c%s", 0, 0, self_path);
	assert_true(len > 0);
	l.paths = paths;
	l.n_paths = 3;
	assert_int_equal(launch_run(&l, LAUNCH_CHILD, &pid), 0);
	assert_int_equal(WEXITSTATUS(wait_for(pid)), 9);
	l.n_paths = 2;
	assert_int_equal(fails_with(&l), EACCES);
	l.n_paths = 1;
	assert_int_equal(fails_with(&l), ENOENT);
}

static char process_state(pid_t pid)
{
	char path[64], line[512], *at;
	auto_fd fd = -1;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	got = read(fd, line, sizeof(line) - 1);
	assert_true(got > 0);
	line[got] = 0;
	at = strrchr(line, ')');
	assert_non_null(at);
	return at[2];
}

static void check_hold(enum launch_route route)
{
	char *argv[4];
	struct launch l = plan_of(argv, "exit", "5");
	int status;
	pid_t pid;

	l.flags = LAUNCH_HOLD;
	assert_int_equal(launch_run(&l, route, &pid), 0);
	assert_int_equal(process_state(pid), 'T');
	assert_int_equal(kill(pid, SIGCONT), 0);
	status = wait_for(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);

	argv[0] = (char *)(uintptr_t) "absent";
	l.paths = "./absent";
	assert_int_equal(launch_run(&l, route, &pid), -ENOENT);
	assert_int_equal(pid, 0);
	assert_no_child();
}

static void test_hold(void **state)
{
	(void)state;
	check_hold(LAUNCH_CHILD);
	check_hold(LAUNCH_ORPHAN);
}

static void handler(int signo)
{
	(void)signo;
}

static void test_signals(void **state)
{
	char *argv[4], buf[256], want[256];
	struct launch l = plan_of(argv, "signals", NULL);
	uint64_t usr1 = UINT64_C(1) << (SIGUSR1 - 1), hup = UINT64_C(1) << (SIGHUP - 1);
	uint64_t term = UINT64_C(1) << (SIGTERM - 1);

	(void)state;
	(void)signal(SIGUSR1, handler);
	(void)signal(SIGHUP, SIG_IGN);
	(void)snprintf(want, sizeof(want), "%llx %llx 0", 0ULL, (unsigned long long)hup);
	assert_int_equal(run_and_read(&l, buf, sizeof(buf)), 0);
	assert_string_equal(buf, want);

	l = plan_of(argv, "signals", NULL);
	l.flags = LAUNCH_SIGMASK | LAUNCH_SIGDEF | LAUNCH_SIGIGN;
	l.sigmask = term;
	l.sigdef = hup;
	l.sigign = usr1;
	(void)snprintf(want, sizeof(want), "%llx %llx 0", (unsigned long long)term,
		       (unsigned long long)usr1);
	assert_int_equal(run_and_read(&l, buf, sizeof(buf)), 0);
	assert_string_equal(buf, want);
	(void)signal(SIGUSR1, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
}

static void test_groups(void **state)
{
	char *argv[4], buf[256], want[256];
	struct launch l = plan_of(argv, "groups", NULL);

	(void)state;
	l.flags = LAUNCH_PGROUP;
	assert_int_equal(run_and_read(&l, buf, sizeof(buf)), 0);
	(void)snprintf(want, sizeof(want), "leads group, session %d", getsid(0));
	assert_string_equal(buf, want);

	l = plan_of(argv, "groups", NULL);
	l.flags = LAUNCH_SETSID | LAUNCH_PGROUP;
	assert_int_equal(run_and_read(&l, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "leads group, leads session");
}

static void test_operations(void **state)
{
	char *argv[4], buf[256];
	struct launch_op ops[] = {
		{.kind = LAUNCH_OP_CHDIR, .path = "/"},
		{.kind = LAUNCH_OP_OPEN, .fd = 7, .path = "dev/null", .flags = O_RDWR},
		{.kind = LAUNCH_OP_DUP2, .fd = 8, .from = 7},
		{.kind = LAUNCH_OP_CLOSE, .fd = 0},
		{.kind = LAUNCH_OP_CLOSEFROM, .fd = 8},
	};
	struct launch l = plan_of(argv, "numbers", "12");

	(void)state;
	l.ops = ops;
	l.n_ops = ARRAY_LEN(ops);
	assert_int_equal(run_and_read(&l, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "1 2 7 ");
}

/* As an orphan it comes to the nearest subreaper, which is this test. */
static void test_orphan(void **state)
{
	char *argv[4];
	struct launch l = plan_of(argv, "exit", "3");
	pid_t pid;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(launch_run(&l, LAUNCH_ORPHAN, &pid), 0);
		assert_int_equal(WEXITSTATUS(wait_for(pid)), 3);
		assert_no_child();
	}
	l.paths = "./absent";
	assert_int_equal(launch_run(&l, LAUNCH_ORPHAN, &pid), -ENOENT);
	assert_int_equal(pid, 0);
	assert_no_child();
}

static void test_sibling(void **state)
{
	char *argv[4];
	struct launch l = plan_of(argv, "exit", "11");
	pid_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, middle;

	(void)state;
	assert_true(shared != MAP_FAILED);
	l.pid = shared;
	middle = fork();
	if (middle == 0)
		_exit(launch_run(&l, LAUNCH_SIBLING, &pid) == 0 && pid == *shared ? 0 : 1);
	assert_int_equal(wait_for(middle), 0);
	assert_int_equal(WEXITSTATUS(wait_for(*shared)), 11);

	/* What failed is left to the parent, and its pid is told. */
	l.paths = "./absent";
	middle = fork();
	if (middle == 0)
		_exit(launch_run(&l, LAUNCH_SIBLING, &pid) == -ENOENT && pid == *shared ? 0 : 1);
	assert_int_equal(wait_for(middle), 0);
	assert_int_equal(WEXITSTATUS(wait_for(*shared)), 127);
	assert_no_child();
	munmap(shared, 4096);
}

/* A plan with a bit of everything. */
static struct launch plan_to_pack(char *argv[4], struct launch_op *ops, struct launch_fd *fds,
				  struct launch_limit *limits, int out)
{
	struct launch l = plan_of(argv, "numbers", "12");

	ops[0] = (struct launch_op){.kind = LAUNCH_OP_OPEN, .fd = 5, .path = "/dev/null"};
	ops[1] = (struct launch_op){.kind = LAUNCH_OP_CLOSE, .fd = 3};
	fds[0] = (struct launch_fd){.fd = out, .number = 1};
	fds[1] = (struct launch_fd){.fd = 2, .number = 3};
	fds[2] = (struct launch_fd){.fd = 2, .number = 6};
	fds[3] = (struct launch_fd){.fd = 2, .number = 7, .cloexec = true};
	limits[0] = (struct launch_limit){.resource = RLIMIT_CORE};
	l.ops = ops;
	l.n_ops = 2;
	l.fds = fds;
	l.n_fds = 4;
	l.limits = limits;
	l.n_limits = 1;
	l.flags = LAUNCH_TABLE | LAUNCH_UMASK | LAUNCH_SIGMASK;
	l.mode_mask = 022;
	return l;
}

static void test_pack(void **state)
{
	char *argv[4], buf[64];
	struct launch_op ops[2];
	struct launch_fd fds[4];
	struct launch_limit limits[1];
	int ends[2], numbers[4];
	struct launch l, back;
	auto_free uint8_t *bytes = NULL;
	void *heap;
	size_t size;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	l = plan_to_pack(argv, ops, fds, limits, ends[1]);
	size = launch_pack_size(&l);
	bytes = malloc(size + 1);
	assert_non_null(bytes);
	launch_pack(&l, bytes);
	for (int i = 0; i < 4; i++)
		numbers[i] = fds[i].fd;
	for (size_t len = 0; len < size; len++)
		assert_int_equal(launch_unpack(bytes, len, numbers, 4, &back, &heap), -EBADMSG);
	assert_int_equal(launch_unpack(bytes, size + 1, numbers, 4, &back, &heap), -EBADMSG);
	assert_int_equal(launch_unpack(bytes, size, numbers, 3, &back, &heap), -EBADMSG);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (launch_unpack(bytes, size, numbers, 4, &back, &heap) == 0)
			free(heap);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}

	assert_int_equal(launch_unpack(bytes, size, numbers, 4, &back, &heap), 0);
	assert_int_equal(launch_run(&back, LAUNCH_CHILD, &pid), 0);
	free(heap);
	close(ends[1]);
	read_all(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "1 5 6 ");
	assert_int_equal(wait_for(pid), 0);
}

static void part_fds(int top, bool with_inodes)
{
	struct stat st;

	for (int fd = 0; fd < top; fd++) {
		if (fstat(fd, &st) < 0)
			continue;
		if (with_inodes)
			dprintf(1, "%d=%lu ", fd, (unsigned long)st.st_ino);
		else
			dprintf(1, "%d ", fd);
	}
}

static void part_signals(void)
{
	char line[256];
	unsigned long long blocked = 0, ignored = 0, caught = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		(void)sscanf(line, "SigBlk: %llx", &blocked);
		(void)sscanf(line, "SigIgn: %llx", &ignored);
		(void)sscanf(line, "SigCgt: %llx", &caught);
	}
	if (status)
		(void)fclose(status);
	/* A sanitizer's runtime may have caught others by now. */
	/* 32 and 33 are the C library's own; whoever started us may have had them ignored. */
	ignored &= ~(3ULL << 31);
	dprintf(1, "%llx %llx %llx", blocked, ignored, caught & 1ULL << (SIGUSR1 - 1));
}

static int play(const char *part, const char *arg)
{
	if (!strcmp(part, "exit"))
		return atoi(arg);
	if (!strcmp(part, "fds"))
		part_fds(atoi(arg), true);
	if (!strcmp(part, "numbers"))
		part_fds(atoi(arg), false);
	if (!strcmp(part, "signals"))
		part_signals();
	if (!strcmp(part, "groups") && getsid(0) == getpid())
		dprintf(1, "leads group, leads session");
	else if (!strcmp(part, "groups") && getpgrp() == getpid())
		dprintf(1, "leads group, session %d", getsid(0));
	return 0;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/launch_test.XXXXXX", command[64];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_busy_file),   cmocka_unit_test(test_map),
		cmocka_unit_test(test_script),      cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_hold),        cmocka_unit_test(test_signals),
		cmocka_unit_test(test_groups),      cmocka_unit_test(test_operations),
		cmocka_unit_test(test_orphan),      cmocka_unit_test(test_sibling),
		cmocka_unit_test(test_pack),
	};
	ssize_t len;
	int rc;

	if (argc > 1)
		return play(argv[1], argc > 2 ? argv[2] : "");
	/* A place of our own, and nothing open but the standard three. */
	len = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	if (len < 0 || !mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? rc : 1;
}
