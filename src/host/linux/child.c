// SPDX-License-Identifier: Apache-2.0
#include "host/linux/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

_Static_assert((int)CHILD_EXITED == CLD_EXITED && (int)CHILD_STOPPED == CLD_STOPPED &&
		       (int)CHILD_CONTINUED == CLD_CONTINUED,
	       "codes on the wire are Linux's");
_Static_assert(W_NOHANG == WNOHANG && W_STOPPED == WSTOPPED && W_EXITED == WEXITED &&
		       W_CONTINUED == WCONTINUED && W_NOWAIT == WNOWAIT,
	       "options on the wire are Linux's");

static uint64_t micros(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void take_usage(struct usage *u, const struct rusage *r)
{
	*u = (struct usage){
		.utime = micros(r->ru_utime),
		.stime = micros(r->ru_stime),
		.maxrss = (uint64_t)r->ru_maxrss,
		.minflt = (uint64_t)r->ru_minflt,
		.majflt = (uint64_t)r->ru_majflt,
		.inblock = (uint64_t)r->ru_inblock,
		.oublock = (uint64_t)r->ru_oublock,
		.nvcsw = (uint64_t)r->ru_nvcsw,
		.nivcsw = (uint64_t)r->ru_nivcsw,
	};
}

/* glibc's waitid() hides the fifth argument. */
static int wait_for(idtype_t type, pid_t pid, siginfo_t *si, int options, struct rusage *ru)
{
	long r;

	si->si_pid = 0;
	do {
		r = syscall(SYS_waitid, type, pid, si, options | WNOHANG | __WALL, ru);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static enum child_state look(pid_t pid, int options, struct child_news *ret)
{
	siginfo_t si;
	struct rusage ru;

	if (wait_for(P_PID, pid, &si, options, &ru) < 0)
		return CHILD_NOT_OURS;
	if (si.si_pid != pid)
		return CHILD_LIVES;
	/* A child that asked to be traced by its parent, which is us, is told of
	 * at each of its stops, asked for or not. That is no death. */
	if (!(options & WSTOPPED) && si.si_code > CLD_DUMPED)
		return CHILD_LIVES;
	if (ret) {
		ret->code = si.si_code;
		ret->status = si.si_status;
		ret->uid = si.si_uid;
		take_usage(&ret->use, &ru);
	}
	return CHILD_DEAD;
}

enum child_state child_peek(pid_t pid, struct child_news *ret)
{
	return look(pid, WEXITED | WNOWAIT, ret);
}

enum child_state child_reap(pid_t pid)
{
	return look(pid, WEXITED, NULL);
}

enum child_state child_peek_stop(pid_t pid, struct child_news *ret)
{
	return look(pid, WSTOPPED | WCONTINUED, ret);
}

static pid_t look_any(int options, struct child_news *ret)
{
	siginfo_t si;
	struct rusage ru;

	if (wait_for(P_ALL, 0, &si, options, &ru) < 0 || !si.si_pid)
		return 0;
	ret->code = si.si_code;
	ret->status = si.si_status;
	ret->uid = si.si_uid;
	take_usage(&ret->use, &ru);
	return si.si_pid;
}

pid_t child_any_stop(struct child_news *ret)
{
	return look_any(WSTOPPED | WCONTINUED, ret);
}

pid_t child_first_dead(struct child_news *ret)
{
	return look_any(WEXITED | WNOWAIT, ret);
}

int child_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* PIDFD_GET_INFO, Linux 6.13; the exit status is in it since 6.15. */
struct pidfd_info_v1 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8];
	int32_t exit_code;
	uint32_t spare[2];
};

#define PIDFD_INFO_WANT_EXIT (1ULL << 3)

int child_status_of(int pidfd, struct child_news *ret)
{
	struct pidfd_info_v1 info = {.mask = PIDFD_INFO_WANT_EXIT};
	int code;

	if (ioctl(pidfd, _IOWR(0xFF, 11, struct pidfd_info_v1), &info) < 0)
		return -errno;
	if (!(info.mask & PIDFD_INFO_WANT_EXIT))
		return -ENODATA;
	code = info.exit_code;
	memset(ret, 0, sizeof(*ret));
	ret->code = WIFEXITED(code) ? CLD_EXITED : WCOREDUMP(code) ? CLD_DUMPED : CLD_KILLED;
	ret->status = WIFEXITED(code) ? WEXITSTATUS(code) : WTERMSIG(code);
	return 0;
}

static int queue(pid_t pid, pid_t tid, siginfo_t *si, uint64_t value)
{
	long r;

	memcpy(&si->si_value, &value, sizeof(si->si_value));
	if (tid)
		r = syscall(SYS_rt_tgsigqueueinfo, pid, tid, si->si_signo, si);
	else
		r = syscall(SYS_rt_sigqueueinfo, pid, si->si_signo, si);
	return r < 0 ? -errno : 0;
}

int child_queue(pid_t pid, pid_t tid, int signo, int code, uint64_t value)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = signo;
	si.si_code = code;
	si.si_pid = getpid();
	si.si_uid = getuid();
	return queue(pid, tid, &si, value);
}

int child_kick(pid_t pid, uint32_t serial)
{
	siginfo_t si;

	/* Nobody asks a kick who sent it. */
	memset(&si, 0, sizeof(si));
	si.si_signo = SIGCHLD;
	si.si_code = SI_QUEUE;
	return queue(pid, 0, &si, (uint64_t)serial << 32 | CHILD_KICK);
}

bool child_has_clone3(void)
{
	/* No arguments are too few for a kernel that knows the call. */
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL;
}
