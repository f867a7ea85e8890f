// SPDX-License-Identifier: Apache-2.0
/* The program counter is all that is looked at or changed of the context. */
#include "host/linux/guarded.h"

#include <errno.h>
#include <stdint.h>
#include <ucontext.h>

extern const char guarded_begin[], guarded_end[], guarded_exit[];
long guarded_move(void *to, const void *from, size_t len);

#if defined __x86_64__
__asm__(".text\n"
	".p2align 4\n"
	".globl guarded_move\n"
	".hidden guarded_move, guarded_begin, guarded_end, guarded_exit\n"
	".globl guarded_begin, guarded_end, guarded_exit\n"
	".type guarded_move, @function\n"
	"guarded_move:\n"
	"	.cfi_startproc\n"
	"guarded_begin:\n"
	"	cmp $16, %rdx\n"
	"	jb 3f\n"
	"	cmp $256, %rdx\n"
	"	jae 6f\n"
	/* Below some hundred bytes the string instruction is slow to start. The last sixteen bytes
	 * may have been moved before. */
	"	lea -16(%rdx), %rcx\n"
	"	xor %eax, %eax\n"
	"1:	cmp %rcx, %rax\n"
	"	jae 2f\n"
	"	movups (%rsi,%rax), %xmm0\n"
	"	movups %xmm0, (%rdi,%rax)\n"
	"	add $16, %rax\n"
	"	jmp 1b\n"
	"2:	movups (%rsi,%rcx), %xmm0\n"
	"	movups %xmm0, (%rdi,%rcx)\n"
	"	jmp 7f\n"
	"3:	cmp $8, %rdx\n"
	"	jb 4f\n"
	"	mov (%rsi), %rax\n"
	"	mov -8(%rsi,%rdx), %rcx\n"
	"	mov %rax, (%rdi)\n"
	"	mov %rcx, -8(%rdi,%rdx)\n"
	"	jmp 7f\n"
	"4:	test %rdx, %rdx\n"
	"	je 7f\n"
	"5:	movzbl -1(%rsi,%rdx), %eax\n"
	"	mov %al, -1(%rdi,%rdx)\n"
	"	dec %rdx\n"
	"	jnz 5b\n"
	"	jmp 7f\n"
	"6:	mov %rdx, %rcx\n"
	"	rep movsb\n"
	"guarded_end:\n"
	"7:	xor %eax, %eax\n"
	"	ret\n"
	"guarded_exit:\n"
	"	mov $-1, %rax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size guarded_move, . - guarded_move\n");
typedef greg_t program_counter;
static program_counter *counter_of(ucontext_t *context)
{
	return &context->uc_mcontext.gregs[REG_RIP];
}
#elif defined __aarch64__
__asm__(".text\n"
	".p2align 4\n"
	".globl guarded_move\n"
	".hidden guarded_move, guarded_begin, guarded_end, guarded_exit\n"
	".globl guarded_begin, guarded_end, guarded_exit\n"
	".type guarded_move, %function\n"
	"guarded_move:\n"
	"	.cfi_startproc\n"
	"guarded_begin:\n"
	"	subs x2, x2, #16\n"
	"	b.lo 2f\n"
	"1:	ldp x3, x4, [x1], #16\n"
	"	stp x3, x4, [x0], #16\n"
	"	subs x2, x2, #16\n"
	"	b.hs 1b\n"
	"2:	adds x2, x2, #16\n"
	"	b.eq 4f\n"
	"3:	ldrb w3, [x1], #1\n"
	"	strb w3, [x0], #1\n"
	"	subs x2, x2, #1\n"
	"	b.ne 3b\n"
	"guarded_end:\n"
	"4:	mov x0, #0\n"
	"	ret\n"
	"guarded_exit:\n"
	"	mov x0, #-1\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size guarded_move, . - guarded_move\n");
typedef unsigned long long program_counter;
static program_counter *counter_of(ucontext_t *context)
{
	return &context->uc_mcontext.pc;
}
#else
#error "guarded_move() for this architecture"
#endif

int guarded_copy(void *to, const void *from, size_t len)
{
	return guarded_move(to, from, len) == 0 ? 0 : -EFAULT;
}

bool guarded_resume(void *ucontext)
{
	program_counter *pc = counter_of(ucontext);
	uintptr_t at = (uintptr_t)*pc;

	if (at < (uintptr_t)guarded_begin || at >= (uintptr_t)guarded_end)
		return false;
	*pc = (program_counter)(uintptr_t)guarded_exit;
	return true;
}
