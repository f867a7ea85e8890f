// SPDX-License-Identifier: Apache-2.0
/* Interrupts by software: memory of all programs of a node, a count for each number. */
#pragma once

#include <stdint.h>

#include "gen/shared.h"

/* The memory of the node in @dir, for as long as the process lives. 0 or -errno; -EPERM: the
 * node is another user's. */
int irq_map(const char *dir, struct irq_page **ret);

/* @irq is below IRQS. Whoever waits is woken. */
void irq_raise(struct irq_page *page, unsigned irq);

/* A number that is another one after the next interrupt. */
uint32_t irq_moment(const struct irq_page *page);
/* Sleeps until there was an interrupt since @moment; may come back early. */
void irq_wait(struct irq_page *page, uint32_t moment);
