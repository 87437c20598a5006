/* Large memory in large pages. */
#ifndef SM_BASE_PAGES_H_
#define SM_BASE_PAGES_H_

#include <stddef.h>

/* `size` bytes at a multiple of `align` (a power of two up to a page), freed by free(); null when there is no memory. A few MiB and more
 * ask the system for large pages: memory is then there at once and not fault by fault, which costs a first use
 * of 32 MiB some 10 ms, and the processor finds its pages sooner. */
void *pages_alloc(size_t align, size_t size);

#endif
