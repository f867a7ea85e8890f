// SPDX-License-Identifier: Apache-2.0
/*
 * posix_spawn() with QNX's additions. The objects are ours, so the functions
 * have names of their own for the linker (spawn.h tells why).
 *
 * They answer error numbers and leave errno alone.
 */
#include <spawn.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "client/export.h"
#include "client/spawn.h"

struct kamioka_spawnattr {
	struct spawn_attr attr;
	uint32_t type_id;
	uint32_t as_id;
};

struct kamioka_spawn_file_actions {
	struct launch_op *ops;
	unsigned n;
	unsigned room;
};

/* The flags that fit the short of POSIX. */
#define POSIX_SPAWN_SHORT                                                              \
	(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |      \
	 POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSCHEDPARAM | \
	 POSIX_SPAWN_SETSID)

static int posix_run(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attr, char *const argv[], char *const envp[],
		     uint32_t extra)
{
	struct spawn_attr a = {.flags = 0};
	struct spawn_plan plan = {.file = file, .attr = &a, .argv = argv, .envp = envp};
	int saved = errno;
	pid_t child;
	int rc;

	if ((attr && !*attr) || (actions && !*actions))
		return EINVAL;
	if (attr)
		a = (*attr)->attr;
	a.is_posix = true;
	a.flags |= extra;
	if (actions) {
		plan.ops = (*actions)->ops;
		plan.n_ops = (*actions)->n;
	}
	rc = spawn_run(&plan, &child);
	errno = saved;
	if (rc < 0)
		return -rc;
	if (pid)
		*pid = child;
	return 0;
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *restrict attr, char *const argv[],
		       char *const envp[])
{
	return posix_run(pid, path, actions, attr, argv, envp, 0);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *restrict attr, char *const argv[],
			char *const envp[])
{
	return posix_run(pid, file, actions, attr, argv, envp, POSIX_SPAWN_SEARCH_PATH);
}

EXPORT int posix_spawnattr_init(posix_spawnattr_t *attr)
{
	int saved = errno;

	if (!attr)
		return EINVAL;
	*attr = calloc(1, sizeof(**attr));
	errno = saved;
	return *attr ? 0 : ENOMEM;
}

EXPORT int posix_spawnattr_destroy(posix_spawnattr_t *attr)
{
	if (!attr || !*attr)
		return EINVAL;
	free(*attr);
	*attr = NULL;
	return 0;
}

static struct spawn_attr *attr_of(const posix_spawnattr_t *attr)
{
	return attr && *attr ? &(*attr)->attr : NULL;
}

EXPORT int posix_spawnattr_getflags(const posix_spawnattr_t *restrict attr,
				    short *restrict ret_flags)
{
	const struct spawn_attr *a = attr_of(attr);

	if (!a || !ret_flags)
		return EINVAL;
	*ret_flags = (short)(a->flags & POSIX_SPAWN_SHORT);
	return 0;
}

EXPORT int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a || ((uint32_t)(unsigned short)flags & ~POSIX_SPAWN_SHORT))
		return EINVAL;
	a->flags = (a->flags & ~POSIX_SPAWN_SHORT) | (unsigned short)flags;
	return 0;
}

EXPORT int posix_spawnattr_getxflags(const posix_spawnattr_t *restrict attr,
				     uint32_t *restrict ret_flags)
{
	const struct spawn_attr *a = attr_of(attr);

	if (!a || !ret_flags)
		return EINVAL;
	*ret_flags = a->flags;
	return 0;
}

EXPORT int posix_spawnattr_setxflags(posix_spawnattr_t *attr, uint32_t flags)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a)
		return EINVAL;
	a->flags = flags;
	return 0;
}

