/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn() and posix_spawn(), all ours: glibc's <spawn.h> is not used, as its flags and
 * attributes are others under the same names.
 *
 * Libraries compiled against glibc's may be in the same process and must reach glibc's
 * functions with glibc's structures. So each posix_spawn*() declared here is bound to a
 * symbol of its own, kamioka_posix_spawn*(); a source does not notice.
 *
 * QNX Neutrino C Library Reference: spawn(), posix_spawn() and the pages of their names.
 */
#pragma once

#include <features.h>
#include <sched.h>
#include <stdint.h>
#include <sys/types.h>
#include <bits/types/sigset_t.h>
#ifdef __USE_QNX
#include <signal.h>
#endif

/* Flags of posix_spawnattr_setxflags(); those of struct inheritance are named below. */
#define POSIX_SPAWN_SETPGROUP     0x00000001u /* process group from the attributes */
#define POSIX_SPAWN_SETSIGMASK    0x00000002u /* signal mask */
#define POSIX_SPAWN_SETSIGDEF     0x00000004u /* signals that become SIG_DFL */
#define POSIX_SPAWN_SETSIGIGN     0x00000008u /* signals that become SIG_IGN, others stay */
#define POSIX_SPAWN_RESETIDS      0x00000010u /* effective ids become the parent's real ones */
#define POSIX_SPAWN_SETSCHEDULER  0x00000040u /* scheduling policy and parameters */
#define POSIX_SPAWN_TCSETPGROUP   0x00000080u /* its group becomes the terminal's foreground */
#define POSIX_SPAWN_SETND         0x00000100u /* node; only the local one exists */
#define POSIX_SPAWN_SETSID        0x00000200u /* leads a new session */
#define POSIX_SPAWN_SETSCHEDPARAM 0x00000400u /* scheduling parameters */
#define POSIX_SPAWN_EXPLICIT_CPU  0x00000800u /* runmask */
#define POSIX_SPAWN_SETSTACKMAX   0x00001000u /* largest stack of the main thread */
#define POSIX_SPAWN_NOZOMBIE      0x00002000u /* nobody is told of its death */
#define POSIX_SPAWN_DEBUG         0x00004000u /* recorded, without effect */
#define POSIX_SPAWN_HOLD          0x00008000u /* stopped before its first instruction */
#define POSIX_SPAWN_EXEC          0x00010000u /* replaces the caller */
#define POSIX_SPAWN_SEARCH_PATH   0x00020000u /* the file is looked for along PATH */
#define POSIX_SPAWN_CHECK_SCRIPT  0x00040000u /* a text without #! is run by the shell */
#define POSIX_SPAWN_SETCRED       0x00080000u /* user and group id */
#define POSIX_SPAWN_ALIGN_DEFAULT 0x00000000u
#define POSIX_SPAWN_ALIGN_FAULT   0x01000000u /* recorded: the processor decides */
#define POSIX_SPAWN_ALIGN_NOFAULT 0x02000000u
#define POSIX_SPAWN_SETCWD        0x04000000u /* working directory, by descriptor */
#define POSIX_SPAWN_ASLR_INVERT   0x08000000u /* the opposite of the parent's ASLR */
#define POSIX_SPAWN_NEWAPP        0x10000000u /* recorded, without effect */
#define POSIX_SPAWN_SETTYPEID     0x20000000u
#define POSIX_SPAWN_SETASID       0x40000000u
#define POSIX_SPAWN_CRITICAL      0x80000000u /* recorded, without effect */
/* glibc's, of which nothing is left to ask. */
#define POSIX_SPAWN_USEVFORK      0

/* The same for struct inheritance. */
#define SPAWN_SETGROUP       POSIX_SPAWN_SETPGROUP
#define SPAWN_SETSIGMASK     POSIX_SPAWN_SETSIGMASK
#define SPAWN_SETSIGDEF      POSIX_SPAWN_SETSIGDEF
#define SPAWN_SETSIGIGN      POSIX_SPAWN_SETSIGIGN
#define SPAWN_TCSETPGROUP    POSIX_SPAWN_TCSETPGROUP
#define SPAWN_SETND          POSIX_SPAWN_SETND
#define SPAWN_SETSID         POSIX_SPAWN_SETSID
#define SPAWN_EXPLICIT_SCHED POSIX_SPAWN_SETSCHEDPARAM
#define SPAWN_EXPLICIT_CPU   POSIX_SPAWN_EXPLICIT_CPU
#define SPAWN_SETSTACKMAX    POSIX_SPAWN_SETSTACKMAX
#define SPAWN_NOZOMBIE       POSIX_SPAWN_NOZOMBIE
#define SPAWN_DEBUG          POSIX_SPAWN_DEBUG
#define SPAWN_HOLD           POSIX_SPAWN_HOLD
#define SPAWN_EXEC           POSIX_SPAWN_EXEC
#define SPAWN_SEARCH_PATH    POSIX_SPAWN_SEARCH_PATH
#define SPAWN_CHECK_SCRIPT   POSIX_SPAWN_CHECK_SCRIPT
#define SPAWN_ALIGN_DEFAULT  POSIX_SPAWN_ALIGN_DEFAULT
#define SPAWN_ALIGN_FAULT    POSIX_SPAWN_ALIGN_FAULT
#define SPAWN_ALIGN_NOFAULT  POSIX_SPAWN_ALIGN_NOFAULT
#define SPAWN_ALIGN_MASK     0x03000000u
#define SPAWN_ASLR_INVERT    POSIX_SPAWN_ASLR_INVERT
#define SPAWN_NEWAPP         POSIX_SPAWN_NEWAPP
#define SPAWN_CRITICAL       POSIX_SPAWN_CRITICAL

