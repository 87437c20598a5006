/* Variables: tf.compat.v1.get_variable and what belongs to it.
 *
 * The nodes are those that TensorFlow's Python makes. A variable "v" of the reference kind is
 *   v/Initializer/...  v (VariableV2)  v/Assign  v/read (Identity)
 * and of the resource kind
 *   v/Initializer/...  v (VarHandleOp)  v/IsInitialized/VarIsInitializedOp  v/Assign (AssignVariableOp)
 *   v/Read/ReadVariableOp
 * and its VariableDef stands in the collections "variables" and "trainable_variables", so that Python's
 * import_meta_graph finds it again. */
#ifndef SAVEDMODEL_SM_VARIABLE_H_
#define SAVEDMODEL_SM_VARIABLE_H_

#include "savedmodel/sm_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SM_Variable SM_Variable;

/* How a variable gets its first value. Made by the functions below. */
typedef struct SM_Initializer {
  enum {
    SM_INIT_DEFAULT = 0, /* glorot_uniform for floating types, zeros for integers and bool */
    SM_INIT_ZEROS,
    SM_INIT_ONES,
    SM_INIT_CONSTANT,
    SM_INIT_UNIFORM,
    SM_INIT_NORMAL,
    SM_INIT_TRUNCATED_NORMAL,
    SM_INIT_GLOROT_UNIFORM,
    SM_INIT_GLOROT_NORMAL,
    SM_INIT_VALUE,
    SM_INIT_OUTPUT,
  } kind;
  double a, b; /* value; least and greatest; mean and standard deviation */
  bool has_seed;
  int64_t seed;
  TF_Tensor *value;
  TF_Output output;
} SM_Initializer;

#define SM_DEFAULT_INITIALIZER ((SM_Initializer){.kind = SM_INIT_DEFAULT})
TF_CAPI_EXPORT extern SM_Initializer SM_Zeros(void);
TF_CAPI_EXPORT extern SM_Initializer SM_Ones(void);
TF_CAPI_EXPORT extern SM_Initializer SM_ConstantInitializer(double value);
/* Uniform in [min, max). */
TF_CAPI_EXPORT extern SM_Initializer SM_RandomUniform(double min, double max);
TF_CAPI_EXPORT extern SM_Initializer SM_RandomNormal(double mean, double stddev);
/* Normal, drawn again when further than two standard deviations from the mean. */
TF_CAPI_EXPORT extern SM_Initializer SM_TruncatedNormal(double mean, double stddev);
TF_CAPI_EXPORT extern SM_Initializer SM_GlorotUniform(void);
TF_CAPI_EXPORT extern SM_Initializer SM_GlorotNormal(void);
/* This very tensor, which gives dtype and shape; consumed by SM_GetVariable, also when that fails. */
TF_CAPI_EXPORT extern SM_Initializer SM_InitialValue(TF_Tensor *value);
/* What the graph computes, such as another variable's initial value. Its shape must be fully known. */
TF_CAPI_EXPORT extern SM_Initializer SM_InitialOutput(TF_Output output);
/* The same initializer with an op seed. */
TF_CAPI_EXPORT extern SM_Initializer SM_WithSeed(SM_Initializer initializer, int64_t seed);

/* All zero (or a null pointer): float32, trainable, of the reference kind, in "variables". */
typedef struct SM_VariableOptions {
  TF_DataType dtype; /* 0 is TF_FLOAT, or the initial value's type */
  bool untrainable;
  bool use_resource;
  /* Collections instead of "variables"; ends with null. Trainable ones always enter "trainable_variables". */
  const char *const *collections;
} SM_VariableOptions;

/* tf.compat.v1.get_variable(NAME, SHAPE, initializer=...): the variable SCOPE/NAME of the current variable
 * scope, new or reused as that scope says. For SM_InitialValue and SM_InitialOutput give SM_UNKNOWN_SHAPE. */
TF_CAPI_EXPORT extern SM_Variable *SM_GetVariable(SM_Graph *g, const char *name, SM_Shape shape,
                                                  SM_Initializer initializer,
                                                  const SM_VariableOptions *options);
/* The same cut into `num_parts` variables NAME/part_0, ... along `axis` (get_variable with
 * fixed_size_partitioner); savers store the pieces as slices of one tensor NAME, so a checkpoint can be read
 * with other cuts or none. Fills parts[0..num_parts); returns num_parts, or 0 on errors (an initial value or
 * output, an axis shorter than num_parts). */
TF_CAPI_EXPORT extern int SM_GetPartitionedVariable(SM_Graph *g, const char *name, SM_Shape shape,
                                                    SM_Initializer initializer,
                                                    const SM_VariableOptions *options, int axis,
                                                    int num_parts, SM_Variable **parts);
/* The variable of that full name ("scope/v"), or null (no error). */
TF_CAPI_EXPORT extern SM_Variable *SM_FindVariable(SM_Graph *g, const char *name);
/* The number of variables in a collection, and each of them in the order of creation. */
TF_CAPI_EXPORT extern int SM_NumVariables(const SM_Graph *g, const char *collection);
TF_CAPI_EXPORT extern SM_Variable *SM_VariableAt(const SM_Graph *g, const char *collection, int index);

TF_CAPI_EXPORT extern const char *SM_VariableName(const SM_Variable *v);
TF_CAPI_EXPORT extern TF_DataType SM_VariableType(const SM_Variable *v);
TF_CAPI_EXPORT extern SM_Shape SM_VariableShape(const SM_Variable *v);
TF_CAPI_EXPORT extern bool SM_VariableIsResource(const SM_Variable *v);
TF_CAPI_EXPORT extern bool SM_VariableIsTrainable(const SM_Variable *v);
/* The reference or the handle. */
TF_CAPI_EXPORT extern TF_Output SM_VariableHandle(const SM_Variable *v);
/* The value as an input of other operations: `v + 1` is SM_AddScalar(g, SM_Value(v), 1). For a resource each
 * call makes a new ReadVariableOp, which sees what the current control dependencies have done. */
TF_CAPI_EXPORT extern TF_Output SM_Value(SM_Variable *v);
/* The operation that gives this variable its first value (v.initializer). */
TF_CAPI_EXPORT extern TF_Operation *SM_VariableInitializer(const SM_Variable *v);

/* v.assign, v.assign_add, v.assign_sub. The output is the new value; its operation, run as a target,
 * changes the variable. */
TF_CAPI_EXPORT extern TF_Output SM_Assign(SM_Variable *v, TF_Output value);
TF_CAPI_EXPORT extern TF_Output SM_AssignAdd(SM_Variable *v, TF_Output delta);
TF_CAPI_EXPORT extern TF_Output SM_AssignSub(SM_Variable *v, TF_Output delta);
/* A bool scalar: has the variable a value in the session that asks? */
TF_CAPI_EXPORT extern TF_Output SM_IsInitialized(SM_Variable *v);

/* tf.compat.v1.global_variables_initializer: NoOp "init" over the collection "variables". */
TF_CAPI_EXPORT extern TF_Operation *SM_GlobalVariablesInitializer(SM_Graph *g);
/* The same for "local_variables". */
TF_CAPI_EXPORT extern TF_Operation *SM_LocalVariablesInitializer(SM_Graph *g);
/* The same for some variables, under a name of your own (null is "init"). */
TF_CAPI_EXPORT extern TF_Operation *SM_VariablesInitializer(SM_Graph *g, SM_Variable *const *variables,
                                                            int num_variables, const char *name);

#ifdef __cplusplus
}
#endif
#endif
