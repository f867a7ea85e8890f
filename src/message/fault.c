// SPDX-License-Identifier: Apache-2.0
#include "message/fault.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/sigaction.h"
#include "host/linux/guarded.h"

static bool is_installed;

/* Not ours: it happens again, with what the kernel does by default. */
static void fault_pass_on(int signo, siginfo_t *info)
{
	struct sigaction plain;

	memset(&plain, 0, sizeof(plain));
	plain.sa_handler = SIG_DFL;
	(void)__sigaction(signo, &plain, NULL); /* both may have an action */
	/* A fault comes again by itself; what was sent does not. */
	if (info->si_code <= 0)
		(void)syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), signo, info);
}

static void fault_handler(int signo, siginfo_t *info, void *context)
{
	if (info->si_code > 0 && guarded_resume(context))
		return;
	fault_pass_on(signo, info);
}

__attribute__((no_sanitize("thread"))) bool fault_is_ours(const struct sigaction *action)
{
	return action->sa_flags & SA_SIGINFO && action->sa_sigaction == fault_handler;
}

static void fault_fill(struct sigaction *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sa_sigaction = fault_handler;
	ret->sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	sigemptyset(&ret->sa_mask);
}

__attribute__((no_sanitize("thread"))) bool fault_replaces_default(int signo, struct sigaction *act)
{
	if ((signo != SIGSEGV && signo != SIGBUS) || !is_installed || act->sa_flags & SA_SIGINFO ||
	    act->sa_handler != SIG_DFL)
		return false;
	fault_fill(act);
	return true;
}

static void fault_install_for(int signo)
{
	struct sigaction ours, old;

	if (__sigaction(signo, NULL, &old) != 0 || old.sa_flags & SA_SIGINFO ||
	    old.sa_handler != SIG_DFL)
		return;
	fault_fill(&ours);
	(void)__sigaction(signo, &ours, NULL); /* as above */
}

void fault_install(void)
{
	if (is_installed)
		return;
	is_installed = true;
	fault_install_for(SIGSEGV);
	fault_install_for(SIGBUS);
}
