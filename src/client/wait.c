// SPDX-License-Identifier: Apache-2.0
/*
 * wait(), waitpid(), wait3(), wait4(), waitid().
 *
 * Every form is one question to the manager, who knows the managed children;
 * the kernel is asked first, for native ones, which costs 0.2 us when there are
 * none. A pid is managed or native, never both. A wait that both kinds fit, and
 * that must block, asks both and sleeps until either has news.
 *
 * A program that has no page and was started outside any node has native
 * children only, and nobody is asked about others.
 *
 * Addresses are looked at before anything is collected: a bad one is EFAULT, and
 * the child stays.
 *
 * differs: a thread that blocks for any child does not notice a native child
 * that another thread makes meanwhile.
 */
#include "client/wait.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "client/call.h"
#include "client/export.h"
#include "client/nap.h"
#include "client/native.h"
#include "client/node.h"
#include "client/pidfd.h"
#include "client/result.h"
#include "client/sigchld.h"
#include "client/writable.h"

#define NEWS_OPTIONS   (WEXITED | WSTOPPED | WCONTINUED)
/* Bits that say which native children are meant, and nothing to the manager. */
#define NATIVE_OPTIONS ((int)(__WALL | __WCLONE | __WNOTHREAD))
/* of <sys/wait.h>, for programs compiled for QNX */
#define WAIT_TRAPPED   0x00100000

/* A sleep looks at the node after so long, however quiet it is. */
#define SLICE_MS       1000u
/* Where a native child's end wakes nobody: look after so long, then after twice as long. */
#define BLIND_FIRST_MS 1u
#define BLIND_LAST_MS  20u

/* Threads that block on a cell, which the page has only so many of. */
static uint32_t blocked;

static void usage_to_rusage(const struct usage *use, struct rusage *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ru_utime.tv_sec = (time_t)(use->utime / 1000000);
	ret->ru_utime.tv_usec = (suseconds_t)(use->utime % 1000000);
	ret->ru_stime.tv_sec = (time_t)(use->stime / 1000000);
	ret->ru_stime.tv_usec = (suseconds_t)(use->stime % 1000000);
	ret->ru_maxrss = (long)use->maxrss;
	ret->ru_minflt = (long)use->minflt;
	ret->ru_majflt = (long)use->majflt;
	ret->ru_inblock = (long)use->inblock;
	ret->ru_oublock = (long)use->oublock;
	ret->ru_nvcsw = (long)use->nvcsw;
	ret->ru_nivcsw = (long)use->nivcsw;
}

static int managed_result(const struct proto_wait_out *out, struct wait_found *ret)
{
	sigchld_tidy();
	if (out->pid == 0)
		return 0;
	ret->pid = out->pid;
	ret->uid = out->uid;
	ret->code = out->code;
	ret->status = out->status;
	usage_to_rusage(&out->use, &ret->use);
	return 1;
}

static struct proto_wait_in managed_query(const struct wait_query *query)
{
	return (struct proto_wait_in){
		.idtype = (uint32_t)query->idtype,
		.id = query->id,
		.options = (uint32_t)(query->options & (NEWS_OPTIONS | WNOHANG | WNOWAIT)),
	};
}

/* 1 found; 0 not yet; -ECHILD; or what a call to the manager fails with. */
static int managed_try(const struct wait_query *query, struct wait_found *ret)
{
	struct proto_wait_in in = managed_query(query);
	struct proto_wait_out out;
	int r;

	in.options |= W_NOHANG;
	r = call_wait(&in, &out);
	return r < 0 ? r : managed_result(&out, ret);
}

/* From here on the manager wakes who sleeps on the word, if it is not *ret_value any more. */
static uint32_t *news_listen(struct page *page, uint32_t *ret_value)
{
	__atomic_fetch_add(&page->head.news_waiters, 1, __ATOMIC_SEQ_CST);
	*ret_value = __atomic_load_n(&page->head.news, __ATOMIC_SEQ_CST);
	return &page->head.news;
}

/* Who leaves without it, by longjmp() or cancelled, costs a needless wake now and then. */
static void news_unlisten(struct page *page)
{
	__atomic_fetch_sub(&page->head.news_waiters, 1, __ATOMIC_SEQ_CST);
}

/* All cells that may be blocked on are: ask, sleep until children change, ask again. */
static int managed_wait_asking(const struct wait_query *query, struct wait_found *ret)
{
	struct nap_word word = {.shared = true};
	int r = 0;

	while (r == 0) {
		struct page *page = node_page_mine();

		if (!page)
			return -ECHILD;
		word.word = news_listen(page, &word.value);
		r = managed_try(query, ret);
		if (r == 0 && nap(&word, 1, SLICE_MS) == -EINTR)
			r = -EINTR;
		news_unlisten(page);
	}
	return r;
}

