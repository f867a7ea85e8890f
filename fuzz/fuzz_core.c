// SPDX-License-Identifier: Apache-2.0
/*
 * The rules under any stream of events: the first byte says how large the table
 * is, each four after it are a move (kind, process, other, form), made if it is
 * possible. Every move is judged as the exploration judges it: nothing lost or
 * told twice, nobody blocked for nothing, undone to the byte, whole when an
 * allocation fails.
 */
#include "core/explore/world.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Too large for a stack. */
static struct world world;

static void judge(const char *fault, const struct move *m)
{
	if (!fault)
		return;
	fprintf(stderr, "%s, after %s: %u -> %u, %u\n", fault, moves_name(m->kind), m->proc,
		m->other, m->form);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct core_limits limits = {
		.keep_root = 2,
		.waiters = 6,
		.subs = WORLD_SUBS,
		.abilities = WORLD_ABILITIES,
		.paths = WORLD_PATHS,
		.texts = WORLD_PATHS,
	};

	if (size < 1)
		return 0;
	limits.procs = 3 + data[0] % (WORLD_PROCS - 2);
	world_init(&world, &limits);
	for (size_t i = 1; i + 4 <= size; i += 4) {
		uint32_t entries = world.core.head->procs_touched + 1;
		struct move m = {
			.kind = data[i] % MOVE_KINDS,
			.proc = (uint8_t)(data[i + 1] % entries),
			.other = (uint8_t)(data[i + 2] % entries),
			.form = data[i + 3] % 34,
		};

		if (moves_may(&world, &m))
			judge(world_move(&world, &m), &m);
	}
	return 0;
}
