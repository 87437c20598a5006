/* The transform of ops/signal_fft.h for one kind of number: included with REAL, CPX, PLAN and FN(name) defined.
 *
 * Mixed radix, by Stockham's scheme: each pass takes one prime factor (or 4) of the length and sorts as it goes, from
 * one buffer to the other. A length with a prime factor above MAX_RADIX is a convolution with a chirp (Bluestein) by
 * transforms of a power of two. Twiddles are computed in double. */

struct PLAN {
  int64_t n;
  int radices[64], num_radices;
  CPX *twiddles; /* exp(-2 pi i k / n), k < n */
  struct PLAN *inner; /* Bluestein's: of length m, a power of two >= 2n - 1 */
  CPX *chirp;         /* exp(-pi i k^2 / n), k < n */
  CPX *kernel;        /* transform of the conjugate chirp, wrapped around, over m */
};

static inline CPX FN(mul)(CPX a, CPX b) { return (CPX){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
static inline CPX FN(add)(CPX a, CPX b) { return (CPX){a.re + b.re, a.im + b.im}; }
static inline CPX FN(sub)(CPX a, CPX b) { return (CPX){a.re - b.re, a.im - b.im}; }

/* exp(-2 pi i k / n) */
static CPX FN(root)(int64_t k, int64_t n) {
  double angle = -2 * M_PI * ((double)k / (double)n);
  return (CPX){(REAL)cos(angle), (REAL)sin(angle)};
}

static void FN(free)(struct PLAN *p) {
  if (!p) return;
  FN(free)(p->inner);
  free(p->twiddles);
  free(p->chirp);
  free(p->kernel);
  free(p);
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
    } else {
      int64_t step = p->n / radix; /* twiddles[step] is the radix-th root of one */
      for (int r = 0; r < radix; r++) {
        CPX w = tw[k * r * s];
        for (int64_t q = 0; q < s; q++) {
          CPX sum = in[q];
          for (int j = 1; j < radix; j++) sum = FN(add)(sum, FN(mul)(in[q + j * far], tw[step * (j * r % radix)]));
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

/* Null when memory is out. */
static struct PLAN *FN(new)(int64_t n) {
  struct PLAN *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->n = n;
  if (!fft_factor(n, p->radices, &p->num_radices)) {
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
  p->inner = FN(new)(m);
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
 * `buffer` has n elements and then the plan's work. A forward transform has sign -1; the inverse divides by n. */

static void FN(line)(const struct PLAN *p, const void *in_, int64_t in_step, void *out_, int64_t out_step, bool inverse,
                     void *buffer) {
  const CPX *in = in_;
  CPX *out = out_, *x = buffer;
  int64_t n = p->n;
  REAL sign = inverse ? -1 : 1, scale = inverse ? 1 / (REAL)n : 1;
  for (int64_t i = 0; i < n; i++) x[i] = (CPX){in[i * in_step].re, sign * in[i * in_step].im};
  FN(run)(p, x, x + n);
  for (int64_t i = 0; i < n; i++) out[i * out_step] = (CPX){scale * x[i].re, scale * sign * x[i].im};
}

/* n reals to n / 2 + 1 complex. An even n goes by a plan of length n / 2, with `roots` of length n. */
static void FN(real_line)(const struct PLAN *p, const CPX *roots, int64_t n, const void *in_, void *out_, void *buffer) {
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
static void FN(real_inverse_line)(const struct PLAN *p, const CPX *roots, int64_t n, const void *in_, void *out_,
                                  void *buffer) {
  const CPX *in = in_;
  REAL *out = out_;
  CPX *x = buffer;
  if (n % 2) {
    x[0] = (CPX){in[0].re, 0};
    for (int64_t k = 1; k <= n / 2; k++) { /* conjugates: the inverse by a forward transform */
      x[k] = (CPX){in[k].re, -in[k].im};
      x[n - k] = in[k];
    }
    FN(run)(p, x, x + n);
    for (int64_t i = 0; i < n; i++) out[i] = x[i].re / (REAL)n;
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
    out[2 * i] = x[i].re / (REAL)n;
    out[2 * i + 1] = -x[i].im / (REAL)n;
  }
}

static CPX *FN(roots)(int64_t n) {
  CPX *roots = malloc((size_t)(n / 2 + 1) * sizeof *roots);
  for (int64_t k = 0; roots && k <= n / 2; k++) roots[k] = FN(root)(k, n);
  return roots;
}
