// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka slay: a signal to processes of a node, by name or by pid.
 *
 * Exit status: how many processes were hit, 255 at most; 0 is failure, bad usage too.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "host/linux/nodedir.h"
#include "host/linux/procinfo.h"
#include "tools/ask.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char slay_help[] =
	"kamioka slay [options] NAME|PID...\n"
	"\n"
	"Sends SIGTERM to the processes of a node that have one of the names (without directory)\n"
	"or pids. If several do, and standard input is a terminal, it asks for each. In a node\n"
	"this command is also called slay.\n"
	"\n"
	"  -NUMBER, -s SIGNAL      another signal; by -s also by name, with SIG or without\n"
	"  -h                      SIGSTOP: hold them\n"
	"  -u                      SIGCONT: let them go on\n"
	"  -f                      do not ask\n"
	"  -q                      ask even if there is one, and no terminal\n"
	"  -m name|pid             take the words for that only\n"
	"  -p                      print the pids, a line each, and signal none\n"
	"  -S                      leave out processes that have children\n"
	"  -T TID                  only this thread\n"
	"  -t TTY                  only processes of that terminal; /dev/ may be left out\n"
	"  -Q                      say nothing\n"
	"  -v                      say what is done\n"
	"  -n NODE                 name or directory of a node; without it $KAMIOKA_NODE, else the\n"
	"                          only node that is up, else the one named default\n"
	"\n"
	"Exit status: the number of processes hit (255 at most); 0 is failure.\n";

#define SLAY_PATIENCE_MS 5000
#define SLAY_STATUS_MAX  255

enum slay_by { SLAY_BY_BOTH, SLAY_BY_NAME, SLAY_BY_PID };

struct slay {
	const char *node;
	int signo;
	uint32_t tid;
	enum slay_by by;
	dev_t tty;
	bool has_tty, asks_always, asks_never, is_quiet, is_loud, prints, spares_parents;
};

struct slay_victim {
	pid_t pid;
	char name[sizeof(((struct proc_info *)0)->name) + 1];
};

struct slay_victims {
	struct slay_victim *at;
	size_t n, room;
	pid_t *parents; /* of all processes of the node, if it matters */
	size_t n_parents, room_parents;
};

static int slay_bad(const struct slay *s, const char *what, const char *word)
{
	if (!s->is_quiet)
		(void)options_bad("slay", "%s: %s", what, word);
	return -1;
}

/* ---- The command line ---- */

static int slay_signal(const char *text)
{
	uint32_t number;

	if (options_number(text, 0, NSIG - 1, &number))
		return (int)number;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0)
			return i;
	}
	return strcasecmp(text, "EMT") == 0 ? SIGSTKFLT : -1;
}

static bool slay_take_tty(struct slay *s, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : "/dev/", name);
	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	s->tty = st.st_rdev;
	s->has_tty = true;
	return true;
}

static bool slay_take_value(struct slay *s, int letter, const char *value)
{
	switch (letter) {
	case 's':
		s->signo = slay_signal(value);
		return s->signo >= 0;
	case 'm':
		s->by = strcmp(value, "name") == 0 ? SLAY_BY_NAME : SLAY_BY_PID;
		return s->by == SLAY_BY_NAME || strcmp(value, "pid") == 0;
	case 'T':
		return options_number(value, 1, INT_MAX, &s->tid);
	case 't':
		return slay_take_tty(s, value);
	default:
		s->node = value;
		return value[0] == '/' || nodedir_is_name(value);
	}
}

static void slay_take(struct slay *s, int letter)
{
	switch (letter) {
	case 'h':
		s->signo = SIGSTOP;
		break;
	case 'u':
		s->signo = SIGCONT;
		break;
	case 'f':
		s->asks_never = true;
		break;
	case 'q':
		s->asks_always = true;
		break;
	case 'p':
		s->prints = true;
		break;
	case 'S':
		s->spares_parents = true;
		break;
	case 'Q':
		s->is_quiet = true;
		break;
	default:
		s->is_loud = true;
		break;
	}
}

/* "-9": a letter of its own for getopt would be each digit. */
static bool slay_is_number(const char *word)
{
	return word[0] == '-' && isdigit((unsigned char)word[1]);
}

/* The first word behind the options; -1: bad, and said; -2: help was asked for. */
static int slay_options(struct slay *s, int argc, char **argv)
{
	static const struct option help[] = {{.name = "help", .val = 'H'}, {0}};
	int letter;

	opterr = 0;
	optind = 1;
	for (;;) {
		if (optind < argc && slay_is_number(argv[optind])) {
			s->signo = slay_signal(argv[optind] + 1);
			if (s->signo < 0)
				return slay_bad(s, "no such signal", argv[optind]);
			optind++;
			continue;
		}
		letter = getopt_long(argc, argv, "+:fhm:n:pqQs:St:T:uv", help, NULL);
		if (letter == -1)
			break;
		if (letter == 'H')
			return -2;
		if (letter == '?')
			return slay_bad(s, "no such option", argv[optind - 1]);
		if (letter == ':')
			return slay_bad(s, "it needs a value", argv[optind - 1]);
		if (!optarg)
			slay_take(s, letter);
		else if (!slay_take_value(s, letter, optarg))
			return slay_bad(s, "bad value", optarg);
	}
	return optind < argc ? optind : slay_bad(s, "missing", "NAME or PID");
}

/* ---- Whom ---- */

static bool slay_is_meant(const struct slay *s, const struct proc_info *p, char **words)
{
	for (; *words; words++) {
		uint32_t pid;

		if (s->by != SLAY_BY_NAME && options_number(*words, 1, INT_MAX, &pid) &&
		    (pid_t)pid == p->pid)
			return true;
		if (s->by != SLAY_BY_PID && procinfo_is_named(p->pid, *words))
			return true;
	}
	return false;
}

