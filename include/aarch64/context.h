/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of an aarch64 thread, as DCMD_PROC_GETGREG and DCMD_PROC_GETFPREG tell them. */
#pragma once

#include <stdint.h>

/* Indices of gpr[]. */
#define AARCH64_REG_X0  0
#define AARCH64_REG_X1  1
#define AARCH64_REG_X2  2
#define AARCH64_REG_X3  3
#define AARCH64_REG_X4  4
#define AARCH64_REG_X5  5
#define AARCH64_REG_X6  6
#define AARCH64_REG_X7  7
#define AARCH64_REG_X8  8
#define AARCH64_REG_X9  9
#define AARCH64_REG_X10 10
#define AARCH64_REG_X11 11
#define AARCH64_REG_X12 12
#define AARCH64_REG_X13 13
#define AARCH64_REG_X14 14
#define AARCH64_REG_X15 15
#define AARCH64_REG_X16 16
#define AARCH64_REG_X17 17
#define AARCH64_REG_X18 18
#define AARCH64_REG_X19 19
#define AARCH64_REG_X20 20
#define AARCH64_REG_X21 21
#define AARCH64_REG_X22 22
#define AARCH64_REG_X23 23
#define AARCH64_REG_X24 24
#define AARCH64_REG_X25 25
#define AARCH64_REG_X26 26
#define AARCH64_REG_X27 27
#define AARCH64_REG_X28 28
#define AARCH64_REG_X29 29
#define AARCH64_REG_X30 30
#define AARCH64_REG_X31 31
#define AARCH64_REG_LR  AARCH64_REG_X30
#define AARCH64_REG_SP  AARCH64_REG_X31

typedef struct aarch64_cpu_registers {
	uint64_t gpr[32];
	uint64_t elr; /* the instruction pointer */
	uint64_t pstate;
} __attribute__((__aligned__(16))) AARCH64_CPU_REGISTERS;

#define AARCH64_GET_REGIP(regs)        ((regs)->elr)
#define AARCH64_GET_REGSP(regs)        ((regs)->gpr[AARCH64_REG_SP])
#define AARCH64_SET_REGIP(regs, value) ((regs)->elr = (value))
#define AARCH64_SET_REGSP(regs, value) ((regs)->gpr[AARCH64_REG_SP] = (value))

typedef struct aarch64_fpu_registers {
	struct {
		uint64_t qlo, qhi;
	} reg[32];
	uint32_t fpsr, fpcr;
} AARCH64_FPU_REGISTERS;
