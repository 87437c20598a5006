#include "cli/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "cli/golden.h"
#include "serving/examples.h"
#include "serving/json_tensor.h"
#include "serving/proto_scan.h"
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

static TF_Code find_input(const Inputs *in, Span name, const SignatureTensor **input, TF_Status *st) {
  const Signature *s = in->signature;
  if ((*input = map_get_n(&s->input_by_alias, name.data, name.size))) return TF_OK;
  Bytes text = {0};
  for (size_t i = 0; i < s->input_count; i++)
    bytes_printf(&text, "%s'%s'", i ? ", " : "", s->inputs[i].alias);
  fail(st, TF_INVALID_ARGUMENT, "signature '%s' has no input '%.*s': it has %s", s->name, (int)name.size,
       (const char *)name.data, text.data ? text.data : "none");
  bytes_clear(&text);
  return TF_GetCode(st);
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
      return fail(st, TF_INVALID_ARGUMENT,
                  "'%.*s' is not of the form KEY=VALUE (several are joined by semicolons)", (int)(end - text),
                  text);
    const SignatureTensor *input;
    TRY(find_input(in, (Span){text, (size_t)(equals - text)}, &input, st));
    if (add(in, input, (Span){equals + 1, (size_t)(end - equals - 1)}, st))
      return fail_prefix(st, "input '%s'", input->alias);
    text = end;
  }
  return TF_OK;
}

/* ---- files ---- */

