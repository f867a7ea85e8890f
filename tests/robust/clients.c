// SPDX-License-Identifier: Apache-2.0
/* Programs are killed at random moments: the node is none the worse for it. */
#include "robust/load.h"

#define VICTIMS 6

static pid_t victim_new(struct shared *s, unsigned seed)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		struct sigevent event;

		/* With something in every table. */
		SIGEV_NONE_INIT(&event);
		(void)procmgr_event_notify_add(PROCMGR_EVENT_TOD, &event);
		(void)procmgr_ability(0, PROCMGR_AID_TIMER | PROCMGR_AOP_DENY, PROCMGR_AID_EOL);
		if (seed & 1)
			(void)procmgr_daemon(1, PROCMGR_DAEMON_NOCLOSE | PROCMGR_DAEMON_NODEVNULL);
		work_until(&s->stop, seed, &s->rounds);
	}
	return pid;
}

static void victim_end(pid_t pid)
{
	/* With its children, as far as they are in its group. */
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	(void)kill(-pid, SIGKILL);
}

/* Those that work beside them must not notice. */
TEST_WITH(node_is_healthy_after_programs_were_killed, .serial = true, .soak = true, .limit = 150)
{
	struct shared *s = shared_new(), *victims = shared_new();
	long long end = now_ms() + harness_seconds(60) * 1000ll;
	unsigned seed = (unsigned)getpid();
	pid_t pids[VICTIMS], witness = worker_new(s, seed);
	long kills = 0;

	for (int i = 0; i < VICTIMS; i++)
		pids[i] = victim_new(victims, seed * 17 + (unsigned)i);
	while (now_ms() < end) {
		int i = rand_r(&seed) % VICTIMS;

		/* Whenever: this is no wait for anything. */
		(void)poll(NULL, 0, rand_r(&seed) % 20);
		victim_end(pids[i]);
		pids[i] = victim_new(victims, (unsigned)rand_r(&seed));
		kills++;
	}
	for (int i = 0; i < VICTIMS; i++)
		victim_end(pids[i]);
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
	expect_exit(witness, 0);
	printf("%ld kills, %ld rounds beside them\n", kills, s->rounds);
	EXPECT_GT(kills, 100);
	EXPECT_OK(munmap(s, sizeof(*s)));
	EXPECT_OK(munmap(victims, sizeof(*victims)));
	end_others();
	expect_healthy();
}
