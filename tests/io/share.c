// SPDX-License-Identifier: Apache-2.0
/* Open files that several descriptors and processes share, and how they end. */
#include "harness/harness.h"
#include "io/server.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void expect_text(int fd, const char *text)
{
	char buf[64] = "";

	EXPECT_EQ(read(fd, buf, strlen(text)), (ssize_t)strlen(text));
	EXPECT_STR(buf, text);
}

/* The file, with digits in it, at its begin. */
static int digits(void)
{
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_EQ(write(fd, "0123456789", 10), 10);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

TEST(duplicates_share_the_position_and_end_one_by_one)
{
	struct server s = server_start();
	int fd = digits(), a, b, c;

	a = EXPECT_OK(dup(fd));
	b = EXPECT_OK(dup2(fd, 50));
	c = EXPECT_OK(fcntl(fd, F_DUPFD_CLOEXEC, 60));
	EXPECT_EQ(c, 60);
	expect_text(a, "01");
	expect_text(b, "23");
	expect_text(c, "45");
	expect_text(fd, "67");
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(b));
	EXPECT_OK(close(c));
	EXPECT_EQ(s.seen->close_dups, 3);
	EXPECT_EQ(s.seen->close_ocbs, 0);
	expect_text(a, "89");
	EXPECT_OK(close(a));
	EXPECT_EQ(s.seen->close_dups, 4);
	EXPECT_EQ(s.seen->close_ocbs, 1);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

TEST(a_forked_child_shares_the_open_file)
{
	struct server s = server_start();
	int fd = digits();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		expect_text(fd, "0123");
		EXPECT_OK(close(fd));
		_exit(0);
	}
	expect_exit(pid, 0);
	expect_text(fd, "4567");
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_EQ(s.seen->close_ocbs, 0);
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->close_dups, 2);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

/* ---- The dup handler ---- */

TEST(a_forked_childs_descriptor_is_a_dup_for_the_server)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/dups", O_RDWR)), other = EXPECT_OK(dup(fd));
	pid_t pid;

	EXPECT_EQ(s.seen->dups, 1);
	EXPECT_NE(s.seen->last_dup.rcvid, 0);
	EXPECT_EQ(s.seen->last_dup.coid, other);
	EXPECT_OK(close(other));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		char byte;

		/* The first message comes after its dup. */
		EXPECT_EQ(read(fd, &byte, 1), 0);
		EXPECT_EQ(s.seen->dups, 2);
		EXPECT_EQ(s.seen->last_dup.reads, 0);
		EXPECT_EQ(s.seen->last_dup.rcvid, 0);
		EXPECT_EQ(s.seen->last_dup.pid, getpid());
		EXPECT_EQ(s.seen->last_dup.coid, fd);
		EXPECT_EQ(s.seen->last_dup.from_pid, getppid());
		EXPECT_EQ(s.seen->last_dup.from_coid, fd);
		_exit(0);
	}
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_dups == 2);
	EXPECT_OK(close(fd));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 3);
	EXPECT_EQ(s.seen->dups, 2);
	server_stop(&s);
}

TEST(a_child_that_never_uses_it_has_its_dup)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/dups", O_RDWR));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0)
		for (;;)
			pause();
	EVENTUALLY(s.seen->dups == 1);
	EXPECT_EQ(s.seen->last_dup.pid, pid);
	EXPECT_EQ(s.seen->close_dups, 0);
	end_child(pid);
	EVENTUALLY(s.seen->close_dups == 1);
	EXPECT_OK(close(fd));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->dups, 1);
	server_stop(&s);
}

TEST(spawn_is_one_dup_for_each_descriptor_and_exec_none)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/dups", O_RDWR));
	int again = EXPECT_OK(dup(fd));
	char number[16];
	pid_t pid;

	EXPECT_EQ(write(fd, "0123", 4), 4);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	snprintf(number, sizeof(number), "%d", again);
	pid = EXPECT_OK(spawnl(P_NOWAIT, harness_tool("holder"), "holder", number, "read", NULL));
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_dups == 2);
	EXPECT_EQ(s.seen->dups, 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		execl(harness_tool("holder"), "holder", number, "read", NULL);
		_exit(99);
	}
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_dups == 4);
	EXPECT_EQ(s.seen->dups, 5);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(again));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 6);
	server_stop(&s);
}

TEST(a_dup_that_the_server_refuses_leaves_the_child_without_the_file)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/dups", O_RDWR));
	pid_t pid;

	s.seen->refuses = 1;
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		char byte;

		EXPECT_ERRNO(read(fd, &byte, 1), EBADF);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(s.seen->dups, 1);
	EXPECT_EQ(s.seen->reads, 0);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_OK(close(fd));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	server_stop(&s);
}

