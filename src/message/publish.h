// SPDX-License-Identifier: Apache-2.0
/*
 * What only this process knows of its threads, told to the manager in the page: who waits
 * for whom, and whose messages have been received and not answered yet.
 *
 * A few stores each, no system call; nothing at all in a process that has no page. Safe in
 * signal handlers. What is told is a hint: the manager checks it against the kernel.
 */
#pragma once

#include <sys/types.h>

/* The calling thread is about to block on process @pid's channel; to be called before each
 * time it goes to sleep, as a signal handler may have told something else meanwhile. */
void publish_send(pid_t pid, int chid);
/* The calling thread is about to block on its own process's channel. */
void publish_receive(int chid);
/* It blocks no more. */
void publish_running(void);

/*
 * This process holds a message of @pid's thread @tid: received, not answered. @index: a
 * small number of the caller's that nobody else uses until it is released; those from 64 on
 * are not told, and their clients are shown as if nobody had received from them.
 */
void publish_hold(unsigned index, pid_t pid, pid_t tid);
void publish_release(unsigned index);
