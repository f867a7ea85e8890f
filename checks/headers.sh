#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every public header compiles alone, and after itself, as C11, as gnu17 and as C++17, with gcc
# and clang; all of them in one source, in either order, in every way there is: strict and not,
# old and new, for a QNX program and for a Linux one. The programs in cc-probe/ compile too:
# they hold what a header promises. Nothing is linked. One line for each failure; the status
# says if there was one.
set -u

# One compilation; a line on stdout if it fails. $2: compiler, $3: flags, $4: source, $5: what
# to call it. First of all, as it is done hundreds of times.
if [ "${1:-}" = --one ]; then
	# shellcheck disable=SC2086 # flags are words
	said=$($2 $3 -Wall -Wextra -Wundef -Werror -fsyntax-only -I"$include" "$4" 2>&1) && exit 0
	first=$(printf '%s\n' "$said" | grep -m1 'error' || printf '%s\n' "$said" | tail -n 1)
	printf '%s: %s %s: %s\n' "$5" "$2" "$3" "$first"
	exit 0
fi

root=$(cd "$(dirname "$0")/.." && pwd)
include=$root/include
export include
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

qnx='-D__QNXNTO__ -D__QNX__'

jobs=$work/jobs
job()
{
	printf '%s\0%s\0%s\0%s\0' "$1" "$2" "$3" "$4" >>"$jobs"
}

includes()
{
	for name; do
		printf '#include <%s>\n' "$name"
	done
	echo 'extern int not_empty;'
}

names=$(cd "$include" && find . -name '*.h' | sed 's|^\./||' | sort)
reversed=$(printf '%s\n' "$names" | sort -r)

for name in $names; do
	includes "$name" "$name" >"$work/$(printf %s "$name" | tr / _).c"
done
# shellcheck disable=SC2086 # a list of names
includes $names >"$work/all.c"
# shellcheck disable=SC2086
includes $reversed >"$work/all_reversed.c"

compilers=
for compiler in gcc clang; do
	if command -v $compiler >/dev/null; then
		compilers="$compilers $compiler"
	fi
done
if [ -z "$compilers" ]; then
	echo "no compiler"
	exit 77
fi
# A cross compiler's headers lie elsewhere; there glibc's <signal.h> includes more of ours.
aarch64='aarch64-linux-gnu-gcc'
if command -v $aarch64 >/dev/null && [ -f /usr/aarch64-linux-gnu/include/stdio.h ]; then
	compilers="$compilers $aarch64"
fi

# The ways a header is compiled alone, one a line: what it needs and lacks shows in the strictest
# of a language. The aarch64 compiler, whose headers lie elsewhere, comes without C++.
modes_alone()
{
	case $1 in
	aarch64*) echo "-std=gnu17 $qnx" ;;
	clang) printf '%s\n' "-std=c11 -pedantic" "-x c++ -std=c++17 -pedantic" ;;
	*) printf '%s\n' "-std=c11 -pedantic" "-std=gnu17 $qnx" "-x c++ -std=c++17 -pedantic" ;;
	esac
}

# The ways all of them together are.
modes_together()
{
	cat <<-END
	-std=c11 -pedantic
	-std=c11 -pedantic $qnx
	-std=gnu17 -pedantic
	-std=gnu17 $qnx
	-std=gnu17 -D_GNU_SOURCE
	-std=gnu90 $qnx
	END
	case $1 in
	aarch64*) ;;
	*) printf '%s\n' "-x c++ -std=c++17 -pedantic" "-x c++ -std=gnu++17 $qnx" ;;
	esac
}

for compiler in $compilers; do
	modes_alone "$compiler" >"$work/modes"
	while read -r mode; do
		for name in $names; do
			job "$compiler" "$mode" "$work/$(printf %s "$name" | tr / _).c" "$name"
		done
	done <"$work/modes"
	modes_together "$compiler" >"$work/modes"
	while read -r mode; do
		job "$compiler" "$mode" "$work/all.c" "all headers"
		job "$compiler" "$mode" "$work/all_reversed.c" "all headers, reversed"
	done <"$work/modes"
	# linux_*.c are ordinary programs, the others QNX ones.
	for probe in "$root"/checks/cc-probe/*.c; do
		place=${probe#"$root"/}
		case ${probe##*/} in
		linux_*) macros= ;;
		*) macros=" $qnx" ;;
		esac
		job "$compiler" "-std=gnu17$macros" "$probe" "$place"
		case $compiler$(head -n 3 "$probe") in
		aarch64* | *'C only'*) ;;
		*) job "$compiler" "-x c++ -std=gnu++17$macros" "$probe" "$place" ;;
		esac
	done
done

xargs -0 -n 4 -P "$(nproc)" "$0" --one <"$jobs" >"$work/said" 2>&1
sort "$work/said"
[ ! -s "$work/said" ]
