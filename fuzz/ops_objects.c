/* Variables, tables, tensor arrays, stacks, lists and optionals for cases (ops_objects.h). */
#include "ops_objects.h"

#include "base/status_impl.h"
#include "ops/lookup_table.h"
#include "ops/op_eval.h"
#include "ops/tensor_array.h"
#include "ops/tensor_list.h"

static TF_DataType attr_dtype(const OpInput *in, const char *const *names, TF_DataType otherwise) {
  for (; *names; names++)
    for (int i = 0; i < in->num_attrs; i++) {
      const Attr *a = &in->attrs[i];
      if (strcmp(a->name, *names) || a->kind != TF_ATTR_TYPE) continue;
      if (a->is_list && !a->count) continue;
      TF_DataType dtype = a->is_list ? a->v.list_type[0] : a->v.type;
      if (dtype_size(dtype)) return dtype;
    }
  return otherwise;
}

/* Of what an object holds: the case's own word, or what the op's attributes say. */
static TF_DataType held_dtype(const OpInput *in, const CaseTensor *t) {
  static const char *const names[] = {"dtype", "element_dtype", "elem_type", "T", "output_types", NULL};
  if (dtype_is_ref(t->dtype)) return dtype_base(t->dtype);
  TF_DataType own = (TF_DataType)t->held_dtype;
  if (dtype_size(own)) return own;
  return attr_dtype(in, names, TF_FLOAT);
}

static TF_Code held_value(const OpInput *in, const CaseTensor *t, Tensor *out, TF_Status *st) {
  CaseTensor value = t->held ? *t->held : (CaseTensor){0};
  value.dtype = held_dtype(in, t);
  return case_tensor_make(&value, out, st);
}

/* Rows of `value`, or itself when it is a scalar: at most `max` calls of each(); `each` takes the tensor
 * over. */
static TF_Code each_row(const Tensor *value, int max,
                        TF_Code (*each)(void *arg, int i, Tensor *row, TF_Status *st), void *arg,
                        TF_Status *st) {
  int64_t rows = value->rank && tensor_count(value) ? value->dims[0] : 1;
  int skip = value->rank > 0;
  for (int i = 0; i < rows && i < max; i++) {
    Tensor row = {0};
    if (skip && tensor_count(value)) {
      int64_t count = tensor_count(value) / rows;
      TRY(tensor_alloc(&row, value->dtype, value->dims + 1, value->rank - 1, st));
      const char *from = (const char *)value->data + (size_t)(i * count) * dtype_size(value->dtype);
      if (elements_copy(value->dtype, row.data, from, count, st)) return tensor_clear(&row), TF_GetCode(st);
    } else {
      TRY(tensor_copy(&row, value, st));
    }
    TRY(each(arg, i, &row, st));
  }
  return TF_OK;
}

/* ---- objects ---- */

enum { ROWS = 12 };

static TF_Code make_variable(const ObjectType *type, Tensor *value, bool set, Variable **out, TF_Status *st) {
  TRY(variable_new(type, RESOURCE_DEFAULT_CONTAINER, "v", out, st));
  if (set) variable_assign(*out, value);
  return TF_OK;
}

static TF_Code make_table(const OpInput *in, LookupTable **out, TF_Status *st) {
  static const char *const keys[] = {"key_dtype", "Tin", "Tkeys", "Tkey", NULL};
  static const char *const values[] = {"value_dtype", "Tout", "Tvalues", "Tval", NULL};
  TF_DataType key = attr_dtype(in, keys, TF_STRING), value = attr_dtype(in, values, TF_INT64);
  if (key != TF_INT32 && key != TF_INT64 && key != TF_STRING) key = TF_STRING;
  if (value == TF_RESOURCE || value == TF_VARIANT) value = TF_INT64;
  static const uint8_t key_bytes[24] = "\1a\1b\2cd", value_bytes[] = {1, 'x', 2, 'y', 'z'};
  CaseTensor k = {.dtype = key, .rank = 1, .dims = {3}, .data = {key_bytes, sizeof key_bytes}};
  CaseTensor v = {.dtype = value, .rank = 1, .dims = {3}, .data = {value_bytes, sizeof value_bytes}};
  bool is_static = in->mode & 0x10;
  Tensor kt = {0}, vt = {0};
  TRY(lookup_table_new(out, key, value, is_static, 0, 1, RESOURCE_DEFAULT_CONTAINER, OBJECT_NAME, st));
  TF_Code code = case_tensor_make(&k, &kt, st);
  if (!code) code = case_tensor_make(&v, &vt, st);
  TF_Status ignored = {0};
  if (!code && is_static && in->mode & 0x20) lookup_table_initialize(*out, kt.data, vt.data, 3, &ignored);
  else if (!code && !is_static) lookup_table_insert(*out, kt.data, vt.data, 3, false, &ignored);
  tensor_clear(&kt);
  tensor_clear(&vt);
  return code;
}

typedef struct RowTarget {
  TensorArray *array;
  TensorList *list;
  const StepEnv *env;
} RowTarget;

