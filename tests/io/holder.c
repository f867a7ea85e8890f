// SPDX-License-Identifier: Apache-2.0
/* holder FD read|print|stay: a program that was given an open file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[5] = "";

	if (argc < 3)
		return 2;
	if (strcmp(argv[2], "print") == 0)
		return puts("printed") < 0;
	if (strcmp(argv[2], "read") == 0) {
		if (read(atoi(argv[1]), text, 4) == 4 && strcmp(text, "0123") == 0)
			return 0;
		perror("read");
		return 1;
	}
	for (;;)
		pause();
}
