/* Map from strings to pointers: open addressing, insertion order kept for iteration.
 *
 * Keys are borrowed: they must live as long as the map (arena strings). A key is bytes with a length,
 * so it may hold NULs. Not for several threads at a time, save for concurrent map_get. */
#ifndef SM_BASE_MAP_H_
#define SM_BASE_MAP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MapEntry {
  const char *key;
  size_t key_len;
  void *value;
  uint64_t hash;
} MapEntry;

typedef struct Map {
  MapEntry *entries; /* in the order of insertion; entries[0..count) */
  size_t count, capacity;
  uint32_t *slots; /* entry index + 1, or 0; slot_count is a power of two */
  size_t slot_count;
} Map;

/* The value, or null. */
void *map_get(const Map *map, const char *key);
void *map_get_n(const Map *map, const char *key, size_t key_len);
bool map_has_n(const Map *map, const char *key, size_t key_len);
/* Sets a key, new or not; false when memory is out (the map is as before). */
bool map_put(Map *map, const char *key, void *value);
bool map_put_n(Map *map, const char *key, size_t key_len, void *value);
/* Takes out the entry that was put in last (as a new key); there must be one. */
void map_pop(Map *map);
/* Frees the map's own memory, not keys or values. */
void map_clear(Map *map);
/* The hash that the map uses, seeded once a process so that strangers cannot aim at collisions. */
uint64_t map_hash(const void *data, size_t size);

#endif
