// SPDX-License-Identifier: Apache-2.0
#include "figure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t figure_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void figure_die(const char *what)
{
	perror(what);
	exit(errno == EAGAIN || errno == ENOMEM || errno == EMFILE ? FIGURE_STATUS_SKIP : 1);
}

void figure_say(const char *name, int64_t value)
{
	printf("%s %lld\n", name, (long long)value);
	(void)fflush(stdout); /* the driver misses what is lost */
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void figure_measure(const char *name, figure_cycle *one, const void *arg, int n)
{
	int64_t *ns = calloc((size_t)n, sizeof(*ns));

	if (!ns)
		figure_die("calloc");
	for (int i = 0; i < n / 10 + 1; i++)
		(void)one(arg); /* caches, slots */
	for (int i = 0; i < n; i++)
		ns[i] = one(arg);
	qsort(ns, (size_t)n, sizeof(*ns), compare);
	figure_say(name, ns[n / 2]);
	figure_say("slowest", ns[n - 1]);
	free(ns);
}
