/* Finds the versions of a model in the file system: numbered directories below its base path. */
#ifndef SM_SERVING_VERSION_SOURCE_H_
#define SM_SERVING_VERSION_SOURCE_H_

#include "base/arena.h"
#include "serving/model_config.h"
#include "serving/version_state.h"

/* The number that a directory's whole name stands for: decimal, with sign and zeros in front allowed. */
bool version_number_of(const char *name, int64_t *number);

/* Applies a policy to the names found in `base_path` (in any order): the wanted versions, highest first,
 * in the arena. Logs what is odd, in TensorFlow Serving's words. False: out of memory. */
bool version_select(const ModelConfig *model, const char *const *names, size_t name_count, Arena *arena,
                    AspiredVersion **out, size_t *count);

/* Reads the directory and selects. TF_NOT_FOUND when the base path is not there: nothing may then be
 * unloaded because of it. */
TF_Code version_source_poll(const ModelConfig *model, Arena *arena, AspiredVersion **out, size_t *count,
                            TF_Status *st);

#endif
