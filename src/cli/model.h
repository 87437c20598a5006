/* A SavedModel loaded for the commands run, replay and bench: session, signatures, tensor names. */
#ifndef SM_CLI_MODEL_H_
#define SM_CLI_MODEL_H_

#include "base/arena.h"
#include "cli/tags.h"
#include "tensorflow/c/c_api.h"
#include "wire/saved_model_file.h"

typedef struct Model {
  TF_Graph *graph;
  TF_Session *session;
  Tensorflow__MetaGraphDef *meta; /* in the arena */
  Arena arena;
} Model;

/* Loads the MetaGraphDef with these tags; `threads` 0 leaves the choice to the runtime. A failed model is cleared. */
TF_Code model_load(Model *m, const char *dir, const TagList *tags, int threads, TF_Status *st);
void model_clear(Model *m);

/* Where a TensorInfo's tensor is in the graph. Sparse and composite ones are TF_UNIMPLEMENTED. */
TF_Code model_tensor(const Model *m, const Tensorflow__TensorInfo *info, TF_Output *out, TF_Status *st);
/* The signature's TensorInfo of that input alias, or null. */
const Tensorflow__TensorInfo *signature_input(const Tensorflow__SignatureDef *signature, const char *alias);

#endif
