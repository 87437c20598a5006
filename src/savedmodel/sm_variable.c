/* Variables: the nodes, their VariableDefs, reuse by variable scope, assignments. */
#include "savedmodel/sm_variable.h"

#include <string.h>

#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"

/* ---- VariableDef ---- */

static bool is_initial_tensor(const SM_Initializer *init) {
  return init->kind == SM_INIT_VALUE || init->kind == SM_INIT_OUTPUT;
}

static void set_name(char **field, const char *name) {
  if (name) *field = (char *)name;
}

static void pack_variable_def(SM_Variable *v, Tensorflow__SaveSliceInfoDef *info) {
  SM_Graph *g = v->graph;
  Tensorflow__VariableDef def = TENSORFLOW__VARIABLE_DEF__INIT;
  set_name(&def.variable_name, SM_OutputName(g, v->handle));
  set_name(&def.initializer_name, TF_OperationName(v->initializer));
  set_name(&def.snapshot_name, SM_OutputName(g, v->snapshot));
  set_name(&def.initial_value_name, SM_OutputName(g, v->initial_value));
  def.is_resource = v->is_resource;
  def.trainable = v->trainable;
  def.save_slice_info_def = info;
  size_t size = protobuf_c_message_get_packed_size(&def.base);
  uint8_t *bytes = graph_calloc(g, size, 1);
  if (bytes) v->def = (Span){bytes, protobuf_c_message_pack(&def.base, bytes)};
}

static void collect_variable(SM_Variable *v, const char *key) {
  graph_collect(v->graph, key, (Item){ITEM_BYTES, v->def.data, v->def.size, v});
}

/* "5 2 0,3:0,2": the whole variable's shape, then start and length of the piece in each dimension. */
static const char *slice_text(SM_Graph *g, const Tensorflow__SaveSliceInfoDef *info) {
  Bytes text = {0};
  for (size_t i = 0; i < info->n_full_shape; i++)
    bytes_printf(&text, "%lld ", (long long)info->full_shape[i]);
  for (size_t i = 0; i < info->n_var_offset && i < info->n_var_shape; i++)
    bytes_printf(&text, "%s%lld,%lld", i ? ":" : "", (long long)info->var_offset[i],
                 (long long)info->var_shape[i]);
  const char *copy = text.failed || !text.data ? NULL : graph_strdup(g, text.data);
  bytes_clear(&text);
  return copy;
}

static bool read_slice(SM_Variable *v, const Tensorflow__SaveSliceInfoDef *info) {
  v->full_name = graph_strdup(v->graph, info->full_name);
  v->slice = slice_text(v->graph, info);
  if (!v->slice && !graph_failed(v->graph))
    fail(v->graph->status, TF_INVALID_ARGUMENT, "variable %s: bad slice", v->name);
  return v->full_name && v->slice;
}

SM_Variable *variable_from_def(SM_Graph *g, Span bytes, TF_Status *st) {
  Tensorflow__VariableDef *def;
  if (proto_parse(&tensorflow__variable_def__descriptor, bytes, &g->arena, &def, "VariableDef", st))
    return NULL;
  SM_Variable *v = graph_calloc(g, 1, sizeof *v);
  if (!v) return status_failed(g, st), NULL;
  v->graph = g;
  v->order = g->variables.count;
  v->is_resource = def->is_resource;
  v->trainable = def->trainable;
  v->handle = graph_find_output(g, def->variable_name);
  v->snapshot = graph_find_output(g, def->snapshot_name);
  v->initializer = graph_find_output(g, def->initializer_name).oper;
  if (!v->initializer) v->initializer = TF_GraphOperationByName(g->graph, def->initializer_name);
  v->initial_value = graph_find_output(g, def->initial_value_name);
  if (!v->handle.oper || !v->snapshot.oper || !v->initializer) {
    fail(st, TF_INVALID_ARGUMENT, "variable %s: its nodes are not in the graph", def->variable_name);
    return NULL;
  }
  v->name = TF_OperationName(v->handle.oper);
  v->slice = "";
  if (def->save_slice_info_def && !read_slice(v, def->save_slice_info_def)) return status_failed(g, st), NULL;
  v->dtype = dtype_base(TF_OperationOutputType(v->snapshot));
  v->shape = graph_output_shape(g, v->snapshot);
  v->def.data = arena_memdup(&g->arena, bytes.data, bytes.size);
  v->def.size = bytes.size;
  if (!v->def.data || !map_put(&g->variables, v->name, v)) fail_oom(st, "variable");
  return TF_GetCode(st) ? NULL : v;
}

