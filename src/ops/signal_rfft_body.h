/* Transforms of real lines for ops/signal_fft.c, for one kind of number: included with REAL, CPX and FN(name)
 * defined.
 *
 * FFTPACK's scheme (Swarztrauber), with the order of operations of the library in TensorFlow, so that results
 * have the same bits: lengths of factors 2, 3, 4 and 5. A spectrum is kept as reals r0, r1, i1, r2, i2, ...
 *
 * A pass of radix R sees time as [R][l1][ido] and frequency as [l1][R][ido]; in both, an element a > 0 is the
 * real (odd a) or the imaginary part of a complex number, for which there is a twiddle. At the frequency side
 * the numbers of odd parts stand in reverse, conjugated. */

typedef struct FN(Pass) {
  int radix;
  int64_t l1, ido;
  REAL *twiddles; /* [radix - 1][ido - 1] */
} FN(Pass);

typedef struct FN(Real) {
  int64_t n;
  int num_passes;
  FN(Pass) passes[64];
} FN(Real);

#define TIME(a, c) time[(a) + ido * (k + l1 * (c))]
#define FREQ(a, c) freq[(a) + ido * ((c) + radix * k)]

/* conj(w) z and w z, with the twiddle of part c at element a (even). */
static inline CPX FN(turn_back)(const FN(Pass) * p, int c, int64_t a, REAL re, REAL im) {
  const REAL *w = p->twiddles + (c - 1) * (p->ido - 1) + a - 2;
  return (CPX){w[0] * re + w[1] * im, w[0] * im - w[1] * re};
}
static inline CPX FN(turn)(const FN(Pass) * p, int c, int64_t a, REAL re, REAL im) {
  const REAL *w = p->twiddles + (c - 1) * (p->ido - 1) + a - 2;
  return (CPX){w[0] * re - w[1] * im, w[0] * im + w[1] * re};
}

/* ---- radix 2 ---- */

static void FN(forward2)(const FN(Pass) * p, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 2;
  for (int64_t k = 0; k < l1; k++) {
    REAL a = TIME(0, 0), b = TIME(0, 1);
    FREQ(0, 0) = a + b;
    FREQ(ido - 1, 1) = a - b;
    if (ido % 2 == 0) {
      FREQ(0, 1) = -TIME(ido - 1, 1);
      FREQ(ido - 1, 0) = TIME(ido - 1, 0);
    }
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      CPX d = FN(turn_back)(p, 1, i, TIME(i - 1, 1), TIME(i, 1));
      REAL re = TIME(i - 1, 0), im = TIME(i, 0);
      FREQ(i - 1, 0) = re + d.re;
      FREQ(m - 1, 1) = re - d.re;
      FREQ(i, 0) = d.im + im;
      FREQ(m, 1) = d.im - im;
    }
  }
}

static void FN(inverse2)(const FN(Pass) * p, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 2;
  for (int64_t k = 0; k < l1; k++) {
    REAL a = FREQ(0, 0), b = FREQ(ido - 1, 1);
    TIME(0, 0) = a + b;
    TIME(0, 1) = a - b;
    if (ido % 2 == 0) {
      TIME(ido - 1, 0) = 2 * FREQ(ido - 1, 0);
      TIME(ido - 1, 1) = -2 * FREQ(0, 1);
    }
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      TIME(i - 1, 0) = FREQ(i - 1, 0) + FREQ(m - 1, 1);
      TIME(i, 0) = FREQ(i, 0) - FREQ(m, 1);
      CPX d = FN(turn)(p, 1, i, FREQ(i - 1, 0) - FREQ(m - 1, 1), FREQ(i, 0) + FREQ(m, 1));
      TIME(i - 1, 1) = d.re;
      TIME(i, 1) = d.im;
    }
  }
}

/* ---- radix 4 ---- */

static void FN(forward4_edges)(const FN(Pass) * p, int64_t k, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 4;
  const REAL half = (REAL)0.707106781186547524400844362104849;
  REAL odd = TIME(0, 3) + TIME(0, 1), even = TIME(0, 0) + TIME(0, 2);
  FREQ(0, 2) = TIME(0, 3) - TIME(0, 1);
  FREQ(ido - 1, 1) = TIME(0, 0) - TIME(0, 2);
  FREQ(0, 0) = even + odd;
  FREQ(ido - 1, 3) = even - odd;
  if (ido % 2) return;
  REAL im = -half * (TIME(ido - 1, 1) + TIME(ido - 1, 3)), re = half * (TIME(ido - 1, 1) - TIME(ido - 1, 3));
  FREQ(ido - 1, 0) = TIME(ido - 1, 0) + re;
  FREQ(ido - 1, 2) = TIME(ido - 1, 0) - re;
  FREQ(0, 3) = im + TIME(ido - 1, 2);
  FREQ(0, 1) = im - TIME(ido - 1, 2);
}

