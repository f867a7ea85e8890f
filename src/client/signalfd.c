// SPDX-License-Identifier: Apache-2.0
/*
 * signalfd(). One whose mask has SIGCHLD is flagged (io.c), so that a read of
 * it comes here: a kick becomes as many exact entries as there are deaths and
 * room; for the rest SIGCHLD stays pending. A read that finds nothing but kicks
 * without news goes back to the kernel, which blocks or says EAGAIN. poll() and
 * epoll need nothing: the descriptor is readable while SIGCHLD is pending.
 */
#include "client/signalfd.h"

#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cancel.h"
#include "client/export.h"
#include "client/io.h"
#include "client/sigchld.h"
#include "io/epoll.h"

static void entry_from_info(const siginfo_t *info, struct signalfd_siginfo *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ssi_signo = (uint32_t)info->si_signo;
	ret->ssi_code = info->si_code;
	ret->ssi_pid = (uint32_t)info->si_pid;
	ret->ssi_uid = info->si_uid;
	ret->ssi_status = info->si_status;
	ret->ssi_utime = (uint64_t)info->si_utime;
	ret->ssi_stime = (uint64_t)info->si_stime;
}

/* As much of it as says whose signal this is. */
static void info_from_entry(const struct signalfd_siginfo *entry, siginfo_t *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->si_signo = (int)entry->ssi_signo;
	ret->si_code = entry->ssi_code;
	ret->si_pid = (pid_t)entry->ssi_pid;
	ret->si_uid = entry->ssi_uid;
	if (entry->ssi_code < 0)
		ret->si_value.sival_ptr = (void *)(uintptr_t)entry->ssi_ptr;
}

/* false: the entry was a kick without news. */
static bool make_exact(struct signalfd_siginfo *entry, bool *ret_more)
{
	enum sigchld_news news;
	siginfo_t info;

	if (entry->ssi_signo != SIGCHLD)
		return true;
	info_from_entry(entry, &info);
	news = sigchld_resolve(&info, false);
	if (news == SIGCHLD_NOTHING)
		return false;
	if (info.si_code != entry->ssi_code)
		entry_from_info(&info, entry);
	if (news == SIGCHLD_MORE)
		*ret_more = true;
	return true;
}

/* @n entries came into @buf, which has room for @room; how many they are now. */
static size_t make_all_exact(char *buf, size_t n, size_t room)
{
	const size_t size = sizeof(struct signalfd_siginfo);
	struct signalfd_siginfo entry;
	bool more = false;
	size_t out = 0;
	siginfo_t info;

	for (size_t i = 0; i < n; i++) {
		memcpy(&entry, buf + i * size, size);
		if (make_exact(&entry, &more))
			memcpy(buf + out++ * size, &entry, size);
	}
	while (more && out < room) {
		enum sigchld_news news = sigchld_next(&info, false);

		more = news == SIGCHLD_MORE;
		if (news == SIGCHLD_NOTHING)
			break;
		entry_from_info(&info, &entry);
		memcpy(buf + out++ * size, &entry, size);
	}
	if (more)
		sigchld_kick();
	return out;
}

static void end_taking(void *unused)
{
	(void)unused;
	sigchld_take_end();
}

/* A close that did not pass our close() leaves the flag, and then the number is anything. */
static bool is_signalfd(int fd)
{
	static const char want[] = "anon_inode:[signalfd]";
	char path[32], name[sizeof(want)];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fits */
	return readlink(path, name, sizeof(name)) == sizeof(want) - 1 &&
	       memcmp(name, want, sizeof(want) - 1) == 0;
}

extern ssize_t __read(int fd, void *buf, size_t len);

ssize_t signalfd_read(int fd, void *buf, size_t len)
{
	const size_t size = sizeof(struct signalfd_siginfo);
	size_t made = 0;
	ssize_t got;

	if (!is_signalfd(fd)) {
		if (!epoll_is(fd))
			io_flag_clear(fd);
		return __read(fd, buf, len);
	}
	sigchld_take_begin();
	pthread_cleanup_push(end_taking, NULL);
	do {
		got = __read(fd, buf, len);
		if (got > 0)
			made = make_all_exact(buf, (size_t)got / size, len / size);
	} while (got > 0 && made == 0);
	pthread_cleanup_pop(1);
	return got > 0 ? (ssize_t)(made * size) : got;
}

EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
	int made = (int)syscall(SYS_signalfd4, fd, mask, NSIG / 8, flags);

	if (made < 0)
		return -1;
	if (sigismember(mask, SIGCHLD) == 1)
		io_flag_set(made);
	else
		io_flag_clear(made);
	return made;
}
