// SPDX-License-Identifier: Apache-2.0
/* Which descriptors a spawned child has. */
#include "kit.h"

#include <process.h>

/* Starts `show` with this map and these words; the map must have what `to=` names. */
static pid_t start(int n, const int map[], char *const words[])
{
	return EXPECT_OK(spawn(harness_tool("show"), n, map, NULL, words, NULL));
}

#define WORDS(...) KIT_ARGV("show", __VA_ARGS__)

/* "dev:ino" of one of our descriptors, as `show file=` says it. */
static const char *file_of(int fd)
{
	static char text[64];
	struct stat st;

	EXPECT_OK(fstat(fd, &st));
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return text;
}

static int open_file(const char *name, int flags)
{
	return EXPECT_OK(open(kit_file(name, "0123456789", 0600), O_RDWR | flags));
}

TEST(fd_map_none_means_all_but_cloexec)
{
	struct kit_talk talk = kit_talk_open();
	int kept = open_file("kept", 0), closed = open_file("closed", O_CLOEXEC);
	char *fds;
	pid_t pid = start(0, NULL, WORDS(talk.to, "fds"));

	fds = kit_talk_text(&talk);
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT(kit_has(fds, 0) && kit_has(fds, 1) && kit_has(fds, 2));
	EXPECT(kit_has(fds, kept));
	EXPECT(!kit_has(fds, closed));
	EXPECT(!kit_has(fds, talk.in));
	close(kept);
	close(closed);
}

TEST(fd_map_with_count_0_is_not_read)
{
	struct kit_talk talk = kit_talk_open();
	const int *volatile nowhere = (const int *)8;
	pid_t pid = start(0, nowhere, WORDS(talk.to, "say=well"));

	EXPECT_STR(kit_talk_text(&talk), "well");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* Nothing of the library's own comes along, either. */
TEST(fd_map_child_has_only_what_the_parent_had)
{
	struct kit_talk talk = kit_talk_open();
	char expected[32];
	pid_t pid = start(0, NULL, WORDS(talk.to, "fds"));
	int top = talk.out;

	snprintf(expected, sizeof(expected), "0 1 2 %d", top);
	EXPECT_STR(kit_talk_text(&talk), expected);
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fd_map_listed_descriptors_only)
{
	int ends[2], other = open_file("other", 0);
	pid_t pid;

	kit_pipe(ends);
	pid = start(3, (int[]){0, ends[1], 2}, WORDS("fds"));
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "0 1 2");
	EXPECT_EQ(kit_exit_status(pid), 0);
	close(other);
}

TEST(fd_map_fdclosed_is_closed)
{
	int ends[2];
	pid_t pid;

	kit_pipe(ends);
	pid = start(4, (int[]){SPAWN_FDCLOSED, ends[1], SPAWN_FDCLOSED, 1}, WORDS("fds"));
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "1 3");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fd_map_crosses_2_to_1_and_1_to_2)
{
	int out[2], err[2], old[2];
	pid_t pid;

	kit_pipe(out);
	kit_pipe(err);
	fflush(NULL);
	old[0] = EXPECT_OK(fcntl(1, F_DUPFD_CLOEXEC, 3));
	old[1] = EXPECT_OK(fcntl(2, F_DUPFD_CLOEXEC, 3));
	EXPECT_OK(dup2(out[1], 1));
	EXPECT_OK(dup2(err[1], 2));
	pid = spawn(harness_tool("show"), 3, (int[]){0, 2, 1}, NULL,
		    WORDS("write=1:to one", "write=2:to two", "fds"), NULL);
	dup2(old[0], 1);
	dup2(old[1], 2);
	EXPECT(pid > 0);
	close(old[0]);
	close(old[1]);
	close(out[1]);
	close(err[1]);
	EXPECT_STR(kit_read(err[0]), "to one\n0 1 2");
	EXPECT_STR(kit_read(out[0]), "to two");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fd_map_permutes)
{
	struct kit_talk talk = kit_talk_open();
	int files[4], map[8] = {0, 1, 2};
	const char *names[4];
	char expected[512];
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%d", i);
		files[i] = open_file(name, O_CLOEXEC);
		names[i] = strdup(file_of(files[i]));
	}
	/* A ring of four over the very numbers they have, where those are small enough. */
	map[3] = files[3];
	map[4] = files[0];
	map[5] = files[1];
	map[6] = files[2];
	map[7] = talk.out;
	pid = start(8, map, WORDS("to=7", "file=3", "file=4", "file=5", "file=6", "fds"));
	snprintf(expected, sizeof(expected), "%s\n%s\n%s\n%s\n0 1 2 3 4 5 6 7", names[3], names[0],
		 names[1], names[2]);
	EXPECT_STR(kit_talk_text(&talk), expected);
	EXPECT_EQ(kit_exit_status(pid), 0);
	for (int i = 0; i < 4; i++)
		close(files[i]);
}