static void FN(forward4)(const FN(Pass) * p, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 4;
  for (int64_t k = 0; k < l1; k++) {
    FN(forward4_edges)(p, k, time, freq);
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      CPX a = {TIME(i - 1, 0), TIME(i, 0)}, b = FN(turn_back)(p, 1, i, TIME(i - 1, 1), TIME(i, 1));
      CPX c = FN(turn_back)(p, 2, i, TIME(i - 1, 2), TIME(i, 2)),
          d = FN(turn_back)(p, 3, i, TIME(i - 1, 3), TIME(i, 3));
      CPX bd = FN(add)(b, d), b_d = {d.re - b.re, b.im - d.im}, ac = FN(add)(a, c), a_c = FN(sub)(a, c);
      FREQ(i - 1, 0) = ac.re + bd.re;
      FREQ(m - 1, 3) = ac.re - bd.re;
      FREQ(i, 0) = bd.im + ac.im;
      FREQ(m, 3) = bd.im - ac.im;
      FREQ(i - 1, 2) = a_c.re + b_d.im;
      FREQ(m - 1, 1) = a_c.re - b_d.im;
      FREQ(i, 2) = b_d.re + a_c.im;
      FREQ(m, 1) = b_d.re - a_c.im;
    }
  }
}

static void FN(inverse4_edges)(const FN(Pass) * p, int64_t k, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 4;
  const REAL root = (REAL)1.414213562373095048801688724209698;
  REAL sum = FREQ(0, 0) + FREQ(ido - 1, 3), rest = FREQ(0, 0) - FREQ(ido - 1, 3);
  REAL re = 2 * FREQ(ido - 1, 1), im = 2 * FREQ(0, 2);
  TIME(0, 0) = sum + re;
  TIME(0, 2) = sum - re;
  TIME(0, 3) = rest + im;
  TIME(0, 1) = rest - im;
  if (ido % 2) return;
  REAL im_sum = FREQ(0, 3) + FREQ(0, 1), im_rest = FREQ(0, 3) - FREQ(0, 1);
  REAL re_sum = FREQ(ido - 1, 0) + FREQ(ido - 1, 2), re_rest = FREQ(ido - 1, 0) - FREQ(ido - 1, 2);
  TIME(ido - 1, 0) = re_sum + re_sum;
  TIME(ido - 1, 1) = root * (re_rest - im_sum);
  TIME(ido - 1, 2) = im_rest + im_rest;
  TIME(ido - 1, 3) = -root * (re_rest + im_sum);
}

static void FN(inverse4)(const FN(Pass) * p, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 4;
  for (int64_t k = 0; k < l1; k++) {
    FN(inverse4_edges)(p, k, freq, time);
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      CPX a = {FREQ(i - 1, 0), FREQ(i, 0)}, d = {FREQ(m - 1, 3), FREQ(m, 3)};
      CPX c = {FREQ(i - 1, 2), FREQ(i, 2)}, b = {FREQ(m - 1, 1), FREQ(m, 1)};
      CPX ad = {a.re + d.re, a.im - d.im}, a_d = {a.re - d.re, a.im + d.im};
      CPX cb = {c.re + b.re, c.im - b.im}, c_b = {c.re - b.re, c.im + b.im};
      TIME(i - 1, 0) = ad.re + cb.re;
      TIME(i, 0) = ad.im + cb.im;
      CPX y1 = FN(turn)(p, 1, i, a_d.re - c_b.im, a_d.im + c_b.re),
          y2 = FN(turn)(p, 2, i, ad.re - cb.re, ad.im - cb.im);
      CPX y3 = FN(turn)(p, 3, i, a_d.re + c_b.im, a_d.im - c_b.re);
      TIME(i - 1, 1) = y1.re, TIME(i, 1) = y1.im;
      TIME(i - 1, 2) = y2.re, TIME(i, 2) = y2.im;
      TIME(i - 1, 3) = y3.re, TIME(i, 3) = y3.im;
    }
  }
}

/* ---- radix 3: ido is odd ---- */

