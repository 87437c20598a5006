/* DecodeWav: files of 16-bit PCM samples to floats in [-1, 1).
 *
 *   "RIFF" u32 size "WAVE"   then chunks: 4 bytes of name, u32 size, data
 *   "fmt "   u16 format (1: PCM), u16 channels, u32 rate, u32 bytes a second, u16 bytes a frame, u16 bits [,
 * u16 0] "data"   i16 samples, the channels of a frame together
 *
 * TF: only known chunks may stand before "fmt ", any after it; chunks are not padded to even sizes. */
#include <string.h>

#include "base/cursor.h"
#include "ops/array_util.h"
#include "ops/string_util.h"

typedef struct Wav {
  uint32_t rate, frames, channels, frame_size;
  const uint8_t *samples; /* null: no data chunk yet */
} Wav;

static uint32_t read_u16(Cursor *in) {
  uint32_t low = cursor_u8(in);
  return low | (uint32_t)cursor_u8(in) << 8;
}

static TF_Code too_short(TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Data too short when trying to read string");
}

static TF_Code read_name(Cursor *in, char name[5], TF_Status *st) {
  const uint8_t *p = cursor_take(in, 4);
  if (!p) return too_short(st);
  memcpy(name, p, 4);
  name[4] = 0;
  return TF_OK;
}

static TF_Code expect(Cursor *in, const char *want, TF_Status *st) {
  char name[5];
  TRY(read_name(in, name, st));
  if (strcmp(name, want) == 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Header mismatch: Expected %s but found %s", want, name);
}

/* Up to the size of the format chunk. */
static TF_Code find_format(Cursor *in, uint32_t *size, TF_Status *st) {
  static const char *const known[] = {"JUNK", "bext", "iXML", "qlty", "mext", "levl", "link", "axml"};
  char name[5];
  TRY(expect(in, "RIFF", st));
  cursor_u32le(in);
  TRY(expect(in, "WAVE", st));
  for (;;) {
    bool skip = false;
    TRY(read_name(in, name, st));
    *size = cursor_u32le(in);
    if (strcmp(name, "fmt ") == 0) return in->failed ? too_short(st) : TF_OK;
    for (size_t i = 0; i < SM_COUNTOF(known); i++) skip = skip || strcmp(name, known[i]) == 0;
    if (!skip) return fail(st, TF_INVALID_ARGUMENT, "Unexpected field %s", name);
    if (!cursor_take(in, *size)) return too_short(st);
  }
}

static TF_Code check_format(const Wav *w, uint32_t bits, uint32_t per_second, TF_Status *st) {
  if (bits != 16)
    return fail(st, TF_INVALID_ARGUMENT, "Can only read 16-bit WAV files, but received %u", bits);
  uint32_t want = (bits * w->channels + 7) / 8;
  if (w->frame_size != want)
    return fail(st, TF_INVALID_ARGUMENT, "Bad bytes per sample in WAV header: Expected %u but got %u", want,
                w->frame_size);
  uint64_t second = (uint64_t)w->frame_size * w->rate;
  if (per_second != second)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Bad bytes per second in WAV header: Expected %llu but got %u (sample_rate=%u, bytes_per_sample=%u)",
        (unsigned long long)second, per_second, w->rate, w->frame_size);
  return TF_OK;
}

