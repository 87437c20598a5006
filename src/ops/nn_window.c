#include "ops/nn_window.h"

#include <string.h>

static bool text_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

TF_Code window_pair(const WindowAttrs *w, const Attr *list, const char *what, int64_t *h, int64_t *wd,
                    TF_Status *st) {
  if (list->count != 4)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify 4 dimensions", what);
  int channel = w->nchw ? 1 : 3, at_h = w->nchw ? 2 : 1;
  if (list->v.list_i[0] != 1 || list->v.list_i[channel] != 1)
    return fail(st, w->invalid ? TF_INVALID_ARGUMENT : TF_UNIMPLEMENTED,
                "Current implementation does not yet support %s in the batch and depth dimensions.", what);
  *h = list->v.list_i[at_h];
  *wd = list->v.list_i[at_h + 1];
  return TF_OK;
}

TF_Code window_attrs_read(WindowAttrs *w, const Node *node, TF_Status *st) {
  *w = (WindowAttrs){.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
  w->invalid = strstr(node->op, "Depthwise") || strstr(node->op, "BackpropFilter");
  const Attr *format = node_attr(node, "data_format"), *list;
  if (format && !text_is(format->v.s, "NHWC") && !text_is(format->v.s, "NCHW"))
    return fail(st, TF_UNIMPLEMENTED, "data format %.*s is not supported", (int)format->v.s.size,
                (const char *)format->v.s.data);
  w->nchw = format && text_is(format->v.s, "NCHW");
  Span padding;
  TRY(node_attr_string(node, "padding", &padding, st));
  w->padding = text_is(padding, "SAME") ? PAD_SAME : text_is(padding, "VALID") ? PAD_VALID : PAD_EXPLICIT;
  if (node_attr(node, "strides")) {
    TRY(node_attr_list(node, "strides", TF_ATTR_INT, &list, st));
    TRY(window_pair(w, list, "strides", &w->stride_h, &w->stride_w, st));
    if (w->stride_h <= 0 || w->stride_w <= 0)
      return fail(st, TF_INVALID_ARGUMENT, "Row and column strides should be larger than 0.");
  }
  if (node_attr(node, "dilations")) {
    TRY(node_attr_list(node, "dilations", TF_ATTR_INT, &list, st));
    TRY(window_pair(w, list, "dilations", &w->dilation_h, &w->dilation_w, st));
    if (w->dilation_h <= 0 || w->dilation_w <= 0)
      return fail(st, TF_INVALID_ARGUMENT, "Dilated rates should be larger than 0.");
  }
  if (w->padding == PAD_EXPLICIT) {
    TRY(node_attr_list(node, "explicit_paddings", TF_ATTR_INT, &list, st));
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
  }
  return TF_OK;
}

TF_Code window_size(Padding padding, const int64_t *explicit_pad, int64_t in, int64_t filter,
                    int64_t dilation, int64_t stride, int64_t *out, int64_t *before, int64_t *after,
                    TF_Status *st) {
  int64_t effective;
  if (filter <= 0 || __builtin_mul_overflow(filter - 1, dilation, &effective) || effective > (INT64_MAX >> 2))
    return fail(st, TF_INVALID_ARGUMENT, "filter size %lld is out of range", (long long)filter);
  effective += 1;
  *before = *after = 0;
  if (padding == PAD_SAME) {
    *out = (in + stride - 1) / stride;
    int64_t total = (*out - 1) * stride + effective - in;
    if (total < 0) total = 0;
    *before = total / 2;
    *after = total - *before;
  } else {
    if (padding == PAD_EXPLICIT) {
      *before = explicit_pad[0];
      *after = explicit_pad[1];
    }
    int64_t room = in + *before + *after - effective + stride;
    *out = room >= 0 ? room / stride : -((-room + stride - 1) / stride);
    /* TF: the quotient is C's, so that a window one step too large gives 0. */
    if (room > -stride && room < 0) *out = 0;
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
  if (in < 0 || (filter < 0 && padding != PAD_SAME)) return TF_OK;
  return window_size(padding, explicit_pad, in, filter < 0 ? 1 : filter, dilation, stride, out, &before,
                     &after, st);
}
