/* Tensors for a signature's inputs from the words of a command line. */
#ifndef SM_CLI_INPUTS_H_
#define SM_CLI_INPUTS_H_

#include "serving/bundle.h"

/* One fed tensor an input of the signature, in its order; null: not given. */
typedef struct Inputs {
  const Signature *signature;
  TF_Tensor **values;
  Arena arena;
} Inputs;

TF_Code inputs_init(Inputs *in, const Signature *signature, TF_Status *st);
void inputs_clear(Inputs *in);

/* Each takes "KEY=...;KEY=..." and replaces what a key had before. Errors name the key.
 *   files      KEY=FILE.npy, KEY=FILE.npz (of one member) or KEY=FILE.npz[MEMBER]
 *   exprs      KEY=JSON, as the "inputs" of a REST request: [[1, 2]], "text", {"b64": "..."}
 *   examples   KEY=[{"feature": [1.0], ...}, ...]: serialized tf.Examples */
TF_Code inputs_add_files(Inputs *in, const char *text, TF_Status *st);
TF_Code inputs_add_exprs(Inputs *in, const char *text, TF_Status *st);
TF_Code inputs_add_examples(Inputs *in, const char *text, TF_Status *st);

#endif
