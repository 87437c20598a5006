/* DecodeCSV: records in the style of RFC 4180, a column an output. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/string_util.h"
#include "ops/text_number.h"

typedef struct CsvState {
  char delimiter;
  bool quotes;
  Span na_value;
  const Attr *select; /* strictly increasing; none: all */
} CsvState;

static TF_Code csv_init(OpInit *k, TF_Status *st) {
  CsvState *s = k->state;
  Span delimiter;
  TRY(node_attr_string(k->node, "field_delim", &delimiter, st));
  TRY(node_attr_bool(k->node, "use_quote_delim", &s->quotes, st));
  TRY(node_attr_string(k->node, "na_value", &s->na_value, st));
  TRY(node_attr_list(k->node, "select_cols", TF_ATTR_INT, &s->select, st));
  int64_t n = s->select->count;
  if (n && n != k->node->num_outputs)
    return fail(st, TF_INVALID_ARGUMENT, "select_cols should match output size");
  for (int64_t i = 1; i < n; i++)
    if (s->select->v.list_i[i - 1] >= s->select->v.list_i[i])
      return fail(st, TF_INVALID_ARGUMENT, "select_cols should be strictly increasing indices");
  if (n && s->select->v.list_i[0] < 0)
    return fail(st, TF_INVALID_ARGUMENT, "select_cols should be non-negative indices");
  if (delimiter.size != 1) return fail(st, TF_INVALID_ARGUMENT, "field_delim should be only 1 char");
  s->delimiter = *(const char *)delimiter.data;
  return TF_OK;
}

static TF_Code csv_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  for (int i = 0; i < c->num_outputs; i++) c->outputs[i] = *c->inputs[0];
  return TF_OK;
}

static TF_Code csv_prepare(OpCtx *c, TF_Status *st) {
  for (int i = 0; i < c->num_outputs; i++) {
    const Tensor *t = op_input(c, 1 + i);
    if (t->rank > 1) return fail(st, TF_INVALID_ARGUMENT, "Each record default should be at most rank 1");
    if (tensor_count(t) > 1)
      return fail(st, TF_INVALID_ARGUMENT, "There should only be 1 default per field but field %d has %lld",
                  i, (long long)tensor_count(t));
    if (t->dtype != c->node->output_types[i])
      return fail(st, TF_INVALID_ARGUMENT, "the default of field %d is of another type", i);
    TRY(op_output_like(c, i, op_input(c, 0), st));
  }
  return TF_OK;
}

/* ---- one field ---- */

static TF_Code fail_number(const OpCtx *c, int field, int64_t record, Span text, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Field %d in record %lld is not a valid %s: %.*s", field,
              (long long)record, dtype_name(c->node->output_types[field]), (int)text.size,
              (const char *)text.data);
}

static TF_Code put_field(OpCtx *c, int field, int64_t record, Span text, TF_Status *st) {
  const CsvState *s = c->state;
  const Tensor *fallback = op_input(c, 1 + field);
  Tensor *out = &c->outputs[field];
  void *to = (char *)out->data + (size_t)record * dtype_size(out->dtype);
  bool ok = false;
  if (!text.size || (text.size == s->na_value.size && !memcmp(text.data, s->na_value.data, text.size))) {
    if (tensor_count(fallback)) return tensor_copy_range(out, record, fallback, 0, 1, st);
    return fail(st, TF_INVALID_ARGUMENT, "Field %d is required but missing in record %lld!", field,
                (long long)record);
  }
  switch (out->dtype) {
    case TF_STRING: return string_put(out, record, text.data, text.size, st);
    case TF_INT32: ok = text_to_int32(text.data, text.size, to); break;
    case TF_INT64: ok = text_to_int64(text.data, text.size, to); break;
    case TF_FLOAT: ok = text_to_float(text.data, text.size, to); break;
    case TF_DOUBLE: ok = text_to_double(text.data, text.size, to); break;
    default:
      return fail(st, TF_INVALID_ARGUMENT, "csv: data type %s not supported in field %d",
                  dtype_name(out->dtype), field);
  }
  return ok ? TF_OK : fail_number(c, field, record, text, st);
}

/* ---- one record ---- */

