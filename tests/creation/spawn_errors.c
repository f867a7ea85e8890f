// SPDX-License-Identifier: Apache-2.0
/*
 * Every error of spawn*() comes back from the call itself, and leaves nothing: no
 * process, no zombie, no descriptor, no entry of the node's table.
 */
#include "kit.h"

#include <limits.h>
#include <process.h>
#include <pthread.h>
#include <sys/resource.h>

#define PLAIN KIT_ARGV("x")

/* The same error from spawn(), spawnv(), posix_spawn() and a spawn that is to be an exec;
 * and no child of any of them. */
static void expect_error(const char *path, char *const argv[], int error)
{
	posix_spawnattr_t attr;
	pid_t pid = -7;

	EXPECT_ERRNO(spawn(path, 0, NULL, NULL, argv, NULL), error);
	EXPECT_ERRNO(spawnv(P_WAIT, path, argv), error);
	EXPECT_ERRNO(spawnv(P_NOWAITO, path, argv), error);
	EXPECT_ERRNO(spawnv(P_OVERLAY, path, argv), error);
	errno = 0;
	EXPECT_EQ(posix_spawn(&pid, path, NULL, NULL, argv, environ), error);
	EXPECT_EQ(errno, 0);
	EXPECT_EQ(pid, -7);
	EXPECT_EQ(posix_spawnattr_init(&attr), 0);
	EXPECT_EQ(posix_spawn(NULL, path, NULL, &attr, argv, environ), error);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
	kit_expect_no_children();
}

TEST(spawn_missing_file_is_enoent)
{
	expect_error("/nowhere/at/all", PLAIN, ENOENT);
	expect_error(harness_path("missing"), PLAIN, ENOENT);
	expect_error("", PLAIN, ENOENT);
	EXPECT_ERRNO(spawnp("kit-missing-program", 0, NULL, NULL, PLAIN, NULL), ENOENT);
	EXPECT_ERRNO(spawnp("", 0, NULL, NULL, PLAIN, NULL), ENOENT);
}

TEST(spawn_missing_interpreter_is_enoent)
{
	expect_error(kit_file("script", "#!/nowhere/sh\n", 0700), PLAIN, ENOENT);
}

TEST(spawn_file_that_may_not_run_is_eacces)
{
	expect_error(kit_file("plain", "#!/bin/sh\n", 0600), PLAIN, EACCES);
	expect_error("/usr", PLAIN, EACCES);
}

TEST(spawn_through_a_closed_directory_is_eacces)
{
	if (geteuid() == 0)
		SKIP("root may pass everywhere");
	EXPECT_OK(mkdir(harness_path("closed"), 0700));
	kit_file("closed/script", "#!/bin/sh\n", 0700);
	EXPECT_OK(chmod(harness_path("closed"), 0));
	expect_error(harness_path("closed/script"), PLAIN, EACCES);
	EXPECT_OK(chmod(harness_path("closed"), 0700));
}

TEST(spawn_no_program_is_enoexec)
{
	expect_error(kit_file("text", "just words\n", 0700), PLAIN, ENOEXEC);
	expect_error(kit_file("empty", "", 0700), PLAIN, ENOEXEC);
	expect_error(kit_file("broken", "\177ELF and nothing more", 0700), PLAIN, ENOEXEC);
}

TEST(spawn_too_long_arguments_are_e2big)
{
	size_t size = 4 << 20;
	char *word = malloc(size + 1);
	char *const *argv = KIT_ARGV("x", word);
	char *const *envp = KIT_ARGV(word);

	EXPECT(word);
	memset(word, 'a', size);
	word[size] = '\0';
	expect_error("/bin/true", argv, E2BIG);
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, NULL, PLAIN, envp), E2BIG);
	kit_expect_no_children();
	free(word);
}

TEST(spawn_without_argument_list_is_einval)
{
	char *const *none = KIT_ARGV(NULL);

	expect_error("/bin/true", none, EINVAL);
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, NULL, NULL, NULL), EINVAL);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", NULL, NULL, NULL, NULL), EINVAL);
	kit_expect_no_children();
}

TEST(spawn_circle_of_links_is_eloop)
{
	EXPECT_OK(symlink("b", harness_path("a")));
	EXPECT_OK(symlink("a", harness_path("b")));
	expect_error(harness_path("a"), PLAIN, ELOOP);
}

