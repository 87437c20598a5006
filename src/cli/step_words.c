#include "cli/step_words.h"

#include <stdio.h>

const char *step_op(const PlanStep *step) {
  switch (step->kind) {
    case STEP_KERNEL: return step->kernel.node->op;
    case STEP_DEREF: return "(read ref)";
    case STEP_REREAD: return "(read ref again)";
    case STEP_PIVOT: return "(pivot)";
    case STEP_SWITCH: return "Switch";
    case STEP_MERGE: return "Merge";
    case STEP_LOOP: return "(while)";
    case STEP_BREAK: return "(break)";
  }
  return "?";
}

const char *size_text(size_t bytes, char out[SIZE_TEXT_MAX]) {
  static const char units[] = "kMGTPE";
  double v = (double)bytes;
  int unit = -1;
  while (v >= 1000 && unit < 5) {
    v /= 1000;
    unit++;
  }
  if (unit < 0) snprintf(out, SIZE_TEXT_MAX, "%zu B", bytes);
  else snprintf(out, SIZE_TEXT_MAX, v < 10 ? "%.2f %cB" : v < 100 ? "%.1f %cB" : "%.0f %cB", v, units[unit]);
  return out;
}
