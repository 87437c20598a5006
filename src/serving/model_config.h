/* Which models to serve: from --model_name and --model_base_path, or a text ModelServerConfig. */
#ifndef SM_SERVING_MODEL_CONFIG_H_
#define SM_SERVING_MODEL_CONFIG_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum VersionPolicyKind { POLICY_LATEST, POLICY_ALL, POLICY_SPECIFIC } VersionPolicyKind;

typedef struct VersionPolicy {
  VersionPolicyKind kind;
  uint32_t latest_count;   /* POLICY_LATEST; at least 1 */
  const int64_t *versions; /* POLICY_SPECIFIC */
  size_t version_count;
} VersionPolicy;

typedef struct VersionLabel {
  const char *label;
  int64_t version;
} VersionLabel;

typedef struct ModelConfig {
  const char *name, *base_path;
  VersionPolicy policy;
  const VersionLabel *labels;
  size_t label_count;
} ModelConfig;

typedef struct ModelConfigList {
  Arena arena; /* holds all of it */
  ModelConfig *models;
  size_t count;
} ModelConfigList;

/* One model with the latest version. */
TF_Code model_config_single(const char *name, const char *base_path, ModelConfigList *out, TF_Status *st);
/* Reads and validates a text file, with TensorFlow Serving's errors. */
TF_Code model_config_read(const char *path, ModelConfigList *out, TF_Status *st);
void model_config_clear(ModelConfigList *list);

#endif
