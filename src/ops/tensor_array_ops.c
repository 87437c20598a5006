/* TensorArray ops: elements one by one, and many of them packed into one tensor.
 *
 * The flow, a float, only orders the ops. Those of one name and several versions differ in the kind of their
 * handle (ops/step_object.h), so one function serves them; Pack and Unpack are Gather and Scatter of all
 * elements. */
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/step_object.h"
#include "ops/tensor_array.h"

/* ---- handles ---- */

static TF_Code array_of(const OpCtx *c, TensorArray **out, TF_Status *st) {
  Object *o;
  TRY(step_object_get(c, &tensor_array_type, &o, st));
  *out = (TensorArray *)o;
  return TF_OK;
}

static TF_Code check_read_dtype(const OpCtx *c, const TensorArray *a, TF_Status *st) {
  TF_DataType want = c->node->output_types[0];
  if (want == a->dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "TensorArray dtype is %s but Op requested dtype %s.",
              dtype_name(a->dtype), dtype_name(want));
}

static TF_Code check_write_dtype(const Tensor *value, const TensorArray *a, TF_Status *st) {
  if (value->dtype == a->dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "TensorArray dtype is %s but Op is trying to write dtype %s.",
              dtype_name(a->dtype), dtype_name(value->dtype));
}

static TF_Code check_rank(const Tensor *t, int rank, const char *message, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (t->rank == rank) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s%s", message, shape_text(t->dims, t->rank, text, sizeof text));
}

static TF_Code read_index(const OpCtx *c, int32_t *index, TF_Status *st) {
  const Tensor *t = op_input(c, 1);
  TRY(check_rank(t, 0, "TensorArray index must be scalar, but had shape: ", st));
  *index = *(const int32_t *)t->data;
  return TF_OK;
}

/* ---- making one ---- */

typedef struct ArrayState {
  TensorArrayOptions options;
} ArrayState;

static TF_Code array_init(OpInit *k, TF_Status *st) {
  TensorArrayOptions *o = &((ArrayState *)k->state)->options;
  const Shape *shape;
  Span name;
  TRY(node_attr_type(k->node, "dtype", &o->dtype, st));
  TRY(node_attr_shape(k->node, "element_shape", &shape, st));
  TRY(node_attr_bool(k->node, "dynamic_size", &o->dynamic_size, st));
  TRY(node_attr_bool(k->node, "clear_after_read", &o->clear_after_read, st));
  if (node_attr(k->node, "identical_element_shapes"))
    TRY(node_attr_bool(k->node, "identical_element_shapes", &o->identical_shapes, st));
  TRY(node_attr_string(k->node, "tensor_array_name", &name, st));
  o->element_shape = *shape;
  o->name = name.size ? arena_strndup(k->arena, name.data, name.size)
                      : arena_strndup(k->arena, k->name, strlen(k->name));
  return o->name ? TF_OK : fail_oom(st, "a tensor array");
}

static TF_Code handle_prepare(OpCtx *c, TF_Status *st) {
  TRY(step_object_prepare(c, st));
  return c->num_outputs > 1 ? op_output_scalar(c, 1, TF_FLOAT, st) : TF_OK;
}

static TF_Code array_run(OpCtx *c, TF_Status *st) {
  TensorArrayOptions options = ((const ArrayState *)c->state)->options;
  const Tensor *size = op_input(c, 0);
  TensorArray *a;
  TRY(check_rank(size, 0, "TensorArray size must be scalar, but had shape: ", st));
  options.size = *(const int32_t *)size->data;
  if (options.size < 0) return fail(st, TF_INVALID_ARGUMENT, "Size should be >= 0.");
  TRY(tensor_array_new(&a, &options, st));
  if (c->num_outputs > 1) *(float *)c->outputs[1].data = 0;
  return step_object_put(c, &a->object, "_tensor_arrays", a->name, st);
}

/* ---- gradients ---- */

