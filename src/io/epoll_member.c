// SPDX-License-Identifier: Apache-2.0
#include "io/epoll_set.h"

#include "io/waiter.h"
#include "message/ready.h"

#define ALWAYS ((uint32_t)EPOLLERR | EPOLLHUP)

static struct epoll_members spare = TAILQ_HEAD_INITIALIZER(spare);

void epoll_set_update_bell(struct epoll_set *set)
{
	bool rings = !TAILQ_EMPTY(&set->news);

	if (rings == set->is_rung)
		return;
	__atomic_store_n(&set->is_rung, rings, __ATOMIC_RELEASE);
	if (rings)
		bell_ring(&set->bell);
	else
		bell_hush(&set->bell);
}

void epoll_member_to_news(struct epoll_member *m)
{
	m->state = NEWS;
	m->has_news = false;
	TAILQ_INSERT_TAIL(&m->set->news, m, of_state);
	epoll_set_update_bell(m->set);
}

void epoll_member_tell(struct watcher *w)
{
	struct epoll_member *m = (struct epoll_member *)w;

	if (m->state == QUIET)
		epoll_member_to_news(m);
	else
		m->has_news = true;
}

void epoll_member_ask(struct epoll_member *m)
{
	m->state = ASKED;
	m->asker = pthread_self();
	m->has_news = false;
}

void epoll_member_free(struct epoll_member *m)
{
	TAILQ_INSERT_HEAD(&spare, m, of_set);
}

void epoll_member_remove(struct epoll_member *m)
{
	struct epoll_set *set = m->set;

	watch_unlist(&m->watcher);
	TAILQ_REMOVE(&set->members, m, of_set);
	m->set = NULL;
	if (m->state == ASKED)
		return;
	if (m->state == NEWS) {
		TAILQ_REMOVE(&set->news, m, of_state);
		epoll_set_update_bell(set);
	}
	epoll_member_free(m);
}

struct epoll_member *epoll_member_find(const struct epoll_set *set, int fd)
{
	for (struct watcher *w = watch_first(fd), *next; w; w = next) {
		struct epoll_member *m = (struct epoll_member *)w;

		next = w->next;
		if (w->tell != epoll_member_tell || m->set != set)
			continue;
		if (watch_is_open(w))
			return m;
		epoll_member_remove(m);
	}
	return NULL;
}

struct epoll_member *epoll_member_new(void)
{
	struct epoll_member *m = TAILQ_FIRST(&spare);

	if (m)
		TAILQ_REMOVE(&spare, m, of_set);
	else
		m = ready_alloc(sizeof(*m));
	if (!m)
		return NULL;
	m->watcher.tell = epoll_member_tell;
	m->watcher.stays = true;
	m->state = QUIET;
	m->has_news = false;
	return m;
}

void epoll_member_wish(struct epoll_member *m, const struct epoll_event *ev)
{
	m->events = ev->events | ALWAYS;
	m->data = ev->data;
	m->version++;
	m->watcher.wants = watch_conditions(ev->events);
	m->watcher.is_edge = ev->events & EPOLLET;
}

bool epoll_member_is_kept(struct epoll_member *m)
{
	if (m->set)
		return true;
	epoll_member_free(m);
	return false;
}
