// SPDX-License-Identifier: Apache-2.0
/* Nodes by name: who is meant, names that are taken, what a killed node leaves, and the places
 * and limits without which there is no node. */
#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE 20000

static const char *kamioka(void)
{
	return harness_bin("kamioka");
}

/* Boots a node whose program says its pid; answers that. */
static pid_t boot(const char *name)
{
	struct harness_command c;
	pid_t pid;

	harness_start((const char *const[]){kamioka(), "boot", "-n", name, "--", "sh", "-c",
					    "echo $$; exec sleep 1000", NULL},
		      &c);
	pid = atoi(harness_read_line(c.out, PATIENCE));
	EXPECT_GT(pid, 0);
	EXPECT_EQ(harness_finish(&c), 0);
	return pid;
}

static void shut_down(const char *name)
{
	struct harness_result r;

	HARNESS_RUN(&r, kamioka(), "shutdown", "-n", name, "--grace", "1000");
	EXPECT_STR(r.err, "");
	EXPECT_EQ(r.status, 0);
	harness_result_fini(&r);
}

/* The pid that the node's lock names. */
static pid_t anchor_of(const char *name)
{
	char path[4096], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/kamioka/%s/lock", getenv("XDG_RUNTIME_DIR"), name);
	fd = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_OK(read(fd, text, sizeof(text) - 1));
	EXPECT_OK(close(fd));
	return atoi(text);
}

static void send_signal(pid_t pid, int signo)
{
	EXPECT_OK(syscall(SYS_kill, pid, signo));
}

/* @command as the shell's, with "$0" as the command. */
static void expect_shell(const char *command, int status, const char *out, const char *err_part)
{
	struct harness_result r;

	HARNESS_RUN(&r, "sh", "-c", command, kamioka());
	if (r.status != status)
		FAIL("%s: status %d, not %d; %s", command, r.status, status, r.err);
	if (out)
		EXPECT_STR(r.out, out);
	if (err_part)
		EXPECT_CONTAINS(r.err, err_part);
	else
		EXPECT_STR(r.err, "");
	harness_result_fini(&r);
}

TEST_OUTSIDE(a_taken_name_is_refused)
{
	boot("one");
	expect_shell("\"$0\" boot -n one -- true", 125, "", "up already");
	expect_shell("\"$0\" run -n one -- true", 125, "", "up already");
	expect_shell("\"$0\" list --nodes", 0, "one\n", NULL);
	shut_down("one");
	expect_shell("\"$0\" list --nodes", 0, "", NULL);
	expect_shell("\"$0\" run -n one -- true", 0, "", NULL);
}

TEST_OUTSIDE(a_killed_node_leaves_its_name)
{
	pid_t program = boot("one");
	pid_t anchor = anchor_of("one");

	send_signal(anchor, SIGKILL);
	harness_wait_death(anchor, PATIENCE);
	expect_shell("\"$0\" list --nodes", 0, "", NULL);
	expect_shell("\"$0\" list -n one", 2, "", "not up");
	expect_shell("\"$0\" exec -n one true", 2, "", "not up");
	boot("one");
	expect_shell("\"$0\" list --nodes", 0, "one\n", NULL);
	shut_down("one");
	/* It lives on, out of any node. */
	send_signal(program, SIGKILL);
	harness_wait_death(program, PATIENCE);
}

TEST_OUTSIDE(many_want_one_name_and_one_gets_it)
{
	expect_shell("for i in 1 2 3 4 5 6 7 8; do \"$0\" boot -n one -- sleep 1000 >/dev/null "
		     "2>&1 && echo won & done; wait",
		     0, "won\n", NULL);
	shut_down("one");
}

TEST_OUTSIDE(run_without_a_name_gets_a_fresh_one)
{
	expect_shell("\"$0\" run sh -c '\"$0\" run \"$0\" list --nodes | wc -l' \"$0\"", 0, "2\n",
		     NULL);
}

TEST_OUTSIDE(boot_without_a_name_is_default)
{
	expect_shell("\"$0\" boot true; \"$0\" list --nodes; \"$0\" shutdown", 0, "default\n",
		     NULL);
}

