// SPDX-License-Identifier: Apache-2.0
/*
 * Finding and keeping the node.
 *
 * What is true of one process only lies in a page that the kernel wipes in the
 * child of a fork (struct node_life), so that a child that was forked behind
 * our back is no more mistaken for its parent than one that was not. What stays
 * true in the child (which node, its socket) is ordinary memory.
 *
 * The socket sits among the hidden descriptors, and its inode is looked at
 * before each use: raw system calls may have closed it and put a file there.
 */
#include "client/node.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mask.h"
#include "client/call.h"
#include "client/guard.h"
#include "client/private.h"
#include "client/sigchld.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define NODE_LIFE_BYTES  4096
#define NODE_PAGE_BYTES  4096
/* 0.1 ms each */
#define NODE_BIRTH_LOOKS 5000
#define NODE_CROWD_NS    1000000
#define NODE_CROWD_LOOKS 5000

/* All zero before the attach, and again in a child. */
struct node_life {
	struct page *page;
	const struct node_page *node;
	pid_t self;
	uint32_t lock;
	uint32_t cells;                  /* a bit for each cell that a thread has */
	uint32_t cells_given;            /* futex: bumped at each give */
	const struct page_slot *born_in; /* in the parent's page */
};

static struct node_life *life;

/* Under life->lock, but for reading the descriptor. */
static char node_dir[PATH_MAX];
static struct guard_fd node_socket = GUARD_FD_NULL;
/* The mappings of the parent, which a child has no other use for. */
static struct page *mapped_page;
static struct node_page *mapped_node;

static struct node_life *life_get(void)
{
	struct node_life *l = __atomic_load_n(&life, __ATOMIC_ACQUIRE);
	struct node_life *expected = NULL;

	if (l)
		return l;
	l = mmap(NULL, NODE_LIFE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l == MAP_FAILED)
		return NULL;
	/* Where that is not possible, our own fork() does it. */
	(void)madvise(l, NODE_LIFE_BYTES, MADV_WIPEONFORK);
	if (__atomic_compare_exchange_n(&life, &expected, l, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return l;
	(void)munmap(l, NODE_LIFE_BYTES);
	return expected;
}

struct page *node_page_mine(void)
{
	struct node_life *l = __atomic_load_n(&life, __ATOMIC_ACQUIRE);

	return l ? __atomic_load_n(&l->page, __ATOMIC_ACQUIRE) : NULL;
}

bool node_attached(void)
{
	return node_page_mine() != NULL;
}

const struct node_page *node_shared(void)
{
	return node_attached() ? life->node : NULL;
}

pid_t node_self(void)
{
	return node_attached() ? life->self : getpid();
}

bool node_owns_guard(const struct guard_fd *g)
{
	return g == &node_socket;
}

const char *node_directory(void)
{
	return node_dir;
}

bool node_is_down(void)
{
	const struct node_page *node = node_shared();

	return node && __atomic_load_n(&node->state, __ATOMIC_ACQUIRE) == NODE_STATE_DOWN;
}

uint32_t node_epoch(void)
{
	const struct node_page *node = node_shared();

	return node ? __atomic_load_n(&node->epoch, __ATOMIC_ACQUIRE) : 0;
}

bool node_is_expected(void)
{
	const char *name = getenv(NODEDIR_ENV);

	return name && *name && strcmp(name, "none") != 0;
}

static __thread const struct page_slot *forking_in;

void node_forking(const struct page_slot *slot)
{
	forking_in = slot;
}

void node_forget(const struct page_slot *born_in)
{
	struct node_life *l = __atomic_load_n(&life, __ATOMIC_ACQUIRE);

	/* Attached by a handler of fork(), the child has let go of the parent's page. */
	if (!l || (l->page && l->self == getpid()))
		return;
	memset(l, 0, sizeof(*l));
	l->born_in = born_in;
}

/* The parent needs some microseconds; one that was killed or stopped more. */
static void node_await_birth(struct node_life *l)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000};
	const struct page_slot *slot = l->born_in ? l->born_in : forking_in;
	pid_t self = getpid();

	for (int i = 0; slot && i < NODE_BIRTH_LOOKS; i++) {
		int32_t pid = __atomic_load_n(&slot->pid, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != SLOT_STATE_LAUNCHING ||
		    (pid != 0 && pid != self))
			break;
		(void)nanosleep(&pause, NULL);
	}
	l->born_in = NULL;
}

/* Held for a few system calls, with all signals blocked. */
static void node_lock(struct node_life *l, sigset_t *ret_mask)
{
	const struct timespec pause = {.tv_nsec = 200 * 1000};

	mask_all(ret_mask);
	while (__atomic_exchange_n(&l->lock, 1, __ATOMIC_ACQUIRE))
		(void)nanosleep(&pause, NULL);
}