/* ---- creation ---- */

static TF_Output build_initial_value(SM_Variable *v, SM_Initializer *init, SM_Shape whole) {
  SM_Graph *g = v->graph;
  if (init->kind == SM_INIT_OUTPUT) return init->output;
  bool in_scope = v->is_resource || !is_initial_tensor(init);
  if (in_scope) {
    SM_PushNameScope(g, "Initializer");
    graph_push_colocate(g, v->name);
  }
  TF_Output value;
  if (init->kind == SM_INIT_VALUE) {
    value = SM_Constant(g, init->value, "initial_value");
    init->value = NULL;
  } else {
    value = initializer_build(g, init, v->dtype, v->shape, whole.num_dims < 0 ? v->shape : whole);
  }
  if (in_scope) {
    SM_PopScope(g);
    SM_PopScope(g);
  }
  return value;
}

static void build_reference(SM_Variable *v, const SM_Initializer *init, const char *own) {
  SM_Graph *g = v->graph;
  v->handle = SM_Op(g, "VariableV2", own, SM_ShapeAttr("shape", v->shape), SM_Type("dtype", v->dtype),
                    SM_Colocate(is_initial_tensor(init) ? NULL : v->name));
  v->initializer = SM_Oper(g, "Assign", NULL, SM_In(v->handle), SM_In(v->initial_value),
                           SM_Colocate(v->name));
  v->snapshot = SM_Op(g, "Identity", "read", SM_In(v->handle), SM_Colocate(v->name));
}

static void build_resource(SM_Variable *v, const char *own) {
  SM_Graph *g = v->graph;
  v->handle = SM_Op(g, "VarHandleOp", own, SM_Type("dtype", v->dtype), SM_ShapeAttr("shape", v->shape),
                    SM_String("shared_name", v->name), SM_Colocate(v->name));
  SM_PushNameScope(g, "IsInitialized");
  SM_Oper(g, "VarIsInitializedOp", NULL, SM_In(v->handle));
  SM_PopScope(g);
  v->initializer = SM_Oper(g, "AssignVariableOp", "Assign", SM_In(v->handle), SM_In(v->initial_value),
                           SM_Type("dtype", v->dtype));
  SM_PushNameScope(g, "Read");
  v->snapshot = SM_Op(g, "ReadVariableOp", NULL, SM_In(v->handle), SM_Type("dtype", v->dtype));
  SM_PopScope(g);
}

/* Makes all nodes of a variable at the top of the name scopes, free of control inputs, as TensorFlow does. */
static void build_variable(SM_Variable *v, SM_Initializer *init, SM_Shape whole, const char *name) {
  SM_Graph *g = v->graph;
  graph_push_absolute(g, "", true);
  SM_PushNameScope(g, name);
  v->name = g->top->name_scope;
  const char *own = graph_printf(g, "%s/", v->name);
  if (own) {
    v->initial_value = build_initial_value(v, init, whole);
    if (!graph_failed(g) && v->shape.num_dims < 0) v->shape = graph_output_shape(g, v->initial_value);
    if (v->is_resource) build_resource(v, own);
    else build_reference(v, init, own);
  }
  SM_PopScope(g);
  SM_PopScope(g);
}

static bool check_shape(SM_Graph *g, const char *name, SM_Shape shape, const SM_Initializer *init) {
  if (is_initial_tensor(init)) return true;
  if (shape.num_dims < 0) {
    fail(g->status, TF_INVALID_ARGUMENT,
         "Variable %s did not get an initializer, so its `shape` argument must be specified.", name);
    return false;
  }
  for (int i = 0; i < shape.num_dims; i++)
    if (shape.dims[i] < 0) {
      fail(g->status, TF_INVALID_ARGUMENT,
           "Shape of a new variable (%s) must be fully defined, but instead was %s.", name,
           graph_shape_text(g, shape));
      return false;
    }
  return true;
}

