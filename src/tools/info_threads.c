// SPDX-License-Identifier: Apache-2.0
/*
 * The table of threads. The processes come as in `kamioka list`, the threads of each by a
 * request of its own, so that no answer keeps the manager long. What ended meanwhile is left
 * out. The manager itself looks for circles: it sees all who wait at one moment.
 */
#include "tools/info_threads.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "gen/proto.h"
#include "tools/ask.h"
#include "tools/options.h"

#define INFO_THREADS_PATIENCE_MS 5000

static const char *info_threads_state(uint32_t state)
{
	static const char *const names[] = {
		[THREAD_STATE_DEAD] = "DEAD",
		[THREAD_STATE_RUNNING] = "RUNNING",
		[THREAD_STATE_READY] = "READY",
		[THREAD_STATE_STOPPED] = "STOPPED",
		[THREAD_STATE_SEND] = "SEND",
		[THREAD_STATE_RECEIVE] = "RECEIVE",
		[THREAD_STATE_REPLY] = "REPLY",
		[THREAD_STATE_STACK] = "STACK",
		[THREAD_STATE_WAITTHREAD] = "WAITTHREAD",
		[THREAD_STATE_WAITPAGE] = "WAITPAGE",
		[THREAD_STATE_SIGSUSPEND] = "SIGSUSPEND",
		[THREAD_STATE_SIGWAITINFO] = "SIGWAITINFO",
		[THREAD_STATE_NANOSLEEP] = "NANOSLEEP",
		[THREAD_STATE_MUTEX] = "MUTEX",
		[THREAD_STATE_CONDVAR] = "CONDVAR",
		[THREAD_STATE_JOIN] = "JOIN",
		[THREAD_STATE_INTR] = "INTR",
		[THREAD_STATE_SEM] = "SEM",
		[THREAD_STATE_WAITCTX] = "WAITCTX",
		[THREAD_STATE_NET_SEND] = "NET_SEND",
		[THREAD_STATE_NET_REPLY] = "NET_REPLY",
	};

	return state < ARRAY_LEN(names) && names[state] ? names[state] : "?";
}

static void info_threads_print(int32_t pid, const struct thread_row *t)
{
	char name[sizeof(t->name) + 1] = {0};
	char on[32] = "-";

	memcpy(name, t->name, sizeof(t->name));
	options_plain(name);
	if (t->state == THREAD_STATE_RECEIVE)
		(void)snprintf(on, sizeof(on), ":%d", t->on_chid);
	else if (t->on_pid && t->on_chid)
		(void)snprintf(on, sizeof(on), "%d:%d", t->on_pid, t->on_chid);
	else if (t->on_pid)
		(void)snprintf(on, sizeof(on), "%d", t->on_pid);
	printf("%7d %7d %-11s %-15s %s\n", pid, t->tid, info_threads_state(t->state), on, name);
}

static int info_threads_of(int node_fd, struct wire_msg *m, int32_t pid)
{
	struct proto_threads_in in = {.pid = pid};
	struct proto_threads_out out = {.more = 1};
	uint8_t body[sizeof(in)];
	int len, err = 0;

	while (err == 0 && out.more) {
		len = proto_put_threads_in(body, sizeof(body), &in);
		err = len < 0 ? len :
				ask(node_fd, PROTO_THREADS, body, (size_t)len, m,
				    INFO_THREADS_PATIENCE_MS);
		if (err != 0)
			return err == ESRCH ? 0 : err;
		err = proto_get_threads_out(m->body, m->len, &out);
		for (uint32_t i = 0; err == 0 && i < out.threads_count; i++) {
			info_threads_print(pid, &out.threads[i]);
			in.after = out.threads[i].tid;
		}
		if (err == 0 && out.threads_count == 0)
			out.more = 0;
		wire_msg_fini(m);
	}
	return err;
}

/* The pids behind *@after, with as many as one answer has. */
static int info_threads_pids(int node_fd, struct wire_msg *m, int32_t after, int32_t **ret_pids,
			     uint32_t *ret_n, bool *ret_more)
{
	struct proto_list_in in = {.after = after};
	struct proto_list_out out;
	uint8_t body[sizeof(in)];
	int32_t *pids = NULL;
	int len, err;

	len = proto_put_list_in(body, sizeof(body), &in);
	err = len < 0 ? len :
			ask(node_fd, PROTO_LIST, body, (size_t)len, m, INFO_THREADS_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_list_out(m->body, m->len, &out);
	if (err == 0) {
		pids = calloc(out.procs_count + 1, sizeof(*pids));
		err = pids ? 0 : -ENOMEM;
	}
	if (err == 0) {
		for (*ret_n = 0; *ret_n < out.procs_count; ++*ret_n)
			pids[*ret_n] = out.procs[*ret_n].pid;
		*ret_more = out.more && out.procs_count > 0;
		*ret_pids = pids;
	}
	wire_msg_fini(m);
	return err;
}

static int info_threads_circles(int node_fd, struct wire_msg *m)
{
	struct proto_circles_in in = {0};
	struct proto_circles_out out;
	uint8_t body[sizeof(in)];
	int len, err;

	len = proto_put_circles_in(body, sizeof(body), &in);
	err = len < 0 ? len :
			ask(node_fd, PROTO_CIRCLES, body, (size_t)len, m, INFO_THREADS_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_circles_out(m->body, m->len, &out);
	for (uint32_t i = 0; err == 0 && i < out.waits_count; i++) {
		const struct wait_row *w = &out.waits[i];
		bool is_first = i == 0 || w[-1].circle != w->circle;
		bool is_last = i + 1 == out.waits_count || w[1].circle != w->circle;

		if (is_first)
			printf("cycle: %d", w->pid);
		printf(" waits for %d%s", w->on_pid, is_last ? "\n" : "");
	}
	wire_msg_fini(m);
	return err;
}

int info_threads(int node_fd, struct wire_msg *m)
{
	int32_t after = 0;
	bool more = true;
	int err = 0;

	puts("    PID     TID STATE       WAITS FOR       NAME");
	while (err == 0 && more) {
		auto_free int32_t *pids = NULL;
		uint32_t n = 0;

		err = info_threads_pids(node_fd, m, after, &pids, &n, &more);
		for (uint32_t i = 0; err == 0 && i < n; i++) {
			/* A daemon is there once more, as its pretended death. */
			if (pids[i] != after)
				err = info_threads_of(node_fd, m, pids[i]);
			after = pids[i];
		}
	}
	return err == 0 ? info_threads_circles(node_fd, m) : err;
}
