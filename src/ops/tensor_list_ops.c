/* Ops on lists of tensors. A list is a scalar variant; an op that changes one makes a new list, or changes it
 * where it is when nobody else has it or will ask for it (own_list). */
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/tensor_array.h"
#include "ops/tensor_list.h"

/* ---- inputs and outputs ---- */

static TF_Code list_of_object(const Object *o, const TensorList **out, TF_Status *st) {
  if (!o || o->type != &tensor_list_type)
    return fail(st, TF_INVALID_ARGUMENT, "Input handle is not a list. Saw: 'Variant<type: %s>'",
                o ? o->type->name : "int value: 0");
  *out = (const TensorList *)o;
  return TF_OK;
}

static TF_Code list_of(const OpCtx *c, const TensorList **out, TF_Status *st) {
  const Tensor *handle = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (handle->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Input list must be a scalar saw: %s",
                shape_text(handle->dims, handle->rank, text, sizeof text));
  return list_of_object(*(Object **)handle->data, out, st);
}

static TF_Code check_dtype(const OpCtx *c, const TensorList *l, TF_Status *st) {
  TF_DataType dtype;
  TRY(node_attr_type(c->node, "element_dtype", &dtype, st));
  if (dtype == l->dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Invalid data types; op elements %s but list elements %s",
              dtype_name(dtype), dtype_name(l->dtype));
}

static TF_Code typed_list_of(const OpCtx *c, const TensorList **out, TF_Status *st) {
  TRY(list_of(c, out, st));
  return check_dtype(c, *out, st);
}

/* Output 0 becomes the list, whose reference it takes over. */
static TF_Code put_list(OpCtx *c, TensorList *l, TF_Status *st) {
  TF_Code code = op_alloc_output(c, 0, TF_VARIANT, NULL, 0, st);
  if (!code) code = elements_copy(TF_VARIANT, c->outputs[0].data, &(const void *){l}, 1, st);
  object_unref(l);
  return code;
}

/* Makes output 0 a list that the op may change: input 0's, if nobody else can see it, else a copy. */
static TF_Code own_list(OpCtx *c, const TensorList *l, TensorList **own, TF_Status *st) {
  if (op_input_ends(c, 0) && atomic_load_explicit(&l->object.refs, memory_order_acquire) == 1) {
    op_pass_input(c, 0, 0);
    *own = (TensorList *)l;
    return TF_OK;
  }
  TRY(tensor_list_copy(l, own, st));
  return put_list(c, *own, st);
}

/* TF: TensorShapeFromTensor: a vector, or a scalar -1 for an unknown shape. */
static TF_Code read_shape(const Tensor *t, Shape *out, TF_Status *st) {
  if (t->rank > 1)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be at most rank 1 but is rank %d", t->rank);
  if (t->rank == 0) {
    if (int_at(t, 0) != -1)
      return fail(st, TF_INVALID_ARGUMENT,
                  "The only valid scalar shape tensor is the fully unknown shape specified as -1.");
    *out = shape_unknown();
    return TF_OK;
  }
  if (t->dims[0] > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a shape of %lld dimensions: at most %d are supported",
                (long long)t->dims[0], TENSOR_MAX_RANK);
  *out = shape_of_rank((int)t->dims[0]);
  for (int i = 0; i < out->rank; i++) {
    out->dims[i] = int_at(t, i);
    if (out->dims[i] < -1)
      return fail(st, TF_INVALID_ARGUMENT, "Dimension %lld must be >= -1", (long long)out->dims[i]);
  }
  return TF_OK;
}

/* What input i and the list say of the elements' shape. */
static TF_Code element_shape_of(const OpCtx *c, const TensorList *l, int i, Shape *out, TF_Status *st) {
  Shape said;
  TRY(read_shape(op_input(c, i), &said, st));
  return tensor_list_merge_shape(l, &said, out, st);
}

static const char *text_of(const Shape *s, char buf[SHAPE_TEXT_MAX]) {
  return shape_text(s->dims, s->rank, buf, SHAPE_TEXT_MAX);
}
static const char *dims_text_of(const Tensor *t, char buf[SHAPE_TEXT_MAX]) {
  return shape_text(t->dims, t->rank, buf, SHAPE_TEXT_MAX);
}

/* The first element of an input that should be a scalar. */
static TF_Code read_int(const Tensor *t, int32_t *out, TF_Status *st) {
  if (tensor_count(t) < 1) return fail(st, TF_INVALID_ARGUMENT, "an index or a size must be a scalar");
  *out = *(const int32_t *)t->data;
  return TF_OK;
}

static TF_Code put_zeros(OpCtx *c, int i, TF_DataType dtype, const Shape *shape, TF_Status *st) {
  TRY(op_alloc_output(c, i, dtype, shape->dims, shape->rank, st));
  tensor_zero(&c->outputs[i]);
  return TF_OK;
}

/* ---- new lists ---- */

