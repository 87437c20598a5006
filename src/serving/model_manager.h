/* The models being served: loads and unloads versions as the wanted set says (version_state.h), and
 * hands out references to loaded ones. A version is unloaded when its last reference goes.
 *
 * A thread of its own carries the state machines on; loads run in threads beside it. */
#ifndef SM_SERVING_MODEL_MANAGER_H_
#define SM_SERVING_MODEL_MANAGER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "serving/model_config.h"
#include "serving/version_state.h"

typedef struct ModelManager ModelManager;
typedef struct ModelVersion ModelVersion;

/* How versions come and go; a test puts its own here. Called from several threads. */
typedef struct ModelLoader {
  /* What is loaded from `path`; null with `st` set. */
  void *(*load)(void *arg, const char *model, int64_t version, const char *path, TF_Status *st);
  void (*unload)(void *arg, void *loaded);
  void *arg;
} ModelLoader;

typedef struct ManagerOptions {
  VersionRetry retry;
  int load_threads; /* loads at the same time; at least 1 */
} ManagerOptions;

ModelManager *manager_new(const ManagerOptions *options, const ModelLoader *loader, TF_Status *st);
/* Unloads everything and waits for it. No reference may be held any more. */
void manager_free(ModelManager *manager);

/* The whole wanted set of one model. */
TF_Code manager_aspire(ModelManager *manager, const char *model, const AspiredVersion *versions, size_t count,
                       TF_Status *st);
/* Replaces the labels of a model (copied). Without `allow_unavailable` each must name an available
 * version, or be what it was. */
TF_Code manager_set_labels(ModelManager *manager, const char *model, const VersionLabel *labels, size_t count,
                           bool allow_unavailable, TF_Status *st);
/* From now on at most `threads` loads at a time. */
void manager_set_load_threads(ModelManager *manager, int threads);

/* Waits until each of the models is up or has failed for good: the highest version that is available
 * or ended decides. TF_UNKNOWN "<n> servable(s) did not become available: ...", TF_CANCELLED after
 * manager_cancel_wait(). */
TF_Code manager_wait_ready(ModelManager *manager, const ModelConfig *models, size_t count, TF_Status *st);
void manager_cancel_wait(ModelManager *manager);

typedef enum VersionChoice { CHOOSE_LATEST, CHOOSE_VERSION, CHOOSE_LABEL } VersionChoice;
typedef struct ModelSpec {
  Span name;
  VersionChoice choice;
  int64_t version;
  Span label;
  Span signature_name;
} ModelSpec;

/* A reference to an available version; null with `st` set. Any thread; does not block. */
ModelVersion *manager_acquire(ModelManager *manager, const ModelSpec *spec, TF_Status *st);
void manager_release(ModelVersion *version);
/* What the loader returned. */
void *model_version_loaded(const ModelVersion *version);
int64_t model_version_number(const ModelVersion *version);

typedef struct VersionStatus {
  int64_t number;
  VersionState state;
  TF_Code code;
  char *message; /* in the arena */
} VersionStatus;

/* All versions known of a model, highest first, or with `version` that one. Zero when there is none.
 * False: out of memory. */
bool manager_status(ModelManager *manager, Span model, const int64_t *version, Arena *arena,
                    VersionStatus **out, size_t *count);

#endif
