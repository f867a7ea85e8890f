#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator: what it makes of testdata/small.msg, what it refuses, and whether the
protocol's layout is still the one in layout.golden.

`generate_test.py --write` makes testdata/small.expected anew.
"""
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.join(HERE, '..', 'src')
DATA = os.path.join(HERE, 'testdata')
SMALL = os.path.join(DATA, 'small.msg')
EXPECTED = os.path.join(DATA, 'small.expected')
OUTPUTS = {'structs': 'shared.h', 'header': 'proto.h', 'source': 'proto_coders.c',
           'dispatch': 'proto_dispatch.c', 'stubs': 'proto_stubs.c', 'trace': 'proto_trace.c',
           'manual': 'protocol.md', 'golden': 'layout'}
WARNINGS = '''-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wswitch-enum -Wvla -Wundef -Wwrite-strings -Wformat=2 -Wcast-align
    -Werror'''.split()


def generate(*args):
    return subprocess.run([sys.executable, os.path.join(HERE, 'generate.py'), *args],
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)


def generate_small(folder):
    os.makedirs(folder, exist_ok=True)
    args = sum([['--out-' + k, os.path.join(folder, v)] for k, v in OUTPUTS.items()], [])
    done = generate(*args, SMALL)
    assert done.returncode == 0, done.stderr


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def request(*lines, reply='cell'):
    return '\n\t'.join(('request r 1', 'about x', 'reply ' + reply) + lines)


# What is wrong, the definition, the line that must be named, what must be said.
BAD = [
    ('unaligned field', 'struct s 8\n\ta u8\n\tb u32\n\tpad u8[3]', 3, 'pad u8[3] is missing'),
    ('wrong size', 'struct s 16\n\ta u32\n\tb u32', 1, 'is of 8 bytes, not 16'),
    ('pad missing at the end', 'struct s 16\n\ta u64\n\tb u32', 1, 'ends at 12: pad u8[4]'),
    ('pad of numbers', 'struct s 8\n\ta u32\n\tpad u32', 3, 'pad is u8'),
    ('unknown type', '# x\n\nstruct s 4\n\ta u33', 4, 'unknown type "u33"'),
    ('unknown enum type', 'enum e u7\n\tA 1', 1, 'unknown type "u7"'),
    ('struct in itself', 'struct s 4\n\ta t\nstruct t 4\n\ta s', 4, 'struct s contains itself'),
    ('tail in a struct', 'struct s 4\n\ta string', 2, 'no tails'),
    ('empty array', 'struct s 4\n\ta u8[0]', 2, 'elements'),
    ('unknown array size', 'struct s 4\n\ta u8[N]', 2, '"N"'),
    ('constant of itself', 'const A B\nconst B A', 2, '"A" is no number'),
    ('constant that is no number', 'const A 1/2', 1, 'is no number'),
    ('constant that breaks off', 'const A (1+', 1, 'is no number'),
    ('duplicate constant', 'const A 1\nconst A 1', 2, 'defined at'),
    ('duplicate struct', 'struct s 1\n\ta u8\nenum s u8\n\tA 1', 3, 'defined at'),
    ('duplicate request', request() + '\n' + request().replace('r 1', 'r 2'), 4, 'defined at'),
    ('duplicate number', request() + '\n' + request().replace('r 1', 'q 1'), 4, 'request 1 was'),
    ('duplicate field', 'struct s 8\n\ta u32\n\ta u32', 3, 'a was defined at'),
    ('duplicate of a length', request('in a_len u32', 'in a bytes'), 5, 'a_len was defined'),
    ('duplicate enum member', 'enum e u8\n\tA 1\n\tA 2', 3, 'E_A was defined'),
    ('duplicate enum value', 'enum e u8\n\tA 1\n\tB 1', 3, 'value 1 of e was'),
    ('member named like a constant', 'const E_A 1\nenum e u8\n\tA 1', 3, 'E_A was defined'),
    ('value too large', 'enum e u8\n\tA 256', 2, 'does not fit into u8'),
    ('value too small', 'enum e u8\n\tA -1', 2, 'does not fit into u8'),
    ('number 0', 'request r 0\n\treply none', 1, 'request numbers'),
    ('number too large', 'request r 1024\n\treply none', 1, 'request numbers'),
    ('no reply', 'request r 1\n\tabout x', 1, 'needs one line'),
    ('two replies', request('reply none'), 4, 'needs one line'),
    ('unknown reply', request(reply='letter'), 3, 'needs one line'),
    ('fixed field behind a tail', request('in a bytes', 'in b u32'), 5, 'stands behind tail a'),
    ('tail in a cell', request('out a bytes'), 4, 'reply cell cannot carry a'),
    ('answer without reply', request('out a u32', reply='none'), 4, 'reply none cannot'),
    ('errno without reply', request('fails EPERM', reply='none'), 4, 'fails with reply none'),
    ('descriptors in a cell', request('ret_fds a 0..1'), 4, 'ret_fds with reply cell'),
    ('socket without descriptor', request(reply='socket'), 1, 'needs fds'),
    ('no words before lengths', request('in a u8', 'in b bytes'), 1, 'pad u8[3] is missing'),
    ('tail of no struct', request('in a structs:u32'), 4, '"u32" is no struct'),
    ('range backwards', request('fds a 2..1'), 4, 'is no range'),
    ('range too large', request('fds a 0..200', 'fds b 0..54'), 5, 'is no range'),
    ('no range', request('fds a 3'), 4, 'MIN..MAX'),
    ('unknown errno', request('fails EPERM EFUN'), 4, '"EFUN" is no errno'),
    ('errno twice', request('fails EAGAIN EWOULDBLOCK'), 4, 'named twice'),
    ('unknown word', 'union u 4', 1, 'unknown word "union"'),
    ('unknown word in a request', request('inout a u32'), 4, 'unknown word "inout"'),
    ('no value', 'struct s', 1, 'lacks its value'),
    ('no type', 'struct s 4\n\ta', 2, 'unknown type ""'),
    ('spaces', 'struct s 4\n    a u32', 2, 'tabs'),
    ('indented under nothing', '\ta u32', 1, 'under nothing'),
    ('C word', 'struct s 4\n\tint u32', 2, 'is no name'),
    ('small constant', 'const a 1', 1, 'is no name'),
]


class Bad(unittest.TestCase):
    def test_names_the_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'bad.msg')
            for what, text, line, words in BAD:
                with self.subTest(what):
                    with open(path, 'w', encoding='utf-8') as file:
                        file.write(text + '\n')
                    done = generate(path)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertTrue(done.stderr.startswith('%s:%d: error: ' % (path, line)),
                                    done.stderr)
                    self.assertIn(words, done.stderr)


class Small(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.gen = os.path.join(self.folder, 'gen')
        generate_small(self.gen)

    def test_output_is_as_expected(self):
        for name in OUTPUTS.values():
            with self.subTest(name):
                self.assertEqual(read(self.gen, name), read(EXPECTED, name + '.txt'))

    def build(self, cc, program, *flags):
        sources = [os.path.join(self.gen, s) for s in os.listdir(self.gen) if s.endswith('.c')]
        sources += [os.path.join(SRC, 'wire', s) for s in ('body.c', 'print.c')]
        subprocess.run([*cc, *WARNINGS, *flags, '-I' + self.folder, '-I' + SRC, '-o', program,
                        os.path.join(DATA, 'small_test.c'), *sources], check=True)

    def test_generated_code_works(self):
        for cc in (shlex.split(os.environ.get('CC', 'gcc')), ['clang']):
            for flags in ([], ['-O2']):
                with self.subTest(' '.join(cc + flags)):
                    if not shutil.which(cc[0]):
                        self.skipTest('no ' + cc[0])
                    program = os.path.join(self.folder, 'small_test')
                    self.build(cc, program, *flags)
                    subprocess.run([program], check=True, timeout=60)

    def test_golden_tells_a_change(self):
        golden = os.path.join(self.gen, 'layout')
        self.assertEqual(generate('--check-golden', golden, SMALL).returncode, 0)
        with open(golden, 'a', encoding='utf-8') as file:
            file.write('struct gone 4\n')
        done = generate('--check-golden', golden, SMALL)
        self.assertEqual(done.returncode, 1)
        self.assertIn('-struct gone 4', done.stderr)

    def test_seeds_begin_with_the_number(self):
        seeds = os.path.join(self.folder, 'seeds')
        self.assertEqual(generate('--seeds', seeds, SMALL).returncode, 0)
        self.assertEqual(len(os.listdir(seeds)), 8)
        with open(os.path.join(seeds, 'open.in'), 'rb') as file:
            self.assertEqual(file.read(), b'\1\0' + (1).to_bytes(4, sys.byteorder) + b'\1\0\0\0')


class Protocol(unittest.TestCase):
    def test_layout_is_golden(self):
        files = sorted(f for f in os.listdir(HERE) if f.endswith('.msg'))
        done = generate('--check-golden', os.path.join(HERE, 'layout.golden'),
                        *(os.path.join(HERE, f) for f in files))
        self.assertEqual(done.returncode, 0, done.stderr)


def write_expected():
    with tempfile.TemporaryDirectory() as folder:
        generate_small(folder)
        os.makedirs(EXPECTED, exist_ok=True)
        for name in OUTPUTS.values():
            shutil.copyfile(os.path.join(folder, name), os.path.join(EXPECTED, name + '.txt'))


if __name__ == '__main__':
    if sys.argv[1:] == ['--write']:
        write_expected()
    else:
        unittest.main()
