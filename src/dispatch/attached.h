// SPDX-License-Identifier: Apache-2.0
/*
 * Attached names: what resmgr_attach() makes and its id stands for. Ids are the process's, as
 * resmgr_pathname() asks by id alone.
 *
 * It is *busy* while a handler of it runs; resmgr_detach() waits for that to end, the
 * handler that it is called from excepted. It lives as long as anything open leads to it.
 */
#pragma once

#include <stdbool.h>

#include <sys/dispatch.h>

struct attached {
	int id;
	dispatch_t *dpp;
	char *path; /* absolute; NULL: none */
	int link;   /* in the pathname space; 0: not published */
	enum _file_type ftype;
	unsigned flags; /* _RESMGR_FLAG_* */
	const resmgr_connect_funcs_t *connect_funcs;
	const resmgr_io_funcs_t *io_funcs;
	void *handle;
	int (*other_func)(resmgr_context_t *ctp, void *msg);
	_Atomic unsigned refs;
	_Atomic unsigned busy;
	_Atomic bool is_detached; /* no connects any more */
	_Atomic bool is_awaited;  /* somebody waits for busy */
};

/* One for each handler that runs, on its stack: so a thread knows its own. */
struct attached_use {
	struct attached *attached;
	struct attached_use *outer;
};

/* NULL: no such name of @dpp, or it is being detached. */
struct attached *attached_enter(const dispatch_t *dpp, int id, struct attached_use *use);
/* One that is known to live. */
void attached_enter_again(struct attached *attached, struct attached_use *use);
void attached_leave(struct attached_use *use);

void attached_ref(struct attached *attached);
void attached_unref(struct attached *attached);

/* Any one of @dpp; -1: it has none. For dispatch_destroy(). */
int attached_any(const dispatch_t *dpp);
