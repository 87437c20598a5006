/* The objects that a case's resource, variant and ref inputs stand for. */
#ifndef SM_FUZZ_OPS_OBJECTS_H_
#define SM_FUZZ_OPS_OBJECTS_H_

#include "ops_input.h"

enum { OBJECT_NONE, OBJECT_VARIABLE, OBJECT_TABLE, OBJECT_ARRAY, OBJECT_STACK, OBJECT_KINDS };
enum { VALUE_NONE, VALUE_LIST, VALUE_OPTIONAL, VALUE_NESTED, VALUE_KINDS };

/* The name under which a step finds a tensor array and a stack, and a session a table. */
#define OBJECT_NAME "a"

/* Makes the tensor `out` of an input: objects in all its elements. */
TF_Code case_input_make(const OpInput *in, const CaseTensor *t, StepEnv *env, Tensor *out, TF_Status *st);
/* The variable behind a ref input; one reference. */
TF_Code case_ref_make(const OpInput *in, const CaseTensor *t, Variable **out, TF_Status *st);
/* Puts objects into the step's and the session's resources for inputs that are names. */
TF_Code case_named_objects(const OpInput *in, StepEnv *env, TF_Status *st);

#endif
