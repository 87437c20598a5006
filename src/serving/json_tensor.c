#include "serving/json_tensor.h"

#include <string.h>

#include "base/checked.h"
#include "serving/tensor_codec.h"
#include "wire/base64.h"

const char *json_dump_text(const JsonNode *v, Arena *arena) {
  Bytes text = {0};
  json_dump(v, JSON_DUMP_MAX, &text);
  char *copy = arena_strndup(arena, text.data ? text.data : "", text.size);
  bytes_clear(&text);
  return copy ? copy : "";
}

bool json_is_base64(const JsonNode *v) {
  if (v->kind != JSON_OBJECT || v->count != 1) return false;
  const JsonNode *value = json_member(v, "b64");
  return value && value->kind == JSON_STRING;
}

TF_Code json_decode_base64(const JsonNode *v, Arena *arena, Span *out, TF_Status *st) {
  if (!json_is_base64(v))
    return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s not formatted correctly for base64 data",
                json_dump_text(v, arena));
  const JsonNode *text = json_member(v, "b64");
  char *bytes = arena_alloc(arena, base64_decoded_max(text->count));
  if (!bytes) return fail_oom(st, "base64");
  out->data = bytes;
  if (!base64_decode(text->text, text->count, bytes, &out->size))
    return fail(st, TF_INVALID_ARGUMENT, "Unable to base64 decode");
  return TF_OK;
}

/* ---- reading ---- */

static TF_Code wrong_type(const JsonTensor *t, const JsonNode *v, Arena *arena, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "JSON Value: %s Type: %s is not of expected type: %s",
              json_dump_text(v, arena), json_type_name(v), dtype_word(t->dtype));
}

static bool int_within(const JsonNode *v, int64_t min, int64_t max) {
  return v->kind == JSON_INT && v->i >= min && v->i <= max;
}

/* Stores a value that is no list as element `i` of `data`. */
static TF_Code put_value(const JsonTensor *t, void *data, int64_t i, const JsonNode *v, Arena *arena,
                         TF_Status *st) {
  double number;
  switch (t->dtype) {
    case TF_FLOAT:
      if (!json_as_double(v, &number)) return wrong_type(t, v, arena, st);
      ((float *)data)[i] = (float)number;
      return TF_OK;
    case TF_DOUBLE:
      if (!json_as_double(v, &number)) return wrong_type(t, v, arena, st);
      ((double *)data)[i] = number;
      return TF_OK;
    case TF_INT32:
    case TF_INT16:
    case TF_INT8:
    case TF_UINT8: /* TF: no check beyond int32 */
      if (!int_within(v, INT32_MIN, INT32_MAX)) return wrong_type(t, v, arena, st);
      if (t->dtype == TF_INT32) ((int32_t *)data)[i] = (int32_t)v->i;
      else if (t->dtype == TF_INT16) ((int16_t *)data)[i] = (int16_t)v->i;
      else ((uint8_t *)data)[i] = (uint8_t)v->i;
      return TF_OK;
    case TF_INT64:
      if (v->kind != JSON_INT) return wrong_type(t, v, arena, st);
      ((int64_t *)data)[i] = v->i;
      return TF_OK;
    case TF_UINT32:
      if (!int_within(v, 0, UINT32_MAX)) return wrong_type(t, v, arena, st);
      ((uint32_t *)data)[i] = (uint32_t)v->i;
      return TF_OK;
    case TF_UINT64:
      if (v->kind != JSON_UINT && !int_within(v, 0, INT64_MAX)) return wrong_type(t, v, arena, st);
      ((uint64_t *)data)[i] = v->kind == JSON_UINT ? v->u : (uint64_t)v->i;
      return TF_OK;
    case TF_BOOL:
      if (v->kind != JSON_TRUE && v->kind != JSON_FALSE) return wrong_type(t, v, arena, st);
      ((uint8_t *)data)[i] = v->kind == JSON_TRUE;
      return TF_OK;
    case TF_STRING: {
      Span bytes = {v->text, v->count};
      if (v->kind == JSON_OBJECT) TRY(json_decode_base64(v, arena, &bytes, st));
      else if (v->kind != JSON_STRING) return wrong_type(t, v, arena, st);
      TF_StringCopy((TF_TString *)data + i, bytes.data, bytes.size);
      return TF_OK;
    }
    default:
      return fail(st, TF_UNIMPLEMENTED, "Conversion of JSON Value: %s to type: %s", json_dump_text(v, arena),
                  dtype_word(t->dtype));
  }
}

