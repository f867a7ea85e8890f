// SPDX-License-Identifier: Apache-2.0
/*
 * Who takes a struct sigevent delivers it, of whatever type: the process manager, timers,
 * queues. Registered events, and events that are looked at. What is a pulse stands in
 * event_pulses.c.
 */
#include "detection/child.h"

#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/neutrino.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* The C library's own socket, by which its thread hears of queues, stays. */
bool harness_hidden_fd(int fd)
{
	socklen_t size = sizeof(int);
	int domain = 0;

	return fcntl(fd, F_GETFD) < 0 ||
	       (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK);
}

static unsigned word;

static unsigned word_now(void)
{
	return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}

static struct sigevent adds(int value)
{
	struct sigevent event;

	SIGEV_MEMORY_INIT(&event, &word, value, SIGEV_MEM_ADD);
	return event;
}

/* Of this process, the library's own included. */
static bool threads_are(unsigned n)
{
	struct stat st;

	EXPECT_OK(stat("/proc/self/task", &st));
	return st.st_nlink == n + 2;
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void set_timer(timer_t timer, long first_ns, long interval_ns)
{
	const struct itimerspec when = {
		.it_value = {.tv_nsec = first_ns},
		.it_interval = {.tv_nsec = interval_ns},
	};

	EXPECT_OK(timer_settime(timer, 0, &when, NULL));
}

static timer_t timer_for(struct sigevent event)
{
	timer_t timer;

	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
	return timer;
}

/* ---- Types ---- */

TEST_WITH(memory_event_changes_the_word_as_its_operation_says, .threads = true)
{
	static const struct {
		int op;
		unsigned before;
		int value;
		unsigned after;
	} rows[] = {
		{SIGEV_MEM_ASSIGN, 7, 9, 9},          {SIGEV_MEM_ADD, 7, 9, 16},
		{SIGEV_MEM_SUB, 7, 9, 0xfffffffe},    {SIGEV_MEM_BITSET, 0xf0, 0x11, 0xf1},
		{SIGEV_MEM_BITCLR, 0xf0, 0x11, 0xe0}, {SIGEV_MEM_BITTOGGLE, 0xf0, 0x11, 0xe1},
	};
	struct sigevent event;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		__atomic_store_n(&word, rows[i].before, __ATOMIC_RELEASE);
		SIGEV_MEMORY_INIT(&event, &word, rows[i].value, rows[i].op);
		EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
		EVENTUALLY(word_now() == rows[i].after);
	}
	SIGEV_MEMORY_INIT(&event, &word, 1, 77);
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EINVAL);
	SIGEV_MEMORY_INIT(&event, NULL, 1, SIGEV_MEM_ADD);
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EINVAL);
}

TEST_WITH(semaphore_event_posts_once_each_time, .threads = true)
{
	struct sigevent event;
	sem_t semaphore;
	int value;

	EXPECT_OK(sem_init(&semaphore, 0, 0));
	SIGEV_SEM_INIT(&event, &semaphore);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	for (int i = 0; i < 100; i++)
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	for (int i = 0; i < 100; i++)
		EXPECT_OK(sem_wait(&semaphore));
	EXPECT_OK(sem_getvalue(&semaphore, &value));
	EXPECT_EQ(value, 0);
}

TEST(signal_code_event_brings_its_code)
{
	struct sigevent event;
	siginfo_t info;
	timer_t timer;

	block(SIGRTMIN);
	SIGEV_SIGNAL_CODE_INIT(&event, SIGRTMIN, 5, SI_MINAVAIL + 3);
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	info = take(SIGRTMIN);
	EXPECT_EQ(info.si_code, SI_MINAVAIL + 3);
	EXPECT_EQ(info.si_value.sival_int, 5);
	timer = timer_for(event);
	set_timer(timer, 1, 0);
	info = take(SIGRTMIN);
	EXPECT_EQ(info.si_code, SI_MINAVAIL + 3);
	EXPECT_EQ(info.si_value.sival_int, 5);
	EXPECT_OK(timer_delete(timer));
}

TEST(event_that_ends_a_wait_is_refused_where_nobody_waits)
{
	struct sigevent event;
	timer_t timer;

	SIGEV_UNBLOCK_INIT(&event);
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EINVAL);
	EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
}

/* ---- Timers ---- */