static void unblock(void *unused)
{
	(void)unused;
	__atomic_fetch_sub(&blocked, 1, __ATOMIC_RELAXED);
}

/* Of one child, and nothing else. */
static bool waits_for_end(const struct wait_query *query)
{
	return query->idtype == P_PID && !(query->options & (WSTOPPED | WCONTINUED | WNOWAIT));
}

static int managed_wait_once(const struct wait_query *query, struct wait_found *ret)
{
	struct proto_wait_in in = managed_query(query);
	struct proto_wait_out out;
	uint8_t body[sizeof(in)];
	int r;

	if (query->options & WNOHANG)
		return managed_try(query, ret);
	if (__atomic_fetch_add(&blocked, 1, __ATOMIC_RELAXED) >= PAGE_CELLS_BLOCKING) {
		unblock(NULL);
		return managed_wait_asking(query, ret);
	}
	pthread_cleanup_push(unblock, NULL);
	r = proto_put_wait_in(body, sizeof(body), &in);
	if (r >= 0)
		r = call_cell_child(PROTO_WAIT, body, (size_t)r, &out, sizeof(out),
				    waits_for_end(query) ? query->id : 0);
	pthread_cleanup_pop(1);
	return r < 0 ? r : managed_result(&out, ret);
}

static int managed_wait(const struct wait_query *query, struct wait_found *ret)
{
	int r = managed_wait_once(query, ret);

	/* The signal that interrupts may be the child's own: the kernel, too, looks at its
	 * children first and at signals then. */
	if (r == -EINTR && managed_try(query, ret) == 1)
		return 1;
	return r;
}

struct both {
	const struct wait_query *query;
	struct native_listen listen;
	unsigned blind_ms;
};

/* One look at both: 1, or -ECHILD if neither has any, or 0. */
static int both_try(const struct wait_query *query, struct wait_found *ret)
{
	int native = native_try(query, ret);
	int managed;

	if (native != 0 && native != -ECHILD)
		return native;
	managed = managed_try(query, ret);
	return managed == -ECHILD ? native : managed;
}

static int both_sleep(struct both *b, uint32_t native_value, uint32_t news_value, struct page *page)
{
	struct nap_word words[] = {
		{.word = &page->head.news, .value = news_value, .shared = true},
		{.word = &native_word, .value = native_value},
	};
	unsigned ms = SLICE_MS;
	int r;

	if (!b->listen.sure) {
		ms = b->blind_ms;
		b->blind_ms = MIN(2 * b->blind_ms, BLIND_LAST_MS);
	}
	r = nap(words, ARRAY_LEN(words), ms);
	return r == -EINTR ? r : 0;
}

static void end_listening(void *both)
{
	native_listen_end(&((struct both *)both)->listen);
}

static int both_loop(struct both *b, struct wait_found *ret)
{
	int r = 0;

	while (r == 0) {
		uint32_t native_value = __atomic_load_n(&native_word, __ATOMIC_ACQUIRE);
		struct page *page = node_page_mine();
		uint32_t news_value;

		if (!page)
			return native_wait(b->query, ret);
		(void)news_listen(page, &news_value);
		r = both_try(b->query, ret);
		if (r == 0)
			r = both_sleep(b, native_value, news_value, page);
		news_unlisten(page);
		/* The signal that interrupts may be the child's own. */
		if (r == -EINTR && both_try(b->query, ret) == 1)
			r = 1;
	}
	return r;
}

static int both_wait(const struct wait_query *query, struct wait_found *ret)
{
	struct both b = {.query = query, .blind_ms = BLIND_FIRST_MS};
	int r;

	if (query->options & WNOHANG)
		return both_try(query, ret);
	native_listen_begin(&b.listen);
	pthread_cleanup_push(end_listening, &b);
	r = both_loop(&b, ret);
	pthread_cleanup_pop(1);
	return r;
}

/* May there be managed children? Attaches if so; a node that is gone has none. */
static bool wait_is_managed(void)
{
	return node_attached() || (node_is_expected() && node_attach() == 0);
}

int wait_any_form(const struct wait_query *query, struct wait_found *ret)
{
	int r;

	if (!wait_is_managed())
		return native_wait(query, ret);
	r = native_try(query, ret);
	if (r == -ECHILD)
		return managed_wait(query, ret);
	if (r != 0)
		return r;
	/* It has native children that fit; a node that is gone has none. */
	if (query->idtype == P_PID || node_is_down())
		return native_wait(query, ret);
	return both_wait(query, ret);
}

int wait_status(int code, int status)
{
	switch (code) {
	case CLD_EXITED:
		return W_EXITCODE(status & 0xff, 0);
	case CLD_DUMPED:
		return status | WCOREFLAG;
	case CLD_STOPPED:
	case CLD_TRAPPED:
		return W_STOPCODE(status);
	case CLD_CONTINUED:
		return __W_CONTINUED;
	default:
		return status;
	}
}

