// SPDX-License-Identifier: Apache-2.0
/*
 * The procmgr_*() calls that are one question to the manager, and the names of
 * abilities. What each does and answers stands in <sys/procmgr.h>.
 */
#include <sys/procmgr.h>

#include <kamioka.h>
#include <stdarg.h>
#include <string.h>
#include <sys/netmgr.h>

#include "base/util.h"
#include "client/export.h"
#include "client/result.h"
#include "gen/proto.h"

EXPORT pid_t procmgr_guardian(pid_t pid)
{
	struct proto_guardian_in in = {.pid = pid};
	struct proto_guardian_out out;
	int r = pid < 0 ? -EINVAL : call_guardian(&in, &out);

	return r < 0 ? result_errno(r) : pid;
}

/* @xid is for the drivers of terminals, which are the kernel's here. */
EXPORT int procmgr_session_ext(uint32_t nd, pid_t sid, int xid, int id, unsigned event)
{
	struct proto_session_in in = {.sid = sid, .id = id, .event = event};
	struct proto_session_out out;

	(void)xid;
	if (ND_NODE_CMP(nd, ND_LOCAL_NODE) != 0)
		return result_errno(-ENOREMOTE);
	return result_errno(call_session(&in, &out));
}

EXPORT int procmgr_session(uint32_t nd, pid_t sid, int id, unsigned event)
{
	return procmgr_session_ext(nd, sid, 0, id, event);
}

EXPORT int kamioka_service_manager(void)
{
	struct proto_service_manager_in in = {0};
	struct proto_service_manager_out out;

	return result_errno(call_service_manager(&in, &out));
}

/* The first refusal ends it; what stood before holds. Answers an errno. */
EXPORT int procmgr_ability(pid_t pid, unsigned ability, ...)
{
	struct proto_ability_out out;
	va_list args;
	int r = 0;

	va_start(args, ability);
	for (unsigned item = ability; r == 0; item = va_arg(args, unsigned)) {
		struct proto_ability_in in = {.pid = pid, .ability = item};
		bool last = (item & PROCMGR_AID_MASK) == PROCMGR_AID_EOL;

		if (item & PROCMGR_AOP_SUBRANGE) {
			in.low = va_arg(args, uint64_t);
			in.high = va_arg(args, uint64_t);
		}
		/* A plain end says nothing about the others. */
		if (item != PROCMGR_AID_EOL)
			r = call_ability(&in, &out);
		if (last)
			break;
	}
	va_end(args);
	return -r;
}

