// SPDX-License-Identifier: Apache-2.0
/*
 * folder ENTRIES    a folder of a resource manager is read by readdir(). Says how many reads
 * came to its server, and how many bytes they had; the one that finds the end counts, too.
 */
#include "figure.h"

#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/iofunc.h>
#include <sys/dispatch.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "/bench/folder"
#define NAME 8 /* bytes, with the 0 */

static struct seen {
	sem_t is_up;
	long reads, bytes;
} * seen;
static int entries;

static int folder_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	static _Alignas(struct dirent) char buffer[1 << 20];
	const size_t length = (offsetof(struct dirent, d_name) + NAME + 7) & ~(size_t)7;
	size_t room = _IO_READ_GET_NBYTES(msg), used = 0;
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	room = room < sizeof(buffer) ? room : sizeof(buffer);
	for (; ocb->offset < entries && used + length <= room; used += length) {
		struct dirent *entry = (struct dirent *)(void *)(buffer + used);

		memset(entry, 0, length);
		entry->d_ino = (ino_t)ocb->offset + 1;
		entry->d_off = ++ocb->offset;
		entry->d_reclen = (unsigned short)length;
		entry->d_type = DT_REG;
		(void)snprintf(entry->d_name, NAME, "%07u", (unsigned)ocb->offset % 10000000u);
	}
	seen->reads++;
	seen->bytes += (long)used;
	_IO_SET_READ_NBYTES(ctp, used);
	return _RESMGR_PTR(ctp, buffer, used);
}

noreturn static void serve(void)
{
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	static iofunc_attr_t attr;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a signal */
	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	io_funcs.read = folder_read;
	iofunc_attr_init(&attr, S_IFDIR | 0555, NULL, NULL);
	if (resmgr_attach(dpp, NULL, PATH, _FTYPE_ANY, _RESMGR_FLAG_DIR, &connect_funcs, &io_funcs,
			  &attr) == -1)
		figure_die("resmgr_attach");
	ctp = dispatch_context_alloc(dpp);
	(void)sem_post(&seen->is_up); /* cannot fail, it is 0 */
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	figure_die("dispatch_block");
}

int main(int argc, char **argv)
{
	int n = 0;
	pid_t pid;
	DIR *dir;

	if (argc != 2)
		return 2;
	entries = atoi(argv[1]);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || sem_init(&seen->is_up, 1, 0) < 0 || (pid = fork()) < 0)
		figure_die("fork");
	if (pid == 0)
		serve();
	while (sem_wait(&seen->is_up) < 0)
		;
	dir = opendir(PATH);
	if (!dir)
		figure_die("opendir");
	while (readdir(dir))
		n++;
	if (n < entries || n > entries + 2) { /* . and .. may be among them */
		fprintf(stderr, "%d entries of %d\n", n, entries);
		return 1;
	}
	(void)closedir(dir); /* what is counted has been */
	figure_say("reads", seen->reads);
	figure_say("bytes", seen->bytes);
	(void)kill(pid, SIGKILL); /* not collected: it exists */
	return 0;
}
