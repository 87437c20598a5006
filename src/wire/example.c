/* Walking tf.Example by hand: the messages are few and fixed, and their values are read straight into
 * tensors.
 *
 *   Example      features 1: Features       SequenceExample  context 1: Features, feature_lists 2:
 *   FeatureLists
 *   Features     feature 1: map<string, Feature>             FeatureLists  feature_list 1: map<string,
 *   FeatureList>
 *   Feature      bytes_list 1, float_list 2, int64_list 3    FeatureList   feature 1: repeated Feature
 *   each list    value 1, repeated
 */
#include "wire/example.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* Reads a tag; false at the end (not an error) and on failure. */
static bool next_tag(Cursor *c, uint32_t *number, int *wire_type) {
  if (!cursor_left(c)) return false;
  uint64_t tag = cursor_varint(c);
  if (tag > UINT32_MAX || !(tag >> 3)) c->failed = true;
  *number = (uint32_t)(tag >> 3);
  *wire_type = (int)(tag & 7);
  return !c->failed;
}

/* TF: bytes of nobody's field may end before they should; what follows a negative size is read on. */
static void skip_bytes(Cursor *c) {
  uint32_t size = (uint32_t)cursor_varint(c);
  if (!c->failed && size <= INT32_MAX) cursor_take(c, size < cursor_left(c) ? size : cursor_left(c));
}

static void skip(Cursor *c, int wire_type) {
  switch (wire_type) {
    case WIRE_VARINT: cursor_varint(c); break;
    case WIRE_64: cursor_take(c, 8); break;
    case WIRE_BYTES: skip_bytes(c); break;
    case WIRE_32: cursor_take(c, 4); break;
    default: /* groups: no writer of Examples makes them */ c->failed = true;
  }
}

/* The next length-delimited field `want` of a message; false at its end and on failure. */
static bool next_message(Cursor *c, uint32_t want, Span *out) {
  uint32_t number;
  int wire_type;
  while (next_tag(c, &number, &wire_type)) {
    if (number == want && wire_type == WIRE_BYTES) {
      *out = cursor_span(c);
      return !c->failed;
    }
    skip(c, wire_type);
  }
  return false;
}

static Cursor over(Span s) { return cursor_of(s.data, s.size); }

ExampleIter example_features(Span example) { return (ExampleIter){.outer = over(example), .field = 1}; }
ExampleIter example_feature_lists(Span sequence) {
  return (ExampleIter){.outer = over(sequence), .field = 2};
}

static bool read_entry(Span entry, Span *key, Span *value) {
  *key = *value = (Span){"", 0};
  Cursor c = over(entry);
  uint32_t number;
  int wire_type;
  while (next_tag(&c, &number, &wire_type)) {
    if (wire_type == WIRE_BYTES && (number == 1 || number == 2))
      *(number == 1 ? key : value) = cursor_span(&c);
    else skip(&c, wire_type);
  }
  return !c.failed;
}

bool example_next_list(ExampleIter *it, Span *name, Span *list) {
  Span map, entry;
  while (!it->failed) {
    if (next_message(&it->inner, 1, &entry)) {
      it->failed = !read_entry(entry, name, list);
      return !it->failed;
    }
    it->failed = it->inner.failed;
    if (it->failed || !next_message(&it->outer, it->field, &map)) break;
    it->inner = over(map);
  }
  it->failed |= it->outer.failed;
  return false;
}

bool example_feature_of(Span feature, ExampleFeature *out) {
  *out = (ExampleFeature){EXAMPLE_NONE, {"", 0}};
  Cursor c = over(feature);
  uint32_t number;
  int wire_type;
  while (next_tag(&c, &number, &wire_type)) {
    if (wire_type == WIRE_BYTES && number <= 3) *out = (ExampleFeature){(ExampleKind)number, cursor_span(&c)};
    else skip(&c, wire_type);
  }
  return !c.failed;
}

bool example_next(ExampleIter *it, Span *name, ExampleFeature *feature) {
  Span value;
  if (!example_next_list(it, name, &value)) return false;
  it->failed = !example_feature_of(value, feature);
  return !it->failed;
}

