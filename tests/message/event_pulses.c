// SPDX-License-Identifier: Apache-2.0
/*
 * Pulses from all who take a struct sigevent: the process manager, timers, queues. As
 * events.c, with a channel at the other end.
 */
#include "detection/child.h"

#include <mqueue.h>
#include <pthread.h>
#include <sys/neutrino.h>
#include <sys/socket.h>

enum { CODE = 17 };

/* The C library's own socket, by which its thread hears of queues, stays. */
bool harness_hidden_fd(int fd)
{
	socklen_t size = sizeof(int);
	int domain = 0;

	return fcntl(fd, F_GETFD) < 0 ||
	       (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK);
}

struct line {
	int chid, coid;
};

static struct line line_new(void)
{
	struct line line;

	line.chid = EXPECT_OK(ChannelCreate(0));
	line.coid = EXPECT_OK(ConnectAttach(0, 0, line.chid, _NTO_SIDE_CHANNEL, 0));
	return line;
}

static void line_end(struct line line)
{
	EXPECT_OK(ConnectDetach(line.coid));
	EXPECT_OK(ChannelDestroy(line.chid));
}

static struct sigevent pulse_of(struct line line, int value)
{
	struct sigevent event;

	SIGEV_PULSE_INT_INIT(&event, line.coid, 21, CODE, value);
	return event;
}

/* The next pulse, which must be of that code; its value. */
static int receive(struct line line, int code)
{
	struct _pulse pulse;

	memset(&pulse, 0, sizeof(pulse));
	EXPECT_EQ(MsgReceivePulse(line.chid, &pulse, sizeof(pulse), NULL), 0);
	EXPECT_EQ(pulse.type, _PULSE_TYPE);
	EXPECT_EQ(pulse.code, code);
	return pulse.value.sival_int;
}

/* What is sent last with the lowest priority comes last: nothing was there before it. */
static void expect_no_pulse(struct line line)
{
	EXPECT_OK(MsgSendPulse(line.coid, 1, CODE + 1, 99));
	EXPECT_EQ(receive(line, CODE + 1), 99);
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static timer_t timer_for(struct sigevent event, long first_ns, long interval_ns)
{
	const struct itimerspec when = {
		.it_value = {.tv_nsec = first_ns},
		.it_interval = {.tv_nsec = interval_ns},
	};
	timer_t timer;

	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	EXPECT_OK(timer_settime(timer, 0, &when, NULL));
	return timer;
}

/* ---- Where they go ---- */

static void *send_many(void *arg)
{
	const struct line *line = arg;

	for (int i = 0; i < 20000; i++) {
		int error;

		do {
			error = MsgSendPulse_r(line->coid, 21, CODE, i);
		} while (error == EAGAIN && sched_yield() == 0);
		EXPECT_EQ(error, EOK);
	}
	return NULL;
}

/* What does not fit into memory goes another way; it comes all the same, and in order. */
TEST_WITH(flood_of_pulses_is_received_whole_and_in_order, .threads = true)
{
	struct line line = line_new();
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, send_many, &line), 0);
	for (int i = 0; i < 20000; i++)
		EXPECT_EQ(receive(line, CODE), i);
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	line_end(line);
}

/* ---- The process manager ---- */

TEST(process_death_comes_as_a_pulse_with_its_pid)
{
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 0);
	pid_t pid;
	int id;

	SIGEV_MAKE_UPDATEABLE(&event);
	id = EXPECT_OK(procmgr_event_notify_add(PROCMGR_EVENT_PROCESS_DEATH, &event));
	for (int i = 0; i < 5; i++) {
		pid = child_that_exits(i);
		EXPECT_EQ(receive(line, CODE), pid);
		expect_exit(pid, i);
	}
	EXPECT_OK(procmgr_event_notify_delete(id));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	expect_no_pulse(line);
	line_end(line);
}

TEST(pulse_of_an_event_that_may_not_be_changed_has_its_own_value)
{
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 4711);

	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_PROCESS_DEATH, &event));
	expect_exit(child_that_exits(0), 0);
	EXPECT_EQ(receive(line, CODE), 4711);
	line_end(line);
}

