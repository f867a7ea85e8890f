/* SPDX-License-Identifier: Apache-2.0 */
/* sys/ headers alone bring in the limits of the file system; limits.h was not asked for. */
#include <sys/procfs.h>

static char path[PATH_MAX];

int main(void)
{
	return path[0];
}
