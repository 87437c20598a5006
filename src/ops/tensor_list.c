/* Lists of tensors: blocks shared by count, copied when they change and others have them. */
#include "ops/tensor_list.h"

#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/element_sum.h"
#include "ops/op_eval.h"
#include "ops/optional_value.h"
#include "ops/ragged_value.h"
#include "ops/tensor_array.h"
#include "tensor/memory_count.h"

/* ---- life ---- */

static void block_unref(ListBlock *b) {
  if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
  for (int i = 0; i < LIST_BLOCK; i++) tensor_clear(&b->items[i]);
  memory_discharge(b->counted, sizeof *b);
  free(b);
}

static ListBlock *block_new(MemoryCount *count) {
  if (!memory_charge(count, sizeof(ListBlock))) return NULL;
  ListBlock *b = calloc(1, sizeof *b);
  if (!b) return memory_discharge(count, sizeof *b), NULL;
  atomic_init(&b->refs, 1);
  b->counted = count;
  return b;
}

static void tensor_list_destroy(Object *o) {
  TensorList *l = (TensorList *)o;
  for (size_t i = 0; i < l->num_blocks; i++) block_unref(l->blocks[i]);
  free(l->blocks);
  free(l);
}

const ObjectType tensor_list_type = {"tensorflow::TensorList", tensor_list_destroy};

TF_Code tensor_list_new(TensorList **out, TF_DataType dtype, const Shape *element_shape, int32_t max_elements,
                        int32_t size, TF_Status *st) {
  TensorList *l = calloc(1, sizeof *l);
  if (!l) return fail_oom(st, "a list of tensors");
  object_init(&l->object, &tensor_list_type);
  l->dtype = dtype;
  l->element_shape = *element_shape;
  l->max_elements = max_elements;
  l->size = size;
  *out = l;
  return TF_OK;
}

TF_Code tensor_list_copy(const TensorList *l, TensorList **out, TF_Status *st) {
  TensorList *copy;
  TRY(tensor_list_new(&copy, l->dtype, &l->element_shape, l->max_elements, l->size, st));
  if (l->num_blocks) {
    copy->blocks = malloc(l->num_blocks * sizeof *copy->blocks);
    if (!copy->blocks) return object_unref(copy), fail_oom(st, "a list of tensors");
    for (size_t i = 0; i < l->num_blocks; i++) {
      copy->blocks[i] = l->blocks[i];
      if (copy->blocks[i]) atomic_fetch_add_explicit(&copy->blocks[i]->refs, 1, memory_order_relaxed);
    }
    copy->num_blocks = l->num_blocks;
  }
  copy->depth = l->depth;
  *out = copy;
  return TF_OK;
}

/* ---- elements ---- */

static TF_Code grow_table(TensorList *l, size_t block, const StepEnv *env, TF_Status *st) {
  size_t want = block + 1 < 2 * l->num_blocks ? 2 * l->num_blocks : block + 1;
  if (env && env->memory_limit && want > env->memory_limit / sizeof *l->blocks)
    return fail(st, TF_RESOURCE_EXHAUSTED, "a list of %d elements takes more memory than the step's limit",
                l->size);
  ListBlock **grown = realloc(l->blocks, want * sizeof *grown);
  if (!grown) return fail_oom(st, "a list of tensors");
  memset(grown + l->num_blocks, 0, (want - l->num_blocks) * sizeof *grown);
  l->blocks = grown;
  l->num_blocks = want;
  return TF_OK;
}

/* The block that the caller may change: new where there was none, copied where others have it. */
static TF_Code own_block(TensorList *l, size_t block, const StepEnv *env, TF_Status *st) {
  ListBlock *b = l->blocks[block];
  if (b && atomic_load_explicit(&b->refs, memory_order_acquire) == 1) return TF_OK;
  ListBlock *own = block_new(env ? env->memory : NULL);
  if (!own) return fail_oom(st, "a list of tensors");
  for (int i = 0; b && i < LIST_BLOCK; i++)
    if (b->items[i].dtype) tensor_share(&own->items[i], &b->items[i]);
  block_unref(b);
  l->blocks[block] = own;
  return TF_OK;
}

int variant_depth(const Tensor *t) {
  int deepest = 0;
  for (int64_t i = 0, n = t->dtype == TF_VARIANT ? tensor_count(t) : 0; i < n; i++) {
    const Object *o = ((Object *const *)t->data)[i];
    int depth = 0;
    if (o && o->type == &tensor_list_type) depth = ((const TensorList *)o)->depth + 1;
    if (o && o->type == &optional_value_type) depth = ((const OptionalValue *)o)->depth + 1;
    if (deepest < depth) deepest = depth;
  }
  return deepest;
}

/* Lists in lists are freed by recursion, so they may not nest without end. */
static TF_Code note_depth(TensorList *l, const Tensor *value, TF_Status *st) {
  int depth = variant_depth(value);
  if (depth > TENSOR_LIST_MAX_DEPTH)
    return fail(st, TF_RESOURCE_EXHAUSTED, "lists of tensors nest more than %d deep", TENSOR_LIST_MAX_DEPTH);
  if (l->depth < depth) l->depth = depth;
  return tensor_check_storable(value, st);
}

