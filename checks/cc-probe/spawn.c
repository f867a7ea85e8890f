/* SPDX-License-Identifier: Apache-2.0 */
/* spawn() with every field and flag, and all of posix_spawn(). */
#include <spawn.h>
#include <stddef.h>
#include <unistd.h>

static uint32_t all_flags(void)
{
	return SPAWN_SETGROUP | SPAWN_SETSIGMASK | SPAWN_SETSIGDEF | SPAWN_SETSIGIGN |
	       SPAWN_TCSETPGROUP | SPAWN_SETND | SPAWN_SETSID | SPAWN_EXPLICIT_SCHED |
	       SPAWN_EXPLICIT_CPU | SPAWN_SETSTACKMAX | SPAWN_NOZOMBIE | SPAWN_DEBUG | SPAWN_HOLD |
	       SPAWN_EXEC | SPAWN_SEARCH_PATH | SPAWN_CHECK_SCRIPT | SPAWN_ALIGN_DEFAULT |
	       SPAWN_ALIGN_FAULT | SPAWN_ALIGN_NOFAULT | SPAWN_ASLR_INVERT | SPAWN_NEWAPP |
	       SPAWN_CRITICAL;
}

static pid_t start(char *const argv[])
{
	spawn_inheritance_type same;
	struct inheritance inherit;
	const int map[] = {0, 1, SPAWN_FDCLOSED};

	inherit.flags = all_flags() & ~SPAWN_ALIGN_MASK;
	inherit.pgroup = SPAWN_NEWPGROUP;
	sigemptyset(&inherit.sigmask);
	inherit.sigdefault = inherit.sigignore = inherit.sigmask;
	inherit.stack_max = 65536;
	inherit.policy = SCHED_OTHER;
	inherit.nd = 0;
	inherit.runmask = 1;
	inherit.param.sched_priority = 0;
	same = inherit;
	if (spawn(argv[0], 3, map, &same, argv, environ) == -1)
		return spawnp(argv[0], 0, NULL, NULL, argv, NULL);
	return 0;
}

static int set_attributes(posix_spawnattr_t *attr, int directory)
{
	posix_spawnattr_aslr_t aslr = POSIX_SPAWN_ASLR_DEFAULT;
	struct sched_param param = {0};
	uint32_t word = 0;
	sigset_t set;
	short flags = 0;
	int policy = 0;
	pid_t group = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	sigemptyset(&set);
	flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSCHEDPARAM;
	return posix_spawnattr_setflags(attr, flags) | posix_spawnattr_getflags(attr, &flags) |
	       posix_spawnattr_setxflags(attr, POSIX_SPAWN_SETCRED | POSIX_SPAWN_SETCWD |
						       POSIX_SPAWN_SETTYPEID |
						       POSIX_SPAWN_SETASID) |
	       posix_spawnattr_getxflags(attr, &word) | posix_spawnattr_setsigdefault(attr, &set) |
	       posix_spawnattr_getsigdefault(attr, &set) | posix_spawnattr_setsigmask(attr, &set) |
	       posix_spawnattr_getsigmask(attr, &set) | posix_spawnattr_setsigignore(attr, &set) |
	       posix_spawnattr_getsigignore(attr, &set) | posix_spawnattr_setpgroup(attr, group) |
	       posix_spawnattr_getpgroup(attr, &group) |
	       posix_spawnattr_setschedpolicy(attr, policy) |
	       posix_spawnattr_getschedpolicy(attr, &policy) |
	       posix_spawnattr_setschedparam(attr, &param) |
	       posix_spawnattr_getschedparam(attr, &param) | posix_spawnattr_setrunmask(attr, 1) |
	       posix_spawnattr_getrunmask(attr, &word) | posix_spawnattr_setstackmax(attr, 65536) |
	       posix_spawnattr_getstackmax(attr, &word) | posix_spawnattr_setnode(attr, 0) |
	       posix_spawnattr_getnode(attr, &word) | posix_spawnattr_setcred(attr, uid, gid) |
	       posix_spawnattr_getcred(attr, &uid, &gid) | posix_spawnattr_settypeid(attr, 1) |
	       posix_spawnattr_gettypeid(attr, &word) | posix_spawnattr_setasid(attr, 1) |
	       posix_spawnattr_setaslr(attr, POSIX_SPAWN_ASLR_DISABLE) |
	       posix_spawnattr_getaslr(attr, &aslr) | posix_spawnattr_setcwd_np(attr, directory);
}

static int set_actions(posix_spawn_file_actions_t *actions)
{
	return posix_spawn_file_actions_addclose(actions, 3) |
	       posix_spawn_file_actions_adddup2(actions, 1, 2) |
	       posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0) |
	       posix_spawn_file_actions_addchdir(actions, "/") |
	       posix_spawn_file_actions_addfchdir(actions, 3) |
	       posix_spawn_file_actions_addchdir_np(actions, "/") |
	       posix_spawn_file_actions_addfchdir_np(actions, 3) |
	       posix_spawn_file_actions_addclosefrom_np(actions, 3) |
	       posix_spawn_file_actions_addtcsetpgrp_np(actions, 0);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t pid = start(argv);

	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_init(&actions);
	set_attributes(&attr, argc);
	set_actions(&actions);
	posix_spawn(&pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnp(NULL, argv[0], NULL, NULL, argv, NULL);
	posix_spawn_file_actions_destroy(&actions);
	return posix_spawnattr_destroy(&attr);
}
