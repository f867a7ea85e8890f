// SPDX-License-Identifier: Apache-2.0
/* Bytes in many pieces: what is copied, cut and refused. */
#include "message/vec.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/util.h"
#include "host/linux/guarded.h"

#define BYTES 12
#define PARTS 5

/* The same bytes, cut in several ways; empty pieces are pieces. */
static const size_t cuts[][PARTS] = {
	{12},    {12, 0, 0, 0, 0}, {0, 0, 0, 0, 12}, {1, 11},
	{11, 1}, {3, 3, 3, 3},     {0, 5, 0, 7, 0},  {1, 1, 1, 1, 8},
};

static void cut(const size_t *sizes, char *bytes, struct iovec parts[PARTS], struct vec *v)
{
	for (size_t i = 0; i < PARTS; i++) {
		parts[i].iov_base = bytes;
		parts[i].iov_len = sizes[i];
		bytes += sizes[i];
	}
	assert_int_equal(vec_of_parts(v, parts, PARTS), 0);
	assert_int_equal(v->size, BYTES);
}

/* How many of @len bytes there are from @offset on. */
static size_t there(size_t offset, size_t len)
{
	return offset >= BYTES ? 0 : MIN(len, BYTES - offset);
}

static void gather_takes_what_is_there(void **state)
{
	char bytes[BYTES + 1] = "abcdefghijkl";
	struct iovec parts[PARTS];
	struct vec v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		cut(cuts[i], bytes, parts, &v);
		for (size_t offset = 0; offset <= BYTES + 2; offset++)
			for (size_t len = 0; len <= BYTES + 2; len++) {
				char to[BYTES + 3];
				size_t n = there(offset, len);

				memset(to, '.', sizeof(to));
				assert_int_equal(vec_gather(&v, offset, to, len), n);
				assert_memory_equal(to, bytes + MIN(offset, (size_t)BYTES), n);
				assert_int_equal(to[n], '.');
			}
	}
}

static void scatter_touches_nothing_else(void **state)
{
	static const char from[BYTES + 3] = "ABCDEFGHIJKLMN";
	struct iovec parts[PARTS];
	struct vec v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++)
		for (size_t offset = 0; offset <= BYTES + 2; offset++)
			for (size_t len = 0; len <= BYTES + 2; len++) {
				char bytes[BYTES + 1] = "abcdefghijkl";
				char wanted[BYTES + 1] = "abcdefghijkl";
				size_t n = there(offset, len);

				cut(cuts[i], bytes, parts, &v);
				memcpy(wanted + MIN(offset, (size_t)BYTES), from, n);
				assert_int_equal(vec_scatter(&v, offset, from, len), n);
				assert_memory_equal(bytes, wanted, sizeof(wanted));
			}
}

static void check_slice(const struct vec *v, const char *bytes, size_t offset, size_t len,
			size_t max)
{
	struct iovec slice[PARTS];
	size_t got, n = vec_slice(v, offset, len, slice, max, &got);
	size_t sum = 0;

	assert_true(n <= max);
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(slice[i].iov_len, 0);
		assert_ptr_equal(slice[i].iov_base,
				 i ? (char *)slice[i - 1].iov_base + slice[i - 1].iov_len :
				     (const char *)bytes + offset);
		sum += slice[i].iov_len;
	}
	assert_int_equal(sum, got);
	/* Only too little room for parts cuts it shorter. */
	if (n < max)
		assert_int_equal(got, there(offset, len));
	else
		assert_true(got <= there(offset, len));
}

static void slice_is_the_same_bytes(void **state)
{
	char bytes[BYTES + 1] = "abcdefghijkl";
	struct iovec parts[PARTS];
	struct vec v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		cut(cuts[i], bytes, parts, &v);
		for (size_t offset = 0; offset <= BYTES + 2; offset++)
			for (size_t len = 0; len <= BYTES + 2; len++)
				for (size_t max = 0; max <= PARTS; max++)
					check_slice(&v, bytes, offset, len, max);
	}
}

