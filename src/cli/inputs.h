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

/* Where the values come from, as options of a command say; null: not given. */
typedef struct InputWords {
  const char *golden, *files, *exprs, *examples, *shapes;
} InputWords;

TF_Code inputs_init(Inputs *in, const Signature *signature, TF_Status *st);
void inputs_clear(Inputs *in);

/* Each takes "KEY=...;KEY=..." and replaces what a key had before. Errors name the key.
 *   files      KEY=FILE.npy, KEY=FILE.npz (of one member) or KEY=FILE.npz[MEMBER]
 *   exprs      KEY=JSON, as the "inputs" of a REST request: [[1, 2]], "text", {"b64": "..."}
 *   examples   KEY=[{"feature": [1.0], ...}, ...]: serialized tf.Examples */
TF_Code inputs_add_files(Inputs *in, const char *text, TF_Status *st);
TF_Code inputs_add_exprs(Inputs *in, const char *text, TF_Status *st);
TF_Code inputs_add_examples(Inputs *in, const char *text, TF_Status *st);
/* The inputs of a serialized PredictRequest. */
TF_Code inputs_add_request(Inputs *in, Span request, TF_Status *st);
/* Zeros (empty strings) for each input that has no value and no default, in the shape that the graph says,
 * dims that it does not know being 1. `shapes` ("KEY:1,224,224,3;KEY:" of a scalar; may be null) says it for
 * some. */
TF_Code inputs_fill(Inputs *in, TF_Graph *graph, const char *shapes, TF_Status *st);
/* Golden, files, expressions and examples, each over what was there; then, where the graph is given,
 * zeros. */
TF_Code inputs_read(Inputs *in, const InputWords *words, TF_Graph *graph, TF_Status *st);

#endif
