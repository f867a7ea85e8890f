/* SPDX-License-Identifier: Apache-2.0 */
/* <process.h>, <unix.h>, <sys/procmgr.h> and <kamioka.h>: each function, each constant. */
#include <errno.h>
#include <kamioka.h>
#include <process.h>
#include <sys/procmgr.h>
#include <sys/siginfo.h>
#include <unix.h>

static int start(char **argv)
{
	const char *path = argv[0];

	return spawnl(P_WAIT, path, path, NULL) + spawnle(P_NOWAIT, path, path, NULL, environ) +
	       spawnlp(P_NOWAITO, path, path, NULL) +
	       spawnlpe(P_OVERLAY, path, path, NULL, environ) + spawnv(P_WAIT, path, argv) +
	       spawnve(P_WAIT, path, argv, environ) + spawnvp(P_WAIT, path, argv) +
	       spawnvpe(P_WAIT, path, argv, environ) + execvpe(path, argv, environ) +
	       execlpe(path, path, NULL, environ) + execv(path, argv);
}

static int watch(void)
{
	struct sigevent event;
	int id;

	SIGEV_SIGNAL_INIT(&event, SIGUSR1);
	SIGEV_MAKE_UPDATEABLE(&event);
	procmgr_event_notify(PROCMGR_EVENT_DAEMON_DEATH, &event);
	procmgr_event_notify(0, NULL);
	id = procmgr_event_notify_add(
		PROCMGR_EVENT_PROCESS_DEATH | PROCMGR_EVENT_PROCESS_CREATE | PROCMGR_EVENT_SYNC |
			PROCMGR_EVENT_PATHSPACE | PROCMGR_EVENT_TOD | PROCMGR_EVENT_SYSCONF |
			PROCMGR_EVENT_CONFSTR | PROCMGR_EVENT_CONTIG_ALLOC_FAIL |
			PROCMGR_EVENT_APS_BANKRUPTCY,
		&event);
	procmgr_event_notify_delete(id);
	procmgr_event_trigger(PROCMGR_EVENT_SYNC & ~PROCMGR_EVENT_PRIVILEGED);
	procmgr_event_trigger_updateable(PROCMGR_EVENT_CONFSTR, 1);
	id = procmgr_value_notify_add(PROCMGR_VALUE_FREE_MEM | PROCMGR_VALUE_TRIGGER_DOWN, 0, 4096,
				      &event);
	procmgr_value_notify_add(PROCMGR_VALUE_PRIVATE_MEM | PROCMGR_VALUE_TRIGGER_UP, getpid(), 1,
				 &event);
	return procmgr_value_current(id) == ~(uint64_t)0;
}

static int restrict_self(void)
{
	char name[PROCMGR_ABILITY_NAME_MAX];
	int id = procmgr_ability_create("probe/one", PROCMGR_ADN_ROOT);

	procmgr_ability_lookup("probe/one");
	procmgr_ability_name(id, name, sizeof(name));
	return procmgr_ability(0,
			       PROCMGR_ADN_ROOT | PROCMGR_AOP_ALLOW | PROCMGR_AOP_SUBRANGE |
				       PROCMGR_AID_SPAWN_SETUID,
			       (uint64_t)1, (uint64_t)2,
			       PROCMGR_ADN_NONROOT | PROCMGR_AOP_DENY | PROCMGR_AOP_INHERIT_NO |
				       PROCMGR_AID_FORK,
			       PROCMGR_AID_EOL | PROCMGR_AOP_LOCK | PROCMGR_AOP_INHERIT_YES) == EOK;
}

static pid_t terminal(void)
{
	int master;

	procmgr_session(0, 0, 0, PROCMGR_SESSION_SETSID);
	procmgr_session_ext(0, getsid(0), 0, 0, PROCMGR_SESSION_TCSETSID);
	return forkpty(&master, NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	if (argc > 1 && start(argv) && watch() && restrict_self() && terminal() == 0)
		__exit(gettid());
	if (_cmdname(path) != path || !_cmdname(NULL))
		return 1;
	kamioka_service_manager();
	if (kamioka_srv_fork(getuid(), getgid()) == 0)
		return procmgr_guardian(getpid());
	return procmgr_daemon(0, PROCMGR_DAEMON_NOCHDIR | PROCMGR_DAEMON_NOCLOSE |
					 PROCMGR_DAEMON_NODEVNULL | PROCMGR_DAEMON_KEEPUMASK);
}
