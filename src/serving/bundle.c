/* Loading: TF_LoadSessionFromSavedModel gives session, graph and the serialized MetaGraphDef, of which
 * only signature_def (field 5) is read; the rest may be hundreds of megabytes and is dropped. */
#include "serving/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"

enum {
  META_GRAPH_SIGNATURE_DEF = 5,
  SIGNATURE_INPUTS = 1,
  SIGNATURE_OUTPUTS = 2,
  SIGNATURE_METHOD = 3,
  SIGNATURE_DEFAULTS = 4,
  TENSOR_INFO_NAME = 1,
  TENSOR_INFO_DTYPE = 2,
};

/* "name:3" in the graph; {NULL, 0} when it is not there. */
static TF_Output find_output(TF_Graph *graph, const char *tensor_name) {
  TF_Output none = {NULL, 0};
  const char *colon = strrchr(tensor_name, ':');
  char *end;
  long index = colon ? strtol(colon + 1, &end, 10) : 0;
  if (colon && (!colon[1] || *end || index < 0 || index > INT32_MAX)) return none;
  size_t len = colon ? (size_t)(colon - tensor_name) : strlen(tensor_name);
  char *name = strndup(tensor_name, len);
  TF_Operation *op = name && *name ? TF_GraphOperationByName(graph, name) : NULL;
  free(name);
  return op && index < TF_OperationNumOutputs(op) ? (TF_Output){op, (int)index} : none;
}

static bool parse_tensor_info(Span info, Bundle *bundle, SignatureTensor *out) {
  Span name = {"", 0};
  Cursor c = cursor_of(info.data, info.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number == TENSOR_INFO_NAME && f.wire == PROTO_BYTES) name = f.span;
    if (f.number == TENSOR_INFO_DTYPE && f.wire == PROTO_VARINT) out->dtype = (int)f.value;
  }
  out->tensor_name = arena_strndup(&bundle->arena, name.data, name.size);
  if (c.failed || !out->tensor_name) return false;
  out->output = find_output(bundle->graph, out->tensor_name);
  if (out->output.oper) out->dtype = (int)TF_OperationOutputType(out->output) % 100;
  return true;
}

