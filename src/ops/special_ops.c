/* Special functions of one to three numbers, with broadcasting; each element is computed in double. */
#include <math.h>

#include "base/parallel.h"
#include "ops/array_util.h"
#include "ops/math_broadcast.h"
#include "ops/math_special.h"
#include "ops/math_types.h"

typedef double Special(double a, double b, double x);

static double igamma(double a, double x, double unused) { return (void)unused, special_igamma(a, x); }
static double igammac(double a, double x, double unused) { return (void)unused, special_igammac(a, x); }
static double zeta(double x, double q, double unused) { return (void)unused, special_zeta(x, q); }
static double polygamma(double n, double x, double unused) { return (void)unused, special_polygamma(n, x); }

/* TF: exp(inf) times 0 is no number. */
static double i0(double x, double u, double v) {
  return (void)u, (void)v, special_bessel_ie(0, x) * exp(fabs(x));
}
static double i0e(double x, double u, double v) { return (void)u, (void)v, special_bessel_ie(0, x); }
static double i1(double x, double u, double v) {
  return (void)u, (void)v, special_bessel_ie(1, x) * exp(fabs(x));
}
static double i1e(double x, double u, double v) { return (void)u, (void)v, special_bessel_ie(1, x); }

/* TF: minus infinity also below 0, and no number at infinity. */
static double bessel_y(int order, double x) {
  if (x <= 0) return -INFINITY;
  if (isinf(x)) return NAN;
  return order ? y1(x) : y0(x);
}
#define UNARY_FN(name, expr) \
  static double name(double x, double u, double v) { return (void)u, (void)v, (expr); }
UNARY_FN(bessel_j0, isinf(x) ? NAN : j0(x))
UNARY_FN(bessel_j1, isinf(x) ? NAN : j1(x))
UNARY_FN(bessel_y0, bessel_y(0, x))
UNARY_FN(bessel_y1, bessel_y(1, x))
/* TF: of 0 no number in float, by another formula. */
UNARY_FN(bessel_y1_float, x == 0 ? NAN : bessel_y(1, x))
UNARY_FN(k0, special_bessel_ke(0, x) * exp(-x))
UNARY_FN(k1, special_bessel_ke(1, x) * exp(-x))
UNARY_FN(k0e, special_bessel_ke(0, x))
UNARY_FN(k1e, special_bessel_ke(1, x))
UNARY_FN(dawsn, special_dawsn(x))
UNARY_FN(expint, special_expint(x))
UNARY_FN(fresnel_cos, special_fresnel_cos(x))
UNARY_FN(fresnel_sin, special_fresnel_sin(x))
UNARY_FN(spence, special_spence(x))
static double igamma_grad_a(double a, double x, double u) { return (void)u, special_igamma_grad_a(a, x); }

static const struct {
  const char *name;
  Special *fn;
} functions[] = {
    {"Igamma", igamma},
    {"Igammac", igammac},
    {"Zeta", zeta},
    {"Polygamma", polygamma},
    {"Betainc", special_betainc},
    {"BesselJ0", bessel_j0},
    {"BesselJ1", bessel_j1},
    {"BesselY0", bessel_y0},
    {"BesselY1", bessel_y1},
    {"BesselK0", k0},
    {"BesselK1", k1},
    {"BesselK0e", k0e},
    {"BesselK1e", k1e},
    {"Dawsn", dawsn},
    {"Expint", expint},
    {"FresnelCos", fresnel_cos},
    {"FresnelSin", fresnel_sin},
    {"Spence", spence},
    {"IgammaGradA", igamma_grad_a},
    {"BesselI0", i0},
    {"BesselI0e", i0e},
    {"BesselI1", i1},
    {"BesselI1e", i1e},
};

typedef struct SpecialState {
  Special *fn;
} SpecialState;

static TF_Code special_init(OpInit *k, TF_Status *st) {
  (void)st;
  for (size_t i = 0; i < SM_COUNTOF(functions); i++)
    if (!strcmp(functions[i].name, k->node->op)) ((SpecialState *)k->state)->fn = functions[i].fn;
  if (!strcmp(k->node->op, "BesselY1") && dtype_base(k->node->output_types[0]) != TF_DOUBLE)
    ((SpecialState *)k->state)->fn = bessel_y1_float;
  return TF_OK;
}

