/* Stacks: what a loop of TensorFlow 1 keeps for its gradients. They end with the step (ops/step_object.h). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/step_object.h"
#include "ops/tensor_array.h"

typedef struct Stack {
  Object object;
  pthread_mutex_t lock;
  char *name; /* "s_7", in messages */
  TF_DataType dtype;
  int64_t max_size; /* -1: any */
  bool closed;
  Tensor *items;
  size_t size, cap;
  MemoryCharge charge; /* of the items' places */
} Stack;

static void drop_items(Stack *s) {
  for (size_t i = 0; i < s->size; i++) tensor_clear(&s->items[i]);
  free(s->items);
  memory_charge_clear(&s->charge);
  s->items = NULL;
  s->size = s->cap = 0;
}

static void stack_destroy(Object *o) {
  Stack *s = (Stack *)o;
  drop_items(s);
  pthread_mutex_destroy(&s->lock);
  free(s->name);
  free(s);
}

const ObjectType stack_type = {"N10tensorflow5StackE", stack_destroy};

static TF_Code stack_of(const OpCtx *c, Stack **out, TF_Status *st) {
  Object *o;
  TRY(step_object_get(c, &stack_type, &o, st));
  *out = (Stack *)o;
  return TF_OK;
}

/* ---- making one ---- */

typedef struct StackState {
  TF_DataType dtype;
  const char *name;
} StackState;

static _Atomic int64_t next_number;

static TF_Code stack_init(OpInit *k, TF_Status *st) {
  StackState *s = k->state;
  Span name;
  TRY(node_attr_type(k->node, "elem_type", &s->dtype, st));
  TRY(node_attr_string(k->node, "stack_name", &name, st));
  s->name = name.size ? arena_strndup(k->arena, name.data, name.size)
                      : arena_strndup(k->arena, k->name, strlen(k->name));
  return s->name ? TF_OK : fail_oom(st, "a stack");
}

static TF_Code stack_run(OpCtx *c, TF_Status *st) {
  const StackState *state = c->state;
  const Tensor *most = c->num_inputs ? op_input(c, 0) : NULL; /* the oldest has no limit */
  char text[SHAPE_TEXT_MAX];
  if (most && most->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Stack size must be a scalar, but had shape: %s",
                shape_text(most->dims, most->rank, text, sizeof text));
  Stack *s = calloc(1, sizeof *s);
  size_t length = strlen(state->name) + 24;
  if (!s) return fail_oom(st, "a stack");
  object_init(&s->object, &stack_type);
  pthread_mutex_init(&s->lock, NULL);
  s->dtype = state->dtype;
  s->max_size = most && *(const int32_t *)most->data >= 0 ? *(const int32_t *)most->data : -1;
  s->name = malloc(length);
  if (!s->name) return object_unref(s), fail_oom(st, "a stack");
  snprintf(s->name, length, "%s_%lld", state->name,
           (long long)atomic_fetch_add_explicit(&next_number, 1, memory_order_relaxed));
  return step_object_put(c, &s->object, "_stacks", s->name, st);
}

/* ---- Push, Pop, Close ---- */

static TF_Code check_open(const Stack *s, TF_Status *st) {
  return s->closed ? fail(st, TF_INVALID_ARGUMENT, "Stack[%s] has already been closed.", s->name) : TF_OK;
}

static TF_Code locked_push(Stack *s, Tensor *value, const StepEnv *env, TF_Status *st) {
  TRY(check_open(s, st));
  TRY(tensor_check_storable(value, st));
  if (s->max_size >= 0 && s->size >= (size_t)s->max_size)
    return fail(st, TF_INVALID_ARGUMENT, "Stack[%s] overflowed its max_size (%lld)", s->name,
                (long long)s->max_size);
  if (s->size == s->cap) {
    size_t want = s->cap ? 2 * s->cap : 8;
    bool fits = memory_charge_more(&s->charge, env ? env->memory : NULL, (want - s->cap) * sizeof *s->items);
    Tensor *grown = fits ? realloc(s->items, want * sizeof *grown) : NULL;
    if (!grown) return fail_oom(st, "a stack");
    s->items = grown;
    s->cap = want;
  }
  tensor_move(&s->items[s->size++], value);
  return TF_OK;
}

static TF_Code push_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *value = op_input(c, 1);
  return op_output_alias(c, 0, 1, value->dims, value->rank, st);
}

static TF_Code push_run(OpCtx *c, TF_Status *st) {
  Stack *s;
  Tensor value = {0};
  TRY(stack_of(c, &s, st));
  if (op_input(c, 1)->dtype != s->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Must have type %d but got %d", (int)s->dtype,
                (int)op_input(c, 1)->dtype);
  TRY(op_keep_input(c, 1, &value, st));
  pthread_mutex_lock(&s->lock);
  TF_Code code = locked_push(s, &value, c->env, st);
  pthread_mutex_unlock(&s->lock);
  tensor_clear(&value);
  return code;
}

static TF_Code locked_pop(Stack *s, Tensor *value, TF_Status *st) {
  TRY(check_open(s, st));
  if (!s->size) return fail(st, TF_INVALID_ARGUMENT, "Stack[%s] is empty when calling Pop().", s->name);
  tensor_move(value, &s->items[--s->size]);
  return TF_OK;
}

static TF_Code pop_run(OpCtx *c, TF_Status *st) {
  Stack *s;
  Tensor value = {0};
  TRY(stack_of(c, &s, st));
  pthread_mutex_lock(&s->lock);
  TF_Code code = locked_pop(s, &value, st);
  pthread_mutex_unlock(&s->lock);
  if (code) return code;
  if (value.dtype != c->node->output_types[0]) {
    code = fail(st, TF_INTERNAL,
                "Output 0 of type %s does not match declared output type %s for node {{node %s}}",
                dtype_name(value.dtype), dtype_name(c->node->output_types[0]), c->node->name);
    tensor_clear(&value);
    return code;
  }
  op_take_output(c, 0, &value);
  return TF_OK;
}

static TF_Code close_run(OpCtx *c, TF_Status *st) {
  Stack *s;
  TRY(stack_of(c, &s, st));
  pthread_mutex_lock(&s->lock);
  drop_items(s);
  s->closed = true;
  pthread_mutex_unlock(&s->lock);
  return TF_OK;
}

/* ---- shapes: TF says [2] of every handle, also of a resource ---- */

static TF_Code stack_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = shape_vector(2);
  return TF_OK;
}

static TF_Code push_shape(ShapeCtx *c, TF_Status *st) {
  (void)st;
  c->outputs[0] = *c->inputs[1];
  return TF_OK;
}

#define ALL(V)                                                                                             \
  {"Stack" V,                                                                                              \
   .flags = OP_STATEFUL,                                                                                   \
   .state_size = sizeof(StackState),                                                                       \
   .shape = stack_shape,                                                                                   \
   .init = stack_init,                                                                                     \
   .prepare = step_object_prepare,                                                                         \
   .run = stack_run},                                                                                      \
      {"StackPush" V, .flags = OP_STATEFUL | OP_KEEPS, .shape = push_shape, .prepare = push_prepare,       \
       .run = push_run},                                                                                   \
      {"StackPop" V, .flags = OP_STATEFUL | OP_DYNAMIC, .shape = shape_unknown_outputs, .run = pop_run}, { \
    "StackClose" V, .flags = OP_STATEFUL, .shape = shape_none, .run = close_run                            \
  }

const OpRow ops_stack_ops[] = {ALL("V2"), ALL(""), {0}};
