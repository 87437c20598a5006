/* The SavedModelBuilder: checks, init op, assets, variables, and the SavedModel message that they end in. */
#include "savedmodel/sm_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "savedmodel/sm_internal.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

#define INIT_OP_SIGNATURE_KEY "__saved_model_init_op"
#define TRAIN_OP_SIGNATURE_KEY "__saved_model_train_op"

struct SM_SavedModelBuilder {
  Arena arena;
  const char *export_dir;
  Tensorflow__SavedModel *model;
  Map saved_assets; /* paths in the export directory */
  bool has_variables;
  char *written; /* what SM_SaveModel gave */
};

/* ---- the directory ---- */

static TF_Code found_something(void *arg, const char *name, TF_Status *st) {
  (void)name;
  return fail(
      st, TF_FAILED_PRECONDITION,
      "Export directory %s already exists, and isn't empty. Please choose a different export directory, or "
      "delete all the contents of the specified directory.",
      (const char *)arg);
}

static TF_Code prepare_directory(const char *export_dir, TF_Status *st) {
  if (!file_exists(export_dir)) return dir_make_all(export_dir, st);
  return dir_list(export_dir, found_something, (void *)export_dir, st);
}

SM_SavedModelBuilder *SM_NewSavedModelBuilder(const char *export_dir, TF_Status *st) {
  if (TF_GetCode(st) || prepare_directory(export_dir, st)) return NULL;
  SM_SavedModelBuilder *b = calloc(1, sizeof *b);
  if (b) b->export_dir = arena_strdup(&b->arena, export_dir);
  if (b) b->model = proto_new(&b->arena, &tensorflow__saved_model__descriptor);
  if (!b || !b->export_dir || !b->model) {
    fail_oom(st, "SavedModelBuilder");
    SM_DeleteSavedModelBuilder(b);
    return NULL;
  }
  b->model->saved_model_schema_version = 1;
  return b;
}

void SM_DeleteSavedModelBuilder(SM_SavedModelBuilder *b) {
  if (!b) return;
  map_clear(&b->saved_assets);
  arena_clear(&b->arena);
  free(b);
}

/* ---- signatures ---- */

static TF_Code refuse_info(ProtobufCMessage *info, const char *why, TF_Status *st) {
  Bytes text = {0};
  text_format_print(info, &text, st);
  if (!TF_GetCode(st))
    fail(st, TF_INVALID_ARGUMENT,
         "Invalid `tensor_info`: %s. All TensorInfo protos used in the SignatureDefs must have %s set.",
         text.data ? text.data : "", why);
  bytes_clear(&text);
  return TF_GetCode(st);
}

static TF_Code check_info(Tensorflow__TensorInfo *info, TF_Status *st) {
  if (info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING__NOT_SET)
    return refuse_info(&info->base, "one of the 'encoding' fields (e.g., name or coo_sparse)", st);
  if (info->dtype == TENSORFLOW__DATA_TYPE__DT_INVALID)
    return refuse_info(&info->base, "the dtype field", st);
  return TF_OK;
}

static TF_Code check_signature(const char *key, const Tensorflow__SignatureDef *def, TF_Status *st) {
  for (size_t i = 0; i < def->n_inputs; i++) TRY(check_info(def->inputs[i]->value, st));
  for (size_t i = 0; i < def->n_outputs; i++) TRY(check_info(def->outputs[i]->value, st));
  if (!strcmp(key, INIT_OP_SIGNATURE_KEY))
    return fail(st, TF_INVALID_ARGUMENT,
                "SignatureDef map key \"%s\" is reserved for initialization. Please use a different key.",
                key);
  if (!strcmp(key, TRAIN_OP_SIGNATURE_KEY))
    return fail(st, TF_INVALID_ARGUMENT,
                "SignatureDef map key \"%s\" is reserved for the train op. Please use a different key.", key);
  return TF_OK;
}

typedef Tensorflow__MetaGraphDef__SignatureDefEntry SignatureEntry;

