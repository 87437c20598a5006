/* MetaGraphDefs: the graph with collections, saver and op definitions; written and read back. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/limits.h"
#include "savedmodel/sm_saver_impl.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

typedef Tensorflow__MetaGraphDef MetaGraph;
typedef Tensorflow__MetaGraphDef__MetaInfoDef MetaInfo;
typedef Tensorflow__GraphDef GraphDef;
typedef Tensorflow__NodeDef NodeDef;
typedef Tensorflow__OpDef OpDef;

/* ---- graph ---- */

static TF_Code export_graph(SM_Graph *g, Arena *arena, GraphDef **out, TF_Status *st) {
  TF_Buffer *bytes = TF_NewBuffer();
  if (!bytes) return fail_oom(st, "graph");
  TF_GraphToGraphDef(g->graph, bytes, st);
  if (!TF_GetCode(st))
    proto_parse(&tensorflow__graph_def__descriptor, (Span){bytes->data, bytes->length}, arena, out,
                "GraphDef", st);
  TF_DeleteBuffer(bytes);
  return TF_GetCode(st);
}

/* Calls `each` with every node of the graph and of its functions. */
static TF_Code for_each_node(GraphDef *graph, TF_Code (*each)(void *, NodeDef *, TF_Status *), void *arg,
                             TF_Status *st) {
  for (size_t i = 0; i < graph->n_node; i++) TRY(each(arg, graph->node[i], st));
  for (size_t f = 0; graph->library && f < graph->library->n_function; f++) {
    Tensorflow__FunctionDef *function = graph->library->function[f];
    for (size_t i = 0; i < function->n_node_def; i++) TRY(each(arg, function->node_def[i], st));
  }
  return TF_OK;
}

/* ---- the ops that the graph uses ---- */

typedef struct OpSet {
  SM_Graph *g;
  Arena *arena;
  Map functions; /* names of the graph's functions, which are no ops */
  Map ops;       /* name -> OpDef */
} OpSet;

static TF_Code add_op(void *arg, NodeDef *node, TF_Status *st) {
  OpSet *set = arg;
  if (map_get(&set->ops, node->op) || map_get(&set->functions, node->op)) return TF_OK;
  TF_Buffer *bytes = TF_NewBuffer();
  if (!bytes) return fail_oom(st, "op");
  OpDef *def = NULL;
  TF_GraphGetOpDef(set->g->graph, node->op, bytes, st);
  if (!TF_GetCode(st))
    proto_parse(&tensorflow__op_def__descriptor, (Span){bytes->data, bytes->length}, set->arena, &def,
                node->op, st);
  TF_DeleteBuffer(bytes);
  TRY(TF_GetCode(st));
  for (size_t i = 0; i < def->n_attr; i++) def->attr[i]->description = "";
  for (size_t i = 0; i < def->n_input_arg; i++) def->input_arg[i]->description = "";
  for (size_t i = 0; i < def->n_output_arg; i++) def->output_arg[i]->description = "";
  def->summary = def->description = "";
  return map_put(&set->ops, def->name, def) ? TF_OK : fail_oom(st, "op");
}

static TF_Code find_ops(OpSet *set, GraphDef *graph, TF_Status *st) {
  for (size_t i = 0; graph->library && i < graph->library->n_function; i++) {
    Tensorflow__FunctionDef *function = graph->library->function[i];
    if (function->signature && !map_put(&set->functions, function->signature->name, function))
      return fail_oom(st, "functions");
  }
  return for_each_node(graph, add_op, set, st);
}

static int op_order(const void *a, const void *b) {
  return strcmp((*(OpDef *const *)a)->name, (*(OpDef *const *)b)->name);
}

static TF_Code list_ops(const OpSet *set, MetaInfo *info, TF_Status *st) {
  Tensorflow__OpList *list = proto_new(set->arena, &tensorflow__op_list__descriptor);
  OpDef **ops = arena_calloc(set->arena, set->ops.count + 1, sizeof *ops);
  if (!list || !ops) return fail_oom(st, "ops");
  for (size_t i = 0; i < set->ops.count; i++) ops[i] = set->ops.entries[i].value;
  qsort(ops, set->ops.count, sizeof *ops, op_order);
  list->n_op = set->ops.count;
  list->op = ops;
  info->stripped_op_list = list;
  return TF_OK;
}

