// SPDX-License-Identifier: Apache-2.0
/* What <unistd.h> and <sys/process.h> have from QNX and the kernel alone can answer. */
#include <sys/process.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/export.h"

unsigned int delay(unsigned int duration);

EXPORT unsigned int delay(unsigned int duration)
{
	struct timespec left = {
		.tv_sec = duration / 1000,
		.tv_nsec = (long)(duration % 1000) * 1000000L,
	};

	if (nanosleep(&left, &left) == 0)
		return 0;
	/* Rounded up: not slept is not 0. */
	return (unsigned)left.tv_sec * 1000 + (unsigned)((left.tv_nsec + 999999) / 1000000);
}

EXPORT void __exit(int status)
{
	_exit(status);
}

EXPORT char *_cmdname(char *name)
{
	static char own[PATH_MAX];
	char *buf = name ? name : own;
	ssize_t len = readlink("/proc/self/exe", buf, PATH_MAX - 1);

	if (len < 0)
		return NULL;
	buf[len] = 0;
	return buf;
}
