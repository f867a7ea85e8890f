// SPDX-License-Identifier: Apache-2.0
/*
 * A program linked with the library that some other program starts: what it is to
 * do is its first argument.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <process.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			printf("%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, \
			       strerror(errno));                                           \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

#define WORDS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

/* Collects the children named, in that order, and says their statuses. */
static int collect(char **pids)
{
	for (; *pids; pids++) {
		int status = 0;

		CHECK(waitpid(atoi(*pids), &status, 0) == atoi(*pids));
		printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
		/* Those that wait for our standard input may end now. */
		fflush(stdout);
	}
	CHECK(waitpid(-1, NULL, WNOHANG) == -1);
	puts(strerrorname_np(errno));
	return 0;
}

static int status_of(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void do_spawn(void)
{
	char *const *argv = WORDS("sh", "-c", "exit 11");
	pid_t pid = spawnp("sh", 0, NULL, NULL, argv, NULL);

	CHECK(pid > 0);
	CHECK(status_of(pid) == 11);
	CHECK(WEXITSTATUS(spawnlp(P_WAIT, "sh", "sh", "-c", "exit 12", NULL)) == 12);
	CHECK(spawn("/nowhere", 0, NULL, NULL, argv, NULL) == -1 && errno == ENOENT);
	pid = 0;
	CHECK(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) == 0);
	CHECK(status_of(pid) == 11);
}

static void do_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		/* Grandchildren too. */
		pid_t self = getpid();

		CHECK(getppid() == parent);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(getppid() == self ? 14 : 1);
		_exit(status_of(pid) == 14 ? 13 : 1);
	}
	CHECK(status_of(pid) == 13);
}

static void do_stdio(void)
{
	FILE *f = popen("cat; exit 15", "r");
	char line[64] = "";

	CHECK(f);
	CHECK(WEXITSTATUS(pclose(f)) == 15);
	f = popen("echo hello", "r");
	CHECK(f && fgets(line, sizeof(line), f));
	CHECK(!strcmp(line, "hello\n"));
	CHECK(pclose(f) == 0);
	CHECK(WEXITSTATUS(system("exit 16")) == 16);
}

/* Children of every kind, all collected. */
static int family(void)
{
	for (int i = 0; i < 3; i++) {
		do_spawn();
		do_fork();
		do_stdio();
	}
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	puts("ok");
	return 0;
}

/* The errno of each call that needs the manager. */
static int births(void)
{
	char *const *argv = WORDS("true");
	pid_t pid;

	printf("%s\n", spawnvp(P_NOWAIT, "true", argv) < 0 ? strerrorname_np(errno) : "born");
	pid = fork();
	if (pid == 0)
		_exit(0);
	printf("%s\n", pid < 0 ? strerrorname_np(errno) : "born");
	printf("%s\n", strerrorname_np(posix_spawnp(NULL, "true", NULL, NULL, argv, environ)));
	return 0;
}

/* Runs a program, found along PATH, and ends as it does. */
static int run(char **argv)
{
	pid_t pid = spawnvp(P_NOWAIT, argv[0], argv);

	CHECK(pid > 0);
	return status_of(pid);
}

/* Leaves a child behind, which says its pid and lives until its standard input ends. */
static int leave(void)
{
	pid_t pid = spawnlp(P_NOWAIT, "sh", "sh", "-c", "echo child $$; read x; echo bye", NULL);

	CHECK(pid > 0);
	return 0;
}

/* What a shell does with each of its jobs. */
static int give_terminal(void)
{
	int gate[2];
	pid_t pid;
	char c;

	signal(SIGTTOU, SIG_IGN);
	CHECK(pipe(gate) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(gate[1]);
		_exit((int)read(gate[0], &c, 1));
	}
	CHECK(setpgid(pid, pid) == 0);
	CHECK(getpgid(pid) == pid);
	CHECK(tcsetpgrp(0, pid) == 0);
	CHECK(tcgetpgrp(0) == pid);
	CHECK(tcsetpgrp(0, getpgrp()) == 0);
	CHECK(tcgetpgrp(0) == getpgrp());
	close(gate[1]);
	CHECK(status_of(pid) == 0);
	puts("ok");
	return 0;
}

/* glibc's own function, as a library would call it that knows nothing of us. */
static int glibc_spawn(void)
{
	int (*call)(pid_t *, const char *, const void *, const void *, char *const[],
		    char *const[]);
	char *const *argv = WORDS("sh", "-c", "exit 7");
	pid_t pid;

	*(void **)&call = dlsym(RTLD_DEFAULT, "posix_spawnp");
	CHECK(call);
	CHECK(call(&pid, "sh", NULL, NULL, argv, environ) == 0);
	printf("%d\n", status_of(pid));
	return 0;
}

/* Wants a signal at its parent's death, says that it is ready, waits for that or the end of
 * standard input. */
static int mourn(void)
{
	char c;

	CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	puts("not told");
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "collect"))
		return collect(argv + 2);
	if (!strcmp(verb, "family"))
		return family();
	if (!strcmp(verb, "births"))
		return births();
	if (!strcmp(verb, "run"))
		return run(argv + 2);
	if (!strcmp(verb, "leave"))
		return leave();
	if (!strcmp(verb, "give-terminal"))
		return give_terminal();
	if (!strcmp(verb, "glibc-spawn"))
		return glibc_spawn();
	if (!strcmp(verb, "mourn"))
		return mourn();
	if (!strcmp(verb, "ppid")) {
		printf("%d\n", getppid());
		return 0;
	}
	fprintf(stderr, "kin: what is %s?\n", verb);
	return 2;
}
