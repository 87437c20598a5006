/* What the files that make a while loop's step share. */
#ifndef SM_PLAN_PLAN_LOOP_H_
#define SM_PLAN_PLAN_LOOP_H_

#include "plan/plan_build.h"

typedef struct LoopBuild {
  Frame *frame;
  int num_variables, num_inputs;
  Node **merges, **starts, **nexts; /* of variables: Merge, Enter, NextIteration */
  Node **enters;                    /* by input: variables', then those only read */
  bool writes;                      /* variables, through refs */
  int *slots;                       /* by input: outside */
  int *outputs;                     /* by variable: outside */
} LoopBuild;

/* TF_INVALID_ARGUMENT: the node is not what a loop has there. */
TF_Code loop_fail(const Scope *s, const Frame *f, const Node *n, const char *what, TF_Status *st);
/* Whether the loop's condition decides the Switch. */
bool loop_is_switch(const Frame *f, const Node *n);
/* Makes `slot` the first output of a node. */
TF_Code loop_set_out(Builder *b, Scope *s, const Node *n, int slot, TF_Status *st);

/* ---- plan_loop_exit.c ---- */
/* Marks (MARK_AFTER) what runs when the loop has ended. */
TF_Code loop_mark_after(Scope *s, const Frame *f, TF_Status *st);
/* Emits what is marked so, and gives the Exits their slots. The loop's step is there. */
TF_Code loop_set_exits(Builder *b, Scope *s, const LoopBuild *l, TF_Status *st);

#endif