static TF_DataType variable_type(SM_Graph *g, const char *name, const SM_Initializer *init,
                                 const SM_VariableOptions *options) {
  TF_DataType given = (TF_DataType)0;
  if (init->kind == SM_INIT_VALUE && init->value) given = TF_TensorType(init->value);
  if (init->kind == SM_INIT_OUTPUT && init->output.oper)
    given = dtype_base(TF_OperationOutputType(init->output));
  if (is_initial_tensor(init) && !given) {
    fail(g->status, TF_INVALID_ARGUMENT, "Variable %s: the initial value is missing", name);
    return given;
  }
  TF_DataType dtype = options->dtype ? options->dtype : given ? given : TF_FLOAT;
  if (given && given != dtype)
    fail(g->status, TF_INVALID_ARGUMENT, "Initializer type '%s' and explicit dtype '%s' don't match.",
         SM_DataTypeName(given), SM_DataTypeName(dtype));
  else if (init->kind == SM_INIT_DEFAULT && !dtype_is_float(dtype) && !dtype_is_integer(dtype) &&
           dtype != TF_BOOL)
    fail(g->status, TF_INVALID_ARGUMENT, "An initializer for variable %s of <dtype: '%s'> is required", name,
         SM_DataTypeName(dtype));
  return dtype;
}

static void enter_collections(SM_Variable *v, const char *const *collections) {
  static const char *const standard[] = {SM_GLOBAL_VARIABLES, NULL};
  if (!collections) collections = standard;
  bool in_trainable = false;
  for (const char *const *key = collections; *key; key++)
    in_trainable = in_trainable || !strcmp(*key, SM_TRAINABLE_VARIABLES);
  if (v->trainable && !in_trainable) collect_variable(v, SM_TRAINABLE_VARIABLES);
  for (const char *const *key = collections; *key; key++) collect_variable(v, *key);
}

/* `info` is null, or says which piece of a larger variable this one is. */
static SM_Variable *new_variable(SM_Graph *g, const char *name, SM_Shape shape, SM_Initializer *init,
                                 const SM_VariableOptions *options, Tensorflow__SaveSliceInfoDef *info) {
  if (!check_shape(g, name, shape, init)) return NULL;
  TF_DataType dtype = variable_type(g, name, init, options);
  SM_Variable *v = graph_failed(g) ? NULL : graph_calloc(g, 1, sizeof *v);
  if (!v) return NULL;
  v->graph = g;
  v->order = g->variables.count;
  v->dtype = dtype;
  v->shape = is_initial_tensor(init) ? SM_UNKNOWN_SHAPE : graph_copy_shape(g, shape);
  v->is_resource = options->use_resource;
  v->trainable = !options->untrainable;
  v->slice = "";
  SM_Shape whole = info ? (SM_Shape){info->full_shape, (int)info->n_full_shape} : SM_UNKNOWN_SHAPE;
  if (info && !read_slice(v, info)) return NULL;
  build_variable(v, init, whole, name);
  if (!graph_failed(g)) pack_variable_def(v, info);
  if (graph_failed(g)) return NULL;
  if (!map_put(&g->variables, name, v)) return fail_oom(g->status, "variable"), NULL;
  enter_collections(v, options->collections);
  return graph_failed(g) ? NULL : v;
}

/* ---- get_variable ---- */

static bool shapes_agree(SM_Shape a, SM_Shape b) {
  if (a.num_dims < 0 || b.num_dims < 0) return true;
  if (a.num_dims != b.num_dims) return false;
  for (int i = 0; i < a.num_dims; i++)
    if (a.dims[i] >= 0 && b.dims[i] >= 0 && a.dims[i] != b.dims[i]) return false;
  return true;
}

static SM_Variable *share_variable(SM_Graph *g, SM_Variable *v, const char *name, SM_Shape shape,
                                   const SM_VariableOptions *options) {
  TF_DataType dtype = options->dtype ? options->dtype : TF_FLOAT;
  const char *found = SM_DataTypeName(v->is_resource ? v->dtype : (TF_DataType)(v->dtype + 100));
  if (!shapes_agree(shape, v->shape))
    fail(g->status, TF_INVALID_ARGUMENT,
         "Trying to share variable %s, but specified shape %s and found shape %s.", name,
         graph_shape_text(g, shape), graph_shape_text(g, v->shape));
  else if (dtype != v->dtype)
    fail(g->status, TF_INVALID_ARGUMENT,
         "Trying to share variable %s, but specified dtype %s and found dtype %s.", name,
         SM_DataTypeName(dtype), found);
  return graph_failed(g) ? NULL : v;
}

