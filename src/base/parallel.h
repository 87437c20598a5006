/* Splitting a loop over threads, on the OpenMP pool that oneDNN uses too. */
#ifndef SM_BASE_PARALLEL_H_
#define SM_BASE_PARALLEL_H_

#include <stdint.h>

/* Calls fn(arg, begin, end) for parts that cover [0, n), on at most `threads` threads, no part smaller
 * than `grain` unless n is. With one part it is a plain call on the caller's thread. */
void parallel_for(int threads, int64_t n, int64_t grain, void (*fn)(void *arg, int64_t begin, int64_t end),
                  void *arg);

#endif
