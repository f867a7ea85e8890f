/* SPDX-License-Identifier: Apache-2.0 */
/* C only. A feature macro that comes too late has no effect, and no warning either. */
#include <stdio.h>
#define _GNU_SOURCE
#include <string.h>

int main(void)
{
	char text[64];

	return strerror_r(0, text, sizeof(text)) + puts(text);
}
