// SPDX-License-Identifier: Apache-2.0
/* posix_spawn(), its attributes and its file actions, POSIX's and QNX's. */
#include "kit.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/netmgr.h>

#define WORDS(...) KIT_ARGV("show", __VA_ARGS__)

/* What `show` says, started with these. words[1] must be what talk.to says. */
static char *show_with(struct kit_talk *talk, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const words[])
{
	char *text;
	pid_t pid;

	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), actions, attr, words, environ), 0);
	text = kit_talk_text(talk);
	EXPECT_EQ(kit_exit_status(pid), 0);
	return text;
}

/* The same for one word and attributes only. */
static char *show_as(const posix_spawnattr_t *attr, const char *word)
{
	struct kit_talk talk = kit_talk_open();

	return show_with(&talk, NULL, attr, WORDS(talk.to, word));
}

static posix_spawnattr_t new_attr(uint32_t flags)
{
	posix_spawnattr_t attr;

	EXPECT_EQ(posix_spawnattr_init(&attr), 0);
	EXPECT_EQ(posix_spawnattr_setxflags(&attr, flags), 0);
	return attr;
}

static posix_spawn_file_actions_t new_actions(void)
{
	posix_spawn_file_actions_t actions;

	EXPECT_EQ(posix_spawn_file_actions_init(&actions), 0);
	return actions;
}

TEST(posix_spawn_returns_0_and_the_pid)
{
	struct kit_talk talk = kit_talk_open();
	pid_t pid = 0;

	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), NULL, NULL, WORDS(talk.to, "pid"),
			      environ),
		  0);
	EXPECT_EQ(atoi(kit_talk_text(&talk)), pid);
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(posix_spawn_pid_may_be_null)
{
	int status;

	EXPECT_EQ(posix_spawn(NULL, harness_tool("show"), NULL, NULL, WORDS("exit=4"), NULL), 0);
	EXPECT_OK(wait(&status));
	EXPECT_EQ(WEXITSTATUS(status), 4);
}

TEST(posix_spawnp_searches_path)
{
	char *const *argv = KIT_ARGV("sh", "-c", "exit 12");
	pid_t pid;

	EXPECT_EQ(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ), 0);
	EXPECT_EQ(kit_exit_status(pid), 12);
	EXPECT_OK(chdir("/"));
	EXPECT_EQ(posix_spawn(&pid, "sh", NULL, NULL, argv, environ), ENOENT);
	EXPECT_EQ(posix_spawnp(&pid, "kit-missing-program", NULL, NULL, argv, environ), ENOENT);
}

TEST(posix_spawn_environment_is_the_given)
{
	struct kit_talk talk = kit_talk_open();
	char *const *envp = KIT_ARGV("KIT_WORD=given");
	pid_t pid;

	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), NULL, NULL,
			      WORDS(talk.to, "env=KIT_WORD", "env=HOME"), envp),
		  0);
	EXPECT_STR(kit_talk_text(&talk), "given\n(unset)");
	EXPECT_EQ(kit_exit_status(pid), 0);
}

TEST(posix_spawn_uninitialised_objects_are_einval)
{
	posix_spawnattr_t attr = NULL;
	posix_spawn_file_actions_t actions = NULL;
	uint32_t flags;

	EXPECT_EQ(posix_spawnattr_init(NULL), EINVAL);
	EXPECT_EQ(posix_spawn_file_actions_init(NULL), EINVAL);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), EINVAL);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), EINVAL);
	EXPECT_EQ(posix_spawnattr_getxflags(&attr, &flags), EINVAL);
	EXPECT_EQ(posix_spawnattr_setpgroup(NULL, 0), EINVAL);
	EXPECT_EQ(posix_spawn_file_actions_addclose(&actions, 3), EINVAL);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", &actions, NULL, WORDS("x"), NULL), EINVAL);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", NULL, &attr, WORDS("x"), NULL), EINVAL);
	kit_expect_no_children();
}

