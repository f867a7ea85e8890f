/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of devices. There are none (mmap_device_io() fails): reading answers all ones, as a
 * bus does where nothing is, writing does nothing. QNX Neutrino C Library Reference, in8().
 */
#pragma once

#include <features.h>
#include <stdint.h>

static __inline__ uint8_t in8(uintptr_t __port)
{
	(void)__port;
	return 0xff;
}

static __inline__ uint16_t in16(uintptr_t __port)
{
	(void)__port;
	return 0xffff;
}

static __inline__ uint32_t in32(uintptr_t __port)
{
	(void)__port;
	return 0xffffffffu;
}

static __inline__ void out8(uintptr_t __port, uint8_t __value)
{
	(void)__port;
	(void)__value;
}

static __inline__ void out16(uintptr_t __port, uint16_t __value)
{
	(void)__port;
	(void)__value;
}

static __inline__ void out32(uintptr_t __port, uint32_t __value)
{
	(void)__port;
	(void)__value;
}
