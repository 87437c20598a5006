/* Which tensors have a variable's memory. In TensorFlow what reads a ref shares the memory of the variable,
 * and ops that pass a tensor on share it further: who uses such a tensor after an assignment sees what was
 * assigned. Here a tensor that was read never changes, so a plan has steps that look again (STEP_REREAD):
 * before every use of what may have a variable's memory, when a variable may have been written since. Which
 * variable that is, if any, is known as the plan runs: it is noted with the slot that brings the memory in (a
 * read, a Merge, a loop's input or output: `owner`). */
#include <string.h>

#include "plan/plan_build.h"

typedef struct Sharing {
  const char *op;
  int input;    /* whose memory the outputs have; -1: each that of its own input */
  bool is_part; /* or some of it */
} Sharing;

static const Sharing sharings[] = {{"Identity", 0, false},      {"IdentityN", -1, false},
                                   {"StopGradient", 0, false},  {"PreventGradient", 0, false},
                                   {"Reshape", 0, false},       {"ExpandDims", 0, false},
                                   {"Squeeze", 0, false},       {"EnsureShape", 0, false},
                                   {"CheckNumerics", 0, false}, {"Slice", 0, true},
                                   {"StridedSlice", 0, true},   {"Split", 1, true},
                                   {"SplitV", 0, true},         {"Unpack", 0, true},
                                   {"Bitcast", 0, true},        {"PlaceholderWithDefault", 0, false}};

static const Sharing *find_sharing(const char *op) {
  for (size_t i = 0; i < sizeof sharings / sizeof *sharings; i++)
    if (!strcmp(op, sharings[i].op)) return &sharings[i];
  return NULL;
}

bool plan_writes_ref(const Node *n) {
  static const char *const passes[] = {
      "RefEnter",         "RefExit",     "RefSwitch", "RefMerge",
      "RefNextIteration", "RefIdentity", "RefSelect", "IsVariableInitialized"};
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (!strcmp(n->op, passes[i])) return false;
  for (int k = 0; k < n->num_inputs; k++)
    if (dtype_is_ref(n->input_types[k])) return true;
  return false;
}

static void share(Builder *b, int from, int to, bool is_part) {
  PlanSlot *slots = b->plan->slots;
  if (slots[from].owner < 0 || slots[to].is_ref) return;
  slots[to].owner = slots[from].owner;
  slots[to].is_part = is_part || slots[from].is_part;
  slots[to].writes = b->writes;
}

/* What a Merge gives has the memory of one of its inputs. */
static void share_any(Builder *b, const PlanStep *step) {
  for (int i = 0; i < step->num_inputs; i++) share(b, step->inputs[i], step->first_output, false);
  PlanSlot *out = &b->plan->slots[step->first_output];
  if (out->owner < 0) return;
  out->owner = step->first_output;
  for (int i = 0; i < step->num_inputs; i++) out->is_part |= b->plan->slots[step->inputs[i]].is_part;
}

void plan_note_memory(Builder *b, const PlanStep *step) {
  b->writes += plan_writes_ref(step->kernel.node);
  if (step->kind == STEP_MERGE) return share_any(b, step);
  const Sharing *sharing = step->kind == STEP_KERNEL ? find_sharing(step->kernel.node->op) : NULL;
  if (step->kind != STEP_SWITCH && !sharing) return;
  for (int i = 0; i < step->num_outputs; i++) {
    int input = !sharing ? 0 : sharing->input < 0 ? i : sharing->input;
    bool is_part = sharing && sharing->is_part;
    if (input < step->num_inputs) share(b, step->inputs[input], step->first_output + i, is_part);
  }
}