/* Every permutation of four numbers that are all sources and targets. */
TEST(fd_map_every_permutation_of_four)
{
	struct kit_talk talk = kit_talk_open();
	int files[4] = {-1, -1, -1, -1};
	char *names[4];

	EXPECT_OK(dup3(talk.out, 20, 0));
	for (int i = 0; i < 4; i++) {
		char name[16];
		int fd;

		snprintf(name, sizeof(name), "file%d", i);
		fd = open_file(name, O_CLOEXEC);
		files[i] = EXPECT_OK(dup3(fd, 10 + i, O_CLOEXEC));
		close(fd);
		names[i] = strdup(file_of(files[i]));
	}
	for (int order = 0; order < 256; order++) {
		int p[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
		int map[21];
		pid_t pid;

		if ((1 << p[0] | 1 << p[1] | 1 << p[2] | 1 << p[3]) != 15)
			continue;
		for (int i = 0; i < 21; i++)
			map[i] = SPAWN_FDCLOSED;
		map[20] = 20;
		for (int i = 0; i < 4; i++)
			map[10 + i] = files[p[i]];
		pid = start(21, map, WORDS("to=20", "file=10", "file=11", "file=12", "file=13"));
		for (int i = 0; i < 4; i++)
			EXPECT_STR(harness_read_line(talk.in, KIT_MS), names[p[i]]);
		EXPECT_EQ(kit_exit_status(pid), 0);
	}
	for (int i = 0; i < 4; i++)
		close(files[i]);
	close(20);
	free(kit_talk_text(&talk));
}

TEST(fd_map_repeats_a_descriptor)
{
	int ends[2];
	pid_t pid;

	kit_pipe(ends);
	pid = start(5, (int[]){0, ends[1], ends[1], ends[1], 0},
		    WORDS("write=1:a", "write=2:b", "write=3:c", "fds"));
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "a\nb\nc\n0 1 2 3 4");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(fd_map_overrides_cloexec)
{
	int file = open_file("file", O_CLOEXEC), ends[2];
	char expected[80];
	pid_t pid;

	kit_pipe(ends);
	/* Also where source and target are one number. */
	EXPECT_OK(dup3(file, 9, O_CLOEXEC));
	pid = start(10, (int[]){0, ends[1], 2, file, -1, -1, -1, -1, -1, 9},
		    WORDS("file=3", "file=9", "fds"));
	close(ends[1]);
	snprintf(expected, sizeof(expected), "%s\n", file_of(file));
	strcat(expected, expected[0] ? file_of(file) : "");
	strcat(expected, "\n0 1 2 3 9");
	EXPECT_STR(kit_read(ends[0]), expected);
	EXPECT_EQ(kit_exit_status(pid), 0);
	/* The parent's keep their flag. */
	EXPECT_EQ(fcntl(file, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(9, F_GETFD), FD_CLOEXEC);
	close(file);
	close(9);
}

TEST(fd_map_seek_position_is_shared)
{
	int file = open_file("file", 0), ends[2];
	pid_t pid;

	kit_pipe(ends);
	EXPECT_EQ(lseek(file, 3, SEEK_SET), 3);
	pid = start(4, (int[]){0, ends[1], 2, file}, WORDS("offset=3", "seek=3:7"));
	close(ends[1]);
	EXPECT_STR(kit_read(ends[0]), "3");
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_EQ(lseek(file, 0, SEEK_CUR), 7);
	close(file);
}

TEST(fd_map_bad_descriptor_is_ebadf)
{
	char *const *argv = KIT_ARGV("show");
	int closed = open_file("file", 0);

	close(closed);
	EXPECT_ERRNO(spawn(harness_tool("show"), 3, (int[]){0, closed, 2}, NULL, argv, NULL),
		     EBADF);
	EXPECT_ERRNO(spawn(harness_tool("show"), 1, (int[]){1000000}, NULL, argv, NULL), EBADF);
	EXPECT_ERRNO(spawn(harness_tool("show"), 1, (int[]){-77}, NULL, argv, NULL), EBADF);
	kit_expect_no_children();
}

TEST(fd_map_nonsense_count_is_einval)
{
	char *const *argv = KIT_ARGV("show");

	EXPECT_ERRNO(spawn(harness_tool("show"), -1, (int[]){0}, NULL, argv, NULL), EINVAL);
	kit_expect_no_children();
}

TEST(fd_map_of_hundreds)
{
	int map[300], ends[2];
	pid_t pid;

	kit_pipe(ends);
	for (int i = 0; i < 300; i++)
		map[i] = i % 3 ? SPAWN_FDCLOSED : ends[1];
	pid = start(300, map, WORDS("to=297", "fds"));
	close(ends[1]);
	EXPECT_CONTAINS(kit_read(ends[0]), "0 3 6 9 ");
	EXPECT_EQ(kit_exit_status(pid), 0);
}