static TF_Code gradient_run(OpCtx *c, TF_Status *st) {
  TensorArray *a, *gradient;
  Span source;
  Shape prepend = {.rank = 0};
  TRY(array_of(c, &a, st));
  TRY(node_attr_string(c->node, "source", &source, st));
  if (c->num_inputs > 2) TRY(dims_of_tensor(op_input(c, 2), prepend.dims, &prepend.rank, st));
  TRY(tensor_array_gradient(a, source, c->num_inputs > 2 ? &prepend : NULL, &gradient, st));
  if (c->num_outputs > 1) *(float *)c->outputs[1].data = 0;
  return step_object_put(c, &gradient->object, "_tensor_array_grads", gradient->name, st);
}

/* ---- one element ---- */

static TF_Code flow_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *flow = op_input(c, c->num_inputs - 1);
  return op_output_alias(c, 0, c->num_inputs - 1, flow->dims, flow->rank, st);
}

static TF_Code write_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  Tensor value = {0};
  int32_t index;
  TRY(read_index(c, &index, st));
  TRY(array_of(c, &a, st));
  TRY(check_write_dtype(op_input(c, 2), a, st));
  TRY(op_keep_input(c, 2, &value, st));
  return tensor_array_write(a, index, &value, c->env, st);
}

static TF_Code read_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  Tensor value = {0};
  int32_t index;
  TRY(read_index(c, &index, st));
  TRY(array_of(c, &a, st));
  TRY(check_read_dtype(c, a, st));
  TRY(tensor_array_read(a, index, &value, c->env, st));
  op_take_output(c, 0, &value);
  return TF_OK;
}

/* ---- reading many ---- */

typedef struct Many {
  Tensor *values;
  int32_t count;
} Many;

static void many_clear(Many *m) {
  for (int32_t i = 0; i < m->count; i++) tensor_clear(&m->values[i]);
  free(m->values);
}

/* Reads `count` elements, those of `indices` or (null) from the first on. The caller clears `m`, also after a
 * failure. */
static TF_Code many_read(Many *m, TensorArray *a, const int32_t *indices, int32_t count, const StepEnv *env,
                         TF_Status *st) {
  if (env->memory_limit && (size_t)count > env->memory_limit / sizeof(Tensor))
    return fail(st, TF_RESOURCE_EXHAUSTED, "%d elements of a TensorArray are more than the step's limit",
                count);
  m->values = calloc((size_t)count, sizeof *m->values);
  if (!m->values) return fail_oom(st, "elements of a TensorArray");
  for (; m->count < count; m->count++) {
    if (m->count % 1024 == 1023) TRY(step_check(env, st));
    TRY(tensor_array_read(a, indices ? indices[m->count] : m->count, &m->values[m->count], env, st));
  }
  return TF_OK;
}

/* One after the other into output 0, which has as many elements. */
static TF_Code many_join(const Many *m, Tensor *out, TF_Status *st) {
  int64_t at = 0;
  for (int32_t i = 0; i < m->count; i++) {
    int64_t n = tensor_count(&m->values[i]);
    TRY(tensor_copy_range(out, at, &m->values[i], 0, n, st));
    at += n;
  }
  return TF_OK;
}

static bool same_dims(const Tensor *a, const Tensor *b, int from) {
  if (a->rank != b->rank) return false;
  for (int d = from; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return true;
}

/* An output of no elements in front of the dims that an attribute says. */
static TF_Code put_nothing(OpCtx *c, const Shape *shape, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK + 1] = {0};
  memcpy(dims + 1, shape->dims, (size_t)shape->rank * sizeof *dims);
  return op_alloc_output(c, 0, c->node->output_types[0], dims, shape->rank + 1, st);
}

