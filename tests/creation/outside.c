// SPDX-License-Identifier: Apache-2.0
/*
 * Linked programs that a foreign program starts: in a node, where their kernel parent is
 * none of the node's, and outside of any, where they make a private node.
 */
#include "kit.h"

#include <process.h>

static void expect_output(struct harness_result *result, const char *out)
{
	if (result->status != 0)
		FAIL("status %d, said: %s%s", result->status, result->out, result->err);
	EXPECT_STR(result->out, out);
	EXPECT_STR(result->err, "");
	harness_result_fini(result);
}

/* A script with "$kin" in it, by this shell. */
static void run_script(struct harness_result *result, const char *shell, const char *script)
{
	setenv("kin", harness_tool("kin"), 1);
	HARNESS_RUN(result, shell, "-c", script);
}

TEST(orphan_route_child_of_a_shell_makes_children_of_all_kinds)
{
	struct harness_result result;

	run_script(&result, "sh", "\"$kin\" family; echo $?");
	expect_output(&result, "ok\n0\n");
}

TEST(orphan_route_child_of_a_spawned_shell)
{
	struct kit_talk talk = kit_talk_open();
	pid_t pid;

	setenv("kin", harness_tool("kin"), 1);
	pid = EXPECT_OK(spawnp("sh", 2, (int[]){0, talk.out}, NULL,
			       KIT_ARGV("sh", "-c", "\"$kin\" family; \"$kin\" family; exit 7"),
			       NULL));
	EXPECT_STR(kit_talk_text(&talk), "ok\nok");
	EXPECT_EQ(kit_exit_status(pid), 7);
}

/* The shell hears of the one child it has made, in spite of all that this one makes. */
TEST(orphan_route_does_not_disturb_the_shells_jobs)
{
	struct harness_result result;

	kit_needs("/bin/bash");
	run_script(&result, "/bin/bash",
		   "set -m\n"
		   "n=0; trap 'n=$((n + 1))' CHLD\n"
		   "\"$kin\" family >&2 2>/dev/null & wait $!; echo status $?\n"
		   "trap - CHLD; echo told $n; jobs; wait; echo none left\n");
	EXPECT_EQ(result.status, 0);
	EXPECT_CONTAINS(result.out, "status 0\ntold 1\n");
	EXPECT_CONTAINS(result.out, "none left\n");
	harness_result_fini(&result);
}

TEST(orphan_route_in_a_pipeline)
{
	struct harness_result result;

	run_script(&result, "sh", "\"$kin\" family | tr a-z A-Z | cat; \"$kin\" family | wc -l");
	expect_output(&result, "OK\n1\n");
}

TEST(orphan_route_parent_is_the_shell)
{
	struct harness_result result;

	run_script(&result, "sh", "test $(\"$kin\" ppid) = $$ && echo right; true");
	EXPECT_CONTAINS(result.out, "right");
	harness_result_fini(&result);
}

/* ---- Outside of any node ---- */

TEST_OUTSIDE(private_node_children_of_all_kinds)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_tool("kin"), "family");
	expect_output(&result, "ok\n");
}

TEST_OUTSIDE(private_node_below_a_shell)
{
	struct harness_result result;

	run_script(&result, "sh", "\"$kin\" family; \"$kin\" births; echo $?");
	expect_output(&result, "ok\nborn\nborn\n0\n0\n");
}

TEST_OUTSIDE(private_node_of_a_program_with_closed_descriptors)
{
	struct harness_result result;

	run_script(&result, "sh", "\"$kin\" births 0<&- 2>&-");
	expect_output(&result, "born\nborn\n0\n");
}

/* A child that lives on when its maker has ended; then its node ends, which the runner sees. */
TEST_OUTSIDE(private_node_children_outlive_it)
{
	struct harness_command command;

	harness_start((const char *const[]){harness_tool("kin"), "leave", NULL}, &command);
	EXPECT_EQ(strncmp(harness_read_line(command.out, KIT_MS), "child ", 6), 0);
	EXPECT(harness_wait_death(command.pid, KIT_MS));
	EXPECT_EQ(write(command.in, "x\n", 2), 2);
	EXPECT_STR(harness_read_line(command.out, KIT_MS), "bye");
	EXPECT_EQ(harness_finish(&command), 0);
}

