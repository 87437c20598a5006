#include "cli/model.h"

#include <stdlib.h>
#include <string.h>

#include "tensorflow/core/protobuf/config.pb-c.h"
#include "wire/proto_message.h"

static TF_Code set_threads(TF_SessionOptions *options, int threads, TF_Status *st) {
  if (threads <= 0) return TF_OK;
  Tensorflow__ConfigProto config = TENSORFLOW__CONFIG_PROTO__INIT;
  config.intra_op_parallelism_threads = threads;
  config.inter_op_parallelism_threads = threads;
  Bytes bytes = {0};
  if (!proto_pack(&config.base, &bytes, st)) TF_SetConfig(options, bytes.data, bytes.size, st);
  bytes_clear(&bytes);
  return TF_GetCode(st);
}

TF_Code model_load(Model *m, const char *dir, const TagList *tags, int threads, TF_Status *st) {
  *m = (Model){0};
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Buffer *meta = TF_NewBuffer();
  m->graph = TF_NewGraph();
  if (!options || !meta || !m->graph) {
    fail_oom(st, "a session");
  } else if (!set_threads(options, threads, st)) {
    m->session = TF_LoadSessionFromSavedModel(options, NULL, dir, tags->tags, tags->count, m->graph, meta, st);
    if (m->session)
      proto_parse(&tensorflow__meta_graph_def__descriptor, (Span){meta->data, meta->length}, &m->arena, &m->meta, dir, st);
  }
  if (options) TF_DeleteSessionOptions(options);
  TF_DeleteBuffer(meta);
  if (TF_GetCode(st)) model_clear(m);
  return TF_GetCode(st);
}

void model_clear(Model *m) {
  TF_Status *st = TF_NewStatus();
  if (m->session && st) {
    TF_CloseSession(m->session, st);
    TF_DeleteSession(m->session, st);
  }
  TF_DeleteStatus(st);
  if (m->graph) TF_DeleteGraph(m->graph);
  arena_clear(&m->arena);
  *m = (Model){0};
}

TF_Code model_tensor(const Model *m, const Tensorflow__TensorInfo *info, TF_Output *out, TF_Status *st) {
  if (!info || info->encoding_case != TENSORFLOW__TENSOR_INFO__ENCODING_NAME)
    return fail(st, TF_UNIMPLEMENTED, "sparse and composite tensors of a signature are not supported");
  const char *colon = strrchr(info->name, ':');
  size_t len = colon ? (size_t)(colon - info->name) : strlen(info->name);
  char *name = strndup(info->name, len);
  if (!name) return fail_oom(st, "a name");
  out->oper = TF_GraphOperationByName(m->graph, name);
  out->index = colon ? atoi(colon + 1) : 0;
  free(name);
  if (!out->oper || out->index < 0 || out->index >= TF_OperationNumOutputs(out->oper))
    return fail(st, TF_NOT_FOUND, "the signature's tensor '%s' is not in the graph", info->name);
  return TF_OK;
}

const Tensorflow__TensorInfo *signature_input(const Tensorflow__SignatureDef *signature, const char *alias) {
  for (size_t i = 0; i < signature->n_inputs; i++)
    if (!strcmp(signature->inputs[i]->key, alias)) return signature->inputs[i]->value;
  return NULL;
}
