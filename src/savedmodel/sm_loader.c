/* The loader: TF_LoadSessionFromSavedModel, and the signatures of what it loaded. */
#include "savedmodel/sm_loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"
#include "wire/saved_model_file.h"

struct SM_Model {
  Arena arena;
  SM_Graph *graph;
  TF_Session *session;
  TF_Buffer *meta;
  SM_NamedSignature *signatures;
  int num_signatures;
};

/* ---- loading ---- */

static TF_Code read_signatures(SM_Model *m, TF_Status *st) {
  Tensorflow__MetaGraphDef *meta;
  TRY(proto_parse(&tensorflow__meta_graph_def__descriptor, (Span){m->meta->data, m->meta->length}, &m->arena,
                  &meta, "MetaGraphDef", st));
  proto_sort_maps(&meta->base);
  m->signatures = arena_calloc(&m->arena, meta->n_signature_def, sizeof *m->signatures);
  if (!m->signatures) return fail_oom(st, "signatures");
  for (size_t i = 0; i < meta->n_signature_def; i++) {
    SM_SignatureDef *def = signature_of_message(&m->arena, meta->signature_def[i]->value);
    if (!def) return fail_oom(st, "signatures");
    m->signatures[m->num_signatures++] = (SM_NamedSignature){meta->signature_def[i]->key, def};
  }
  return TF_OK;
}

static TF_Code load_session(SM_Model *m, const char *export_dir, const char *const *tags, int num_tags,
                            TF_Status *st) {
  TF_SessionOptions *options = TF_NewSessionOptions();
  if (!options) return fail_oom(st, "session");
  m->session = TF_LoadSessionFromSavedModel(options, NULL, export_dir, tags, num_tags,
                                            SM_GraphHandle(m->graph), m->meta, st);
  TF_DeleteSessionOptions(options);
  if (TF_GetCode(st)) m->session = NULL;
  return TF_GetCode(st);
}

SM_Model *SM_LoadSavedModel(const char *export_dir, const char *const *tags, int num_tags, TF_Status *st) {
  if (TF_GetCode(st)) return NULL;
  SM_Model *m = calloc(1, sizeof *m);
  if (m) m->graph = SM_NewGraph();
  if (m) m->meta = TF_NewBuffer();
  if (!m || !m->graph || !m->meta) fail_oom(st, "model");
  else if (!load_session(m, export_dir, tags, num_tags, st)) read_signatures(m, st);
  if (!TF_GetCode(st)) return m;
  SM_DeleteModel(m);
  return NULL;
}

void SM_DeleteModel(SM_Model *m) {
  if (!m) return;
  SM_EndSession(m->session);
  SM_DeleteGraph(m->graph);
  TF_DeleteBuffer(m->meta);
  arena_clear(&m->arena);
  free(m);
}

TF_Session *SM_ModelSession(const SM_Model *m) { return m->session; }
SM_Graph *SM_ModelGraph(const SM_Model *m) { return m->graph; }
const void *SM_ModelMetaGraph(const SM_Model *m, size_t *size) {
  *size = m->meta->length;
  return m->meta->data;
}

/* ---- signatures ---- */

int SM_ModelNumSignatures(const SM_Model *m) { return m->num_signatures; }

const SM_NamedSignature *SM_ModelSignatureAt(const SM_Model *m, int index) {
  return index >= 0 && index < m->num_signatures ? &m->signatures[index] : NULL;
}

const SM_SignatureDef *SM_ModelSignature(const SM_Model *m, const char *key) {
  for (int i = 0; i < m->num_signatures; i++)
    if (!strcmp(m->signatures[i].key, key)) return m->signatures[i].signature;
  return NULL;
}

static TF_Output find_tensor(const SM_Model *m, const SM_NamedInfo *infos, int n, const char *key) {
  for (int i = 0; i < n; i++)
    if (!strcmp(infos[i].key, key) && infos[i].info->name)
      return SM_FindOutput(m->graph, infos[i].info->name);
  return (TF_Output){NULL, 0};
}

TF_Output SM_SignatureInput(const SM_Model *m, const SM_SignatureDef *s, const char *key) {
  return s ? find_tensor(m, s->inputs, s->num_inputs, key) : (TF_Output){NULL, 0};
}

TF_Output SM_SignatureOutput(const SM_Model *m, const SM_SignatureDef *s, const char *key) {
  return s ? find_tensor(m, s->outputs, s->num_outputs, key) : (TF_Output){NULL, 0};
}

/* What one SM_RunSignature hands to TF_SessionRun; the arrays are in one block. */
typedef struct Call {
  TF_Output *feeds, *fetches;
  TF_Tensor **values, **results;
} Call;

