/* One lock guards everything here; it is held for look-ups and bookkeeping only, never while a model
 * loads or unloads. The counts of references are atomic, so giving one back takes no lock, except for
 * the last. */
#include "serving/model_manager.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"

struct ModelVersion {
  ModelManager *manager;
  struct Model *model;
  void *loaded;
  int64_t number;
  atomic_int refs;    /* the manager's own, until it unloads, and one a request */
  ModelVersion *next; /* in ModelManager.unused */
};

typedef struct Model {
  char *name;
  VersionList versions;
  VersionLabel *labels; /* owned, with their texts */
  size_t label_count;
} Model;

struct ModelManager {
  ManagerOptions options;
  ModelLoader loader;
  pthread_mutex_t lock;
  pthread_cond_t changed; /* any state, or a task for the thread */
  pthread_t thread;
  Map models;           /* name -> Model; models stay for their statuses */
  ModelVersion *unused; /* given up by their last user; to be unloaded */
  int loads;            /* threads at it */
  bool stopping, wait_cancelled;
};

#define SERVABLE "{name: %s version: %" PRId64 "}"

/* ---- loading ---- */

typedef struct LoadJob {
  ModelManager *manager;
  Model *model;
  int64_t number;
  char *path;
} LoadJob;

static void load_failed(ModelManager *manager, Model *model, int64_t number, const TF_Status *st) {
  const VersionRetry *retry = &manager->options.retry;
  VersionRetry none = {0, 0};
  log_error("Loading servable: " SERVABLE " failed: %s: %s", model->name, number,
            status_code_name(TF_GetCode(st)), TF_Message(st));
  bool again = version_load_failed(&model->versions, number, TF_GetCode(st), TF_Message(st),
                                   manager->stopping ? &none : retry, clock_now_ms());
  int failures = version_find(&model->versions, number)->failures;
  if (again) log_info("Retrying of Loading servable: " SERVABLE " retry: %d", model->name, number, failures);
  else
    log_error("Loading servable: " SERVABLE " exhausted max_num_retries: %d", model->name, number,
              retry->max_retries);
}

static void *load_main(void *arg) {
  LoadJob *job = arg;
  ModelManager *manager = job->manager;
  TF_Status *st = TF_NewStatus();
  ModelVersion *version = calloc(1, sizeof *version);
  void *loaded = NULL;
  if (st && version)
    loaded = manager->loader.load(manager->loader.arg, job->model->name, job->number, job->path, st);
  else if (st) fail_oom(st, job->path);
  pthread_mutex_lock(&manager->lock);
  if (loaded) {
    *version =
        (ModelVersion){.manager = manager, .model = job->model, .loaded = loaded, .number = job->number};
    atomic_init(&version->refs, 1);
    version_load_done(&job->model->versions, job->number, version);
    log_info("Successfully loaded servable version " SERVABLE, job->model->name, job->number);
  } else if (st) {
    load_failed(manager, job->model, job->number, st);
  } else {
    version_load_failed(&job->model->versions, job->number, TF_RESOURCE_EXHAUSTED, "out of memory",
                        &(VersionRetry){0, 0}, 0);
  }
  manager->loads--;
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
  if (!loaded) free(version);
  TF_DeleteStatus(st);
  free(job->path);
  free(job);
  return NULL;
}

/* Starts a thread that loads; without memory for it the version waits and is tried again. */
static void start_load(ModelManager *manager, Model *model, VersionEntry *entry) {
  LoadJob *job = malloc(sizeof *job);
  char *path = strdup(entry->path);
  pthread_attr_t detached;
  pthread_t thread;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  if (job && path) *job = (LoadJob){manager, model, entry->number, path};
  if (job && path && !pthread_create(&thread, &detached, load_main, job)) {
    if (entry->state == VERSION_START) {
      log_info("Successfully reserved resources to load servable " SERVABLE, model->name, entry->number);
      log_info("Approving load for servable version " SERVABLE, model->name, entry->number);
    }
    log_info("Loading servable version " SERVABLE, model->name, entry->number);
    version_load_started(&model->versions, entry->number);
    manager->loads++;
  } else {
    version_load_started(&model->versions, entry->number);
    version_load_failed(&model->versions, entry->number, TF_RESOURCE_EXHAUSTED,
                        "cannot start a thread to load", &manager->options.retry, clock_now_ms());
    free(job);
    free(path);
  }
  pthread_attr_destroy(&detached);
}

