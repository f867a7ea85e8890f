// SPDX-License-Identifier: Apache-2.0
/*
 * Uses files of servers as any files: nothing here knows of messages, but for the devctl()
 * that the counter has. With bare calls, and through stdio.
 *
 *   device_client read PATH [BYTES]    one read()
 *   device_client write PATH TEXT      one write()
 *   device_client lines PATH COUNT     by fgets()
 *   device_client print PATH TEXT      by fprintf()
 *   device_client list PATH            a directory, and the first line of each file
 *   device_client count PATH           a counter's, by devctl()
 *   device_client select PATH COUNT    waits by select() before each of COUNT reads
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

static int read_once(const char *path, const char *bytes)
{
	size_t size = bytes ? strtoul(bytes, NULL, 10) : 64, zeros = 0;
	char *buffer = malloc(size + 1);
	int fd = open(path, O_RDONLY);
	ssize_t n = -1;

	if (fd != -1 && buffer)
		n = read(fd, buffer, size);
	if (n == -1)
		return fail(path);
	while (zeros < (size_t)n && buffer[zeros] == 0)
		zeros++;
	printf("%s: %zd bytes, %zu zeros before the first other\n", path, n, zeros);
	fwrite(buffer, 1, n > 0 && zeros == 0 ? (size_t)n : 0, stdout);
	free(buffer);
	return close(fd) == -1 ? fail(path) : EXIT_SUCCESS;
}

static int write_once(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = -1;

	if (fd != -1)
		n = write(fd, text, strlen(text));
	if (n == -1)
		return fail(path);
	printf("%s: %zd bytes written\n", path, n);
	return close(fd) == -1 ? fail(path) : EXIT_SUCCESS;
}

static int read_lines(const char *path, const char *count)
{
	FILE *file = fopen(path, "r");
	char line[128];

	if (!file)
		return fail(path);
	for (int i = 0; i < atoi(count) && fgets(line, sizeof(line), file); i++)
		printf("%s: %s", path, line);
	return ferror(file) | fclose(file) ? fail(path) : EXIT_SUCCESS;
}

static int print(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%s\n", text) < 0)
		return fail(path);
	return fclose(file) == EOF ? fail(path) : EXIT_SUCCESS;
}

static int list(const char *path, const char *unused)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[512], line[128] = "";
	struct stat st;
	FILE *file;

	(void)unused;
	if (!dir)
		return fail(path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue; /* itself, and where it lies */
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		file = fopen(name, "r");
		if (!file || stat(name, &st) == -1 || !fgets(line, sizeof(line), file))
			return fail(name);
		printf("%-16s %2ld bytes: %s", entry->d_name, (long)st.st_size, line);
		fclose(file);
	}
	return closedir(dir) == -1 ? fail(path) : EXIT_SUCCESS;
}

static int count(const char *path, const char *unused)
{
	int fd = open(path, O_RDONLY), value, error;

	(void)unused;
	if (fd == -1)
		return fail(path);
	error = devctl(fd, DCMD_COUNTER_GET, &value, sizeof(value), NULL);
	close(fd);
	if (error != EOK) {
		fprintf(stderr, "%s: %s\n", path, strerror(error)); /* it does not set errno */
		return EXIT_FAILURE;
	}
	printf("%s: the next number is %d\n", path, value);
	return EXIT_SUCCESS;
}

static int read_selected(const char *path, const char *times)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	char text[64];
	ssize_t n;

	if (fd == -1)
		return fail(path);
	for (int i = 0; i < atoi(times);) {
		struct timeval patience = {.tv_sec = 10};
		fd_set set;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		if (select(fd + 1, &set, NULL, NULL, &patience) != 1)
			return fail("select");
		n = read(fd, text, sizeof(text));
		if (n == -1 && errno == EAGAIN)
			continue; /* another reader was faster */
		if (n == -1)
			return fail(path);
		printf("selected: %.*s", (int)n, text);
		i++;
	}
	return close(fd) == -1 ? fail(path) : EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int min_args, max_args;
	int (*run)(const char *path, const char *more);
} verbs[] = {
	{"read", 1, 2, read_once},       {"write", 2, 2, write_once}, {"lines", 2, 2, read_lines},
	{"print", 2, 2, print},          {"list", 1, 1, list},        {"count", 1, 1, count},
	{"select", 2, 2, read_selected},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].min_args &&
		    argc - 2 <= verbs[i].max_args)
			return verbs[i].run(argv[2], argv[3]);
	fprintf(stderr, "usage: the comment at the top of device_client.c has it\n");
	return 2;
}
