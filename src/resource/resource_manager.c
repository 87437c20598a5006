/* A map from "container NUL type NUL name" to objects, behind one lock: look-ups are rare (plans keep what
 * they found), so nothing finer is needed. */
#include "resource/resource_manager.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct ResourceManager {
  pthread_mutex_t lock;
  Map objects; /* keys are malloc'ed; a removed entry has a null value */
};

ResourceManager *resource_manager_new(void) {
  ResourceManager *m = calloc(1, sizeof *m);
  if (m) pthread_mutex_init(&m->lock, NULL);
  return m;
}

void resource_manager_free(ResourceManager *m) {
  if (!m) return;
  for (size_t i = 0; i < m->objects.count; i++) {
    object_unref(m->objects.entries[i].value);
    free((char *)m->objects.entries[i].key);
  }
  map_clear(&m->objects);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

static const char *container_or_default(const char *container) {
  return container && *container ? container : RESOURCE_DEFAULT_CONTAINER;
}

/* The malloc'ed key of an object, or null when memory is out. */
static char *make_key(const ObjectType *type, const char *container, const char *name, size_t *size) {
  container = container_or_default(container);
  size_t nc = strlen(container) + 1, nt = strlen(type->name) + 1, nn = strlen(name);
  char *key = malloc(nc + nt + nn + 1);
  if (!key) return NULL;
  memcpy(key, container, nc);
  memcpy(key + nc, type->name, nt);
  memcpy(key + nc + nt, name, nn + 1);
  *size = nc + nt + nn;
  return key;
}

Object *resource_find(ResourceManager *m, const ObjectType *type, const char *container, const char *name) {
  size_t size;
  char *key = make_key(type, container, name, &size);
  if (!key) return NULL;
  pthread_mutex_lock(&m->lock);
  Object *found = object_ref(map_get_n(&m->objects, key, size));
  pthread_mutex_unlock(&m->lock);
  free(key);
  return found;
}

/* Stores `object` (whose reference goes to the map) under `key`, which is taken over if the map keeps it. */
static bool store(ResourceManager *m, char *key, size_t size, Object *object) {
  bool had = map_has_n(&m->objects, key, size);
  if (!map_put_n(&m->objects, key, size, object)) return free(key), false;
  if (had) free(key); /* the map keeps the key of the first time */
  return true;
}

TF_Code resource_find_or_create(ResourceManager *m, const ObjectType *type, const char *container,
                                const char *name, ResourceCreateFn *create, void *arg, Object **out,
                                TF_Status *st) {
  size_t size;
  char *key = make_key(type, container, name, &size);
  if (!key) return fail_oom(st, "a resource");
  TF_Code code = TF_OK;
  pthread_mutex_lock(&m->lock);
  Object *found = map_get_n(&m->objects, key, size);
  if (found) {
    free(key);
  } else if ((code = create(arg, &found, st))) {
    free(key);
    found = NULL;
  } else if (!store(m, key, size, found)) {
    object_unref(found);
    found = NULL;
    code = fail_oom(st, "a resource");
  }
  *out = object_ref(found);
  pthread_mutex_unlock(&m->lock);
  return code;
}

bool resource_remove(ResourceManager *m, const ObjectType *type, const char *container, const char *name) {
  size_t size;
  char *key = make_key(type, container, name, &size);
  if (!key) return false;
  pthread_mutex_lock(&m->lock);
  Object *found = map_get_n(&m->objects, key, size);
  if (found) map_put_n(&m->objects, key, size, NULL); /* the key is there: this takes no memory */
  pthread_mutex_unlock(&m->lock);
  free(key);
  object_unref(found);
  return found != NULL;
}

void resource_clear_container(ResourceManager *m, const char *container) {
  container = container_or_default(container);
  pthread_mutex_lock(&m->lock);
  for (size_t i = 0; i < m->objects.count; i++) {
    MapEntry *e = &m->objects.entries[i];
    if (strcmp(e->key, container)) continue;
    object_unref(e->value);
    e->value = NULL;
  }
  pthread_mutex_unlock(&m->lock);
}
