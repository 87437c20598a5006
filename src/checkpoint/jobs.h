/* A list of jobs, worked off by threads that take the next one until there are none or one has failed. */
#ifndef SM_CHECKPOINT_JOBS_H_
#define SM_CHECKPOINT_JOBS_H_

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* A buffer each thread has to itself; it stays in the second-level cache. */
enum { JOB_BUFFER_BYTES = 256 << 10 };

/* Calls run(arg, 0..count-1, buffer, st), in any order and from several threads when `bytes`, the work of all
 * jobs, is worth it. The error is that of the first failing job by number among those that were tried. */
TF_Code jobs_run(size_t count, uint64_t bytes,
                 TF_Code (*run)(void *arg, size_t job, char *buffer, TF_Status *st), void *arg,
                 TF_Status *st);

#endif
