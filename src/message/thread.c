// SPDX-License-Identifier: Apache-2.0
/*
 * A thread's record, and its end.
 *
 * Whether the record is this process's own is told by a word that the kernel wipes in the
 * child of a fork, as node.c does it: forks hidden in other libraries are seen, too.
 *
 * The end is a destructor of thread-specific data, the only thing that return,
 * pthread_exit() and cancellation have in common. Each thread that pthread_create() makes
 * has it from its start (thread_start.c), the main thread from the library's; others, such
 * as glibc's own for timers, from their first call here.
 */
#include "message/thread.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mask.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define THREAD_HOOKS      8
#define THREAD_WORD_BYTES 4096

/* Rounds of destructors that a thread's end has. The sanitizers' own record of a thread
 * goes in the last one, so our hooks run in the one before. */
#define THREAD_LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 1)

struct thread {
	uint32_t generation; /* of which the tid is; 0: not known yet */
	pid_t tid;
	int priority;    /* 0: the default */
	unsigned rounds; /* of destructors so far */
};

static THREAD_OWN struct thread thread_mine;

static void (*thread_hooks[THREAD_HOOKS])(void);
static unsigned thread_n_hooks;
static pthread_key_t thread_key;
static bool thread_has_key;

static uint32_t *thread_word; /* 0 in a process that has not looked yet */
static uint32_t thread_generations;
static bool thread_cannot_tell;

