// SPDX-License-Identifier: Apache-2.0
#include "message/signals.h"

#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/guard.h"
#include "client/sigaction.h"
#include "message/fault.h"
#include "message/ready.h"
#include "message/thread.h"

#define FAULTS                                                                 \
	(1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) | \
	 1ull << (SIGILL - 1) | 1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1) | \
	 1ull << (SIGABRT - 1))
/* What does nothing, or stops, by default. */
#define HARMLESS                                                                 \
	(1ull << (SIGCHLD - 1) | 1ull << (SIGURG - 1) | 1ull << (SIGWINCH - 1) | \
	 1ull << (SIGCONT - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) | \
	 1ull << (SIGTTOU - 1))
#define NEVER (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))

/* Of this thread, made when it is first needed. */
static THREAD_OWN struct guard_fd *own_fd;
static THREAD_OWN uint32_t own_fd_generation;
static THREAD_OWN uint64_t own_fd_set;

/* What the program does with signals, as of the count of its sigaction()s. */
uint64_t signals_caught;
uint32_t signals_known_count;
static uint64_t fatal;

static void learn(void)
{
	uint32_t count = __atomic_load_n(&sigaction_count, __ATOMIC_ACQUIRE);
	uint64_t handled = 0, ends = 0;

	if (__atomic_load_n(&signals_known_count, __ATOMIC_ACQUIRE) == count)
		return;
	for (int signo = 1; signo < NSIG; signo++) {
		uint64_t bit = 1ull << (signo - 1);
		struct sigaction action;

		if ((bit & NEVER) || __sigaction(signo, NULL, &action) != 0 ||
		    fault_is_ours(&action) || action.sa_handler == SIG_IGN)
			continue;
		if (action.sa_handler != SIG_DFL)
			handled |= bit;
		else if (!(bit & HARMLESS))
			ends |= bit;
	}
	__atomic_store_n(&signals_caught, handled, __ATOMIC_RELAXED);
	__atomic_store_n(&fatal, ends, __ATOMIC_RELAXED);
	__atomic_store_n(&signals_known_count, count, __ATOMIC_RELEASE);
}

bool signals_have_handler_slow(void)
{
	learn();
	return __atomic_load_n(&signals_caught, __ATOMIC_RELAXED) != 0;
}

static uint64_t to_bits(const sigset_t *set)
{
	return *(const uint64_t *)(const void *)set;
}

static int make_signalfd(int fd, uint64_t set)
{
	uint32_t generation = thread_generation();

	fd = (int)syscall(SYS_signalfd4, fd, &set, sizeof(set), SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -1;
	own_fd_set = set;
	if (own_fd && own_fd_generation == generation && guard_number(own_fd) == fd)
		return fd;
	if (!own_fd)
		own_fd = ready_alloc(sizeof(*own_fd));
	own_fd_generation = generation;
	if (!own_fd || guard_add(own_fd, fd) < 0)
		return -1;
	return guard_number(own_fd);
}

static int own_signalfd(uint64_t set)
{
	uint32_t generation = thread_generation();
	int fd = own_fd && own_fd_generation == generation ? guard_number(own_fd) : -1;
	sigset_t mask;

	if (fd >= 0 && own_fd_set == set)
		return fd;
	guard_making(&mask);
	fd = make_signalfd(fd, set);
	guard_made(&mask);
	return fd;
}

void signals_hold(struct signals *s)
{
	uint64_t set, before;

	if (s->is_held)
		return;
	learn();
	set = (__atomic_load_n(&signals_caught, __ATOMIC_RELAXED) |
	       __atomic_load_n(&fatal, __ATOMIC_RELAXED)) &
	      ~FAULTS;
	(void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &s->before, sizeof(set));
	s->is_held = true;
	before = to_bits(&s->before);
	/* What the thread itself had blocked does not disturb it. */
	s->fd = own_signalfd(set & ~before);
}

void signals_block_caught(uint64_t *ret_before)
{
	uint64_t set;

	learn();
	set = __atomic_load_n(&signals_caught, __ATOMIC_RELAXED) & ~FAULTS;
	(void)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, ret_before, sizeof(set));
}

void signals_unblock(uint64_t before)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
}

void signals_hold_caught(struct signals *s)
{
	signals_block_caught((uint64_t *)(void *)&s->before);
	s->is_held = true;
	s->fd = -1;
}

void signals_release(struct signals *s)
{
	if (!s->is_held)
		return;
	s->is_held = false;
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &s->before, NULL, sizeof(uint64_t));
}

static void signals_thread_ends(void)
{
	if (own_fd && own_fd_generation == thread_generation())
		guard_close(own_fd);
}

__attribute__((constructor)) static void signals_register(void)
{
	thread_on_exit(signals_thread_ends);
}
