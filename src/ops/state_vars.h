/* Variables as kernels see them: behind a ref input or behind a resource handle. */
#ifndef SM_OPS_STATE_VARS_H_
#define SM_OPS_STATE_VARS_H_

#include "ops/array_arith.h"
#include "ops/op.h"

/* The state of ops that name a variable: VariableV2, Variable, VarHandleOp. */
typedef struct NamedVariable {
  Variable *variable;
} NamedVariable;

/* The variable that a kernel names, the same in each run; null when the op names none. Borrowed. */
Variable *state_named_variable(const OpRow *row, const void *state);

/* container and shared_name of a node (the node's name when that is empty), NUL-terminated in the plan's
 * arena. TF_INVALID_ARGUMENT for names with a NUL inside. */
TF_Code state_names(OpInit *k, const char **container, const char **name, TF_Status *st);

/* The variable of input i, ref or resource; borrowed. */
TF_Code state_variable(const OpCtx *c, int i, Variable **out, TF_Status *st);
/* Locks the variable of input i for a change in place (variable_unlock ends it): initialised, of dtype
 * `dtype`. Null on failure. */
Tensor *state_lock(const OpCtx *c, int i, TF_DataType dtype, Variable **v, TF_Status *st);
/* What TensorFlow says of a resource variable without value, but for ReadVariableOp: TF_NOT_FOUND. */
TF_Code state_fail_missing(const Variable *v, TF_Status *st);
/* The value of a resource variable as a new reference; its dtype checked. */
TF_Code state_read(const OpCtx *c, int i, TF_DataType dtype, Tensor *out, TF_Status *st);
/* Locks several variables at once, in an order that cannot deadlock; on success values[k] is what input
 * inputs[k] holds. TF_INVALID_ARGUMENT when one comes twice. */
TF_Code state_lock_all(const OpCtx *c, const int *inputs, int count, TF_DataType dtype, Variable **vs,
                       Tensor **values, TF_Status *st);
void state_unlock_all(Variable **vs, int count);
/* Hands a ref input on as output 0, if there is one. */
void state_forward(OpCtx *c);

/* The shape that the handle in input i was made for (VarHandleOp's attr, seen through the graph), or
 * unknown. */
Shape state_handle_shape(const Node *node, int i);

/* Kernels that ref and resource variables share: input 0 is the variable; a ref goes on as output 0. */
TF_Code state_is_initialized(OpCtx *c, TF_Status *st);
/* The variable changes by input 1, of the same shape. */
TF_Code state_update(OpCtx *c, ArithKind kind, TF_Status *st);
/* Inputs 1 to 4: begin, end, strides, value. */
TF_Code state_strided_assign(OpCtx *c, TF_Status *st);
/* The variable, an integer scalar, counts up to attr `limit`; output 0 is what it was. */
TF_Code state_count_up(OpCtx *c, TF_Status *st);

#endif
