// SPDX-License-Identifier: Apache-2.0
/*
 * The pathname space by pathmgr_link() and its kind: in which order servers are found, what
 * cannot be attached, and when a name is gone. QNX Neutrino, "Resolving pathnames".
 */
#include "names/kit.h"

TEST(linked_path_is_found_until_it_is_unlinked)
{
	EXPECT_GT(links("/dev/one", 3, 0), 0);
	EXPECT(is_listed("/dev/one"));
	EXPECT_STR(channels_of("/dev/one"), "3");
	free(names_of("/dev/one/below", 1));
	free(names_of("/dev", 1));
	EXPECT_OK(pathmgr_unlink("/dev/one"));
	EXPECT(!is_listed("/dev/one"));
	free(names_of("/dev/one", 1));
	EXPECT_ERRNO(pathmgr_unlink("/dev/one"), ENOENT);
}

TEST(paths_are_made_plain_by_their_text)
{
	EXPECT_OK(chdir("/usr"));
	EXPECT_OK(links("dir//./x/../y/", 3, PATHMGR_FLAG_DIR));
	EXPECT(is_listed("/usr/dir/y"));
	EXPECT_OK(links("/../..", 4, PATHMGR_FLAG_DIR));
	EXPECT_STR(channels_of("/usr/dir/y/z"), "3 4");
	EXPECT_OK(pathmgr_unlink("/usr/dir/../dir/y"));
	EXPECT_STR(channels_of("/usr/dir/y/z"), "4");
	EXPECT_ERRNO(links("", 3, 0), ENOENT);
}

TEST(servers_of_one_path_stand_in_order)
{
	pid_t before = server_of("/a", 1, PATHMGR_FLAG_DIR | PATHMGR_FLAG_BEFORE);
	pid_t after = server_of("/a", 2, PATHMGR_FLAG_DIR | PATHMGR_FLAG_AFTER);
	pid_t plain = server_of("/a", 3, PATHMGR_FLAG_DIR);
	pid_t below = server_of("/a/b", 4, PATHMGR_FLAG_DIR);
	pid_t newest = server_of("/a", 5, PATHMGR_FLAG_DIR | PATHMGR_FLAG_OPAQUE);
	pid_t root = server_of("/", 6, PATHMGR_FLAG_DIR);

	EXPECT_STR(channels_of("/a/b/c"), "4 1 5 3 2");
	EXPECT_STR(channels_of("/a/c"), "1 5 3 2");
	EXPECT_STR(channels_of("/b"), "6");
	end_child(newest);
	EXPECT_STR(channels_of("/a/c"), "1 3 2 6");
	end_child(before);
	end_child(after);
	end_child(plain);
	end_child(below);
	end_child(root);
	free(names_of("/a/c", 1));
}

TEST(what_cannot_be_linked_is_refused)
{
	char path[4200];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[4096] = 0;
	EXPECT_ERRNO(links(path, 3, 0), ENAMETOOLONG);
	path[4095] = 0;
	EXPECT_OK(links(path, 3, 0));
	EXPECT_OK(links("/a/file", 3, 0));
	EXPECT_ERRNO(links("/a/file/dir", 3, PATHMGR_FLAG_DIR), ENOTDIR);
	EXPECT_OK(links("/b/dir", 3, PATHMGR_FLAG_DIR));
	EXPECT_ERRNO(links("/b", 3, 0), ENOTDIR);
	EXPECT_OK(links("/alone", 3, KAMIOKA_PATHMGR_EXCLUSIVE));
	EXPECT_ERRNO(links("/alone", 4, 0), EEXIST);
	EXPECT_ERRNO(links("/a/file", 4, KAMIOKA_PATHMGR_EXCLUSIVE), EEXIST);
	EXPECT_ERRNO(links("/c", 3, PATHMGR_FLAG_BEFORE | PATHMGR_FLAG_AFTER), EINVAL);
	EXPECT_ERRNO(links("/c", 3, 0x80000000), EINVAL);
	EXPECT_ERRNO(links("/c", 3, PATHMGR_FLAG_FTYPEONLY), EINVAL);
	EXPECT_ERRNO(links("/c", 0, 0), EINVAL);
	EXPECT_ERRNO(links("/c", -1, 0), EINVAL);
	EXPECT_ERRNO(pathmgr_link("/c", 1, 0, 3, 0, _FTYPE_ANY, 0), ENOREMOTE);
	EXPECT_ERRNO(pathmgr_link("/c", 0, getppid(), 3, 0, _FTYPE_ANY, 0), EPERM);
	free(names_of("/c", 1));
}