static void node_unlock(struct node_life *l, const sigset_t *mask)
{
	__atomic_store_n(&l->lock, 0, __ATOMIC_RELEASE);
	mask_restore(mask);
}

/* Under the lock. The node's name is known. */
static int node_open_socket(void)
{
	char path[PATH_MAX];
	int fd = -1;
	int rc = nodedir_request_path(node_dir, path, sizeof(path));

	if (rc == 0)
		rc = nodedir_check_owner(node_dir);
	if (rc == 0)
		rc = wire_connect(path, &fd);
	if (rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENOTDIR)
		return -EHOSTDOWN;
	return rc < 0 ? rc : guard_add(&node_socket, fd);
}

/* Under the lock. */
static int node_socket_verify(void)
{
	return guard_is_intact(&node_socket) ? 0 : node_open_socket();
}

static int node_reopen(void)
{
	struct node_life *l = life_get();
	sigset_t mask;
	int rc;

	if (!l)
		return -ENOMEM;
	node_lock(l, &mask);
	rc = node_socket_verify();
	node_unlock(l, &mask);
	return rc;
}

/* As many descriptors are under way as this user may have: others' too, and soon received. The
 * kernel says nothing when there is room again. */
static void node_await_crowd(void)
{
	struct timespec pause = {.tv_nsec = NODE_CROWD_NS};

	(void)syscall(SYS_ppoll, NULL, 0, &pause, NULL, 8); /* no cancellation point */
}

static int node_send_on(const struct wire_head *head, const void *body, const int *fds,
			unsigned n_fds)
{
	int rc = wire_send(guard_number(&node_socket), head, body, fds, n_fds);

	for (unsigned i = 0; rc == -ETOOMANYREFS && i < NODE_CROWD_LOOKS; i++) {
		node_await_crowd();
		rc = wire_send(guard_number(&node_socket), head, body, fds, n_fds);
	}
	/* The second send to a socket whose other side is gone says ENOTCONN. */
	return rc == -ECONNREFUSED || rc == -ENOTCONN || rc == -ENOENT ? -EHOSTDOWN : rc;
}

int node_send(const struct wire_head *head, const void *body, const int *fds, unsigned n_fds)
{
	int rc = 0;

	if (!guard_is_intact(&node_socket))
		rc = node_reopen();
	if (rc == 0)
		rc = node_send_on(head, body, fds, n_fds);
	if (rc != -EBADF && rc != -ENOTSOCK)
		return rc;
	/* Lost between the look and the use. */
	rc = node_reopen();
	return rc < 0 ? rc : node_send_on(head, body, fds, n_fds);
}

int node_ring(void)
{
	uint8_t body[sizeof(struct proto_ring_in)] = {0};

	return call_none(PROTO_RING, body, sizeof(body));
}

