// SPDX-License-Identifier: Apache-2.0
/*
 * A table for a test, and what its last transition wanted done. For files
 * x_test.c only: each has one of its own.
 */
#pragma once

#include <string.h>

#include "core/core.h"

#define UNUSED __attribute__((unused))

static struct {
	struct core c;
	struct pt_effect fx[1024];
	uint32_t n_fx;
	pid_t next_pid;
	_Alignas(64) uint8_t mem[1 << 19];
} t;

/* The effects of the transition so far are done; they stay to be looked at. */
static UNUSED void act(void)
{
	const struct pt_effect *e;

	t.n_fx = 0;
	while ((e = core_effect(&t.c)) != NULL) {
		t.fx[t.n_fx++] = *e;
		core_applied(&t.c);
	}
}

static UNUSED uint32_t count_fx(uint32_t kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t.n_fx; i++)
		n += t.fx[i].kind == kind;
	return n;
}

/* The n-th of that kind, from 0; of those that are missing all fields are 0. */
static UNUSED const struct pt_effect *get_fx(uint32_t kind, uint32_t n)
{
	static const struct pt_effect none;

	for (uint32_t i = 0; i < t.n_fx; i++)
		if (t.fx[i].kind == kind && n-- == 0)
			return &t.fx[i];
	return &none;
}

static UNUSED void start_with(uint32_t procs, uint32_t keep_root, uint32_t rules)
{
	struct core_limits l = {
		.procs = procs,
		.keep_root = keep_root,
		.waiters = 16,
		.subs = 16,
		.notices = 16,
		.abilities = 300,
		.options = rules,
		.paths = 16,
		.texts = 150,
	};

	memset(&t, 0, sizeof(t));
	t.next_pid = 100;
	core_init(&t.c, t.mem, &l);
}

/* For cmocka: a fresh table for each test. */
static UNUSED int start(void **state)
{
	(void)state;
	start_with(32, 2, 0);
	return 0;
}

static UNUSED struct core_birth birth_of(const struct pt_proc *parent, uint32_t flags)
{
	struct core_birth b = {
		.pid = t.next_pid++,
		.parent = parent ? parent->self : 0,
		.flags = flags,
		.uid = 1000,
		.euid = 1000,
		.gid = 1000,
		.egid = 1000,
		.sid = 50,
	};

	b.pgrp = parent ? parent->pgrp : b.pid;
	return b;
}

/* A process that is linked: it has a page. NULL: no room. */
static UNUSED struct pt_proc *born(struct pt_proc *parent, uint32_t flags)
{
	struct core_birth b = birth_of(parent, flags);
	uint32_t index;
	enum core_result r = core_birth(&t.c, &b, false, &index);

	act();
	if (r != CORE_OK)
		return NULL;
	core_set_page(&t.c, core_get(&t.c, index), index, 0);
	return core_get(&t.c, index);
}

static UNUSED void dies(struct pt_proc *p, int status)
{
	struct core_death d = {.code = CHILD_EXITED, .status = status};

	core_exit(&t.c, p, &d);
	act();
}

static UNUSED enum core_result waits(struct pt_proc *p, uint32_t idtype, int32_t id,
				     uint32_t options, uint32_t cell)
{
	struct core_wait k = {
		.cell = cell,
		.seq = 1000 + cell,
		.idtype = idtype,
		.id = id,
		.options = options,
	};
	enum core_result r = core_wait(&t.c, p, &k);

	act();
	return r;
}

/* Tell all that is owed to @p; the effects are those of the last one. */
static UNUSED uint32_t tell_all(struct pt_proc *p, int32_t *ret_pids)
{
	uint32_t n = 0;

	while (core_has_untold(p)) {
		core_tell(&t.c, p);
		act();
		ret_pids[n++] = t.fx[0].pid;
	}
	return n;
}