/* Entries of a descriptor map that name no descriptor. */
#define SPAWN_FDCLOSED  (-1) /* closed in the child */
#define SPAWN_FDOPEN    (-2) /* no document tells its use: EBADF */
#define SPAWN_NEWPGROUP 0    /* pgroup: a new group, named by the child's pid */

/*
 * What a child is to have otherwise than its parent. A field counts only if its flag is
 * set and is not read else, so that a structure with nothing but flags set is complete.
 */
typedef struct inheritance {
	uint32_t flags;           /* SPAWN_* */
	pid_t pgroup;             /* SPAWN_SETGROUP: group to join, or SPAWN_NEWPGROUP */
	sigset_t sigmask;         /* SPAWN_SETSIGMASK */
	sigset_t sigdefault;      /* SPAWN_SETSIGDEF */
	sigset_t sigignore;       /* SPAWN_SETSIGIGN */
	uint32_t stack_max;       /* SPAWN_SETSTACKMAX: bytes */
	int32_t policy;           /* SPAWN_EXPLICIT_SCHED: SCHED_* */
	uint32_t nd;              /* SPAWN_SETND: ND_LOCAL_NODE */
	uint32_t runmask;         /* SPAWN_EXPLICIT_CPU: a bit for each processor, from 0 */
	struct sched_param param; /* SPAWN_EXPLICIT_SCHED: priority of Linux's range */
} spawn_inheritance_type;

/* Attributes and file actions of posix_spawn(): made by *_init(), freed by *_destroy(). */
typedef struct kamioka_spawnattr *posix_spawnattr_t;
typedef struct kamioka_spawn_file_actions *posix_spawn_file_actions_t;

/* posix_spawnattr_setaslr() */
typedef enum {
	POSIX_SPAWN_ASLR_DEFAULT = 0, /* as the parent */
	POSIX_SPAWN_ASLR_ENABLE = 1,
	POSIX_SPAWN_ASLR_DISABLE = 2
} posix_spawnattr_aslr_t;

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates a child that runs the program at path, and returns while it runs.
 *
 * fd_count 0: the child has every descriptor of the caller without FD_CLOEXEC. Else it
 * has only descriptors 0 to fd_count - 1, where number X is fd_map[X] of the caller, with
 * FD_CLOEXEC or not; one may occur several times. inherit may be NULL: as the caller.
 * argv, and argv[0], must not be NULL; both lists end with NULL. envp NULL: environ.
 * Nothing is kept of the arguments.
 *
 * Returns the child's pid; the caller will hear of its death by SIGCHLD and wait*(),
 * unless SPAWN_NOZOMBIE. With SPAWN_EXEC it does not return. -1 with errno, and no child,
 * on an error: E2BIG, EACCES, EAGAIN (no room for a process), EBADF (fd_map), EFAULT,
 * EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOMEM, ENOREMOTE (nd), ENOSYS (outside a
 * node), ENOTDIR, EPERM, ETXTBSY. Waits for the program to be loaded, not for more.
 */
pid_t spawn(const char *path, int fd_count, const int fd_map[], const struct inheritance *inherit,
	    char *const argv[], char *const envp[]);

/*
 * spawn() with SPAWN_SEARCH_PATH and SPAWN_CHECK_SCRIPT: a file without a slash is looked
 * for along the caller's PATH, and the shell runs it if it is text without #!.
 */
pid_t spawnp(const char *file, int fd_count, const int fd_map[], const struct inheritance *inherit,
	     char *const argv[], char *const envp[]);

/*
 * POSIX's spawn(). Everything below returns 0 (EOK) or an error number, never -1, and
 * leaves errno alone; a NULL or uninitialised object is EINVAL, no memory ENOMEM. pid may
 * be NULL; actions NULL: descriptors as for fd_count 0; attr NULL: as the caller; envp
 * NULL: environ. Errors are spawn()'s and those of the file actions.
 */