static TF_Code put_row(void *arg, int i, Tensor *row, TF_Status *st) {
  const RowTarget *to = arg;
  TF_Status ignored = {0};
  (void)st;
  if (to->array) tensor_array_write(to->array, i, row, to->env, &ignored);
  else tensor_list_set(to->list, i, row, to->env, &ignored);
  return TF_OK;
}

static int count_rows(const Tensor *value) {
  int64_t n = value->rank && tensor_count(value) ? value->dims[0] : 1;
  return n < ROWS ? (int)n : ROWS;
}

static TF_Code make_array(const OpInput *in, const Tensor *value, const StepEnv *env, TensorArray **out,
                          TF_Status *st) {
  TensorArrayOptions options = {.name = OBJECT_NAME,
                                .dtype = value->dtype,
                                .element_shape = shape_unknown(),
                                .size = count_rows(value) + (in->mode >> 4 & 1),
                                .dynamic_size = in->mode & 0x20,
                                .clear_after_read = in->mode & 0x40,
                                .identical_shapes = in->mode & 0x80};
  TRY(tensor_array_new(out, &options, st));
  return each_row(value, ROWS, put_row, &(RowTarget){.array = *out, .env = env}, st);
}

static TF_Code make_list(const OpInput *in, const Tensor *value, const StepEnv *env, TensorList **out,
                         TF_Status *st) {
  Shape any = in->mode & 0x10 && value->rank ? shape_of_rank(value->rank - 1) : shape_unknown();
  TRY(tensor_list_new(out, value->dtype, &any, in->mode & 0x20 ? ROWS : -1,
                      count_rows(value) + (in->mode >> 6 & 1), st));
  return each_row(value, ROWS, put_row, &(RowTarget){.list = *out, .env = env}, st);
}

/* ---- objects that only kernels make ---- */

/* Runs an op with up to two inputs; `made` (none) gets its output. */
static TF_Code run_op(const char *op, Attr *attrs, int num_attrs, const Tensor **inputs, int num_inputs,
                      TF_DataType dtype, StepEnv *env, Tensor *made, TF_Status *st) {
  TF_DataType in_types[2] = {0}, out_types[1] = {dtype};
  for (int i = 0; i < num_inputs; i++) in_types[i] = inputs[i]->dtype;
  Node node = {.name = "maker",
               .op = op,
               .spec = op_spec_find(op),
               .device = "",
               .attrs = attrs,
               .num_attrs = num_attrs,
               .num_inputs = num_inputs,
               .num_outputs = 1,
               .input_types = in_types,
               .output_types = out_types};
  Arena arena = {0};
  OpScratch scratch = {0};
  Kernel kernel = {0};
  OpInit init = {.node = &node, .name = "maker", .arena = &arena, .resources = env->resources};
  TF_Code code = kernel_init(&kernel, &init, st);
  if (!code) {
    OpCtx c = {.node = &node,
               .row = kernel.row,
               .state = kernel.state,
               .num_inputs = num_inputs,
               .num_outputs = 1,
               .inputs = inputs,
               .outputs = made,
               .threads = 1,
               .env = env,
               .aliases = (int[1]){0}};
    code = op_eval(&c, &scratch, 0, st);
  }
  kernel_clear(&kernel);
  op_scratch_clear(&scratch);
  arena_clear(&arena);
  return code;
}

/* The object in the scalar handle that an op gives, with a reference. */
static TF_Code object_by_kernel(const char *op, Attr *attrs, int num_attrs, const Tensor *input,
                                TF_DataType dtype, StepEnv *env, Object **out, TF_Status *st) {
  Tensor made = {0};
  TF_Code code = run_op(op, attrs, num_attrs, &input, 1, dtype, env, &made, st);
  if (!code) *out = object_ref(*(Object **)made.data);
  tensor_clear(&made);
  return code;
}

static TF_Code push(Object *stack, const Tensor *value, StepEnv *env, TF_Status *st) {
  Attr attrs[] = {{.name = "T", .kind = TF_ATTR_TYPE, .v.type = value->dtype},
                  {.name = "swap_memory", .kind = TF_ATTR_BOOL}};
  Tensor made = {0}, handle = {0}, copy = {0};
  TF_Code code = tensor_alloc(&handle, TF_RESOURCE, NULL, 0, st);
  if (!code) *(Object **)handle.data = object_ref(stack);
  if (!code) code = tensor_copy(&copy, value, st);
  if (!code)
    code = run_op("StackPushV2", attrs, 2, (const Tensor *[]){&handle, &copy}, 2, value->dtype, env, &made,
                  st);
  tensor_clear(&made);
  tensor_clear(&handle);
  tensor_clear(&copy);
  return code;
}

