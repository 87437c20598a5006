"""Op cases of image files and of what is drawn, cut and chosen in images: python tests/ops/gen_h.py [FAMILY...] (README.md here)."""
import struct

from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import BF16, F16, F32, F64, I32, I64, SIGNED, U8, U16, f32, generate, i32, name_of, refused, rng, values

import numpy as np
import tensorflow as tf


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


KERNELS = ['lanczos1', 'lanczos3', 'lanczos5', 'gaussian', 'box', 'triangle', 'keyscubic', 'mitchellcubic']


def image_scale():
    c = Cases('image_scale')
    image = values(F32, (2, 6, 7, 3))
    back = [((6, 7), (1, 1), (0, 0)), ((12, 15), (2, 2.125), (0, 0)), ((3, 2), (.5, .3), (0, 0)), ((5, 9), (1.5, .75), (-2.25, 1.5)),
            ((4, 4), (.01, 100), (1, -300)), ((3, 3), (1, 1), (50, 0)), ((1, 1), (.125, .125), (0, 0))]
    for kernel in KERNELS:
        for antialias in (True, False):
            for size, scale, translate in back:
                case = lambda op, a, label, **k: c.case(op, a, '%s %s' % (kernel, label), 1e-4, 1e-5, kernel_type=kernel, antialias=antialias, **k)
                case('ScaleAndTranslate', [image, i32(*size), f32(*scale), f32(*translate)], str(size))
                case('ScaleAndTranslateGrad', [values(F32, (2,) + size + (2,)), np.zeros((2, 6, 7, 2), F32), f32(*scale), f32(*translate)], str(size))
    for dtype in SIGNED + [U8, U16, F16, BF16, F64]:
        c.case('ScaleAndTranslate', [values(dtype, (1, 5, 4, 2), -90, 90), i32(3, 6), f32(.5, 1.5), f32(0, .5)], name_of(dtype), 1e-4, 1e-3)
    odd = np.ones((1, 9, 8, 1), F32)
    odd[0, 2, 3, 0], odd[0, 7, 6, 0] = np.inf, np.nan
    for kernel in KERNELS:
        for scale in (.4, 1, 2.5):
            c.case('ScaleAndTranslate', [odd, i32(6, 6), f32(scale, scale), f32(0, 0)], 'infinite %s %s' % (kernel, scale), 1e-4, 1e-5, kernel_type=kernel)
            c.case('ScaleAndTranslateGrad', [odd, np.zeros((1, 6, 6, 1), F32), f32(scale, scale), f32(0, 0)], 'infinite %s %s' % (kernel, scale), 1e-4, 1e-5, kernel_type=kernel)
    for scale, translate in ((1e-30, 0), (1e30, 0), (1, 1e30), (1, np.nan), (1, np.inf), (1e-3, 1e-3), (np.inf, 0)):
        c.case('ScaleAndTranslate', [image, i32(4, 4), f32(scale, 1), f32(translate, 0)], 'odd %s %s' % (scale, translate), 1e-4, 1e-5, antialias=scale > 1e-29)
    case = lambda label, *a: c.case('ScaleAndTranslate', list(a), label)
    one, two, none = f32(1, 1), i32(2, 2), f32(0, 0)
    case('empty batch', image[:0], two, one, none)
    case('no channel', image[..., :0], two, one, none)
    case('no row', image[:, :0], two, one, none)
    case('rank', image[0], two, one, none)
    case('size 0', image, i32(0, 2), one, none)
    case('size -1', image, i32(2, -1), one, none)
    case('size rank', image, i32([2, 2]), one, none)
    case('size 3', image, i32(2, 2, 2), one, none)
    case('scale 0', image, two, f32(0, 1), none)
    case('scale -1', image, two, f32(1, -1), none)
    case('scale nan', image, two, f32(np.nan, 1), none)
    case('scale rank', image, two, f32(1)[0], none)
    case('scale 3', image, two, f32(1, 1, 1), none)
    case('translation', image, two, one, f32(0))
    c.case('ScaleAndTranslate', [image, two, one, none], 'kernel', kernel_type='square')
    case = lambda label, *a: c.case('ScaleAndTranslateGrad', list(a), label)
    g = values(F32, (2, 3, 3, 1))
    case('rank', g[0], image, one, none)
    case('image rank', g, image[0], one, none)
    case('scale', g, image, f32(1, 0), none)
    case('scale rank', g, image, f32(1)[0], none)
    case('translation', g, image, one, f32(0))
    case('empty', g[:0], image, one, none)
    c.save()


