#include "base/parallel.h"

#include <omp.h>

void parallel_for(int threads, int64_t n, int64_t grain, void (*fn)(void *arg, int64_t begin, int64_t end),
                  void *arg) {
  if (n <= 0) return;
  int64_t parts = grain > 0 ? (n + grain - 1) / grain : n;
  if (parts > threads) parts = threads;
  if (parts <= 1) {
    fn(arg, 0, n);
    return;
  }
#pragma omp parallel num_threads((int)parts)
  {
    int64_t count = omp_get_num_threads(), i = omp_get_thread_num();
    int64_t begin = n / count * i + (i < n % count ? i : n % count);
    int64_t end = begin + n / count + (i < n % count ? 1 : 0);
    if (begin < end) fn(arg, begin, end);
  }
}
