/* Calls of oneDNN: right answers, from more threads at once than a call has slots, and nothing made when it
 * is off. */
#include "dnnl/dnnl_call.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"

enum { M = 20, K = 30, N = 40, THREADS = 12, ROUNDS = 50 };

typedef struct Job {
  DnnlCall *call;
  int seed;
  int wrong;
} Job;

/* Small integers: products are exact. */
static void fill(float *x, int n, int seed) {
  for (int i = 0; i < n; i++) x[i] = (float)((i * 7 + seed * 3) % 9 - 4);
}

static void *multiply(void *arg) {
  Job *job = arg;
  size_t scratch_size = (dnnl_call_scratch(job->call) + 64) / 64 * 64;
  float *a = malloc(M * K * 4), *b = malloc(K * N * 4), *c = malloc(M * N * 4);
  void *scratch = aligned_alloc(64, scratch_size);
  job->wrong = !a || !b || !c || !scratch;
  for (int round = 0; round < ROUNDS && !job->wrong; round++) {
    fill(a, M * K, job->seed + round);
    fill(b, K * N, job->seed + 2 * round);
    void *buffers[3] = {a, b, c};
    job->wrong = !dnnl_call_run(job->call, buffers, scratch);
    for (int i = 0; i < M && !job->wrong; i++)
      for (int j = 0; j < N; j++) {
        float want = 0;
        for (int x = 0; x < K; x++) want += a[i * K + x] * b[x * N + j];
        job->wrong |= c[i * N + j] != want;
      }
  }
  free(a);
  free(b);
  free(c);
  free(scratch);
  return NULL;
}

static void many_threads_share_a_call(void **state) {
  DnnlMatmulShape shape =
      {.batch = 1, .m = M, .n = N, .k = K, .a_row = K, .a_col = 1, .b_row = N, .b_col = 1, .threads = 1};
  pthread_t threads[THREADS];
  Job jobs[THREADS];
  (void)state;
  if (!dnnl_here()) skip();
  DnnlCall *call = dnnl_matmul_new(&shape);
  assert_non_null(call);
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){call, i, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, multiply, &jobs[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < THREADS; i++) assert_int_equal(jobs[i].wrong, 0);
  dnnl_call_free(call);
}

/* Pixels of WIDE_IN channels in a row, a filter of `taps` that keeps their number, WIDE_OUT channels out. */
enum { WIDE_IN = 32, WIDE_OUT = 64, WIDE_MAX = 20 };

static int wrong_in_row(DnnlCall *call, int pixels, int taps) {
  static float in[2 * WIDE_MAX * WIDE_IN], filter[WIDE_MAX * WIDE_IN * WIDE_OUT],
      out[2 * WIDE_MAX * WIDE_OUT];
  size_t scratch_size = (dnnl_call_scratch(call) + 64) / 64 * 64;
  void *buffers[3] = {in, filter, out}, *scratch = aligned_alloc(64, scratch_size);
  int wrong = 0;
  fill(in, 2 * pixels * WIDE_IN, 1);
  fill(filter, taps * WIDE_IN * WIDE_OUT, 2);
  memset(scratch, 0xff, scratch_size);
  assert_true(dnnl_call_run(call, buffers, scratch));
  for (int at = 0; at < 2 * pixels; at++)
    for (int o = 0; o < WIDE_OUT; o++) {
      float want = 0;
      for (int t = 0; t < taps; t++) {
        int x = at % pixels + t - (taps - 1) / 2;
        for (int c = 0; c < WIDE_IN && x >= 0 && x < pixels; c++)
          want += in[(at / pixels * pixels + x) * WIDE_IN + c] * filter[(t * WIDE_IN + c) * WIDE_OUT + o];
      }
      wrong += out[at * WIDE_OUT + o] != want;
    }
  free(scratch);
  return wrong;
}

