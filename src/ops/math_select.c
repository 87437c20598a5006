/* Select, SelectV2 and ClipByValue: choosing between elements of any type. */
#include <stddef.h>
#include <string.h>

#include "base/parallel.h"
#include "ops/math_broadcast.h"
#include "ops/math_types.h"
#include "ops/op.h"

typedef struct SelectPrep {
  Broadcast b; /* of condition, then, else */
} SelectPrep;

/* n elements at strides of 0 or 1. */
static TF_Code select_run_of(TF_DataType dtype, char *out, const uint8_t *cond, const char *t, const char *e,
                             int64_t n, int64_t sc, int64_t stt, int64_t se, TF_Status *st) {
  size_t size = dtype_size(dtype);
  if (dtype_is_object(dtype)) {
    for (int64_t i = 0; i < n; i++) {
      const char *from = cond[i * sc] ? t + (size_t)(i * stt) * size : e + (size_t)(i * se) * size;
      TRY(elements_copy(dtype, out + (size_t)i * size, from, 1, st));
    }
    return TF_OK;
  }
  if (sc == 0) {
    const char *from = cond[0] ? t : e;
    int64_t step = cond[0] ? stt : se;
    if (step) {
      memmove(out, from, (size_t)n * size);
      return TF_OK;
    }
  }
#define CHOOSE(T)                                 \
  do {                                            \
    T *o = (T *)out;                              \
    const T *x = (const T *)t, *y = (const T *)e; \
    SM_IVDEP for (int64_t i = 0; i < n; i++) {    \
      T a = x[i * stt], b = y[i * se];            \
      o[i] = cond[i * sc] ? a : b;                \
    }                                             \
  } while (0)
  typedef struct Pair {
    uint64_t a, b;
  } Pair;
  switch (size) {
    case 1: CHOOSE(uint8_t); break;
    case 2: CHOOSE(uint16_t); break;
    case 4: CHOOSE(uint32_t); break;
    case 8: CHOOSE(uint64_t); break;
    default: CHOOSE(Pair); break;
  }
#undef CHOOSE
  return TF_OK;
}

static TF_Code select_walk(OpCtx *c, TF_Status *st) {
  const Broadcast *b = &((const SelectPrep *)c->prep)->b;
  if (b->count == 0) return TF_OK;
  TF_DataType dtype = op_input(c, 1)->dtype;
  size_t size = dtype_size(dtype);
  int last = b->rank - 1;
  int64_t n = b->dims[last], offset[3];
  for (int64_t i = 0; i < b->outer; i++) {
    broadcast_offsets(b, i, offset);
    TRY(select_run_of(dtype, (char *)c->outputs[0].data + (size_t)(i * n) * size,
                      (const uint8_t *)op_input(c, 0)->data + offset[0],
                      (const char *)op_input(c, 1)->data + (size_t)offset[1] * size,
                      (const char *)op_input(c, 2)->data + (size_t)offset[2] * size, n, b->stride[0][last],
                      b->stride[1][last], b->stride[2][last], st));
  }
  return TF_OK;
}

static TF_Code select_v2_prepare(OpCtx *c, TF_Status *st) {
  SelectPrep *p = c->prep;
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  char text[3][SHAPE_TEXT_MAX];
  if (!broadcast_plan(&p->b, c->inputs, 3, dims, &rank)) {
    for (int i = 0; i < 3; i++)
      shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text[i], sizeof text[i]);
    return fail(st, TF_INVALID_ARGUMENT, "condition %s, then %s, and else %s must be broadcastable", text[0],
                text[1], text[2]);
  }
  return op_output(c, 0, op_input(c, 1)->dtype, dims, rank, st);
}

static bool same_dims(const Tensor *a, const Tensor *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0);
}

/* The condition is a scalar, a vector that picks rows, or of the others' shape. */
static TF_Code select_prepare(OpCtx *c, TF_Status *st) {
  SelectPrep *p = c->prep;
  Tensor cond = *op_input(c, 0);
  const Tensor *t = op_input(c, 1), *e = op_input(c, 2);
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  bool rows = cond.rank == 1 && t->rank != 1;
  if (cond.rank != 0 && !rows) {
    for (int i = 1; i < 3; i++)
      if (!same_dims(&cond, op_input(c, i)))
        return fail(st, TF_INVALID_ARGUMENT,
                    "Inputs to operation %s of type %s must have the same size and shape.  Input 0: %s != "
                    "input %d: %s",
                    c->node->name, c->node->op, shape_text(cond.dims, cond.rank, a, sizeof a), i,
                    shape_text(op_input(c, i)->dims, op_input(c, i)->rank, b, sizeof b));
  }
  if (!same_dims(t, e))
    return fail(st, TF_INVALID_ARGUMENT,
                "'then' and 'else' must have the same size.  but received: %s vs. %s",
                shape_text(t->dims, t->rank, a, sizeof a), shape_text(e->dims, e->rank, b, sizeof b));
  if (rows && t->rank == 0)
    return fail(st, TF_INVALID_ARGUMENT, "'then' must be at least a vector, but saw shape: []");
  if (rows && cond.dims[0] != t->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Number of batches of 'then' must match size of 'cond', but saw: %lld vs. %lld",
                (long long)t->dims[0], (long long)cond.dims[0]);
  for (; rows && cond.rank < t->rank; cond.rank++) cond.dims[cond.rank] = 1;
  const Tensor *all[3] = {&cond, t, e};
  int64_t dims[TENSOR_MAX_RANK];
  int rank;
  if (!broadcast_plan(&p->b, all, 3, dims, &rank)) return broadcast_fail(&cond, t, st);
  return op_output_like(c, 0, t, st);
}

