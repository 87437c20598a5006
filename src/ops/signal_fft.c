/* FFT, RFFT and their inverses over one, two or three inner dims, in float and double, for any length.
 *
 * The transform itself is signal_fft_body.h, once for each type. Several dims: one after the other, line by
 * line; a real one transforms its last dim first (its inverse: last). Plans are made when shapes are new. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/op.h"
#include "ops/signal_fft.h"

enum { MAX_RADIX = 61, MAX_AXES = 3 };

/* Splits off fours, and a two, which comes first; returns what is left. */
static int64_t fft_factor_twos(int64_t n, int *radices, int *count) {
  for (; n % 4 == 0; n /= 4) radices[(*count)++] = 4;
  if (n % 2) return n;
  radices[(*count)++] = 2;
  radices[*count - 1] = radices[0];
  radices[0] = 2;
  return n / 2;
}

/* Splits n into radices; false when a prime factor is too large. TF: a whole transform of some length begins
 * with a four, for its vectors. */
static bool fft_factor(int64_t n, bool whole, int *radices, int *count) {
  *count = 0;
  if (whole && n > 300 && n % 4 == 0) {
    int rest;
    bool ok = fft_factor(n / 4, false, radices + 1, &rest);
    radices[0] = 4;
    *count = rest + 1;
    return ok;
  }
  for (; n % 8 == 0; n /= 8) radices[(*count)++] = 8;
  n = fft_factor_twos(n, radices, count);
  for (int r = 3; r <= MAX_RADIX; r += 2) {
    for (; n % r == 0; n /= r) radices[(*count)++] = r;
  }
  return n == 1;
}

static int64_t fft_bluestein_size(int64_t n) {
  int64_t m = 1;
  while (m < 2 * n - 1) m *= 2;
  return m;
}

/* exp(2 pi i k / n), 0 <= k <= n: exact where it is, by symmetry of the eighths of a turn. */
static void fft_unit_root(int64_t k, int64_t n, double out[2]) {
  bool lower = 8 * k > 4 * n;
  int64_t x = lower ? 8 * n - 8 * k : 8 * k;
  int quarter = x >= 2 * n;
  if (quarter) x -= 2 * n;
  bool mirrored = x > n;
  double angle = M_PI / 4 * ((double)(mirrored ? 2 * n - x : x) / (double)n);
  double a = mirrored ? sin(angle) : cos(angle), b = mirrored ? cos(angle) : sin(angle);
  out[0] = quarter ? -b : a;
  out[1] = quarter ? a : b;
  if (lower) out[1] = -out[1];
}

/* Splits n into the radices of signal_rfft_body.h, in the order of their use; false when other factors are
 * left, or where TensorFlow's library goes another way too. */
static bool fft_real_factor(int64_t n, int *radices, int *count) {
  *count = 0;
  if (n < 1 || (n > 10000 && n % 2 == 0)) return false;
  n = fft_factor_twos(n, radices, count);
  for (int r = 3; r <= 5; r += 2) {
    for (; n % r == 0; n /= r) radices[(*count)++] = r;
  }
  return n == 1;
}

typedef struct ComplexF {
  float re, im;
} ComplexF;
typedef struct ComplexD {
  double re, im;
} ComplexD;

#define REAL float
#define CPX ComplexF
#define PLAN FftF
#define FN(name) fftf_##name
#include "ops/signal_fft_body.h"
#include "ops/signal_rfft_body.h"
#undef REAL
#undef CPX
#undef PLAN
#undef FN

#define REAL double
#define CPX ComplexD
#define PLAN FftD
#define FN(name) fftd_##name
#include "ops/signal_fft_body.h"
#include "ops/signal_rfft_body.h"
#undef REAL
#undef CPX
#undef PLAN
#undef FN

/* ---- for other ops ---- */

struct RealFft {
  int64_t n;
  struct FftD *plan;
  ComplexD *roots;
};

void real_fft_free(RealFft *f) {
  if (!f) return;
  fftd_free(f->plan);
  free(f->roots);
  free(f);
}

