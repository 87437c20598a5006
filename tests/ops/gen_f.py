"""Op cases of random numbers and samplers: python tests/ops/gen_f.py [FAMILY...] (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import F16, F32, F64, FLOATS, I32, I64, INTS, U64, f32, generate, i32, i64, name_of, refused, rng

import numpy as np
import tensorflow as tf

KEY, COUNTER, PHILOX = np.array([0x123456789abcdef], U64), np.array([7, 1 << 63], U64), np.array(1, I32)
SEEDS = dict(seed=1, seed2=2)
NAN, INF = float('nan'), float('inf')


def tolerance(t):
    """Arithmetic is TensorFlow's; functions of the C library may differ in the last bit."""
    return dict(rtol={2: 4e-3 if t == F16 else 2e-2, 4: 1e-6, 8: 1e-14}[np.dtype(t).itemsize], atol=0)


def random_shuffle():
    c = Cases('random_shuffle')
    for dtype in INTS + FLOATS + [np.complex64, np.complex128, np.bool_]:
        x = np.arange(14).reshape(7, 2).astype(dtype)
        c.case('RandomShuffle', [x], name_of(dtype), seed=3, seed2=4)
        c.case('StatelessShuffle', [x, KEY, COUNTER, PHILOX], name_of(dtype))
    for shape in [(), (0,), (1,), (3, 0), (0, 3), (1, 4), (300,), (50, 3, 2)]:
        x = np.arange(np.prod(shape)).reshape(shape).astype(I32)
        c.case('RandomShuffle', [x], str(shape), **SEEDS)
        c.case('StatelessShuffle', [x, KEY, COUNTER, PHILOX], str(shape))
    words = np.array([b'a', b'bb', b'', b'dddd' * 9], object)
    c.case('RandomShuffle', [words], 'strings', **SEEDS)
    c.case('StatelessShuffle', [words, KEY, COUNTER, np.array(3, I32)], 'strings')
    for bad in ([KEY, COUNTER, np.array(2, I32)], [KEY[:0], COUNTER, PHILOX], [KEY, COUNTER, PHILOX[None]]):
        c.case('StatelessShuffle', [i32(1, 2, 3)] + bad, 'bad')
    for t in (I32, I64, np.uint32, U64):
        for most in (0, 1, 7, 10, 1000, 65535, 65536, 65537, 1 << 20, (1 << 31) - 2):
            index = np.array([0, most // 3, most // 2, most], t)
            for rounds in (4, 8):
                c.case('RandomIndexShuffle', [index, np.array([5, 77, 1000], t), np.array(most, t)], '%s %d' % (name_of(t), most), rounds=rounds)
        c.case('RandomIndexShuffle', [np.array(3, t), np.array([1, 2, 3], t), np.array(10, t)], 'scalar')
        c.case('RandomIndexShuffle', [np.array(3, t), np.array([[1, 2, 3], [1, 2, 4]], t), np.array(10, t)], 'seeds')
        c.case('RandomIndexShuffle', [np.array(3, t), np.array([1, 2, 3], t), np.array([10, 20, 30], t)], 'limits')
    for most in (1 << 33, (1 << 40) + 5, 1 << 62, (1 << 63) - 1):
        c.case('RandomIndexShuffle', [np.array([1, most], U64), np.array([1 << 40, 2, 3], U64), np.array(most, U64)], 'wide %d' % most)
    c.case('RandomIndexShuffle', [np.array(-1, I32), i32(-1, -2, -3), np.array(-1, I32)], 'negative')
    for bad in ([i32(5).reshape(1, 1), i32(1, 2, 3), np.array(9, I32)], [i32(5, 6), i32(1, 2, 3)[None], np.array(9, I32)], [i32(5, 6), i32(1, 2), np.array(9, I32)],
                [i32(5, 6), i32(1, 2, 3), i32(9, 8, 7)], [i32(5, 6), i32(1, 2, 3), i32(9)], [i32(), i32(1, 2, 3), i32()]):
        c.case('RandomIndexShuffle', bad, 'shapes')
    for alg in (-1, 0, 1, 2, 3, 4):
        for n in (0, 1, 2, 4):
            for shape in ((0,), (1,), (3, 0), (3,)):
                if n == 1 and shape == (3,) and alg in (1, 3): continue  # TensorFlow reads what follows
                c.case('StatelessShuffle', [np.arange(np.prod(shape)).reshape(shape).astype(I32), KEY, COUNTER[:1].repeat(n), np.array(alg, I32)],
                       'algorithm %d, %d words, %s' % (alg, n, shape))
    c.as_of(7)
    for dtype in (np.uint8, np.int8, np.int16, I32, I64, F32, F64):
        c.case('RandomCrop', [np.arange(60).reshape(5, 4, 3).astype(dtype), i64(2, 3)], name_of(dtype), seed=3, seed2=4)
    image = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
    for size in ([2, 2], [5, 2], [2, 5], [4, 3], [0, 1], [2], [[2, 2]], [4, 1], [1, 3]):
        refused(c, 'RandomCrop', [image, np.array(size, I64)], str(size), **SEEDS)
    refused(c, 'RandomCrop', [image[0], i64(2, 2)], 'rank', **SEEDS)
    c.save()


def random_multinomial():
    c = Cases('random_multinomial')
    seed = i64(5, -6)
    for dtype in FLOATS:
        logits = np.round(rng.uniform(-3, 3, (3, 7)) * 8).astype(dtype) / 8
        for t in (tf.int32, tf.int64):
            c.case('Multinomial', [logits, np.array(33, I32)], name_of(dtype), output_dtype=t, seed=3, seed2=4)
            c.case('StatelessMultinomial', [logits, np.array(33, I32), seed], name_of(dtype), output_dtype=t)
    wide = np.round(rng.uniform(-5, 5, (1, 1000)) * 8).astype(F32) / 8
    strange = [[NAN, -INF, 1, 2, INF], [800, 700, -800, 801, 0], [-800, -800, -801, -802, -800], [NAN] * 5, [-INF] * 5]
    for op, more, attrs in (('Multinomial', [], SEEDS), ('StatelessMultinomial', [seed], {})):
        c.case(op, [wide, np.array(200, I32)] + more, 'wide', **attrs)
        c.case(op, [np.array(strange, F64), np.array(9, I32)] + more, 'strange', **attrs)
        for n in (0, 1, 5):
            c.case(op, [f32(1, 2, 3, 0, 0, 9).reshape(2, 3), np.array(n, I32)] + more, '%d' % n, **attrs)
        c.case(op, [f32(1)[None], np.array(5, I32)] + more, 'one class', **attrs)
        c.case(op, [np.zeros((0, 3), F32), np.array(2, I32)] + more, 'no rows', **attrs)
        c.case(op, [np.zeros((2, 0), F32), np.array(2, I32)] + more, 'no classes', **attrs)
        c.case(op, [f32(1, 2), np.array(2, I32)] + more, 'vector', **attrs)
        c.case(op, [f32(1, 2)[None], np.array(-1, I32)] + more, 'negative', **attrs)
        c.case(op, [f32(1, 2)[None], i32(1)] + more, 'not scalar', **attrs)
    for bad in (i64(1), i64(1, 2, 3), i64(1, 2)[None]):
        c.case('StatelessMultinomial', [f32(1, 2)[None], np.array(2, I32), bad], 'seed')
    c.save()


BAD_SHAPES = [i32(-1), np.array(3, I32), i32(0), i32(2, 0), i32(), i64(1 << 62, 1 << 62)]


def random_gamma():
    c = Cases('random_gamma')
    for dtype in (F16, F32, F64):
        for alpha in ([], [.1, .5, 1, 1.5, 3, 100], [1e-3, 1e4], [-1, -.25, 0, INF, NAN]):
            alpha, tol = np.array(alpha, dtype), tolerance(dtype)
            c.case('RandomGamma', [i32(40), alpha], '%s %s' % (name_of(dtype), alpha), **SEEDS, **tol)
            dims = np.array((40,) + alpha.shape, I32)
            c.case('StatelessRandomGammaV2', [dims, i64(7, 8), alpha], '%s %s' % (name_of(dtype), alpha), **tol)
            c.case('StatelessRandomGammaV3', [dims, KEY, COUNTER, PHILOX, alpha], '%s %s' % (name_of(dtype), alpha), **tol)
        c.case('RandomGamma', [i64(2, 3), np.array([[.5], [2]], dtype)], name_of(dtype), seed=123456789012, seed2=-5, **tol)
        c.case('StatelessRandomGammaV2', [i64(2, 2, 1), i32(3, 4), np.array([[.5], [2]], dtype)], name_of(dtype), **tol)
        c.case('StatelessRandomGammaV3', [i32(4), KEY, COUNTER, np.array(3, I32), np.array(2.5, dtype)], name_of(dtype), **tol)
    c.case('RandomGamma', [i32(700), f32(.7, 2.5)], 'long', **SEEDS, **tolerance(F32))
    for shape in BAD_SHAPES:
        part = '' if shape.size and shape.flat[0] > 99 else None
        c.case('RandomGamma', [shape, f32(1, 2)], 'shape', error_part=part, **SEEDS, **tolerance(F32))
        c.case('RandomGamma', [shape, f32()], 'shape', error_part=part, **SEEDS)
        c.case('StatelessRandomGammaV2', [shape, i32(1, 2), f32(1, 2)], 'shape', error_part=part)
        c.case('StatelessRandomGammaV3', [shape, KEY, COUNTER, PHILOX, f32(1, 2)], 'shape', error_part=part)
    c.case('StatelessRandomGammaV2', [i32(3, 3), i32(1, 2), f32()], 'end')
    c.case('StatelessRandomGammaV2', [i32(3), i32(1, 2), f32(1, 2, 3)[None]], 'end')
    c.case('StatelessRandomGammaV2', [i32(3), i32(1), f32(1, 2, 3)], 'seed')
    for bad in ([KEY, COUNTER, np.array(2, I32)], [KEY[:0], COUNTER, PHILOX], [KEY, COUNTER, PHILOX[None]]):
        c.case('StatelessRandomGammaV3', [i32(2)] + bad + [f32(1, 2)], 'bad')
    c.save()


def random_poisson():
    c = Cases('random_poisson')
    numbers = [F16, F32, F64, I32, I64]
    for r in numbers:
        for t in (tf.float16, tf.float32, tf.float64, tf.int32, tf.int64):
            if r in (F32, F64) and t == tf.float16: continue
            rate = np.array([.5, 3, 9.5, 10, 30, 1000], F64).astype(r)
            tol = tolerance(t.as_numpy_dtype)
            refused(c, 'RandomPoissonV2', [i32(25), rate], '%s %s' % (name_of(r), t.name), dtype=t, **SEEDS, **tol)
            refused(c, 'StatelessRandomPoisson', [i32(25, 6), i64(7, 8), rate], '%s %s' % (name_of(r), t.name), dtype=t, **tol)
    for t in (F16, F32, F64):
        c.case('RandomPoissonV2', [i32(60), np.array([1e3, 6e4 if t == F16 else 1e7], t)], 'large', dtype=tf.as_dtype(t), **SEEDS, **tolerance(t))
        c.case('RandomPoissonV2', [i32(20), np.array([-1, 0, -1e3, .001], t)], 'small', dtype=tf.as_dtype(t), **SEEDS)
    c.case('RandomPoissonV2', [i32(60), np.array([65400], F16)], 'overflow', dtype=tf.float16, **SEEDS)
    c.case('RandomPoissonV2', [i32(60), np.array([2147483000], F64)], 'overflow', dtype=tf.int32, **SEEDS)
    c.case('RandomPoissonV2', [i32(9), f32(1e10, 1e20, INF)], 'huge', dtype=tf.float32, **SEEDS)
    for t in (tf.float16, tf.float64, tf.int32, tf.int64):
        c.case('RandomPoissonV2', [i32(2), f32(INF, -INF)], 'endless', dtype=t, **SEEDS)
    c.case('RandomPoissonV2', [i32(500), f32(.7, 25)], 'long', dtype=tf.int32, **SEEDS)
    for shape in BAD_SHAPES:
        part = '' if shape.size and shape.flat[0] > 99 else None
        c.case('RandomPoissonV2', [shape, f32(1, 2)], 'shape', error_part=part, dtype=tf.int32, **SEEDS)
        c.case('RandomPoissonV2', [shape, f32()], 'shape', error_part=part, dtype=tf.int32, **SEEDS)
        c.case('StatelessRandomPoisson', [shape, i32(1, 2), f32(1, 2)], 'shape', error_part=part, dtype=tf.int32)
    c.case('StatelessRandomPoisson', [i32(3, 3), i32(1, 2), f32()], 'end', dtype=tf.float32)
    c.case('StatelessRandomPoisson', [i32(3), i32(1), f32(1, 2, 3)], 'seed', dtype=tf.float32)
    c.as_of(20)
    for t in (F16, F32, F64):
        c.case('RandomPoisson', [i32(25), np.array([.5, 9, 10, 200], t)], name_of(t), **SEEDS)
    c.save()


def random_bounded():
    c = Cases('random_bounded')
    stateful, stateless = 'ParameterizedTruncatedNormal', 'StatelessParameterizedTruncatedNormal'
    # mean, deviation, bounds: each sampler, from both sides
    kinds = [(0, 1, -1, 1), (0, 1, -2, 2), (.5, 2, -1.5, INF), (0, 1, 2, INF), (0, 1, -INF, -2), (0, 1, 5, 6), (3, .5, -INF, 1), (-8, 2, 1, 9), (0, 1, 1, 1.5), (1, 1, -INF, 1.5), (0, 3, -1, 20)]
    for t in (F16, F32, F64):
        tol = tolerance(t)
        tol['atol'] = {F16: 4e-3, F32: 1e-6, F64: 1e-14}[t]
        for kind in kinds:
            params = [np.array(x, t) for x in kind]
            c.case(stateful, [i32(37), *params], '%s %s' % (name_of(t), kind), seed=3, seed2=4, **tol)
            c.case(stateless, [i32(37), i64(5, 6), *params], '%s %s' % (name_of(t), kind), **tol)
        columns = [np.array(x, t) for x in zip(*kinds)]
        c.case(stateful, [i32(len(kinds), 9), *columns], name_of(t) + ' vectors', seed=3, seed2=4, **tol)
        c.case(stateless, [i32(9, len(kinds)), i64(5, 6), *columns], name_of(t) + ' vectors', **tol)
    tol = dict(rtol=1e-6, atol=1e-6)
    one = [np.float32(0), np.float32(1), np.float32(-1), np.float32(1)]
    grid = [np.zeros((2, 1), F32), f32(1, 2, 3), np.full((2, 1), -1, F32), np.float32(2)]
    c.case(stateless, [i64(4, 2, 3), i32(1, 2), *grid], 'broadcast', **tol)
    c.case(stateless, [i64(2, 3), i32(1, 2), *grid], 'broadcast', **tol)
    c.case(stateless, [i64(3, 2), i32(1, 2), *grid], 'broadcast', **tol)
    c.case(stateless, [i64(2, 3), i32(1, 2), f32(0, 1), f32(1, 2, 3), *one[2:]], 'broadcast', error_part='', **tol)
    c.case(stateful, [i32(350), *one], 'long', **SEEDS, **tol)
    for shape in (i32(2, 0), i32(0)):
        c.case(stateful, [shape, f32(1, 0)[:shape[0]], np.float32(-2), *one[2:]], 'none', **SEEDS, **tol)
        c.case(stateful, [shape, one[0], np.float32(-2), *one[2:]], 'none', **SEEDS, **tol)
    c.case(stateful, [i32(3, 5, 2), f32(0), f32(1), *one[2:]], 'ones', **SEEDS, **tol)
    c.case(stateful, [i32(3, 5, 2), f32(0), f32(1), f32(-1), f32(1)], 'one bound', **SEEDS, **tol)
    for bad in [(0, 1, 2, 1), (0, -1, -1, 1), (0, 0, -1, 1), (NAN, 1, -1, 1), (0, NAN, -1, 1), (0, 1, -INF, INF), (0, 1, 1e30, INF), (0, INF, 0, 1), (INF, 1, 0, 1), (0, 1, 0, 1e-30),
                (0, 1e-30, 0, 1), (0, 1, NAN, 1), (0, 1, -1, NAN)]:
        params = [np.float32(x) for x in bad]
        c.case(stateful, [i32(5), *params], str(bad), **SEEDS, **tol)
        c.case(stateless, [i32(5), i32(1, 2), *params], str(bad), **tol)
    for shape in (i32(), i32(0), i32(0, 3), i32(2, -1), np.array(3, I32), i32(2, 0)):
        c.case(stateful, [shape, *one], 'shape', **SEEDS, **tol)
        c.case(stateful, [shape, f32(0, 1), *one[1:]], 'shape', **SEEDS, **tol)
        c.case(stateless, [shape, i32(1, 2), *one], 'shape', **tol)
    for i in range(4):
        for x in (f32(1, 2, 3), f32(1)[None], f32()):
            params = [f32(p) for p in one]
            params[i] = x
            c.case(stateful, [i32(2, 2), *params], 'parameter', **SEEDS, **tol)
            c.case(stateless, [i32(2, 2), i32(1, 2), *params], 'parameter', **tol)
    c.case(stateless, [i32(2, 2), i32(1), *one], 'seed')
    c.save()


def random_binomial():
    c = Cases('random_binomial')
    op = 'StatelessRandomBinomial'
    for t in (F16, F32, F64):
        counts = np.array([0, 1, 5, 20, 100, 1000, 50, -3], t)
        probs = np.array([[.5], [.01], [.3], [.75], [.99], [0], [1], [1.5], [-.5]], t)
        for out in (tf.float16, tf.float32, tf.float64, tf.int32, tf.int64):
            c.case(op, [i32(4, 9, 8), i64(5, 6), counts, probs], '%s %s' % (name_of(t), out.name), dtype=out)
        for prob in (.5, 1e-3, .25, .9):
            c.case(op, [i32(60), i64(5, 6), np.array(60000 if t == F16 else 1e6, t), np.array(prob, t)], '%s %s' % (name_of(t), prob), dtype=tf.float64)
    for out in (tf.float16, tf.float32, tf.float64, tf.int32, tf.int64):
        if out.is_floating:  # an integer of NaN is not defined
            c.case(op, [i32(3), i32(1, 2), np.float32(5), np.float32(NAN)], 'nan', dtype=out)
        c.case(op, [i32(3), i32(1, 2), np.float32(5.7), np.float32(.5)], 'not whole', dtype=out)
        c.case(op, [i32(3), i32(1, 2), np.float32(1e30), np.float32(.3)], 'huge', dtype=out)
    c.case(op, [i32(500), i64(5, 6), np.float32(30), np.float32(.6)], 'long', dtype=tf.int32)
    c.case(op, [i64(2, 2), i64(5, 6), f32(30, 3), np.float32(.6)], 'int64', dtype=tf.int32)
    for shape in (i32(), i32(0), i32(0, 3), i32(2, -1), np.array(3, I32), i32(2, 0), i32(2, 3)):
        c.case(op, [shape, i32(1, 2), np.float32(5), np.float32(.5)], 'shape', dtype=tf.int32)
        c.case(op, [shape, i32(1, 2), f32(5, 6), np.float32(.5)], 'shape', dtype=tf.int32)
    c.case(op, [i32(3), i32(1, 2), f32(5, 6), f32(.5, .5, .5)], 'broadcast', dtype=tf.int32)
    c.case(op, [i32(3), i32(1), np.float32(5), np.float32(.5)], 'seed', dtype=tf.int32)
    c.save()


def sampler_candidate():
    c = Cases('sampler_candidate')
    ranges = ['UniformCandidateSampler', 'LogUniformCandidateSampler', 'LearnedUnigramCandidateSampler', 'ThreadUnsafeUnigramCandidateSampler']
    truth = np.array([[1, 2], [3, 4], [0, 6]], I64)
    for op in ranges:
        for unique in (True, False):
            for n, most in ((3, 7), (7, 7), (50, 1000), (200, 256), (20, 100003)):
                c.case(op, [truth], '%s %d of %d' % (unique, n, most), num_true=2, num_sampled=n, unique=unique, range_max=most, **SEEDS)
        c.case(op, [np.zeros((0, 1), I64)], 'none', num_true=1, num_sampled=3, unique=True, range_max=7, seed=5, seed2=-6)
        c.case(op, [i64(0)[None]], 'one', num_true=1, num_sampled=1, unique=True, range_max=1, **SEEDS)
        c.case(op, [i64(1, 7)[None]], 'range', num_true=2, num_sampled=1, unique=True, range_max=7, **SEEDS)
        c.case(op, [i64(1, -1)[None]], 'range', num_true=2, num_sampled=1, unique=True, range_max=7, **SEEDS)
        c.case(op, [i64(1, 2)[None]], 'num_true', num_true=3, num_sampled=1, unique=True, range_max=7, **SEEDS)
        c.case(op, [i64(1, 2)], 'rank', num_true=2, num_sampled=1, unique=True, range_max=7, **SEEDS)
        c.case(op, [i64(1, 2)[None]], 'small', num_true=2, num_sampled=8, unique=True, range_max=7, **SEEDS)
        c.case(op, [i64(1, 2)[None]], 'small', num_true=2, num_sampled=8, unique=False, range_max=7, **SEEDS)
    for most in (1 << 33, 1 << 62, (1 << 63) - 1):
        for op in ranges[:2]:
            c.case(op, [i64(1, most - 1)[None]], 'wide %d' % most, num_true=2, num_sampled=20, unique=True, range_max=most, **SEEDS)
    for unique in (True, False):
        c.case('AllCandidateSampler', [truth], str(unique), num_true=2, num_sampled=9, unique=unique, **SEEDS)
    c.case('AllCandidateSampler', [truth], 'range', num_true=2, num_sampled=5, unique=True, **SEEDS)
    op = 'FixedUnigramCandidateSampler'
    weights = [round(float(x) * 16) / 16 for x in rng.uniform(0, 9, 40)]
    for unique in (True, False):
        for more in ({}, dict(distortion=.75), dict(distortion=0.), dict(num_reserved_ids=2), dict(num_reserved_ids=3, num_shards=2, shard=1), dict(num_shards=4, shard=3)):
            kept = [0] * len([i for i in range(more.get('num_reserved_ids', 0)) if i % more.get('num_shards', 1) == more.get('shard', 0)])
            kept += [w for i, w in enumerate(weights, len(kept)) if i % more.get('num_shards', 1) == more.get('shard', 0)]
            c.case(op, [truth], '%s %s' % (unique, more), num_true=2, num_sampled=9, unique=unique, range_max=len(kept), unigrams=weights, rtol=2e-6, atol=0, **more, **SEEDS)
    given = dict(num_true=2, num_sampled=3, unique=False, range_max=7, **SEEDS)
    for w in ([0.] * 7, [1., -2., 3., 4., 0., 1., 1.], [1e30] * 7, [1., 2., 3.], [], [1., INF, 1., 1., 1., 1., 1.]):
        c.case(op, [truth], str(w), unigrams=w, **given)
    c.case(op, [truth], 'shard', unigrams=weights, num_shards=2, shard=2, **given)
    c.case(op, [truth], 'both', unigrams=weights, vocab_file='x', **given)
    c.case(op, [truth], 'no file', vocab_file='/nonexistent/words', **given)
    words = 'tests/data/ops/unigrams.csv'  # of tests run in the root folder
    c.case(op, [truth], 'file', vocab_file=words, **given)
    c.case(op, [truth], 'file', vocab_file=words, **{**given, 'range_max': 8})
    c.case(op, [truth], 'file of words', vocab_file='tests/data/ops/words.txt', error_part='Wrong vocabulary format at line: ', **given)
    op = 'ComputeAccidentalHits'
    c.case(op, [i64(1, 2, 3, 1).reshape(2, 2), i64(1, 5, 3, 1)], 'some', num_true=2)
    c.case(op, [rng.randint(-50, 50, (40, 3)), rng.randint(-50, 50, 60)], 'many', num_true=3)
    c.case(op, [i64(1, 2)[None], i64()], 'none', num_true=2)
    c.case(op, [np.zeros((0, 2), I64), i64(1)], 'none', num_true=2)
    c.case(op, [i64(1, 2)[None], i64(1)], 'width', num_true=3)
    c.case(op, [i64(1, 2), i64(1)], 'rank', num_true=2)
    c.case(op, [i64(1, 2)[None], i64(1)[None]], 'rank', num_true=2)
    c.save()


def sampler_box():
    c = Cases('sampler_box')
    first, second, stateless = 'SampleDistortedBoundingBox', 'SampleDistortedBoundingBoxV2', 'StatelessSampleDistortedBoundingBox'
    box = f32(.1, .2, .7, .9).reshape(1, 1, 4)
    boxes = np.sort(rng.uniform(0, 1, (2, 3, 2, 2)).astype(F32), axis=2).reshape(2, 3, 4)
    size = i32(100, 80, 3)

    def case(op, label, size=size, boxes=box, covered=.3, seed=SEEDS, **attrs):
        inputs, more = [size, boxes], dict(attrs)
        if op == first: more['min_object_covered'] = covered
        else: inputs.append(np.asarray(covered, F32))
        if op == stateless: inputs.append(np.array(list(seed.values()), I64))
        else: more.update(seed)
        refused(c, op, inputs, label, rtol=0, atol=0, **more)
    for op in (first, second, stateless):
        for dtype in INTS:
            case(op, name_of(dtype), size=np.array([100, 80, 3], dtype))
        for seed in range(1, 9):
            at = dict(seed=seed, seed2=77)
            case(op, 'seed %d' % seed, seed=at)
            case(op, 'boxes %d' % seed, boxes=boxes, seed=at, size=i32(333, 1000, 3), covered=.7)
            case(op, 'limits %d' % seed, seed=at, aspect_ratio_range=[.2, 4.], area_range=[.5, .9], max_attempts=3)
            case(op, 'narrow %d' % seed, seed=at, aspect_ratio_range=[1., 1.], area_range=[1., 1.], size=i32(7, 5, 1), covered=0.)
            case(op, 'large %d' % seed, seed=at, size=i32(2000000000, 1, 1), covered=0.)
            case(op, 'image %d' % seed, boxes=box[:0], seed=at, use_image_if_no_bounding_boxes=True, covered=.1)
        for more in (dict(covered=-1.), dict(covered=NAN), dict(covered=2.), dict(covered=0.), dict(size=i32(100, 80)), dict(size=i32(100, 80, 3)[None]), dict(size=i32(-5, 80, 3)),
                     dict(size=i64(5, 1 << 31, 3)), dict(size=i32(0, 0, 3)), dict(boxes=box[0]), dict(boxes=box[:, :, :3]), dict(boxes=box * 2), dict(boxes=box * NAN), dict(boxes=box[:0]),
                     dict(boxes=f32(.7, .9, .1, .2).reshape(1, 1, 4)), dict(boxes=f32(.5, .5, .5, .5).reshape(1, 1, 4)),
                     dict(aspect_ratio_range=[1.]), dict(aspect_ratio_range=[0., 1.]), dict(aspect_ratio_range=[INF, INF]), dict(aspect_ratio_range=[NAN, NAN]), dict(aspect_ratio_range=[1e-30, 1e-30]),
                     dict(aspect_ratio_range=[1e30, 1e30]), dict(area_range=[.1]), dict(area_range=[0., 1.]), dict(area_range=[.5, 1.5]), dict(area_range=[.9, .1]), dict(max_attempts=0)):
            case(op, str(sorted(more.items()))[:90], **more)
        if op != first:
            case(op, 'covered', covered=[.5])
    c.case(stateless, [size, box, np.float32(.5), i64(1)], 'seed')
    c.save()


def audio_features():
    c = Cases('audio_features')
    wave = np.round((np.sin(np.arange(600) * .21)[:, None] * [1, .5, -.25] + rng.uniform(-.2, .2, (600, 3))) * 256).astype(F32) / 256
    for window, stride in ((2, 1), (3, 2), (64, 64), (100, 37), (128, 300), (256, 128), (600, 1), (601, 5)):
        for squared in (True, False):
            c.case('AudioSpectrogram', [wave], '%d %d %s' % (window, stride, squared), 1e-5, 1e-6, window_size=window, stride=stride, magnitude_squared=squared)
    c.case('AudioSpectrogram', [wave[:, :0]], 'no channels', window_size=64, stride=8)
    c.case('AudioSpectrogram', [wave[:0]], 'no samples', window_size=64, stride=8)
    for window, stride in ((1, 1), (0, 1), (-3, 1), (64, 0), (64, -1)):
        refused(c, 'AudioSpectrogram', [wave], 'bad', window_size=window, stride=stride)
    c.case('AudioSpectrogram', [wave[:, 0]], 'rank', window_size=64, stride=8)
    spectrum = (np.round(rng.uniform(0, 9, (2, 3, 257)) ** 2 * 64) / 64).astype(F32)
    rate = np.array(16000, I32)
    for more in ({}, dict(dct_coefficient_count=40), dict(filterbank_channel_count=20, dct_coefficient_count=1), dict(lower_frequency_limit=0.), dict(upper_frequency_limit=7999.),
                 dict(upper_frequency_limit=8000.), dict(upper_frequency_limit=9000.), dict(filterbank_channel_count=500), dict(lower_frequency_limit=4000., upper_frequency_limit=4000.),
                 dict(lower_frequency_limit=-1.), dict(filterbank_channel_count=0), dict(dct_coefficient_count=0), dict(dct_coefficient_count=41), dict(lower_frequency_limit=1e30, upper_frequency_limit=2e30)):
        refused(c, 'Mfcc', [spectrum, rate], str(more), 1e-5, 1e-5, **more)
    for r in (8000, 44100, 7000, 0, -5):
        c.case('Mfcc', [spectrum, np.array(r, I32)], 'rate %d' % r, 1e-5, 1e-5)
    c.case('Mfcc', [spectrum * 0, rate], 'silence', 1e-5, 1e-5)
    c.case('Mfcc', [spectrum * -1, rate], 'negative', 1e-5, 1e-5)
    c.case('Mfcc', [spectrum[:, :0], rate], 'no windows')
    c.case('Mfcc', [spectrum[:, :, :1], rate], 'one bin')
    c.case('Mfcc', [spectrum[:, :, :0], rate], 'no bins')
    c.case('Mfcc', [spectrum[0], rate], 'rank')
    c.case('Mfcc', [spectrum, rate[None]], 'rates')
    c.save()


def sampler_cluster():
    c = Cases('sampler_cluster')
    n64 = lambda v: np.array(v, I64)
    points = np.round(rng.uniform(-4, 4, (40, 3)) * 16).astype(F32) / 16
    kmeans = 'KmeansPlusPlusInitialization'
    for seed in (0, 7, -3, 123456789012):
        for retries in (0, 2, -1):
            for want in (1, 5, 40):
                c.case(kmeans, [points, n64(want), n64(seed), n64(retries)], '%d %d %d' % (want, seed, retries), 0, 0)
        c.case('KMC2ChainInitialization', [np.abs(points[:, 0]), n64(seed)], '%d' % seed)
    c.case(kmeans, [points[:, :0], n64(1), n64(1), n64(0)], 'no dims')
    for bad in ([points, n64(41), n64(1), n64(0)], [points, n64(0), n64(1), n64(0)], [points[:0], n64(1), n64(1), n64(0)], [points[0], n64(1), n64(1), n64(0)],
                [points, i64(1), n64(1), n64(0)], [points, n64(1), i64(1), n64(0)], [points, n64(1), n64(1), i64(0)]):
        c.case(kmeans, bad, 'bad')
    for bad in ([f32(), n64(1)], [points, n64(1)], [f32(1, 2), i64(1)]):
        c.case('KMC2ChainInitialization', bad, 'bad')
    c.case('KMC2ChainInitialization', [f32(3), n64(1)], 'one')
    c.case('KMC2ChainInitialization', [f32(NAN, 1, 0, INF, 2), n64(1)], 'strange')
    for k in (0, 1, 2, 9, 10, 50):
        c.case('NearestNeighbors', [points, points[10:20], n64(k)], '%d' % k, 1e-5, 1e-4)
    c.case('NearestNeighbors', [points, np.round(rng.uniform(-4, 4, (1500, 3)) * 512).astype(F32) / 512, n64(1)], 'blocks', 1e-5, 1e-4)
    for bad in ([points[0], points, n64(1)], [points, points[0], n64(1)], [points, points, i64(1)], [points[:0], points, n64(1)], [points, points[:, :2], n64(1)]):
        c.case('NearestNeighbors', bad, 'bad')
    c.save()


def random_grad():
    c = Cases('random_grad')
    for t in (F32, F64):
        near = dict(rtol=2e-4, atol=1e-6) if t == F32 else dict(rtol=1e-8, atol=1e-12)
        alpha = np.array([[.01], [.5], [1], [2.5], [10], [150]], t)
        for part in (.2, .7, 1, 1.3, 2):
            c.case('RandomGammaGrad', [alpha, (alpha * part)], '%s %s' % (name_of(t), part), **near)
        c.case('RandomGammaGrad', [alpha[1:4], np.array([.125, .5, 1, 1.5, 4, 9], t)], name_of(t) + ' broadcast', **near)
        c.case('RandomGammaGrad', [np.array([1, -1, 0, NAN, 1, 2], t), np.array([0, 1, 1, 1, -1, NAN], t)], name_of(t) + ' special', **near)
        c.case('RandomGammaGrad', [np.array([INF, -INF], t)[:, None], np.array([0, .5, 2, INF, NAN], t)], 'infinite', **near)
        c.case('RandomGammaGrad', [np.zeros((0, 3), t), np.ones(3, t)], 'empty')
        c.case('RandomGammaGrad', [np.ones(2, t), np.ones(3, t)], 'shapes')
    for dtype in (F32, F64):
        c.case('RandomGammaGrad', [np.array([.01, .5, 1, 150, 0, -1, np.nan], dtype), dtype(np.inf)], 'of infinity')
    c.save()


FAMILIES = [random_shuffle, random_multinomial, random_gamma, random_poisson, random_bounded, random_binomial, sampler_candidate, sampler_box, audio_features, sampler_cluster, random_grad]

if __name__ == '__main__':
    generate(FAMILIES, 6)