static TF_Code shape_select(ShapeCtx *c, TF_Status *st) {
  return shape_merge(c->inputs[1], c->inputs[2], &c->outputs[0], st);
}

static TF_Code shape_select_v2(ShapeCtx *c, TF_Status *st) {
  Shape both;
  TRY(shape_broadcast_two(c->inputs[1], c->inputs[2], &both, st));
  return shape_broadcast_two(c->inputs[0], &both, &c->outputs[0], st);
}

/* ---- ClipByValue ---- */

typedef struct ClipRun {
  TF_DataType dtype;
  char *out;
  const char *in, *low, *high;
  int64_t low_step, high_step;
} ClipRun;

/* NaN stays; where low is above high, low wins. Elements have `parts`, which are clipped each by itself. */
#define CLIP(T, parts)                                                                \
  do {                                                                                \
    T *o = (T *)r->out;                                                               \
    const T *x = (const T *)r->in, *lo = (const T *)r->low, *hi = (const T *)r->high; \
    for (int64_t i = begin; i < end; i++)                                             \
      for (int p = 0; p < (parts); p++) {                                             \
        T v = x[i * (parts) + p], l = lo[i * r->low_step * (parts) + p],              \
          h = hi[i * r->high_step * (parts) + p];                                     \
        v = v > h ? h : v;                                                            \
        o[i * (parts) + p] = v < l ? l : v;                                           \
      }                                                                               \
  } while (0)

static float load_16(TF_DataType dtype, const char *p, int64_t i) {
  float f;
  math_load_16(&f, (const uint16_t *)p + i, 1, dtype);
  return f;
}

static void clip_part(void *arg, int64_t begin, int64_t end) {
  const ClipRun *r = arg;
  if (math_is_16(r->dtype)) {
    for (int64_t i = begin; i < end; i++) {
      float v = load_16(r->dtype, r->in, i), l = load_16(r->dtype, r->low, i * r->low_step);
      float h = load_16(r->dtype, r->high, i * r->high_step);
      v = v > h ? h : v;
      v = v < l ? l : v;
      math_store_16((uint16_t *)r->out + i, &v, 1, r->dtype);
    }
    return;
  }
  switch (math_kind(r->dtype)) {
    case MK_F32: CLIP(float, 1); break;
    case MK_F64: CLIP(double, 1); break;
    case MK_I8: CLIP(int8_t, 1); break;
    case MK_I16: CLIP(int16_t, 1); break;
    case MK_I32: CLIP(int32_t, 1); break;
    case MK_I64: CLIP(int64_t, 1); break;
    case MK_U8: CLIP(uint8_t, 1); break;
    case MK_U16: CLIP(uint16_t, 1); break;
    case MK_U32: CLIP(uint32_t, 1); break;
    case MK_C64: CLIP(float, 2); break;
    case MK_C128: CLIP(double, 2); break;
    default: CLIP(uint64_t, 1); break;
  }
}

static TF_Code clip_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *x = op_input(c, 0), *lo = op_input(c, 1), *hi = op_input(c, 2);
  if ((lo->rank && !same_dims(x, lo)) || (hi->rank && !same_dims(x, hi))) {
    char text[3][SHAPE_TEXT_MAX];
    for (int i = 0; i < 3; i++)
      shape_text(op_input(c, i)->dims, op_input(c, i)->rank, text[i], sizeof text[i]);
    return fail(st, TF_INVALID_ARGUMENT,
                "clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. "
                "input shape: %sclip_value_min shape: %sclip_value_max shape: %s",
                text[0], text[1], text[2]);
  }
  return op_output_like(c, 0, x, st);
}

static TF_Code clip_run(OpCtx *c, TF_Status *st) {
  (void)st;
  ClipRun r = {op_input(c, 0)->dtype, c->outputs[0].data,       op_input(c, 0)->data,    op_input(c, 1)->data,
               op_input(c, 2)->data,  op_input(c, 1)->rank > 0, op_input(c, 2)->rank > 0};
  parallel_for(c->threads, tensor_count(op_input(c, 0)), 32768, clip_part, &r);
  return TF_OK;
}

const OpRow ops_math_select[] = {
    {"Select", .prep_size = sizeof(SelectPrep), .shape = shape_select, .prepare = select_prepare,
     .run = select_walk},
    {"SelectV2", .prep_size = sizeof(SelectPrep), .shape = shape_select_v2, .prepare = select_v2_prepare,
     .run = select_walk},
    {"ClipByValue", .types = "T: " TYPES_FLOATS " " TYPES_COMPLEX " int8 int16 int32 int64 uint8 uint16",
     .flags = OP_INPLACE, .shape = shape_same, .prepare = clip_prepare, .run = clip_run},
    {0}};
