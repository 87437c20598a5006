"""Linear algebra, transforms and sums by index."""
import numpy as np

from numeric_models import data, group, numbers, spd


@group
def linalg(tf):
    la = tf.linalg

    def gaussian_process(x, y, x2):
        """Posterior of an RBF kernel and the log likelihood."""
        def k(a, b):
            return tf.exp(-0.5 * tf.reduce_sum((a[:, None] - b[None]) ** 2, -1))
        n = tf.shape(x)[0]
        chol = la.cholesky(k(x, x) + 0.1 * tf.eye(n))
        alpha = la.cholesky_solve(chol, y[:, None])
        v = la.triangular_solve(chol, k(x, x2))
        mean = tf.matmul(k(x2, x), alpha)[:, 0]
        ll = -0.5 * tf.tensordot(y, alpha[:, 0], 1) - tf.reduce_sum(tf.math.log(la.diag_part(chol)))
        return {"mean": mean, "var": 1.0 - tf.reduce_sum(v ** 2, 0), "ll": ll - tf.cast(n,
                tf.float32) / 2 * np.log(2 * np.pi),
                "logdet": la.logdet(k(x, x) + 0.1 * tf.eye(n))}

    def kalman(z):
        """Position and velocity from positions, covariances by Joseph's form."""
        a, h = tf.constant([[1.0, 1.0], [0.0, 1.0]]), tf.constant([[1.0, 0.0]])
        q, r = 0.01 * tf.eye(2), tf.constant([[0.5]])

        def step(state, z):
            m, p = state
            m, p = tf.matmul(a, m), tf.matmul(tf.matmul(a, p), a, transpose_b=True) + q
            s = tf.matmul(h, tf.matmul(p, h, transpose_b=True)) + r
            g = tf.transpose(la.solve(s, tf.matmul(h, p)))
            i = tf.eye(2) - tf.matmul(g, h)
            return (m + tf.matmul(g, tf.reshape(z, [1, 1]) - tf.matmul(h, m)),
                    tf.matmul(tf.matmul(i, p), i, transpose_b=True) + tf.matmul(g,
                            tf.matmul(r, g, transpose_b=True)))
        m, p = tf.scan(step, z, (tf.zeros([2, 1]), tf.eye(2)))
        return {"m": m, "p": p}

    def factors(a):
        lu, perm = la.lu(a)
        q, r = la.qr(a)
        sign, logdet = la.slogdet(a)
        return {"lu": lu, "perm": perm, "qr": tf.matmul(q, r), "r": tf.abs(r),
                "rebuilt": la.lu_reconstruct(lu, perm), "inv": la.inv(a),
                "adjoint": la.inv(a, adjoint=True), "det": la.det(a), "sign": sign, "logdet": logdet,
                "lu_solve": la.lu_solve(lu, perm, a[..., :1]),
                "lu_inverse": la.lu_matrix_inverse(lu, perm), "rank": la.matrix_rank(a),
                "norm": tf.norm(a, axis=[-2, -1]),
                "norm2": tf.norm(a, 2, axis=[-2, -1]), "nuc": tf.reduce_sum(la.svd(a, compute_uv=False), -1),
                "pinv": la.pinv(a)}

    def spectral(a):
        w, v = la.eigh(a)
        s, u, vt = la.svd(a)
        c, _ = la.eig(a)
        return {"w": w, "rebuilt": tf.matmul(v * w[..., None, :], v, transpose_b=True), "s": s,
                "u": tf.abs(u), "usv": tf.matmul(u * s[..., None, :], vt, transpose_b=True),
                "eig": tf.sort(tf.math.real(c), -1), "eigvals": tf.sort(tf.math.real(la.eigvals(a)), -1),
                "expm": la.expm(a / 5), "sqrtm": la.sqrtm(a),
                "logm": tf.math.real(la.logm(tf.cast(a, tf.complex64))), "eigvalsh": la.eigvalsh(a)}

    def least_squares(a, b):
        return {"fast": la.lstsq(a, b), "l2": la.lstsq(a, b, l2_regularizer=0.1),
                "slow": la.lstsq(a, b, fast=False),
                "normal": la.solve(tf.matmul(a, a, transpose_a=True), tf.matmul(a, b, transpose_a=True))}

    def bands(a):
        n = tf.shape(a)[-1]
        return {"lower": la.band_part(a, -1, 0), "tri": la.diag_part(a, k=(-1, 1)),
                "left": la.diag_part(a, k=(-1, 2), align="LEFT_RIGHT", padding_value=7.0),
                "set": la.set_diag(a, tf.zeros(tf.shape(a)[:-1])), "set1": la.set_diag(a,
                        tf.fill([tf.shape(a)[0], n - 1], 3.0), k=1),
                "diag": la.diag(a, k=(0, 2), num_rows=5, num_cols=5) if a.shape[1] == 3 else la.diag(a),
                "trace": la.trace(a),
                "global": la.global_norm([a, a * 2]), "cross": la.cross(a[..., :3], a[..., :3][..., ::-1]),
                "l2": la.l2_normalize(a, -1)}

    def tridiagonal(d, b):
        return {"solve": la.tridiagonal_solve(d, b, diagonals_format="compact"),
                "nopivot": la.tridiagonal_solve(d, b, partial_pivoting=False),
                "mul": la.tridiagonal_matmul(d, b)}

    def operators(a, x):
        full = la.LinearOperatorFullMatrix(a, is_self_adjoint=True, is_positive_definite=True)
        low = la.LinearOperatorLowerTriangular(la.band_part(a, -1, 0))
        kron = la.LinearOperatorKronecker([full, la.LinearOperatorDiag([1.0, 2.0])])
        rank = la.LinearOperatorLowRankUpdate(la.LinearOperatorScaledIdentity(tf.shape(a)[-1], 2.0), x)
        circ = la.LinearOperatorCirculant(tf.cast(a[0], tf.complex64), input_output_dtype=tf.float32)
        return {"solve": full.solve(x), "cond": full.cond(), "low": low.solve(x), "kron": kron.to_dense(),
                "kron_det": kron.log_abs_determinant(),
                "rank": rank.solve(x), "rank_det": rank.log_abs_determinant(),
                "toeplitz": la.LinearOperatorToeplitz(a[:, 0], a[0]).matmul(x),
                "circ": circ.to_dense(), "block": la.LinearOperatorBlockDiag([full, low]).to_dense(),
                "hh": la.LinearOperatorHouseholder(a[0]).matmul(x),
                "perm": la.LinearOperatorPermutation(tf.argsort(a[:, 0])).matmul(x),
                "inv": full.inverse().to_dense()}

    x, y = data(6, 2), data(6)
    return {
        "gaussian_process": (gaussian_process, [[data(n, 2), data(n, seed=2), data(m, 2, seed=3)] for n,
                                                m in ((6, 3), (3, 6), (1, 1), (6, 0))]),
        "kalman": (kalman, [[data(n)] for n in (5, 9, 1)]), "factors": (factors,
                [[spd(4, 2)], [data(3, 3)[None]], [spd(1, 3)]]),
        "factors64": (factors, [[spd(4, 2, dtype=np.float64)], [data(3, 3, dtype=np.float64)[None]]]),
        "spectral": (spectral, [[spd(4, 2)], [spd(3, 1)], [spd(1, 2)], [spd(5, 2)]]),
        "least_squares": (least_squares, [[data(6, 3), data(6, 2, seed=2)], [data(8, 3), data(8, 1, seed=2)],
                                          [data(3, 3), data(3, 2)]]),
        "bands": (bands, [[data(2, 4, 4)], [data(1, 5, 5)], [data(3, 3, 3)]]),
            "tridiagonal": (tridiagonal, [[spd(5)[:3] + 3, data(5, 2)], [spd(4)[:3] + 3, data(4, 1)],
                                          [spd(3)[:3] + 3, data(3, 2)]]),
        "operators": (operators, [[spd(4), data(4, 2)], [spd(3), data(3, 1)]]),
        "solve_fails": (lambda a, b: la.solve(a, b), [[spd(3), data(3, 1)], [np.zeros((3, 3), np.float32),
                data(3, 1)], [spd(3), data(3, 1)], [spd(2), data(3, 1)]]),
        "inv_fails": (lambda a: la.inv(a), [[np.ones((2, 2), np.float32)], [spd(3)]]),
        "chol_grad": (lambda a: tf.gradients(tf.reduce_sum(la.cholesky(a) ** 3), a)[0],
                      [[spd(3)], [spd(5)], [spd(1)]]),
        "eigh_grad": (lambda a: tf.gradients(tf.reduce_sum(la.eigh(a)[0] ** 3), a)[0], [[spd(3)], [spd(4)]]),
        "svd_grad": (lambda a: tf.gradients(tf.reduce_sum(la.svd(a, compute_uv=False) ** 3), a)[0],
                     [[data(3, 4)], [data(4, 4)], [data(5, 2)]]),
        "qr_grad": (lambda a: tf.gradients(tf.reduce_sum(la.qr(a)[1] ** 2), a)[0],
                    [[spd(3)], [spd(3, seed=2)]]),
        "solve_grad": (lambda a, b: tf.gradients(tf.reduce_sum(la.solve(a, b) ** 2), [a, b]),
                       [[spd(3), data(3, 2)], [spd(2), data(2, 2)]]),
        "logdet_grad": (lambda a: tf.gradients(la.logdet(a), a)[0], [[spd(3)], [spd(4)]]),
        "expm_grad": (lambda a: tf.gradients(tf.reduce_sum(la.expm(a) ** 2), a)[0],
                      [[data(3, 3)], [data(2, 2)], [3 * data(3, 3)]]),
        "tridiag_grad": (lambda d, b: tf.gradients(tf.reduce_sum(la.tridiagonal_solve(d, b) ** 2), [d, b]),
                         [[spd(5)[:3] + 3, data(5, 2)]]),
        "complex": (lambda a: {"h": tf.math.real(la.eigvalsh(tf.complex(a, a - tf.transpose(a)))),
                               "inv": la.inv(tf.complex(a, a / 3)), "det": la.det(tf.complex(a, a / 3)),
                               "adj": la.adjoint(tf.complex(a, a * 2)), "solve":
                               la.solve(tf.complex(a, a / 3), tf.complex(a[:, :1], a[:, 1:2])),
                               "chol": la.cholesky(tf.complex(a, tf.zeros_like(a)))},
                    [[spd(3)], [spd(4)], [spd(2)]]),
        "pca": (lambda x: {"p": tf.abs(la.svd(x - tf.reduce_mean(x, 0), full_matrices=False)[2][:, :2]),
                           "cov": tf.matmul(x - tf.reduce_mean(x, 0), x - tf.reduce_mean(x, 0),
                                            transpose_a=True)
                           / tf.cast(tf.shape(x)[0] - 1, tf.float32)}, [[data(7, 4)], [data(5, 4)],
                                   [data(12, 4)]]),
    }


