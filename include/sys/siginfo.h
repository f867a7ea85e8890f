/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as QNX has them: types, flags and initialisers of struct sigevent. <signal.h>
 * includes this. QNX Neutrino C Library Reference, sigevent.
 */
#pragma once

#include <features.h>
#include <stdint.h>
#include <signal.h>
#include <bits/types/sigevent_t.h>
#include <bits/sigevent-consts.h>

/*
 * Types, in the low byte of sigev_notify. SIGEV_SIGNAL (0), SIGEV_NONE (1), SIGEV_THREAD
 * (2) and SIGEV_THREAD_ID (4) are Linux's, numbers too; note that an event of zeros is
 * SIGEV_SIGNAL with signal 0 here, not SIGEV_NONE. The others are QNX's names with
 * numbers of our own, which Linux's calls refuse.
 */
#define SIGEV_SIGNAL_CODE   0x12 /* signal with si_code and value */
#define SIGEV_SIGNAL_THREAD 0x13 /* the same to the thread that asked */
#define SIGEV_PULSE         0x14 /* pulse on a connection */
#define SIGEV_UNBLOCK       0x15 /* end the wait with ETIMEDOUT */
#define SIGEV_INTR          0x16 /* wake InterruptWait() */
#define SIGEV_MEMORY        0x18 /* change a word of memory */
#define SIGEV_SEM           0x19 /* post a semaphore */

/* Flags, or-ed into sigev_notify. */
#define SIGEV_FLAG_TYPE_MASK       0x00ff
#define SIGEV_FLAG_CRITICAL        0x0100 /* 6.5 only; recorded, without effect */
#define SIGEV_FLAG_OVERDRIVE       0x0200
#define SIGEV_FLAG_UPDATEABLE      0x0400 /* the deliverer may change sigev_value */
#define SIGEV_FLAG_SIVAL_INT       0x0800 /* the value is sival_int */
#define SIGEV_FLAG_NOQUEUE         0x1000 /* drop it if nobody waits for it */
#define SIGEV_FLAG_HANDLE          0x2000 /* made by MsgRegisterEvent() */
#define SIGEV_FLAG_CODE_UPDATEABLE 0x4000 /* the deliverer may change sigev_code */

#define SIGEV_PULSE_PRIO_INHERIT (-1)
#define SIGEV_INVALID_HANDLE     0xffffffffu

/* sigev_memop */
#define SIGEV_MEM_ASSIGN    1
#define SIGEV_MEM_ADD       2
#define SIGEV_MEM_SUB       3
#define SIGEV_MEM_BITSET    4
#define SIGEV_MEM_BITCLR    5
#define SIGEV_MEM_BITTOGGLE 6

/* What a program may use as sigev_code of a signal. */
#ifndef SI_MINAVAIL
#define SI_MINAVAIL (-128)
#define SI_MAXAVAIL (-64)
#endif

/* sigev_code of an event for ionotify(): the conditions are or-ed into its value. */
#ifndef SI_NOTIFY
#define SI_NOTIFY (-63)
#endif

/*
 * Accessors: e is a pointer to an event. Never compare sigev_notify itself, flags stand
 * in it as well.
 */
#define SIGEV_GET_TYPE(e) ((e)->sigev_notify & SIGEV_FLAG_TYPE_MASK)
#define SIGEV_SET_TYPE(e, type) \
	((void)((e)->sigev_notify = ((e)->sigev_notify & ~SIGEV_FLAG_TYPE_MASK) | (type)))
#define SIGEV_GET_SIZE(e)       ((size_t)sizeof(*(e)))
#define SIGEV_SET_FLAGS(e, f)   ((void)((e)->sigev_notify |= (f)))
#define SIGEV_CLEAR_FLAGS(e, f) ((void)((e)->sigev_notify &= ~(f)))

