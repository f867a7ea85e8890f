# SPDX-License-Identifier: Apache-2.0
"""The language of protocol definitions (*.msg): reading, checking, layout.

One line for each thing, members indented by one tab, a text that goes on by two:

    const NAME VALUE  text
    enum NAME TYPE / MEMBER VALUE  text
    struct NAME SIZE / FIELD TYPE  text
    request NAME NUMBER / reply, in, out, fds, ret_fds, fails

Every item may have lines of `about`. A definition that could be laid out in two ways is an
error at its line, never a guess: padding is written (`pad u8[4]`), sizes are stated, tails
stand last.
"""
import errno
import os
import re

SCALARS = {sign + str(bits): (c + 'int%d_t' % bits, bits // 8)
           for sign, c in (('u', 'u'), ('i', '')) for bits in (8, 16, 32, 64)}
TAILS = ('string', 'strings', 'bytes', 'structs')
FDS_MAX = 253          # WIRE_FDS_MAX
NUMBER_MAX = 1023      # requests are table indices: no holes of thousands
ALIGN = 8              # BODY_ALIGN
WORDS = set('''auto break case char const continue default do double else enum extern float
    for goto if inline int long register restrict return short signed sizeof static struct
    switch typedef union unsigned void volatile while asm typeof errno'''.split())


class Bad(Exception):
    def __init__(self, where, text):
        super().__init__('%s: error: %s' % (where, text))


class Thing:
    """A line and what belongs to it: item, member or field."""
    def __init__(self, where, kind, name, text='', **more):
        self.where, self.kind, self.name, self.text = where, kind, name, text
        self.about, self.members = [], []
        self.__dict__.update(more)


def split(text, n):
    """The first n words, and the rest as prose."""
    words = text.split(None, n)
    return words[:n] + [''] * (n - len(words)), words[n].strip() if len(words) > n else ''


class Definition:
    def __init__(self, paths):
        self.files, self.items, self.used, self.structs = [], [], {}, []
        for path in paths:
            self.read(path)
        for kind in ('const', 'enum', 'struct', 'request'):
            for item in self.of(kind):
                getattr(self, 'finish_' + kind)(item)

    def of(self, kind, file=None):
        return [i for i in self.items if i.kind == kind and file in (None, i.file)]

    def claim(self, where, key, what):
        if key in self.used:
            raise Bad(where, '%s was defined at %s' % (what, self.used[key]))
        self.used[key] = where

    # Reading: lines to things, without looking at what they mean.

    def read(self, path):
        file = os.path.basename(path)
        intro, top, item, last = [], True, None, None
        with open(path, encoding='utf-8') as lines:
            for number, raw in enumerate(lines, 1):
                where, line = '%s:%d' % (path, number), raw.rstrip()
                if line.lstrip().startswith('#'):
                    if top and 'SPDX-License-Identifier' not in line:
                        intro.append(re.sub(r'^# ?', '', line))
                    continue
                top = False
                if not line:
                    continue
                depth = len(line) - len(line.lstrip('\t'))
                text = line[depth:]
                if text[0] == ' ':
                    raise Bad(where, 'members are indented with tabs')
                if depth == 0:
                    item = last = self.read_item(where, text, file)
                elif depth == 1 and item and item.kind != 'const':
                    last = self.read_member(where, text, item)
                elif depth == 2 and last is not None and last is not item:
                    last.text += ' ' + text
                else:
                    raise Bad(where, 'this line is indented under nothing')
        self.files.append((file, intro))

    def read_item(self, where, text, file):
        (kind, name, value), rest = split(text, 3)
        if kind not in ('const', 'enum', 'struct', 'request'):
            raise Bad(where, 'unknown word "%s"' % kind)
        if not re.fullmatch('[A-Z][A-Z0-9_]*' if kind == 'const' else '[a-z][a-z0-9_]*', name) \
                or name in WORDS:
            raise Bad(where, '"%s" is no name for a %s' % (name, kind))
        if not value:
            raise Bad(where, '%s %s lacks its value' % (kind, name))
        key = {'struct': 'tag', 'enum': 'tag', 'const': 'constant'}.get(kind, kind)
        self.claim(where, (key, name), name)
        self.items.append(Thing(where, kind, name, rest, value=value, file=file))
        return self.items[-1]

    def read_member(self, where, text, item):
        (word,), rest = split(text, 1)
        if word == 'about':
            item.about.append(Thing(where, 'about', '', rest))
            return item.about[-1]
        if item.kind in ('enum', 'struct'):
            (name, value), rest = split(text, 2)
            member = Thing(where, 'field', name, rest, spec=value)
        elif word in ('in', 'out', 'fds', 'ret_fds'):
            (word, name, value), rest = split(text, 3)
            member = Thing(where, word, name, rest, spec=value)
        elif word in ('reply', 'fails'):
            member = Thing(where, word, '', rest)
        else:
            raise Bad(where, 'unknown word "%s" in a request' % word)
        item.members.append(member)
        return member

    # Meaning.

    def number(self, where, text):
        """An integer, a constant's name, or a sum or product of such."""
        if not re.fullmatch(r'[-+*()|<\w]+', text):
            raise Bad(where, '"%s" is no number' % text)

        def word(m):
            if m[0][0].isdigit():
                return str(int(m[0], 0))
            for const in self.of('const'):
                if const.name == m[0]:
                    self.finish_const(const)
                    if const.value is not None:  # else it is being looked for right now
                        return str(const.value)
            raise Bad(where, '"%s" is no number and no constant' % m[0])
        try:
            return int(eval(re.sub(r'\w+', word, text), {'__builtins__': {}}))
        except (SyntaxError, ValueError, TypeError, ArithmeticError):
            raise Bad(where, '"%s" is no number' % text) from None

    def finish_const(self, const):
        if isinstance(const.value, str):
            const.spelled, const.value = const.value, None
            const.value = self.number(const.where, const.spelled)

    def finish_enum(self, enum):
        if enum.value not in SCALARS:
            raise Bad(enum.where, 'unknown type "%s"' % enum.value)
        bits = SCALARS[enum.value][1] * 8
        low = 0 if enum.value[0] == 'u' else -1 << bits - 1
        for m in enum.members:
            m.cname = '%s_%s' % (enum.name.upper(), m.name.upper())
            m.value = self.number(m.where, m.spec)
            self.claim(m.where, ('constant', m.cname), m.cname)
            self.claim(m.where, (enum.name, m.value), 'value %d of %s' % (m.value, enum.name))
            if not low <= m.value < low + (1 << bits):
                raise Bad(m.where, '%s does not fit into %s' % (m.spec, enum.value))

    def find_type(self, field, spec):
        """Give the field its C type, size and alignment."""
        field.struct = None
        if spec in SCALARS:
            field.ctype, field.one = SCALARS[spec]
            field.scalar, field.align = spec, field.one
            return
        for item in self.items:
            if item.name == spec and item.kind == 'enum':
                return self.find_type(field, item.value)
            if item.name == spec and item.kind == 'struct':
                self.finish_struct(item, field)
                field.ctype, field.one, field.align = 'struct ' + spec, item.size, item.align
                field.struct, field.scalar = item, None
                return
        raise Bad(field.where, 'unknown type "%s"' % spec)

    def finish_field(self, field, names, n_pads):
        name = field.name
        if not re.fullmatch('[a-z][a-z0-9_]*', name) or name in WORDS:
            raise Bad(field.where, '"%s" is no name for a field' % name)
        field.pad = name == 'pad'
        field.cname = 'pad%d' % n_pads if field.pad else name
        field.tail, _, of = field.spec.partition(':')
        views = ()
        if field.tail in TAILS:
            views = {'string': ('_len',), 'strings': ('_count', '_len'),
                     'bytes': ('_len',), 'structs': ('_count',)}[field.tail]
            if field.tail == 'structs':
                self.find_type(field, of)
                if not field.struct:
                    raise Bad(field.where, '"%s" is no struct' % of)
        else:
            field.tail, field.count = None, None
            m = re.fullmatch(r'(\w+)(?:\[(\S+)\])?', field.spec)
            self.find_type(field, m[1] if m else field.spec)
            if m[2]:
                field.count = self.number(field.where, m[2])
                if field.count < 1:
                    raise Bad(field.where, 'an array needs elements')
            if field.pad and field.scalar != 'u8':
                raise Bad(field.where, 'pad is u8 or u8[N]')
            field.size = field.one * (field.count or 1)
        field.lens = [name + v for v in views]
        for n in [field.cname] + field.lens:
            if n in names:
                raise Bad(field.where, '%s was defined at %s' % (n, names[n]))
            names[n] = field.where

    def lay_out(self, what, where, fields):
        """Offsets of fixed fields; their size and alignment."""
        names, at, align, tail = {}, 0, 1, None
        for i, f in enumerate(fields):
            self.finish_field(f, names, sum(g.name == 'pad' for g in fields[:i]))
            if f.tail:
                tail = f
                continue
            if tail:
                raise Bad(f.where, 'fixed field %s stands behind tail %s' % (f.name, tail.name))
            if at % f.align:
                raise Bad(f.where, '%s would be at offset %d: pad u8[%d] is missing before it'
                          % (f.name, at, -at % f.align))
            f.offset, at, align = at, at + f.size, max(align, f.align)
        if tail:
            align = max(align, 4)  # the words that count it follow
        if at % align:
            raise Bad(where, '%s ends at %d: pad u8[%d] is missing' % (what, at, -at % align))
        return at, align

    def finish_struct(self, s, user=None):
        if hasattr(s, 'size'):
            if s.size is None:
                raise Bad(user.where, 'struct %s contains itself' % s.name)
            return
        s.size = None
        for f in s.members:
            if f.spec.partition(':')[0] in TAILS:
                raise Bad(f.where, 'a struct has no tails')
        size, s.align = self.lay_out('struct ' + s.name, s.where, s.members)
        if size != self.number(s.where, s.value):
            raise Bad(s.where, 'struct %s is of %d bytes, not %s' % (s.name, size, s.value))
        s.size = size
        self.structs.append(s)  # after all it contains

    def finish_request(self, r):
        r.value = self.number(r.where, r.value)
        r.cname = 'PROTO_' + r.name.upper()
        if not 1 <= r.value <= NUMBER_MAX:
            raise Bad(r.where, 'request numbers go from 1 to %d' % NUMBER_MAX)
        self.claim(r.where, ('number', r.value), 'request %d' % r.value)
        replies = [m for m in r.members if m.kind == 'reply']
        if len(replies) != 1 or replies[0].text not in ('cell', 'socket', 'none'):
            raise Bad((replies or [r])[-1].where, 'request %s needs one line '
                      '"reply cell", "reply socket" or "reply none"' % r.name)
        r.reply = replies[0].text
        r.sides = {}
        for side in ('in', 'out'):
            fields = [m for m in r.members if m.kind == side]
            size, align = self.lay_out('%s of %s' % (side, r.name), r.where, fields)
            r.sides[side] = Thing(r.where, side, 'proto_%s_%s' % (r.name, side), size=size,
                                  fixed=[f for f in fields if not f.tail],
                                  tails=[f for f in fields if f.tail])
        for m in r.members:
            if m.kind == 'out' and (r.reply == 'none' or r.reply == 'cell' and m.tail):
                raise Bad(m.where, 'reply %s cannot carry %s' % (r.reply, m.name))
            if m.kind in ('ret_fds', 'fails') and r.reply == 'none' \
                    or m.kind == 'ret_fds' and r.reply == 'cell':
                raise Bad(m.where, '%s with reply %s' % (m.kind, r.reply))
        r.fds = self.descriptors(r, 'fds')
        r.ret_fds = self.descriptors(r, 'ret_fds')
        if r.reply == 'socket' and r.fds[0] < 1:
            raise Bad(r.where, 'a socket reply needs fds: the reply socket travels first')
        self.finish_fails(r)

    def descriptors(self, r, kind):
        low = high = 0
        for m in (m for m in r.members if m.kind == kind):
            ends = m.spec.split('..')
            if len(ends) != 2:
                raise Bad(m.where, '%s needs MIN..MAX' % kind)
            m.low, m.high = (self.number(m.where, e) for e in ends)
            low, high = low + m.low, high + m.high
            if not 0 <= m.low <= m.high or high > FDS_MAX:
                raise Bad(m.where, '%s is no range within 0..%d' % (m.spec, FDS_MAX))
        return low, high

    def finish_fails(self, r):
        r.fails, values = [], set()
        for m in (m for m in r.members if m.kind == 'fails'):
            for name in m.text.split():
                value = getattr(errno, name, None) if name[0] == 'E' else None
                if value is None:
                    raise Bad(m.where, '"%s" is no errno' % name)
                if value in values:
                    raise Bad(m.where, '%s is named twice' % name)
                values.add(value)
                r.fails.append(name)