static TF_Code empty_run(OpCtx *c, TF_Status *st) {
  const Tensor *most = op_input(c, 1);
  TF_DataType dtype;
  Shape shape;
  TensorList *l;
  char x[SHAPE_TEXT_MAX];
  TRY(node_attr_type(c->node, "element_dtype", &dtype, st));
  if (most->rank)
    return fail(st, TF_INVALID_ARGUMENT, "max_num_elements expected to be a scalar but got shape: %s",
                dims_text_of(most, x));
  TRY(read_shape(op_input(c, 0), &shape, st));
  TRY(tensor_list_new(&l, dtype, &shape, *(const int32_t *)most->data, 0, st));
  return put_list(c, l, st);
}

static TF_Code reserve_run(OpCtx *c, TF_Status *st) {
  const Tensor *size = op_input(c, 1);
  TF_DataType dtype;
  Shape shape;
  TensorList *l;
  char x[SHAPE_TEXT_MAX];
  TRY(node_attr_type(c->node, "element_dtype", &dtype, st));
  TRY(read_shape(op_input(c, 0), &shape, st));
  if (size->rank)
    return fail(st, TF_INVALID_ARGUMENT, "The num_elements to reserve must be a tensor size 1, but got %s",
                dims_text_of(size, x));
  int32_t n = *(const int32_t *)size->data;
  if (n < 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "The num_elements to reserve must be a non negative number, but got %d", n);
  TRY(tensor_list_new(&l, dtype, &shape, -1, n, st));
  return put_list(c, l, st);
}

/* Sets element i to rows [from, from + rows) of `all`; `drop` leaves out the first dim of a single row. */
static TF_Code set_rows(const OpCtx *c, TensorList *l, int32_t i, const Tensor *all, int64_t from,
                        int64_t rows, bool drop, TF_Status *st) {
  Tensor part = {0};
  TRY(tensor_rows(&part, all, from, rows, drop, st));
  return tensor_list_set(l, i, &part, c->env, st);
}

/* A tensor that is taken apart by rows. */
static TF_Code check_rows(const Tensor *t, TF_Status *st) {
  char x[SHAPE_TEXT_MAX];
  if (t->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Tensor must be at least a vector, but saw shape: %s",
                dims_text_of(t, x));
  if (t->dims[0] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "a list of %lld elements is too long", (long long)t->dims[0]);
  return TF_OK;
}

static TF_Code check_row_shape(const Tensor *t, const Shape *shape, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (shape_allows(shape, t->dims + 1, t->rank - 1)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Specified a list with shape %s from a tensor with shape %s",
              text_of(shape, x), shape_text(t->dims + 1, t->rank - 1, y, sizeof y));
}

/* Row i of input 0 becomes element indices[i] (null: i) of a new list. */
static TF_Code list_of_rows(OpCtx *c, const Shape *shape, int32_t size, const int32_t *indices,
                            TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  TensorList *l;
  Tensor all = {0};
  TRY(tensor_list_new(&l, t->dtype, shape, -1, size, st));
  TF_Code code = op_keep_input(c, 0, &all, st);
  for (int32_t i = 0; !code && i < t->dims[0]; i++)
    code = set_rows(c, l, indices ? indices[i] : i, &all, i, 1, true, st);
  tensor_clear(&all);
  if (!code) return put_list(c, l, st);
  object_unref(l);
  return code;
}

static TF_Code from_tensor_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 0);
  Shape shape;
  TRY(read_shape(op_input(c, 1), &shape, st));
  TRY(check_rows(t, st));
  TRY(check_row_shape(t, &shape, st));
  return list_of_rows(c, &shape, (int32_t)t->dims[0], NULL, st);
}

/* ---- Scatter ---- */

static TF_Code check_indices(const Tensor *indices, int64_t size, int32_t *highest, TF_Status *st) {
  *highest = -1;
  for (int64_t i = 0, n = tensor_count(indices); i < n; i++) {
    int32_t index = ((const int32_t *)indices->data)[i];
    if (index < 0)
      return fail(st, TF_INVALID_ARGUMENT, "Indices in TensorListScatter must all be non-negative.");
    if (index == INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "index %d is too large", index);
    if (size >= 0 && index >= size)
      return fail(st, TF_INVALID_ARGUMENT,
                  "TensorListScatter: Trying to scatter at index %d in list with size %lld", index,
                  (long long)size);
    if (index > *highest) *highest = index;
  }
  return TF_OK;
}

static TF_Code scatter_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 0), *indices = op_input(c, 1);
  int32_t size = -1, highest;
  Shape shape;
  TRY(read_shape(op_input(c, 2), &shape, st));
  if (c->num_inputs > 3) TRY(read_int(op_input(c, 3), &size, st));
  if (size < -1)
    return fail(st, TF_INVALID_ARGUMENT, "TensorListScatter expects num_elements >= -1, found: %d", size);
  TRY(check_rows(t, st));
  TRY(check_row_shape(t, &shape, st));
  if (tensor_count(indices) != t->dims[0])
    return fail(st, TF_INVALID_ARGUMENT,
                "Invalid number of rows in input tensor. Expected: %lld Actual: %lld",
                (long long)tensor_count(indices), (long long)t->dims[0]);
  TRY(check_indices(indices, size, &highest, st));
  return list_of_rows(c, &shape, size < 0 ? highest + 1 : size, indices->data, st);
}

