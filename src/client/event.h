// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Threads of the library's own in this process: they are not the program's. */
unsigned event_own_threads(void);
