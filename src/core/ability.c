// SPDX-License-Identifier: Apache-2.0
/*
 * What a process may do (procmgr_ability()).
 *
 * An item allows or denies one ability, for root or for others, for a range of
 * values, perhaps locked so that later items cannot change it. Items are
 * recorded and the newest that fits decides; children inherit those not marked
 * INHERIT_NO. A process may change its own; only root may change another's. An
 * ability that the kernel keeps for itself (other users' ids, the root
 * directory, limits, the clock's priority) can be denied everywhere but allowed
 * only in a node that root made.
 */
#include <string.h>

#include "core/notify.h"

enum {
	AID_MASK = 0xffff,
	AOP_DENY = 0x10000,
	AOP_ALLOW = 0x20000,
	AOP_SUBRANGE = 0x40000,
	AOP_LOCK = 0x80000,
	AOP_INHERIT_YES = 0x400000,
	AOP_INHERIT_NO = 0x800000,
	ADN_ROOT = 0x10000000,
	ADN_NONROOT = 0x20000000,
};

/* SPAWN_SETUID, SPAWN_SETGID, SETUID, SETGID, REBOOT, RLIMIT, PRIORITY, SCHEDULE, CHROOT, RLIMIT_PEER */
static const uint8_t kernels_own[] = {0, 1, 2, 3, 6, 14, 33, 35, 51, 57};

static bool is_kernels_own(uint32_t aid)
{
	for (size_t i = 0; i < sizeof(kernels_own); i++)
		if (kernels_own[i] == aid)
			return true;
	return false;
}

static struct pt_ability *ability_take(struct core *c, struct pt_proc *p)
{
	struct pt_head *h = c->head;
	uint32_t index = h->free_ability;
	struct pt_ability *a;

	if (pt_alloc_fails(c) || (!index && h->abilities_touched == h->abilities))
		return NULL;
	if (!index)
		index = ++h->abilities_touched;
	a = &c->abilities[index];
	journal_edit(c, a, sizeof(*a));
	if (h->free_ability)
		h->free_ability = a->next;
	*a = (struct pt_ability){.stamp = a->stamp, .next = p->ability, .proc = p->self};
	p->ability = index;
	return a;
}

void ability_remove_all(struct core *c, struct pt_proc *p)
{
	while (p->ability) {
		uint32_t index = p->ability;
		struct pt_ability *a = &c->abilities[index];

		journal_edit(c, a, sizeof(*a));
		p->ability = a->next;
		*a = (struct pt_ability){.stamp = a->stamp, .next = c->head->free_ability};
		c->head->free_ability = index;
	}
}

/* Oldest first, so that the child's newest is the parent's newest. */
static bool inherit_from(struct core *c, uint32_t from, struct pt_proc *p)
{
	const struct pt_ability *a = &c->abilities[from];
	struct pt_ability *copy;

	if (!from)
		return true;
	if (!inherit_from(c, a->next, p))
		return false;
	if (a->ability & AOP_INHERIT_NO)
		return true;
	copy = ability_take(c, p);
	if (!copy)
		return false;
	copy->ability = a->ability;
	copy->low = a->low;
	copy->high = a->high;
	return true;
}

bool ability_inherit(struct core *c, const struct pt_proc *parent, struct pt_proc *p)
{
	return inherit_from(c, parent->ability, p);
}

static bool is_for(const struct pt_ability *a, const struct pt_proc *p, uint32_t aid)
{
	uint32_t domain = p->euid == 0 ? ADN_ROOT : ADN_NONROOT;

	if ((a->ability & AID_MASK) != aid)
		return false; /* AID_MASK itself is "all the others" */
	return !(a->ability & (ADN_ROOT | ADN_NONROOT)) || (a->ability & domain);
}

static bool decided(const struct core *c, const struct pt_proc *p, uint32_t aid, uint64_t value,
		    bool *ret)
{
	for (uint32_t i = p->ability; i; i = c->abilities[i].next) {
		const struct pt_ability *a = &c->abilities[i];

		if (!is_for(a, p, aid))
			continue;
		if ((a->ability & AOP_SUBRANGE) && (value < a->low || value > a->high))
			continue;
		if (a->ability & AOP_ALLOW)
			return *ret = true;
		if (a->ability & AOP_DENY) {
			*ret = false;
			return true;
		}
	}
	return false;
}

