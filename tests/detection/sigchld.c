// SPDX-License-Identifier: Apache-2.0
/* SIGCHLD: one exact siginfo for each death, by whatever means it is taken. */
#include "detection/child.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/times.h>

static void expect_news(const siginfo_t *info, pid_t pid, int code, int status)
{
	EXPECT_EQ(info->si_signo, SIGCHLD);
	EXPECT_EQ(info->si_pid, pid);
	EXPECT_EQ(info->si_code, code);
	EXPECT_EQ(info->si_status, status);
	EXPECT_EQ(info->si_uid, getuid());
}

TEST(sigwaitinfo_tells_pid_code_status_and_user)
{
	siginfo_t info;
	sigset_t set = set_of(SIGCHLD);
	pid_t pid;

	queue_sigchld();
	pid = child_that_exits(77);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	expect_news(&info, pid, CLD_EXITED, 77);
	expect_exit(pid, 77);
	pid = child_that_dies_by(SIGKILL);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	expect_news(&info, pid, CLD_KILLED, SIGKILL);
	expect_killed(pid, SIGKILL);
	expect_none(SIGCHLD);
}

TEST(sigchld_tells_the_times)
{
	struct tms used;
	siginfo_t info;
	pid_t pid;

	queue_sigchld();
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		do {
			(void)times(&used);
		} while (used.tms_utime + used.tms_stime < sysconf(_SC_CLK_TCK) / 10);
		_exit(0);
	}
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_GE(info.si_utime + info.si_stime, sysconf(_SC_CLK_TCK) / 20);
	EXPECT_LT(info.si_utime + info.si_stime, 20 * sysconf(_SC_CLK_TCK));
	expect_exit(pid, 0);
}

TEST(deaths_of_many_children_are_told_one_by_one)
{
	struct gate gate = gate_new();
	pid_t pids[20];
	unsigned seen = 0;

	queue_sigchld();
	for (int i = 0; i < 20; i++)
		pids[i] = child_behind(gate, i);
	gate_open(gate);
	for (int i = 0; i < 20; i++) {
		siginfo_t info = take(SIGCHLD);
		int k = info.si_status;

		EXPECT(k >= 0 && k < 20);
		expect_news(&info, pids[k], CLD_EXITED, k);
		EXPECT(!(seen & 1u << k));
		seen |= 1u << k;
	}
	expect_none(SIGCHLD);
	for (int i = 0; i < 20; i++)
		expect_exit(pids[i], i);
	expect_none(SIGCHLD);
}

/* The wait is quicker than the signal: it is told nevertheless. */
TEST(sigchld_comes_also_for_a_child_that_was_waited_for)
{
	pid_t pids[3];

	queue_sigchld();
	for (int i = 0; i < 3; i++)
		pids[i] = child_that_exits(i);
	for (int i = 0; i < 3; i++)
		expect_exit(pids[i], i);
	for (int i = 0; i < 3; i++) {
		siginfo_t info = take(SIGCHLD);

		expect_news(&info, pids[info.si_status], CLD_EXITED, info.si_status);
	}
	expect_none(SIGCHLD);
}

TEST(sigtimedwait_ends_at_its_time)
{
	const struct timespec moment = {.tv_nsec = 30 * 1000 * 1000}, bad = {.tv_nsec = -1};
	sigset_t set = set_of(SIGCHLD);
	long long begin = now_ms();

	queue_sigchld();
	EXPECT_ERRNO(sigtimedwait(&set, NULL, &moment), EAGAIN);
	EXPECT_GE(now_ms() - begin, 29);
	EXPECT_ERRNO(sigtimedwait(&set, NULL, &bad), EINVAL);
	expect_exit(child_that_exits(0), 0);
	EXPECT_EQ(sigtimedwait(&set, NULL, &moment), SIGCHLD);
}

TEST(sigwait_takes_one_death)
{
	sigset_t set = set_of(SIGCHLD);
	int signo = 0;

	queue_sigchld();
	expect_exit(child_that_exits(1), 1);
	expect_exit(child_that_exits(2), 2);
	EXPECT_EQ(sigwait(&set, &signo), 0);
	EXPECT_EQ(signo, SIGCHLD);
	EXPECT_EQ(sigwait(&set, &signo), 0);
	expect_none(SIGCHLD);
}

static bool is_pending(int signo)
{
	sigset_t set;

	EXPECT_OK(sigpending(&set));
	return sigismember(&set, signo) == 1;
}

