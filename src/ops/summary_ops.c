/* ScalarSummary, HistogramSummary, TensorSummary and V2, AudioSummary and V2, MergeSummary: what TensorBoard
 * shows, as the bytes of a Summary message. ImageSummary is in summary_image.c. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "ops/array_util.h"
#include "ops/audio_wav.h"
#include "ops/string_util.h"
#include "ops/summary_message.h"

/* ---- ScalarSummary ---- */

static TF_Code scalar_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *tags = op_input(c, 0), *values = op_input(c, 1);
  bool same = tags->rank == values->rank &&
              memcmp(tags->dims, values->dims, (size_t)tags->rank * sizeof *tags->dims) == 0;
  if (!same) {
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    return fail(st, TF_INVALID_ARGUMENT, "tags and values are not the same shape: %s != %s",
                shape_text(tags->dims, tags->rank, a, sizeof a),
                shape_text(values->dims, values->rank, b, sizeof b));
  }
  return prepare_scalar(c, st);
}

static TF_Code scalar_run(OpCtx *c, TF_Status *st) {
  const Tensor *tags = op_input(c, 0), *values = op_input(c, 1);
  Bytes b = {0};
  for (int64_t i = 0, n = tensor_count(tags); i < n; i++) {
    Bytes v = {0};
    summary_put_text(&v, 1, string_at(tags, i));
    summary_put_fixed32(&v, 2, (float)math_number_at(values, i));
    summary_put_message(&b, 1, &v);
    bytes_clear(&v);
  }
  return summary_finish(c, &b, TF_OK, st);
}

/* ---- HistogramSummary ----
 * Buckets grow by 10% from 1e-12 to 1e20, the same below zero; runs of empty ones are told as one. */

enum { HISTOGRAM_SIDE = 774, HISTOGRAM_BUCKETS = 2 * HISTOGRAM_SIDE + 3 };

/* Upper limits of the buckets in ascending order; how many. */
static int histogram_limits(double *limits) {
  int side = 0;
  double positive[HISTOGRAM_SIDE];
  for (double v = 1e-12; v < 1e20 && side < HISTOGRAM_SIDE; v *= 1.1) positive[side++] = v;
  int n = 0;
  limits[n++] = -DBL_MAX;
  for (int i = side - 1; i >= 0; i--) limits[n++] = -positive[i];
  limits[n++] = 0;
  for (int i = 0; i < side; i++) limits[n++] = positive[i];
  limits[n++] = DBL_MAX;
  return n;
}

/* The first limit above v. */
static int bucket_of(const double *limits, int n, double v) {
  int low = 0, high = n;
  while (low < high) {
    int mid = (low + high) / 2;
    if (limits[mid] > v) high = mid;
    else low = mid + 1;
  }
  return low < n ? low : n - 1;
}

static void put_histogram(Bytes *b, const double *limits, const double *counts, int n) {
  Bytes ends = {0}, sizes = {0};
  for (int i = 0; i < n;) {
    int last = i;
    while (counts[i] <= 0 && last + 1 < n && counts[last + 1] <= 0) last++;
    summary_put_raw_double(&ends, limits[last]);
    summary_put_raw_double(&sizes, counts[last]);
    i = last + 1;
  }
  summary_put_message(b, 6, &ends);
  summary_put_message(b, 7, &sizes);
  bytes_clear(&ends);
  bytes_clear(&sizes);
}

static TF_Code histogram_message(Bytes *out, const char *name, const Tensor *values, double *limits,
                                 double *counts, TF_Status *st) {
  int n = histogram_limits(limits);
  double min = DBL_MAX, max = -DBL_MAX, sum = 0, squares = 0;
  int64_t count = tensor_count(values);
  for (int64_t i = 0; i < count; i++) {
    double v = math_number_at(values, i);
    if (isnan(v) || isinf(v))
      return fail(st, TF_INVALID_ARGUMENT, "%s in summary histogram for: %s", isnan(v) ? "Nan" : "Infinity",
                  name);
    counts[bucket_of(limits, n, v)] += 1;
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
    squares += v * v;
  }
  summary_put_double(out, 1, min);
  summary_put_double(out, 2, max);
  summary_put_double(out, 3, (double)count);
  summary_put_double(out, 4, sum);
  summary_put_double(out, 5, squares);
  put_histogram(out, limits, counts, n);
  return TF_OK;
}

static TF_Code tag_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 0)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "tag must be scalar");
  return prepare_scalar(c, st);
}

static TF_Code histogram_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 0)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "tags must be scalar");
  op_scratch(c, 2 * HISTOGRAM_BUCKETS * sizeof(double));
  return prepare_scalar(c, st);
}

static TF_Code histogram_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0}, v = {0}, h = {0};
  Span tag = string_at(op_input(c, 0), 0);
  double *limits = c->scratch, *counts = limits + HISTOGRAM_BUCKETS;
  memset(counts, 0, HISTOGRAM_BUCKETS * sizeof *counts);
  TF_Code code = histogram_message(&h, c->node->name, op_input(c, 1), limits, counts, st);
  summary_put_text(&v, 1, tag);
  summary_put_message(&v, 5, &h);
  summary_put_message(&b, 1, &v);
  bytes_clear(&h);
  bytes_clear(&v);
  return summary_finish(c, &b, code, st);
}

