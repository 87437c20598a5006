"""Writes src/ops/unicode_scripts.inc, unicode_cases.inc and unicode_charsets.inc: what TensorFlow's ICU says of code
points' scripts and case and of encodings of one byte a character. Run by hand where TensorFlow 2.15.1 is installed:
python tools/unicode_tables.py"""
import encodings.aliases
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import numpy as np
import tensorflow as tf

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'src', 'ops')
CODE_POINTS = 0x110000
PAGES = [367, 437, 737, 775, 819, 850, 851, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869,
         874, 878, 912, 913, 914, 915, 916, 920, 921, 922, 923, 1168]
MORE_NAMES = '''koi8-r koi8-u koi8 cskoi8r macintosh mac x-macroman tis-620 ms874 us-ascii ascii l1 csisolatin1
    iso-ir-6 ansi_x3.4-1968 iso_8859-1:1987 latin9 l9 hp-roman8 x-mac-cyrillic x-mac-greek x-mac-turkish x-mac-ce greek
    arabic hebrew cyrillic thai8 greek8'''
MOVED = [0x1a, 0x1c, 0x7f]  # controls that IBM's encodings change about


def wrapped(items, width=108):
    lines, line = [], ' '
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = ' '
        line += ' ' + item + ','
    return '\n'.join(lines + [line]) + '\n'


def scripts():
    script = tf.raw_ops.UnicodeScript(input=tf.range(CODE_POINTS)).numpy()
    starts = np.flatnonzero(np.concatenate([[True], script[1:] != script[:-1]]))
    assert script.min() >= 0 and script.max() < 256
    with open(os.path.join(OUT, 'unicode_scripts.inc'), 'w') as f:
        f.write('/* By tools/unicode_tables.py: the first code point of each run of one script << 8 | the script. */\n')
        f.write(wrapped('0x%x' % (int(s) << 8 | int(script[s])) for s in starts))
    print(len(starts), 'runs of scripts')


def characters():
    return [c for c in range(1, CODE_POINTS) if not 0xd800 <= c < 0xe000]


def lower(texts):
    return [t.decode() for t in tf.strings.lower([t.encode() for t in texts], 'utf-8').numpy()]


def upper(texts):
    return [t.decode() for t in tf.strings.upper([t.encode() for t in texts], 'utf-8').numpy()]


def case_runs(pairs):
    """Runs of code points one or two apart that all move by the same distance: first, last, step, distance."""
    runs = []
    for code, to in pairs:
        run = runs[-1] if runs else None
        if run and run[3] == to - code and (code - run[1] == run[2] or (run[0] == run[1] and code - run[1] <= 2)):
            run[2], run[1] = code - run[1], code
        else:
            runs.append([code, code, 1, to - code])
    return ['{0x%x, 0x%x, %d, %d}' % tuple(r) for r in runs]


def class_runs(codes):
    runs = []
    for code in codes:
        if runs and runs[-1][1] == code - 1: runs[-1][1] = code
        else: runs.append([code, code])
    return ['{0x%x, 0x%x}' % tuple(r) for r in runs]


def cases():
    codes = characters()
    with open(os.path.join(OUT, 'unicode_cases.inc'), 'w') as f:
        f.write('/* By tools/unicode_tables.py. CASE_LOWER, CASE_UPPER: runs of code points {first, last, step, distance to the other case}.\n'
                ' * CASE_LOWER_MANY, CASE_UPPER_MANY: code points that become several. CASE_CASED, CASE_IGNORABLE: runs of those that a\n'
                ' * capital sigma behind or before them looks at, and looks through. */\n')
        for name, how in (('LOWER', lower), ('UPPER', upper)):
            changed = [(c, t) for c, t in zip(codes, how([chr(c) for c in codes])) if t != chr(c)]
            f.write('#ifdef CASE_%s\n' % name + wrapped(case_runs([(c, ord(t)) for c, t in changed if len(t) == 1])) + '#endif\n')
            many = ['{0x%x, {%s}}' % (c, ', '.join('0x%x' % ord(x) for x in t)) for c, t in changed if len(t) > 1]
            f.write('#ifdef CASE_%s_MANY\n' % name + wrapped(many) + '#endif\n')
        final = lambda texts: np.array([t.endswith('\u03c2') for t in lower(texts)])
        cased = final([chr(c) + '\u03a3' for c in codes])
        through = final(['a' + chr(c) + '\u03a3' for c in codes]) & ~cased
        for name, which in (('CASED', cased), ('IGNORABLE', through)):
            runs = class_runs([c for c, w in zip(codes, which) if w])
            f.write('#ifdef CASE_%s\n' % name + wrapped(runs) + '#endif\n')
            print(name, len(runs))


