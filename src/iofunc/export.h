// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A name that programs link against. src/client/kamioka.map lists it, too. */
#define EXPORT __attribute__((visibility("default")))
