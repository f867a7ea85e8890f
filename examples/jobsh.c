// SPDX-License-Identifier: Apache-2.0
/*
 * jobsh: a small shell with job control. Each pipeline is a job with a process group of
 * its own, which spawn() makes, together with the terminal, before the program's first
 * instruction: nothing is left for the shell to do in between.
 *
 *	kamcc -o jobsh jobsh.c && kamioka run ./jobsh
 *
 * It knows: a | b | c, a trailing &, jobs, fg [N], bg [N], wait, exit; Ctrl-C and Ctrl-Z
 * reach the job in the foreground. Words are parted by blanks, and nothing is quoted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS      16
#define MAX_WORDS     64
#define MAX_PROCESSES 16

struct job {
	pid_t group; /* 0: this place is free */
	struct {
		pid_t pid; /* 0: it has ended */
		bool stopped;
	} processes[MAX_PROCESSES];
	int started;
	int status; /* of the last one that ended */
	bool told;  /* that it has stopped */
	char text[1024];
};

static struct job jobs[MAX_JOBS];

static int number(const struct job *job)
{
	return (int)(job - jobs) + 1;
}

static void say(const struct job *job, const char *what)
{
	printf("[%d] %s %s\n", number(job), what, job->text);
}

/* "2" names a job; nothing names the latest. */
static struct job *find(const char *word)
{
	if (word) {
		int n = atoi(word);

		return n >= 1 && n <= MAX_JOBS && jobs[n - 1].group ? &jobs[n - 1] : NULL;
	}
	for (int i = MAX_JOBS - 1; i >= 0; i--)
		if (jobs[i].group)
			return &jobs[i];
	return NULL;
}

static struct job *free_place(void)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (!jobs[i].group)
			return &jobs[i];
	return NULL;
}

/* How many of its processes have not ended; of these, how many run. */
static int count(const struct job *job, bool running)
{
	int n = 0;

	for (int i = 0; i < job->started; i++)
		if (job->processes[i].pid && !(running && job->processes[i].stopped))
			n++;
	return n;
}

static bool is_alive(const struct job *job)
{
	return count(job, false) > 0;
}

static bool is_stopped(const struct job *job)
{
	return is_alive(job) && count(job, true) == 0;
}

/* News of one process of a job. */
static void note(struct job *job, pid_t pid, int status)
{
	for (int i = 0; i < job->started; i++) {
		if (job->processes[i].pid != pid)
			continue;
		job->processes[i].stopped = WIFSTOPPED(status);
		if (WIFSTOPPED(status) || WIFCONTINUED(status))
			return;
		job->processes[i].pid = 0;
		job->status = status;
	}
}

/* Takes what news there are; blocks until the job has ended or stopped if @wait. */
static void watch(struct job *job, bool wait)
{
	int options = WUNTRACED | WCONTINUED | (wait ? 0 : WNOHANG), status;

	while (is_alive(job) && !(wait && is_stopped(job))) {
		pid_t pid = waitpid(-job->group, &status, options);

		if (pid == 0)
			return;
		if (pid > 0)
			note(job, pid, status);
		else if (errno != EINTR)
			job->started = 0;
	}
}

/* What has ended since is told and forgotten, what has stopped is told once. */
static void report(struct job *job)
{
	char what[32] = "Done";

	if (is_alive(job)) {
		if (is_stopped(job) && !job->told)
			say(job, "Stopped");
		job->told = is_stopped(job);
		return;
	}
	if (WIFSIGNALED(job->status))
		snprintf(what, sizeof(what), "Killed by %d", WTERMSIG(job->status));
	say(job, what);
	job->group = 0;
}

static void report_all(bool wait)
{
	for (int i = 0; i < MAX_JOBS; i++) {
		if (!jobs[i].group)
			continue;
		watch(&jobs[i], wait);
		report(&jobs[i]);
	}
}

/* The job has the terminal until it ends or stops; then the shell has it again. */
static void foreground(struct job *job)
{
	watch(job, true);
	tcsetpgrp(0, getpgrp());
	if (is_alive(job) || WIFSIGNALED(job->status))
		report(job);
	else
		job->group = 0;
}

static void resume(struct job *job, bool front)
{
	for (int i = 0; i < job->started; i++)
		job->processes[i].stopped = false;
	job->told = false;
	if (front)
		tcsetpgrp(0, job->group);
	kill(-job->group, SIGCONT);
	printf("%s%s\n", job->text, front ? "" : " &");
	fflush(stdout);
	if (front)
		foreground(job);
}