static TF_Code gather_values(OpCtx *c, const Many *m, const Shape *shape, TF_Status *st) {
  const Tensor *first = &m->values[0];
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (!shape_allows(shape, first->dims, first->rank))
    return fail(st, TF_INVALID_ARGUMENT,
                "TensorArray was passed element_shape %s which does not match the Tensor at index 0: %s",
                shape_text(shape->dims, shape->rank, x, sizeof x),
                shape_text(first->dims, first->rank, y, sizeof y));
  for (int32_t i = 1; i < m->count; i++) {
    const Tensor *t = &m->values[i];
    if (!same_dims(first, t, 0))
      return fail(st, TF_INVALID_ARGUMENT,
                  "TensorArray has inconsistent shapes.  Index 0 has shape: %s but index %d has shape: %s",
                  shape_text(first->dims, first->rank, x, sizeof x), i,
                  shape_text(t->dims, t->rank, y, sizeof y));
  }
  int64_t dims[TENSOR_MAX_RANK + 1] = {m->count};
  memcpy(dims + 1, first->dims, (size_t)first->rank * sizeof *dims);
  TRY(op_alloc_output(c, 0, first->dtype, dims, first->rank + 1, st));
  return many_join(m, &c->outputs[0], st);
}

static TF_Code gather_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  Many m = {0};
  Shape merged;
  const Shape *shape;
  const Tensor *indices = c->num_inputs > 2 ? op_input(c, 1) : NULL; /* Pack takes all */
  int32_t count;
  char text[SHAPE_TEXT_MAX];
  TRY(node_attr_shape(c->node, "element_shape", &shape, st));
  TRY(array_of(c, &a, st));
  TRY(check_read_dtype(c, a, st));
  TRY(tensor_array_merge_shape(a, shape, &merged, st));
  if (indices) {
    TRY(check_rank(indices, 1, "Expected indices to be a vector, but received shape: ", st));
    if (indices->dims[0] > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "too many indices");
    count = (int32_t)indices->dims[0];
  } else {
    TRY(tensor_array_concat_size(a, &count, st));
    if (count < 0)
      return fail(st, TF_INVALID_ARGUMENT, "TensorArray %s: the number of gradients is not known", a->name);
  }
  if (!count && !shape_known(shape))
    return fail(
        st, TF_UNIMPLEMENTED,
        "TensorArray has size zero, but element shape %s is not fully defined. Currently only static shapes "
        "are supported when packing zero-size TensorArrays.",
        shape_text(shape->dims, shape->rank, text, sizeof text));
  if (!count) return put_nothing(c, shape, st);
  TF_Code code = many_read(&m, a, indices ? indices->data : NULL, count, c->env, st);
  if (!code) code = gather_values(c, &m, shape, st);
  many_clear(&m);
  return code;
}

/* ---- Concat ---- */

/* TF: shapes in these messages lack their first dim. */
static TF_Code check_concat_shapes(const Many *m, const Shape *shape, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  const Tensor *first = &m->values[0];
  for (int32_t i = 0; i < m->count; i++) {
    const Tensor *t = &m->values[i];
    if (!t->rank)
      return fail(
          st, TF_INVALID_ARGUMENT,
          "Concat saw a scalar shape at index %d but requires at least vectors.  Did you mean to call pack?",
          i);
    if (i == 0 && !shape_allows(shape, t->dims + 1, t->rank - 1))
      return fail(
          st, TF_INVALID_ARGUMENT,
          "TensorArray was passed element_shape_except0 %s but index 0 has (excepting dimension 0) shape: %s "
          "which does not match.",
          shape_text(shape->dims, shape->rank, x, sizeof x),
          shape_text(t->dims + 1, t->rank - 1, y, sizeof y));
    if (!same_dims(first, t, 1))
      return fail(st, TF_INVALID_ARGUMENT,
                  "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: %s but "
                  "index %d has "
                  "(excepting dimension 0) shape: %s",
                  shape_text(first->dims + 1, first->rank - 1, x, sizeof x), i,
                  shape_text(t->dims + 1, t->rank - 1, y, sizeof y));
  }
  return TF_OK;
}

static TF_Code concat_values(OpCtx *c, const Many *m, const Shape *shape, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK], total = 0;
  TRY(check_concat_shapes(m, shape, st));
  TRY(op_alloc_output(c, 1, TF_INT64, &(int64_t){m->count}, 1, st));
  for (int32_t i = 0; i < m->count; i++) {
    int64_t n = m->values[i].dims[0];
    ((int64_t *)c->outputs[1].data)[i] = n;
    if (__builtin_add_overflow(total, n, &total))
      return fail(st, TF_INVALID_ARGUMENT, "the sum of lengths is too large");
  }
  memcpy(dims, m->values[0].dims, sizeof dims);
  dims[0] = total;
  TRY(op_alloc_output(c, 0, m->values[0].dtype, dims, m->values[0].rank, st));
  return many_join(m, &c->outputs[0], st);
}