static int query_of_pid(pid_t pid, int options, struct wait_query *ret)
{
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | NATIVE_OPTIONS))
		return -EINVAL;
	if (pid == INT_MIN)
		return -ESRCH;
	ret->options = options | WEXITED;
	ret->idtype = P_PGID;
	ret->id = -pid;
	if (pid == -1) {
		ret->idtype = P_ALL;
		ret->id = 0;
	} else if (pid == 0) {
		ret->id = getpgrp();
	} else if (pid > 0) {
		ret->idtype = P_PID;
		ret->id = pid;
	}
	return 0;
}

static pid_t wait_for_pid(pid_t pid, int *ret_status, int options, struct rusage *ret_use)
{
	struct wait_query query;
	struct wait_found found;
	int saved = errno;
	int r = query_of_pid(pid, options, &query);

	if (r < 0)
		return result_errno(r);
	if (!writable_is(ret_status, sizeof(*ret_status)) ||
	    !writable_is(ret_use, sizeof(*ret_use)))
		return result_errno(-EFAULT);
	r = wait_any_form(&query, &found);
	if (r <= 0)
		return result_errno(r);
	if (ret_status)
		*ret_status = wait_status(found.code, found.status);
	if (ret_use)
		*ret_use = found.use;
	errno = saved;
	return found.pid;
}

EXPORT pid_t wait(int *stat_loc)
{
	return wait_for_pid(-1, stat_loc, 0, NULL);
}

EXPORT pid_t waitpid(pid_t pid, int *stat_loc, int options)
{
	return wait_for_pid(pid, stat_loc, options, NULL);
}

EXPORT pid_t wait3(int *stat_loc, int options, struct rusage *usage)
{
	return wait_for_pid(-1, stat_loc, options, usage);
}

EXPORT pid_t wait4(pid_t pid, int *stat_loc, int options, struct rusage *usage)
{
	return wait_for_pid(pid, stat_loc, options, usage);
}

/* -ECHILD: the process has ended and was collected, so nobody can wait for it. */
static int query_of_pidfd(int fd, struct wait_query *query)
{
	struct wait_found unused;
	struct wait_query peek = {P_PIDFD, fd, (query->options & ~WNOHANG) | WNOWAIT};
	int r = native_try(&peek, &unused);

	/* EBADF and EINVAL are the kernel's to say; with WNOHANG, EAGAIN is not meant. */
	if (r < 0 && r != -ECHILD && r != -EAGAIN)
		return r;
	r = pidfd_pid(fd);
	if (r < 0)
		return r;
	query->idtype = P_PID;
	query->id = r;
	return 0;
}

static int query_of_id(idtype_t idtype, id_t id, int options, struct wait_query *ret)
{
	if (options & WAIT_TRAPPED)
		options = (options & ~WAIT_TRAPPED) | WSTOPPED;
	if (!(options & NEWS_OPTIONS) ||
	    (options & ~(NEWS_OPTIONS | WNOHANG | WNOWAIT | NATIVE_OPTIONS)))
		return -EINVAL;
	ret->options = options;
	ret->idtype = idtype;
	ret->id = (pid_t)id;
	switch (idtype) {
	case P_ALL:
		ret->id = 0;
		return 0;
	case P_PID:
		return ret->id > 0 ? 0 : -EINVAL;
	case P_PGID:
		if (ret->id == 0)
			ret->id = getpgrp();
		return ret->id > 0 ? 0 : -EINVAL;
	case P_PIDFD:
		return ret->id >= 0 ? query_of_pidfd(ret->id, ret) : -EINVAL;
	default:
		return -EINVAL;
	}
}

/* A pidfd that does not block makes a wait that would block fail instead. */
static int wait_for_id(idtype_t idtype, id_t id, const struct wait_query *query,
		       struct wait_found *ret)
{
	struct wait_query once = *query;
	int r;

	if (idtype != P_PIDFD || (query->options & WNOHANG) || !pidfd_is_nonblocking((int)id))
		return wait_any_form(query, ret);
	once.options |= WNOHANG;
	r = wait_any_form(&once, ret);
	return r == 0 ? -EAGAIN : r;
}

EXPORT int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options)
{
	struct wait_query query;
	struct wait_found found = {0};
	int r = query_of_id(idtype, id, options, &query);

	if (r < 0)
		return result_errno(r);
	if (!writable_is(infop, sizeof(*infop)))
		return result_errno(-EFAULT);
	r = wait_for_id(idtype, id, &query, &found);
	if (r < 0)
		return result_errno(r);
	if (!infop)
		return 0;
	memset(infop, 0, sizeof(*infop));
	if (r == 0)
		return 0;
	infop->si_signo = SIGCHLD;
	infop->si_code = found.code;
	infop->si_pid = found.pid;
	infop->si_uid = found.uid;
	infop->si_status = found.status;
	return 0;
}
