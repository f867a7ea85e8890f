/* SPDX-License-Identifier: Apache-2.0 */
/* C only. A program that asks for GNU's functions gets them, and is not warned of it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

int main(void)
{
	char text[64];
	char *message = strerror_r(0, text, sizeof(text));

	return puts(message) + *basename(text);
}