TEST(posix_spawnattr_flags_keep_what_is_not_posixs)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_HOLD | POSIX_SPAWN_SETSIGDEF);
	uint32_t all;
	short flags;

	EXPECT_EQ(posix_spawnattr_getflags(&attr, &flags), 0);
	EXPECT_EQ(flags, POSIX_SPAWN_SETSIGDEF);
	EXPECT_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
	EXPECT_EQ(posix_spawnattr_getxflags(&attr, &all), 0);
	EXPECT_EQ(all, POSIX_SPAWN_HOLD | POSIX_SPAWN_SETPGROUP);
	EXPECT_EQ(posix_spawnattr_setflags(&attr, 0x4000), EINVAL);
	EXPECT_EQ(posix_spawnattr_setxflags(&attr, POSIX_SPAWN_NOZOMBIE), 0);
	EXPECT_EQ(posix_spawnattr_getxflags(&attr, &all), 0);
	EXPECT_EQ(all, POSIX_SPAWN_NOZOMBIE);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_values_are_kept)
{
	posix_spawnattr_t attr = new_attr(0);
	sigset_t set = kit_set(SIGUSR1), got;
	struct sched_param param = {.sched_priority = 3};
	posix_spawnattr_aslr_t aslr;
	uint32_t word;
	pid_t pgroup;
	uid_t uid;
	gid_t gid;
	int policy;

	EXPECT_EQ(posix_spawnattr_setsigmask(&attr, &set), 0);
	EXPECT_EQ(posix_spawnattr_getsigmask(&attr, &got), 0);
	EXPECT(sigismember(&got, SIGUSR1) && !sigismember(&got, SIGUSR2));
	set = kit_set(SIGUSR2);
	EXPECT_EQ(posix_spawnattr_setsigdefault(&attr, &set), 0);
	EXPECT_EQ(posix_spawnattr_getsigdefault(&attr, &got), 0);
	EXPECT(sigismember(&got, SIGUSR2) && !sigismember(&got, SIGUSR1));
	set = kit_set(SIGHUP);
	EXPECT_EQ(posix_spawnattr_setsigignore(&attr, &set), 0);
	EXPECT_EQ(posix_spawnattr_getsigignore(&attr, &got), 0);
	EXPECT(sigismember(&got, SIGHUP) && !sigismember(&got, SIGUSR2));
	EXPECT_EQ(posix_spawnattr_setpgroup(&attr, 77), 0);
	EXPECT_EQ(posix_spawnattr_getpgroup(&attr, &pgroup), 0);
	EXPECT_EQ(pgroup, 77);
	EXPECT_EQ(posix_spawnattr_setschedparam(&attr, &param), 0);
	param.sched_priority = 0;
	EXPECT_EQ(posix_spawnattr_getschedparam(&attr, &param), 0);
	EXPECT_EQ(param.sched_priority, 3);
	EXPECT_EQ(posix_spawnattr_setschedpolicy(&attr, SCHED_RR), 0);
	EXPECT_EQ(posix_spawnattr_getschedpolicy(&attr, &policy), 0);
	EXPECT_EQ(policy, SCHED_RR);
	EXPECT_EQ(posix_spawnattr_setrunmask(&attr, 5), 0);
	EXPECT_EQ(posix_spawnattr_getrunmask(&attr, &word), 0);
	EXPECT_EQ(word, 5);
	EXPECT_EQ(posix_spawnattr_setstackmax(&attr, 65536), 0);
	EXPECT_EQ(posix_spawnattr_getstackmax(&attr, &word), 0);
	EXPECT_EQ(word, 65536);
	EXPECT_EQ(posix_spawnattr_setnode(&attr, 9), 0);
	EXPECT_EQ(posix_spawnattr_getnode(&attr, &word), 0);
	EXPECT_EQ(word, 9);
	EXPECT_EQ(posix_spawnattr_setcred(&attr, 11, 12), 0);
	EXPECT_EQ(posix_spawnattr_getcred(&attr, &uid, &gid), 0);
	EXPECT(uid == 11 && gid == 12);
	EXPECT_EQ(posix_spawnattr_settypeid(&attr, 13), 0);
	EXPECT_EQ(posix_spawnattr_gettypeid(&attr, &word), 0);
	EXPECT_EQ(word, 13);
	EXPECT_EQ(posix_spawnattr_setasid(&attr, 14), 0);
	EXPECT_EQ(posix_spawnattr_setaslr(&attr, POSIX_SPAWN_ASLR_DISABLE), 0);
	EXPECT_EQ(posix_spawnattr_getaslr(&attr, &aslr), 0);
	EXPECT_EQ(aslr, POSIX_SPAWN_ASLR_DISABLE);
	EXPECT_EQ(posix_spawnattr_setaslr(&attr, (posix_spawnattr_aslr_t)3), EINVAL);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_values_without_flag_do_nothing)
{
	posix_spawnattr_t attr = new_attr(0);
	sigset_t all;
	struct sched_param param = {.sched_priority = 99};

	sigfillset(&all);
	EXPECT_EQ(posix_spawnattr_setsigmask(&attr, &all), 0);
	EXPECT_EQ(posix_spawnattr_setsigignore(&attr, &all), 0);
	EXPECT_EQ(posix_spawnattr_setpgroup(&attr, 1), 0);
	EXPECT_EQ(posix_spawnattr_setschedparam(&attr, &param), 0);
	EXPECT_EQ(posix_spawnattr_setschedpolicy(&attr, SCHED_FIFO), 0);
	EXPECT_EQ(posix_spawnattr_setrunmask(&attr, 0), 0);
	EXPECT_EQ(posix_spawnattr_setstackmax(&attr, 1), 0);
	EXPECT_EQ(posix_spawnattr_setnode(&attr, 9), 0);
	EXPECT_EQ(posix_spawnattr_setcred(&attr, 11, 12), 0);
	EXPECT_STR(show_as(&attr, "mask"), "");
	EXPECT_EQ(atoi(show_as(&attr, "pgid")), getpgrp());
	EXPECT_STR(show_as(&attr, "ids"), show_as(NULL, "ids"));
	EXPECT_STR(show_as(&attr, "ignored"), show_as(NULL, "ignored"));
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_signals)
{
	posix_spawnattr_t attr =
		new_attr(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGIGN);
	sigset_t mask = kit_set(SIGTERM), def = kit_set(SIGUSR1), ign = kit_set(SIGUSR2);
	char *ignored;

	EXPECT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	EXPECT_EQ(posix_spawnattr_setsigmask(&attr, &mask), 0);
	EXPECT_EQ(posix_spawnattr_setsigdefault(&attr, &def), 0);
	EXPECT_EQ(posix_spawnattr_setsigignore(&attr, &ign), 0);
	EXPECT_EQ(atoi(show_as(&attr, "mask")), SIGTERM);
	ignored = show_as(&attr, "ignored");
	EXPECT(!kit_has(ignored, SIGUSR1) && kit_has(ignored, SIGUSR2));
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_group_and_session)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_SETPGROUP);
	struct kit_talk talk = kit_talk_open();
	char *text;
	int pid, pgid, sid;

	EXPECT_EQ(posix_spawnattr_setpgroup(&attr, SPAWN_NEWPGROUP), 0);
	text = show_with(&talk, NULL, &attr, WORDS(talk.to, "pid", "pgid", "sid"));
	EXPECT_EQ(sscanf(text, "%d %d %d", &pid, &pgid, &sid), 3);
	EXPECT(pgid == pid && sid == getsid(0));
	talk = kit_talk_open();
	EXPECT_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID), 0);
	text = show_with(&talk, NULL, &attr, WORDS(talk.to, "pid", "pgid", "sid"));
	EXPECT_EQ(sscanf(text, "%d %d %d", &pid, &pgid, &sid), 3);
	EXPECT(pgid == pid && sid == pid);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_scheduler)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_SETSCHEDULER);
	struct sched_param param = {0};
	char expected[32];

	EXPECT_EQ(posix_spawnattr_setschedpolicy(&attr, SCHED_BATCH), 0);
	EXPECT_EQ(posix_spawnattr_setschedparam(&attr, &param), 0);
	snprintf(expected, sizeof(expected), "%d 0", SCHED_BATCH);
	EXPECT_STR(show_as(&attr, "sched"), expected);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_resetids)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_RESETIDS);
	char expected[64];

	snprintf(expected, sizeof(expected), "%u %u %u %u", getuid(), getuid(), getgid(), getgid());
	if (getuid() == 0)
		EXPECT_OK(setegid(12));
	EXPECT_STR(show_as(&attr, "ids"), expected);
	if (getuid() == 0)
		EXPECT_OK(setegid(0));
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_cred_sets_all_ids)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_SETCRED);

	if (geteuid() == 0) {
		EXPECT_EQ(posix_spawnattr_setcred(&attr, 0, 12), 0);
		EXPECT_STR(show_as(&attr, "ids"), "0 0 12 12");
	} else {
		EXPECT_EQ(posix_spawnattr_setcred(&attr, 0, 0), 0);
		EXPECT_EQ(posix_spawn(NULL, harness_tool("show"), NULL, &attr, WORDS("pid"), NULL),
			  EPERM);
		kit_expect_no_children();
		EXPECT_EQ(posix_spawnattr_setcred(&attr, getuid(), getgid()), 0);
		EXPECT_STR(show_as(&attr, "ids"), show_as(NULL, "ids"));
	}
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_stackmax_runmask_node)
{
	posix_spawnattr_t attr =
		new_attr(POSIX_SPAWN_SETSTACKMAX | POSIX_SPAWN_EXPLICIT_CPU | POSIX_SPAWN_SETND);
	uint64_t ours = strtoull(show_as(NULL, "cpus"), NULL, 16);
	uint32_t one = (uint32_t)(ours & -ours);

	if (!one)
		SKIP("none of the first 32 processors is ours");
	EXPECT_EQ(posix_spawnattr_setstackmax(&attr, 2 << 20), 0);
	EXPECT_EQ(posix_spawnattr_setrunmask(&attr, one), 0);
	EXPECT_EQ(posix_spawnattr_setnode(&attr, ND_LOCAL_NODE), 0);
	EXPECT_EQ(atoi(show_as(&attr, "stack")), 2 << 20);
	EXPECT_EQ(strtoull(show_as(&attr, "cpus"), NULL, 16), one);
	EXPECT_EQ(posix_spawnattr_setnode(&attr, 5), 0);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", NULL, &attr, WORDS("x"), NULL), ENOREMOTE);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_aslr)
{
	posix_spawnattr_t attr = new_attr(0);

	EXPECT_EQ(posix_spawnattr_setaslr(&attr, POSIX_SPAWN_ASLR_DISABLE), 0);
	EXPECT_STR(show_as(&attr, "aslr"), "0");
	EXPECT_EQ(posix_spawnattr_setaslr(&attr, POSIX_SPAWN_ASLR_ENABLE), 0);
	EXPECT_STR(show_as(&attr, "aslr"), "1");
	EXPECT_EQ(posix_spawnattr_setaslr(&attr, POSIX_SPAWN_ASLR_DEFAULT), 0);
	EXPECT_STR(show_as(&attr, "aslr"), show_as(NULL, "aslr"));
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawnattr_cwd)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_SETCWD);
	int dir = EXPECT_OK(open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	EXPECT_EQ(posix_spawnattr_setcwd_np(&attr, dir), 0);
	EXPECT_STR(show_as(&attr, "cwd"), "/usr");
	close(dir);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", NULL, &attr, WORDS("x"), NULL), EBADF);
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
	kit_expect_no_children();
}

