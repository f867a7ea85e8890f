// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Descriptor 0, 1 or 2 is another file now: stdin, stdout or stderr is to be a stream of it. */
void stream_standard(int fd);