static TF_Code scatter_into_run(OpCtx *c, TF_Status *st) {
  const Tensor *t = op_input(c, 1), *indices = op_input(c, 2);
  const TensorList *l;
  TensorList *own;
  Tensor all = {0};
  int32_t highest;
  TRY(list_of(c, &l, st));
  if (t->dtype != l->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Invalid data types; input tensor type: %s list element_type: %s",
                dtype_name(t->dtype), dtype_name(l->dtype));
  TRY(check_rows(t, st));
  if (tensor_count(indices) != t->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Expected len(indices) == tensor.shape[0], but saw: %lld vs. %lld",
                (long long)tensor_count(indices), (long long)t->dims[0]);
  TRY(check_indices(indices, -1, &highest, st));
  TRY(op_keep_input(c, 1, &all, st));
  TF_Code code = own_list(c, l, &own, st);
  if (!code && highest >= own->size) code = tensor_list_resize(own, highest + 1, st);
  for (int32_t i = 0; !code && i < t->dims[0]; i++)
    code = set_rows(c, own, ((const int32_t *)indices->data)[i], &all, i, 1, true, st);
  tensor_clear(&all);
  return code;
}

/* ---- Split ---- */

static TF_Code check_split(const OpCtx *c, const Shape *shape, TF_Status *st) {
  const Tensor *t = op_input(c, 0), *lengths = op_input(c, 2);
  int64_t used = 0;
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  TRY(check_rows(t, st));
  if (lengths->rank != 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected lengths to be a vector, received shape: %s",
                dims_text_of(lengths, x));
  if (lengths->dims[0] >= INT32_MAX)
    return fail(st, TF_INVALID_ARGUMENT, "a list of %lld elements is too long", (long long)lengths->dims[0]);
  Shape inner = shape->rank > 0 ? shape_of_rank(shape->rank - 1) : shape_unknown();
  if (shape->rank > 0) memcpy(inner.dims, shape->dims + 1, (size_t)inner.rank * sizeof *inner.dims);
  if (shape->rank == 0 || !shape_allows(&inner, t->dims + 1, t->rank - 1))
    return fail(st, TF_INVALID_ARGUMENT, "tensor shape %s is not compatible with element_shape %s",
                dims_text_of(t, x), text_of(shape, y));
  for (int64_t i = 0; i < lengths->dims[0]; i++) {
    int64_t n = ((const int64_t *)lengths->data)[i];
    if (n < 0) return fail(st, TF_INVALID_ARGUMENT, "Invalid value in lengths: %lld", (long long)n);
    if (n > t->dims[0] - used)
      return fail(st, TF_INVALID_ARGUMENT, "Attempting to slice [%lld, %lld] from tensor with length %lld",
                  (long long)used, (long long)(n > INT64_MAX - used ? INT64_MAX : used + n),
                  (long long)t->dims[0]);
    used += n;
  }
  if (used != t->dims[0])
    return fail(st, TF_INVALID_ARGUMENT, "Unused values in tensor. Length of tensor: %lld Values used: %lld",
                (long long)t->dims[0], (long long)used);
  return TF_OK;
}

static TF_Code split_run(OpCtx *c, TF_Status *st) {
  const Tensor *lengths = op_input(c, 2);
  Tensor all = {0};
  Shape shape;
  TensorList *l;
  int64_t from = 0;
  TRY(read_shape(op_input(c, 1), &shape, st));
  TRY(check_split(c, &shape, st));
  int32_t count = (int32_t)lengths->dims[0];
  TRY(tensor_list_new(&l, op_input(c, 0)->dtype, &shape, -1, count, st));
  TF_Code code = op_keep_input(c, 0, &all, st);
  for (int32_t i = 0; !code && i < count; i++) {
    int64_t n = ((const int64_t *)lengths->data)[i];
    code = set_rows(c, l, i, &all, from, n, false, st);
    from += n;
  }
  tensor_clear(&all);
  if (!code) return put_list(c, l, st);
  object_unref(l);
  return code;
}

/* ---- one element ---- */

/* An element that is not set: zeros of a shape that must be known. */
static TF_Code put_unset(OpCtx *c, int out, const TensorList *l, int shape_input, bool ask_elements,
                         TF_Status *st) {
  Shape shape;
  char x[SHAPE_TEXT_MAX];
  TRY(element_shape_of(c, l, shape_input, &shape, st));
  if (ask_elements && !shape_known(&shape)) TRY(tensor_list_merge_elements(l, &shape, st));
  if (!shape_known(&shape))
    return fail(
        st, TF_INVALID_ARGUMENT,
        ask_elements
            ? "Trying to read an uninitialized tensor but element_shape is not fully defined: %s and no "
              "list element is set."
            : "Trying to read an uninitialized tensor but element_shape is not fully defined.%s",
        text_of(&shape, x));
  return put_zeros(c, out, l->dtype, &shape, st);
}