static SM_Variable *get_variable(SM_Graph *g, const char *name, SM_Shape shape, SM_Initializer *init,
                                 const SM_VariableOptions *options, Tensorflow__SaveSliceInfoDef *info) {
  static const SM_VariableOptions defaults = {0};
  if (graph_failed(g)) return NULL;
  if (!options) options = &defaults;
  const char *scope = g->top->variable_scope;
  const char *full = *scope ? graph_printf(g, "%s/%s", scope, name) : graph_strdup(g, name);
  if (!full) return NULL;
  SM_Variable *v = SM_FindVariable(g, full);
  SM_Reuse reuse = g->top->reuse;
  if (v && reuse == SM_REUSE_INHERIT) {
    fail(g->status, TF_INVALID_ARGUMENT,
         "Variable %s already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
         "VarScope?",
         full);
    return NULL;
  }
  if (v) return share_variable(g, v, full, shape, options);
  if (reuse == SM_REUSE) {
    fail(g->status, TF_INVALID_ARGUMENT,
         "Variable %s does not exist, or was not created with tf.get_variable(). Did you mean to set "
         "reuse=tf.AUTO_REUSE in VarScope?",
         full);
    return NULL;
  }
  return new_variable(g, full, shape, init, options, info);
}

SM_Variable *SM_GetVariable(SM_Graph *g, const char *name, SM_Shape shape, SM_Initializer initializer,
                            const SM_VariableOptions *options) {
  SM_Variable *v = get_variable(g, name, shape, &initializer, options, NULL);
  if (initializer.kind == SM_INIT_VALUE) TF_DeleteTensor(initializer.value); /* null once it has been used */
  return v;
}

/* ---- partitioned variables ---- */

/* TF: fixed_size_partitioner: pieces along an axis, the first ones longer by one where it does not divide
 * evenly. */
static SM_Variable *get_piece(SM_Graph *g, const char *name, SM_Shape shape, SM_Initializer *init,
                              const SM_VariableOptions *options, int axis, int num_parts, int part) {
  const char *piece = graph_printf(g, "%s/part_%d", name, part);
  const char *scope = g->top->variable_scope;
  const char *full = *scope ? graph_printf(g, "%s/%s", scope, name) : graph_strdup(g, name);
  int64_t *dims = graph_calloc(g, (size_t)shape.num_dims, sizeof *dims);
  int64_t *offsets = graph_calloc(g, (size_t)shape.num_dims, sizeof *offsets);
  if (!piece || !full || !dims || !offsets) return NULL;
  int64_t size = shape.dims[axis] / num_parts, longer = shape.dims[axis] % num_parts;
  memcpy(dims, shape.dims, (size_t)shape.num_dims * sizeof *dims);
  dims[axis] = size + (part < longer);
  offsets[axis] = part * size + (part < longer ? part : longer);
  Tensorflow__SaveSliceInfoDef info = TENSORFLOW__SAVE_SLICE_INFO_DEF__INIT;
  info.full_name = (char *)full;
  info.full_shape = (int64_t *)shape.dims;
  info.var_offset = offsets;
  info.var_shape = dims;
  info.n_full_shape = info.n_var_offset = info.n_var_shape = (size_t)shape.num_dims;
  return get_variable(g, piece, (SM_Shape){dims, shape.num_dims}, init, options, &info);
}

int SM_GetPartitionedVariable(SM_Graph *g, const char *name, SM_Shape shape, SM_Initializer initializer,
                              const SM_VariableOptions *options, int axis, int num_parts,
                              SM_Variable **parts) {
  if (graph_failed(g)) return 0;
  if (is_initial_tensor(&initializer) || axis < 0 || axis >= shape.num_dims || num_parts < 1 ||
      shape.dims[axis] < num_parts)
    fail(g->status, TF_INVALID_ARGUMENT, "variable %s of shape %s cannot be cut into %d along axis %d", name,
         graph_shape_text(g, shape), num_parts, axis);
  for (int i = 0; i < num_parts && !graph_failed(g); i++)
    parts[i] = get_piece(g, name, shape, &initializer, options, axis, num_parts, i);
  if (initializer.kind == SM_INIT_VALUE) TF_DeleteTensor(initializer.value);
  return graph_failed(g) ? 0 : num_parts;
}

SM_Variable *SM_FindVariable(SM_Graph *g, const char *name) { return map_get(&g->variables, name); }

int SM_NumVariables(const SM_Graph *g, const char *collection) { return SM_CollectionSize(g, collection); }

SM_Variable *SM_VariableAt(const SM_Graph *g, const char *collection, int index) {
  const Collection *c = graph_collection(g, collection);
  return c && index >= 0 && index < c->count ? c->items[index].variable : NULL;
}