TEST_OUTSIDE(a_node_is_picked_by_rule)
{
	expect_shell("\"$0\" info", 2, "", "no node is up");
	expect_shell("\"$0\" exec true", 2, "", "no node is up");
	expect_shell("\"$0\" shutdown", 2, "", "no node is up");
	boot("one");
	expect_shell("\"$0\" exec sh -c 'basename $KAMIOKA_NODE'", 0, "one\n", NULL);
	boot("two");
	expect_shell("\"$0\" exec true", 2, "", "several nodes are up (one, two)");
	boot("default");
	expect_shell("\"$0\" exec sh -c 'basename $KAMIOKA_NODE'", 0, "default\n", NULL);
	expect_shell("\"$0\" exec -n two sh -c 'basename $KAMIOKA_NODE'", 0, "two\n", NULL);
	expect_shell("KAMIOKA_NODE=one \"$0\" exec sh -c 'basename $KAMIOKA_NODE'", 0, "one\n",
		     NULL);
	expect_shell("KAMIOKA_NODE=gone \"$0\" exec true", 2, "", "not up");
	expect_shell("\"$0\" exec -n $XDG_RUNTIME_DIR/kamioka/two sh -c 'basename $KAMIOKA_NODE'",
		     0, "two\n", NULL);
	shut_down("one");
	shut_down("two");
	shut_down("default");
}

TEST_OUTSIDE(exec_ends_with_the_status_of_its_program)
{
	EXPECT_OK(setenv("PATH", "/usr/bin:/bin", 1));
	boot("one");
	expect_shell("\"$0\" exec true", 0, "", NULL);
	expect_shell("\"$0\" exec sh -c 'exit 9'", 9, "", NULL);
	expect_shell("\"$0\" exec sh -c 'kill -9 $$'", 128 + SIGKILL, "", NULL);
	expect_shell("\"$0\" exec no-such-program", 127, "", "cannot run");
	expect_shell("\"$0\" exec /etc/passwd", 126, "", "cannot run");
	shut_down("one");
}