int posix_spawn(pid_t *__restrict pid, const char *__restrict path,
		const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *__restrict attr,
		char *const argv[], char *const envp[]) __asm__("kamioka_posix_spawn");

/* The same, the file looked for along the caller's PATH. */
int posix_spawnp(pid_t *__restrict pid, const char *__restrict file,
		 const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *__restrict attr, char *const argv[],
		 char *const envp[]) __asm__("kamioka_posix_spawnp");

/* Makes attributes without a flag; the caller frees them by posix_spawnattr_destroy(). */
int posix_spawnattr_init(posix_spawnattr_t *attr) __asm__("kamioka_posix_spawnattr_init");
int posix_spawnattr_destroy(posix_spawnattr_t *attr) __asm__("kamioka_posix_spawnattr_destroy");

/*
 * The flags that POSIX defines (SETPGROUP, SETSIGMASK, SETSIGDEF, RESETIDS, SETSCHEDULER,
 * SETSCHEDPARAM and, since 2024, SETSID); the others stay as they are. EINVAL for a flag
 * that is none of these.
 */
int posix_spawnattr_getflags(
	const posix_spawnattr_t *__restrict attr,
	short *__restrict ret_flags) __asm__("kamioka_posix_spawnattr_getflags");
int posix_spawnattr_setflags(posix_spawnattr_t *attr,
			     short flags) __asm__("kamioka_posix_spawnattr_setflags");

/* All 32 flags at once. QNX's. */
int posix_spawnattr_getxflags(
	const posix_spawnattr_t *__restrict attr,
	uint32_t *__restrict ret_flags) __asm__("kamioka_posix_spawnattr_getxflags");
int posix_spawnattr_setxflags(posix_spawnattr_t *attr,
			      uint32_t flags) __asm__("kamioka_posix_spawnattr_setxflags");

/* Values: each counts only with its flag (POSIX_SPAWN_SETSIGDEF, ...). Copied in and out. */
int posix_spawnattr_getsigdefault(
	const posix_spawnattr_t *__restrict attr,
	sigset_t *__restrict ret_set) __asm__("kamioka_posix_spawnattr_getsigdefault");
int posix_spawnattr_setsigdefault(
	posix_spawnattr_t *__restrict attr,
	const sigset_t *__restrict set) __asm__("kamioka_posix_spawnattr_setsigdefault");
int posix_spawnattr_getsigmask(
	const posix_spawnattr_t *__restrict attr,
	sigset_t *__restrict ret_set) __asm__("kamioka_posix_spawnattr_getsigmask");
int posix_spawnattr_setsigmask(
	posix_spawnattr_t *__restrict attr,
	const sigset_t *__restrict set) __asm__("kamioka_posix_spawnattr_setsigmask");
int posix_spawnattr_getpgroup(
	const posix_spawnattr_t *__restrict attr,
	pid_t *__restrict ret_group) __asm__("kamioka_posix_spawnattr_getpgroup");
int posix_spawnattr_setpgroup(posix_spawnattr_t *attr,
			      pid_t group) __asm__("kamioka_posix_spawnattr_setpgroup");
int posix_spawnattr_getschedpolicy(
	const posix_spawnattr_t *__restrict attr,
	int *__restrict ret_policy) __asm__("kamioka_posix_spawnattr_getschedpolicy");
int posix_spawnattr_setschedpolicy(posix_spawnattr_t *attr,
				   int policy) __asm__("kamioka_posix_spawnattr_setschedpolicy");
int posix_spawnattr_getschedparam(
	const posix_spawnattr_t *__restrict attr,
	struct sched_param *__restrict ret_param) __asm__("kamioka_posix_spawnattr_getschedparam");
int posix_spawnattr_setschedparam(
	posix_spawnattr_t *__restrict attr,
	const struct sched_param *__restrict param) __asm__("kamioka_posix_spawnattr_setschedparam");

/* QNX's values; the same holds. runmask: a bit for each processor. stackmax: bytes. */
int posix_spawnattr_getsigignore(
	const posix_spawnattr_t *__restrict attr,
	sigset_t *__restrict ret_set) __asm__("kamioka_posix_spawnattr_getsigignore");
int posix_spawnattr_setsigignore(
	posix_spawnattr_t *__restrict attr,
	const sigset_t *__restrict set) __asm__("kamioka_posix_spawnattr_setsigignore");
int posix_spawnattr_getrunmask(
	const posix_spawnattr_t *__restrict attr,
	uint32_t *__restrict ret_runmask) __asm__("kamioka_posix_spawnattr_getrunmask");