RealFft *real_fft_new(int64_t n) {
  RealFft *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->n = n;
  f->plan = fftd_new(n / 2, false);
  f->roots = fftd_roots(n);
  if (f->plan && f->roots) return f;
  real_fft_free(f);
  return NULL;
}

size_t real_fft_buffer(const RealFft *f) {
  return (size_t)(f->n / 2 + fftd_work_size(f->plan)) * sizeof(ComplexD);
}

void real_fft_run(const RealFft *f, const double *in, double *out, void *buffer) {
  fftd_real_line(f->plan, f->roots, f->n, in, out, buffer);
}

typedef struct SignalState {
  int axes;
  bool real, inverse;
} SignalState;

/* One dim's transform. */
typedef struct SignalAxis {
  int64_t n;     /* length of the transform */
  void *plan;    /* FftF or FftD */
  void *roots;   /* of a real transform of even length */
  void *real;    /* fftf_Real or fftd_Real, where there is one, in place of these */
  size_t buffer; /* bytes that a line needs */
} SignalAxis;

typedef struct SignalPrep {
  bool is_double, set;
  int64_t outer; /* product of the dims before */
  int64_t in[MAX_AXES], out[MAX_AXES], n[MAX_AXES];
  SignalAxis axis[MAX_AXES];
  size_t middle_at, buffer_at, buffer_size;
} SignalPrep;

static TF_Code signal_init(OpInit *k, TF_Status *st) {
  SignalState *s = k->state;
  const char *op = k->node->op, *fft = strstr(op, "FFT");
  s->axes = fft[3] == '2' ? 2 : fft[3] == '3' ? 3 : 1;
  s->inverse = op[0] == 'I';
  s->real = fft > op && fft[-1] == 'R';
  TF_DataType in = dtype_base(k->node->input_types[0]), out = dtype_base(k->node->output_types[0]);
  if (s->real && dtype_size(s->inverse ? in : out) != 2 * dtype_size(s->inverse ? out : in))
    return fail(st, TF_INVALID_ARGUMENT, "Wrong types for %s real FFT: in=%d out=%d",
                s->inverse ? "backward" : "forward", (int)in, (int)out);
  return TF_OK;
}

static void signal_clear_prep(void *prep) {
  SignalPrep *p = prep;
  for (int i = 0; i < MAX_AXES; i++) {
    if (p->is_double) fftd_free(p->axis[i].plan);
    else fftf_free(p->axis[i].plan);
    if (p->is_double) fftd_real_free(p->axis[i].real);
    else fftf_real_free(p->axis[i].real);
    free(p->axis[i].roots);
    p->axis[i].plan = p->axis[i].roots = p->axis[i].real = NULL;
  }
}

enum { MAX_FFT_LENGTH = 1 << 28 }; /* plans are tables of that many elements, Bluestein's 8 times as many */

static size_t element(const SignalPrep *p, bool real) {
  return p->is_double ? real ? sizeof(double) : sizeof(ComplexD) : real ? sizeof(float) : sizeof(ComplexF);
}

static void axis_buffer(SignalPrep *p, SignalAxis *a, int64_t elements) {
  a->buffer = ((size_t)elements * element(p, false) + 63) / 64 * 64;
  if (a->buffer > p->buffer_size) p->buffer_size = a->buffer;
}

static TF_Code axis_plan(SignalPrep *p, SignalAxis *a, int64_t n, bool real, TF_Status *st) {
  if (n > MAX_FFT_LENGTH)
    return fail(st, TF_UNIMPLEMENTED, "FFT of length %lld is not supported", (long long)n);
  int radices[64], count;
  if (real && fft_real_factor(n, radices, &count)) {
    a->n = n;
    a->real = p->is_double ? (void *)fftd_real_new(n) : (void *)fftf_real_new(n);
    axis_buffer(p, a, n);
    return a->real ? TF_OK : fail_oom(st, "plan of an FFT");
  }
  bool halved = real && n % 2 == 0;
  int64_t length = halved ? n / 2 : n;
  a->n = n;
  a->plan = p->is_double ? (void *)fftd_new(length, !halved) : (void *)fftf_new(length, !halved);
  if (halved) a->roots = p->is_double ? (void *)fftd_roots(n) : (void *)fftf_roots(n);
  if (!a->plan || (halved && !a->roots)) return fail_oom(st, "plan of an FFT");
  int64_t elements = length + (p->is_double ? fftd_work_size(a->plan) : fftf_work_size(a->plan));
  axis_buffer(p, a, elements);
  return TF_OK;
}

