#include "ops/nn_pool_window.h"

#include <string.h>

#include "ops/math_types.h"

/* What a kernel says, and when. */
typedef struct PoolRules {
  const char *op;
  const char *only_nhwc;  /* of another format; NULL: the op has none */
  const char *small_size; /* of sizes below 1, followed by the dimension (%d is in it) or the size */
  bool batch_first;       /* sizes and strides of batches are looked at before small sizes */
  const char *deep;       /* of sizes or strides of channels that are not 1, before there is an input */
} PoolRules;

#define ONLY_NHWC(kernel) "Default " kernel " only supports NHWC on device type CPU"
#define POSITIVE "ksize must be a postive int32 value, got:"
#define ZERO "Sliding window ksize for dimension %d was zero."
#define GRAD_DEEP "MaxPoolingGrad is not yet supported on the depth dimension."

static const PoolRules rules[] = {
    {"AvgPool", ONLY_NHWC("AvgPoolingOp"), POSITIVE, true, NULL},
    {"AvgPoolGrad", ONLY_NHWC("AvgPoolingGradOp"), NULL, true, NULL},
    {"MaxPool", ONLY_NHWC("MaxPoolingOp"), ZERO, false, NULL},
    {"MaxPoolV2", "MaxPoolingV2Op only supports NHWC or NCHW_VECT_C. Got: NCHW",
     "Sliding window ksize must be positive.", false, NULL},
    {"MaxPoolGrad", ONLY_NHWC("MaxPoolingGradOp"), NULL, true, GRAD_DEEP},
    {"MaxPoolGradV2", ONLY_NHWC("MaxPoolingGradOp"), NULL, true, GRAD_DEEP},
    {"MaxPoolGradGrad", ONLY_NHWC("MaxPoolingGradGradOp"), NULL, true,
     "MaxPoolingGradGrad is not yet supported on the depth dimension."},
    {"MaxPoolGradGradV2", ONLY_NHWC("MaxPoolingGradGradOp"), NULL, true, GRAD_DEEP},
    {"MaxPoolWithArgmax", NULL, POSITIVE, false, NULL},
    {"MaxPoolGradWithArgmax", NULL, NULL, true, NULL},
    {"QuantizedMaxPool", NULL, ZERO, false, NULL},
    {"QuantizedAvgPool", NULL, NULL, true, NULL},
};

static const PoolRules *rules_of(const Node *node) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (strcmp(rules[i].op, node->op) == 0) return &rules[i];
  return rules; /* not reached: every pooling has its rules */
}

bool pool_window_from_inputs(const Node *node) { return node_attr(node, "ksize") == NULL; }

static TF_Code check_small(const PoolRules *r, const PoolWindow *p, TF_Status *st) {
  const int64_t size[4] = {p->size_n, p->size_h, p->size_w, p->size_c};
  for (int i = 0; r->small_size && i < 4; i++) {
    if (size[i] > 0) continue;
    if (strcmp(r->small_size, POSITIVE) == 0)
      return fail(st, TF_INVALID_ARGUMENT, POSITIVE "%lld", (long long)size[i]);
    if (strcmp(r->small_size, ZERO) == 0) return fail(st, TF_INVALID_ARGUMENT, ZERO, i);
    return fail(st, TF_INVALID_ARGUMENT, "%s", r->small_size);
  }
  return TF_OK;
}

/* The rules for sizes and strides that are known. */
static TF_Code check_lists(const PoolRules *r, const PoolWindow *p, TF_Status *st) {
  if (!r->batch_first) TRY(check_small(r, p, st));
  if (p->size_n != 1 || p->w.stride_n != 1)
    return fail(st, TF_UNIMPLEMENTED, "Pooling is not yet supported on the batch dimension.");
  if (r->batch_first) TRY(check_small(r, p, st));
  if (r->deep && (p->size_c != 1 || p->w.stride_c != 1)) return fail(st, TF_UNIMPLEMENTED, "%s", r->deep);
  return TF_OK;
}

TF_Code pool_window_init(PoolWindow *p, const Node *node, TF_Status *st) {
  const PoolRules *r = rules_of(node);
  TRY(window_attrs_read(&p->w, node, st));
  if (p->w.nchw && r->only_nhwc) return fail(st, TF_INVALID_ARGUMENT, "%s", r->only_nhwc);
  if (pool_window_from_inputs(node)) return TF_OK;
  TRY(window_list_read(&p->w, node, "ksize", &p->size_n, &p->size_h, &p->size_w, &p->size_c, st));
  TRY(check_lists(r, p, st));
  /* TF: gradients look at explicit paddings only when there are to be some. */
  return p->w.padding == PAD_EXPLICIT || !strstr(node->op, "Grad") ? window_explicit_read(&p->w, node, st)
                                                                   : TF_OK;
}

