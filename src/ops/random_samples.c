/* random_samples.h. */
#include "ops/random_samples.h"

#include <string.h>

#include "base/parallel.h"
#include "ops/random_fill.h"

void samples_store(Samples *s, int64_t k, int64_t i, double x) {
  int64_t at = i * s->num_params + k;
  void *data = s->out->data;
  switch (s->out->dtype) {
    case TF_FLOAT: ((float *)data)[at] = fabsf((float)x) < 0x1p-126f ? 0 : (float)x; break;
    case TF_DOUBLE: ((double *)data)[at] = x; break;
    case TF_HALF: ((uint16_t *)data)[at] = half_of_float((float)x); break;
    case TF_BFLOAT16: ((uint16_t *)data)[at] = bfloat16_of_float((float)x); break;
    case TF_INT32:
      ((int32_t *)data)[at] = x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
      break;
    default: ((int64_t *)data)[at] = fabs(x) < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
  }
}

static void samples_part(void *arg, int64_t begin, int64_t end) {
  Samples *s = arg;
  for (int64_t at = begin; at < end && !s->failed;) {
    int64_t k = at / s->per_param, from = at % s->per_param, to = s->per_param;
    if (end - at < to - from) to = from + end - at;
    s->draw(s, k, math_number_at(s->params, k), from, to);
    at += to - from;
  }
}

TF_Code samples_run(OpCtx *c, int i, Samples *s, TF_Status *st) {
  s->out = &c->outputs[0];
  s->params = op_input(c, i);
  s->num_params = tensor_count(s->params);
  int64_t count = tensor_count(s->out);
  if (!count) return TF_OK;
  s->per_param = count / s->num_params;
  parallel_for(c->threads, count, 256, samples_part, s);
  if (s->failed)
    return fail(st, TF_INVALID_ARGUMENT, "%s: no sample was accepted for a parameter", c->node->op);
  return TF_OK;
}

TF_Code samples_shape_appended(ShapeCtx *c, TF_Status *st) {
  Shape *out = &c->outputs[0], samples = {0};
  const Shape *params = c->inputs[1];
  TRY(shape_of_value(c, 0, &samples, st));
  *out = shape_unknown();
  if (samples.rank < 0 || params->rank < 0 || samples.rank + params->rank > TENSOR_MAX_RANK) return TF_OK;
  *out = shape_of_rank(samples.rank + params->rank);
  for (int i = 0; i < samples.rank; i++) out->dims[i] = samples.dims[i];
  for (int i = 0; i < params->rank; i++) out->dims[samples.rank + i] = params->dims[i];
  return TF_OK;
}

TF_Code samples_prepare_appended(OpCtx *c, TF_Status *st) {
  const Tensor *shape = op_input(c, 0), *params = op_input(c, 1);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  if (shape->rank != 1) {
    const char *dims_text = shape_text(shape->dims, shape->rank, text, sizeof text);
    if (strcmp(c->node->op, "RandomGamma") != 0)
      return fail(st, TF_INVALID_ARGUMENT, "shape must be a vector of {int32,int64}, got shape %s",
                  dims_text);
    return fail(st, TF_INVALID_ARGUMENT,
                "shape must be a vector of {int32,int64}, got shape: Tensor<type: %s shape: %s values: %lld>",
                dtype_name(shape->dtype), dims_text, tensor_count(shape) ? (long long)int_at(shape, 0) : 0);
  }
  TRY(dims_of_tensor(shape, dims, &rank, st));
  if (rank + params->rank > TENSOR_MAX_RANK)
    return fail(st, TF_UNIMPLEMENTED, "%s: more than %d dimensions", c->node->op, TENSOR_MAX_RANK);
  for (int i = 0; i < params->rank; i++) dims[rank + i] = params->dims[i];
  return op_output(c, 0, c->node->output_types[0], dims, rank + params->rank, st);
}

TF_Code samples_prepare_whole(OpCtx *c, TF_Status *st) {
  const Tensor *params = op_input(c, c->num_inputs - 1), *out = &c->outputs[0];
  TRY(random_output(c, 0, st));
  if (tensor_count(out) == 0) return TF_OK;
  bool ends = out->rank >= params->rank;
  for (int i = 0; ends && i < params->rank; i++)
    ends = out->dims[out->rank - params->rank + i] == params->dims[i];
  return ends ? TF_OK : fail(st, TF_INVALID_ARGUMENT, "Shape passed in must end with broadcasted shape.");
}
