"""Op cases of image files and of what is drawn, cut and chosen in images: python tests/ops/gen_h.py [FAMILY...] (README.md here)."""
import struct
import sys

from op_cases import Cases  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
F32, F64, I32, I64, U8, U16 = np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint16
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16]
rng = np.random.RandomState(8)


def i32(*v): return np.array(v, I32)
def f32(*v): return np.array(v, F32)
def name_of(dtype): return np.dtype(dtype).name


def values(dtype, shape, low=-4, high=4):
    """Random numbers of few bits, that files pack well."""
    if dtype in INTS:
        return rng.randint(max(low, 0) if np.dtype(dtype).kind == 'u' else low, high + 1, shape).astype(dtype)
    return np.asarray(np.round(rng.uniform(low, high, shape) * 64) / 64).astype(dtype)


def refused(c, *args, **more):
    """A case that TensorFlow may refuse when the graph is built: then there is none."""
    try:
        return c.case(*args, **more)
    except ValueError:
        return None


def smooth(height, width, channels, dtype=U8):
    """A picture: slopes, an edge, some noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * (3 + k) + y * (5 - k) * (x > width // 2)) % 256 for k in range(channels)]
    picture = np.clip(np.stack(planes, -1) + rng.randint(-3, 4, (height, width, channels)), 0, 255)
    return (picture * (257 if dtype == U16 else 1)).astype(dtype)


def evaluate(op, *args, **attr):
    """What an op of TensorFlow gives: image files to decode."""
    with tf.Graph().as_default():
        with tf.compat.v1.Session() as s:
            return s.run(getattr(tf.raw_ops, op)(*args, **attr))


def jpeg(picture, **attr): return evaluate('EncodeJpeg', image=picture, **attr)
def png(picture, **attr): return evaluate('EncodePng', image=picture, **attr)
def file(data): return np.array(data, object)


# ---- files that TensorFlow does not write ----

def png_chunk(kind, data):
    import zlib
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png_file(width, height, depth, color, lines, *chunks, interlace=0):
    import zlib
    head = struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, interlace)
    return b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', head) + b''.join(png_chunk(*k) for k in chunks) + \
        png_chunk(b'IDAT', zlib.compress(lines)) + png_chunk(b'IEND', b'')


def png_lines(height, size): return b''.join(b'\0' + rng.bytes(size) for _ in range(height))


def lzw(pixels, bits=8):
    """GIF's packing of pixels, by clear codes only."""
    codes, out, acc, filled = [], bytearray(), 0, 0
    for i, p in enumerate(pixels):
        if i % (2 ** bits - 2) == 0: codes.append(1 << bits)
        codes.append(p)
    codes.append((1 << bits) + 1)
    for code in codes:
        acc |= code << filled
        filled += bits + 1
        while filled >= 8:
            out.append(acc & 255)
            acc >>= 8
            filled -= 8
    if filled: out.append(acc & 255)
    blocks = b''.join(bytes([len(out[i:i + 255])]) + bytes(out[i:i + 255]) for i in range(0, len(out), 255))
    return bytes([bits]) + blocks + b'\0'


def color_map(n): return rng.bytes(3 << n)


def gif_frame(pixels, left=0, top=0, colors=0, interlace=False, control=None, bits=2):
    height, width = pixels.shape
    order = [y for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(first, height, step)]
    rows = pixels[order] if interlace else pixels
    out = b'' if control is None else b'!\xf9' + bytes([len(control)]) + control + b'\0'
    flags = (0x80 | colors - 1 if colors else 0) | (0x40 if interlace else 0)
    out += b',' + struct.pack('<HHHHB', left, top, width, height, flags)
    return out + (color_map(colors) if colors else b'') + lzw(rows.reshape(-1).tolist(), bits)


def gif_file(width, height, *frames, colors=2, end=b';'):
    flags = 0x80 | colors - 1 if colors else 0
    return b'GIF89a' + struct.pack('<HHBBB', width, height, flags, 0, 0) + (color_map(colors) if colors else b'') + \
        b''.join(frames) + end


