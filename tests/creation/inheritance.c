// SPDX-License-Identifier: Apache-2.0
/*
 * struct inheritance: what a child has of its parent without a flag, and each flag
 * by itself. Fields whose flag is clear hold nonsense throughout.
 */
#include "kit.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/netmgr.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void handle(int signo)
{
	(void)signo;
}

/* What of a process a flag could change. */
static const char *const aspects[] = {"pgid",  "sid",  "mask", "ignored", "stack",
				      "sched", "cpus", "cwd",  "umask",   "ids"};
#define N_ASPECTS (sizeof(aspects) / sizeof(aspects[0]))

/* Whether the child is in nothing otherwise than one that nothing was said about. */
static void expect_as_parent(const struct inheritance *inherit)
{
	for (size_t i = 0; i < N_ASPECTS; i++)
		EXPECT_STR(kit_show(inherit, aspects[i], NULL), kit_show(NULL, aspects[i], NULL));
}

TEST(inherit_null_means_as_the_parent)
{
	EXPECT_EQ(kit_show_number(NULL, "pgid"), getpgrp());
	EXPECT_EQ(kit_show_number(NULL, "sid"), getsid(0));
	EXPECT_STR(kit_show(NULL, "mask", NULL), "");
}

TEST(inherit_fields_without_flag_are_never_read)
{
	struct inheritance inherit = kit_garbage(0);

	expect_as_parent(&inherit);
	memset(&inherit, 0xff, sizeof(inherit));
	inherit.flags = 0;
	expect_as_parent(&inherit);
}

TEST(inherit_what_posix_says_stays)
{
	sigset_t mask = kit_set(SIGUSR2);
	struct rlimit limit;
	char expected[128];

	EXPECT_OK(getrlimit(RLIMIT_STACK, &limit));
	limit.rlim_cur = 5 << 20;
	EXPECT_OK(setrlimit(RLIMIT_STACK, &limit));
	EXPECT_OK(chdir("/usr"));
	umask(0137);
	EXPECT_OK(sigprocmask(SIG_BLOCK, &mask, NULL));
	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	EXPECT_STR(kit_show(NULL, "cwd", NULL), "/usr");
	EXPECT_STR(kit_show(NULL, "umask", NULL), "137");
	EXPECT_EQ(kit_show_number(NULL, "stack"), 5 << 20);
	EXPECT_EQ(kit_show_number(NULL, "mask"), SIGUSR2);
	EXPECT(kit_has(kit_show(NULL, "ignored", NULL), SIGUSR1));
	snprintf(expected, sizeof(expected), "%u %u %u %u", getuid(), geteuid(), getgid(),
		 getegid());
	EXPECT_STR(kit_show(NULL, "ids", NULL), expected);
}

TEST(inherit_caught_signals_become_default)
{
	kit_on_signal(SIGUSR1, handle);
	kit_on_signal(SIGCHLD, handle);
	EXPECT(!kit_has(kit_show(NULL, "caught", NULL), SIGUSR1));
	EXPECT(!kit_has(kit_show(NULL, "ignored", NULL), SIGUSR1));
	EXPECT(!kit_has(kit_show(NULL, "caught", NULL), SIGCHLD));
	EXPECT(!kit_has(kit_show(NULL, "ignored", NULL), SIGCHLD));
}

TEST(inherit_pending_signals_alarm_and_times_do_not)
{
	sigset_t mask = kit_set(SIGUSR1), all;

	EXPECT_OK(sigprocmask(SIG_BLOCK, &mask, NULL));
	EXPECT_OK(kill(getpid(), SIGUSR1));
	alarm(1000);
	EXPECT_STR(kit_show(NULL, "pending", NULL), "");
	EXPECT_STR(kit_show(NULL, "alarm", NULL), "0");
	EXPECT_STR(kit_show(NULL, "times", NULL), "0 0");
	/* Ours is still there. */
	EXPECT_OK(sigpending(&all));
	EXPECT(sigismember(&all, SIGUSR1));
	EXPECT(alarm(0) > 0);
}

TEST(inherit_setgroup_new_group_has_the_childs_pid)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETGROUP);
	pid_t pid;

	inherit.pgroup = SPAWN_NEWPGROUP;
	EXPECT_EQ(atoi(kit_show(&inherit, "pgid", &pid)), pid);
	EXPECT_EQ(kit_show_number(&inherit, "sid"), getsid(0));
}

