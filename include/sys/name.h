/* SPDX-License-Identifier: Apache-2.0 */
/* Names of servers that are no resource managers: <sys/dispatch.h> includes this. */
#pragma once