static void put_item(OpCtx *c, int out, const Tensor *item) {
  Tensor value;
  tensor_share(&value, item);
  op_take_output(c, out, &value);
}

static TF_Code get_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  int32_t i = 0;
  TRY(typed_list_of(c, &l, st));
  TRY(read_int(op_input(c, 1), &i, st));
  if (i < 0 || i >= l->size)
    return fail(st, TF_INVALID_ARGUMENT, "Trying to access element %d in a list with %d elements.", i,
                l->size);
  const Tensor *item = tensor_list_at(l, i);
  if (!item) return put_unset(c, 0, l, 2, true, st);
  put_item(c, 0, item);
  return TF_OK;
}

static TF_Code set_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  const Tensor *item = op_input(c, 2);
  const Attr *resize = node_attr(c->node, "resize_if_index_out_of_bounds");
  TensorList *own;
  Tensor value = {0};
  int32_t i = 0;
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  TRY(typed_list_of(c, &l, st));
  TRY(read_int(op_input(c, 1), &i, st));
  if (i < 0 || i == INT32_MAX || (i >= l->size && !(resize && resize->v.b)))
    return fail(st, TF_INVALID_ARGUMENT, "Trying to modify element %d in a list with %d elements.", i,
                l->size);
  if (!shape_allows(&l->element_shape, item->dims, item->rank))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to set a tensor with incompatible shape at a list index. Item element shape: %s list "
                "shape: %s",
                dims_text_of(item, x), text_of(&l->element_shape, y));
  TRY(op_keep_input(c, 2, &value, st));
  TF_Code code = own_list(c, l, &own, st);
  if (!code && i >= own->size) code = tensor_list_resize(own, i + 1, st);
  if (code) return tensor_clear(&value), code;
  return tensor_list_set(own, i, &value, c->env, st);
}

/* Puts a value at the end of a list that the caller alone has; takes its reference. */
static TF_Code append(TensorList *own, Tensor *value, const StepEnv *env, TF_Status *st) {
  TF_Code code = own->size >= INT32_MAX - 1
                     ? fail(st, TF_RESOURCE_EXHAUSTED, "a list of %d elements is full", own->size)
                     : tensor_list_resize(own, own->size + 1, st);
  if (code) return tensor_clear(value), code;
  return tensor_list_set(own, own->size - 1, value, env, st);
}

static TF_Code push_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  const Tensor *item = op_input(c, 1);
  TensorList *own;
  Tensor value = {0};
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  TRY(list_of(c, &l, st));
  if (!shape_allows(&l->element_shape, item->dims, item->rank))
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Tried to append a tensor with incompatible shape to a list. Op element shape: %s list shape: %s",
        dims_text_of(item, x), text_of(&l->element_shape, y));
  TRY(check_dtype(c, l, st));
  if (l->max_elements != -1 && l->size >= l->max_elements)
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to push item into a full list list size: %d max_num_elements: %d", l->size,
                l->max_elements);
  TRY(op_keep_input(c, 1, &value, st));
  TF_Code code = own_list(c, l, &own, st);
  if (code) return tensor_clear(&value), code;
  return append(own, &value, c->env, st);
}

static TF_Code pop_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  TensorList *own;
  TRY(typed_list_of(c, &l, st));
  if (!l->size) return fail(st, TF_INVALID_ARGUMENT, "Trying to pop from an empty list.");
  const Tensor *item = tensor_list_at(l, l->size - 1);
  if (item) put_item(c, 1, item);
  else TRY(put_unset(c, 1, l, 1, false, st));
  TRY(own_list(c, l, &own, st));
  return tensor_list_resize(own, own->size - 1, st);
}

/* ---- Stack, Gather ---- */

/* Puts elements (null: zeros) of one shape one after the other. */
static TF_Code join_items(OpCtx *c, const TensorList *l, const int32_t *indices, int32_t count,
                          const Shape *shape, TF_Status *st) {
  int64_t dims[TENSOR_MAX_RANK + 1] = {count}, n = 1;
  memcpy(dims + 1, shape->dims, (size_t)shape->rank * sizeof *dims);
  TRY(op_alloc_output(c, 0, l->dtype, dims, shape->rank + 1, st));
  for (int d = 0; d < shape->rank; d++) n *= shape->dims[d];
  if (!n) return TF_OK;
  Tensor *out = &c->outputs[0];
  for (int32_t i = 0; i < count; i++) {
    const Tensor *item = tensor_list_at(l, indices ? indices[i] : i);
    if (item) {
      TRY(tensor_copy_range(out, i * n, item, 0, n, st));
    } else if (!dtype_is_object(l->dtype)) { /* objects and strings are empty already */
      size_t bytes = (size_t)n * dtype_size(l->dtype);
      memset((char *)out->data + (size_t)i * bytes, 0, bytes);
    }
  }
  return TF_OK;
}