TEST(inherit_setgroup_joins_a_group)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETGROUP);
	int gate[2];
	pid_t leader;

	inherit.pgroup = SPAWN_NEWPGROUP;
	kit_pipe(gate);
	leader = EXPECT_OK(spawn(harness_tool("show"), 1, (int[]){gate[0]}, &inherit,
				 KIT_ARGV("show", "eof=0"), NULL));
	inherit.pgroup = leader;
	EXPECT_EQ(kit_show_number(&inherit, "pgid"), leader);
	/* A zombie still keeps its group. */
	close(gate[0]);
	close(gate[1]);
	EXPECT(harness_wait_death(leader, KIT_MS));
	EXPECT_EQ(kit_show_number(&inherit, "pgid"), leader);
	EXPECT_EQ(kit_exit_status(leader), 0);
	/* With the last one that was collected it has gone. */
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, &inherit, KIT_ARGV("true"), NULL), EPERM);
}

TEST(inherit_setsigmask_replaces_the_mask)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSIGMASK);
	sigset_t mask = kit_set(SIGUSR2);

	EXPECT_OK(sigprocmask(SIG_BLOCK, &mask, NULL));
	inherit.sigmask = kit_set(SIGTERM);
	EXPECT_EQ(kit_show_number(&inherit, "mask"), SIGTERM);
	inherit.sigmask = kit_set(0);
	EXPECT_STR(kit_show(&inherit, "mask", NULL), "");
	/* Ours has not changed. */
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
	EXPECT(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGTERM));
}

TEST(inherit_setsigmask_delivers_nothing_to_the_parents_handlers)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSIGMASK);

	sigfillset(&inherit.sigmask);
	EXPECT(kit_has(kit_show(&inherit, "mask", NULL), SIGTERM));
	EXPECT(!kit_has(kit_show(&inherit, "mask", NULL), SIGKILL));
}

TEST(inherit_setsigdef_makes_listed_signals_default)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSIGDEF);
	char *ignored;

	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	inherit.sigdefault = kit_set(SIGUSR1);
	ignored = kit_show(&inherit, "ignored", NULL);
	EXPECT(!kit_has(ignored, SIGUSR1));
	EXPECT(kit_has(ignored, SIGUSR2));
	/* SIGKILL and SIGSTOP in it do no harm. */
	sigfillset(&inherit.sigdefault);
	EXPECT_STR(kit_show(&inherit, "ignored", NULL), "");
}

TEST(inherit_setsigign_makes_listed_signals_ignored)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSIGIGN);
	char *ignored;

	kit_on_signal(SIGUSR1, handle);
	EXPECT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	inherit.sigignore = kit_set(SIGUSR1);
	ignored = kit_show(&inherit, "ignored", NULL);
	EXPECT(kit_has(ignored, SIGUSR1));
	EXPECT(kit_has(ignored, SIGUSR2));
	EXPECT(!kit_has(ignored, SIGTERM));
}

TEST(inherit_setstackmax_bounds_the_stack)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSTACKMAX);

	inherit.stack_max = 3 << 20;
	EXPECT_EQ(kit_show_number(&inherit, "stack"), 3 << 20);
}

TEST(inherit_explicit_sched_sets_the_policy)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXPLICIT_SCHED);
	char expected[32];

	inherit.policy = SCHED_BATCH;
	inherit.param.sched_priority = 0;
	snprintf(expected, sizeof(expected), "%d 0", SCHED_BATCH);
	EXPECT_STR(kit_show(&inherit, "sched", NULL), expected);
	EXPECT_NE(sched_getscheduler(0), SCHED_BATCH);
}

/* Most machines let no ordinary program be real-time: that does not keep it from running. */
TEST(inherit_explicit_sched_real_time_where_allowed)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXPLICIT_SCHED);
	struct sched_param param = {.sched_priority = 7};
	char expected[32];
	bool allowed = sched_setscheduler(0, SCHED_RR, &param) == 0;

	if (allowed) {
		param.sched_priority = 0;
		EXPECT_OK(sched_setscheduler(0, SCHED_OTHER, &param));
	}
	inherit.policy = SCHED_RR;
	inherit.param.sched_priority = 7;
	snprintf(expected, sizeof(expected), "%d %d", allowed ? SCHED_RR : SCHED_OTHER,
		 allowed ? 7 : 0);
	EXPECT_STR(kit_show(&inherit, "sched", NULL), expected);
}

