// SPDX-License-Identifier: Apache-2.0
/*
 * Plans as bytes. A head with all numbers and counts, then the arrays, then the
 * texts one after another, each with its NUL: candidates, argv, envp, and the
 * paths of operations. What comes in is another process's word: every count is
 * held against the bytes that are there before it is used.
 */
#include "host/linux/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define PACK_MAGIC 0x314c4d4bu

struct pack_head {
	uint32_t magic;
	uint32_t size; /* all of it */
	uint32_t flags;
	uint32_t n_paths;
	uint32_t n_argv;
	uint32_t n_envp;
	uint32_t has_script;
	uint32_t n_map;
	uint32_t n_ops;
	uint32_t n_fds;
	uint32_t n_limits;
	int32_t pgroup;
	int32_t policy;
	int32_t priority;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode_mask;
	uint32_t pad;
	uint64_t sigmask;
	uint64_t sigdef;
	uint64_t sigign;
	uint64_t stack_max;
	uint64_t cpus;
};

struct pack_op {
	uint32_t kind;
	int32_t fd;
	int32_t from;
	int32_t flags;
	uint32_t mode;
};

struct pack_fd {
	int32_t number;
	uint32_t cloexec;
};

struct pack_limit {
	uint64_t current;
	uint64_t max;
	int32_t resource;
	uint32_t pad;
};

static bool pack_op_has_path(uint32_t kind)
{
	return kind == LAUNCH_OP_OPEN || kind == LAUNCH_OP_CHDIR;
}

static uint32_t pack_count(char *const *list)
{
	uint32_t n = 0;

	while (list[n])
		n++;
	return n;
}

static size_t pack_texts_size(char *const *list)
{
	size_t size = 0;

	for (; *list; list++)
		size += strlen(*list) + 1;
	return size;
}

static size_t pack_paths_size(const struct launch *l)
{
	const char *at = l->paths;

	for (unsigned i = 0; i < l->n_paths; i++)
		at += strlen(at) + 1;
	return (size_t)(at - l->paths);
}

size_t launch_pack_size(const struct launch *l)
{
	size_t size = sizeof(struct pack_head);

	size += l->n_ops * sizeof(struct pack_op) + l->n_fds * sizeof(struct pack_fd) +
		l->n_limits * sizeof(struct pack_limit) + l->n_map * sizeof(int32_t);
	size += pack_paths_size(l) + pack_texts_size(l->argv) + pack_texts_size(l->envp);
	for (unsigned i = 0; i < l->n_ops; i++)
		if (pack_op_has_path(l->ops[i].kind))
			size += strlen(l->ops[i].path) + 1;
	return size;
}

