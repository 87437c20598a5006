/* A thread that looks for versions in the file system and tells the manager what is wanted. */
#ifndef SM_SERVING_MODEL_SOURCE_H_
#define SM_SERVING_MODEL_SOURCE_H_

#include "serving/model_config.h"
#include "serving/model_manager.h"

typedef struct ModelSource ModelSource;

/* Looks every `poll_seconds` (0: once, negative: never). A model whose directory cannot be read keeps
 * what it has and does not hold up the others. `models` must outlive the source. */
ModelSource *model_source_start(ModelManager *manager, const ModelConfig *models, size_t count,
                                int poll_seconds, TF_Status *st);
/* Stops the thread; null is allowed. */
void model_source_stop(ModelSource *source);

#endif
