#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Boots a node by script: starts what shall run in it and ends. What it started stays.
#
#   kamioka boot -- examples/boot.sh FOLDER-WITH-THE-SERVICE
#
# A shell waits for the real end of a daemon, so services get an &.
bin=$1

echo "boot: script $$ starts three processes"
"$bin/service" "service one" &
"$bin/service" "service two" &
nice -n 5 sleep 1000 &
