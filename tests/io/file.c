// SPDX-License-Identifier: Apache-2.0
/* Open files of a server, used as any file is. */
#include "harness/harness.h"
#include "io/server.h"

#include <sys/stat.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

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
	EXPECT_EQ(devctl(fd, __DION(_DCMD_MISC, 99), NULL, 0, NULL), ENOTTY);
	EXPECT_EQ(devctl(-1, DCMD_TEST_GET, &word, sizeof(word), NULL), EBADF);
	EXPECT_EQ(errno, EXDEV);
	EXPECT_EQ(ioctl(fd, DCMD_TEST_GET, &word), 77);
	EXPECT_OK(close(fd));
	server_stop(&s);
}