/* However late the process looks: no more than have been due, and in the end no less. */
TEST_WITH(periodic_timer_neither_drifts_nor_loses_a_count, .threads = true)
{
	const long ms = 1000000;
	timer_t timer = timer_for(adds(1));
	const long long before = now_ns();
	long long after, seen, least;

	set_timer(timer, ms, ms);
	after = now_ns();
	do {
		least = (now_ns() - after) / ms;
		seen = word_now();
		EXPECT_LE(seen, (now_ns() - before) / ms);
	} while (seen < 300 || seen < least);
	EXPECT_OK(timer_delete(timer));
}

/* What expired while the process was stopped is counted, too. */
TEST_WITH(stopped_process_has_its_timers_counts_afterwards, .threads = true)
{
	int status;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		const long ms = 1000000;
		timer_t timer = timer_for(adds(1));
		long long after;

		set_timer(timer, ms, ms);
		after = now_ns();
		(void)raise(SIGSTOP);
		EVENTUALLY(word_now() >= (now_ns() - after) / ms);
		_exit(0);
	}
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT(WIFSTOPPED(status));
	(void)poll(NULL, 0, 150); /* so that something expires */
	EXPECT_OK(kill(pid, SIGCONT));
	expect_exit(pid, 0);
}

TEST_WITH(deleted_timer_delivers_no_more, .threads = true)
{
	for (int i = 0; i < 200; i++) {
		timer_t timer = timer_for(adds(1));
		unsigned at_the_end;

		set_timer(timer, 1, 20000);
		EVENTUALLY(word_now() > 0);
		EXPECT_OK(timer_delete(timer));
		EXPECT_ERRNO(timer_delete(timer), EINVAL);
		/* One that the thread is just at may still come; then none. */
		timer = timer_for(adds(1 << 16));
		set_timer(timer, 1, 0);
		EVENTUALLY(word_now() >= 1 << 16);
		at_the_end = word_now();
		EXPECT_OK(timer_delete(timer));
		timer = timer_for(adds(1 << 16));
		set_timer(timer, 1, 0);
		EVENTUALLY(word_now() >= 2 << 16);
		EXPECT_EQ(word_now() - at_the_end, 1 << 16);
		EXPECT_OK(timer_delete(timer));
		__atomic_store_n(&word, 0, __ATOMIC_RELEASE);
	}
}

TEST(timer_can_be_read_and_set_as_any_other)
{
	timer_t timer = timer_for(adds(1));
	struct itimerspec when = {.it_value = {.tv_sec = 1000}};
	struct itimerspec old;

	EXPECT_OK(timer_gettime(timer, &old));
	EXPECT_EQ(old.it_value.tv_sec, 0);
	EXPECT_OK(timer_settime(timer, 0, &when, NULL));
	EXPECT_OK(timer_gettime(timer, &old));
	EXPECT_GT(old.it_value.tv_sec, 500);
	when.it_value.tv_sec = 0;
	EXPECT_OK(timer_settime(timer, 0, &when, &old));
	EXPECT_GT(old.it_value.tv_sec, 500);
	EXPECT_OK(timer_gettime(timer, &old));
	EXPECT_EQ(old.it_value.tv_sec, 0);
	EXPECT_EQ(timer_getoverrun(timer), 0);
	EXPECT_OK(timer_delete(timer));
	EXPECT_EQ(word_now(), 0);
}

