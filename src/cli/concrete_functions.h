/* The "Concrete Functions:" part of `show --all`: the functions of an object-based (TensorFlow 2)
 * SavedModel. */
#ifndef SM_CLI_CONCRETE_FUNCTIONS_H_
#define SM_CLI_CONCRETE_FUNCTIONS_H_

#include "base/bytes.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"

/* Appends the functions that are children of the root object, by name, each with the arguments of its traces,
 * as saved_model_cli prints them; nothing for a model without an object graph or with several MetaGraphDefs.
 * Where saved_model_cli has the order of a hash table (dicts, named arguments), keys come sorted. A function
 * with an argument that has no plain form here (a ragged or other composite spec, a tensor) is left out
 * whole. */
void concrete_functions_print(const Tensorflow__SavedModel *model, Bytes *out);

#endif
