/* UnicodeDecode, UnicodeDecodeWithOffsets, UnicodeEncode, UnicodeTranscode, UnicodeScript. */
#include <string.h>

#include "ops/array_util.h"
#include "ops/string_util.h"
#include "ops/unicode_text.h"

/* ---- attributes ---- */

typedef struct UnicodeState {
  UnicodeCoding coding; /* of the input */
  UnicodeForm form;     /* of the output */
  bool strict, ignore, replace_control;
  uint32_t replacement;
} UnicodeState;

static bool is_word(Span s, const char *word) {
  return s.size == strlen(word) && !memcmp(s.data, word, s.size);
}

static TF_Code unicode_init(OpInit *k, TF_Status *st) {
  UnicodeState *s = k->state;
  Span text;
  int64_t code;
  TRY(node_attr_string(k->node, "errors", &text, st));
  s->strict = is_word(text, "strict");
  s->ignore = is_word(text, "ignore");
  if (!s->strict && !s->ignore && !is_word(text, "replace"))
    return fail(st, TF_INVALID_ARGUMENT,
                "errors policy must be one of [\"replace\", \"strict\", \"ignore\"] but got %.*s",
                (int)text.size, (const char *)text.data);
  TRY(node_attr_int(k->node, "replacement_char", &code, st));
  if (code < 0 || code > 0x10ffff)
    return fail(st, TF_INVALID_ARGUMENT, "replacement_char out of unicode codepoint range");
  s->replacement = (uint32_t)code;
  if (node_attr(k->node, "replace_control_characters"))
    TRY(node_attr_bool(k->node, "replace_control_characters", &s->replace_control, st));
  if (node_attr(k->node, "output_encoding")) {
    TRY(node_attr_string(k->node, "output_encoding", &text, st));
    bool wide = is_word(text, "UTF-16-BE"), wider = is_word(text, "UTF-32-BE");
    s->form = wide ? FORM_UTF16 : wider ? FORM_UTF32 : FORM_UTF8;
    if (!wide && !wider && !is_word(text, "UTF-8"))
      return fail(st, TF_INVALID_ARGUMENT,
                  "output_encoding must be one of [\"UTF-8\", \"UTF-16-BE\", \"UTF-32-BE\"] but got %.*s",
                  (int)text.size, (const char *)text.data);
  }
  if (!node_attr(k->node, "input_encoding")) return TF_OK;
  TRY(node_attr_string(k->node, "input_encoding", &text, st));
  if (unicode_coding_find(text, &s->coding)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Could not create converter for input encoding: %.*s", (int)text.size,
              (const char *)text.data);
}

static bool is_replaced(const UnicodeState *s, const UnicodeChar *c) {
  return c->malformed || (s->replace_control && c->code <= 0x1f);
}

static TF_Code fail_formatting(TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "Invalid formatting on input string");
}

/* ---- UnicodeDecode, UnicodeDecodeWithOffsets ---- */

static TF_Code decode_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = c->inputs[0]->rank < 0 ? -1 : 1;
  for (int d = 0; d < c->inputs[0]->rank; d++) n = dim_mul(n, c->inputs[0]->dims[d]);
  c->outputs[0] = shape_vector(dim_add(n, 1));
  for (int i = 1; i < c->num_outputs; i++) c->outputs[i] = shape_vector(-1);
  return TF_OK;
}

/* Code points of one text: counts them, and writes them where `codes` is not null, with offsets where
 * `offsets` is not. */
static TF_Code decode_text(const UnicodeState *s, UnicodeReader *r, Span text, int64_t *count, int32_t *codes,
                           int64_t *offsets, TF_Status *st) {
  UnicodeChar ch;
  unicode_read(r, text);
  for (int64_t at = 0; unicode_next(r, &ch); at += ch.bytes) {
    if (ch.malformed && s->strict) return fail_formatting(st);
    bool replaced = is_replaced(s, &ch);
    if (replaced && s->ignore) continue;
    if (codes) codes[*count] = (int32_t)(replaced ? s->replacement : ch.code);
    if (offsets) offsets[*count] = at;
    ++*count;
  }
  return TF_OK;
}

