/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct sigevent: every type, flag, member and initialiser, and that the calls of libc
 * which take an event take ours, whichever header is first.
 */
#include <mqueue.h>
#include <time.h>
#include <aio.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SAME(what) static_assert(what, #what)
#else
#define SAME(what) _Static_assert(what, #what)
#endif
SAME(sizeof(struct sigevent) == 64);
SAME(offsetof(struct sigevent, sigev_value) == 0);
SAME(offsetof(struct sigevent, sigev_signo) == 8);
SAME(offsetof(struct sigevent, sigev_coid) == 8);
SAME(offsetof(struct sigevent, sigev_id) == 8);
SAME(offsetof(struct sigevent, sigev_notify) == 12);
SAME(offsetof(struct sigevent, sigev_notify_function) == 16);
SAME(offsetof(struct sigevent, sigev_notify_attributes) == 24);
SAME(SIGEV_SIGNAL == 0 && SIGEV_NONE == 1 && SIGEV_THREAD == 2 && SIGEV_THREAD_ID == 4);

static void called(union sigval value)
{
	(void)value;
}

/* A number that two types share would be an error here. */
static const char *type_name(const struct sigevent *event)
{
	switch (SIGEV_GET_TYPE(event)) {
	case SIGEV_NONE:
		return "none";
	case SIGEV_SIGNAL:
		return "signal";
	case SIGEV_SIGNAL_CODE:
		return "signal code";
	case SIGEV_SIGNAL_THREAD:
		return "signal thread";
	case SIGEV_PULSE:
		return "pulse";
	case SIGEV_UNBLOCK:
		return "unblock";
	case SIGEV_INTR:
		return "intr";
	case SIGEV_THREAD:
		return "thread";
	case SIGEV_THREAD_ID:
		return "thread id";
	case SIGEV_MEMORY:
		return "memory";
	case SIGEV_SEM:
		return "sem";
	default:
		return NULL;
	}
}

static void init_all(struct sigevent *e)
{
	unsigned word = 0;
	void *pointer = e;
	const char *text = "text";
	long number = -1;

	SIGEV_NONE_INIT(e);
	SIGEV_UNBLOCK_INIT(e);
	SIGEV_INTR_INIT(e);
	SIGEV_SIGNAL_INIT(e, SIGUSR1);
	SIGEV_SIGNAL_VALUE_INIT(e, SIGUSR1, pointer);
	SIGEV_SIGNAL_VALUE_PTR_INIT(e, SIGUSR1, text);
	SIGEV_SIGNAL_VALUE_INT_INIT(e, SIGUSR1, 7);
	SIGEV_SIGNAL_CODE_INIT(e, SIGUSR1, number, SI_MINAVAIL);
	SIGEV_SIGNAL_CODE_PTR_INIT(e, SIGUSR1, pointer, SI_MAXAVAIL);
	SIGEV_SIGNAL_CODE_INT_INIT(e, SIGUSR1, 7, SI_MINAVAIL);
	SIGEV_SIGNAL_THREAD_INIT(e, SIGUSR1, NULL, SI_MINAVAIL);
	SIGEV_SIGNAL_THREAD_PTR_INIT(e, SIGUSR1, pointer, SI_MINAVAIL);
	SIGEV_SIGNAL_THREAD_INT_INIT(e, SIGUSR1, 7, SI_MINAVAIL);
	SIGEV_PULSE_INIT(e, 3, SIGEV_PULSE_PRIO_INHERIT, 1, 5);
	SIGEV_PULSE_PTR_INIT(e, 3, 10, 1, pointer);
	SIGEV_PULSE_INT_INIT(e, 3, 10, 1, 5);
	SIGEV_THREAD_INIT(e, called, pointer, NULL);
	SIGEV_MEMORY_INIT(e, &word, 1, SIGEV_MEM_ADD);
	SIGEV_SEM_INIT(e, &word);
	SIGEV_SET_TYPE(e, SIGEV_SIGNAL);
	SIGEV_MAKE_UPDATEABLE(e);
	SIGEV_CLEAR_UPDATEABLE(e);
	SIGEV_MAKE_CODE_UPDATEABLE(e);
	SIGEV_CLEAR_CODE_UPDATEABLE(e);
	SIGEV_MAKE_OVERDRIVE(e);
	SIGEV_CLEAR_OVERDRIVE(e);
	SIGEV_MAKE_NOQUEUE(e);
	SIGEV_CLEAR_NOQUEUE(e);
	SIGEV_MAKE_CRITICAL(e);
	SIGEV_CLEAR_CRITICAL(e);
	e->sigev_notify |= SIGEV_FLAG_HANDLE;
	e->sigev_handle = SIGEV_INVALID_HANDLE;
}

/* By hand, as programs written for POSIX do it. */
static void set_members(struct sigevent *e)
{
	sigevent_t same = *e;

	same.sigev_notify = SIGEV_THREAD;
	same.sigev_notify_function = called;
	same.sigev_notify_attributes = NULL;
	same.sigev_value.sival_int = 1;
	same._sigev_un._tid = 1;
	same.sigev_code = 1;
	same.sigev_priority = 10;
	same.sigev_addr = NULL;
	same.sigev_memop = SIGEV_MEM_ASSIGN;
	*e = same;
}

int main(void)
{
	struct sigevent event;
	struct aiocb block, *list[] = {&block};
	timer_t timer;

	init_all(&event);
	set_members(&event);
	block.aio_sigevent = event;
	return timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && mq_notify(0, &event) == 0 &&
	       lio_listio(LIO_WAIT, list, 1, &event) == 0 &&
	       SIGEV_GET_SIZE(&block.aio_sigevent) == 64 && type_name(&event);
}
