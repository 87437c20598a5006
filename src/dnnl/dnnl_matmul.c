#include "dnnl/dnnl_call.h"

#ifndef SM_DNNL

DnnlCall *dnnl_matmul_new(const DnnlMatmulShape *s) {
  (void)s;
  return 0;
}

#else

#include "dnnl/dnnl_internal.h"

static bool describe(dnnl_memory_desc_t *md, int64_t batch, int64_t rows, int64_t cols, int64_t batch_stride,
                     int64_t row_stride, int64_t col_stride) {
  dnnl_dims_t dims = {batch_stride == 0 ? 1 : batch, rows, cols};
  dnnl_dims_t strides = {batch_stride == 0 ? rows * cols : batch_stride, row_stride, col_stride};
  return dnnl_memory_desc_init_by_strides(md, 3, dims, dnnl_f32, strides) == dnnl_success;
}

static bool describe_plain(dnnl_memory_desc_t *md, int64_t rows, int64_t cols, int64_t row_stride,
                           int64_t col_stride) {
  dnnl_dims_t dims = {rows, cols}, strides = {row_stride, col_stride};
  return dnnl_memory_desc_init_by_strides(md, 2, dims, dnnl_f32, strides) == dnnl_success;
}

DnnlCall *dnnl_matmul_new(const DnnlMatmulShape *s) {
  dnnl_memory_desc_t a, b, c, any_b;
  dnnl_matmul_desc_t desc;
  if (!dnnl_here()) return NULL;
  bool ok;
  if (s->batch == 1) {
    ok = describe_plain(&a, s->m, s->k, s->a_row, s->a_col) &&
         describe_plain(&b, s->k, s->n, s->b_row, s->b_col) && describe_plain(&c, s->m, s->n, s->n, 1);
  } else {
    ok = describe(&a, s->batch, s->m, s->k, s->a_batch, s->a_row, s->a_col) &&
         describe(&b, s->batch, s->k, s->n, s->b_batch, s->b_row, s->b_col) &&
         describe(&c, s->batch, s->m, s->n, s->m * s->n, s->n, 1);
  }
  bool any = s->b_weights && s->batch == 1;
  dnnl_dims_t b_dims = {s->k, s->n};
  if (any)
    ok = ok && dnnl_memory_desc_init_by_tag(&any_b, 2, b_dims, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
  if (!ok || dnnl_matmul_desc_init(&desc, &a, any ? &any_b : &b, NULL, &c) != dnnl_success) return NULL;
  DnnlPlan plan = {.op = &desc,
                   .num_args = 3,
                   .arg_ids = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                   .args = {&a, &b, &c},
                   .threads = s->threads};
  return dnnl_call_new(&plan);
}

#endif
