// SPDX-License-Identifier: Apache-2.0
/*
 * PATH. It is the calling process's own, whatever environment the child gets;
 * without any it is what confstr() says. An empty part is the working directory.
 */
#include "client/path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

static const char *path_variable(char *buf, size_t cap)
{
	const char *path = getenv("PATH");

	if (path)
		return path;
	return confstr(_CS_PATH, buf, cap) > 0 ? buf : "";
}

static unsigned path_parts(const char *path)
{
	unsigned n = 1;

	for (; *path; path++)
		n += *path == ':';
	return n;
}

static unsigned path_fill(char *at, const char *path, const char *file)
{
	size_t file_len = strlen(file);
	unsigned n = 0;

	for (;;) {
		size_t len = strcspn(path, ":");

		/* The kernel would refuse it; the search goes on. */
		if (len + file_len + 2 <= PATH_MAX) {
			memcpy(at, path, len);
			at += len;
			if (len)
				*at++ = '/';
			memcpy(at, file, file_len + 1);
			at += file_len + 1;
			n++;
		}
		if (!path[len])
			return n;
		path += len + 1;
	}
}

int path_search(const char *file, char **ret_paths, unsigned *ret_n)
{
	char standard[256];
	const char *path;
	char *paths;

	if (!file)
		return -EFAULT;
	if (!*file || strchr(file, '/')) {
		paths = strdup(file);
		if (!paths)
			return -ENOMEM;
		*ret_paths = paths;
		*ret_n = 1;
		return 0;
	}
	if (strlen(file) > NAME_MAX)
		return -ENAMETOOLONG;
	path = path_variable(standard, sizeof(standard));
	paths = malloc(strlen(path) + path_parts(path) * (strlen(file) + 2));
	if (!paths)
		return -ENOMEM;
	*ret_n = path_fill(paths, path, file);
	*ret_paths = paths;
	return 0;
}

char **path_script(char *const argv[])
{
	static char shell[] = LAUNCH_SHELL;
	size_t n = 0;
	char **script;

	while (argv[n])
		n++;
	script = malloc((MAX(n, (size_t)1) + 2) * sizeof(*script));
	if (!script)
		return NULL;
	script[0] = shell;
	script[1] = NULL;
	for (size_t i = 1; i < n; i++)
		script[i + 1] = argv[i];
	script[MAX(n, (size_t)1) + 1] = NULL;
	return script;
}