@group
def signal(tf):
    sg = tf.signal

    def convolve(x, k):
        n = tf.size(x) + tf.size(k) - 1
        size = tf.cast(2 ** tf.cast(tf.math.ceil(tf.math.log(tf.cast(n, tf.float32)) / np.log(2.0)),
                                    tf.int32), tf.int32)
        y = sg.irfft(sg.rfft(x, [size]) * sg.rfft(k, [size]), [size])[:n]
        direct = tf.nn.conv1d(tf.pad(x, [[tf.size(k) - 1, tf.size(k) - 1]])[None, :, None],
                              k[::-1][:, None, None], 1, "VALID")[0, :, 0]
        return {"fft": y, "direct": direct}

    def spectrum(x):
        s = sg.stft(x, 8, 4, 8, pad_end=True)
        return {"mag": tf.abs(s), "phase": tf.math.angle(s + 1e-3), "back": sg.inverse_stft(s, 8, 4,
                window_fn=sg.inverse_stft_window_fn(4)),
                "mel": tf.matmul(tf.abs(s), sg.linear_to_mel_weight_matrix(6, 5, 16000)),
                "frame": sg.frame(x, 4, 3, pad_end=True, pad_value=1.0),
                "dct2": sg.dct(x, 2, norm="ortho"), "dct1": sg.dct(x, 1), "dct3": sg.dct(x, 3),
                "dct4": sg.dct(x, 4), "idct": sg.idct(sg.dct(x)), "mdct": sg.mdct(x, 8, pad_end=True),
                "shift": sg.fftshift(x), "ishift": sg.ifftshift(x), "ola": sg.overlap_and_add(sg.frame(x, 4,
                        2), 2)}

    def many(c):
        z = tf.complex(c, c * 0.5 - 1)
        return {"fft": sg.fft(z), "fft2": sg.fft2d(z), "fft3": sg.fft3d(z), "ifft2": sg.ifft2d(z),
                "r2": sg.rfft2d(c), "r3": sg.rfft3d(c), "ir": sg.irfft(sg.rfft(c), [tf.shape(c)[-1]]),
                "len": sg.rfft(c, [5]), "ir2": sg.irfft2d(sg.rfft2d(c, [4, 6]), [4, 6]),
                "d": sg.fft(tf.cast(z, tf.complex128))}

    def windows(n):
        return {"hann": sg.hann_window(n), "hamming": sg.hamming_window(n, periodic=False),
                "kaiser": sg.kaiser_window(n, 8.0), "vorbis": sg.vorbis_window(n),
                "kbd": sg.kaiser_bessel_derived_window(2 * n)}
    return {"convolve": (convolve, [[data(n), data(m)] for n, m in ((7, 3), (16, 5), (1, 1))]),
            "spectrum": (spectrum, [[data(2, 32)], [data(1, 21)], [data(3, 16)]]),
            "many": (many, [[data(2, 3, 4)], [data(1, 5, 7)], [data(4, 2, 6)]]),
            "windows": (windows, [[np.int32(n)] for n in (8, 6, 2)]),
            "grad": (lambda x: tf.gradients(tf.reduce_sum(tf.abs(sg.stft(x, 8, 4)) ** 2), x)[0],
                     [[data(1, 16)], [data(2, 24)]]),
            "fft_grad": (lambda x: tf.gradients(tf.reduce_sum(tf.abs(sg.rfft(x)) ** 3)
                                                + tf.reduce_sum(tf.math.imag(sg.fft(tf.complex(x, x)))),
                                                x)[0], [[data(8)], [data(5)], [data(1)]])}