/* While it is up it is a node like others; afterwards there is none. */
TEST_OUTSIDE(private_node_is_listed_while_it_is_up)
{
	struct harness_command command;
	struct harness_result result;
	char *text;

	harness_start((const char *const[]){harness_tool("kin"), "leave", NULL}, &command);
	(void)harness_read_line(command.out, KIT_MS);
	HARNESS_RUN(&result, harness_bin("kamioka"), "list", "--nodes");
	EXPECT_EQ(result.status, 0);
	EXPECT(strlen(result.out) > 0);
	harness_result_fini(&result);
	HARNESS_RUN(&result, harness_bin("kamioka"), "list");
	EXPECT_CONTAINS(result.out, " sh");
	harness_result_fini(&result);
	close(command.in);
	command.in = -1;
	text = harness_read_all(command.out, KIT_MS);
	EXPECT_STR(text, "bye\n");
	free(text);
	EXPECT_EQ(harness_finish(&command), 0);
}

/* Two programs at once have two nodes. */
TEST_OUTSIDE(private_nodes_do_not_know_each_other)
{
	struct harness_result result;

	run_script(&result, "sh", "for i in 1 2 3 4; do \"$kin\" family & done; wait; echo done");
	expect_output(&result, "ok\nok\nok\nok\ndone\n");
}

TEST_OUTSIDE(private_node_is_inherited_by_children)
{
	struct harness_result result;

	run_script(&result, "sh", "\"$kin\" run \"$kin\" family");
	expect_output(&result, "ok\n");
}

/* The program was there before its node: its PATH is another one from then on. */
TEST_OUTSIDE(own_names_are_first_in_a_private_nodes_path)
{
	struct harness_result result;

	/* The call that makes the node searches the new one already. */
	HARNESS_RUN(&result, harness_tool("kin"), "run", "waitfor", "/");
	expect_output(&result, "");
	HARNESS_RUN(&result, harness_tool("kin"), "run", "sh", "-c",
		    "echo \"${PATH%%:*}\"; command -v waitfor");
	EXPECT_EQ(result.status, 0);
	EXPECT_CONTAINS(result.out, "/libexec/kamioka\n");
	EXPECT_CONTAINS(result.out, "/libexec/kamioka/waitfor\n");
	harness_result_fini(&result);
	/* Once, though each of them is told of the node. */
	HARNESS_RUN(&result, harness_tool("kin"), "run", harness_tool("kin"), "run", "sh", "-c",
		    "echo \"${PATH#*/libexec/kamioka:}\"");
	EXPECT_EQ(result.status, 0);
	EXPECT(!strstr(result.out, "/libexec/kamioka"));
	harness_result_fini(&result);
}

/* ---- All that other tests say of a child holds on these ways, too. ---- */

/* What these are about is an option of the node, or the kernel's word to who clones. */
static const char *const not_here[] = {
	"spawn_into_a_full_table_is_eagain",
	"spawn_failures_use_up_no_place_of_a_small_table",
	"spawn_failed_a_thousand_times_leaves_nothing",
	"spawn_bad_addresses_are_efault",
	"spawn_beyond_the_users_limit_is_eagain",
	"fork_in_a_process_with_threads_where_allowed",
	"fork_a_thousand_times",
	"setpgid_of_a_child_in_another_session_than_the_nodes_is_eperm",
	"tcsetpgrp_gives_the_terminal_to_a_child",
};

static bool is_for_here(const char *name)
{
	for (size_t i = 0; i < sizeof(not_here) / sizeof(not_here[0]); i++)
		if (strcmp(not_here[i], name) == 0)
			return false;
	return true;
}

