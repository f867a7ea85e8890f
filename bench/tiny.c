// SPDX-License-Identifier: Apache-2.0
/*
 * The program that is spawned: one call of the kernel with all arguments 0, again if it
 * returns, and no library. With exit_group it ends well, with ppoll it sleeps for ever.
 */
#include <sys/syscall.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov $" TEXT(TINY_CALL) ", %eax\n"
				       "	xor %edi, %edi\n"
				       "	xor %esi, %esi\n"
				       "	xor %edx, %edx\n"
				       "	xor %r10d, %r10d\n"
				       "	xor %r8d, %r8d\n"
				       "	syscall\n"
				       "	jmp _start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x8, #" TEXT(TINY_CALL) "\n"
					   "	mov x0, #0\n"
					   "	mov x1, #0\n"
					   "	mov x2, #0\n"
					   "	mov x3, #0\n"
					   "	mov x4, #0\n"
					   "	svc #0\n"
					   "	b _start\n");
#else
#error "say how this machine calls its kernel"
#endif
