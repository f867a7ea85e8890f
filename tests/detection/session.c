// SPDX-License-Identifier: Apache-2.0
/* procmgr_session(), procmgr_ability() and its kin, hang-ups, parents' deaths. */
#include "detection/child.h"

#include <pty.h>
#include <sys/mman.h>
#include <sys/netmgr.h>
#include <sys/prctl.h>
#include <termios.h>

TEST(session_signals_reach_leader_group_and_process)
{
	pid_t leader, member;
	int ends[2];
	char byte;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	leader = EXPECT_OK(fork());
	if (leader == 0) {
		EXPECT_GT(setsid(), 0);
		EXPECT_OK(procmgr_session(ND_LOCAL_NODE, 0, 0, PROCMGR_SESSION_SETSID));
		EXPECT_EQ(write(ends[1], "", 1), 1);
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	EXPECT_OK(procmgr_session(ND_LOCAL_NODE, leader, SIGTERM, PROCMGR_SESSION_SIGNAL_LEADER));
	expect_killed(leader, SIGTERM);

	leader = child_that_pauses();
	EXPECT_OK(setpgid(leader, leader));
	member = child_that_pauses();
	EXPECT_OK(setpgid(member, leader));
	EXPECT_OK(procmgr_session(ND_LOCAL_NODE, leader, SIGUSR1, PROCMGR_SESSION_SIGNAL_PGRP));
	expect_killed(leader, SIGUSR1);
	expect_killed(member, SIGUSR1);

	leader = child_that_pauses();
	EXPECT_OK(procmgr_session(ND_LOCAL_NODE, leader, SIGUSR2, PROCMGR_SESSION_SIGNAL_PID));
	expect_killed(leader, SIGUSR2);
}

TEST(session_errors_are_told)
{
	EXPECT_ERRNO(procmgr_session(77, 0, 0, PROCMGR_SESSION_SETSID), ENOREMOTE);
	EXPECT_ERRNO(procmgr_session(ND_LOCAL_NODE, 0, 0, 99), EINVAL);
	EXPECT_ERRNO(procmgr_session(ND_LOCAL_NODE, 0x7ffffff0, SIGTERM,
				     PROCMGR_SESSION_SIGNAL_PID),
		     ESRCH);
	EXPECT_ERRNO(procmgr_session(ND_LOCAL_NODE, 0x7ffffff0, SIGTERM,
				     PROCMGR_SESSION_SIGNAL_LEADER),
		     ESRCH);
}

/* ---- The kernel's hang-up: one, and none of ours ---- */

static int *counter;

static void count(int signo)
{
	(void)signo;
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

TEST(foreground_group_is_hung_up_once_when_the_session_leader_dies)
{
	struct gate gate = gate_new();
	int master, ends[2];
	pid_t leader, job = 0;

	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	EXPECT(counter != MAP_FAILED);
	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	leader = EXPECT_OK(forkpty(&master, NULL, NULL, NULL));
	if (leader == 0) {
		job = EXPECT_OK(fork());
		if (job == 0) {
			struct sigaction action = {.sa_handler = count};
			pid_t self = getpid();

			EXPECT_OK(sigaction(SIGHUP, &action, NULL));
			EXPECT_OK(setpgid(0, 0));
			(void)signal(SIGTTOU, SIG_IGN);
			EXPECT_OK(tcsetpgrp(0, self));
			EXPECT_EQ(write(ends[1], &self, sizeof(self)), sizeof(self));
			gate_pass(gate);
			_exit(0);
		}
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], &job, sizeof(job)), sizeof(job));
	EXPECT_OK(kill(leader, SIGKILL));
	expect_killed(leader, SIGKILL);
	EVENTUALLY(__atomic_load_n(counter, __ATOMIC_RELAXED) > 0);
	/* The leader's death has been dealt with, and so would be whatever it brings. */
	hear_of(SIGRTMIN, leader);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	EXPECT_EQ(__atomic_load_n(counter, __ATOMIC_RELAXED), 1);
	gate_open(gate);
	hear_of(SIGRTMIN, job);
	close(master);
	close(ends[0]);
	close(ends[1]);
	EXPECT_OK(munmap(counter, sizeof(*counter)));
}

TEST(death_of_a_group_leader_hangs_nobody_up)
{
	struct gate gate = gate_new();
	pid_t leader = child_that_pauses(), member = child_behind(gate, 0);

	EXPECT_OK(setpgid(leader, leader));
	EXPECT_OK(setpgid(member, leader));
	EXPECT_OK(kill(leader, SIGKILL));
	expect_killed(leader, SIGKILL);
	gate_open(gate);
	expect_exit(member, 0);
}

TEST(pdeathsig_comes_at_the_logical_parents_death)
{
	int ends[2];
	pid_t parent, child = 0;

	EXPECT_OK(pipe2(ends, O_CLOEXEC));
	(void)listen_by(SIGRTMIN, PROCMGR_EVENT_PROCESS_DEATH);
	parent = EXPECT_OK(fork());
	if (parent == 0) {
		child = EXPECT_OK(fork());
		if (child == 0) {
			int signo = 0;

			EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGTERM));
			EXPECT_OK(prctl(PR_GET_PDEATHSIG, &signo));
			EXPECT_EQ(signo, SIGTERM);
			child = getpid();
			EXPECT_EQ(write(ends[1], &child, sizeof(child)), sizeof(child));
		}
		for (;;)
			pause();
	}
	EXPECT_EQ(read(ends[0], &child, sizeof(child)), sizeof(child));
	EXPECT(is_there(child));
	EXPECT_OK(kill(parent, SIGKILL));
	expect_killed(parent, SIGKILL);
	hear_of(SIGRTMIN, child);
	EVENTUALLY(!is_there(child));
	close(ends[0]);
	close(ends[1]);
}

