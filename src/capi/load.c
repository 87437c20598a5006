/* TF_LoadSessionFromSavedModel: a MetaGraphDef by its tags into an empty graph, then variables, assets, init
 * op.
 *
 * The order is TensorFlow's loader's: import; restore (the checkpoint prefix fed to
 * SaverDef.filename_tensor_name, SaverDef.restore_op_name run; skipped without a saver or without
 * variables/variables.index); then the init op: signature __saved_model_init_op, else collection
 * saved_model_main_op, else legacy_init_op. Asset paths are fed to both runs. */
#include <stdlib.h>

#include "base/files.h"
#include "capi/capi.h"
#include "graph/graph_import.h"
#include "wire/saved_model_file.h"

#define INIT_OP_SIGNATURE "__saved_model_init_op"

/* What is fed to the restore and init runs. */
typedef struct LoadFeeds {
  int count;
  TF_Output *outputs;
  TF_Tensor **values;
} LoadFeeds;

static TF_Tensor *string_scalar(const char *text) {
  TF_Tensor *t = TF_AllocateTensor(TF_STRING, NULL, 0, sizeof(TF_TString));
  if (t) TF_StringCopy(TF_TensorData(t), text, strlen(text));
  return t;
}

/* "name", "name:1" -> an output of the graph. */
static TF_Code find_output(TF_Graph *graph, const char *name, TF_Output *out, TF_Status *st) {
  const char *colon = strrchr(name, ':');
  char *node = strndup(name, colon ? (size_t)(colon - name) : strlen(name));
  if (!node) return fail_oom(st, "a name");
  out->oper = TF_GraphOperationByName(graph, node);
  out->index = colon ? atoi(colon + 1) : 0;
  free(node);
  if (!out->oper || out->index < 0 || out->index >= TF_OperationNumOutputs(out->oper))
    return fail(st, TF_NOT_FOUND, "FeedInputs: unable to find feed output %s", name);
  return TF_OK;
}

static TF_Code add_feed(LoadFeeds *feeds, TF_Graph *graph, const char *tensor, const char *value,
                        TF_Status *st) {
  TF_Output output;
  TRY(find_output(graph, tensor, &output, st));
  TF_Tensor *fed = string_scalar(value);
  if (!fed) return fail_oom(st, "a feed");
  for (int i = 0; i < feeds->count; i++) { /* an asset may be listed twice: the last one counts */
    if (feeds->outputs[i].oper != output.oper || feeds->outputs[i].index != output.index) continue;
    TF_DeleteTensor(feeds->values[i]);
    feeds->values[i] = fed;
    return TF_OK;
  }
  feeds->outputs[feeds->count] = output;
  feeds->values[feeds->count++] = fed;
  return TF_OK;
}

/* One asset: its path under DIR/assets is fed to its tensor. */
static TF_Code asset_feed(LoadFeeds *feeds, TF_Graph *graph, const Tensorflow__AssetFileDef *asset,
                          const char *assets, TF_Status *st) {
  const Tensorflow__TensorInfo *info = asset->tensor_info;
  if (!info || info->encoding_case != TENSORFLOW__TENSOR_INFO__ENCODING_NAME)
    return fail(st, TF_INVALID_ARGUMENT, "the asset '%s' has no tensor", asset->filename);
  char *path = path_join(assets, path_basename(asset->filename));
  TF_Code code = path ? add_feed(feeds, graph, info->name, path, st) : fail_oom(st, "a path");
  free(path);
  return code;
}

/* The collection in which the V1 builder keeps its assets (V2 models have them in asset_file_def); null if
 * none. */
static const Tensorflow__CollectionDef__AnyList *asset_collection(const Tensorflow__MetaGraphDef *meta) {
  for (size_t i = 0; i < meta->n_collection_def; i++) {
    const Tensorflow__CollectionDef *c = meta->collection_def[i]->value;
    if (!strcmp(meta->collection_def[i]->key, "saved_model_assets") &&
        c->kind_case == TENSORFLOW__COLLECTION_DEF__KIND_ANY_LIST)
      return c->any_list;
  }
  return NULL;
}

static TF_Code asset_feeds(LoadFeeds *feeds, TF_Graph *graph, const Tensorflow__MetaGraphDef *meta,
                           const char *dir, TF_Status *st) {
  const Tensorflow__CollectionDef__AnyList *any = meta->n_asset_file_def ? NULL : asset_collection(meta);
  size_t count = any ? any->n_value : meta->n_asset_file_def;
  feeds->outputs = calloc(count + 1, sizeof *feeds->outputs); /* one more for the prefix */
  feeds->values = calloc(count + 1, sizeof *feeds->values);
  char *assets = path_join(dir, "assets");
  Arena arena = {0};
  TF_Code code = feeds->outputs && feeds->values && assets ? TF_OK : fail_oom(st, "feeds");
  for (size_t i = 0; !code && i < count; i++) {
    Tensorflow__AssetFileDef *asset = any ? NULL : meta->asset_file_def[i];
    if (any)
      code = proto_parse(&tensorflow__asset_file_def__descriptor,
                         (Span){any->value[i]->value.data, any->value[i]->value.len}, &arena, &asset,
                         "an asset of the SavedModel", st);
    if (!code) code = asset_feed(feeds, graph, asset, assets, st);
  }
  arena_clear(&arena);
  free(assets);
  return code;
}