TEST(posix_spawnattr_nozombie_and_hold)
{
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_HOLD);
	pid_t pid;

	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), NULL, &attr, WORDS("exit=3"), NULL), 0);
	EXPECT_EQ(kit_state(pid), 'T');
	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_EQ(kit_exit_status(pid), 3);
	EXPECT_EQ(posix_spawnattr_setxflags(&attr, POSIX_SPAWN_NOZOMBIE), 0);
	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), NULL, &attr, WORDS("exit=3"), NULL), 0);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	(void)harness_wait_death(pid, KIT_MS);
	kit_expect_no_children();
	EXPECT_EQ(posix_spawnattr_destroy(&attr), 0);
}

TEST(posix_spawn_actions_are_done_in_order)
{
	posix_spawn_file_actions_t actions = new_actions();
	struct kit_talk talk = kit_talk_open();
	const char *path = kit_file("file", "0123", 0600);
	char *text;

	EXPECT_EQ(posix_spawn_file_actions_addopen(&actions, 7, path, O_RDONLY, 0), 0);
	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, 7, 8), 0);
	EXPECT_EQ(posix_spawn_file_actions_addclose(&actions, 7), 0);
	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, 8, 0), 0);
	text = show_with(&talk, &actions, NULL, WORDS(talk.to, "fds", "seek=8:2", "offset=0"));
	EXPECT(kit_has(strtok(text, "\n"), 8));
	EXPECT(!kit_has(text, 7));
	EXPECT_STR(strtok(NULL, "\n"), "2");
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
}