TEST(spawn_file_as_directory_is_enotdir)
{
	kit_file("plain", "", 0700);
	expect_error(harness_path("plain/x"), PLAIN, ENOTDIR);
}

TEST(spawn_file_that_is_being_written_is_etxtbsy)
{
	const char *path = kit_copy(harness_tool("show"), "busy");
	int fd = EXPECT_OK(open(path, O_WRONLY | O_CLOEXEC));

	expect_error(path, PLAIN, ETXTBSY);
	close(fd);
	EXPECT_EQ(spawnl(P_WAIT, path, "busy", NULL), 0);
}

TEST(spawn_long_name_is_enametoolong)
{
	char name[PATH_MAX + 100];

	memset(name, 'a', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	expect_error(name, PLAIN, ENAMETOOLONG);
	name[300] = '\0';
	expect_error(name, PLAIN, ENAMETOOLONG);
}

TEST(spawn_bad_addresses_are_efault)
{
	EXPECT_ERRNO(spawn((const char *)8, 0, NULL, NULL, PLAIN, NULL), EFAULT);
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, NULL, KIT_ARGV("x", (const char *)8), NULL),
		     EFAULT);
	kit_expect_no_children();
}

TEST(spawn_into_a_group_of_another_session_is_eperm)
{
	struct inheritance inherit = {.flags = SPAWN_SETGROUP, .pgroup = getppid()};
	struct inheritance away = {.flags = SPAWN_SETSID};
	int gate[2];
	pid_t other;

	kit_pipe(gate);
	other = EXPECT_OK(spawn(harness_tool("show"), 1, (int[]){gate[0]}, &away,
				KIT_ARGV("show", "eof=0"), NULL));
	inherit.pgroup = other;
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, &inherit, PLAIN, NULL), EPERM);
	inherit.pgroup = -5;
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, &inherit, PLAIN, NULL), EINVAL);
	close(gate[0]);
	close(gate[1]);
	EXPECT_EQ(kit_exit_status(other), 0);
	kit_expect_no_children();
}

TEST(spawn_beyond_the_users_limit_is_eagain)
{
	struct rlimit limit = {.rlim_cur = 1, .rlim_max = 1};

	if (geteuid() == 0)
		SKIP("root has no such limit");
	EXPECT_OK(spawnl(P_WAIT, "/bin/true", "true", NULL));
	EXPECT_OK(setrlimit(RLIMIT_NPROC, &limit));
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, NULL, PLAIN, NULL), EAGAIN);
	EXPECT_ERRNO(fork(), EAGAIN);
	kit_expect_no_children();
}

TEST_WITH(spawn_into_a_full_table_is_eagain, .node = "--max-processes 24 --keep-root 0")
{
	pid_t pids[64];
	int n = 0, gate[2], first;

	kit_pipe(gate);
	errno = 0;
	while (n < 64 && (pids[n] = spawn(harness_tool("show"), 1, (int[]){gate[0]}, NULL,
					  KIT_ARGV("show", "eof=0"), NULL)) > 0)
		n++;
	first = n;
	EXPECT_EQ(errno, EAGAIN);
	EXPECT(n > 4 && n < 24);
	EXPECT_ERRNO(fork(), EAGAIN);
	/* A zombie still has its place; once collected, there is room again. */
	EXPECT_OK(kill(pids[0], SIGKILL));
	EXPECT(harness_wait_death(pids[0], KIT_MS));
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, NULL, PLAIN, NULL), EAGAIN);
	(void)kit_collect(pids[0]);
	EXPECT_OK(spawnl(P_WAIT, "/bin/true", "true", NULL));
	close(gate[0]);
	close(gate[1]);
	for (int i = 1; i < n; i++)
		EXPECT_EQ(kit_exit_status(pids[i]), 0);
	EXPECT(first > 0);
}

