// SPDX-License-Identifier: Apache-2.0
/*
 * What the library keeps for each thread that uses it: made at the thread's first call,
 * gone with the thread. A forked child's only thread begins anew.
 *
 * All of it may be used in signal handlers.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* QNX's priorities: a thread that never said anything has the default. They order messages
 * whether or not the kernel schedules by them. */
#define THREAD_PRIORITY_MIN     1
#define THREAD_PRIORITY_MAX     255
#define THREAD_PRIORITY_DEFAULT 10

/* For variables of a thread that a handler may be the first to use: they are there from the
 * thread's start, and nothing is ever allocated for them. */
#define THREAD_OWN __thread __attribute__((tls_model("initial-exec")))

/* The kernel's id of the calling thread; no system call after the first time. */
pid_t thread_tid(void);

/* 1 to 255; a new thread has its creator's, a forked child its parent's. Both are safe in
 * signal handlers. */
int thread_priority(void);
void thread_priority_set(int priority);

/* The same of another thread of this process, which must not have been joined yet. */
int thread_priority_of(pthread_t thread);
void thread_priority_set_of(pthread_t thread, int priority);

/*
 * Another number in a forked child, however it was made: what was noted under the parent's
 * is not the child's. 0: it cannot be told, nothing may be kept.
 */
uint32_t thread_generation(void);

/*
 * For what is a process's own, and in a forked child begins anew: before its first use in a
 * process @begin is called, by one thread, with all signals blocked, while others wait. *owner is
 * 0 at first. Safe in signal handlers; one word to look at from then on.
 */
void thread_first(uint32_t *owner, void (*begin)(void));

/*
 * @hook is called in each thread of the program that ends while the process goes on, by
 * return, pthread_exit() or cancellation, whether or not it ever used the library; the main
 * thread included. Late, after the program's own destructors have had two rounds, with all
 * signals blocked; the hook registered last is called first. Once for each module, from its
 * constructor.
 */
void thread_on_exit(void (*hook)(void));

/* For thread_start.c: the calling thread is new. */
void thread_begin(int priority);
