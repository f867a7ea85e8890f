// SPDX-License-Identifier: Apache-2.0
/*
 * procmgr_guardian(): the child that becomes the parent of the others when
 * their parent dies. QNX Neutrino C Library Reference, procmgr_guardian().
 */
#include "detection/child.h"

#include <sys/mman.h>

/* What the family tells each other. */
struct board {
	pid_t parent, guardian, sibling, zombie;
	int guardian_ready, sibling_ppid, steps;
};

static struct board *board_new(void)
{
	struct board *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	EXPECT(b != MAP_FAILED);
	return b;
}

static int word(const int *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void set(int *at, int value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

TEST(guardian_must_be_a_child)
{
	struct gate gate = gate_new();
	pid_t pid = child_behind(gate, 0);

	EXPECT_ERRNO(procmgr_guardian(1), ESRCH);
	EXPECT_ERRNO(procmgr_guardian(getpid()), ESRCH);
	EXPECT_EQ(procmgr_guardian(pid), pid);
	gate_open(gate);
	expect_exit(pid, 0);
	EXPECT_ERRNO(procmgr_guardian(pid), ESRCH);
}

/* The parent dies by @end; its guardian takes the sibling over, and a zombie. */
static void guardian_life(struct board *b)
{
	int status;

	EVENTUALLY(word(&b->steps) == 1);
	/* Its own parent, and no later than its siblings' new one. */
	EXPECT_EQ(waitpid(b->parent, &status, 0), b->parent);
	EXPECT(WIFSIGNALED(status));
	EVENTUALLY(getppid() == 1);
	/* The siblings are its children now, in all forms. */
	EXPECT_EQ(waitpid(b->sibling, &status, WNOHANG | WUNTRACED), 0);
	expect_exit(b->zombie, 13);
	set(&b->steps, 2);
	EXPECT_EQ(wait(&status), b->sibling);
	EXPECT_EQ(WEXITSTATUS(status), 12);
	expect_no_children();
	set(&b->steps, 9);
	_exit(0);
}

TEST(guardian_becomes_the_parent_of_its_siblings)
{
	struct board *b = board_new();
	pid_t pid;

	pid = EXPECT_OK(fork());
	if (pid == 0) {
		pid_t guardian, sibling;

		b->parent = getpid();
		guardian = EXPECT_OK(fork());
		if (guardian == 0)
			guardian_life(b);
		b->guardian = guardian;
		sibling = EXPECT_OK(fork());
		if (sibling == 0) {
			EVENTUALLY(word(&b->steps) == 2);
			set(&b->sibling_ppid, getppid());
			_exit(12);
		}
		b->sibling = sibling;
		EXPECT_EQ(procmgr_guardian(b->guardian), b->guardian);
		b->zombie = child_that_exits(13);
		EXPECT_OK(waitid(P_PID, (id_t)b->zombie, NULL, WEXITED | WNOWAIT));
		set(&b->steps, 1);
		raise(SIGKILL);
	}
	/* The guardian waits for the parent, too: the first who asks gets it. Here it is it. */
	EVENTUALLY(word(&b->steps) == 9);
	EXPECT_EQ(b->sibling_ppid, b->guardian);
	expect_no_children();
	EXPECT_OK(munmap(b, sizeof(*b)));
}

TEST(without_a_guardian_siblings_go_to_process_1)
{
	struct board *b = board_new();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t guardian = EXPECT_OK(fork()), sibling;

		if (guardian == 0) {
			EVENTUALLY(getppid() == 1);
			EXPECT_ERRNO(waitpid(b->sibling, NULL, WNOHANG), ECHILD);
			EXPECT_ERRNO(waitpid(b->parent, NULL, WNOHANG), ECHILD);
			set(&b->guardian_ready, 1);
			_exit(0);
		}
		b->parent = getpid();
		sibling = EXPECT_OK(fork());
		if (sibling == 0) {
			EVENTUALLY(getppid() == 1);
			EVENTUALLY(word(&b->guardian_ready) == 1);
			set(&b->steps, 1);
			_exit(0);
		}
		b->sibling = sibling;
		_exit(4);
	}
	expect_exit(pid, 4);
	EVENTUALLY(word(&b->steps) == 1);
	EXPECT_OK(munmap(b, sizeof(*b)));
}

TEST(guardian_waits_for_siblings_while_the_parent_lives)
{
	struct board *b = board_new();
	pid_t guardian, sibling;

	guardian = EXPECT_OK(fork());
	if (guardian == 0) {
		EVENTUALLY(word(&b->steps) == 1);
		EXPECT_EQ(waitpid(b->sibling, NULL, WNOHANG), 0);
		EXPECT_EQ(waitpid(getppid(), NULL, WNOHANG), 0);
		EXPECT_OK(kill(b->sibling, SIGTERM));
		expect_killed(b->sibling, SIGTERM);
		/* By pid only: it has no children. */
		expect_no_children();
		_exit(0);
	}
	sibling = child_that_pauses();
	b->sibling = sibling;
	EXPECT_EQ(procmgr_guardian(guardian), guardian);
	set(&b->steps, 1);
	expect_exit(guardian, 0);
	EXPECT_ERRNO(waitpid(sibling, NULL, 0), ECHILD);
	EXPECT_OK(munmap(b, sizeof(*b)));
}

TEST(others_may_not_wait_for_siblings_or_parents)
{
	struct board *b = board_new();
	pid_t guardian = child_that_pauses(), other;

	EXPECT_EQ(procmgr_guardian(guardian), guardian);
	other = EXPECT_OK(fork());
	if (other == 0) {
		EXPECT_ERRNO(waitpid(guardian, NULL, WNOHANG), ECHILD);
		EXPECT_ERRNO(waitpid(getppid(), NULL, WNOHANG), ECHILD);
		_exit(0);
	}
	expect_exit(other, 0);
	end_child(guardian);
	EXPECT_OK(munmap(b, sizeof(*b)));
}

TEST(a_new_guardian_replaces_the_former)
{
	struct board *b = board_new();
	pid_t first, second;

	for (int i = 0; i < 2; i++) {
		pid_t *at = i ? &second : &first;

		*at = EXPECT_OK(fork());
		if (*at == 0) {
			EVENTUALLY(word(&b->steps) == 1);
			if (i == 0)
				EXPECT_ERRNO(waitpid(getppid(), NULL, WNOHANG), ECHILD);
			else
				EXPECT_EQ(waitpid(getppid(), NULL, WNOHANG), 0);
			_exit(0);
		}
	}
	EXPECT_EQ(procmgr_guardian(first), first);
	EXPECT_EQ(procmgr_guardian(second), second);
	set(&b->steps, 1);
	expect_exit(first, 0);
	expect_exit(second, 0);
	EXPECT_OK(munmap(b, sizeof(*b)));
}

/* A guardian that dies before its parent is none. */
TEST(children_of_a_dead_guardians_parent_go_to_process_1)
{
	struct board *b = board_new();
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		pid_t guardian = child_that_pauses();

		pid_t sibling = EXPECT_OK(fork());

		if (sibling == 0) {
			EVENTUALLY(getppid() == 1);
			set(&b->steps, 1);
			_exit(0);
		}
		EXPECT_EQ(procmgr_guardian(guardian), guardian);
		end_child(guardian);
		_exit(0);
	}
	expect_exit(pid, 0);
	EVENTUALLY(word(&b->steps) == 1);
	EXPECT_OK(munmap(b, sizeof(*b)));
}