static TF_Code stack_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  Shape shape;
  int64_t want;
  char x[SHAPE_TEXT_MAX];
  TRY(node_attr_int(c->node, "num_elements", &want, st));
  TRY(typed_list_of(c, &l, st));
  if (want != -1 && want != l->size)
    return fail(st, TF_INVALID_ARGUMENT,
                "Operation expected a list with %lld elements but got a list with %d elements.",
                (long long)want, l->size);
  TRY(element_shape_of(c, l, 1, &shape, st));
  if (!l->size && !shape_known(&shape))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to stack elements of an empty list with non-fully-defined element_shape: %s",
                text_of(&shape, x));
  TRY(tensor_list_merge_elements(l, &shape, st));
  if (!shape_known(&shape))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to stack list which only contains uninitialized tensors and has a non-fully-defined "
                "element_shape: %s",
                text_of(&shape, x));
  return join_items(c, l, NULL, l->size, &shape, st);
}

static TF_Code gather_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  const Tensor *indices = op_input(c, 1);
  Shape shape;
  char x[SHAPE_TEXT_MAX];
  TRY(typed_list_of(c, &l, st));
  TRY(element_shape_of(c, l, 2, &shape, st));
  int64_t count = tensor_count(indices);
  if (count > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "too many indices");
  if (!count && !shape_known(&shape))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to gather 0-elements from a list with non-fully-defined shape: %s",
                text_of(&shape, x));
  for (int64_t k = 0; k < count; k++) {
    int32_t i = ((const int32_t *)indices->data)[k];
    if (i < 0 || i >= l->size)
      return fail(st, TF_INVALID_ARGUMENT, "Trying to gather element %d in a list with %d elements.", i,
                  l->size);
    const Tensor *item = tensor_list_at(l, i);
    if (!item) continue;
    Shape item_shape = shape_of_tensor(item);
    TRY(shape_merge_partial(&shape, &item_shape, &shape, st));
  }
  if (!shape_known(&shape))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to gather uninitialized tensors from a list with non-fully-defined element_shape: %s",
                text_of(&shape, x));
  return join_items(c, l, indices->data, (int32_t)count, &shape, st);
}

/* ---- Concat ---- */

typedef struct ConcatShape {
  int64_t first; /* -1: unknown */
  Shape inner;
} ConcatShape;

static TF_Code concat_shape_said(const OpCtx *c, const TensorList *l, ConcatShape *s, TF_Status *st) {
  Shape shape;
  s->first = -1;
  if (c->num_inputs > 1) {
    TRY(element_shape_of(c, l, 1, &shape, st));
  } else {
    const Shape *attr;
    TRY(node_attr_shape(c->node, "element_shape", &attr, st));
    TRY(tensor_list_merge_shape(l, attr, &shape, st));
    if (!l->size) shape = *attr; /* TF: the list's own is for elements alone then */
  }
  if (shape.rank == 0)
    return fail(st, TF_INVALID_ARGUMENT,
                "Concat requires elements to be at least vectors, found scalars instead.");
  s->inner = shape_unknown();
  if (shape.rank < 0) return TF_OK;
  s->first = shape.dims[0];
  s->inner = shape_of_rank(shape.rank - 1);
  memcpy(s->inner.dims, shape.dims + 1, (size_t)s->inner.rank * sizeof *shape.dims);
  return TF_OK;
}

/* Merges in the elements that are set; a first dim that nobody said is theirs if they agree. */
static TF_Code concat_shape_of_items(const TensorList *l, ConcatShape *s, TF_Status *st) {
  int64_t found = s->first;
  bool differ = false;
  for (int32_t i = 0; i < l->size && (size_t)i / LIST_BLOCK < l->num_blocks; i++) {
    const Tensor *t = tensor_list_at(l, i);
    if (!t) continue;
    if (!t->rank)
      return fail(st, TF_INVALID_ARGUMENT,
                  "Concat saw a scalar shape at index %d but requires at least vectors.", i);
    Shape inner = shape_of_rank(t->rank - 1);
    memcpy(inner.dims, t->dims + 1, (size_t)inner.rank * sizeof *inner.dims);
    TRY(shape_merge_partial(&s->inner, &inner, &s->inner, st));
    if (s->first != -1 && s->first != t->dims[0])
      return fail(
          st, TF_INVALID_ARGUMENT,
          "First entry of element_shape input does not match the first dim of list element at index: %d "
          "Expected: %lld Actual: %lld",
          i, (long long)s->first, (long long)t->dims[0]);
    if (found == -1) found = t->dims[0];
    else if (found != t->dims[0]) differ = true;
  }
  s->first = differ ? -1 : found;
  return TF_OK;
}

