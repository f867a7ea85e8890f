// SPDX-License-Identifier: Apache-2.0
/*
 * Functions for descriptors. Each is armed by ionotify() with a pulse to the handle's own
 * channel, whose value says the descriptor and, or-ed in by the server, what has come to hold.
 */
#include <errno.h>
#include <stdlib.h>

#include "dispatch/dispatch.h"
#include "iofunc/export.h"

struct selected {
	struct selected *next;
	int fd; /* -1: deaths of servers */
	unsigned flags;
	int (*func)(select_context_t *ctp, int fd, unsigned flags, void *handle);
	void *handle;
};

#define FD_MASK _NOTIFY_DATA_MASK

/* Until the client's side of resource managers is there. */
extern __typeof__(ionotify) ionotify __attribute__((weak));

static struct selected **where_of(dispatch_t *dpp, int fd)
{
	struct selected **where = &dpp->selected;

	while (*where && (*where)->fd != fd)
		where = &(*where)->next;
	return where;
}

/* A copy: functions attach and detach as they like. */
static bool find(dispatch_t *dpp, int fd, struct selected *ret)
{
	const struct selected *found;

	pthread_mutex_lock(&dpp->lock);
	found = *where_of(dpp, fd);
	if (found)
		*ret = *found;
	pthread_mutex_unlock(&dpp->lock);
	return found;
}

/* Armed, or the pulse is on its way already. */
static int arm(dispatch_t *dpp, const struct selected *selected)
{
	const int coid = dispatch_wake_coid(dpp);
	struct sigevent event;
	int now;

	if (coid < 0)
		return coid;
	if (!ionotify)
		return -ENOSYS;
	SIGEV_PULSE_INT_INIT(&event, coid, SIGEV_PULSE_PRIO_INHERIT, DISPATCH_PULSE_SELECT,
			     selected->fd);
	SIGEV_MAKE_UPDATEABLE(&event);
	now = ionotify(selected->fd, _NOTIFY_ACTION_POLLARM,
		       (int)(selected->flags & _NOTIFY_COND_MASK), &event);
	if (now == -1)
		return -errno;
	if ((unsigned)now & _NOTIFY_COND_MASK)
		return -MsgSendPulse_r(coid, -1, DISPATCH_PULSE_SELECT,
				       (int)((unsigned)now & _NOTIFY_COND_MASK) | selected->fd);
	return 0;
}

static int add(dispatch_t *dpp, const struct selected *what)
{
	struct selected *made = malloc(sizeof(*made)), **where;
	int r = 0;

	if (!made)
		return -ENOMEM;
	*made = *what;
	pthread_mutex_lock(&dpp->lock);
	where = where_of(dpp, what->fd);
	if (*where) {
		r = -EINVAL;
	} else {
		made->next = dpp->selected;
		dpp->selected = made;
	}
	pthread_mutex_unlock(&dpp->lock);
	if (r < 0)
		free(made);
	return r;
}

static int remove_fd(dispatch_t *dpp, int fd)
{
	struct selected **where, *found;

	pthread_mutex_lock(&dpp->lock);
	where = where_of(dpp, fd);
	if ((found = *where))
		*where = found->next;
	pthread_mutex_unlock(&dpp->lock);
	free(found);
	return found ? 0 : -EINVAL;
}

EXPORT int select_attach(void *handle_, select_attr_t *attr, int fd, unsigned flags,
			 int (*func)(select_context_t *ctp, int fd, unsigned flags, void *handle),
			 void *handle)
{
	dispatch_t *dpp = handle_;
	const bool of_servers = flags & SELECT_FLAG_SRVEXCEPT;
	const struct selected what = {NULL, of_servers ? -1 : fd, flags, func, handle};
	int r;

	(void)attr;
	if (!dpp || !func || (!of_servers && (fd < 0 || (unsigned)fd > FD_MASK)))
		return with_errno(-EINVAL);
	if (of_servers && dpp->chid == -1)
		dpp->flags |= DISPATCH_FLAG_CHANNEL_COIDDEATH;
	r = dispatch_need_channel(dpp);
	if (r == 0)
		r = add(dpp, &what);
	if (r == 0 && !of_servers && (r = arm(dpp, &what)) < 0)
		(void)remove_fd(dpp, fd); /* it is there */
	return with_errno(r);
}

EXPORT int select_detach(void *dpp, int fd)
{
	struct sigevent none;
	int r = dpp ? remove_fd(dpp, fd) : -EINVAL;

	SIGEV_NONE_INIT(&none);
	if (r == 0 && fd >= 0 && ionotify)
		(void)ionotify(fd, _NOTIFY_ACTION_POLL, (int)_NOTIFY_COND_INPUT, &none);
	return with_errno(r);
}

EXPORT int select_query(select_context_t *ctp, int *fd, unsigned *flags,
			int (**func)(select_context_t *ctp, int fd, unsigned flags, void *handle),
			void **handle)
{
	struct selected found;

	if (!find(ctp->dpp, ctp->fd, &found))
		return with_errno(-EINVAL);
	if (fd)
		*fd = found.fd;
	if (flags)
		*flags = found.flags;
	if (func)
		*func = found.func;
	if (handle)
		*handle = found.handle;
	return 0;
}

EXPORT dispatch_context_t *select_rearm(dispatch_context_t *ctp, int fd)
{
	struct selected found;
	int r = -EINVAL;

	if (find(ctp->select_context.dpp, fd, &found))
		r = arm(ctp->select_context.dpp, &found);
	return with_errno(r) < 0 ? NULL : ctp;
}

int select_pulse(resmgr_context_t *ctp)
{
	const unsigned value = (unsigned)ctp->msg->pulse.value.sival_int;
	const int fd = (int)(value & FD_MASK);
	dispatch_t *dpp = ctp->dpp;
	select_context_t *context = &ctp->extra->ctp->select_context;
	struct selected found;

	if (!find(dpp, fd, &found))
		return 0;
	context->fd = fd;
	(void)found.func(context, fd, value & _NOTIFY_COND_MASK, found.handle);
	/* It may have detached itself, or put another in its place. */
	if (!(found.flags & SELECT_FLAG_NOREARM) && find(dpp, fd, &found))
		(void)arm(dpp, &found); /* a descriptor that is gone is ready no more */
	return 0;
}

bool select_server_died(resmgr_context_t *ctp)
{
	const int coid = ctp->msg->pulse.value.sival_int;
	select_context_t *context = &ctp->extra->ctp->select_context;
	struct selected found;

	if (!find(ctp->dpp, -1, &found))
		return false;
	context->fd = coid;
	(void)found.func(context, coid, SELECT_FLAG_SRVEXCEPT, found.handle);
	return true;
}

void select_fini(dispatch_t *dpp)
{
	while (dpp->selected)
		(void)select_detach(dpp, dpp->selected->fd); /* it is there */
}

/* QNX's pages: not implemented. */
EXPORT int sigwait_attach(void *dpp, sigwait_attr_t *attr, int signo,
			  int (*func)(sigwait_context_t *ctp, void *handle), void *handle)
{
	(void)dpp;
	(void)attr;
	(void)signo;
	(void)func;
	(void)handle;
	return with_errno(-ENOSYS);
}

EXPORT int sigwait_detach(void *dpp, int signo)
{
	(void)dpp;
	(void)signo;
	return with_errno(-ENOSYS);
}
