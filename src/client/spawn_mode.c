// SPDX-License-Identifier: Apache-2.0
/*
 * spawnl() to spawnvpe(): spawn() with a mode. All of them end in spawnvpe()'s
 * four cases, as the pages of QNX say.
 */
#include <process.h>

#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "client/args.h"
#include "client/export.h"
#include "client/result.h"

static int mode_wait(pid_t pid)
{
	int status;
	pid_t r;

	if (pid < 0)
		return -1;
	do {
		r = waitpid(pid, &status, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : status;
}

static int mode_spawn(int mode, const char *file, char *const argv[], char *const envp[],
		      bool has_search)
{
	struct inheritance inherit = {.flags = 0};
	pid_t pid;

	if (mode < P_WAIT || mode > P_NOWAITO)
		return result_errno(-EINVAL);
	if (mode == P_NOWAITO)
		inherit.flags = SPAWN_NOZOMBIE;
	if (mode == P_OVERLAY)
		inherit.flags = SPAWN_EXEC;
	if (has_search)
		inherit.flags |= SPAWN_SEARCH_PATH | SPAWN_CHECK_SCRIPT;
	pid = spawn(file, 0, NULL, &inherit, argv, envp);
	return mode == P_WAIT ? mode_wait(pid) : pid;
}

EXPORT int spawnv(int mode, const char *path, char *const argv[])
{
	return mode_spawn(mode, path, argv, NULL, false);
}

EXPORT int spawnve(int mode, const char *path, char *const argv[], char *const envp[])
{
	return mode_spawn(mode, path, argv, envp, false);
}

EXPORT int spawnvp(int mode, const char *file, char *const argv[])
{
	return mode_spawn(mode, file, argv, NULL, true);
}

EXPORT int spawnvpe(int mode, const char *file, char *const argv[], char *const envp[])
{
	return mode_spawn(mode, file, argv, envp, true);
}

static int mode_spawnl(int mode, const char *file, const char *arg0, va_list *rest, bool has_env,
		       bool has_search)
{
	struct args args;
	char *const *envp = NULL;
	int rc = args_init(&args, arg0, rest);

	if (rc < 0)
		return result_errno(rc);
	if (has_env && arg0)
		envp = va_arg(*rest, char *const *);
	rc = mode_spawn(mode, file, args.list, envp, has_search);
	args_fini(&args);
	return rc;
}

EXPORT int spawnl(int mode, const char *path, const char *arg0, ...)
{
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = mode_spawnl(mode, path, arg0, &rest, false, false);
	va_end(rest);
	return rc;
}

EXPORT int spawnle(int mode, const char *path, const char *arg0, ...)
{
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = mode_spawnl(mode, path, arg0, &rest, true, false);
	va_end(rest);
	return rc;
}

EXPORT int spawnlp(int mode, const char *file, const char *arg0, ...)
{
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = mode_spawnl(mode, file, arg0, &rest, false, true);
	va_end(rest);
	return rc;
}

EXPORT int spawnlpe(int mode, const char *file, const char *arg0, ...)
{
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = mode_spawnl(mode, file, arg0, &rest, true, true);
	va_end(rest);
	return rc;
}
