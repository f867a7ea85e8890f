// SPDX-License-Identifier: Apache-2.0
/*
 * Hears of the deaths of any processes of its node, whoever started them, daemons too.
 * Each event runs a function in a thread of its own.
 *
 *   deathwatch [COUNT]    ends after so many events (without: when it is killed)
 */
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/procmgr.h>
#include <unistd.h>

static sem_t events;

static void on_death(union sigval value)
{
	printf("PROCESS_DEATH: %d\n", value.sival_int);
	sem_post(&events);
}

static void on_daemon_death(union sigval value)
{
	printf("DAEMON_DEATH: %d\n", value.sival_int);
	sem_post(&events);
}

static void watch(unsigned what, void (*function)(union sigval))
{
	struct sigevent event;

	SIGEV_THREAD_INIT(&event, function, 0, NULL);
	SIGEV_MAKE_UPDATEABLE(&event); /* the value becomes the pid */
	if (procmgr_event_notify_add(what, &event) == -1) {
		perror("procmgr_event_notify_add() failed");
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : INT_MAX;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sem_init(&events, 0, 0);
	watch(PROCMGR_EVENT_DAEMON_DEATH, on_daemon_death);
	watch(PROCMGR_EVENT_PROCESS_DEATH, on_death);
	printf("deathwatch: pid %d watches\n", getpid());
	while (count-- > 0)
		sem_wait(&events);
	return EXIT_SUCCESS;
}
