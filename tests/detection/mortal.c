// SPDX-License-Identifier: Apache-2.0
/*
 * A program that ends as it is told: `mortal WORD [VALUE]`. What it has to say
 * goes to standard output, a line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procmgr.h>
#include <sys/resource.h>
#include <sys/siginfo.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kamioka.h>

static int value;

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

__attribute__((noreturn)) static void stay(void)
{
	for (;;)
		pause();
}

static void by_exit(void)
{
	exit(value);
}

static void by_kill(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(value, SIG_DFL);
	(void)raise(value);
}

static void *thread_exits(void *unused)
{
	(void)unused;
	exit(value);
}

static void by_exit_of_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_exits, NULL) == 0)
		stay();
}

static pthread_t main_thread;

static void *thread_joins_main(void *exits)
{
	(void)pthread_join(main_thread, NULL);
	if (exits)
		exit(value);
	say("main thread is gone");
	return NULL;
}

/* The main thread ends first; the other exits, or returns as the last one. */
static void by_last_thread(void)
{
	pthread_t thread;

	main_thread = pthread_self();
	if (pthread_create(&thread, NULL, thread_joins_main, value ? &value : NULL) == 0)
		pthread_exit(NULL);
}

static void handler_at_exit(void)
{
	say("exit handler");
}

static void by_exit_with_handlers(void)
{
	(void)atexit(handler_at_exit);
	if (value)
		_exit(0);
	exit(0);
}

static void by_abort(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	abort();
}

/* Sanitizers are to let it die as it would without them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0";
}

__attribute__((no_sanitize("undefined", "address"))) static void by_fault(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own */
	*(volatile int *)(uintptr_t)value = 0;
}

/* Says "ready", and ends when standard input does. */
static void by_end_of_input(void)
{
	char byte;

	say("ready");
	while (read(0, &byte, 1) > 0)
		;
	exit(value);
}

/* Asks to be told of deaths by SIGRTMIN, blocked, and becomes another program. */
static void exec_with_events(void)
{
	sigset_t set;
	struct sigevent event;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	SIGEV_SIGNAL_INIT(&event, SIGRTMIN);
	if (procmgr_event_notify_add(PROCMGR_EVENT_SYNC, &event) < 0 ||
	    procmgr_event_notify(PROCMGR_EVENT_TOD, &event) < 0)
		exit(90);
	execl("/proc/self/exe", "mortal", "count_events", NULL);
	exit(91);
}

static void count_events(void)
{
	sigset_t set;
	int n = 0;

	if (procmgr_event_trigger(PROCMGR_EVENT_SYNC | PROCMGR_EVENT_TOD) != 0)
		exit(92);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0)
		n++;
	exit(n);
}

/* Fills the table with sleeping children until none can be made any more. */
static void fill(void)
{
	int n = 0, error;
	pid_t pid;

	/* In a group of its own, whose end is not the node's. */
	if (setpgid(0, 0) < 0 || (value && setresuid((uid_t)value, (uid_t)value, (uid_t)value) < 0))
		exit(93);
	while ((pid = fork()) > 0)
		n++;
	error = errno;
	if (pid == 0)
		stay();
	printf("%d %s\n", n, strerrorname_np(error));
	fflush(stdout);
	for (int again = 0; again < 5; again++)
		if (fork() >= 0 || errno != EAGAIN)
			exit(94);
	(void)signal(SIGTERM, SIG_IGN);
	(void)kill(0, SIGTERM);
	while (wait(NULL) > 0)
		n--;
	/* There is room again. */
	pid = fork();
	if (pid == 0)
		_exit(0);
	printf("%d left, %s\n", n, pid > 0 && waitpid(pid, NULL, 0) == pid ? "room" : "none");
	fflush(stdout);
	exit(0);
}

static void be_service_manager(void)
{
	int result;

	errno = 0;
	result = kamioka_service_manager();
	printf("%d %s\n", result, errno ? strerrorname_np(errno) : "-");
	fflush(stdout);
	while (read(0, &result, 1) > 0)
		;
	exit(0);
}

static void may_srv_fork(void)
{
	pid_t pid;

	errno = 0;
	pid = kamioka_srv_fork(getuid(), getgid());
	if (pid == 0)
		_exit(0);
	printf("%d %s\n", pid < 0 ? -1 : 0, errno ? strerrorname_np(errno) : "-");
	fflush(stdout);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	exit(0);
}

static const struct {
	const char *word;
	void (*function)(void);
} words[] = {
	{"exit", by_exit},
	{"kill", by_kill},
	{"pause", stay},
	{"thread", by_exit_of_thread},
	{"last", by_last_thread},
	{"handlers", by_exit_with_handlers},
	{"abort", by_abort},
	{"fault", by_fault},
	{"input", by_end_of_input},
	{"exec_with_events", exec_with_events},
	{"count_events", count_events},
	{"fill", fill},
	{"service_manager", be_service_manager},
	{"may_srv_fork", may_srv_fork},
};

int main(int argc, char **argv)
{
	if (argc > 2)
		value = atoi(argv[2]);
	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0)
			words[i].function();
	/* "return": the status is main's. */
	return value;
}
