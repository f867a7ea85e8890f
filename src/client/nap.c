// SPDX-License-Identifier: Apache-2.0
/*
 * A futex sleep that has a time limit and is restarted as wait() is.
 *
 * FUTEX_WAIT with a time limit answers EINTR after any handler, SA_RESTART or
 * not; without one it would be right, but then nobody notices that the node is
 * gone. futex_waitv() (since 5.16) has both: an absolute limit, and the
 * kernel's own decision about restarting.
 */
#include "client/nap.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/sigaction.h"

#define NAP_WORDS 2
#define NS_PER_S  1000000000L
#define NS_PER_MS 1000000L

/* As linux/futex.h has it since 5.16; the kernel may be newer than its headers. */
struct nap_waitv {
	uint64_t value;
	uint64_t address;
	uint32_t flags;
	uint32_t zero;
};

#define NAP_SIZE_U32   2u
#define NAP_WAITV_CALL 449 /* on every architecture */

/* Known only once asked. */
enum { WAITV_UNKNOWN, WAITV_THERE, WAITV_MISSING };
static int waitv;

/* valgrind announces each call that it does not know, and this is one. */
static bool nap_has_waitv(void)
{
	int known = __atomic_load_n(&waitv, __ATOMIC_RELAXED);
	const char *preload;

	if (known == WAITV_UNKNOWN) {
		preload = getenv("LD_PRELOAD");
		known = preload && strstr(preload, "vgpreload_") ? WAITV_MISSING : WAITV_THERE;
		__atomic_store_n(&waitv, known, __ATOMIC_RELAXED);
	}
	return known == WAITV_THERE;
}

static struct timespec nap_deadline(unsigned ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail */
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * NS_PER_MS;
	if (at.tv_nsec >= NS_PER_S) {
		at.tv_sec++;
		at.tv_nsec -= NS_PER_S;
	}
	return at;
}

bool nap_was_interrupted(void)
{
	struct sigaction action;
	sigset_t mask;

	sigemptyset(&mask);
	(void)sigprocmask(SIG_BLOCK, NULL, &mask); /* cannot fail */
	for (int signo = 1; signo < NSIG; signo++) {
		if (sigismember(&mask, signo) != 0 || __sigaction(signo, NULL, &action) != 0)
			continue;
		if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
		    !(action.sa_flags & SA_RESTART))
			return true;
	}
	return false;
}

/* Sleeps on the first word only: with an old kernel the caller's limit must be short. */
static int nap_plain(const struct nap_word *w, const struct timespec *deadline)
{
	int op = FUTEX_WAIT_BITSET | (w->shared ? 0 : FUTEX_PRIVATE_FLAG);
	int cancel = cancel_open();
	long r = syscall(SYS_futex, w->word, op, w->value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);

	cancel_close(cancel);
	if (r == 0 || errno == EAGAIN)
		return 0;
	if (errno == EINTR)
		return nap_was_interrupted() ? -EINTR : 0;
	return -errno;
}

int nap(const struct nap_word *words, unsigned n, unsigned ms)
{
	struct timespec deadline = nap_deadline(ms);
	struct nap_waitv waiters[NAP_WORDS] = {0};
	int cancel;
	long r;

	if (!nap_has_waitv())
		return nap_plain(words, &deadline);
	for (unsigned i = 0; i < n && i < NAP_WORDS; i++) {
		waiters[i].value = words[i].value;
		waiters[i].address = (uintptr_t)words[i].word;
		waiters[i].flags = NAP_SIZE_U32 | (words[i].shared ? 0 : FUTEX_PRIVATE_FLAG);
	}
	cancel = cancel_open();
	r = syscall(NAP_WAITV_CALL, waiters, n, 0, &deadline, CLOCK_MONOTONIC);
	cancel_close(cancel);
	if (r >= 0 || errno == EAGAIN)
		return 0;
	/* EPERM: a sandbox that does not know the call. */
	if (errno == ENOSYS || errno == EPERM) {
		__atomic_store_n(&waitv, WAITV_MISSING, __ATOMIC_RELAXED);
		return nap_plain(words, &deadline);
	}
	return -errno;
}

void nap_wake(uint32_t *word)
{
	int saved = errno;

	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX); /* cannot fail */
	errno = saved;
}
