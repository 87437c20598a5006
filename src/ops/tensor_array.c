/* Tensor arrays: blocks of elements behind a lock that is held for pointer moves, and for the arithmetic when
 * gradients add up. */
#include "ops/tensor_array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/array_util.h"
#include "ops/element_sum.h"
#include "ops/op_eval.h"

typedef struct TensorArrayGradient {
  struct TensorArrayGradient *next;
  TensorArray *array;
  size_t size;
  char source[];
} TensorArrayGradient;

/* ---- life ---- */

static void drop_items(TensorArray *a) {
  for (size_t i = 0; i < a->num_blocks; i++) {
    for (int k = 0; a->blocks[i] && k < ARRAY_BLOCK; k++) tensor_clear(&a->blocks[i][k].value);
    free(a->blocks[i]);
  }
  free(a->blocks);
  memory_charge_clear(&a->charge);
  a->blocks = NULL;
  a->num_blocks = 0;
}

static void tensor_array_destroy(Object *o) {
  TensorArray *a = (TensorArray *)o;
  drop_items(a);
  for (TensorArrayGradient *g = a->gradients, *next; g; g = next) {
    next = g->next;
    object_unref(g->array);
    free(g);
  }
  pthread_mutex_destroy(&a->lock);
  free(a->name);
  free(a);
}

const ObjectType tensor_array_type = {"N10tensorflow11TensorArrayE", tensor_array_destroy};

static TensorArray *new_array(void) {
  TensorArray *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  object_init(&a->object, &tensor_array_type);
  pthread_mutex_init(&a->lock, NULL);
  return a;
}

static _Atomic int64_t next_number;

TF_Code tensor_array_new(TensorArray **out, const TensorArrayOptions *o, TF_Status *st) {
  TensorArray *a = new_array();
  if (!a) return fail_oom(st, "a tensor array");
  int64_t number = atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed);
  size_t length = strlen(o->name) + 24;
  a->name = malloc(length);
  if (!a->name) return object_unref(a), fail_oom(st, "a tensor array");
  snprintf(a->name, length, "%s_%lld", o->name, (long long)number);
  a->dtype = o->dtype;
  a->element_shape = o->element_shape;
  a->size = o->size;
  a->marked_size = -1;
  a->dynamic_size = o->dynamic_size;
  a->clear_after_read = o->clear_after_read;
  a->identical_shapes = o->identical_shapes;
  *out = a;
  return TF_OK;
}

/* ---- elements ---- */

/* Element `i`, or null when nothing was ever written near it. */
static ArrayItem *item_at(const TensorArray *a, int32_t i) {
  size_t block = (size_t)i / ARRAY_BLOCK;
  if (block >= a->num_blocks || !a->blocks[block]) return NULL;
  return &a->blocks[block][i % ARRAY_BLOCK];
}

/* Element `i` with memory of its own. */
static TF_Code item_make(TensorArray *a, int32_t i, const StepEnv *env, ArrayItem **out, TF_Status *st) {
  size_t block = (size_t)i / ARRAY_BLOCK;
  if (block >= a->num_blocks) {
    size_t want = block + 1 < 2 * a->num_blocks ? 2 * a->num_blocks : block + 1;
    if (env && env->memory_limit && want > env->memory_limit / sizeof *a->blocks)
      return fail(st, TF_RESOURCE_EXHAUSTED,
                  "TensorArray %s: element %d takes more memory than the step's limit", a->name, i);
    ArrayItem **grown = realloc(a->blocks, want * sizeof *grown);
    if (!grown) return fail_oom(st, "a tensor array");
    memset(grown + a->num_blocks, 0, (want - a->num_blocks) * sizeof *grown);
    a->blocks = grown;
    a->num_blocks = want;
  }
  if (!a->blocks[block] &&
      memory_charge_more(&a->charge, env ? env->memory : NULL, ARRAY_BLOCK * sizeof(ArrayItem)))
    a->blocks[block] = calloc(ARRAY_BLOCK, sizeof *a->blocks[block]);
  if (!a->blocks[block]) return fail_oom(st, "a tensor array");
  *out = &a->blocks[block][i % ARRAY_BLOCK];
  return TF_OK;
}

