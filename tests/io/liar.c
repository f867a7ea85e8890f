// SPDX-License-Identifier: Apache-2.0
/* A server that answers nonsense: an error for its client, and nothing worse. */
#include "harness/harness.h"
#include "io/server.h"

#include <sys/pathmgr.h>
#include <sys/stat.h>

static void lie_connect(int rcvid, const struct _io_connect *connect)
{
	struct {
		struct _io_connect_link_reply reply;
		char path[16];
	} link;

	memset(&link, 'x', sizeof(link));
	if (connect->path_len > 1 && connect->path[0] == 'l')
		MsgReply(rcvid, (long)(_IO_CONNECT_RET_FLAG | _IO_CONNECT_RET_LINK), &link,
			 sizeof(link));
	else if (connect->path_len > 1 && connect->path[0] == 'e')
		MsgReply(rcvid, (long)(_IO_CONNECT_RET_FLAG | _IO_CONNECT_RET_LINK), NULL, 0);
	else
		MsgReply(rcvid, EOK, NULL, 0);
}

static void lie(int ready)
{
	static union {
		uint16_t type;
		struct _io_connect connect;
		char bytes[8192];
	} m;
	static char nonsense[256];
	int chid = EXPECT_OK(ChannelCreate(0));

	EXPECT_OK(pathmgr_link("/srv/liar", 0, 0, chid, 1, _FTYPE_ANY, PATHMGR_FLAG_DIR));
	memset(nonsense, 0xff, sizeof(nonsense));
	EXPECT_EQ(write(ready, "", 1), 1);
	for (;;) {
		int rcvid = MsgReceive(chid, &m, sizeof(m), NULL);

		if (rcvid <= 0)
			continue;
		if (m.type == _IO_CONNECT)
			lie_connect(rcvid, &m.connect);
		else if (m.type == _IO_CLOSE)
			MsgReply(rcvid, EOK, NULL, 0);
		else
			MsgReply(rcvid, 1000000, nonsense, sizeof(nonsense));
	}
}

TEST(nonsense_of_a_server_is_an_error)
{
	struct dirent *d;
	struct stat st;
	char buf[64], byte;
	int ready[2], fd;
	pid_t pid;
	DIR *dir;

	EXPECT_OK(pipe(ready));
	fflush(NULL);
	pid = EXPECT_OK(fork());
	if (pid == 0)
		lie(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	fd = EXPECT_OK(open("/srv/liar/x", O_RDWR));
	EXPECT_ERRNO(read(fd, buf, sizeof(buf)), EIO);
	EXPECT_ERRNO(write(fd, buf, sizeof(buf)), EIO);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(open("/srv/liar/link", O_RDONLY), EIO);
	EXPECT_ERRNO(open("/srv/liar/empty", O_RDONLY), EIO);
	EXPECT_LE(readlink("/srv/liar/x", buf, sizeof(buf)), (ssize_t)sizeof(buf));
	dir = opendir("/srv/liar");
	EXPECT(dir);
	errno = 0;
	d = readdir(dir);
	EXPECT(!d);
	EXPECT_EQ(errno, EIO);
	EXPECT_OK(closedir(dir));
	end_child(pid);
	EXPECT_OK(close(ready[0]));
	EXPECT_OK(close(ready[1]));
}