struct wire_msg *node_msg_new(void)
{
	void *m = mmap(NULL, sizeof(struct wire_msg), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

void node_msg_free(struct wire_msg *m)
{
	if (m)
		(void)munmap(m, sizeof(*m));
}

/* An answer over a socket has no cell: the word is the errno. */
static int node_answer_error(const struct wire_msg *m)
{
	return m->head.cell == WIRE_NO_CELL ? 0 : -(int)m->head.cell;
}

static int node_ask_once(const struct node_question *q, struct wire_msg *ret_m)
{
	struct wire_head head = {
		.request = q->request, .cell = WIRE_NO_CELL, .size = (uint32_t)q->len};
	int fds[WIRE_FDS_MAX];
	auto_fd mine = -1;
	int ends[2];
	int rc;

	if (q->n_fds >= WIRE_FDS_MAX)
		return -EMFILE;
	rc = wire_pair(ends);
	if (rc < 0)
		return rc;
	mine = ends[0];
	fds[0] = ends[1];
	if (q->n_fds)
		memcpy(fds + 1, q->fds, q->n_fds * sizeof(int));
	rc = q->is_locked ? node_send_on(&head, q->body, fds, q->n_fds + 1) :
			    node_send(&head, q->body, fds, q->n_fds + 1);
	fd_close(ends[1]);
	if (rc < 0)
		return rc;
	rc = wire_recv(mine, ret_m, 0);
	if (rc < 0)
		return rc;
	rc = node_answer_error(ret_m);
	if (rc < 0)
		wire_msg_fini(ret_m);
	return rc;
}

int node_ask(const struct node_question *q, struct wire_msg *ret_m)
{
	int rc;

	do {
		rc = node_ask_once(q, ret_m);
	} while (rc == -ECONNRESET && q->repeat && !node_is_down());
	return rc;
}

/* What the answer to the attach brings: our page and the node's. */
static int node_map(const struct wire_msg *m, const struct proto_attach_out *out)
{
	off_t at = (off_t)out->page * PAGE_BYTES;
	struct node_life *l = life;
	struct node_page *node;
	struct page *page;

	if (m->n_fds != 2)
		return -EPROTO;
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->fds[0], at);
	if (page == MAP_FAILED)
		return -ENOMEM;
	node = mmap(NULL, NODE_PAGE_BYTES, PROT_READ, MAP_SHARED, m->fds[1], 0);
	if (node == MAP_FAILED) {
		(void)munmap(page, PAGE_BYTES);
		return -ENOMEM;
	}
	if (mapped_page)
		(void)munmap(mapped_page, PAGE_BYTES);
	if (mapped_node)
		(void)munmap(mapped_node, NODE_PAGE_BYTES);
	mapped_page = page;
	mapped_node = node;
	l->self = getpid();
	l->node = node;
	__atomic_store_n(&l->page, page, __ATOMIC_RELEASE);
	return 0;
}

static int node_request_attach(void)
{
	struct proto_attach_in in = {.sigchld = sigchld_mode_now(),
				     .kernel_ppid = (int32_t)syscall(SYS_getppid)};
	struct proto_attach_out out;
	uint8_t body[sizeof(in)];
	struct node_question q = {
		.request = PROTO_ATTACH, .body = body, .repeat = true, .is_locked = true};
	struct wire_msg *m = node_msg_new();
	int rc;

	if (!m)
		return -ENOMEM;
	rc = proto_put_attach_in(body, sizeof(body), &in);
	if (rc >= 0) {
		q.len = (size_t)rc;
		rc = node_ask(&q, m);
	}
	if (rc == 0) {
		rc = proto_get_attach_out(m->body, m->len, &out);
		if (rc == 0)
			rc = node_map(m, &out);
		wire_msg_fini(m);
	}
	node_msg_free(m);
	return rc;
}

static int node_find(void)
{
	static bool is_said;
	int rc = nodedir_from_env(node_dir, sizeof(node_dir));

	if (rc == -ENOSYS && !is_said) {
		is_said = true;
		log_line("this program is to run without a node (%s=none): no process manager",
			 NODEDIR_ENV);
	}
	if (rc == -ENOENT) {
		rc = private_start(node_dir, sizeof(node_dir));
		/* For the children, and for what this process executes. */
		if (rc == 0)
			(void)setenv(NODEDIR_ENV, node_dir, 1);
	}
	if (rc < 0)
		node_dir[0] = 0;
	return rc;
}

static int node_attach_locked(void)
{
	int rc = node_dir[0] ? 0 : node_find();

	if (rc == 0)
		rc = node_socket_verify();
	if (rc < 0)
		return rc;
	node_await_birth(life);
	return node_request_attach();
}

int node_attach(void)
{
	struct node_life *l;
	sigset_t mask;
	int rc = 0;

	if (node_attached())
		return 0;
	l = life_get();
	if (!l)
		return -ENOMEM;
	node_lock(l, &mask);
	if (!l->page)
		rc = node_attach_locked();
	node_unlock(l, &mask);
	return rc;
}

unsigned node_cell_take(void)
{
	struct node_life *l = life;

	for (;;) {
		uint32_t given = __atomic_load_n(&l->cells_given, __ATOMIC_ACQUIRE);

		for (unsigned cell = 0; cell < PAGE_CELLS; cell++) {
			uint32_t bit = 1u << cell;

			if (__atomic_load_n(&l->cells, __ATOMIC_RELAXED) & bit)
				continue;
			if (!(__atomic_fetch_or(&l->cells, bit, __ATOMIC_ACQUIRE) & bit))
				return cell;
		}
		(void)syscall(SYS_futex, &l->cells_given, FUTEX_WAIT_PRIVATE, given, NULL);
	}
}

void node_cell_give(unsigned cell)
{
	struct node_life *l = life;
	uint32_t before = __atomic_fetch_and(&l->cells, ~(1u << cell), __ATOMIC_RELEASE);

	__atomic_fetch_add(&l->cells_given, 1, __ATOMIC_RELEASE);
	/* Only with all taken can somebody be waiting. */
	if (before == (1u << PAGE_CELLS) - 1)
		(void)syscall(SYS_futex, &l->cells_given, FUTEX_WAKE_PRIVATE, INT_MAX);
}
