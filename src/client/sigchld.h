// SPDX-License-Identifier: Apache-2.0
/* SIGCHLD: one exact siginfo for each death, whatever the kernel drops. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* enum sigchld_mode of this moment, asked of the kernel: for the attach request. */
uint32_t sigchld_mode_now(void);

/* Is a handler of the program installed, by way of us? */
bool sigchld_is_caught(void);

/* sigaction() for SIGCHLD: 0 or -1 with errno. */
int sigchld_action(const struct sigaction *act, struct sigaction *ret_old);

enum sigchld_news {
	SIGCHLD_NOTHING, /* a kick whose news somebody else has had: nothing happened */
	SIGCHLD_LAST,    /* *info is what happened */
	SIGCHLD_MORE,    /* the same, and more deaths wait: kick, or ask for the next */
};

/*
 * A SIGCHLD came out of the kernel, as *info; make of it what happened. Who
 * gets SIGCHLD_MORE owes sigchld_kick(), or takes the rest by sigchld_next().
 * Both may call the manager and wait for it, unless @in_handler.
 */
enum sigchld_news sigchld_resolve(siginfo_t *info, bool in_handler);
enum sigchld_news sigchld_next(siginfo_t *ret_info, bool in_handler);
/* Make SIGCHLD pending again. */
void sigchld_kick(void);

/*
 * Around taking SIGCHLD from the kernel otherwise than by a handler, until what
 * came is resolved. Who is alone in this may forget deaths that were told while
 * the signal was neither blocked nor caught.
 */
void sigchld_take_begin(void);
void sigchld_take_end(void);

/* Deaths that nobody will ever ask for go; cheap, for a place that is passed often. */
void sigchld_tidy(void);
