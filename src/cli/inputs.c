#include "cli/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "serving/examples.h"
#include "serving/json_tensor.h"
#include "serving/tensor_codec.h"
#include "wire/json.h"
#include "wire/npy.h"

TF_Code inputs_init(Inputs *in, const Signature *signature, TF_Status *st) {
  *in = (Inputs){.signature = signature, .values = calloc(signature->input_count + 1, sizeof(TF_Tensor *))};
  return in->values ? TF_OK : fail_oom(st, "inputs");
}

void inputs_clear(Inputs *in) {
  for (size_t i = 0; in->values && i < in->signature->input_count; i++) TF_DeleteTensor(in->values[i]);
  free(in->values);
  arena_clear(&in->arena);
}

/* Takes `value`. */
static void put(Inputs *in, const SignatureTensor *input, TF_Tensor *value) {
  TF_Tensor **place = &in->values[input - in->signature->inputs];
  TF_DeleteTensor(*place);
  *place = value;
}

/* Where a value ends: the next ';' outside quotes and brackets. */
static const char *value_end(const char *p) {
  int depth = 0;
  bool quoted = false;
  for (; *p; p++) {
    if (quoted) {
      if (*p == '\\' && p[1]) p++;
      else if (*p == '"') quoted = false;
    } else if (*p == '"') {
      quoted = true;
    } else if (*p == '[' || *p == '{') {
      depth++;
    } else if (*p == ']' || *p == '}') {
      depth--;
    } else if (*p == ';' && depth <= 0) {
      break;
    }
  }
  return p;
}

typedef TF_Code AddInput(Inputs *in, const SignatureTensor *input, Span value, TF_Status *st);

/* Calls `add` for each KEY=VALUE. */
static TF_Code each_input(Inputs *in, const char *text, AddInput *add, TF_Status *st) {
  while (*(text += strspn(text, " ;"))) {
    const char *end = value_end(text), *equals = memchr(text, '=', (size_t)(end - text));
    if (!equals)
      return fail(st, TF_INVALID_ARGUMENT, "'%.*s' is not of the form KEY=VALUE", (int)(end - text), text);
    const SignatureTensor *input = map_get_n(&in->signature->input_by_alias, text, (size_t)(equals - text));
    if (!input)
      return fail(st, TF_INVALID_ARGUMENT, "the signature has no input '%.*s'", (int)(equals - text), text);
    if (add(in, input, (Span){equals + 1, (size_t)(end - equals - 1)}, st)) return fail_prefix(st, "input '%s'", input->alias);
    text = end;
  }
  return TF_OK;
}

/* ---- files ---- */

static TF_Tensor *tensor_of_npy(const NpyArray *a, TF_Status *st) {
  size_t element = dtype_memory_size(a->dtype);
  TF_Tensor *t = TF_AllocateTensor(a->dtype, a->shape, a->rank, a->count * element);
  if (!t) {
    fail(st, TF_RESOURCE_EXHAUSTED, "an array of %zu elements and rank %d does not become a tensor", a->count, a->rank);
    return NULL;
  }
  if (a->dtype == TF_STRING) {
    TF_TString *s = TF_TensorData(t);
    for (size_t i = 0; i < a->count; i++) TF_StringCopy(&s[i], a->strings[i].data, a->strings[i].size);
  } else if (a->data.size) {
    memcpy(TF_TensorData(t), a->data.data, a->data.size);
  }
  return t;
}

static TF_Code pick_member(Span file, Arena *arena, const char *path, const char *member, NpyArray *out, TF_Status *st) {
  NpzMember *members;
  size_t count;
  TRY(npz_read(file, arena, &members, &count, path, st));
  for (size_t i = 0; i < count; i++) {
    if (member ? strcmp(members[i].name, member) : count != 1) continue;
    *out = members[i].array;
    return TF_OK;
  }
  return member ? fail(st, TF_NOT_FOUND, "%s has no member '%s'", path, member)
                : fail(st, TF_INVALID_ARGUMENT, "%s has %zu members: name one, as FILE.npz[MEMBER]", path, count);
}

static TF_Code add_file(Inputs *in, const SignatureTensor *input, Span value, TF_Status *st) {
  char *path = arena_strndup(&in->arena, value.data, value.size), *member = NULL;
  if (!path) return fail_oom(st, "a path");
  char *open = strrchr(path, '[');
  if (open && path[value.size - 1] == ']') {
    path[value.size - 1] = 0;
    *open = 0;
    member = open + 1;
  }
  Bytes file = {0};
  NpyArray array;
  TRY(file_read(&file, path, SIZE_MAX / 2, st));
  Span bytes = {file.data, file.size};
  TF_Code code = npz_is(bytes) ? pick_member(bytes, &in->arena, path, member, &array, st)
                               : npy_read(bytes, &in->arena, &array, path, st);
  TF_Tensor *t = code ? NULL : tensor_of_npy(&array, st);
  bytes_clear(&file);
  if (!t) return TF_GetCode(st);
  put(in, input, t);
  return TF_OK;
}

TF_Code inputs_add_files(Inputs *in, const char *text, TF_Status *st) { return each_input(in, text, add_file, st); }

/* ---- JSON ---- */

static TF_Code add_expr(Inputs *in, const SignatureTensor *input, Span value, TF_Status *st) {
  JsonDoc doc;
  TRY(json_parse(value, &doc, st));
  JsonTensor t = {.dtype = input->dtype};
  TF_Code code = json_tensor_add(&t, json_root(&doc), &in->arena, st);
  json_doc_clear(&doc);
  if (code) TF_DeleteTensor(t.tensor);
  else put(in, input, t.tensor);
  return code;
}

TF_Code inputs_add_exprs(Inputs *in, const char *text, TF_Status *st) { return each_input(in, text, add_expr, st); }

static TF_Code add_examples(Inputs *in, const SignatureTensor *input, Span value, TF_Status *st) {
  JsonDoc doc;
  Bytes list = {0}, features = {0};
  TF_Tensor *t = NULL;
  TRY(json_parse(value, &doc, st));
  const JsonNode *root = json_root(&doc);
  int64_t n = root->kind == JSON_ARRAY ? (int64_t)root->count : 0;
  if (root->kind != JSON_ARRAY) fail(st, TF_INVALID_ARGUMENT, "a list of {\"feature\": values} objects is wanted");
  else if (!(t = TF_AllocateTensor(TF_STRING, &n, 1, (size_t)n * sizeof(TF_TString)))) fail_oom(st, "examples");
  TF_TString *s = t ? TF_TensorData(t) : NULL;
  const JsonNode *v = json_first(root);
  for (int64_t i = 0; i < n && t && !TF_GetCode(st); i++, v = json_end(v)) {
    Span example;
    if (!json_make_example(v, &list, &features, &in->arena, &example, st)) TF_StringCopy(&s[i], example.data, example.size);
  }
  bytes_clear(&list);
  bytes_clear(&features);
  json_doc_clear(&doc);
  if (TF_GetCode(st)) TF_DeleteTensor(t);
  else put(in, input, t);
  return TF_GetCode(st);
}

TF_Code inputs_add_examples(Inputs *in, const char *text, TF_Status *st) {
  return each_input(in, text, add_examples, st);
}
