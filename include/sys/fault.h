/* SPDX-License-Identifier: Apache-2.0 */
/* Why a thread faulted: numbers of debug_thread_t.what, and of the set procfs_run.fault. */
#pragma once

#define FLTILL           1  /* illegal instruction */
#define FLTPRIV          2  /* privileged instruction */
#define FLTBPT           3  /* breakpoint instruction */
#define FLTTRACE         4  /* single step */
#define FLTACCESS        5  /* such as a misaligned address */
#define FLTBOUNDS        6  /* invalid address */
#define FLTIOVF          7  /* integer overflow */
#define FLTIZDIV         8  /* integer division by zero */
#define FLTFPE           9  /* floating point */
#define FLTSTACK         10 /* stack */
#define FLTPAGE          11 /* page fault that leads to no signal */
#define _FIRST_CPU_FAULT 32 /* those of one processor are from here on */

#if defined __x86_64__
#define FLTNMI     32
#define FLTDBLFLT  33
#define FLTOLDFPE  34
#define FLTTSS     35
#define FLTSEG     36
#define FLTRSVD    38
#define FLTNOFPU   39
#define FLTMACHCHK 40
#elif defined __aarch64__
#define FLTNOFPU 32
#endif
