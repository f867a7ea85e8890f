// SPDX-License-Identifier: Apache-2.0
/*
 * The calls that install a signal's action: all that glibc has, because each of
 * its own reaches the kernel without passing our sigaction(). They do what
 * glibc's do; SIGCHLD takes another way (sigchld.c), and behind the default of SIGSEGV
 * and SIGBUS stands a handler of ours (fault.c).
 */
#include "client/sigaction.h"

#include <errno.h>
#include <string.h>

#include "client/export.h"
#include "client/sigchld.h"
#include "message/fault.h"

/* Signals for which siginterrupt(n, 1) was called: signal() then sets no SA_RESTART. */
static uint64_t interrupting;

static bool is_interrupting(int signo)
{
	return __atomic_load_n(&interrupting, __ATOMIC_RELAXED) >> (signo - 1) & 1;
}

uint32_t sigaction_count = 1;

/* The handler of faults stands for the default, unseen. */
__attribute__((no_sanitize("thread"))) static int
set_fault_action(int signo, const struct sigaction *act, struct sigaction *ret_old)
{
	struct sigaction ours;

	if (act) {
		ours = *act;
		(void)fault_replaces_default(signo, &ours); /* the program's own otherwise */
	}
	if (__sigaction(signo, act ? &ours : NULL, ret_old) != 0)
		return -1;
	if (ret_old && fault_is_ours(ret_old)) {
		memset(ret_old, 0, sizeof(*ret_old));
		ret_old->sa_handler = SIG_DFL;
	}
	return 0;
}

__attribute__((no_sanitize("thread"))) static int set_action(int signo, const struct sigaction *act,
							     struct sigaction *ret_old)
{
	int r;

	if (signo == SIGCHLD)
		r = sigchld_action(act, ret_old);
	else if (signo == SIGSEGV || signo == SIGBUS)
		r = set_fault_action(signo, act, ret_old);
	else
		r = __sigaction(signo, act, ret_old);
	if (act)
		__atomic_fetch_add(&sigaction_count, 1, __ATOMIC_ACQ_REL);
	return r;
}

/* The runtime of TSan calls this before it is ready for code that it instruments. */
__attribute__((no_sanitize("thread"))) EXPORT int sigaction(int signo, const struct sigaction *act,
							    struct sigaction *oldact)
{
	return set_action(signo, act, oldact);
}

static sighandler_t install(int signo, sighandler_t handler, int flags, bool mask_own)
{
	struct sigaction act, old;

	if (handler == SIG_ERR || signo < 1 || signo >= NSIG) {
		errno = EINVAL;
		return SIG_ERR;
	}
	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	act.sa_flags = flags;
	sigemptyset(&act.sa_mask);
	if (mask_own)
		(void)sigaddset(&act.sa_mask, signo); /* a reserved one: refused below */
	return set_action(signo, &act, &old) == 0 ? old.sa_handler : SIG_ERR;
}

EXPORT sighandler_t signal(int signo, sighandler_t handler)
{
	bool interrupts = signo >= 1 && signo < NSIG && is_interrupting(signo);

	return install(signo, handler, interrupts ? 0 : SA_RESTART, true);
}

EXPORT sighandler_t ssignal(int signo, sighandler_t handler)
{
	return signal(signo, handler);
}

sighandler_t bsd_signal(int signo, sighandler_t handler);
EXPORT sighandler_t bsd_signal(int signo, sighandler_t handler)
{
	return signal(signo, handler);
}

EXPORT sighandler_t sysv_signal(int signo, sighandler_t handler)
{
	return install(signo, handler, (int)(SA_RESETHAND | SA_NODEFER), false);
}

/* What signal() is for a program compiled with neither BSD's nor POSIX's rules. */
EXPORT sighandler_t __sysv_signal(int signo, sighandler_t handler)
{
	return sysv_signal(signo, handler);
}

EXPORT int siginterrupt(int signo, int flag)
{
	struct sigaction act;

	if (signo < 1 || signo >= NSIG) {
		errno = EINVAL;
		return -1;
	}
	if (set_action(signo, NULL, &act) != 0)
		return -1;
	if (flag) {
		__atomic_fetch_or(&interrupting, UINT64_C(1) << (signo - 1), __ATOMIC_RELAXED);
		act.sa_flags &= ~SA_RESTART;
	} else {
		__atomic_fetch_and(&interrupting, ~(UINT64_C(1) << (signo - 1)), __ATOMIC_RELAXED);
		act.sa_flags |= SA_RESTART;
	}
	return set_action(signo, &act, NULL);
}

EXPORT int sigignore(int signo)
{
	return install(signo, SIG_IGN, 0, false) == SIG_ERR ? -1 : 0;
}

/* SIG_HOLD blocks and leaves the action; anything else sets it and unblocks. */
EXPORT sighandler_t sigset(int signo, sighandler_t disp)
{
	sigset_t set, old_set;
	struct sigaction old;
	sighandler_t former;

	if (disp == SIG_ERR || signo < 1 || signo >= NSIG) {
		errno = EINVAL;
		return SIG_ERR;
	}
	sigemptyset(&set);
	if (sigaddset(&set, signo) < 0)
		return SIG_ERR;
	if (disp == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &set, &old_set) < 0)
			return SIG_ERR;
		if (sigismember(&old_set, signo))
			return SIG_HOLD;
		return set_action(signo, NULL, &old) == 0 ? old.sa_handler : SIG_ERR;
	}
	former = install(signo, disp, 0, false);
	if (former == SIG_ERR || sigprocmask(SIG_UNBLOCK, &set, &old_set) < 0)
		return SIG_ERR;
	return sigismember(&old_set, signo) ? SIG_HOLD : former;
}
