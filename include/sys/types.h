/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps glibc's <sys/types.h>: adds the names by which QNX's headers have fixed sizes. */
#pragma GCC system_header
#include_next <sys/types.h>
#ifndef _KAMIOKA_SYS_TYPES_H
#define _KAMIOKA_SYS_TYPES_H

#include <features.h>

#ifdef __USE_QNX
#include <stdint.h>

typedef int8_t _Int8t;
typedef uint8_t _Uint8t;
typedef int16_t _Int16t;
typedef uint16_t _Uint16t;
typedef int32_t _Int32t;
typedef uint32_t _Uint32t;
typedef int64_t _Int64t;
typedef uint64_t _Uint64t;
typedef intptr_t _Intptrt;
typedef uintptr_t _Uintptrt;
#endif

#endif
