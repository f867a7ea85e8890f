// SPDX-License-Identifier: Apache-2.0
/*
 * SIGCHLD.
 *
 * The manager is not our parent's kernel: it may not send a SIGCHLD that says
 * CLD_EXITED (the kernel refuses such codes from another process), and of two
 * that are pending the kernel keeps one. So it writes each death into the ring
 * of our page and then sends one SIGCHLD that says nothing, a *kick*. Whoever
 * gets the kick out of the kernel, a handler, sigwaitinfo() or a read of a
 * signalfd, takes one death from the ring and tells that one. If more lie
 * there it kicks its own process first, so that SIGCHLD is pending again as it
 * would be with a queue; a handler that leaves by longjmp() loses nothing.
 *
 * A program's handler stands behind a trampoline of ours. What the kernel does
 * with a handler's flags and mask it does with ours, which has the same ones;
 * only SA_RESETHAND is done here, because a kick may bring no news (another
 * thread was quicker), and then the handler has not run.
 *
 * While SIGCHLD is neither blocked nor caught the kernel drops kicks, and their
 * deaths stay in the ring, told to nobody. They must not be told later as if
 * they were new. The kick carries the serial of the death it was sent for: of
 * several kicks the oldest is the one that stays pending, so what is older than
 * its serial came while nobody listened. Two things are not forgotten for that:
 * what a taker has left, whose own kick may have come behind a newer one; and
 * anything while two threads are at it, as one may hold an older kick whose
 * death it has not taken yet. Where a handler is installed only what lay in the
 * ring before it came is forgotten.
 *
 * SIGCHLDs that the kernel or another program sends pass unchanged.
 */
#include "client/sigchld.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/native.h"
#include "client/node.h"
#include "client/ring.h"
#include "client/sigaction.h"
#include "gen/proto.h"

/* How many handlers may be installed while a trampoline is about to call one. */
#define USERS 16

struct sigchld_user {
	union {
		void (*plain)(int signo);
		void (*full)(int signo, siginfo_t *info, void *context);
	} call;
	int flags;
};

/*
 * The program's handlers, the newest at user_at. It counts only while the
 * kernel has our trampoline: the kernel knows what is installed, and in a
 * vfork child it knows better than this memory, which is its parent's.
 */
static struct sigchld_user users[USERS];
static uint32_t user_at;

/* Deaths in the page of process @pid below @serial were told before the handler came. */
static struct {
	pid_t pid;
	uint32_t serial;
} told_before;

static uint32_t takers;

/* What lies in the page of process @pid from @serial on was left by a taker. */
static struct {
	pid_t pid;
	uint32_t serial;
} left;

static struct page *page_of_this(void)
{
	struct page *page = node_page_mine();

	return page && page->head.pid == (pid_t)syscall(SYS_getpid) ? page : NULL;
}

static uint32_t told_before_of(const struct page *page)
{
	return told_before.pid == page->head.pid ? told_before.serial : 0;
}

static void sigchld_trampoline(int signo, siginfo_t *info, void *context);

bool sigchld_is_caught(void)
{
	struct sigaction action;

	return __sigaction(SIGCHLD, NULL, &action) == 0 &&
	       action.sa_sigaction == sigchld_trampoline;
}

static uint32_t older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0 ? a : b;
}

static void sigchld_forget_old(struct page *page, uint32_t serial, bool in_handler)
{
	uint32_t floor = told_before_of(page);

	if (in_handler || sigchld_is_caught()) {
		serial = older(floor, serial);
	} else if (__atomic_load_n(&takers, __ATOMIC_ACQUIRE) > 1) {
		return;
	}
	if (__atomic_load_n(&left.pid, __ATOMIC_ACQUIRE) == page->head.pid)
		serial = older(__atomic_load_n(&left.serial, __ATOMIC_RELAXED), serial);
	ring_drop_before(page, serial);
}

/* After a death was taken, or a SIGCHLD that may stand for some: what now lies there is news. */
static enum sigchld_news sigchld_note_left(struct page *page)
{
	if (ring_count(page) > 0) {
		__atomic_store_n(&left.serial, ring_serial(page), __ATOMIC_RELAXED);
		__atomic_store_n(&left.pid, page->head.pid, __ATOMIC_RELEASE);
		return SIGCHLD_MORE;
	}
	if (__atomic_load_n(&takers, __ATOMIC_ACQUIRE) <= 1)
		__atomic_store_n(&left.pid, 0, __ATOMIC_RELEASE);
	return SIGCHLD_LAST;
}