/* The shape that a value shows: nested lists, by the first element of each. */
static int shape_of(const JsonNode *v, int64_t *dims, int max) {
  int rank = 0;
  for (; v->kind == JSON_ARRAY && rank < max; v = json_first(v)) {
    dims[rank++] = v->count;
    if (!v->count) break;
  }
  return rank;
}

/* One value on its way into a tensor. */
typedef struct Walk {
  const JsonTensor *t;
  const int64_t *dims; /* the value's own shape */
  int rank;
  void *data; /* null: only checked */
  int64_t at; /* the next element */
  Arena *arena;
} Walk;

/* Checks the type of a value that is not kept. */
static TF_Code check_value(const Walk *w, const JsonNode *v, TF_Status *st) {
  union {
    uint64_t any;
    TF_TString text;
  } scratch = {0};
  if (w->t->dtype == TF_STRING) TF_StringInit(&scratch.text);
  TF_Code code = put_value(w->t, &scratch, 0, v, w->arena, st);
  if (w->t->dtype == TF_STRING) TF_StringDealloc(&scratch.text);
  return code;
}

static TF_Code walk(Walk *w, const JsonNode *v, int level, TF_Status *st) {
  if (v->kind != JSON_ARRAY) {
    if (level != w->rank)
      return fail(st, TF_INVALID_ARGUMENT,
                  "JSON Value: %s found at incorrect level: %d in the JSON DOM. Expected at level: %d",
                  json_dump_text(v, w->arena), level, w->rank);
    int64_t at = w->at++;
    return w->data ? put_value(w->t, w->data, at, v, w->arena, st) : check_value(w, v, st);
  }
  if (level >= w->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Encountered list at unexpected level: %d expected < %d", level,
                w->rank);
  if (v->count != w->dims[level])
    return fail(st, TF_INVALID_ARGUMENT,
                "Encountered list at unexpected size: %u at level: %d expected size: %lld", v->count, level,
                (long long)w->dims[level]);
  for (const JsonNode *e = json_first(v), *end = json_end(v); e != end; e = json_end(e))
    TRY(walk(w, e, level + 1, st));
  return TF_OK;
}

enum { MAX_RANK = 253 }; /* one less than a tensor may have: the batch */

/* Makes the tensor for values of this shape; `nodes` is how much JSON the first one is. */
static TF_Code allocate(JsonTensor *t, size_t nodes, TF_Status *st) {
  size_t element = dtype_memory_size(t->dtype), count, bytes;
  /* A list that is not ragged has all its elements in the text, each of them a node; any other is only
   * walked, which says what is wrong. The same for types that JSON cannot give. */
  if (t->size > (int64_t)nodes || !element) return TF_OK;
  if (!checked_mul((size_t)t->size, t->batch ? (size_t)t->batch : 1, &count) ||
      !checked_mul(count, element, &bytes))
    return fail(st, TF_INVALID_ARGUMENT, "the tensor is too large");
  bool batched = t->batch > 0;
  t->tensor = tensor_new(t->dtype, t->dims + !batched, t->rank + batched, bytes);
  return t->tensor ? TF_OK : fail_oom(st, "tensor");
}

static const char *dims_text(const int64_t *dims, int rank, Arena *arena) {
  Bytes text = {0};
  for (int i = 0; i < rank; i++) bytes_printf(&text, "%s%lld", i ? "," : "", (long long)dims[i]);
  char *copy = arena_strndup(arena, text.data ? text.data : "", text.size);
  bytes_clear(&text);
  return copy ? copy : "";
}