static TF_Code make_stack(Tensor *value, StepEnv *env, Object **out, TF_Status *st) {
  Attr attrs[] = {{.name = "elem_type", .kind = TF_ATTR_TYPE, .v.type = value->dtype},
                  {.name = "stack_name", .kind = TF_ATTR_STRING, .v.s = {OBJECT_NAME, 1}}};
  Tensor size = {0};
  TRY(tensor_alloc(&size, TF_INT32, NULL, 0, st));
  *(int32_t *)size.data = 3;
  TF_Code code = object_by_kernel("StackV2", attrs, 2, &size, TF_RESOURCE, env, out, st);
  tensor_clear(&size);
  for (int i = 0; i < 2 && !code; i++) code = push(*out, value, env, st);
  return code;
}

static TF_Code make_optional(Tensor *value, StepEnv *env, Object **out, TF_Status *st) {
  TF_DataType types[] = {value->dtype};
  Attr attr = {.name = "Toutput_types",
               .kind = TF_ATTR_TYPE,
               .is_list = true,
               .count = 1,
               .v.list_type = types};
  return object_by_kernel("OptionalFromValue", &attr, 1, value, TF_VARIANT, env, out, st);
}

/* ---- inputs ---- */

static TF_Code make_resource(const OpInput *in, int kind, Tensor *value, StepEnv *env, Object **out,
                             TF_Status *st) {
  switch (kind) {
    case OBJECT_VARIABLE:
      return make_variable(&variable_type, value, !(in->mode & 0x40), (Variable **)out, st);
    case OBJECT_TABLE: return make_table(in, (LookupTable **)out, st);
    case OBJECT_ARRAY: return make_array(in, value, env, (TensorArray **)out, st);
    case OBJECT_STACK: return make_stack(value, env, out, st);
    default: return TF_OK;
  }
}

static TF_Code make_value(const OpInput *in, int kind, Tensor *value, StepEnv *env, Object **out,
                          TF_Status *st) {
  switch (kind) {
    case VALUE_LIST: return make_list(in, value, env, (TensorList **)out, st);
    case VALUE_OPTIONAL: return make_optional(value, env, out, st);
    case VALUE_NESTED: {
      Tensor inner = {0};
      TRY(tensor_alloc(&inner, TF_VARIANT, &(int64_t){1}, 1, st));
      TF_Code code = make_list(in, value, env, inner.data, st);
      if (!code) code = make_list(in, &inner, env, (TensorList **)out, st);
      tensor_clear(&inner);
      return code;
    }
    default: return TF_OK;
  }
}

TF_Code case_input_make(const OpInput *in, const CaseTensor *t, StepEnv *env, Tensor *out, TF_Status *st) {
  TRY(case_tensor_make(t, out, st));
  if (t->dtype != TF_RESOURCE && t->dtype != TF_VARIANT) return TF_OK;
  Tensor value = {0};
  Object *o = NULL;
  TF_Code code = held_value(in, t, &value, st);
  if (!code && t->dtype == TF_RESOURCE) code = make_resource(in, t->kind % OBJECT_KINDS, &value, env, &o, st);
  else if (!code) code = make_value(in, t->kind % VALUE_KINDS, &value, env, &o, st);
  int64_t n = code ? 0 : tensor_count(out);
  for (int64_t i = 0; i < n && i < 1000; i++) ((Object **)out->data)[i] = object_ref(o);
  object_unref(o);
  tensor_clear(&value);
  return code;
}

TF_Code case_ref_make(const OpInput *in, const CaseTensor *t, Variable **out, TF_Status *st) {
  Tensor value = {0};
  TF_Code code = held_value(in, t, &value, st);
  if (!code) code = make_variable(&legacy_variable_type, &value, t->kind != 0xff, out, st);
  tensor_clear(&value);
  return code;
}

static TF_Code give(void *arg, Object **out, TF_Status *st) {
  (void)st;
  *out = object_ref(arg);
  return TF_OK;
}

static TF_Code put_named(ResourceManager *m, Object *o, TF_Status *st) {
  Object *there = NULL;
  TF_Code code = resource_find_or_create(m, o->type, "", OBJECT_NAME, give, o, &there, st);
  object_unref(there);
  object_unref(o);
  return code;
}

TF_Code case_named_objects(const OpInput *in, StepEnv *env, TF_Status *st) {
  const OpSpec *spec = in->spec;
  bool wanted = spec->num_inputs && (spec->inputs[0].is_ref || spec->inputs[0].type == TF_STRING);
  bool array = strncmp(spec->name, "TensorArray", 11) == 0, stack = strncmp(spec->name, "Stack", 5) == 0,
       table = strstr(spec->name, "Table") != NULL;
  if (!wanted || !(array || stack || table)) return TF_OK;
  CaseTensor t = {.dtype = TF_RESOURCE, .held = &(CaseTensor){.rank = 1, .dims = {3}}};
  Tensor value = {0};
  Object *o = NULL;
  ResourceManager *m = env->resources;
  TRY(held_value(in, &t, &value, st));
  TF_Code code = make_resource(in,
                               array   ? OBJECT_ARRAY
                               : stack ? OBJECT_STACK
                                       : OBJECT_TABLE,
                               &value, env, &o, st);
  if (!code && !table) code = step_resources(env, &m, st);
  if (!code) code = put_named(m, o, st);
  else object_unref(o);
  tensor_clear(&value);
  return code;
}
