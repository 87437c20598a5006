/* Large memory in large pages. */
#include "base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/checked.h"

#define LARGE_PAGE ((size_t)2 << 20)
#define LARGE_FROM (2 * LARGE_PAGE)

void *pages_alloc(size_t align, size_t size) {
  size_t unit = size < LARGE_FROM ? align : LARGE_PAGE, bytes;
  if (!checked_add(size, unit - 1, &bytes)) return NULL;
  bytes &= ~(unit - 1);
  void *p = aligned_alloc(unit, bytes);
  if (p && unit == LARGE_PAGE) madvise(p, bytes, MADV_HUGEPAGE); /* only advice: without it pages are small */
  return p;
}
