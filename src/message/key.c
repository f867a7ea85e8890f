// SPDX-License-Identifier: Apache-2.0
/*
 * MsgKeyData(): a server signs data that a client carries to another server, which can tell whether
 * it is what the first one signed, for that client.
 *
 * The signature is a keyed hash (SipHash-2-4) of the data and the client's pid. What is secret
 * about it is known to every program of the node, as all run for one user or trust its maker.
 *
 * differs: the private key that a program gives is not used, so whoever calculates twice gets the
 * same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>

#include "base/cleanup.h"
#include "client/export.h"
#include "client/node.h"
#include "client/result.h"
#include "message/caller.h"
#include "message/vec.h"

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	sip_round(s);
	s->v[0] ^= word;
}

static uint64_t sip_hash(uint64_t k0, uint64_t k1, const uint8_t *data, size_t len)
{
	struct sip s = {{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
			 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u}};
	uint64_t last = (uint64_t)len << 56;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		sip_word(&s, word);
	}
	for (unsigned shift = 0; i < len; i++, shift += 8)
		last |= (uint64_t)data[i] << shift;
	sip_word(&s, last);
	s.v[2] ^= 0xff;
	for (int n = 0; n < 4; n++)
		sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

/* Never 0, which means that all is well. */
static uint32_t sign(pid_t client, const uint8_t *data, size_t len)
{
	const struct node_page *node = node_shared();
	uint64_t secret = node ? ((uint64_t)node->anchor_pid << 32) ^ node->magic : 0;
	uint32_t key = (uint32_t)sip_hash(secret, (uint64_t)client, data, len);

	return key ? key : 1;
}

static int client_pid(int rcvid, pid_t *ret)
{
	struct caller *c = caller_lock(rcvid);

	if (!c)
		return -ESRCH;
	*ret = c->pid;
	caller_unlock(c);
	return 0;
}

static int key_data(int rcvid, int op, uint32_t key, uint32_t *newkey, const iov_t *msg, int parts)
{
	auto_free uint8_t *data = NULL;
	struct vec from;
	uint32_t signature;
	pid_t pid;
	int rc = client_pid(rcvid, &pid);

	op &= ~_NTO_KEYDATA_PATHSIGN;
	if (rc == 0 && (op < _NTO_KEYDATA_VERIFY || op > _NTO_KEYDATA_CALCULATE_REUSE || !newkey))
		rc = -EINVAL;
	if (rc == 0)
		rc = parts < 0 ? -EINVAL : vec_of_parts(&from, msg, (size_t)parts);
	if (rc < 0)
		return rc;
	data = malloc(from.size + 1);
	if (!data)
		return -ENOMEM;
	if (vec_gather(&from, 0, data, from.size) < 0)
		return -EFAULT;
	signature = sign(pid, data, from.size);
	*newkey = op == _NTO_KEYDATA_VERIFY && key == signature ? 0 : signature;
	return 0;
}

EXPORT int MsgKeyData_r(int rcvid, int op, uint32_t key, uint32_t *newkey, const iov_t *msg,
			int parts)
{
	return -key_data(rcvid, op, key, newkey, msg, parts);
}

EXPORT int MsgKeyData(int rcvid, int op, uint32_t key, uint32_t *newkey, const iov_t *msg,
		      int parts)
{
	return result_errno(key_data(rcvid, op, key, newkey, msg, parts));
}
