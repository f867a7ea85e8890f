/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing by an instrumented kernel. There is none: TraceEvent() and the calls that insert
 * an event answer ENOTSUP and cost next to nothing. The numbers are ours. QNX System Analysis
 * Toolkit User's Guide.
 */
#pragma once

#include <features.h>
#include <stdint.h>

/* TraceEvent(): what to do. */
#define _NTO_TRACE_ALLOCBUFFER         0x01u
#define _NTO_TRACE_DEALLOCBUFFER       0x02u
#define _NTO_TRACE_FLUSHBUFFER         0x03u
#define _NTO_TRACE_QUERYEVENTS         0x04u
#define _NTO_TRACE_START               0x05u
#define _NTO_TRACE_STARTNOSTATE        0x06u
#define _NTO_TRACE_STOP                0x07u
#define _NTO_TRACE_SETRINGMODE         0x08u
#define _NTO_TRACE_SETLINEARMODE       0x09u
#define _NTO_TRACE_ADDALLCLASSES       0x0au
#define _NTO_TRACE_DELALLCLASSES       0x0bu
#define _NTO_TRACE_ADDCLASS            0x0cu
#define _NTO_TRACE_DELCLASS            0x0du
#define _NTO_TRACE_ADDEVENT            0x0eu
#define _NTO_TRACE_DELEVENT            0x0fu
#define _NTO_TRACE_ADDEVENTHANDLER     0x10u
#define _NTO_TRACE_DELEVENTHANDLER     0x11u
#define _NTO_TRACE_ADDCLASSEVHANDLER   0x12u
#define _NTO_TRACE_DELCLASSEVHANDLER   0x13u
#define _NTO_TRACE_SETALLCLASSESFAST   0x14u
#define _NTO_TRACE_SETALLCLASSESWIDE   0x15u
#define _NTO_TRACE_SETCLASSFAST        0x16u
#define _NTO_TRACE_SETCLASSWIDE        0x17u
#define _NTO_TRACE_SETEVENTFAST        0x18u
#define _NTO_TRACE_SETEVENTWIDE        0x19u
#define _NTO_TRACE_SETCLASSPID         0x1au
#define _NTO_TRACE_CLRCLASSPID         0x1bu
#define _NTO_TRACE_SETCLASSTID         0x1cu
#define _NTO_TRACE_CLRCLASSTID         0x1du
#define _NTO_TRACE_SETEVENTPID         0x1eu
#define _NTO_TRACE_CLREVENTPID         0x1fu
#define _NTO_TRACE_SETEVENTTID         0x20u
#define _NTO_TRACE_CLREVENTTID         0x21u
#define _NTO_TRACE_SETEVENT_TID        0x22u
#define _NTO_TRACE_INSERTSUSEREVENT    0x23u /* id, two numbers */
#define _NTO_TRACE_INSERTCUSEREVENT    0x24u /* id, buffer, length */
#define _NTO_TRACE_INSERTUSRSTREVENT   0x25u /* id, string */
#define _NTO_TRACE_INSERTEVENT         0x26u
#define _NTO_TRACE_INSERTCCLASSEVENT   0x27u
#define _NTO_TRACE_INSERTSCLASSEVENT   0x28u
#define _NTO_TRACE_OVERWRITECLASSEVENT 0x29u

/* Classes. */
#define _NTO_TRACE_EMPTY        0x0000u
#define _NTO_TRACE_CONTROL      0x0001u
#define _NTO_TRACE_KERCALL      0x0002u
#define _NTO_TRACE_KERCALLENTER 0x0003u
#define _NTO_TRACE_KERCALLEXIT  0x0004u
#define _NTO_TRACE_KERCALLINT   0x0005u
#define _NTO_TRACE_INT          0x0006u
#define _NTO_TRACE_INTENTER     0x0007u
#define _NTO_TRACE_INTEXIT      0x0008u
#define _NTO_TRACE_PROCESS      0x0009u
#define _NTO_TRACE_THREAD       0x000au
#define _NTO_TRACE_VTHREAD      0x000bu
#define _NTO_TRACE_USER         0x000cu
#define _NTO_TRACE_SYSTEM       0x000du
#define _NTO_TRACE_COMM         0x000eu

/* Ids of a program's own events. */
#define _NTO_TRACE_USERFIRST 0u
#define _NTO_TRACE_USERLAST  0x3ffu

__BEGIN_DECLS

/* -1 with errno ENOTSUP. */
int TraceEvent(int mode, ...);
/* -1 with errno ENOTSUP, also the following. */
int trace_func_enter(void *func, void *call_site);
int trace_func_exit(void *func, void *call_site);
int trace_here(void);
int trace_logi(unsigned code, unsigned a, unsigned b);
int trace_logf(unsigned code, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
int trace_logb(unsigned code, const void *data, int size);
int trace_nlogf(unsigned code, int max, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));

__END_DECLS
