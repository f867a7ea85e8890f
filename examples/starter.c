// SPDX-License-Identifier: Apache-2.0
/*
 * A starter: it starts the other processes of a system and hears of every death. Here they
 * are of all kinds, so that each of the ways to hear of a death has its turn:
 *
 *   spawnl(P_WAIT)   the call itself returns when the child has ended
 *   sigwaitinfo()    SIGCHLD, with pid and status
 *   waitpid()        collects the zombie, and has the status, too
 *   DAEMON_DEATH     an event: a process that had called procmgr_daemon() has died
 *   PROCESS_DEATH    an event: any process of the node has died; for a child started with
 *                    P_NOWAITO, or somebody else's child, there is no other
 *
 *   starter SERVICE    SERVICE is a program that becomes a daemon (service.c)
 *
 * Ends with 0 if each death was told in the ways that are due, and once in each.
 */
#include <errno.h>
#include <process.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procmgr.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAEMON_DIED  SIGRTMIN
#define PROCESS_DIED (SIGRTMIN + 1)
#define PATIENCE     30 /* seconds, for all of it */
#define CHILDREN     16

enum {
	BY_SIGCHLD = 1,
	BY_WAIT = 2,
	BY_PROCESS_DEATH = 4,
	BY_DAEMON_DEATH = 8,

	CHILD = BY_SIGCHLD | BY_WAIT | BY_PROCESS_DEATH,
	STRANGER = BY_PROCESS_DEATH,
	DAEMON = CHILD | BY_DAEMON_DEATH,
};

struct child {
	pid_t pid;
	const char *name;
	int due; /* ways in which its death is still to be told */
};

static struct child children[CHILDREN];
static int n_children;
static bool failed;

static void fail(const char *what)
{
	printf("  FAILED: %s (%s)\n", what, strerror(errno));
	failed = true;
}

static void tell(const char *how, const struct child *child, const char *what)
{
	static struct timespec start;
	struct timespec now;
	double s;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start.tv_sec == 0)
		start = now;
	s = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
	printf("  %6.3f s  %-14s pid %-8d %-13s %s\n", s, how, child->pid, child->name, what);
}

static void add(pid_t pid, const char *name, int due)
{
	struct child *child = &children[n_children];

	if (pid == -1) {
		fail(name);
		return;
	}
	*child = (struct child){pid, name, due};
	n_children++;
	tell("started", child, "");
}

/* A death was told. False: to nobody's surprise, as it is not one that we started. */
static bool is_due(pid_t pid, int way, struct child **ret)
{
	for (int i = 0; i < n_children; i++) {
		if (children[i].pid != pid)
			continue;
		*ret = &children[i];
		if (!(children[i].due & way)) {
			tell("FAILED", &children[i], "this way a second time, or never due");
			failed = true;
		}
		children[i].due &= ~way;
		return true;
	}
	return false;
}

static const char *in_words(int code, int status)
{
	static char text[64];

	if (code == CLD_EXITED)
		snprintf(text, sizeof(text), "exited, status %d", status);
	else
		snprintf(text, sizeof(text), "killed by signal %d (%s)", status, strsignal(status));
	return text;
}

static const char *status_in_words(int status)
{
	return WIFEXITED(status) ? in_words(CLD_EXITED, WEXITSTATUS(status)) :
				   in_words(CLD_KILLED, WTERMSIG(status));
}

/* ---- Starting ---- */

/* Descriptor 1 of the child is the pipe, 0 and 2 are ours; it has no others. */
static void start_orphan(void)
{
	char script[] = "sleep 0.4 & echo $!";
	char *argv[] = {"sh", "-c", script, NULL};
	char line[32] = "";
	int ends[2];
	pid_t pid;

	if (pipe(ends) == -1) {
		fail("pipe()");
		return;
	}
	pid = spawn("/bin/sh", 3, (int[]){STDIN_FILENO, ends[1], STDERR_FILENO}, NULL, argv, NULL);
	close(ends[1]);
	add(pid, "shell", CHILD);
	if (read(ends[0], line, sizeof(line) - 1) > 0)
		add((pid_t)atoi(line), "its orphan", STRANGER);
	close(ends[0]);
}

/* The portable way. In the child nothing but exec is left to go wrong. */
static void start_by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("sleep", "sleep", "0.3", NULL);
		_exit(127);
	}
	add(pid, "fork+exec", CHILD);
}

static void start_python(void)
{
	static char code[] = "import sys; sys.exit(7)";
	struct inheritance inherit;
	pid_t pid;

	/* Nothing else of it is read. */
	inherit.flags = 0;
	pid = spawnp("python3", 0, NULL, &inherit, (char *[]){"python3", "-c", code, NULL}, NULL);
	if (pid == -1 && (errno == ENOENT || errno == EACCES))
		printf("  no python3 here: one child less\n");
	else
		add(pid, "python3", CHILD);
}

