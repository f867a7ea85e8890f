// SPDX-License-Identifier: Apache-2.0
/* Who serves which path, in which order, and until when. */
#include "core/pathspace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/fixture.h"

enum {
	FILE_NAME = 0,
	DIR = PATH_FLAG_DIR,
	BEFORE = PATH_FLAG_BEFORE,
	AFTER = PATH_FLAG_AFTER,
	OPAQUE = PATH_FLAG_OPAQUE,
	SELF = PATH_FLAG_SELF,
	EXCLUSIVE = PATH_FLAG_EXCLUSIVE,
	FTYPEONLY = PATH_FLAG_FTYPEONLY,
	FTYPEALL = PATH_FLAG_FTYPEALL,
	STICKY = PATH_FLAG_STICKY,
};

static int32_t last_id;

static enum core_result attach_as(struct pt_proc *p, const char *path, uint32_t flags, int32_t chid,
				  int32_t ftype)
{
	struct core_path a = {
		.path = path, .chid = chid, .handle = 7, .ftype = ftype, .flags = flags};
	enum core_result r = core_path_attach(&t.c, p, &a, NULL, &last_id);

	act();
	return r;
}

static int32_t attaches(struct pt_proc *p, const char *path, uint32_t flags, int32_t chid)
{
	assert_int_equal(attach_as(p, path, flags, chid, FILE_TYPE_ANY), CORE_OK);
	return last_id;
}

/* By whoever lives. */
static struct pt_proc *somebody(void)
{
	for (uint32_t i = 1; i <= t.c.head->procs_touched; i++)
		if (core_is_alive(&t.c.procs[i]))
			return &t.c.procs[i];
	return born(NULL, 0);
}

static enum core_result links(const char *path, const char *target)
{
	return core_path_link(&t.c, somebody(), path, target, NULL);
}

static enum core_result unlinks(struct pt_proc *p, const char *path, bool may_any)
{
	bool more;

	return core_path_unlink(&t.c, p, path, may_any, NULL, &more);
}

/* The channels that are found, in their order: "3 1"; what is known in the end behind them. */
static const char *found_by(const struct pt_proc *p, const char *path, int32_t ftype)
{
	static char text[256];
	static struct core_find f;
	const struct pt_path *e;
	enum core_result r;
	size_t at = 0;

	memset(&f, 0xff, sizeof(f));
	snprintf(f.path, sizeof(f.path), "%s", path);
	f.ftype = ftype;
	f.proc = p ? p->self : 0;
	r = core_path_find(&t.c, &f);
	if (r != CORE_OK)
		return r == CORE_LOOP     ? "loop" :
		       r == CORE_TOO_LONG ? "too long" :
		       r == CORE_INVALID  ? "invalid" :
					    "?";
	text[0] = 0;
	while ((e = core_path_next(&t.c, &f)) != NULL)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d", at ? " " : "",
				       e->chid);
	snprintf(text + at, sizeof(text) - at, "%s%s%s%s", f.is_opaque ? " opaque" : "",
		 f.is_in_file ? " in-file" : "", f.is_linked ? " -> " : "",
		 f.is_linked ? f.path : "");
	return text;
}

static const char *found(const char *path)
{
	return found_by(NULL, path, FILE_TYPE_ANY);
}

static void file_is_found_by_its_path_only(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	attaches(p, "/a/b", FILE_NAME, 1);
	assert_string_equal(found("/a/b"), "1");
	assert_string_equal(found("/a"), "");
	assert_string_equal(found("/a/bc"), "");
	assert_string_equal(found("/a/b/c"), " in-file");
	assert_string_equal(found("/"), "");
}

static void directory_is_found_by_whole_components(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	attaches(p, "/a/b", DIR, 1);
	assert_string_equal(found("/a/b"), "1");
	assert_string_equal(found("/a/b/c/d"), "1");
	assert_string_equal(found("/a/bc"), "");
	assert_string_equal(found("/a"), "");
	attaches(p, "/", DIR, 2);
	assert_string_equal(found("/a/b/c"), "1 2");
	assert_string_equal(found("/"), "2");
	assert_string_equal(found("/a/bc"), "2");
}