static uint8_t *pack_put(uint8_t *at, const void *bytes, size_t size)
{
	if (size)
		memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *pack_arrays(const struct launch *l, uint8_t *at)
{
	for (unsigned i = 0; i < l->n_ops; i++) {
		const struct launch_op *op = &l->ops[i];
		struct pack_op packed = {op->kind, op->fd, op->from, op->flags, op->mode};

		at = pack_put(at, &packed, sizeof(packed));
	}
	for (unsigned i = 0; i < l->n_fds; i++) {
		struct pack_fd packed = {l->fds[i].number, l->fds[i].cloexec};

		at = pack_put(at, &packed, sizeof(packed));
	}
	for (unsigned i = 0; i < l->n_limits; i++) {
		const struct launch_limit *limit = &l->limits[i];
		struct pack_limit packed = {
			.current = limit->value.rlim_cur,
			.max = limit->value.rlim_max,
			.resource = limit->resource,
		};

		at = pack_put(at, &packed, sizeof(packed));
	}
	return pack_put(at, l->map, l->n_map * sizeof(int32_t));
}

static uint8_t *pack_list(uint8_t *at, char *const *list)
{
	for (; *list; list++)
		at = pack_put(at, *list, strlen(*list) + 1);
	return at;
}

void launch_pack(const struct launch *l, void *buf)
{
	struct pack_head head = {
		.magic = PACK_MAGIC,
		.size = (uint32_t)launch_pack_size(l),
		.flags = l->flags,
		.n_paths = l->n_paths,
		.n_argv = pack_count(l->argv),
		.n_envp = pack_count(l->envp),
		.has_script = l->script != NULL,
		.n_map = l->n_map,
		.n_ops = l->n_ops,
		.n_fds = l->n_fds,
		.n_limits = l->n_limits,
		.pgroup = l->pgroup,
		.policy = l->policy,
		.priority = l->priority,
		.uid = l->uid,
		.gid = l->gid,
		.mode_mask = l->mode_mask,
		.sigmask = l->sigmask,
		.sigdef = l->sigdef,
		.sigign = l->sigign,
		.stack_max = l->stack_max,
		.cpus = l->cpus,
	};
	uint8_t *at = pack_put(buf, &head, sizeof(head));

	at = pack_arrays(l, at);
	at = pack_put(at, l->paths, pack_paths_size(l));
	at = pack_list(at, l->argv);
	at = pack_list(at, l->envp);
	for (unsigned i = 0; i < l->n_ops; i++)
		if (pack_op_has_path(l->ops[i].kind))
			at = pack_put(at, l->ops[i].path, strlen(l->ops[i].path) + 1);
}

/* Reading: what is left of the bytes. */
struct pack_rest {
	const uint8_t *at;
	size_t len;
	bool bad;
};

static void pack_get(struct pack_rest *rest, void *ret, size_t size)
{
	if (rest->bad || rest->len < size) {
		rest->bad = true;
		memset(ret, 0, size);
		return;
	}
	memcpy(ret, rest->at, size);
	rest->at += size;
	rest->len -= size;
}

/* A view of one text. Never NULL. */
static char *pack_get_text(struct pack_rest *rest)
{
	const uint8_t *text = rest->at;
	const uint8_t *end = rest->bad || !rest->len ? NULL : memchr(text, 0, rest->len);
	static char nothing[1];

	if (!end) {
		rest->bad = true;
		return nothing;
	}
	rest->len -= (size_t)(end + 1 - text);
	rest->at = end + 1;
	/* argv is of char *, though nobody writes there. */
	return (char *)(uintptr_t)text;
}

/* Where the arrays of a plan lie in the one piece of heap. */
struct pack_room {
	char **argv;
	char **envp;
	char **script;
	struct launch_op *ops;
	struct launch_fd *fds;
	struct launch_limit *limits;
	int *map;
	int *spare;
};

/* No count may be above what @len bytes can hold; so no sum here overflows. */
static bool pack_is_sane(const struct pack_head *head, size_t len, unsigned n_fds)
{
	const uint32_t counts[] = {head->n_paths, head->n_argv, head->n_envp,  head->n_map,
				   head->n_ops,   head->n_fds,  head->n_limits};
	unsigned has_cwd = head->flags & LAUNCH_CWD ? 1 : 0;

	if (head->magic != PACK_MAGIC || head->size != len || len > UINT32_MAX / 16)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		if (counts[i] > len)
			return false;
	if ((head->flags & ~LAUNCH_FLAGS) || head->n_paths == 0 || head->n_argv == 0)
		return false;
	if (!(head->flags & LAUNCH_MAP) && head->n_map)
		return false;
	if (!(head->flags & LAUNCH_TABLE) && head->n_fds)
		return false;
	return head->n_fds <= n_fds && head->n_fds + has_cwd == n_fds;
}

static void *pack_make_room(const struct pack_head *head, struct pack_room *ret)
{
	size_t n_pointers = (size_t)head->n_argv * 2 + head->n_envp + 5;
	size_t pointers = n_pointers * sizeof(char *);
	size_t ops = head->n_ops * sizeof(struct launch_op);
	size_t limits = head->n_limits * sizeof(struct launch_limit);
	size_t fds = align_up(head->n_fds * sizeof(struct launch_fd), 8);
	size_t maps = head->n_map * sizeof(int) * 2;
	uint8_t *heap = calloc(1, pointers + ops + limits + fds + maps);

	if (!heap)
		return NULL;
	ret->argv = (void *)heap;
	ret->envp = ret->argv + head->n_argv + 1;
	ret->script = ret->envp + head->n_envp + 1;
	ret->ops = (void *)(heap + pointers);
	ret->limits = (void *)(heap + pointers + ops);
	ret->fds = (void *)(heap + pointers + ops + limits);
	ret->map = (void *)(heap + pointers + ops + limits + fds);
	ret->spare = ret->map + head->n_map;
	return heap;
}

static void pack_get_ops(struct pack_rest *rest, const struct pack_head *head,
			 struct launch_op *ops)
{
	for (uint32_t i = 0; i < head->n_ops; i++) {
		struct pack_op packed;

		pack_get(rest, &packed, sizeof(packed));
		if (packed.kind < LAUNCH_OP_OPEN || packed.kind > LAUNCH_OP_TCSETPGRP ||
		    packed.fd < 0 || packed.from < 0)
			rest->bad = true;
		ops[i] = (struct launch_op){.kind = packed.kind,
					    .fd = packed.fd,
					    .from = packed.from,
					    .flags = packed.flags,
					    .mode = packed.mode};
	}
}

static void pack_get_arrays(struct pack_rest *rest, const struct pack_head *head, const int *fds,
			    const struct pack_room *room)
{
	pack_get_ops(rest, head, room->ops);
	for (uint32_t i = 0; i < head->n_fds; i++) {
		struct pack_fd packed;

		pack_get(rest, &packed, sizeof(packed));
		if (packed.number < 0 || packed.number > 1 << 20)
			rest->bad = true;
		room->fds[i] = (struct launch_fd){fds[i], packed.number, packed.cloexec != 0};
	}
	for (uint32_t i = 0; i < head->n_limits; i++) {
		struct pack_limit packed;

		pack_get(rest, &packed, sizeof(packed));
		if (packed.resource < 0 || packed.resource >= RLIM_NLIMITS)
			rest->bad = true;
		room->limits[i] = (struct launch_limit){.resource = packed.resource,
							.value = {packed.current, packed.max}};
	}
	pack_get(rest, room->map, head->n_map * sizeof(int));
	for (uint32_t i = 0; i < head->n_map; i++)
		if (room->map[i] < LAUNCH_FD_OPEN)
			rest->bad = true;
}

static void pack_get_texts(struct pack_rest *rest, const struct pack_head *head,
			   const struct pack_room *room, const char **ret_paths)
{
	const char *paths = pack_get_text(rest);

	for (uint32_t i = 1; i < head->n_paths; i++)
		(void)pack_get_text(rest);
	for (uint32_t i = 0; i < head->n_argv; i++)
		room->argv[i] = pack_get_text(rest);
	for (uint32_t i = 0; i < head->n_envp; i++)
		room->envp[i] = pack_get_text(rest);
	for (uint32_t i = 0; i < head->n_ops; i++)
		if (pack_op_has_path(room->ops[i].kind))
			room->ops[i].path = pack_get_text(rest);
	*ret_paths = paths;
}

static void pack_fill(struct launch *l, const struct pack_head *head, const struct pack_room *room)
{
	static char shell[] = LAUNCH_SHELL;

	room->script[0] = shell;
	for (uint32_t i = 1; i < head->n_argv; i++)
		room->script[i + 1] = room->argv[i];
	*l = (struct launch){
		.n_paths = head->n_paths,
		.argv = room->argv,
		.envp = room->envp,
		.script = head->has_script ? room->script : NULL,
		.map = room->map,
		.spare = room->spare,
		.n_map = head->n_map,
		.ops = room->ops,
		.n_ops = head->n_ops,
		.fds = room->fds,
		.n_fds = head->n_fds,
		.limits = room->limits,
		.n_limits = head->n_limits,
		.flags = head->flags,
		.pgroup = head->pgroup,
		.sigmask = head->sigmask,
		.sigdef = head->sigdef,
		.sigign = head->sigign,
		.stack_max = head->stack_max,
		.cpus = head->cpus,
		.policy = head->policy,
		.priority = head->priority,
		.uid = head->uid,
		.gid = head->gid,
		.mode_mask = head->mode_mask,
		.cwd_fd = -1,
	};
}

int launch_unpack(const void *buf, size_t len, const int *fds, unsigned n_fds, struct launch *ret_l,
		  void **ret_heap)
{
	struct pack_rest rest = {buf, len, false};
	struct pack_head head;
	struct pack_room room;
	const char *paths;
	void *heap;

	pack_get(&rest, &head, sizeof(head));
	if (rest.bad || !pack_is_sane(&head, len, n_fds))
		return -EBADMSG;
	heap = pack_make_room(&head, &room);
	if (!heap)
		return -ENOMEM;
	pack_get_arrays(&rest, &head, fds, &room);
	pack_get_texts(&rest, &head, &room, &paths);
	if (rest.bad || rest.len) {
		free(heap);
		return -EBADMSG;
	}
	pack_fill(ret_l, &head, &room);
	ret_l->paths = paths;
	if (head.flags & LAUNCH_CWD)
		ret_l->cwd_fd = fds[n_fds - 1];
	*ret_heap = heap;
	return 0;
}
