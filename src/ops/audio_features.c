/* AudioSpectrogram: squared magnitudes (or magnitudes) of Hann windows of the samples; Mfcc: cepstral
 * coefficients of such spectra, by triangular filters spaced evenly in mel, their logarithm and a cosine
 * transform. All sums are in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/signal_fft.h"

/* ---- AudioSpectrogram: samples [time, channels] -> [channels, windows, bins] ---- */

typedef struct SpectrogramState {
  int64_t window, stride;
  bool squared;
} SpectrogramState;

typedef struct SpectrogramPrep {
  RealFft *fft;
  double *hann;
  int64_t length; /* of the transform */
} SpectrogramPrep;

static int64_t spectrogram_length(int64_t window) {
  int64_t n = 1;
  while (n < window) n *= 2;
  return n;
}

static TF_Code spectrogram_init(OpInit *k, TF_Status *st) {
  SpectrogramState *s = k->state;
  TRY(node_attr_int(k->node, "window_size", &s->window, st));
  TRY(node_attr_int(k->node, "stride", &s->stride, st));
  TRY(node_attr_bool(k->node, "magnitude_squared", &s->squared, st));
  if (s->window < 2)
    return fail(st, TF_INVALID_ARGUMENT, "window_size must be > 1, got %lld", (long long)s->window);
  if (s->stride < 1)
    return fail(st, TF_INVALID_ARGUMENT, "stride must be > 0, got %lld", (long long)s->stride);
  if (s->window > REAL_FFT_MAX)
    return fail(st, TF_UNIMPLEMENTED, "AudioSpectrogram of windows of %lld samples is not supported",
                (long long)s->window);
  return TF_OK;
}

static int64_t spectrogram_rows(int64_t samples, int64_t window, int64_t stride) {
  return samples < window ? 0 : 1 + (samples - window) / stride;
}

static TF_Code spectrogram_shape(ShapeCtx *c, TF_Status *st) {
  int64_t window, stride;
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(node_attr_int(c->node, "window_size", &window, st));
  TRY(node_attr_int(c->node, "stride", &stride, st));
  int64_t samples = shape_dim(c->inputs[0], 0);
  c->outputs[0] = (Shape){.rank = 3, .dims = {shape_dim(c->inputs[0], 1), -1, -1}};
  if (samples >= 0 && window > 0 && stride > 0)
    c->outputs[0].dims[1] = spectrogram_rows(samples, window, stride);
  if (window > 1 && window <= REAL_FFT_MAX) c->outputs[0].dims[2] = 1 + spectrogram_length(window) / 2;
  return TF_OK;
}

static TF_Code spectrogram_prepare(OpCtx *c, TF_Status *st) {
  const SpectrogramState *s = c->state;
  SpectrogramPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  TRY(tensor_want_rank(x, "input", 2, st));
  p->length = spectrogram_length(s->window);
  int64_t dims[] = {x->dims[1], spectrogram_rows(x->dims[0], s->window, s->stride), 1 + p->length / 2};
  TRY(op_output(c, 0, TF_FLOAT, dims, 3, st));
  if (!tensor_count(&c->outputs[0])) return TF_OK;
  p->fft = real_fft_new(p->length);
  p->hann = malloc((size_t)s->window * sizeof(double));
  if (!p->fft || !p->hann) return fail_oom(st, "an audio spectrogram");
  for (int64_t i = 0; i < s->window; i++)
    p->hann[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)s->window);
  op_scratch(c, (size_t)(2 * p->length + 2) * sizeof(double) + real_fft_buffer(p->fft));
  return TF_OK;
}

static void spectrogram_clear_prep(void *prep) {
  SpectrogramPrep *p = prep;
  real_fft_free(p->fft);
  free(p->hann);
}

