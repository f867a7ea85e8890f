// SPDX-License-Identifier: Apache-2.0
/*
 * A service: makes itself a daemon, and then does nothing but be there until somebody ends
 * it. To whoever started it, procmgr_daemon() looks like its death.
 *
 *   service [NAME]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/procmgr.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "service";

	/* Output stays where it is; a real service would let it go, with flags 0. */
	if (procmgr_daemon(EXIT_SUCCESS, PROCMGR_DAEMON_NOCLOSE | PROCMGR_DAEMON_NODEVNULL) == -1) {
		perror("procmgr_daemon() failed");
		return EXIT_FAILURE;
	}
	printf("%s: pid %d, parent %d, session %d\n", name, getpid(), getppid(), getsid(0));
	fflush(stdout);
	for (;;)
		pause();
}
