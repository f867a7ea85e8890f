// SPDX-License-Identifier: Apache-2.0
/*
 * The loops that are measured. Linked with each way (way.h) into a program of its own;
 * bench/run starts these in turn and compares what they print.
 *
 * Figures go to standard output as lines "NAME VALUE", times in ns. Where the
 * driver has to do something at a certain point, such a line is followed by a wait for
 * a line on standard input. Status 77: a limit of this machine forbids it.
 */
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
#include <time.h>
#include <unistd.h>

#define STATUS_SKIP   77
/* So long the parent gets to fall asleep in its wait before the child is killed. */
#define KILL_DELAY_NS 100000
/* A signal that has not come by then does not come. */
#define QUIET_S       1

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(errno == EAGAIN || errno == ENOMEM || errno == EMFILE ? STATUS_SKIP : 1);
}

static void say(const char *name, int64_t value)
{
	printf("%s %lld\n", name, (long long)value);
	(void)fflush(stdout); /* the driver misses what is lost */
}

static void await_driver(void)
{
	if (getchar() == EOF)
		exit(1);
}

static void collect(pid_t pid)
{
	if (way_wait(pid, 0) != pid)
		die("wait");
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
		die("mmap");
	(void)madvise(memory, size, MADV_NOHUGEPAGE); /* a kernel without them says EINVAL */
	memset(memory, 1, size);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* What one cycle takes, in ns. */
typedef int64_t cycle(const void *arg);

/* The median is what is compared: where others use the machine, a cycle in which they
 * had a turn tells nothing of us. That nothing stalls shows in the slowest. */
static void measure(const char *name, cycle *one, const void *arg, int n)
{
	int64_t *ns = calloc((size_t)n, sizeof(*ns));

	if (!ns)
		die("calloc");
	for (int i = 0; i < n / 10 + 1; i++)
		(void)one(arg); /* caches, slots */
	for (int i = 0; i < n; i++)
		ns[i] = one(arg);
	qsort(ns, (size_t)n, sizeof(*ns), compare);
	say(name, ns[n / 2]);
	say("slowest", ns[n - 1]);
	free(ns);
}

static int64_t spawn_cycle(const void *path)
{
	int64_t start = now_ns();
	pid_t pid = way_spawn(path);

	if (pid < 0)
		die("spawn");
	collect(pid);
	return now_ns() - start;
}

/* spawn EXITING CYCLES MIB */
static void measure_spawn(char **argv)
{
	touch((size_t)atoi(argv[2]));
	measure("ns", spawn_cycle, argv[0], atoi(argv[1]));
}

static int64_t fork_cycle(const void *unused)
{
	int64_t start = now_ns();
	pid_t pid = way_fork();

	(void)unused;
	if (pid == 0)
		way_exit();
	if (pid < 0)
		die("fork");
	collect(pid);
	return now_ns() - start;
}

/* fork CYCLES */
static void measure_fork(char **argv)
{
	measure("ns", fork_cycle, NULL, atoi(argv[0]));
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
		for (int64_t end = now_ns() + KILL_DELAY_NS; now_ns() < end;)
			;
		k->killed = now_ns();
		(void)kill(k->pid, SIGKILL); /* not collected yet: it exists */
	}
}

static struct killer killer;

static int64_t death_cycle(const void *path)
{
	killer.pid = way_spawn(path);
	if (killer.pid < 0)
		die("spawn");
	(void)sem_post(&killer.go); /* cannot fail, it is 0 */
	collect(killer.pid);
	return now_ns() - killer.killed;
}

/* death SLEEPING CYCLES */
static void measure_death(char **argv)
{
	pthread_t thread;

	(void)sem_init(&killer.go, 0, 0); /* cannot fail with 0 */
	if (pthread_create(&thread, NULL, killer_main, &killer))
		die("pthread_create");
	measure("ns", death_cycle, argv[0], atoi(argv[1]));
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
		die("calloc");
	measure("alone_ns", spawn_cycle, argv[0], cycles);
	say("made", 0);
	await_driver();
	made = make_sleepers(argv[1], pids, n);
	if (made == n) {
		say("made", made);
		await_driver();
		measure("crowded_ns", spawn_cycle, argv[0], cycles);
	}
	for (int i = 0; i < made; i++)
		(void)kill(pids[i], SIGKILL); /* not collected yet: they exist */
	for (int i = 0; i < made; i++)
		collect(pids[i]);
	free(pids);
	if (made < n)
		exit(STATUS_SKIP);
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
		die("calloc");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with these */
	if (make_sleepers(argv[0], pids, n) < n)
		exit(STATUS_SKIP);
	for (int i = 0; i < n; i++)
		say("child", pids[i]);
	say("pid", getpid());
	await_driver();
	do {
		sig = sigtimedwait(&set, &info, &quiet);
		told += sig == SIGCHLD && take_one(pids, n, info.si_pid);
	} while (told < n && (sig >= 0 || errno == EINTR));
	while (way_wait(-1, WNOHANG) > 0)
		collected++;
	say("told", told);
	say("collected", collected);
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