TEST(posix_spawn_open_creates_with_flags_and_mode)
{
	posix_spawn_file_actions_t actions = new_actions();
	char name[4096];
	struct stat st;
	pid_t pid;

	snprintf(name, sizeof(name), "%s", harness_path("made"));
	umask(0);
	EXPECT_EQ(posix_spawn_file_actions_addopen(&actions, 1, name, O_WRONLY | O_CREAT, 0640), 0);
	/* The list has its own copy. */
	memset(name, 'x', sizeof(name) - 1);
	EXPECT_EQ(posix_spawn(&pid, harness_tool("show"), &actions, NULL, WORDS("say=text"), NULL),
		  0);
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_OK(stat(harness_path("made"), &st));
	EXPECT_EQ(st.st_mode & 0777, 0640);
	EXPECT_EQ(st.st_size, 5);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
}

TEST(posix_spawn_dup2_onto_itself_clears_cloexec)
{
	posix_spawn_file_actions_t actions = new_actions();
	struct kit_talk talk = kit_talk_open();

	EXPECT_OK(fcntl(talk.out, F_SETFD, FD_CLOEXEC));
	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, talk.out, talk.out), 0);
	EXPECT_STR(show_with(&talk, &actions, NULL, WORDS(talk.to, "say=kept")), "kept");
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
}

