// SPDX-License-Identifier: Apache-2.0
/* One wait for everything that can happen to the manager. */
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "procmgr/state.h"

int loop_add(struct manager *m, int fd, enum source source, uint32_t index, bool edge)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (edge ? (uint32_t)EPOLLET : 0),
		.data.u64 = (uint64_t)index << 8 | source,
	};

	return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

uint64_t loop_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void loop_clock(struct manager *m)
{
	m->now_ms = loop_now();
}

static void dispatch(struct manager *m, const struct epoll_event *ev)
{
	uint32_t index = (uint32_t)(ev->data.u64 >> 8);

	switch ((enum source)(ev->data.u64 & 0xff)) {
	case SOURCE_REQUEST:
		request_ready(m);
		break;
	case SOURCE_SIGNAL:
		watch_signals(m);
		break;
	case SOURCE_TIMER:
		sweep_timer(m);
		break;
	case SOURCE_PROCESS:
		watch_ready(m, index, ev->events);
		break;
	case SOURCE_AGENT:
		agents_ready(m, index);
		break;
	case SOURCE_ANCHOR_GONE:
		m->ended = true;
		break;
	case SOURCE_HELPER:
		helper_ready(m);
		break;
	}
}

int loop_run(struct manager *m)
{
	struct epoll_event events[64];

	while (!m->ended) {
		int n = epoll_wait(m->epoll_fd, events, 64, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		loop_clock(m);
		for (int i = 0; i < n; i++)
			dispatch(m, &events[i]);
	}
	return 0;
}