static void FN(forward3)(const FN(Pass) * p, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 3;
  const REAL cosine = (REAL)-0.5, sine = (REAL)0.8660254037844386467637231707529362;
  for (int64_t k = 0; k < l1; k++) {
    REAL sum = TIME(0, 1) + TIME(0, 2);
    FREQ(0, 0) = TIME(0, 0) + sum;
    FREQ(0, 2) = sine * (TIME(0, 2) - TIME(0, 1));
    FREQ(ido - 1, 1) = TIME(0, 0) + cosine * sum;
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      CPX b = FN(turn_back)(p, 1, i, TIME(i - 1, 1), TIME(i, 1)),
          c = FN(turn_back)(p, 2, i, TIME(i - 1, 2), TIME(i, 2));
      CPX bc = FN(add)(b, c);
      REAL re = TIME(i - 1, 0), im = TIME(i, 0), t2 = re + cosine * bc.re, u2 = im + cosine * bc.im;
      REAL t3 = sine * (b.im - c.im), u3 = sine * (c.re - b.re);
      FREQ(i - 1, 0) = re + bc.re;
      FREQ(i, 0) = im + bc.im;
      FREQ(i - 1, 2) = t2 + t3;
      FREQ(m - 1, 1) = t2 - t3;
      FREQ(i, 2) = u3 + u2;
      FREQ(m, 1) = u3 - u2;
    }
  }
}

static void FN(inverse3)(const FN(Pass) * p, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 3;
  const REAL cosine = (REAL)-0.5, sine = (REAL)0.8660254037844386467637231707529362;
  for (int64_t k = 0; k < l1; k++) {
    REAL twice = 2 * FREQ(ido - 1, 1), c = FREQ(0, 0) + cosine * twice, s = 2 * sine * FREQ(0, 2);
    TIME(0, 0) = FREQ(0, 0) + twice;
    TIME(0, 2) = c + s;
    TIME(0, 1) = c - s;
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      REAL t = FREQ(i - 1, 2) + FREQ(m - 1, 1), u = FREQ(i, 2) - FREQ(m, 1);
      REAL c2 = FREQ(i - 1, 0) + cosine * t, d2 = FREQ(i, 0) + cosine * u;
      REAL c3 = sine * (FREQ(i - 1, 2) - FREQ(m - 1, 1)), d3 = sine * (FREQ(i, 2) + FREQ(m, 1));
      TIME(i - 1, 0) = FREQ(i - 1, 0) + t;
      TIME(i, 0) = FREQ(i, 0) + u;
      CPX y1 = FN(turn)(p, 1, i, c2 - d3, d2 + c3), y2 = FN(turn)(p, 2, i, c2 + d3, d2 - c3);
      TIME(i - 1, 1) = y1.re, TIME(i, 1) = y1.im;
      TIME(i - 1, 2) = y2.re, TIME(i, 2) = y2.im;
    }
  }
}

/* ---- radix 5: ido is odd ---- */

#define COS1 ((REAL)0.3090169943749474241022934171828191)
#define SIN1 ((REAL)0.9510565162951535721164393333793821)
#define COS2 ((REAL)-0.8090169943749474241022934171828191)
#define SIN2 ((REAL)0.5877852522924731291687059546390728)

static void FN(forward5_edge)(const FN(Pass) * p, int64_t k, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 5;
  REAL a = TIME(0, 0), be = TIME(0, 4) + TIME(0, 1), b_e = TIME(0, 4) - TIME(0, 1);
  REAL cd = TIME(0, 3) + TIME(0, 2), c_d = TIME(0, 3) - TIME(0, 2);
  FREQ(0, 0) = a + be + cd;
  FREQ(ido - 1, 1) = a + COS1 * be + COS2 * cd;
  FREQ(0, 2) = SIN1 * b_e + SIN2 * c_d;
  FREQ(ido - 1, 3) = a + COS2 * be + COS1 * cd;
  FREQ(0, 4) = SIN2 * b_e - SIN1 * c_d;
}