static void longest_prefix_comes_first_whenever_it_was_attached(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	attaches(p, "/a/b", DIR, 2);
	attaches(p, "/a", DIR, 1);
	attaches(p, "/a/b/c", DIR | AFTER, 3);
	attaches(p, "/a", DIR | BEFORE, 4);
	assert_string_equal(found("/a/b/c/d"), "3 2 4 1");
}

static void before_plain_after_and_the_newest_first_in_each(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	static const uint32_t flags[] = {FILE_NAME, AFTER, BEFORE, FILE_NAME, BEFORE, AFTER};

	(void)state;
	for (int32_t i = 0; i < 6; i++)
		attaches(p, "/a", flags[i], i + 1);
	assert_string_equal(found("/a"), "5 3 4 1 6 2");
}

static void opaque_hides_shorter_prefixes_only(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	attaches(p, "/", DIR, 1);
	attaches(p, "/a", DIR, 2);
	attaches(p, "/a/b", DIR, 3);
	attaches(p, "/a", DIR | OPAQUE, 4);
	attaches(p, "/a", DIR | AFTER, 5);
	assert_string_equal(found("/a/b/c"), "3 4 2 5 opaque");
	assert_string_equal(found("/b"), "1");
}

static void own_names_are_left_out_unless_self(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	attaches(p, "/a", DIR | OPAQUE, 1);
	attaches(q, "/", DIR, 2);
	assert_string_equal(found_by(q, "/a/x", FILE_TYPE_ANY), "1 opaque");
	/* What is left out hides nothing. */
	assert_string_equal(found_by(p, "/a/x", FILE_TYPE_ANY), "2");
	attaches(p, "/a", DIR | SELF, 3);
	assert_string_equal(found_by(p, "/a/x", FILE_TYPE_ANY), "3 2");
}

