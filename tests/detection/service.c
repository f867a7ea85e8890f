// SPDX-License-Identifier: Apache-2.0
/* The service manager and its fork. */
#include "detection/child.h"

#include <kamioka.h>

/* A program that talks, and ends when its input does. */
struct talker {
	pid_t pid;
	int to, from;
};

static struct talker talker_new(const char *word)
{
	const char *argv[] = {"mortal", word, NULL};
	struct talker t;
	int in[2], out[2];

	EXPECT_OK(pipe2(in, O_CLOEXEC));
	EXPECT_OK(pipe2(out, O_CLOEXEC));
	{
		const int map[3] = {in[0], out[1], 2};

		t.pid = EXPECT_OK(spawn(harness_tool("mortal"), 3, map, NULL,
					(char *const *)(uintptr_t)argv, NULL));
	}
	close(in[0]);
	close(out[1]);
	t.to = in[1];
	t.from = out[0];
	return t;
}

static void talker_says(const struct talker *t, const char *line)
{
	EXPECT_STR(harness_read_line(t->from, PATIENCE_MS), line);
}

static void talker_end(struct talker *t)
{
	close(t->to);
	close(t->from);
	expect_exit(t->pid, 0);
}

TEST(service_manager_is_one_at_a_time)
{
	struct talker t;

	EXPECT_OK(kamioka_service_manager());
	EXPECT_OK(kamioka_service_manager());
	t = talker_new("service_manager");
	talker_says(&t, "-1 EBUSY");
	talker_end(&t);
	EXPECT_CONTAINS(node_line(getpid()), "manager");
}

TEST(service_managers_place_is_free_after_its_death)
{
	struct talker t = talker_new("service_manager");

	talker_says(&t, "0 -");
	EXPECT_ERRNO(kamioka_service_manager(), EBUSY);
	talker_end(&t);
	EXPECT_OK(kamioka_service_manager());
}

TEST(srv_fork_is_for_the_service_manager_only)
{
	struct talker t = talker_new("may_srv_fork");

	talker_says(&t, "-1 EPERM");
	talker_end(&t);
	EXPECT_ERRNO(kamioka_srv_fork(getuid(), getgid()), EPERM);
	EXPECT_OK(kamioka_service_manager());
	t = talker_new("may_srv_fork");
	talker_says(&t, "-1 EPERM");
	talker_end(&t);
}

TEST(srv_fork_makes_a_service_with_its_ids)
{
	bool root = geteuid() == 0;
	uid_t uid = root ? 65534 : getuid();
	gid_t gid = root ? 65534 : getgid();
	struct gate gate = gate_new(), words = gate_new();
	char byte;
	pid_t pid;

	EXPECT_OK(kamioka_service_manager());
	pid = EXPECT_OK(kamioka_srv_fork(uid, gid));
	if (pid == 0) {
		uid_t ids[3];
		gid_t gids[3];

		EXPECT_OK(getresuid(&ids[0], &ids[1], &ids[2]));
		EXPECT_OK(getresgid(&gids[0], &gids[1], &gids[2]));
		for (int i = 0; i < 3; i++) {
			EXPECT_EQ(ids[i], uid);
			EXPECT_EQ(gids[i], gid);
		}
		/* It is no service manager. */
		EXPECT_ERRNO(kamioka_srv_fork(uid, gid), EPERM);
		EXPECT_EQ(write(words.write, "", 1), 1);
		gate_pass(gate);
		_exit(33);
	}
	EXPECT_EQ(read(words.read, &byte, 1), 1);
	EXPECT_CONTAINS(node_line(pid), "service");
	queue_sigchld();
	gate_open(gate);
	gate_open(words);
	EXPECT_EQ(take(SIGCHLD).si_uid, uid);
	expect_exit(pid, 33);
}

TEST(ordinary_fork_of_a_service_is_ordinary)
{
	struct gate gate = gate_new(), words = gate_new();
	pid_t service, pid = 0;

	EXPECT_OK(kamioka_service_manager());
	service = EXPECT_OK(kamioka_srv_fork(getuid(), getgid()));
	if (service == 0) {
		pid = child_behind(gate, 0);
		close(gate.write);
		EXPECT_EQ(write(words.write, &pid, sizeof(pid)), sizeof(pid));
		expect_exit(pid, 0);
		_exit(0);
	}
	EXPECT_EQ(read(words.read, &pid, sizeof(pid)), sizeof(pid));
	EXPECT_CONTAINS(node_line(service), "service");
	EXPECT(!strstr(node_line(pid), "service"));
	/* And so is the service manager's own. */
	{
		pid_t own = child_that_pauses();

		EXPECT(!strstr(node_line(own), "service"));
		end_child(own);
	}
	gate_open(gate);
	gate_open(words);
	expect_exit(service, 0);
}

TEST(other_ids_are_for_root)
{
	if (geteuid() == 0)
		SKIP("is root");
	EXPECT_OK(kamioka_service_manager());
	EXPECT_ERRNO(kamioka_srv_fork(0, getgid()), EPERM);
	EXPECT_ERRNO(kamioka_srv_fork(getuid() + 1, getgid()), EPERM);
	EXPECT_ERRNO(kamioka_srv_fork(getuid(), getgid() + 1), EPERM);
}