int posix_spawnattr_setrunmask(posix_spawnattr_t *attr,
			       uint32_t runmask) __asm__("kamioka_posix_spawnattr_setrunmask");
int posix_spawnattr_getstackmax(
	const posix_spawnattr_t *__restrict attr,
	uint32_t *__restrict ret_size) __asm__("kamioka_posix_spawnattr_getstackmax");
int posix_spawnattr_setstackmax(posix_spawnattr_t *attr,
				uint32_t size) __asm__("kamioka_posix_spawnattr_setstackmax");
/* Any node but the local one makes the spawn fail with ENOREMOTE. */
int posix_spawnattr_getnode(const posix_spawnattr_t *__restrict attr,
			    uint32_t *__restrict ret_nd) __asm__("kamioka_posix_spawnattr_getnode");
int posix_spawnattr_setnode(posix_spawnattr_t *attr,
			    uint32_t nd) __asm__("kamioka_posix_spawnattr_setnode");
/* Real, effective and saved ids of the child; EPERM from the spawn where not allowed. */
int posix_spawnattr_getcred(const posix_spawnattr_t *__restrict attr, uid_t *__restrict ret_uid,
			    gid_t *__restrict ret_gid) __asm__("kamioka_posix_spawnattr_getcred");
int posix_spawnattr_setcred(posix_spawnattr_t *attr, uid_t uid,
			    gid_t gid) __asm__("kamioka_posix_spawnattr_setcred");
/* Security type and address space: recorded, without effect on Linux. */
int posix_spawnattr_gettypeid(
	const posix_spawnattr_t *__restrict attr,
	uint32_t *__restrict ret_type) __asm__("kamioka_posix_spawnattr_gettypeid");
int posix_spawnattr_settypeid(posix_spawnattr_t *attr,
			      uint32_t type) __asm__("kamioka_posix_spawnattr_settypeid");
int posix_spawnattr_setasid(posix_spawnattr_t *attr,
			    uint32_t asid) __asm__("kamioka_posix_spawnattr_setasid");
/* Needs no flag. EINVAL for a value that is none of the three. */
int posix_spawnattr_getaslr(
	const posix_spawnattr_t *__restrict attr,
	posix_spawnattr_aslr_t *__restrict ret_aslr) __asm__("kamioka_posix_spawnattr_getaslr");
int posix_spawnattr_setaslr(posix_spawnattr_t *attr,
			    posix_spawnattr_aslr_t aslr) __asm__("kamioka_posix_spawnattr_setaslr");
/* Working directory: dirfd stays the caller's and must be open at the spawn. */
int posix_spawnattr_setcwd_np(posix_spawnattr_t *attr,
			      const int dirfd) __asm__("kamioka_posix_spawnattr_setcwd_np");

/* Makes an empty list; the caller frees it by posix_spawn_file_actions_destroy(). */
int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions) __asm__(
	"kamioka_posix_spawn_file_actions_init");
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions) __asm__(
	"kamioka_posix_spawn_file_actions_destroy");

/*
 * Append to the list what the child does with its descriptors, in that order, before the
 * program starts. A path is copied. EBADF for a descriptor that can never be.
 */
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions,
				      int fd) __asm__("kamioka_posix_spawn_file_actions_addclose");
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd,
				     int newfd) __asm__("kamioka_posix_spawn_file_actions_adddup2");
int posix_spawn_file_actions_addopen(
	posix_spawn_file_actions_t *__restrict actions, int fd, const char *__restrict path,
	int oflag, mode_t mode) __asm__("kamioka_posix_spawn_file_actions_addopen");

/* POSIX.1-2024's and glibc's: change the directory, close all from a number on, and make
 * the child's group the foreground group of the terminal tcfd. */
int posix_spawn_file_actions_addchdir(
	posix_spawn_file_actions_t *__restrict actions,
	const char *__restrict path) __asm__("kamioka_posix_spawn_file_actions_addchdir_np");
int posix_spawn_file_actions_addfchdir(posix_spawn_file_actions_t *actions, int fd) __asm__(
	"kamioka_posix_spawn_file_actions_addfchdir_np");
int posix_spawn_file_actions_addchdir_np(
	posix_spawn_file_actions_t *__restrict actions,
	const char *__restrict path) __asm__("kamioka_posix_spawn_file_actions_addchdir_np");
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd) __asm__(
	"kamioka_posix_spawn_file_actions_addfchdir_np");
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from) __asm__(
	"kamioka_posix_spawn_file_actions_addclosefrom_np");
int posix_spawn_file_actions_addtcsetpgrp_np(posix_spawn_file_actions_t *actions, int tcfd) __asm__(
	"kamioka_posix_spawn_file_actions_addtcsetpgrp_np");

#ifdef __cplusplus
}
#endif