/* The value of one line of `kamioka info`. */
static long info(const char *name)
{
	struct harness_result result;
	long value = -1;

	HARNESS_RUN(&result, harness_bin("kamioka"), "info");
	EXPECT_EQ(result.status, 0);
	for (char *line = strtok(result.out, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
			value = atol(line + strlen(name));
	harness_result_fini(&result);
	EXPECT(value >= 0);
	return value;
}

/* What the node has of us: lines of `kamioka list` but the lister itself. */
static int count_listed(void)
{
	struct harness_result result;
	int n = 0;

	HARNESS_RUN(&result, harness_bin("kamioka"), "list");
	EXPECT_EQ(result.status, 0);
	for (char *line = strtok(result.out, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(line, " kamioka"))
			n++;
	harness_result_fini(&result);
	return n;
}

static int count_own_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Zombies of whoever is our parent for the kernel. */
static int count_zombies_beside_us(void)
{
	char path[64], pid[32];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)kit_kernel_parent(getpid()),
		 (int)kit_kernel_parent(getpid()));
	f = fopen(path, "re");
	while (f && fscanf(f, "%31s", pid) == 1)
		n += kit_state(atoi(pid)) == 'Z';
	if (f)
		fclose(f);
	return n;
}

/* 1000 failures of all kinds. */
static void fail_often(void)
{
	struct inheritance inherit = {.flags = SPAWN_SETGROUP, .pgroup = 1};
	const char *text = kit_file("text", "just words\n", 0700);

	for (int i = 0; i < 200; i++) {
		EXPECT_ERRNO(spawn("/nowhere", 0, NULL, NULL, PLAIN, NULL), ENOENT);
		EXPECT_ERRNO(spawn(text, 0, NULL, NULL, PLAIN, NULL), ENOEXEC);
		EXPECT_ERRNO(spawn("/usr", 0, NULL, NULL, PLAIN, NULL), EACCES);
		EXPECT_ERRNO(spawn("/bin/true", 1, (int[]){999}, NULL, PLAIN, NULL), EBADF);
		EXPECT_ERRNO(spawn("/bin/true", 0, NULL, &inherit, PLAIN, NULL), EPERM);
	}
}

TEST(spawn_failed_a_thousand_times_leaves_nothing)
{
	long used, zombies;
	int listed, fds;

	/* Once before, so that all that comes at the first need is there. */
	EXPECT_ERRNO(spawn("/nowhere", 0, NULL, NULL, PLAIN, NULL), ENOENT);
	EXPECT_OK(spawnl(P_WAIT, "/bin/true", "true", NULL));
	used = info("used");
	zombies = info("zombies");
	listed = count_listed();
	fds = count_own_fds();
	fail_often();
	EXPECT_EQ(info("used"), used);
	EXPECT_EQ(info("zombies"), zombies);
	EXPECT_EQ(count_listed(), listed);
	EXPECT_EQ(count_own_fds(), fds);
	EXPECT_EQ(count_zombies_beside_us(), 0);
	kit_expect_no_children();
	/* Nor has anything been worn out. */
	for (int i = 0; i < 40; i++)
		EXPECT_EQ(spawnl(P_WAIT, "/bin/true", "true", NULL), 0);
}

TEST_WITH(spawn_failures_use_up_no_place_of_a_small_table, .node = "--max-processes 24")
{
	fail_often();
	EXPECT_EQ(spawnl(P_WAIT, "/bin/true", "true", NULL), 0);
}

static volatile sig_atomic_t chld_count;

static void count_chld(int signo)
{
	(void)signo;
	chld_count++;
}

TEST(spawn_failure_gives_no_sigchld)
{
	sigset_t set = kit_set(SIGCHLD), none;
	struct timespec now = {0};

	kit_on_signal(SIGCHLD, count_chld);
	for (int i = 0; i < 50; i++)
		EXPECT_ERRNO(spawn("/nowhere", 0, NULL, NULL, PLAIN, NULL), ENOENT);
	EXPECT_EQ(chld_count, 0);
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 50; i++)
		EXPECT_ERRNO(spawn("/nowhere", 0, NULL, NULL, PLAIN, NULL), ENOENT);
	EXPECT_OK(sigpending(&none));
	EXPECT(!sigismember(&none, SIGCHLD));
	EXPECT_ERRNO(sigtimedwait(&set, NULL, &now), EAGAIN);
}

static void *spawn_missing(void *arg)
{
	for (int i = 0; i < 100; i++)
		EXPECT_ERRNO(spawn("/nowhere", 0, NULL, NULL, PLAIN, NULL), ENOENT);
	return arg;
}

TEST_WITH(spawn_failures_of_threads_keep_their_own_errno, .threads = true)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, spawn_missing, NULL), 0);
	for (int i = 0; i < 100; i++)
		EXPECT_ERRNO(spawn("/usr", 0, NULL, NULL, PLAIN, NULL), EACCES);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	kit_expect_no_children();
}