/* QNX's priorities are for all policies, Linux's for the real-time ones. */
TEST(inherit_explicit_sched_priority_of_time_sharing_is_ignored)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXPLICIT_SCHED);

	inherit.policy = SCHED_OTHER;
	inherit.param.sched_priority = 10;
	EXPECT_STR(kit_show(&inherit, "sched", NULL), "0 0");
}

TEST(inherit_explicit_sched_nonsense_is_einval)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXPLICIT_SCHED);
	char *const *argv = KIT_ARGV("show");

	inherit.policy = 77;
	EXPECT_ERRNO(spawn(harness_tool("show"), 0, NULL, &inherit, argv, NULL), EINVAL);
	inherit.policy = SCHED_FIFO;
	inherit.param.sched_priority = 12345;
	EXPECT_ERRNO(spawn(harness_tool("show"), 0, NULL, &inherit, argv, NULL), EINVAL);
	kit_expect_no_children();
}

TEST(inherit_explicit_cpu_sets_the_processors)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXPLICIT_CPU);
	uint64_t ours = strtoull(kit_show(NULL, "cpus", NULL), NULL, 16);

	for (int cpu = 0; cpu < 32; cpu++) {
		if (!(ours >> cpu & 1))
			continue;
		inherit.runmask = 1u << cpu;
		EXPECT_EQ(strtoull(kit_show(&inherit, "cpus", NULL), NULL, 16), 1u << cpu);
	}
	inherit.runmask = 0;
	EXPECT_ERRNO(spawn(harness_tool("show"), 0, NULL, &inherit, KIT_ARGV("show"), NULL),
		     EINVAL);
}

TEST(inherit_setsid_leads_a_new_session)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSID);
	pid_t pid;

	EXPECT_EQ(atoi(kit_show(&inherit, "sid", &pid)), pid);
	EXPECT_EQ(atoi(kit_show(&inherit, "pgid", &pid)), pid);
	EXPECT_STR(kit_show(&inherit, "tpgid", NULL), "-1");
}

TEST(inherit_setsid_with_new_group_is_one_wish)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETSID | SPAWN_SETGROUP);
	pid_t pid;

	inherit.pgroup = SPAWN_NEWPGROUP;
	EXPECT_EQ(atoi(kit_show(&inherit, "sid", &pid)), pid);
	inherit.pgroup = getpgrp();
	EXPECT_ERRNO(spawn(harness_tool("show"), 0, NULL, &inherit, KIT_ARGV("show"), NULL), EPERM);
}

static void take_terminal(void)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETGROUP | SPAWN_TCSETPGROUP);
	int ends[2];
	pid_t pid;

	EXPECT_EQ(tcgetpgrp(0), getpid());
	inherit.pgroup = SPAWN_NEWPGROUP;
	kit_pipe(ends);
	pid = EXPECT_OK(spawn(harness_tool("show"), 3, (int[]){0, ends[1], 2}, &inherit,
			      KIT_ARGV("show", "tpgid"), NULL));
	close(ends[1]);
	EXPECT_EQ(atoi(kit_read(ends[0])), pid);
	EXPECT_EQ(tcgetpgrp(0), pid);
	EXPECT_EQ(kit_exit_status(pid), 0);
	/* Now from the background, where the terminal stops whoever asks: it still works. */
	pid = EXPECT_OK(spawn(harness_tool("show"), 3, (int[]){0, 1, 2}, &inherit,
			      KIT_ARGV("show", "tpgid"), NULL));
	EXPECT_EQ(kit_exit_status(pid), 0);
	signal(SIGTTOU, SIG_IGN);
	EXPECT_OK(tcsetpgrp(0, getpid()));
}

TEST(inherit_tcsetpgroup_takes_the_terminal)
{
	kit_on_terminal(take_terminal);
}

static void leave_terminal(void)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETGROUP);

	inherit.pgroup = SPAWN_NEWPGROUP;
	EXPECT_EQ(kit_show_number(&inherit, "tpgid"), getpid());
}

TEST(inherit_without_tcsetpgroup_the_terminal_stays)
{
	kit_on_terminal(leave_terminal);
}

