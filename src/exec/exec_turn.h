/* A turn: a spec and a state (or a state of the general path) taken from an executor for one run, or, while
 * the shapes of the feeds stay, for the iterations of a loop: only what changes is bound again, and outputs
 * get the memory of values that are gone. */
#ifndef SM_EXEC_EXEC_TURN_H_
#define SM_EXEC_EXEC_TURN_H_

#include "exec/exec.h"
#include "exec/spec.h"
#include "tensor/memory_count.h"

typedef struct ExecTurn {
  Executor *executor;   /* null: not begun, or ended */
  Spec *spec;           /* null: the general path, for one run */
  ExecState *state;     /* null: made by the run */
  bool learn;           /* makes a spec of the run; */
  bool handles;         /* for the variables among the feeds */
  bool bound;           /* feeds are in their slots */
  bool broken;          /* the state is to go */
  MemoryCount *charged; /* with the spec's block, or null */
  int failed_slot;      /* of a wrong guess; -1: none */
  int64_t runs;
} ExecTurn;

/* For feeds of these shapes, that stand for these variables. */
void exec_turn_begin(ExecTurn *turn, Executor *executor, const ExecIo *io);
/* Whether another run with these feeds may follow; feeds past io->num_fresh are those of the run before. */
bool exec_turn_can_go_on(const ExecTurn *turn, const ExecIo *io);
TF_Code exec_turn_run(ExecTurn *turn, ExecIo *io, StepEnv *env, TF_Status *st);
/* Gives back what was taken. For a turn that was not begun it does nothing. */
void exec_turn_end(ExecTurn *turn);

/* The fetches: a slot's own memory if nobody else has it; else a copy, or between functions (`share`) a
 * reference. `spec` is what the run went by; null: the general path. */
TF_Code exec_take_fetches(ExecState *s, const Spec *spec, bool share, ExecIo *io, TF_Status *st);

#endif
