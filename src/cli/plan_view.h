/* A plan as people and programs read it: `show --plan`.
 *
 * A plan is shown with what was learned of it for the shapes that it ran with last (exec/spec.h), if it
 * ran. */
#ifndef SM_CLI_PLAN_VIEW_H_
#define SM_CLI_PLAN_VIEW_H_

#include "base/bytes.h"
#include "exec/exec.h"
#include "exec/spec.h"
#include "wire/json.h"

typedef struct PlanView {
  const char *name; /* of the function or loop; null: the signature's plan */
  const Plan *plan;
  const Spec *spec;                                   /* null: not specialised */
  const char *const *feed_names, *const *fetch_names; /* or null: arguments and results by number */
} PlanView;

/* What a step does in a run. */
typedef enum StepDuty {
  DUTY_UNKNOWN, /* there is no spec */
  DUTY_READY,   /* computes, with everything prepared */
  DUTY_NOTHING, /* its output is its input under other dims */
  DUTY_FROZEN,  /* reads a variable that the plan does not change */
  DUTY_KNOWN,   /* its outputs follow from shapes, constants and frozen variables */
  DUTY_UNUSED,  /* nobody wants its outputs */
  DUTY_GUARDED, /* prepares and runs; the shapes it gives are compared with those expected */
  DUTY_GENERAL, /* prepares and runs */
} StepDuty;
enum { DUTY_COUNT = DUTY_GENERAL + 1 };

StepDuty plan_view_duty(const PlanView *view, int step);
const char *plan_view_duty_word(StepDuty duty);
/* Where a slot's memory comes from: "feed", "value", "arena", "own", "view", "run", "ref". */
const char *plan_view_place_word(const PlanView *view, int slot);
/* Dims, where they are known; else null. */
const Tensor *plan_view_shape(const PlanView *view, int slot);
/* How the kernel computes ("T=float, oneDNN brgconv:avx512_core"); nothing for the plan's own steps. */
void plan_view_put_kernel(const PlanView *view, int step, Bytes *out);
/* "cond=while_cond_7, body=while_body_7": the functions that the step's node calls. */
void plan_view_put_functions(const PlanStep *step, Bytes *out);
size_t plan_view_bytes(const Tensor *t);

/* A table. */
void plan_view_put_text(const PlanView *view, Bytes *out);
/* What the words of the table mean. */
void plan_view_put_legend(Bytes *out);
/* An object. */
void plan_view_put_json(const PlanView *view, JsonWriter *w);

#endif
