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

#include "client/export.h"
#include "client/result.h"
#include "message/deliver_event.h"
#include "message/kept.h"
#include "message/lane.h"
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

/* 0; -EBADF: no such connection; -ESRCH: nobody is at its other end. */
static int connection_look(int coid, struct _server_info *ret)
{
	if (ConnectServerInfo_r(0, coid, ret) != coid)
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

/* What the number takes the place of travels along: the server has no other way to know. */
static void registered_close(struct sigevent *event)
{
	int32_t id = event->sigev_signo; /* or sigev_coid, sigev_id */

	event->sigev_notify |= SIGEV_FLAG_HANDLE;
	memcpy(event->__reserved, &id, sizeof(id));
}

void registered_open(const struct sigevent *event, struct sigevent *ret)
{
	int32_t id;

	*ret = *event;
	if (!(event->sigev_notify & SIGEV_FLAG_HANDLE))
		return;
	memcpy(&id, event->__reserved, sizeof(id));
	ret->sigev_signo = id;
	ret->sigev_notify &= ~SIGEV_FLAG_HANDLE;
}

/* Who may deliver it, for its server. */
static int registered_server(const struct kept *kept, int coid)
{
	if (coid == _NTO_REGEVENT_ALLOW_SELF || coid == SYSMGR_COID)
		return -1;
	return kept->server;
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
	registered_close(event);
	event->sigev_handle = handle;
	lane_tell(LANE_REGISTERED, (int)handle, registered_server(&kept, coid));
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
	if (!kept_remove(KEPT_REGISTERED, event->sigev_handle))
		return -EINVAL;
	lane_untell(LANE_REGISTERED, (int)event->sigev_handle);
	return 0;
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
	return rc < 0 ? rc : deliver_event_verify(rcvid, event);
}

EXPORT int MsgVerifyEvent(int rcvid, const struct sigevent *event)
{
	return result_errno(MsgVerifyEvent_r(rcvid, event));
}