TEST(posix_spawn_actions_that_fail)
{
	posix_spawn_file_actions_t actions = new_actions();

	EXPECT_EQ(posix_spawn_file_actions_addclose(&actions, -1), EBADF);
	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, -1, 3), EBADF);
	EXPECT_EQ(posix_spawn_file_actions_addopen(&actions, -1, "/", O_RDONLY, 0), EBADF);
	EXPECT_EQ(posix_spawn_file_actions_addopen(&actions, 5, "/nowhere", O_RDONLY, 0), 0);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", &actions, NULL, WORDS("x"), NULL), ENOENT);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
	actions = new_actions();
	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, 777, 5), 0);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", &actions, NULL, WORDS("x"), NULL), EBADF);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
	kit_expect_no_children();
}

/* POSIX lets it be an error; here it is none, as everywhere on Linux. */
TEST(posix_spawn_closing_what_is_not_open_does_no_harm)
{
	posix_spawn_file_actions_t actions = new_actions();
	pid_t pid;

	EXPECT_EQ(posix_spawn_file_actions_addclose(&actions, 777), 0);
	EXPECT_EQ(posix_spawn(&pid, "/bin/true", &actions, NULL, WORDS("x"), NULL), 0);
	EXPECT_EQ(kit_exit_status(pid), 0);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
}

TEST(posix_spawn_changes_directory)
{
	posix_spawn_file_actions_t actions = new_actions();
	struct kit_talk talk = kit_talk_open();
	int dir = EXPECT_OK(open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	EXPECT_EQ(posix_spawn_file_actions_addfchdir(&actions, dir), 0);
	EXPECT_STR(show_with(&talk, &actions, NULL, WORDS(talk.to, "cwd")), "/usr");
	EXPECT_EQ(posix_spawn_file_actions_addchdir(&actions, "lib"), 0);
	talk = kit_talk_open();
	EXPECT_STR(show_with(&talk, &actions, NULL, WORDS(talk.to, "cwd")), "/usr/lib");
	EXPECT_EQ(posix_spawn_file_actions_addchdir_np(&actions, "/nowhere"), 0);
	EXPECT_EQ(posix_spawn(NULL, "/bin/true", &actions, NULL, WORDS("x"), NULL), ENOENT);
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
	close(dir);
}

TEST(posix_spawn_closefrom_closes_the_rest)
{
	posix_spawn_file_actions_t actions = new_actions();
	struct kit_talk talk = kit_talk_open();
	int file = EXPECT_OK(open("/dev/null", O_RDONLY));

	EXPECT_EQ(posix_spawn_file_actions_adddup2(&actions, talk.out, 1), 0);
	EXPECT_EQ(posix_spawn_file_actions_addclosefrom_np(&actions, 3), 0);
	EXPECT_STR(show_with(&talk, &actions, NULL, WORDS("to=1", "fds")), "0 1 2");
	EXPECT_EQ(posix_spawn_file_actions_destroy(&actions), 0);
	close(file);
}

static void take_terminal(void)
{
	posix_spawn_file_actions_t actions = new_actions();
	posix_spawnattr_t attr = new_attr(POSIX_SPAWN_SETPGROUP);
	struct kit_talk talk = kit_talk_open();
	int pid, tpgid;

	EXPECT_EQ(posix_spawnattr_setpgroup(&attr, 0), 0);
	EXPECT_EQ(posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0), 0);
	EXPECT_EQ(sscanf(show_with(&talk, &actions, &attr, WORDS(talk.to, "pid", "tpgid")), "%d %d",
			 &pid, &tpgid),
		  2);
	EXPECT_EQ(tpgid, pid);
	EXPECT_EQ(posix_spawnattr_setxflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_TCSETPGROUP),
		  0);
	talk = kit_talk_open();
	EXPECT_EQ(sscanf(show_with(&talk, NULL, &attr, WORDS(talk.to, "pid", "tpgid")), "%d %d",
			 &pid, &tpgid),
		  2);
	EXPECT_EQ(tpgid, pid);
}

TEST(posix_spawn_takes_the_terminal)
{
	kit_on_terminal(take_terminal);
}

/* A library compiled against glibc's header reaches glibc's function, with glibc's objects. */
TEST(posix_spawn_of_glibc_still_works_beside_ours)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_tool("kin"), "glibc-spawn");
	EXPECT_STR(result.out, "7\n");
	EXPECT_EQ(result.status, 0);
	harness_result_fini(&result);
}
