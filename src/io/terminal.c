// SPDX-License-Identifier: Apache-2.0
/*
 * Terminals. Of a descriptor that a server has opened, each call is a command for that server,
 * which alone decides whether it is a terminal: no job control stands between. Of all others it
 * is the kernel's ioctl(), as in glibc.
 */
#include <devctl.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/dcmd_chr.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/real.h"
#include "client/result.h"
#include "io/file.h"
#include "io/plain.h"
#include "io/terminal.h"

#define BREAK_MS     300
#define BREAK_MS_MAX 0x7fff

typedef int get_fn(int fd, struct termios *termios);
typedef int is_fn(int fd);
typedef int set_fn(int fd, int when, const struct termios *termios);

/* glibc's, as the kernel's structure is another one. Looked up at the start: these calls are
 * for signal handlers, too, and dlsym() is not. */
static void *real_get, *real_set, *real_is;

__attribute__((constructor)) static void terminal_start(void)
{
	(void)real_function("tcgetattr", &real_get);
	(void)real_function("tcsetattr", &real_set);
	(void)real_function("isatty", &real_is);
}

/* 0, or -1 with errno. */
static int ask(int fd, int command, void *data, size_t size)
{
	return result_errno(-devctl(fd, command, data, size, NULL));
}

/* A server by its @command, or the kernel by its @request, with the same data. */
static int ask_either(int fd, int command, unsigned long request, void *data, size_t size)
{
	if (file_is(fd))
		return ask(fd, command, data, size);
	return (int)PLAIN(ioctl, fd, request, data, 0, 0);
}

static int ask_int(int fd, int command, int value)
{
	return ask(fd, command, &value, sizeof(value));
}

EXPORT int isatty(int fd)
{
	is_fn *real;

	if (file_is(fd)) {
		/* Who knows no such command is none. */
		if (devctl(fd, DCMD_CHR_ISATTY, NULL, 0, NULL) == EOK)
			return 1;
		errno = ENOTTY;
		return 0;
	}
	real = (is_fn *)real_function("isatty", &real_is);
	if (real)
		return real(fd);
	errno = ENOSYS;
	return 0;
}

/* ---- Attributes ---- */

EXPORT int tcgetattr(int fd, struct termios *termios)
{
	get_fn *real;

	if (file_is(fd))
		return ask(fd, DCMD_CHR_TCGETATTR, termios, sizeof(*termios));
	real = (get_fn *)real_function("tcgetattr", &real_get);
	return real ? real(fd, termios) : result_errno(-ENOSYS);
}

static int set_command(int when)
{
	switch (when) {
	case TCSANOW:
		return DCMD_CHR_TCSETATTR;
	case TCSADRAIN:
		return DCMD_CHR_TCSETATTRD;
	case TCSAFLUSH:
		return DCMD_CHR_TCSETATTRF;
	default:
		return 0;
	}
}

EXPORT int tcsetattr(int fd, int when, const struct termios *termios)
{
	const int command = set_command(when);
	set_fn *real;

	if (file_is(fd)) {
		struct termios copy = *termios;

		return command ? ask(fd, command, &copy, sizeof(copy)) : result_errno(-EINVAL);
	}
	real = (set_fn *)real_function("tcsetattr", &real_set);
	return real ? real(fd, when, termios) : result_errno(-ENOSYS);
}

/* ---- What is under way ---- */

EXPORT int tcflush(int fd, int queue)
{
	if (file_is(fd))
		return ask_int(fd, DCMD_CHR_TCFLUSH, queue);
	return (int)PLAIN(ioctl, fd, TCFLSH, queue, 0, 0);
}

EXPORT int tcflow(int fd, int action)
{
	if (file_is(fd))
		return ask_int(fd, DCMD_CHR_TCFLOW, action);
	return (int)PLAIN(ioctl, fd, TCXONC, action, 0, 0);
}

EXPORT int tcdrain(int fd)
{
	if (file_is(fd))
		return ask(fd, DCMD_CHR_TCDRAIN, NULL, 0);
	return (int)plain_call_blocking(SYS_ioctl, fd, TCSBRK, 1, 0, 0, 0);
}

