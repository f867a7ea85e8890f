// SPDX-License-Identifier: Apache-2.0
#include "host/linux/irq.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/linux/nodedir.h"

_Static_assert(sizeof(struct irq_page) == 4096, "a page of the kernel's, at most");

static int irq_open(const char *dir)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, NODEDIR_IRQ);
	int fd;

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	return fd;
}

int irq_map(const char *dir, struct irq_page **ret)
{
	auto_fd fd = irq_open(dir);
	void *at;

	if (fd < 0)
		return fd;
	/* Several may do this at once: the size is the same for each, and zeros stay. */
	if (ftruncate(fd, sizeof(**ret)) < 0)
		return -errno;
	at = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

void irq_raise(struct irq_page *page, unsigned irq)
{
	__atomic_fetch_add(&page->counts[irq], 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&page->raised, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &page->raised, FUTEX_WAKE, INT_MAX); /* nobody is no failure */
}

uint32_t irq_moment(const struct irq_page *page)
{
	return __atomic_load_n(&page->raised, __ATOMIC_ACQUIRE);
}

void irq_wait(struct irq_page *page, uint32_t moment)
{
	(void)syscall(SYS_futex, &page->raised, FUTEX_WAIT, moment, NULL); /* early is allowed */
}