/* A call for a filter that is wider than its input is right, or there is none. */
static void wide_filters_are_right(void **state) {
  int made = 0;
  (void)state;
  if (!dnnl_here()) skip();
  for (int pixels = 1; pixels <= 16; pixels++)
    for (int taps = pixels > 1 ? pixels - 1 : 1; taps <= pixels + 3; taps++) {
      DnnlConvShape shape = {.batch = 2,
                             .in_h = 1,
                             .in_w = pixels,
                             .in_c = WIDE_IN,
                             .out_h = 1,
                             .out_w = pixels,
                             .out_c = WIDE_OUT,
                             .filter_h = 1,
                             .filter_w = taps,
                             .stride_h = 1,
                             .stride_w = 1,
                             .dilation_h = 1,
                             .dilation_w = 1,
                             .pad_left = (taps - 1) / 2,
                             .pad_right = taps / 2,
                             .groups = 1,
                             .threads = 1};
      DnnlCall *call = dnnl_conv_new(&shape);
      made += call != NULL;
      if (call) assert_int_equal(wrong_in_row(call, pixels, taps), 0);
      dnnl_call_free(call);
    }
  assert_true(made >= 16); /* those that fit */
}

/* A 3x3 filter of ones over ones counts the pixels under it: 4 in corners, 6 at edges, 9 inside. */
static void convolution_pads_with_zeros(void **state) {
  DnnlConvShape shape = {.batch = 1,
                         .in_h = 4,
                         .in_w = 5,
                         .in_c = 1,
                         .out_h = 4,
                         .out_w = 5,
                         .out_c = 2,
                         .filter_h = 3,
                         .filter_w = 3,
                         .stride_h = 1,
                         .stride_w = 1,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .pad_top = 1,
                         .pad_bottom = 1,
                         .pad_left = 1,
                         .pad_right = 1,
                         .groups = 1,
                         .threads = 2};
  float in[20], filter[18], out[40];
  (void)state;
  if (!dnnl_here()) skip();
  for (int i = 0; i < 20; i++) in[i] = 1;
  for (int i = 0; i < 18; i++) filter[i] = i % 2 ? 10 : 1; /* output channels innermost */
  DnnlCall *call = dnnl_conv_new(&shape);
  assert_non_null(call);
  void *scratch = aligned_alloc(64, (dnnl_call_scratch(call) + 64) / 64 * 64),
       *buffers[3] = {in, filter, out};
  assert_non_null(scratch);
  assert_true(dnnl_call_run(call, buffers, scratch));
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 5; x++) {
      int rows = y == 0 || y == 3 ? 2 : 3, columns = x == 0 || x == 4 ? 2 : 3;
      assert_true(out[(y * 5 + x) * 2] == (float)(rows * columns));
      assert_true(out[(y * 5 + x) * 2 + 1] == (float)(rows * columns * 10));
    }
  free(scratch);
  dnnl_call_free(call);
}

/* Backwards, each output pixel hands what it has to the inputs under the filter: the same counts. */
static void transposed_convolution_adds_up(void **state) {
  DnnlConvShape shape = {.batch = 1,
                         .in_h = 5,
                         .in_w = 6,
                         .in_c = 2,
                         .out_h = 3,
                         .out_w = 3,
                         .out_c = 1,
                         .filter_h = 3,
                         .filter_w = 3,
                         .stride_h = 2,
                         .stride_w = 2,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .pad_top = 1,
                         .pad_bottom = 1,
                         .pad_left = 0,
                         .pad_right = 1,
                         .groups = 1,
                         .threads = 1};
  float gradient[9], filter[18], out[60];
  (void)state;
  if (!dnnl_here()) skip();
  for (int i = 0; i < 9; i++) gradient[i] = 1;
  for (int i = 0; i < 18; i++) filter[i] = i % 2 ? 10 : 1; /* [h][w][in_c][out_c] */
  DnnlCall *call = dnnl_deconv_new(&shape);
  assert_non_null(call);
  void *scratch = aligned_alloc(64, (dnnl_call_scratch(call) + 64) / 64 * 64),
       *buffers[3] = {gradient, filter, out};
  assert_non_null(scratch);
  assert_true(dnnl_call_run(call, buffers, scratch));
  for (int y = 0; y < 5; y++)
    for (int x = 0; x < 6; x++) {
      int count = 0;
      for (int oy = 0; oy < 3; oy++)
        for (int ox = 0; ox < 3; ox++) {
          int fy = y - (2 * oy - 1), fx = x - 2 * ox;
          count += fy >= 0 && fy < 3 && fx >= 0 && fx < 3;
        }
      assert_true(out[(y * 6 + x) * 2] == (float)count);
      assert_true(out[(y * 6 + x) * 2 + 1] == (float)(count * 10));
    }
  free(scratch);
  dnnl_call_free(call);
}

