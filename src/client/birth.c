// SPDX-License-Identifier: Apache-2.0
/*
 * The program's half of what page.msg says of enum slot_state.
 *
 * Nobody waits for the manager here: it has granted the slots beforehand, and
 * looks at what became of them when it next hears of us. The order is what makes
 * this safe against our own death. LAUNCHING comes first, then the flags, then
 * the clone, in which the kernel writes the pid before the child runs: so
 * whoever finds a pid finds the flags that belong to it, and a child without its
 * pid in a slot cannot be. A slot that is given back has pid and error 0.
 */
#include "client/birth.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/node.h"
#include "client/remote.h"
#include "gen/proto.h"
#include "message/connection.h"

/* That many at once are asked for when there is none. */
#define BIRTH_WANTED 8
/* How often to look again while other threads have all slots, 0.1 ms each. */
#define BIRTH_LOOKS  20000

static bool birth_move(struct page_slot *slot, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static bool birth_take(struct birth *b)
{
	for (unsigned i = 0; i < PAGE_SLOTS; i++) {
		struct page_slot *slot = &b->page->slots[i];

		if (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) == SLOT_STATE_GRANTED &&
		    birth_move(slot, SLOT_STATE_GRANTED, SLOT_STATE_LAUNCHING)) {
			b->slot = slot;
			b->index = i;
			return true;
		}
	}
	return false;
}

/* Have other threads births under way? The kernel only knows when they end. */
static bool birth_is_busy(const struct page *page)
{
	for (unsigned i = 0; i < PAGE_SLOTS; i++)
		if (__atomic_load_n(&page->slots[i].state, __ATOMIC_RELAXED) != SLOT_STATE_FREE)
			return true;
	return false;
}

/*
 * Have slots granted. -EAGAIN from the manager is a full table only if no slot
 * is in use: what others are launching would be room in a moment.
 */
static int birth_take_granted(struct birth *b)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000};

	for (int i = 0; i < BIRTH_LOOKS; i++) {
		struct proto_slots_in in = {.want = BIRTH_WANTED};
		struct proto_slots_out out;
		int rc = call_slots(&in, &out);

		if (birth_take(b))
			return 0;
		if (rc < 0 && (rc != -EAGAIN || !birth_is_busy(b->page)))
			return rc;
		(void)nanosleep(&pause, NULL);
	}
	return -EAGAIN;
}

static int birth_prepare(struct birth *b, uint32_t flags)
{
	int rc = node_attach();

	if (rc < 0)
		return rc;
	b->page = node_page_mine();
	b->route = (enum birth_route)__atomic_load_n(&b->page->head.route, __ATOMIC_ACQUIRE);
	if (!birth_take(b)) {
		rc = birth_take_granted(b);
		if (rc < 0)
			return rc;
	}
	__atomic_store_n(&b->slot->pid, 0, __ATOMIC_RELAXED);
	b->slot->error = 0;
	b->slot->flags = flags;
	return 0;
}

int birth_begin(struct birth *b, uint32_t flags)
{
	int rc;

	connection_birth_begins();
	rc = birth_prepare(b, flags);
	if (rc < 0)
		connection_birth_ended();
	return rc;
}

/* The manager knew before we said so: the slot is ours to give back. */
static void birth_give(struct birth *b)
{
	__atomic_store_n(&b->slot->pid, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&b->slot->error, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&b->slot->state, SLOT_STATE_FREE, __ATOMIC_RELEASE);
}

void birth_done(struct birth *b)
{
	const struct node_page *node = node_shared();

	connection_birth_ended();
	if (!birth_move(b->slot, SLOT_STATE_LAUNCHING, SLOT_STATE_BORN))
		birth_give(b);
	if (node && __atomic_load_n(&node->want_births, __ATOMIC_RELAXED))
		(void)node_ring(); /* a node that is gone wants nothing */
}

void birth_fail(struct birth *b, pid_t left)
{
	struct proto_births_in in = {{0}};
	struct proto_births_out out;

	connection_birth_ended();
	if (left == 0) {
		__atomic_store_n(&b->slot->pid, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&b->slot->error, 0, __ATOMIC_RELAXED);
		/* Still granted: for the next one. */
		if (!birth_move(b->slot, SLOT_STATE_LAUNCHING, SLOT_STATE_GRANTED))
			birth_give(b);
		return;
	}
	if (!birth_move(b->slot, SLOT_STATE_LAUNCHING, SLOT_STATE_FAILED)) {
		birth_give(b);
		return;
	}
	(void)call_births(&in, &out); /* a manager that is gone collects nothing */
}

static enum launch_route birth_launch_route(const struct birth *b)
{
	return b->route == BIRTH_ROUTE_SIBLING ? LAUNCH_SIBLING : LAUNCH_ORPHAN;
}

/* No process can put a child of its own into another session that is there already: what
 * the helper makes would not have our terminal. A native child does, but is a zombie. */
static bool birth_is_elsewhere(const struct birth *b)
{
	const struct node_page *node = node_shared();

	return !(b->slot->flags & SLOT_FLAG_NOZOMBIE) && node &&
	       syscall(SYS_getsid, 0) != syscall(SYS_getsid, node->manager_pid);
}

int birth_launch(struct launch *l, uint32_t flags, pid_t *ret_pid)
{
	struct birth b;
	pid_t pid = 0;
	bool is_own_environ = l->envp == environ;
	int rc = birth_begin(&b, l->flags & LAUNCH_HOLD ? flags | SLOT_FLAG_HELD : flags);

	if (rc < 0)
		return rc;
	/* It may have made a node and named it there. */
	if (is_own_environ)
		l->envp = environ;
	if (b.route == BIRTH_ROUTE_REMOTE && birth_is_elsewhere(&b)) {
		b.slot->flags |= SLOT_FLAG_NATIVE;
		l->pid = &b.slot->pid;
		l->error = &b.slot->error;
		rc = launch_run(l, LAUNCH_CHILD, &pid);
	} else if (b.route == BIRTH_ROUTE_REMOTE) {
		rc = remote_launch(&b, l, &pid);
	} else {
		l->pid = &b.slot->pid;
		l->error = &b.slot->error;
		rc = launch_run(l, birth_launch_route(&b), &pid);
	}
	if (rc < 0) {
		birth_fail(&b, pid);
		return rc;
	}
	birth_done(&b);
	*ret_pid = pid;
	return 0;
}