def image_draw():
    c = Cases('image_draw')
    inside = f32([.1, .2, .8, .9], [0, 0, 1, 1], [.3, .3, .3, .3], [-.5, .25, .5, 2])
    odd = f32([.9, .1, .2, .5], [1.5, 0, 2, 1], [-2, 0, -1, 1], [0, -3, 1, -.5], [-1, -1, 3, 3], [np.nan, 0, .5, 1], [0, 0, np.inf, .5], [-1e30, .5, 1e30, .75])
    colors = f32([.1, .2, .3, .4], [1, 300, -2, .5], [0, 0, 0, 0])
    for dtype in (F32, np.float16):
        for depth in (1, 3, 4):
            image = values(dtype, (2, 9, 11, depth))
            for label, boxes in (('inside', inside), ('odd', odd), ('many', np.tile(inside, (4, 1)) * f32(*np.linspace(.2, 1, 16)).reshape(-1, 1)), ('none', inside[:0])):
                b = np.stack([boxes, boxes[::-1]])
                c.case('DrawBoundingBoxes', [image, b], '%s %d' % (label, depth))
                c.case('DrawBoundingBoxesV2', [image, b, colors], '%s %d' % (label, depth))
                c.case('DrawBoundingBoxesV2', [image, b, colors[:0]], '%s no colors' % label)
    image, b = values(F32, (2, 4, 5, 3)), np.stack([inside, inside])
    for label, a in (('boxes rank', [image, b[0]]), ('batch', [image[:1], b]), ('depth', [image[..., :2], b]), ('three', [image, b[..., :3]]),
                     ('no row', [image[:, :0], b]), ('no image', [image[:0], b[:0]]), ('one pixel', [image[:, :1, :1], b])):
        c.case('DrawBoundingBoxes', a, label)
        c.case('DrawBoundingBoxesV2', a + [colors], label)
    c.case('DrawBoundingBoxesV2', [image, b, colors[0]], 'colors rank')
    for box in ([1, .3, .25, .5], [.3, 1, .5, .25], [0, 0, 1, 1]):  # the wrong way round it stands in a picture without rows
        for shape in ((1, 0, 4, 1), (1, 4, 0, 1)):
            c.case('DrawBoundingBoxesV2', [np.zeros(shape, F32), np.array([[box]], F32), np.ones((1, 1), F32)], 'no pixels')
    c.case('DrawBoundingBoxesV2', [image, b, colors[:, :2]], 'colors depth')
    c.case('DrawBoundingBoxes', [values(F32, (1, 2, 2, 1)), b[:1, :1]], 'as many pixels as corners')
    c.save()