static void types_find_what_they_may(void **state)
{
	enum { MQUEUE = 6, SEM = 8 };
	static const struct {
		int32_t asked, type;
		uint32_t flags;
		bool is_found;
	} rows[] = {
		{FILE_TYPE_ANY, FILE_TYPE_ANY, 0, true},
		{FILE_TYPE_ANY, MQUEUE, 0, true},
		{FILE_TYPE_ANY, FILE_TYPE_NAME, 0, true},
		{FILE_TYPE_ALL, MQUEUE, 0, true},
		{MQUEUE, FILE_TYPE_ANY, 0, true},
		{MQUEUE, MQUEUE, 0, true},
		{MQUEUE, SEM, 0, false},
		{MQUEUE, FILE_TYPE_ALL, 0, true},
		{MQUEUE, FILE_TYPE_ALL, FTYPEALL, true},
		{FILE_TYPE_NAME, FILE_TYPE_ANY, 0, false},
		{FILE_TYPE_NAME, FILE_TYPE_NAME, 0, true},
		{FILE_TYPE_NAME, FILE_TYPE_ALL, FTYPEALL, true},
		{FILE_TYPE_MOUNT, FILE_TYPE_ANY, 0, false},
		{FILE_TYPE_MOUNT, FILE_TYPE_MOUNT, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pt_proc *p;

		start_with(16, 0, 0);
		p = born(NULL, 0);
		assert_int_equal(attach_as(p, "/a", rows[i].flags, 1, rows[i].type), CORE_OK);
		assert_string_equal(found_by(NULL, "/a", rows[i].asked),
				    rows[i].is_found ? "1" : "");
	}
}

static void ftypeonly_serves_its_type_everywhere(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	assert_int_equal(attach_as(p, "/a", FTYPEONLY, 1, FILE_TYPE_MOUNT), CORE_INVALID);
	assert_int_equal(attach_as(p, "/", FTYPEONLY, 1, FILE_TYPE_MOUNT), CORE_OK);
	assert_string_equal(found_by(NULL, "/a/b", FILE_TYPE_MOUNT), "1");
	assert_string_equal(found_by(NULL, "/a/b", FILE_TYPE_ANY), "");
	/* It is no file above directories. */
	attaches(p, "/a", DIR, 2);
}

static void files_and_directories_do_not_cross(void **state)
{
	static const struct {
		const char *first;
		uint32_t first_flags;
		const char *second;
		uint32_t second_flags;
		enum core_result result;
	} rows[] = {
		{"/a/b", DIR, "/a", DIR, CORE_OK},
		{"/a/b", DIR, "/a/b/c", DIR, CORE_OK},
		{"/a/b", FILE_NAME, "/a", DIR, CORE_OK},
		{"/a/b", FILE_NAME, "/a/b/c", DIR, CORE_NOT_DIR},
		{"/a/b", DIR, "/a", FILE_NAME, CORE_NOT_DIR},
		{"/a/b", DIR, "/", FILE_NAME, CORE_NOT_DIR},
		{"/", FILE_NAME, "/a", DIR, CORE_NOT_DIR},
		{"/a/b", DIR, "/a/b/c", FILE_NAME, CORE_OK},
		{"/a/b", FILE_NAME, "/a", FILE_NAME, CORE_OK},
		{"/a/b", FILE_NAME, "/a/b/c", FILE_NAME, CORE_OK},
		{"/a/b", FILE_NAME, "/a/b", DIR, CORE_OK},
		{"/a/b", DIR, "/a/b", FILE_NAME, CORE_OK},
		{"/a/b", FILE_NAME, "/a/bc", DIR, CORE_OK},
		{"/a/bc", DIR, "/a/b", FILE_NAME, CORE_OK},
		{"/a/b", EXCLUSIVE, "/a/b", FILE_NAME, CORE_EXISTS},
		{"/a/b", FILE_NAME, "/a/b", EXCLUSIVE, CORE_EXISTS},
		{"/a/b", EXCLUSIVE | DIR, "/a/b/c", DIR, CORE_OK},
		{"/a/b", FILE_NAME, "/a/b", FILE_NAME, CORE_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_with(16, 0, 0);
		attaches(born(NULL, 0), rows[i].first, rows[i].first_flags, 1);
		assert_int_equal(attach_as(born(NULL, 0), rows[i].second, rows[i].second_flags, 2,
					   FILE_TYPE_ANY),
				 rows[i].result);
	}
}

static void name_has_one_owner_until_that_dies(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	assert_int_equal(attach_as(p, "/dev/name/local/x", 0, 1, FILE_TYPE_NAME), CORE_OK);
	assert_int_equal(attach_as(q, "/dev/name/local/x", 0, 2, FILE_TYPE_NAME), CORE_EXISTS);
	assert_int_equal(attach_as(q, "/dev/name/local/xy", 0, 3, FILE_TYPE_NAME), CORE_OK);
	dies(p, 0);
	/* At once, and not when its event is told. */
	assert_true(core_has_left(&t.c));
	assert_string_equal(found("/dev/name/local/x"), "");
	assert_int_equal(attach_as(q, "/dev/name/local/x", 0, 2, FILE_TYPE_NAME), CORE_OK);
	assert_string_equal(found("/dev/name/local/x"), "2");
}

static void names_go_with_the_program_that_executes_another(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);

	(void)state;
	attaches(p, "/a", DIR | STICKY, 1);
	attaches(q, "/a", DIR, 2);
	core_exec(&t.c, p, 1000, 1000);
	act();
	assert_string_equal(found("/a"), "2");
	/* A child serves nothing of its parent's. */
	dies(born(q, FLAG_FORKED), 0);
	assert_string_equal(found("/a"), "2");
}

static void only_the_owner_detaches_by_its_id(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);
	int32_t a = attaches(p, "/a", 0, 1), b = attaches(p, "/a", 0, 2);

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(core_path_detach(&t.c, q, a, NULL), CORE_INVALID);
	assert_int_equal(core_path_detach(&t.c, p, a + 100, NULL), CORE_INVALID);
	assert_int_equal(core_path_detach(&t.c, p, a, NULL), CORE_OK);
	assert_string_equal(found("/a"), "2");
	assert_int_equal(core_path_detach(&t.c, p, a, NULL), CORE_INVALID);
	assert_int_equal(core_path_detach(&t.c, p, b, NULL), CORE_OK);
	assert_int_equal(p->paths, 0);
}