TEST(sigchld_is_pending_until_the_last_death_is_taken)
{
	queue_sigchld();
	EXPECT(!is_pending(SIGCHLD));
	for (int i = 0; i < 3; i++)
		expect_exit(child_that_exits(i), i);
	EVENTUALLY(is_pending(SIGCHLD));
	for (int i = 0; i < 3; i++) {
		EXPECT(is_pending(SIGCHLD));
		(void)take(SIGCHLD);
	}
	EXPECT(!is_pending(SIGCHLD));
}

/* ---- signalfd ---- */

static void expect_entry(const struct signalfd_siginfo *entry, pid_t pid, int status)
{
	EXPECT_EQ(entry->ssi_signo, SIGCHLD);
	EXPECT_EQ(entry->ssi_code, CLD_EXITED);
	EXPECT_EQ(entry->ssi_pid, pid);
	EXPECT_EQ(entry->ssi_status, status);
	EXPECT_EQ(entry->ssi_uid, getuid());
}

TEST(signalfd_tells_each_death)
{
	struct signalfd_siginfo entries[8];
	sigset_t set = set_of(SIGCHLD);
	pid_t pids[5];
	int fd, n = 0;

	queue_sigchld();
	fd = EXPECT_OK(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	EXPECT_ERRNO(read(fd, entries, sizeof(entries)), EAGAIN);
	for (int i = 0; i < 5; i++)
		pids[i] = child_that_exits(i);
	while (n < 5) {
		ssize_t size;

		(void)harness_wait_fd(fd, POLLIN, PATIENCE_MS);
		/* One at a time, then all there are. */
		size = read(fd, entries, n == 0 ? sizeof(entries[0]) : sizeof(entries));
		if (size < 0 && errno == EAGAIN)
			continue;
		EXPECT_GT(size, 0);
		EXPECT_EQ(size % (ssize_t)sizeof(entries[0]), 0);
		for (ssize_t i = 0; i < size / (ssize_t)sizeof(entries[0]); i++, n++)
			expect_entry(&entries[i], pids[entries[i].ssi_status],
				     entries[i].ssi_status);
	}
	EXPECT_ERRNO(read(fd, entries, sizeof(entries)), EAGAIN);
	EXPECT_ERRNO(read(fd, entries, sizeof(entries[0]) - 1), EINVAL);
	close(fd);
	for (int i = 0; i < 5; i++)
		expect_exit(pids[i], i);
}

TEST(signalfd_that_blocks_waits_for_a_death)
{
	struct gate gate = gate_new();
	struct signalfd_siginfo entry;
	sigset_t set = set_of(SIGCHLD);
	pid_t pid;
	int fd;

	block(SIGCHLD);
	fd = EXPECT_OK(signalfd(-1, &set, SFD_CLOEXEC));
	pid = child_behind(gate, 3);
	gate_open(gate);
	EXPECT_EQ(read(fd, &entry, sizeof(entry)), sizeof(entry));
	expect_entry(&entry, pid, 3);
	expect_exit(pid, 3);
	close(fd);
}

TEST(signalfd_passes_other_signals)
{
	struct signalfd_siginfo entry;
	sigset_t set = set_of(SIGCHLD);
	int fd;

	block(SIGUSR1);
	block(SIGCHLD);
	sigaddset(&set, SIGUSR1);
	fd = EXPECT_OK(signalfd(-1, &set, SFD_CLOEXEC));
	EXPECT_OK(raise(SIGUSR1));
	EXPECT_EQ(read(fd, &entry, sizeof(entry)), sizeof(entry));
	EXPECT_EQ(entry.ssi_signo, SIGUSR1);
	close(fd);
}

/* ---- Handlers ---- */

#define TOLD_MAX 1024

static struct {
	siginfo_t infos[TOLD_MAX];
	volatile sig_atomic_t n;
	volatile sig_atomic_t depth, deepest;
} told;

static void note(int signo, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)signo;
	(void)context;
	if (++told.depth > told.deepest)
		told.deepest = told.depth;
	if (told.n < TOLD_MAX)
		told.infos[told.n] = *info;
	told.n++;
	told.depth--;
	errno = saved;
}

static void catch_sigchld(int flags)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};

	EXPECT_OK(sigaction(SIGCHLD, &action, NULL));
}

static void expect_told(const pid_t *pids, int n)
{
	unsigned seen = 0;

	EVENTUALLY(told.n >= n);
	EXPECT_EQ(told.n, n);
	for (int i = 0; i < n; i++) {
		int k = told.infos[i].si_status;

		EXPECT(k >= 0 && k < n);
		expect_news(&told.infos[i], pids[k], CLD_EXITED, k);
		seen |= 1u << k;
	}
	EXPECT_EQ(seen, (1u << n) - 1);
}