/* ---- stripping ---- */

static bool same_message(const ProtobufCMessage *a, const ProtobufCMessage *b) {
  size_t size = protobuf_c_message_get_packed_size(a);
  if (size != protobuf_c_message_get_packed_size(b)) return false;
  uint8_t *bytes = malloc(2 * size + 1);
  if (!bytes) return false;
  protobuf_c_message_pack(a, bytes);
  protobuf_c_message_pack(b, bytes + size);
  bool same = !memcmp(bytes, bytes + size, size);
  free(bytes);
  return same;
}

static bool is_default(const OpDef *op, const Tensorflow__NodeDef__AttrEntry *attr) {
  for (size_t i = 0; i < op->n_attr; i++)
    if (!strcmp(op->attr[i]->name, attr->key))
      return op->attr[i]->default_value && attr->value &&
             same_message(&op->attr[i]->default_value->base, &attr->value->base);
  return false;
}

static TF_Code strip_node(void *arg, NodeDef *node, TF_Status *st) {
  (void)st;
  const OpSet *set = arg;
  const OpDef *op = map_get(&set->ops, node->op);
  if (!op) return TF_OK;
  size_t kept = 0;
  for (size_t i = 0; i < node->n_attr; i++)
    if (!is_default(op, node->attr[i])) node->attr[kept++] = node->attr[i];
  node->n_attr = kept;
  return TF_OK;
}

static TF_Code clear_device(void *arg, NodeDef *node, TF_Status *st) {
  (void)arg;
  (void)st;
  node->device = "";
  return TF_OK;
}

/* ---- collections ---- */

static TF_Code fill_nodes(const Collection *c, Tensorflow__CollectionDef *def, Arena *arena, TF_Status *st) {
  Tensorflow__CollectionDef__NodeList *list = proto_new(arena,
                                                        &tensorflow__collection_def__node_list__descriptor);
  char **names = arena_calloc(arena, (size_t)c->count, sizeof *names);
  if (!list || !names) return fail_oom(st, "collection");
  for (int i = 0; i < c->count; i++) names[i] = (char *)c->items[i].data;
  list->value = names;
  list->n_value = (size_t)c->count;
  def->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST;
  def->node_list = list;
  return TF_OK;
}

static TF_Code fill_bytes(const Collection *c, Tensorflow__CollectionDef *def, Arena *arena, TF_Status *st) {
  Tensorflow__CollectionDef__BytesList *list = proto_new(arena,
                                                         &tensorflow__collection_def__bytes_list__descriptor);
  ProtobufCBinaryData *items = arena_calloc(arena, (size_t)c->count, sizeof *items);
  if (!list || !items) return fail_oom(st, "collection");
  for (int i = 0; i < c->count; i++)
    items[i] = (ProtobufCBinaryData){c->items[i].size, (uint8_t *)c->items[i].data};
  list->value = items;
  list->n_value = (size_t)c->count;
  def->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_BYTES_LIST;
  def->bytes_list = list;
  return TF_OK;
}

static TF_Code fill_anys(const Collection *c, Tensorflow__CollectionDef *def, Arena *arena, TF_Status *st) {
  Tensorflow__CollectionDef__AnyList *list = proto_new(arena,
                                                       &tensorflow__collection_def__any_list__descriptor);
  Google__Protobuf__Any **items = arena_calloc(arena, (size_t)c->count, sizeof *items);
  if (!list || !items) return fail_oom(st, "collection");
  for (int i = 0; i < c->count; i++)
    TRY(proto_parse(&google__protobuf__any__descriptor, (Span){c->items[i].data, c->items[i].size}, arena,
                    &items[i], c->key, st));
  list->value = items;
  list->n_value = (size_t)c->count;
  def->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_ANY_LIST;
  def->any_list = list;
  return TF_OK;
}

