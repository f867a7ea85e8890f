// SPDX-License-Identifier: Apache-2.0
/*
 * A message there and back between two processes, over a way (echo.h) that the program is
 * linked with: echo WAY BYTES CYCLES IDLE. IDLE more clients have connected and sent once.
 * bench/run starts these in turn, and compares the figures.
 */
#include "echo.h"

#include "figure.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One-way: as many as any way must take while nobody listens. */
#define BURST    32
/* After a burst the receiver gets so long to fall asleep. */
#define QUIET_NS 150000

struct echo_meeting *echo_meeting;

struct client {
	const struct echo_way *way;
	size_t size;
	char *request, *reply;
	int batch; /* so many calls are a cycle: a clock costs, too */
};

static char *private_memory(size_t size)
{
	char *memory = malloc(size);

	if (!memory)
		figure_die("malloc");
	memset(memory, 1, size);
	return memory;
}

/* Each message is another one, so that an old answer is seen. */
static void mark(char *memory, size_t size, uint32_t n)
{
	memcpy(memory, &n, sizeof(n));
	memory[size - 1] = (char)n;
}

static int64_t batch_cycle(const void *arg)
{
	const struct client *c = arg;
	static uint32_t n;
	int64_t start = figure_now_ns();

	for (int i = 0; i < c->batch; i++) {
		mark(c->request, c->size, ++n);
		c->way->call(c->request, c->reply, c->size);
		if (c->way->is_unmarked)
			continue;
		if (memcmp(c->reply, &n, sizeof(n)) != 0 || c->reply[c->size - 1] != (char)n) {
			fprintf(stderr, "%s: wrong data\n", c->way->name);
			exit(1);
		}
	}
	return (figure_now_ns() - start) / c->batch;
}

/* What sending costs the sender, while the receiver, who was asleep, takes them. */
static int64_t burst_cycle(const void *arg)
{
	const struct timespec quiet = {.tv_nsec = QUIET_NS};
	const struct client *c = arg;
	static uint64_t sent;
	int64_t start = figure_now_ns(), ns;

	for (int i = 0; i < BURST; i++)
		c->way->call(c->request, c->reply, c->size);
	ns = figure_now_ns() - start;
	sent += BURST;
	do
		(void)nanosleep(&quiet, NULL);
	while (atomic_load(&echo_meeting->seen) < sent);
	return ns / BURST;
}

/* Ends with its parent, whatever becomes of that. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		figure_die("fork");
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a signal */
	return pid;
}

static pid_t start_server(const struct echo_way *way, size_t size)
{
	pid_t pid = child();

	if (pid == 0)
		way->serve(private_memory(size), size);
	while (sem_wait(&echo_meeting->is_up) < 0)
		;
	return pid;
}

noreturn static void be_idle(const struct client *c)
{
	if (c->way->connect)
		c->way->connect(c->size);
	c->way->call(c->request, c->reply, c->size);
	(void)atomic_fetch_add(&echo_meeting->idle, 1);
	for (;;)
		(void)pause();
}

static pid_t *start_idle(const struct client *c, int n)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	pid_t *pids = calloc((size_t)n + 1, sizeof(*pids));

	if (!pids)
		figure_die("calloc");
	for (int i = 0; i < n; i++) {
		pids[i] = child();
		if (pids[i] == 0)
			be_idle(c);
	}
	while (atomic_load(&echo_meeting->idle) < n)
		(void)nanosleep(&moment, NULL); /* the driver has a limit */
	return pids;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL); /* not collected yet: it exists */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void run(const struct echo_way *way, size_t size, int cycles, int n_idle)
{
	struct client c = {way, size, private_memory(size), private_memory(size), 1};
	pid_t server, *idle;

	if (size <= 4096)
		c.batch = 32;
	else if (size <= 65536)
		c.batch = 4;
	echo_meeting = mmap(NULL, sizeof(*echo_meeting), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (echo_meeting == MAP_FAILED)
		figure_die("mmap");
	(void)sem_init(&echo_meeting->is_up, 1, 0); /* cannot fail with 0 */
	if (way->prepare)
		way->prepare(size);
	server = start_server(way, size);
	idle = start_idle(&c, n_idle);
	if (way->connect)
		way->connect(size);
	figure_measure("ns", way->is_oneway ? burst_cycle : batch_cycle, &c, cycles);
	for (int i = 0; i < n_idle; i++)
		end(idle[i]);
	end(server);
	free(idle);
	free(c.request);
	free(c.reply);
}

int main(int argc, char **argv)
{
	if (argc == 5)
		for (const struct echo_way *way = echo_ways; way->name; way++)
			if (strcmp(argv[1], way->name) == 0) {
				run(way, (size_t)atol(argv[2]), atoi(argv[3]), atoi(argv[4]));
				return 0;
			}
	fprintf(stderr, "%s: bench/run knows how to call this\n", argv[0]);
	return 2;
}
