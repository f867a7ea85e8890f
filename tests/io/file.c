// SPDX-License-Identifier: Apache-2.0
/* Open files of a server, used as any file is. */
#include "harness/harness.h"
#include "io/server.h"

#include <share.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>

TEST(a_served_file_is_written_and_read)
{
	struct server s = server_start();
	char buf[16] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_EQ(write(fd, "hello", 5), 5);
	EXPECT_EQ(lseek(fd, 1, SEEK_SET), 1);
	EXPECT_EQ(read(fd, buf, sizeof(buf)), 4);
	EXPECT_STR(buf, "ello");
	EXPECT_EQ(read(fd, buf, sizeof(buf)), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_EQ(s.seen->close_dups, 1);
	EXPECT_EQ(s.seen->close_ocbs, 1);
	EXPECT_EQ(s.seen->frees, 1);
	server_stop(&s);
}

TEST(an_open_gives_the_lowest_free_descriptor)
{
	struct server s = server_start();
	int low = EXPECT_OK(open("/dev/null", O_RDONLY));
	int fd;

	EXPECT_OK(close(low));
	fd = EXPECT_OK(open("/srv/memory", O_RDONLY));
	EXPECT_EQ(fd, low);
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
	EXPECT_OK(close(fd));
	fd = EXPECT_OK(open("/srv/memory", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(fd, low);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(positions_go_with_the_message)
{
	struct server s = server_start();
	char a[3] = "", b[3] = "";
	struct iovec parts[2] = {{a, 2}, {b, 2}};
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_EQ(pwrite(fd, "0123456789", 10, 0), 10);
	EXPECT_EQ(pread(fd, a, 2, 4), 2);
	EXPECT_STR(a, "45");
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
	EXPECT_EQ(readv(fd, parts, 2), 4);
	EXPECT_STR(a, "01");
	EXPECT_STR(b, "23");
	EXPECT_EQ(writev(fd, (struct iovec[]){{(void *)"ab", 2}, {(void *)"cd", 2}}, 2), 4);
	EXPECT_EQ(preadv(fd, parts, 2, 4), 4);
	EXPECT_STR(a, "ab");
	EXPECT_STR(b, "cd");
	EXPECT_ERRNO(pread(fd, a, 1, -1), EINVAL);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(much_is_written_and_read_in_one_call)
{
	static char out[SERVER_BYTES], in[SERVER_BYTES];
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 + (i >> 8));
	EXPECT_EQ(write(fd, out, sizeof(out)), SERVER_BYTES);
	EXPECT_ERRNO(write(fd, out, 1), ENOSPC);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(read(fd, in, sizeof(in)), SERVER_BYTES);
	EXPECT(memcmp(in, out, sizeof(in)) == 0);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(stat_tells_of_a_served_file)
{
	struct server s = server_start();
	struct stat by_path, by_fd;
	struct statx x;
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_EQ(write(fd, "12345", 5), 5);
	EXPECT_OK(fstat(fd, &by_fd));
	EXPECT(S_ISREG(by_fd.st_mode));
	EXPECT_EQ(by_fd.st_size, 5);
	EXPECT_OK(stat("/srv/memory", &by_path));
	EXPECT_EQ(by_path.st_ino, by_fd.st_ino);
	EXPECT_EQ(by_path.st_size, 5);
	EXPECT_OK(lstat("/srv/../srv/./memory", &by_path));
	EXPECT_OK(statx(AT_FDCWD, "/srv/memory", 0, STATX_SIZE, &x));
	EXPECT_EQ(x.stx_size, 5);
	EXPECT_OK(access("/srv/memory", R_OK | W_OK));
	EXPECT_ERRNO(access("/srv/memory/below", F_OK), ENOTDIR);
	EXPECT_ERRNO(stat("/srv/nothing", &by_path), ENOENT);
	EXPECT_OK(close(fd));
	/* Each stat() was an open that is closed by now. */
	EXPECT_EQ(s.seen->opens, s.seen->close_ocbs);
	EXPECT_EQ(s.seen->opens, s.seen->frees);
	server_stop(&s);
}

TEST(devctl_goes_both_ways_and_returns_the_error)
{
	struct server s = server_start();
	uint32_t word = 0x01020304;
	const struct iovec whole = {&word, 4}, halves[2] = {{&word, 2}, {(char *)&word + 2, 2}};
	int info = 0;
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	errno = EXDEV;
	EXPECT_EQ(devctl(fd, DCMD_TEST_SWAP, &word, sizeof(word), &info), EOK);
	EXPECT_EQ(word, 0x04030201);
	EXPECT_EQ(info, 77);
	word = 9;
	EXPECT_EQ(devctl(fd, DCMD_TEST_PUT, &word, sizeof(word), NULL), EOK);
	EXPECT_EQ(word, 9);
	word = 0;
	EXPECT_EQ(devctl(fd, DCMD_TEST_GET, &word, sizeof(word), NULL), EOK);
	EXPECT_EQ(word, 9);
	word = 0x01020304;
	EXPECT_EQ(posix_devctl(fd, DCMD_TEST_SWAP, &word, sizeof(word), &info), EOK);
	EXPECT_EQ(word, 0x04030201);
	EXPECT_EQ(devctlv(fd, DCMD_TEST_SWAP, 2, 1, halves, &whole, &info), EOK);
	EXPECT_EQ(word, 0x01020304);
	word = 9;
	EXPECT_EQ(devctl(fd, DCMD_TEST_PUT, &word, sizeof(word), NULL), EOK);
	EXPECT_EQ(devctl(fd, __DION(_DCMD_MISC, 99), NULL, 0, NULL), ENOTTY);
	EXPECT_EQ(devctl(-1, DCMD_TEST_GET, &word, sizeof(word), NULL), EBADF);
	EXPECT_EQ(errno, EXDEV);
	EXPECT_EQ(ioctl(fd, DCMD_TEST_GET, &word), 77);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(readcond_says_what_it_waits_for)
{
	struct server s = server_start();
	char buf[8] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	int null = EXPECT_OK(open("/dev/null", O_RDONLY));

	EXPECT_EQ(pwrite(fd, "hello", 5, 0), 5);
	EXPECT_EQ(readcond(fd, buf, 4, 2, 3, 40), 4);
	EXPECT_STR(buf, "hell");
	EXPECT_EQ(s.seen->last_cond.min, 2);
	EXPECT_EQ(s.seen->last_cond.time, 3);
	EXPECT_EQ(s.seen->last_cond.timeout, 40);
	EXPECT_EQ(readcond(fd, buf, 4, 0, 0, 0), 1);
	EXPECT_ERRNO(readcond(fd, buf, -1, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(readcond(null, buf, 1, 0, 0, 0), ENOSYS);
	EXPECT_ERRNO(readcond(-1, buf, 1, 0, 0, 0), EBADF);
	EXPECT_OK(close(null));
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(openfd_is_a_second_open_with_no_more_rights)
{
	struct server s = server_start();
	char buf[8] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	int null = EXPECT_OK(open("/dev/null", O_RDONLY));
	int again, reads;

	EXPECT_EQ(write(fd, "hello", 5), 5);
	again = EXPECT_OK(openfd(fd, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(fcntl(again, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(read(again, buf, sizeof(buf)), 5);
	EXPECT_STR(buf, "hello");
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_ERRNO(write(again, "x", 1), EBADF);
	EXPECT_ERRNO(openfd(again, O_RDWR), EACCES);
	/* It is open for writing already. */
	EXPECT_ERRNO(sopenfd(fd, O_RDONLY, SH_DENYWR), EBUSY);
	EXPECT_OK(close(fd));
	reads = EXPECT_OK(sopenfd(again, O_RDONLY, SH_DENYWR));
	EXPECT_ERRNO(sopen("/srv/memory", O_RDWR, SH_DENYNO), EBUSY);
	EXPECT_OK(close(sopen("/srv/memory", O_RDONLY, SH_DENYNO)));
	EXPECT_OK(close(reads));
	EXPECT_OK(close(again));
	EXPECT_ERRNO(openfd(null, O_RDONLY), ENOSYS);
	EXPECT_ERRNO(openfd(-1, O_RDONLY), EBADF);
	EXPECT_OK(close(null));
	EXPECT_EQ(s.seen->close_ocbs, 4);
	EXPECT_EQ(s.seen->frees, 4);
	server_stop(&s);
}

TEST(iofdinfo_tells_of_the_open_file_and_its_path)
{
	struct server s = server_start();
	struct _fdinfo info;
	char path[64] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	int null = EXPECT_OK(open("/dev/null", O_RDONLY));

	EXPECT_EQ(write(fd, "hello", 5), 5);
	EXPECT_EQ(iofdinfo(fd, 0, &info, path, sizeof(path)), (int)sizeof("/srv/memory"));
	EXPECT_STR(path, "/srv/memory");
	EXPECT(S_ISREG(info.mode));
	EXPECT_EQ(info.size, 5);
	EXPECT_EQ(info.offset, 5);
	EXPECT_EQ(info.count, 1);
	EXPECT_EQ(iofdinfo(fd, 0, NULL, NULL, 0), 0);
	EXPECT_ERRNO(iofdinfo(fd, 0, &info, path, 4), EMSGSIZE);
	EXPECT_ERRNO(iofdinfo(null, 0, &info, NULL, 0), ENOSYS);
	EXPECT_ERRNO(iofdinfo(-1, 0, &info, NULL, 0), EBADF);
	EXPECT_OK(close(null));
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(pathconf_is_what_the_server_says)
{
	struct server s = server_start();
	struct statvfs fs;
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_EQ(fpathconf(fd, _PC_SYNC_IO), 1);
	EXPECT_EQ(fpathconf(fd, _PC_NO_TRUNC), 0);
	EXPECT_ERRNO(fpathconf(fd, _PC_LINK_MAX), EINVAL);
	EXPECT_EQ(pathconf("/srv/memory", _PC_SYNC_IO), 1);
	EXPECT_EQ(pathconf("/srv/memory", _PC_CHOWN_RESTRICTED), 0);
	EXPECT_ERRNO(pathconf("/srv/memory", _PC_LINK_MAX), EINVAL);
	EXPECT(pathconf("/", _PC_NAME_MAX) > 0);
	EXPECT_OK(statvfs("/srv/memory", &fs));
	EXPECT_EQ(fs.f_bsize, 4096);
	EXPECT_OK(fstatvfs(fd, &fs));
	EXPECT_EQ(fs.f_bsize, 4096);
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->opens, s.seen->close_ocbs);
	server_stop(&s);
}

TEST(what_no_message_has_is_enotsup)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	struct statfs fs;
	char bytes[64];

	EXPECT_ERRNO(statfs("/srv/memory", &fs), ENOTSUP);
	EXPECT_ERRNO(fstatfs(fd, &fs), ENOTSUP);
	EXPECT_ERRNO(syncfs(fd), ENOTSUP);
	EXPECT_ERRNO(getxattr("/srv/memory", "user.a", bytes, 64), ENOTSUP);
	EXPECT_ERRNO(lgetxattr("/srv/memory", "user.a", bytes, 64), ENOTSUP);
	EXPECT_ERRNO(fgetxattr(fd, "user.a", bytes, 64), ENOTSUP);
	EXPECT_ERRNO(setxattr("/srv/memory", "user.a", bytes, 1, 0), ENOTSUP);
	EXPECT_ERRNO(lsetxattr("/srv/memory", "user.a", bytes, 1, 0), ENOTSUP);
	EXPECT_ERRNO(fsetxattr(fd, "user.a", bytes, 1, 0), ENOTSUP);
	EXPECT_ERRNO(listxattr("/srv/memory", bytes, 64), ENOTSUP);
	EXPECT_ERRNO(llistxattr("/srv/memory", bytes, 64), ENOTSUP);
	EXPECT_ERRNO(flistxattr(fd, bytes, 64), ENOTSUP);
	EXPECT_ERRNO(removexattr("/srv/memory", "user.a"), ENOTSUP);
	EXPECT_ERRNO(lremovexattr("/srv/memory", "user.a"), ENOTSUP);
	EXPECT_ERRNO(fremovexattr(fd, "user.a"), ENOTSUP);
	EXPECT_ERRNO(statfs("/srv/folder/nothing", &fs), ENOENT);
	EXPECT_ERRNO(getxattr("/srv/folder/nothing", "user.a", bytes, 64), ENOENT);
	/* The kernel's files are the kernel's. */
	EXPECT_OK(statfs("/", &fs));
	EXPECT_NE(fs.f_bsize, 0);
	EXPECT_ERRNO(statfs("/", (void *)8), EFAULT);
	EXPECT_ERRNO(fstatfs(999, &fs), EBADF);
	EXPECT_ERRNO(fgetxattr(999, "user.a", bytes, 64), EBADF);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(a_served_file_is_no_terminal)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/event", O_RDWR));
	struct termios termios;

	errno = 0;
	EXPECT_EQ(isatty(fd), 0);
	EXPECT_EQ(errno, ENOTTY);
	EXPECT(!ttyname(fd));
	EXPECT_EQ(errno, ENOTTY);
	EXPECT_ERRNO(tcgetattr(fd, &termios), ENOTTY);
	EXPECT_ERRNO(tcgetpgrp(fd), ENOTTY);
	EXPECT_OK(close(fd));
	server_stop(&s);
}
