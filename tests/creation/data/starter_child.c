/* SPDX-License-Identifier: Apache-2.0 */
/* A child for the starters, in the manner of old QNX sources. */
#include <stdio.h>
#include <unistd.h>

main(int argc, char **argv)
{
	printf("child %s\n", argv[argc - 1]);
	fflush(stdout);
	if (strcmp(argv[argc - 1], "stays") == 0)
		pause();
	return argv[argc - 1][0] - 'a';
}