static void feeds_clear(LoadFeeds *feeds) {
  for (int i = 0; i < feeds->count; i++) TF_DeleteTensor(feeds->values[i]);
  free(feeds->outputs);
  free(feeds->values);
}

/* Runs one operation by its name; a name with ":0" (an init op by signature) means the operation too. */
static TF_Code run_op(TF_Session *session, const TF_Buffer *options, const LoadFeeds *feeds, const char *name,
                      TF_Status *st) {
  const char *colon = strrchr(name, ':');
  char *node = strndup(name, colon ? (size_t)(colon - name) : strlen(name));
  if (!node) return fail_oom(st, "a name");
  const TF_Operation *op = TF_GraphOperationByName(session->graph, node);
  free(node);
  if (!op) return fail(st, TF_NOT_FOUND, "Operation '%s' not found in the graph", name);
  TF_SessionRun(session, options, feeds->outputs, feeds->values, feeds->count, NULL, NULL, 0, &op, 1, NULL,
                st);
  return TF_GetCode(st);
}

static TF_Code restore(TF_Session *session, const TF_Buffer *options, LoadFeeds *feeds, const char *dir,
                       const Tensorflow__MetaGraphDef *meta, TF_Status *st) {
  const Tensorflow__SaverDef *saver = meta->saver_def;
  if (!saver || !*saver->restore_op_name) return TF_OK;
  char *prefix = path_join(dir, "variables/variables"), *index = path_join(dir, "variables/variables.index");
  TF_Code code = prefix && index ? TF_OK : fail_oom(st, "a path");
  if (!code && file_exists(index)) {
    code = add_feed(feeds, session->graph, saver->filename_tensor_name, prefix, st);
    if (!code) {
      code = run_op(session, options, feeds, saver->restore_op_name, st);
      TF_DeleteTensor(feeds->values[--feeds->count]);
    }
  }
  free(prefix);
  free(index);
  return code;
}

static TF_Code collection_op(const Tensorflow__MetaGraphDef *meta, const char *key, const char **op,
                             TF_Status *st) {
  for (size_t i = 0; i < meta->n_collection_def; i++) {
    const Tensorflow__CollectionDef *c = meta->collection_def[i]->value;
    if (strcmp(meta->collection_def[i]->key, key)) continue;
    if (!c || c->kind_case != TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST || c->node_list->n_value != 1)
      return fail(st, TF_FAILED_PRECONDITION, "Expected exactly one main op in : %s", key);
    *op = c->node_list->value[0];
  }
  return TF_OK;
}

/* The name of the init op, or null when the model has none. */
static TF_Code find_init_op(const Tensorflow__MetaGraphDef *meta, const char **op, TF_Status *st) {
  *op = NULL;
  const Tensorflow__SignatureDef *signature = saved_model_signature(meta, INIT_OP_SIGNATURE);
  for (size_t i = 0; signature && i < signature->n_outputs; i++) {
    const Tensorflow__TensorInfo *info = signature->outputs[i]->value;
    if (!strcmp(signature->outputs[i]->key, INIT_OP_SIGNATURE) && info &&
        info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_NAME) {
      *op = info->name;
      return TF_OK;
    }
  }
  TRY(collection_op(meta, "saved_model_main_op", op, st));
  return *op ? TF_OK : collection_op(meta, "legacy_init_op", op, st);
}

static TF_Code initialise(TF_Session *session, const TF_Buffer *options, const char *dir,
                          const Tensorflow__MetaGraphDef *meta, TF_Status *st) {
  LoadFeeds feeds = {0};
  const char *init_op;
  TF_Code code = asset_feeds(&feeds, session->graph, meta, dir, st);
  if (!code) code = restore(session, options, &feeds, dir, meta, st);
  if (!code) code = find_init_op(meta, &init_op, st);
  if (!code && init_op) code = run_op(session, options, &feeds, init_op, st);
  feeds_clear(&feeds);
  return code;
}

static TF_Code import_graph(TF_Graph *graph, const Tensorflow__MetaGraphDef *meta, TF_Status *st) {
  if (!meta->graph_def) return fail(st, TF_INVALID_ARGUMENT, "the MetaGraphDef has no graph");
  return graph_import(graph, meta->graph_def, &(GraphImportOptions){0}, NULL, NULL, st);
}

TF_Session *TF_LoadSessionFromSavedModel(const TF_SessionOptions *session_options,
                                         const TF_Buffer *run_options, const char *export_dir,
                                         const char *const *tags, int tags_len, TF_Graph *graph,
                                         TF_Buffer *meta_graph_def, TF_Status *st) {
  status_reset(st);
  Arena arena = {0};
  TF_Session *session = NULL;
  Tensorflow__SavedModel *model;
  const Tensorflow__MetaGraphDef *meta;
  size_t pos = 0;
  if (TF_GraphNextOperation(graph, &pos)) {
    fail(st, TF_INVALID_ARGUMENT, "Graph is non-empty.");
  } else if (!saved_model_read(export_dir, &arena, &model, st) &&
             !saved_model_find_meta_graph(model, tags, tags_len, &meta, st) &&
             !import_graph(graph, meta, st) && (session = TF_NewSession(graph, session_options, st)) &&
             !initialise(session, run_options, export_dir, meta, st) && meta_graph_def) {
    buffer_take_message(meta_graph_def, &meta->base, st);
  }
  arena_clear(&arena);
  if (!TF_GetCode(st) || !session) return session;
  TF_Status ignored = {0};
  TF_DeleteSession(session, &ignored);
  return NULL;
}