TEST(a_childs_file_outlives_its_parents)
{
	struct server s = server_start();
	int fd = digits(), go[2];
	pid_t pid;
	char byte;

	EXPECT_OK(pipe(go));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(close(go[1]));
		EXPECT_EQ(read(go[0], &byte, 1), 0);
		expect_text(fd, "0123");
		_exit(0);
	}
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_OK(close(go[0]));
	EXPECT_OK(close(go[1]));
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 2);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

TEST(a_child_that_never_uses_it_keeps_it_open)
{
	struct server s = server_start();
	int fd = digits();
	int up[2];
	pid_t pid;
	char byte;

	EXPECT_OK(pipe(up));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_EQ(write(up[1], "", 1), 1);
		for (;;)
			pause();
	}
	EXPECT_EQ(read(up[0], &byte, 1), 1);
	EXPECT_OK(close(up[0]));
	EXPECT_OK(close(up[1]));
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->close_ocbs, 0);
	end_child(pid);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 2);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

/* What cat, which knows nothing of us, would do: hold it. */
TEST(a_foreign_child_keeps_it_open)
{
	struct server s = server_start();
	struct harness_command sleeper;
	int fd = digits();

	harness_start((const char *const[]){"/bin/cat", NULL}, &sleeper);
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->close_dups, 1);
	(void)harness_finish(&sleeper);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	server_stop(&s);
}

TEST(a_killed_clients_close_does_not_wait_for_its_foreign_child)
{
	struct server s = server_start();
	int ends[2], status;
	pid_t pid, heir;

	EXPECT_OK(pipe(ends));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		(void)digits();
		heir = foreign_child();
		EXPECT_EQ(write(ends[1], &heir, sizeof(heir)), (ssize_t)sizeof(heir));
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], &heir, sizeof(heir)), (ssize_t)sizeof(heir));
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EVENTUALLY(s.seen->close_dups == 1);
	/* It holds the file open, but has nothing to close. */
	EXPECT_EQ(s.seen->close_ocbs, 0);
	EXPECT_OK(kill(heir, SIGKILL));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	server_stop(&s);
}

TEST(a_grandchild_that_only_inherited_is_heard_of_when_it_is_killed)
{
	struct server s = server_start();
	int fd = digits(), status, out[2];
	pid_t pid, grandchild;

	EXPECT_OK(pipe(out));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		if (EXPECT_OK(fork()) > 0)
			_exit(0);
		/* It has it from here on. */
		grandchild = getpid();
		EXPECT_EQ(write(out[1], &grandchild, sizeof(grandchild)), (ssize_t)sizeof(pid));
		for (;;)
			pause();
	}
	EXPECT_EQ(read(out[0], &grandchild, sizeof(grandchild)), (ssize_t)sizeof(pid));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_OK(close(fd));
	EVENTUALLY(s.seen->close_dups == 2);
	EXPECT_EQ(s.seen->close_ocbs, 0);
	EXPECT_OK(kill(grandchild, SIGKILL));
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 3);
	EXPECT_EQ(s.seen->frees, 1);
	EXPECT_OK(close(out[0]));
	EXPECT_OK(close(out[1]));
	server_stop(&s);
}

TEST(a_killed_group_ends_each_descriptor_once)
{
	struct server s = server_start();
	int status, ready[2];
	char bytes[3];
	pid_t pid;

	EXPECT_OK(pipe(ready));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		int fd;

		EXPECT_OK(setpgid(0, 0));
		fd = digits();
		for (int i = 0; i < 2; i++)
			if (EXPECT_OK(fork()) == 0)
				break;
		EXPECT_OK(fcntl(fd, F_GETFD));
		EXPECT_EQ(write(ready[1], "", 1), 1);
		for (;;)
			pause();
	}
	/* Of three, the second child's own child makes it four; three are enough to go on. */
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(read(ready[0], bytes, 1), 1);
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_OK(kill(-pid, SIGKILL));
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_GE(s.seen->close_dups, 3);
	EXPECT_EQ(s.seen->frees, 1);
	EXPECT_OK(close(ready[0]));
	EXPECT_OK(close(ready[1]));
	server_stop(&s);
}

TEST(a_client_killed_in_a_read_is_closed)
{
	struct server s = server_start();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		char byte;
		int fd = EXPECT_OK(open("/srv/waits", O_RDWR));

		(void)!read(fd, &byte, 1);
		_exit(1);
	}
	EVENTUALLY(s.seen->reads == 1);
	end_child(pid);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

