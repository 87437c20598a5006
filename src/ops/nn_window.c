#include "ops/nn_window.h"

#include <string.h>

#include "base/checked.h"

static bool text_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

TF_Code window_list_read(const WindowAttrs *w, const Node *node, const char *which, int64_t *n, int64_t *h,
                         int64_t *wd, int64_t *c, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(node, which, TF_ATTR_INT, &list, st));
  if (list->count != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify 4 dimensions", which);
  const int64_t *v = list->v.list_i;
  *n = v[0];
  *h = v[w->nchw ? 2 : 1];
  *wd = v[w->nchw ? 3 : 2];
  *c = v[w->nchw ? 1 : 3];
  return TF_OK;
}

TF_Code window_explicit_read(WindowAttrs *w, const Node *node, TF_Status *st) {
  const Attr *list;
  if (!node_attr(node, "explicit_paddings")) return TF_OK;
  TRY(node_attr_list(node, "explicit_paddings", TF_ATTR_INT, &list, st));
  if (w->padding != PAD_EXPLICIT) {
    if (list->count == 0) return TF_OK;
    return fail(st, TF_INVALID_ARGUMENT,
                "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT");
  }
  if (list->count != 8)
    return fail(st, TF_INVALID_ARGUMENT, "explicit_paddings attribute must contain 8 values, but got: %lld",
                (long long)list->count);
  int at = w->nchw ? 4 : 2;
  for (int i = 0; i < 8; i++) {
    if (list->v.list_i[i] < 0)
      return fail(st, TF_INVALID_ARGUMENT, "All elements of explicit_paddings must be nonnegative");
    if ((i < at || i >= at + 4) && list->v.list_i[i] != 0)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Nonzero explicit padding in the batch or depth dimensions is not supported");
  }
  memcpy(w->explicit_h, list->v.list_i + at, sizeof w->explicit_h);
  memcpy(w->explicit_w, list->v.list_i + at + 2, sizeof w->explicit_w);
  return TF_OK;
}

TF_Code window_attrs_read(WindowAttrs *w, const Node *node, TF_Status *st) {
  *w = (WindowAttrs){.stride_n = 1, .stride_h = 1, .stride_w = 1, .stride_c = 1};
  w->dilation_n = w->dilation_h = w->dilation_w = w->dilation_c = 1;
  const Attr *format = node_attr(node, "data_format");
  if (format && !text_is(format->v.s, "NHWC") && !text_is(format->v.s, "NCHW"))
    return fail(st, node_attr(node, "dilations") ? TF_UNIMPLEMENTED : TF_INVALID_ARGUMENT,
                "data format %.*s is not supported", (int)format->v.s.size, (const char *)format->v.s.data);
  w->nchw = format && text_is(format->v.s, "NCHW");
  Span padding;
  TRY(node_attr_string(node, "padding", &padding, st));
  w->padding = text_is(padding, "SAME") ? PAD_SAME : text_is(padding, "VALID") ? PAD_VALID : PAD_EXPLICIT;
  if (node_attr(node, "strides"))
    TRY(window_list_read(w, node, "strides", &w->stride_n, &w->stride_h, &w->stride_w, &w->stride_c, st));
  /* TF: the gradients of depthwise convolutions don't look at dilations. */
  if (node_attr(node, "dilations") && !strstr(node->op, "NativeBackprop"))
    TRY(window_list_read(w, node, "dilations", &w->dilation_n, &w->dilation_h, &w->dilation_w, &w->dilation_c,
                         st));
  return TF_OK;
}

TF_Code window_check_strides(const WindowAttrs *w, TF_Code deep, TF_Status *st) {
  if (w->stride_n != 1 || w->stride_c != 1)
    return fail(st, deep,
                "Current implementation does not yet support strides in the batch and depth dimensions.");
  if (w->stride_h <= 0 || w->stride_w <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Row and column strides should be larger than 0.");
  return TF_OK;
}

TF_Code window_check_dilations(const WindowAttrs *w, TF_Code deep, TF_Status *st) {
  if (w->dilation_n != 1 || w->dilation_c != 1)
    return fail(st, deep,
                "Current implementation does not yet support dilations in the batch and depth dimensions.");
  if (w->dilation_h <= 0 || w->dilation_w <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Dilated rates should be larger than 0.");
  return TF_OK;
}

static TF_Code check_steps(int64_t dilation, int64_t stride, TF_Status *st) {
  if (stride <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "Stride must be > 0, but got %lld", (long long)stride);
  if (dilation < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Dilation rate must be >= 1, but got %lld", (long long)dilation);
  return TF_OK;
}

TF_Code window_size(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                    int64_t dilation, int64_t stride, int64_t *out, int64_t *before, int64_t *after,
                    TF_Status *st) {
  const int64_t most = INT64_MAX >> 3;
  int64_t effective;
  TRY(check_steps(dilation, stride, st));
  if (!checked_mul_i64(filter - 1, dilation, &effective) || effective > most || effective < -most)
    return fail(st, TF_INVALID_ARGUMENT, "filter size %lld is out of range", (long long)filter);
  effective += 1;
  *before = *after = 0;
  if (padding == PAD_EXPLICIT) {
    *before = explicit_pad[0];
    *after = explicit_pad[1];
  }
  if (in > most || *before > most || *after > most || stride > most)
    return fail(st, TF_INVALID_ARGUMENT, "sizes of a window are out of range");
  if (padding == PAD_SAME) {
    *out = (in + stride - 1) / stride;
    int64_t total = (*out - 1) * stride + effective - in;
    if (total < 0) total = 0;
    *before = total / 2;
    *after = total - *before;
  } else {
    *out = (in + *before + *after - effective + stride) / stride; /* TF: a quotient that C rounds to 0 is 0 */
  }
  if (*out < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Computed output size would be negative: %lld [input_size: %lld, effective_filter_size: "
                "%lld, stride: %lld]",
                (long long)*out, (long long)in, (long long)effective, (long long)stride);
  return TF_OK;
}

TF_Code window_size_partial(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                            int64_t dilation, int64_t stride, int64_t *out, TF_Status *st) {
  int64_t before, after;
  *out = -1;
  TRY(check_steps(dilation, stride, st));
  if (in < 0 || (filter < 0 && padding != PAD_SAME)) return TF_OK;
  return window_size(padding, explicit_pad, in, filter < 0 ? 1 : filter, dilation, stride, out, &before,
                     &after, st);
}