/* ---- unloading ---- */

void manager_release(ModelVersion *version) {
  if (atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) != 1) return;
  ModelManager *manager = version->manager;
  pthread_mutex_lock(&manager->lock);
  version->next = manager->unused;
  manager->unused = version;
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
}

static void start_unload(Model *model, VersionEntry *entry) {
  ModelVersion *version = entry->payload;
  log_info("Quiescing servable version " SERVABLE, model->name, entry->number);
  version_unload_started(&model->versions, entry->number);
  if (atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) == 1) {
    version->next = version->manager->unused;
    version->manager->unused = version;
  }
}

/* Frees one version that nobody uses; the lock is let go meanwhile. */
static void finish_unload(ModelManager *manager) {
  ModelVersion *version = manager->unused;
  manager->unused = version->next;
  Model *model = version->model;
  pthread_mutex_unlock(&manager->lock);
  log_info("Done quiescing servable version " SERVABLE, model->name, version->number);
  manager->loader.unload(manager->loader.arg, version->loaded);
  log_info("Done unloading servable version " SERVABLE, model->name, version->number);
  pthread_mutex_lock(&manager->lock);
  version_unload_done(&model->versions, version->number);
  free(version);
  pthread_cond_broadcast(&manager->changed);
}

/* ---- the thread ---- */

/* Starts what can be started; true when it did something. *next_ms: when to look again at the latest. */
static bool step_models(ModelManager *manager, int64_t *next_ms) {
  bool acted = false;
  *next_ms = INT64_MAX;
  for (size_t i = 0; i < manager->models.count; i++) {
    Model *model = manager->models.entries[i].value;
    VersionAction action = version_next_action(&model->versions, clock_now_ms());
    if (action.kind == VERSION_UNLOAD) {
      start_unload(model, action.entry);
      acted = true;
    } else if (action.kind == VERSION_LOAD && manager->loads < manager->options.load_threads &&
               !manager->stopping) {
      start_load(manager, model, action.entry);
      acted = true;
    }
    int64_t time = version_next_time(&model->versions);
    if (time < *next_ms) *next_ms = time;
  }
  return acted;
}

static bool all_idle(const ModelManager *manager) {
  for (size_t i = 0; i < manager->models.count; i++)
    if (!version_list_idle(&((Model *)manager->models.entries[i].value)->versions)) return false;
  return !manager->loads;
}

static void *manager_main(void *arg) {
  ModelManager *manager = arg;
  pthread_mutex_lock(&manager->lock);
  for (;;) {
    if (manager->unused) {
      finish_unload(manager);
      continue;
    }
    int64_t next_ms;
    if (step_models(manager, &next_ms)) continue;
    if (manager->stopping && all_idle(manager)) break;
    int64_t now_ms = clock_now_ms(), until_ms = now_ms + 3600 * 1000;
    if (manager->loads < manager->options.load_threads && next_ms < until_ms) until_ms = next_ms;
    if (until_ms <= now_ms) until_ms = now_ms + 1;
    clock_cond_wait(&manager->changed, &manager->lock, until_ms * 1000000);
  }
  pthread_mutex_unlock(&manager->lock);
  return NULL;
}

ModelManager *manager_new(const ManagerOptions *options, const ModelLoader *loader, TF_Status *st) {
  ModelManager *manager = calloc(1, sizeof *manager);
  if (!manager) {
    fail_oom(st, "model manager");
    return NULL;
  }
  manager->options = *options;
  manager->loader = *loader;
  pthread_mutex_init(&manager->lock, NULL);
  clock_cond_init(&manager->changed);
  if (!pthread_create(&manager->thread, NULL, manager_main, manager)) return manager;
  fail(st, TF_RESOURCE_EXHAUSTED, "cannot start the model manager's thread");
  free(manager);
  return NULL;
}

static void free_labels(Model *model) {
  for (size_t i = 0; i < model->label_count; i++) free((char *)(uintptr_t)model->labels[i].label);
  free(model->labels);
  model->labels = NULL;
  model->label_count = 0;
}

