// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/dumper: who serves it, who is before whom there, and what comes to them. The programs
 * are compiled by kamcc as they stand. Those of QNX's documentation are not ours to keep: where
 * KAMIOKA_SEEDS names a folder of documents that have them, they are cut out and tried, too.
 */
#include "harness/harness.h"
#include "io/server.h"

#include <glob.h>
#include <pty.h>

/* One who was there before: keeps what it is told. */
static struct dumped {
	volatile int n;
	char text[64];
} * dumped;

static int dumper_write(resmgr_context_t *ctp, io_write_t *msg, RESMGR_OCB_T *ocb)
{
	size_t n = _IO_WRITE_GET_NBYTES(msg);
	int status = iofunc_write_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if (n >= sizeof(dumped->text) ||
	    resmgr_msgread(ctp, dumped->text, n, sizeof(msg->i)) != (ssize_t)n)
		return EINVAL;
	dumped->text[n] = 0;
	dumped->n++;
	_IO_SET_WRITE_NBYTES(ctp, n);
	return EOK;
}

static void dumper_run(int ready)
{
	static resmgr_connect_funcs_t connects;
	static resmgr_io_funcs_t ios;
	static iofunc_attr_t attr;
	dispatch_t *dpp = dispatch_create();

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connects, _RESMGR_IO_NFUNCS, &ios);
	ios.write = dumper_write;
	iofunc_attr_init(&attr, S_IFNAM | 0600, NULL, NULL);
	if (resmgr_attach(dpp, NULL, "/proc/dumper", _FTYPE_DUMPER, 0, &connects, &ios, &attr) < 0)
		_exit(7);
	server_loop(dpp, ready);
}

static pid_t dumper_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	dumped = mmap(NULL, sizeof(*dumped), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	EXPECT(dumped != MAP_FAILED);
	EXPECT_OK(pipe(ready));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		close(ready[0]);
		dumper_run(ready[1]);
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static const char *compile(const char *source, const char *to)
{
	struct harness_result result;

	HARNESS_RUN(&result, harness_bin("kamcc"), "-w", "-o", harness_path(to), source);
	if (result.status != 0)
		FAIL("kamcc %s: %s", source, result.err);
	harness_result_fini(&result);
	return harness_path(to);
}

/* On a terminal, so that it says each line at once. Returns once it serves its name. */
static pid_t start(const char *program, int *ret_terminal)
{
	pid_t pid;
	int id = listen_by(SIGRTMIN, PROCMGR_EVENT_PATHSPACE);

	pid = EXPECT_OK(forkpty(ret_terminal, NULL, NULL, NULL));
	if (pid == 0) {
		execl(program, "dumphandler", NULL);
		_exit(9);
	}
	(void)take(SIGRTMIN);
	EXPECT_OK(procmgr_event_notify_delete(id));
	return pid;
}

/* What a program writes to /proc/dumper comes to the first, who passes it on to the next. */
static void expect_told(const char *program, const char *says)
{
	const pid_t before = dumper_start();
	char text[16], line[64];
	int terminal, fd;
	const pid_t handler = start(program, &terminal);
	ssize_t n;

	snprintf(text, sizeof(text), "%d", getpid());
	snprintf(line, sizeof(line), "%s %d", says, getpid());
	fd = EXPECT_OK(open("/proc/dumper", O_WRONLY));
	n = write(fd, text, strlen(text));
	/* What the handler wants to know of the process is not there without /proc/PID/ctl. */
	if (n == -1)
		EXPECT_EQ(errno, ENOENT);
	else
		EXPECT_EQ(n, strlen(text));
	EXPECT_OK(close(fd));
	EXPECT_CONTAINS(harness_read_line(terminal, PATIENCE_MS), line);
	EXPECT_EQ(dumped->n, 1);
	EXPECT_STR(dumped->text, text);
	end_child(handler);
	EXPECT_OK(close(terminal));
	/* It is the one before's alone again. */
	fd = EXPECT_OK(open("/proc/dumper", O_WRONLY));
	EXPECT_EQ(write(fd, "1", 1), 1);
	EXPECT_OK(close(fd));
	EXPECT_EQ(dumped->n, 2);
	end_child(before);
	EXPECT_OK(munmap(dumped, sizeof(*dumped)));
}

TEST(a_dump_handler_is_told_before_the_dumper)
{
	expect_told(compile(harness_source("tests/io/data/dumphandler.c"), "dumphandler"),
		    "dump of");
}

/* The program in @document, from the comment at its head to the end of its last function. */
static bool cut(const char *document, const char *to)
{
	static char text[1 << 20];
	char *from, *end;
	size_t n;
	FILE *f = fopen(document, "r");

	EXPECT(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	from = strstr(text, "/*\n *  dumphandler.c\n");
	end = from ? strstr(from, "    _IO_SET_WRITE_NBYTES(") : NULL;
	end = end ? strstr(end, "\n}\n") : NULL;
	if (!end)
		return false;
	f = fopen(to, "w");
	EXPECT(f);
	n = (size_t)(end + 3 - from);
	EXPECT_EQ(fwrite(from, 1, n, f), n);
	EXPECT_EQ(fclose(f), 0);
	return true;
}

TEST(documented_dump_handlers_compile_unchanged_and_are_told)
{
	const char *folder = getenv("KAMIOKA_SEEDS");
	char pattern[256];
	int n = 0;
	glob_t found;

	if (!folder)
		SKIP("no KAMIOKA_SEEDS");
	snprintf(pattern, sizeof(pattern), "%s/*.txt", folder);
	EXPECT_EQ(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!cut(found.gl_pathv[i], harness_path("documented.c")))
			continue;
		expect_told(compile(harness_path("documented.c"), "documented"),
			    "dumphandler: process");
		n++;
	}
	globfree(&found);
	EXPECT_GE(n, 1);
}