static TF_Code fill_ints(const Collection *c, Tensorflow__CollectionDef *def, Arena *arena, TF_Status *st) {
  Tensorflow__CollectionDef__Int64List *list = proto_new(arena,
                                                         &tensorflow__collection_def__int64_list__descriptor);
  int64_t *items = arena_calloc(arena, (size_t)c->count, sizeof *items);
  if (!list || !items) return fail_oom(st, "collection");
  for (int i = 0; i < c->count; i++) memcpy(&items[i], c->items[i].data, sizeof *items);
  list->value = items;
  list->n_value = (size_t)c->count;
  def->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_INT64_LIST;
  def->int64_list = list;
  return TF_OK;
}

static TF_Code fill_floats(const Collection *c, Tensorflow__CollectionDef *def, Arena *arena, TF_Status *st) {
  Tensorflow__CollectionDef__FloatList *list = proto_new(arena,
                                                         &tensorflow__collection_def__float_list__descriptor);
  float *items = arena_calloc(arena, (size_t)c->count, sizeof *items);
  if (!list || !items) return fail_oom(st, "collection");
  for (int i = 0; i < c->count; i++) memcpy(&items[i], c->items[i].data, sizeof *items);
  list->value = items;
  list->n_value = (size_t)c->count;
  def->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_FLOAT_LIST;
  def->float_list = list;
  return TF_OK;
}

static TF_Code add_collection(MetaGraph *meta, const Collection *c, Arena *arena, TF_Status *st) {
  Tensorflow__MetaGraphDef__CollectionDefEntry *entry = proto_new(
      arena, &tensorflow__meta_graph_def__collection_def_entry__descriptor);
  Tensorflow__CollectionDef *def = proto_new(arena, &tensorflow__collection_def__descriptor);
  void *room = proto_room(arena, meta->collection_def, meta->n_collection_def, sizeof *meta->collection_def);
  if (!entry || !def || !room) return fail_oom(st, "collection");
  switch (c->items[0].kind) {
    case ITEM_NODE: TRY(fill_nodes(c, def, arena, st)); break;
    case ITEM_BYTES: TRY(fill_bytes(c, def, arena, st)); break;
    case ITEM_ANY: TRY(fill_anys(c, def, arena, st)); break;
    case ITEM_INT64: TRY(fill_ints(c, def, arena, st)); break;
    case ITEM_FLOAT: TRY(fill_floats(c, def, arena, st)); break;
  }
  entry->key = (char *)c->key;
  entry->value = def;
  meta->collection_def = room;
  meta->collection_def[meta->n_collection_def++] = entry;
  return TF_OK;
}

/* ---- export ---- */

static TF_Code fill_meta_graph(SM_Graph *g, const SM_Saver *saver, bool strip, OpSet *set, MetaGraph *meta,
                               TF_Status *st) {
  TRY(find_ops(set, meta->graph_def, st));
  MetaInfo *info = meta->meta_info_def;
  TRY(list_ops(set, info, st));
  info->tensorflow_version = (char *)TF_Version();
  info->stripped_default_attrs = strip;
  if (strip) TRY(for_each_node(meta->graph_def, strip_node, set, st));
  if (saver && !saver_is_empty(saver)) saver_fill_def(saver, set->arena, &meta->saver_def);
  for (size_t i = 0; i < g->collections.count; i++) {
    const Collection *c = g->collections.entries[i].value;
    if (c->count) TRY(add_collection(meta, c, set->arena, st));
  }
  return TF_OK;
}

TF_Code meta_graph_build(SM_Graph *g, const SM_Saver *saver, bool clear_devices, bool strip_default_attrs,
                         Arena *arena, MetaGraph **out, TF_Status *st) {
  if (status_failed(g, st)) return TF_GetCode(st);
  MetaGraph *meta = *out = proto_new(arena, &tensorflow__meta_graph_def__descriptor);
  if (meta) meta->meta_info_def = proto_new(arena, &tensorflow__meta_graph_def__meta_info_def__descriptor);
  if (!meta || !meta->meta_info_def) return fail_oom(st, "MetaGraphDef");
  TRY(export_graph(g, arena, &meta->graph_def, st));
  if (clear_devices) for_each_node(meta->graph_def, clear_device, NULL, st);
  OpSet set = {g, arena, {0}, {0}};
  fill_meta_graph(g, saver, strip_default_attrs, &set, meta, st);
  map_clear(&set.functions);
  map_clear(&set.ops);
  return TF_GetCode(st);
}

