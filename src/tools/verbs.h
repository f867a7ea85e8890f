// SPDX-License-Identifier: Apache-2.0
/*
 * The verbs of the kamioka command. Each is a main() of its own with the verb
 * as argv[0], and answers the exit status (tools/options.h).
 */
#pragma once

int run_main(int argc, char **argv);
int boot_main(int argc, char **argv);
int exec_main(int argc, char **argv);
int list_main(int argc, char **argv);
int info_main(int argc, char **argv);
int irq_main(int argc, char **argv);
int names_main(int argc, char **argv);
int shutdown_main(int argc, char **argv);
int private_main(int argc, char **argv);
int slay_main(int argc, char **argv);
int waitfor_main(int argc, char **argv);

extern const char run_help[];
extern const char boot_help[];
extern const char exec_help[];
extern const char list_help[];
extern const char info_help[];
extern const char irq_help[];
extern const char names_help[];
extern const char shutdown_help[];
extern const char private_help[];
extern const char slay_help[];
extern const char waitfor_help[];

/* Print @text and end: 0, or STATUS_FAILED with a line on standard error if standard output
 * could not take it (or what was printed before). */
int verbs_print(const char *text);
