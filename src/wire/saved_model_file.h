/* Finding and reading saved_model.pb or saved_model.pbtxt, and picking a MetaGraphDef by tags. */
#ifndef SM_WIRE_SAVED_MODEL_FILE_H_
#define SM_WIRE_SAVED_MODEL_FILE_H_

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"

/* Reads DIR/saved_model.pb, or DIR/saved_model.pbtxt when there is no .pb. The message is in the arena.
 * Errors in TensorFlow's words: NOT_FOUND "Could not find SavedModel .pb or .pbtxt at supplied export
 * directory path: DIR. ..."; DATA_LOSS "Can't parse FILE as binary proto"; INVALID_ARGUMENT for text. */
TF_Code saved_model_read(const char *dir, Arena *arena, Tensorflow__SavedModel **out, TF_Status *st);

/* The first MetaGraphDef whose tags are the given ones as a set. NOT_FOUND in TensorFlow's words. */
TF_Code saved_model_find_meta_graph(const Tensorflow__SavedModel *model, const char *const *tags,
                                    int num_tags, const Tensorflow__MetaGraphDef **out, TF_Status *st);

/* The signature of that key, or null. */
const Tensorflow__SignatureDef *saved_model_signature(const Tensorflow__MetaGraphDef *meta, const char *key);

#endif