def plain(name):
    """A name as ICU compares names: without case, punctuation and zeros that lead a number."""
    out, number = '', False
    for c in name.lower():
        if not c.isalnum():
            number = False
        elif c == '0' and not number:
            continue
        else:
            number = c.isdigit()
            out += c
    return out


def decode(name):
    """The code points of the bytes 0 .. 255, -1 for those that are malformed; None for other encodings."""
    texts = [bytes([b]) for b in range(256)]
    try:
        lost = tf.raw_ops.UnicodeDecode(input=texts, input_encoding=name, replacement_char=0x10ffff)
        kept = tf.raw_ops.UnicodeDecode(input=texts, input_encoding=name, replacement_char=0x10fffe)
    except tf.errors.InvalidArgumentError:
        return None
    if (np.diff(lost.row_splits) != 1).any():
        return None
    a, b = lost.char_values.numpy(), kept.char_values.numpy()
    table = np.where(a == b, a, -1)
    pairs = [bytes([x, y]) for x in range(128, 256) for y in (0x40, 0x80, 0xa1, 0xfe)]
    single = (np.diff(tf.raw_ops.UnicodeDecode(input=pairs, input_encoding=name).row_splits) == 2).all()
    return table if single and table.max() < 0xffff else None


def charsets():
    names = set(encodings.aliases.aliases) | set(encodings.aliases.aliases.values())
    for pattern, count in (('iso-8859-%d', 16), ('8859_%d', 15), ('latin-%d', 10)):
        names |= {pattern % i for i in range(1, count + 1)}
    for n in list(range(1250, 1259)) + PAGES:
        names |= {'%s%s' % (p, n) for p in ('windows-', 'cp', 'ibm-', 'ibm', 'x-ibm', '')}
    names |= set(MORE_NAMES.split())
    tables, index = [], {}
    for name in sorted(names, key=plain):
        if plain(name) in index or name.startswith('utf') or 'unicode' in name:
            continue
        table = decode(name)
        if table is None or (np.delete(table[:128], MOVED) != np.delete(np.arange(128), MOVED)).any():
            continue
        key = tuple(table[128:]) + tuple(table[MOVED])
        if key not in tables:
            tables.append(key)
        index[plain(name)] = tables.index(key)
    with open(os.path.join(OUT, 'unicode_charsets.inc'), 'w') as f:
        f.write('/* By tools/unicode_tables.py: encodings of one byte a character. CHARSET_NAMES: names as ICU compares them,\n'
                ' * sorted, and the number of a table. CHARSET_TABLES: code points of the bytes 128 .. 255, then of 0x1a, 0x1c and 0x7f;\n'
                ' * 0xffff: none. Other bytes are ASCII. */\n')
        f.write('#ifdef CHARSET_NAMES\n')
        f.write(wrapped('{"%s", %d}' % item for item in sorted(index.items())))
        f.write('#endif\n#ifdef CHARSET_TABLES\n')
        for t in tables:
            f.write('  {\n' + wrapped('0x%x' % (v & 0xffff) for v in t) + '  },\n')
        f.write('#endif\n')
    print(len(tables), 'charsets,', len(index), 'names')


if __name__ == '__main__':
    scripts()
    cases()
    charsets()