/* ---- TensorSummary: of the node, without a tag; V2 ---- */

static void put_tensor(Bytes *b, const Tensor *t) {
  Bytes shape = {0};
  summary_put_int(b, 1, (int64_t)t->dtype);
  for (int i = 0; i < t->rank; i++) {
    Bytes dim = {0};
    summary_put_int(&dim, 1, t->dims[i]);
    summary_put_message(&shape, 2, &dim);
    bytes_clear(&dim);
  }
  summary_put_message(b, 2, &shape);
  bytes_clear(&shape);
  int64_t n = tensor_count(t);
  if (t->dtype == TF_STRING) {
    for (int64_t i = 0; i < n; i++) {
      Span s = string_at(t, i);
      summary_put_bytes(b, 8, s.data, s.size);
    }
  } else if (n > 0) {
    summary_put_bytes(b, 4, t->data, (size_t)n * dtype_size(t->dtype));
  }
}

/* The next field of a message: its number and, when it has a length, its bytes. False at the end or for bad
 * bytes. */
static bool next_field(Cursor *in, uint64_t *field, Span *bytes) {
  if (cursor_left(in) == 0) return false;
  uint64_t key = cursor_varint(in);
  *field = key >> 3;
  *bytes = (Span){NULL, 0};
  switch (key & 7) {
    case 0: cursor_varint(in); break;
    case 1: cursor_take(in, 8); break;
    case 5: cursor_take(in, 4); break;
    case 2: *bytes = cursor_span(in); break;
    default: in->failed = true;
  }
  if (*field == 0) in->failed = true;
  return !in->failed;
}

/* Whether the bytes are fields, also within `inner` (0: none), a message. */
static bool has_fields(Span message, uint64_t inner) {
  Cursor in = cursor_of(message.data, message.size);
  uint64_t field;
  Span bytes;
  while (next_field(&in, &field, &bytes))
    if (inner && field == inner && (!bytes.data || !has_fields(bytes, 0))) return false;
  return !in.failed;
}

static TF_Code tensor_prepare(OpCtx *c, TF_Status *st) {
  if (op_input(c, 0)->rank != 0) return fail(st, TF_INVALID_ARGUMENT, "tag must be scalar");
  if (op_input(c, 2)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "serialized_summary_metadata must be scalar");
  return prepare_scalar(c, st);
}

static TF_Code tensor_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0}, v = {0}, t = {0};
  Span metadata = string_at(op_input(c, 2), 0);
  /* TF: makes what it can of it, and fills up with zeros. Field 1 is the plugin's. */
  if (!has_fields(metadata, 1))
    return fail(st, TF_INVALID_ARGUMENT, "serialized_summary_metadata is no SummaryMetadata");
  put_tensor(&t, op_input(c, 1));
  summary_put_text(&v, 1, string_at(op_input(c, 0), 0));
  summary_put_message(&v, 8, &t);
  summary_put_bytes(&v, 9, metadata.data, metadata.size);
  summary_put_message(&b, 1, &v);
  bytes_clear(&t);
  bytes_clear(&v);
  return summary_finish(c, &b, TF_OK, st);
}

static TF_Code node_tensor_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0}, v = {0}, t = {0};
  put_tensor(&t, op_input(c, 0));
  summary_put_text(&v, 7, (Span){c->node->name, strlen(c->node->name)});
  summary_put_message(&v, 8, &t);
  summary_put_message(&b, 1, &v);
  bytes_clear(&t);
  bytes_clear(&v);
  return summary_finish(c, &b, TF_OK, st);
}

/* ---- AudioSummary: the rate is an attribute; V2: an input ---- */

static TF_Code audio_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *audio = op_input(c, 1);
  char text[SHAPE_TEXT_MAX];
  if (audio->rank != 2 && audio->rank != 3)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor must be 3-D or 2-D, got: %s",
                shape_text(audio->dims, audio->rank, text, sizeof text));
  if (c->num_inputs > 2 && op_input(c, 2)->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "sample_rate must be rank 0 but is rank %d", op_input(c, 2)->rank);
  return tag_prepare(c, st);
}

/* Samples a second, in whole numbers; one out of any range where the rate is. */
static int64_t whole_rate(float rate) {
  return rate < 1 ? 1 : rate < 0x1p63f ? (int64_t)rintf(rate) : INT64_MIN;
}