bool example_list_next(Span *list, ExampleFeature *feature, bool *failed) {
  Cursor c = over(*list);
  Span value;
  bool there = next_message(&c, 1, &value);
  *failed = c.failed || (there && !example_feature_of(value, feature));
  *list = (Span){c.at, cursor_left(&c)};
  return there && !*failed;
}

int example_find(Span example, const char *name, size_t name_len, ExampleFeature *out) {
  ExampleIter it = example_features(example);
  ExampleFeature feature;
  Span key;
  int found = 0;
  while (example_next(&it, &key, &feature)) {
    if (key.size != name_len || memcmp(key.data, name, name_len)) continue;
    *out = feature;
    found = 1;
  }
  return it.failed ? -1 : found;
}

/* ---- values ---- */

/* Steps to the next run of values of a list: `packed` ones, or a single one at c->at. */
static bool next_run(Cursor *c, ExampleKind kind, bool *is_packed, Span *packed) {
  uint32_t number;
  int wire_type, single = kind == EXAMPLE_FLOAT ? WIRE_32 : kind == EXAMPLE_INT64 ? WIRE_VARINT : -1;
  while (next_tag(c, &number, &wire_type)) {
    *is_packed = number == 1 && wire_type == WIRE_BYTES;
    if (*is_packed) {
      *packed = cursor_span(c);
      return !c->failed;
    }
    if (number == 1 && wire_type == single) return true;
    skip(c, wire_type);
  }
  return false;
}

static size_t count_varints(Span s) {
  const uint8_t *p = s.data;
  size_t n = 0;
  for (size_t i = 0; i < s.size; i++) n += p[i] < 0x80;
  return n;
}

bool example_count(const ExampleFeature *feature, size_t *count) {
  Cursor c = over(feature->list);
  Span packed;
  bool is_packed;
  size_t n = 0;
  while (next_run(&c, feature->kind, &is_packed, &packed)) {
    if (feature->kind == EXAMPLE_BYTES || !is_packed) {
      n++;
      if (!is_packed) skip(&c, feature->kind == EXAMPLE_FLOAT ? WIRE_32 : WIRE_VARINT);
    } else if (feature->kind == EXAMPLE_FLOAT) {
      if (packed.size % 4) return false;
      n += packed.size / 4;
    } else {
      n += count_varints(packed);
    }
  }
  *count = n;
  return !c.failed;
}

bool example_read_float(const ExampleFeature *feature, float *out, size_t count) {
  if (feature->kind != EXAMPLE_FLOAT) return feature->kind == EXAMPLE_NONE && !count;
  Cursor c = over(feature->list);
  Span packed;
  bool is_packed;
  while (next_run(&c, EXAMPLE_FLOAT, &is_packed, &packed)) {
    if (!is_packed) packed = (Span){cursor_take(&c, 4), 4};
    size_t n = packed.size / 4;
    if (c.failed || packed.size % 4 || n > count) return false;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n) memcpy(out, packed.data, n * 4);
#else
    Cursor in = over(packed);
    for (size_t i = 0; i < n; i++) {
      uint32_t bits = cursor_u32le(&in);
      memcpy(&out[i], &bits, 4);
    }
#endif
    out += n;
    count -= n;
  }
  return !c.failed && !count;
}

bool example_read_int64(const ExampleFeature *feature, int64_t *out, size_t count) {
  if (feature->kind != EXAMPLE_INT64) return feature->kind == EXAMPLE_NONE && !count;
  Cursor c = over(feature->list);
  Span packed;
  bool is_packed;
  while (next_run(&c, EXAMPLE_INT64, &is_packed, &packed)) {
    Cursor in = is_packed ? over(packed) : c;
    do {
      if (is_packed && !cursor_left(&in)) break;
      int64_t v = (int64_t)cursor_varint(&in);
      if (in.failed || !count) return false;
      *out++ = v;
      count--;
    } while (is_packed);
    if (!is_packed) c = in;
  }
  return !c.failed && !count;
}

bool example_read_bytes(const ExampleFeature *feature, Span *out, size_t count) {
  if (feature->kind != EXAMPLE_BYTES) return feature->kind == EXAMPLE_NONE && !count;
  Cursor c = over(feature->list);
  Span value;
  while (next_message(&c, 1, &value)) {
    if (!count) return false;
    *out++ = value;
    count--;
  }
  return !c.failed && !count;
}
