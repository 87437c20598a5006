/* What the files that make a while loop's step share. */
#ifndef SM_PLAN_PLAN_LOOP_H_
#define SM_PLAN_PLAN_LOOP_H_

#include "plan/plan_build.h"

typedef struct LoopBuild {
  Frame *frame;
  int num_variables, num_inputs;
  Node **merges, **starts, **nexts; /* of variables: Merge, Enter, NextIteration; null: a gate */
  Node **enters;                    /* by input past the variables: what is only read; null: a gate */
  bool writes;                      /* variables, through refs */
  bool gated;                       /* there are gates: see plan_loop_gate.c */
  int *slots;                       /* by input: outside */
  int *gates;                       /* by input: the input that is its gate; 0: it has none */
  int *outputs;                     /* by variable: outside */
} LoopBuild;

/* TF_INVALID_ARGUMENT: the node is not what a loop has there. */
TF_Code loop_fail(const Scope *s, const Frame *f, const Node *n, const char *what, TF_Status *st);
/* Whether the loop's condition decides the Switch. */
bool loop_is_switch(const Frame *f, const Node *n);
/* Makes `slot` the first output of a node. */
TF_Code loop_set_out(Builder *b, Scope *s, const Node *n, int slot, TF_Status *st);

/* ---- plan_loop_gate.c ---- */
/* Finds what goes with a gate. The Enters' slots are known. */
void loop_find_gates(const Builder *b, Scope *s, LoopBuild *l);
/* Whether a Merge of the loop's variables or an Enter does. */
bool loop_is_gated(const Scope *s, const LoopBuild *l, const Node *n);
/* A value for `slot` that is never dead; its gate is the slot after it. */
TF_Code loop_close_gate(Builder *b, Scope *s, Node *node, int slot, int *value, TF_Status *st);
/* The value again, dead or alive. `maybe_dead`: both can be dead themselves. */
TF_Code loop_open_gate(Builder *b, Scope *s, Node *node, const int *value_and_gate, bool maybe_dead,
                       int *slot, TF_Status *st);
/* The gate of what is alive, a value of the plan. */
TF_Code loop_no_gate(Builder *b, int *slot, TF_Status *st);

/* ---- plan_loop_exit.c ---- */
/* Marks (MARK_AFTER) what runs when the loop has ended. */
TF_Code loop_mark_after(Scope *s, const Frame *f, TF_Status *st);
/* Emits what is marked so, and gives the Exits their slots. The loop's step is there. */
TF_Code loop_set_exits(Builder *b, Scope *s, const LoopBuild *l, TF_Status *st);

#endif