TEST(inherit_nozombie_child_is_never_collected)
{
	struct inheritance inherit = kit_garbage(SPAWN_NOZOMBIE);
	int fd;
	pid_t pid = kit_show_start(&inherit, "pid", &fd);

	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	EXPECT_EQ(atoi(kit_read(fd)), pid);
	(void)harness_wait_death(pid, KIT_MS);
	kit_expect_no_children();
}

TEST(inherit_hold_stops_before_the_first_instruction)
{
	struct inheritance inherit = kit_garbage(SPAWN_HOLD);
	int fd, status;
	pid_t pid = kit_show_start(&inherit, "say=hello", &fd);
	char path[64], exe[4096] = "";

	EXPECT_EQ(kit_state(pid), 'T');
	/* It is the new program already, and has done nothing. */
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	EXPECT(readlink(path, exe, sizeof(exe) - 1) > 0);
	EXPECT_CONTAINS(exe, "/show");
	EXPECT_EQ(kit_stat(pid, 14), 0);
	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_STR(kit_read(fd), "hello");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

/* The program counter of a held child is where the loader's or its own code begins. */
TEST(inherit_hold_program_counter_is_the_entry)
{
	struct inheritance inherit = kit_garbage(SPAWN_HOLD);
	int fd;
	pid_t pid = kit_show_start(&inherit, "say=hello", &fd);
	uint64_t auxv[128] = {0}, base = 0, entry = 0, pc = 0;
	char path[64], text[256] = "", *word;
	FILE *f;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(file < 0 || read(file, auxv, sizeof(auxv)) > 0);
	close(file);
	for (int i = 0; i < 126 && auxv[i]; i += 2)
		if (auxv[i] == 7)
			base = auxv[i + 1];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0)
		EXPECT_EQ(pread(file, &entry, sizeof(entry), (off_t)base + 24), sizeof(entry));
	close(file);
	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	f = fopen(path, "re");
	word = f && fgets(text, sizeof(text), f) ? strrchr(text, ' ') : NULL;
	if (word)
		pc = strtoull(word + 1, NULL, 16);
	if (f)
		fclose(f);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(WTERMSIG(kit_collect(pid)), SIGKILL);
	close(fd);
	if (!word || !base || !entry)
		SKIP("the kernel does not let us look into a process");
	EXPECT_EQ(pc, base + entry);
}

TEST(inherit_hold_child_can_be_killed)
{
	struct inheritance inherit = kit_garbage(SPAWN_HOLD);
	int fd, status;
	pid_t pid = kit_show_start(&inherit, "say=hello", &fd);

	EXPECT_OK(kill(pid, SIGKILL));
	status = kit_collect(pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_STR(kit_read(fd), "");
}

TEST(inherit_hold_missing_program_is_an_error)
{
	struct inheritance inherit = kit_garbage(SPAWN_HOLD);

	EXPECT_ERRNO(spawn("/nowhere", 0, NULL, &inherit, KIT_ARGV("x"), NULL), ENOENT);
	kit_expect_no_children();
}

TEST(inherit_exec_replaces_the_caller)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXEC | SPAWN_SETSIGMASK);
	int ends[2];
	pid_t pid;
	char expected[64];

	inherit.sigmask = kit_set(SIGUSR1);
	kit_pipe(ends);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		spawn(harness_tool("show"), 2, (int[]){0, ends[1]}, &inherit,
		      KIT_ARGV("show", "pid", "mask", "fds"), NULL);
		FAIL("SPAWN_EXEC returned: %s", strerror(errno));
	}
	close(ends[1]);
	snprintf(expected, sizeof(expected), "%d\n%d\n0 1", (int)pid, SIGUSR1);
	EXPECT_STR(kit_read(ends[0]), expected);
	EXPECT_EQ(kit_exit_status(pid), 0);
}

static void fail_exec(void)
{
	struct inheritance inherit = kit_garbage(SPAWN_EXEC);
	struct kit_talk talk = kit_talk_open();

	EXPECT_ERRNO(spawn("/nowhere", 0, NULL, &inherit, KIT_ARGV("x"), NULL), ENOENT);
	/* The caller goes on and can still make children. */
	EXPECT_EQ(spawnl(P_WAIT, harness_tool("show"), "show", talk.to, "say=on", NULL), 0);
	EXPECT_STR(kit_talk_text(&talk), "on");
}