static void unlink_takes_all_that_its_process_serves_there(void **state)
{
	struct pt_proc *p = born(NULL, 0), *q = born(NULL, 0);
	struct core_call call = {.cell = 4, .seq = 44};
	bool more;

	(void)state;
	for (int32_t i = 1; i <= 3; i++)
		attaches(p, "/a", 0, i);
	attaches(q, "/a", 0, 9);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(core_path_unlink(&t.c, p, "/a", true, &call, &more), CORE_OK);
		act();
		/* The last is the answer. */
		assert_int_equal(more, i < 2);
		assert_int_equal(count_fx(FX_DONE), i == 2);
	}
	assert_string_equal(found("/a"), "9");
	assert_int_equal(core_path_unlink(&t.c, p, "/a", true, &call, &more), CORE_NO_PATH);
	assert_false(more);
}

/* A manager that is asked again for what a dead one has done would do it twice. */
static void answer_belongs_to_the_transition(void **state)
{
	struct pt_proc *p = born(NULL, 0), *watcher = born(NULL, 0);
	struct core_path a = {.path = "/a", .chid = 3, .flags = EXCLUSIVE};
	struct core_call call = {.cell = 4, .seq = 44};
	struct event e = {.notify = 0};
	int32_t id, sub;

	(void)state;
	core_subscribe(&t.c, watcher, ON_PATHSPACE, &e, true, &sub);
	assert_int_equal(core_path_attach(&t.c, p, &a, &call, &id), CORE_OK);
	act();
	assert_int_equal(t.n_fx, 2);
	assert_int_equal(t.fx[1].kind, FX_DONE);
	assert_int_equal(t.fx[1].cell, 4);
	assert_int_equal(t.fx[1].seq, 44);
	assert_int_equal(t.fx[1].code, id);
	assert_int_equal(t.fx[1].page, p->page);
	/* A refusal is not: it can be said again. */
	assert_int_equal(core_path_attach(&t.c, p, &a, &call, &id), CORE_EXISTS);
	assert_null(core_effect(&t.c));
	assert_int_equal(core_path_detach(&t.c, p, id, &call), CORE_OK);
	act();
	assert_int_equal(t.fx[1].kind, FX_DONE);
	assert_int_equal(t.fx[1].code, 0);
	assert_int_equal(core_path_link(&t.c, p, "/l", "/m", &call), CORE_OK);
	act();
	assert_int_equal(t.fx[1].kind, FX_DONE);
}

static void link_leads_to_another_path(void **state)
{
	struct pt_proc *p = born(NULL, 0), *other = born(NULL, 0);

	(void)state;
	attaches(p, "/dev/shmem", DIR, 1);
	assert_int_equal(links("/mytmp", "/dev/shmem"), CORE_OK);
	assert_int_equal(links("/mytmp", "/dev/shmem"), CORE_EXISTS);
	assert_string_equal(found("/mytmp"), "1 -> /dev/shmem");
	assert_string_equal(found("/mytmp/a/b"), "1 -> /dev/shmem/a/b");
	assert_string_equal(found("/mytmpx"), "");
	/* It may lead to where nobody is; and from one link to the next. */
	assert_int_equal(links("/x/y", "/mytmp/q"), CORE_OK);
	assert_string_equal(found("/x/y/z"), "1 -> /dev/shmem/q/z");
	assert_int_equal(links("/all", "/"), CORE_OK);
	assert_string_equal(found("/all"), " -> /");
	assert_string_equal(found("/all/tmp/f"), " -> /tmp/f");
	/* Death of who made it does not matter; others may not remove it. */
	dies(p, 0);
	assert_string_equal(found("/mytmp/a"), " -> /dev/shmem/a");
	other->euid = 6;
	assert_int_equal(unlinks(other, "/mytmp", false), CORE_FORBIDDEN);
	assert_int_equal(unlinks(other, "/mytmp/a", true), CORE_NO_PATH);
	assert_int_equal(unlinks(other, "/mytmp", true), CORE_OK);
	assert_int_equal(unlinks(other, "/mytmp", true), CORE_NO_PATH);
	assert_int_equal(unlinks(born(NULL, 0), "/all", false), CORE_OK);
	assert_string_equal(found("/mytmp/a"), "");
}