static void FN(forward5)(const FN(Pass) * p, const REAL *time, REAL *freq) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 5;
  for (int64_t k = 0; k < l1; k++) {
    FN(forward5_edge)(p, k, time, freq);
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      CPX b = FN(turn_back)(p, 1, i, TIME(i - 1, 1), TIME(i, 1)),
          c = FN(turn_back)(p, 2, i, TIME(i - 1, 2), TIME(i, 2));
      CPX d = FN(turn_back)(p, 3, i, TIME(i - 1, 3), TIME(i, 3)),
          e = FN(turn_back)(p, 4, i, TIME(i - 1, 4), TIME(i, 4));
      CPX s = FN(add)(b, e), t = FN(add)(c, d), u = {b.im - e.im, e.re - b.re},
          v = {c.im - d.im, d.re - c.re};
      REAL re = TIME(i - 1, 0), im = TIME(i, 0);
      REAL r2 = re + COS1 * s.re + COS2 * t.re, i2 = im + COS1 * s.im + COS2 * t.im;
      REAL r3 = re + COS2 * s.re + COS1 * t.re, i3 = im + COS2 * s.im + COS1 * t.im;
      REAL r5 = SIN1 * u.re + SIN2 * v.re, i5 = SIN1 * u.im + SIN2 * v.im;
      REAL r4 = SIN2 * u.re - SIN1 * v.re, i4 = SIN2 * u.im - SIN1 * v.im;
      FREQ(i - 1, 0) = re + s.re + t.re, FREQ(i, 0) = im + s.im + t.im;
      FREQ(i - 1, 2) = r2 + r5, FREQ(m - 1, 1) = r2 - r5;
      FREQ(i, 2) = i5 + i2, FREQ(m, 1) = i5 - i2;
      FREQ(i - 1, 4) = r3 + r4, FREQ(m - 1, 3) = r3 - r4;
      FREQ(i, 4) = i4 + i3, FREQ(m, 3) = i4 - i3;
    }
  }
}

static void FN(inverse5_edge)(const FN(Pass) * p, int64_t k, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 5;
  REAL a = FREQ(0, 0), i5 = FREQ(0, 2) + FREQ(0, 2), i4 = FREQ(0, 4) + FREQ(0, 4);
  REAL r2 = FREQ(ido - 1, 1) + FREQ(ido - 1, 1), r3 = FREQ(ido - 1, 3) + FREQ(ido - 1, 3);
  REAL c2 = a + COS1 * r2 + COS2 * r3, c3 = a + COS2 * r2 + COS1 * r3;
  REAL s5 = i5 * SIN1 + i4 * SIN2, s4 = i5 * SIN2 - i4 * SIN1;
  TIME(0, 0) = a + r2 + r3;
  TIME(0, 4) = c2 + s5;
  TIME(0, 1) = c2 - s5;
  TIME(0, 3) = c3 + s4;
  TIME(0, 2) = c3 - s4;
}

static void FN(inverse5)(const FN(Pass) * p, const REAL *freq, REAL *time) {
  const int64_t ido = p->ido, l1 = p->l1, radix = 5;
  for (int64_t k = 0; k < l1; k++) {
    FN(inverse5_edge)(p, k, freq, time);
    for (int64_t i = 2, m = ido - 2; i < ido; i += 2, m -= 2) {
      REAL r2 = FREQ(i - 1, 2) + FREQ(m - 1, 1), r5 = FREQ(i - 1, 2) - FREQ(m - 1, 1);
      REAL i5 = FREQ(i, 2) + FREQ(m, 1), i2 = FREQ(i, 2) - FREQ(m, 1);
      REAL r3 = FREQ(i - 1, 4) + FREQ(m - 1, 3), r4 = FREQ(i - 1, 4) - FREQ(m - 1, 3);
      REAL i4 = FREQ(i, 4) + FREQ(m, 3), i3 = FREQ(i, 4) - FREQ(m, 3), re = FREQ(i - 1, 0), im = FREQ(i, 0);
      TIME(i - 1, 0) = re + r2 + r3;
      TIME(i, 0) = im + i2 + i3;
      REAL cr2 = re + COS1 * r2 + COS2 * r3, ci2 = im + COS1 * i2 + COS2 * i3;
      REAL cr3 = re + COS2 * r2 + COS1 * r3, ci3 = im + COS2 * i2 + COS1 * i3;
      REAL cr5 = r5 * SIN1 + r4 * SIN2, cr4 = r5 * SIN2 - r4 * SIN1;
      REAL ci5 = i5 * SIN1 + i4 * SIN2, ci4 = i5 * SIN2 - i4 * SIN1;
      CPX y1 = FN(turn)(p, 1, i, cr2 - ci5, ci2 + cr5), y2 = FN(turn)(p, 2, i, cr3 - ci4, ci3 + cr4);
      CPX y3 = FN(turn)(p, 3, i, cr3 + ci4, ci3 - cr4), y4 = FN(turn)(p, 4, i, cr2 + ci5, ci2 - cr5);
      TIME(i - 1, 1) = y1.re, TIME(i, 1) = y1.im;
      TIME(i - 1, 2) = y2.re, TIME(i, 2) = y2.im;
      TIME(i - 1, 3) = y3.re, TIME(i, 3) = y3.im;
      TIME(i - 1, 4) = y4.re, TIME(i, 4) = y4.im;
    }
  }
}

