// SPDX-License-Identifier: Apache-2.0
/*
 * Copying from or to an address that somebody else named: a bad one is an error, as with a
 * system call, and no system call is made.
 *
 * The copy is one instruction sequence that a handler of SIGSEGV and SIGBUS knows. Whoever
 * installs that handler is somebody else's affair (guarded_resume()); without it a bad
 * address is what it always is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* 0 or -EFAULT; then a part may be copied. */
int guarded_copy(void *to, const void *from, size_t len);

/* In a handler: did the fault happen in guarded_copy()? Then @ucontext goes on at its error
 * exit, and the handler is to return. */
bool guarded_resume(void *ucontext);
