// SPDX-License-Identifier: Apache-2.0
/*
 * A server with several threads, all in MsgReceive() on one channel, and clients that ask
 * it at the same time. It starts its clients by itself, and ends when they have ended.
 *
 * Some work is done at once, by the thread that received it. For the rest the client is
 * parked: the thread goes on to receive, and another one replies later. A client that
 * does not want to wait for that any longer (here: its alarm rings) is not free to go,
 * because the channel has _NTO_CHF_UNBLOCK; the server gets a pulse, and answers.
 */
#include <errno.h>
#include <process.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 3
#define PARKED  8 /* at most so many clients are parked at once */

enum { ASK_NOW = 1, ASK_LATER, ASK_NEVER };

struct request {
	int what;
};

union message {
	struct _pulse pulse;
	struct request request;
};

static int chid;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int rcvid; /* 0: this place is free */
	int what;
} parked[PARKED];

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* ---- The client ---- */

static void on_alarm(int signo)
{
	(void)signo;
}

static int client(pid_t server, int server_chid, int what)
{
	static const char *const names[] = {"", "now", "later", "never"};
	struct sigaction action = {.sa_handler = on_alarm};
	struct request request = {what};
	char reply[32] = "";
	int coid = ConnectAttach(ND_LOCAL_NODE, server, server_chid, _NTO_SIDE_CHANNEL, 0);

	if (coid == -1)
		fail("ConnectAttach() failed");
	sigaction(SIGALRM, &action, NULL);
	if (what == ASK_NEVER)
		ualarm(300000, 0);
	if (MsgSend(coid, &request, sizeof(request), reply, sizeof(reply)) == -1)
		snprintf(reply, sizeof(reply), "%s", strerror(errno));
	printf("client %d asked for %s: %s\n", getpid(), names[what], reply);
	return EXIT_SUCCESS;
}

/* ---- The server ---- */

static int park(int rcvid, int what)
{
	int error = EAGAIN;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < PARKED && error; i++) {
		if (parked[i].rcvid)
			continue;
		parked[i].rcvid = rcvid;
		parked[i].what = what;
		error = EOK;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

/*
 * A parked client wants to leave. Whoever takes it out of its place replies, so nobody
 * does twice. If it is not there it has just been answered, or will be by the thread that
 * works for it; and the same rcvid may be that client's next request by now, which has no
 * unblock request of its own.
 */
static void unblock(int rcvid)
{
	struct _msg_info info;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < PARKED; i++) {
		if (parked[i].rcvid != rcvid)
			continue;
		if (MsgInfo(rcvid, &info) == -1 || !(info.flags & _NTO_MI_UNBLOCK_REQ))
			continue;
		parked[i].rcvid = 0;
		MsgError(rcvid, EINTR);
		printf("server: client %d may leave\n", (int)info.pid);
	}
	pthread_mutex_unlock(&lock);
}

static void reply(int rcvid, const char *text)
{
	if (MsgReply(rcvid, EOK, text, strlen(text) + 1) == -1 && errno != ESRCH)
		fail("MsgReply() failed"); /* ESRCH: killed meanwhile */
}

static void *receive(void *unused)
{
	union message message;
	int rcvid, error;

	(void)unused;
	for (;;) {
		rcvid = MsgReceive(chid, &message, sizeof(message), NULL);
		if (rcvid == -1)
			return NULL; /* ESRCH: the channel is gone, and so is the server */
		if (rcvid == 0 && message.pulse.code == _PULSE_CODE_UNBLOCK) {
			unblock(message.pulse.value.sival_int);
		} else if (rcvid == 0 && message.pulse.code == _PULSE_CODE_DISCONNECT) {
			ConnectDetach(message.pulse.scoid);
		} else if (rcvid > 0 && message.request.what == ASK_NOW) {
			usleep(100000); /* what it does for its client */
			reply(rcvid, "done at once");
		} else if (rcvid > 0) {
			error = park(rcvid, message.request.what);
			if (error)
				MsgError(rcvid, error);
		}
	}
}

/* Now and then: who was promised an answer gets it, from this thread. */
static void *reply_later(void *unused)
{
	(void)unused;
	for (;;) {
		usleep(200000);
		pthread_mutex_lock(&lock);
		for (int i = 0; i < PARKED; i++) {
			if (!parked[i].rcvid || parked[i].what != ASK_LATER)
				continue;
			reply(parked[i].rcvid, "done by another thread");
			parked[i].rcvid = 0;
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void start_client(const char *program, int what)
{
	char words[3][16];

	snprintf(words[0], sizeof(words[0]), "%d", getpid());
	snprintf(words[1], sizeof(words[1]), "%d", chid);
	snprintf(words[2], sizeof(words[2]), "%d", what);
	if (spawnl(P_NOWAIT, program, program, words[0], words[1], words[2], NULL) == -1)
		fail("spawnl() failed");
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS + 1];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4)
		return client(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
	chid = ChannelCreate(_NTO_CHF_UNBLOCK | _NTO_CHF_DISCONNECT);
	if (chid == -1)
		fail("ChannelCreate() failed");
	for (int i = 0; i <= THREADS; i++)
		if (pthread_create(&threads[i], NULL, i < THREADS ? receive : reply_later, NULL))
			fail("pthread_create() failed");
	for (int i = 0; i < THREADS; i++)
		start_client(argv[0], ASK_NOW); /* all of them at the same time */
	start_client(argv[0], ASK_LATER);
	start_client(argv[0], ASK_NEVER);
	while (wait(NULL) != -1 || errno == EINTR)
		;
	ChannelDestroy(chid);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("server: all clients have been served\n");
	return EXIT_SUCCESS;
}
