// SPDX-License-Identifier: Apache-2.0
#include "host/linux/reaper.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static struct reaper reaper;
static int manager; /* our end, we are the manager */
static unsigned died;

static void note_death(void *ctx, const struct agent_record *death)
{
	(void)ctx;
	assert_int_equal(death->op, AGENT_OP_DEATH);
	died++;
}

static void connect_anew(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (manager >= 0)
		close(manager);
	manager = pair[0];
	assert_int_equal(reaper_connect(&reaper, pair[1]), 0);
}

static int begin(void **state)
{
	static const struct reaper_owner owner = {.died = note_death};

	(void)state;
	manager = -1;
	died = 0;
	if (reaper_init(&reaper, &owner, NULL) < 0)
		return -1;
	connect_anew();
	return 0;
}

static int end(void **state)
{
	(void)state;
	reaper_fini(&reaper);
	close(manager);
	return reaper_has_children() ? -1 : 0;
}

static pid_t child(int status)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (status >= 0)
			_exit(status);
		for (;;)
			pause();
	}
	return pid;
}

/* The next record for the manager; the reaper works meanwhile. */
static struct agent_record hear(void)
{
	struct agent_record r = {0};

	for (;;) {
		struct pollfd fds[] = {{.fd = reaper.fd, .events = POLLIN},
				       {.fd = manager, .events = POLLIN}};

		if (poll(fds, 2, PATIENCE_MS) <= 0)
			fail_msg("nothing is said");
		if (recv(manager, &r, sizeof(r), MSG_DONTWAIT) == (ssize_t)sizeof(r))
			return r;
		(void)reaper_serve(&reaper);
	}
}

static void say(enum agent_op op, pid_t pid, int arg, uint64_t tag)
{
	struct agent_record r = {.op = op, .pid = pid, .arg = arg, .tag = tag};

	assert_int_equal(send(manager, &r, sizeof(r), 0), sizeof(r));
}

static void expect(const struct agent_record *r, enum agent_op op, pid_t pid, uint64_t tag)
{
	assert_int_equal(r->op, op);
	assert_int_equal(r->pid, pid);
	assert_int_equal(r->tag, tag);
}

static struct agent_record hear_that(enum agent_op op, pid_t pid, uint64_t tag)
{
	struct agent_record r = hear();

	expect(&r, op, pid, tag);
	return r;
}

static void quiet(void)
{
	struct agent_record r;

	(void)reaper_serve(&reaper);
	assert_int_equal(recv(manager, &r, sizeof(r), MSG_DONTWAIT), -1);
}

static void collect(pid_t pid)
{
	say(AGENT_OP_REAP, pid, 0, 99);
	hear_that(AGENT_OP_DEATH, pid, 99);
}

static void a_death_is_told_once_and_kept(void **state)
{
	pid_t pid = child(7);
	struct agent_record r;

	(void)state;
	do {
		r = hear();
	} while (r.op == AGENT_OP_ORPHAN);
	expect(&r, AGENT_OP_DEATH, pid, 0);
	assert_int_equal(r.code, CLD_EXITED);
	assert_int_equal(r.status, 7);
	assert_int_equal(r.uid, getuid());
	assert_true(r.use.maxrss > 0);
	assert_int_equal(died, 1);
	quiet();
	say(AGENT_OP_PEEK, pid, 0, 5);
	r = hear_that(AGENT_OP_DEATH, pid, 5);
	assert_int_equal(r.status, 7);
	collect(pid);
	say(AGENT_OP_PEEK, pid, 0, 6);
	hear_that(AGENT_OP_NOCHILD, pid, 6);
	assert_int_equal(died, 1);
}

static void peek_of_the_living_and_of_strangers(void **state)
{
	pid_t pid = child(-1);

	(void)state;
	say(AGENT_OP_PEEK, pid, 0, 1);
	say(AGENT_OP_PEEK, 1, 0, 2);
	say(AGENT_OP_REAP, pid, 0, 3);
	hear_that(AGENT_OP_ALIVE, pid, 1);
	hear_that(AGENT_OP_NOCHILD, 1, 2);
	hear_that(AGENT_OP_ALIVE, pid, 3);
	kill(pid, SIGKILL);
	assert_int_equal(hear_that(AGENT_OP_DEATH, pid, 0).status, SIGKILL);
	collect(pid);
}

static void stops_are_told_in_turn(void **state)
{
	pid_t pid = child(-1);

	(void)state;
	say(AGENT_OP_PEEK, pid, 0, 1);
	hear_that(AGENT_OP_ALIVE, pid, 1);
	for (int i = 0; i < 3; i++) {
		kill(pid, SIGSTOP);
		assert_int_equal(hear_that(AGENT_OP_STOP, pid, 0).status, SIGSTOP);
		kill(pid, SIGCONT);
		hear_that(AGENT_OP_CONTINUE, pid, 0);
	}
	kill(pid, SIGSTOP);
	hear_that(AGENT_OP_STOP, pid, 0);
	/* A new manager hears of the stop that was consumed for the old one. */
	connect_anew();
	hear_that(AGENT_OP_ORPHAN, pid, 0);
	hear_that(AGENT_OP_STOP, pid, 0);
	kill(pid, SIGKILL);
	hear_that(AGENT_OP_DEATH, pid, 0);
	collect(pid);
}

static void setpgid_is_done_by_the_parent(void **state)
{
	pid_t pid = child(-1);

	(void)state;
	say(AGENT_OP_PEEK, pid, 0, 1);
	hear_that(AGENT_OP_ALIVE, pid, 1);
	say(AGENT_OP_SETPGID, pid, pid, 2);
	assert_int_equal(hear_that(AGENT_OP_DONE, pid, 2).status, 0);
	assert_int_equal(getpgid(pid), pid);
	say(AGENT_OP_SETPGID, 1, 1, 3);
	assert_int_equal(hear_that(AGENT_OP_DONE, 1, 3).status, ESRCH);
	kill(pid, SIGKILL);
	hear_that(AGENT_OP_DEATH, pid, 0);
	collect(pid);
}

