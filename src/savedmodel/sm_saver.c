/* The Saver's graph: the nodes under "save/", as TensorFlow's Python lays them out. */
#include "savedmodel/sm_saver.h"

#include <stdlib.h>
#include <string.h>

#include "savedmodel/sm_saver_impl.h"

/* ---- which variables ---- */

/* The pieces of one variable stay in the order of their making. */
static int by_name(const void *a, const void *b) {
  const SM_SaverEntry *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order
               : (x->variable->order > y->variable->order) - (x->variable->order < y->variable->order);
}

static bool are_pieces_of_one(const SM_Variable *a, const SM_Variable *b) {
  return a != b && a->full_name && b->full_name && !strcmp(a->full_name, b->full_name);
}

static bool add_entry(SM_Saver *saver, const char *name, SM_Variable *v) {
  SM_Graph *g = saver->graph;
  if (!v) {
    fail(g->status, TF_INVALID_ARGUMENT, "saver: a variable is missing");
    return false;
  }
  saver->entries[saver->count++] = (SM_SaverEntry){graph_strdup(g, name           ? name
                                                                   : v->full_name ? v->full_name
                                                                                  : v->name),
                                                   v};
  return !graph_failed(g);
}

/* Names are sorted, as TensorFlow does; neither a name nor a variable may come twice. */
static bool check_entries(SM_Saver *saver) {
  SM_Graph *g = saver->graph;
  qsort(saver->entries, (size_t)saver->count, sizeof *saver->entries, by_name);
  Map seen = {0};
  for (int i = 0; i < saver->count && !graph_failed(g); i++) {
    const SM_SaverEntry *e = &saver->entries[i];
    if (i && !strcmp(e->name, e[-1].name) && !are_pieces_of_one(e->variable, e[-1].variable))
      fail(g->status, TF_INVALID_ARGUMENT, "At least two variables have the same name: %s", e->name);
    else if (map_get(&seen, e->variable->name))
      fail(g->status, TF_INVALID_ARGUMENT, "The same saveable will be restored with two names: %s", e->name);
    else if (!map_put(&seen, e->variable->name, e->variable)) fail_oom(g->status, "saver");
  }
  map_clear(&seen);
  return !graph_failed(g);
}

static bool choose_entries(SM_Saver *saver, const SM_SaverEntry *entries, int num_entries) {
  SM_Graph *g = saver->graph;
  bool all = entries == NULL;
  if (all) num_entries = SM_NumVariables(g, SM_GLOBAL_VARIABLES);
  saver->entries = graph_calloc(g, (size_t)num_entries, sizeof *saver->entries);
  if (!saver->entries) return false;
  for (int i = 0; i < num_entries; i++) {
    SM_Variable *v = all ? SM_VariableAt(g, SM_GLOBAL_VARIABLES, i) : entries[i].variable;
    if (!add_entry(saver, all ? NULL : entries[i].name, v)) return false;
  }
  return check_entries(saver);
}

/* ---- devices ---- */

static const char *entry_device(const SM_SaverEntry *e) {
  return TF_OperationDevice(e->variable->handle.oper);
}

/* Saving and restoring happen on the host of a device: "/job:ps/gpu:1" -> "/job:ps/device:CPU:0". */
static const char *host_cpu(SM_Graph *g, const char *device) {
  Bytes out = {0};
  for (const char *p = device; *p == '/';) {
    size_t len = 1 + strcspn(p + 1, "/");
    bool is_device = !strncmp(p, "/device:", 8) || !strncasecmp(p, "/cpu:", 5) || !strncasecmp(p, "/gpu:", 5);
    if (!is_device) bytes_append(&out, p, len);
    p += len;
  }
  bytes_puts(&out, "/device:CPU:0");
  const char *copy = out.failed ? NULL : graph_strdup(g, out.data);
  bytes_clear(&out);
  return copy;
}

/* The entries on one device, which is that of entries[first]; first of its device or count is 0. */
static int entries_of_device(const SM_Saver *saver, const char *device, const SM_SaverEntry **group) {
  int n = 0;
  for (int i = 0; i < saver->count; i++)
    if (!strcmp(entry_device(&saver->entries[i]), device)) group[n++] = &saver->entries[i];
  return n;
}