static TF_Code resolve(const SM_Model *m, const SM_SignatureDef *s, const SM_NamedTensor *inputs,
                       int num_inputs, const SM_NamedTensor *outputs, int num_outputs, Call *call,
                       TF_Status *st) {
  for (int i = 0; i < num_inputs; i++) {
    call->feeds[i] = SM_SignatureInput(m, s, inputs[i].key);
    call->values[i] = inputs[i].tensor;
    if (!call->feeds[i].oper || !inputs[i].tensor)
      return fail(st, TF_INVALID_ARGUMENT, "the signature has no input \"%s\", or its tensor is missing",
                  inputs[i].key);
  }
  for (int i = 0; i < num_outputs; i++) {
    call->fetches[i] = SM_SignatureOutput(m, s, outputs[i].key);
    if (!call->fetches[i].oper)
      return fail(st, TF_INVALID_ARGUMENT, "the signature has no output \"%s\"", outputs[i].key);
  }
  return TF_OK;
}

TF_Code SM_RunSignature(const SM_Model *m, const char *signature, const SM_NamedTensor *inputs,
                        int num_inputs, SM_NamedTensor *outputs, int num_outputs, TF_Status *st) {
  for (int i = 0; i < num_outputs; i++) outputs[i].tensor = NULL;
  if (TF_GetCode(st)) return TF_GetCode(st);
  const SM_SignatureDef *s = m ? SM_ModelSignature(m, signature) : NULL;
  if (!s) return fail(st, TF_INVALID_ARGUMENT, "the model has no signature \"%s\"", signature);
  size_t in = (size_t)num_inputs + 1, out = (size_t)num_outputs + 1;
  Call call = {calloc(in, sizeof(TF_Output)), calloc(out, sizeof(TF_Output)), calloc(in, sizeof(TF_Tensor *)),
               calloc(out, sizeof(TF_Tensor *))};
  if (!call.feeds || !call.fetches || !call.values || !call.results) fail_oom(st, "run");
  else if (!resolve(m, s, inputs, num_inputs, outputs, num_outputs, &call, st))
    TF_SessionRun(m->session, NULL, call.feeds, call.values, num_inputs, call.fetches, call.results,
                  num_outputs, NULL, 0, NULL, st);
  for (int i = 0; i < num_outputs && !TF_GetCode(st); i++) outputs[i].tensor = call.results[i];
  free(call.feeds);
  free(call.fetches);
  free(call.values);
  free(call.results);
  return TF_GetCode(st);
}

/* ---- tags ---- */

typedef struct OwnedTagSets {
  SM_TagSets sets; /* first, so that the public pointer is this one */
  Arena arena;
} OwnedTagSets;

static TF_Code read_tag_sets(const char *export_dir, OwnedTagSets *owned, TF_Status *st) {
  Tensorflow__SavedModel *model;
  TRY(saved_model_read(export_dir, &owned->arena, &model, st));
  SM_TagSet *sets = arena_calloc(&owned->arena, model->n_meta_graphs, sizeof *sets);
  if (!sets) return fail_oom(st, "tags");
  for (size_t i = 0; i < model->n_meta_graphs; i++) {
    const Tensorflow__MetaGraphDef__MetaInfoDef *info = model->meta_graphs[i]->meta_info_def;
    if (info) sets[i] = (SM_TagSet){(const char *const *)info->tags, (int)info->n_tags};
  }
  owned->sets = (SM_TagSets){sets, (int)model->n_meta_graphs};
  return TF_OK;
}

SM_TagSets *SM_ReadTagSets(const char *export_dir, TF_Status *st) {
  if (TF_GetCode(st)) return NULL;
  OwnedTagSets *owned = calloc(1, sizeof *owned);
  if (!owned) return fail_oom(st, "tags"), NULL;
  if (!read_tag_sets(export_dir, owned, st)) return &owned->sets;
  SM_DeleteTagSets(&owned->sets);
  return NULL;
}

void SM_DeleteTagSets(SM_TagSets *sets) {
  if (!sets) return;
  OwnedTagSets *owned = (OwnedTagSets *)sets;
  arena_clear(&owned->arena);
  free(owned);
}

static bool file_in(const char *dir, const char *name) {
  char *path = path_join(dir, name);
  bool there = path && file_exists(path);
  free(path);
  return there;
}

bool SM_ContainsSavedModel(const char *export_dir) {
  return file_in(export_dir, "saved_model.pb") || file_in(export_dir, "saved_model.pbtxt");
}