static void link_and_names_are_met_in_one_order(void **state)
{
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	attaches(p, "/a", DIR, 1);
	links("/a", "/b");
	assert_string_equal(found("/a/x"), " -> /b/x");
	attaches(p, "/a", DIR, 2);
	assert_string_equal(found("/a/x"), "2 1");
	attaches(p, "/a/x/y", DIR, 3);
	assert_string_equal(found("/a/x/y/z"), "3 2 1");
}

static void circle_of_links_is_an_end(void **state)
{
	(void)state;
	links("/a", "/b");
	links("/b", "/a");
	links("/c", "/c/c/c/c/c/c/c/c/c/c/c/c/c/c/c/c/c/c");
	assert_string_equal(found("/a/x"), "loop");
	assert_string_equal(found("/c/x"), "loop");
}

static void path_that_grows_too_long_is_an_end(void **state)
{
	char path[PATH_BYTES + 2], target[3000];

	(void)state;
	memset(path, 'x', sizeof(path));
	memset(target, 'y', sizeof(target));
	path[0] = target[0] = '/';
	path[2] = '/';
	path[2000] = target[2500] = 0;
	assert_int_equal(links("/x", target), CORE_OK);
	assert_string_equal(found(path), "too long");
	assert_int_equal(unlinks(somebody(), "/x", false), CORE_OK);
	/* As long as a path can be, over many pieces. */
	path[2000] = 'x';
	path[PATH_BYTES - 1] = 0;
	attaches(born(NULL, 0), path, 0, 1);
	assert_string_equal(found(path), "1");
	path[PATH_BYTES - 2] = 'y';
	assert_string_equal(found(path), "");
	path[PATH_BYTES - 1] = 'z';
	path[PATH_BYTES] = 0;
	assert_int_equal(attach_as(core_get(&t.c, 1), path, 0, 1, 0), CORE_TOO_LONG);
}

static void what_is_no_plain_path_is_refused(void **state)
{
	static const char *const bad[] = {"",      "a",     "//",     "/a/",     "/a//b", "/.",
					  "/a/..", "/../a", "/a/./b", "/a/../b", "./a"};
	struct pt_proc *p = born(NULL, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(attach_as(p, bad[i], 0, 1, 0), CORE_INVALID);
		assert_string_equal(found(bad[i]), "invalid");
		assert_int_equal(links(bad[i], "/a"), CORE_INVALID);
		assert_int_equal(links("/a", bad[i]), CORE_INVALID);
		assert_int_equal(unlinks(p, bad[i], true), CORE_INVALID);
	}
	assert_int_equal(links("/", "/a"), CORE_INVALID);
	assert_int_equal(attach_as(p, "/a", BEFORE | AFTER, 1, 0), CORE_INVALID);
	assert_int_equal(attach_as(p, "/a", PATH_FLAG_LINK, 1, 0), CORE_INVALID);
	assert_int_equal(attach_as(p, "/a", 1u << 31, 1, 0), CORE_INVALID);
	assert_int_equal(attach_as(p, "/a", 0, 0, 0), CORE_INVALID);
	/* Dots in a name are its own. */
	attaches(p, "/..a/.b/c..", 0, 1);
	assert_int_equal(t.c.head->n_paths, 1);
}

static uint32_t hash(const char *path)
{
	uint32_t h = 0;

	for (; *path; path++) {
		h = (h << 4) + (uint8_t)*path;
		h = (h ^ (h & 0xf0000000) >> 24) & 0x0fffffff;
	}
	return h | 0x80000000;
}