static void nothing(int signo)
{
	(void)signo;
}

TEST(a_signal_ends_a_read_by_the_unblock_handler)
{
	struct sigaction act = {.sa_handler = nothing};
	struct server s = server_start();
	pid_t pid;

	EXPECT_OK(sigaction(SIGUSR1, &act, NULL));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		char byte;
		int fd = EXPECT_OK(open("/srv/waits", O_RDWR));

		EXPECT_ERRNO(read(fd, &byte, 1), EINTR);
		EXPECT_OK(close(fd));
		_exit(0);
	}
	EVENTUALLY(s.seen->reads == 1);
	EXPECT_OK(kill(pid, SIGUSR1));
	expect_exit(pid, 0);
	EXPECT_EQ(s.seen->unblocks, 1);
	server_stop(&s);
}

TEST(a_spawned_program_shares_the_open_file)
{
	struct server s = server_start();
	int fd = digits();
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	pid = EXPECT_OK(spawnl(P_NOWAIT, harness_tool("holder"), "holder", number, "read", NULL));
	EXPECT_OK(close(fd));
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_EQ(s.seen->close_dups, 2);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

TEST(an_executed_program_has_the_same_descriptor)
{
	struct server s = server_start();
	char number[16];
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		int fd = digits();

		snprintf(number, sizeof(number), "%d", fd);
		execl(harness_tool("holder"), "holder", number, "read", NULL);
		_exit(99);
	}
	expect_exit(pid, 0);
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

TEST(what_exec_closes_has_its_close_dup)
{
	struct server s = server_start();
	char number[16];
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		int fd = digits();
		int other = EXPECT_OK(open("/srv/memory", O_RDONLY | O_CLOEXEC));

		(void)other;
		snprintf(number, sizeof(number), "%d", fd);
		execl(harness_tool("holder"), "holder", number, "stay", NULL);
		_exit(99);
	}
	EVENTUALLY(s.seen->close_ocbs == 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	end_child(pid);
	EVENTUALLY(s.seen->close_ocbs == 2);
	EXPECT_EQ(s.seen->close_dups, 2);
	server_stop(&s);
}

TEST(a_dead_server_is_an_error_and_nothing_hangs)
{
	struct server s = server_start();
	int fd = digits();
	char byte;

	server_stop(&s);
	EXPECT_ERRNO(read(fd, &byte, 1), EBADF);
	EXPECT_ERRNO(open("/srv/memory", O_RDONLY), ENOENT);
	EXPECT_OK(close(fd));
	s = server_start();
	fd = digits();
	expect_text(fd, "01");
	EXPECT_OK(close(fd));
	server_stop(&s);
}

/* ---- Closed connections that are used again ---- */

/* Which socket it is, for the kernel. */
static unsigned long socket_of(int fd)
{
	char path[64], text[64] = "";
	unsigned long inode = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(readlink(path, text, sizeof(text) - 1) > 0);
	EXPECT_EQ(sscanf(text, "socket:[%lu]", &inode), 1);
	return inode;
}

TEST(the_next_open_has_the_socket_of_the_last)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR)), kept;
	const unsigned long first = socket_of(fd);

	EXPECT_EQ(write(fd, "ab", 2), 2);
	for (int i = 0; i < 50; i++) {
		EXPECT_OK(close(fd));
		fd = EXPECT_OK(open("/srv/memory", i % 2 ? O_RDWR | O_CLOEXEC : O_RDWR));
		EXPECT_EQ(socket_of(fd), first);
		EXPECT_EQ(fcntl(fd, F_GETFD), i % 2 ? FD_CLOEXEC : 0);
		/* A new open file all the same. */
		expect_text(fd, "ab");
	}
	EXPECT_EQ(s.seen->opens, 51);
	EXPECT_EQ(s.seen->close_dups, 50);
	EXPECT_EQ(s.seen->close_ocbs, 50);
	/* What is open at the same time has one of its own. */
	kept = EXPECT_OK(open("/srv/memory", O_RDWR));
	EXPECT_NE(socket_of(kept), first);
	EXPECT_OK(close(fd));
	expect_text(kept, "ab");
	EXPECT_OK(close(kept));
	EXPECT_EQ(s.seen->close_ocbs, 52);
	server_stop(&s);
}