/* Something for a while. */
static int line_pulse(int fd, int what, int ms)
{
	const unsigned length = (unsigned)(ms > 0 ? MIN(ms, BREAK_MS_MAX) : BREAK_MS);

	return ask_int(fd, DCMD_CHR_SERCTL, (int)(length << 16 | (unsigned)what));
}

EXPORT int tcsendbreak(int fd, int duration)
{
	if (file_is(fd))
		return line_pulse(fd, _SERCTL_BRK_CHG | _SERCTL_BRK, duration);
	/* Linux counts tenths of seconds, 0 is a quarter of one. */
	if (duration <= 0)
		return (int)PLAIN(ioctl, fd, TCSBRK, 0, 0, 0);
	return (int)PLAIN(ioctl, fd, TCSBRKP, duration / 100 + (duration % 100 != 0), 0, 0);
}

/* Off, and on again: what is not said to be on is off. */
EXPORT int tcdropline(int fd, int duration)
{
	if (file_is(fd))
		return line_pulse(fd, _SERCTL_DTR_CHG, duration);
	return result_errno(file_not_served(fd));
}

EXPORT int tcinject(int fd, char *buf, int n)
{
	const unsigned length = n < 0 ? -(unsigned)n : (unsigned)n;

	if (!file_is(fd))
		return result_errno(file_not_served(fd));
	return ask(fd, n < 0 ? DCMD_CHR_TCINJECTR : DCMD_CHR_TCINJECTC, buf, length);
}

EXPORT int tcischars(int fd)
{
	int count = 0;

	return ask_either(fd, DCMD_CHR_ISCHARS, FIONREAD, &count, sizeof(count)) < 0 ? -1 : count;
}

/* ---- Size ---- */

static int size_get(int fd, struct winsize *size)
{
	return ask_either(fd, DCMD_CHR_GETSIZE, TIOCGWINSZ, size, sizeof(*size));
}

EXPORT int tcgetsize(int fd, int *rows, int *columns)
{
	struct winsize size = {0};

	if (size_get(fd, &size) < 0)
		return -1;
	if (rows)
		*rows = size.ws_row;
	if (columns)
		*columns = size.ws_col;
	return 0;
}

EXPORT int tcsetsize(int fd, int rows, int columns)
{
	struct winsize size = {0};

	if (rows < 0 || rows > 0xffff || columns < 0 || columns > 0xffff)
		return result_errno(-EINVAL);
	/* Pixels stay as they are, where they are known. */
	if (size_get(fd, &size) < 0)
		return -1;
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	return ask_either(fd, DCMD_CHR_SETSIZE, TIOCSWINSZ, &size, sizeof(size));
}

/* ---- Whose it is ---- */

static pid_t pid_get(int fd, int command, unsigned long request)
{
	pid_t pid = 0;

	return ask_either(fd, command, request, &pid, sizeof(pid)) < 0 ? -1 : pid;
}

EXPORT pid_t tcgetpgrp(int fd)
{
	return pid_get(fd, DCMD_CHR_TCGETPGRP, TIOCGPGRP);
}

EXPORT pid_t tcgetsid(int fd)
{
	return pid_get(fd, DCMD_CHR_TCGETSID, TIOCGSID);
}

EXPORT int tcsetpgrp(int fd, pid_t pgrp)
{
	if (file_is(fd))
		return ask(fd, DCMD_CHR_TCSETPGRP, &pgrp, sizeof(pgrp));
	return (int)PLAIN(ioctl, fd, TIOCSPGRP, &pgrp, 0, 0);
}

/* ---- ioctl() ---- */

int terminal_command(unsigned long request)
{
	switch (request) {
	case TIOCGWINSZ:
		return DCMD_CHR_GETSIZE;
	case TIOCSWINSZ:
		return DCMD_CHR_SETSIZE;
	case TIOCGPGRP:
		return DCMD_CHR_TCGETPGRP;
	case TIOCSPGRP:
		return DCMD_CHR_TCSETPGRP;
	case TIOCGSID:
		return DCMD_CHR_TCGETSID;
	case TIOCMGET:
		return DCMD_CHR_LINESTATUS;
	case FIONREAD:
		return DCMD_CHR_ISCHARS;
	case TIOCOUTQ:
		return DCMD_CHR_OSCHARS;
	default:
		return 0;
	}
}
