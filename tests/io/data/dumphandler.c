/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told of dumps before the dumper is, in the manner of old QNX sources: no type before
 * main(), all in globals of plain names, what was written is behind the message in the buffer
 * of the dispatch layer and gets its 0 there, and <sys/procfs.h> for more about the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/neutrino.h>
#include <sys/procfs.h>
#include <sys/stat.h>

resmgr_connect_funcs_t connects;
resmgr_io_funcs_t ios;
resmgr_attr_t how;
iofunc_attr_t attr;
dispatch_context_t *ctp;
dispatch_t *dpp;
int next_fd;

struct {
	procfs_debuginfo info;
	char more[PATH_MAX];
} about;

int take(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	procfs_greg registers;
	char *text = (char *)(msg + 1);
	char path[PATH_MAX];
	int fd, status;

	if ((status = iofunc_write_verify(ctp, msg, ocb, NULL)) != EOK)
		return status;
	if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (ctp->msg_max_size < sizeof(msg->i) + msg->i.nbytes + 1)
		return ENOSPC;
	text[msg->i.nbytes] = '\0';
	if (next_fd != -1)
		write(next_fd, text, strlen(text));
	printf("dump of %d, whose registers are %d bytes\n", atoi(text), (int)sizeof(registers));
	sprintf(path, "/proc/%d/ctl", atoi(text));
	if ((fd = open(path, O_RDONLY | O_NONBLOCK)) != -1) {
		if (devctl(fd, DCMD_PROC_MAPDEBUG_BASE, &about, sizeof(about), NULL) == EOK)
			printf("it is %s\n", about.info.path);
		close(fd);
	}
	_IO_SET_WRITE_NBYTES(ctp, msg->i.nbytes);
	return EOK;
}

main(int argc, char **argv)
{
	next_fd = open("/proc/dumper", O_WRONLY);
	dpp = dispatch_create();
	memset(&how, 0, sizeof(how));
	how.msg_max_size = 2048;
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connects, _RESMGR_IO_NFUNCS, &ios);
	ios.write = take;
	iofunc_attr_init(&attr, S_IFNAM | 0600, NULL, NULL);
	if (resmgr_attach(dpp, &how, "/proc/dumper", _FTYPE_DUMPER, _RESMGR_FLAG_BEFORE,
			  &connects, &ios, &attr) == -1) {
		perror("resmgr_attach");
		return 1;
	}
	ctp = dispatch_context_alloc(dpp);
	while ((ctp = dispatch_block(ctp)) != NULL)
		dispatch_handler(ctp);
	return 1;
}
