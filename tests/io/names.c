// SPDX-License-Identifier: Apache-2.0
/* Paths that lead to servers, and calls on names and folders. */
#include "harness/harness.h"
#include "io/server.h"

#include <ftw.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

TEST(relative_paths_and_dots_lead_to_servers)
{
	struct server s = server_start();
	int fd;

	EXPECT_OK(chdir("/"));
	fd = EXPECT_OK(open("srv/memory", O_RDONLY));
	EXPECT_OK(close(fd));
	EXPECT_OK(chdir("/usr"));
	EXPECT_ERRNO(open("srv/memory", O_RDONLY), ENOENT);
	fd = EXPECT_OK(open("../srv/memory", O_RDONLY));
	EXPECT_OK(close(fd));
	fd = EXPECT_OK(open("/usr/../srv//memory", O_RDONLY));
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->opens, 3);
	server_stop(&s);
}

TEST(symbolic_links_of_plain_folders_lead_to_servers)
{
	struct server s = server_start();
	char path[4096];
	int fd;

	EXPECT_OK(symlink("/srv/memory", harness_path("device")));
	fd = EXPECT_OK(open(harness_path("device"), O_RDWR));
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(open(harness_path("device"), O_RDWR | O_NOFOLLOW), ELOOP);
	EXPECT_OK(symlink("/srv/folder", harness_path("folder")));
	snprintf(path, sizeof(path), "%s/0007", harness_path("folder"));
	fd = EXPECT_OK(open(path, O_RDONLY));
	EXPECT_OK(close(fd));
	EXPECT_STR(s.seen->last_path, "0007");
	EXPECT_OK(symlink(harness_path("b"), harness_path("a")));
	EXPECT_OK(symlink(harness_path("a"), harness_path("b")));
	EXPECT_ERRNO(open(harness_path("a"), O_RDONLY), ELOOP);
	server_stop(&s);
}

TEST(a_servers_links_are_followed_and_loops_end)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/folder/link", O_RDONLY));
	char target[8] = "";

	EXPECT_STR(s.seen->last_path, "0001");
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(open("/srv/folder/loop", O_RDONLY), ELOOP);
	EXPECT_EQ(readlink("/srv/folder/link", target, sizeof(target)), 4);
	EXPECT_STR(target, "0001");
	EXPECT_EQ(readlink("/srv/folder/link", target, 2), 2);
	EXPECT_ERRNO(readlink("/srv/memory", target, sizeof(target)), EINVAL);
	server_stop(&s);
}

TEST(a_servers_link_leads_to_a_plain_folder)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/folder/away", O_RDONLY | O_DIRECTORY));
	struct stat by_link, by_name;
	DIR *dir = opendir("/srv/folder/away");

	EXPECT_OK(stat("/usr", &by_name));
	EXPECT_OK(fstat(fd, &by_link));
	EXPECT_EQ(by_link.st_ino, by_name.st_ino);
	EXPECT(dir);
	EXPECT_OK(fstat(dirfd(dir), &by_link));
	EXPECT_EQ(by_link.st_ino, by_name.st_ino);
	EXPECT(readdir(dir));
	EXPECT_OK(closedir(dir));
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(names_are_made_and_removed_by_their_server)
{
	struct server s = server_start();

	umask(027);
	EXPECT_OK(mkdir("/srv/folder/new", 0777));
	EXPECT_EQ(s.seen->last_mode, S_IFDIR | 0750);
	EXPECT_OK(mkfifo("/srv/folder/fifo", 0666));
	EXPECT_EQ(s.seen->last_mode, S_IFIFO | 0640);
	EXPECT_OK(unlink("/srv/folder/0001"));
	EXPECT_STR(s.seen->last_path, "0001");
	EXPECT_EQ(s.seen->last_mode, 0);
	EXPECT_OK(rmdir("/srv/folder/new"));
	EXPECT_EQ(s.seen->last_mode, _IO_CONNECT_EFLAG_DIR);
	EXPECT_OK(rename("/srv/folder/0001", "/srv/folder/0002"));
	EXPECT_STR(s.seen->last_path, "0001>0002");
	EXPECT_ERRNO(rename("/srv/folder/0001", "/tmp/elsewhere"), EXDEV);
	EXPECT_ERRNO(rename("/etc/passwd", "/srv/folder/0001"), EXDEV);
	EXPECT_OK(symlink("target", "/srv/folder/sym"));
	EXPECT_STR(s.seen->last_path, "target>sym");
	EXPECT_OK(link("/srv/folder/0001", "/srv/folder/0003"));
	EXPECT_STR(s.seen->last_path, "0003");
	EXPECT_EQ(s.seen->links, 1);
	EXPECT_EQ(s.seen->opens, s.seen->close_ocbs);
	EXPECT_ERRNO(link("/srv/folder/none", "/srv/folder/0003"), ENOENT);
	EXPECT_ERRNO(link("/srv/folder/0001", "/tmp/elsewhere"), EXDEV);
	EXPECT_ERRNO(link("/etc/passwd", "/srv/folder/0001"), EXDEV);
	EXPECT_EQ(s.seen->links, 1);
	EXPECT_ERRNO(unlink("/srv/memory"), ENOSYS);
	EXPECT_ERRNO(mkdir("/srv/memory", 0777), ENOSYS);
	EXPECT_ERRNO(open("/srv/memory/", O_RDONLY), ENOTDIR);
	umask(022);
	server_stop(&s);
}