static int compare_bytes(const void *a, size_t a_len, const void *b, size_t b_len) {
  int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
  return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_tensors(const void *a, const void *b) {
  const SignatureTensor *x = a, *y = b;
  return compare_bytes(x->alias, x->alias_len, y->alias, y->alias_len);
}

static int compare_signatures(const void *a, const void *b) {
  const Signature *x = a, *y = b;
  return compare_bytes(x->name, x->name_len, y->name, y->name_len);
}

static size_t count_fields(Span message, uint32_t number) {
  size_t n = 0;
  Cursor c = cursor_of(message.data, message.size);
  for (ProtoField f; proto_next(&c, &f);) n += f.number == number && f.wire == PROTO_BYTES;
  return n;
}

/* The map of TensorInfos in field `number`; of equal keys the last counts. */
static bool parse_tensors(Bundle *bundle, Span signature, uint32_t number, SignatureTensor **tensors,
                          size_t *count, Map *by_alias) {
  size_t max = count_fields(signature, number);
  *tensors = arena_calloc(&bundle->arena, max, sizeof **tensors);
  if (!*tensors) return false;
  Cursor c = cursor_of(signature.data, signature.size);
  for (ProtoField f; proto_next(&c, &f);) {
    if (f.number != number || f.wire != PROTO_BYTES) continue;
    Span key, value;
    SignatureTensor t = {0};
    if (!proto_map_entry(f.span, &key, &value) || !parse_tensor_info(value, bundle, &t)) return false;
    t.alias = arena_strndup(&bundle->arena, key.data, key.size);
    t.alias_len = key.size;
    if (!t.alias) return false;
    size_t i = 0;
    while (i < *count && compare_tensors(&(*tensors)[i], &t)) i++;
    (*tensors)[i] = t;
    if (i == *count) ++*count;
  }
  qsort(*tensors, *count, sizeof **tensors, compare_tensors);
  for (size_t i = 0; i < *count; i++)
    if (!map_put_n(by_alias, (*tensors)[i].alias, (*tensors)[i].alias_len, &(*tensors)[i])) return false;
  return !c.failed;
}

/* A session refuses to fetch what is fed, so such outputs are answered without it. */
static void find_echoes(Signature *s) {
  for (size_t o = 0; o < s->output_count; o++) {
    SignatureTensor *output = &s->outputs[o];
    output->echo = -1;
    for (size_t i = 0; i < s->input_count && output->output.oper; i++)
      if (s->inputs[i].output.oper == output->output.oper &&
          s->inputs[i].output.index == output->output.index)
        output->echo = (int)i;
    s->has_echoes = s->has_echoes || output->echo >= 0;
  }
}

static TF_Code parse_defaults(Signature *s, TF_Status *st) {
  Cursor c = cursor_of(s->proto.data, s->proto.size);
  for (ProtoField f; proto_next(&c, &f);) {
    Span key, value;
    if (f.number != SIGNATURE_DEFAULTS || f.wire != PROTO_BYTES || !proto_map_entry(f.span, &key, &value))
      continue;
    SignatureTensor *input = map_get_n(&s->input_by_alias, key.data, key.size);
    if (!input) continue;
    TF_DeleteTensor(input->fallback);
    if (tensor_decode(value, &input->fallback, st))
      return fail_prefix(st, "default of input %s", input->alias);
    s->has_fallbacks = true;
  }
  return TF_OK;
}

static TF_Code parse_signature(Bundle *bundle, Span key, Span value, Signature *s, TF_Status *st) {
  Span method = {"", 0};
  s->name = arena_strndup(&bundle->arena, key.data, key.size);
  s->name_len = key.size;
  s->proto = (Span){arena_memdup(&bundle->arena, value.data, value.size), value.size};
  if (!s->name || !s->proto.data) return fail_oom(st, "signatures");
  Cursor c = cursor_of(value.data, value.size);
  for (ProtoField f; proto_next(&c, &f);)
    if (f.number == SIGNATURE_METHOD && f.wire == PROTO_BYTES) method = f.span;
  s->method_name = arena_strndup(&bundle->arena, method.data, method.size);
  if (c.failed || !s->method_name ||
      !parse_tensors(bundle, s->proto, SIGNATURE_INPUTS, &s->inputs, &s->input_count, &s->input_by_alias) ||
      !parse_tensors(bundle, s->proto, SIGNATURE_OUTPUTS, &s->outputs, &s->output_count, &s->output_by_alias))
    return fail(st, TF_DATA_LOSS, "signature %s: malformed SignatureDef", s->name);
  find_echoes(s);
  return parse_defaults(s, st);
}

static TF_Code add_signature(Bundle *bundle, Span entry, TF_Status *st) {
  Span key, value, copy = {arena_memdup(&bundle->arena, entry.data, entry.size), entry.size};
  if (!copy.data) return fail_oom(st, "signatures");
  if (!proto_map_entry(entry, &key, &value))
    return fail(st, TF_DATA_LOSS, "malformed entry of signature_def");
  for (size_t i = 0; i < bundle->signature_count; i++)
    if (!compare_bytes(bundle->signatures[i].name, bundle->signatures[i].name_len, key.data, key.size))
      return fail(st, TF_DATA_LOSS, "two signatures of one name");
  bundle->entries[bundle->entry_count++] = copy;
  return parse_signature(bundle, key, value, &bundle->signatures[bundle->signature_count++], st);
}

static TF_Code read_signatures(Bundle *bundle, Span meta, TF_Status *st) {
  size_t max = count_fields(meta, META_GRAPH_SIGNATURE_DEF);
  bundle->signatures = arena_calloc(&bundle->arena, max, sizeof *bundle->signatures);
  bundle->entries = arena_calloc(&bundle->arena, max, sizeof *bundle->entries);
  if (!bundle->signatures || !bundle->entries) return fail_oom(st, "signatures");
  Cursor c = cursor_of(meta.data, meta.size);
  for (ProtoField f; proto_next(&c, &f);)
    if (f.number == META_GRAPH_SIGNATURE_DEF && f.wire == PROTO_BYTES) TRY(add_signature(bundle, f.span, st));
  if (c.failed) return fail(st, TF_DATA_LOSS, "malformed MetaGraphDef");
  qsort(bundle->signatures, bundle->signature_count, sizeof *bundle->signatures, compare_signatures);
  for (size_t i = 0; i < bundle->signature_count; i++) {
    Signature *s = &bundle->signatures[i];
    if (!map_put_n(&bundle->by_name, s->name, s->name_len, s)) return fail_oom(st, "signatures");
  }
  return TF_OK;
}

Bundle *bundle_load(const char *dir, const BundleOptions *options, TF_Status *st) {
  Bundle *bundle = calloc(1, sizeof *bundle);
  TF_SessionOptions *session_options = TF_NewSessionOptions();
  TF_Buffer *meta = TF_NewBuffer();
  if (bundle) bundle->graph = TF_NewGraph();
  if (!bundle || !session_options || !meta || !bundle->graph) {
    fail_oom(st, dir);
    goto out;
  }
  if (options->config_size) TF_SetConfig(session_options, options->config, options->config_size, st);
  if (TF_GetCode(st)) goto out;
  bundle->session = TF_LoadSessionFromSavedModel(session_options, NULL, dir, options->tags,
                                                 options->tag_count, bundle->graph, meta, st);
  if (!TF_GetCode(st)) read_signatures(bundle, (Span){meta->data, meta->length}, st);
out:
  TF_DeleteSessionOptions(session_options);
  TF_DeleteBuffer(meta);
  if (!TF_GetCode(st)) return bundle;
  bundle_free(bundle);
  return NULL;
}

static void signature_clear(Signature *s) {
  for (size_t i = 0; i < s->input_count; i++) TF_DeleteTensor(s->inputs[i].fallback);
  map_clear(&s->input_by_alias);
  map_clear(&s->output_by_alias);
}

void bundle_free(Bundle *bundle) {
  if (!bundle) return;
  if (bundle->session) {
    TF_Status *ignored = TF_NewStatus();
    TF_CloseSession(bundle->session, ignored);
    TF_DeleteSession(bundle->session, ignored);
    TF_DeleteStatus(ignored);
  }
  if (bundle->graph) TF_DeleteGraph(bundle->graph);
  for (size_t i = 0; i < bundle->signature_count; i++) signature_clear(&bundle->signatures[i]);
  map_clear(&bundle->by_name);
  arena_clear(&bundle->arena);
  free(bundle);
}

Signature *bundle_signature(const Bundle *bundle, const char *name, size_t len) {
  return map_get_n(&bundle->by_name, name, len);
}

/* Rises at once and sinks slowly: a request that blocks a loop's thread harms others, one that is
 * handed to a worker in vain costs a little. */
void signature_add_run_time(Signature *signature, int64_t us) {
  uint32_t now = us < 1 ? 1 : us > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)us;
  uint32_t old = atomic_load_explicit(&signature->run_us, memory_order_relaxed);
  uint32_t mean = !old || now > old ? now : old - (old - now + 7) / 8;
  atomic_store_explicit(&signature->run_us, mean, memory_order_relaxed);
}