/* Returns the pid of the one that is to be killed. */
static pid_t start_all(char *service)
{
	pid_t victim;

	add(spawnl(P_NOWAIT, "/bin/sh", "sh", "-c", "exit 3", NULL), "sh", CHILD);
	add(spawnlp(P_NOWAIT, "sleep", "sleep", "0.6", NULL), "sleep", CHILD);
	start_python();
	start_by_fork();
	start_orphan();
	add(spawnlp(P_NOWAITO, "sleep", "sleep", "0.2", NULL), "P_NOWAITO", STRANGER);
	add(spawnl(P_NOWAIT, service, service, "the daemon", NULL), "daemon", DAEMON);
	victim = spawnlp(P_NOWAIT, "sleep", "sleep", "1000", NULL);
	add(victim, "to be killed", CHILD);
	return victim;
}

/* ---- Hearing ---- */

/* What was told is who died; the zombie is still there. */
static void on_sigchld(const siginfo_t *info)
{
	struct child *child;
	int status;

	if (!is_due(info->si_pid, BY_SIGCHLD, &child)) {
		printf("  FAILED: SIGCHLD for %d, which is no child\n", info->si_pid);
		failed = true;
		return;
	}
	tell("sigwaitinfo", child, in_words(info->si_code, info->si_status));
	if (waitpid(child->pid, &status, 0) != child->pid) {
		fail("waitpid()");
		return;
	}
	(void)is_due(child->pid, BY_WAIT, &child);
	tell("waitpid", child, status_in_words(status));
	if ((child->due & BY_DAEMON_DEATH) && kill(child->pid, 0) == 0)
		tell("", child, "... and yet it runs: it is a daemon now");
}

/* An event has the pid for its value: it was made updateable. */
static void on_event(const siginfo_t *info, int way, const char *name)
{
	pid_t pid = info->si_value.sival_int;
	struct child *child, other = {.pid = pid, .name = "(not ours)"};

	tell(name, is_due(pid, way, &child) ? child : &other, "");
}

static void ask_for(unsigned what, int signo)
{
	struct sigevent event;

	SIGEV_SIGNAL_INIT(&event, signo);
	SIGEV_MAKE_UPDATEABLE(&event);
	if (procmgr_event_notify_add(what, &event) == -1)
		fail("procmgr_event_notify_add()");
}

static void nothing(int signo)
{
	(void)signo;
}

/* All that the loop waits for is blocked, and SIGCHLD is not dropped: it has a handler. */
static void prepare(sigset_t *set)
{
	struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_SIGINFO};

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGALRM);
	sigaddset(set, DAEMON_DIED);
	sigaddset(set, PROCESS_DIED);
	sigprocmask(SIG_BLOCK, set, NULL);
	sigaction(SIGCHLD, &action, NULL);
	ask_for(PROCMGR_EVENT_DAEMON_DEATH, DAEMON_DIED);
	ask_for(PROCMGR_EVENT_PROCESS_DEATH, PROCESS_DIED);
	alarm(PATIENCE);
}

static int n_due(void)
{
	int n = 0;

	for (int i = 0; i < n_children; i++)
		n += children[i].due != 0;
	return n;
}

/* The daemon would run for ever. */
static bool end_daemon(void)
{
	for (int i = 0; i < n_children; i++) {
		if (children[i].due != (BY_DAEMON_DEATH | BY_PROCESS_DEATH))
			continue;
		tell("SIGTERM to", &children[i], "");
		return kill(children[i].pid, SIGTERM) == 0;
	}
	return false;
}

static void hear_all(const sigset_t *set)
{
	bool is_ended = false;
	siginfo_t info;

	while (n_due() > 0) {
		int signo = sigwaitinfo(set, &info);

		if (signo == SIGCHLD) {
			on_sigchld(&info);
		} else if (signo == DAEMON_DIED) {
			on_event(&info, BY_DAEMON_DEATH, "DAEMON_DEATH");
		} else if (signo == PROCESS_DIED) {
			on_event(&info, BY_PROCESS_DEATH, "PROCESS_DEATH");
		} else if (signo == SIGALRM) {
			printf("  FAILED: after %d s deaths are still to be told\n", PATIENCE);
			failed = true;
			return;
		}
		if (n_due() == 1 && !is_ended)
			is_ended = end_daemon();
	}
}

int main(int argc, char **argv)
{
	sigset_t set;
	pid_t victim;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: starter SERVICE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("starter: pid %d, child of %d\n", getpid(), getppid());

	if (spawnl(P_NOWAIT, "/no/such/program", "program", NULL) == -1)
		printf("  a program that is not there: %s, at once\n", strerror(errno));
	else
		fail("a program that is not there");

	prepare(&set);
	victim = start_all(argv[1]);
	kill(victim, SIGKILL);
	hear_all(&set);

	status = spawnl(P_WAIT, "/bin/sh", "sh", "-c", "exit 4", NULL);
	printf("  P_WAIT: a shell came and went while spawnl() waited: %s\n",
	       status_in_words(status));
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 4)
		fail("P_WAIT");
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		fail("a child is left");
	printf("starter: %d processes started, %s\n", n_children,
	       failed ? "NOT all as it should be" :
			"each death heard of in every way that was due");
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