@group
def einsums(tf):
    made = {}
    shapes = {"ij,jk->ik": [(2, 3), (3, 4)], "bij,bjk->bik": [(2, 3, 4), (2, 4, 2)],
              "...ij,...jk->...ik": [(2, 3, 4), (2, 4, 2)], "ii->i": [(3, 3)], "ii": [(3, 3)],
              "bii->b": [(2, 3, 3)], "ij->ji": [(2, 3)], "i,j->ij": [(3,), (4,)], "ij->": [(2, 3)],
              "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)], "abc,cde->abde": [(2, 3, 4), (4, 2, 3)],
              "bld,dhk->blhk": [(2, 3, 4), (4, 2, 3)], "ijk,jil->kl": [(2, 3, 4), (3, 2, 2)],
              "a...,a...->...": [(3, 2, 2), (3, 2, 2)], "...i,i->...": [(2, 3, 4), (4,)],
              "i...->...": [(3, 2)], "ab,bc,cd->ad": [(2, 3), (3, 4), (4, 2)],
              "bn,anm,bm->ba": [(2, 3), (4, 3, 2), (2, 2)], "ij,ij->i": [(3, 4), (3, 4)],
              "bi,bj->bij": [(2, 3), (2, 4)], "iij->ji": [(3, 3, 2)], "...ii->...i": [(2, 3, 3)],
              "xy...,yz...->xz...": [(2, 3, 2), (3, 4, 2)]}
    for i, (eq, dims) in enumerate(shapes.items()):
        letters = sorted(set(c for c in eq.replace("...", "").split("->")[0] if c.isalpha()))

        def grown(k, eq=eq, dims=dims):
            """The same with other sizes, by letter."""
            of, out = {}, []
            for term, shape in zip(eq.split("->")[0].split(","), dims):
                left, _, right = term.partition("...")
                rest = len(shape) - len(left) - len(right)
                names = list(left) + ["." + str(rest - j)
                                      for j in range(rest)] * ("..." in term) + list(right)
                out.append(tuple(of.setdefault(c, s + k * (len(of) % 2 + 1)) for c, s in zip(names, shape)))
            return out

        def f(*xs, eq=eq):
            y = tf.einsum(eq, *xs)
            return {"y": y, **{"g%d" % j: g for j, g in enumerate(tf.gradients(y * y, xs))}}
        made["e%d" % i] = (f, [[data(*s, seed=j + 1) for j, s in enumerate(grown(k))] for k in (0, 1, 0, 2)])
    made["tensordot"] = (lambda a, b: {"1": tf.tensordot(a, b, 1), "0": tf.tensordot(a, b[0], 0),
                                       "2": tf.tensordot(a, a, [[0, 1], [0, 1]]),
                                       "x": tf.tensordot(a, b, [[2], [0]]), "t": tf.tensordot(b, a,
            [[0], [2]])}, [[data(2, 3, 4), data(4, 2)], [data(3, 1, 2), data(2, 5)],
                           [data(0, 3, 4), data(4, 2)]])
    for t in ("int32", "float64", "complex64", "float16", "bfloat16", "int64"):
        made["type_" + t] = (lambda a, b, t=t: tf.einsum("bij,bkj->bik", tf.cast(a, t), tf.cast(b, t)),
                             [[numbers(2, 3, 4), numbers(2, 2, 4)], [numbers(1, 1, 2), numbers(1, 5, 2)]])
    return made
