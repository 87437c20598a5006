/* `savedmodel show --plan`. */
#ifndef SM_CLI_SHOW_PLAN_H_
#define SM_CLI_SHOW_PLAN_H_

#include "cli/inputs.h"
#include "cli/open_model.h"

/* Runs the signature once on what `inputs` say, zeros where they say nothing, and prints its plan and those
 * of the functions and loops that it runs. When that run fails, the plans as they are before any run, and
 * why. */
TF_Code show_plan(const ModelWords *model, const InputWords *inputs, bool json, TF_Status *st);

#endif