static TF_Code make_signatures(SM_SavedModelBuilder *b, const SM_MetaGraphOptions *o, SignatureEntry ***out,
                               TF_Status *st) {
  SignatureEntry **entries = arena_calloc(&b->arena, (size_t)o->num_signatures, sizeof *entries);
  if (!entries) return fail_oom(st, "signatures");
  for (int i = 0; i < o->num_signatures; i++) {
    const SM_NamedSignature *s = &o->signatures[i];
    if (!s->key || !s->signature)
      return fail(st, TF_INVALID_ARGUMENT, "signature %s is missing", s->key ? s->key : "(without a key)");
    SignatureEntry *e = entries[i] = proto_new(&b->arena,
                                               &tensorflow__meta_graph_def__signature_def_entry__descriptor);
    Tensorflow__SignatureDef *borrowed = e ? signature_message(&b->arena, s->signature) : NULL;
    /* The graph may go before the builder does. */
    if (borrowed) e->value = proto_copy(&b->arena, &borrowed->base);
    if (borrowed) e->key = arena_strdup(&b->arena, s->key);
    if (!borrowed || !e->value || !e->key) return fail_oom(st, "signatures");
    TRY(check_signature(e->key, e->value, st));
    for (int k = 0; k < i; k++)
      if (!strcmp(entries[k]->key, e->key))
        return fail(st, TF_INVALID_ARGUMENT, "signature %s is given twice", e->key);
  }
  *out = entries;
  return TF_OK;
}

/* ---- adding a graph ---- */

static TF_Code add_main_op(SM_Graph *g, TF_Operation *op, TF_Status *st) {
  static const char *const keys[] = {SM_MAIN_OP_KEY, SM_LEGACY_INIT_OP_KEY};
  if (!op) return TF_OK;
  for (size_t i = 0; i < SM_COUNTOF(keys); i++)
    if (SM_CollectionSize(g, keys[i]))
      return fail(st, TF_INVALID_ARGUMENT,
                  "Graph already contains one or more main ops under the collection %s.", keys[i]);
  SM_CollectOperation(g, SM_MAIN_OP_KEY, op);
  return SM_GraphStatus(g, st);
}

static TF_Code add_tags(Tensorflow__MetaGraphDef *meta, const char *const *tags, int num_tags, Arena *arena,
                        TF_Status *st) {
  char **copy = arena_calloc(arena, (size_t)num_tags, sizeof *copy);
  if (!copy) return fail_oom(st, "tags");
  for (int i = 0; i < num_tags; i++)
    if (!(copy[i] = arena_strdup(arena, tags[i]))) return fail_oom(st, "tags");
  meta->meta_info_def->tags = copy;
  meta->meta_info_def->n_tags = (size_t)num_tags;
  return TF_OK;
}

static TF_Code append_meta_graph(SM_SavedModelBuilder *b, Tensorflow__MetaGraphDef *meta, TF_Status *st) {
  Tensorflow__SavedModel *model = b->model;
  /* A copy, since collections and saver borrow the graph's strings. */
  Tensorflow__MetaGraphDef *copy = proto_copy(&b->arena, &meta->base);
  void *room = proto_room(&b->arena, model->meta_graphs, model->n_meta_graphs, sizeof *model->meta_graphs);
  if (!copy || !room) return fail_oom(st, "MetaGraphDef");
  model->meta_graphs = room;
  model->meta_graphs[model->n_meta_graphs++] = copy;
  return TF_OK;
}

static TF_Code take_graph(SM_SavedModelBuilder *b, SM_Graph *g, SM_Saver *saver, const char *const *tags,
                          int num_tags, const SM_MetaGraphOptions *o, SignatureEntry **signatures,
                          TF_Status *st) {
  Arena arena = {0};
  Tensorflow__MetaGraphDef *meta;
  if (!meta_graph_build(g, saver, o->clear_devices, o->strip_default_attrs, &arena, &meta, st) &&
      !add_tags(meta, tags, num_tags, &arena, st)) {
    meta->signature_def = signatures;
    meta->n_signature_def = (size_t)o->num_signatures;
    append_meta_graph(b, meta, st);
  }
  arena_clear(&arena);
  return TF_GetCode(st);
}

