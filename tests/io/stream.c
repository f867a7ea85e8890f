// SPDX-License-Identifier: Apache-2.0
/* stdio and other calls of libc that have an open() somewhere inside. */
#include "harness/harness.h"
#include "io/server.h"

#include <glob.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

TEST(stdio_reads_and_writes_a_served_file)
{
	struct server s = server_start();
	FILE *f = fopen("/srv/memory", "w+");
	char line[32];

	EXPECT(f);
	EXPECT_EQ(fprintf(f, "one %d\ntwo\n", 1), 10);
	rewind(f);
	EXPECT(fgets(line, sizeof(line), f));
	EXPECT_STR(line, "one 1\n");
	EXPECT_EQ(ftell(f), 6);
	EXPECT(fgets(line, sizeof(line), f));
	EXPECT_STR(line, "two\n");
	EXPECT(!fgets(line, sizeof(line), f));
	EXPECT(feof(f));
	EXPECT_GE(fileno(f), 0);
	EXPECT_OK(fclose(f));
	EXPECT_EQ(s.seen->opens, 1);
	EXPECT_EQ(s.seen->close_ocbs, 1);
	EXPECT_ERRNO(fopen("/srv/none", "r") ? 0 : -1, ENOENT);
	EXPECT_ERRNO(fopen("/srv/memory", "z") ? 0 : -1, EINVAL);
	server_stop(&s);
}

TEST(fdopen_makes_a_stream_of_a_served_descriptor)
{
	struct server s = server_start();
	FILE *f = fdopen(EXPECT_OK(open("/srv/memory", O_RDWR)), "r+");

	EXPECT(f);
	EXPECT_EQ(fputs("hello", f), 1);
	EXPECT_OK(fseek(f, 1, SEEK_SET));
	EXPECT_EQ(dprintf(fileno(f), "h%s", ""), 1);
	EXPECT_OK(fseek(f, 1, SEEK_SET));
	EXPECT_EQ(fgetc(f), 'e');
	EXPECT_OK(fclose(f));
	server_stop(&s);
}

TEST(standard_output_goes_to_a_server)
{
	struct server s = server_start();
	char text[16] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	pid_t pid = EXPECT_OK(fork());

	if (pid == 0) {
		EXPECT_OK(dup2(fd, 1));
		printf("by printf");
		exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(pread(fd, text, sizeof(text), 0), 9);
	EXPECT_STR(text, "by printf");
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT(freopen("/srv/memory", "w", stdout));
		puts("reopened");
		exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(pread(fd, text, 9, 0), 9);
	EXPECT_STR(text, "reopened\n");
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(a_spawned_programs_standard_output_is_a_server)
{
	struct server s = server_start();
	char text[16] = "";
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR));
	struct inheritance inherit = {.flags = 0};
	int map[3] = {0, fd, 2};
	const char *argv[] = {"holder", "0", "print", NULL};
	pid_t pid = EXPECT_OK(spawn(harness_tool("holder"), 3, map, &inherit,
				    (char *const *)(uintptr_t)argv, environ));

	expect_exit(pid, 0);
	EXPECT_EQ(pread(fd, text, sizeof(text), 0), 8);
	EXPECT_STR(text, "printed\n");
	EXPECT_OK(close(fd));
	server_stop(&s);
}

TEST(realpath_and_glob_know_served_names)
{
	struct server s = server_start();
	char path[PATH_MAX];
	glob_t found;

	EXPECT(realpath("/usr/../srv/./memory", path));
	EXPECT_STR(path, "/srv/memory");
	EXPECT_ERRNO(realpath("/srv/none", path) ? 0 : -1, ENOENT);
	EXPECT(realpath("/usr/../usr", path));
	EXPECT_STR(path, "/usr");
	EXPECT_EQ(glob("/srv/folder/001*", 0, NULL, &found), 0);
	EXPECT_EQ(found.gl_pathc, 10);
	EXPECT_STR(found.gl_pathv[3], "/srv/folder/0013");
	globfree(&found);
	server_stop(&s);
}

TEST(what_the_kernel_does_with_files_is_copied_or_refused)
{
	struct server s = server_start();
	int fd = EXPECT_OK(open("/srv/memory", O_RDWR)), pipe_fds[2];
	int plain = EXPECT_OK(open("/etc/passwd", O_RDONLY));
	off_t at = 0;
	char a[16], b[16];

	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	EXPECT_EQ(errno, ENODEV);
	EXPECT_EQ(sendfile(fd, plain, &at, 16), 16);
	EXPECT_EQ(at, 16);
	EXPECT_EQ(pread(plain, a, 16, 0), 16);
	EXPECT_EQ(pread(fd, b, 16, 0), 16);
	EXPECT(memcmp(a, b, 16) == 0);
	EXPECT_OK(pipe(pipe_fds));
	EXPECT_ERRNO(splice(fd, NULL, pipe_fds[1], NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(isatty(fd) ? 0 : -1, ENOTTY);
	EXPECT_OK(close(pipe_fds[0]));
	EXPECT_OK(close(pipe_fds[1]));
	EXPECT_OK(close(plain));
	EXPECT_OK(close(fd));
	server_stop(&s);
}
