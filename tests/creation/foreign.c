// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that know nothing of us do in a node what they do outside: each is run
 * twice, and says the same. Programs of ours below valgrind and ASan work too.
 */
#include "kit.h"

#include <process.h>

/* As it is, and as the program of a node. */
static void expect_same(const char *const argv[], const char *expected)
{
	const char *node[32] = {harness_bin("kamioka"), "run", "--"};
	struct harness_result alone, inside;

	for (int i = 0; argv[i]; i++)
		node[3 + i] = argv[i];
	harness_run(argv, &alone);
	harness_run(node, &inside);
	EXPECT_STR(inside.out, alone.out);
	EXPECT_STR(inside.err, alone.err);
	EXPECT_EQ(inside.status, alone.status);
	/* And it is what this test means to be about. */
	EXPECT_STR(alone.out, expected);
	harness_result_fini(&alone);
	harness_result_fini(&inside);
}

static void expect_same_script(const char *shell, const char *script, const char *expected)
{
	kit_needs(shell);
	expect_same((const char *const[]){shell, kit_file("script", script, 0600), "word", NULL},
		    expected);
}

TEST_OUTSIDE(foreign_sh_pipelines_and_substitutions)
{
	expect_same_script("/bin/sh",
			   "echo one two | tr a-z A-Z | wc -w | tr -d ' '\n"
			   "x=$(echo a; (exit 3)); echo $x $?\n"
			   "seq 1000 | head -n 1\n"
			   "(exit 5) || echo five $?\n"
			   "! true; echo $?\n"
			   "cat <<END | cat\nhere\nEND\n"
			   "exec sh -c 'echo $0 $1; exit 17' $0 $1 >/dev/null\n",
			   "2\na 3\n1\nfive 5\n1\nhere\n");
}

TEST_OUTSIDE(foreign_sh_background_and_wait)
{
	expect_same_script("/bin/sh",
			   "(exit 3) & a=$!\n"
			   "(exit 4) & b=$!\n"
			   "wait $b; echo $?\n"
			   "wait $a; echo $?\n"
			   "wait; echo $?\n"
			   "wait $a; echo $?\n"
			   "sleep 100 & kill -TERM $!; wait $! 2>/dev/null; echo $?\n",
			   "4\n3\n0\n3\n143\n");
}

TEST_OUTSIDE(foreign_bash_traps)
{
	expect_same_script("/bin/bash",
			   "trap 'echo usr1' USR1; kill -USR1 $$\n"
			   "trap 'echo exit $?' EXIT\n"
			   "n=0; trap 'n=$((n + 1))' CHLD\n"
			   "/bin/true; /bin/true; echo told $n\n"
			   "trap 'echo err' ERR; false\n"
			   "(trap 'echo sub' TERM; kill -TERM $BASHPID)\n"
			   "exit 9\n",
			   "usr1\ntold 2\nerr\nsub\nexit 9\n");
}

TEST_OUTSIDE(foreign_bash_pipestatus_and_process_substitution)
{
	expect_same_script("/bin/bash",
			   "set -o pipefail\n"
			   "true | (exit 3) | (exit 4) | true; echo ${PIPESTATUS[*]} $?\n"
			   "cat <(echo a) <(echo b)\n"
			   "coproc cat; echo hi >&${COPROC[1]}; read x <&${COPROC[0]}; echo $x\n"
			   "eval \"exec ${COPROC[1]}>&-\"; wait; echo $?\n"
			   "(exit 6) & (exit 7) & wait -n; wait; echo done\n",
			   "0 3 4 0 4\na\nb\nhi\n0\ndone\n");
}

TEST_OUTSIDE(foreign_bash_job_control)
{
	expect_same_script("/bin/bash",
			   "set -m\n"
			   "cat </dev/zero >/dev/null & j=$!\n"
			   "test $(ps -o pgid= -p $j) = $j && echo own group\n"
			   "kill -STOP %1; wait %1 2>/dev/null; echo $((128 + 19)) $?\n"
			   "jobs | grep -o Stopped\n"
			   "bg %1 >/dev/null 2>&1; jobs | grep -o Running\n"
			   "kill -TERM -- -$j; wait %1 2>/dev/null; echo $?\n"
			   "sh -c 'exit 12' | cat; echo ${PIPESTATUS[0]}\n"
			   "jobs; echo end\n",
			   "own group\n147 147\nStopped\nRunning\n143\n12\nend\n");
}