static void one_piece_needs_no_parts(void **state)
{
	char bytes[BYTES + 1] = "abcdefghijkl";
	char to[BYTES];
	struct vec v;

	(void)state;
	vec_of(&v, bytes, BYTES);
	assert_int_equal(v.n, 1);
	assert_int_equal(vec_gather(&v, 4, to, 3), 3);
	assert_memory_equal(to, "efg", 3);
	vec_of(&v, NULL, 0);
	assert_int_equal(vec_gather(&v, 0, to, sizeof(to)), 0);
}

static void no_parts_are_no_bytes(void **state)
{
	char to[1];
	size_t len;
	struct iovec slice[1];
	struct vec v;

	(void)state;
	assert_int_equal(vec_of_parts(&v, NULL, 0), 0);
	assert_int_equal(v.size, 0);
	assert_int_equal(vec_gather(&v, 0, to, 1), 0);
	assert_int_equal(vec_slice(&v, 0, 1, slice, 1, &len), 0);
	assert_int_equal(len, 0);
}

static void sum_beyond_ssize_max_is_refused(void **state)
{
	struct iovec parts[] = {{NULL, SSIZE_MAX}, {NULL, 1}, {NULL, SIZE_MAX}};
	struct vec v;

	(void)state;
	assert_int_equal(vec_of_parts(&v, parts, 1), 0);
	assert_int_equal(v.size, SSIZE_MAX);
	assert_int_equal(vec_of_parts(&v, parts, 2), -EOVERFLOW);
	assert_int_equal(vec_of_parts(&v, parts + 1, 2), -EOVERFLOW);
	assert_int_equal(vec_of_parts(&v, parts + 2, 1), -EOVERFLOW);
}

/* As fault.c has it in the library; cmocka has put its own in its place. */
static void on_fault(int signo, siginfo_t *info, void *ucontext)
{
	(void)info;
	if (!guarded_resume(ucontext))
		(void)signal(signo, SIG_DFL);
}

static void bad_addresses_are_efault(void **state)
{
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char bytes[4] = "abc";
	struct iovec parts[] = {{bytes, 4}, {page, 4}};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	char to[8] = {0};
	struct vec v;

	(void)state;
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(vec_of_parts(&v, (struct iovec *)(void *)page, 1), -EFAULT);
	assert_int_equal(vec_of_parts(&v, parts, 2), 0);
	assert_int_equal(vec_gather(&v, 0, to, 8), -EFAULT);
	assert_int_equal(vec_scatter(&v, 2, to, 6), -EFAULT);
	/* What is not touched may be bad. */
	assert_int_equal(vec_gather(&v, 0, to, 4), 4);
	assert_int_equal(munmap(page, 4096), 0);
}

/* Each length that is moved in a way of its own, up to the very end of what may be touched. */
static void every_length_is_moved_and_nothing_else(void **state)
{
	char *from = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	char to[702];

	(void)state;
	assert_ptr_not_equal(from, MAP_FAILED);
	assert_int_equal(mprotect(from + 4096, 4096, PROT_NONE), 0);
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	for (size_t i = 0; i < 4096; i++)
		from[i] = (char)(i * 37 + i / 251 + 1);
	for (size_t len = 0; len <= 700; len++) {
		const char *end = from + 4096;

		memset(to, '.', sizeof(to));
		assert_int_equal(guarded_copy(to + 1, end - len, len), 0);
		assert_memory_equal(to + 1, end - len, len);
		assert_int_equal(to[0], '.');
		assert_int_equal(to[len + 1], '.');
		if (len > 0)
			assert_int_equal(guarded_copy(to, end - len + 1, len), -EFAULT);
	}
	assert_int_equal(munmap(from, 8192), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gather_takes_what_is_there),
		cmocka_unit_test(scatter_touches_nothing_else),
		cmocka_unit_test(slice_is_the_same_bytes),
		cmocka_unit_test(one_piece_needs_no_parts),
		cmocka_unit_test(no_parts_are_no_bytes),
		cmocka_unit_test(sum_beyond_ssize_max_is_refused),
		cmocka_unit_test(bad_addresses_are_efault),
		cmocka_unit_test(every_length_is_moved_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