TF_Code tensor_list_set(TensorList *l, int32_t i, Tensor *value, const StepEnv *env, TF_Status *st) {
  size_t block = (size_t)i / LIST_BLOCK;
  TF_Code code = dtype_is_object(value->dtype) ? note_depth(l, value, st) : TF_OK;
  if (!code && block >= l->num_blocks) code = grow_table(l, block, env, st);
  if (!code) code = own_block(l, block, env, st);
  if (code) return tensor_clear(value), code;
  Tensor *item = &l->blocks[block]->items[i % LIST_BLOCK];
  tensor_clear(item);
  tensor_move(item, value);
  return TF_OK;
}

TF_Code tensor_list_resize(TensorList *l, int32_t size, TF_Status *st) {
  size_t keep = ((size_t)size + LIST_BLOCK - 1) / LIST_BLOCK;
  for (size_t b = keep; b < l->num_blocks; b++) {
    block_unref(l->blocks[b]);
    l->blocks[b] = NULL;
  }
  if (l->num_blocks > keep) l->num_blocks = keep;
  size_t last = (size_t)size / LIST_BLOCK;
  if (size < l->size && last < l->num_blocks && l->blocks[last]) {
    TRY(own_block(l, last, NULL, st));
    for (int i = size % LIST_BLOCK; i < LIST_BLOCK; i++) tensor_clear(&l->blocks[last]->items[i]);
  }
  l->size = size;
  return TF_OK;
}

/* ---- shapes ---- */

TF_Code tensor_list_merge_shape(const TensorList *l, const Shape *known, Shape *out, TF_Status *st) {
  return shape_merge_partial(known, &l->element_shape, out, st);
}

TF_Code tensor_list_merge_elements(const TensorList *l, Shape *shape, TF_Status *st) {
  for (size_t b = 0; b < l->num_blocks; b++) {
    for (int i = 0; l->blocks[b] && i < LIST_BLOCK; i++) {
      const Tensor *t = &l->blocks[b]->items[i];
      if (!t->dtype) continue;
      Shape item = shape_of_tensor(t);
      TRY(shape_merge_partial(shape, &item, shape, st));
    }
  }
  return TF_OK;
}

/* ---- ZerosLike and AddN ---- */

/* Both recurse as deep as lists nest, which TENSOR_LIST_MAX_DEPTH bounds. */
static TF_Code zeros_of(const Tensor *in, Tensor *out, TF_Status *st);
static TF_Code sum_of(const Tensor *a, const Tensor *b, const StepEnv *env, Tensor *out, TF_Status *st);

static TF_Code zeros_of_list(const TensorList *l, TensorList **out, TF_Status *st) {
  TensorList *zeros;
  TRY(tensor_list_new(&zeros, l->dtype, &l->element_shape, l->max_elements, l->size, st));
  TF_Code code = TF_OK;
  int64_t set_end = (int64_t)l->num_blocks * LIST_BLOCK < l->size ? (int64_t)l->num_blocks * LIST_BLOCK
                                                                  : l->size;
  for (int32_t i = 0; !code && i < set_end; i++) {
    const Tensor *t = tensor_list_at(l, i);
    Tensor zero = {0};
    if (!t) continue;
    code = zeros_of(t, &zero, st);
    if (!code) code = tensor_list_set(zeros, i, &zero, NULL, st);
  }
  if (code) object_unref(zeros);
  else *out = zeros;
  return code;
}

static TF_Code zeros_of_object(const Object *o, Object **out, TF_Status *st) {
  TensorList *list;
  RaggedValue *ragged;
  OptionalValue *optional;
  if (o->type == &tensor_list_type) {
    TRY(zeros_of_list((const TensorList *)o, &list, st));
    *out = &list->object;
  } else if (o->type == &ragged_value_type) {
    TRY(ragged_value_zeros((const RaggedValue *)o, &ragged, st));
    *out = &ragged->object;
  } else if (o->type == &optional_value_type) {
    TRY(optional_value_zeros((const OptionalValue *)o, &optional, st));
    *out = &optional->object;
  } else {
    return fail(st, TF_INVALID_ARGUMENT,
                "No unary variant unary_op function found for op ZEROS_LIKE Variant type_name: %s",
                o->type->name);
  }
  return TF_OK;
}

static TF_Code zeros_of(const Tensor *in, Tensor *out, TF_Status *st) {
  if (in->dtype == TF_STRING || in->dtype == TF_RESOURCE)
    return fail(st, TF_INVALID_ARGUMENT, "Trying to compute zeros_like for unsupported dtype %s",
                dtype_name(in->dtype));
  TRY(tensor_alloc(out, in->dtype, in->dims, in->rank, st));
  if (in->dtype != TF_VARIANT) return tensor_zero(out), TF_OK;
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(in); !code && i < n; i++) {
    const Object *o = ((Object *const *)in->data)[i];
    /* of an element that is not set, TensorFlow has zero there already */
    if (o) code = zeros_of_object(o, (Object **)out->data + i, st);
  }
  if (code) tensor_clear(out);
  return code;
}