static void each_change_is_an_event_with_the_hash_of_the_path(void **state)
{
	static const char path[] = "/dev/a_name_that_is_long_enough";
	struct pt_proc *p = born(NULL, 0), *watcher = born(NULL, 0);
	struct event e = {.notify = EVENT_FLAG_UPDATEABLE};
	uint32_t generation = t.c.head->path_generation;
	int32_t id;

	(void)state;
	core_subscribe(&t.c, watcher, ON_PATHSPACE, &e, true, &id);
	id = attaches(p, path, 0, 1);
	assert_int_equal(count_fx(FX_EVENT), 1);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, hash(path));
	core_path_detach(&t.c, p, id, NULL);
	act();
	assert_int_equal(count_fx(FX_EVENT), 1);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, hash(path));
	links("/x", "/y");
	act();
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, hash("/x"));
	attaches(p, "/", DIR, 1);
	assert_int_equal(get_fx(FX_EVENT, 0)->event.value, hash("/"));
	assert_int_equal(t.c.head->path_generation, generation + 4);
	attaches(p, path, 0, 1);
	dies(p, 0);
	assert_int_equal(count_fx(FX_EVENT), 0);
	assert_int_equal(t.c.head->path_generation, generation + 7);
	for (int i = 0; i < 2; i++) {
		assert_true(core_has_left(&t.c));
		core_path_left(&t.c);
		act();
		assert_int_equal(count_fx(FX_EVENT), 1);
		assert_int_equal(get_fx(FX_EVENT, 0)->event.value, i ? hash(path) : hash("/"));
	}
	assert_false(core_has_left(&t.c));
	assert_int_equal(t.c.head->n_paths, 1);
}

static void full_is_refused_and_what_was_given_back_is_there_again(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	char path[PATH_BYTES];
	int32_t ids[16];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 16; i++)
			ids[i] = attaches(p, "/a", 0, 1);
		assert_int_equal(attach_as(p, "/b", 0, 1, 0), CORE_FULL);
		assert_int_equal(links("/b", "/c"), CORE_FULL);
		for (int i = 0; i < 16; i++)
			assert_int_equal(core_path_detach(&t.c, p, ids[i * 7 % 16], NULL), CORE_OK);
	}
	/* 150 pieces: four of 35, a fifth does not fit. */
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[PATH_BYTES - 1] = 0;
	for (int i = 0; i < 4; i++)
		ids[i] = attaches(p, path, 0, 1);
	assert_int_equal(attach_as(p, path, 0, 1, 0), CORE_FULL);
	attaches(p, "/a", 0, 1);
	assert_int_equal(core_path_detach(&t.c, p, ids[2], NULL), CORE_OK);
	attaches(p, path, 0, 1);
}

static uint8_t *copy_of_table(void)
{
	uint8_t *copy = malloc(sizeof(t.mem));

	assert_non_null(copy);
	memcpy(copy, t.mem, sizeof(t.mem));
	return copy;
}

static void assert_unchanged(uint8_t *copy)
{
	size_t from = offsetof(struct pt_head, capacity);
	size_t end = (size_t)((uint8_t *)t.c.effects - t.mem);

	assert_memory_equal(copy + from, t.mem + from, end - from);
	free(copy);
}

static void allocation_that_fails_changes_nothing(void **state)
{
	struct pt_proc *p = born(NULL, 0);
	char path[300];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[299] = 0;
	attaches(p, "/a", 0, 1);
	for (uint32_t n = 1; n <= 4; n++) {
		uint8_t *copy = copy_of_table();

		t.c.fail_at = n;
		assert_int_equal(attach_as(p, path, 0, 1, 0), CORE_FULL);
		assert_int_equal(t.c.fail_at, 0);
		assert_unchanged(copy);
	}
	for (uint32_t n = 1; n <= 4; n++) {
		uint8_t *copy = copy_of_table();

		t.c.fail_at = n;
		assert_int_equal(links("/l", path), CORE_FULL);
		assert_int_equal(t.c.fail_at, 0);
		assert_unchanged(copy);
	}
	t.c.fail_at = 5;
	assert_int_equal(attach_as(p, path, 0, 1, 0), CORE_OK);
	assert_int_equal(t.c.fail_at, 1);
	t.c.fail_at = 0;
}