#define SIGEV_MAKE_UPDATEABLE(e)       SIGEV_SET_FLAGS(e, SIGEV_FLAG_UPDATEABLE)
#define SIGEV_CLEAR_UPDATEABLE(e)      SIGEV_CLEAR_FLAGS(e, SIGEV_FLAG_UPDATEABLE)
#define SIGEV_MAKE_CODE_UPDATEABLE(e)  SIGEV_SET_FLAGS(e, SIGEV_FLAG_CODE_UPDATEABLE)
#define SIGEV_CLEAR_CODE_UPDATEABLE(e) SIGEV_CLEAR_FLAGS(e, SIGEV_FLAG_CODE_UPDATEABLE)
#define SIGEV_MAKE_OVERDRIVE(e)        SIGEV_SET_FLAGS(e, SIGEV_FLAG_OVERDRIVE)
#define SIGEV_CLEAR_OVERDRIVE(e)       SIGEV_CLEAR_FLAGS(e, SIGEV_FLAG_OVERDRIVE)
#define SIGEV_MAKE_NOQUEUE(e)          SIGEV_SET_FLAGS(e, SIGEV_FLAG_NOQUEUE)
#define SIGEV_CLEAR_NOQUEUE(e)         SIGEV_CLEAR_FLAGS(e, SIGEV_FLAG_NOQUEUE)
#define SIGEV_MAKE_CRITICAL(e)         SIGEV_SET_FLAGS(e, SIGEV_FLAG_CRITICAL)
#define SIGEV_CLEAR_CRITICAL(e)        SIGEV_CLEAR_FLAGS(e, SIGEV_FLAG_CRITICAL)

/* The work behind the initialisers below: the whole event is set, the rest is zero. */
static __inline__ void __kamioka_sigevent_init(struct sigevent *__e, int __notify, int __id,
					       int __code, int __priority, void *__ptr, int __int)
{
	__builtin_memset(__e, 0, sizeof(*__e));
	__e->sigev_notify = __notify;
	__e->sigev_signo = __id;
	__e->sigev_code = (short)__code;
	__e->sigev_priority = (short)__priority;
	/* Not by name: the union's members have others under a strict ISO C. */
	if (__notify & SIGEV_FLAG_SIVAL_INT)
		__builtin_memcpy(&__e->sigev_value, &__int, sizeof(__int));
	else
		__builtin_memcpy(&__e->sigev_value, &__ptr, sizeof(__ptr));
}

/* A value is a pointer or any integer; *_INT_INIT() take an int and say so in a flag. */
#define __KAMIOKA_SIGEV_PTR(value) ((void *)(uintptr_t)(value))
#define __KAMIOKA_SIGEV(e, type, id, code, priority, value) \
	__kamioka_sigevent_init(e, type, id, code, priority, __KAMIOKA_SIGEV_PTR(value), 0)
#define __KAMIOKA_SIGEV_INT(e, type, id, code, priority, value)                       \
	__kamioka_sigevent_init(e, (type) | SIGEV_FLAG_SIVAL_INT, id, code, priority, \
				__KAMIOKA_SIGEV_PTR(0), value)

/*
 * Initialisers: e is a pointer to the event to set, evaluated once, as all arguments.
 * They set the type without flags, so a SIGEV_MAKE_*() comes after.
 */
#define SIGEV_NONE_INIT(e)    __KAMIOKA_SIGEV(e, SIGEV_NONE, 0, 0, 0, 0)
#define SIGEV_UNBLOCK_INIT(e) __KAMIOKA_SIGEV(e, SIGEV_UNBLOCK, 0, 0, 0, 0)
#define SIGEV_INTR_INIT(e)    __KAMIOKA_SIGEV(e, SIGEV_INTR, 0, 0, 0, 0)

#define SIGEV_SIGNAL_INIT(e, signo) __KAMIOKA_SIGEV(e, SIGEV_SIGNAL, signo, 0, 0, 0)
#define SIGEV_SIGNAL_VALUE_INIT(e, signo, value) \
	__KAMIOKA_SIGEV(e, SIGEV_SIGNAL, signo, 0, 0, value)
