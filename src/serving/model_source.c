#include "serving/model_source.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "serving/version_source.h"

struct ModelSource {
  ModelManager *manager;
  const ModelConfig *models;
  size_t count;
  int poll_seconds;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool stopping;
};

static void poll_model(ModelSource *source, const ModelConfig *model, TF_Status *st) {
  Arena arena = {0};
  AspiredVersion *versions;
  size_t count;
  TF_SetStatus(st, TF_OK, "");
  if (version_source_poll(model, &arena, &versions, &count, st))
    log_error("FileSystemStoragePathSource encountered a filesystem access error: %s", TF_Message(st));
  else if (manager_aspire(source->manager, model->name, versions, count, st))
    log_error("model %s: %s", model->name, TF_Message(st));
  arena_clear(&arena);
}

static void *source_main(void *arg) {
  ModelSource *source = arg;
  TF_Status *st = TF_NewStatus();
  pthread_mutex_lock(&source->lock);
  while (!source->stopping && st) {
    pthread_mutex_unlock(&source->lock);
    for (size_t i = 0; i < source->count; i++) poll_model(source, &source->models[i], st);
    pthread_mutex_lock(&source->lock);
    if (source->poll_seconds == 0) break;
    int64_t until = clock_now_ns() + source->poll_seconds * INT64_C(1000000000);
    while (!source->stopping && clock_cond_wait(&source->wake, &source->lock, until)) continue;
  }
  pthread_mutex_unlock(&source->lock);
  TF_DeleteStatus(st);
  return NULL;
}

ModelSource *model_source_start(ModelManager *manager, const ModelConfig *models, size_t count,
                                int poll_seconds, TF_Status *st) {
  ModelSource *source = calloc(1, sizeof *source);
  if (!source) {
    fail_oom(st, "model source");
    return NULL;
  }
  *source = (ModelSource){.manager = manager, .models = models, .count = count, .poll_seconds = poll_seconds};
  pthread_mutex_init(&source->lock, NULL);
  clock_cond_init(&source->wake);
  source->stopping = poll_seconds < 0;
  if (!pthread_create(&source->thread, NULL, source_main, source)) return source;
  fail(st, TF_RESOURCE_EXHAUSTED, "cannot start the model source's thread");
  free(source);
  return NULL;
}

void model_source_stop(ModelSource *source) {
  if (!source) return;
  pthread_mutex_lock(&source->lock);
  source->stopping = true;
  pthread_cond_broadcast(&source->wake);
  pthread_mutex_unlock(&source->lock);
  pthread_join(source->thread, NULL);
  pthread_cond_destroy(&source->wake);
  pthread_mutex_destroy(&source->lock);
  free(source);
}
