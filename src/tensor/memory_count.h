/* Memory count: how many bytes of one run are alive, and how many may be. What is charged may outlive the run
 * (a variable, a result): it keeps the count alive. Any thread. */
#ifndef SM_TENSOR_MEMORY_COUNT_H_
#define SM_TENSOR_MEMORY_COUNT_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MemoryCount {
  _Atomic int32_t refs; /* the run's, and one for each charge */
  _Atomic size_t live;
  size_t limit;
} MemoryCount;

/* With the run's reference; null when memory is out. */
MemoryCount *memory_count_new(size_t limit);
/* Null is allowed. */
void memory_count_unref(MemoryCount *count);
/* `bytes` more; false, nothing charged, when that is above the limit. Without a count (null) all goes. */
bool memory_charge(MemoryCount *count, size_t bytes);
/* Takes a charge back. Null is allowed. */
void memory_discharge(MemoryCount *count, size_t bytes);

/* What a container was charged with, piece by piece. Zeroed at the start. */
typedef struct MemoryCharge {
  MemoryCount *count;
  size_t bytes;
} MemoryCharge;
/* Without a count, or with another one than before, nothing is charged. */
bool memory_charge_more(MemoryCharge *charge, MemoryCount *count, size_t bytes);
void memory_charge_clear(MemoryCharge *charge);

#endif
