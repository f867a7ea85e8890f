// SPDX-License-Identifier: Apache-2.0
/*
 * Registered events, and the look at events before they are used.
 *
 * differs: a registered event stays readable in its handle, so that a server's library can
 * carry it out; who may is checked there.
 */
#include "message/registered.h"

#include <errno.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <unistd.h>

#include "client/export.h"
#include "client/result.h"
#include "message/kept.h"
#include "message/sigevent.h"

int registered_get(const struct sigevent *handle, struct kept *ret)
{
	if (!kept_get(KEPT_REGISTERED, handle->sigev_handle, ret, NULL))
		return -EINVAL;
	if (ret->event.sigev_notify & SIGEV_FLAG_UPDATEABLE)
		ret->event.sigev_value = handle->sigev_value;
	if (ret->event.sigev_notify & SIGEV_FLAG_CODE_UPDATEABLE)
		ret->event.sigev_code = handle->sigev_code;
	return 0;
}

int registered_find(const struct sigevent *handle, struct sigevent *ret)
{
	struct kept kept;
	int rc = registered_get(handle, &kept);

	if (rc < 0)
		return rc;
	*ret = kept.event;
	if (SIGEV_GET_TYPE(ret) == SIGEV_THREAD)
		ret->_sigev_un._sigev_thread._attribute = NULL;
	return 0;
}

#pragma weak ConnectServerInfo_r

/* 0; -EBADF: no such connection; -ESRCH: nobody is at its other end. */
static int connection_look(int coid, struct _server_info *ret)
{
	if (!ConnectServerInfo_r || ConnectServerInfo_r(0, coid, ret) != coid)
		return -EBADF;
	return ConnectServerInfo_r(0, coid, NULL) == coid ? 0 : -ESRCH;
}

/* Any of the connections to that server will do. */
static bool is_same_server(const struct kept *kept, int coid)
{
	struct _server_info info;

	return kept->chid && connection_look(coid, &info) != -EBADF && info.pid == kept->server &&
	       info.chid == kept->chid;
}

int registered_allows(const struct sigevent *event, int from)
{
	struct kept kept;
	int64_t coid;

	if (!(event->sigev_notify & SIGEV_FLAG_HANDLE))
		return 0;
	if (!kept_get(KEPT_REGISTERED, event->sigev_handle, &kept, &coid))
		return -EINVAL;
	if (coid == _NTO_REGEVENT_ALLOW_ANY_SERVER || coid == from)
		return 0;
	return from >= 0 && coid >= 0 && is_same_server(&kept, from) ? 0 : -EACCES;
}

/* Who may deliver it, as far as a coid says. */
static int registered_name_server(struct kept *kept, int coid)
{
	struct _server_info info;
	int rc;

	if (coid == _NTO_REGEVENT_ALLOW_ANY_SERVER || coid == _NTO_REGEVENT_ALLOW_SELF ||
	    coid == SYSMGR_COID)
		return 0;
	if (coid < 0)
		return -EBADF;
	rc = connection_look(coid, &info);
	if (rc < 0)
		return -EBADF;
	kept->server = info.pid;
	kept->chid = info.chid;
	return 0;
}

/*
 * What the number takes the place of, and who may deliver it, travels along: the server has no
 * other way to know.
 */
struct registered_rest {
	int32_t id; /* sigev_signo, sigev_coid, sigev_id */
	int32_t server;
};

static void registered_close(struct sigevent *event, const struct kept *kept, int coid)
{
	struct registered_rest rest = {.id = event->sigev_signo, .server = kept->server};

	if (coid == _NTO_REGEVENT_ALLOW_SELF || coid == SYSMGR_COID)
		rest.server = -1;
	event->sigev_notify |= SIGEV_FLAG_HANDLE;
	memcpy(event->__reserved, &rest, sizeof(rest));
}

int registered_open(const struct sigevent *event, struct sigevent *ret)
{
	struct registered_rest rest;

	*ret = *event;
	if (!(event->sigev_notify & SIGEV_FLAG_HANDLE))
		return 0;
	memcpy(&rest, event->__reserved, sizeof(rest));
	ret->sigev_signo = rest.id;
	ret->sigev_notify &= ~SIGEV_FLAG_HANDLE;
	return rest.server == 0 || rest.server == getpid() ? 0 : -EACCES;
}

static int registered_add(struct sigevent *event, int coid)
{
	struct kept kept;
	uint32_t handle;
	int rc;

	if (!event || (event->sigev_notify & SIGEV_FLAG_HANDLE))
		return -EINVAL;
	rc = sigevent_check(event);
	if (rc < 0)
		return rc;
	kept_init(&kept, event);
	rc = registered_name_server(&kept, coid);
	if (rc == 0)
		rc = kept_add(KEPT_REGISTERED, coid, &kept, &handle);
	if (rc < 0)
		return rc;
	registered_close(event, &kept, coid);
	event->sigev_handle = handle;
	return 0;
}

EXPORT int MsgRegisterEvent_r(struct sigevent *event, int coid)
{
	return -registered_add(event, coid);
}

EXPORT int MsgRegisterEvent(struct sigevent *event, int coid)
{
	return result_errno(registered_add(event, coid));
}

static int registered_remove(const struct sigevent *event)
{
	if (!event || !(event->sigev_notify & SIGEV_FLAG_HANDLE))
		return -EINVAL;
	return kept_remove(KEPT_REGISTERED, event->sigev_handle) ? 0 : -EINVAL;
}

EXPORT int MsgUnregisterEvent_r(const struct sigevent *event)
{
	return -registered_remove(event);
}

EXPORT int MsgUnregisterEvent(const struct sigevent *event)
{
	return result_errno(registered_remove(event));
}

/* ---- MsgVerifyEvent() ---- */

/* Here the client's own check could be asked for; a server knows no more than the form. */
static int verify_at_client(int rcvid, const struct sigevent *event)
{
	(void)rcvid;
	(void)event;
	return 0;
}

static int verify_pulse(const struct sigevent *event)
{
	struct _server_info info;
	int rc = connection_look(event->sigev_coid, &info);

	/* No connection is ESRCH here, one without a channel EBADF. */
	if (rc == -EBADF)
		return -ESRCH;
	return rc == -ESRCH ? -EBADF : 0;
}

static int verify_own(const struct sigevent *event)
{
	struct kept kept;
	int rc = 0;

	if (event->sigev_notify & SIGEV_FLAG_HANDLE) {
		rc = registered_get(event, &kept);
		event = &kept.event;
	}
	if (rc == 0)
		rc = sigevent_check(event);
	if (rc == 0 && SIGEV_GET_TYPE(event) == SIGEV_PULSE)
		rc = verify_pulse(event);
	return rc;
}

EXPORT int MsgVerifyEvent_r(int rcvid, const struct sigevent *event)
{
	int rc;

	if (!event)
		return -EINVAL;
	if (rcvid == 0)
		return verify_own(event);
	/* A handle's own members are the client's affair. */
	rc = event->sigev_notify & SIGEV_FLAG_HANDLE ? 0 : sigevent_check(event);
	return rc < 0 ? rc : verify_at_client(rcvid, event);
}

EXPORT int MsgVerifyEvent(int rcvid, const struct sigevent *event)
{
	return result_errno(MsgVerifyEvent_r(rcvid, event));
}