def image_transform():
    c = Cases('image_transform')
    turn = [.8, -.6, 2, .6, .8, -1, 0, 0]
    transforms = {'same': [1, 0, 0, 0, 1, 0, 0, 0], 'turn': turn, 'far': [5, .5, -20, -3, 4, 11.5, 0, 0], 'perspective': [1, .25, -.5, .1, .9, .5, .05, -.02],
                  'horizon': [1, 0, 0, 0, 1, 0, -.5, 0], 'half': [1, 0, .5, 0, 1, -.5, 0, 0], 'flip': [-1, 0, 6, 0, -1, 5, 0, 0], 'nan': [np.nan, 0, 0, 0, 1, 0, 0, 0]}
    for how in ('NEAREST', 'BILINEAR'):
        for fill in ('REFLECT', 'WRAP', 'CONSTANT', 'NEAREST'):
            for label, t in transforms.items():
                if label == 'nan' and how == 'BILINEAR': continue
                for dims in ((1, 6, 7, 2), (1, 1, 1, 1), (1, 1, 4, 1)):
                    c.case('ImageProjectiveTransformV3', [values(F32, dims), f32(t), i32(6, 8), F32(-7.5)], '%s %s %s' % (how, fill, label), 1e-4, 1e-4, interpolation=how, fill_mode=fill)
            for dtype in (U8, I32, I64, np.float16, F64):
                a = [values(dtype, (2, 5, 6, 3), 0 if dtype == U8 else -100, 100), f32(turn, transforms['half']), i32(5, 6)]
                c.case('ImageProjectiveTransformV2', a, '%s %s' % (how, fill), 1e-2 if dtype == np.float16 else 1e-4, 1e-3, interpolation=how, fill_mode=fill)
                c.case('ImageProjectiveTransformV3', a + [F32(9.75)], '%s %s' % (how, fill), 1e-2 if dtype == np.float16 else 1e-4, 1e-3, interpolation=how, fill_mode=fill)
            c.case('ImageProjectiveTransformV2', [np.zeros((1, 0, 3, 1), F32), f32(turn), i32(2, 2)], 'no row', interpolation=how, fill_mode=fill)
    big = np.array([2**31 - 1, -2**31, 2**24 + 1, 5], I64).reshape(1, 2, 2, 1)
    c.case('ImageProjectiveTransformV2', [big * 2**31, f32(transforms['same']), i32(2, 2)], 'large', interpolation='NEAREST')
    c.case('ImageProjectiveTransformV2', [big.astype(I32), f32(transforms['half']), i32(2, 2)], 'large', interpolation='BILINEAR')
    image, t, size = values(F32, (2, 4, 5, 3)), f32(turn), i32(3, 3)
    for label, a in (('rank', [image[0], t, size]), ('transforms', [image, np.tile(t, (3, 1)), size]), ('seven', [image, t[:, :7], size]), ('vector', [image, t[0], size]),
                     ('size rank', [image, t, i32([3, 3])]), ('size 3', [image, t, i32(3, 3, 3)]), ('size 0', [image, t, i32(0, 3)]), ('size -1', [image, t, i32(3, -1)]),
                     ('empty', [image[:0], t, size]), ('no channel', [image[..., :0], t, size])):
        c.case('ImageProjectiveTransformV2', a, label, interpolation='NEAREST')
        c.case('ImageProjectiveTransformV3', a + [F32(1)], label, interpolation='BILINEAR')
    c.case('ImageProjectiveTransformV3', [image, t, size, f32(1)], 'fill rank', interpolation='NEAREST')
    c.save()


def image_glimpse():
    c = Cases('image_glimpse')
    image = values(F32, (3, 8, 9, 2))
    for op in ('ExtractGlimpse', 'ExtractGlimpseV2'):
        for normalized in (False, True):
            for centered in (False, True):
                flags = dict(normalized=normalized, centered=centered)
                for size in ((3, 4), (1, 1), (8, 9), (12, 3), (0, 2)):
                    for offsets in ([[0, 0], [.25, -.5], [.9, .1]], [[1, 2], [3.5, 4.25], [-1, 5]], [[20, 20], [-20, 0], [0, 1e9]], [[-.3, -.7], [2, 1], [7, 8]]):
                        c.case(op, [image, i32(*size), f32(*offsets)], '%s %s' % (size, flags), noise='zero', uniform_noise=False, **flags)
                c.case(op, [image, i32(2, 2), f32([.25, .25], [.5, .5], [.4, .3])], 'uniform', shape_only=() if op[-1] == 'e' and not normalized and not centered else (0,), **flags)
                for noise in ('uniform', 'gaussian', ''):
                    c.case(op, [image, i32(5, 5), f32([-3, -3], [9, 9], [0, 0])], 'noise ' + noise, noise=noise, uniform_noise=False, shape_only=(0,), **flags)
        c.case(op, [image, i32(2, 2), f32([np.nan, 0], [0, np.inf], [-np.inf, 0])], 'odd', noise='zero', uniform_noise=False)
        for label, a in (('rank', [image[0], i32(2, 2), f32([0, 0])]), ('size', [image, i32(2), f32([0, 0])]), ('size rank', [image, i32([2, 2]), f32([0, 0])]),
                         ('negative', [image, i32(-1, 2), f32([0, 0], [0, 0], [0, 0])]), ('vector', [image, i32(2, 2), f32(0, 0)]), ('batch', [image, i32(2, 2), f32([0, 0])]),
                         ('three', [image, i32(2, 2), f32([0, 0, 0], [0, 0, 0], [0, 0, 0])]), ('empty', [image[:0], i32(2, 2), np.zeros((0, 2), F32)])):
            c.case(op, a, label)
        refused(c, op, [image, i32(2, 2), f32([0, 0], [0, 0], [0, 0])], 'both', uniform_noise=True, noise='zero')
        refused(c, op, [image, i32(2, 2), f32([0, 0], [0, 0], [0, 0])], 'name', uniform_noise=False, noise='pink')
    c.save()


