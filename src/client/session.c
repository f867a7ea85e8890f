// SPDX-License-Identifier: Apache-2.0
/*
 * Ids of a process that the kernel and the node see differently.
 *
 * For the kernel a managed process is a child of the node's reaper. So setpgid()
 * on an own child is done by that reaper, the parent's death is told by the
 * manager (PR_SET_PDEATHSIG), and getppid() and getsid() say what the node's
 * table says. getpgid(), setsid(), tcsetpgrp() and tcgetpgrp() are the kernel's:
 * groups and terminals are real, only parents and session 1 are ours.
 *
 * Nobody is made a member of a node by asking for an id.
 */
#include "client/session.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/export.h"
#include "client/fork.h"
#include "client/node.h"
#include "client/result.h"
#include "gen/proto.h"

/* What PR_GET_PDEATHSIG answers; the kernel clears its own at fork, too. */
static struct {
	pid_t pid;
	int signo;
} pdeathsig;

bool session_is_managed(void)
{
	return node_attached() || (node_is_expected() && node_attach() == 0);
}

/* The page of a node that still answers. */
static const struct page *live_page(void)
{
	const struct node_page *node;

	if (!session_is_managed())
		return NULL;
	node = node_shared();
	if (node && __atomic_load_n(&node->state, __ATOMIC_ACQUIRE) == NODE_STATE_DOWN)
		return NULL;
	return node_page_mine();
}

EXPORT int setpgid(pid_t pid, pid_t pgid)
{
	struct proto_setpgid_in in = {.pid = pid, .pgrp = pgid};
	struct proto_setpgid_out out;

	if (syscall(SYS_setpgid, pid, pgid) == 0)
		return 0;
	/* ESRCH: not a child of ours that the kernel knows. */
	if (errno != ESRCH || pid <= 0 || !session_is_managed())
		return -1;
	if (pgid == 0)
		in.pgrp = pid;
	return result_errno(call_setpgid(&in, &out));
}

EXPORT pid_t getppid(void)
{
	const struct page *page = live_page();
	pid_t ppid = page ? __atomic_load_n(&page->head.ppid, __ATOMIC_ACQUIRE) : 0;
	pid_t native = fork_native_parent(), kernels;

	if (ppid == 1)
		return 1;
	kernels = (pid_t)syscall(SYS_getppid);
	/* The kernel knows of a native parent's death before the manager does. */
	if (native)
		return kernels == native ? native : 1;
	return ppid > 0 ? ppid : kernels;
}

EXPORT pid_t getsid(pid_t pid)
{
	const struct page *page = live_page();
	struct proto_ids_in in = {.pid = pid};
	struct proto_ids_out out;
	pid_t sid = 0;

	if (page && (pid == 0 || pid == page->head.pid))
		sid = __atomic_load_n(&page->head.sid, __ATOMIC_ACQUIRE);
	else if (page && call_ids(&in, &out) == 0)
		sid = out.sid;
	return sid > 0 ? sid : (pid_t)syscall(SYS_getsid, pid);
}

static int set_pdeathsig(unsigned long signo)
{
	struct proto_pdeathsig_in in = {.signo = (int32_t)signo};
	struct proto_pdeathsig_out out;
	int r;

	/* A parent that is ours for the kernel, too, is the kernel's to watch. */
	if (!session_is_managed() || getppid() == (pid_t)syscall(SYS_getppid))
		return (int)syscall(SYS_prctl, PR_SET_PDEATHSIG, signo, 0, 0, 0);
	if (signo > 64)
		return result_errno(-EINVAL);
	r = call_pdeathsig(&in, &out);
	if (r < 0)
		return result_errno(r);
	pdeathsig.pid = (pid_t)syscall(SYS_getpid);
	pdeathsig.signo = (int)signo;
	return 0;
}

static int get_pdeathsig(unsigned long address)
{
	int r = (int)syscall(SYS_prctl, PR_GET_PDEATHSIG, address, 0, 0, 0);
	int *ret_signo = (int *)address;

	if (r == 0 && *ret_signo == 0 && pdeathsig.pid == (pid_t)syscall(SYS_getpid))
		*ret_signo = pdeathsig.signo;
	return r;
}

EXPORT int prctl(int option, ...)
{
	unsigned long a[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_PDEATHSIG)
		return set_pdeathsig(a[0]);
	if (option == PR_GET_PDEATHSIG)
		return get_pdeathsig(a[0]);
	return (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}
