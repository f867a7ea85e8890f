/* SPDX-License-Identifier: Apache-2.0 */
/* C only. What a QNX program finds in the headers that are glibc's as well. */
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

/* Everything is shown, but names that a program has for itself are left to it. */
static char *basename(char *path)
{
	char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A table of signals with every name in it: no number may be there twice. */
static int dumps(int signo)
{
	switch (signo) {
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGEMT:
	case SIGFPE:
	case SIGBUS:
	case SIGSEGV:
	case SIGSYS:
	case SIGXCPU:
	case SIGXFSZ:
#ifdef SIGSTKFLT
	case SIGSTKFLT:
#endif
		return 1;
	default:
		return 0;
	}
}

/* A number of Linux's must not be taken. */
static int is_linux_type(unsigned mode)
{
	switch (mode) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFLNK:
	case S_IFSOCK:
		return 1;
	case S_IFNAM:
	default:
		return 0;
	}
}

int main(int argc, char **argv)
{
	char text[PATH_MAX];
	int status = 0;
	_Uint32t number = ND_LOCAL_NODE;
	struct sigevent event;
	siginfo_t info;

	if (strerror_r(EOK, text, sizeof(text)) != 0)
		return EXIT_FAILURE;
	pthread_setname_np(pthread_self(), basename(argv[0]));
	memset(&event, 0, sizeof(event));
	delay(1);
	if (waitid(P_ALL, number, &info, WEXITED | WTRAPPED | WNOHANG) == -1 && argc > 9)
		return daemon(0, 0);
	if (WIFSPAWNFAIL(status) || WSPAWNERRNO(status) || S_ISNAM(S_IFREG))
		return 1;
	if (SIGDEADLK != SIGEMT || ND_NODE_CMP(number, ND_LOCAL_NODE) || _NTO_VERSION < 650)
		return 1;
	if (mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_LAZY, NOFD, 0) == MAP_FAILED)
		return ENOREMOTE;
	return environ && dumps(SIGEMT) && !is_linux_type(S_IFNAM) && event.sigev_notify;
}
