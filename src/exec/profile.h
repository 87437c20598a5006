/* Where the time of runs goes. A run whose StepEnv has a profile times each step by itself; steps of called
 * functions and of loop bodies are counted below the step that runs them, so that one function called from
 * two places is two subtrees. A profile belongs to one run at a time.
 *
 *   ExecProfile profile = {.max_events = 1000};
 *   for (...) {
 *     profile_begin_run(&profile);
 *     session_run(..., &(SessionRunOptions){.profile = &profile}, ...);
 *   }
 *   profile_clear(&profile); */
#ifndef SM_EXEC_PROFILE_H_
#define SM_EXEC_PROFILE_H_

#include "plan/plan.h"

/* A step in its place. Times are nanoseconds. */
typedef struct ProfileNode {
  const PlanStep *step; /* of a plan that must outlive the profile */
  int parent;           /* the node of the step that ran this one's plan, smaller than this one's; -1: none */
  int64_t count;
  int64_t total_ns, min_ns, max_ns;
  int64_t inner_ns; /* of total_ns, what nodes below took */
} ProfileNode;

typedef struct ProfileEvent {
  int node;
  int64_t start_ns, end_ns; /* of CLOCK_MONOTONIC */
} ProfileEvent;

typedef struct ProfileFrame {
  int node;
  int64_t start_ns;
} ProfileFrame;

typedef struct ExecProfile {
  int max_events; /* how many single steps are kept; the sums go on behind them */
  int64_t runs;
  ProfileNode *nodes; /* in the order in which steps were met first */
  int num_nodes;
  ProfileEvent *events; /* in the order in which steps ended */
  int num_events;
  int64_t lost_events; /* which max_events kept out */
  bool failed;         /* memory was out: sums are not whole */
  /* The inside: */
  int cap_nodes, cap_events, depth, cap_frames, num_buckets, too_deep;
  int *buckets;         /* by hash of parent and step: node + 1 */
  ProfileFrame *frames; /* steps under way */
} ExecProfile;

void profile_clear(ExecProfile *profile);
/* Before each run; drops what a failed run left open. */
void profile_begin_run(ExecProfile *profile);
/* The executor's: around a step. */
void profile_enter(ExecProfile *profile, const PlanStep *step);
void profile_leave(ExecProfile *profile);

#endif
