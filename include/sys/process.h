/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawn*() functions with a mode, and what else QNX declares of processes beside
 * POSIX. <process.h> and, for a QNX program, <unistd.h> include this.
 *
 * QNX Neutrino C Library Reference: spawnl() and its kin, execvpe(), execlpe(), gettid().
 */
#pragma once

#include <features.h>
#include <sys/types.h>

/* mode */
#define P_WAIT    0 /* return when the child has terminated */
#define P_NOWAIT  1 /* return while it runs; the caller waits for it some time */
#define P_OVERLAY 2 /* replace the caller, as exec*() */
#define P_NOWAITO 3 /* return while it runs; nobody is ever told of its death */

__BEGIN_DECLS

extern char **environ;

/*
 * Start the program at path, or, with a p, the file found along the caller's PATH (a text
 * without #! is then run by the shell). With an l the arguments follow, a NULL last; with
 * a v they are a list. With an e the environment is given, NULL meaning environ; else it
 * is environ. Descriptors without FD_CLOEXEC are inherited. Nothing is kept.
 *
 * P_WAIT blocks the calling thread and returns the child's status, for the W*() macros of
 * <sys/wait.h>; P_NOWAIT and P_NOWAITO return its pid; P_OVERLAY does not return. -1 with
 * errno on an error: those of spawn(), EINVAL for a mode that is none, and for P_WAIT
 * those of waitpid().
 */
int spawnl(int mode, const char *path, const char *arg0, ... /* NULL */);
int spawnle(int mode, const char *path, const char *arg0, ... /* NULL, char *const envp[] */);
int spawnlp(int mode, const char *file, const char *arg0, ... /* NULL */);
int spawnlpe(int mode, const char *file, const char *arg0, ... /* NULL, char *const envp[] */);
int spawnv(int mode, const char *path, char *const argv[]);
int spawnve(int mode, const char *path, char *const argv[], char *const envp[]);
int spawnvp(int mode, const char *file, char *const argv[]);
int spawnvpe(int mode, const char *file, char *const argv[], char *const envp[]);

/*
 * execvp() and execlp() with an environment: replace the program of the calling process.
 * Do not return, or return -1 with errno, as execve() does.
 */
extern int execvpe(const char *file, char *const argv[], char *const envp[]) __THROW;
int execlpe(const char *file, const char *arg0, ... /* NULL, char *const envp[] */);

/* _exit() by another name: ends the process without exit handlers. */
void __exit(int status) __attribute__((__noreturn__));

/* The kernel's id of the calling thread; equal to getpid() in the first one, where QNX
 * counts from 1. Cannot fail. */
extern pid_t gettid(void) __THROW;

/*
 * The path of the running program. It is copied to name, which must have room for
 * PATH_MAX bytes, and name is returned; with NULL the library's own copy is, which lasts
 * as long as the process and must not be changed. NULL with errno if it cannot be told.
 */
char *_cmdname(char *name);

__END_DECLS