def image_crop_grad():
    c = Cases('image_crop_grad')
    boxes = f32([0, 0, 1, 1], [.1, .2, .7, .9], [1, 1, 0, 0], [-.5, .3, 1.5, .6], [.5, .5, .5, .5])
    index = i32(0, 1, 1, 0, 1)
    for method in ('bilinear', 'nearest'):
        for crop in ((3, 4), (1, 1), (7, 2)):
            for dtype in (F32, F64, np.float16):
                c.case('CropAndResizeGradImage', [values(F32, (5,) + crop + (3,)), boxes, index, i32(2, 5, 6, 3)], '%s %s' % (method, crop), 2e-2 if dtype == np.float16 else 1e-4, 2e-2 if dtype == np.float16 else 1e-4,
                       method=method, T=dtype)
    for crop in ((3, 4), (1, 1), (7, 2)):
        for dtype in SIGNED + [U8, U16, F32, F64, F16]:
            c.case('CropAndResizeGradBoxes', [values(F32, (5,) + crop + (2,)), values(dtype, (2, 5, 6, 2)), boxes, index], '%s %s' % (name_of(dtype), crop), 1e-4, 1e-3)
    odd = f32([-3, 0, -1, 1], [0, 5, 1, 9], [-50, 0, 50, 1], [0, 1, 0, 0], [0, 0, 1, 1])  # TensorFlow ends at NaN
    g, x, size = values(F32, (5, 2, 2, 1)), values(F32, (2, 4, 4, 1)), i32(2, 4, 4, 1)
    c.case('CropAndResizeGradImage', [g, odd, index, size], 'odd', T=F32)
    c.case('CropAndResizeGradBoxes', [g, x, odd, index], 'odd')
    none = [g[:0], boxes[:0], index[:0]]
    c.case('CropAndResizeGradImage', none + [size], 'no box', T=F32)
    c.case('CropAndResizeGradBoxes', [none[0], x, none[1], none[2]], 'no box')
    good = [g, boxes, index, size]
    for label, i, bad in (('rank', 0, g[0]), ('crop', 0, g[:, :0]), ('boxes', 1, boxes[0]), ('columns', 1, boxes[:, :3]), ('index', 2, index.reshape(5, 1)), ('count', 2, index[:4]), ('grads', 0, g[:4]),
                          ('size rank', 3, i32([2, 4, 4, 1])), ('size', 3, i32(2, 4, 4)), ('height', 3, i32(2, 0, 4, 1)), ('depth', 3, i32(2, 4, 4, 2)), ('batch', 3, i32(1, 4, 4, 1)), ('no batch', 3, i32(-1, 4, 4, 1)), ('negative', 2, i32(0, 0, -1, 0, 0))):
        c.case('CropAndResizeGradImage', good[:i] + [bad] + good[i + 1:], label, T=F32)
    good = [g, x, boxes, index]
    for label, i, bad in (('rank', 0, g[0]), ('crop', 0, g[:, :0]), ('image', 1, x[0]), ('image empty', 1, x[:, :0]), ('depth', 1, values(F32, (2, 4, 4, 2))), ('boxes', 2, boxes[0]), ('columns', 2, boxes[:, :3]), ('index', 3, index.reshape(5, 1)),
                          ('count', 3, index[:4]), ('grads', 0, g[:4]), ('beyond', 3, i32(0, 1, 2, 0, 0)), ('negative', 3, i32(0, 0, -1, 0, 0))):
        c.case('CropAndResizeGradBoxes', good[:i] + [bad] + good[i + 1:], label)
    c.save()