static TF_Code unset_length(const OpCtx *c, int32_t i, int64_t first, int64_t *length, TF_Status *st) {
  const Tensor *leading = c->num_inputs > 2 ? op_input(c, 2) : NULL;
  int64_t n = leading ? tensor_count(leading) : 0, said = i < n ? ((const int64_t *)leading->data)[i] : -1;
  *length = said < 0 && first != -1 ? first : said;
  if (*length >= 0) return TF_OK;
  if (i >= n)
    return fail(st, TF_INVALID_ARGUMENT,
                "List contains uninitialized tensor at index %d but leading_dims has only %lld elements.", i,
                (long long)n);
  return fail(st, TF_INVALID_ARGUMENT,
              "List contains uninitialized tensor at index %d but leading_dims[%d] is invalid: %lld", i, i,
              (long long)said);
}

static TF_Code find_lengths(OpCtx *c, const TensorList *l, const ConcatShape *s, int64_t *total,
                            TF_Status *st) {
  *total = 0;
  TRY(op_alloc_output(c, 1, TF_INT64, &(int64_t){l->size}, 1, st));
  for (int32_t i = 0; i < l->size; i++) {
    const Tensor *t = tensor_list_at(l, i);
    int64_t n = t ? t->dims[0] : 0;
    if (!t) TRY(unset_length(c, i, s->first, &n, st));
    ((int64_t *)c->outputs[1].data)[i] = n;
    if (__builtin_add_overflow(*total, n, total))
      return fail(st, TF_INVALID_ARGUMENT, "the sum of lengths is too large");
  }
  return TF_OK;
}

static TF_Code concat_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  ConcatShape s;
  int64_t dims[TENSOR_MAX_RANK + 1], row = 1, at = 0;
  char x[SHAPE_TEXT_MAX];
  TRY(typed_list_of(c, &l, st));
  TRY(concat_shape_said(c, l, &s, st));
  if (!l->size && !shape_known(&s.inner))
    return fail(st, TF_INVALID_ARGUMENT,
                "All except the first dimension must be fully defined when concating an empty tensor list. "
                "element_shape: %s",
                text_of(&s.inner, x));
  TRY(concat_shape_of_items(l, &s, st));
  if (!shape_known(&s.inner))
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to concat list with only uninitialized tensors but element_shape_except_first_dim is "
                "not fully "
                "defined: %s",
                text_of(&s.inner, x));
  TRY(find_lengths(c, l, &s, dims, st));
  memcpy(dims + 1, s.inner.dims, (size_t)s.inner.rank * sizeof *dims);
  TRY(op_alloc_output(c, 0, l->dtype, dims, s.inner.rank + 1, st));
  for (int d = 0; d < s.inner.rank; d++) row *= s.inner.dims[d];
  Tensor *out = &c->outputs[0];
  size_t size = dtype_size(l->dtype);
  if (!tensor_count(out)) return TF_OK;
  for (int32_t i = 0; i < l->size; i++) {
    const Tensor *t = tensor_list_at(l, i);
    int64_t n = ((const int64_t *)c->outputs[1].data)[i] * row;
    if (t) TRY(tensor_copy_range(out, at, t, 0, n, st));
    else if (!dtype_is_object(l->dtype)) memset((char *)out->data + (size_t)at * size, 0, (size_t)n * size);
    at += n;
  }
  return TF_OK;
}

/* ---- Length, ElementShape, Resize ---- */

static TF_Code length_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  TRY(list_of(c, &l, st));
  *(int32_t *)c->outputs[0].data = l->size;
  return TF_OK;
}

static TF_Code element_shape_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  TRY(list_of(c, &l, st));
  TF_DataType dtype = c->node->output_types[0];
  int rank = l->element_shape.rank;
  int64_t unknown = -1;
  const int64_t *dims = rank < 0 ? &unknown : l->element_shape.dims;
  TRY(op_alloc_output(c, 0, dtype, &(int64_t){rank}, rank >= 0, st));
  for (int i = 0; i < (rank < 0 ? 1 : rank); i++) {
    int_put(&c->outputs[0], i, dims[i]);
  }
  return TF_OK;
}

static TF_Code resize_run(OpCtx *c, TF_Status *st) {
  const TensorList *l;
  TensorList *own;
  int32_t size = 0;
  TRY(list_of(c, &l, st));
  TRY(read_int(op_input(c, 1), &size, st));
  if (size < 0)
    return fail(st, TF_INVALID_ARGUMENT, "TensorListSlice expects size to be non-negative. Got: %d", size);
  TRY(own_list(c, l, &own, st));
  return tensor_list_resize(own, size, st);
}

/* ---- many lists ---- */

static bool same_partial(const Shape *a, const Shape *b) {
  return a->rank == b->rank && (a->rank <= 0 || !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims));
}

