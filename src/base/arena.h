/* Arena: allocations that are freed all at once. Not for several threads at a time.
 *
 *   Arena a = {0};
 *   char *name = arena_strdup(&a, "x");
 *   arena_clear(&a);
 *
 * Memory is 16-byte aligned. Every call may return null when memory is out. */
#ifndef SM_BASE_ARENA_H_
#define SM_BASE_ARENA_H_

#include <stddef.h>

#include "base/compiler.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
  ArenaBlock *blocks; /* newest first */
  char *at, *end;     /* what is left of the newest block */
  size_t total;       /* bytes of all blocks */
} Arena;

/* `size` uninitialised bytes; size 0 gives a valid pointer. */
void *arena_alloc(Arena *arena, size_t size);
/* `count` * `size` zeroed bytes; null also when that overflows. */
void *arena_calloc(Arena *arena, size_t count, size_t size);
void *arena_memdup(Arena *arena, const void *data, size_t size);
/* A NUL-terminated copy of `len` bytes. */
char *arena_strndup(Arena *arena, const char *text, size_t len);
char *arena_strdup(Arena *arena, const char *text);
char *arena_printf(Arena *arena, const char *fmt, ...) SM_PRINTF(2, 3);
/* Frees everything; the arena can be used again. */
void arena_clear(Arena *arena);

#endif
