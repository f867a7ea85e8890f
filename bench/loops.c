// SPDX-License-Identifier: Apache-2.0
/*
 * The loops that are measured. Linked with each way (way.h) into a program of its own;
 * bench/run starts these in turn and compares what they print.
 *
 * Figures go to standard output as lines "NAME VALUE", times in ns. Where the
 * driver has to do something at a certain point, such a line is followed by a wait for
 * a line on standard input. Status 77: a limit of this machine forbids it.
 */
#include "figure.h"
#include "way.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* So long the parent gets to fall asleep in its wait before the child is killed. */
#define KILL_DELAY_NS 100000
/* A signal that has not come by then does not come. */
#define QUIET_S       1

static void await_driver(void)
{
	if (getchar() == EOF)
		exit(1);
}

static void collect(pid_t pid)
{
	if (way_wait(pid, 0) != pid)
		figure_die("wait");
}

/* Memory of pages of the smallest size, each written to. */
static void touch(size_t mib)
{
	size_t size = mib << 20;
	char *memory;

	if (!size)
		return;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		figure_die("mmap");
	(void)madvise(memory, size, MADV_NOHUGEPAGE); /* a kernel without them says EINVAL */
	memset(memory, 1, size);
}

static int64_t spawn_cycle(const void *path)
{
	int64_t start = figure_now_ns();
	pid_t pid = way_spawn(path);

	if (pid < 0)
		figure_die("spawn");
	collect(pid);
	return figure_now_ns() - start;
}

/* spawn EXITING CYCLES MIB */
static void measure_spawn(char **argv)
{
	touch((size_t)atoi(argv[2]));
	figure_measure("ns", spawn_cycle, argv[0], atoi(argv[1]));
}

static int64_t fork_cycle(const void *unused)
{
	int64_t start = figure_now_ns();
	pid_t pid = way_fork();

	(void)unused;
	if (pid == 0)
		way_exit();
	if (pid < 0)
		figure_die("fork");
	collect(pid);
	return figure_now_ns() - start;
}

/* fork CYCLES */
static void measure_fork(char **argv)
{
	figure_measure("ns", fork_cycle, NULL, atoi(argv[0]));
}

/* The thread that kills, so that the parent is asleep in its wait by then. */
struct killer {
	sem_t go;
	pid_t pid;
	int64_t killed; /* when */
};

static void *killer_main(void *arg)
{
	struct killer *k = arg;

	for (;;) {
		while (sem_wait(&k->go) < 0)
			;
		if (!k->pid)
			return NULL;
		for (int64_t end = figure_now_ns() + KILL_DELAY_NS; figure_now_ns() < end;)
			;
		k->killed = figure_now_ns();
		(void)kill(k->pid, SIGKILL); /* not collected yet: it exists */
	}
}

static struct killer killer;

static int64_t death_cycle(const void *path)
{
	killer.pid = way_spawn(path);
	if (killer.pid < 0)
		figure_die("spawn");
	(void)sem_post(&killer.go); /* cannot fail, it is 0 */
	collect(killer.pid);
	return figure_now_ns() - killer.killed;
}

/* death SLEEPING CYCLES */
static void measure_death(char **argv)
{
	pthread_t thread;

	(void)sem_init(&killer.go, 0, 0); /* cannot fail with 0 */
	if (pthread_create(&thread, NULL, killer_main, &killer))
		figure_die("pthread_create");
	figure_measure("ns", death_cycle, argv[0], atoi(argv[1]));
	killer.pid = 0;
	(void)sem_post(&killer.go); /* same */
	(void)pthread_join(thread, NULL);
}

/* Fewer than @n only if the machine forbids more. */
static int make_sleepers(const char *path, pid_t *pids, int n)
{
	for (int i = 0; i < n; i++) {
		pids[i] = way_spawn(path);
		if (pids[i] < 0) {
			fprintf(stderr, "%d of %d processes: %s\n", i, n, strerror(errno));
			return i;
		}
	}
	return n;
}

/* crowd EXITING SLEEPING SLEEPERS CYCLES */
static void measure_crowd(char **argv)
{
	int n = atoi(argv[2]), cycles = atoi(argv[3]), made;
	pid_t *pids = calloc((size_t)n, sizeof(*pids));

	if (!pids)
		figure_die("calloc");
	figure_measure("alone_ns", spawn_cycle, argv[0], cycles);
	figure_say("made", 0);
	await_driver();
	made = make_sleepers(argv[1], pids, n);
	if (made == n) {
		figure_say("made", made);
		await_driver();
		figure_measure("crowded_ns", spawn_cycle, argv[0], cycles);
	}
	for (int i = 0; i < made; i++)
		(void)kill(pids[i], SIGKILL); /* not collected yet: they exist */
	for (int i = 0; i < made; i++)
		collect(pids[i]);
	free(pids);
	if (made < n)
		exit(FIGURE_STATUS_SKIP);
}

static bool take_one(pid_t *pids, int n, pid_t pid)
{
	for (int i = 0; i < n; i++)
		if (pids[i] == pid) {
			pids[i] = 0;
			return true;
		}
	return false;
}

/* deaths SLEEPING CHILDREN: the driver kills them all while this program is stopped. */
static void measure_deaths(char **argv)
{
	struct timespec quiet = {.tv_sec = QUIET_S};
	int n = atoi(argv[1]), told = 0, collected = 0;
	pid_t *pids = calloc((size_t)n, sizeof(*pids));
	siginfo_t info;
	sigset_t set;
	int sig;

	if (!pids)
		figure_die("calloc");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with these */
	if (make_sleepers(argv[0], pids, n) < n)
		exit(FIGURE_STATUS_SKIP);
	for (int i = 0; i < n; i++)
		figure_say("child", pids[i]);
	figure_say("pid", getpid());
	await_driver();
	do {
		sig = sigtimedwait(&set, &info, &quiet);
		told += sig == SIGCHLD && take_one(pids, n, info.si_pid);
	} while (told < n && (sig >= 0 || errno == EINTR));
	while (way_wait(-1, WNOHANG) > 0)
		collected++;
	figure_say("told", told);
	figure_say("collected", collected);
	free(pids);
}

static const struct {
	const char *name;
	int n_args;
	void (*measure)(char **argv);
} modes[] = {
	{"spawn", 3, measure_spawn}, {"fork", 1, measure_fork},     {"death", 2, measure_death},
	{"crowd", 4, measure_crowd}, {"deaths", 2, measure_deaths},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (argc == modes[i].n_args + 2 && strcmp(argv[1], modes[i].name) == 0) {
			modes[i].measure(argv + 2);
			return 0;
		}
	fprintf(stderr, "%s: bench/run knows how to call this\n", argv[0]);
	return 2;
}