/* A value in and out: all of them are alike. */
#define POSIX_SPAWN_VALUE(name, type, field)                                         \
	EXPORT int posix_spawnattr_get##name(const posix_spawnattr_t *restrict attr, \
					     type *restrict ret_value)               \
	{                                                                            \
		const struct spawn_attr *a = attr_of(attr);                          \
                                                                                     \
		if (!a || !ret_value)                                                \
			return EINVAL;                                               \
		*ret_value = a->field;                                               \
		return 0;                                                            \
	}                                                                            \
	EXPORT int posix_spawnattr_set##name(posix_spawnattr_t *attr, type value)    \
	{                                                                            \
		struct spawn_attr *a = attr_of(attr);                                \
                                                                                     \
		if (!a)                                                              \
			return EINVAL;                                               \
		a->field = value;                                                    \
		return 0;                                                            \
	}

#define POSIX_SPAWN_SET(name, field)                                                 \
	EXPORT int posix_spawnattr_get##name(const posix_spawnattr_t *restrict attr, \
					     sigset_t *restrict ret_set)             \
	{                                                                            \
		const struct spawn_attr *a = attr_of(attr);                          \
                                                                                     \
		if (!a || !ret_set)                                                  \
			return EINVAL;                                               \
		*ret_set = a->field;                                                 \
		return 0;                                                            \
	}                                                                            \
	EXPORT int posix_spawnattr_set##name(posix_spawnattr_t *restrict attr,       \
					     const sigset_t *restrict set)           \
	{                                                                            \
		struct spawn_attr *a = attr_of(attr);                                \
                                                                                     \
		if (!a || !set)                                                      \
			return EINVAL;                                               \
		a->field = *set;                                                     \
		return 0;                                                            \
	}

POSIX_SPAWN_VALUE(pgroup, pid_t, pgroup)
POSIX_SPAWN_VALUE(schedpolicy, int, policy)
POSIX_SPAWN_VALUE(runmask, uint32_t, runmask)
POSIX_SPAWN_VALUE(stackmax, uint32_t, stack_max)
POSIX_SPAWN_VALUE(node, uint32_t, nd)
POSIX_SPAWN_SET(sigdefault, sigdefault)
POSIX_SPAWN_SET(sigmask, sigmask)
POSIX_SPAWN_SET(sigignore, sigignore)

EXPORT int posix_spawnattr_getschedparam(const posix_spawnattr_t *restrict attr,
					 struct sched_param *restrict ret_param)
{
	const struct spawn_attr *a = attr_of(attr);

	if (!a || !ret_param)
		return EINVAL;
	memset(ret_param, 0, sizeof(*ret_param));
	ret_param->sched_priority = a->priority;
	return 0;
}

EXPORT int posix_spawnattr_setschedparam(posix_spawnattr_t *restrict attr,
					 const struct sched_param *restrict param)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a || !param)
		return EINVAL;
	a->priority = param->sched_priority;
	return 0;
}

EXPORT int posix_spawnattr_getcred(const posix_spawnattr_t *restrict attr, uid_t *restrict ret_uid,
				   gid_t *restrict ret_gid)
{
	const struct spawn_attr *a = attr_of(attr);

	if (!a || !ret_uid || !ret_gid)
		return EINVAL;
	*ret_uid = a->uid;
	*ret_gid = a->gid;
	return 0;
}

EXPORT int posix_spawnattr_setcred(posix_spawnattr_t *attr, uid_t uid, gid_t gid)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a)
		return EINVAL;
	a->uid = uid;
	a->gid = gid;
	return 0;
}

EXPORT int posix_spawnattr_gettypeid(const posix_spawnattr_t *restrict attr,
				     uint32_t *restrict ret_type)
{
	if (!attr_of(attr) || !ret_type)
		return EINVAL;
	*ret_type = (*attr)->type_id;
	return 0;
}

EXPORT int posix_spawnattr_settypeid(posix_spawnattr_t *attr, uint32_t type)
{
	if (!attr_of(attr))
		return EINVAL;
	(*attr)->type_id = type;
	return 0;
}

EXPORT int posix_spawnattr_setasid(posix_spawnattr_t *attr, uint32_t asid)
{
	if (!attr_of(attr))
		return EINVAL;
	(*attr)->as_id = asid;
	return 0;
}