void manager_free(ModelManager *manager) {
  if (!manager) return;
  pthread_mutex_lock(&manager->lock);
  manager->stopping = true;
  for (size_t i = 0; i < manager->models.count; i++)
    version_list_aspire(&((Model *)manager->models.entries[i].value)->versions, NULL, 0);
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
  pthread_join(manager->thread, NULL);
  for (size_t i = 0; i < manager->models.count; i++) {
    Model *model = manager->models.entries[i].value;
    version_list_clear(&model->versions);
    free_labels(model);
    free(model->name);
    free(model);
  }
  map_clear(&manager->models);
  pthread_cond_destroy(&manager->changed);
  pthread_mutex_destroy(&manager->lock);
  free(manager);
}

/* ---- what is wanted ---- */

static Model *find_or_add_model(ModelManager *manager, const char *name) {
  Model *model = map_get(&manager->models, name);
  if (model) return model;
  model = calloc(1, sizeof *model);
  if (model) model->name = strdup(name);
  if (model && model->name && map_put(&manager->models, model->name, model)) return model;
  if (model) free(model->name);
  free(model);
  return NULL;
}

TF_Code manager_aspire(ModelManager *manager, const char *name, const AspiredVersion *versions, size_t count,
                       TF_Status *st) {
  pthread_mutex_lock(&manager->lock);
  Model *model = find_or_add_model(manager, name);
  bool ok = model && (manager->stopping || version_list_aspire(&model->versions, versions, count));
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
  return ok ? TF_OK : fail_oom(st, name);
}

static TF_Code check_label(const Model *model, const VersionLabel *label, bool allow_unavailable,
                           TF_Status *st) {
  const VersionEntry *entry = version_find(&model->versions, label->version);
  if (entry && entry->state == VERSION_AVAILABLE) return TF_OK;
  bool known = false, same = false;
  for (size_t i = 0; i < model->label_count; i++) {
    if (strcmp(model->labels[i].label, label->label)) continue;
    known = true;
    same = model->labels[i].version == label->version;
  }
  if (allow_unavailable && (!known || same)) return TF_OK;
  return fail(st, TF_FAILED_PRECONDITION,
              "Request to assign label to version %" PRId64
              " of model %s, which is not currently available for inference",
              label->version, model->name);
}

TF_Code manager_set_labels(ModelManager *manager, const char *name, const VersionLabel *labels, size_t count,
                           bool allow_unavailable, TF_Status *st) {
  pthread_mutex_lock(&manager->lock);
  Model *model = find_or_add_model(manager, name);
  VersionLabel *copy = calloc(count + 1, sizeof *copy);
  TF_Code code = model && copy ? TF_OK : fail_oom(st, name);
  size_t copied = 0;
  for (size_t i = 0; i < count && !code; i++) code = check_label(model, &labels[i], allow_unavailable, st);
  for (; copied < count && !code; copied++) {
    copy[copied] = (VersionLabel){strdup(labels[copied].label), labels[copied].version};
    if (!copy[copied].label) code = fail_oom(st, name);
  }
  if (!code) {
    free_labels(model);
    model->labels = copy;
    model->label_count = count;
  } else if (copy) {
    for (size_t i = 0; i < copied; i++) free((char *)(uintptr_t)copy[i].label);
    free(copy);
  }
  pthread_mutex_unlock(&manager->lock);
  return code;
}

void manager_set_load_threads(ModelManager *manager, int threads) {
  pthread_mutex_lock(&manager->lock);
  manager->options.load_threads = threads;
  pthread_mutex_unlock(&manager->lock);
}

/* ---- waiting for the start ---- */

/* Whether a version that a label names is still on its way: labels can only be set when it is there. */
static bool awaits_label(const Model *model, const ModelConfig *config) {
  for (size_t i = 0; i < config->label_count; i++) {
    const VersionEntry *e = version_find(&model->versions, config->labels[i].version);
    if (e && (e->state == VERSION_START || e->state == VERSION_LOADING)) return true;
  }
  return false;
}

/* 1: up; -1: failed, with *entry; 0: not decided. */
static int decide(const Model *model, const ModelConfig *config, const VersionEntry **entry) {
  if (model && awaits_label(model, config)) return 0;
  for (size_t i = 0; model && i < model->versions.count; i++) {
    *entry = &model->versions.entries[i];
    if ((*entry)->state == VERSION_AVAILABLE) return 1;
    if ((*entry)->state == VERSION_END) return -1;
  }
  return 0;
}