/* A kick came from before exec: the page it is about is gone. Ask who is dead. */
static void sigchld_ask(siginfo_t *info, bool in_handler)
{
	struct proto_wait_in in = {
		.idtype = WHO_ALL,
		.options = W_EXITED | W_NOHANG | W_NOWAIT,
	};
	struct proto_wait_out out = {0};

	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_code = CLD_EXITED;
	if (in_handler || call_wait(&in, &out) < 0 || out.pid == 0)
		return;
	info->si_code = out.code;
	info->si_pid = out.pid;
	info->si_uid = out.uid;
	info->si_status = out.status;
}

/*
 * The ring is empty and the manager has more: have it filled. The second call
 * is answered after the first one is done, and that is all that it is for.
 */
static void sigchld_refill(bool in_handler)
{
	struct proto_births_in in = {0};
	struct proto_births_out out;

	(void)node_ring(); /* a kick will come; if not, the node is gone */
	if (!in_handler)
		(void)call_births(&in, &out); /* as above */
}

enum sigchld_news sigchld_next(siginfo_t *ret_info, bool in_handler)
{
	struct page *page = node_page_mine();
	struct page_death death;

	if (!page || !ring_take(page, &death))
		return SIGCHLD_NOTHING;
	ring_siginfo(&death, ret_info);
	if (ring_count(page) == 0 && __atomic_load_n(&page->head.ring_more, __ATOMIC_ACQUIRE))
		sigchld_refill(in_handler);
	return sigchld_note_left(page);
}

/* What is left of a kick when the kernel had no memory for its value. */
static bool is_bare(const siginfo_t *info)
{
	return info->si_code == SI_USER && info->si_pid == 0 && info->si_uid == 0;
}

enum sigchld_news sigchld_resolve(siginfo_t *info, bool in_handler)
{
	struct page *page = node_page_mine();
	uint32_t serial = 0;

	if (ring_is_kick(info, &serial)) {
		if (!page) {
			sigchld_ask(info, in_handler);
			return SIGCHLD_LAST;
		}
		sigchld_forget_old(page, serial, in_handler);
		return sigchld_next(info, in_handler);
	}
	if (info->si_code > 0)
		native_note();
	if (!page || ring_count(page) == 0)
		return SIGCHLD_LAST;
	/* It may have kept a kick from getting through. */
	if (in_handler || sigchld_is_caught())
		ring_drop_before(page, told_before_of(page));
	if (is_bare(info) && ring_count(page) > 0)
		return sigchld_next(info, in_handler);
	return sigchld_note_left(page);
}

void sigchld_kick(void)
{
	const struct page *page = node_page_mine();
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGCHLD;
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)syscall(SYS_getpid);
	info.si_uid = getuid();
	info.si_value = ring_kick_value(page ? ring_serial(page) : 0);
	/* Cannot fail: to oneself, and a lost value is taken for a kick as well. */
	(void)syscall(SYS_rt_sigqueueinfo, info.si_pid, SIGCHLD, &info);
}

void sigchld_take_begin(void)
{
	__atomic_fetch_add(&takers, 1, __ATOMIC_RELAXED);
}

void sigchld_take_end(void)
{
	__atomic_fetch_sub(&takers, 1, __ATOMIC_RELAXED);
}

static bool is_blocked_here(int signo)
{
	sigset_t mask;

	sigemptyset(&mask);
	return sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, signo) == 1;
}

/*
 * A program that never looks at SIGCHLD fills the ring, and then keeps entries
 * of the manager's table. A thread that has it neither blocked nor caught shows
 * that kicks are dropped now, so that what lies there is nobody's.
 */
void sigchld_tidy(void)
{
	struct page *page = node_page_mine();

	if (!page || ring_count(page) < PAGE_RING / 2)
		return;
	if (sigchld_is_caught() || is_blocked_here(SIGCHLD))
		return;
	ring_drop(page);
	if (__atomic_load_n(&page->head.ring_more, __ATOMIC_ACQUIRE))
		(void)node_ring(); /* the next one tries again */
}

static uint32_t sigchld_mode_of(const struct sigaction *action)
{
	uint32_t mode = SIGCHLD_MODE_CAUGHT;

	if (action->sa_handler == SIG_IGN)
		mode = SIGCHLD_MODE_IGNORE;
	else if (action->sa_flags & SA_NOCLDWAIT)
		mode = SIGCHLD_MODE_NOCLDWAIT;
	else if (action->sa_handler == SIG_DFL)
		mode = SIGCHLD_MODE_DEFAULT;
	return action->sa_flags & SA_NOCLDSTOP ? mode | SIGCHLD_MODE_NOCLDSTOP : mode;
}

