// SPDX-License-Identifier: Apache-2.0
#include "host/linux/tooldir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TOOLDIR_PLACE "/../libexec/kamioka"

/* -ENOENT: there is none. @command may be a link to the one in bin/. */
static int tooldir_find(const char *command, char ret[PATH_MAX])
{
	char path[PATH_MAX + sizeof(TOOLDIR_PLACE)];
	char *slash;

	if (!realpath(command, path))
		return -ENOENT;
	slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	strcpy(slash, TOOLDIR_PLACE);
	/* Without the "..": people read PATH. */
	if (!realpath(path, ret))
		return -ENOENT;
	return access(ret, X_OK) == 0 ? 0 : -ENOENT;
}

int tooldir_enter(const char *command)
{
	const char *path = getenv("PATH");
	auto_free char *longer = NULL;
	char dir[PATH_MAX];
	size_t len;

	if (tooldir_find(command, dir) < 0 || strchr(dir, ':'))
		return 0;
	len = strlen(dir);
	if (path && strncmp(path, dir, len) == 0 && (path[len] == ':' || path[len] == '\0'))
		return 0;
	/* Unset it is the default, which must not go. */
	if (asprintf(&longer, "%s:%s", dir, path ? path : "/bin:/usr/bin") < 0)
		return -ENOMEM;
	return setenv("PATH", longer, 1) < 0 ? -errno : 0;
}