static TF_Code check_operand(const Object *o, const char *name, int64_t i, TF_DataType dtype,
                             const TensorList **l, TF_Status *st) {
  if (!o || o->type != &tensor_list_type)
    return fail(st, TF_INVALID_ARGUMENT, "%s[%lld] is not a TensorList.  Saw: %s", name, (long long)i,
                o ? o->type->name : "nothing");
  *l = (const TensorList *)o;
  if ((*l)->dtype == dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "%s[%lld].dtype != element_dtype.  Saw: %s vs. %s", name, (long long)i,
              dtype_name((*l)->dtype), dtype_name(dtype));
}

static TF_Code join_lists(const OpCtx *c, const TensorList *a, const TensorList *b, TensorList **out,
                          TF_Status *st) {
  TensorList *own;
  int64_t set_end = (int64_t)b->num_blocks * LIST_BLOCK < b->size ? (int64_t)b->num_blocks * LIST_BLOCK
                                                                  : b->size;
  if (b->size >= INT32_MAX - a->size)
    return fail(st, TF_RESOURCE_EXHAUSTED, "lists of %d and %d elements are too long to join", a->size,
                b->size);
  TRY(tensor_list_copy(a, &own, st));
  TF_Code code = tensor_list_resize(own, a->size + b->size, st);
  for (int32_t i = 0; !code && i < set_end; i++) {
    const Tensor *t = tensor_list_at(b, i);
    Tensor value;
    if (!t) continue;
    tensor_share(&value, t);
    code = tensor_list_set(own, a->size + i, &value, c->env, st);
  }
  if (code) object_unref(own);
  else *out = own;
  return code;
}

static TF_Code concat_lists_run(OpCtx *c, TF_Status *st) {
  const Tensor *a = op_input(c, 0), *b = op_input(c, 1);
  TF_DataType dtype;
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  TRY(node_attr_type(c->node, "element_dtype", &dtype, st));
  if (!tensor_same_shape(a, b))
    return fail(st, TF_INVALID_ARGUMENT, "Incompatible input TensorList tensor shapes: %s vs. %s",
                dims_text_of(a, x), dims_text_of(b, y));
  TRY(op_alloc_output(c, 0, TF_VARIANT, a->dims, a->rank, st));
  for (int64_t i = 0, n = tensor_count(a); i < n; i++) {
    const TensorList *l, *m;
    TensorList *joined = NULL;
    TRY(check_operand(((Object **)a->data)[i], "input_a", i, dtype, &l, st));
    TRY(check_operand(((Object **)b->data)[i], "input_b", i, dtype, &m, st));
    if (!same_partial(&l->element_shape, &m->element_shape))
      return fail(
          st, TF_INVALID_ARGUMENT,
          "input_a and input_b TensorList element shapes are not identical at index %lld.  Saw %s vs. %s",
          (long long)i, text_of(&l->element_shape, x), text_of(&m->element_shape, y));
    TRY(join_lists(c, l, m, &joined, st));
    ((Object **)c->outputs[0].data)[i] = &joined->object;
  }
  return TF_OK;
}

static TF_Code check_batch_item(const OpCtx *c, int64_t i, const TensorList **l, TF_Status *st) {
  const Tensor *t = op_input(c, 1);
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  const Object *o = ((Object **)op_input(c, 0)->data)[i];
  if (!o || o->type != &tensor_list_type)
    return fail(st, TF_INVALID_ARGUMENT, "Input handle at index %lld is not a list. Saw: '%s'", (long long)i,
                o ? o->type->name : "nothing");
  *l = (const TensorList *)o;
  if (!shape_allows(&(*l)->element_shape, t->dims + 1, t->rank - 1))
    return fail(st, TF_INVALID_ARGUMENT,
                "Tried to append a tensor with incompatible shape to a list at index %lld. Op element shape: "
                "%s list shape: %s",
                (long long)i, shape_text(t->dims + 1, t->rank - 1, x, sizeof x),
                text_of(&(*l)->element_shape, y));
  if ((*l)->dtype == t->dtype) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Invalid data type at index %lld; op elements %s but list elements %s",
              (long long)i, dtype_name(t->dtype), dtype_name((*l)->dtype));
}

static TF_Code push_batch_run(OpCtx *c, TF_Status *st) {
  const Tensor *handles = op_input(c, 0), *t = op_input(c, 1);
  Tensor all = {0};
  int64_t n = tensor_count(handles);
  char x[SHAPE_TEXT_MAX];
  if (t->rank < 1)
    return fail(st, TF_INVALID_ARGUMENT, "Expected tensor to be at least a vector, but saw shape: %s",
                dims_text_of(t, x));
  if (t->dims[0] != n)
    return fail(st, TF_INVALID_ARGUMENT,
                "Expected tensor.shape[0] == input_handles.size, but saw %lld vs. %lld",
                (long long)t->dims[0], (long long)n);
  TRY(op_alloc_output(c, 0, TF_VARIANT, handles->dims, handles->rank, st));
  TF_Code code = op_keep_input(c, 1, &all, st);
  for (int64_t i = 0; !code && i < n; i++) {
    const TensorList *l = NULL;
    TensorList *own = NULL;
    code = check_batch_item(c, i, &l, st);
    if (!code) code = tensor_list_copy(l, &own, st);
    if (code) break;
    ((Object **)c->outputs[0].data)[i] = &own->object;
    code = own->size >= INT32_MAX - 1
               ? fail(st, TF_RESOURCE_EXHAUSTED, "a list of %d elements is full", own->size)
               : tensor_list_resize(own, own->size + 1, st);
    if (!code) code = set_rows(c, own, own->size - 1, &all, i, 1, true, st);
  }
  tensor_clear(&all);
  return code;
}

