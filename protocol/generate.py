#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn protocol definitions (*.msg) into C, a manual, a layout and fuzz seeds.

definition.py has the language, emit_c.py the C; here is all that is not C, and the command.
"""
import argparse
import difflib
import os
import sys

sys.dont_write_bytecode = True
import emit_c  # noqa: E402
from definition import ALIGN, Bad, Definition  # noqa: E402


def table(head, rows):
    if not rows:
        return []
    rows = [[str(c).replace('|', '\\|') for c in row] for row in rows]
    return ['| %s |' % ' | '.join(r) for r in [head, ['---'] * len(head)] + rows] + ['']


def out_manual(d):
    out = MANUAL_START.split('\n')
    for file, intro in d.files:
        out += ['## ' + file, ''] + intro + ['']
        out += table(['constant', 'value', 'meaning'],
                     [['`%s`' % c.name, c.spelled, c.text] for c in d.of('const', file)])
        for e in d.of('enum', file):
            out += ['### enum %s (%s)' % (e.name, e.value), '']
            out += sum([[a.text, ''] for a in e.about], [])
            out += table(['name', 'value', 'meaning'],
                         [['`%s`' % m.cname, m.spec, m.text] for m in e.members])
        for s in d.of('struct', file):
            out += ['### struct %s, %d bytes' % (s.name, s.size), '']
            out += sum([[a.text, ''] for a in s.about], [])
            out += table(['offset', 'field', 'type', 'meaning'],
                         [[f.offset, '`%s`' % f.name, f.spec, f.text] for f in s.members])
        for r in d.of('request', file):
            out += manual_request(r)
    return out


MANUAL_START = '''# Protocol

Generated from `protocol/*.msg`. Numbers are in the byte order of the machine; offsets and sizes
are in bytes. Padding is zero.

A request or answer has its fixed fields first. If it has tails, their lengths follow, each an
u32 and in the tails' order (`string`: bytes without the NUL; `strings`: how many, bytes with all
NULs; `bytes`: bytes; `structs`: how many), then the tails themselves, each behind as many zeros
as bring it to a multiple of 8. The last one ends the body.
'''


def manual_request(r):
    out = ['### request %s (%d), reply: %s' % (r.name, r.value, r.reply), '']
    out += sum([[a.text, ''] for a in r.about], [])
    rows = [[side, f.offset if not f.tail else 'tail', '`%s`' % f.name, f.spec, f.text]
            for side in ('in', 'out') for f in r.sides[side].fixed + r.sides[side].tails]
    rows += [[m.kind, '', '`%s`' % m.name, m.spec, m.text] for m in r.members
             if m.kind in ('fds', 'ret_fds')]
    out += table(['', 'offset', 'field', 'type', 'meaning'], rows)
    return out + (['Fails with: %s.' % ', '.join(r.fails), ''] if r.fails else [])


def out_golden(d):
    """What older programs of a running node rely on."""
    out = ['const %s %s' % (c.name, c.spelled) for c in d.of('const')]
    for e in d.of('enum'):
        out += ['enum %s %s' % (e.name, e.value)]
        out += ['\t%s %s' % (m.name, m.spec) for m in e.members]
    for s in d.of('struct'):
        out += ['struct %s %d' % (s.name, s.size)]
        out += ['\t%s %d %d' % (f.cname, f.offset, f.size) for f in s.members]
    for r in d.of('request'):
        out += ['request %s %d %s fds %d..%d ret_fds %d..%d' % (
            (r.name, r.value, r.reply) + r.fds + r.ret_fds)]
        for which, side in r.sides.items():
            out += ['\t%s %s %d %d' % (which, f.cname, f.offset, f.size) for f in side.fixed]
            out += ['\t%s %s %s' % (which, f.cname, f.spec) for f in side.tails]
    return out


def seed(side):
    """A plain body: ones in every number, short tails."""
    body = b''
    for f in side.fixed:
        one = b'\0' * f.one if f.pad or f.struct else (1).to_bytes(f.one, sys.byteorder)
        body += one * (f.count or 1)
    plain = {'string': (b'a\0', [1]), 'strings': (b'a\0bc\0', [2, 5]), 'bytes': (b'abc', [3])}
    tails = [plain.get(f.tail) or (b'\0' * f.one, [1]) for f in side.tails]
    body += b''.join(n.to_bytes(4, sys.byteorder) for _, lens in tails for n in lens)
    for data, _ in tails:
        body += b'\0' * (-len(body) % ALIGN) + data
    return body


def write_seeds(d, folder):
    os.makedirs(folder, exist_ok=True)
    for r in d.of('request'):
        for which, side in r.sides.items():
            with open(os.path.join(folder, '%s.%s' % (r.name, which)), 'wb') as file:
                file.write(r.value.to_bytes(2, 'little') + seed(side))


def is_golden(d, path):
    with open(path, encoding='utf-8') as file:
        old = file.read().splitlines()
    diff = list(difflib.unified_diff(old, out_golden(d), path, 'protocol/*.msg', lineterm=''))
    if diff:
        print('\n'.join(diff + ['The layout has changed. If that is meant: --out-golden ' + path]),
              file=sys.stderr)
    return not diff


OUTPUTS = {'structs': emit_c.out_structs, 'header': emit_c.out_header, 'source': emit_c.out_source,
           'dispatch': emit_c.out_dispatch, 'stubs': emit_c.out_stubs, 'trace': emit_c.out_trace,
           'manual': out_manual, 'golden': out_golden}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in OUTPUTS:
        parser.add_argument('--out-' + name, metavar='FILE')
    parser.add_argument('--check-golden', metavar='FILE')
    parser.add_argument('--seeds', metavar='FOLDER')
    parser.add_argument('definitions', nargs='+', metavar='FILE.msg')
    args = parser.parse_args()
    try:
        d = Definition(args.definitions)
    except Bad as bad:
        sys.exit(str(bad))
    for name, make in OUTPUTS.items():
        path = getattr(args, 'out_' + name)
        if path:
            with open(path, 'w', encoding='utf-8') as file:
                file.write('\n'.join(make(d)) + '\n')
    if args.seeds:
        write_seeds(d, args.seeds)
    if args.check_golden and not is_golden(d, args.check_golden):
        sys.exit(1)


if __name__ == '__main__':
    main()
