/* Initializers: the nodes under "NAME/Initializer", as TensorFlow's Python lays them out. */
#include <math.h>

#include "savedmodel/sm_internal.h"

SM_Initializer SM_Zeros(void) { return (SM_Initializer){.kind = SM_INIT_ZEROS}; }
SM_Initializer SM_Ones(void) { return (SM_Initializer){.kind = SM_INIT_ONES}; }
SM_Initializer SM_ConstantInitializer(double value) {
  return (SM_Initializer){.kind = SM_INIT_CONSTANT, .a = value};
}
SM_Initializer SM_RandomUniform(double min, double max) {
  return (SM_Initializer){.kind = SM_INIT_UNIFORM, .a = min, .b = max};
}
SM_Initializer SM_RandomNormal(double mean, double stddev) {
  return (SM_Initializer){.kind = SM_INIT_NORMAL, .a = mean, .b = stddev};
}
SM_Initializer SM_TruncatedNormal(double mean, double stddev) {
  return (SM_Initializer){.kind = SM_INIT_TRUNCATED_NORMAL, .a = mean, .b = stddev};
}
SM_Initializer SM_GlorotUniform(void) { return (SM_Initializer){.kind = SM_INIT_GLOROT_UNIFORM}; }
SM_Initializer SM_GlorotNormal(void) { return (SM_Initializer){.kind = SM_INIT_GLOROT_NORMAL}; }
SM_Initializer SM_InitialValue(TF_Tensor *value) {
  return (SM_Initializer){.kind = SM_INIT_VALUE, .value = value};
}
SM_Initializer SM_InitialOutput(TF_Output output) {
  return (SM_Initializer){.kind = SM_INIT_OUTPUT, .output = output};
}
SM_Initializer SM_WithSeed(SM_Initializer initializer, int64_t seed) {
  initializer.has_seed = true;
  initializer.seed = seed;
  return initializer;
}

static TF_Output nothing(void) { return (TF_Output){NULL, 0}; }

static TF_Output fill_constant(SM_Graph *g, TF_DataType dtype, SM_Shape shape, double value,
                               const char *name) {
  if (graph_failed(g)) return nothing();
  TF_Tensor *t = SM_TensorFill(dtype, shape, value);
  if (t) return SM_Constant(g, t, name);
  fail(g->status, TF_INVALID_ARGUMENT, "cannot fill %s%s with %g", SM_DataTypeName(dtype),
       graph_shape_text(g, shape), value);
  return nothing();
}

static TF_Output shape_constant(SM_Graph *g, SM_Shape shape, const char *name) {
  TF_Tensor *t = SM_TensorI32(SM_SHAPE(shape.num_dims), NULL);
  int32_t *dims = t ? TF_TensorData(t) : NULL;
  for (int i = 0; dims && i < shape.num_dims; i++) {
    if (shape.dims[i] > INT32_MAX && !graph_failed(g))
      fail(g->status, TF_INVALID_ARGUMENT, "dimension %lld is too large", (long long)shape.dims[i]);
    dims[i] = (int32_t)shape.dims[i];
  }
  return SM_Constant(g, t, name);
}

static double shape_size(SM_Shape shape) {
  double n = 1;
  for (int i = 0; i < shape.num_dims; i++) n *= (double)shape.dims[i];
  return n;
}

/* TF: zeros and ones of 1000 elements and more become a Fill, so that the graph stays small. */
static TF_Output zeros_or_ones(SM_Graph *g, TF_DataType dtype, SM_Shape shape, double value,
                               const char *name) {
  enum { FILL_FROM = 1000 };
  if (shape_size(shape) < FILL_FROM) return fill_constant(g, dtype, shape, value, name);
  SM_PushNameScope(g, name);
  const char *own = graph_printf(g, "%s/", g->top->name_scope);
  TF_Output dims = shape_constant(g, shape, "shape_as_tensor");
  TF_Output element = fill_constant(g, dtype, SM_SCALAR, value, NULL);
  TF_Output out = SM_Op(g, "Fill", own, SM_In(dims), SM_In(element));
  SM_PopScope(g);
  return out;
}

static TF_Output random_op(SM_Graph *g, const SM_Initializer *init, const char *type, const char *name,
                           TF_DataType dtype, TF_Output shape) {
  int64_t seed, seed2;
  graph_next_seed(g, init, &seed, &seed2);
  return SM_Op(g, type, name, SM_In(shape), SM_Type("dtype", dtype), SM_Int("seed", seed),
               SM_Int("seed2", seed2));
}