TEST(what_is_wanted_stays_behind_a_servers_link)
{
	struct server s = server_start();
	struct stat st;

	EXPECT_ERRNO(open("/srv/folder/link/", O_RDONLY), ENOTDIR);
	EXPECT_OK(rmdir("/srv/folder/link"));
	EXPECT_STR(s.seen->last_path, "0001");
	EXPECT_EQ(s.seen->last_mode, _IO_CONNECT_EFLAG_DIR);
	EXPECT_OK(lstat("/srv/folder/0001", &st));
	EXPECT_EQ(s.seen->last_mode & S_IFMT, S_IFLNK);
	EXPECT_OK(stat("/srv/folder/0001", &st));
	EXPECT_EQ(s.seen->last_mode & S_IFMT, 0);
	server_stop(&s);
}

TEST(attributes_change_by_path_and_descriptor)
{
	struct server s = server_start();
	struct timeval times[2] = {{1000, 0}, {2000, 0}};
	struct stat st;
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));

	EXPECT_OK(chmod("/srv/memory", 0640));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_mode & 07777, 0640);
	EXPECT_OK(fchmod(fd, 0666));
	EXPECT_OK(stat("/srv/memory", &st));
	EXPECT_EQ(st.st_mode & 07777, 0666);
	EXPECT_OK(chown("/srv/memory", getuid(), getgid()));
	EXPECT_OK(fchown(fd, (uid_t)-1, (gid_t)-1));
	EXPECT_OK(utimes("/srv/memory", times));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_mtime, 2000);
	EXPECT_OK(futimens(fd, NULL));
	EXPECT_OK(fstat(fd, &st));
	EXPECT_NE(st.st_mtime, 2000);
	EXPECT_OK(fsync(fd));
	EXPECT_OK(close(fd));
	EXPECT_EQ(s.seen->opens, s.seen->close_ocbs);
	server_stop(&s);
}

TEST(flags_and_locks_are_the_servers)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR | O_NONBLOCK));

	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND), O_RDWR | O_APPEND);
	EXPECT_OK(fcntl(fd, F_SETLK, &lock));
	EXPECT_OK(flock(fd, LOCK_UN));
	EXPECT_OK(lockf(fd, F_TEST, 1));
	EXPECT_ERRNO(fcntl(fd, F_SETPIPE_SZ, 1), EINVAL);
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(a_served_folder_is_read_and_rewound)
{
	struct server s = server_start();
	DIR *dir = opendir("/srv/folder");
	struct dirent **all = NULL, *d;
	long middle = 0;
	int n = 0;

	EXPECT(dir);
	while ((d = readdir(dir))) {
		EXPECT_EQ(atoi(d->d_name), n);
		if (++n == 50)
			middle = telldir(dir);
	}
	EXPECT_EQ(n, 100);
	seekdir(dir, middle);
	EXPECT_STR(readdir(dir)->d_name, "0050");
	rewinddir(dir);
	EXPECT_STR(readdir(dir)->d_name, "0000");
	EXPECT_GE(dirfd(dir), 0);
	EXPECT_OK(closedir(dir));
	EXPECT_EQ(scandir("/srv/folder", &all, NULL, alphasort), 100);
	EXPECT_STR(all[99]->d_name, "0099");
	for (int i = 0; i < 100; i++)
		free(all[i]);
	free(all);
	EXPECT_EQ(s.seen->opens, s.seen->close_ocbs);
	EXPECT_ERRNO(opendir("/srv/memory") ? 0 : -1, ENOTDIR);
	server_stop(&s);
}