TEST(siginfo_handler_runs_once_for_each_death)
{
	struct gate gate = gate_new();
	pid_t pids[12];

	catch_sigchld(SA_RESTART);
	for (int i = 0; i < 12; i++)
		pids[i] = child_behind(gate, i);
	gate_open(gate);
	for (int i = 0; i < 12; i++)
		expect_exit(pids[i], i);
	expect_told(pids, 12);
	EXPECT_EQ(told.deepest, 1);
}

TEST(siginfo_handler_runs_once_for_each_death_when_unblocked)
{
	pid_t pids[12];

	catch_sigchld(SA_RESTART);
	block(SIGCHLD);
	for (int i = 0; i < 12; i++)
		pids[i] = child_that_exits(i);
	for (int i = 0; i < 12; i++)
		expect_exit(pids[i], i);
	EXPECT_EQ(told.n, 0);
	unblock(SIGCHLD);
	expect_told(pids, 12);
}

TEST(handler_with_sa_nodefer_hears_of_each_death)
{
	pid_t pids[12];

	catch_sigchld(SA_RESTART | SA_NODEFER);
	block(SIGCHLD);
	for (int i = 0; i < 12; i++)
		pids[i] = child_that_exits(i);
	for (int i = 0; i < 12; i++)
		expect_exit(pids[i], i);
	unblock(SIGCHLD);
	expect_told(pids, 12);
}

TEST(sigsuspend_runs_the_handler)
{
	sigset_t none;
	pid_t pid;

	catch_sigchld(0);
	block(SIGCHLD);
	sigemptyset(&none);
	for (int i = 0; i < 3; i++) {
		pid = child_that_exits(i);
		EXPECT_ERRNO(sigsuspend(&none), EINTR);
		EXPECT_EQ(told.n, i + 1);
		expect_news(&told.infos[i], pid, CLD_EXITED, i);
		expect_exit(pid, i);
	}
}

static volatile sig_atomic_t plain_runs;

static void plain(int signo)
{
	(void)signo;
	plain_runs++;
}

TEST(plain_handler_runs_at_least_once_for_any_number)
{
	struct sigaction action = {.sa_handler = plain, .sa_flags = SA_RESTART}, old;
	struct gate gate = gate_new();
	int before;

	EXPECT_OK(sigaction(SIGCHLD, &action, NULL));
	EXPECT_OK(sigaction(SIGCHLD, NULL, &old));
	EXPECT(old.sa_handler == plain);
	EXPECT_EQ(old.sa_flags & ~0x04000000 /* SA_RESTORER, glibc's */, SA_RESTART);
	for (int i = 0; i < 10; i++)
		(void)child_behind(gate, 0);
	gate_open(gate);
	EVENTUALLY(plain_runs >= 1);
	for (int i = 0; i < 10; i++)
		EXPECT_GT(wait(NULL), 0);
	/* And once more after the last of them. */
	before = plain_runs;
	EXPECT_GT(wait(NULL) < 0 ? child_that_exits(0) : 0, 0);
	EVENTUALLY(plain_runs > before);
	EXPECT_GT(wait(NULL), 0);
}

TEST(sa_resethand_resets_after_the_first)
{
	struct sigaction old;
	pid_t pids[2];

	catch_sigchld(SA_RESETHAND);
	block(SIGCHLD);
	for (int i = 0; i < 2; i++)
		pids[i] = child_that_exits(i);
	for (int i = 0; i < 2; i++)
		expect_exit(pids[i], i);
	unblock(SIGCHLD);
	EVENTUALLY(told.n == 1);
	EXPECT_OK(sigaction(SIGCHLD, NULL, &old));
	EXPECT(old.sa_handler == SIG_DFL);
}

TEST(deaths_from_before_the_handler_are_not_told)
{
	pid_t pids[5];

	for (int i = 0; i < 5; i++) {
		pids[i] = child_that_exits(i);
		expect_exit(pids[i], i);
	}
	catch_sigchld(SA_RESTART);
	pids[0] = child_that_exits(0);
	expect_exit(pids[0], 0);
	expect_told(pids, 1);
	queue_sigchld();
	expect_none(SIGCHLD);
}