/* Lengths of the transforms and sizes of the inner dims. */
static TF_Code signal_dims(OpCtx *c, TF_Status *st) {
  const SignalState *s = c->state;
  SignalPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  if (x->rank < s->axes) {
    char text[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "Input must have rank of at least %d but got: %s", s->axes,
                shape_text(x->dims, x->rank, text, sizeof text));
  }
  const Tensor *length = s->real ? op_input(c, 1) : NULL;
  if (length && (length->rank != 1 || length->dims[0] != s->axes))
    return fail(st, TF_INVALID_ARGUMENT, "fft_length must have shape [%d]", s->axes);
  for (int i = 0; i < s->axes; i++) {
    int at = x->rank - s->axes + i;
    bool last = i == s->axes - 1;
    p->in[i] = p->out[i] = p->n[i] = x->dims[at];
    if (!length) continue;
    p->n[i] = p->out[i] = int_at(length, i);
    if (p->n[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "fft_length[%d] must >= 0, but got: %lld", i, (long long)p->n[i]);
    int64_t least = s->inverse && last ? p->n[i] / 2 + 1 : p->n[i];
    if (p->in[i] != 0 && p->in[i] < least)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Input dimension %d must have length of at least %lld but got: %lld", at, (long long)least,
                  (long long)p->in[i]);
    if (!s->inverse && last && p->n[i] != 0) p->out[i] = p->n[i] / 2 + 1;
  }
  return TF_OK;
}

static TF_Code signal_prepare(OpCtx *c, TF_Status *st) {
  const SignalState *s = c->state;
  SignalPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  int64_t dims[TENSOR_MAX_RANK], middle = 1, used = 1;
  TF_DataType dtype = dtype_base(c->node->output_types[0]);
  TRY(signal_dims(c, st));
  p->is_double = dtype == TF_DOUBLE || dtype == TF_COMPLEX128;
  memcpy(dims, x->dims, sizeof dims);
  memcpy(dims + x->rank - s->axes, p->out, (size_t)s->axes * sizeof *dims);
  TRY(op_output(c, 0, dtype, dims, x->rank, st));
  p->outer = dims_product(dims, 0, x->rank - s->axes);
  for (int i = 0; i < s->axes; i++) used *= p->in[i] && p->out[i];
  /* As TF's library: only the last axis must have a length, which real output is made of after the others. */
  bool others = true, to_real = dtype == TF_FLOAT || dtype == TF_DOUBLE;
  for (int i = 0; i < s->axes - 1; i++) others = others && p->n[i];
  if (p->n[s->axes - 1] == 0 && tensor_count(x) > 0 && (others || !to_real))
    return fail(st, TF_INTERNAL, "FFT of length 0");
  if (!used || p->outer == 0) return TF_OK; /* nothing to transform: the output is empty or zeros */
  p->set = true;
  for (int i = 0; i < s->axes; i++) TRY(axis_plan(p, &p->axis[i], p->n[i], s->real && i == s->axes - 1, st));
  size_t total = 0, complex_size = p->is_double ? sizeof(ComplexD) : sizeof(ComplexF);
  if (s->real && s->axes > 1) { /* one item's [.., n / 2 + 1] between the real transform and the others */
    for (int i = 0; i < s->axes; i++) middle *= i == s->axes - 1 ? p->n[i] / 2 + 1 : p->n[i];
    if (!checked_mul((size_t)middle, complex_size, &total) || !checked_add(total, 63, &total))
      return fail_oom(st, "scratch of an FFT");
    total = total / 64 * 64;
  }
  p->buffer_at = total;
  size_t buffers;
  /* A share of the work for each thread: parts of a loop over lines take one by their index. */
  if (!checked_mul(p->buffer_size, (size_t)(c->threads > 1 ? c->threads : 1), &buffers) ||
      !checked_add(total, buffers, &total))
    return fail_oom(st, "scratch of an FFT");
  op_scratch(c, total);
  return TF_OK;
}

