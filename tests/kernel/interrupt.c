// SPDX-License-Identifier: Apache-2.0
/* Interrupts by software. */
#include "harness/harness.h"

#include <kamioka.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/wait.h>
#include <unistd.h>

#define IRQ 5

static const uint64_t soon = 1000000;

static int attach(int intr, unsigned flags)
{
	struct sigevent event;

	SIGEV_INTR_INIT(&event);
	return EXPECT_OK(InterruptAttachEvent(intr, &event, flags));
}

/* No more may be there: nothing could come later either, as all of this thread's are masked. */
static void expect_no_more(void)
{
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_INTR, NULL, NULL, NULL));
	EXPECT_ERRNO(InterruptWait(0, NULL), ETIMEDOUT);
}

TEST(interrupt_wakes_the_thread_that_attached_it)
{
	int id = attach(IRQ, 0);

	for (int i = 0; i < 20; i++) {
		EXPECT_OK(kamioka_irq(IRQ));
		EXPECT_OK(InterruptWait(0, NULL));
		EXPECT_EQ(InterruptUnmask(IRQ, id), 0);
	}
	EXPECT_OK(InterruptDetach(id));
	EXPECT_ERRNO(InterruptDetach(id), EINVAL);
	EXPECT_ERRNO(InterruptUnmask(IRQ, id), EINVAL);
}

TEST(interrupt_is_masked_by_its_delivery_and_remembered_once)
{
	int id = attach(IRQ, 0);

	EXPECT_OK(kamioka_irq(IRQ));
	EXPECT_OK(InterruptWait(0, NULL));
	for (int i = 0; i < 3; i++)
		EXPECT_OK(kamioka_irq(IRQ));
	expect_no_more();
	/* Once it has been seen, unmasking brings it. */
	EXPECT_EQ(InterruptUnmask(IRQ, id), 0);
	EXPECT_OK(InterruptWait(0, NULL));
	expect_no_more();
	EXPECT_OK(InterruptDetach(id));
}

TEST(interrupt_maskings_are_counted)
{
	int id = attach(IRQ, _NTO_INTR_FLAGS_NO_UNMASK);

	EXPECT_EQ(InterruptMask(IRQ, id), 2);
	EXPECT_EQ(InterruptMask(IRQ, -1), 3);
	EXPECT_OK(kamioka_irq(IRQ));
	EXPECT_EQ(InterruptUnmask(IRQ, id), 2);
	EXPECT_EQ(InterruptUnmask(IRQ, id), 1);
	expect_no_more();
	EXPECT_EQ(InterruptUnmask(IRQ, -1), 0);
	EXPECT_OK(InterruptWait(0, NULL));
	EXPECT_OK(InterruptDetach(id));
}

TEST(interrupt_of_another_number_is_not_heard)
{
	int id = attach(IRQ, 0), other = attach(IRQ + 1, 0);

	EXPECT_OK(kamioka_irq(IRQ + 2));
	EXPECT_OK(kamioka_irq(IRQ + 1));
	EXPECT_OK(InterruptWait(0, NULL));
	EXPECT_EQ(InterruptMask(IRQ, id), 1);
	EXPECT_EQ(InterruptMask(IRQ + 1, other), 2);
	EXPECT_ERRNO(InterruptMask(IRQ, other), EINVAL);
}

TEST(interrupt_delivers_signals_and_pulses)
{
	int chid = EXPECT_OK(ChannelCreate(0));
	int coid = EXPECT_OK(ConnectAttach(0, 0, chid, _NTO_SIDE_CHANNEL, 0));
	struct sigevent signal, pulse;
	struct _pulse got;
	sigset_t set;
	siginfo_t info;
	int a, b;

	EXPECT_OK(sigemptyset(&set));
	EXPECT_OK(sigaddset(&set, SIGUSR1));
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	SIGEV_SIGNAL_VALUE_INT_INIT(&signal, SIGUSR1, 9);
	SIGEV_PULSE_INIT(&pulse, coid, 20, 3, 77);
	a = EXPECT_OK(InterruptAttachEvent(IRQ, &signal, 0));
	b = EXPECT_OK(InterruptAttachEvent(IRQ, &pulse, 0));
	EXPECT_OK(kamioka_irq(IRQ));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_EQ(info.si_value.sival_int, 9);
	EXPECT_EQ(MsgReceivePulse(chid, &got, sizeof(got), NULL), 0);
	EXPECT_EQ(got.code, 3);
	EXPECT_EQ(got.value.sival_int, 77);
	EXPECT_OK(InterruptDetach(a));
	EXPECT_OK(InterruptDetach(b));
	EXPECT_OK(ConnectDetach(coid));
	EXPECT_OK(ChannelDestroy(chid));
}