static void what_died_without_a_manager_is_told_to_the_next(void **state)
{
	pid_t pids[3];

	(void)state;
	close(manager);
	manager = -1;
	(void)reaper_serve(&reaper);
	assert_false(reaper_is_connected(&reaper));
	for (int i = 0; i < 3; i++) {
		pids[i] = child(i);
		assert_int_equal(waitid(P_PID, (id_t)pids[i], &(siginfo_t){0}, WEXITED | WNOWAIT),
				 0);
	}
	(void)reaper_serve(&reaper);
	connect_anew();
	for (int i = 0; i < 3; i++)
		assert_int_equal(hear().op, AGENT_OP_DEATH);
	/* It dies before it could write that down. */
	connect_anew();
	for (int i = 0; i < 3; i++)
		assert_int_equal(hear().op, AGENT_OP_DEATH);
	quiet();
	assert_int_equal(died, 3);
	for (int i = 0; i < 3; i++)
		collect(pids[i]);
}

/* An orphan comes without a signal and is found with the next one. */
static void an_orphan_is_found(void **state)
{
	struct agent_record r;
	int fds[2];
	pid_t orphan, middle;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(fds), 0);
	middle = fork();
	if (middle == 0) {
		orphan = child(-1);
		_exit(write(fds[1], &orphan, sizeof(orphan)) != sizeof(orphan));
	}
	assert_int_equal(read(fds[0], &orphan, sizeof(orphan)), sizeof(orphan));
	close(fds[0]);
	close(fds[1]);
	for (bool seen_middle = false, seen_orphan = false; !seen_middle || !seen_orphan;) {
		r = hear();
		seen_middle |= r.pid == middle && r.op == AGENT_OP_DEATH;
		seen_orphan |= r.pid == orphan && r.op == AGENT_OP_ORPHAN;
	}
	kill(orphan, SIGTERM);
	hear_that(AGENT_OP_DEATH, orphan, 0);
	collect(middle);
	collect(orphan);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* More than a socket holds, while nobody reads; signals coalesce. */
static void a_thousand_deaths_at_once(void **state)
{
	enum { N = 1000 };
	static pid_t pids[N];
	static int told[N];

	(void)state;
	for (int i = 0; i < N; i++)
		pids[i] = child(i % 100);
	for (int i = 0; i < N; i++)
		assert_int_equal(waitid(P_PID, (id_t)pids[i], &(siginfo_t){0}, WEXITED | WNOWAIT),
				 0);
	for (int i = 0; i < 10; i++)
		(void)reaper_serve(&reaper);
	for (int n = 0; n < N;) {
		struct agent_record r = hear();

		if (r.op != AGENT_OP_DEATH)
			continue;
		n++;
		for (int i = 0; i < N; i++)
			if (pids[i] == r.pid) {
				told[i]++;
				assert_int_equal(r.status, i % 100);
			}
	}
	for (int i = 0; i < N; i++) {
		assert_int_equal(told[i], 1);
		collect(pids[i]);
	}
	assert_int_equal(died, N);
	quiet();
}

/* Commands by the thousand without reading answers: nobody may block. */
static void many_commands_before_an_answer_is_read(void **state)
{
	enum { N = 5000 };
	int said = 0;

	(void)state;
	while (said < N) {
		struct agent_record r = {.op = AGENT_OP_PEEK, .pid = 1, .tag = (uint64_t)said + 1};

		if (send(manager, &r, sizeof(r), MSG_DONTWAIT) == (ssize_t)sizeof(r))
			said++;
		else
			(void)reaper_serve(&reaper);
	}
	for (int i = 0; i < N; i++)
		hear_that(AGENT_OP_NOCHILD, 1, (uint64_t)i + 1);
}

static void the_skipped_child_is_its_owners(void **state)
{
	pid_t pid = child(3);

	(void)state;
	reaper_skip(&reaper, pid);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	quiet();
	assert_int_equal(died, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	reaper_skip(&reaper, 0);
}

static void alone_it_collects(void **state)
{
	pid_t kept = child(1), later = child(-1);

	(void)state;
	assert_int_equal(waitid(P_PID, (id_t)kept, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	reaper_go_alone(&reaper);
	kill(later, SIGKILL);
	for (struct pollfd p = {.fd = reaper.fd, .events = POLLIN}; reaper_has_children();) {
		assert_true(poll(&p, 1, PATIENCE_MS) > 0);
		(void)reaper_serve(&reaper);
	}
	assert_int_equal(died, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_death_is_told_once_and_kept, begin, end),
		cmocka_unit_test_setup_teardown(peek_of_the_living_and_of_strangers, begin, end),
		cmocka_unit_test_setup_teardown(stops_are_told_in_turn, begin, end),
		cmocka_unit_test_setup_teardown(setpgid_is_done_by_the_parent, begin, end),
		cmocka_unit_test_setup_teardown(what_died_without_a_manager_is_told_to_the_next,
						begin, end),
		cmocka_unit_test_setup_teardown(an_orphan_is_found, begin, end),
		cmocka_unit_test_setup_teardown(a_thousand_deaths_at_once, begin, end),
		cmocka_unit_test_setup_teardown(many_commands_before_an_answer_is_read, begin, end),
		cmocka_unit_test_setup_teardown(the_skipped_child_is_its_owners, begin, end),
		cmocka_unit_test_setup_teardown(alone_it_collects, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