/* ---- run ---- */

typedef enum LineKind { LINE_COMPLEX, LINE_REAL, LINE_REAL_INVERSE } LineKind;

/* `lines` lines: line i starts at element (i / inner) * in_outer + i % inner, and steps by in_step. */
typedef struct Lines {
  const SignalPrep *p;
  const SignalAxis *axis;
  LineKind kind;
  bool inverse;
  double scale; /* of complex lines and of the inverse of real ones */
  const char *in;
  char *out;
  int64_t lines, inner, in_outer, out_outer, step, shares;
  size_t in_size, out_size; /* of an element */
  char *buffers;
} Lines;

static void lines_range(const Lines *r, int64_t begin, int64_t end, void *buffer) {
  const SignalAxis *a = r->axis;
  for (int64_t i = begin; i < end; i++) {
    const char *in = r->in + (size_t)(i / r->inner * r->in_outer + i % r->inner) * r->in_size;
    char *out = r->out + (size_t)(i / r->inner * r->out_outer + i % r->inner) * r->out_size;
    bool d = r->p->is_double;
    if (a->real && r->kind == LINE_REAL && d) fftd_spectrum_line(a->real, in, out, buffer);
    else if (a->real && r->kind == LINE_REAL) fftf_spectrum_line(a->real, in, out, buffer);
    else if (a->real && d) fftd_unspectrum_line(a->real, in, out, r->scale, buffer);
    else if (a->real) fftf_unspectrum_line(a->real, in, out, r->scale, buffer);
    else if (r->kind == LINE_COMPLEX && d)
      fftd_line(a->plan, in, r->step, out, r->step, r->inverse, r->scale, buffer);
    else if (r->kind == LINE_COMPLEX)
      fftf_line(a->plan, in, r->step, out, r->step, r->inverse, r->scale, buffer);
    else if (r->kind == LINE_REAL && d) fftd_real_line(a->plan, a->roots, a->n, in, out, buffer);
    else if (r->kind == LINE_REAL) fftf_real_line(a->plan, a->roots, a->n, in, out, buffer);
    else if (d) fftd_real_inverse_line(a->plan, a->roots, a->n, in, out, r->scale, buffer);
    else fftf_real_inverse_line(a->plan, a->roots, a->n, in, out, r->scale, buffer);
  }
}

static void lines_shares(void *arg, int64_t begin, int64_t end) {
  const Lines *r = arg;
  for (int64_t i = begin; i < end; i++)
    lines_range(r, r->lines * i / r->shares, r->lines * (i + 1) / r->shares,
                r->buffers + (size_t)i * r->p->buffer_size);
}

static void lines_run(Lines *r, int threads) {
  bool small = r->lines * r->axis->n < 8192;
  r->shares = threads > 1 && !small ? threads : 1;
  if (r->shares > r->lines) r->shares = r->lines;
  parallel_for((int)r->shares, r->shares, 1, lines_shares, r);
}

/* Complex transforms along axis `i` of `outer` blocks of these dims. */
static void transform_axis(OpCtx *c, int i, int64_t outer, const int64_t *dims, const char *in, char *out) {
  const SignalState *s = c->state;
  const SignalPrep *p = c->prep;
  int64_t inner = dims_product(dims, i + 1, s->axes), before = dims_product(dims, 0, i);
  double scale =
      1; /* TF: all of an inverse's is in the axis that comes first, a real one's in that of the reals */
  if (s->inverse && !s->real && i == s->axes - 1) scale = 1 / (double)dims_product(dims, 0, s->axes);
  Lines r = {.p = p,
             .axis = &p->axis[i],
             .kind = LINE_COMPLEX,
             .inverse = s->inverse,
             .scale = scale,
             .in = in,
             .out = out,
             .lines = outer * before * inner,
             .inner = inner,
             .in_outer = dims[i] * inner,
             .out_outer = dims[i] * inner,
             .step = inner,
             .in_size = element(p, false),
             .out_size = element(p, false),
             .buffers = (char *)c->scratch + p->buffer_at};
  lines_run(&r, c->threads);
}