/* ---- shapes ---- */

static TF_Code stack_shape(ShapeCtx *c, TF_Status *st) {
  Shape shape;
  int64_t n;
  TRY(shape_of_value(c, 1, &shape, st));
  TRY(node_attr_int(c->node, "num_elements", &n, st));
  if (shape.rank < 0 || shape.rank == TENSOR_MAX_RANK) return TF_OK;
  c->outputs[0] = shape_of_rank(shape.rank + 1);
  c->outputs[0].dims[0] = n < 0 ? -1 : n;
  memcpy(c->outputs[0].dims + 1, shape.dims, (size_t)shape.rank * sizeof *shape.dims);
  return TF_OK;
}

static TF_Code gather_shape(ShapeCtx *c, TF_Status *st) {
  Shape shape;
  const Shape *indices = c->inputs[1];
  TRY(shape_of_value(c, 2, &shape, st));
  if (shape.rank < 0 || indices->rank < 0 || shape.rank + indices->rank > TENSOR_MAX_RANK) return TF_OK;
  c->outputs[0] = shape_of_rank(shape.rank + indices->rank);
  memcpy(c->outputs[0].dims, indices->dims, (size_t)indices->rank * sizeof *shape.dims);
  memcpy(c->outputs[0].dims + indices->rank, shape.dims, (size_t)shape.rank * sizeof *shape.dims);
  return TF_OK;
}

static TF_Code get_shape(ShapeCtx *c, TF_Status *st) { return shape_of_value(c, 2, &c->outputs[0], st); }

static TF_Code pop_shape(ShapeCtx *c, TF_Status *st) {
  c->outputs[0] = shape_rank0();
  return shape_of_value(c, 1, &c->outputs[1], st);
}

static TF_Code concat_shape(ShapeCtx *c, TF_Status *st) {
  Shape shape = shape_unknown();
  if (c->num_inputs > 1) {
    TRY(shape_of_value(c, 1, &shape, st));
  } else {
    const Shape *attr;
    TRY(node_attr_shape(c->node, "element_shape", &attr, st));
    shape = *attr;
  }
  c->outputs[1] = shape_vector(-1);
  if (shape.rank < 1) return TF_OK;
  c->outputs[0] = shape;
  c->outputs[0].dims[0] = -1;
  return TF_OK;
}

#define LIST(NAME, SHAPE, RUN) \
  { NAME, .flags = OP_DYNAMIC, .shape = SHAPE, .run = RUN }
#define KEEPS(NAME, SHAPE, RUN) \
  { NAME, .flags = OP_DYNAMIC | OP_KEEPS, .shape = SHAPE, .run = RUN }

const OpRow ops_tensor_list_ops[] = {
    LIST("EmptyTensorList", shape_scalar, empty_run),
    LIST("TensorListReserve", shape_scalar, reserve_run),
    KEEPS("TensorListFromTensor", shape_scalar, from_tensor_run),
    KEEPS("TensorListScatter", shape_scalar, scatter_run),
    KEEPS("TensorListScatterV2", shape_scalar, scatter_run),
    KEEPS("TensorListScatterIntoExistingList", shape_scalar, scatter_into_run),
    KEEPS("TensorListSplit", shape_scalar, split_run),
    LIST("TensorListGetItem", get_shape, get_run),
    KEEPS("TensorListSetItem", shape_scalar, set_run),
    KEEPS("TensorListPushBack", shape_scalar, push_run),
    KEEPS("TensorListPushBackBatch", shape_same, push_batch_run),
    LIST("TensorListPopBack", pop_shape, pop_run),
    LIST("TensorListStack", stack_shape, stack_run),
    LIST("TensorListGather", gather_shape, gather_run),
    LIST("TensorListConcat", concat_shape, concat_run),
    LIST("TensorListConcatV2", concat_shape, concat_run),
    {"TensorListLength", .shape = shape_scalar, .prepare = prepare_scalar, .run = length_run},
    LIST("TensorListElementShape", shape_unknown_outputs, element_shape_run),
    LIST("TensorListResize", shape_scalar, resize_run),
    LIST("TensorListConcatLists", shape_same, concat_lists_run),
    {0}};