static SM_Saver *choose_saver(SM_Graph *g, const SM_MetaGraphOptions *o, TF_Status *st) {
  if (o->saver) return o->saver;
  SM_Saver *saver = SM_NewSaver(g, SM_ALL_VARIABLES,
                                &(SM_SaverOptions){.sharded = true, .allow_empty = true});
  return SM_GraphStatus(g, st) ? NULL : saver;
}

static TF_Code save_variables(SM_SavedModelBuilder *b, TF_Session *session, SM_Saver *saver, TF_Status *st) {
  char *dir = arena_printf(&b->arena, "%s/variables", b->export_dir);
  char *prefix = arena_printf(&b->arena, "%s/variables/variables", b->export_dir);
  if (!dir || !prefix) return fail_oom(st, "path");
  TRY(dir_make_all(dir, st));
  SM_SaveWith(saver, session, prefix, SM_NO_STEP, &(SM_SaveOptions){.no_meta_graph = true, .no_state = true},
              st);
  return TF_GetCode(st);
}

static TF_Code add_graph(SM_SavedModelBuilder *b, TF_Session *session, SM_Graph *g, const char *const *tags,
                         int num_tags, const SM_MetaGraphOptions *options, TF_Status *st) {
  static const SM_MetaGraphOptions none = {0};
  const SM_MetaGraphOptions *o = options ? options : &none;
  SignatureEntry **signatures = NULL;
  TRY(make_signatures(b, o, &signatures, st));
  if (o->assets_collection)
    TRY(assets_save(g, o->assets_collection, b->export_dir, &b->saved_assets, &b->arena, st));
  TRY(add_main_op(g, o->main_op ? o->main_op : o->legacy_init_op, st));
  SM_Saver *saver = choose_saver(g, o, st);
  TRY(TF_GetCode(st));
  if (session) TRY(save_variables(b, session, saver, st));
  return take_graph(b, g, saver, tags, num_tags, o, signatures, st);
}

TF_Code SM_AddMetaGraphAndVariables(SM_SavedModelBuilder *b, TF_Session *session, SM_Graph *g,
                                    const char *const *tags, int num_tags, const SM_MetaGraphOptions *options,
                                    TF_Status *st) {
  if (status_failed(g, st)) return TF_GetCode(st);
  if (!b || !session) return fail(st, TF_INVALID_ARGUMENT, "the builder or the session is missing");
  if (b->has_variables)
    return fail(
        st, TF_FAILED_PRECONDITION,
        "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` "
        "instead.");
  TRY(add_graph(b, session, g, tags, num_tags, options, st));
  b->has_variables = true;
  return TF_OK;
}

TF_Code SM_AddMetaGraph(SM_SavedModelBuilder *b, SM_Graph *g, const char *const *tags, int num_tags,
                        const SM_MetaGraphOptions *options, TF_Status *st) {
  if (status_failed(g, st)) return TF_GetCode(st);
  if (!b) return fail(st, TF_INVALID_ARGUMENT, "the builder is missing");
  if (!b->has_variables)
    return fail(st, TF_FAILED_PRECONDITION,
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first.");
  return add_graph(b, NULL, g, tags, num_tags, options, st);
}

/* ---- writing ---- */

const char *SM_SaveModel(SM_SavedModelBuilder *b, SM_SaveFormat format, TF_Status *st) {
  if (TF_GetCode(st)) return NULL;
  if (!b) return fail(st, TF_INVALID_ARGUMENT, "the builder is missing"), NULL;
  if (dir_make_all(b->export_dir, st)) return NULL;
  bool as_text = format == SM_AS_TEXT;
  b->written = arena_printf(&b->arena, "%s/saved_model.%s", b->export_dir, as_text ? "pbtxt" : "pb");
  if (!b->written) return fail_oom(st, "path"), NULL;
  return message_write(b->written, &b->model->base, as_text, true, st) ? NULL : b->written;
}