static TF_Code spectrogram_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const SpectrogramState *s = c->state;
  const SpectrogramPrep *p = c->prep;
  const Tensor *x = op_input(c, 0);
  float *out = c->outputs[0].data;
  int64_t channels = x->dims[1], rows = c->outputs[0].dims[1];
  if (!p->fft) return TF_OK;
  double *in = c->scratch, *bins = in + p->length;
  for (int64_t k = 0; k < channels * rows; k++) {
    const float *samples = (const float *)x->data + k % rows * s->stride * channels + k / rows;
    memset(in, 0, (size_t)p->length * sizeof *in);
    for (int64_t i = 0; i < s->window; i++) in[i] = (double)samples[i * channels] * p->hann[i];
    real_fft_run(p->fft, in, bins, bins + p->length + 2);
    for (int64_t i = 0; i <= p->length / 2; i++) {
      float power = (float)(bins[2 * i] * bins[2 * i] + bins[2 * i + 1] * bins[2 * i + 1]);
      *out++ = s->squared ? power : sqrtf(power);
    }
  }
  return TF_OK;
}

/* ---- Mfcc: spectra [channels, windows, bins] -> [channels, windows, coefficients] ---- */

typedef struct MfccState {
  double upper, lower; /* Hz */
  int64_t filters, coefficients;
} MfccState;

static TF_Code mfcc_init(OpInit *k, TF_Status *st) {
  MfccState *s = k->state;
  float upper, lower;
  TRY(node_attr_float(k->node, "upper_frequency_limit", &upper, st));
  TRY(node_attr_float(k->node, "lower_frequency_limit", &lower, st));
  TRY(node_attr_int(k->node, "filterbank_channel_count", &s->filters, st));
  TRY(node_attr_int(k->node, "dct_coefficient_count", &s->coefficients, st));
  s->upper = (double)upper;
  s->lower = (double)lower;
  return TF_OK;
}

static TF_Code mfcc_shape(ShapeCtx *c, TF_Status *st) {
  int64_t coefficients;
  TRY(shape_want_rank(c, 0, 3, st));
  TRY(shape_want_rank(c, 1, 0, st));
  TRY(node_attr_int(c->node, "dct_coefficient_count", &coefficients, st));
  c->outputs[0] = (Shape){.rank = 3,
                          .dims = {shape_dim(c->inputs[0], 0), shape_dim(c->inputs[0], 1), coefficients}};
  return TF_OK;
}

static double mel(double hertz) { return 1127.0 * log1p(hertz / 700.0); }

/* The filters: bin i counts for the falling side of filter band[i] by weights[i] and for the rising side of
 * the next one by the rest; in scratch, with the centres in mel (one more than filters) and a frame's sums.
 */
typedef struct Filters {
  double *weights, *centers, *sums, *cosines;
  int64_t *band, first, last;
} Filters;

static TF_Code mfcc_prepare(OpCtx *c, TF_Status *st) {
  const MfccState *s = c->state;
  const Tensor *x = op_input(c, 0), *rate = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  TRY(tensor_want_rank(x, "spectrogram", 3, st));
  if (rate->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Input sample_rate should be a scalar tensor, got %s instead.",
                shape_text(rate->dims, rate->rank, text, sizeof text));
  int64_t bins = x->dims[2], filters = s->filters, rates = *(int32_t *)rate->data, cosines;
  size_t bytes;
  if (filters < 1 || s->coefficients < 1 || s->coefficients > filters || rates <= 0 || bins < 2 ||
      !(s->lower >= 0) || !(s->upper > s->lower))
    return fail(st, TF_INVALID_ARGUMENT,
                "Mfcc initialization failed for channel count %lld, sample rate %lld and "
                "filterbank_channel_count %lld",
                (long long)bins, (long long)rates, (long long)filters);
  if (!checked_mul_i64(filters, s->coefficients, &cosines) || filters > INT32_MAX ||
      !checked_mul((size_t)(2 * filters + 1) + (size_t)cosines, sizeof(double), &bytes) ||
      !checked_add(bytes, (size_t)bins * (sizeof(double) + sizeof(int64_t)), &bytes))
    return fail_oom(st, "filters of Mfcc");
  op_scratch(c, bytes);
  return op_output(c, 0, TF_FLOAT, (int64_t[]){x->dims[0], x->dims[1], s->coefficients}, 3, st);
}