def bmp_file(width, height, bpp, start=54, cut=0):
    line = (abs(width) * bpp // 8 + 3) // 4 * 4
    head = b'BM' + struct.pack('<IIIIiiHHIIIIII', 0, 0, start, 40, width, height, 1, bpp, 0, 0, 0, 0, 0, 0)
    data = head[:start] + b'\0' * (start - len(head)) + rng.bytes(line * abs(height))
    return data[:len(data) - cut] if cut > 0 else data + b'\0' * -cut


def images():
    """(label, file) of every format."""
    out = []
    out += [('jpeg gray', jpeg(smooth(13, 18, 1))), ('jpeg rgb', jpeg(smooth(21, 35, 3))),
            ('jpeg 444', jpeg(smooth(17, 9, 3), chroma_downsampling=False, quality=60)),
            ('jpeg progressive', jpeg(smooth(24, 19, 3), progressive=True))]
    for n in (1, 2, 3, 4): out.append(('png %d' % n, png(smooth(7, 9, n))))
    for n in (1, 2, 3, 4): out.append(('png16 %d' % n, png(smooth(5, 4, n, U16))))
    for depth in (1, 2, 4): out.append(('png gray%d' % depth, png_file(9, 4, depth, 0, png_lines(4, (9 * depth + 7) // 8))))
    out.append(('png gray4 tRNS', png_file(9, 4, 4, 0, png_lines(4, 5), (b'tRNS', b'\0\3'))))
    out.append(('png gray8 tRNS', png_file(9, 4, 8, 0, png_lines(4, 9), (b'tRNS', b'\0\x11'))))
    out.append(('png rgb tRNS', png_file(3, 4, 8, 2, png_lines(4, 9), (b'tRNS', b'\0\1\0\2\0\3'))))
    palette = (b'PLTE', rng.bytes(48))
    out.append(('png palette', png_file(9, 4, 4, 3, png_lines(4, 5), palette)))
    out.append(('png palette tRNS', png_file(9, 4, 4, 3, png_lines(4, 5), palette, (b'tRNS', b'\1\x80\xff'))))
    out.append(('png palette8', png_file(6, 3, 8, 3, b'\0\1\2\3\4\5\6' * 3, palette)))
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 1), (3, 3), (7, 2)]
    out.append(('png interlaced', png_file(7, 5, 8, 2, b''.join(png_lines(h, 3 * w) for w, h in passes), interlace=1)))
    for bpp in (8, 24, 32):
        out.append(('bmp %d' % bpp, bmp_file(5, 3, bpp)))
        out.append(('bmp %d top down' % bpp, bmp_file(5, -3, bpp)))
    out.append(('bmp header', bmp_file(5, 3, 24, start=138)))
    pixels = lambda h, w, n=4: rng.randint(0, n, (h, w))
    out.append(('gif', gif_file(6, 5, gif_frame(pixels(5, 6)))))
    out.append(('gif 3', gif_file(6, 5, gif_frame(pixels(5, 6)), gif_frame(pixels(2, 3), 2, 1), gif_frame(pixels(5, 6), colors=2))))
    control = lambda color, on=1: struct.pack('<BHB', on, 10, color)
    out.append(('gif transparent', gif_file(6, 5, gif_frame(pixels(5, 6), control=control(1)), gif_frame(pixels(5, 6), control=control(2)),
                                            gif_frame(pixels(5, 6), control=control(2, 0)), gif_frame(pixels(5, 6)))))
    out.append(('gif control size', gif_file(6, 5, gif_frame(pixels(5, 6), control=b'\1\0\0'))))
    out.append(('gif interlaced', gif_file(6, 11, gif_frame(pixels(11, 6), interlace=True))))
    out.append(('gif first small', gif_file(6, 5, gif_frame(pixels(2, 2), 1, 2), gif_frame(pixels(4, 3), 3, 3))))
    out.append(('gif beyond screen', gif_file(2, 2, gif_frame(pixels(4, 4), 1, 1), gif_frame(pixels(3, 5), 3, 0))))
    out.append(('gif screen larger', gif_file(20, 20, gif_frame(pixels(4, 4)))))
    out.append(('gif no map', gif_file(3, 3, gif_frame(pixels(3, 3)), colors=0)))
    out.append(('gif no map later', gif_file(3, 3, gif_frame(pixels(3, 3), colors=2), gif_frame(pixels(3, 3)), colors=0)))
    out.append(('gif index', gif_file(3, 3, gif_frame(pixels(3, 3, 4), colors=1))))
    out.append(('gif none', gif_file(3, 3)))
    out.append(('gif no end', gif_file(3, 3, gif_frame(pixels(3, 3)), end=b'')))
    out.append(('gif junk', gif_file(3, 3, gif_frame(pixels(3, 3)), end=b'xyz;')))
    out.append(('gif no size', gif_file(3, 3, gif_frame(pixels(3, 0)))))
    out.append(('gif comment', gif_file(3, 3, b'!\xfe\5hello\3abc\0', gif_frame(pixels(3, 3)))))
    return out


def damaged():
    """(label, file) of every format that TensorFlow refuses."""
    out = [('empty', b''), ('text', b'hello'), ('short', b'\xff'), ('jpeg magic', b'\xff\xd8\xff'), ('png magic', b'\x89PNG\r\n\x1a\n'),
           ('gif magic', b'GIF8'), ('gif head', b'GIF89a'), ('gif version', b'GIF8zz' + b'\0' * 7), ('bmp magic', b'BM')]
    whole = jpeg(smooth(21, 35, 3))
    out += [('jpeg head', whole[:200]), ('jpeg no end', whole[:-2]), ('jpeg 4 channels', None)]
    late = whole.find(b'\xff\xda')
    out.append(('jpeg no scan', whole[:late] + b'\xff\xd9'))
    whole = png(smooth(7, 9, 3))
    bad = bytearray(whole)
    bad[45] ^= 1
    out += [('png head', whole[:30]), ('png cut', whole[:-20]), ('png crc', bytes(bad)),
            ('png no palette', png_file(3, 3, 8, 3, png_lines(3, 3))), ('png zero', png_file(0, 3, 8, 0, b'')),
            ('png short', png_file(3, 3, 8, 0, png_lines(2, 3))), ('png wide', png_file(2000000, 1, 8, 0, b'\0')),
            ('png large', png_file(1000000, 1000000, 1, 0, b'\0')), ('png long', png_file(100000, 2000, 8, 2, b'\0'))]
    out += [('bmp cut', bmp_file(5, 3, 24, cut=1)), ('bmp more', bmp_file(5, 3, 24, cut=-4)), ('bmp 16', bmp_file(5, 3, 16)),
            ('bmp width', bmp_file(-5, 3, 24)), ('bmp height', bmp_file(5, 0, 24)), ('bmp 31', bmp_file(5, 3, 24)[:31]),
            ('bmp start', bmp_file(5, 3, 24)[:10] + b'\xff\xff\xff\xff' + bmp_file(5, 3, 24)[14:])]
    big = bytearray(bmp_file(5, 3, 24))
    big[18:26] = struct.pack('<ii', 1 << 20, 1 << 20)
    out.append(('bmp large', bytes(big)))
    return [(label, data) for label, data in out if data is not None]


OPS = [('DecodeJpeg', {}), ('DecodePng', {'dtype': tf.uint8}), ('DecodePng', {'dtype': tf.uint16}), ('DecodeGif', {}), ('DecodeBmp', {}),
       ('DecodeImage', {'dtype': tf.uint8}), ('DecodeImage', {'dtype': tf.uint16}), ('DecodeImage', {'dtype': tf.float32}),
       ('DecodeImage', {'dtype': tf.uint8, 'expand_animations': False})]


def image_decode():
    c = Cases('image_decode')
    pictures = images()
    for op, attr in OPS:
        for label, data in pictures:
            if 'top down' in label and attr.get('dtype') not in (None, tf.uint8): continue  # TensorFlow ends the process
            if op in ('DecodeGif', 'DecodeBmp', 'DecodeJpeg') and op[6:].lower() not in label and label[-1] not in '134': continue
            for channels in (0, 1, 3, 4) if op != 'DecodeGif' else (None,):
                if channels in (1, 4) and label.startswith('gif') and 'gif' != label: continue
                more = {} if channels is None else {'channels': channels}
                c.case(op, [file(data)], '%s %s %s' % (label, channels, attr.get('dtype', tf.uint8).name), **attr, **more)
        for label, data in damaged():
            c.case(op, [file(data)], label, **attr)
        c.case(op, [file([b'ab'])], 'vector', **attr)
    for n in (-1, 2, 5): refused(c, 'DecodeImage', [file(pictures[0][1])], 'channels %d' % n, channels=n)
    jpegs = [(l, d) for l, d in pictures if l.startswith('jpeg')] + [('jpeg cmyk', CMYK), ('jpeg adobe', ADOBE)]
    for label, data in jpegs:
        for attr in [dict(ratio=r) for r in (1, 2, 4, 8)] + [dict(fancy_upscaling=False), dict(dct_method='INTEGER_ACCURATE'),
                     dict(dct_method='INTEGER_FAST'), dict(channels=1), dict(channels=3), dict(ratio=2, fancy_upscaling=False, channels=3)]:
            c.case('DecodeJpeg', [file(data)], '%s %s' % (label, attr), **attr)
        for cut in (len(data) - 2, len(data) - 40, len(data) * 3 // 4, len(data) // 2 + 60):
            for attr in (dict(), dict(try_recover_truncated=True), dict(acceptable_fraction=.5), dict(acceptable_fraction=0.)):
                c.case('DecodeJpeg', [file(data[:cut])], '%s cut at %d %s' % (label, cut, attr), **attr)
        for out in (tf.int32, tf.int64): c.case('ExtractJpegShape', [file(data)], label, output_type=out)
        for window in ((0, 0, 13, 9), (0, 0, 4, 4), (3, 2, 7, 5), (8, 5, 5, 4), (12, 8, 1, 1), (5, 0, 1, 9), (0, 0, 99, 1), (-1, 0, 2, 2), (0, 0, 0, 2)):
            c.case('DecodeAndCropJpeg', [file(data), i32(*window)], '%s %s' % (label, window))
        c.case('DecodeAndCropJpeg', [file(data), i32(3, 2, 7, 5)], label, channels=1, fancy_upscaling=False)
        c.case('DecodeAndCropJpeg', [file(data), i32(1, 1, 2, 2)], label, ratio=4)
        c.case('DecodeAndCropJpeg', [file(data[:len(data) * 3 // 4]), i32(3, 2, 4, 5)], label + ' cut', acceptable_fraction=.1)
    for label, data in damaged() + [(l, d) for l, d in pictures if l in ('png 3', 'gif', 'bmp 24')]:
        c.case('DecodeAndCropJpeg', [file(data), i32(0, 0, 1, 1)], label)
        c.case('ExtractJpegShape', [file(data)], label, output_type=tf.int32)
    data = jpegs[0][1]
    c.case('ExtractJpegShape', [file([data])], 'vector', output_type=tf.int32)
    c.case('DecodeAndCropJpeg', [file(data), i32(0, 0, 1)], 'three')
    c.case('DecodeAndCropJpeg', [file(data), i32([0, 0, 1, 1])], 'matrix')
    c.case('DecodeJpeg', [file(data)], 'ratio 3', ratio=3)
    c.case('DecodeJpeg', [file(data)], 'dct', dct_method='FLOAT')
    c.save()


def cmyk(adobe):
    """A JPEG of four inks, made of TensorFlow's gray ones: one scan of four components with the gray one's tables."""
    gray = [jpeg(np.full((8, 8, 1), v, U8), optimize_size=False) for v in (30, 90, 160, 220)]
    parts = []
    for g in gray:
        sof, sos = g.find(b'\xff\xc0'), g.find(b'\xff\xda')
        parts.append((g[:sof], g[sof:sos], g[sos + 2 + 8:-2]))
    head, middle, _ = parts[0]
    head = head[:2] + head[20:]  # no JFIF
    tables = middle[2 + 11:]
    frame = b'\xff\xc0' + struct.pack('>HBHHB', 8 + 12, 8, 13, 9, 4) + b''.join(bytes([k, 0x11, 0]) for k in (1, 2, 3, 4))
    scan = b'\xff\xda' + struct.pack('>HB', 6 + 8, 4) + b''.join(bytes([k, 0]) for k in (1, 2, 3, 4)) + b'\0\x3f\0'
    app = b'\xff\xee' + struct.pack('>H5sHHHB', 14, b'Adobe', 100, 0, 0, 0) if adobe else b''
    # The blocks' DC and end codes joined bit by bit, four components for each of the 4 blocks.
    def bits(data): return ''.join('{:08b}'.format(b) for b in data.replace(b'\xff\0', b'\xff'))
    first = ''.join(strip_padding(bits(p[2])) for p in parts)
    zero = ('00' + '1010') * 4  # no change of DC, end of block, in the standard tables
    stream = first + zero * 3
    stream += '1' * (-len(stream) % 8)
    body = bytes(int(stream[i:i + 8], 2) for i in range(0, len(stream), 8)).replace(b'\xff', b'\xff\0')
    return head[:2] + app + head[2:] + frame + tables + scan + body + b'\xff\xd9'


def strip_padding(bits):
    """An 8x8 block of one gray: its DC code, then 1010."""
    return bits[:bits.rfind('1010') + 4]


CMYK, ADOBE = cmyk(False), cmyk(True)


def image_encode():
    c = Cases('image_encode')
    gray, color = smooth(13, 18, 1), smooth(21, 35, 3)
    for label, picture in (('gray', gray), ('rgb', color)):
        for attr in (dict(), dict(quality=0), dict(quality=1), dict(quality=30), dict(quality=100), dict(progressive=True), dict(optimize_size=True),
                     dict(chroma_downsampling=False), dict(density_unit='cm', x_density=70000, y_density=-1), dict(xmp_metadata='<x/>'),
                     dict(xmp_metadata='x' * 65600), dict(format='grayscale'), dict(format='rgb'),
                     dict(progressive=True, optimize_size=True, chroma_downsampling=False, quality=80)):
            c.case('EncodeJpeg', [picture], '%s %s' % (label, str(attr)[:60]), **attr)
        for quality in (0, 10, 50, 95, 100, -1, 101):
            c.case('EncodeJpegVariableQuality', [picture, np.array(quality, I32)], '%s %d' % (label, quality))
    c.case('EncodeJpeg', [color], 'quality', quality=101)
    c.case('EncodeJpeg', [color], 'quality', quality=-1)
    refused(c, 'EncodeJpeg', [color], 'format', format='cmyk')
    refused(c, 'EncodeJpeg', [color], 'unit', density_unit='mm')
    for shape in ((0, 3, 3), (3, 0, 3), (3, 3, 0), (3, 3, 2), (3, 3, 4), (3, 3), (1, 3, 3, 3)):
        c.case('EncodeJpeg', [np.zeros(shape, U8)], 'shape')
        c.case('EncodeJpegVariableQuality', [np.zeros(shape, U8), np.array(5, I32)], 'shape')
    c.case('EncodeJpeg', [np.zeros((1, 65501, 1), U8)], 'wide')
    c.case('EncodeJpegVariableQuality', [color, i32(5)], 'vector')
    for dtype in (U8, U16):
        for n in (1, 2, 3, 4):
            c.case('EncodePng', [smooth(11, 14, n, dtype)], '%s %d' % (name_of(dtype), n))
        for level in (-1, 0, 1, 6, 9): c.case('EncodePng', [smooth(24, 30, 3, dtype)], '%s level %d' % (name_of(dtype), level), compression=level)
        c.case('EncodePng', [values(dtype, (33, 40, 3), 0, 255)], name_of(dtype) + ' noise')
        c.case('EncodePng', [values(dtype, (2, 3, 5, 4, 1), 0, 255)], name_of(dtype) + ' batch')
        for shape in ((0, 4, 4, 1), (2, 0, 4, 1), (4, 0, 1), (0, 4, 1), (3, 3, 0), (3, 3, 5), (3, 3)): c.case('EncodePng', [np.zeros(shape, dtype)], 'shape')
    for level in (-2, 10): c.case('EncodePng', [gray], 'level', compression=level)
    c.save()


if __name__ == '__main__':
    for family in sys.argv[1:] or ['image_decode', 'image_encode']:
        globals()[family]()