static TF_Code put_split(Tensor *t, int64_t i, int64_t v, TF_Status *st) {
  if (t->dtype == TF_INT64) ((int64_t *)t->data)[i] = v;
  else if (v > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "too many characters for int32 row splits");
  else ((int32_t *)t->data)[i] = (int32_t)v;
  return TF_OK;
}

static TF_Code decode_run(OpCtx *c, TF_Status *st) {
  const UnicodeState *s = c->state;
  const Tensor *in = op_input(c, 0);
  int64_t n = tensor_count(in), total = 0;
  UnicodeReader r = unicode_reader(&s->coding), again = r;
  TRY(op_alloc_output(c, 0, c->node->output_types[0], &(int64_t){n + 1}, 1, st));
  Tensor *splits = &c->outputs[0];
  TRY(put_split(splits, 0, 0, st));
  for (int64_t i = 0; i < n; i++) {
    TRY(decode_text(s, &r, string_at(in, i), &total, NULL, NULL, st));
    TRY(put_split(splits, i + 1, total, st));
  }
  for (int k = 1; k < c->num_outputs; k++)
    TRY(op_alloc_output(c, k, c->node->output_types[k], &total, 1, st));
  total = 0;
  for (int64_t i = 0; i < n; i++)
    TRY(decode_text(s, &again, string_at(in, i), &total, c->outputs[1].data,
                    c->num_outputs > 2 ? c->outputs[2].data : NULL, st));
  return TF_OK;
}

/* ---- UnicodeEncode ---- */

static TF_Code encode_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  int64_t n = c->inputs[1]->rank == 1 ? c->inputs[1]->dims[0] : -1;
  c->outputs[0] = shape_vector(n > 0 ? n - 1 : -1);
  return TF_OK;
}