/* Real transforms along the last axis. */
static void transform_real(OpCtx *c, int64_t lines, const char *in, int64_t in_row, char *out,
                           int64_t out_row) {
  const SignalState *s = c->state;
  const SignalPrep *p = c->prep;
  Lines r = {.p = p,
             .axis = &p->axis[s->axes - 1],
             .kind = s->inverse ? LINE_REAL_INVERSE : LINE_REAL,
             .in = in,
             .out = out,
             .scale = 1 / (double)dims_product(p->n, 0, s->axes),
             .lines = lines,
             .inner = 1,
             .in_outer = in_row,
             .out_outer = out_row,
             .step = 1,
             .in_size = element(p, !s->inverse),
             .out_size = element(p, s->inverse),
             .buffers = (char *)c->scratch + p->buffer_at};
  lines_run(&r, c->threads);
}

/* Copies what a real transform of several axes uses of item `in` (dims p->in) to `out` (dims `dims`): rows of
 * `row` bytes. */
static void crop_rows(const SignalState *s, const SignalPrep *p, const int64_t *dims, const char *in,
                      char *out, size_t size) {
  int last = s->axes - 1;
  int64_t rows = dims_product(dims, 0, last), middle = last == 2 ? dims[1] : 1,
          in_middle = last == 2 ? p->in[1] : 1;
  for (int64_t i = 0; i < rows; i++)
    memcpy(out + (size_t)(i * dims[last]) * size,
           in + (size_t)((i / middle * in_middle + i % middle) * p->in[last]) * size,
           (size_t)dims[last] * size);
}

static void run_real_item(OpCtx *c, const char *in, char *out) {
  const SignalState *s = c->state;
  const SignalPrep *p = c->prep;
  int last = s->axes - 1;
  char *middle = (char *)c->scratch + p->middle_at;
  int64_t dims[MAX_AXES];
  for (int i = 0; i < last; i++) dims[i] = p->n[i];
  dims[last] = p->n[last] / 2 + 1;
  int64_t rows = dims_product(dims, 0, last);
  if (s->inverse) {
    crop_rows(s, p, dims, in, middle, element(p, false));
    for (int i = 0; i < last; i++) transform_axis(c, i, 1, dims, middle, middle);
    transform_real(c, rows, middle, dims[last], out, p->n[last]);
    return;
  }
  int64_t in_middle = last == 2 ? p->in[1] : 1, used_middle = last == 2 ? dims[1] : 1;
  size_t real = element(p, true), whole = element(p, false);
  for (int64_t i = 0; i < rows / used_middle; i++)
    transform_real(c, used_middle, in + (size_t)(i * in_middle * p->in[last]) * real, p->in[last],
                   out + (size_t)(i * used_middle * dims[last]) * whole, dims[last]);
  for (int i = 0; i < last; i++) transform_axis(c, i, 1, dims, out, out);
}

static TF_Code signal_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const SignalState *s = c->state;
  const SignalPrep *p = c->prep;
  const char *in = op_input(c, 0)->data;
  char *out = c->outputs[0].data;
  if (!p->set) {
    tensor_zero(&c->outputs[0]);
    return TF_OK;
  }
  if (!s->real) {
    for (int i = s->axes - 1; i >= 0; i--)
      transform_axis(c, i, p->outer, p->n, i == s->axes - 1 ? in : out, out);
    return TF_OK;
  }
  if (s->axes == 1) {
    transform_real(c, p->outer, in, p->in[0], out, p->out[0]);
    return TF_OK;
  }
  size_t in_item = (size_t)dims_product(p->in, 0, s->axes) * element(p, !s->inverse);
  size_t out_item = (size_t)dims_product(p->out, 0, s->axes) * element(p, s->inverse);
  for (int64_t i = 0; i < p->outer; i++)
    run_real_item(c, in + (size_t)i * in_item, out + (size_t)i * out_item);
  return TF_OK;
}