static TF_Code special_prepare(OpCtx *c, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  const Tensor *inputs[3] = {op_input(c, 0), c->num_inputs > 1 ? op_input(c, 1) : NULL, NULL};
  if (!broadcast_plan(c->prep, inputs, c->num_inputs, dims, &rank))
    return broadcast_fail(inputs[0], inputs[1], st);
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

/* Betainc: tensors of one shape, and scalars. */
static TF_Code betainc_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *inputs[3] = {op_input(c, 0), op_input(c, 1), op_input(c, 2)}, *shape = NULL;
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  for (int i = 0; i < 3; i++) {
    if (!inputs[i]->rank) continue;
    if (shape && !tensor_same_shape(shape, inputs[i]))
      return fail(st, TF_INVALID_ARGUMENT, "Shapes of the inputs are inconsistent: %s vs. %s",
                  shape_text(shape->dims, shape->rank, a, sizeof a),
                  shape_text(inputs[i]->dims, inputs[i]->rank, b, sizeof b));
    shape = inputs[i];
  }
  if (!broadcast_plan(c->prep, inputs, 3, dims, &rank)) return fail(st, TF_INTERNAL, "shapes of Betainc");
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

static TF_Code betainc_shape(ShapeCtx *c, TF_Status *st) {
  Shape all = shape_rank0();
  for (int i = 0; i < 3; i++) {
    const Shape *in = c->inputs[i];
    if (in->rank == 0) continue;
    if (in->rank < 0) {
      if (all.rank == 0) all = shape_unknown();
    } else if (all.rank <= 0) {
      all = *in;
    } else {
      TRY(shape_merge(&all, in, &all, st));
    }
  }
  c->outputs[0] = all;
  return TF_OK;
}

static void special_part(void *arg, int64_t begin, int64_t end) {
  OpCtx *c = arg;
  const Broadcast *b = c->prep;
  const SpecialState *s = c->state;
  int64_t inner = b->dims[b->rank - 1], offset[3];
  for (int64_t i = begin; i < end; i++) {
    double x[3] = {0};
    broadcast_offsets(b, i / inner, offset);
    for (int k = 0; k < c->num_inputs; k++)
      x[k] = math_number_at(op_input(c, k), offset[k] + i % inner * b->stride[k][b->rank - 1]);
    math_number_put(&c->outputs[0], i, s->fn(x[0], x[1], x[2]));
  }
}

static TF_Code special_run(OpCtx *c, TF_Status *st) {
  (void)st;
  parallel_for(c->threads, ((const Broadcast *)c->prep)->count, 1024, special_part, c);
  return TF_OK;
}

#define ROW(NAME, TYPES, SHAPE, PREPARE)                                                      \
  {                                                                                           \
    NAME, .types = TYPES, .state_size = sizeof(SpecialState), .prep_size = sizeof(Broadcast), \
          .shape = SHAPE, .init = special_init, .prepare = PREPARE, .run = special_run        \
  }
#define BINARY(NAME, TYPES) ROW(NAME, TYPES, shape_broadcast, special_prepare)
#define UNARY_F(NAME) ROW(NAME, "T: float double", shape_same, special_prepare)
#define UNARY(NAME) ROW(NAME, "T: half float double", shape_same, special_prepare)

const OpRow ops_special_ops[] = {BINARY("Igamma", "T: float double"),
                                 BINARY("Igammac", "T: float double"),
                                 BINARY("Zeta", "T: float double"),
                                 BINARY("Polygamma", "T: float double"),
                                 ROW("Betainc", "T: float double", betainc_shape, betainc_prepare),
                                 UNARY("BesselI0"),
                                 UNARY("BesselI0e"),
                                 UNARY("BesselI1"),
                                 UNARY("BesselI1e"),
                                 UNARY("BesselJ0"),
                                 UNARY("BesselJ1"),
                                 UNARY("BesselY0"),
                                 UNARY("BesselY1"),
                                 UNARY("BesselK0"),
                                 UNARY("BesselK0e"),
                                 UNARY("BesselK1"),
                                 UNARY("BesselK1e"),
                                 UNARY_F("Dawsn"),
                                 UNARY_F("Expint"),
                                 UNARY_F("FresnelCos"),
                                 UNARY_F("FresnelSin"),
                                 UNARY_F("Spence"),
                                 BINARY("IgammaGradA", "T: float double"),
                                 {0}};
