// SPDX-License-Identifier: Apache-2.0
/* A manager of a character device, as one writes them, and the calls for terminals that its
 * clients make. */
#include "detection/child.h"

#include <devctl.h>
#include <pty.h>
#include <sys/iofunc.h>

#include <sys/dcmd_chr.h>
#include <sys/dispatch.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>

/* ---- The manager ---- */

/* What clients have said to it, shared with the test. */
struct line {
	struct termios termios;
	struct winsize size;
	pid_t group;
	int flushed, flowed, control, drained, last;
	char typed[32];
};

static struct line *line;

/* The answer to a command that has @size bytes of data to give. */
static int answer(resmgr_context_t *ctp, io_devctl_t *msg, const void *data, size_t size)
{
	if (msg->i.nbytes < size)
		return EINVAL;
	memset(&msg->o, 0, sizeof(msg->o));
	msg->o.nbytes = (uint32_t)size;
	memcpy(_DEVCTL_DATA(msg->o), data, size);
	return _RESMGR_PTR(ctp, &msg->o, sizeof(msg->o) + size);
}

static int line_devctl(resmgr_context_t *ctp, io_devctl_t *msg, RESMGR_OCB_T *ocb)
{
	const int waiting = 5, lines = _LINESTATUS_SER_DTR | _LINESTATUS_SER_CD;
	void *data = _DEVCTL_DATA(msg->i);
	int status = iofunc_devctl_default(ctp, msg, ocb);

	if (status != _RESMGR_DEFAULT)
		return status;
	if (get_device_size(msg->i.dcmd) > (int)msg->i.nbytes &&
	    msg->i.dcmd != DCMD_CHR_TCINJECTC && msg->i.dcmd != DCMD_CHR_TCINJECTR)
		return EINVAL;
	line->last = msg->i.dcmd;
	switch (msg->i.dcmd) {
	case DCMD_CHR_TCGETATTR:
		return answer(ctp, msg, &line->termios, sizeof(line->termios));
	case DCMD_CHR_TCSETATTR:
	case DCMD_CHR_TCSETATTRD:
	case DCMD_CHR_TCSETATTRF:
		memcpy(&line->termios, data, sizeof(line->termios));
		return EOK;
	case DCMD_CHR_TCFLUSH:
		memcpy(&line->flushed, data, sizeof(line->flushed));
		return EOK;
	case DCMD_CHR_TCFLOW:
		memcpy(&line->flowed, data, sizeof(line->flowed));
		return EOK;
	case DCMD_CHR_TCDRAIN:
		line->drained++;
		return EOK;
	case DCMD_CHR_SERCTL:
		memcpy(&line->control, data, sizeof(line->control));
		return EOK;
	case DCMD_CHR_TCSETPGRP:
		memcpy(&line->group, data, sizeof(line->group));
		return EOK;
	case DCMD_CHR_TCGETPGRP:
	case DCMD_CHR_TCGETSID:
		return answer(ctp, msg, &line->group, sizeof(line->group));
	case DCMD_CHR_GETSIZE:
		return answer(ctp, msg, &line->size, sizeof(line->size));
	case DCMD_CHR_SETSIZE:
		memcpy(&line->size, data, sizeof(line->size));
		return EOK;
	case DCMD_CHR_ISCHARS:
	case DCMD_CHR_OSCHARS:
		return answer(ctp, msg, &waiting, sizeof(waiting));
	case DCMD_CHR_LINESTATUS:
		return answer(ctp, msg, &lines, sizeof(lines));
	case DCMD_CHR_TCINJECTC:
	case DCMD_CHR_TCINJECTR:
		if (msg->i.nbytes >= sizeof(line->typed))
			return EINVAL;
		memcpy(line->typed, data, msg->i.nbytes);
		line->typed[msg->i.nbytes] = 0;
		return EOK;
	case DCMD_CHR_ISATTY:
		return EOK;
	default:
		return ENOTTY;
	}
}

static void line_run(int ready)
{
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs, no_terminal;
	static iofunc_attr_t attr, other;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	no_terminal = io_funcs;
	io_funcs.devctl = line_devctl;
	iofunc_attr_init(&attr, S_IFCHR | 0666, NULL, NULL);
	iofunc_attr_init(&other, S_IFCHR | 0666, NULL, NULL);
	if (resmgr_attach(dpp, NULL, "/dev/line", _FTYPE_ANY, 0, &connect_funcs, &io_funcs, &attr) <
		    0 ||
	    resmgr_attach(dpp, NULL, "/dev/other", _FTYPE_ANY, 0, &connect_funcs, &no_terminal,
			  &other) < 0)
		_exit(7);
	ctp = dispatch_context_alloc(dpp);
	if (write(ready, "", 1) != 1)
		_exit(9);
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	_exit(8);
}

