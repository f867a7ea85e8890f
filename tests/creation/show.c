// SPDX-License-Identifier: Apache-2.0
/*
 * A child that tells what it has become, as the kernel says it: it is linked with
 * nothing of ours. Words are done in their order; a word that asks prints a line.
 *
 *	show to=5 pid mask fds exit=3
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

/* The signals of a mask of /proc/self/status, as numbers: "10 12". */
static void show_signals(FILE *out, const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t length = strlen(name);
	char line[256];
	uint64_t mask = 0;
	const char *blank = "";

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			mask = strtoull(line + length + 1, NULL, 16);
	if (f)
		fclose(f);
	/* glibc's own two are of no interest. */
	for (int signo = 1; signo <= 64; signo++) {
		if (!(mask >> (signo - 1) & 1) || signo == 32 || signo == 33)
			continue;
		fprintf(out, "%s%d", blank, signo);
		blank = " ";
	}
	fputc('\n', out);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void show_fds(FILE *out)
{
	DIR *dir = opendir("/proc/self/fd");
	int fds[4096];
	size_t n = 0;

	for (struct dirent *e = dir ? readdir(dir) : NULL; e && n < 4096; e = readdir(dir))
		if (isdigit((unsigned char)e->d_name[0]) && atoi(e->d_name) != dirfd(dir))
			fds[n++] = atoi(e->d_name);
	qsort(fds, n, sizeof(fds[0]), compare_ints);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%d", i ? " " : "", fds[i]);
	fputc('\n', out);
	closedir(dir);
}

static void show_file(FILE *out, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		fprintf(out, "%s\n", strerrorname_np(errno));
	else
		fprintf(out, "%ju:%ju\n", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

static void show_cpus(FILE *out)
{
	cpu_set_t set;
	uint64_t mask = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < 64; i++)
		if (CPU_ISSET(i, &set))
			mask |= UINT64_C(1) << i;
	fprintf(out, "%jx\n", (uintmax_t)mask);
}

static void show_times(FILE *out)
{
	struct tms t;

	times(&t);
	fprintf(out, "%ld %ld\n", (long)t.tms_cutime, (long)t.tms_cstime);
}

static void show_path(FILE *out)
{
	char path[4096];

	fprintf(out, "%s\n", getcwd(path, sizeof(path)) ? path : "?");
}

static void show_scheduling(FILE *out)
{
	struct sched_param param;

	sched_getparam(0, &param);
	fprintf(out, "%d %d\n", sched_getscheduler(0), param.sched_priority);
}

static long long limit_of(int resource)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	return (long long)limit.rlim_cur;
}

/* Words that take nothing. */
static bool show_plain(FILE *out, const char *word)
{
	if (!strcmp(word, "pid"))
		fprintf(out, "%d\n", getpid());
	else if (!strcmp(word, "pgid"))
		fprintf(out, "%d\n", getpgrp());
	else if (!strcmp(word, "sid"))
		fprintf(out, "%d\n", getsid(0));
	else if (!strcmp(word, "tpgid"))
		fprintf(out, "%d\n", tcgetpgrp(open("/dev/tty", O_RDWR | O_CLOEXEC)));
	else if (!strcmp(word, "mask"))
		show_signals(out, "SigBlk");
	else if (!strcmp(word, "ignored"))
		show_signals(out, "SigIgn");
	else if (!strcmp(word, "caught"))
		show_signals(out, "SigCgt");
	else if (!strcmp(word, "pending"))
		show_signals(out, "ShdPnd");
	else if (!strcmp(word, "fds"))
		show_fds(out);
	else if (!strcmp(word, "stack"))
		fprintf(out, "%lld\n", limit_of(RLIMIT_STACK));
	else if (!strcmp(word, "sched"))
		show_scheduling(out);
	else if (!strcmp(word, "cpus"))
		show_cpus(out);
	else if (!strcmp(word, "times"))
		show_times(out);
	else if (!strcmp(word, "cwd"))
		show_path(out);
	else if (!strcmp(word, "umask"))
		fprintf(out, "%o\n", umask(0));
	else if (!strcmp(word, "ids"))
		fprintf(out, "%u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	else if (!strcmp(word, "aslr"))
		fprintf(out, "%d\n", !(personality(0xffffffff) & ADDR_NO_RANDOMIZE));
	else if (!strcmp(word, "alarm"))
		fprintf(out, "%u\n", alarm(0));
	else
		return false;
	return true;
}

static FILE *show_to(int fd)
{
	FILE *out = fdopen(fd, "w");

	if (!out)
		_exit(125);
	/* Each line at once: somebody may wait for it. */
	setvbuf(out, NULL, _IOLBF, 0);
	return out;
}

static void show_seek(int fd, const char *position)
{
	if (lseek(fd, atol(position), SEEK_SET) < 0)
		_exit(124);
}

static void show_until_eof(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0 || errno == EINTR)
		errno = 0;
}

/* Words with a value. The stream may change. */
static bool show_valued(FILE **out, const char *word, const char *value)
{
	const char *more = strchr(value, ':');

	if (!strncmp(word, "to=", 3))
		*out = show_to(atoi(value));
	else if (!strncmp(word, "env=", 4))
		fprintf(*out, "%s\n", getenv(value) ? getenv(value) : "(unset)");
	else if (!strncmp(word, "file=", 5))
		show_file(*out, atoi(value));
	else if (!strncmp(word, "offset=", 7))
		fprintf(*out, "%ld\n", (long)lseek(atoi(value), 0, SEEK_CUR));
	else if (!strncmp(word, "seek=", 5) && more)
		show_seek(atoi(value), more + 1);
	else if (!strncmp(word, "say=", 4))
		fprintf(*out, "%s\n", value);
	else if (!strncmp(word, "write=", 6))
		dprintf(atoi(value), "%s\n", more ? more + 1 : "");
	else if (!strncmp(word, "eof=", 4))
		show_until_eof(atoi(value));
	else if (!strncmp(word, "die=", 4))
		kill(getpid(), atoi(value));
	else if (!strncmp(word, "exit=", 5))
		exit(atoi(value));
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	FILE *out = stdout;

	setvbuf(out, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');

		if (!strcmp(argv[i], "args")) {
			for (int k = 0; k < argc; k++)
				fprintf(out, "%s%s", k ? "|" : "", argv[k]);
			fputc('\n', out);
		} else if (!strcmp(argv[i], "--")) {
			break;
		} else if (!(value ? show_valued(&out, argv[i], value + 1) :
				     show_plain(out, argv[i]))) {
			fprintf(stderr, "show: what is %s?\n", argv[i]);
			return 126;
		}
	}
	return 0;
}
