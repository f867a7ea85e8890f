/* SPDX-License-Identifier: Apache-2.0 */
/* C only. A QNX program that asks for one standard in its source gets no GNU names. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int gettid_count;

/* GNU's names, had for oneself. */
static char *strchrnul(char *text, int c)
{
	gettid_count++;
	while (*text && *text != c)
		text++;
	return text;
}

int main(int argc, char **argv)
{
	return EOK + *strchrnul(argv[argc - 1], '/') + !environ;
}
