/* Bins of buffers by size. A bin is two stacks, linked through the buffers' own memory: `mine` is touched by
 * the thread that uses the pool alone, at no cost; on `back` any thread puts one, and the user takes all of
 * them at once. A buffer counts as a reference to its pool from being made to being freed; who has put one
 * back must not touch the pool any more. */
#include "tensor/buffer_pool.h"

#include <stdlib.h>

enum {
  POOL_BINS = 16,
  LARGE_BYTES = 256 << 10, /* kept while runs follow each other, not when the pool is idle */
  MAX_KEPT = 8 << 20,      /* bytes of smaller ones, in each kind of stack */
};

typedef struct Bin {
  size_t size; /* the user's: of what he wants here; what comes back late may be of another */
  TensorBuffer *mine;
  _Atomic(TensorBuffer *) back;
} Bin;

struct BufferPool {
  _Atomic int32_t refs;
  _Atomic(const void *) user; /* `here` of the thread that uses it now, or null */
  struct MemoryCount *count;
  bool has_large;
  size_t mine;         /* bytes in `mine`, large ones not counted */
  _Atomic size_t back; /* and in `back` */
  unsigned next;       /* the bin that is given to another size next, when all have one */
  Bin bins[POOL_BINS];
};

static _Thread_local char here;                                   /* its address tells threads apart */
static TensorBuffer *const closed = (TensorBuffer *)(uintptr_t)1; /* in a bin that takes nothing any more */

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

static TensorBuffer **below(const TensorBuffer *b) { return b->data; }
static size_t counts(const TensorBuffer *b) { return b->size > LARGE_BYTES ? 0 : b->size; }

/* ---- the user ---- */

/* What came back becomes the user's. */
static void collect(BufferPool *p, Bin *bin, TensorBuffer *with) {
  TensorBuffer *b = atomic_exchange_explicit(&bin->back, with, memory_order_acquire);
  while (b) {
    TensorBuffer *next = *below(b);
    atomic_fetch_sub_explicit(&p->back, counts(b), memory_order_relaxed);
    p->mine += counts(b);
    *below(b) = bin->mine;
    bin->mine = b;
    b = next;
  }
}

static TensorBuffer *pop(BufferPool *p, Bin *bin) {
  if (!bin->mine && atomic_load_explicit(&bin->back, memory_order_relaxed)) collect(p, bin, NULL);
  TensorBuffer *b = bin->mine;
  if (!b) return NULL;
  bin->mine = *below(b);
  p->mine -= counts(b);
  return b;
}

static void empty(BufferPool *p, Bin *bin, TensorBuffer *with) {
  collect(p, bin, with);
  while (bin->mine) {
    TensorBuffer *b = bin->mine;
    bin->mine = *below(b);
    p->mine -= counts(b);
    free_buffer(b);
  }
}

void buffer_pool_close(BufferPool *p) {
  if (!p) return;
  for (int i = 0; i < POOL_BINS; i++) empty(p, &p->bins[i], closed);
  unref(p);
}

void buffer_pool_begin(BufferPool *p, struct MemoryCount *count) {
  p->count = count;
  atomic_store_explicit(&p->user, &here, memory_order_relaxed);
}

void buffer_pool_end(BufferPool *p) {
  atomic_store_explicit(&p->user, NULL, memory_order_relaxed);
  p->count = NULL;
  for (int i = 0; p->has_large && i < POOL_BINS; i++)
    if (p->bins[i].size > LARGE_BYTES) empty(p, &p->bins[i], NULL);
  p->has_large = false;
}

/* The bin for a size; if there is none, one that is given up. Of large sizes that come once (a tensor that
 * grows from turn to turn) only the last is kept. */
static Bin *bin_for(BufferPool *p, size_t size) {
  Bin *unused = NULL, *large = NULL;
  for (int i = 0; i < POOL_BINS; i++) {
    Bin *bin = &p->bins[i];
    if (bin->size == size) return bin;
    if (!bin->size && !unused) unused = bin;
    if (bin->size > LARGE_BYTES && (bin->mine || atomic_load_explicit(&bin->back, memory_order_relaxed)))
      large = bin;
  }
  Bin *bin = size > LARGE_BYTES && large ? large : unused ? unused : &p->bins[p->next++ % POOL_BINS];
  empty(p, bin, NULL);
  bin->size = size;
  p->has_large |= size > LARGE_BYTES;
  return bin;
}

struct MemoryCount *buffer_pool_count(const BufferPool *p) {
  return p->count;
}

TensorBuffer *buffer_pool_take(BufferPool *p, size_t size) {
  if (!size) return NULL;
  Bin *bin = bin_for(p, size);
  TensorBuffer *b;
  while ((b = pop(p, bin)) && b->size != size) free_buffer(b);
  if (b) b->arg = bin;
  return b;
}

void buffer_pool_adopt(BufferPool *p, TensorBuffer *b) {
  if (!b->size) return;
  atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
  b->home = p;
  b->arg = bin_for(p, b->size);
}

/* ---- coming back ---- */

/* With an address checker all memory goes back, so that it sees who uses it afterwards. */
#if defined(__SANITIZE_ADDRESS__)
static const bool keeps = false;
#else
static const bool keeps = true;
#endif

/* By the user himself: only he finds his own mark, as he takes it away when he is done. */
static bool put_mine(BufferPool *p, Bin *bin, TensorBuffer *b) {
  if (p->mine > MAX_KEPT && counts(b)) return false;
  p->mine += counts(b);
  p->has_large |= !counts(b);
  *below(b) = bin->mine;
  bin->mine = b;
  return true;
}

static bool put_back(BufferPool *p, Bin *bin, TensorBuffer *b) {
  size_t size = counts(b);
  if (!size || atomic_load_explicit(&p->back, memory_order_relaxed) > MAX_KEPT) return false;
  atomic_fetch_add_explicit(&p->back, size, memory_order_relaxed);
  TensorBuffer *top = atomic_load_explicit(&bin->back, memory_order_relaxed);
  do {
    if (top == closed) return atomic_fetch_sub_explicit(&p->back, size, memory_order_relaxed), false;
    *below(b) = top;
  } while (!atomic_compare_exchange_weak_explicit(&bin->back, &top, b, memory_order_release,
                                                  memory_order_relaxed));
  return true;
}

bool buffer_pool_keep(TensorBuffer *b) {
  BufferPool *p = b->home;
  bool users = atomic_load_explicit(&p->user, memory_order_relaxed) == &here;
  if (keeps && (users ? put_mine(p, b->arg, b) : put_back(p, b->arg, b))) return true;
  b->home = NULL;
  unref(p);
  return false;
}