#undef COS1
#undef SIN1
#undef COS2
#undef SIN2
#undef TIME
#undef FREQ

/* ---- all passes ---- */

static void FN(real_free)(FN(Real) * p) {
  if (!p) return;
  for (int i = 0; i < p->num_passes; i++) free(p->passes[i].twiddles);
  free(p);
}

static bool FN(make_pass)(FN(Pass) * p, int64_t n, int64_t l1, int radix) {
  *p = (FN(Pass)){.radix = radix, .l1 = l1, .ido = n / (l1 * radix)};
  p->twiddles = malloc((size_t)((radix - 1) * p->ido) * sizeof(REAL));
  if (!p->twiddles) return false;
  for (int c = 1; c < radix; c++) {
    for (int64_t i = 1; i <= (p->ido - 1) / 2; i++) {
      double w[2];
      fft_unit_root(c * l1 * i, n, w);
      p->twiddles[(c - 1) * (p->ido - 1) + 2 * i - 2] = (REAL)w[0];
      p->twiddles[(c - 1) * (p->ido - 1) + 2 * i - 1] = (REAL)w[1];
    }
  }
  return true;
}

/* Null when memory is out. The length is one that fft_real_factor splits. */
static FN(Real) * FN(real_new)(int64_t n) {
  FN(Real) *p = calloc(1, sizeof *p);
  int radices[64], count;
  if (!p) return NULL;
  p->n = n;
  fft_real_factor(n, radices, &count);
  for (int64_t l1 = 1; p->num_passes < count; l1 *= radices[p->num_passes++]) {
    if (FN(make_pass)(&p->passes[p->num_passes], n, l1, radices[p->num_passes])) continue;
    FN(real_free)(p);
    return NULL;
  }
  return p;
}

/* Of n numbers at x, with n more for work; returns which of the two has the result. */
static REAL *FN(real_run)(const FN(Real) * p, REAL *x, REAL *work, bool inverse) {
  for (int i = 0; i < p->num_passes; i++) {
    const FN(Pass) *pass = &p->passes[inverse ? i : p->num_passes - 1 - i];
    switch (pass->radix) {
      case 2: (inverse ? FN(inverse2) : FN(forward2))(pass, x, work); break;
      case 3: (inverse ? FN(inverse3) : FN(forward3))(pass, x, work); break;
      case 4: (inverse ? FN(inverse4) : FN(forward4))(pass, x, work); break;
      default: (inverse ? FN(inverse5) : FN(forward5))(pass, x, work);
    }
    REAL *t = x;
    x = work;
    work = t;
  }
  return x;
}

/* n reals to n / 2 + 1 complex; `buffer` has room for 2n reals. */
static void FN(spectrum_line)(const FN(Real) * p, const void *in, void *out_, void *buffer) {
  CPX *out = out_;
  int64_t n = p->n;
  REAL *x = buffer;
  memcpy(x, in, (size_t)n * sizeof *x);
  x = FN(real_run)(p, x, x + n, false);
  out[0] = (CPX){x[0], 0};
  for (int64_t k = 1; k < (n + 1) / 2; k++) out[k] = (CPX){x[2 * k - 1], x[2 * k]};
  if (n % 2 == 0) out[n / 2] = (CPX){x[n - 1], 0};
}

/* n / 2 + 1 complex to n reals, scaled. */
static void FN(unspectrum_line)(const FN(Real) * p, const void *in_, void *out_, double scale_,
                                void *buffer) {
  const CPX *in = in_;
  REAL *out = out_, *x = buffer, scale = (REAL)scale_;
  int64_t n = p->n;
  x[0] = in[0].re;
  for (int64_t k = 1; k < (n + 1) / 2; k++) x[2 * k - 1] = in[k].re, x[2 * k] = in[k].im;
  if (n % 2 == 0) x[n - 1] = in[n / 2].re;
  x = FN(real_run)(p, x, x + n, true);
  for (int64_t i = 0; i < n; i++) out[i] = x[i] * scale;
}
