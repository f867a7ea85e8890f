// SPDX-License-Identifier: Apache-2.0
/* The tables of handlers that iofunc_func_init() gives out, and how much of them. */
#include <stddef.h>
#include <string.h>

#include <sys/iofunc.h>

#include "iofunc/export.h"

static const resmgr_connect_funcs_t table_connect = {
	.nfuncs = _RESMGR_CONNECT_NFUNCS,
	.open = iofunc_open_default,
};

static const resmgr_io_funcs_t table_io = {
	.nfuncs = _RESMGR_IO_NFUNCS,
	.read = iofunc_read_default,
	.write = iofunc_write_default,
	.close_ocb = iofunc_close_ocb_default,
	.stat = iofunc_stat_default,
	.devctl = iofunc_devctl_default,
	.unblock = iofunc_unblock_default,
	.pathconf = iofunc_pathconf_default,
	.lseek = iofunc_lseek_default,
	.chmod = iofunc_chmod_default,
	.chown = iofunc_chown_default,
	.utime = iofunc_utime_default,
	.openfd = iofunc_openfd_default,
	.fdinfo = iofunc_fdinfo_default,
	.lock = iofunc_lock_default,
	.mmap = iofunc_mmap_default,
	.close_dup = iofunc_close_dup_default,
	.lock_ocb = iofunc_lock_ocb_default,
	.unlock_ocb = iofunc_unlock_ocb_default,
	.sync = iofunc_sync_default,
};

/* The first @wanted pointers of a table that has @has of them; nfuncs stands before. */
static void table_fill(void *to, const void *from, size_t first, unsigned wanted, unsigned has)
{
	const unsigned count = wanted < has ? wanted : has;

	memcpy((char *)to + first, (const char *)from + first, count * sizeof(void (*)(void)));
	memcpy(to, &count, sizeof(count));
}

EXPORT void iofunc_func_init(unsigned nconnect, resmgr_connect_funcs_t *connect, unsigned nio,
			     resmgr_io_funcs_t *io)
{
	if (connect)
		table_fill(connect, &table_connect, offsetof(resmgr_connect_funcs_t, open),
			   nconnect, _RESMGR_CONNECT_NFUNCS);
	if (io)
		table_fill(io, &table_io, offsetof(resmgr_io_funcs_t, read), nio,
			   _RESMGR_IO_NFUNCS);
}