/* What the next manager finds if the last one was killed just before the commit. */
static void cut(uint8_t *copy)
{
	t.c.head->state = JOURNAL_OPEN;
	assert_int_equal(core_open(&t.c, t.mem, sizeof(t.mem)), 0);
	assert_unchanged(copy);
}

static void every_transition_is_undone_whole(void **state)
{
	struct pt_proc *p = born(NULL, 0), *watcher = born(NULL, 0);
	struct event e = {.notify = 0};
	struct core_death d = {.code = CHILD_EXITED};
	struct core_path a = {.chid = 3, .flags = DIR};
	char path[300];
	uint8_t *copy;
	int32_t id, ids[3];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[299] = 0;
	core_subscribe(&t.c, watcher, ON_PATHSPACE, &e, true, &id);
	for (int i = 0; i < 3; i++)
		ids[i] = attaches(i == 1 ? watcher : p, i ? "/a" : path, 0, 1);
	copy = copy_of_table();
	a.path = path;
	assert_int_equal(core_path_attach(&t.c, p, &a, NULL, &id), CORE_OK);
	cut(copy);
	copy = copy_of_table();
	assert_int_equal(core_path_detach(&t.c, p, ids[0], NULL), CORE_OK);
	cut(copy);
	copy = copy_of_table();
	assert_int_equal(links("/l", path), CORE_OK);
	cut(copy);
	copy = copy_of_table();
	core_exit(&t.c, p, &d);
	cut(copy);
	core_exit(&t.c, p, &d);
	act();
	while (core_has_left(&t.c)) {
		copy = copy_of_table();
		core_path_left(&t.c);
		cut(copy);
		core_path_left(&t.c);
		act();
		assert_int_equal(count_fx(FX_EVENT), 1);
	}
	assert_string_equal(found("/a"), "1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(file_is_found_by_its_path_only, start),
		cmocka_unit_test_setup(directory_is_found_by_whole_components, start),
		cmocka_unit_test_setup(longest_prefix_comes_first_whenever_it_was_attached, start),
		cmocka_unit_test_setup(before_plain_after_and_the_newest_first_in_each, start),
		cmocka_unit_test_setup(opaque_hides_shorter_prefixes_only, start),
		cmocka_unit_test_setup(own_names_are_left_out_unless_self, start),
		cmocka_unit_test(types_find_what_they_may),
		cmocka_unit_test_setup(ftypeonly_serves_its_type_everywhere, start),
		cmocka_unit_test(files_and_directories_do_not_cross),
		cmocka_unit_test_setup(name_has_one_owner_until_that_dies, start),
		cmocka_unit_test_setup(names_go_with_the_program_that_executes_another, start),
		cmocka_unit_test_setup(only_the_owner_detaches_by_its_id, start),
		cmocka_unit_test_setup(unlink_takes_all_that_its_process_serves_there, start),
		cmocka_unit_test_setup(answer_belongs_to_the_transition, start),
		cmocka_unit_test_setup(link_leads_to_another_path, start),
		cmocka_unit_test_setup(link_and_names_are_met_in_one_order, start),
		cmocka_unit_test_setup(circle_of_links_is_an_end, start),
		cmocka_unit_test_setup(path_that_grows_too_long_is_an_end, start),
		cmocka_unit_test_setup(what_is_no_plain_path_is_refused, start),
		cmocka_unit_test_setup(each_change_is_an_event_with_the_hash_of_the_path, start),
		cmocka_unit_test_setup(full_is_refused_and_what_was_given_back_is_there_again,
				       start),
		cmocka_unit_test_setup(allocation_that_fails_changes_nothing, start),
		cmocka_unit_test_setup(every_transition_is_undone_whole, start),
	};

	return cmocka_run_group_tests_name("pathspace", tests, NULL, NULL);
}