static pid_t line_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	line = mmap(NULL, sizeof(*line), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(line != MAP_FAILED);
	EXPECT_OK(pipe(ready));
	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		close(ready[0]);
		line_run(ready[1]);
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* ---- Its clients ---- */

TEST(terminal_calls_are_commands_of_the_server)
{
	pid_t server = line_start();
	int fd = EXPECT_OK(open("/dev/line", O_RDWR));
	struct termios got = {0}, set = {0};

	line->termios.c_lflag = ICANON;
	EXPECT_OK(tcgetattr(fd, &got));
	EXPECT_EQ(got.c_lflag, ICANON);
	set.c_cc[VMIN] = 9;
	EXPECT_OK(tcsetattr(fd, TCSANOW, &set));
	EXPECT_EQ(line->last, DCMD_CHR_TCSETATTR);
	EXPECT_EQ(line->termios.c_cc[VMIN], 9);
	EXPECT_OK(tcsetattr(fd, TCSADRAIN, &set));
	EXPECT_EQ(line->last, DCMD_CHR_TCSETATTRD);
	EXPECT_OK(tcsetattr(fd, TCSAFLUSH, &set));
	EXPECT_EQ(line->last, DCMD_CHR_TCSETATTRF);
	EXPECT_ERRNO(tcsetattr(fd, 77, &set), EINVAL);
	EXPECT_OK(tcflush(fd, TCOFLUSH));
	EXPECT_EQ(line->flushed, TCOFLUSH);
	EXPECT_OK(tcflow(fd, TCION));
	EXPECT_EQ(line->flowed, TCION);
	EXPECT_OK(tcdrain(fd));
	EXPECT_EQ(line->drained, 1);
	EXPECT_OK(tcsetpgrp(fd, 4711));
	EXPECT_EQ(line->group, 4711);
	EXPECT_EQ(tcgetpgrp(fd), 4711);
	EXPECT_EQ(tcgetsid(fd), 4711);
	EXPECT_OK(close(fd));
	end_child(server);
}

TEST(lines_of_a_server_are_pulsed_for_a_time)
{
	pid_t server = line_start();
	int fd = EXPECT_OK(open("/dev/line", O_RDWR));

	EXPECT_OK(tcsendbreak(fd, 500));
	EXPECT_EQ(line->control, _SERCTL_BRK_CHG | _SERCTL_BRK | 500 << 16);
	EXPECT_OK(tcsendbreak(fd, 0));
	EXPECT_EQ(line->control, _SERCTL_BRK_CHG | _SERCTL_BRK | 300 << 16);
	EXPECT_OK(tcdropline(fd, 1000000));
	EXPECT_EQ(line->control, _SERCTL_DTR_CHG | 0x7fff << 16);
	EXPECT_OK(close(fd));
	end_child(server);
}

TEST(size_and_input_of_a_served_terminal)
{
	pid_t server = line_start();
	int fd = EXPECT_OK(open("/dev/line", O_RDWR));
	int rows = 0, columns = 0;
	char text[] = "hello";

	line->size.ws_xpixel = 640;
	EXPECT_OK(tcsetsize(fd, 25, 80));
	EXPECT_EQ(line->size.ws_row, 25);
	EXPECT_EQ(line->size.ws_xpixel, 640);
	EXPECT_OK(tcgetsize(fd, &rows, &columns));
	EXPECT_EQ(rows, 25);
	EXPECT_EQ(columns, 80);
	EXPECT_OK(tcgetsize(fd, NULL, NULL));
	EXPECT_ERRNO(tcsetsize(fd, -1, 80), EINVAL);
	EXPECT_ERRNO(tcsetsize(fd, 1, 65536), EINVAL);
	EXPECT_EQ(tcischars(fd), 5);
	EXPECT_OK(tcinject(fd, text, 5));
	EXPECT_EQ(line->last, DCMD_CHR_TCINJECTC);
	EXPECT_STR(line->typed, "hello");
	EXPECT_OK(tcinject(fd, text, -2));
	EXPECT_EQ(line->last, DCMD_CHR_TCINJECTR);
	EXPECT_STR(line->typed, "he");
	EXPECT_OK(close(fd));
	end_child(server);
}

TEST(ioctls_of_terminals_are_the_servers_commands)
{
	pid_t server = line_start();
	int fd = EXPECT_OK(open("/dev/line", O_RDWR));
	struct winsize size = {.ws_row = 3, .ws_col = 4};
	int word = 0;

	EXPECT_OK(ioctl(fd, TIOCSWINSZ, &size));
	memset(&size, 0, sizeof(size));
	EXPECT_OK(ioctl(fd, TIOCGWINSZ, &size));
	EXPECT_EQ(size.ws_row, 3);
	EXPECT_EQ(size.ws_col, 4);
	EXPECT_OK(ioctl(fd, FIONREAD, &word));
	EXPECT_EQ(word, 5);
	EXPECT_OK(ioctl(fd, TIOCOUTQ, &word));
	EXPECT_EQ(line->last, DCMD_CHR_OSCHARS);
	EXPECT_OK(ioctl(fd, TIOCMGET, &word));
	EXPECT_EQ(word, TIOCM_DTR | TIOCM_CD);
	EXPECT_ERRNO(ioctl(fd, TCGETS, &word), ENOTTY);
	EXPECT_EQ(devctl(fd, DCMD_CHR_LINESTATUS, &word, sizeof(word), NULL), EOK);
	EXPECT_EQ(devctl(fd, DCMD_CHR_ISATTY, NULL, 0, NULL), EOK);
	EXPECT_EQ(isatty(fd), 1);
	EXPECT_EQ(devctl(fd, DCMD_CHR_PUTOBAND, &word, sizeof(word), NULL), ENOTTY);
	EXPECT_OK(close(fd));
	end_child(server);
}

TEST(a_server_that_is_no_terminal_says_so)
{
	pid_t server = line_start();
	int fd = EXPECT_OK(open("/dev/other", O_RDWR));
	struct termios termios;
	char byte = 0;

	EXPECT_ERRNO(tcgetattr(fd, &termios), ENOSYS);
	EXPECT_ERRNO(tcflush(fd, TCIFLUSH), ENOSYS);
	EXPECT_ERRNO(tcgetpgrp(fd), ENOSYS);
	EXPECT_ERRNO(tcischars(fd), ENOSYS);
	EXPECT_ERRNO(tcinject(fd, &byte, 1), ENOSYS);
	end_child(server);
	EXPECT_ERRNO(tcdrain(fd), EBADF);
	EXPECT_OK(close(fd));
}

TEST(terminals_of_the_kernel_are_as_ever)
{
	struct winsize size = {.ws_row = 10, .ws_col = 20, .ws_xpixel = 30};
	struct termios termios;
	int master, slave, rows = 0, columns = 0, null = EXPECT_OK(open("/dev/null", O_RDWR));
	char byte = 'x';

	EXPECT_OK(openpty(&master, &slave, NULL, NULL, &size));
	EXPECT_OK(tcgetattr(slave, &termios));
	EXPECT(termios.c_lflag & ICANON);
	termios.c_lflag &= ~(tcflag_t)ICANON;
	EXPECT_OK(tcsetattr(slave, TCSANOW, &termios));
	EXPECT_OK(tcgetattr(slave, &termios));
	EXPECT(!(termios.c_lflag & ICANON));
	EXPECT_EQ(write(master, "abc", 3), 3);
	EVENTUALLY(tcischars(slave) == 3);
	EXPECT_OK(tcflush(slave, TCIFLUSH));
	EXPECT_EQ(tcischars(slave), 0);
	EXPECT_OK(tcflow(slave, TCOOFF));
	EXPECT_OK(tcflow(slave, TCOON));
	EXPECT_OK(tcdrain(slave));
	EXPECT_OK(tcsendbreak(slave, 0));
	EXPECT_OK(tcsetsize(slave, 11, 22));
	EXPECT_OK(tcgetsize(master, &rows, &columns));
	EXPECT_EQ(rows, 11);
	EXPECT_EQ(columns, 22);
	EXPECT_OK(ioctl(slave, TIOCGWINSZ, &size));
	EXPECT_EQ(size.ws_xpixel, 30);
	EXPECT_ERRNO(tcinject(slave, &byte, 1), ENOSYS);
	EXPECT_ERRNO(tcdropline(slave, 1), ENOSYS);
	EXPECT_ERRNO(tcgetpgrp(slave), ENOTTY);
	EXPECT_ERRNO(tcsetpgrp(slave, getpid()), ENOTTY);
	EXPECT_ERRNO(tcgetsid(slave), ENOTTY);
	EXPECT_ERRNO(tcgetattr(null, &termios), ENOTTY);
	EXPECT_ERRNO(tcgetattr(-1, &termios), EBADF);
	EXPECT_ERRNO(tcdropline(-1, 1), EBADF);
	EXPECT_OK(close(master));
	EXPECT_OK(close(slave));
	EXPECT_OK(close(null));
}