bool shape_allows(const Shape *partial, const int64_t *dims, int rank) {
  if (partial->rank < 0) return true;
  if (partial->rank != rank) return false;
  for (int d = 0; d < rank; d++)
    if (partial->dims[d] >= 0 && partial->dims[d] != dims[d]) return false;
  return true;
}

TF_Code shape_merge_partial(const Shape *a, const Shape *b, Shape *out, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (a->rank < 0 || b->rank < 0) {
    *out = a->rank < 0 ? *b : *a;
    return TF_OK;
  }
  if (a->rank != b->rank)
    return fail(st, TF_INVALID_ARGUMENT, "PartialTensorShape: Incompatible ranks during merge: %d vs. %d",
                a->rank, b->rank);
  Shape merged = *a;
  for (int d = 0; d < a->rank; d++) {
    if (a->dims[d] < 0) merged.dims[d] = b->dims[d];
    else if (b->dims[d] >= 0 && b->dims[d] != a->dims[d])
      return fail(st, TF_INVALID_ARGUMENT, "PartialTensorShape: Incompatible shapes during merge: %s vs. %s",
                  shape_text(a->dims, a->rank, x, sizeof x), shape_text(b->dims, b->rank, y, sizeof y));
  }
  *out = merged;
  return TF_OK;
}

/* An array of plain tensors holds no handles. */
static bool may_hold_itself(const Object *o) {
  if (o->type == &stack_type) return true;
  if (o->type != &tensor_array_type) return false;
  TF_DataType dtype = ((const TensorArray *)o)->dtype;
  return dtype == TF_RESOURCE || dtype == TF_VARIANT;
}

TF_Code tensor_check_storable(const Tensor *value, TF_Status *st) {
  for (int64_t i = 0, n = value->dtype == TF_RESOURCE ? tensor_count(value) : 0; i < n; i++) {
    const Object *o = ((Object *const *)value->data)[i];
    if (o && may_hold_itself(o))
      return fail(st, TF_UNIMPLEMENTED,
                  "the handle of a TensorArray or a Stack can't be an element of another");
  }
  return TF_OK;
}

static TF_Code check_open(const TensorArray *a, TF_Status *st) {
  if (!a->closed) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "TensorArray %s has already been closed.", a->name);
}

/* ---- writing ---- */

static TF_Code add_to_item(TensorArray *a, int32_t index, ArrayItem *item, Tensor *value, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  bool same = item->value.rank == value->rank;
  for (int d = 0; same && d < value->rank; d++) same = item->value.dims[d] == value->dims[d];
  if (!same)
    return fail(st, TF_INVALID_ARGUMENT,
                "TensorArray %s: Could not aggregate to TensorArray index %d because the existing shape is "
                "%s but the "
                "new input shape is %s.",
                a->name, index, shape_text(item->value.dims, item->value.rank, x, sizeof x),
                shape_text(value->dims, value->rank, y, sizeof y));
  if (!item->value.buffer || !tensor_count(&item->value)) { /* zeros: the sum is the value */
    tensor_clear(&item->value);
    tensor_move(&item->value, value);
    return TF_OK;
  }
  if (!element_sum_supports(a->dtype))
    return fail(st, TF_INVALID_ARGUMENT, "tensor_array::AddToTensor type not supported: %s",
                dtype_name(a->dtype));
  if (!tensor_writable(&item->value)) {
    Tensor own = {0};
    TRY(tensor_copy(&own, &item->value, st));
    tensor_clear(&item->value);
    tensor_move(&item->value, &own);
  }
  element_sum_add(a->dtype, item->value.data, value->data, tensor_count(value));
  a->no_gradients = true; /* the sum is of several writes: there is no one to give its gradient to */
  return TF_OK;
}