static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  Many m = {0};
  const Shape *shape;
  int32_t count;
  char text[SHAPE_TEXT_MAX];
  TRY(node_attr_shape(c->node, "element_shape_except0", &shape, st));
  TRY(array_of(c, &a, st));
  TRY(check_read_dtype(c, a, st));
  TRY(tensor_array_concat_size(a, &count, st));
  if (count < 0)
    return fail(st, TF_INVALID_ARGUMENT, "TensorArray %s: the number of gradients is not known", a->name);
  if (!count) {
    if (!shape_known(shape))
      return fail(st, TF_UNIMPLEMENTED,
                  "TensorArray has size zero, but element_shape_except0 %s is not fully defined. Currently "
                  "only static "
                  "shapes are supported when concatenating zero-size TensorArrays.",
                  shape_text(shape->dims, shape->rank, text, sizeof text));
    TRY(put_nothing(c, shape, st));
    return op_alloc_output(c, 1, TF_INT64, &(int64_t){0}, 1, st);
  }
  TF_Code code = many_read(&m, a, NULL, count, c->env, st);
  if (!code) code = concat_values(c, &m, shape, st);
  many_clear(&m);
  return code;
}

/* ---- writing many ---- */

/* Writes rows [from, from + rows) of `all` as one element; `drop` leaves out the first dim of an element of
 * one row. */
static TF_Code write_rows(OpCtx *c, TensorArray *a, int32_t index, const Tensor *all, int64_t from,
                          int64_t rows, bool drop, TF_Status *st) {
  Tensor part = {0};
  TRY(tensor_rows(&part, all, from, rows, drop, st));
  return tensor_array_write(a, index, &part, c->env, st);
}

/* What is needed for elements up to `highest`: the array's size, or more if it grows. */
static TF_Code scatter_checked(OpCtx *c, TensorArray *a, const Tensor *value, const int32_t *indices,
                               TF_Status *st) {
  int32_t size, highest = -1;
  TRY(tensor_array_size(a, &size, st));
  int64_t count = value->dims[0];
  if (!indices && size != count && !(tensor_array_is_dynamic(a) && size < count))
    return fail(st, TF_INVALID_ARGUMENT,
                "Input value must have first dimension equal to the array size (%lld vs. %d)",
                (long long)count, size);
  for (int64_t i = 0; i < count; i++)
    if (indices && indices[i] > highest) highest = indices[i];
  if (!indices) highest = (int32_t)count - 1;
  if (highest >= size && !tensor_array_is_dynamic(a))
    return fail(st, TF_INVALID_ARGUMENT, "Max scatter index must be < array size (%d vs. %d)", highest, size);
  if (!indices) TRY(tensor_array_mark_size(a, highest >= size ? highest + 1 : size, st));
  Tensor all = {0};
  TF_Code code = op_keep_input(c, c->num_inputs - 2, &all, st);
  for (int64_t i = 0; !code && i < count; i++)
    code = write_rows(c, a, indices ? indices[i] : (int32_t)i, &all, i, 1, true, st);
  tensor_clear(&all);
  return code;
}

static TF_Code scatter_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  const Tensor *value = op_input(c, c->num_inputs - 2), *indices = c->num_inputs > 3 ? op_input(c, 1) : NULL;
  char text[SHAPE_TEXT_MAX];
  TRY(array_of(c, &a, st));
  TRY(check_write_dtype(value, a, st));
  if (!value->rank)
    return fail(st, TF_INVALID_ARGUMENT,
                "Input value for unpack must be at least a vector but received shape: %s",
                shape_text(value->dims, value->rank, text, sizeof text));
  if (value->dims[0] >= INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "Expected value to have fewer rows");
  if (indices) {
    TRY(check_rank(indices, 1, "Expected indices to be a vector, but received shape: ", st));
    if (indices->dims[0] != value->dims[0])
      return fail(st, TF_INVALID_ARGUMENT, "Expected len(indices) == values.shape[0], but saw: %lld vs. %lld",
                  (long long)indices->dims[0], (long long)value->dims[0]);
  }
  return scatter_checked(c, a, value, indices ? indices->data : NULL, st);
}

