#include "dnnl/dnnl_call.h"

#ifndef SM_DNNL

DnnlCall *dnnl_conv_new(const DnnlConvShape *s) {
  (void)s;
  return 0;
}
DnnlCall *dnnl_deconv_new(const DnnlConvShape *s) {
  (void)s;
  return 0;
}

#else

#include "dnnl/dnnl_internal.h"

/* oneDNN 2.6's brgconv computes wrong columns for some filters that are wider than the input (7 pixels and 8
 * or 9 taps, 9 and 10 or 11, ...), reading what it never wrote. */
static bool is_wider_than_input(const DnnlConvShape *s) {
  return s->groups == 1 && (s->filter_w - 1) * s->dilation_w >= s->in_w;
}

DnnlCall *dnnl_conv_new(const DnnlConvShape *s) {
  if (!dnnl_here() || is_wider_than_input(s)) return NULL;
  int64_t g = s->groups, ic = s->in_c / g, oc = s->out_c / g;
  dnnl_dims_t src = {s->batch, s->in_c, s->in_h, s->in_w}, dst = {s->batch, s->out_c, s->out_h, s->out_w};
  dnnl_dims_t strides = {s->stride_h, s->stride_w}, dilates = {s->dilation_h - 1, s->dilation_w - 1};
  dnnl_dims_t before = {s->pad_top, s->pad_left}, after = {s->pad_bottom, s->pad_right};
  /* The filter lies as [h][w][ic][g*oc], or [h][w][g][oc] when depthwise (ic 1). */
  dnnl_dims_t grouped = {g, oc, ic, s->filter_h, s->filter_w};
  dnnl_dims_t grouped_strides = {oc, 1, g * oc, s->filter_w * ic * g * oc, ic * g * oc};
  dnnl_dims_t plain = {oc, ic, s->filter_h, s->filter_w};
  dnnl_dims_t plain_strides = {1, oc, s->filter_w * ic * oc, ic * oc};
  dnnl_memory_desc_t src_md, weights_md, any_md, dst_md;
  dnnl_convolution_desc_t desc;
  bool ok = dnnl_memory_desc_init_by_tag(&src_md, 4, src, dnnl_f32, dnnl_nhwc) == dnnl_success &&
            dnnl_memory_desc_init_by_tag(&dst_md, 4, dst, dnnl_f32, dnnl_nhwc) == dnnl_success;
  if (g == 1) {
    ok = ok &&
         dnnl_memory_desc_init_by_strides(&weights_md, 4, plain, dnnl_f32, plain_strides) == dnnl_success &&
         dnnl_memory_desc_init_by_tag(&any_md, 4, plain, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
  } else {
    ok = ok &&
         dnnl_memory_desc_init_by_strides(&weights_md, 5, grouped, dnnl_f32, grouped_strides) ==
             dnnl_success &&
         dnnl_memory_desc_init_by_tag(&any_md, 5, grouped, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
  }
  ok = ok && dnnl_dilated_convolution_forward_desc_init(
                 &desc, dnnl_forward_inference, dnnl_convolution_direct, &src_md, &any_md, NULL, &dst_md,
                 strides, dilates, before, after) == dnnl_success;
  if (!ok) return NULL;
  DnnlPlan plan = {.op = &desc,
                   .num_args = 3,
                   .arg_ids = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                   .args = {&src_md, &weights_md, &dst_md},
                   .threads = s->threads};
  return dnnl_call_new(&plan);
}

DnnlCall *dnnl_deconv_new(const DnnlConvShape *s) {
  if (!dnnl_here() || s->groups != 1) return NULL;
  int64_t from = s->out_c, to = s->in_c;
  dnnl_dims_t src = {s->batch, from, s->out_h, s->out_w}, dst = {s->batch, to, s->in_h, s->in_w};
  dnnl_dims_t strides = {s->stride_h, s->stride_w}, dilates = {s->dilation_h - 1, s->dilation_w - 1};
  dnnl_dims_t before = {s->pad_top, s->pad_left}, after = {s->pad_bottom, s->pad_right};
  dnnl_dims_t filter = {to, from, s->filter_h, s->filter_w}; /* it lies as [h][w][to][from] */
  dnnl_dims_t filter_strides = {from, 1, s->filter_w * to * from, to * from};
  dnnl_memory_desc_t src_md, weights_md, any_md, dst_md;
  dnnl_deconvolution_desc_t desc;
  if (dnnl_memory_desc_init_by_tag(&src_md, 4, src, dnnl_f32, dnnl_nhwc) != dnnl_success ||
      dnnl_memory_desc_init_by_tag(&dst_md, 4, dst, dnnl_f32, dnnl_nhwc) != dnnl_success ||
      dnnl_memory_desc_init_by_strides(&weights_md, 4, filter, dnnl_f32, filter_strides) != dnnl_success ||
      dnnl_memory_desc_init_by_tag(&any_md, 4, filter, dnnl_f32, dnnl_format_tag_any) != dnnl_success ||
      dnnl_dilated_deconvolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_deconvolution_direct,
                                                   &src_md, &any_md, NULL, &dst_md, strides, dilates, before,
                                                   after) != dnnl_success)
    return NULL;
  DnnlPlan plan = {.op = &desc,
                   .num_args = 3,
                   .arg_ids = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                   .args = {&src_md, &weights_md, &dst_md},
                   .threads = s->threads};
  return dnnl_call_new(&plan);
}

#endif