/* ---- Abilities ---- */

static int deny(pid_t pid, unsigned ability)
{
	return procmgr_ability(pid,
			       ability | PROCMGR_AOP_DENY | PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT,
			       PROCMGR_AID_EOL);
}

static int allow(pid_t pid, unsigned ability)
{
	return procmgr_ability(pid,
			       ability | PROCMGR_AOP_ALLOW | PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT,
			       PROCMGR_AID_EOL);
}

TEST(denied_ability_is_inherited_and_can_be_given_back)
{
	pid_t pid;

	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF));
	EXPECT_EQ(deny(0, PROCMGR_AID_EVENT), EOK);
	EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF), EPERM);
	EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_PROCESS_DEATH), EPERM);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYNC));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_CONFSTR), EPERM);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(allow(0, PROCMGR_AID_EVENT), EOK);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF));
}

TEST(inherit_no_keeps_an_ability_from_children)
{
	pid_t pid;

	EXPECT_EQ(procmgr_ability(0,
				  PROCMGR_AID_EVENT | PROCMGR_AOP_DENY | PROCMGR_AOP_INHERIT_NO |
					  PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT,
				  PROCMGR_AID_EOL),
		  EOK);
	EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF), EPERM);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF));
		_exit(0);
	}
	expect_exit(pid, 0);
}

TEST(locked_ability_cannot_be_changed)
{
	const unsigned both = PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT;

	EXPECT_EQ(procmgr_ability(0, PROCMGR_AID_EVENT | PROCMGR_AOP_DENY | PROCMGR_AOP_LOCK | both,
				  PROCMGR_AID_EOL),
		  EOK);
	EXPECT_EQ(allow(0, PROCMGR_AID_EVENT), EPERM);
	EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF), EPERM);
	/* The others are as before. */
	EXPECT_EQ(deny(0, PROCMGR_AID_ABLE_CREATE), EOK);
	EXPECT_EQ(procmgr_ability_create("test/denied", PROCMGR_ADN_ROOT), -EPERM);
}

TEST(ability_subrange_counts)
{
	const unsigned both = PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT;

	EXPECT_EQ(procmgr_ability(
			  0, PROCMGR_AID_EVENT | PROCMGR_AOP_DENY | PROCMGR_AOP_SUBRANGE | both,
			  (uint64_t)PROCMGR_EVENT_SYSCONF, (uint64_t)PROCMGR_EVENT_SYSCONF,
			  PROCMGR_AID_EOL),
		  EOK);
	EXPECT_ERRNO(procmgr_event_trigger(PROCMGR_EVENT_SYSCONF), EPERM);
	EXPECT_OK(procmgr_event_trigger(PROCMGR_EVENT_CONFSTR));
	EXPECT_EQ(procmgr_ability(
			  0, PROCMGR_AID_EVENT | PROCMGR_AOP_ALLOW | PROCMGR_AOP_SUBRANGE | both,
			  (uint64_t)9, (uint64_t)1, PROCMGR_AID_EOL),
		  EINVAL);
}

TEST(ability_errors_are_told)
{
	pid_t pid = child_that_pauses();

	EXPECT_EQ(procmgr_ability(0x7ffffff0, PROCMGR_AID_EVENT | PROCMGR_AOP_DENY,
				  PROCMGR_AID_EOL),
		  ESRCH);
	EXPECT_EQ(procmgr_ability(0, PROCMGR_AID_EVENT | PROCMGR_AOP_DENY | PROCMGR_AOP_ALLOW,
				  PROCMGR_AID_EOL),
		  EINVAL);
	if (geteuid() == 0)
		EXPECT_EQ(deny(pid, PROCMGR_AID_EVENT), EOK);
	else
		EXPECT_EQ(deny(pid, PROCMGR_AID_EVENT), EPERM);
	/* What the kernel keeps for itself cannot be had from an ordinary user's node. */
	EXPECT_EQ(allow(0, PROCMGR_AID_SETUID), geteuid() == 0 ? EOK : EPERM);
	end_child(pid);
}

TEST(abilities_have_names)
{
	char name[PROCMGR_ABILITY_NAME_MAX], tiny[4];
	int id = procmgr_ability_lookup("event");

	EXPECT_EQ(id, PROCMGR_AID_EVENT);
	EXPECT_EQ(procmgr_ability_name((unsigned)id, name, sizeof(name)), EOK);
	EXPECT_STR(name, "event");
	EXPECT_EQ(procmgr_ability_name((unsigned)id, tiny, sizeof(tiny)), EOK);
	EXPECT_STR(tiny, "eve");
	EXPECT_EQ(procmgr_ability_name(9999, name, sizeof(name)), -ENOENT);
}

TEST(abilities_can_be_created_and_found)
{
	char name[PROCMGR_ABILITY_NAME_MAX + 8];
	int id = procmgr_ability_create("test/open", PROCMGR_ADN_ROOT);
	pid_t pid;

	EXPECT_GT(id, PROCMGR_AID_UNTRUSTED_EXEC);
	EXPECT_EQ(procmgr_ability_lookup("test/open"), id);
	EXPECT_EQ(procmgr_ability_create("test/open", PROCMGR_ADN_ROOT), id);
	EXPECT_EQ(deny(0, (unsigned)id), EOK);
	pid = EXPECT_OK(fork());
	if (pid == 0)
		_exit(procmgr_ability_lookup("test/open") == id ? 0 : 1);
	expect_exit(pid, 0);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(procmgr_ability_create(name, PROCMGR_ADN_ROOT), -EINVAL);
	EXPECT_EQ(procmgr_ability_lookup(""), -EINVAL);
	EXPECT_EQ(procmgr_ability_create("event", PROCMGR_ADN_ROOT), -EINVAL);
}