/* ---- Split ---- */

static TF_Code check_lengths(const Tensor *lengths, const Tensor *value, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  int64_t total = 0;
  TRY(check_rank(lengths, 1, "Expected lengths to be a vector, received shape: ", st));
  if (lengths->dims[0] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "Expected lengths to have < max int32 entries");
  if (!value->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Expected value to be at least a vector, but received shape: %s",
                shape_text(value->dims, value->rank, text, sizeof text));
  for (int64_t i = 0; i < lengths->dims[0]; i++) {
    int64_t n = ((const int64_t *)lengths->data)[i];
    if (n < 0 || __builtin_add_overflow(total, n, &total))
      return fail(st, TF_INVALID_ARGUMENT, "Expected lengths to be sizes, but lengths[%lld] is %lld",
                  (long long)i, (long long)n);
  }
  if (total == value->dims[0]) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is %lld and "
              "value's shape is: %s",
              (long long)total, shape_text(value->dims, value->rank, text, sizeof text));
}

static TF_Code split_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  const Tensor *value = op_input(c, 1), *lengths = op_input(c, 2);
  int32_t size;
  int64_t from = 0;
  TRY(array_of(c, &a, st));
  TRY(check_write_dtype(value, a, st));
  TRY(check_lengths(lengths, value, st));
  int32_t count = (int32_t)lengths->dims[0];
  TRY(tensor_array_size(a, &size, st));
  if (tensor_array_is_dynamic(a) && size < count) size = count;
  if (size != count)
    return fail(st, TF_INVALID_ARGUMENT,
                "TensorArray's size is not equal to the size of lengths (%d vs. %d), and the TensorArray is "
                "not marked "
                "as dynamically resizeable",
                size, count);
  TRY(tensor_array_mark_size(a, size, st));
  Tensor all = {0};
  TF_Code code = op_keep_input(c, 1, &all, st);
  for (int32_t i = 0; !code && i < count; i++) {
    int64_t n = ((const int64_t *)lengths->data)[i];
    code = write_rows(c, a, i, &all, from, n, false, st);
    from += n;
  }
  tensor_clear(&all);
  return code;
}

/* ---- Size, Close ---- */

static TF_Code size_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  TRY(array_of(c, &a, st));
  return tensor_array_size(a, c->outputs[0].data, st);
}

static TF_Code close_run(OpCtx *c, TF_Status *st) {
  TensorArray *a;
  TRY(array_of(c, &a, st));
  tensor_array_close(a);
  return TF_OK;
}

/* ---- shapes ---- */

/* TF says [2] of every handle, also of a resource, which is a scalar when it runs. */
static TF_Code want_handle(ShapeCtx *c, TF_Status *st) {
  const Shape *s = c->inputs[0];
  TRY(shape_want_rank(c, 0, 1, st));
  if (s->rank == 1 && s->dims[0] >= 0 && s->dims[0] != 2)
    return fail(st, TF_INVALID_ARGUMENT, "Dimension must be 2 but is %lld", (long long)s->dims[0]);
  return TF_OK;
}

static TF_Code array_shape(ShapeCtx *c, TF_Status *st) {
  TRY(shape_want_rank(c, 0, 0, st));
  c->outputs[0] = shape_vector(2);
  if (c->num_outputs > 1) c->outputs[1] = shape_rank0();
  return TF_OK;
}

static TF_Code gradient_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  TRY(shape_want_rank(c, 1, 0, st));
  c->outputs[0] = shape_vector(2);
  if (c->num_outputs > 1) c->outputs[1] = shape_rank0();
  return TF_OK;
}

static TF_Code want_flow(ShapeCtx *c, TF_Status *st) { return shape_want_rank(c, c->num_inputs - 1, 0, st); }