/* What PROGRAM leaves stays in the node, and ends with it. */
TEST_OUTSIDE(exec_leaves_children_in_the_node)
{
	struct harness_result r;
	pid_t left;

	boot("one");
	HARNESS_RUN(&r, kamioka(), "exec", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!");
	EXPECT_EQ(r.status, 0);
	left = atoi(r.out);
	harness_result_fini(&r);
	send_signal(left, 0);
	shut_down("one");
	(void)harness_wait_death(left, PATIENCE);
}

TEST_OUTSIDE(shutdown_kills_what_does_not_end)
{
	boot("one");
	expect_shell("\"$0\" exec sh -c 'trap \"\" TERM; sleep 1000 >/dev/null 2>&1 &'", 0, "",
		     NULL);
	expect_shell("\"$0\" shutdown --grace 0", 0, "", NULL);
	expect_shell("\"$0\" list --nodes", 0, "", NULL);
}

TEST_OUTSIDE(term_to_the_anchor_is_a_shutdown)
{
	pid_t anchor;

	boot("one");
	anchor = anchor_of("one");
	send_signal(anchor, SIGTERM);
	harness_wait_death(anchor, PATIENCE);
	expect_shell("\"$0\" list --nodes; ls $XDG_RUNTIME_DIR/kamioka", 0, "", NULL);
}

TEST_OUTSIDE(a_booted_node_outlives_its_program)
{
	expect_shell("\"$0\" boot sh -c 'exit 3'; \"$0\" exec echo here; \"$0\" shutdown", 0,
		     "here\n", NULL);
}

TEST_OUTSIDE(boot_that_fails_leaves_no_node)
{
	EXPECT_OK(setenv("PATH", "/usr/bin:/bin", 1));
	expect_shell("\"$0\" boot no-such-program", 127, "", "cannot run");
	expect_shell("\"$0\" boot /etc/passwd", 126, "", "cannot run");
	expect_shell("ls $XDG_RUNTIME_DIR/kamioka", 0, "", NULL);
}

TEST_OUTSIDE(a_killed_manager_is_replaced)
{
	boot("one");
	for (int i = 0; i < 20; i++)
		expect_shell("kill -9 $(\"$0\" info | sed -n 's/^manager  *//p')", 0, "", NULL);
	expect_shell("\"$0\" info | sed -n 's/^managers  *//p'", 0, "21\n", NULL);
	expect_shell("\"$0\" exec sh -c 'exit 8'", 8, "", NULL);
	shut_down("one");
}

TEST_OUTSIDE(a_private_node_ends_with_what_is_in_it)
{
	struct harness_command c;
	pid_t program, anchor;
	const char *dir;

	harness_start(
		(const char *const[]){"sh", "-c",
				      "sleep 1000 >/dev/null 2>&1 & echo $!; "
				      "exec \"$0\" private --pid $! --ready-fd 3 3>&1 >/dev/null",
				      kamioka(), NULL},
		&c);
	program = atoi(harness_read_line(c.out, PATIENCE));
	dir = strdup(harness_read_line(c.out, PATIENCE));
	EXPECT_CONTAINS(dir, "/private-");
	EXPECT_EQ(harness_finish(&c), 0);
	anchor = anchor_of(strrchr(dir, '/') + 1);
	send_signal(program, SIGTERM);
	harness_wait_death(anchor, PATIENCE);
	EXPECT_ERRNO(access(dir, F_OK), ENOENT);
}

/* ---- What a node needs. ---- */

TEST_OUTSIDE(a_missing_runtime_directory_is_said)
{
	expect_shell("XDG_RUNTIME_DIR=/no/such/place \"$0\" run true", 125, "",
		     "runtime directory /no/such/place");
	expect_shell("XDG_RUNTIME_DIR=/no/such/place \"$0\" list", 2, "", "no node is up");
}

TEST_OUTSIDE(a_runtime_directory_that_cannot_be_written_is_said)
{
	expect_shell("touch $XDG_RUNTIME_DIR/kamioka; \"$0\" run true; s=$?; "
		     "rm $XDG_RUNTIME_DIR/kamioka; exit $s",
		     125, "", "not a directory");
	expect_shell("mkdir $XDG_RUNTIME_DIR/kamioka; chmod 777 $XDG_RUNTIME_DIR/kamioka; "
		     "\"$0\" run true; s=$?; rmdir $XDG_RUNTIME_DIR/kamioka; exit $s",
		     125, "", "lets others in");
	if (geteuid() != 0)
		expect_shell("mkdir $TMPDIR/ro; chmod 500 $TMPDIR/ro; "
			     "XDG_RUNTIME_DIR=$TMPDIR/ro \"$0\" run true",
			     125, "", "Permission denied");
}

TEST_OUTSIDE(without_a_runtime_directory_the_temporary_one_is_taken)
{
	if (geteuid() == 0)
		SKIP("root has /run");
	expect_shell("unset XDG_RUNTIME_DIR; \"$0\" run sh -c 'echo $KAMIOKA_NODE' | "
		     "sed \"s,^$TMPDIR/kamioka-$(id -u)/run-.*,right,\"; "
		     "stat -c %a $TMPDIR/kamioka-$(id -u)",
		     0, "right\n700\n", NULL);
	/* What others can make there must not be trusted. */
	expect_shell("unset XDG_RUNTIME_DIR; d=$TMPDIR/kamioka-$(id -u); rmdir $d; "
		     "mkdir $TMPDIR/x; ln -s $TMPDIR/x $d; \"$0\" run true",
		     125, "", "not a directory");
}

TEST_OUTSIDE(a_full_disk_is_said)
{
	struct harness_result r;
	int status;

	HARNESS_RUN(&r, "sh", "-c", "unshare -rm mount -t tmpfs none /tmp");
	status = r.status;
	harness_result_fini(&r);
	if (status != 0)
		SKIP("no mount namespaces here");
	/* The base has room, the node has not; then its lock has not. */
	expect_shell(
		"XDG_RUNTIME_DIR=$TMPDIR/full; mkdir $XDG_RUNTIME_DIR; "
		"export XDG_RUNTIME_DIR; unshare -rm sh -c 'mount -t tmpfs -o nr_inodes=2 none "
		"$XDG_RUNTIME_DIR && exec \"$0\" run true' \"$0\"",
		125, "", "No space left");
	expect_shell("export XDG_RUNTIME_DIR=$TMPDIR/full; "
		     "unshare -rm sh -c 'mount -t tmpfs -o nr_inodes=3 none $XDG_RUNTIME_DIR && "
		     "{ \"$0\" run true; s=$?; ls $XDG_RUNTIME_DIR/kamioka; exit $s; }' \"$0\"",
		     125, "", "No space left");
}

TEST_OUTSIDE(too_few_descriptors_are_said)
{
	expect_shell("ulimit -n 20; exec \"$0\" run true", 125, "", "too few descriptors");
}

TEST_OUTSIDE(a_path_may_be_longer_than_a_socket_address)
{
	expect_shell("d=$TMPDIR/$(printf %0100d 0)/$(printf %0100d 0); mkdir -p $d; chmod 700 $d; "
		     "XDG_RUNTIME_DIR=$d \"$0\" run sh -c '\"$0\" exec echo here' \"$0\"",
		     0, "here\n", NULL);
}