TF_Code json_tensor_add(JsonTensor *t, const JsonNode *value, Arena *arena, TF_Status *st) {
  bool first = !t->dims[0] && !t->filled && !t->tensor;
  int64_t dims[MAX_RANK];
  int rank = shape_of(value, dims, MAX_RANK);
  if (first) {
    t->dims[0] = t->batch ? t->batch : 1;
    t->rank = rank;
    memcpy(t->dims + 1, dims, (size_t)rank * sizeof *dims);
    t->size = 1;
    for (int i = 0; i < rank; i++)
      if (!checked_mul_i64(t->size, dims[i], &t->size)) t->size = INT64_MAX;
    TRY(allocate(t, (size_t)(json_end(value) - value), st));
  }
  bool same = rank == t->rank && !memcmp(dims, t->dims + 1, (size_t)rank * sizeof *dims);
  Walk w = {t, dims, rank, same && t->tensor ? TF_TensorData(t->tensor) : NULL, t->filled, arena};
  TRY(walk(&w, value, 0, st));
  int64_t size = w.at - t->filled;
  t->filled = w.at;
  if (same) return TF_OK;
  if (size != t->size)
    return fail(st, TF_INVALID_ARGUMENT, "Expecting tensor size: %lld but got: %lld", (long long)t->size,
                (long long)size);
  return fail(st, TF_INVALID_ARGUMENT, "Expecting shape [%s] but got: [%s]",
              dims_text(t->dims + 1, t->rank, arena), dims_text(dims, rank, arena));
}

/* ---- writing ---- */

bool json_can_write(int dtype) {
  switch (dtype) {
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_INT8:
    case TF_INT16:
    case TF_INT32:
    case TF_INT64:
    case TF_UINT8:
    case TF_UINT16:
    case TF_UINT32:
    case TF_UINT64:
    case TF_BOOL:
    case TF_STRING: return true;
    default: return false;
  }
}

static void write_string(JsonWriter *w, const TF_TString *text, bool as_base64) {
  const char *data = TF_StringGetDataPointer(text);
  size_t size = TF_StringGetSize(text);
  if (!as_base64) {
    json_write_string(w, data, size);
    return;
  }
  json_begin_object(w);
  json_key(w, "b64", 3);
  json_value(w);
  bytes_putc(w->out, '"');
  base64_encode(w->out, data, size);
  bytes_putc(w->out, '"');
  json_end_object(w);
}

static void write_element(JsonWriter *w, int dtype, const void *data, int64_t i, bool as_base64) {
  if (dtype == TF_STRING) {
    write_string(w, (const TF_TString *)data + i, as_base64);
    return;
  }
  json_value(w);
  switch (dtype) {
    case TF_FLOAT: json_put_float(w->out, ((const float *)data)[i]); break;
    case TF_DOUBLE: json_put_double(w->out, ((const double *)data)[i]); break;
    case TF_INT8: json_put_i64(w->out, ((const int8_t *)data)[i]); break;
    case TF_INT16: json_put_i64(w->out, ((const int16_t *)data)[i]); break;
    case TF_INT32: json_put_i64(w->out, ((const int32_t *)data)[i]); break;
    case TF_INT64: json_put_i64(w->out, ((const int64_t *)data)[i]); break;
    case TF_UINT8: json_put_u64(w->out, ((const uint8_t *)data)[i]); break;
    case TF_UINT16: json_put_u64(w->out, ((const uint16_t *)data)[i]); break;
    case TF_UINT32: json_put_u64(w->out, ((const uint32_t *)data)[i]); break;
    case TF_UINT64: json_put_u64(w->out, ((const uint64_t *)data)[i]); break;
    case TF_BOOL: bytes_puts(w->out, ((const uint8_t *)data)[i] ? "true" : "false"); break;
    default: bytes_puts(w->out, "null"); break; /* json_can_write() was asked before */
  }
}

/* Dimensions from `dim` on; *at is the next element. */
static void write_level(JsonWriter *w, const TF_Tensor *tensor, int dim, int64_t *at, bool as_base64) {
  if (dim == TF_NumDims(tensor)) {
    write_element(w, (int)TF_TensorType(tensor), TF_TensorData(tensor), (*at)++, as_base64);
    return;
  }
  json_begin_array(w);
  for (int64_t i = 0, n = TF_Dim(tensor, dim); i < n; i++) write_level(w, tensor, dim + 1, at, as_base64);
  json_end_array(w);
}

void json_write_tensor(JsonWriter *w, const TF_Tensor *tensor, bool as_base64) {
  int64_t at = 0;
  write_level(w, tensor, 0, &at, as_base64);
}

void json_write_row(JsonWriter *w, const TF_Tensor *tensor, int64_t row, bool as_base64) {
  int64_t at = row;
  for (int i = 1; i < TF_NumDims(tensor); i++) at *= TF_Dim(tensor, i);
  write_level(w, tensor, 1, &at, as_base64);
}
