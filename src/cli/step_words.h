/* How steps of a plan are called where people read of them. */
#ifndef SM_CLI_STEP_WORDS_H_
#define SM_CLI_STEP_WORDS_H_

#include "plan/plan.h"

/* The op of a kernel's step; "(while)" and the like for what the plan does itself. */
const char *step_op(const PlanStep *step);
/* "12.3 MB"; returns `out`. */
enum { SIZE_TEXT_MAX = 32 };
const char *size_text(size_t bytes, char out[SIZE_TEXT_MAX]);

#endif
