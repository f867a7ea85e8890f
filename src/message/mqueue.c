// SPDX-License-Identifier: Apache-2.0
/*
 * mq_notify() with events that neither the kernel nor glibc can deliver: pulses above
 * all. glibc runs a function in a thread of its own then, and that function is ours.
 */
#include <dlfcn.h>
#include <errno.h>
#include <mqueue.h>
#include <stdint.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/siginfo.h>
#include <unistd.h>

#include "client/export.h"
#include "client/helper.h"
#include "client/result.h"
#include "message/deliver.h"
#include "message/kept.h"
#include "message/registered.h"
#include "message/sigevent.h"

/* glibc's thread that hears of messages: made once, it stays. */
static struct helper mqueue_helper;

static int mqueue_notify_libc(mqd_t queue, const struct sigevent *ev)
{
	static void *cached;
	int (*notify)(mqd_t, const struct sigevent *);
	void *found = __atomic_load_n(&cached, __ATOMIC_RELAXED);

	if (!found) {
		found = dlsym(RTLD_NEXT, "mq_notify");
		if (!found)
			return -ENOSYS;
		__atomic_store_n(&cached, found, __ATOMIC_RELAXED);
	}
	memcpy(&notify, &found, sizeof(notify));
	if (notify(queue, ev) < 0)
		return -errno;
	if (ev && ev->sigev_notify == SIGEV_THREAD)
		helper_is_elsewhere(&mqueue_helper);
	return 0;
}

static void mqueue_has_message(union sigval value)
{
	uint32_t handle = (uint32_t)(uintptr_t)value.sival_ptr;
	struct kept kept;

	if (!kept_get(KEPT_QUEUE, handle, &kept, NULL))
		return;
	/* A request is for one time; who removes it first has it. */
	if (kept_remove(KEPT_QUEUE, handle))
		(void)deliver_here(&kept.event, kept.tid); /* nobody to tell */
}

static void mqueue_forget(uint32_t handle)
{
	if (handle)
		(void)kept_remove(KEPT_QUEUE, handle); /* or it has just happened */
}

static int mqueue_notify_kept(mqd_t queue, const struct sigevent *ev)
{
	struct sigevent function;
	struct kept kept;
	uint32_t handle;
	int rc;

	kept_init(&kept, ev);
	rc = kept_add(KEPT_QUEUE, -1, &kept, &handle);
	if (rc < 0)
		return rc;
	memset(&function, 0, sizeof(function));
	function.sigev_notify = SIGEV_THREAD;
	function.sigev_value.sival_ptr = (void *)(uintptr_t)handle;
	function._sigev_un._sigev_thread._function = mqueue_has_message;
	rc = mqueue_notify_libc(queue, &function);
	if (rc < 0) {
		(void)kept_remove(KEPT_QUEUE, handle); /* only we know it */
		return rc;
	}
	/* A former request of that number went with its queue. */
	mqueue_forget(kept_find(KEPT_QUEUE, queue));
	kept_set_key(handle, queue);
	return 0;
}

static int mqueue_check(const struct sigevent *ev)
{
	if (SIGEV_GET_TYPE(ev) == SIGEV_UNBLOCK)
		return -EINVAL;
	return ev->sigev_notify & SIGEV_FLAG_HANDLE ? registered_allows(ev, SYSMGR_COID) :
						      sigevent_check(ev);
}

EXPORT int mq_notify(mqd_t queue, const struct sigevent *ev)
{
	struct sigevent plain;
	int rc;

	if (!ev) {
		rc = mqueue_notify_libc(queue, NULL);
		if (rc == 0)
			mqueue_forget(kept_find(KEPT_QUEUE, queue));
		return result_errno(rc);
	}
	rc = mqueue_check(ev);
	if (rc < 0)
		return result_errno(rc);
	if (sigevent_to_libc(ev, &plain))
		return result_errno(mqueue_notify_libc(queue, &plain));
	return result_errno(mqueue_notify_kept(queue, ev));
}