TEST(what_a_child_may_have_is_not_used_again)
{
	struct server s = server_start();
	int fd = digits(), again, go[2];
	const unsigned long first = socket_of(fd);
	char byte;
	pid_t pid;

	EXPECT_OK(pipe(go));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_EQ(read(go[0], &byte, 1), 1);
		expect_text(fd, "0123");
		_exit(0);
	}
	EXPECT_OK(close(fd));
	again = EXPECT_OK(open("/srv/memory", O_RDWR));
	EXPECT_NE(socket_of(again), first);
	EXPECT_EQ(lseek(again, 5, SEEK_SET), 5);
	EXPECT_EQ(write(go[1], "g", 1), 1);
	expect_exit(pid, 0);
	expect_text(again, "56");
	EXPECT_OK(close(again));
	EXPECT_OK(close(go[0]));
	EXPECT_OK(close(go[1]));
	server_stop(&s);
}

TEST(who_may_have_few_descriptors_keeps_none_of_them)
{
	struct server s = server_start();
	struct rlimit few = {.rlim_cur = 100, .rlim_max = 100};
	unsigned long first;
	int fd;

	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &few));
	fd = digits();
	first = socket_of(fd);
	EXPECT_OK(close(fd));
	fd = digits();
	EXPECT_NE(socket_of(fd), first);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(a_number_that_was_closed_behind_our_back_is_the_programs)
{
	struct server s = server_start();
	int fd = digits(), kept = -1, other;
	const unsigned long first = socket_of(fd);
	struct stat one, two;

	EXPECT_OK(close(fd));
	/* Where the socket is kept. */
	for (int at = 3; at < 1024 && kept < 0; at++) {
		char path[64], text[64] = "", want[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
		snprintf(want, sizeof(want), "socket:[%lu]", first);
		if (readlink(path, text, sizeof(text) - 1) > 0 && strcmp(text, want) == 0)
			kept = at;
	}
	EXPECT_GE(kept, 3);
	EXPECT_EQ(syscall(SYS_close, kept), 0);
	other = EXPECT_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
	EXPECT_EQ(syscall(SYS_dup3, other, kept, O_CLOEXEC), kept);
	fd = digits();
	EXPECT_NE(socket_of(fd), first);
	expect_text(fd, "01");
	EXPECT_OK(close(fd));
	EXPECT_OK(fstat(other, &one));
	EXPECT_EQ(syscall(SYS_dup3, kept, other, O_CLOEXEC), other);
	EXPECT_OK(fstat(other, &two));
	EXPECT_EQ(one.st_rdev, two.st_rdev);
	EXPECT_EQ(syscall(SYS_close, kept), 0);
	EXPECT_OK(close(other));
	server_stop(&s);
}

static void send_away(int over, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = ""};
	struct iovec part = {(void *)(uintptr_t) "x", 1};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	EXPECT_EQ(sendmsg(over, &msg, 0), 1);
}

TEST(what_was_sent_to_another_process_is_not_used_again)
{
	struct server s = server_start();
	int fd = digits(), again, ends[2];
	const unsigned long first = socket_of(fd);

	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	send_away(ends[0], fd);
	EXPECT_OK(close(fd));
	again = EXPECT_OK(open("/srv/memory", O_RDWR));
	EXPECT_NE(socket_of(again), first);
	expect_text(again, "01");
	EXPECT_OK(close(again));
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
	server_stop(&s);
}

TEST(what_sendmsg_refuses_is_not_looked_at)
{
	char bytes[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = "";
	struct iovec part = {(void *)(uintptr_t) "x", 1};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = bytes,
			     .msg_controllen = sizeof(bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int ends[2];

	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	for (int i = 0; i < 3; i++) {
		c->cmsg_len = (size_t[]){0, CMSG_LEN(0) - 1, (size_t)1 << 40}[i];
		EXPECT_ERRNO(sendmsg(ends[0], &msg, 0), EINVAL);
	}
	EXPECT_OK(close(ends[0]));
	EXPECT_OK(close(ends[1]));
}

TEST(another_user_does_not_use_the_socket_of_the_last)
{
	struct server s;
	int fd;

	if (geteuid() != 0)
		SKIP("only root can be another user");
	s = server_start();
	fd = digits();
	EXPECT_OK(fchmod(fd, 0600));
	EXPECT_OK(close(fd));
	EXPECT_OK(seteuid(65534));
	EXPECT_ERRNO(open("/srv/memory", O_RDWR), EACCES);
	EXPECT_OK(seteuid(0));
	fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	expect_text(fd, "01");
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(a_new_server_is_not_reached_by_sockets_of_the_old)
{
	for (int i = 0; i < 10; i++) {
		struct server s = server_start();
		int fd = digits();

		expect_text(fd, "012");
		EXPECT_OK(close(fd));
		EXPECT_EQ(s.seen->close_ocbs, 1);
		server_stop(&s);
	}
}