static bool slay_is_wanted(const struct slay *s, const struct proc_info *p, char **words)
{
	if ((p->life != LIFE_RUNNING && p->life != LIFE_HELD) || (p->flags & FLAG_GHOST) ||
	    p->pid == getpid())
		return false;
	if (s->has_tty && procinfo_tty(p->pid) != s->tty)
		return false;
	return slay_is_meant(s, p, words);
}

static int slay_add(struct slay_victims *v, const struct proc_info *p)
{
	struct slay_victim *victim;

	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 64;
		struct slay_victim *at = reallocarray(v->at, room, sizeof(*at));

		if (!at)
			return -ENOMEM;
		v->at = at;
		v->room = room;
	}
	victim = &v->at[v->n++];
	memset(victim, 0, sizeof(*victim));
	victim->pid = p->pid;
	memcpy(victim->name, p->name, sizeof(p->name));
	options_plain(victim->name);
	return 0;
}

static int slay_add_parent(struct slay_victims *v, pid_t pid)
{
	if (v->n_parents == v->room_parents) {
		size_t room = v->room_parents ? v->room_parents * 2 : 64;
		pid_t *parents = reallocarray(v->parents, room, sizeof(*parents));

		if (!parents)
			return -ENOMEM;
		v->parents = parents;
		v->room_parents = room;
	}
	v->parents[v->n_parents++] = pid;
	return 0;
}

static bool slay_has_children(const struct slay_victims *v, pid_t pid)
{
	for (size_t i = 0; i < v->n_parents; i++)
		if (v->parents[i] == pid)
			return true;
	return false;
}

/* One answer's worth behind *@after. */
static int slay_find_some(const struct slay *s, int node_fd, struct wire_msg *m, char **words,
			  struct slay_victims *v, int32_t *after, bool *ret_more)
{
	struct proto_list_in in = {.after = *after};
	struct proto_list_out out;
	uint8_t body[sizeof(in)];
	int len = proto_put_list_in(body, sizeof(body), &in);
	int err = len < 0 ? len : ask(node_fd, PROTO_LIST, body, (size_t)len, m, SLAY_PATIENCE_MS);

	if (err != 0)
		return err;
	err = proto_get_list_out(m->body, m->len, &out);
	for (uint32_t i = 0; err == 0 && i < out.procs_count; i++) {
		if (slay_is_wanted(s, &out.procs[i], words))
			err = slay_add(v, &out.procs[i]);
		if (err == 0 && s->spares_parents)
			err = slay_add_parent(v, out.procs[i].ppid);
		*after = out.procs[i].pid;
	}
	*ret_more = err == 0 && out.more && out.procs_count > 0;
	wire_msg_fini(m);
	return err;
}

static int slay_find(const struct slay *s, char **words, struct slay_victims *v)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	struct node_pick node;
	int32_t after = 0;
	bool more = true;
	int err = 0;

	if (!m || node_pick(s->node, &node))
		return -1;
	while (err == 0 && more)
		err = slay_find_some(s, node.fd, m, words, v, &after, &more);
	fd_close(node.fd);
	if (err != 0)
		(void)ask_failed(node.dir, err);
	return err;
}

/* ---- What with them ---- */

static bool slay_agrees(const struct slay_victim *victim)
{
	char answer[64];

	(void)fprintf(stderr, "signal %s (pid %d)? (y/n) ", victim->name, victim->pid);
	/* A longer line's rest is the answer to nothing. */
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	while (!strchr(answer, '\n') && fgets(answer + 1, sizeof(answer) - 1, stdin))
		;
	return answer[0] == 'y' || answer[0] == 'Y';
}

/* True: hit. */
static bool slay_one(const struct slay *s, const struct slay_victim *victim)
{
	long rc;

	if (s->prints)
		return printf("%d\n", victim->pid) > 0;
	rc = s->tid ? syscall(SYS_tgkill, victim->pid, s->tid, s->signo) :
		      kill(victim->pid, s->signo);
	if (rc < 0) {
		if (!s->is_quiet)
			log_line("%s (pid %d): %s", victim->name, victim->pid, strerror(errno));
		return false;
	}
	if (s->is_loud)
		(void)fprintf(stderr, "signal %d sent to %s (pid %d)\n", s->signo, victim->name,
			      victim->pid);
	return true;
}

static int slay_all(const struct slay *s, const struct slay_victims *v)
{
	bool asks = s->asks_always ||
		    (!s->asks_never && !s->prints && v->n > 1 && isatty(STDIN_FILENO));
	int n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (!slay_has_children(v, v->at[i].pid) && (!asks || slay_agrees(&v->at[i])))
			n += slay_one(s, &v->at[i]);
	return MIN(n, SLAY_STATUS_MAX);
}

int slay_main(int argc, char **argv)
{
	struct slay s = {.signo = SIGTERM};
	struct slay_victims victims = {0};
	auto_free struct slay_victim *at = NULL;
	auto_free pid_t *parents = NULL;
	int first = slay_options(&s, argc, argv);
	int n;

	if (first < 0)
		return first == -2 ? verbs_print(slay_help) : 0;
	n = slay_find(&s, argv + first, &victims);
	at = victims.at;
	parents = victims.parents;
	if (n != 0)
		return 0;
	if (victims.n == 0 && !s.is_quiet)
		log_line("no process of this node is called %s", argv[first]);
	n = slay_all(&s, &victims);
	return verbs_print("") ? 0 : n;
}