/* ---- shapes ---- */

static TF_Code shape_complex_fft(ShapeCtx *c, int axes, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, axes, st));
  return shape_same(c, st);
}
static TF_Code shape_fft(ShapeCtx *c, TF_Status *st) { return shape_complex_fft(c, 1, st); }
static TF_Code shape_fft2(ShapeCtx *c, TF_Status *st) { return shape_complex_fft(c, 2, st); }
static TF_Code shape_fft3(ShapeCtx *c, TF_Status *st) { return shape_complex_fft(c, 3, st); }

static TF_Code shape_real(ShapeCtx *c, int axes, bool inverse, TF_Status *st) {
  TRY(shape_want_rank_at_least(c, 0, axes, st));
  TRY(shape_want_rank(c, 1, 1, st));
  Shape out = *c->inputs[0];
  const Tensor *length = c->value(c, 1);
  if (c->inputs[1]->rank == 1 && c->inputs[1]->dims[0] >= 0 && c->inputs[1]->dims[0] != axes)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension must be %d but is %lld", axes,
                (long long)c->inputs[1]->dims[0]);
  if (out.rank < 0) return TF_OK;
  for (int i = 0; i < axes; i++) {
    int64_t n = length ? int_at(length, i) : -1;
    if (n < 0) n = -1;
    out.dims[out.rank - axes + i] = !inverse && i == axes - 1 && n > 0 ? n / 2 + 1 : n;
  }
  c->outputs[0] = out;
  return TF_OK;
}
static TF_Code shape_rfft(ShapeCtx *c, TF_Status *st) { return shape_real(c, 1, false, st); }
static TF_Code shape_rfft2(ShapeCtx *c, TF_Status *st) { return shape_real(c, 2, false, st); }
static TF_Code shape_rfft3(ShapeCtx *c, TF_Status *st) { return shape_real(c, 3, false, st); }
static TF_Code shape_irfft(ShapeCtx *c, TF_Status *st) { return shape_real(c, 1, true, st); }
static TF_Code shape_irfft2(ShapeCtx *c, TF_Status *st) { return shape_real(c, 2, true, st); }
static TF_Code shape_irfft3(ShapeCtx *c, TF_Status *st) { return shape_real(c, 3, true, st); }

#define SIGNAL(name_, types_, values_, shape_)                                                               \
  {                                                                                                          \
    name_, .types = types_, .value_inputs = values_, .state_size = sizeof(SignalState),                      \
           .prep_size = sizeof(SignalPrep), .shape = shape_, .init = signal_init, .prepare = signal_prepare, \
           .run = signal_run, .clear_prep = signal_clear_prep                                                \
  }
#define COMPLEX_TYPES "Tcomplex: complex64 complex128"
#define REAL_TYPES "Treal: float double; Tcomplex: complex64 complex128"

const OpRow ops_signal_fft[] = {SIGNAL("FFT", COMPLEX_TYPES, 0, shape_fft),
                                SIGNAL("IFFT", COMPLEX_TYPES, 0, shape_fft),
                                SIGNAL("FFT2D", COMPLEX_TYPES, 0, shape_fft2),
                                SIGNAL("IFFT2D", COMPLEX_TYPES, 0, shape_fft2),
                                SIGNAL("FFT3D", COMPLEX_TYPES, 0, shape_fft3),
                                SIGNAL("IFFT3D", COMPLEX_TYPES, 0, shape_fft3),
                                SIGNAL("RFFT", REAL_TYPES, 2, shape_rfft),
                                SIGNAL("IRFFT", REAL_TYPES, 2, shape_irfft),
                                SIGNAL("RFFT2D", REAL_TYPES, 2, shape_rfft2),
                                SIGNAL("IRFFT2D", REAL_TYPES, 2, shape_irfft2),
                                SIGNAL("RFFT3D", REAL_TYPES, 2, shape_rfft3),
                                SIGNAL("IRFFT3D", REAL_TYPES, 2, shape_irfft3),
                                {0}};