/* A bin's number, or one past all of them. */
static int64_t bin_of(double at, int64_t bins) { return at < (double)bins ? (int64_t)at : bins; }

static void place_bins(const MfccState *s, Filters *f, int64_t bins, double hertz) {
  double low = mel(s->lower);
  for (int64_t i = 0, band = 0; i < bins; i++) {
    f->weights[i] = 0;
    f->band[i] = -2;
    if (i < f->first || i > f->last) continue;
    double m = mel((double)i * hertz);
    while (band < s->filters && f->centers[band] < m) band++;
    int64_t k = f->band[i] = band - 1;
    double from = k < 0 ? low : f->centers[k], to = f->centers[k + 1];
    f->weights[i] = (to - m) / (to - from);
  }
}

static Filters make_filters(const OpCtx *c) {
  const MfccState *s = c->state;
  int64_t bins = op_input(c, 0)->dims[2], n = s->filters;
  double *at = c->scratch, hertz = 0.5 * (double)*(int32_t *)op_input(c, 1)->data / (double)(bins - 1);
  Filters f = {.weights = at,
               .centers = at + bins,
               .sums = at + bins + n + 1,
               .cosines = at + bins + 2 * n + 1,
               .first = bin_of(1.5 + s->lower / hertz, bins),
               .last = bin_of(s->upper / hertz, bins)};
  f.band = (int64_t *)(f.cosines + n * s->coefficients);
  double low = mel(s->lower), step = (mel(s->upper) - low) / (double)(n + 1), scale = sqrt(2.0 / (double)n);
  for (int64_t i = 0; i <= n; i++) f.centers[i] = low + step * (double)(i + 1);
  place_bins(s, &f, bins, hertz);
  for (int64_t i = 0; i < s->coefficients; i++) {
    for (int64_t j = 0; j < n; j++)
      f.cosines[i * n + j] = scale * cos((double)i * (M_PI / (double)n) * ((double)j + 0.5));
  }
  return f;
}

static void mfcc_frame(const MfccState *s, const Filters *f, const float *bins, float *out) {
  memset(f->sums, 0, (size_t)s->filters * sizeof(double));
  for (int64_t i = f->first; i <= f->last; i++) {
    double x = sqrt((double)bins[i]), falling = x * f->weights[i];
    int64_t k = f->band[i];
    if (k >= 0) f->sums[k] += falling;
    if (k + 1 < s->filters) f->sums[k + 1] += x - falling;
  }
  for (int64_t k = 0; k < s->filters; k++) f->sums[k] = log(f->sums[k] < 1e-12 ? 1e-12 : f->sums[k]);
  for (int64_t i = 0; i < s->coefficients; i++) {
    double sum = 0;
    for (int64_t k = 0; k < s->filters; k++) sum += f->cosines[i * s->filters + k] * f->sums[k];
    out[i] = (float)sum;
  }
}

static TF_Code mfcc_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const MfccState *s = c->state;
  const Tensor *x = op_input(c, 0);
  int64_t frames = x->dims[0] * x->dims[1], bins = x->dims[2];
  float *out = c->outputs[0].data;
  Filters f = make_filters(c);
  if (f.last >= bins) { /* TF: a spectrum that ends below the upper limit gives zeros */
    tensor_zero(&c->outputs[0]);
    return TF_OK;
  }
  for (int64_t k = 0; k < frames; k++)
    mfcc_frame(s, &f, (const float *)x->data + k * bins, out + k * s->coefficients);
  return TF_OK;
}

const OpRow ops_audio_features[] = {
    {"AudioSpectrogram", .state_size = sizeof(SpectrogramState), .prep_size = sizeof(SpectrogramPrep),
     .shape = spectrogram_shape, .init = spectrogram_init, .prepare = spectrogram_prepare,
     .run = spectrogram_run, .clear_prep = spectrogram_clear_prep},
    {"Mfcc", .value_inputs = 2, .state_size = sizeof(MfccState), .shape = mfcc_shape, .init = mfcc_init,
     .prepare = mfcc_prepare, .run = mfcc_run},
    {0}};