TF_Code manager_wait_ready(ModelManager *manager, const ModelConfig *models, size_t count, TF_Status *st) {
  TF_Code code = TF_OK;
  Bytes failed = {0};
  pthread_mutex_lock(&manager->lock);
  for (;;) {
    size_t undecided = 0, failures = 0;
    bytes_clear(&failed);
    for (size_t i = 0; i < count; i++) {
      const VersionEntry *e;
      int state = decide(map_get(&manager->models, models[i].name), &models[i], &e);
      undecided += !state;
      if (state >= 0) continue;
      failures++;
      bytes_printf(&failed, "{{name: %s version: %" PRId64 "} due to error: %s: %s}, ", models[i].name,
                   e->number, status_code_name(e->code), e->message ? e->message : "");
    }
    if (manager->wait_cancelled) {
      code = fail(st, TF_CANCELLED, "stopped while models were loading");
    } else if (undecided) {
      pthread_cond_wait(&manager->changed, &manager->lock);
      continue;
    } else if (failures) {
      code = fail(st, TF_UNKNOWN, "%zu servable(s) did not become available: {%s}", failures,
                  failed.data ? failed.data : "");
    }
    break;
  }
  pthread_mutex_unlock(&manager->lock);
  bytes_clear(&failed);
  return code;
}

void manager_cancel_wait(ModelManager *manager) {
  pthread_mutex_lock(&manager->lock);
  manager->wait_cancelled = true;
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
}

/* ---- requests ---- */

static TF_Code find_version(const Model *model, const ModelSpec *spec, VersionEntry **out, TF_Status *st) {
  int64_t number = spec->version;
  if (spec->choice == CHOOSE_LABEL) {
    bool found = false;
    for (size_t i = 0; model && i < model->label_count && !found; i++) {
      const VersionLabel *label = &model->labels[i];
      found = strlen(label->label) == spec->label.size &&
              !memcmp(label->label, spec->label.data, spec->label.size);
      if (found) number = label->version;
    }
    if (!found)
      return fail(st, TF_INVALID_ARGUMENT, "Unrecognized servable version label: %.*s", (int)spec->label.size,
                  (const char *)spec->label.data);
  }
  VersionEntry *e = NULL;
  if (model)
    e = spec->choice == CHOOSE_LATEST ? version_latest(&model->versions)
                                      : version_find(&model->versions, number);
  if (e && e->state == VERSION_AVAILABLE) {
    *out = e;
    return TF_OK;
  }
  int len = (int)(spec->name.size < 1024 ? spec->name.size : 1024);
  const char *name = spec->name.data;
  if (spec->choice == CHOOSE_LATEST)
    return fail(st, TF_NOT_FOUND, "Servable not found for request: Latest(%.*s)", len, name);
  return fail(st, TF_NOT_FOUND, "Servable not found for request: Specific(%.*s, %" PRId64 ")", len, name,
              number);
}

ModelVersion *manager_acquire(ModelManager *manager, const ModelSpec *spec, TF_Status *st) {
  ModelVersion *version = NULL;
  VersionEntry *entry = NULL;
  pthread_mutex_lock(&manager->lock);
  const Model *model = map_get_n(&manager->models, spec->name.data, spec->name.size);
  if (!find_version(model, spec, &entry, st)) {
    version = entry->payload;
    atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&manager->lock);
  return version;
}

void *model_version_loaded(const ModelVersion *version) { return version->loaded; }
int64_t model_version_number(const ModelVersion *version) { return version->number; }

bool manager_status(ModelManager *manager, Span name, const int64_t *number, Arena *arena,
                    VersionStatus **out, size_t *count) {
  *count = 0;
  *out = NULL;
  bool ok = true;
  pthread_mutex_lock(&manager->lock);
  const Model *model = map_get_n(&manager->models, name.data, name.size);
  size_t most = model ? model->versions.count : 0;
  if (most) *out = arena_calloc(arena, most, sizeof **out);
  if (most && !*out) ok = false;
  for (size_t i = 0; i < most && ok; i++) {
    const VersionEntry *e = &model->versions.entries[i];
    if (number && e->number != *number) continue;
    bool ended = e->state == VERSION_END;
    char *message = arena_strdup(arena, ended && e->message ? e->message : "");
    if (!message) ok = false;
    else (*out)[(*count)++] = (VersionStatus){e->number, e->state, ended ? e->code : TF_OK, message};
  }
  pthread_mutex_unlock(&manager->lock);
  return ok;
}
