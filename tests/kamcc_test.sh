#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# kamcc, by what it compiles and by what it hands to the compiler. `--list` names the
# tests, NAME runs one; without an argument all are run, a line each. The kamcc of
# $KAMIOKA_BIN is tested, or else that of build/bin.
#
# Tests are called by name; a line that ends with || fail is meant to.
# shellcheck disable=SC2317,SC2015,SC2016,SC2012,SC1003
set -u
self=$(readlink -f "$0")
bin=${KAMIOKA_BIN:-${self%/*/*}/build/bin}
kamcc=$bin/kamcc
unset CC CXX KAMCC_CC KAMCC_NO_QNX

fail()
{
	echo "failed: $*"
	exit 1
}

skip()
{
	echo "$*"
	exit 77
}

needs()
{
	command -v "$1" >/dev/null || skip "no $1"
}

# A program that says ok if it was compiled as a QNX one, and linked.
write_program()
{
	cat >"$1" <<'END'
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#if !defined __QNXNTO__ || !defined __QNX__
#error "not for QNX"
#endif

int main(void)
{
	struct inheritance inherit;

	inherit.flags = EOK;
	delay(inherit.flags);
	return environ && puts("ok") == EOF;
}
END
}

# A compiler that tells its arguments, one a line, each in brackets.
write_teller()
{
	cat >teller <<'END'
#!/bin/sh
for argument; do
	printf '[%s]\n' "$argument"
done
END
	chmod +x teller
	CC=$PWD/teller
	CXX="$PWD/teller c++"
	export CC CXX
}

# The caller's own arguments must be the last of what the compiler was given, as they are.
expect_last()
{
	printf '[%s]\n' "$@" >want
	tail -n "$#" said >have
	cmp -s want have || fail "want $(cat want) have $(cat said)"
}

has_line()
{
	grep -qxF -e "$1" "$2" || fail "no $1 in: $(cat "$2")"
}

has_no()
{
	! grep -qF -e "$1" "$2" || fail "$1 in: $(cat "$2")"
}

test_builds_a_program()
{
	write_program p.c
	"$kamcc" -Wall -Wextra -Werror -o p p.c || fail "does not compile"
	[ "$(./p)" = ok ] || fail "does not run"
	"$kamcc" -c p.c && "$kamcc" -o q p.o || fail "does not link"
	[ "$(./q)" = ok ] || fail "does not run, linked alone"
}

test_library_is_before_libc()
{
	needs readelf
	echo 'int main(void) { return 0; }' >p.c
	"$kamcc" -o p p.c -lm || fail "does not compile"
	readelf -d p | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >needed
	head -n 1 needed | grep -q '^libkamioka\.so' || fail "needs $(cat needed)"
}

test_old_style_is_a_warning()
{
	cat >p.c <<'END'
#include <stdio.h>

main(int argc, char **argv)
{
	if (argc > 9)
		undeclared(argv);
	switch (argc) {
	case 1:
		puts("ok"); // and a label without a statement
		break;
	default:
		// nothing
		;
	}
	return 0;
}

undeclared(char **argv)
{
	return argv != 0;
}
END
	"$kamcc" -o p p.c 2>said || fail "is an error: $(cat said)"
	[ "$(./p)" = ok ] || fail "does not run"
	grep -q 'implicit-int' said || fail "no warning of implicit int"
	grep -q 'implicit-function-declaration' said || fail "no warning of implicit functions"
}

test_old_style_is_an_error_if_asked()
{
	echo 'main() { return 0; }' >int.c
	echo 'int main(void) { return undeclared(); }' >function.c
	for flag in -Werror -Werror=implicit-int -Werror=implicit; do
		! "$kamcc" -c "$flag" int.c 2>/dev/null || fail "int with $flag"
	done
	for flag in -Werror -Werror=implicit-function-declaration -Werror=implicit; do
		! "$kamcc" -c "$flag" function.c 2>/dev/null || fail "function with $flag"
	done
	"$kamcc" -c -Werror=implicit-function-declaration int.c 2>/dev/null || fail "other one"
}

test_standard()
{
	cat >gnu17.c <<'END'
#if __STDC_VERSION__ != 201710L || defined __STRICT_ANSI__
#error "not gnu17"
#endif
END
	cat >c11.c <<'END'
#if __STDC_VERSION__ != 201112L || !defined __STRICT_ANSI__
#error "not c11"
#endif
END
	cat >ansi.c <<'END'
#if defined __STDC_VERSION__ || !defined __STRICT_ANSI__
#error "not ansi"
#endif
END
	"$kamcc" -c gnu17.c || fail "by default"
	"$kamcc" -std=c11 -c c11.c || fail "before"
	"$kamcc" -c c11.c -std=c11 || fail "after"
	"$kamcc" -ansi -c ansi.c || fail "ansi"
	echo '-std=c11 "-c"' >args
	"$kamcc" @args c11.c || fail "in a response file"
}

test_qnx_macros_can_be_off()
{
	cat >p.c <<'END'
#if defined __QNX__ || defined __QNXNTO__
#error "for QNX"
#endif
#include <errno.h>
#include <unistd.h>
enum { EOK };
static void delay(int a, int b)
{
	(void)(a + b);
}
int main(void)
{
	delay(EOK, 0);
	return !environ;
}
END
	! "$kamcc" -c p.c 2>/dev/null || fail "they are off without being asked"
	"$kamcc" --no-qnx-macros -Werror -c p.c || fail "by option"
	"$kamcc" -c p.c -Werror --no-qnx-macros || fail "by option, last"
	KAMCC_NO_QNX=1 "$kamcc" -Werror -c p.c || fail "by environment"
}

test_headers_show_all_unless_asked()
{
	cat >gnu.c <<'END'
#include <string.h>
char *p(char *s)
{
	return strchrnul(s, 'a');
}
END
	"$kamcc" -Werror -c gnu.c || fail "by default"
	! "$kamcc" -Werror -std=c11 -c gnu.c 2>/dev/null || fail "with a standard"
	! "$kamcc" -Werror -U_GNU_SOURCE -c gnu.c 2>/dev/null || fail "with -U"
	! "$kamcc" -Werror -U _GNU_SOURCE -c gnu.c 2>/dev/null || fail "with -U and a blank"
	! "$kamcc" -Werror -D_POSIX_C_SOURCE=200809L -c gnu.c 2>/dev/null || fail "with -D"
	! "$kamcc" -Werror -D _XOPEN_SOURCE=700 -c gnu.c 2>/dev/null || fail "with -D, blank"
	"$kamcc" -Werror -std=c11 -D_QNX_SOURCE -c gnu.c || fail "with _QNX_SOURCE"
	for define in '#define _GNU_SOURCE' '#define _GNU_SOURCE 1'; do
		{ echo "$define"; cat gnu.c; } >own.c
		"$kamcc" -Wall -Werror -c own.c || fail "the source has $define"
		"$kamcc" -Wall -Werror --no-qnx-macros -c own.c || fail "the same, for Linux"
	done
}

test_arguments_go_on_unchanged()
{
	write_teller
	set -- -o 'a b' -I 'in c' '-DX="1 2"' "-DY='q'" '' '$HOME' '*' 'x y.c' '-lq' '\n' 'a"b.o'
	"$kamcc" "$@" >said || fail "status"
	expect_last "$@"
	# An option's value is not kamcc's, whatever it looks like.
	set -- -o --help -I --no-qnx-macros -MF --version -c -x c odd.name -x none -D --help
	"$kamcc" "$@" >said || fail "status"
	expect_last "$@"
	has_no -lkamioka said
	has_line '[-std=gnu17]' said
}

test_library_only_for_linking()
{
	write_teller
	for flag in -c -S -E -M -MM -fsyntax-only -r -nostdlib; do
		"$kamcc" "$flag" p.c >said
		has_no kamioka.so said
		has_no -lkamioka said
		has_no rpath said
	done
	for flag in -shared -MD -MMD -g; do
		"$kamcc" "$flag" p.c >said
		has_line '[-lkamioka]' said
	done
	"$kamcc" p.o >said
	has_line '[-lkamioka]' said
	has_no -std= said
	has_no -D__QNX__ said
	printf '%s\n' '-g -c' '"p c.c"' >args
	"$kamcc" @args >said
	expect_last @args
	has_no -lkamioka said
}

test_without_input_it_is_the_compiler()
{
	write_teller
	for flag in -v -dumpmachine -print-search-dirs '-###' -lm -Wl,--version; do
		"$kamcc" "$flag" >said
		printf '[%s]\n' "$flag" | cmp -s - said || fail "$flag gives $(cat said)"
	done
	unset CC CXX
	"$kamcc" 2>said && fail "status 0"
	status=$?
	gcc 2>want
	[ "$status" = "$?" ] || fail "status $status"
	cmp -s want said || fail "says $(cat said)"
	! "$kamcc" /nowhere/p.c 2>/dev/null || fail "compiles what is not there"
}

test_shared_object()
{
	needs readelf
	echo '#include <unistd.h>
int nap(void) { return (int)delay(0); }' >nap.c
	echo 'int nap(void); int main(void) { return nap(); }' >p.c
	"$kamcc" -shared -fPIC -Wl,-z,defs -o libnap.so nap.c || fail "does not link"
	readelf -d libnap.so | grep -q 'NEEDED.*libkamioka' || fail "without the library"
	"$kamcc" -o p p.c -L. -lnap -Wl,-rpath,"$PWD" && ./p || fail "cannot be used"
}

test_static_is_refused()
{
	echo 'int main(void) { return 0; }' >p.c
	for flag in -static --static -static-pie; do
		"$kamcc" "$flag" -o p p.c 2>said
		[ $? = 2 ] || fail "$flag: status"
		[ "$(wc -l <said)" = 1 ] || fail "$flag: $(cat said)"
		has_no Usage said
	done
	"$kamcc" -static -c p.c || fail "with -c nothing is linked"
	"$kamcc" -static-libgcc -o p p.c || fail "-static-libgcc is another thing"
}

test_cxx()
{
	needs g++
	cat >p.cpp <<'END'
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <spawn.h>
#include <string>
#include <unistd.h>

int main()
{
	spawn_inheritance_type inherit{};
	std::string text("ok");

	delay(inherit.flags);
	std::cout << text << std::endl;
	return EOK;
}
END
	cp p.cpp p.odd
	"$kamcc" -Wall -Werror -o p p.cpp && [ "$(./p)" = ok ] || fail "by the name"
	"$kamcc" -Wall -Werror -x c++ -std=c++17 -o p p.odd && [ "$(./p)" = ok ] || fail "by -x"
	"$kamcc" -Wall -Werror -c p.cpp || fail "with -c"
	CC=g++ "$kamcc" -o p p.o && [ "$(./p)" = ok ] || fail "objects, with CC=g++"
	echo 'extern "C" int f(void) { return !std::string("a").size(); }' |
		cat p.cpp - | sed 's/int main()/int other()/' >f.cpp
	echo 'int f(void); main() { return f(); }' >main.c
	"$kamcc" -o mixed main.c f.cpp 2>/dev/null && ./mixed || fail "with C"
	write_teller
	"$kamcc" p.cpp >said
	has_line '[c++]' said
	has_no -std= said
	has_no implicit said
	unset CXX
	CC=true KAMCC_CC=$PWD/teller "$kamcc" -c p.c >said
	has_line '[p.c]' said
}

test_clang()
{
	needs clang
	write_program p.c
	CC=clang
	export CC
	for flags in '-c' '-S' '-E -o p.i' '-o p' '-o p -Wl,-O1' '-M -MF p.d' '-shared -fPIC -o p.so'; do
		# shellcheck disable=SC2086 # flags are words
		"$kamcc" -Wall -Werror $flags p.c >said 2>&1 || fail "$flags: $(cat said)"
		[ ! -s said ] || fail "$flags: $(cat said)"
	done
	./p >said
	has_line ok said
	"$kamcc" -Werror -o p p.o >said 2>&1 || fail "linking alone: $(cat said)"
	[ ! -s said ] || fail "linking alone: $(cat said)"
	"$kamcc" -Werror @/dev/null >/dev/null 2>&1 && fail "nothing at all"
	printf 'main() { return 0; }\n' >old.c
	"$kamcc" -o old old.c 2>/dev/null && ./old || fail "implicit int"
}

test_compiler_of_the_caller()
{
	write_teller
	CC="$CC one two" "$kamcc" -c p.c >said || fail "status"
	printf '[one]\n[two]\n' >want
	head -n 2 said | cmp -s - want || fail "CC with arguments: $(cat said)"
	write_program p.c
	for cc in kamcc "$kamcc" "ccache kamcc"; do
		CC=$cc "$kamcc" -o p p.c && [ "$(./p)" = ok ] || fail "CC=$cc"
	done
	CC=no-such-compiler "$kamcc" -c p.c 2>said
	[ $? = 2 ] || fail "status without a compiler"
	[ "$(wc -l <said)" = 1 ] || fail "says $(cat said)"
}

test_asks_of_itself()
{
	"$kamcc" --help >said || fail "--help"
	grep -q '^usage: kamcc' said || fail "--help says $(cat said)"
	"$kamcc" --version >said || fail "--version"
	[ "$(gcc --version | head -n 1)" = "$(head -n 1 said)" ] ||
		fail "the compiler is not first in $(cat said)"
	tail -n 1 said | grep -q '^kamcc (Kamioka) [0-9]' || fail "--version says $(cat said)"
	write_program p.c
	eval "set -- $("$kamcc" --print-flags)"
	gcc "$@" -o p p.c || fail "--print-flags: $*"
	[ "$(./p)" = ok ] || fail "--print-flags makes what does not run"
}

test_works_where_it_was_moved()
{
	place="a place, with 'marks'"
	mkdir -p "$place/bin" "$place/lib/some-linux-gnu" "$place/include" link
	cp "$kamcc" "$place/bin/"
	cp -rL "$bin/../include/kamioka" "$place/include/"
	lib=$(ls -d "$bin"/../lib*/libkamioka.so "$bin"/../lib/*/libkamioka.so 2>/dev/null | head -n 1)
	cp -L "$lib" "$place/lib/some-linux-gnu/"
	soname=$(readelf -d "$lib" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
	[ "$soname" = libkamioka.so ] || cp -L "$lib" "$place/lib/some-linux-gnu/$soname"
	ln -s "$PWD/$place/bin/kamcc" link/kamcc
	write_program p.c
	link/kamcc -o p p.c && [ "$(./p)" = ok ] || fail "by a link"
	PATH=$PWD/link:$PATH
	kamcc -o q p.c && [ "$(./q)" = ok ] || fail "by PATH"
	kamcc -M p.c | tr -d '\\' >said
	grep -q "include/kamioka/spawn.h" said || fail "headers: $(cat said)"
	has_no "$bin" said
	eval "set -- $(kamcc --print-flags)"
	gcc "$@" -o r p.c && [ "$(./r)" = ok ] || fail "flags: $*"
}

test_sanitizers()
{
	write_program p.c
	gcc -fsanitize=address,undefined -o probe -xc - <<'END' 2>/dev/null || skip "no sanitizers"
int main(void) { return 0; }
END
	./probe || skip "sanitizers do not run here"
	"$kamcc" -fsanitize=address,undefined -o p p.c || fail "does not compile"
	./p >said 2>&1 || fail "does not run: $(cat said)"
	has_line ok said
}

test_precompiled_header()
{
	printf '#include <spawn.h>\n' >all.h
	"$kamcc" -o all.h.gch all.h || fail "does not compile"
	printf '#include "all.h"\nint main(void) { return sizeof(struct inheritance) == 0; }\n' >p.c
	"$kamcc" -Winvalid-pch -Werror -o p p.c && ./p || fail "cannot be used"
}

tests=$(sed -n 's/^test_\([a-z_]*\)()$/\1/p' "$self")

# In a directory of its own, that goes away. Returns the test's status.
run()
{
	directory=$(mktemp -d) || return 1
	(cd "$directory" && "test_$1")
	status=$?
	rm -rf "$directory"
	return $status
}

case ${1:-} in
--list)
	for name in $tests; do
		echo "kamcc_$name"
	done
	exit 0
	;;
'')
	bad=0
	for name in $tests; do
		said=$(run "$name" 2>&1)
		case $? in
		0) echo "ok - kamcc_$name" ;;
		77) echo "ok - kamcc_$name # SKIP $said" ;;
		*)
			echo "not ok - kamcc_$name"
			printf '%s\n' "$said" | sed 's/^/# /'
			bad=1
			;;
		esac
	done
	exit $bad
	;;
*)
	for name in $tests; do
		if [ "kamcc_$name" = "$1" ]; then
			run "$name"
			exit
		fi
	done
	echo "no test $1" >&2
	exit 2
	;;
esac