TEST(plain_folders_are_plain_beside_served_ones)
{
	struct server s = server_start();
	DIR *dir = opendir("/proc/self/fd"), *served = opendir("/srv/folder");
	int n = 0;

	EXPECT(dir && served);
	while (readdir(dir))
		n++;
	EXPECT_GT(n, 3);
	EXPECT_OK(closedir(dir));
	EXPECT_OK(closedir(served));
	server_stop(&s);
}

TEST(openat_of_a_served_folder_asks_its_server)
{
	struct server s = server_start();
	int dir = EXPECT_OK(open("/srv/folder", O_RDONLY | O_DIRECTORY));
	int fd = EXPECT_OK(openat(dir, "0042", O_RDONLY));
	struct stat st;

	EXPECT_STR(s.seen->last_path, "0042");
	EXPECT_OK(fstatat(dir, "0042", &st, 0));
	EXPECT_ERRNO(openat(dir, "none", O_RDONLY), ENOENT);
	EXPECT_ERRNO(fchdir(dir), ENOTSUP);
	EXPECT_ERRNO(chdir("/srv/folder"), ENOTSUP);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(dir));
	server_stop(&s);
}

TEST(a_path_of_any_length_is_an_answer)
{
	static char path[8192];
	const char *volatile nowhere = NULL;
	struct server s = server_start();

	memset(path, 'x', sizeof(path) - 1);
	memcpy(path, "/srv/folder/", 12);
	EXPECT_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
	path[4095] = 0;
	EXPECT_ERRNO(open(path, O_RDONLY), ENOENT);
	path[4096 - 5] = 0;
	EXPECT_ERRNO(open(path, O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open(nowhere, O_RDONLY), EFAULT);
	server_stop(&s);
}

/* ---- Walks ---- */

static struct {
	int files, folders, after, unknown, links;
	char last[256];
	int last_base, last_level;
} walked;

static int note(const char *path, int flag)
{
	walked.files += flag == FTW_F;
	walked.folders += flag == FTW_D;
	walked.after += flag == FTW_DP;
	walked.unknown += flag == FTW_NS;
	walked.links += flag == FTW_SL || flag == FTW_SLN;
	snprintf(walked.last, sizeof(walked.last), "%s", path);
	return 0;
}

static int note_ftw(const char *path, const struct stat *st, int flag)
{
	(void)st;
	return note(path, flag);
}

static int note_nftw(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	walked.last_base = at->base;
	walked.last_level = at->level;
	return note(path, flag);
}

static int skip_folder(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)note_nftw(path, st, flag, at);
	return flag == FTW_D && at->level == 1 ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
}

static int stop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)note_nftw(path, st, flag, at);
	return strcmp(path + at->base, "0005") == 0 ? 77 : 0;
}

#define WALKED_AFRESH() memset(&walked, 0, sizeof(walked))

TEST(walks_go_through_served_folders)
{
	struct server s = server_start();

	WALKED_AFRESH();
	EXPECT_EQ(ftw("/srv/folder", note_ftw, 4), 0);
	EXPECT_EQ(walked.files, 100);
	EXPECT_EQ(walked.folders, 1);
	WALKED_AFRESH();
	EXPECT_EQ(nftw("/srv//folder/", note_nftw, 1, FTW_PHYS | FTW_DEPTH), 0);
	EXPECT_EQ(walked.files, 100);
	EXPECT_EQ(walked.folders, 0);
	EXPECT_EQ(walked.after, 1);
	EXPECT_STR(walked.last, "/srv//folder");
	EXPECT_EQ(walked.last_base, 6);
	EXPECT_EQ(walked.last_level, 0);
	WALKED_AFRESH();
	EXPECT_EQ(nftw("/srv/folder", stop, 1, 0), 77);
	EXPECT_EQ(walked.files, 6);
	EXPECT_EQ(walked.last_level, 1);
	EXPECT_ERRNO(nftw("/srv/folder/nothing", note_nftw, 4, 0), ENOENT);
	EXPECT_ERRNO(ftw("", note_ftw, 4), ENOENT);
	server_stop(&s);
}