def image_nms_combined():
    c = Cases('image_nms_combined')

    def boxes(*dims):
        low = values(F32, dims + (2,), 0, 1)
        return np.concatenate([low, low + values(F32, dims + (2,), 0, 1)], -1)

    def case(label, b, s, each=3, total=10, overlap=.5, score=.25, **attr):
        return c.case('CombinedNonMaxSuppression', [b, s, np.array(each, I32), np.array(total, I32), np.asarray(overlap, F32), np.asarray(score, F32)], label, **attr)
    for n, classes in ((0, 2), (1, 1), (5, 3), (30, 4), (20, 12)):
        for q in (1, classes):
            for each, total in ((1, 1), (3, 10), (100, 100), (10, 40)):
                for pad in (False, True):
                    for clip in (True, False):
                        case('%d %d %d' % (n, classes, q), boxes(2, n, q), values(F32, (2, n, classes), 0, 1), each, total, pad_per_class=pad, clip_boxes=clip)
    for levels in (1, 2, 3, 8):  # many equal scores
        for n, classes in ((10, 2), (30, 3), (100, 4)):
            case('ties %d' % levels, boxes(1, n, 1), np.round(rng.uniform(.4, 1, (1, n, classes)) * levels).astype(F32) / levels, 20, 60)
            case('ties %d' % levels, boxes(1, n, 1), np.round(rng.uniform(.4, 1, (1, n, classes)) * levels).astype(F32) / levels, 200, 1200, overlap=1., score=-1.)
    for n in (17, 33, 100, 400):  # orders that are hard on a quicksort
        b = boxes(1, n, 1)
        for label, s in (('up', np.arange(n)), ('down', -np.arange(n)), ('organ', np.minimum(np.arange(n), n - np.arange(n))), ('saw', np.arange(n) % 7)):
            case('%s %d' % (label, n), b, s.astype(F32).reshape(1, n, 1), n, n, 1., -1e9)
            case('%s %d classes' % (label, n), b, np.stack([s, s[::-1]], -1).astype(F32).reshape(1, n, 2), n, 2 * n, 1., -1e9)
    b, s = boxes(2, 5, 1), values(F32, (2, 5, 3), 0, 1)
    case('empty batch', b[:0], s[:0])
    case('both ranks', b[0], s[0], each=0)
    case('boxes rank, q', b[:, :, 0], s, each=0)
    case('no class', b, s[..., :0])
    case('nan', b, np.where(s > .5, np.nan, s).astype(F32))
    case('nan threshold', b, s, score=np.nan)
    for label, k in (('boxes rank', dict(b=b[0])), ('boxes 3', dict(b=b[:, :, 0])), ('boxes 3 zero', dict(b=b[:, :, 0], overlap=2)), ('scores rank', dict(s=s[0])), ('scores 4', dict(s=s[..., None])), ('q', dict(b=boxes(2, 5, 2))), ('columns', dict(b=b[..., :3])), ('count', dict(s=s[:, :4])), ('batch', dict(s=s[:1])),
                     ('each', dict(each=0)), ('each -1', dict(each=-1)), ('each rank', dict(each=[1])), ('total', dict(total=0)), ('total rank', dict(total=[1])), ('overlap', dict(overlap=1.5)), ('overlap nan', dict(overlap=np.nan)),
                     ('overlap rank', dict(overlap=[.5])), ('score rank', dict(score=[.5]))):
        case(label, **{**dict(b=b, s=s), **k})
    c.save()


def summary_image():
    c = Cases('summary_image')
    tag = np.array(b'tag', object)
    for dtype in (U8, F32, np.float16, F64):
        for depth in (1, 3, 4):
            for label, low, high in (('both', -4, 4), ('positive', 0, 4), ('small', 0, 0), ('large', -1000, 30000)):
                if dtype == U8 and label != 'positive': continue
                c.case('ImageSummary', [tag, values(dtype, (2, 5, 4, depth), low, high if dtype != U8 else 255)], '%s %d' % (label, depth))
        for most in (1, 2, 5): c.case('ImageSummary', [tag, values(dtype, (3, 2, 2, 1), 0, 4)], 'most %d' % most, max_images=most)
        c.case('ImageSummary', [tag, np.zeros((0, 2, 2, 1), dtype)], 'none')
        for shape in ((1, 0, 2, 1), (0, 0, 2, 1), (0, 2, 0, 1)):
            c.case('ImageSummary', [tag, np.zeros(shape, dtype)], 'no pixel')
        c.case('ImageSummary', [np.array([b'a'], object), np.zeros((1, 2, 2, 1), dtype)], 'tag')
        for shape in ((2, 2, 1), (1, 2, 2, 2), (1, 2, 2, 5)): c.case('ImageSummary', [tag, np.zeros(shape, dtype)], 'shape')
        if dtype == U8: continue
        odd = values(dtype, (1, 6, 5, 3), -4, 4)
        odd[0, 1, 2, 0], odd[0, 3, 3, 2], odd[0, 4, 1, 1] = np.nan, np.inf, -np.inf
        c.case('ImageSummary', [tag, odd], 'odd')
        c.case('ImageSummary', [tag, odd], 'color', bad_color=tf.make_tensor_proto([1, 2, 3, 4], tf.uint8))
        c.case('ImageSummary', [tag, np.full((1, 2, 2, 1), np.nan, dtype)], 'all odd')
        c.case('ImageSummary', [tag, odd], 'short color', bad_color=tf.make_tensor_proto([1, 2], tf.uint8))
        c.case('ImageSummary', [tag, np.full((1, 2, 2, 1), 1e-7, dtype)], 'tiny')
    for color in (tf.make_tensor_proto(1, tf.uint8), tf.make_tensor_proto([1, 2, 3, 4], tf.int32)): c.case('ImageSummary', [tag, odd], 'bad color', bad_color=color)
    c.save()