/* One command of a pipeline, reading @in and writing @out. */
static bool start(struct job *job, char **words, int in, int out, bool front)
{
	struct inheritance inherit;
	int map[3] = {in, out, 2};
	pid_t pid;

	inherit.flags = SPAWN_SETGROUP | SPAWN_SETSIGDEF | SPAWN_SEARCH_PATH | SPAWN_CHECK_SCRIPT;
	if (front)
		inherit.flags |= SPAWN_TCSETPGROUP;
	inherit.pgroup = job->group ? job->group : SPAWN_NEWPGROUP;
	sigemptyset(&inherit.sigdefault);
	sigaddset(&inherit.sigdefault, SIGINT);
	sigaddset(&inherit.sigdefault, SIGQUIT);
	sigaddset(&inherit.sigdefault, SIGTSTP);
	sigaddset(&inherit.sigdefault, SIGTTIN);
	sigaddset(&inherit.sigdefault, SIGTTOU);
	pid = spawn(words[0], 3, map, &inherit, words, environ);
	if (pid == -1) {
		fprintf(stderr, "jobsh: %s: %s\n", words[0], strerror(errno));
		return false;
	}
	if (!job->group)
		job->group = pid;
	job->processes[job->started++].pid = pid;
	return true;
}

/* Up to the next | or the end: the words of one command. Moves *at behind it. */
static int next_command(char **words, int *at)
{
	int n = 0;

	while (words[*at + n] && strcmp(words[*at + n], "|") != 0)
		n++;
	if (words[*at + n])
		words[*at + n++] = NULL;
	*at += n;
	return n;
}

static void run(struct job *job, char **words, bool front)
{
	int in = 0, at = 0;

	while (words[at]) {
		char **command = &words[at];
		int ends[2] = {-1, 1};
		bool last, fine;

		next_command(words, &at);
		last = !words[at];
		if (!command[0] || job->started == MAX_PROCESSES ||
		    (!last && pipe2(ends, O_CLOEXEC) < 0)) {
			fprintf(stderr, "jobsh: no such pipeline\n");
			last = true;
			fine = false;
		} else {
			fine = start(job, command, in, ends[1], front);
		}
		if (in > 0)
			close(in);
		if (!last)
			close(ends[1]);
		in = ends[0];
		if (!fine && in >= 0)
			close(in);
		if (!fine)
			break;
	}
	if (front && !job->group)
		tcsetpgrp(0, getpgrp()); /* who could not start may have taken it */
	else if (front)
		foreground(job);
	else if (job->group)
		printf("[%d] %d\n", number(job), (int)job->group);
}

static void command(char **words, int n, const char *text)
{
	bool front = strcmp(words[n - 1], "&") != 0;
	struct job *job;

	if (!strcmp(words[0], "exit")) {
		exit(0);
	} else if (!strcmp(words[0], "jobs")) {
		for (int i = 0; i < MAX_JOBS; i++)
			if (jobs[i].group)
				say(&jobs[i], is_stopped(&jobs[i]) ? "Stopped" : "Running");
	} else if (!strcmp(words[0], "wait")) {
		report_all(true);
	} else if (!strcmp(words[0], "fg") || !strcmp(words[0], "bg")) {
		job = find(words[1]);
		if (job)
			resume(job, words[0][0] == 'f');
		else
			printf("jobsh: no such job\n");
	} else {
		job = free_place();
		if (!front)
			words[n - 1] = NULL;
		if (!job || !words[0]) {
			printf("jobsh: cannot do that\n");
			return;
		}
		*job = (struct job){.group = 0};
		snprintf(job->text, sizeof(job->text), "%s", text);
		run(job, words, front);
	}
}

static void obey(char *line)
{
	char text[1024], *words[MAX_WORDS + 1], *rest = NULL;
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(line, " \t", &rest); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \t", &rest))
		words[n++] = w;
	words[n] = NULL;
	if (n)
		command(words, n, text);
}

int main(void)
{
	char line[1024];

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	setpgid(0, 0); /* not if it leads a session, nor need it then */
	tcsetpgrp(0, getpgrp());
	for (;;) {
		report_all(false);
		printf("jobsh> ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			break;
		obey(line);
	}
	putchar('\n');
	return 0;
}
