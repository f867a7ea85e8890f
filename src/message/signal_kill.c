// SPDX-License-Identifier: Apache-2.0
/*
 * SignalKill(): signals with a code and a value, to processes, threads and groups.
 *
 * The kernel keeps codes from 0 on to itself. Such a one goes as kill() and tgkill() send
 * it, with the code that those have.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"

static int signal_plain(pid_t pid, int tid, int signo)
{
	long r = tid > 0 ? syscall(SYS_tgkill, pid, tid, signo) : kill(pid, signo);

	return r < 0 ? errno : EOK;
}

static int signal_queue(pid_t pid, int tid, int signo, int code, const union sigval *value)
{
	siginfo_t info;
	long r;

	memset(&info, 0, sizeof(info));
	info.si_signo = signo;
	info.si_code = code;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = *value;
	r = tid > 0 ? syscall(SYS_rt_tgsigqueueinfo, pid, tid, signo, &info) :
		      syscall(SYS_rt_sigqueueinfo, pid, signo, &info);
	return r < 0 ? errno : EOK;
}

EXPORT int SignalKillSigval_r(uint32_t nd, pid_t pid, int tid, int signo, int code,
			      const union sigval *value)
{
	if (ND_NODE_CMP(nd, ND_LOCAL_NODE) != 0)
		return ENOREMOTE;
	if (signo < 0 || signo >= NSIG || tid < 0)
		return EINVAL;
	if (pid == SYSMGR_PID && getpid() != SYSMGR_PID)
		return EPERM;
	if (pid <= 0)
		return signal_plain(pid, 0, signo);
	if (tid == 1)
		tid = pid;
	if (code >= 0 || code == SI_TKILL || signo == 0)
		return signal_plain(pid, tid, signo);
	return signal_queue(pid, tid, signo, code, value);
}

EXPORT int SignalKillSigval(uint32_t nd, pid_t pid, int tid, int signo, int code,
			    const union sigval *value)
{
	return result_errno(-SignalKillSigval_r(nd, pid, tid, signo, code, value));
}

EXPORT int SignalKill_r(uint32_t nd, pid_t pid, int tid, int signo, int code, int value)
{
	union sigval v = {0};

	v.sival_int = value;
	return SignalKillSigval_r(nd, pid, tid, signo, code, &v);
}

EXPORT int SignalKill(uint32_t nd, pid_t pid, int tid, int signo, int code, int value)
{
	return result_errno(-SignalKill_r(nd, pid, tid, signo, code, value));
}