TEST(timer_without_event_sends_sigalrm)
{
	timer_t timer;

	block(SIGALRM);
	EXPECT_OK(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	set_timer(timer, 1, 0);
	EXPECT_EQ(take(SIGALRM).si_code, SI_TIMER);
	EXPECT_OK(timer_delete(timer));
}

/* The thread behind the timers is not the program's; a child has neither. */
TEST(forked_child_has_no_timers_and_can_make_its_own)
{
	timer_t timer = timer_for(adds(1)), own;
	pid_t pid;

	set_timer(timer, 1, 1000000);
	EVENTUALLY(word_now() > 0);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		const unsigned before = word_now();

		EXPECT_ERRNO(timer_delete(timer), EINVAL);
		own = timer_for(adds(1 << 16));
		set_timer(own, 1, 0);
		EVENTUALLY(word_now() >= 1 << 16);
		EXPECT_EQ(word_now() - before, 1 << 16);
		EXPECT_OK(timer_delete(own));
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_OK(timer_delete(timer));
}

static void count_call(union sigval value)
{
	__atomic_add_fetch(&word, (unsigned)value.sival_int, __ATOMIC_RELEASE);
}

TEST(timer_with_a_function_does_not_forbid_fork)
{
	struct sigevent event;
	timer_t timer;

	SIGEV_THREAD_INIT(&event, count_call, 3, NULL);
	timer = timer_for(event);
	set_timer(timer, 1, 0);
	EVENTUALLY(word_now() == 3);
	EXPECT_OK(timer_delete(timer));
	/* The thread that ran the function was the program's until it has ended. */
	EVENTUALLY(threads_are(3));
	expect_exit(child_that_exits(0), 0);
}

TEST_WITH(many_timers_each_deliver_their_own, .threads = true)
{
	enum { MANY = 500 };
	static unsigned words[MANY];
	static timer_t timers[MANY];
	struct sigevent event;

	for (int i = 0; i < MANY; i++) {
		SIGEV_MEMORY_INIT(&event, &words[i], i + 1, SIGEV_MEM_ADD);
		timers[i] = timer_for(event);
	}
	for (int i = 0; i < MANY; i++)
		set_timer(timers[i], 1, 0);
	for (int i = 0; i < MANY; i++) {
		EVENTUALLY(__atomic_load_n(&words[i], __ATOMIC_ACQUIRE) == (unsigned)i + 1);
		EXPECT_OK(timer_delete(timers[i]));
	}
}

/* ---- Queues ---- */

static mqd_t queue_new(void)
{
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16};
	char name[32];
	mqd_t queue;

	snprintf(name, sizeof(name), "/events-%d", (int)getpid());
	queue = EXPECT_OK(mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr));
	EXPECT_OK(mq_unlink(name));
	return queue;
}

TEST(queue_delivers_any_event_once_for_each_request)
{
	struct sigevent event = adds(1);
	mqd_t queue = queue_new();
	char text[16];

	for (unsigned i = 1; i <= 3; i++) {
		EXPECT_OK(mq_notify(queue, &event));
		EXPECT_ERRNO(mq_notify(queue, &event), EBUSY);
		EXPECT_OK(mq_send(queue, "x", 1, 0));
		EVENTUALLY(word_now() == i);
		EXPECT_OK(mq_receive(queue, text, sizeof(text), NULL));
	}
	EXPECT_OK(mq_notify(queue, &event));
	EXPECT_OK(mq_notify(queue, NULL));
	EXPECT_OK(mq_send(queue, "x", 1, 0));
	EXPECT_OK(mq_receive(queue, text, sizeof(text), NULL));
	/* glibc's thread is not the program's either, once those that it made have ended. */
	EVENTUALLY(threads_are(2));
	expect_exit(child_that_exits(0), 0);
	EXPECT_EQ(word_now(), 3);
	EXPECT_OK(mq_close(queue));
}

/* ---- Registered events ---- */

TEST(registered_event_stands_for_what_was_registered)
{
	struct sigevent event, plain;
	timer_t timer;

	block(SIGRTMIN);
	SIGEV_SIGNAL_VALUE_INT_INIT(&event, SIGRTMIN, 42);
	plain = event;
	EXPECT_OK(MsgRegisterEvent(&event, _NTO_REGEVENT_ALLOW_ANY_SERVER));
	EXPECT(event.sigev_notify & SIGEV_FLAG_HANDLE);
	EXPECT_NE(event.sigev_handle, SIGEV_INVALID_HANDLE);
	EXPECT_ERRNO(MsgRegisterEvent(&event, _NTO_REGEVENT_ALLOW_ANY_SERVER), EINVAL);
	EXPECT_OK(MsgVerifyEvent(0, &event));
	/* What the handle says of signal and value counts for nothing. */
	event.sigev_value.sival_int = 1;
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 42);
	timer = timer_for(event);
	set_timer(timer, 1, 0);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, 42);
	EXPECT_OK(MsgUnregisterEvent(&event));
	EXPECT_ERRNO(MsgUnregisterEvent(&event), EINVAL);
	EXPECT_ERRNO(MsgUnregisterEvent(&plain), EINVAL);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &event), EINVAL);
	/* What had been taken before delivers nothing now. */
	set_timer(timer, 1, 0);
	EXPECT_OK(timer_delete(timer));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	timer = timer_for(adds(1));
	set_timer(timer, 1, 0);
	EVENTUALLY(word_now() == 1);
	EXPECT_OK(timer_delete(timer));
	expect_none(SIGRTMIN);
}

