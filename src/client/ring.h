// SPDX-License-Identifier: Apache-2.0
/*
 * The death ring of a page: news of children that the manager has written and
 * the program has not looked at. The manager writes at ring_head, any number of
 * our threads and signal handlers read at ring_tail; nothing here blocks, takes
 * a lock or calls the kernel.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "gen/shared.h"

/*
 * What sival_int of a kick is. The upper half of the value, where a pointer has
 * one, is the serial of the death that the kick was sent for, from 0 on:
 * the kernel drops a second pending SIGCHLD, so what is pending is the oldest
 * kick, and every death from that serial on is news.
 */
#define RING_KICK 0x4b4b4b4b

union sigval ring_kick_value(uint32_t serial);
/* Is @info a kick of the manager or of ourselves? *ret_serial may be 0. */
bool ring_is_kick(const siginfo_t *info, uint32_t *ret_serial);
/* The same of a siginfo's parts, as signalfd tells them. */
bool ring_is_kick_value(int code, uint64_t value, uint32_t *ret_serial);

unsigned ring_count(const struct page *page);
/* Serial of the oldest death there; 0, which is before all, if there is none. */
uint32_t ring_serial(const struct page *page);
/* The serial behind the newest death there. false: there is none. */
bool ring_next_serial(const struct page *page, uint32_t *ret);
/* Forget the deaths that are older than @serial. */
void ring_drop_before(struct page *page, uint32_t serial);
/* Forget what lies there now; what comes meanwhile may go or stay. */
void ring_drop(struct page *page);
/* Take the oldest. false: there is none. Each is taken once. */
bool ring_take(struct page *page, struct page_death *ret);

/* The siginfo that the kernel would have made of it. */
void ring_siginfo(const struct page_death *death, siginfo_t *ret);