TF_Code message_write(const char *path, ProtobufCMessage *msg, bool as_text, bool sync, TF_Status *st) {
  Bytes bytes = {0};
  proto_sort_maps(msg);
  if (!(as_text ? text_format_print(msg, &bytes, st) : proto_pack(msg, &bytes, st)))
    file_write_atomic(path, (Span){bytes.data, bytes.size}, sync, st);
  bytes_clear(&bytes);
  return TF_GetCode(st);
}

TF_Code SM_ExportMetaGraph(SM_Graph *g, const SM_Saver *saver, const char *path,
                           const SM_ExportOptions *options, TF_Status *st) {
  SM_ExportOptions o = options ? *options : (SM_ExportOptions){0};
  Arena arena = {0};
  MetaGraph *meta;
  if (!meta_graph_build(g, saver, o.clear_devices, o.strip_default_attrs, &arena, &meta, st))
    message_write(path, &meta->base, o.as_text, false, st);
  arena_clear(&arena);
  return TF_GetCode(st);
}

/* ---- import ---- */

static TF_Code read_meta_graph(const char *path, Arena *arena, MetaGraph **meta, TF_Status *st) {
  Bytes bytes = {0};
  size_t len = strlen(path);
  bool is_text = len >= 3 && !strcmp(path + len - 3, "txt");
  const ProtobufCMessageDescriptor *desc = &tensorflow__meta_graph_def__descriptor;
  if (!file_read(&bytes, path, LIMIT_PROTO_BYTES, st)) {
    Span span = {bytes.data, bytes.size};
    if (is_text) text_format_parse(desc, span, arena, meta, st);
    else proto_parse(desc, span, arena, meta, path, st);
  }
  bytes_clear(&bytes);
  return TF_GetCode(st);
}

static TF_Code import_graph(SM_Graph *g, GraphDef *graph, TF_Status *st) {
  Bytes bytes = {0};
  TF_Buffer *buffer = NULL;
  TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
  if (!proto_pack(&graph->base, &bytes, st)) buffer = TF_NewBufferFromString(bytes.data, bytes.size);
  if (buffer && options) TF_GraphImportGraphDef(g->graph, buffer, options, st);
  else if (!TF_GetCode(st)) fail_oom(st, "graph");
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteBuffer(buffer);
  bytes_clear(&bytes);
  return TF_GetCode(st);
}

/* A VariableDef of several collections is one variable: known by its bytes' variable_name. */
static TF_Code import_variable(SM_Graph *g, const char *key, Span bytes, TF_Status *st) {
  Tensorflow__VariableDef *def;
  TRY(proto_parse(&tensorflow__variable_def__descriptor, bytes, &g->arena, &def, key, st));
  TF_Output handle = graph_find_output(g, def->variable_name);
  SM_Variable *v = handle.oper ? SM_FindVariable(g, TF_OperationName(handle.oper)) : NULL;
  if (!v) v = variable_from_def(g, bytes, st);
  if (v) graph_collect(g, key, (Item){ITEM_BYTES, v->def.data, v->def.size, v});
  return TF_GetCode(st);
}

static bool holds_variables(const char *key) {
  static const char *const keys[] = {SM_GLOBAL_VARIABLES, SM_LOCAL_VARIABLES, SM_TRAINABLE_VARIABLES,
                                     "model_variables", "moving_average_variables"};
  for (size_t i = 0; i < SM_COUNTOF(keys); i++)
    if (!strcmp(key, keys[i])) return true;
  return false;
}

/* Adds a copy of `size` bytes as one item. */
static void import_item(SM_Graph *g, const char *key, int kind, const void *data, size_t size) {
  char *copy = graph_calloc(g, size + 1, 1);
  if (!copy) return;
  memcpy(copy, data, size);
  Item item = {.data = copy, .size = size};
  item.kind = kind;
  graph_collect(g, key, item);
}

