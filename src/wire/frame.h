// SPDX-License-Identifier: Apache-2.0
/*
 * Frames: one datagram or record each, a head and a body, with descriptors and,
 * on a node's request socket, the kernel's word on who sent it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_MAGIC   0x30574d4bu /* "KMW0" in memory, little endian */
#define WIRE_NO_CELL 0xffffu
#define WIRE_MAX     65536u /* bytes of a body */
#define WIRE_FDS_MAX 253u   /* the kernel's SCM_MAX_FD */

struct wire_head {
	uint32_t magic;
	uint16_t request; /* enum proto_request */
	uint16_t cell;    /* where the answer goes, or WIRE_NO_CELL */
	uint32_t seq;     /* tells a cell's calls apart; given back in answers */
	uint32_t size;    /* of the body that follows */
};

_Static_assert(sizeof(struct wire_head) == 16, "wire_head");
_Static_assert(offsetof(struct wire_head, request) == 4, "wire_head.request");
_Static_assert(offsetof(struct wire_head, cell) == 6, "wire_head.cell");
_Static_assert(offsetof(struct wire_head, seq) == 8, "wire_head.seq");
_Static_assert(offsetof(struct wire_head, size) == 12, "wire_head.size");

/* A received frame. 65 KiB: for static storage, or the heap. */
struct wire_msg {
	struct wire_head head;
	pid_t pid; /* sender; these three only with has_cred */
	uid_t uid; /* the real ids, not the effective ones */
	gid_t gid;
	bool has_cred;
	unsigned n_fds;
	int fds[WIRE_FDS_MAX]; /* ours; -1 where fd_take() was there */
	size_t len;            /* of body: head.size */
	uint8_t body[WIRE_MAX] __attribute__((aligned(8)));
};

/*
 * Send a frame of @head, its magic filled in here, and @head->size bytes of
 * @body, with @n_fds descriptors, which stay the caller's. Blocks if @fd does
 * and the receiver's queue is full. 0, -EMSGSIZE (the body is too long),
 * -EINVAL (too many descriptors), or what sendmsg() says: -EAGAIN,
 * -ECONNREFUSED (nobody has the node's socket any more), -EPIPE, ... No
 * SIGPIPE; an interrupted call goes on.
 */
int wire_send(int fd, const struct wire_head *head, const void *body, const int *fds,
	      unsigned n_fds);

/*
 * Receive a frame; @flags are MSG_DONTWAIT or 0. 0; -EAGAIN, nothing there;
 * -EBADMSG, something came that is no frame and was dropped, with its
 * descriptors closed; -ECONNRESET, the other end of a pair is gone; or what
 * recvmsg() says. After 0, wire_msg_fini() owes a close of what is left in
 * fds; after an error @m is empty. An interrupted call goes on.
 */
int wire_recv(int fd, struct wire_msg *m, int flags);
void wire_msg_fini(struct wire_msg *m);

/* Both ends of a connection that keeps records apart, close-on-exec. */
int wire_pair(int ret[2]);

/*
 * A socket at @path that receives frames of anyone whom @mode lets write,
 * non-blocking, close-on-exec, with credentials. -EADDRINUSE if something
 * stands there: who holds the node's lock may unlink it first. A path too long
 * for a socket address is reached through its directory; only its last part
 * is limited to about 80 bytes (-ENAMETOOLONG).
 */
int wire_listen(const char *path, mode_t mode, int *ret_fd);

/* A blocking, close-on-exec socket that sends to @path. -ECONNREFUSED and
 * -ENOENT mean that no node is there. */
int wire_connect(const char *path, int *ret_fd);
