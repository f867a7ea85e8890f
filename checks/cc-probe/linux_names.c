/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C only. An ordinary program, compiled without QNX's macros, has for itself the names
 * that QNX's headers would take.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EOK, EBROKEN };
enum { P_WAIT, P_OVERLAY };
typedef struct {
	int sigev_code;
} _Uint32t;

static void delay(int milliseconds)
{
	usleep((useconds_t)milliseconds * 1000);
}

static int spawnv(int count)
{
	return count;
}

static pid_t gettid(void)
{
	return getpid();
}

static const char *name(int signo)
{
	switch (signo) {
#ifdef SIGEMT
	case SIGEMT:
		return "EMT";
#endif
#ifdef SIGSTKFLT
	case SIGSTKFLT:
		return "STKFLT";
#endif
	default:
		return NULL;
	}
}

int main(void)
{
	_Uint32t mine = {EOK};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;

	delay(EBROKEN);
	return timer_create(CLOCK_REALTIME, &event, &timer) + spawnv(P_WAIT) + mine.sigev_code +
	       P_OVERLAY + gettid() + !name(SIGSTKFLT) + !environ;
}
