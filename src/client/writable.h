// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * May @size bytes at @at be written? NULL is fine: the caller does not want
 * them. Nothing is changed, and errno is anybody's. @size is less than a page.
 */
bool writable_is(const void *at, size_t size);