/* Reads a field without quotes and what ends it. */
static TF_Code read_plain(const CsvState *s, Span r, size_t *at, Bytes *field, TF_Status *st) {
  const char *p = r.data;
  for (; *at < r.size && p[*at] != s->delimiter; ++*at) {
    if ((s->quotes && p[*at] == '"') || p[*at] == '\n' || p[*at] == '\r')
      return fail(st, TF_INVALID_ARGUMENT, "Unquoted fields cannot have quotes/CRLFs inside");
    bytes_putc(field, p[*at]);
  }
  ++*at;
  return TF_OK;
}

/* The same behind an opening quote. */
static TF_Code read_quoted(const CsvState *s, Span r, size_t *at, Bytes *field, TF_Status *st) {
  const char *p = r.data;
  while (*at + 1 < r.size && (p[*at] != '"' || p[*at + 1] != s->delimiter)) {
    if (p[*at] == '"' && p[*at + 1] != '"')
      return fail(st, TF_INVALID_ARGUMENT, "Quote inside a string has to be escaped by another quote");
    bytes_putc(field, p[*at]);
    *at += p[*at] == '"' ? 2 : 1;
  }
  if (*at >= r.size || p[*at] != '"' || (*at + 1 < r.size && p[*at + 1] != s->delimiter))
    return fail(st, TF_INVALID_ARGUMENT, "Quoted field has to end with quote followed by delim or end");
  *at += 2;
  return TF_OK;
}

typedef struct CsvRecord {
  int64_t number, parsed, kept; /* which record; fields read; fields that are outputs */
} CsvRecord;

/* A field is read: fields beyond the outputs are only counted. */
static TF_Code keep_field(OpCtx *c, CsvRecord *rec, Span text, TF_Status *st) {
  if (rec->kept < c->num_outputs) TRY(put_field(c, (int)rec->kept, rec->number, text, st));
  rec->kept++;
  return TF_OK;
}

static bool is_wanted(const CsvState *s, const CsvRecord *rec) {
  return !s->select->count || (rec->kept < s->select->count && s->select->v.list_i[rec->kept] == rec->parsed);
}

/* Reads fields until the record or the wanted columns end; `put`: into the outputs, else only to count
 * them. */
static TF_Code read_record(OpCtx *c, Span r, CsvRecord *rec, bool put, Bytes *field, TF_Status *st) {
  const CsvState *s = c->state;
  const char *p = r.data;
  for (size_t at = 0; at < r.size;) {
    if (p[at] == '\n' || p[at] == '\r') {
      at++;
      continue;
    }
    bool quoted = s->quotes && p[at] == '"', wanted = is_wanted(s, rec);
    at += quoted;
    field->size = 0;
    TRY((quoted ? read_quoted : read_plain)(s, r, &at, field, st));
    TRY(bytes_finish(field, "a field", st));
    rec->parsed++;
    if (!wanted) continue;
    if (put) TRY(keep_field(c, rec, (Span){field->data ? field->data : "", field->size}, st));
    else rec->kept++;
    if (s->select->count && rec->kept == s->select->count) return TF_OK;
  }
  if (!r.size || p[r.size - 1] != s->delimiter || !is_wanted(s, rec)) return TF_OK;
  if (put) return keep_field(c, rec, (Span){"", 0}, st);
  rec->kept++;
  return TF_OK;
}

static TF_Code csv_run(OpCtx *c, TF_Status *st) {
  Bytes field = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); !code && i < n; i++) {
    CsvRecord count = {.number = i}, rec = count;
    Span r = string_at(op_input(c, 0), i);
    code = read_record(c, r, &count, false, &field, st);
    if (!code && count.kept != c->num_outputs)
      code = fail(st, TF_INVALID_ARGUMENT, "Expect %d fields but have %lld in record %lld", c->num_outputs,
                  (long long)count.kept, (long long)i);
    if (!code) code = read_record(c, r, &rec, true, &field, st);
  }
  bytes_clear(&field);
  return code;
}

const OpRow ops_parsing_csv[] = {{"DecodeCSV", .state_size = sizeof(CsvState), .shape = csv_shape,
                                  .init = csv_init, .prepare = csv_prepare, .run = csv_run},
                                 {0}};