EXPORT int posix_spawnattr_getaslr(const posix_spawnattr_t *restrict attr,
				   posix_spawnattr_aslr_t *restrict ret_aslr)
{
	const struct spawn_attr *a = attr_of(attr);

	if (!a || !ret_aslr)
		return EINVAL;
	*ret_aslr = a->aslr;
	return 0;
}

EXPORT int posix_spawnattr_setaslr(posix_spawnattr_t *attr, posix_spawnattr_aslr_t aslr)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a || (unsigned)aslr > POSIX_SPAWN_ASLR_DISABLE)
		return EINVAL;
	a->aslr = aslr;
	return 0;
}

EXPORT int posix_spawnattr_setcwd_np(posix_spawnattr_t *attr, const int dirfd)
{
	struct spawn_attr *a = attr_of(attr);

	if (!a)
		return EINVAL;
	if (dirfd < 0)
		return EBADF;
	a->cwd_fd = dirfd;
	a->flags |= POSIX_SPAWN_SETCWD;
	return 0;
}

EXPORT int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	int saved = errno;

	if (!actions)
		return EINVAL;
	*actions = calloc(1, sizeof(**actions));
	errno = saved;
	return *actions ? 0 : ENOMEM;
}

EXPORT int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
	if (!actions || !*actions)
		return EINVAL;
	for (unsigned i = 0; i < (*actions)->n; i++)
		free((char *)(uintptr_t)(*actions)->ops[i].path);
	free((*actions)->ops);
	free(*actions);
	*actions = NULL;
	return 0;
}

/* @path is copied. */
static int actions_append(posix_spawn_file_actions_t *actions, struct launch_op op,
			  const char *path)
{
	struct kamioka_spawn_file_actions *a = actions ? *actions : NULL;

	if (!a)
		return EINVAL;
	if (op.fd < 0 || op.from < 0 || op.fd >= sysconf(_SC_OPEN_MAX))
		return EBADF;
	if (a->n == a->room) {
		unsigned room = MAX(a->room * 2, 8u);
		struct launch_op *ops = realloc(a->ops, room * sizeof(*ops));

		if (!ops)
			return ENOMEM;
		a->ops = ops;
		a->room = room;
	}
	if (path) {
		op.path = strdup(path);
		if (!op.path)
			return ENOMEM;
	}
	a->ops[a->n++] = op;
	return 0;
}

/* As POSIX wants it, none of these touches errno. */
static int actions_add(posix_spawn_file_actions_t *actions, struct launch_op op, const char *path)
{
	int saved = errno;
	int error = actions_append(actions, op, path);

	errno = saved;
	return error;
}

EXPORT int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
	return actions_add(actions, (struct launch_op){.kind = LAUNCH_OP_CLOSE, .fd = fd}, NULL);
}

EXPORT int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int newfd)
{
	return actions_add(
		actions, (struct launch_op){.kind = LAUNCH_OP_DUP2, .from = fd, .fd = newfd}, NULL);
}

EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int fd,
					    const char *restrict path, int oflag, mode_t mode)
{
	if (!path)
		return EINVAL;
	return actions_add(
		actions,
		(struct launch_op){.kind = LAUNCH_OP_OPEN, .fd = fd, .flags = oflag, .mode = mode},
		path);
}

EXPORT int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *restrict actions,
						const char *restrict path)
{
	if (!path)
		return EINVAL;
	return actions_add(actions, (struct launch_op){.kind = LAUNCH_OP_CHDIR}, path);
}

EXPORT int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd)
{
	return actions_add(actions, (struct launch_op){.kind = LAUNCH_OP_FCHDIR, .fd = fd}, NULL);
}

EXPORT int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
{
	return actions_add(actions, (struct launch_op){.kind = LAUNCH_OP_CLOSEFROM, .fd = from},
			   NULL);
}

EXPORT int posix_spawn_file_actions_addtcsetpgrp_np(posix_spawn_file_actions_t *actions, int tcfd)
{
	return actions_add(actions, (struct launch_op){.kind = LAUNCH_OP_TCSETPGRP, .fd = tcfd},
			   NULL);
}