static TF_Code check_writable(const TensorArray *a, int32_t index, const ArrayItem *item, const Tensor *value,
                              TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  const char *could_not = "Could not write to TensorArray index";
  if (value->dtype != a->dtype)
    return fail(st, TF_INVALID_ARGUMENT,
                "TensorArray %s: %s %d because the value dtype is %s but TensorArray dtype is %s.", a->name,
                could_not, index, dtype_name(value->dtype), dtype_name(a->dtype));
  if (!shape_allows(&a->element_shape, value->dims, value->rank))
    return fail(
        st, TF_INVALID_ARGUMENT,
        "TensorArray %s: %s %d because the value shape is %s which is incompatible with the TensorArray's "
        "inferred element shape: %s (consider setting infer_shape=False).",
        a->name, could_not, index, shape_text(value->dims, value->rank, x, sizeof x),
        shape_text(a->element_shape.dims, a->element_shape.rank, y, sizeof y));
  if (!item) return TF_OK;
  if (item->read)
    return fail(st, TF_INVALID_ARGUMENT, "TensorArray %s: %s %d because it has already been read.", a->name,
                could_not, index);
  if (item->written && !a->adds_up)
    return fail(st, TF_INVALID_ARGUMENT, "TensorArray %s: %s %d because it has already been written to.",
                a->name, could_not, index);
  return TF_OK;
}

static TF_Code locked_write(TensorArray *a, int32_t index, Tensor *value, const StepEnv *env, TF_Status *st) {
  ArrayItem *item;
  TRY(check_open(a, st));
  TRY(tensor_check_storable(value, st));
  if (index < 0 || (!a->dynamic_size && index >= a->size))
    return fail(st, TF_INVALID_ARGUMENT,
                "TensorArray %s: Tried to write to index %d but array is not resizeable and size is: %d",
                a->name, index, a->size);
  if (index == INT32_MAX)
    return fail(st, TF_RESOURCE_EXHAUSTED, "TensorArray %s: index %d is too large", a->name, index);
  TRY(check_writable(a, index, item_at(a, index), value, st));
  TRY(item_make(a, index, env, &item, st));
  if (index >= a->size) a->size = index + 1;
  if (a->identical_shapes && !shape_known(&a->element_shape)) {
    a->element_shape = shape_of_rank(value->rank);
    memcpy(a->element_shape.dims, value->dims, sizeof value->dims);
  }
  if (item->written) return add_to_item(a, index, item, value, st);
  tensor_move(&item->value, value);
  item->written = true;
  return TF_OK;
}

TF_Code tensor_array_write(TensorArray *a, int32_t index, Tensor *value, const StepEnv *env, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = locked_write(a, index, value, env, st);
  pthread_mutex_unlock(&a->lock);
  tensor_clear(value);
  return code;
}

/* ---- reading ---- */

/* An element that was never written reads as zeros where its shape is known. */
static TF_Code find_zeros_shape(TensorArray *a, int32_t index, TF_Status *st) {
  char text[SHAPE_TEXT_MAX];
  if (shape_known(&a->element_shape)) return TF_OK;
  return fail(
      st, TF_INVALID_ARGUMENT,
      "TensorArray %s: Could not read from TensorArray index %d.  Furthermore, the element shape is not "
      "fully "
      "defined: %s.  It is possible you are working with a resizeable TensorArray and stop_gradients is not "
      "allowing the gradients to be written.  If you set the full element_shape property on the forward "
      "TensorArray, the proper all-zeros tensor will be returned instead of incurring this error.",
      a->name, index, shape_text(a->element_shape.dims, a->element_shape.rank, text, sizeof text));
}

static void set_zeros(ArrayItem *item, const Shape *shape) {
  item->value = (Tensor){.rank = shape->rank};
  memcpy(item->value.dims, shape->dims, sizeof shape->dims);
  item->written = true;
}