static TF_Code check_splits(const Tensor *values, const Tensor *splits, TF_Status *st) {
  int64_t n = tensor_count(splits), size = tensor_count(values);
  if (n == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input_splits should contain elements, but given input_values has 0 elements");
  if (int_at(splits, 0) != 0)
    return fail(st, TF_INVALID_ARGUMENT, "First value in input_splits must be zero.");
  if (int_at(splits, n - 1) != size)
    return fail(st, TF_INVALID_ARGUMENT,
                "Last value in input_splits must be equal to length of input_tensor. Got %lld in "
                "input_splits and length of "
                "input_tensor %lld",
                (long long)int_at(splits, n - 1), (long long)size);
  for (int64_t i = 1; i < n; i++) {
    if (int_at(splits, i - 1) > int_at(splits, i))
      return fail(st, TF_INVALID_ARGUMENT, "Values in input_splits must be equal or in ascending order.");
    if (int_at(splits, i) > size)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Values in input_splits must be less than or equal to input_tensor length.");
  }
  return TF_OK;
}

/* Code points that are characters: no surrogates, no noncharacters. */
static bool is_character(int32_t c) {
  if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
  return !(c >= 0xfdd0 && c <= 0xfdef) && (c & 0xfffe) != 0xfffe;
}

static TF_Code encode_row(const UnicodeState *s, const Tensor *values, int64_t from, int64_t to, Bytes *units,
                          Bytes *text, TF_Status *st) {
  units->size = text->size = 0;
  for (int64_t i = from; i < to; i++) {
    int32_t code = ((const int32_t *)values->data)[i];
    if (!is_character(code)) {
      if (s->strict)
        return fail(st, TF_INVALID_ARGUMENT, "Code point is out of range for Unicode, or a noncharacter.");
      if (!s->ignore) code = (int32_t)s->replacement;
    }
    unicode_put_unit(units, (uint32_t)code);
  }
  unicode_put_text(text, units, s->form);
  return bytes_finish(units, "encoded text", st);
}

static TF_Code encode_run(OpCtx *c, TF_Status *st) {
  const Tensor *values = op_input(c, 0), *splits = op_input(c, 1);
  int64_t rows = tensor_count(splits) - 1;
  Bytes units = {0}, text = {0};
  TRY(check_splits(values, splits, st));
  TRY(op_alloc_output(c, 0, TF_STRING, &rows, 1, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < rows; i++) {
    code = encode_row(c->state, values, int_at(splits, i), int_at(splits, i + 1), &units, &text, st);
    if (!code) code = string_put_bytes(&c->outputs[0], i, &text, st);
  }
  bytes_clear(&units);
  bytes_clear(&text);
  return code;
}

/* ---- UnicodeTranscode ---- */

static TF_Code transcode_text(const UnicodeState *s, UnicodeReader *r, Span in, Bytes *units, Bytes *text,
                              TF_Status *st) {
  UnicodeChar ch;
  units->size = text->size = 0;
  unicode_read(r, in);
  while (unicode_next(r, &ch)) {
    bool replaced = is_replaced(s, &ch);
    if (replaced && s->strict) return fail_formatting(st);
    if (!replaced || !s->ignore) unicode_put_unit(units, replaced ? s->replacement : ch.code);
  }
  unicode_put_text(text, units, s->form);
  return bytes_finish(units, "encoded text", st);
}

static TF_Code transcode_run(OpCtx *c, TF_Status *st) {
  const UnicodeState *s = c->state;
  UnicodeReader r = unicode_reader(&s->coding);
  Bytes units = {0}, text = {0};
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); !code && i < n; i++) {
    code = transcode_text(s, &r, string_at(op_input(c, 0), i), &units, &text, st);
    if (!code) code = string_put_bytes(&c->outputs[0], i, &text, st);
  }
  bytes_clear(&units);
  bytes_clear(&text);
  return code;
}

/* ---- UnicodeScript: the numbers are ICU's ---- */

static const uint32_t script_runs[] = {
#include "ops/unicode_scripts.inc"
};

static int32_t script_of(int32_t code) {
  size_t low = 0, high = SM_COUNTOF(script_runs);
  if (code < 0 || code > 0x10ffff) return -1;
  while (high - low > 1) { /* the run at `low` begins at or before the code, that at `high` after it */
    size_t middle = low + (high - low) / 2;
    if (script_runs[middle] >> 8 <= (uint32_t)code) low = middle;
    else high = middle;
  }
  return (int32_t)(script_runs[low] & 0xff);
}

static TF_Code script_run(OpCtx *c, TF_Status *st) {
  (void)st;
  const int32_t *in = op_input(c, 0)->data;
  int32_t *out = c->outputs[0].data;
  for (int64_t i = 0, n = tensor_count(&c->outputs[0]); i < n; i++) out[i] = script_of(in[i]);
  return TF_OK;
}

const OpRow ops_unicode_ops[] = {
    {"UnicodeDecode", .flags = OP_DYNAMIC, .state_size = sizeof(UnicodeState), .shape = decode_shape,
     .init = unicode_init, .run = decode_run},
    {"UnicodeDecodeWithOffsets", .flags = OP_DYNAMIC, .state_size = sizeof(UnicodeState),
     .shape = decode_shape, .init = unicode_init, .run = decode_run},
    {"UnicodeEncode", .flags = OP_DYNAMIC, .state_size = sizeof(UnicodeState), .shape = encode_shape,
     .init = unicode_init, .run = encode_run},
    {"UnicodeTranscode", .state_size = sizeof(UnicodeState), .shape = shape_same, .init = unicode_init,
     .prepare = prepare_like, .run = transcode_run},
    {"UnicodeScript", .shape = shape_same, .prepare = prepare_like, .run = script_run},
    {0}};
