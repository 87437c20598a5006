/* random_fill.h. */
#include "ops/random_fill.h"

#include <string.h>

#include "base/parallel.h"

/* A value of dtype float, half or bfloat16. */
static void store_float(Tensor *out, int64_t i, float f) {
  if (out->dtype == TF_FLOAT) ((float *)out->data)[i] = f;
  else if (out->dtype == TF_HALF) ((uint16_t *)out->data)[i] = half_of_float(f);
  else ((uint16_t *)out->data)[i] = bfloat16_of_float(f);
}

static void store_integer(const RandomFill *j, int64_t i, uint64_t x) {
  Tensor *out = j->out;
  if (dtype_size(out->dtype) == 8) {
    uint64_t v = j->kind == INTEGERS ? (uint64_t)j->low + x % j->range : x;
    memcpy((uint64_t *)out->data + i, &v, 8);
  } else {
    uint32_t v = j->kind == INTEGERS ? (uint32_t)j->low + (uint32_t)x % (uint32_t)j->range : (uint32_t)x;
    memcpy((uint32_t *)out->data + i, &v, 4);
  }
}

/* The values of one counter, of which the first `n` are stored from element `at` on. */
static void fill_group(const RandomFill *j, Philox *p, int64_t at, int n) {
  if (j->kind == INTEGERS || j->kind == ALL_BITS) {
    uint32_t w[4];
    philox_next(p, w);
    for (int i = 0; i < n; i++)
      store_integer(j, at + i, j->group == 4 ? w[i] : w[2 * i] | (uint64_t)w[2 * i + 1] << 32);
    return;
  }
  if (j->kind == UNIFORM && j->out->dtype == TF_FLOAT) {
    uint32_t w[4];
    philox_next(p, w);
    for (int i = 0; i < n; i++) ((float *)j->out->data)[at + i] = uniform_float(w[i]);
    return;
  }
  double values[4];
  if (j->kind == NORMAL) draw_normal(p, j->out->dtype, values);
  else draw_uniform(p, j->out->dtype, values);
  for (int i = 0; i < n; i++) {
    if (j->out->dtype == TF_DOUBLE) ((double *)j->out->data)[at + i] = values[i];
    else store_float(j->out, at + i, (float)values[i]);
  }
}

static void fill_truncated(const RandomFill *j, Words *words, int64_t at, int n) {
  for (int made = 0; made < j->group;) {
    double two[2];
    if (j->out->dtype == TF_DOUBLE) {
      uint32_t x[4];
      for (int i = 0; i < 4; i++) x[i] = words_next(words);
      box_muller_double(x, &two[0], &two[1]);
    } else {
      float f[2];
      uint32_t x0 = words_next(words), x1 = words_next(words);
      box_muller_float(x0, x1, &f[0], &f[1]);
      two[0] = (double)f[0];
      two[1] = (double)f[1];
    }
    for (int k = 0; k < 2 && made < j->group; k++) {
      if (fabs(two[k]) >= 2.0) continue;
      if (made < n && j->out->dtype == TF_DOUBLE) ((double *)j->out->data)[at + made] = two[k];
      else if (made < n) store_float(j->out, at + made, (float)two[k]);
      made++;
    }
  }
}

static void fill_groups(void *arg, int64_t begin, int64_t end) {
  const RandomFill *j = arg;
  uint64_t step = j->kind == TRUNCATED ? (uint64_t)j->group * RESERVED_PER_OUTPUT / 4 : 1;
  for (int64_t g = begin; g < end; g++) {
    Words words = words_of(j->p);
    philox_skip(&words.p, (uint64_t)g * step);
    int64_t at = g * j->group, left = j->count - at;
    int n = left < j->group ? (int)left : j->group;
    if (j->kind == TRUNCATED) fill_truncated(j, &words, at, n);
    else fill_group(j, &words.p, at, n);
  }
}

void random_fill(OpCtx *c, RandomFill *j) {
  j->out = &c->outputs[0];
  j->count = tensor_count(j->out);
  j->group = dtype_size(j->out->dtype) == 8 ? 2 : 4;
  parallel_for(c->threads, (j->count + j->group - 1) / j->group, 4096, fill_groups, j);
}

Distribution distribution_of(const char *op) {
  if (strstr(op, "Truncated")) return TRUNCATED;
  if (strstr(op, "Normal")) return NORMAL;
  if (strstr(op, "FullInt")) return ALL_BITS;
  if (strstr(op, "UniformInt")) return INTEGERS;
  return UNIFORM;
}

TF_Code random_output(OpCtx *c, int i, TF_Status *st) {
  const Tensor *shape = op_input(c, i);
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[SHAPE_TEXT_MAX];
  if (shape->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "shape must be a vector of {int32,int64}, got shape %s",
                shape_text(shape->dims, shape->rank, text, sizeof text));
  TRY(dims_of_tensor(shape, dims, &rank, st));
  return op_output(c, 0, c->node->output_types[0], dims, rank, st);
}

TF_Code random_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 0, &c->outputs[0], st); }

TF_Code random_prepare(OpCtx *c, TF_Status *st) { return random_output(c, 0, st); }

TF_Code random_read_range(const OpCtx *c, int i, bool even_if_empty, RandomFill *j, TF_Status *st) {
  const Tensor *low = op_input(c, i), *high = op_input(c, i + 1);
  char text[SHAPE_TEXT_MAX];
  for (int k = 0; k < 2; k++) {
    const Tensor *t = op_input(c, i + k);
    if (t->rank)
      return fail(st, TF_INVALID_ARGUMENT, "%s must be 0-D, got shape %s", k ? "maxval" : "minval",
                  shape_text(t->dims, t->rank, text, sizeof text));
  }
  bool is_unsigned = low->dtype == TF_UINT32 || low->dtype == TF_UINT64;
  uint64_t a, b;
  if (low->dtype == TF_UINT64) a = *(uint64_t *)low->data, b = *(uint64_t *)high->data;
  else if (low->dtype == TF_UINT32) a = *(uint32_t *)low->data, b = *(uint32_t *)high->data;
  else a = (uint64_t)int_at(low, 0), b = (uint64_t)int_at(high, 0);
  if (is_unsigned ? a >= b : (int64_t)a >= (int64_t)b) {
    if (tensor_count(&c->outputs[0]) == 0 && !even_if_empty) return TF_OK;
    return is_unsigned ? fail(st, TF_INVALID_ARGUMENT, "Need minval < maxval, got %llu >= %llu",
                              (unsigned long long)a, (unsigned long long)b)
                       : fail(st, TF_INVALID_ARGUMENT, "Need minval < maxval, got %lld >= %lld", (long long)a,
                              (long long)b);
  }
  j->low = (int64_t)a;
  j->range = b - a;
  return TF_OK;
}
