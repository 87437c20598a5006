/* EncodeWav. */
#include "ops/audio_wav.h"

#include <math.h>

#include "ops/array_util.h"
#include "ops/string_util.h"

enum { WAV_HEADER = 44, SAMPLE_BYTES = 2 };

static void put_u16(Bytes *b, uint32_t v) {
  bytes_putc(b, (char)(v & 255));
  bytes_putc(b, (char)(v >> 8 & 255));
}

TF_Code wav_encode(Bytes *out, const float *samples, int64_t frames, int64_t channels, int64_t rate,
                   TF_Status *st) {
  if (rate <= 0 || rate > UINT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "sample_rate must be in (0, 2^32), got: %llu",
                (unsigned long long)rate);
  if (channels <= 0 || channels > UINT16_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "num_channels must be in (0, 2^16), got: %lld", (long long)channels);
  if (frames < 0) return fail(st, TF_INVALID_ARGUMENT, "num_frames must be positive.");
  if (frames > (UINT32_MAX - WAV_HEADER) / SAMPLE_BYTES / channels)
    return fail(st, TF_INVALID_ARGUMENT, "Provided channels and frames cannot be encoded as a WAV.");
  uint32_t size = (uint32_t)(frames * channels * SAMPLE_BYTES), frame = (uint32_t)channels * SAMPLE_BYTES;
  bytes_puts(out, "RIFF");
  bytes_put_u32le(out, WAV_HEADER - 8 + size);
  bytes_puts(out, "WAVEfmt ");
  bytes_put_u32le(out, 16); /* bytes of this chunk */
  put_u16(out, 1);          /* PCM */
  put_u16(out, (uint32_t)channels);
  bytes_put_u32le(out, (uint32_t)rate);
  bytes_put_u32le(out, (uint32_t)rate * frame); /* TF: the lower bits, where it is larger */
  put_u16(out, frame);
  put_u16(out, SAMPLE_BYTES * 8);
  bytes_puts(out, "data");
  bytes_put_u32le(out, size);
  for (int64_t i = 0; i < frames * channels; i++) {
    float v = roundf(samples[i] * 32768.0f);
    put_u16(out, (uint32_t)(int32_t)(v != v ? 0 : v > 32767 ? 32767 : v < -32768 ? -32768 : v));
  }
  return bytes_finish(out, "a WAV file", st);
}

static TF_Code encode_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *audio = op_input(c, 0), *rate = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (audio->rank != 2)
    return fail(st, TF_INVALID_ARGUMENT, "audio must be 2-dimensional, but got shape %s",
                shape_text(audio->dims, audio->rank, text, sizeof text));
  if (rate->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input sample_rate should be a scalar tensor, but got %s",
                shape_text(rate->dims, rate->rank, text, sizeof text));
  return op_output_scalar(c, 0, TF_STRING, st);
}

static TF_Code encode_run(OpCtx *c, TF_Status *st) {
  const Tensor *audio = op_input(c, 0);
  Bytes b = {0};
  TF_Code code = wav_encode(&b, audio->data, audio->dims[0], audio->dims[1], int_at(op_input(c, 1), 0), st);
  if (!code) code = string_put_bytes(&c->outputs[0], 0, &b, st);
  bytes_clear(&b);
  return code;
}

static TF_Code shape_encode(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 2, st));
  TRY(shape_want_rank(c, 1, 0, st));
  return shape_scalar(c, st);
}

const OpRow ops_audio_wav[] = {
    {"EncodeWav", .shape = shape_encode, .prepare = encode_prepare, .run = encode_run},
    {0}};