static TF_Tensor *tensor_of_npy(const NpyArray *a, TF_Status *st) {
  size_t element = dtype_memory_size(a->dtype);
  TF_Tensor *t = TF_AllocateTensor(a->dtype, a->shape, a->rank, a->count * element);
  if (!t) {
    fail(st, TF_RESOURCE_EXHAUSTED, "an array of %zu elements and rank %d does not become a tensor", a->count,
         a->rank);
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

static TF_Code pick_member(Span file, Arena *arena, const char *path, const char *member, NpyArray *out,
                           TF_Status *st) {
  NpzMember *members;
  size_t count;
  TRY(npz_read(file, arena, &members, &count, path, st));
  for (size_t i = 0; i < count; i++) {
    if (member ? strcmp(members[i].name, member) : count != 1) continue;
    *out = members[i].array;
    return TF_OK;
  }
  return member ? fail(st, TF_NOT_FOUND, "%s has no member '%s'", path, member)
                : fail(st, TF_INVALID_ARGUMENT, "%s has %zu members: name one, as FILE.npz[MEMBER]", path,
                       count);
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

TF_Code inputs_add_files(Inputs *in, const char *text, TF_Status *st) {
  return each_input(in, text, add_file, st);
}

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

TF_Code inputs_add_exprs(Inputs *in, const char *text, TF_Status *st) {
  return each_input(in, text, add_expr, st);
}

static TF_Code add_examples(Inputs *in, const SignatureTensor *input, Span value, TF_Status *st) {
  JsonDoc doc;
  Bytes list = {0}, features = {0};
  TF_Tensor *t = NULL;
  TRY(json_parse(value, &doc, st));
  const JsonNode *root = json_root(&doc);
  int64_t n = root->kind == JSON_ARRAY ? (int64_t)root->count : 0;
  if (root->kind != JSON_ARRAY)
    fail(st, TF_INVALID_ARGUMENT, "a list of {\"feature\": values} objects is wanted");
  else if (!(t = TF_AllocateTensor(TF_STRING, &n, 1, (size_t)n * sizeof(TF_TString))))
    fail_oom(st, "examples");
  TF_TString *s = t ? TF_TensorData(t) : NULL;
  const JsonNode *v = json_first(root);
  for (int64_t i = 0; i < n && t && !TF_GetCode(st); i++, v = json_end(v)) {
    Span example;
    if (!json_make_example(v, &list, &features, &in->arena, &example, st))
      TF_StringCopy(&s[i], example.data, example.size);
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

/* ---- recorded requests ---- */

TF_Code inputs_add_request(Inputs *in, Span request, TF_Status *st) {
  Cursor c = cursor_of(request.data, request.size);
  for (ProtoField f; proto_next(&c, &f);) {
    Span alias, value;
    if (f.number != 2 || f.wire != PROTO_BYTES) continue;
    if (!proto_map_entry(f.span, &alias, &value))
      return fail(st, TF_DATA_LOSS, "the recorded request is malformed");
    const SignatureTensor *input;
    TRY(find_input(in, alias, &input, st));
    TF_Tensor *t;
    TRY(tensor_decode(value, &t, st));
    put(in, input, t);
  }
  return c.failed ? fail(st, TF_DATA_LOSS, "the recorded request is malformed") : TF_OK;
}

static TF_Code add_golden(Inputs *in, const char *path, TF_Status *st) {
  TfrecordReader reader = {0};
  GoldenCase golden;
  if (!tfrecord_open(&reader, path, st) && !golden_find(&reader, in->signature->name, &golden, st))
    inputs_add_request(in, golden.request, st);
  tfrecord_close(&reader);
  return TF_GetCode(st);
}

/* ---- zeros ---- */

enum { SHAPE_MAX_RANK = 16 };

typedef struct InputShape {
  int rank; /* -1: not known */
  int64_t dims[SHAPE_MAX_RANK];
} InputShape;

/* "1,224,224,3" of `size` bytes; blanks and "" are fine. */
static bool parse_dims(const char *text, size_t size, InputShape *out) {
  const char *end = text + size;
  out->rank = 0;
  while (text < end && *text == ' ') text++;
  while (text < end) {
    char *after;
    long long dim = strtoll(text, &after, 10);
    if (after == text || after > end || dim < 0 || out->rank == SHAPE_MAX_RANK) return false;
    out->dims[out->rank++] = dim;
    while (after < end && *after == ' ') after++;
    if (after < end && *after != ',') return false;
    text = after + 1;
  }
  return true;
}

/* What `text` says of the inputs' shapes; by input. */
static TF_Code read_shapes(const Inputs *in, const char *text, InputShape *shapes, TF_Status *st) {
  while (*(text += strspn(text, " ;"))) {
    size_t size = strcspn(text, ";");
    const char *colon = memrchr(text, ':', size);
    const SignatureTensor *input;
    if (!colon)
      return fail(st, TF_INVALID_ARGUMENT, "'%.*s' is not of the form KEY:DIM,DIM,...", (int)size, text);
    TRY(find_input(in, (Span){text, (size_t)(colon - text)}, &input, st));
    if (!parse_dims(colon + 1, size - (size_t)(colon + 1 - text), &shapes[input - in->signature->inputs]))
      return fail(st, TF_INVALID_ARGUMENT, "input '%s': '%.*s' are no dimensions, as 1,224,224,3 are",
                  input->alias, (int)(size - (size_t)(colon + 1 - text)), colon + 1);
    text += size;
  }
  return TF_OK;
}

/* As the graph has it; one element where it does not even know the rank. */
static TF_Code graph_shape(TF_Graph *graph, TF_Output of, InputShape *out, TF_Status *st) {
  int rank = TF_GraphGetTensorNumDims(graph, of, st);
  *out = (InputShape){.rank = 1, .dims = {1}};
  if (TF_GetCode(st) || rank < 0 || rank > SHAPE_MAX_RANK) return TF_GetCode(st);
  out->rank = rank;
  TF_GraphGetTensorShape(graph, of, out->dims, rank, st);
  return TF_GetCode(st);
}

static TF_Code add_zeros(Inputs *in, const SignatureTensor *input, const InputShape *shape, TF_Status *st) {
  int64_t dims[SHAPE_MAX_RANK], count = 1;
  for (int i = 0; i < shape->rank; i++) {
    dims[i] = shape->dims[i] < 0 ? 1 : shape->dims[i];
    if (dims[i] && count > INT32_MAX / dims[i])
      return fail(st, TF_INVALID_ARGUMENT, "input '%s': the shape is too large", input->alias);
    count *= dims[i];
  }
  size_t bytes = (size_t)count * dtype_memory_size(input->dtype);
  TF_Tensor *t = TF_AllocateTensor((TF_DataType)input->dtype, dims, shape->rank, bytes);
  if (!t || (count && !dtype_memory_size(input->dtype))) {
    TF_DeleteTensor(t);
    return fail(st, TF_UNIMPLEMENTED, "input '%s' is of a type that cannot be made up: give it a value",
                input->alias);
  }
  if (bytes) memset(TF_TensorData(t), 0, bytes);
  put(in, input, t);
  return TF_OK;
}

TF_Code inputs_fill(Inputs *in, TF_Graph *graph, const char *text, TF_Status *st) {
  const Signature *s = in->signature;
  InputShape *shapes = arena_calloc(&in->arena, s->input_count, sizeof *shapes);
  if (!shapes) return fail_oom(st, "inputs");
  for (size_t i = 0; i < s->input_count; i++) shapes[i].rank = -1;
  if (text) TRY(read_shapes(in, text, shapes, st));
  for (size_t i = 0; i < s->input_count; i++) {
    const SignatureTensor *input = &s->inputs[i];
    bool said = shapes[i].rank >= 0;
    if (!said && (in->values[i] || input->fallback || !input->output.oper)) continue;
    if (!said) TRY(graph_shape(graph, input->output, &shapes[i], st));
    TRY(add_zeros(in, input, &shapes[i], st));
  }
  return TF_OK;
}

TF_Code inputs_read(Inputs *in, const InputWords *words, TF_Graph *graph, TF_Status *st) {
  if (words->golden) TRY(add_golden(in, words->golden, st));
  if (words->files) TRY(inputs_add_files(in, words->files, st));
  if (words->exprs) TRY(inputs_add_exprs(in, words->exprs, st));
  if (words->examples) TRY(inputs_add_examples(in, words->examples, st));
  return graph ? inputs_fill(in, graph, words->shapes, st) : TF_OK;
}
