// SPDX-License-Identifier: Apache-2.0
/*
 * exec*(): the kernel's, with one word in our page beforehand, so that nobody
 * believes what the page says while the process is becoming another program.
 */
#include "client/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <process.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/args.h"
#include "client/export.h"
#include "client/guard.h"
#include "client/node.h"
#include "client/path.h"
#include "client/result.h"

/*
 * What is said before and, if it fails, after: that what stands in the page may be gone soon; and the
 * limit of descriptors, which is ours where it is high, is the program's own again.
 */
static void exec_note(bool is_under_way)
{
	struct page *page = node_page_mine();

	guard_lend_limit(is_under_way);
	if (page)
		__atomic_store_n(&page->head.execing, is_under_way, __ATOMIC_RELEASE);
}

int exec_launch(const struct launch *l)
{
	int rc;

	/* What the plan changes first stays changed: so fail before, if that
	 * can be seen. A path that is not absolute may mean another file then. */
	if (l->flags && l->paths[0] == '/' && faccessat(AT_FDCWD, l->paths, X_OK, AT_EACCESS) < 0)
		return -errno;
	exec_note(true);
	rc = launch_overlay(l);
	exec_note(false);
	return rc;
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	int error;

	exec_note(true);
	(void)syscall(SYS_execve, path, argv, envp);
	error = errno;
	exec_note(false);
	errno = error;
	return -1;
}

EXPORT int execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	int error;

	if (guard_is_hidden(dir_fd))
		return result_errno(-EBADF);
	exec_note(true);
	(void)syscall(SYS_execveat, dir_fd, path, argv, envp, flags);
	error = errno;
	exec_note(false);
	errno = error;
	return -1;
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	return execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct launch l = {.argv = argv, .envp = envp};
	auto_str paths = NULL;
	auto_free char **script = NULL;
	int rc = path_search(file, &paths, &l.n_paths);

	if (rc < 0)
		return result_errno(rc);
	script = path_script(argv);
	if (!script)
		return result_errno(-ENOMEM);
	l.paths = paths;
	l.script = script;
	return result_errno(exec_launch(&l));
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int execl(const char *path, const char *arg0, ...)
{
	struct args args;
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = args_init(&args, arg0, &rest);
	va_end(rest);
	if (rc < 0)
		return result_errno(rc);
	rc = execve(path, args.list, environ);
	args_fini(&args);
	return rc;
}

EXPORT int execle(const char *path, const char *arg0, ...)
{
	char *const *envp = NULL;
	struct args args;
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = args_init(&args, arg0, &rest);
	if (rc == 0 && args.list[0])
		envp = va_arg(rest, char *const *);
	va_end(rest);
	if (rc < 0)
		return result_errno(rc);
	rc = execve(path, args.list, envp);
	args_fini(&args);
	return rc;
}

EXPORT int execlp(const char *file, const char *arg0, ...)
{
	struct args args;
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = args_init(&args, arg0, &rest);
	va_end(rest);
	if (rc < 0)
		return result_errno(rc);
	rc = execvpe(file, args.list, environ);
	args_fini(&args);
	return rc;
}

EXPORT int execlpe(const char *file, const char *arg0, ...)
{
	char *const *envp = NULL;
	struct args args;
	va_list rest;
	int rc;

	va_start(rest, arg0);
	rc = args_init(&args, arg0, &rest);
	if (rc == 0 && args.list[0])
		envp = va_arg(rest, char *const *);
	va_end(rest);
	if (rc < 0)
		return result_errno(rc);
	rc = execvpe(file, args.list, envp);
	args_fini(&args);
	return rc;
}