TEST(symlink_stands_for_its_path)
{
	EXPECT_OK(links("/dev/shmem", 3, PATHMGR_FLAG_DIR));
	EXPECT_OK(pathmgr_symlink("/dev/shmem", "/mytmp"));
	EXPECT_STR(channels_of("/mytmp/a"), "3");
	EXPECT(is_listed("/mytmp -> /dev/shmem"));
	EXPECT_ERRNO(pathmgr_symlink("/elsewhere", "/mytmp"), EEXIST);
	EXPECT_OK(pathmgr_unlink("/mytmp"));
	free(names_of("/mytmp/a", 1));
	EXPECT_ERRNO(pathmgr_unlink("/mytmp"), ENOENT);
	EXPECT_ERRNO(pathmgr_symlink("/x", "/"), EINVAL);
}

TEST(symlinks_in_a_circle_are_eloop)
{
	struct harness_result result;

	EXPECT_OK(pathmgr_symlink("/a", "/b"));
	EXPECT_OK(pathmgr_symlink("/b", "/a"));
	EXPECT_OK(pathmgr_symlink("/c/c/c/c/c/c/c/c", "/c"));
	HARNESS_RUN(&result, harness_bin("kamioka"), "names", "/a/x");
	EXPECT_EQ(result.status, 2);
	EXPECT_CONTAINS(result.err, strerror(ELOOP));
	harness_result_fini(&result);
	HARNESS_RUN(&result, harness_bin("kamioka"), "names", "/c");
	EXPECT_EQ(result.status, 2);
	EXPECT_CONTAINS(result.err, strerror(ELOOP));
	harness_result_fini(&result);
}

TEST(symlink_outlives_who_made_it)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		EXPECT_OK(pathmgr_symlink("/target", "/link"));
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT(is_listed("/link -> /target"));
	EXPECT_OK(pathmgr_unlink("/link"));
}

TEST(names_are_gone_when_their_server_was_waited_for)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = server_of("/dev/mortal", 3, KAMIOKA_PATHMGR_EXCLUSIVE);

		EXPECT_ERRNO(links("/dev/mortal", 4, 0), EEXIST);
		end_child(pid);
		EXPECT_OK(links("/dev/mortal", 4, KAMIOKA_PATHMGR_EXCLUSIVE));
		EXPECT_OK(pathmgr_unlink("/dev/mortal"));
	}
}

TEST(forked_child_serves_nothing)
{
	pid_t pid;

	EXPECT_OK(links("/dev/parents", 3, 0));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_ERRNO(pathmgr_unlink("/dev/parents"), ENOENT);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_STR(channels_of("/dev/parents"), "3");
}

static int hash(const char *path)
{
	uint32_t h = 0;

	for (; *path; path++) {
		uint32_t top;

		h = (h << 4) + (unsigned char)*path;
		top = h & 0xf0000000;
		if (top)
			h = (h ^ top >> 24) & ~top;
	}
	return (int)(h | 0x80000000);
}

