// SPDX-License-Identifier: Apache-2.0
/* Who may change the pathname space. */
#include "names/kit.h"

#define SOMEBODY 65534

TEST(ability_that_is_denied_is_eperm)
{
	EXPECT_OK(links("/a", 3, 0));
	EXPECT_EQ(procmgr_ability(0,
				  PROCMGR_ADN_ROOT | PROCMGR_ADN_NONROOT | PROCMGR_AOP_DENY |
					  PROCMGR_AID_PATHSPACE,
				  PROCMGR_AID_EOL),
		  EOK);
	EXPECT_ERRNO(links("/b", 3, 0), EPERM);
	EXPECT_ERRNO(pathmgr_symlink("/a", "/c"), EPERM);
	EXPECT_ERRNO(pathmgr_unlink("/c"), EPERM);
}

TEST(everybody_attaches_in_a_node_of_one_user)
{
	if (geteuid() == 0)
		SKIP("is root");
	EXPECT_OK(links("/a", 3, 0));
	EXPECT_OK(links("/proc/dumper", 3, 0));
	EXPECT_OK(pathmgr_symlink("/a", "/b"));
}

TEST(node_of_roots_is_for_root_and_who_has_the_ability)
{
	pid_t pid;

	if (geteuid() != 0)
		SKIP("is not root");
	EXPECT_OK(pathmgr_symlink("/a", "/of_root"));
	EXPECT_OK(links("/proc/dumper", 3, 0));
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(setuid(SOMEBODY));
		EXPECT_ERRNO(links("/a", 3, 0), EPERM);
		EXPECT_ERRNO(pathmgr_symlink("/a", "/b"), EPERM);
		EXPECT_ERRNO(pathmgr_unlink("/of_root"), EPERM);
		_exit(0);
	}
	expect_exit(pid, 0);
	EXPECT_EQ(procmgr_ability(0,
				  PROCMGR_ADN_NONROOT | PROCMGR_AOP_ALLOW | PROCMGR_AID_PATHSPACE,
				  PROCMGR_AID_EOL),
		  EOK);
	pid = EXPECT_OK(fork());
	if (pid == 0) {
		EXPECT_OK(setuid(SOMEBODY));
		EXPECT_OK(links("/a", 3, 0));
		EXPECT_OK(pathmgr_symlink("/a", "/b"));
		EXPECT_OK(pathmgr_unlink("/b"));
		EXPECT_ERRNO(pathmgr_unlink("/of_root"), EPERM);
		/* It would read others' memory. */
		EXPECT_ERRNO(links("/proc/dumper", 3, PATHMGR_FLAG_BEFORE), EPERM);
		EXPECT_ERRNO(links("/proc/dumper/x", 3, 0), EPERM);
		EXPECT_ERRNO(pathmgr_symlink("/a", "/proc/dumper"), EPERM);
		_exit(0);
	}
	expect_exit(pid, 0);
}