TEST(walks_of_plain_folders_are_plain_beside_served_ones)
{
	struct server s = server_start();
	const char *top = harness_path("top");
	char inner[256], link[300];

	snprintf(inner, sizeof(inner), "%s/inner", top);
	EXPECT_OK(mkdir(top, 0700));
	EXPECT_OK(mkdir(inner, 0700));
	snprintf(link, sizeof(link), "%s/up", inner);
	EXPECT_OK(symlink(top, link));
	snprintf(link, sizeof(link), "%s/nowhere", inner);
	EXPECT_OK(symlink("/does/not/exist", link));
	snprintf(link, sizeof(link), "%s/away", inner);
	EXPECT_OK(symlink("/srv/memory", link));
	/* Links are followed, but not to where we come from. */
	WALKED_AFRESH();
	EXPECT_EQ(nftw(top, note_nftw, 4, 0), 0);
	EXPECT_EQ(walked.folders, 2);
	EXPECT_EQ(walked.files, 1);
	EXPECT_EQ(walked.links, 1);
	WALKED_AFRESH();
	EXPECT_EQ(nftw(top, note_nftw, 4, FTW_PHYS), 0);
	EXPECT_EQ(walked.folders, 2);
	EXPECT_EQ(walked.files, 0);
	EXPECT_EQ(walked.links, 3);
	WALKED_AFRESH();
	EXPECT_EQ(nftw(top, note_nftw, 4, FTW_PHYS | FTW_CHDIR), 0);
	EXPECT_EQ(walked.links, 3);
	WALKED_AFRESH();
	EXPECT_EQ(nftw(top, skip_folder, 4, FTW_PHYS | FTW_ACTIONRETVAL), 0);
	EXPECT_EQ(walked.folders, 2);
	EXPECT_EQ(walked.links, 0);
	/* A link of a disk to a served folder is one as any. */
	snprintf(link, sizeof(link), "%s/folder", inner);
	EXPECT_OK(symlink("/srv/folder", link));
	WALKED_AFRESH();
	EXPECT_EQ(ftw(top, note_ftw, 4), 0);
	EXPECT_EQ(walked.files, 101);
	server_stop(&s);
}

TEST(names_that_nobody_has_are_made_by_the_server)
{
	struct server s = server_start();
	char file[] = "/srv/folder/aXXXXXX", folder[] = "/srv/folder/XXXXXX", plain[256];
	char bad[] = "/srv/folder/XXXXX", with[] = "/srv/folder/XXXXXX.txt";
	int fd;

	EXPECT(mkdtemp(folder) == folder);
	EXPECT_EQ(s.seen->mkdirs, 1);
	EXPECT_STR(s.seen->last_path, folder + strlen("/srv/folder/"));
	EXPECT(strcmp(folder, "/srv/folder/XXXXXX") != 0);
	fd = EXPECT_OK(mkstemp(file));
	EXPECT_STR(s.seen->last_path, file + strlen("/srv/folder/"));
	EXPECT_OK(close(fd));
	fd = EXPECT_OK(mkostemps(with, 4, O_CLOEXEC));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_STR(with + strlen(with) - 4, ".txt");
	EXPECT_OK(close(fd));
	EXPECT_ERRNO(mkstemp(bad), EINVAL);
	/* The kernel's as ever. */
	snprintf(plain, sizeof(plain), "%s/XXXXXX", getenv("TMPDIR"));
	fd = EXPECT_OK(mkostemp(plain, O_CLOEXEC));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(close(fd));
	EXPECT_OK(unlink(plain));
	server_stop(&s);
}