static uint32_t *thread_word_map(void)
{
	uint32_t *expected = NULL, *word;

	if (__atomic_load_n(&thread_cannot_tell, __ATOMIC_RELAXED))
		return NULL;
	word = mmap(NULL, THREAD_WORD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (word == MAP_FAILED)
		return NULL;
	if (madvise(word, THREAD_WORD_BYTES, MADV_WIPEONFORK) < 0) {
		__atomic_store_n(&thread_cannot_tell, true, __ATOMIC_RELAXED);
		(void)munmap(word, THREAD_WORD_BYTES); /* it is ours: cannot fail */
		return NULL;
	}
	if (__atomic_compare_exchange_n(&thread_word, &expected, word, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return word;
	(void)munmap(word, THREAD_WORD_BYTES); /* as above */
	return expected;
}

static uint32_t thread_generation_new(void)
{
	uint32_t *word = __atomic_load_n(&thread_word, __ATOMIC_ACQUIRE);
	uint32_t found = 0, fresh;

	if (!word)
		word = thread_word_map();
	if (!word)
		return 0;
	fresh = __atomic_add_fetch(&thread_generations, 1, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(word, &found, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	return found; /* another thread, or a handler, was quicker */
}

uint32_t thread_generation(void)
{
	const uint32_t *word = __atomic_load_n(&thread_word, __ATOMIC_ACQUIRE);
	uint32_t generation = word ? __atomic_load_n(word, __ATOMIC_ACQUIRE) : 0;

	return generation ? generation : thread_generation_new();
}

/* Generations are counted: none is so high. */
#define THREAD_BEGINS 0x80000000u

static void thread_first_slow(uint32_t *owner, uint32_t mine, void (*begin)(void))
{
	uint32_t found = __atomic_load_n(owner, __ATOMIC_ACQUIRE);
	sigset_t mask;

	/* A handler that came now would wait for the thread that it interrupts. */
	mask_all(&mask);
	while (found != mine) {
		/* A thread that began it in the parent is not here. */
		if (found != (mine | THREAD_BEGINS) &&
		    __atomic_compare_exchange_n(owner, &found, mine | THREAD_BEGINS, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			begin();
			__atomic_store_n(owner, mine, __ATOMIC_RELEASE);
			break;
		}
		(void)syscall(SYS_sched_yield); /* cannot fail */
		found = __atomic_load_n(owner, __ATOMIC_ACQUIRE);
	}
	mask_restore(&mask);
}

void thread_first(uint32_t *owner, void (*begin)(void))
{
	uint32_t mine = thread_generation();

	if (__atomic_load_n(owner, __ATOMIC_ACQUIRE) != mine)
		thread_first_slow(owner, mine, begin);
}

pid_t thread_tid(void)
{
	uint32_t generation = thread_generation();
	pid_t tid;

	if (__builtin_expect(generation != 0 && thread_mine.generation == generation, 1))
		return thread_mine.tid;
	tid = (pid_t)syscall(SYS_gettid);
	/* Twice does no harm, so a handler in between does none. */
	thread_mine.tid = tid;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread_mine.generation = generation;
	if (thread_has_key && thread_mine.rounds == 0)
		(void)pthread_setspecific(thread_key, &thread_mine); /* no memory: no hooks */
	return tid;
}

static int priority_get(const struct thread *t)
{
	int priority = __atomic_load_n(&t->priority, __ATOMIC_RELAXED);

	return priority ? priority : THREAD_PRIORITY_DEFAULT;
}

static void priority_set(struct thread *t, int priority)
{
	priority = priority < THREAD_PRIORITY_MIN ? THREAD_PRIORITY_MIN :
		   priority > THREAD_PRIORITY_MAX ? THREAD_PRIORITY_MAX :
						    priority;
	__atomic_store_n(&t->priority, priority, __ATOMIC_RELAXED);
}

int thread_priority(void)
{
	return priority_get(&thread_mine);
}

void thread_priority_set(int priority)
{
	priority_set(&thread_mine, priority);
}

/*
 * A pthread_t is the address of a thread's control block, and variables of the initial-exec
 * model lie as far from it in each thread: that is what the model means.
 */
static struct thread *thread_of(pthread_t thread)
{
	ptrdiff_t distance = (char *)&thread_mine - (char *)pthread_self();

	return (struct thread *)(void *)((char *)thread + distance);
}

int thread_priority_of(pthread_t thread)
{
	return priority_get(thread_of(thread));
}

void thread_priority_set_of(pthread_t thread, int priority)
{
	priority_set(thread_of(thread), priority);
}

void thread_on_exit(void (*hook)(void))
{
	unsigned at = __atomic_fetch_add(&thread_n_hooks, 1, __ATOMIC_ACQ_REL);

	assert(at < THREAD_HOOKS);
	__atomic_store_n(&thread_hooks[at], hook, __ATOMIC_RELEASE);
}

/* There in programs with the address sanitizer. */
extern void __asan_handle_no_return(void) __attribute__((weak));

static void thread_end(void *mine)
{
	/* But for the C library's own. */
	const uint64_t all = ~(UINT64_C(3) << 31);

	if (++thread_mine.rounds < THREAD_LAST_ROUND) {
		/* The program's own destructors may still send messages. */
		(void)pthread_setspecific(thread_key, mine); /* has its place already */
		return;
	}
	/* And so they stay: what a handler would begin now nobody would end. */
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	/* It has not seen that a cancelled thread's functions are left. */
	if (__asan_handle_no_return)
		__asan_handle_no_return();
	for (unsigned i = __atomic_load_n(&thread_n_hooks, __ATOMIC_ACQUIRE); i-- > 0;) {
		void (*hook)(void) = __atomic_load_n(&thread_hooks[i], __ATOMIC_ACQUIRE);

		if (hook)
			hook();
	}
}

/* A thread sanitizer does not know the thread yet, so neither may know of this. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) void thread_begin(int priority)
{
	thread_mine.priority = priority;
	if (thread_has_key)
		(void)pthread_setspecific(thread_key, &thread_mine); /* no memory: no hooks */
}

__attribute__((constructor)) static void thread_init(void)
{
	thread_has_key = pthread_key_create(&thread_key, thread_end) == 0;
	if (thread_has_key)
		(void)pthread_setspecific(thread_key, &thread_mine); /* as above */
}
