/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of an x86_64 thread, as DCMD_PROC_GETGREG and DCMD_PROC_GETFPREG tell them. */
#pragma once

#include <stdint.h>

typedef struct x86_64_cpu_registers {
	uint64_t rdi, rsi, rdx, r10, r8, r9, rax, rbx, rbp, rcx;
	uint64_t r11, r12, r13, r14, r15;
	uint64_t rip;
	uint32_t cs, rsvd1;
	uint64_t rflags;
	uint64_t rsp;
	uint32_t ss, rsvd2;
} X86_64_CPU_REGISTERS;

#define X86_64_GET_REGIP(regs)        ((regs)->rip)
#define X86_64_GET_REGSP(regs)        ((regs)->rsp)
#define X86_64_SET_REGIP(regs, value) ((regs)->rip = (value))
#define X86_64_SET_REGSP(regs, value) ((regs)->rsp = (value))

/* As the instruction FSAVE stores them. */
typedef struct fsave_area {
	uint32_t fpu_control_word, fpu_status_word, fpu_tag_word;
	uint32_t fpu_ip, fpu_cs, fpu_op, fpu_ds;
	uint8_t st_regs[80];
} X86_64_FSAVE_AREA;

/* FXSAVE */
typedef struct fxsave_area {
	uint16_t fpu_control_word, fpu_status_word, fpu_tag_word, fpu_operand;
	uint64_t fpu_rip, fpu_rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st_regs[128];
	uint8_t xmm_regs[256];
	uint8_t reserved2[96];
} X86_64_FXSAVE_AREA;

/* XSAVE: an FXSAVE area, and what xstate_bv says is behind it. */
typedef struct xsave_area {
	uint8_t other[512];
	uint64_t xstate_bv;
	uint64_t xstate_undef[7];
	uint8_t xstate_info[448];
} X86_64_XSAVE_AREA;

typedef union x86_64_fpu_registers {
	X86_64_FSAVE_AREA fsave_area;
	X86_64_FXSAVE_AREA fxsave_area;
	X86_64_XSAVE_AREA xsave_area;
	uint8_t data[1024];
} X86_64_FPU_REGISTERS;

/* Counters; never told here. */
typedef struct x86_64_perf_registers {
	uint64_t id, spare0;
	uint64_t perfevtsel0, perfevtsel1, perfevtsel2, perfevtsel3;
	uint64_t perfctr0, perfctr1, perfctr2, perfctr3;
} X86_64_PERF_REGISTERS;