TEST(registered_event_that_may_be_changed_brings_the_new_value)
{
	struct sigevent event;
	pid_t pid;

	block(SIGRTMIN);
	SIGEV_SIGNAL_INIT(&event, SIGRTMIN);
	SIGEV_MAKE_UPDATEABLE(&event);
	EXPECT_OK(MsgRegisterEvent(&event, SYSMGR_COID));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_PROCESS_DEATH, &event));
	pid = child_that_exits(0);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, pid);
	expect_exit(pid, 0);
	EXPECT_OK(MsgUnregisterEvent(&event));
}

TEST(registered_event_is_for_whom_it_was_registered)
{
	struct sigevent event = adds(1), own = adds(1), system_only = adds(1), bad = adds(1);
	timer_t timer;

	EXPECT_ERRNO(MsgRegisterEvent(&event, 12345), EBADF);
	EXPECT(!(event.sigev_notify & SIGEV_FLAG_HANDLE));
	EXPECT_OK(MsgRegisterEvent(&own, _NTO_REGEVENT_ALLOW_SELF));
	EXPECT_ERRNO(procmgr_event_notify(PROCMGR_EVENT_SYNC, &own), EACCES);
	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &own, &timer));
	EXPECT_OK(timer_delete(timer));
	EXPECT_OK(MsgRegisterEvent(&system_only, SYSMGR_COID));
	EXPECT_OK(procmgr_event_notify(PROCMGR_EVENT_SYNC, &system_only));
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EVENTUALLY(word_now() == 1);
	bad.sigev_memop = 99;
	EXPECT_ERRNO(MsgRegisterEvent(&bad, _NTO_REGEVENT_ALLOW_ANY_SERVER), EINVAL);
	EXPECT_EQ(MsgRegisterEvent_r(&bad, _NTO_REGEVENT_ALLOW_ANY_SERVER), EINVAL);
	EXPECT_OK(MsgUnregisterEvent(&own));
	EXPECT_EQ(MsgUnregisterEvent_r(&own), EINVAL);
	EXPECT_OK(MsgUnregisterEvent(&system_only));
}

TEST(registered_events_are_not_inherited)
{
	struct sigevent event = adds(1);
	pid_t pid;

	EXPECT_OK(MsgRegisterEvent(&event, _NTO_REGEVENT_ALLOW_ANY_SERVER));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_OK(MsgVerifyEvent(0, &event));
}

static void *register_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		struct sigevent event;

		SIGEV_SIGNAL_INIT(&event, 1 + i % 30);
		EXPECT_OK(MsgRegisterEvent(&event, _NTO_REGEVENT_ALLOW_ANY_SERVER));
		EXPECT_OK(MsgVerifyEvent(0, &event));
		EXPECT_OK(MsgUnregisterEvent(&event));
		EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	}
	return NULL;
}

TEST_WITH(registering_in_threads_mixes_nothing_up, .threads = true)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, register_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
}

/* ---- MsgVerifyEvent() ---- */

static void function(union sigval value)
{
	(void)value;
}

TEST(events_are_verified_by_their_form)
{
	struct sigevent event = adds(1);

	EXPECT_OK(MsgVerifyEvent(0, &event));
	event.sigev_addr = (unsigned *)((uintptr_t)&word + 1);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	EXPECT_EQ(MsgVerifyEvent_r(0, &event), -EINVAL);
	SIGEV_NONE_INIT(&event);
	EXPECT_OK(MsgVerifyEvent(0, &event));
	SIGEV_UNBLOCK_INIT(&event);
	EXPECT_OK(MsgVerifyEvent(0, &event));
	SIGEV_SIGNAL_INIT(&event, 64);
	EXPECT_OK(MsgVerifyEvent(0, &event));
	SIGEV_SIGNAL_INIT(&event, 65);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	SIGEV_THREAD_INIT(&event, function, 0, NULL);
	EXPECT_OK(MsgVerifyEvent(0, &event));
	SIGEV_THREAD_INIT(&event, NULL, 0, NULL);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	SIGEV_PULSE_INIT(&event, 12345, 10, 1, 0);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), ESRCH);
	SIGEV_PULSE_INIT(&event, 12345, 0, 1, 0);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	SIGEV_PULSE_INIT(&event, 12345, 10, 1000, 0);
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	memset(&event, 0, sizeof(event));
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
	EXPECT_ERRNO(MsgVerifyEvent(0, NULL), EINVAL);
	event.sigev_notify = SIGEV_SIGNAL | SIGEV_FLAG_HANDLE;
	event.sigev_handle = SIGEV_INVALID_HANDLE;
	EXPECT_ERRNO(MsgVerifyEvent(0, &event), EINVAL);
}