static TF_Code make_zeros(TensorArray *a, ArrayItem *item, const StepEnv *env, TF_Status *st) {
  Tensor zeros = {0};
  if (dtype_is_object(a->dtype))
    return fail(st, TF_INVALID_ARGUMENT, "tensor_array::TensorSetZero type not supported: %s",
                dtype_name(a->dtype));
  TRY(op_check_memory(env, a->dtype, item->value.dims, item->value.rank, st));
  size_t bytes = (size_t)tensor_count(&item->value) * dtype_size(a->dtype);
  if (!memory_charge_more(&a->charge, env ? env->memory : NULL, bytes))
    return fail_oom(st, "a tensor array's zeros");
  TRY(tensor_alloc(&zeros, a->dtype, item->value.dims, item->value.rank, st));
  tensor_zero(&zeros);
  tensor_clear(&item->value);
  tensor_move(&item->value, &zeros);
  return TF_OK;
}

static TF_Code locked_read(TensorArray *a, int32_t index, Tensor *out, const StepEnv *env, TF_Status *st) {
  ArrayItem *item;
  TRY(check_open(a, st));
  if (index < 0 || (!a->is_grad && index >= a->size))
    return fail(st, TF_INVALID_ARGUMENT, "Tried to read from index %d but array size is: %d", index, a->size);
  if (index == INT32_MAX)
    return fail(st, TF_RESOURCE_EXHAUSTED, "TensorArray %s: index %d is too large", a->name, index);
  item = item_at(a, index);
  if (!item || !item->written) {
    TRY(find_zeros_shape(a, index, st));
    TRY(item_make(a, index, env, &item, st));
    set_zeros(item, &a->element_shape);
    if (index >= a->size) a->size = index + 1;
  }
  if (item->cleared)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "TensorArray %s: Could not read index %d twice because it was cleared after a previous read (perhaps "
        "try setting clear_after_read = false?).",
        a->name, index);
  if (!item->value.buffer) TRY(make_zeros(a, item, env, st));
  item->read = true;
  if (a->clear_after_read) {
    int rank = item->value.rank;
    int64_t dims[TENSOR_MAX_RANK];
    memcpy(dims, item->value.dims, sizeof dims);
    tensor_move(out, &item->value);
    item->value.rank = rank; /* gradients made later know the shape */
    memcpy(item->value.dims, dims, sizeof dims);
    item->cleared = true;
  } else {
    tensor_share(out, &item->value);
  }
  return TF_OK;
}

TF_Code tensor_array_read(TensorArray *a, int32_t index, Tensor *out, const StepEnv *env, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = locked_read(a, index, out, env, st);
  pthread_mutex_unlock(&a->lock);
  return code;
}

/* ---- sizes and shapes ---- */

TF_Code tensor_array_size(TensorArray *a, int32_t *size, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = check_open(a, st);
  *size = a->size;
  pthread_mutex_unlock(&a->lock);
  return code;
}

TF_Code tensor_array_concat_size(TensorArray *a, int32_t *size, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = check_open(a, st);
  *size = a->is_grad ? a->marked_size : a->size;
  pthread_mutex_unlock(&a->lock);
  return code;
}

TF_Code tensor_array_mark_size(TensorArray *a, int32_t size, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = check_open(a, st);
  if (!code && !a->is_grad) a->marked_size = size;
  pthread_mutex_unlock(&a->lock);
  return code;
}

bool tensor_array_is_dynamic(TensorArray *a) {
  pthread_mutex_lock(&a->lock);
  bool dynamic = a->dynamic_size;
  pthread_mutex_unlock(&a->lock);
  return dynamic;
}

TF_Code tensor_array_merge_shape(TensorArray *a, const Shape *known, Shape *merged, TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = shape_merge_partial(&a->element_shape, known, merged, st);
  if (!code) a->element_shape = *merged;
  pthread_mutex_unlock(&a->lock);
  return code;
}

void tensor_array_close(TensorArray *a) {
  pthread_mutex_lock(&a->lock);
  drop_items(a);
  a->size = 0;
  a->closed = true;
  pthread_mutex_unlock(&a->lock);
}

/* ---- gradients ---- */