TEST(interrupt_by_command_reaches_each_process)
{
	int ready[2], id = attach(IRQ, 0), status;
	struct harness_result r;
	pid_t pid;
	char byte;

	EXPECT_OK(pipe(ready));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		/* Nothing is inherited. */
		EXPECT_ERRNO(InterruptDetach(id), EINVAL);
		(void)attach(IRQ, 0);
		EXPECT_EQ(write(ready[1], "", 1), 1);
		EXPECT_OK(InterruptWait(0, NULL));
		_exit(7);
	}
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	HARNESS_RUN(&r, harness_bin("kamioka"), "irq", "5");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
	EXPECT_OK(InterruptWait(0, NULL));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(WEXITSTATUS(status), 7);
	EXPECT_OK(close(ready[0]));
	EXPECT_OK(close(ready[1]));
}

TEST(interrupt_from_a_dead_process_leaves_nothing_behind)
{
	int ready[2], id, status;
	pid_t pid;
	char byte;

	EXPECT_OK(pipe(ready));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		(void)attach(IRQ, 0);
		EXPECT_EQ(write(ready[1], "", 1), 1);
		(void)pause();
		_exit(0);
	}
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	id = attach(IRQ, 0);
	EXPECT_OK(kamioka_irq(IRQ));
	EXPECT_OK(InterruptWait(0, NULL));
	EXPECT_OK(InterruptDetach(id));
	EXPECT_OK(close(ready[0]));
	EXPECT_OK(close(ready[1]));
}

static void *attach_two(void *ret_ids)
{
	int *ids = ret_ids;

	ids[0] = attach(IRQ, 0);
	ids[1] = attach(IRQ, _NTO_INTR_FLAGS_PROCESS);
	return NULL;
}

TEST_WITH(interrupt_of_a_thread_ends_with_it, .threads = true)
{
	pthread_t thread;
	int ids[2];

	EXPECT_EQ(pthread_create(&thread, NULL, attach_two, ids), 0);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_ERRNO(InterruptDetach(ids[0]), EINVAL);
	EXPECT_OK(InterruptDetach(ids[1]));
}

TEST(timeout_ends_interruptwait)
{
	(void)attach(IRQ, 0);
	EXPECT_OK(TimerTimeout(CLOCK_MONOTONIC, _NTO_TIMEOUT_INTR, NULL, &soon, NULL));
	EXPECT_ERRNO(InterruptWait(0, NULL), ETIMEDOUT);
	EXPECT_EQ(InterruptWait_r(1, NULL), ENOTSUP);
}

static sem_t end;

static void *wait_for_end(void *unused)
{
	(void)unused;
	(void)attach(IRQ, 0);
	while (sem_wait(&end) != 0)
		;
	return NULL;
}

TEST(interrupt_attached_does_not_forbid_fork)
{
	pid_t pid;
	int status;

	(void)attach(IRQ, 0);
	pid = EXPECT_OK(fork());
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
}

TEST(interrupt_event_is_the_attaching_threads)
{
	pthread_t thread;
	int id = attach(IRQ + 1, 0);

	EXPECT_OK(sem_init(&end, 0, 0));
	EXPECT_EQ(pthread_create(&thread, NULL, wait_for_end, NULL), 0);
	EXPECT_OK(kamioka_irq(IRQ));
	EXPECT_OK(kamioka_irq(IRQ + 1));
	EXPECT_OK(InterruptWait(0, NULL));
	EXPECT_OK(InterruptDetach(id));
	expect_no_more();
	EXPECT_OK(sem_post(&end));
	EXPECT_EQ(pthread_join(thread, NULL), 0);
}

TEST(interrupt_event_of_another_source_wakes_who_waits)
{
	struct sigevent event;

	(void)attach(IRQ, 0);
	SIGEV_INTR_INIT(&event);
	EXPECT_OK(MsgDeliverEvent(0, &event));
	EXPECT_OK(InterruptWait(0, NULL));
	expect_no_more();
}

TEST(interrupt_errors_are_told)
{
	struct sigevent event;

	SIGEV_INTR_INIT(&event);
	EXPECT_ERRNO(InterruptAttachEvent(KAMIOKA_IRQ_MAX + 1, &event, 0), EINVAL);
	EXPECT_ERRNO(InterruptAttachEvent(-1, &event, 0), EINVAL);
	EXPECT_ERRNO(InterruptAttachEvent(IRQ, NULL, 0), EINVAL);
	SIGEV_SIGNAL_INIT(&event, 1000);
	EXPECT_EQ(InterruptAttachEvent_r(IRQ, &event, 0), -EINVAL);
	EXPECT_ERRNO(kamioka_irq(-1), EINVAL);
	EXPECT_ERRNO(InterruptMask(IRQ, 1), EINVAL);
	EXPECT_ERRNO(InterruptMask(IRQ, -1), EINVAL);
}

TEST(hardware_is_eperm)
{
	EXPECT_ERRNO(InterruptAttach(IRQ, NULL, NULL, 0, 0), EPERM);
	EXPECT_ERRNO(InterruptHookIdle(NULL, 0), EPERM);
	EXPECT(mmap_device_memory(NULL, 4096, PROT_READ | PROT_NOCACHE, 0, 0) == MAP_FAILED);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(mmap_device_io(1, 0x3f8), MAP_DEVICE_FAILED);
	EXPECT_EQ(errno, EPERM);
}