static const char *find_python(void)
{
	struct harness_result result;
	const char *path;

	HARNESS_RUN(&result, "sh", "-c",
		    "for p in /usr/bin/python3 $(command -v python3); do "
		    "\"$p\" -c 1 2>/dev/null && printf %s \"$p\" && exit; done");
	path = strdup(result.out);
	harness_result_fini(&result);
	if (!*path)
		SKIP("no python3");
	return path;
}

static void expect_same_python(const char *program, const char *expected)
{
	expect_same((const char *const[]){find_python(), "-c", program, NULL}, expected);
}

TEST_OUTSIDE(foreign_python_subprocess)
{
	expect_same_python(
		"import subprocess as s, os, signal\n"
		"print(s.run(['sh', '-c', 'exit 3']).returncode)\n"
		"print(s.check_output(['echo', 'hello'], text=True).strip())\n"
		"p = s.Popen(['cat'], stdin=s.PIPE, stdout=s.PIPE)\n"
		"print(p.communicate(b'words')[0].decode())\n"
		"p = s.Popen(['cat'], stdin=s.PIPE)\n"
		"print(p.poll()); p.kill(); print(p.wait())\n"
		"try:\n    s.run(['/nowhere'])\n"
		"except FileNotFoundError as e: print(e.errno)\n"
		"p = s.Popen(['sh', '-c', 'exit 1'], start_new_session=True, close_fds=True)\n"
		"print(p.wait(timeout=20))\n"
		"pid = os.fork()\n"
		"if pid == 0: os._exit(9)\n"
		"print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
		"pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 8'], os.environ)\n"
		"print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
		"print(os.system('exit 7') >> 8, os.popen('echo hi').read().strip())\n",
		"3\nhello\nwords\nNone\n-9\n2\n1\n9\n8\n7 hi\n");
}

TEST_OUTSIDE(foreign_python_asyncio)
{
	expect_same_python("import asyncio as a\n"
			   "async def one(n):\n"
			   "    p = await a.create_subprocess_shell(f'echo {n}; exit {n}',\n"
			   "        stdout=a.subprocess.PIPE)\n"
			   "    out, _ = await p.communicate()\n"
			   "    return out.decode().strip(), p.returncode\n"
			   "async def main():\n"
			   "    print(await a.gather(*[one(n) for n in range(6)]))\n"
			   "a.run(main())\n",
			   "[('0', 0), ('1', 1), ('2', 2), ('3', 3), ('4', 4), ('5', 5)]\n");
}

TEST_OUTSIDE(foreign_python_multiprocessing)
{
	expect_same_python("import multiprocessing as m\n"
			   "if __name__ == '__main__':\n"
			   "    m.set_start_method('fork')\n"
			   "    with m.Pool(3) as p: print(sum(p.map(abs, range(-50, 50))))\n",
			   "2500\n");
}

TEST_OUTSIDE(foreign_make_in_parallel)
{
	kit_needs("/usr/bin/make");
	kit_file("Makefile",
		 "all: a b c d\n\t@echo all\na b c d:\n\t@sh -c 'exit 0'\n"
		 "bad:\n\t@sh -c 'exit 3'\n",
		 0600);
	expect_same((const char *const[]){"/usr/bin/make", "-s", "-j4", "-f",
					  harness_path("Makefile"), NULL},
		    "all\n");
}