const char *SM_VariableName(const SM_Variable *v) { return v->name; }
TF_DataType SM_VariableType(const SM_Variable *v) { return v->dtype; }
SM_Shape SM_VariableShape(const SM_Variable *v) { return v->shape; }
bool SM_VariableIsResource(const SM_Variable *v) { return v->is_resource; }
bool SM_VariableIsTrainable(const SM_Variable *v) { return v->trainable; }
TF_Output SM_VariableHandle(const SM_Variable *v) { return v->handle; }
TF_Operation *SM_VariableInitializer(const SM_Variable *v) { return v ? v->initializer : NULL; }

TF_Output SM_Value(SM_Variable *v) {
  if (!v) return (TF_Output){NULL, 0};
  if (!v->is_resource) return v->snapshot;
  return SM_Op(v->graph, "ReadVariableOp", NULL, SM_In(v->handle), SM_Type("dtype", v->dtype));
}

/* ---- assignments ---- */

static bool shape_is_known(SM_Shape shape) {
  for (int i = 0; i < shape.num_dims; i++)
    if (shape.dims[i] < 0) return false;
  return shape.num_dims >= 0;
}

/* `more` is a further attribute of the resource op, or an end mark. */
static TF_Output assign(SM_Variable *v, TF_Output value, const char *ref_op, const char *resource_op,
                        SM_Part more) {
  if (!v) return (TF_Output){NULL, 0};
  SM_Graph *g = v->graph;
  if (!v->is_resource) /* without a lock, as in TensorFlow: steps of training may race */
    return SM_Op(g, ref_op, NULL, SM_In(v->handle), SM_In(value), SM_Colocate(v->name),
                 SM_Bool("use_locking", false));
  TF_Operation *op = SM_Oper(g, resource_op, NULL, SM_In(v->handle), SM_In(value), SM_Type("dtype", v->dtype),
                             more);
  return SM_Op(g, "ReadVariableOp", NULL, SM_In(v->handle), SM_Type("dtype", v->dtype), SM_Control(op));
}

TF_Output SM_Assign(SM_Variable *v, TF_Output value) {
  return assign(v, value, "Assign", "AssignVariableOp",
                SM_Bool("validate_shape", v && shape_is_known(v->shape)));
}
TF_Output SM_AssignAdd(SM_Variable *v, TF_Output delta) {
  return assign(v, delta, "AssignAdd", "AssignAddVariableOp", (SM_Part){.kind = SM_PART_END});
}
TF_Output SM_AssignSub(SM_Variable *v, TF_Output delta) {
  return assign(v, delta, "AssignSub", "AssignSubVariableOp", (SM_Part){.kind = SM_PART_END});
}

TF_Output SM_IsInitialized(SM_Variable *v) {
  if (!v) return (TF_Output){NULL, 0};
  if (v->is_resource) return SM_Op(v->graph, "VarIsInitializedOp", NULL, SM_In(v->handle));
  return SM_Op(v->graph, "IsVariableInitialized", NULL, SM_In(v->handle), SM_Colocate(v->name));
}

/* ---- initializers of many ---- */

TF_Operation *SM_VariablesInitializer(SM_Graph *g, SM_Variable *const *variables, int num_variables,
                                      const char *name) {
  if (!name) name = "init";
  if (num_variables == 0) return SM_NoOp(g, name);
  TF_Operation **ops = graph_calloc(g, (size_t)num_variables, sizeof *ops);
  for (int i = 0; ops && i < num_variables; i++) ops[i] = SM_VariableInitializer(variables[i]);
  return ops ? SM_Group(g, ops, num_variables, name) : NULL;
}

static TF_Operation *collection_initializer(SM_Graph *g, const char *key) {
  int n = SM_NumVariables(g, key);
  SM_Variable **all = graph_calloc(g, (size_t)n, sizeof *all);
  for (int i = 0; all && i < n; i++) all[i] = SM_VariableAt(g, key, i);
  return all ? SM_VariablesInitializer(g, all, n, NULL) : NULL;
}

TF_Operation *SM_GlobalVariablesInitializer(SM_Graph *g) {
  return collection_initializer(g, SM_GLOBAL_VARIABLES);
}
TF_Operation *SM_LocalVariablesInitializer(SM_Graph *g) {
  return collection_initializer(g, SM_LOCAL_VARIABLES);
}