/* C = A B for B of `weights`, by oneDNN with B kept, and by hand. */
static void check_product(DnnlCall *call, const Tensor *weights, void *scratch) {
  static float a[M * K], c[M * N];
  fill(a, M * K, 5);
  void *buffers[3] = {a, weights->data, c};
  assert_true(dnnl_call_run_weights(call, weights, buffers, scratch));
  const float *b = weights->data;
  for (int i = 0; i < M * N; i++) {
    float want = 0;
    for (int x = 0; x < K; x++) want += a[i / N * K + x] * b[x * N + i % N];
    assert_true(c[i] == want);
  }
}

/* Kept weights are held: their buffer has another reference, so that who changes it copies first; other
 * weights are noticed, and nothing is held once the calls are gone. */
static void weights_are_kept_and_noticed(void **state) {
  DnnlMatmulShape shape = {.batch = 1,
                           .m = M,
                           .n = N,
                           .k = K,
                           .a_row = K,
                           .a_col = 1,
                           .b_row = N,
                           .b_col = 1,
                           .b_weights = true,
                           .threads = 1};
  int64_t dims[2] = {K, N};
  Tensor weights[2] = {{0}, {0}};
  TF_Status *st = TF_NewStatus();
  (void)state;
  if (!dnnl_here()) skip();
  DnnlCall *calls[2] = {dnnl_matmul_new(&shape), dnnl_matmul_new(&shape)};
  assert_true(calls[0] && calls[1]);
  void *scratch = aligned_alloc(64, (dnnl_call_scratch(calls[0]) + 64) / 64 * 64);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tensor_alloc(&weights[i], TF_FLOAT, dims, 2, st), TF_OK);
    fill(weights[i].data, K * N, i);
  }
  dnnl_call_pack(calls[0], &weights[0]);
  assert_true(weights[0].buffer->refs > 1);
  for (int round = 0; round < 6; round++) check_product(calls[round % 2], &weights[round / 2 % 2], scratch);
  assert_true(weights[0].buffer->refs > 1);
  /* Those that change in each run are not kept after a while, and may change in place. */
  for (int round = 0; round < 40; round++) check_product(calls[round % 2], &weights[round / 2 % 2], scratch);
  assert_int_equal(weights[0].buffer->refs, 1);
  fill(weights[0].data, K * N, 7);
  check_product(calls[0], &weights[0], scratch);
  for (int i = 0; i < 2; i++) dnnl_call_free(calls[i]);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(weights[i].buffer->refs, 1);
    tensor_clear(&weights[i]);
  }
  free(scratch);
  TF_DeleteStatus(st);
}

static void free_of_null(void **state) {
  (void)state;
  dnnl_call_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_threads_share_a_call),    cmocka_unit_test(convolution_pads_with_zeros),
      cmocka_unit_test(wide_filters_are_right),       cmocka_unit_test(transposed_convolution_adds_up),
      cmocka_unit_test(weights_are_kept_and_noticed), cmocka_unit_test(free_of_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