static int device_order(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **all_devices(const SM_Saver *saver, int *count) {
  SM_Graph *g = saver->graph;
  const char **devices = graph_calloc(g, (size_t)saver->count, sizeof *devices);
  *count = 0;
  for (int i = 0; devices && i < saver->count; i++) {
    const char *device = entry_device(&saver->entries[i]);
    bool seen = false;
    for (int k = 0; k < *count; k++) seen = seen || !strcmp(devices[k], device);
    if (!seen) devices[(*count)++] = device;
  }
  if (devices) qsort(devices, (size_t)*count, sizeof *devices, device_order);
  return devices;
}

/* ---- nodes ---- */

/* TensorFlow's op functions open a scope of the op's name for the constants they make: "SaveV2/tensor_names".
 * The scope's own name, with '/', then names the op. */
static const char *open_op_scope(SM_Graph *g, const char *name) {
  SM_PushNameScope(g, name);
  return graph_printf(g, "%s/", g->top->name_scope);
}

static TF_Output scalar_string(SM_Graph *g, const char *text, const char *name) {
  return SM_Constant(g, SM_ScalarString(text), name);
}

static TF_Output name_list(SM_Graph *g, const SM_SaverEntry *const *entries, int n, bool names,
                           const char *as) {
  const char **texts = graph_calloc(g, (size_t)n, sizeof *texts);
  for (int i = 0; texts && i < n; i++) texts[i] = names ? entries[i]->name : entries[i]->variable->slice;
  return SM_Constant(g, texts ? SM_TensorStrings(SM_SHAPE(n), texts) : NULL, as);
}

/* TensorFlow saves a variable's reference itself; of a resource and of a piece, what was read. */
static TF_Output saved_tensor(const SM_Variable *v) {
  return v->is_resource || v->full_name ? v->snapshot : v->handle;
}

static TF_Operation *add_save_op(SM_Saver *saver, TF_Output filename, const SM_SaverEntry *const *entries,
                                 int n) {
  SM_Graph *g = saver->graph;
  bool v1 = saver->options.v1_format;
  TF_Output *tensors = graph_calloc(g, (size_t)n, sizeof *tensors);
  TF_DataType *types = graph_calloc(g, (size_t)n, sizeof *types);
  if (!tensors || !types) return NULL;
  for (int i = 0; i < n; i++) {
    tensors[i] = saved_tensor(entries[i]->variable);
    types[i] = entries[i]->variable->dtype;
  }
  const char *own = open_op_scope(g, v1 ? "save" : "SaveV2");
  TF_Output names = name_list(g, entries, n, true, "tensor_names");
  TF_Output slices = name_list(g, entries, n, false, v1 ? "shapes_and_slices" : "shape_and_slices");
  TF_Operation *op = SM_Oper(g, v1 ? "SaveSlices" : "SaveV2", own, SM_In(filename), SM_In(names),
                             SM_In(slices), SM_InList(tensors, n),
                             SM_TypeList(v1 ? "T" : "dtypes", types, n));
  SM_PopScope(g);
  return op;
}

/* The file name, once the save is done. */
static TF_Output add_save(SM_Saver *saver, TF_Output filename, const SM_SaverEntry *const *entries, int n) {
  SM_Graph *g = saver->graph;
  TF_Operation *save = add_save_op(saver, filename, entries, n);
  if (!save) return (TF_Output){NULL, 0};
  return SM_Op(g, "Identity", "control_dependency", SM_In(filename), SM_Control(save),
               SM_Colocate(TF_OperationName(filename.oper)));
}

static TF_Output add_sharded_filename(SM_Graph *g, TF_Output base, int shard, TF_Output num_shards) {
  const char *own = open_op_scope(g, "ShardedFilename");
  TF_Output number = SM_Constant(g, SM_ScalarI32(shard), "shard");
  TF_Output out = SM_Op(g, "ShardedFilename", own, SM_In(base), SM_In(number), SM_In(num_shards));
  SM_PopScope(g);
  return out;
}

/* Shards are written beside the checkpoint first, at PREFIX_temp/part (object stores: PREFIX.part). */
static TF_Output add_temp_prefix(SM_Graph *g, TF_Output prefix) {
  SM_PushDevice(g, "/device:CPU:*");
  TF_Output is_s3 = SM_Op(g, "StaticRegexFullMatch", NULL, SM_In(prefix), SM_String("pattern", "^s3://.*"));
  TF_Output remote = scalar_string(g, ".part", NULL);
  TF_Output local = scalar_string(g, "_temp/part", NULL);
  TF_Output suffix = SM_Op(g, "Select", NULL, SM_In(is_s3), SM_In(remote), SM_In(local));
  TF_Output parts[] = {prefix, suffix};
  TF_Output joined = SM_Op(g, "StringJoin", NULL, SM_InList(parts, 2));
  SM_PopScope(g);
  return joined;
}

static TF_Output add_merge(SM_Graph *g, TF_Output prefix, const TF_Output *shards, TF_Operation *const *done,
                           int n) {
  SM_PushControlDependencies(g, done, n);
  const char *own = open_op_scope(g, "MergeV2Checkpoints");
  TF_Output prefixes = SM_Op(g, "Pack", "checkpoint_prefixes", SM_InList(shards, n));
  SM_PopScope(g);
  SM_PopScope(g);
  TF_Operation *merge = SM_Oper(g, "MergeV2Checkpoints", own, SM_In(prefixes), SM_In(prefix),
                                SM_Bool("delete_old_dirs", true));
  SM_PushControlDependencies(g, done, n);
  TF_Output out = SM_Op(g, "Identity", NULL, SM_In(prefix), SM_Control(merge));
  SM_PopScope(g);
  return out;
}

static TF_Output add_sharded_save(SM_Saver *saver, TF_Output filename, const char *const *devices,
                                  int num_devices) {
  SM_Graph *g = saver->graph;
  bool v1 = saver->options.v1_format;
  const SM_SaverEntry **group = graph_calloc(g, (size_t)saver->count, sizeof *group);
  TF_Output *shards = graph_calloc(g, (size_t)num_devices, sizeof *shards);
  TF_Operation **done = graph_calloc(g, (size_t)num_devices, sizeof *done);
  if (!group || !shards || !done) return (TF_Output){NULL, 0};
  TF_Output base = v1 ? filename : add_temp_prefix(g, filename);
  TF_Output count = SM_Constant(g, SM_ScalarI32(num_devices), "num_shards");
  const char *device = NULL;
  for (int i = 0; i < num_devices; i++) {
    device = v1 ? devices[i] : host_cpu(g, devices[i]);
    SM_PushDevice(g, device ? device : "");
    shards[i] = add_sharded_filename(g, base, i, count);
    done[i] = add_save(saver, shards[i], group, entries_of_device(saver, devices[i], group)).oper;
    SM_PopScope(g);
  }
  TF_Output out;
  if (v1) {
    SM_PushControlDependencies(g, done, num_devices);
    out = SM_Op(g, "ShardedFilespec", NULL, SM_In(filename), SM_In(count));
    SM_PopScope(g);
  } else {
    SM_PushDevice(g, device ? device : "");
    out = add_merge(g, filename, shards, done, num_devices);
    SM_PopScope(g);
  }
  return out;
}

/* ---- restoring ---- */

static TF_Output add_reshape(SM_Graph *g, TF_Output value, SM_Shape shape) {
  const char *own = open_op_scope(g, "Reshape");
  TF_Tensor *t = SM_TensorI32(SM_SHAPE(shape.num_dims), NULL);
  int32_t *dims = t ? TF_TensorData(t) : NULL;
  for (int i = 0; dims && i < shape.num_dims; i++) dims[i] = (int32_t)shape.dims[i];
  TF_Output to = SM_Constant(g, t, "shape");
  TF_Output out = SM_Op(g, "Reshape", own, SM_In(value), SM_In(to));
  SM_PopScope(g);
  return out;
}

static TF_Operation *add_restore_assign(SM_Saver *saver, const SM_Variable *v, TF_Output value) {
  SM_Graph *g = saver->graph;
  bool reshape = saver->options.reshape;
  if (reshape) value = add_reshape(g, value, v->shape);
  if (!v->is_resource)
    return SM_Oper(g, "Assign", NULL, SM_In(v->handle), SM_In(value), SM_Colocate(v->name),
                   SM_Bool("validate_shape", !reshape));
  TF_Output copy = SM_Identity(g, value, NULL);
  return SM_Oper(g, "AssignVariableOp", NULL, SM_In(v->handle), SM_In(copy), SM_Type("dtype", v->dtype));
}

static TF_Operation *add_restore(SM_Saver *saver, TF_Output filename, const SM_SaverEntry *const *entries,
                                 int n, const char *name) {
  SM_Graph *g = saver->graph;
  TF_DataType *types = graph_calloc(g, (size_t)n, sizeof *types);
  TF_Operation **assigns = graph_calloc(g, (size_t)n, sizeof *assigns);
  if (!types || !assigns) return NULL;
  for (int i = 0; i < n; i++) types[i] = entries[i]->variable->dtype;
  SM_PushDevice(g, "/device:CPU:0");
  const char *own = open_op_scope(g, "RestoreV2");
  TF_Output names = name_list(g, entries, n, true, "tensor_names");
  TF_Output slices = name_list(g, entries, n, false, "shape_and_slices");
  TF_Operation *restore = SM_Oper(g, "RestoreV2", own, SM_In(filename), SM_In(names), SM_In(slices),
                                  SM_TypeList("dtypes", types, n));
  SM_PopScope(g);
  SM_PopScope(g);
  for (int i = 0; i < n; i++)
    assigns[i] = add_restore_assign(saver, entries[i]->variable, (TF_Output){restore, i});
  return SM_Group(g, assigns, n, name);
}

static TF_Operation *add_sharded_restore(SM_Saver *saver, TF_Output filename, const char *const *devices,
                                         int num_devices) {
  SM_Graph *g = saver->graph;
  const SM_SaverEntry **group = graph_calloc(g, (size_t)saver->count, sizeof *group);
  TF_Operation **shards = graph_calloc(g, (size_t)num_devices, sizeof *shards);
  if (!group || !shards) return NULL;
  for (int i = 0; i < num_devices; i++) {
    int n = entries_of_device(saver, devices[i], group);
    SM_PushDevice(g, devices[i]);
    shards[i] = add_restore(saver, filename, group, n, "restore_shard");
    SM_PopScope(g);
  }
  return SM_Group(g, shards, num_devices, "restore_all");
}

/* ---- the whole ---- */

static TF_Output add_filename(SM_Graph *g) {
  const char *own = open_op_scope(g, "filename");
  TF_Output input = scalar_string(g, "model", "input");
  TF_Output named = SM_Op(g, "PlaceholderWithDefault", own, SM_In(input), SM_ShapeAttr("shape", SM_SCALAR));
  SM_PopScope(g);
  return SM_Op(g, "PlaceholderWithDefault", "Const", SM_In(named), SM_ShapeAttr("shape", SM_SCALAR));
}

static void build(SM_Saver *saver) {
  SM_Graph *g = saver->graph;
  SM_PushNameScope(g, saver->options.name ? saver->options.name : "save");
  saver->filename = add_filename(g);
  if (saver->options.sharded) {
    int n;
    const char **devices = all_devices(saver, &n);
    if (devices) saver->save = add_sharded_save(saver, saver->filename, devices, n);
    if (devices) saver->restore = add_sharded_restore(saver, saver->filename, devices, n);
  } else {
    const SM_SaverEntry **all = graph_calloc(g, (size_t)saver->count, sizeof *all);
    for (int i = 0; all && i < saver->count; i++) all[i] = &saver->entries[i];
    if (all) saver->save = add_save(saver, saver->filename, all, saver->count);
    if (all) saver->restore = add_restore(saver, saver->filename, all, saver->count, "restore_all");
  }
  SM_PopScope(g);
}

SM_Saver *saver_new(SM_Graph *g, const SM_SaverOptions *options) {
  SM_Saver *saver = calloc(1, sizeof *saver);
  if (!saver) return fail_oom(g->status, "saver"), NULL;
  saver->graph = g;
  if (options) saver->options = *options;
  SM_SaverOptions *o = &saver->options;
  o->max_to_keep = o->max_to_keep == 0 ? 5 : o->max_to_keep < 0 ? 0 : o->max_to_keep;
  if (o->keep_checkpoint_every_n_hours <= 0) o->keep_checkpoint_every_n_hours = 10000;
  saver->next_kept = saver_now() + o->keep_checkpoint_every_n_hours * 3600;
  saver->next = g->savers;
  g->savers = saver;
  return saver;
}

SM_Saver *SM_NewSaver(SM_Graph *g, const SM_SaverEntry *entries, int num_entries,
                      const SM_SaverOptions *options) {
  if (graph_failed(g)) return NULL;
  SM_Saver *saver = saver_new(g, options);
  if (!saver || !choose_entries(saver, entries, num_entries)) return NULL;
  if (!saver->count && !saver->options.allow_empty) {
    fail(g->status, TF_INVALID_ARGUMENT, "No variables to save");
    return NULL;
  }
  saver->empty = saver->count == 0;
  if (!saver->empty) build(saver);
  return graph_failed(g) ? NULL : saver;
}

void savers_free(SM_Saver *list) {
  while (list) {
    SM_Saver *next = list->next;
    checkpoint_state_clear(&list->kept);
    free(list->returned);
    free(list);
    list = next;
  }
}

bool saver_is_empty(const SM_Saver *saver) { return saver->empty; }

void saver_fill_def(const SM_Saver *saver, Arena *arena, Tensorflow__SaverDef **out) {
  Tensorflow__SaverDef *def = proto_new(arena, &tensorflow__saver_def__descriptor);
  *out = def;
  if (!def || saver->empty) return;
  const SM_SaverOptions *o = &saver->options;
  def->filename_tensor_name = (char *)SM_OutputName(saver->graph, saver->filename);
  def->save_tensor_name = (char *)SM_OutputName(saver->graph, saver->save);
  def->restore_op_name = (char *)TF_OperationName(saver->restore);
  def->max_to_keep = o->max_to_keep;
  def->sharded = o->sharded;
  def->keep_checkpoint_every_n_hours = (float)o->keep_checkpoint_every_n_hours;
  def->version = o->v1_format ? TENSORFLOW__SAVER_DEF__CHECKPOINT_FORMAT_VERSION__V1
                              : TENSORFLOW__SAVER_DEF__CHECKPOINT_FORMAT_VERSION__V2;
}
