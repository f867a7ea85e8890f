// SPDX-License-Identifier: Apache-2.0
#include "host/linux/nodedir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char place[] = "/tmp/nodedir-XXXXXX";

static int make_place(void **state)
{
	(void)state;
	log_set_fd(-1);
	if (!mkdtemp(place))
		return -1;
	unsetenv(NODEDIR_ENV);
	return setenv("XDG_RUNTIME_DIR", place, 1);
}

static int remove_place(void **state)
{
	char base[PATH_MAX];

	(void)state;
	if (nodedir_base(base, sizeof(base)) < 0)
		return -1;
	(void)rmdir(base);
	return rmdir(place);
}

static void names(void **state)
{
	static const char *const good[] = {"a", "default", "run-12", "A.b_c-9"};
	static const char *const bad[] = {
		"",
		".",
		"..",
		".a",
		"-a",
		"a/b",
		"a b",
		"a\n",
		"none",
		"\xc3\xa4",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(nodedir_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(nodedir_is_name(bad[i]));
}

static void paths(void **state)
{
	char want[PATH_MAX], got[PATH_MAX];

	(void)state;
	(void)snprintf(want, sizeof(want), "%s/kamioka/one", place);
	assert_int_equal(nodedir_path("one", got, sizeof(got)), 0);
	assert_string_equal(got, want);
	assert_int_equal(nodedir_path("/x/y", got, sizeof(got)), 0);
	assert_string_equal(got, "/x/y");
	assert_int_equal(nodedir_path("x/y", got, sizeof(got)), -EINVAL);
	assert_int_equal(nodedir_path("one", got, 10), -ENAMETOOLONG);

	assert_int_equal(nodedir_from_env(got, sizeof(got)), -ENOENT);
	assert_int_equal(setenv(NODEDIR_ENV, "none", 1), 0);
	assert_int_equal(nodedir_from_env(got, sizeof(got)), -ENOSYS);
	assert_int_equal(setenv(NODEDIR_ENV, "one", 1), 0);
	assert_int_equal(nodedir_from_env(got, sizeof(got)), 0);
	assert_string_equal(got, want);
	unsetenv(NODEDIR_ENV);
}

static int count(void *ctx, const char *name)
{
	(void)name;
	++*(int *)ctx;
	return 0;
}

static int nodes_up(void)
{
	int n = 0;

	assert_int_equal(nodedir_each(count, &n), 0);
	return n;
}

static void a_name_is_held_until_it_is_removed(void **state)
{
	static struct nodedir one, two;

	(void)state;
	assert_int_equal(nodes_up(), 0);
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	assert_true(nodedir_is_up(one.path));
	assert_int_equal(nodes_up(), 1);
	assert_int_equal(nodedir_make(&two, "one", false), -EADDRINUSE);
	assert_int_equal(nodedir_make(&two, "two", false), 0);
	assert_int_equal(nodes_up(), 2);
	nodedir_remove(&one);
	assert_int_equal(nodes_up(), 1);
	assert_int_equal(access(one.path, F_OK), -1);
	nodedir_remove(&two);
}

/* A killed anchor: its open file is gone, its files are not. */
static void a_dead_name_is_taken_over(void **state)
{
	static struct nodedir one;
	char path[PATH_MAX];
	int fd;

	(void)state;
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	assert_int_equal(nodedir_request_path(one.path, path, sizeof(path)), 0);
	assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
	fd = nodedir_open_log(&one);
	assert_true(fd >= 0);
	close(fd);
	nodedir_release(&one);
	assert_int_equal(nodes_up(), 0);
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	assert_int_equal(access(path, F_OK), -1);
	nodedir_release(&one);
	nodedir_prune("tw");
	assert_int_equal(access(one.path, F_OK), 0);
	nodedir_prune("on");
	assert_int_equal(access(one.path, F_OK), -1);
}

/* Closing a copy, as a forked child does, is not the end of the lock. */
static void the_lock_stays_when_a_copy_closes(void **state)
{
	static struct nodedir one, two;
	pid_t pid;

	(void)state;
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	pid = fork();
	if (pid == 0) {
		nodedir_release(&one);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(nodedir_is_up(one.path));
	assert_int_equal(nodedir_make(&two, "one", false), -EADDRINUSE);
	nodedir_remove(&one);
}

/* Makers, removers and pruners at once: never two holders of one name. */
static void one_holder_at_a_time(void **state)
{
	enum { N = 6, ROUNDS = 300 };
	char mark[PATH_MAX];

	(void)state;
	(void)snprintf(mark, sizeof(mark), "%s/mark", place);
	for (int i = 0; i < N; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < ROUNDS; j++) {
			static struct nodedir one;
			int err = nodedir_make(&one, "one", false);

			if (err == -EADDRINUSE)
				continue;
			if (err < 0 || mkdir(mark, 0700) < 0 || rmdir(mark) < 0)
				_exit(1);
			if (j % 2)
				nodedir_remove(&one);
			else
				nodedir_release(&one);
			nodedir_prune("o");
		}
		_exit(0);
	}
	for (int i = 0; i < N; i++) {
		int status;

		assert_true(waitpid(-1, &status, 0) > 0);
		assert_int_equal(status, 0);
	}
	nodedir_prune("o");
}

static void others_must_not_have_prepared_the_base(void **state)
{
	static struct nodedir one;
	char base[PATH_MAX];

	(void)state;
	assert_int_equal(nodedir_base(base, sizeof(base)), 0);
	(void)rmdir(base);
	assert_int_equal(symlink("/tmp", base), 0);
	assert_int_equal(nodedir_make(&one, "one", false), -ENOTDIR);
	assert_int_equal(unlink(base), 0);
	assert_int_equal(mkdir(base, 0700), 0);
	assert_int_equal(chmod(base, 0770), 0);
	assert_int_equal(nodedir_make(&one, "one", false), -EPERM);
	assert_int_equal(chmod(base, 0700), 0);
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	nodedir_remove(&one);
}

static void the_umask_does_not_matter(void **state)
{
	static struct nodedir one;
	mode_t old = umask(0777);
	struct stat st;

	(void)state;
	assert_int_equal(nodedir_make(&one, "one", false), 0);
	assert_true(nodedir_is_up(one.path));
	assert_int_equal(stat(one.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	nodedir_remove(&one);
	(void)umask(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(paths),
		cmocka_unit_test(a_name_is_held_until_it_is_removed),
		cmocka_unit_test(a_dead_name_is_taken_over),
		cmocka_unit_test(the_lock_stays_when_a_copy_closes),
		cmocka_unit_test(one_holder_at_a_time),
		cmocka_unit_test(others_must_not_have_prepared_the_base),
		cmocka_unit_test(the_umask_does_not_matter),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
