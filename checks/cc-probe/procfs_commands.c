/* SPDX-License-Identifier: Apache-2.0 */
/* Tools that look at processes and a debugger, as they are written for /proc/PID/as. */
#include <devctl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/debug.h>
#include <sys/neutrino.h>
#include <sys/procfs.h>
#include <sys/types.h>

/* The documents' numbers, where the structure has the documents' size. */
typedef char
	numbers_are_the_documents_[(unsigned)DCMD_PROC_MAPDEBUG == 0xc0100803u &&
						   (unsigned)DCMD_PROC_SIGNAL == 0x80100804u &&
						   (unsigned)DCMD_PROC_CURTHREAD == 0x80040808u &&
						   (unsigned)DCMD_PROC_GETGREG == 0x6000080au &&
						   (unsigned)DCMD_PROC_SETFPREG == 0xa000080du &&
						   (unsigned)DCMD_PROC_BREAK == 0xc010080eu &&
						   (unsigned)DCMD_PROC_SETREGSET == 0xe004081au &&
						   (unsigned)DCMD_PROC_THREADCTL == 0xc408081bu &&
						   (unsigned)DCMD_PROC_CHANNELS == 0x4030081du &&
						   (unsigned)DCMD_PROC_ASINFO == 0x4080081eu ?
					   1 :
					   -1];
typedef char registers_are_the_documents_[sizeof(X86_64_CPU_REGISTERS) == 160 &&
							  sizeof(AARCH64_CPU_REGISTERS) == 272 &&
							  sizeof(debug_fpreg_t) == 8192 ?
						  1 :
						  -1];

static struct {
	procfs_debuginfo info;
	char buf[1024];
} name;

static void print_threads(int fd)
{
	procfs_status status;

	memset(&status, 0, sizeof(status));
	for (status.tid = 1; devctl(fd, DCMD_PROC_TIDSTATUS, &status, sizeof(status), 0) == EOK;
	     status.tid++) {
		if (status.state == STATE_REPLY)
			printf("%d waits for %d\n", status.tid, status.blocked.connect.pid);
		else if (status.state == STATE_MUTEX)
			printf("%d at %llx\n", status.tid,
			       (unsigned long long)status.blocked.sync.sync);
	}
}

static void print_mappings(int fd)
{
	procfs_mapinfo *maps;
	int n = 0;

	if (devctl(fd, DCMD_PROC_PAGEDATA, NULL, 0, &n) != EOK)
		return;
	maps = (procfs_mapinfo *)malloc((size_t)n * sizeof(*maps));
	if (maps && devctl(fd, DCMD_PROC_PAGEDATA, maps, (size_t)n * sizeof(*maps), &n) == EOK)
		for (int i = 0; i < n; i++)
			if ((maps[i].flags & MAP_STACK) && !(maps[i].flags & PG_HWMAPPED))
				printf("%llx\n", (unsigned long long)maps[i].vaddr);
	free(maps);
}

/* A debugger goes on, and wants to hear of the next stop. */
static int go_on(int fd, pthread_t thread)
{
	struct sigevent event;
	procfs_run run;
	debug_break_t bp;
	uint32_t flags = _DEBUG_FLAG_KLC;

	SIGEV_SIGNAL_THREAD_INIT(&event, SIGUSR1, 0, 0);
	if (devctl(fd, DCMD_PROC_EVENT, &event, sizeof(event), 0) != EOK ||
	    devctl(fd, DCMD_PROC_SET_FLAG, &flags, sizeof(flags), 0) != EOK ||
	    devctl(fd, DCMD_PROC_CURTHREAD, &thread, sizeof(thread), 0) != EOK)
		return -1;
	bp.type = _DEBUG_BREAK_EXEC | _DEBUG_BREAK_HW;
	bp.addr = 0x1000;
	bp.size = 0;
	(void)devctl(fd, DCMD_PROC_BREAK, &bp, sizeof(bp), 0);
	memset(&run, 0, sizeof(run));
	run.flags = _DEBUG_RUN_FAULT | _DEBUG_RUN_TRACE | _DEBUG_RUN_ARM | _DEBUG_RUN_CLRFLT;
	sigfillset(&run.trace);
	sigemptyset((sigset_t *)&run.fault);
	sigaddset((sigset_t *)&run.fault, FLTBPT);
	return devctl(fd, DCMD_PROC_RUN, &run, sizeof(run), 0);
}

static unsigned long long instruction(int fd)
{
	procfs_greg regs;
	int size;

	if (devctl(fd, DCMD_PROC_GETGREG, &regs, sizeof(regs), &size) != EOK)
		return 0;
#ifdef __x86_64__
	return X86_64_GET_REGIP(&regs.x86_64);
#else
	return AARCH64_GET_REGIP(&regs.aarch64);
#endif
}

/* Each command is another one. */
static const char *command(int dcmd)
{
	switch (dcmd) {
	case DCMD_PROC_SYSINFO:
	case DCMD_PROC_INFO:
	case DCMD_PROC_MAPINFO:
	case DCMD_PROC_MAPDEBUG:
	case DCMD_PROC_MAPDEBUG_BASE:
	case DCMD_PROC_SIGNAL:
	case DCMD_PROC_STOP:
	case DCMD_PROC_WAITSTOP:
	case DCMD_PROC_STATUS:
	case DCMD_PROC_TIDSTATUS:
	case DCMD_PROC_CURTHREAD:
	case DCMD_PROC_RUN:
	case DCMD_PROC_GETGREG:
	case DCMD_PROC_SETGREG:
	case DCMD_PROC_GETFPREG:
	case DCMD_PROC_SETFPREG:
	case DCMD_PROC_BREAK:
	case DCMD_PROC_FREEZETHREAD:
	case DCMD_PROC_THAWTHREAD:
	case DCMD_PROC_EVENT:
	case DCMD_PROC_SET_FLAG:
	case DCMD_PROC_CLEAR_FLAG:
	case DCMD_PROC_PAGEDATA:
	case DCMD_PROC_GETALTREG:
	case DCMD_PROC_SETALTREG:
	case DCMD_PROC_TIMERS:
	case DCMD_PROC_IRQS:
	case DCMD_PROC_GETREGSET:
	case DCMD_PROC_SETREGSET:
	case DCMD_PROC_THREADCTL:
	case DCMD_PROC_GET_BREAKLIST:
	case DCMD_PROC_CHANNELS:
	case DCMD_PROC_ASINFO:
	case DCMD_PROC_PTINFO:
	case DCMD_PROC_ABILITIES:
		return "known";
	default:
		return "unknown";
	}
}

int main(int argc, char **argv)
{
	int fd = open(argc > 1 ? argv[1] : "/proc/self/as", O_RDONLY);
	procfs_info info;

	if (fd < 0 || devctl(fd, DCMD_PROC_INFO, &info, sizeof(info), 0) != EOK ||
	    devctl(fd, DCMD_PROC_MAPDEBUG_BASE, &name, sizeof(name), 0) != EOK)
		return 1;
	printf("%d %s %u %s %d\n", info.pid, name.info.path, info.num_threads,
	       command(DCMD_PROC_INFO), info.flags & _NTO_PF_ZOMBIE ? 1 : 0);
	print_threads(fd);
	print_mappings(fd);
	return go_on(fd, 1) != EOK || instruction(fd) == 0;
}