static TF_Code import_anys(SM_Graph *g, const char *key, const Tensorflow__CollectionDef__AnyList *list,
                           TF_Status *st) {
  for (size_t i = 0; i < list->n_value; i++) {
    Bytes bytes = {0};
    if (!proto_pack(&list->value[i]->base, &bytes, st))
      import_item(g, key, ITEM_ANY, bytes.data ? bytes.data : "", bytes.size);
    bytes_clear(&bytes);
  }
  return TF_GetCode(st);
}

static TF_Code import_bytes(SM_Graph *g, const char *key, const Tensorflow__CollectionDef__BytesList *list,
                            TF_Status *st) {
  for (size_t i = 0; i < list->n_value; i++) {
    ProtobufCBinaryData b = list->value[i];
    if (holds_variables(key)) TRY(import_variable(g, key, (Span){b.data, b.len}, st));
    else import_item(g, key, ITEM_BYTES, b.len ? b.data : (const uint8_t *)"", b.len);
  }
  return TF_OK;
}

static TF_Code import_collection(SM_Graph *g, const char *key, const Tensorflow__CollectionDef *def,
                                 TF_Status *st) {
  switch (def->kind_case) {
    case TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST:
      for (size_t i = 0; i < def->node_list->n_value; i++)
        import_item(g, key, ITEM_NODE, def->node_list->value[i], strlen(def->node_list->value[i]));
      break;
    case TENSORFLOW__COLLECTION_DEF__KIND_BYTES_LIST: TRY(import_bytes(g, key, def->bytes_list, st)); break;
    case TENSORFLOW__COLLECTION_DEF__KIND_ANY_LIST: TRY(import_anys(g, key, def->any_list, st)); break;
    case TENSORFLOW__COLLECTION_DEF__KIND_INT64_LIST:
      for (size_t i = 0; i < def->int64_list->n_value; i++)
        import_item(g, key, ITEM_INT64, &def->int64_list->value[i], sizeof(int64_t));
      break;
    case TENSORFLOW__COLLECTION_DEF__KIND_FLOAT_LIST:
      for (size_t i = 0; i < def->float_list->n_value; i++)
        import_item(g, key, ITEM_FLOAT, &def->float_list->value[i], sizeof(float));
      break;
    default: break;
  }
  return SM_GraphStatus(g, st);
}

static SM_Saver *import_saver(SM_Graph *g, const Tensorflow__SaverDef *def, TF_Status *st) {
  SM_SaverOptions options = {
      .max_to_keep = def->max_to_keep ? def->max_to_keep : SM_KEEP_ALL,
      .keep_checkpoint_every_n_hours = def->keep_checkpoint_every_n_hours,
      .sharded = def->sharded,
      .v1_format = def->version == TENSORFLOW__SAVER_DEF__CHECKPOINT_FORMAT_VERSION__V1,
  };
  SM_Saver *saver = saver_new(g, &options);
  if (!saver) return status_failed(g, st), NULL;
  saver->filename = graph_find_output(g, def->filename_tensor_name);
  saver->save = graph_find_output(g, def->save_tensor_name);
  saver->restore = TF_GraphOperationByName(g->graph, def->restore_op_name);
  if (saver->filename.oper && saver->save.oper && saver->restore) return saver;
  fail(st, TF_INVALID_ARGUMENT, "the saver's nodes %s, %s, %s are not in the graph",
       def->filename_tensor_name, def->save_tensor_name, def->restore_op_name);
  return NULL;
}

SM_Saver *SM_ImportMetaGraph(SM_Graph *g, const char *path, TF_Status *st) {
  if (status_failed(g, st)) return NULL;
  Arena arena = {0};
  MetaGraph *meta;
  SM_Saver *saver = NULL;
  if (!read_meta_graph(path, &arena, &meta, st)) {
    if (meta->graph_def) import_graph(g, meta->graph_def, st);
    for (size_t i = 0; i < meta->n_collection_def && !TF_GetCode(st); i++)
      import_collection(g, meta->collection_def[i]->key, meta->collection_def[i]->value, st);
    if (meta->saver_def && *meta->saver_def->restore_op_name && !TF_GetCode(st))
      saver = import_saver(g, meta->saver_def, st);
  }
  arena_clear(&arena);
  return saver;
}
