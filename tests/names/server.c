// SPDX-License-Identifier: Apache-2.0
/* A program that serves the path that it is told, as far as that can be seen, and goes on. */
#include <stdio.h>
#include <unistd.h>

#include <sys/pathmgr.h>

int main(int argc, char **argv)
{
	if (argc < 2 || pathmgr_link(argv[1], 0, 0, 1, 0, _FTYPE_ANY, 0) < 0) {
		perror("pathmgr_link");
		return 1;
	}
	for (;;)
		pause();
}
