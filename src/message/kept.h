// SPDX-License-Identifier: Apache-2.0
/*
 * Events that this process keeps until they happen: registered ones, those of timers,
 * queues and of the process manager. Whoever may make them happen knows a handle; one
 * that comes late, when its event is gone, leads nowhere.
 *
 * Any thread; looking up, also signal handlers. A forked child has none of its parent's.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum kept_kind {
	KEPT_REGISTERED, /* key: coid as MsgRegisterEvent() was given it */
	KEPT_TIMER,      /* key: timer_t */
	KEPT_QUEUE,      /* key: mqd_t */
	KEPT_NOTIFY,     /* key: the process manager's id of the request; 0: not told yet */
};

struct kept {
	struct sigevent event; /* its attributes, if any, are those below */
	pthread_attr_t attributes;
	pid_t tid; /* who asked: SIGEV_SIGNAL_THREAD is for that thread */
	pid_t server;
	int chid; /* of the server that may deliver it; 0: as the key says */
	int pad;
};

/*
 * Keeps @event for the calling thread. *ret_handle is neither 0 nor
 * SIGEV_INVALID_HANDLE. -EAGAIN: too many; -ENOMEM.
 */
int kept_add(enum kept_kind kind, int64_t key, const struct kept *kept, uint32_t *ret_handle);
/* An event with its attributes, to be given to kept_add(). */
void kept_init(struct kept *ret, const struct sigevent *event);
void kept_set_key(uint32_t handle, int64_t key);
/* false: there is none of that kind, any more. */
bool kept_get(enum kept_kind kind, uint32_t handle, struct kept *ret, int64_t *ret_key);
/* The one with that key; 0: none. */
uint32_t kept_find(enum kept_kind kind, int64_t key);
/* false: somebody else has removed it, or will. */
bool kept_remove(enum kept_kind kind, uint32_t handle);
