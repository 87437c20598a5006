/* A profile for people, for programs, and for trace viewers. */
#ifndef SM_CLI_PROFILE_REPORT_H_
#define SM_CLI_PROFILE_REPORT_H_

#include "base/bytes.h"
#include "exec/profile.h"
#include "wire/json.h"

/* When one run began and ended, in nanoseconds of CLOCK_MONOTONIC. */
typedef struct ProfiledRun {
  int64_t start_ns, end_ns;
} ProfiledRun;

typedef struct ProfileReport {
  const ExecProfile *profile;
  const ProfiledRun *runs;
  int64_t num_runs;
  int traced_runs; /* the first, whose events the profile has */
} ProfileReport;

/* Tables by op and by node (at most `top` of these), most time first. Time is a step's own: that of the steps
 * that it runs (a loop's body, a called function) is theirs. */
TF_Code profile_put_text(const ProfileReport *report, int64_t top, Bytes *out, TF_Status *st);
/* A value: {"runs", "run_ms", "between_steps_ms", "ops": [...], "nodes": [...]}. */
TF_Code profile_put_json(const ProfileReport *report, JsonWriter *w, TF_Status *st);
/* A Chrome trace: {"traceEvents": [...]} with an X event for each traced run and for each step in it. */
TF_Code profile_put_trace(const ProfileReport *report, Bytes *out, TF_Status *st);

#endif
