/* Whether a MetaGraphDef can be run here, told before it is: which nodes that its signatures and its loading
 * reach have no kernel, and why. */
#ifndef SM_CLI_CHECK_MODEL_H_
#define SM_CLI_CHECK_MODEL_H_

#include "wire/saved_model_file.h"

/* Prints a line a node that cannot be run, below the signature that reaches it, and a line a signature.
 * *missing is how many nodes there are in all. The error is that of a graph that cannot be imported. */
TF_Code check_meta_graph(const Tensorflow__MetaGraphDef *meta, int *missing, TF_Status *st);

#endif
