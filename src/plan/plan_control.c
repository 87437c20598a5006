/* The ops that a plan turns into steps of its own kinds: they have no kernel, and no row. */
#include <string.h>

#include "plan/plan.h"

bool plan_is_control_op(const char *op) {
  static const char *const names[] = {
      "NoOp", "Switch",  "RefSwitch", "Merge",         "RefMerge",         "Enter",         "RefEnter",
      "Exit", "RefExit", "LoopCond",  "NextIteration", "RefNextIteration", "ControlTrigger"};
  for (size_t i = 0; i < SM_COUNTOF(names); i++)
    if (!strcmp(op, names[i])) return true;
  return false;
}