/* Names as the documents' constants have them, without PROCMGR_AID_, in small letters. */
static const char *const ability_names[] = {
	[PROCMGR_AID_SPAWN_SETUID] = "spawn_setuid",
	[PROCMGR_AID_SPAWN_SETGID] = "spawn_setgid",
	[PROCMGR_AID_SETUID] = "setuid",
	[PROCMGR_AID_SETGID] = "setgid",
	[PROCMGR_AID_GETID] = "getid",
	[PROCMGR_AID_PATHSPACE] = "pathspace",
	[PROCMGR_AID_REBOOT] = "reboot",
	[PROCMGR_AID_CPUMODE] = "cpumode",
	[PROCMGR_AID_RUNSTATE] = "runstate",
	[PROCMGR_AID_CONFSET] = "confset",
	[PROCMGR_AID_RSRCDBMGR] = "rsrcdbmgr",
	[PROCMGR_AID_SESSION] = "session",
	[PROCMGR_AID_UMASK] = "umask",
	[PROCMGR_AID_EVENT] = "event",
	[PROCMGR_AID_RLIMIT] = "rlimit",
	[PROCMGR_AID_MEM_ADD] = "mem_add",
	[PROCMGR_AID_MEM_PHYS] = "mem_phys",
	[PROCMGR_AID_MEM_SPECIAL] = "mem_special",
	[PROCMGR_AID_MEM_GLOBAL] = "mem_global",
	[PROCMGR_AID_MEM_PEER] = "mem_peer",
	[PROCMGR_AID_MEM_LOCK] = "mem_lock",
	[PROCMGR_AID_SPAWN] = "spawn",
	[PROCMGR_AID_FORK] = "fork",
	[PROCMGR_AID_PROT_EXEC] = "prot_exec",
	[PROCMGR_AID_WAIT] = "wait",
	[PROCMGR_AID_CLOCKSET] = "clockset",
	[PROCMGR_AID_CLOCKPERIOD] = "clockperiod",
	[PROCMGR_AID_INTERRUPT] = "interrupt",
	[PROCMGR_AID_KEYDATA] = "keydata",
	[PROCMGR_AID_TRACE] = "trace",
	[PROCMGR_AID_IO] = "io",
	[PROCMGR_AID_PRIORITY] = "priority",
	[PROCMGR_AID_CONNECTION] = "connection",
	[PROCMGR_AID_SCHEDULE] = "schedule",
	[PROCMGR_AID_SIGNAL] = "signal",
	[PROCMGR_AID_TIMER] = "timer",
	[PROCMGR_AID_PGRP] = "pgrp",
	[PROCMGR_AID_MAP_FIXED] = "map_fixed",
	[PROCMGR_AID_CHILD_NEWAPP] = "child_newapp",
	[PROCMGR_AID_PUBLIC_CHANNEL] = "public_channel",
	[PROCMGR_AID_ABLE_CREATE] = "able_create",
	[PROCMGR_AID_XTHREAD_THREADCTL] = "xthread_threadctl",
	[PROCMGR_AID_XPROCESS_QUERY] = "xprocess_query",
	[PROCMGR_AID_CHROOT] = "chroot",
	[PROCMGR_AID_RLIMIT_PEER] = "rlimit_peer",
	[PROCMGR_AID_PROT_WRITE_AND_EXEC] = "prot_write_and_exec",
	[PROCMGR_AID_SETTYPEID] = "settypeid",
	[PROCMGR_AID_XPROCESS_ABLE] = "xprocess_able",
	[PROCMGR_AID_XPROCESS_DEBUG] = "xprocess_debug",
	[PROCMGR_AID_XPROCESS_MEM_READ] = "xprocess_mem_read",
	[PROCMGR_AID_UNTRUSTED_EXEC] = "untrusted_exec",
};

static int find_ability(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ability_names); i++)
		if (ability_names[i] && strcmp(ability_names[i], name) == 0)
			return (int)i;
	return -ENOENT;
}

static int ask_ability(const char *name, uint32_t flags)
{
	struct proto_ability_create_in in = {.flags = flags};
	struct proto_ability_create_out out;
	size_t len = strlen(name);
	int r;

	if (len == 0 || len >= sizeof(in.name))
		return -EINVAL;
	memcpy(in.name, name, len);
	r = call_ability_create(&in, &out);
	return r < 0 ? r : out.id;
}

EXPORT int procmgr_ability_lookup(const char *name)
{
	int id;

	if (!name)
		return -EINVAL;
	id = find_ability(name);
	return id >= 0 ? id : ask_ability(name, 0);
}

EXPORT int procmgr_ability_create(const char *name, unsigned flags)
{
	if (!name || (flags & ~(PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT)))
		return -EINVAL;
	if (find_ability(name) >= 0)
		return -EINVAL;
	return ask_ability(name, 1 | flags);
}

/* differs: only the names that every node has are known here. */
EXPORT int procmgr_ability_name(unsigned ability, char *buf, size_t size)
{
	unsigned id = ability & PROCMGR_AID_MASK;
	size_t len;

	if (!buf || size == 0)
		return -EINVAL;
	if (id >= ARRAY_LEN(ability_names) || !ability_names[id])
		return -ENOENT;
	len = MIN(strlen(ability_names[id]), size - 1);
	memcpy(buf, ability_names[id], len);
	buf[len] = 0;
	return 0;
}
