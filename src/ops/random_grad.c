/* RandomGammaGrad: how a sample of a gamma distribution moves with its shape alpha, the rank of the sample
 * kept:
 * -(dP(alpha, x) / dalpha) / p(x), with broadcasting. P comes by its power series below alpha, by the
 * continued fraction of its complement above; derivatives go along term by term. */
#include <math.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_broadcast.h"
#include "ops/math_special.h"

enum { TERMS = 2000 };

/* P = x^a exp(-x) / gamma(a + 1) sum_n x^n / ((a + 1) ... (a + n)) */
static double grad_series(double a, double x) {
  double term = 1, dterm = 0, sum = 1, dsum = 0;
  for (int n = 1; n < TERMS; n++) {
    double factor = x / (a + n);
    dterm = factor * dterm - factor * term / (a + n);
    term *= factor;
    sum += term;
    dsum += dterm;
    if (fabs(dterm) <= 1e-16 * fabs(dsum) && term <= 1e-16 * sum) break;
  }
  return -(dsum + sum * (log(x) - special_digamma(a + 1))) * x / a;
}

/* 1 - P = x^a exp(-x) / gamma(a) times a continued fraction, by the recurrence of its numerators and
 * denominators; `d` begins the names of derivatives. */
static double grad_fraction(double a, double x) {
  double y = 1 - a, z = x + y + 1, p2 = 1, q2 = x, p1 = x + 1, q1 = z * x, value = p1 / q1;
  double dp2 = 0, dq2 = 0, dp1 = 0, dq1 = -x, dvalue = (dp1 - value * dq1) / q1;
  for (int n = 1; n < TERMS; n++) {
    y += 1;
    z += 2;
    double c = y * n, p = p1 * z - p2 * c, q = q1 * z - q2 * c;
    double dp = dp1 * z - p1 - dp2 * c + p2 * n, dq = dq1 * z - q1 - dq2 * c + q2 * n, before = dvalue;
    if (q != 0) {
      value = p / q;
      dvalue = (dp - value * dq) / q;
      if (fabs(dvalue - before) <= 1e-16) break;
    }
    double scale = fabs(p) > 0x1p52 ? 0x1p-52 : 1;
    p2 = p1 * scale, p1 = p * scale, q2 = q1 * scale, q1 = q * scale;
    dp2 = dp1 * scale, dp1 = dp * scale, dq2 = dq1 * scale, dq1 = dq * scale;
  }
  return (dvalue + value * (log(x) - special_digamma(a))) * x;
}

/* TF: 0 where the density is too small for the type; `least` is the logarithm of its smallest number. */
static double gamma_grad(double a, double x, double least) {
  if (x == 0) return 0;
  if (!(x > 0) || !(a > 0)) return (double)NAN;
  if (isinf(a)) return 0;
  if (isinf(x)) return -0.0;
  if (a * log(x) - x - special_lgamma(a) < least) return 0;
  return x > 1 && x > a ? grad_fraction(a, x) : grad_series(a, x);
}

static TF_Code grad_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  const Tensor *inputs[3] = {op_input(c, 0), op_input(c, 1), NULL};
  if (!broadcast_plan(c->prep, inputs, 2, dims, &rank)) return broadcast_fail(inputs[0], inputs[1], st);
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

static void grad_part(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const Broadcast *b = c->prep;
  int64_t inner = b->dims[b->rank - 1], offset[3];
  for (int64_t i = begin; i < end; i++) {
    broadcast_offsets(b, i / inner, offset);
    double x[2];
    for (int k = 0; k < 2; k++)
      x[k] = math_number_at(op_input(c, k), offset[k] + i % inner * b->stride[k][b->rank - 1]);
    bool is_float = c->outputs[0].dtype == TF_FLOAT;
    double grad = gamma_grad(x[0], x[1], is_float ? -88.7228391 : -709.782712893384);
    if (is_float) ((float *)c->outputs[0].data)[i] = (float)grad;
    else ((double *)c->outputs[0].data)[i] = grad;
  }
}

static TF_Code grad_run(OpCtx *c, TF_Status *st) {
  (void)st;
  parallel_for(c->threads, ((const Broadcast *)c->prep)->count, 512, grad_part, c);
  return TF_OK;
}

const OpRow ops_random_grad[] = {
    {"RandomGammaGrad", .types = "T: float double", .prep_size = sizeof(Broadcast), .shape = shape_broadcast,
     .prepare = grad_prepare, .run = grad_run},
    {0}};
