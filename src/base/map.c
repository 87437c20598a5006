#include "base/map.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t seed(void) {
  static _Atomic uint64_t value;
  uint64_t v = atomic_load_explicit(&value, memory_order_relaxed);
  if (v) return v;
  uint64_t fresh = 0;
  if (getrandom(&fresh, sizeof fresh, GRND_NONBLOCK) != sizeof fresh)
    fresh = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
  fresh |= 1;
  return atomic_compare_exchange_strong(&value, &v, fresh) ? fresh : v;
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
  __uint128_t r = (__uint128_t)a * b;
  return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* Multiply-and-fold over 8 bytes at a time. */
uint64_t map_hash(const void *data, size_t size) {
  const uint8_t *p = data;
  uint64_t h = seed() ^ (size * 0x9e3779b97f4a7c15u), word;
  for (; size >= 8; p += 8, size -= 8) {
    memcpy(&word, p, 8);
    h = mix(h ^ word, 0xa0761d6478bd642fu);
  }
  word = 0;
  if (size) memcpy(&word, p, size);
  return mix(h ^ word ^ 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u);
}

static MapEntry *find(const Map *map, const char *key, size_t key_len, uint64_t hash, size_t *slot) {
  if (!map->slot_count) return NULL;
  size_t mask = map->slot_count - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    *slot = i;
    if (!map->slots[i]) return NULL;
    MapEntry *e = &map->entries[map->slots[i] - 1];
    if (e->hash == hash && e->key_len == key_len && !memcmp(e->key, key, key_len)) return e;
  }
}

static bool grow(Map *map) {
  size_t capacity = map->capacity ? map->capacity * 2 : 8, slot_count = capacity * 2;
  uint32_t *slots = calloc(slot_count, sizeof *slots);
  MapEntry *entries = slots && capacity < UINT32_MAX ? realloc(map->entries, capacity * sizeof *entries)
                                                     : NULL;
  if (!entries) {
    free(slots);
    return false;
  }
  for (size_t i = 0; i < map->count; i++) {
    size_t s = entries[i].hash & (slot_count - 1);
    while (slots[s]) s = (s + 1) & (slot_count - 1);
    slots[s] = (uint32_t)i + 1;
  }
  free(map->slots);
  map->slots = slots;
  map->slot_count = slot_count;
  map->entries = entries;
  map->capacity = capacity;
  return true;
}

bool map_has_n(const Map *map, const char *key, size_t key_len) {
  size_t slot;
  return find(map, key, key_len, map_hash(key, key_len), &slot) != NULL;
}

void *map_get_n(const Map *map, const char *key, size_t key_len) {
  size_t slot;
  MapEntry *e = find(map, key, key_len, map_hash(key, key_len), &slot);
  return e ? e->value : NULL;
}

void *map_get(const Map *map, const char *key) { return map_get_n(map, key, strlen(key)); }

bool map_put_n(Map *map, const char *key, size_t key_len, void *value) {
  uint64_t hash = map_hash(key, key_len);
  size_t slot = 0;
  MapEntry *e = find(map, key, key_len, hash, &slot);
  if (e) {
    e->value = value;
    return true;
  }
  if (map->count == map->capacity) {
    if (!grow(map)) return false;
    find(map, key, key_len, hash, &slot);
  }
  map->entries[map->count] = (MapEntry){key, key_len, value, hash};
  map->slots[slot] = (uint32_t)++map->count;
  return true;
}

bool map_put(Map *map, const char *key, void *value) { return map_put_n(map, key, strlen(key), value); }

/* Its slot is the end of its probe chain: nothing was put in after it. */
void map_pop(Map *map) {
  size_t slot = 0;
  MapEntry *e = &map->entries[map->count - 1];
  find(map, e->key, e->key_len, e->hash, &slot);
  map->slots[slot] = 0;
  map->count--;
}

void map_clear(Map *map) {
  free(map->entries);
  free(map->slots);
  *map = (Map){0};
}