/* One test of another program, in this process's surroundings; below a shell if @shell. */
static void expect_pass(const char *program, const char *name, bool shell)
{
	struct harness_result result;
	const char *dir = harness_path(name), *old = strdup(getenv("TMPDIR"));

	EXPECT_OK(mkdir(dir, 0700));
	EXPECT_OK(setenv("TMPDIR", dir, 1));
	if (shell)
		HARNESS_RUN(&result, "sh", "-c", "\"$0\" --inside $1; exit $?", program, name);
	else
		HARNESS_RUN(&result, program, "--inside", name);
	if (result.status != 0 && result.status != 77)
		FAIL("%s: status %d: %s%s", name, result.status, result.out, result.err);
	harness_result_fini(&result);
	EXPECT_OK(setenv("TMPDIR", old, 1));
}

static void expect_all_pass(const char *name, bool shell)
{
	const char *program = harness_tool(name);
	struct harness_result list;
	char *rest = NULL;
	int n = 0;

	HARNESS_RUN(&list, program, "--list");
	for (char *line = strtok_r(list.out, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, " ")] = '\0';
		if (is_for_here(line)) {
			expect_pass(program, line, shell);
			n++;
		}
	}
	EXPECT(n > 0);
	harness_result_fini(&list);
}

TEST_WITH(private_node_spawn_as_in_a_node, .outside = true, .limit = 120)
{
	expect_all_pass("creation_spawn_modes", false);
	expect_all_pass("creation_spawn_errors", false);
	expect_all_pass("creation_fd_map", false);
}

TEST_WITH(private_node_inheritance_as_in_a_node, .outside = true, .limit = 120)
{
	expect_all_pass("creation_inheritance", false);
	expect_all_pass("creation_posix_spawn", false);
}

TEST_WITH(private_node_fork_and_exec_as_in_a_node, .outside = true, .limit = 120)
{
	expect_all_pass("creation_fork", false);
	expect_all_pass("creation_exec", false);
	expect_all_pass("creation_popen", false);
	expect_all_pass("creation_kinship", false);
}

TEST_WITH(orphan_route_spawn_as_in_a_node, .limit = 120)
{
	expect_all_pass("creation_spawn_modes", true);
	expect_all_pass("creation_spawn_errors", true);
	expect_all_pass("creation_fd_map", true);
}

TEST_WITH(orphan_route_inheritance_as_in_a_node, .limit = 120)
{
	expect_all_pass("creation_inheritance", true);
	expect_all_pass("creation_posix_spawn", true);
}

TEST_WITH(orphan_route_fork_and_exec_as_in_a_node, .limit = 120)
{
	expect_all_pass("creation_fork", true);
	expect_all_pass("creation_exec", true);
	expect_all_pass("creation_popen", true);
	expect_all_pass("creation_kinship", true);
}

static void expect_refusal(struct harness_result *result)
{
	EXPECT_EQ(result->status, 0);
	EXPECT_STR(result->out, "ENOSYS\nENOSYS\nENOSYS\n");
	/* One line, not one for each call. */
	EXPECT(strlen(result->err) > 0);
	EXPECT(strchr(result->err, '\n') == result->err + strlen(result->err) - 1);
	harness_result_fini(result);
}

TEST_OUTSIDE(node_none_outside_is_enosys_and_one_line)
{
	struct harness_result result;

	EXPECT_OK(setenv("KAMIOKA_NODE", "none", 1));
	HARNESS_RUN(&result, harness_tool("kin"), "births");
	expect_refusal(&result);
}

TEST(node_none_inside_is_enosys_and_one_line)
{
	struct harness_result result;

	EXPECT_OK(setenv("KAMIOKA_NODE", "none", 1));
	HARNESS_RUN(&result, harness_tool("kin"), "births");
	expect_refusal(&result);
}

/* A node that has gone is no reason to make another one behind the user's back. */
TEST_OUTSIDE(node_that_is_gone_is_an_error)
{
	struct harness_result result;

	EXPECT_OK(setenv("KAMIOKA_NODE", harness_path("kamioka/gone"), 1));
	HARNESS_RUN(&result, harness_tool("kin"), "births");
	EXPECT(!strstr(result.out, "born"));
	harness_result_fini(&result);
}