static TF_Code prepend_dims(const Shape *prepend, Shape *shape, TF_Status *st) {
  if (!prepend || shape->rank < 0) return TF_OK;
  if (prepend->rank + shape->rank > TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "a shape of %d dimensions: at most %d are supported",
                prepend->rank + shape->rank, TENSOR_MAX_RANK);
  memmove(shape->dims + prepend->rank, shape->dims, (size_t)shape->rank * sizeof *shape->dims);
  memcpy(shape->dims, prepend->dims, (size_t)prepend->rank * sizeof *shape->dims);
  shape->rank += prepend->rank;
  return TF_OK;
}

/* Zeros in the shape of every element that was written. */
static TF_Code copy_shapes(TensorArray *to, const TensorArray *from, const Shape *prepend, TF_Status *st) {
  for (size_t b = 0; b < from->num_blocks; b++) {
    for (int k = 0; from->blocks[b] && k < ARRAY_BLOCK; k++) {
      const ArrayItem *item = &from->blocks[b][k];
      ArrayItem *made;
      if (!item->written) continue;
      Shape shape = shape_of_rank(item->value.rank);
      memcpy(shape.dims, item->value.dims, sizeof shape.dims);
      TRY(prepend_dims(prepend, &shape, st));
      TRY(item_make(to, (int32_t)(b * ARRAY_BLOCK) + k, NULL, &made, st));
      set_zeros(made, &shape);
    }
  }
  return TF_OK;
}

static TF_Code new_gradient(TensorArray *a, Span source, const Shape *prepend, TensorArray **out,
                            TF_Status *st) {
  TensorArray *g = new_array();
  size_t length = strlen(a->name) + source.size + 2;
  if (!g) return fail_oom(st, "a tensor array");
  *out = g;
  g->name = malloc(length);
  if (!g->name) return fail_oom(st, "a tensor array");
  snprintf(g->name, length, "%s@%.*s", a->name, (int)source.size, (const char *)source.data);
  g->dtype = a->dtype;
  g->element_shape = a->element_shape;
  TRY(prepend_dims(prepend, &g->element_shape, st));
  g->size = a->size;
  g->marked_size = a->marked_size;
  g->clear_after_read = g->adds_up = g->is_grad = true;
  g->identical_shapes = a->identical_shapes;
  return copy_shapes(g, a, prepend, st);
}

static TF_Code locked_gradient(TensorArray *a, Span source, const Shape *prepend, TensorArray **out,
                               TF_Status *st) {
  if (a->is_grad)
    return fail(st, TF_INVALID_ARGUMENT, "Wrong input container. _tensor_array_grads%s", a->name);
  a->dynamic_size = false; /* the gradients' array is as long as this one: it may not grow any more */
  TRY(check_open(a, st));
  if (a->no_gradients)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Unable to create a gradients TensorArray for %s.  Perhaps you used the multiple_writes_aggregate "
        "flag "
        "on a previous write?  Gradient calculation is impossible when multiple writes are performed to the "
        "same index.",
        a->name);
  for (TensorArrayGradient *g = a->gradients; g; g = g->next) {
    if (g->size != source.size || memcmp(g->source, source.data, g->size)) continue;
    *out = object_ref(g->array);
    return TF_OK;
  }
  TensorArray *made = NULL;
  TensorArrayGradient *g = malloc(sizeof *g + source.size);
  TF_Code code = g ? new_gradient(a, source, prepend, &made, st) : fail_oom(st, "a tensor array");
  if (code) {
    object_unref(made);
    free(g);
    return code;
  }
  *g = (TensorArrayGradient){.next = a->gradients, .array = made, .size = source.size};
  if (source.size) memcpy(g->source, source.data, source.size);
  a->gradients = g;
  *out = object_ref(made);
  return TF_OK;
}

TF_Code tensor_array_gradient(TensorArray *a, Span source, const Shape *prepend, TensorArray **out,
                              TF_Status *st) {
  pthread_mutex_lock(&a->lock);
  TF_Code code = locked_gradient(a, source, prepend, out, st);
  pthread_mutex_unlock(&a->lock);
  return code;
}