TEST(inherit_exec_failure_returns)
{
	kit_in_child(fail_exec);
}

TEST(inherit_search_path_finds_the_file)
{
	struct inheritance inherit = kit_garbage(SPAWN_SEARCH_PATH);
	char *const *argv = KIT_ARGV("kit-show", "exit=6");

	kit_copy(harness_tool("show"), "kit-show");
	EXPECT_OK(setenv("PATH", harness_path("."), 1));
	EXPECT_EQ(kit_exit_status(EXPECT_OK(spawn("kit-show", 0, NULL, &inherit, argv, NULL))), 6);
	inherit.flags = 0;
	EXPECT_OK(chdir("/"));
	EXPECT_ERRNO(spawn("kit-show", 0, NULL, &inherit, argv, NULL), ENOENT);
}

TEST(inherit_check_script_gives_a_text_to_the_shell)
{
	struct inheritance inherit = kit_garbage(SPAWN_CHECK_SCRIPT);
	const char *path = kit_file("script", "exit 1$1\n", 0700);
	char *const *argv = KIT_ARGV("script", "4");

	EXPECT_EQ(kit_exit_status(EXPECT_OK(spawn(path, 0, NULL, &inherit, argv, NULL))), 14);
	inherit.flags = 0;
	EXPECT_ERRNO(spawn(path, 0, NULL, &inherit, argv, NULL), ENOEXEC);
	EXPECT_EQ(kit_exit_status(EXPECT_OK(spawnp(path, 0, NULL, NULL, argv, NULL))), 14);
}

TEST(inherit_setnd_knows_the_local_node_only)
{
	struct inheritance inherit = kit_garbage(SPAWN_SETND);

	inherit.nd = ND_LOCAL_NODE;
	EXPECT_STR(kit_show(&inherit, "say=here", NULL), "here");
	inherit.nd = 3;
	EXPECT_ERRNO(spawn("/bin/true", 0, NULL, &inherit, KIT_ARGV("x"), NULL), ENOREMOTE);
	kit_expect_no_children();
}

TEST(inherit_aslr_invert_inverts)
{
	struct inheritance inherit = kit_garbage(SPAWN_ASLR_INVERT);
	bool ours = !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);

	EXPECT_EQ(kit_show_number(NULL, "aslr"), ours);
	EXPECT_EQ(kit_show_number(&inherit, "aslr"), !ours);
}

TEST(inherit_flags_that_are_only_recorded_do_nothing)
{
	const uint32_t flags[] = {SPAWN_DEBUG, SPAWN_ALIGN_FAULT, SPAWN_ALIGN_NOFAULT, SPAWN_NEWAPP,
				  SPAWN_CRITICAL};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct inheritance inherit = kit_garbage(flags[i]);

		EXPECT_STR(kit_show(&inherit, "say=runs", NULL), "runs");
		EXPECT_EQ(kit_show_number(&inherit, "pgid"), getpgrp());
	}
}

TEST(inherit_many_flags_at_once)
{
	struct inheritance inherit =
		kit_garbage(SPAWN_SETGROUP | SPAWN_SETSIGMASK | SPAWN_SETSIGDEF | SPAWN_SETSIGIGN |
			    SPAWN_SETSTACKMAX | SPAWN_EXPLICIT_SCHED);
	char *const *argv = KIT_ARGV("show", "pid", "pgid", "mask", "stack", "sched");
	char expected[256];
	int ends[2];
	pid_t pid;

	inherit.pgroup = SPAWN_NEWPGROUP;
	inherit.sigmask = kit_set(SIGHUP);
	inherit.sigdefault = kit_set(SIGUSR1);
	inherit.sigignore = kit_set(SIGUSR2);
	inherit.stack_max = 2 << 20;
	inherit.policy = SCHED_BATCH;
	inherit.param.sched_priority = 0;
	kit_pipe(ends);
	pid = EXPECT_OK(
		spawn(harness_tool("show"), 2, (int[]){0, ends[1]}, &inherit, argv, environ));
	close(ends[1]);
	snprintf(expected, sizeof(expected), "%d\n%d\n%d\n%d\n%d 0", (int)pid, (int)pid, SIGHUP,
		 2 << 20, SCHED_BATCH);
	EXPECT_STR(kit_read(ends[0]), expected);
	EXPECT_EQ(kit_exit_status(pid), 0);
}