static TF_Output random_uniform(SM_Graph *g, const SM_Initializer *init, TF_DataType dtype, SM_Shape shape,
                                double min, double max) {
  SM_PushNameScope(g, "random_uniform");
  const char *own = graph_printf(g, "%s/", g->top->name_scope);
  TF_Output dims = shape_constant(g, shape, "shape");
  TF_Output low = fill_constant(g, dtype, SM_SCALAR, min, "min");
  TF_Output high = fill_constant(g, dtype, SM_SCALAR, max, "max");
  TF_Output out;
  if (dtype_is_integer(dtype)) {
    int64_t seed, seed2;
    graph_next_seed(g, init, &seed, &seed2);
    out = SM_Op(g, "RandomUniformInt", own, SM_In(dims), SM_In(low), SM_In(high), SM_Int("seed", seed),
                SM_Int("seed2", seed2));
  } else {
    TF_Output unit = random_op(g, init, "RandomUniform", NULL, dtype, dims);
    TF_Output range = SM_Sub(g, high, low);
    out = SM_Op(g, "AddV2", own, SM_In(SM_Mul(g, unit, range)), SM_In(low));
  }
  SM_PopScope(g);
  return out;
}

static TF_Output random_normal(SM_Graph *g, const SM_Initializer *init, TF_DataType dtype, SM_Shape shape,
                               const char *name, const char *type, double mean, double stddev) {
  SM_PushNameScope(g, name);
  const char *own = graph_printf(g, "%s/", g->top->name_scope);
  TF_Output dims = shape_constant(g, shape, "shape");
  TF_Output mu = fill_constant(g, dtype, SM_SCALAR, mean, "mean");
  TF_Output sigma = fill_constant(g, dtype, SM_SCALAR, stddev, "stddev");
  TF_Output unit = random_op(g, init, type, NULL, dtype, dims);
  TF_Output out = SM_Op(g, "AddV2", own, SM_In(SM_Mul(g, unit, sigma)), SM_In(mu));
  SM_PopScope(g);
  return out;
}

/* The mean of fan-in and fan-out, at least 1: a kernel's leading dimensions are its receptive field. */
static double fan_average(SM_Shape shape) {
  int n = shape.num_dims;
  if (n == 0) return 1;
  double in = (double)shape.dims[n > 1 ? n - 2 : 0], out = (double)shape.dims[n - 1], field = 1;
  for (int i = 0; i < n - 2; i++) field *= (double)shape.dims[i];
  return fmax(1, field * (in + out) / 2);
}

static TF_Output glorot(SM_Graph *g, const SM_Initializer *init, TF_DataType dtype, SM_Shape shape,
                        SM_Shape whole, bool uniform) {
  double n = fan_average(whole);
  if (uniform) return random_uniform(g, init, dtype, shape, -sqrt(3 / n), sqrt(3 / n));
  /* The standard deviation of a unit normal truncated at two; it makes up for what is cut off. */
  const double truncated_stddev = 0.87962566103423978;
  return random_normal(g, init, dtype, shape, "truncated_normal", "TruncatedNormal", 0,
                       sqrt(1 / n) / truncated_stddev);
}

TF_Output initializer_build(SM_Graph *g, const SM_Initializer *init, TF_DataType dtype, SM_Shape shape,
                            SM_Shape whole) {
  bool is_random_float = init->kind >= SM_INIT_NORMAL && init->kind <= SM_INIT_GLOROT_NORMAL;
  if (is_random_float && !dtype_is_float(dtype)) {
    fail(g->status, TF_INVALID_ARGUMENT, "Expected floating point type, got %s.", SM_DataTypeName(dtype));
    return nothing();
  }
  switch (init->kind) {
    case SM_INIT_DEFAULT:
      return dtype_is_float(dtype) ? glorot(g, init, dtype, shape, whole, true)
                                   : zeros_or_ones(g, dtype, shape, 0, "zeros");
    case SM_INIT_ZEROS: return zeros_or_ones(g, dtype, shape, 0, "zeros");
    case SM_INIT_ONES: return zeros_or_ones(g, dtype, shape, 1, "ones");
    case SM_INIT_CONSTANT: return fill_constant(g, dtype, shape, init->a, NULL);
    case SM_INIT_UNIFORM: return random_uniform(g, init, dtype, shape, init->a, init->b);
    case SM_INIT_NORMAL:
      return random_normal(g, init, dtype, shape, "random_normal", "RandomStandardNormal", init->a, init->b);
    case SM_INIT_TRUNCATED_NORMAL:
      return random_normal(g, init, dtype, shape, "truncated_normal", "TruncatedNormal", init->a, init->b);
    case SM_INIT_GLOROT_UNIFORM: return glorot(g, init, dtype, shape, whole, true);
    case SM_INIT_GLOROT_NORMAL: return glorot(g, init, dtype, shape, whole, false);
    case SM_INIT_VALUE:
    case SM_INIT_OUTPUT: break;
  }
  return nothing();
}