bool core_may(const struct core *c, const struct pt_proc *p, uint32_t aid, uint64_t value,
	      bool otherwise)
{
	bool may;

	/* What is named comes before what holds for all the others. */
	if (decided(c, p, aid, value, &may) || decided(c, p, AID_MASK, value, &may))
		return may;
	return otherwise;
}

static bool is_locked(const struct core *c, const struct pt_proc *p, uint32_t item)
{
	for (uint32_t i = p->ability; i; i = c->abilities[i].next) {
		uint32_t a = c->abilities[i].ability;
		uint32_t domains = (item & (ADN_ROOT | ADN_NONROOT)) ?: ADN_ROOT | ADN_NONROOT;
		uint32_t theirs = (a & (ADN_ROOT | ADN_NONROOT)) ?: ADN_ROOT | ADN_NONROOT;

		if ((a & AID_MASK) == (item & AID_MASK) && (a & AOP_LOCK) && (domains & theirs))
			return true;
	}
	return false;
}

/* Ids of created abilities lie above those that the documents number. */
#define FIRST_CREATED 1024

enum core_result core_ability_name(struct core *c, const uint8_t name[128], bool create,
				   uint32_t flags, int32_t *ret_id)
{
	uint32_t n = c->head->n_names;
	struct pt_name *fresh = &c->names[n];

	if (!name[0] || !memchr(name, 0, 128))
		return CORE_INVALID;
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp((const char *)c->names[i].name, (const char *)name) != 0)
			continue;
		*ret_id = (int32_t)(FIRST_CREATED + i);
		return CORE_OK;
	}
	if (!create)
		return CORE_NO_PROCESS;
	if (n == PT_NAMES || pt_alloc_fails(c))
		return CORE_FULL;
	journal_begin(c);
	journal_edit(c, fresh, sizeof(*fresh));
	memcpy(fresh->name, name, sizeof(fresh->name));
	fresh->flags = flags;
	c->head->n_names = n + 1;
	journal_commit(c);
	*ret_id = (int32_t)(FIRST_CREATED + n);
	return CORE_OK;
}

static uint32_t count_items(const struct core *c, const struct pt_proc *p)
{
	uint32_t n = 0;

	for (uint32_t i = p->ability; i; i = c->abilities[i].next)
		n++;
	return n;
}

enum core_result core_ability(struct core *c, struct pt_proc *caller, struct pt_proc *p,
			      uint32_t item, uint64_t low, uint64_t high, bool node_is_root)
{
	struct pt_ability *a;

	if ((item & AOP_ALLOW) && (item & AOP_DENY))
		return CORE_INVALID;
	if ((item & AOP_SUBRANGE) && low > high)
		return CORE_INVALID;
	if (caller != p && caller->euid != 0)
		return CORE_FORBIDDEN;
	if (is_locked(c, p, item))
		return CORE_FORBIDDEN;
	if ((item & AOP_ALLOW) && !node_is_root && is_kernels_own(item & AID_MASK))
		return CORE_FORBIDDEN;
	/* A process that goes round in circles must not starve the others. */
	if (count_items(c, p) >= 256)
		return CORE_FULL;

	journal_begin(c);
	p = pt_edit(c, p->self);
	a = ability_take(c, p);
	if (!a) {
		journal_abort(c);
		return CORE_FULL;
	}
	a->ability = item;
	a->low = low;
	a->high = high;
	journal_commit(c);
	return CORE_OK;
}

/* SPAWN, FORK, PROT_EXEC, MAP_FIXED, CHILD_NEWAPP, PUBLIC_CHANNEL: of everybody. */
static const uint8_t everybodys[] = {21, 22, 23, 42, 43, 44};
#define LAST_DOCUMENTED 67

bool core_has_ability(const struct core *c, const struct pt_proc *p, uint32_t ability,
		      uint64_t value)
{
	uint32_t aid = ability & AID_MASK;
	bool is_known = aid <= LAST_DOCUMENTED ||
			(aid >= FIRST_CREATED && aid - FIRST_CREATED < c->head->n_names);
	bool otherwise = p->euid == 0;

	for (size_t i = 0; i < sizeof(everybodys); i++)
		otherwise |= everybodys[i] == aid;
	return is_known && core_may(c, p, aid, value, otherwise);
}