TEST(pathspace_event_tells_the_hash_of_what_came_or_went)
{
	static const char path[] = "/dev/name/local/something_long";
	pid_t pid;

	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PATHSPACE);
	EXPECT_OK(links(path, 3, 0));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, hash(path));
	EXPECT_OK(pathmgr_unlink(path));
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, hash(path));
	pid = server_of("/dev/other", 3, 0);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, hash("/dev/other"));
	end_child(pid);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, hash("/dev/other"));
	expect_none(SIGRTMIN);
}

static void kill_manager(void)
{
	pid_t former = (pid_t)node_figure("manager ");

	EXPECT_OK(kill(former, SIGKILL));
	EVENTUALLY((pid_t)node_figure("manager ") != former);
}

TEST_WITH(names_outlive_their_manager, .serial = true)
{
	pid_t mortal = server_of("/dev/mortal", 5, 0);

	EXPECT_OK(links("/dev/kept", 3, KAMIOKA_PATHMGR_EXCLUSIVE));
	EXPECT_OK(pathmgr_symlink("/dev/kept", "/dev/link"));
	kill_manager();
	EXPECT_STR(channels_of("/dev/link"), "3");
	EXPECT_STR(channels_of("/dev/mortal"), "5");
	EXPECT_ERRNO(links("/dev/kept", 3, 0), EEXIST);
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PATHSPACE);
	end_child(mortal);
	EXPECT_EQ(take(SIGRTMIN).si_value.sival_int, hash("/dev/mortal"));
	free(names_of("/dev/mortal", 1));
	kill_manager();
	EXPECT_OK(pathmgr_unlink("/dev/kept"));
	EXPECT_OK(pathmgr_unlink("/dev/link"));
	free(names_of("/dev/kept", 1));
}

/* Of what was done when a manager died nothing is half done, and nothing done twice. */
TEST_WITH(no_name_is_lost_whenever_the_manager_is_killed, .serial = true, .limit = 60)
{
	struct gate stop = gate_new();
	pid_t killer = EXPECT_OK(fork());

	if (killer == 0) {
		struct pollfd end = {.fd = stop.read};

		EXPECT_OK(close(stop.write));
		for (int i = 0; i < 10 && poll(&end, 1, i * 7) == 0; i++)
			kill_manager();
		_exit(0);
	}
	for (int round = 0; waitpid(killer, NULL, WNOHANG) == 0; round++) {
		char path[32];

		snprintf(path, sizeof(path), "/round/%d", round % 7);
		EXPECT_OK(links(path, 3, KAMIOKA_PATHMGR_EXCLUSIVE));
		EXPECT_ERRNO(links(path, 3, 0), EEXIST);
		EXPECT_OK(pathmgr_unlink(path));
		EXPECT_ERRNO(pathmgr_unlink(path), ENOENT);
	}
	gate_open(stop);
	free(names_of("/round/1", 1));
	EXPECT_OK(links("/round/1", 3, KAMIOKA_PATHMGR_EXCLUSIVE));
}

TEST(full_space_is_enomem_and_has_room_again)
{
	char path[64];
	int n = 0;
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		do {
			snprintf(path, sizeof(path), "/many/%d", n++);
		} while (links(path, 3, 0) > 0);
		EXPECT_EQ(errno, ENOMEM);
		EXPECT_GT(n, 1000);
		/* In several answers, whole. */
		EXPECT(is_listed("/many/0"));
		EXPECT(is_listed("/many/999"));
		EXPECT_OK(pathmgr_unlink("/many/7"));
		EXPECT_OK(links("/many/again", 3, 0));
		EXPECT_ERRNO(links("/many/more", 3, 0), ENOMEM);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_OK(links("/many/more", 3, 0));
}

/* Known at the first call that the new program makes. */
TEST(names_go_when_their_process_executes_a_program)
{
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		EXPECT_OK(links("/dev/former", 3, 0));
		execl(harness_tool("server"), "server", "/dev/latter", NULL);
		_exit(1);
	}
	EVENTUALLY(is_listed("/dev/latter"));
	EXPECT(!is_listed("/dev/former"));
	end_child(pid);
}
