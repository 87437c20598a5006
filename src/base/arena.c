/* Blocks of doubling size, chained; a large request gets a block of its own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum { ARENA_ALIGN = 16, ARENA_FIRST_BLOCK = 4096, ARENA_LARGEST_BLOCK = 1 << 20 };

struct ArenaBlock {
  ArenaBlock *next;
  size_t size;
  _Alignas(ARENA_ALIGN) char data[];
};

static void *new_block(Arena *arena, size_t size) {
  size_t want = arena->blocks ? arena->blocks->size * 2 : ARENA_FIRST_BLOCK;
  if (want > ARENA_LARGEST_BLOCK) want = ARENA_LARGEST_BLOCK;
  size_t bytes;
  if (!checked_add(size > want / 4 ? size : want, sizeof(ArenaBlock), &bytes)) return NULL;
  ArenaBlock *block = malloc(bytes);
  if (!block) return NULL;
  block->size = bytes - sizeof *block;
  arena->total += block->size;
  if (size > want / 4 && arena->blocks) { /* keep filling the current block */
    block->next = arena->blocks->next;
    arena->blocks->next = block;
    return block->data;
  }
  block->next = arena->blocks;
  arena->blocks = block;
  arena->at = block->data + size;
  arena->end = block->data + block->size;
  return block->data;
}

void *arena_alloc(Arena *arena, size_t size) {
  size_t rounded;
  if (!checked_add(size, ARENA_ALIGN - 1, &rounded)) return NULL;
  rounded &= ~(size_t)(ARENA_ALIGN - 1);
  if (rounded > (size_t)(arena->end - arena->at) || !arena->at) return new_block(arena, rounded);
  void *p = arena->at;
  arena->at += rounded;
  return p;
}

void *arena_calloc(Arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (!checked_mul(count, size, &bytes)) return NULL;
  void *p = arena_alloc(arena, bytes);
  return p ? memset(p, 0, bytes) : NULL;
}

void *arena_memdup(Arena *arena, const void *data, size_t size) {
  void *p = arena_alloc(arena, size);
  if (p && size) memcpy(p, data, size);
  return p;
}

char *arena_strndup(Arena *arena, const char *text, size_t len) {
  size_t bytes;
  if (!checked_add(len, 1, &bytes)) return NULL;
  char *p = arena_alloc(arena, bytes);
  if (!p) return NULL;
  if (len) memcpy(p, text, len);
  p[len] = 0;
  return p;
}

char *arena_strdup(Arena *arena, const char *text) { return arena_strndup(arena, text, strlen(text)); }

char *arena_printf(Arena *arena, const char *fmt, ...) {
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *p = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
  if (p) vsnprintf(p, (size_t)len + 1, fmt, again);
  va_end(again);
  return p;
}

void arena_clear(Arena *arena) {
  for (ArenaBlock *b = arena->blocks, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  *arena = (Arena){0};
}