#define SIGEV_SIGNAL_VALUE_PTR_INIT(e, signo, value) SIGEV_SIGNAL_VALUE_INIT(e, signo, value)
#define SIGEV_SIGNAL_VALUE_INT_INIT(e, signo, value) \
	__KAMIOKA_SIGEV_INT(e, SIGEV_SIGNAL, signo, 0, 0, value)

#define SIGEV_SIGNAL_CODE_INIT(e, signo, value, code) \
	__KAMIOKA_SIGEV(e, SIGEV_SIGNAL_CODE, signo, code, 0, value)
#define SIGEV_SIGNAL_CODE_PTR_INIT(e, signo, value, code) \
	SIGEV_SIGNAL_CODE_INIT(e, signo, value, code)
#define SIGEV_SIGNAL_CODE_INT_INIT(e, signo, value, code) \
	__KAMIOKA_SIGEV_INT(e, SIGEV_SIGNAL_CODE, signo, code, 0, value)

#define SIGEV_SIGNAL_THREAD_INIT(e, signo, value, code) \
	__KAMIOKA_SIGEV(e, SIGEV_SIGNAL_THREAD, signo, code, 0, value)
#define SIGEV_SIGNAL_THREAD_PTR_INIT(e, signo, value, code) \
	SIGEV_SIGNAL_THREAD_INIT(e, signo, value, code)
#define SIGEV_SIGNAL_THREAD_INT_INIT(e, signo, value, code) \
	__KAMIOKA_SIGEV_INT(e, SIGEV_SIGNAL_THREAD, signo, code, 0, value)

#define SIGEV_PULSE_INIT(e, coid, priority, code, value) \
	__KAMIOKA_SIGEV(e, SIGEV_PULSE, coid, code, priority, value)
#define SIGEV_PULSE_PTR_INIT(e, coid, priority, code, value) \
	SIGEV_PULSE_INIT(e, coid, priority, code, value)
#define SIGEV_PULSE_INT_INIT(e, coid, priority, code, value) \
	__KAMIOKA_SIGEV_INT(e, SIGEV_PULSE, coid, code, priority, value)

/* function is called with the value in a new thread, made with attributes (may be NULL). */
#define SIGEV_THREAD_INIT(e, function, value, attributes) \
	__kamioka_sigevent_init_thread(e, function, __KAMIOKA_SIGEV_PTR(value), attributes)
static __inline__ void __kamioka_sigevent_init_thread(struct sigevent *__e,
						      void (*__function)(__sigval_t), void *__ptr,
						      pthread_attr_t *__attributes)
{
	__kamioka_sigevent_init(__e, SIGEV_THREAD, 0, 0, 0, __ptr, 0);
	__e->_sigev_un._sigev_thread._function = __function;
	__e->_sigev_un._sigev_thread._attribute = __attributes;
}

/* The word at addr is changed by value as the operation (SIGEV_MEM_*) says. */
#define SIGEV_MEMORY_INIT(e, addr, value, op)                                  \
	__kamioka_sigevent_init_memory(e, SIGEV_MEMORY | SIGEV_FLAG_SIVAL_INT, \
				       __KAMIOKA_SIGEV_PTR(addr), value, op)
#define SIGEV_SEM_INIT(e, sem) \
	__kamioka_sigevent_init_memory(e, SIGEV_SEM, __KAMIOKA_SIGEV_PTR(sem), 0, 0)
static __inline__ void __kamioka_sigevent_init_memory(struct sigevent *__e, int __notify,
						      void *__addr, int __value, int __op)
{
	__kamioka_sigevent_init(__e, __notify, 0, 0, 0, __KAMIOKA_SIGEV_PTR(0), __value);
	__e->sigev_addr = (volatile unsigned *)__addr;
	__e->sigev_memop = __op;
}
