/* The life of a model's versions, as a state machine without clock, files or threads.
 *
 *   START -> LOADING -> AVAILABLE -> UNLOADING -> END
 *                \________________________________/  a load that failed for good: END with its error
 *
 * The wanted versions ("aspired") come from outside; version_next_action() says what to do, one step
 * at a time, keeping the model available: a new version is loaded beside the old one, which goes only
 * when the new one serves. The caller does it and reports back. Ended versions stay listed. */
#ifndef SM_SERVING_VERSION_STATE_H_
#define SM_SERVING_VERSION_STATE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/tf_status.h"

/* As in tensorflow.serving.ModelVersionStatus.State. */
typedef enum VersionState {
  VERSION_START = 10,
  VERSION_LOADING = 20,
  VERSION_AVAILABLE = 30,
  VERSION_UNLOADING = 40,
  VERSION_END = 50,
} VersionState;

/* "AVAILABLE" and so on. */
const char *version_state_name(VersionState state);

typedef struct VersionEntry {
  int64_t number;
  VersionState state;
  bool aspired;
  char *path;
  /* A load under way. */
  int failures;
  bool loading_now; /* a thread is at it; else it waits for retry_at_ms */
  int64_t retry_at_ms;
  /* END: the error, or TF_OK. */
  TF_Code code;
  char *message;
  void *payload; /* the caller's, for AVAILABLE and UNLOADING */
} VersionEntry;

typedef struct VersionList {
  VersionEntry *entries; /* highest number first */
  size_t count, capacity;
} VersionList;

typedef struct AspiredVersion {
  int64_t number;
  const char *path;
} AspiredVersion;

typedef enum VersionActionKind { VERSION_NOTHING, VERSION_LOAD, VERSION_UNLOAD } VersionActionKind;
typedef struct VersionAction {
  VersionActionKind kind;
  VersionEntry *entry; /* valid until the list changes */
} VersionAction;

typedef struct VersionRetry {
  int max_retries;     /* after the first failure */
  int64_t interval_ms; /* <= 0: at once */
} VersionRetry;

/* Sets the whole wanted set. New numbers are added; one that ended and is wanted anew starts again (a
 * failed one only after it was not wanted for a while); one that never started and is not wanted is
 * dropped. False when memory is out: nothing has changed for the versions not reached. */
bool version_list_aspire(VersionList *list, const AspiredVersion *aspired, size_t count);
/* What to do now. VERSION_LOAD also for a retry that is due. */
VersionAction version_next_action(const VersionList *list, int64_t now_ms);
/* When version_next_action() will say something else just by time passing; INT64_MAX: never. */
int64_t version_next_time(const VersionList *list);

/* Reports, by the number of the version. */
void version_load_started(VersionList *list, int64_t number);
void version_load_done(VersionList *list, int64_t number, void *payload);
/* True: it will be tried again. */
bool version_load_failed(VersionList *list, int64_t number, TF_Code code, const char *message,
                         const VersionRetry *retry, int64_t now_ms);
void version_unload_started(VersionList *list, int64_t number);
void version_unload_done(VersionList *list, int64_t number);

VersionEntry *version_find(const VersionList *list, int64_t number);
/* The highest AVAILABLE one, or null. */
VersionEntry *version_latest(const VersionList *list);
/* Whether nothing is loaded, loading or wanted any more. */
bool version_list_idle(const VersionList *list);
void version_list_clear(VersionList *list);

#endif
