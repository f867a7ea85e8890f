// SPDX-License-Identifier: Apache-2.0
/*
 * Messages for an instruction counter.
 *
 *   send CALLS COMMAND...    starts a server, and then executes COMMAND with more arguments:
 *   send PID CHID CALLS      sends to it. A counter counts calls() by itself.
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/neutrino.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BYTES 64

struct meeting {
	sem_t is_up;
	int chid;
};

/* Not static: the counter finds it by its name. */
void calls(int coid, int n);

__attribute__((noinline)) void calls(int coid, int n)
{
	char request[BYTES] = "", reply[BYTES];

	for (int i = 0; i < n; i++)
		if (MsgSend(coid, request, BYTES, reply, BYTES) == -1) {
			perror("MsgSend");
			exit(1);
		}
}

static void serve(struct meeting *meeting)
{
	char buffer[BYTES];
	int rcvid;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a signal */
	meeting->chid = ChannelCreate(0);
	(void)sem_post(&meeting->is_up); /* cannot fail, it is 0 */
	while ((rcvid = MsgReceive(meeting->chid, buffer, BYTES, NULL)) >= 0)
		(void)MsgReply(rcvid, EOK, buffer, BYTES); /* the client fails if it does */
	perror("MsgReceive");
	_exit(1);
}

/* The server is not counted, nor slowed down: only COMMAND has the counter. */
static int start(char **argv)
{
	struct meeting *meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char **command = argv + 2, words[2][16];
	int n = 0;
	pid_t pid;

	if (meeting == MAP_FAILED || sem_init(&meeting->is_up, 1, 0) < 0 || (pid = fork()) < 0) {
		perror("fork");
		return 1;
	}
	if (pid == 0)
		serve(meeting);
	while (sem_wait(&meeting->is_up) < 0)
		;
	(void)snprintf(words[0], sizeof(words[0]), "%d", pid);
	(void)snprintf(words[1], sizeof(words[1]), "%d", meeting->chid);
	while (command[n])
		n++;
	char **all = calloc((size_t)n + 5, sizeof(*all));

	if (!all)
		return 1;
	memcpy(all, command, (size_t)n * sizeof(*all));
	memcpy(all + n, (char *[]){argv[0], words[0], words[1], argv[1]}, 4 * sizeof(*all));
	(void)execvp(all[0], all);
	perror(all[0]);
	return 1;
}

int main(int argc, char **argv)
{
	int coid;

	if (argc < 3)
		return 2;
	if (argc != 4 || atoi(argv[2]) == 0)
		return start(argv);
	coid = ConnectAttach(ND_LOCAL_NODE, atoi(argv[1]), atoi(argv[2]), _NTO_SIDE_CHANNEL, 0);
	if (coid == -1) {
		perror("ConnectAttach");
		return 1;
	}
	calls(coid, 100); /* names are bound, lanes are made */
	calls(coid, atoi(argv[3]));
	return 0;
}