def wav(channels=1, frames=6, rate=8000, bits=16, form=1, size=16, before=b'', after=b'', samples=None, per_second=None, frame=None, data=b'data', more=b''):
    body = values(np.int16, (frames, channels), -30000, 30000).tobytes() if samples is None else samples
    frame = channels * bits // 8 if frame is None else frame
    fmt = struct.pack('<HHIIHH', form, channels, rate, frame * rate if per_second is None else per_second, frame, bits) + b'\0\0' * (size == 18)
    return b'RIFF' + struct.pack('<I', 36 + len(body)) + b'WAVE' + before + b'fmt ' + struct.pack('<I', size) + fmt + after + data + \
        struct.pack('<I', len(body)) + body + more


def audio_wav_read():
    c = Cases('audio_wav_read')
    chunk = lambda name, data: name + struct.pack('<I', len(data)) + data
    for label, data in (('mono', wav()), ('stereo', wav(2)), ('five', wav(5, 3)), ('none', wav(1, 0)), ('18', wav(2, size=18)), ('junk', wav(before=chunk(b'JUNK', b'abc') + chunk(b'bext', b''))),
                        ('list', wav(after=chunk(b'LIST', b'abcd'))), ('after', wav(more=chunk(b'LIST', b'abcd'))), ('odd', wav(samples=b'\1\2\3')), ('extremes', wav(samples=struct.pack('<hhhh', -32768, 32767, 0, -1))),
                        ('rate', wav(rate=44100)), ('large rate', wav(rate=2**31 - 1, per_second=2**32 - 2))):
        for channels in (-1, 0, 1, 3):
            for samples in (-1, 0, 4, 9): c.case('DecodeWav', [file(data)], '%s %d %d' % (label, channels, samples), desired_channels=channels, desired_samples=samples)
    whole = wav(2)
    for n in (0, 3, 4, 10, 12, 16, 20, 22, 30, 36, 38, 40, 44, 47, len(whole) - 1): c.case('DecodeWav', [file(whole[:n])], 'cut at %d' % n)
    for label, data in (('riff', b'RIFX' + whole[4:]), ('wave', whole[:8] + b'WAVX' + whole[12:]), ('field', wav(before=chunk(b'what', b'abc'))), ('junk cut', wav(before=b'JUNK\xff\xff\xff\x7f')), ('fmt 17', wav(size=17)),
                        ('fmt 40', wav(size=40)), ('float', wav(form=3)), ('no channel', wav(0, samples=b'ab')), ('8 bits', wav(bits=8)), ('24 bits', wav(bits=24)), ('frame', wav(frame=3)), ('second', wav(per_second=5)),
                        ('no data', wav(data=b'DATA')), ('twice', wav(more=chunk(b'data', b'abcd'))), ('huge', wav(after=b'LIST\xff\xff\xff\xff')), ('list cut', wav(more=b'LIST\x09\0\0\0abc')), ('tail', wav(more=b'ab')), ('tail 6', wav(more=b'LIST\1\1'))):
        c.case('DecodeWav', [file(data)], label)
    c.case('DecodeWav', [file([whole])], 'vector')
    for k in ('desired_channels', 'desired_samples'): refused(c, 'DecodeWav', [file(whole)], k, **{k: -2})
    c.save()


FAMILIES = [image_decode, image_encode, image_scale, image_draw, image_transform, image_glimpse, image_crop_grad,
            image_nms_combined, summary_image, audio_wav_read]

if __name__ == '__main__':
    generate(FAMILIES, 8)