uint32_t sigchld_mode_now(void)
{
	struct sigaction action;

	return __sigaction(SIGCHLD, NULL, &action) == 0 ? sigchld_mode_of(&action) :
							  SIGCHLD_MODE_DEFAULT;
}

static bool is_function(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

/*
 * The page says how it is from now on, for the next manager; this one is told,
 * so that the next death is dealt with in the new way.
 */
static void sigchld_publish(const struct sigaction *action)
{
	struct page *page = page_of_this();
	struct proto_sigchld_in in = {.mode = sigchld_mode_of(action)};
	struct proto_sigchld_out out;

	if (!page || __atomic_exchange_n(&page->head.sigchld, in.mode, __ATOMIC_ACQ_REL) == in.mode)
		return;
	(void)call_sigchld(&in, &out); /* a node that is gone has no deaths to tell */
}

static void sigchld_reset(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	if (__sigaction(SIGCHLD, &action, NULL) == 0)
		sigchld_publish(&action);
}

static void sigchld_call(const struct sigchld_user *user, siginfo_t *info, void *context)
{
	if (user->flags & SA_SIGINFO)
		user->call.full(SIGCHLD, info, context);
	else
		user->call.plain(SIGCHLD);
}

static const struct sigchld_user *sigchld_user(void)
{
	return &users[__atomic_load_n(&user_at, __ATOMIC_ACQUIRE) % USERS];
}

static void sigchld_trampoline(int signo, siginfo_t *info, void *context)
{
	const struct sigchld_user *user = sigchld_user();
	int saved = errno;
	enum sigchld_news news = sigchld_resolve(info, true);

	(void)signo; /* installed for SIGCHLD only */
	if (news == SIGCHLD_NOTHING) {
		errno = saved;
		return;
	}
	if (user->flags & SA_RESETHAND) {
		sigchld_reset();
		news = SIGCHLD_LAST;
	}
	/* With SA_NODEFER a kick would come at once, and nest as deep as there are deaths. */
	if (news == SIGCHLD_MORE && !(user->flags & SA_NODEFER))
		sigchld_kick();
	errno = saved;
	sigchld_call(user, info, context);
	if (!(user->flags & SA_NODEFER))
		return;
	while (news == SIGCHLD_MORE) {
		news = sigchld_next(info, true);
		if (news != SIGCHLD_NOTHING)
			sigchld_call(sigchld_user(), info, context);
	}
}

/* The kernel is given ours in place of the program's. */
static void sigchld_wrap(struct sigaction *action)
{
	uint32_t at = __atomic_load_n(&user_at, __ATOMIC_RELAXED) + 1;
	struct sigchld_user *user = &users[at % USERS];

	user->flags = action->sa_flags;
	if (action->sa_flags & SA_SIGINFO)
		user->call.full = action->sa_sigaction;
	else
		user->call.plain = action->sa_handler;
	__atomic_store_n(&user_at, at, __ATOMIC_RELEASE);
	action->sa_sigaction = sigchld_trampoline;
	action->sa_flags = (action->sa_flags | SA_SIGINFO) & ~SA_RESETHAND;
}

static void sigchld_unwrap(const struct sigchld_user *user, struct sigaction *action)
{
	if (action->sa_sigaction != sigchld_trampoline)
		return;
	action->sa_flags = user->flags;
	if (user->flags & SA_SIGINFO)
		action->sa_sigaction = user->call.full;
	else
		action->sa_handler = user->call.plain;
}

static void sigchld_note_told(void)
{
	struct page *page = page_of_this();
	uint32_t serial;

	if (!page || !ring_next_serial(page, &serial))
		return;
	told_before.serial = serial;
	told_before.pid = page->head.pid;
}

int sigchld_action(const struct sigaction *act, struct sigaction *ret_old)
{
	struct sigchld_user former = *sigchld_user();
	struct sigaction ours, old;

	if (act) {
		ours = *act;
		if (is_function(act)) {
			if (!sigchld_is_caught())
				sigchld_note_told();
			sigchld_wrap(&ours);
		}
	}
	if (__sigaction(SIGCHLD, act ? &ours : NULL, &old) != 0)
		return -1;
	if (act)
		sigchld_publish(act);
	sigchld_unwrap(&former, &old);
	if (ret_old)
		*ret_old = old;
	return 0;
}
