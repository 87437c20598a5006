/* The transform of ops/signal_fft.h for one kind of number: included with REAL, CPX, PLAN and FN(name)
 * defined.
 *
 * Mixed radix, by Stockham's scheme: each pass takes one prime factor (or 4) of the length and sorts as it
 * goes, from one buffer to the other. A length with a prime factor above MAX_RADIX is a convolution with a
 * chirp (Bluestein) by transforms of a power of two. Twiddles are computed in double. */

struct PLAN {
  int64_t n;
  int radices[64], num_radices;
  CPX *twiddles;      /* exp(-2 pi i k / n), k < n */
  struct PLAN *inner; /* Bluestein's: of length m, a power of two >= 2n - 1 */
  CPX *chirp;         /* exp(-pi i k^2 / n), k < n */
  CPX *kernel;        /* transform of the conjugate chirp, wrapped around, over m */
};

static inline CPX FN(mul)(CPX a, CPX b) {
  return (CPX){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
static inline CPX FN(add)(CPX a, CPX b) { return (CPX){a.re + b.re, a.im + b.im}; }
static inline CPX FN(sub)(CPX a, CPX b) { return (CPX){a.re - b.re, a.im - b.im}; }

/* exp(-2 pi i k / n), 0 <= k <= n */
static CPX FN(root)(int64_t k, int64_t n) {
  double w[2];
  fft_unit_root(k, n, w);
  return (CPX){(REAL)w[0], (REAL)-w[1]};
}

static void FN(free)(struct PLAN *p) {
  if (!p) return;
  FN(free)(p->inner);
  free(p->twiddles);
  free(p->chirp);
  free(p->kernel);
  free(p);
}

/* Butterflies: in[q], in[q + far], ... to out[q], out[q + s], ..., with twiddles w1, w2, ... The order of
 * operations is that of the library in TensorFlow, which keeps the bits of lengths of factors 2, 3 and 5 up
 * to 10000. */
static void FN(radix3)(const CPX *in, CPX *out, int64_t far, int64_t s, CPX w1, CPX w2) {
  const REAL cosine = (REAL)-0.5, sine = (REAL)-0.8660254037844386467637231707529362;
  for (int64_t q = 0; q < s; q++) {
    CPX a = in[q], sum = FN(add)(in[q + far], in[q + 2 * far]), rest = FN(sub)(in[q + far], in[q + 2 * far]);
    CPX even = {a.re + sum.re * cosine, a.im + sum.im * cosine}, odd = {-rest.im * sine, rest.re * sine};
    out[q] = FN(add)(a, sum);
    out[q + s] = FN(mul)(FN(add)(even, odd), w1);
    out[q + 2 * s] = FN(mul)(FN(sub)(even, odd), w2);
  }
}

static void FN(radix5)(const CPX *in, CPX *out, int64_t far, int64_t s, const CPX w[5]) {
  const REAL c1 = (REAL)0.3090169943749474241022934171828191,
             s1 = (REAL)-0.9510565162951535721164393333793821;
  const REAL c2 = (REAL)-0.8090169943749474241022934171828191,
             s2 = (REAL)-0.5877852522924731291687059546390728;
  for (int64_t q = 0; q < s; q++) {
    CPX a = in[q], be = FN(add)(in[q + far], in[q + 4 * far]), b_e = FN(sub)(in[q + far], in[q + 4 * far]);
    CPX cd = FN(add)(in[q + 2 * far], in[q + 3 * far]), c_d = FN(sub)(in[q + 2 * far], in[q + 3 * far]);
    CPX even1 = {a.re + c1 * be.re + c2 * cd.re, a.im + c1 * be.im + c2 * cd.im};
    CPX even2 = {a.re + c2 * be.re + c1 * cd.re, a.im + c2 * be.im + c1 * cd.im};
    CPX odd1 = {-(s1 * b_e.im + s2 * c_d.im), s1 * b_e.re + s2 * c_d.re};
    CPX odd2 = {-(s2 * b_e.im - s1 * c_d.im), s2 * b_e.re - s1 * c_d.re};
    out[q] = FN(add)(FN(add)(a, be), cd);
    out[q + s] = FN(mul)(FN(add)(even1, odd1), w[1]);
    out[q + 2 * s] = FN(mul)(FN(add)(even2, odd2), w[2]);
    out[q + 3 * s] = FN(mul)(FN(sub)(even2, odd2), w[3]);
    out[q + 4 * s] = FN(mul)(FN(sub)(even1, odd1), w[4]);
  }
}

/* -i z, and z turned back by one and three eighths of a turn. */
static inline CPX FN(turn90)(CPX z) { return (CPX){z.im, -z.re}; }
static inline CPX FN(turn45)(CPX z) {
  const REAL half = (REAL)0.707106781186547524400844362104849;
  return (CPX){half * (z.re + z.im), half * (z.im - z.re)};
}
static inline CPX FN(turn135)(CPX z) {
  const REAL half = (REAL)0.707106781186547524400844362104849;
  return (CPX){half * (z.im - z.re), half * (-z.re - z.im)};
}

static void FN(radix8)(const CPX *in, CPX *out, int64_t far, int64_t s, const CPX w[8]) {
  for (int64_t q = 0; q < s; q++) {
    CPX a[8], y[8];
    for (int i = 0; i < 4; i++) {
      a[i] = FN(add)(in[q + i * far], in[q + (i + 4) * far]);
      a[i + 4] = FN(sub)(in[q + i * far], in[q + (i + 4) * far]);
    }
    CPX odd = FN(add)(a[1], a[3]), odd_rest = FN(turn90)(FN(sub)(a[1], a[3])), t7 = FN(turn90)(a[7]);
    CPX b5 = FN(turn45)(FN(add)(a[5], t7)), b7 = FN(turn135)(FN(sub)(a[5], t7)), t6 = FN(turn90)(a[6]);
    CPX even = FN(add)(a[0], a[2]), even_rest = FN(sub)(a[0], a[2]), c4 = FN(add)(a[4], t6),
        c6 = FN(sub)(a[4], t6);
    y[0] = FN(add)(even, odd), y[4] = FN(sub)(even, odd);
    y[2] = FN(add)(even_rest, odd_rest), y[6] = FN(sub)(even_rest, odd_rest);
    y[1] = FN(add)(c4, b5), y[5] = FN(sub)(c4, b5);
    y[3] = FN(add)(c6, b7), y[7] = FN(sub)(c6, b7);
    out[q] = y[0];
    for (int i = 1; i < 8; i++) out[q + i * s] = FN(mul)(y[i], w[i]);
  }
}

/* One pass: from x, seen as [radix][m][s], to y, seen as [m][radix][s]. */
static void FN(pass)(const struct PLAN *p, int radix, int64_t m, int64_t s, const CPX *x, CPX *y) {
  const CPX *tw = p->twiddles;
  int64_t far = m * s;
  for (int64_t k = 0; k < m; k++) {
    const CPX *in = x + k * s;
    CPX *out = y + k * radix * s;
    if (radix == 2) {
      CPX w1 = tw[k * s];
      for (int64_t q = 0; q < s; q++) {
        CPX a = in[q], b = in[q + far];
        out[q] = FN(add)(a, b);
        out[q + s] = FN(mul)(FN(sub)(a, b), w1);
      }
    } else if (radix == 4) {
      CPX w1 = tw[k * s], w2 = tw[2 * k * s], w3 = tw[3 * k * s];
      for (int64_t q = 0; q < s; q++) {
        CPX a = in[q], b = in[q + far], c = in[q + 2 * far], d = in[q + 3 * far];
        CPX ac = FN(add)(a, c), a_c = FN(sub)(a, c), bd = FN(add)(b, d), b_d = FN(sub)(b, d);
        CPX turned = {b_d.im, -b_d.re}; /* -i (b - d) */
        out[q] = FN(add)(ac, bd);
        out[q + s] = FN(mul)(FN(add)(a_c, turned), w1);
        out[q + 2 * s] = FN(mul)(FN(sub)(ac, bd), w2);
        out[q + 3 * s] = FN(mul)(FN(sub)(a_c, turned), w3);
      }
    } else if (radix == 3) {
      FN(radix3)(in, out, far, s, tw[k * s], tw[2 * k * s]);
    } else if (radix == 5) {
      const CPX w[5] = {{1, 0}, tw[k * s], tw[2 * k * s], tw[3 * k * s], tw[4 * k * s]};
      FN(radix5)(in, out, far, s, w);
    } else if (radix == 8) {
      CPX w[8];
      for (int i = 0; i < 8; i++) w[i] = tw[i * k * s];
      FN(radix8)(in, out, far, s, w);
    } else {
      int64_t step = p->n / radix; /* twiddles[step] is the radix-th root of one */
      for (int r = 0; r < radix; r++) {
        CPX w = tw[k * r * s];
        for (int64_t q = 0; q < s; q++) {
          CPX sum = in[q];
          for (int j = 1; j < radix; j++)
            sum = FN(add)(sum, FN(mul)(in[q + j * far], tw[step * (j * r % radix)]));
          out[q + r * s] = FN(mul)(sum, w);
        }
      }
    }
  }
}

/* The transform of x in place; `work` has n elements (Bluestein: 2m). */
static void FN(run)(const struct PLAN *p, CPX *x, CPX *work) {
  if (p->inner) {
    int64_t m = p->inner->n;
    for (int64_t i = 0; i < p->n; i++) work[i] = FN(mul)(x[i], p->chirp[i]);
    memset(work + p->n, 0, (size_t)(m - p->n) * sizeof *work);
    FN(run)(p->inner, work, work + m);
    /* The inverse, as the conjugate of the transform of the conjugate. */
    for (int64_t i = 0; i < m; i++) {
      work[i] = FN(mul)(work[i], p->kernel[i]);
      work[i].im = -work[i].im;
    }
    FN(run)(p->inner, work, work + m);
    for (int64_t i = 0; i < p->n; i++) {
      CPX y = {work[i].re / (REAL)m, -work[i].im / (REAL)m};
      x[i] = FN(mul)(y, p->chirp[i]);
    }
    return;
  }
  CPX *from = x, *to = work;
  int64_t left = p->n, s = 1;
  for (int i = 0; i < p->num_radices; i++) {
    int radix = p->radices[i];
    left /= radix;
    FN(pass)(p, radix, left, s, from, to);
    s *= radix;
    CPX *t = from;
    from = to;
    to = t;
  }
  if (from != x) memcpy(x, from, (size_t)p->n * sizeof *x);
}

static bool FN(make_chirp)(struct PLAN *p);

/* Null when memory is out. `whole`: not a part of another transform (fft_factor). */
static struct PLAN *FN(new)(int64_t n, bool whole) {
  struct PLAN *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->n = n;
  if (!fft_factor(n, whole, p->radices, &p->num_radices)) {
    if (FN(make_chirp)(p)) return p;
    FN(free)(p);
    return NULL;
  }
  p->twiddles = malloc((size_t)n * sizeof *p->twiddles);
  if (!p->twiddles) {
    FN(free)(p);
    return NULL;
  }
  for (int64_t k = 0; k < n; k++) p->twiddles[k] = FN(root)(k, n);
  return p;
}

static bool FN(make_chirp)(struct PLAN *p) {
  int64_t n = p->n, m = fft_bluestein_size(n);
  CPX *work = malloc((size_t)m * sizeof *work);
  p->inner = FN(new)(m, false);
  p->chirp = malloc((size_t)n * sizeof *p->chirp);
  p->kernel = calloc((size_t)m, sizeof *p->kernel);
  bool ok = work && p->inner && p->chirp && p->kernel;
  if (ok) {
    int64_t square = 0; /* k^2 mod 2n */
    for (int64_t k = 0; k < n; k++) {
      p->chirp[k] = FN(root)(square, 2 * n);
      square = (square + 2 * k + 1) % (2 * n);
    }
    for (int64_t k = 0; k < n; k++) {
      CPX c = {p->chirp[k].re, -p->chirp[k].im};
      p->kernel[k] = c;
      if (k > 0) p->kernel[m - k] = c;
    }
    FN(run)(p->inner, p->kernel, work);
  }
  free(work);
  return ok;
}

static int64_t FN(work_size)(const struct PLAN *p) { return p->inner ? 2 * p->inner->n : p->n; }

/* ---- lines of a tensor: `step` elements apart ----
 * `buffer` has n elements and then the plan's work. A forward transform has sign -1; results are scaled. */

static void FN(line)(const struct PLAN *p, const void *in_, int64_t in_step, void *out_, int64_t out_step,
                     bool inverse, double scale_, void *buffer) {
  const CPX *in = in_;
  CPX *out = out_, *x = buffer;
  int64_t n = p->n;
  REAL sign = inverse ? -1 : 1, scale = (REAL)scale_;
  for (int64_t i = 0; i < n; i++) x[i] = (CPX){in[i * in_step].re, sign * in[i * in_step].im};
  FN(run)(p, x, x + n);
  for (int64_t i = 0; i < n; i++) out[i * out_step] = (CPX){scale * x[i].re, scale * sign * x[i].im};
}

/* n reals to n / 2 + 1 complex. An even n goes by a plan of length n / 2, with `roots` of length n. */
static void FN(real_line)(const struct PLAN *p, const CPX *roots, int64_t n, const void *in_, void *out_,
                          void *buffer) {
  const REAL *in = in_;
  CPX *out = out_, *x = buffer;
  if (n % 2) {
    for (int64_t i = 0; i < n; i++) x[i] = (CPX){in[i], 0};
    FN(run)(p, x, x + n);
    memcpy(out, x, (size_t)(n / 2 + 1) * sizeof *out);
    return;
  }
  int64_t half = n / 2;
  for (int64_t i = 0; i < half; i++) x[i] = (CPX){in[2 * i], in[2 * i + 1]};
  FN(run)(p, x, x + half);
  for (int64_t k = 0; k <= half; k++) {
    CPX a = x[k % half], b = x[(half - k) % half];
    CPX even = {(a.re + b.re) / 2, (a.im - b.im) / 2}, odd = {(a.im + b.im) / 2, (b.re - a.re) / 2};
    out[k] = FN(add)(even, FN(mul)(odd, roots[k]));
  }
}

/* n / 2 + 1 complex to n reals: the imaginary parts of the first and (even n) the last don't count. */
static void FN(real_inverse_line)(const struct PLAN *p, const CPX *roots, int64_t n, const void *in_,
                                  void *out_, double scale_, void *buffer) {
  const CPX *in = in_;
  REAL *out = out_, scale = (REAL)scale_;
  CPX *x = buffer;
  if (n % 2) {
    x[0] = (CPX){in[0].re, 0};
    for (int64_t k = 1; k <= n / 2; k++) { /* conjugates: the inverse by a forward transform */
      x[k] = (CPX){in[k].re, -in[k].im};
      x[n - k] = in[k];
    }
    FN(run)(p, x, x + n);
    for (int64_t i = 0; i < n; i++) out[i] = x[i].re * scale;
    return;
  }
  int64_t half = n / 2;
  for (int64_t k = 0; k < half; k++) {
    CPX a = in[k], b = in[half - k];
    if (k == 0) a.im = b.im = 0;
    CPX even = {a.re + b.re, a.im - b.im}, w = {roots[k].re, -roots[k].im};
    CPX odd = FN(mul)((CPX){a.re - b.re, a.im + b.im}, w);
    x[k] = (CPX){even.re - odd.im, -(even.im + odd.re)}; /* conj(even + i odd) */
  }
  FN(run)(p, x, x + half);
  for (int64_t i = 0; i < half; i++) {
    out[2 * i] = x[i].re * scale;
    out[2 * i + 1] = -x[i].im * scale;
  }
}

static CPX *FN(roots)(int64_t n) {
  CPX *roots = malloc((size_t)(n / 2 + 1) * sizeof *roots);
  for (int64_t k = 0; roots && k <= n / 2; k++) roots[k] = FN(root)(k, n);
  return roots;
}