static TF_Code read_format(Cursor *in, Wav *w, TF_Status *st) {
  uint32_t size;
  TRY(find_format(in, &size, st));
  if (size != 16 && size != 18)
    return fail(st, TF_INVALID_ARGUMENT, "Bad format chunk size for WAV: Expected 16 or 18, but got%u", size);
  Cursor rest = *in;
  if (!cursor_take(in, size)) return too_short(st);
  uint32_t format = read_u16(&rest);
  if (format != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Bad audio format for WAV: Expected 1 (PCM), but got%u", format);
  w->channels = read_u16(&rest);
  if (w->channels < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Bad number of channels for WAV: Expected at least 1, but got %u",
                w->channels);
  w->rate = cursor_u32le(&rest);
  uint32_t per_second = cursor_u32le(&rest);
  w->frame_size = read_u16(&rest);
  return check_format(w, read_u16(&rest), per_second, st);
}

static TF_Code read_data(Cursor *in, Wav *w, uint32_t size, TF_Status *st) {
  if (w->samples) return fail(st, TF_INVALID_ARGUMENT, "More than one data chunk found in WAV");
  w->frames = size / w->frame_size;
  w->samples = cursor_take(in, (size_t)w->frames * w->frame_size);
  return w->samples ? TF_OK : too_short(st);
}

static TF_Code wav_decode(Wav *w, Span file, TF_Status *st) {
  Cursor in = cursor_of(file.data, file.size);
  *w = (Wav){0};
  TRY(read_format(&in, w, st));
  while (cursor_left(&in) > 0) {
    char name[5];
    TRY(read_name(&in, name, st));
    uint32_t size = cursor_u32le(&in);
    if (in.failed) return too_short(st);
    if (size > INT32_MAX)
      return fail(st, TF_INVALID_ARGUMENT, "WAV data chunk '%s' is too large: %u bytes, but the limit is %d",
                  name, size, INT32_MAX);
    if (strcmp(name, "data") == 0) TRY(read_data(&in, w, size, st));
    else
      cursor_take(&in, size < cursor_left(&in) ? size : cursor_left(&in)); /* TF: the last chunk may be cut */
  }
  if (!w->samples) return fail(st, TF_INVALID_ARGUMENT, "No data chunk found in WAV");
  return TF_OK;
}

/* ---- the op: more samples than there are become 0, more channels repeat the last one ---- */

static float sample_at(const Wav *w, int64_t frame, int64_t channel) {
  if (frame >= (int64_t)w->frames) return 0;
  if (channel >= (int64_t)w->channels) channel = (int64_t)w->channels - 1;
  const uint8_t *p = w->samples + 2 * (frame * (int64_t)w->channels + channel);
  return (float)(int16_t)(uint16_t)(p[0] | p[1] << 8) / 32768.0f;
}

static TF_Code decode_run(OpCtx *c, TF_Status *st) {
  const Tensor *contents = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  int64_t channels, samples;
  Wav w;
  TRY(node_attr_int(c->node, "desired_channels", &channels, st));
  TRY(node_attr_int(c->node, "desired_samples", &samples, st));
  if (contents->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "contents must be scalar, got shape %s",
                shape_text(contents->dims, contents->rank, text, sizeof text));
  Span file = string_at(contents, 0);
  if (file.size > INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "WAV contents are too large for int: %zu", file.size);
  TRY(wav_decode(&w, file, st));
  int64_t dims[2] = {samples == -1 ? (int64_t)w.frames : samples,
                     channels == -1 ? (int64_t)w.channels : channels};
  TRY(op_alloc_output(c, 0, TF_FLOAT, dims, 2, st));
  TRY(op_alloc_output(c, 1, TF_INT32, NULL, 0, st));
  float *out = c->outputs[0].data;
  for (int64_t i = 0; i < dims[0]; i++)
    for (int64_t k = 0; k < dims[1]; k++) *out++ = sample_at(&w, i, k);
  *(int32_t *)c->outputs[1].data = (int32_t)w.rate;
  return TF_OK;
}

static TF_Code shape_desired(ShapeCtx *c, const char *name, int64_t *dim, TF_Status *st) {
  TRY(node_attr_int(c->node, name, dim, st));
  if (*dim < -1)
    return fail(st, TF_INVALID_ARGUMENT, "%s must be non-negative, got %lld",
                strcmp(name, "desired_channels") == 0 ? "channels" : "samples", (long long)*dim);
  return TF_OK;
}

static TF_Code shape_decode(ShapeCtx *c, TF_Status *st) {
  int64_t channels, samples;
  TRY(shape_want_rank(c, 0, 0, st));
  TRY(shape_desired(c, "desired_channels", &channels, st));
  TRY(shape_desired(c, "desired_samples", &samples, st));
  c->outputs[0] = shape_matrix(samples, channels);
  c->outputs[1] = shape_rank0();
  return TF_OK;
}

const OpRow ops_audio_wav_read[] = {
    {"DecodeWav", .flags = OP_DYNAMIC, .shape = shape_decode, .run = decode_run},
    {0}};
