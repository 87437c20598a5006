/* A oneDNN primitive ready to run, and where its memory comes from. The only includer of oneDNN is this
 * folder.
 *
 * A DnnlCall is made once (in an op's prepare, which may take a millisecond) and run many times, from several
 * threads at once. Scratch is the caller's; running allocates nothing unless more than DNNL_SLOTS
 * threads are in the same call at a time. Without oneDNN (configured out, or SM_DNNL=off in the environment)
 * nothing can be made: makers return null, and callers take their plain path. */
#ifndef SM_DNNL_DNNL_CALL_H_
#define SM_DNNL_DNNL_CALL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

enum { DNNL_MAX_ARGS = 6 };

typedef struct DnnlCall DnnlCall;

/* Whether oneDNN can be used. */
bool dnnl_here(void);
/* Null is allowed. */
void dnnl_call_free(DnnlCall *call);
/* "oneDNN brgconv:avx512_core": by which of its kernels. */
const char *dnnl_call_name(const DnnlCall *call);
/* Bytes of scratch that a run wants, 64-byte aligned. */
size_t dnnl_call_scratch(const DnnlCall *call);
/* Runs it on buffers in the order that the maker says. False when oneDNN failed (out of memory). */
bool dnnl_call_run(DnnlCall *call, void *const *buffers, void *scratch);
/* The same, where argument 1 is the weights. If they are a tensor whose memory is not of the step (null: they
 * are not), what the primitive makes of them is kept, for this call and for others on the same weights, and
 * made anew when other weights come; the tensor's buffer is held meanwhile, so that who changes a variable in
 * place copies it first. */
/* Makes what would be kept of the weights before the first run; without it that run does. */
void dnnl_call_pack(DnnlCall *call, const Tensor *weights);
bool dnnl_call_run_weights(DnnlCall *call, const Tensor *weights, void *const *buffers, void *scratch);

/* C = A B for `batch` products of floats, buffers {a, b, c}. Strides count elements; a row or a column of A
 * and of B has stride 1; a batch stride of 0 repeats one matrix. C is dense. */
typedef struct DnnlMatmulShape {
  int64_t batch, m, n, k;
  int64_t a_batch, a_row, a_col, b_batch, b_row, b_col;
  bool b_weights; /* B is likely to be the same in each run (batch 1): it may be laid out as oneDNN likes */
  int threads;
} DnnlMatmulShape;
DnnlCall *dnnl_matmul_new(const DnnlMatmulShape *shape);

/* NHWC convolution of floats with HWIO filter (HWIM when depthwise, M outputs an input channel), buffers
 * {input, filter, output}. Padding may be negative behind, never in front. */
typedef struct DnnlConvShape {
  int64_t batch, in_h, in_w, in_c, out_h, out_w, out_c, filter_h, filter_w;
  int64_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_bottom, pad_left, pad_right;
  int64_t groups;
  int threads;
} DnnlConvShape;
DnnlCall *dnnl_conv_new(const DnnlConvShape *shape);
/* The transposed convolution: what `shape` makes of its input, backwards. Buffers {output's gradient, filter,
 * input's gradient}; one group only. */
DnnlCall *dnnl_deconv_new(const DnnlConvShape *shape);

#endif