static bool shapes_agree(const Shape *a, const Shape *b) {
  if (a->rank < 0 || b->rank < 0) return true;
  if (a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] >= 0 && b->dims[d] >= 0 && a->dims[d] != b->dims[d]) return false;
  return true;
}

static TF_Code sum_of_lists(const TensorList *a, const TensorList *b, const StepEnv *env, TensorList **out,
                            TF_Status *st) {
  Shape shape;
  if (a->dtype != b->dtype)
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to add two lists of tensors of different dtypes. One is %s and the other is %s",
                dtype_name(a->dtype), dtype_name(b->dtype));
  if (!shapes_agree(&a->element_shape, &b->element_shape)) {
    char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
    return fail(
        st, TF_INVALID_ARGUMENT,
        "Trying to add two lists of tensors with incompatible element shapes. One is %s and the other is %s",
        shape_text(a->element_shape.dims, a->element_shape.rank, x, sizeof x),
        shape_text(b->element_shape.dims, b->element_shape.rank, y, sizeof y));
  }
  TRY(shape_merge_partial(&a->element_shape, &b->element_shape, &shape, st));
  if (a->size != b->size)
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to add two lists of tensors with different lengths. One is %d and the other is %d",
                a->size, b->size);
  TensorList *sum;
  TRY(tensor_list_new(&sum, a->dtype, &shape, a->max_elements, a->size, st));
  TF_Code code = TF_OK;
  size_t blocks = a->num_blocks > b->num_blocks ? a->num_blocks : b->num_blocks;
  int64_t set_end = (int64_t)blocks * LIST_BLOCK < a->size ? (int64_t)blocks * LIST_BLOCK : a->size;
  for (int32_t i = 0; !code && i < set_end; i++) {
    const Tensor *x = tensor_list_at(a, i), *y = tensor_list_at(b, i);
    Tensor value = {0};
    if (!x && !y) continue;
    if (x && y) code = sum_of(x, y, env, &value, st);
    else tensor_share(&value, x ? x : y);
    if (!code) code = tensor_list_set(sum, i, &value, env, st);
  }
  if (code) object_unref(sum);
  else *out = sum;
  return code;
}

static TF_Code sum_of_objects(Object *x, Object *y, const StepEnv *env, Object **out, TF_Status *st) {
  if (!x || !y) {
    *out = object_ref(x ? x : y);
    return TF_OK;
  }
  if (x->type == &ragged_value_type && y->type == &ragged_value_type) {
    RaggedValue *sum = NULL;
    TRY(ragged_value_add((const RaggedValue *)x, (const RaggedValue *)y, env, &sum, st));
    *out = &sum->object;
    return TF_OK;
  }
  if (x->type == &optional_value_type && y->type == &optional_value_type) {
    OptionalValue *sum = NULL;
    TRY(optional_value_add((const OptionalValue *)x, (const OptionalValue *)y, env, &sum, st));
    *out = &sum->object;
    return TF_OK;
  }
  if (x->type != &tensor_list_type || y->type != &tensor_list_type)
    return fail(
        st, TF_INVALID_ARGUMENT,
        "No unary variant binary_op function found for binary variant op enum: 1 Variant type_name: %s",
        x->type->name);
  TensorList *sum = NULL;
  TRY(sum_of_lists((const TensorList *)x, (const TensorList *)y, env, &sum, st));
  *out = &sum->object;
  return TF_OK;
}

static TF_Code sum_of(const Tensor *a, const Tensor *b, const StepEnv *env, Tensor *out, TF_Status *st) {
  char x[SHAPE_TEXT_MAX], y[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(a, b))
    return fail(st, TF_INVALID_ARGUMENT,
                "Trying to add two tensors with incompatible element shapes. One is %s and the other is %s",
                shape_text(a->dims, a->rank, x, sizeof x), shape_text(b->dims, b->rank, y, sizeof y));
  if (a->dtype != TF_VARIANT && !element_sum_supports(a->dtype))
    return fail(st, TF_INVALID_ARGUMENT, "Trying to add unsupported dtype %d", (int)a->dtype);
  TRY(op_check_memory(env, a->dtype, a->dims, a->rank, st));
  if (a->dtype != TF_VARIANT) {
    TRY(tensor_copy(out, a, st));
    element_sum_add(a->dtype, out->data, b->data, tensor_count(a));
    return TF_OK;
  }
  TRY(tensor_alloc(out, TF_VARIANT, a->dims, a->rank, st));
  TF_Code code = TF_OK;
  for (int64_t i = 0, n = tensor_count(a); !code && i < n; i++)
    code = sum_of_objects(((Object **)a->data)[i], ((Object **)b->data)[i], env, (Object **)out->data + i,
                          st);
  if (code) tensor_clear(out);
  return code;
}

TF_Code variant_zeros_like(const Tensor *in, Tensor *out, TF_Status *st) { return zeros_of(in, out, st); }

TF_Code variant_add(const Tensor *a, const Tensor *b, const StepEnv *env, Tensor *out, TF_Status *st) {
  return sum_of(a, b, env, out, st);
}
