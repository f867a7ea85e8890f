/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct sigevent, ours in place of glibc's. Every glibc header that takes one (signal.h,
 * time.h, aio.h, mqueue.h, netdb.h) includes this file for it or declares it by name, so
 * timer_create(), mq_notify() and the others take ours, whichever header comes first.
 *
 * It is glibc's structure with members added in what glibc leaves unused: same size, same
 * place of every member that the kernel or glibc reads. A type of QNX's that Linux lacks
 * is EINVAL to a call that is not ours.
 */
#pragma GCC system_header
#ifndef __sigevent_t_defined

#define sigevent   __kamioka_glibc_sigevent
#define sigevent_t __kamioka_glibc_sigevent_t
#include_next <bits/types/sigevent_t.h>
#undef sigevent
#undef sigevent_t

/*
 * What to do when something happens: QNX Neutrino C Library Reference, sigevent.
 *
 * Belongs to the caller; whoever takes one copies it. Fill it by a SIGEV_*_INIT() macro
 * of <sys/siginfo.h>, or by hand: sigev_notify is one SIGEV_* type, with SIGEV_FLAG_*
 * bits, and says which other members count. All members that do not are ignored.
 */
struct sigevent {
	__sigval_t sigev_value; /* goes with the signal, pulse or function */
	__extension__ union {
		int sigev_signo;       /* SIGEV_SIGNAL*: signal number */
		int sigev_coid;        /* SIGEV_PULSE: connection to send it on */
		int sigev_id;          /* SIGEV_INTR: interrupt id */
		unsigned sigev_handle; /* SIGEV_FLAG_HANDLE: of a registered event */
	};
	int sigev_notify;
	union {
		__pid_t _tid; /* SIGEV_THREAD_ID: kernel thread id */
		struct {
			void (*_function)(__sigval_t); /* sigev_notify_function */
			pthread_attr_t *_attribute;    /* sigev_notify_attributes */
		} _sigev_thread;
	} _sigev_un;
	short sigev_code;              /* SIGEV_SIGNAL_CODE, _THREAD: si_code; SIGEV_PULSE: code */
	short sigev_priority;          /* SIGEV_PULSE: or SIGEV_PULSE_PRIO_INHERIT */
	int sigev_memop;               /* SIGEV_MEMORY: SIGEV_MEM_* */
	volatile unsigned *sigev_addr; /* SIGEV_MEMORY: the word; SIGEV_SEM: the semaphore */
	char __reserved[64 - sizeof(__sigval_t) - 4 * sizeof(int) - 3 * sizeof(void *)];
};
typedef struct sigevent sigevent_t;

/* One array of impossible size for each member that is not where glibc has it. */
#define __KAMIOKA_SAME_PLACE(member)                                                           \
	typedef char __kamioka_assert_##member                                                 \
		[__builtin_offsetof(struct sigevent, member) ==                                \
				 __builtin_offsetof(struct __kamioka_glibc_sigevent, member) ? \
			 1 :                                                                   \
			 -1]
__KAMIOKA_SAME_PLACE(sigev_value);
__KAMIOKA_SAME_PLACE(sigev_signo);
__KAMIOKA_SAME_PLACE(sigev_notify);
__KAMIOKA_SAME_PLACE(_sigev_un);
#undef __KAMIOKA_SAME_PLACE
typedef char __kamioka_assert_sigevent_size
	[sizeof(struct sigevent) == sizeof(struct __kamioka_glibc_sigevent) ? 1 : -1];

#endif