TEST_WITH(burst_of_deaths_loses_no_pulse, .limit = 60)
{
	enum { MANY = 1000 };
	static bool dead[MANY];
	static pid_t pids[MANY];
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 0);
	struct gate gate = gate_new();

	for (int i = 0; i < MANY; i++)
		pids[i] = child_behind(gate, 0);
	SIGEV_MAKE_UPDATEABLE(&event);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_PROCESS_DEATH, &event));
	gate_open(gate);
	for (int i = 0; i < MANY; i++)
		expect_exit(pids[i], 0);
	for (int i = 0; i < MANY; i++) {
		const pid_t pid = receive(line, CODE);
		int at = 0;

		while (at < MANY && pids[at] != pid)
			at++;
		EXPECT_LT(at, MANY);
		EXPECT(!dead[at]);
		dead[at] = true;
	}
	expect_no_pulse(line);
	line_end(line);
}

/* ---- Timers ---- */

TEST_WITH(periodic_pulse_timer_neither_drifts_nor_loses_a_count, .threads = true)
{
	const long ms = 1000000;
	struct line line = line_new();
	const long long before = now_ns();
	timer_t timer = timer_for(pulse_of(line, 5), ms, ms);
	const long long after = now_ns();

	for (long long n = 1; n <= 300 || n < (now_ns() - after) / ms; n++) {
		EXPECT_EQ(receive(line, CODE), 5);
		EXPECT_LE(n, (now_ns() - before) / ms);
	}
	EXPECT_OK(timer_delete(timer));
	line_end(line);
}

TEST_WITH(pulse_timer_brings_pointer_code_and_priority, .threads = true)
{
	struct line line = line_new();
	struct _msg_info info;
	struct sigevent event;
	struct _pulse pulse;
	timer_t timer;

	SIGEV_PULSE_PTR_INIT(&event, line.coid, SIGEV_PULSE_PRIO_INHERIT, -5, &line);
	timer = timer_for(event, 1, 0);
	EXPECT_EQ(MsgReceivePulse(line.chid, &pulse, sizeof(pulse), &info), 0);
	EXPECT_EQ(pulse.code, -5);
	EXPECT(pulse.value.sival_ptr == &line);
	EXPECT_OK(timer_delete(timer));
	SIGEV_PULSE_INIT(&event, line.coid, 0, CODE, 0);
	EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
	line_end(line);
}

TEST_WITH(timer_whose_connection_is_gone_delivers_nothing, .threads = true)
{
	struct line line = line_new(), other = line_new();
	timer_t timer = timer_for(pulse_of(line, 1), 1, 1000000), second;

	EXPECT_EQ(receive(line, CODE), 1);
	EXPECT_OK(ConnectDetach(line.coid));
	second = timer_for(pulse_of(other, 2), 1, 1000000);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(receive(other, CODE), 2);
	EXPECT_OK(timer_delete(timer));
	EXPECT_OK(timer_delete(second));
	EXPECT_OK(ChannelDestroy(line.chid));
	line_end(other);
}

/* ---- Queues, handles, verification ---- */

TEST(queue_sends_a_pulse_for_its_message)
{
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16};
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 6);
	char name[32], text[16];
	mqd_t queue;

	snprintf(name, sizeof(name), "/pulses-%d", (int)getpid());
	queue = EXPECT_OK(mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr));
	EXPECT_OK(mq_unlink(name));
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(mq_notify(queue, &event));
		EXPECT_OK(mq_send(queue, "x", 1, 0));
		EXPECT_EQ(receive(line, CODE), 6);
		EXPECT_OK(mq_receive(queue, text, sizeof(text), NULL));
	}
	EXPECT_OK(mq_close(queue));
	line_end(line);
}

TEST_WITH(registered_pulse_is_delivered_by_its_handle, .threads = true)
{
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 7);
	timer_t timer;

	EXPECT_OK(MsgRegisterEvent(&event, line.coid));
	/* Neither the manager nor a timer is the server of that connection. */
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EACCES);
	EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EACCES);
	EXPECT_OK(MsgUnregisterEvent(&event));
	event = pulse_of(line, 7);
	EXPECT_OK(MsgRegisterEvent(&event, SYSMGR_COID));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(receive(line, CODE), 7);
	timer = timer_for(event, 1, 0);
	EXPECT_EQ(receive(line, CODE), 7);
	EXPECT_OK(timer_delete(timer));
	EXPECT_OK(MsgUnregisterEvent(&event));
	line_end(line);
}

TEST(pulse_event_is_verified_by_its_connection)
{
	struct line line = line_new();
	struct sigevent event = pulse_of(line, 1);

	EXPECT_OK(MsgVerifyEvent(0, &event));
	EXPECT_OK(ChannelDestroy(line.chid));
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EBADF);
	EXPECT_OK(ConnectDetach(line.coid));
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), ESRCH);
}
