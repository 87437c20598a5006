/* Loading the model and finding the signature that a command is about, with errors that say what there is. */
#ifndef SM_CLI_OPEN_MODEL_H_
#define SM_CLI_OPEN_MODEL_H_

#include "serving/bundle.h"
#include "wire/saved_model_file.h"

typedef struct ModelWords {
  const char *dir;       /* of the SavedModel */
  const char *tags;      /* joined by commas */
  const char *signature; /* null: serving_default, or the only one that there is */
  int64_t threads;       /* 0: one a core */
} ModelWords;

/* saved_model_read; an error names the versions where `dir` holds some. */
TF_Code model_read(const char *dir, Arena *arena, Tensorflow__SavedModel **model, TF_Status *st);
/* The MetaGraphDef of the tags; an error names those that there are. */
TF_Code model_find_tags(const Tensorflow__SavedModel *model, const char *tags,
                        const Tensorflow__MetaGraphDef **meta, TF_Status *st);
/* Loads it. The bundle is freed by the caller, also after an error (null: nothing was loaded). Errors are as
 * above, and name the signatures that there are. */
TF_Code model_open(const ModelWords *words, Bundle **bundle, const Signature **signature, TF_Status *st);

#endif