static TF_Code write_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  TRY(shape_want_rank(c, 1, 0, st));
  TRY(want_flow(c, st));
  c->outputs[0] = shape_rank0();
  return TF_OK;
}

static TF_Code read_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  TRY(shape_want_rank(c, 1, 0, st));
  return want_flow(c, st);
}

static TF_Code gather_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *shape;
  TRY(want_handle(c, st));
  TRY(want_flow(c, st));
  int64_t count = -1;
  if (c->num_inputs > 2) {
    TRY(shape_want_rank(c, 1, 1, st));
    if (c->inputs[1]->rank == 1) count = c->inputs[1]->dims[0];
  }
  TRY(node_attr_shape(c->node, "element_shape", &shape, st));
  if (shape->rank < 0 || shape->rank == TENSOR_MAX_RANK) return TF_OK;
  c->outputs[0] = shape_of_rank(shape->rank + 1);
  c->outputs[0].dims[0] = count;
  memcpy(c->outputs[0].dims + 1, shape->dims, (size_t)shape->rank * sizeof *shape->dims);
  return TF_OK;
}

static TF_Code scatter_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  if (c->num_inputs > 3) {
    int64_t ignored;
    TRY(shape_want_rank(c, 1, 1, st));
    TRY(shape_want_rank_at_least(c, 2, 1, st));
    if (c->inputs[1]->rank == 1 && c->inputs[2]->rank > 0)
      TRY(dim_merge(c->inputs[1]->dims[0], c->inputs[2]->dims[0], &ignored, st));
  }
  TRY(want_flow(c, st));
  c->outputs[0] = shape_rank0();
  return TF_OK;
}

static TF_Code split_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  TRY(shape_want_rank(c, 2, 1, st));
  TRY(want_flow(c, st));
  c->outputs[0] = shape_rank0();
  return TF_OK;
}

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  TRY(want_flow(c, st));
  c->outputs[1] = shape_vector(-1);
  return TF_OK;
}

static TF_Code size_shape(ShapeCtx *c, TF_Status *st) {
  TRY(want_handle(c, st));
  c->outputs[0] = shape_rank0();
  return TF_OK;
}

static TF_Code close_shape(ShapeCtx *c, TF_Status *st) { return want_handle(c, st); }

#define MAKE(NAME)                                                                                          \
  {                                                                                                         \
    NAME, .flags = OP_STATEFUL, .state_size = sizeof(ArrayState), .shape = array_shape, .init = array_init, \
          .prepare = handle_prepare, .run = array_run                                                       \
  }
#define GRADIENT(NAME) \
  { NAME, .flags = OP_STATEFUL, .shape = gradient_shape, .prepare = handle_prepare, .run = gradient_run }
#define WRITE(NAME, KIND) \
  { NAME, .flags = OP_STATEFUL | OP_KEEPS, .shape = KIND##_shape, .prepare = flow_prepare, .run = KIND##_run }
#define READ(NAME, KIND) \
  { NAME, .flags = OP_STATEFUL | OP_DYNAMIC, .shape = KIND##_shape, .run = KIND##_run }
#define SIZE(NAME) \
  { NAME, .flags = OP_STATEFUL, .shape = size_shape, .prepare = prepare_scalar, .run = size_run }
#define CLOSE(NAME) \
  { NAME, .flags = OP_STATEFUL, .shape = close_shape, .run = close_run }
#define ALL(V)                                                                              \
  MAKE("TensorArray" V), GRADIENT("TensorArrayGrad" V), WRITE("TensorArrayWrite" V, write), \
      READ("TensorArrayRead" V, read), READ("TensorArrayGather" V, gather),                 \
      READ("TensorArrayConcat" V, concat), WRITE("TensorArrayScatter" V, scatter),          \
      WRITE("TensorArraySplit" V, split), SIZE("TensorArraySize" V), CLOSE("TensorArrayClose" V)

const OpRow ops_tensor_array_ops[] = {ALL("V3"),
                                      ALL("V2"),
                                      ALL(""),
                                      GRADIENT("TensorArrayGradWithShape"),
                                      READ("TensorArrayPack", gather),
                                      WRITE("TensorArrayUnpack", scatter),
                                      {0}};
