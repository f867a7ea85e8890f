// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting for native children is the kernel's work. Only a sleep for native and
 * managed children at once needs more: the manager wakes a word in the page,
 * and the SIGCHLD of a native child another one, native_word. A handler of the
 * program's does that by our trampoline. Where SIGCHLD has its default action
 * and nothing blocks it, a handler of ours stands in for the time of the sleep;
 * but only in a process with one thread, as others would see interrupted calls.
 * Where SIGCHLD is blocked or ignored no signal comes: the sleeper must look.
 */
#include "client/native.h"

#include <errno.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/nap.h"
#include "client/sigaction.h"
#include "client/sigchld.h"

uint32_t native_word;
static uint32_t listeners;

static int native_result(long r, const siginfo_t *info, struct wait_found *ret)
{
	if (r != 0)
		return -errno;
	if (info->si_pid == 0)
		return 0;
	ret->pid = info->si_pid;
	ret->uid = info->si_uid;
	ret->code = info->si_code;
	ret->status = info->si_status;
	return 1;
}

int native_try(const struct wait_query *query, struct wait_found *ret)
{
	siginfo_t info;
	long r;

	info.si_pid = 0;
	r = syscall(SYS_waitid, query->idtype, query->id, &info, query->options | WNOHANG,
		    &ret->use);
	return native_result(r, &info, ret);
}

int native_wait(const struct wait_query *query, struct wait_found *ret)
{
	siginfo_t info;
	int cancel;
	long r;

	info.si_pid = 0;
	cancel = cancel_open();
	r = syscall(SYS_waitid, query->idtype, query->id, &info, query->options, &ret->use);
	cancel_close(cancel);
	return native_result(r, &info, ret);
}

void native_note(void)
{
	__atomic_fetch_add(&native_word, 1, __ATOMIC_RELEASE);
	if (__atomic_load_n(&listeners, __ATOMIC_ACQUIRE))
		nap_wake(&native_word);
}

static void native_handler(int signo)
{
	(void)signo;
	native_note();
}

static bool is_blocked(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	return sigprocmask(SIG_BLOCK, NULL, &mask) != 0 || sigismember(&mask, SIGCHLD) != 0;
}

void native_listen_begin(struct native_listen *ret)
{
	struct sigaction ours;

	memset(ret, 0, sizeof(*ret));
	__atomic_fetch_add(&listeners, 1, __ATOMIC_ACQ_REL);
	if (is_blocked())
		return;
	if (sigchld_is_caught()) {
		ret->sure = true;
		return;
	}
	if (!__libc_single_threaded || __sigaction(SIGCHLD, NULL, &ret->former) != 0 ||
	    ret->former.sa_handler != SIG_DFL)
		return;
	memset(&ours, 0, sizeof(ours));
	ours.sa_handler = native_handler;
	ours.sa_flags = SA_RESTART | (ret->former.sa_flags & SA_NOCLDWAIT);
	ret->installed = ret->sure = __sigaction(SIGCHLD, &ours, NULL) == 0;
}

void native_listen_end(const struct native_listen *listen)
{
	struct sigaction now;

	__atomic_fetch_sub(&listeners, 1, __ATOMIC_ACQ_REL);
	/* A handler that ran meanwhile may have put in something else. */
	if (listen->installed && __sigaction(SIGCHLD, NULL, &now) == 0 &&
	    now.sa_handler == native_handler)
		(void)__sigaction(SIGCHLD, &listen->former, NULL); /* it was valid before */
}
