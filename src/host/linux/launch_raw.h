// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls of a child that lives in its parent's memory. glibc's
 * wrappers are not for it: they write errno, and that word belongs to the
 * suspended thread of the parent; some take locks which another thread of the
 * parent may hold for ever, as this memory goes on living without its child.
 *
 * And launch_split(), a clone() whose child goes on on the caller's stack. What
 * differs by architecture is here, and nothing else is.
 */
#pragma once

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>

/*
 * For a function that ends in exec or exit while another task has its stack:
 * what a sanitizer notes about its frame would stay noted in the parent.
 */
#define LAUNCH_BARE __attribute__((noinline, no_sanitize("address"), no_sanitize("thread")))

typedef long launch_fn(void *arg);

#if defined(__x86_64__)

static inline __attribute__((always_inline)) long launch_syscall(long nr, long a, long b, long c,
								 long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * Make a clone by @nr (which has no stack of its own in its arguments) and let
 * it call @fn(@arg) below our stack frame. Answers in the caller what the
 * kernel says; in the clone only if it got memory of its own and @fn returned:
 * then what @fn answered. With CLONE_VM, the clone has to be a vfork's and @fn
 * must not return, or return in a copy that it made of itself.
 *
 * 256 bytes are more than the red zone, below which our frame has nothing.
 */
static inline __attribute__((always_inline)) long launch_split(long nr, long a, long b, long c,
							       launch_fn *fn, void *arg)
{
	register launch_fn *fn_kept __asm__("r12") = fn;
	register void *arg_kept __asm__("r13") = arg;
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%rsp, %%rbx\n\t"
			 "sub $256, %%rsp\n\t"
			 "and $-16, %%rsp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "mov %%rbx, %%rsp\n"
			 "1:"
			 : "+a"(nr), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
			 : "r"(fn_kept), "r"(arg_kept)
			 : "rbx", "rcx", "r9", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			   "xmm12", "xmm13", "xmm14", "xmm15");
	return nr;
}

/* Arguments of clone() behind the stack: parent's word, child's word, thread data. */
#define LAUNCH_CLONE_ARGS(flags, word) __NR_clone, (long)(flags), 0, (long)(uintptr_t)(word)

#elif defined(__aarch64__)

static inline __attribute__((always_inline)) long launch_syscall(long nr, long a, long b, long c,
								 long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

/* As above; there is no red zone here. */
static inline __attribute__((always_inline)) long launch_split(long nr, long a, long b, long c,
							       launch_fn *fn, void *arg)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register launch_fn *fn_kept __asm__("x20") = fn;
	register void *arg_kept __asm__("x21") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x22, sp\n\t"
			 "sub sp, sp, #256\n\t"
			 "mov x0, x21\n\t"
			 "blr x20\n\t"
			 "mov sp, x22\n"
			 "1:"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x8)
			 : "r"(fn_kept), "r"(arg_kept)
			 : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			   "x17", "x18", "x22", "x30", "memory", "cc", "v0", "v1", "v2", "v3", "v4",
			   "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
			   "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",
			   "v26", "v27", "v28", "v29", "v30", "v31");
	return x0;
}

#define LAUNCH_CLONE_ARGS(flags, word) __NR_clone, (long)(flags), 0, (long)(uintptr_t)(word)

#else
#error "launch_split() is not written for this architecture"
#endif

/*
 * An intermediate that shares whatever can be shared: nothing is copied for it,
 * and its end frees nothing. Only where it is known that a vfork is one: valgrind
 * takes these flags for a thread's, and gives up.
 */
#define LAUNCH_INTERMEDIATE (CLONE_VM | CLONE_VFORK)
#define LAUNCH_INTERMEDIATE_SHARED \
	(LAUNCH_INTERMEDIATE | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM)

/* RAW(number, up to six arguments): the kernel's answer, negative errno for a failure. */
#define RAW(nr, ...) RAW_PAD(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_PAD(nr, a, b, c, d, e, f, ...) \
	launch_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline __attribute__((always_inline, noreturn)) void launch_exit(int status)
{
	for (;;)
		(void)RAW(__NR_exit_group, status);
}

/* The kernel's signal set, and the size that it wants told. */
#define RAW_SIGSET_BYTES 8
