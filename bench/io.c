// SPDX-License-Identifier: Apache-2.0
/*
 * Calls on a plain file, for an instruction counter: io FILE CALLS. Built with the library
 * and without; callgrind counts calls() by itself, once for each kind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { KIND_READ, KIND_WRITE, KIND_OPEN, KINDS };

/* Not static: the counter finds it by its name. */
void calls(enum kind kind, const char *path, int fd, int n);

__attribute__((noinline)) void calls(enum kind kind, const char *path, int fd, int n)
{
	char byte = 0;
	ssize_t done = 0;

	for (int i = 0; i < n; i++) {
		switch (kind) {
		case KIND_READ:
			done += read(fd, &byte, 1);
			break;
		case KIND_WRITE:
			done += write(fd, &byte, 1);
			break;
		case KIND_OPEN:
		case KINDS:
			syscall(SYS_close, open(path, O_RDONLY));
			break;
		}
	}
	__asm__ volatile("" : : "r"(done));
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 3 || (fd = open(argv[1], O_RDWR)) < 0) {
		fprintf(stderr, "usage: %s FILE CALLS\n", argv[0]);
		return 2;
	}
	/* Makes a linked program one of the node, and binds the names. */
	(void)getppid();
	for (enum kind kind = KIND_READ; kind < KINDS; kind++)
		calls(kind, argv[1], fd, 1);
	for (enum kind kind = KIND_READ; kind < KINDS; kind++)
		calls(kind, argv[1], fd, atoi(argv[2]));
	return 0;
}