TF_Code pool_window_take(PoolWindow *p, const Node *node, const Tensor *sizes, const Tensor *strides,
                         TF_Status *st) {
  if (tensor_count(sizes) != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window ksize field must specify 4 dimensions");
  if (tensor_count(strides) != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window stride field must specify 4 dimensions");
  p->size_n = math_int_at(sizes, 0);
  p->size_h = math_int_at(sizes, 1);
  p->size_w = math_int_at(sizes, 2);
  p->size_c = math_int_at(sizes, 3);
  p->w.stride_n = math_int_at(strides, 0);
  p->w.stride_h = math_int_at(strides, 1);
  p->w.stride_w = math_int_at(strides, 2);
  p->w.stride_c = math_int_at(strides, 3);
  return check_lists(rules_of(node), p, st);
}

TF_Code pool_window_check_depth(const PoolWindow *p, const Node *node, int64_t channels, TF_Status *st) {
  if (p->size_c == 1) return TF_OK;
  if (p->size_h != 1 || p->size_w != 1)
    return fail(st, TF_UNIMPLEMENTED,
                "MaxPooling supports exactly one of pooling across depth or pooling across width/height.");
  if (p->size_c <= 0 || channels % p->size_c != 0)
    return fail(st, TF_UNIMPLEMENTED,
                "Depthwise max pooling requires the depth window to evenly divide the input depth");
  if (p->w.stride_c != p->size_c)
    return fail(st, TF_UNIMPLEMENTED,
                "Depthwise max pooling requires the depth window to equal the depth stride");
  if (strncmp(node->op, "Avg", 3) == 0 || strstr(node->op, "Argmax") ||
      strcmp(node->op, "QuantizedAvgPool") == 0)
    return fail(st, TF_UNIMPLEMENTED, "Non-spatial pooling is not yet supported. Volunteers? :)");
  return TF_OK;
}

static TF_Code check_explicit(int64_t pad, int64_t size, const char *what, TF_Status *st) {
  if (pad < size) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s padding %lld needs to be smaller than the window size %lld", what,
              (long long)pad, (long long)size);
}

TF_Code pool_window_check_explicit(const PoolWindow *p, TF_Status *st) {
  if (p->w.padding != PAD_EXPLICIT) return TF_OK;
  TRY(check_explicit(p->w.explicit_h[0], p->size_h, "Top", st));
  TRY(check_explicit(p->w.explicit_h[1], p->size_h, "Bottom", st));
  TRY(check_explicit(p->w.explicit_w[0], p->size_w, "Left", st));
  return check_explicit(p->w.explicit_w[1], p->size_w, "Right", st);
}

TF_Code pool_window_shape(const Node *node, const Shape *x, Shape *out, TF_Status *st) {
  PoolWindow p;
  TRY(window_attrs_read(&p.w, node, st));
  if (!strstr(node->op, "Grad")) TRY(window_explicit_read(&p.w, node, st));
  if (x->rank >= 0 && x->rank != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 4 but is rank %d", x->rank);
  Shape in = x->rank == 4 ? *x : shape_of_rank(4);
  int h = p.w.nchw ? 2 : 1, c = p.w.nchw ? 1 : 3;
  *out = in;
  out->dims[h] = out->dims[h + 1] = out->dims[c] = -1;
  if (pool_window_from_inputs(node)) return TF_OK;
  TRY(window_list_read(&p.w, node, "ksize", &p.size_n, &p.size_h, &p.size_w, &p.size_c, st));
  TRY(window_size_partial(p.w.padding, p.w.explicit_h, in.dims[h], p.size_h, 1, p.w.stride_h, &out->dims[h],
                          st));
  TRY(window_size_partial(p.w.padding, p.w.explicit_w, in.dims[h + 1], p.size_w, 1, p.w.stride_w,
                          &out->dims[h + 1], st));
  if (strstr(node->op, "Avg")) out->dims[c] = in.dims[c];
  else if (p.w.stride_c <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Stride must be > 0, but got %lld", (long long)p.w.stride_c);
  else if (p.size_c == 1) out->dims[c] = in.dims[c];
  else { /* TF: the kernels that pool channels, unlike the shape function, don't look at other strides */
    out->dims[h] = in.dims[h];
    out->dims[h + 1] = in.dims[h + 1];
    if (in.dims[c] >= 0 && p.size_c > 0) out->dims[c] = in.dims[c] / p.size_c;
  }
  return TF_OK;
}
