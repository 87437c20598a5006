/* The checks that a step makes for its kernels: time, cancelling, files. */
#include "resource/step_env.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

TF_Code step_resources(const StepEnv *env, ResourceManager **out, TF_Status *st) {
  if (!env->step_resources)
    return fail(st, TF_FAILED_PRECONDITION, "an object of a step is asked for outside of a run");
  *out = atomic_load_explicit(env->step_resources, memory_order_acquire);
  if (*out) return TF_OK;
  ResourceManager *made = resource_manager_new();
  if (!made) return fail_oom(st, "the objects of a step");
  if (atomic_compare_exchange_strong(env->step_resources, out, made)) *out = made;
  else resource_manager_free(made); /* another thread was first */
  return TF_OK;
}

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
