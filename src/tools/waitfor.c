// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka waitfor: until a path is there, as a file or as a name of the node.
 *
 * A file's coming is told by the kernel (inotify on the deepest directory of its path that is
 * there); a name is asked for at intervals, as are files where the kernel does not tell, such
 * as behind a link that leads nowhere yet.
 *
 * Exit status: 0; 1 it is not there in time; 2 bad usage or no such node; 125 the node does
 * not answer.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"
#include "tools/ask.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char waitfor_help[] =
	"kamioka waitfor [-n NODE] PATH [SECONDS [MS]]\n"
	"\n"
	"Waits until PATH is there: a file, or a name that a server of the node has attached, or\n"
	"lies below one. In a node this command is also called waitfor.\n"
	"\n"
	"  SECONDS                 how long at most; one decimal digit is allowed (5.0)\n"
	"  MS                      milliseconds between two looks for what nobody tells (100)\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE; without either,\n"
	"                          files only\n"
	"\n"
	"Exit status: 0 it is there; 1 it did not come in time; 2 bad usage or no such node.\n";

#define WAITFOR_LATE        1
#define WAITFOR_DEFAULT_MS  5000
#define WAITFOR_POLL_MS     100
#define WAITFOR_MAX_S       (24u * 60 * 60 * 365)
#define WAITFOR_PATIENCE_MS 5000

struct waitfor {
	const char *path;
	int64_t deadline;
	uint32_t poll_ms;
	int node_fd; /* -1: none */
	int inotify_fd;
	struct wire_msg *m;
};

static int64_t waitfor_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "5", "5.0", "0.5" */
static bool waitfor_time(const char *text, int64_t *ret_ms)
{
	char whole[16];
	const char *dot = strchr(text, '.');
	size_t len = dot ? (size_t)(dot - text) : strlen(text);
	uint32_t seconds = 0;

	if (len >= sizeof(whole) || (len == 0 && !dot))
		return false;
	memcpy(whole, text, len);
	whole[len] = '\0';
	if (len > 0 && !options_number(whole, 0, WAITFOR_MAX_S, &seconds))
		return false;
	if (dot && (!isdigit((unsigned char)dot[1]) || dot[2]))
		return false;
	*ret_ms = (int64_t)seconds * 1000 + (dot ? (dot[1] - '0') * 100 : 0);
	return true;
}

/* 1: somebody serves it; 0: nobody; -errno. */
static int waitfor_is_served(struct waitfor *w)
{
	struct proto_path_all_in in = {.path = w->path, .path_len = (uint32_t)strlen(w->path)};
	struct proto_path_all_out out;
	uint8_t body[PATH_BYTES + 64];
	int len, err;

	if (w->node_fd < 0 || w->path[0] != '/')
		return 0;
	len = proto_put_path_all_in(body, sizeof(body), &in);
	if (len < 0)
		return 0; /* too long to be a name */
	err = ask(w->node_fd, PROTO_PATH_ALL, body, (size_t)len, w->m, WAITFOR_PATIENCE_MS);
	/* What the manager says of the path itself is: not there. */
	if (err != 0)
		return err > 0 ? 0 : err;
	err = proto_get_path_all_out(w->m->body, w->m->len, &out);
	if (err == 0)
		err = out.servers_count > 0;
	wire_msg_fini(w->m);
	return err;
}

static int waitfor_is_there(struct waitfor *w)
{
	struct stat st;

	return stat(w->path, &st) == 0 ? 1 : waitfor_is_served(w);
}

/* Watches the deepest directory on the way that is there. How much of the path that is. */
static size_t waitfor_watch_deepest(const struct waitfor *w)
{
	const uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR | IN_MOVE_SELF;
	char dir[PATH_MAX + 2];

	if (strlen(w->path) >= PATH_MAX)
		return 0;
	(void)snprintf(dir, sizeof(dir), "%s%s", w->path[0] == '/' ? "" : "./", w->path);
	for (char *slash = strrchr(dir, '/'); slash; slash = strrchr(dir, '/')) {
		slash[slash == dir] = '\0';
		if (inotify_add_watch(w->inotify_fd, dir, mask) >= 0 || slash == dir)
			return strlen(dir);
	}
	return 0;
}

/* A directory may come after it was looked for, and before the one above it is watched. */
static void waitfor_watch(const struct waitfor *w)
{
	size_t depth = 0, deepest;

	while ((deepest = waitfor_watch_deepest(w)) > depth)
		depth = deepest;
}

static void waitfor_sleep(const struct waitfor *w, int64_t left)
{
	struct pollfd fd = {.fd = w->inotify_fd, .events = POLLIN};
	char events[4096];

	(void)poll(&fd, 1, (int)MIN(left, (int64_t)w->poll_ms)); /* looks again in any case */
	while (read(w->inotify_fd, events, sizeof(events)) > 0)
		;
}

static int waitfor_wait(struct waitfor *w)
{
	for (;;) {
		int64_t left = w->deadline - waitfor_now();
		int rc;

		/* First watch, then look, so that nothing comes in between. */
		waitfor_watch(w);
		rc = waitfor_is_there(w);
		if (rc != 0)
			return rc;
		if (left <= 0)
			return 0;
		waitfor_sleep(w, left);
	}
}

static int waitfor_words(int argc, char **argv, int first, struct waitfor *w)
{
	int64_t ms = WAITFOR_DEFAULT_MS;

	w->poll_ms = WAITFOR_POLL_MS;
	if (first >= argc)
		return options_bad("waitfor", "PATH is missing");
	if (first + 3 < argc)
		return options_bad("waitfor", "too many words: %s", argv[first + 3]);
	if (first + 1 < argc && !waitfor_time(argv[first + 1], &ms))
		return options_bad("waitfor", "no time in seconds: %s", argv[first + 1]);
	if (first + 2 < argc && !options_number(argv[first + 2], 1, INT_MAX, &w->poll_ms))
		return options_bad("waitfor", "no time in milliseconds: %s", argv[first + 2]);
	w->path = argv[first];
	w->deadline = waitfor_now() + ms;
	return 0;
}

int waitfor_main(int argc, char **argv)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	struct waitfor w = {.node_fd = -1, .m = m};
	struct node_pick node = {.fd = -1};
	auto_fd inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	const char *name = NULL;
	const char *env = getenv(NODEDIR_ENV);
	int first, status, rc;

	first = options_read(argc, argv, node_pick_options, waitfor_help, &name, &status);
	if (first < 0)
		return status;
	status = waitfor_words(argc, argv, first, &w);
	if (status)
		return status;
	if (!m)
		return STATUS_FAILED;
	if (name || (env && *env && strcmp(env, "none") != 0)) {
		status = node_pick(name, &node);
		if (status)
			return status;
	}
	w.node_fd = node.fd;
	w.inotify_fd = inotify_fd; /* without one it looks at intervals */
	rc = waitfor_wait(&w);
	fd_close(node.fd);
	if (rc < 0)
		return ask_failed(node.dir, rc);
	return rc ? 0 : WAITFOR_LATE;
}