static TF_Code put_audio(Bytes *out, Span tag, int64_t i, int64_t total, const float *samples, int64_t frames,
                         int64_t channels, float rate, TF_Status *st) {
  Bytes name = {0}, wav = {0}, audio = {0}, value = {0};
  TF_Code code = wav_encode(&wav, samples, frames, channels, whole_rate(rate), st);
  bytes_append(&name, tag.data, tag.size);
  bytes_puts(&name, "/audio");
  if (total > 1) bytes_printf(&name, "/%lld", (long long)i);
  if (rate != 0) summary_put_fixed32(&audio, 1, rate);
  summary_put_int(&audio, 2, channels);
  summary_put_int(&audio, 3, frames);
  summary_put_message(&audio, 4, &wav);
  summary_put_bytes(&audio, 5, "audio/wav", 9);
  summary_put_message(&value, 1, &name);
  summary_put_message(&value, 6, &audio);
  summary_put_message(out, 1, &value);
  bytes_clear(&name);
  bytes_clear(&wav);
  bytes_clear(&audio);
  bytes_clear(&value);
  return code;
}

static TF_Code audio_run(OpCtx *c, TF_Status *st) {
  const Tensor *audio = op_input(c, 1);
  int64_t max;
  TRY(node_attr_int(c->node, "max_outputs", &max, st));
  int64_t n = audio->dims[0], frames = audio->dims[1], channels = audio->rank == 3 ? audio->dims[2] : 1;
  float rate;
  if (c->num_inputs > 2) rate = *(const float *)op_input(c, 2)->data;
  else TRY(node_attr_float(c->node, "sample_rate", &rate, st));
  if (!(rate > 0)) return fail(st, TF_INVALID_ARGUMENT, "sample_rate must be > 0");
  Bytes b = {0};
  TF_Code code = TF_OK;
  /* TF: numbered unless one output was asked for. */
  for (int64_t i = 0; i < n && i < max && !code; i++)
    code = put_audio(&b, string_at(op_input(c, 0), 0), i, max,
                     (const float *)audio->data + i * frames * channels, frames, channels, rate, st);
  return summary_finish(c, &b, code, st);
}

/* ---- MergeSummary ---- */

/* The tag of a Value message: the last of its field 1. */
static bool value_tag(Span value, Span *tag) {
  Cursor in = cursor_of(value.data, value.size);
  uint64_t field;
  Span bytes;
  *tag = (Span){"", 0};
  while (next_field(&in, &field, &bytes))
    if (field == 1 && bytes.data) *tag = bytes;
  return !in.failed;
}

static int compare_tags(const void *a, const void *b) {
  const Span *x = a, *y = b;
  size_t n = x->size < y->size ? x->size : y->size;
  int order = n ? memcmp(x->data, y->data, n) : 0;
  return order ? order : (x->size > y->size) - (x->size < y->size);
}

static TF_Code merge_one(Span summary, Bytes *out, Bytes *tags, TF_Status *st) {
  Cursor in = cursor_of(summary.data, summary.size);
  uint64_t field;
  Span value, tag;
  while (next_field(&in, &field, &value)) {
    if (field != 1 || !value.data) continue;
    if (!value_tag(value, &tag))
      return fail(st, TF_INVALID_ARGUMENT, "Could not parse one of the summary inputs");
    if (tag.size) bytes_append(tags, &tag, sizeof tag);
    summary_put_bytes(out, 1, value.data, value.size);
  }
  if (in.failed) return fail(st, TF_INVALID_ARGUMENT, "Could not parse one of the summary inputs");
  return TF_OK;
}

static TF_Code merge_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0}, tags = {0};
  TF_Code code = TF_OK;
  for (int i = 0; i < c->num_inputs && !code; i++) {
    const Tensor *t = op_input(c, i);
    for (int64_t j = 0, n = tensor_count(t); j < n && !code; j++)
      code = merge_one(string_at(t, j), &b, &tags, st);
  }
  if (!code) code = bytes_finish(&tags, "tags of summaries", st);
  Span *list = (Span *)(void *)tags.data;
  size_t n = tags.size / sizeof *list;
  if (!code && n > 1) qsort(list, n, sizeof *list, compare_tags);
  for (size_t i = 1; i < n && !code; i++) {
    if (compare_tags(&list[i - 1], &list[i]) == 0)
      code = fail(st, TF_INVALID_ARGUMENT, "Duplicate tag %.*s found in summary inputs", (int)list[i].size,
                  (const char *)list[i].data);
  }
  bytes_clear(&tags);
  return summary_finish(c, &b, code, st);
}

const OpRow ops_summary_ops[] = {
    {"ScalarSummary", .types = "T: " TYPES_REAL, .shape = shape_scalar, .prepare = scalar_prepare,
     .run = scalar_run},
    {"HistogramSummary", .types = "T: " TYPES_REAL, .shape = shape_scalar, .prepare = histogram_prepare,
     .run = histogram_run},
    {"TensorSummaryV2", .types = "T: string " TYPES_POD, .shape = shape_scalar, .prepare = tensor_prepare,
     .run = tensor_run},
    {"TensorSummary", .types = "T: string " TYPES_POD, .shape = shape_scalar, .prepare = prepare_scalar,
     .run = node_tensor_run},
    {"AudioSummary", .shape = shape_scalar, .prepare = audio_prepare, .run = audio_run},
    {"AudioSummaryV2", .shape = shape_scalar, .prepare = audio_prepare, .run = audio_run},
    {"MergeSummary", .shape = shape_scalar, .prepare = prepare_scalar, .run = merge_run},
    {0}};
