/* A few places, each empty, with a buffer, or closed for good. Putting in is a compare-and-swap; only the one who takes
 * empties them, so he may look at what stands there. A buffer counts as a reference to its pool from being made to being
 * freed; who has put one in must not touch the pool any more. */
#include "tensor/buffer_pool.h"

#include <stdlib.h>

enum {
  POOL_PLACES = 32,
  LARGE_BYTES = 256 << 10, /* kept while runs follow each other, not when the pool is idle */
};

struct BufferPool {
  _Atomic int32_t refs;
  atomic_bool has_large;
  struct MemoryCount *count;
  unsigned next; /* the place emptied next when all are taken */
  _Atomic(TensorBuffer *) places[POOL_PLACES];
};

static TensorBuffer *const closed = (TensorBuffer *)(uintptr_t)1;

BufferPool *buffer_pool_new(void) {
  BufferPool *p = calloc(1, sizeof *p);
  if (p) atomic_init(&p->refs, 1);
  return p;
}

static void unref(BufferPool *p) {
  if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1) free(p);
}

/* Its elements are gone already. */
static void free_buffer(TensorBuffer *b) {
  BufferPool *home = b->home;
  free(b);
  unref(home);
}

static void replace(BufferPool *p, int i, TensorBuffer *with) {
  TensorBuffer *b = atomic_exchange_explicit(&p->places[i], with, memory_order_acquire);
  if (b) free_buffer(b);
}

void buffer_pool_close(BufferPool *p) {
  if (!p) return;
  for (int i = 0; i < POOL_PLACES; i++) replace(p, i, closed);
  unref(p);
}

void buffer_pool_trim(BufferPool *p) {
  if (!atomic_load_explicit(&p->has_large, memory_order_relaxed)) return;
  atomic_store_explicit(&p->has_large, false, memory_order_relaxed);
  for (int i = 0; i < POOL_PLACES; i++) {
    const TensorBuffer *b = atomic_load_explicit(&p->places[i], memory_order_acquire);
    if (b && b->size > LARGE_BYTES) replace(p, i, NULL);
  }
}

/* There is nothing of the size that is wanted. Sizes that come once must not fill the pool, nor memory when they are
 * large (a tensor that grows from turn to turn). */
static void make_room(BufferPool *p, size_t size) {
  bool full = true;
  for (int i = 0; i < POOL_PLACES; i++) {
    const TensorBuffer *b = atomic_load_explicit(&p->places[i], memory_order_acquire);
    full &= b != NULL;
    if (!b || size <= LARGE_BYTES || b->size <= LARGE_BYTES) continue;
    replace(p, i, NULL);
    return;
  }
  if (full) replace(p, (int)(p->next++ % POOL_PLACES), NULL);
}

void buffer_pool_set_count(BufferPool *p, struct MemoryCount *count) { p->count = count; }
struct MemoryCount *buffer_pool_count(const BufferPool *p) { return p->count; }

TensorBuffer *buffer_pool_take(BufferPool *p, size_t size) {
  for (int i = 0; i < POOL_PLACES; i++) {
    const TensorBuffer *b = atomic_load_explicit(&p->places[i], memory_order_acquire);
    if (b && b->size == size) return atomic_exchange_explicit(&p->places[i], NULL, memory_order_acquire);
  }
  make_room(p, size);
  return NULL;
}

void buffer_pool_adopt(BufferPool *p, TensorBuffer *b) {
  atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
  b->home = p;
}

/* With an address checker all memory goes back, so that it sees who uses it afterwards. */
#if defined(__SANITIZE_ADDRESS__)
static const bool keeps = false;
#else
static const bool keeps = true;
#endif

static bool put(BufferPool *p, TensorBuffer *b) {
  for (int i = 0; i < POOL_PLACES; i++) {
    TensorBuffer *none = NULL;
    if (!atomic_load_explicit(&p->places[i], memory_order_relaxed) &&
        atomic_compare_exchange_strong_explicit(&p->places[i], &none, b, memory_order_release, memory_order_relaxed))
      return true;
  }
  return false;
}

bool buffer_pool_keep(TensorBuffer *b) {
  BufferPool *p = b->home;
  if (b->size > LARGE_BYTES) atomic_store_explicit(&p->has_large, true, memory_order_relaxed);
  if (keeps && put(p, b)) return true;
  b->home = NULL;
  unref(p);
  return false;
}