/* Its orphan is the node's: found, adopted, named a child of 1, reaped when it ends. */
TEST(foreign_double_forking_daemon_is_adopted_and_reaped)
{
	struct kit_talk talk = kit_talk_open();
	struct harness_result result;
	const char *script = "(setsid sh -c 'echo $$ >&4; read x <&3; exit 3' &); exit 4";
	char wanted[64];
	int gate[2];
	pid_t shell, daemon;

	kit_pipe(gate);
	shell = EXPECT_OK(spawnp("sh", 5, (int[]){0, 1, 2, gate[0], talk.out}, NULL,
				 KIT_ARGV("sh", "-c", script), NULL));
	daemon = atoi(harness_read_line(talk.in, KIT_MS));
	EXPECT(daemon > 1);
	EXPECT_EQ(kit_exit_status(shell), 4);
	EXPECT_EQ(kill(daemon, 0), 0);
	HARNESS_RUN(&result, harness_bin("kamioka"), "list");
	snprintf(wanted, sizeof(wanted), "%7d %7d ", (int)daemon, 1);
	EXPECT_CONTAINS(result.out, wanted);
	harness_result_fini(&result);
	/* It is nobody's child here, and its death nobody's news. */
	EXPECT_ERRNO(waitpid(daemon, NULL, WNOHANG), ECHILD);
	close(gate[0]);
	close(gate[1]);
	free(kit_talk_text(&talk));
	(void)harness_wait_death(daemon, KIT_MS);
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
}

TEST(foreign_hundred_orphans_at_once_are_reaped)
{
	const char *script = "for i in 1 2 3 4 5 6 7 8 9 10; do for j in 1 2 3 4 5 6 7 8 9 10; do "
			     "(sh -c 'echo up; read x' <&3 >&4 &); done; done";
	struct kit_talk talk = kit_talk_open();
	int gate[2];
	pid_t shell;

	kit_pipe(gate);
	shell = EXPECT_OK(spawnp("sh", 5, (int[]){0, 1, 2, gate[0], talk.out}, NULL,
				 KIT_ARGV("sh", "-c", script), NULL));
	EXPECT_EQ(kit_exit_status(shell), 0);
	for (int i = 0; i < 100; i++)
		EXPECT_STR(harness_read_line(talk.in, KIT_MS), "up");
	/* All end now. The runner sees if one is left. */
	close(gate[0]);
	close(gate[1]);
	EXPECT_STR(kit_talk_text(&talk), "");
	kit_expect_no_children();
}

static void expect_ok_of_valgrind(struct harness_result *result)
{
	if (strstr(result->err, "corrupted debuginfo"))
		SKIP("this valgrind cannot read what this compiler writes for debuggers");
	if (result->status != 0)
		FAIL("status %d, said: %s%s", result->status, result->out, result->err);
	EXPECT_STR(result->out, "ok\n");
	harness_result_fini(result);
}

TEST_WITH(foreign_valgrind_runs_programs_of_ours, .outside = true, .limit = 120)
{
	struct harness_result result;

	kit_needs("/usr/bin/valgrind");
	if (getenv("KAMCC_CC"))
		SKIP("valgrind and a sanitizer do not go together");
	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "--", "/usr/bin/valgrind", "-q",
		    "--error-exitcode=99", harness_tool("kin"), "family");
	expect_ok_of_valgrind(&result);
}

TEST_WITH(foreign_valgrind_runs_programs_in_a_private_node, .outside = true, .limit = 120)
{
	struct harness_result result;

	kit_needs("/usr/bin/valgrind");
	if (getenv("KAMCC_CC"))
		SKIP("valgrind and a sanitizer do not go together");
	HARNESS_RUN(&result, "/usr/bin/valgrind", "-q", "--error-exitcode=99", harness_tool("kin"),
		    "family");
	expect_ok_of_valgrind(&result);
}

/* A program that is sanitized itself, with our library as it is. */
TEST_WITH(foreign_asan_runs_programs_of_ours, .outside = true, .limit = 120)
{
	struct harness_result result;
	const char *program = harness_path("sanitized");

	HARNESS_RUN(&result, harness_bin("kamcc"), "-g", "-fsanitize=address", "-o", program,
		    harness_source("tests/creation/kin.c"));
	if (result.status != 0)
		SKIP("no address sanitizer: %s", result.err);
	harness_result_fini(&result);
	HARNESS_RUN(&result, harness_bin("kamioka"), "run", "--", program, "family");
	if (result.status != 0)
		FAIL("status %d, said: %s%s", result.status, result.out, result.err);
	EXPECT_STR(result.out, "ok\n");
	harness_result_fini(&result);
	HARNESS_RUN(&result, program, "family");
	EXPECT_STR(result.out, "ok\n");
	EXPECT_EQ(result.status, 0);
	harness_result_fini(&result);
}
