/* The checks that a step makes for its kernels: time, cancelling, files. */
#include "resource/step_env.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

TF_Code step_check(const StepEnv *env, TF_Status *st) {
  if (SM_UNLIKELY(atomic_load_explicit(env->cancelled, memory_order_relaxed)) ||
      SM_UNLIKELY(env->caller_cancelled && atomic_load_explicit(env->caller_cancelled, memory_order_relaxed)))
    return fail(st, TF_CANCELLED, "Run call was cancelled");
  if (SM_LIKELY(!env->deadline_ns)) return TF_OK;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec < env->deadline_ns) return TF_OK;
  return fail(st, TF_DEADLINE_EXCEEDED, "Timed out waiting for notification");
}

TF_Code step_check_file(const StepEnv *env, const char *path, size_t size, bool write, TF_Status *st) {
  if (memchr(path, 0, size)) return fail(st, TF_INVALID_ARGUMENT, "file name with a NUL byte inside");
  if (!env->files) return TF_OK;
  char *copy = malloc(size + 1);
  if (!copy) return fail_oom(st, "a file name");
  memcpy(copy, path, size);
  copy[size] = 0;
  TF_Code code = env->files->check(env->files, copy, write, st);
  free(copy);
  return code;
}