TEST(sigchld_by_kill_passes_unchanged)
{
	const union sigval value = {.sival_int = 4711};
	siginfo_t info;
	pid_t pid;

	queue_sigchld();
	EXPECT_OK(sigqueue(getpid(), SIGCHLD, value));
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_code, SI_QUEUE);
	EXPECT_EQ(info.si_pid, getpid());
	EXPECT_EQ(info.si_value.sival_int, 4711);
	EXPECT_OK(kill(getpid(), SIGCHLD));
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_code, SI_USER);
	EXPECT_EQ(info.si_pid, getpid());
	/* One that is pending does not keep deaths from being told. */
	EXPECT_OK(kill(getpid(), SIGCHLD));
	pid = child_that_exits(3);
	expect_exit(pid, 3);
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_code, SI_USER);
	info = take(SIGCHLD);
	expect_news(&info, pid, CLD_EXITED, 3);
	expect_none(SIGCHLD);
}

/* ---- Stops ---- */

TEST(stop_and_continue_are_told_by_sigchld)
{
	siginfo_t info;
	pid_t pid;

	queue_sigchld();
	pid = child_that_pauses();
	EXPECT_OK(kill(pid, SIGSTOP));
	info = take(SIGCHLD);
	expect_news(&info, pid, CLD_STOPPED, SIGSTOP);
	EXPECT_OK(kill(pid, SIGCONT));
	info = take(SIGCHLD);
	expect_news(&info, pid, CLD_CONTINUED, SIGCONT);
	EXPECT_OK(kill(pid, SIGTERM));
	info = take(SIGCHLD);
	expect_news(&info, pid, CLD_KILLED, SIGTERM);
	expect_killed(pid, SIGTERM);
	expect_none(SIGCHLD);
}

TEST(sa_nocldstop_tells_of_deaths_only)
{
	siginfo_t info;
	int status;
	pid_t pid;

	catch_sigchld(SA_NOCLDSTOP);
	block(SIGCHLD);
	pid = child_that_pauses();
	EXPECT_OK(kill(pid, SIGSTOP));
	/* wait*() tells of it all the same. */
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_OK(kill(pid, SIGCONT));
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	expect_none(SIGCHLD);
	EXPECT_OK(kill(pid, SIGKILL));
	info = take(SIGCHLD);
	expect_news(&info, pid, CLD_KILLED, SIGKILL);
	expect_killed(pid, SIGKILL);
}

/* ---- A thousand ---- */

#define THOUSAND 1000

/* Child @k ends so. */
static int end_code(int k)
{
	return k % 3 == 1 ? CLD_KILLED : CLD_EXITED;
}

static int end_status(int k)
{
	return k % 3 == 1 ? (k % 2 ? SIGTERM : SIGKILL) : k % 251;
}

static pid_t *thousand(struct gate gate)
{
	static pid_t pids[THOUSAND];

	for (int k = 0; k < THOUSAND; k++) {
		pids[k] = EXPECT_OK(fork());
		if (pids[k] == 0) {
			gate_pass(gate);
			if (end_code(k) == CLD_KILLED)
				die_by(end_status(k));
			_exit(end_status(k));
		}
	}
	return pids;
}

static void count_off(const pid_t *pids, bool *seen, pid_t pid, int code, int status, uid_t uid)
{
	for (int k = 0; k < THOUSAND; k++) {
		if (pids[k] != pid)
			continue;
		if (seen[k])
			FAIL("%d was told twice", (int)pid);
		seen[k] = true;
		EXPECT_EQ(code, end_code(k));
		EXPECT_EQ(status, end_status(k));
		EXPECT_EQ(uid, getuid());
		return;
	}
	FAIL("%d is no child of ours", (int)pid);
}

static void collect_thousand(const pid_t *pids)
{
	for (int k = 0; k < THOUSAND; k++) {
		int status;

		EXPECT_EQ(waitpid(pids[k], &status, 0), pids[k]);
		EXPECT_EQ(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			  end_status(k));
	}
	expect_no_children();
}

static void hear_by_sigwaitinfo(const pid_t *pids)
{
	static bool seen[THOUSAND];

	for (int i = 0; i < THOUSAND; i++) {
		siginfo_t info = take(SIGCHLD);

		count_off(pids, seen, info.si_pid, info.si_code, info.si_status, info.si_uid);
	}
	expect_none(SIGCHLD);
}

static void hear_by_signalfd(const pid_t *pids)
{
	static bool seen[THOUSAND];
	sigset_t set = set_of(SIGCHLD);
	struct signalfd_siginfo entries[7];
	int fd = EXPECT_OK(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));

	for (int n = 0; n < THOUSAND;) {
		ssize_t size;

		(void)harness_wait_fd(fd, POLLIN, PATIENCE_MS);
		size = read(fd, entries, sizeof(entries));
		if (size < 0 && errno == EAGAIN)
			continue;
		for (ssize_t i = 0; i < size / (ssize_t)sizeof(entries[0]); i++, n++)
			count_off(pids, seen, (pid_t)entries[i].ssi_pid, entries[i].ssi_code,
				  entries[i].ssi_status, entries[i].ssi_uid);
	}
	EXPECT_ERRNO(read(fd, entries, sizeof(entries)), EAGAIN);
	close(fd);
}

