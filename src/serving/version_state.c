#include "serving/version_state.h"

#include <stdlib.h>
#include <string.h>

const char *version_state_name(VersionState state) {
  switch (state) {
    case VERSION_START: return "START";
    case VERSION_LOADING: return "LOADING";
    case VERSION_AVAILABLE: return "AVAILABLE";
    case VERSION_UNLOADING: return "UNLOADING";
    case VERSION_END: return "END";
  }
  return "UNKNOWN";
}

VersionEntry *version_find(const VersionList *list, int64_t number) {
  for (size_t i = 0; i < list->count; i++)
    if (list->entries[i].number == number) return &list->entries[i];
  return NULL;
}

VersionEntry *version_latest(const VersionList *list) {
  for (size_t i = 0; i < list->count; i++)
    if (list->entries[i].state == VERSION_AVAILABLE) return &list->entries[i];
  return NULL;
}

static void entry_clear(VersionEntry *e) {
  free(e->path);
  free(e->message);
}

void version_list_clear(VersionList *list) {
  for (size_t i = 0; i < list->count; i++) entry_clear(&list->entries[i]);
  free(list->entries);
  *list = (VersionList){0};
}

/* Makes an entry new again. */
static void restart(VersionEntry *e) {
  free(e->message);
  e->message = NULL;
  e->code = TF_OK;
  e->state = VERSION_START;
  e->failures = 0;
  e->loading_now = false;
  e->retry_at_ms = 0;
  e->payload = NULL;
}

static bool insert(VersionList *list, const AspiredVersion *aspired) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 4;
    VersionEntry *entries = realloc(list->entries, capacity * sizeof *entries);
    if (!entries) return false;
    list->entries = entries;
    list->capacity = capacity;
  }
  char *path = strdup(aspired->path);
  if (!path) return false;
  size_t at = 0;
  while (at < list->count && list->entries[at].number > aspired->number) at++;
  memmove(&list->entries[at + 1], &list->entries[at], (list->count - at) * sizeof *list->entries);
  list->entries[at] =
      (VersionEntry){.number = aspired->number, .state = VERSION_START, .aspired = true, .path = path};
  list->count++;
  return true;
}

static void drop(VersionList *list, size_t at) {
  entry_clear(&list->entries[at]);
  list->count--;
  memmove(&list->entries[at], &list->entries[at + 1], (list->count - at) * sizeof *list->entries);
}

static bool set_path(VersionEntry *e, const char *path) {
  if (!strcmp(e->path, path)) return true;
  char *copy = strdup(path);
  if (!copy) return false;
  free(e->path);
  e->path = copy;
  return true;
}

static bool is_wanted(const AspiredVersion *aspired, size_t count, int64_t number) {
  for (size_t i = 0; i < count; i++)
    if (aspired[i].number == number) return true;
  return false;
}

bool version_list_aspire(VersionList *list, const AspiredVersion *aspired, size_t count) {
  for (size_t i = list->count; i-- > 0;) {
    VersionEntry *e = &list->entries[i];
    if (is_wanted(aspired, count, e->number)) continue;
    e->aspired = false;
    if (e->state == VERSION_START) drop(list, i);
    else if (e->state == VERSION_LOADING && !e->loading_now) e->state = VERSION_END; /* no more retries */
  }
  for (size_t i = 0; i < count; i++) {
    VersionEntry *e = version_find(list, aspired[i].number);
    if (!e) {
      if (!insert(list, &aspired[i])) return false;
      continue;
    }
    if (e->state == VERSION_START || (e->state == VERSION_END && !e->aspired)) {
      if (!set_path(e, aspired[i].path)) return false;
      if (e->state == VERSION_END) restart(e);
    }
    e->aspired = true;
  }
  return true;
}

VersionAction version_next_action(const VersionList *list, int64_t now_ms) {
  VersionEntry *load = NULL, *unload = NULL;
  bool any_aspired = false, aspired_ready = false;
  size_t unwanted_ready = 0;
  for (size_t i = 0; i < list->count; i++) { /* highest first */
    VersionEntry *e = &list->entries[i];
    bool ready = e->state == VERSION_AVAILABLE;
    any_aspired = any_aspired || e->aspired;
    if (e->aspired && ready) aspired_ready = true;
    if (!e->aspired && ready) {
      unload = e;
      unwanted_ready++;
    }
    bool waits = e->state == VERSION_START ||
                 (e->state == VERSION_LOADING && !e->loading_now && e->retry_at_ms <= now_ms);
    if (e->aspired && waits && !load) load = e;
  }
  if (unload && (!any_aspired || aspired_ready || unwanted_ready > 1))
    return (VersionAction){VERSION_UNLOAD, unload};
  if (load) return (VersionAction){VERSION_LOAD, load};
  return (VersionAction){VERSION_NOTHING, NULL};
}

int64_t version_next_time(const VersionList *list) {
  int64_t next = INT64_MAX;
  for (size_t i = 0; i < list->count; i++) {
    const VersionEntry *e = &list->entries[i];
    if (e->aspired && e->state == VERSION_LOADING && !e->loading_now && e->retry_at_ms < next)
      next = e->retry_at_ms;
  }
  return next;
}

void version_load_started(VersionList *list, int64_t number) {
  VersionEntry *e = version_find(list, number);
  e->state = VERSION_LOADING;
  e->loading_now = true;
}

void version_load_done(VersionList *list, int64_t number, void *payload) {
  VersionEntry *e = version_find(list, number);
  e->state = VERSION_AVAILABLE;
  e->loading_now = false;
  e->payload = payload;
}

static void end(VersionEntry *e, TF_Code code, const char *message) {
  e->state = VERSION_END;
  e->loading_now = false;
  e->payload = NULL;
  e->code = code;
  free(e->message);
  e->message = message ? strdup(message) : NULL;
}

bool version_load_failed(VersionList *list, int64_t number, TF_Code code, const char *message,
                         const VersionRetry *retry, int64_t now_ms) {
  VersionEntry *e = version_find(list, number);
  e->loading_now = false;
  e->failures++;
  if (!e->aspired || e->failures > retry->max_retries) {
    end(e, code, message);
    return false;
  }
  e->retry_at_ms = retry->interval_ms > 0 ? now_ms + retry->interval_ms : now_ms;
  free(e->message);
  e->message = strdup(message); /* kept for when the version is given up while it waits */
  e->code = code;
  return true;
}

void version_unload_started(VersionList *list, int64_t number) {
  version_find(list, number)->state = VERSION_UNLOADING;
}

void version_unload_done(VersionList *list, int64_t number) {
  VersionEntry *e = version_find(list, number);
  end(e, TF_OK, NULL);
  if (e->aspired) restart(e); /* wanted again meanwhile */
}

bool version_list_idle(const VersionList *list) {
  for (size_t i = 0; i < list->count; i++) {
    const VersionEntry *e = &list->entries[i];
    if (e->aspired || (e->state != VERSION_END && e->state != VERSION_START)) return false;
  }
  return true;
}
