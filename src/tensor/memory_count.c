/* Two atomic additions for a charge, two for taking it back; only runs with a limit pay them. */
#include "tensor/memory_count.h"

#include <stdlib.h>

MemoryCount *memory_count_new(size_t limit) {
  MemoryCount *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  atomic_init(&c->refs, 1);
  c->limit = limit;
  return c;
}

void memory_count_unref(MemoryCount *c) {
  if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1) free(c);
}

bool memory_charge(MemoryCount *c, size_t bytes) {
  if (!c) return true;
  if (bytes > c->limit) return false;
  size_t before = atomic_fetch_add_explicit(&c->live, bytes, memory_order_relaxed);
  if (before > c->limit - bytes) {
    atomic_fetch_sub_explicit(&c->live, bytes, memory_order_relaxed);
    return false;
  }
  atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
  return true;
}

void memory_discharge(MemoryCount *c, size_t bytes) {
  if (!c) return;
  atomic_fetch_sub_explicit(&c->live, bytes, memory_order_relaxed);
  memory_count_unref(c);
}

bool memory_charge_more(MemoryCharge *m, MemoryCount *c, size_t bytes) {
  if (!c || (m->count && m->count != c)) return true;
  if (!memory_charge(c, bytes)) return false;
  if (m->count) memory_count_unref(c); /* one reference does */
  m->count = c;
  m->bytes += bytes;
  return true;
}

void memory_charge_clear(MemoryCharge *m) {
  memory_discharge(m->count, m->bytes);
  *m = (MemoryCharge){0};
}