static void hear_by_handler(const pid_t *pids)
{
	static bool seen[THOUSAND];

	catch_sigchld(SA_RESTART);
	unblock(SIGCHLD);
	EVENTUALLY(told.n >= THOUSAND);
	EXPECT_EQ(told.n, THOUSAND);
	for (int i = 0; i < THOUSAND; i++)
		count_off(pids, seen, told.infos[i].si_pid, told.infos[i].si_code,
			  told.infos[i].si_status, told.infos[i].si_uid);
}

static void hear_by_plain_handler(const pid_t *pids)
{
	struct sigaction action = {.sa_handler = plain, .sa_flags = SA_RESTART};

	(void)pids;
	EXPECT_OK(sigaction(SIGCHLD, &action, NULL));
	unblock(SIGCHLD);
	EVENTUALLY(plain_runs >= 1);
}

/* The parent of them all, in a process of its own so that it can be stopped. */
__attribute__((noreturn)) static void be_parent(void (*hear)(const pid_t *pids), struct gate gate,
						int pids_to, int go_on)
{
	pid_t *pids;
	char byte;

	queue_sigchld();
	pids = thousand(gate);
	close(gate.write);
	close(gate.read);
	for (int k = 0; k < THOUSAND; k++)
		EXPECT_EQ(write(pids_to, &pids[k], sizeof(pids[k])), sizeof(pids[k]));
	/* It is stopped in here. */
	while (read(go_on, &byte, 1) < 0)
		EXPECT_EQ(errno, EINTR);
	hear(pids);
	collect_thousand(pids);
	_exit(0);
}

static void thousand_die_while_the_parent_is_stopped(void (*hear)(const pid_t *pids))
{
	static pid_t pids[THOUSAND];
	struct gate gate = gate_new(), list = gate_new(), go_on = gate_new();
	pid_t parent = EXPECT_OK(fork());
	int status;

	if (parent == 0) {
		close(go_on.write);
		be_parent(hear, gate, list.write, go_on.read);
	}
	close(list.write);
	for (size_t got = 0; got < sizeof(pids);) {
		ssize_t n = read(list.read, (char *)pids + got, sizeof(pids) - got);

		EXPECT_GT(n, 0);
		got += (size_t)n;
	}
	EXPECT_OK(kill(parent, SIGSTOP));
	EXPECT_EQ(waitpid(parent, &status, WUNTRACED), parent);
	EXPECT(WIFSTOPPED(status));
	gate_open(gate);
	for (int k = 0; k < THOUSAND; k++)
		(void)harness_wait_death(pids[k], PATIENCE_MS);
	EXPECT_EQ(state_of("/proc", parent), 'T');
	close(go_on.write);
	EXPECT_OK(kill(parent, SIGCONT));
	expect_exit(parent, 0);
	close(go_on.read);
	close(list.read);
}

TEST_WITH(sigwaitinfo_tells_a_thousand_deaths_of_a_stopped_parent, .limit = 120)
{
	thousand_die_while_the_parent_is_stopped(hear_by_sigwaitinfo);
}

TEST_WITH(signalfd_tells_a_thousand_deaths_of_a_stopped_parent, .limit = 120)
{
	thousand_die_while_the_parent_is_stopped(hear_by_signalfd);
}

TEST_WITH(handler_is_told_a_thousand_deaths_of_a_stopped_parent, .limit = 120)
{
	thousand_die_while_the_parent_is_stopped(hear_by_handler);
}

TEST_WITH(plain_handler_runs_for_a_thousand_deaths_of_a_stopped_parent, .limit = 120)
{
	thousand_die_while_the_parent_is_stopped(hear_by_plain_handler);
}

TEST(sigchld_tells_the_user_that_the_child_was_at_its_end)
{
	siginfo_t info;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("needs root, to be somebody else");
	queue_sigchld();
	pid = EXPECT_OK(fork());
	if (pid == 0)
		_exit(setresuid(65534, 65534, 65534) == 0 ? 3 : 4);
	info = take(SIGCHLD);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, 65534);
	EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	EXPECT_EQ(info.si_uid, 65534);
	EXPECT_EQ(info.si_status, 3);
}
