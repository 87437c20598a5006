/* Specialisation: what a plan does for feeds of given shapes, learned from one run of the general path.
 *
 *   a step is     when                                              in a run
 *   skipped       its outputs are values (computed from shapes      nothing
 *                 and constants), or nobody needs them
 *   ready         all input shapes are known                        run, with the prep and the memory of the
 *   spec
 *   general       shapes or values come from data or state, refs,   prepare and run, as on the general path
 *                 strings, Switch and Merge
 *
 * A general step's output shapes are those that were seen when the spec was made (a variable that is read has
 * the shape it had): later steps are ready on that ground. Each run compares ("guarded"); when the shape is
 * another one the rest of that run takes the general path, and the slot is remembered as volatile, so that
 * the next spec makes no such guess.
 *
 * What is read of a variable is a value too, however large, where none of the plan's steps, nor of the
 * functions that they call, may change the variable (plan_writes.c): the variable is frozen
 * (resource/variable.h). Each run first compares one number. When a frozen variable has changed the spec is
 * dropped and learned anew; one that changes often is not frozen again. Variables may come as handles or refs
 * among the feeds (bodies of loops and branches): the spec is then for these very variables.
 *
 *   place of a slot   its memory
 *   VALUE             of the spec: never changes
 *   ARENA             at an offset of the state's one block, given by lifetimes
 *   OWNED             allocated in each run: somebody takes it away (a fetch)
 *   VIEW              of the slot `root`, under other dims
 *   GENERAL           whatever the general path gave it
 *   FEED              the caller's
 *
 * A spec does not change once made. */
#ifndef SM_EXEC_SPEC_H_
#define SM_EXEC_SPEC_H_

#include "exec/exec_state.h"

/* What earlier specs of the plan got wrong, by slot. */
typedef struct SlotPast {
  atomic_bool reshaped; /* the shape was once not what was guessed: it is volatile */
  atomic_uchar thaws;   /* how often the variable read here changed soon after it was frozen */
} SlotPast;

/* A variable of which the spec has what was read in `slot`. */
typedef struct Frozen {
  struct Frozen *next;
  Variable *variable; /* a reference */
  uint64_t version;
  int slot;
} Frozen;

typedef enum SlotPlace {
  PLACE_GENERAL,
  PLACE_VALUE,
  PLACE_ARENA,
  PLACE_OWNED,
  PLACE_VIEW,
  PLACE_FEED
} SlotPlace;
typedef enum StepMode { MODE_GENERAL, MODE_READY, MODE_SKIP } StepMode;

typedef struct SpecSlot {
  SlotPlace place;
  bool known;  /* `shape` holds in every run of this spec (guards permitting) */
  bool needed; /* somebody reads its elements; a value that nobody reads is not kept */
  bool fixed;  /* a VALUE that does not hang on the feeds' shapes */
  Variable
      *variable; /* that the handle or ref here stands for in every run, if known; a feed's is a reference */
  int guard;     /* the last guarded step that shape or value hang on; -1: none */
  int root;      /* whose memory it has; itself if not a VIEW */
  int last_step; /* of a root: the last step that uses it or one of its views */
  Tensor shape;  /* dtype and dims; a VALUE's whole tensor */
  int memory;    /* of an ARENA root: which MemoryUse */
} SpecSlot;

typedef struct MemoryUse {
  int first, last; /* steps */
  size_t size, offset;
} MemoryUse;

typedef struct SpecStep {
  StepMode mode;
  bool guarded;
  bool dead;      /* when the spec was made */
  bool has_views; /* outputs whose data pointer changes from run to run */
  bool has_owned;
  bool needed;   /* a skipped step: if a guess fails it may have to run */
  void *prep;    /* of a ready step */
  bool prepared; /* clear_prep is to be called */
  size_t scratch_size;
  int scratch;   /* MemoryUse of its scratch, or -1 */
  StepLife life; /* of a general step */
} SpecStep;

typedef struct Spec {
  const Plan *plan;
  Arena arena;
  SpecSlot *slots;
  SpecStep *steps;
  int *order; /* steps that do something */
  int num_order;
  int *cleared; /* slots that may hold memory of their own after a run */
  int num_cleared;
  size_t block_size; /* bytes that a state needs for ARENA slots and scratch */
  MemoryUse *uses;
  int num_uses, cap_uses;
  Frozen *frozen;
  _Atomic uint64_t changes; /* variable_changes() when these were last found unchanged */
  bool freezes;             /* while learning: variables may be frozen */
  bool knows_feeds;         /* it is for the variables whose handles the feeds are */
  int64_t runs;             /* guarded by the executor's lock */
  int refs;                 /* guarded by the executor's lock */
  uint64_t used_at;         /* the executor's clock, for dropping the least recently used */
  bool stale;               /* out of the cache */
  ExecState *idle;          /* states to run it, linked by next_idle */
} Spec;

/* Starts a spec for a run with these feeds (their slots are bound in `s`); with `handles` also for the
 * variables that they stand for. */
TF_Code spec_begin(Spec **spec, const ExecState *s, bool handles, TF_Status *st);
/* Called after each step of the general run, before its inputs are released. */
void spec_record(Spec *spec, const ExecState *s, int step, const SlotPast *past);
/* After the run: prepares ready steps, finds what is needed, places memory. */
TF_Code spec_finish(Spec *spec, StepEnv *env, TF_Status *st);
void spec_free(Spec *spec);
/* Whether the first `count` feeds have the shapes that the spec is for, and stand for its variables. `refs`
 * as in ExecIo. */
bool spec_matches(const Spec *spec, const Tensor *const *feeds, Variable *const *refs, int count);
/* Whether the spec is for the same shapes as another. */
bool spec_same_shapes(const Spec *a, const Spec *b);

/* ---- frozen.c ---- */
void spec_begin_freezing(Spec *spec, const ExecState *s, bool handles);
/* Freezes the variable that the step read, if that may be: what was read may then be a value. */
bool spec_freeze(Spec *spec, const ExecState *s, int step, const SlotPast *past);
void spec_end_freezing(Spec *spec);
/* Lets go of the variables. */
void spec_thaw(Spec *spec);
bool spec_has_variables(const Spec *spec, const Tensor *const *feeds, Variable *const *refs, int count);
bool spec_same_variables(const Spec *a, const Spec *b);
/* Whether no frozen variable has changed. */
bool spec_is_current(Spec *spec);
/* Notes which ones have. */
void spec_blame_changed(const Spec *spec, SlotPast *past);
/* Takes from `other`, which is current too, what both have computed from variables and constants alone. */
void spec_adopt_values(Spec *spec, const Spec *other);

/* Gives a new state what the spec says: values, memory, contexts of ready steps. */
TF_Code spec_bind(const Spec *spec, ExecState *s, TF_Status *st);
/* Runs the spec. A slot whose guess failed is put into *failed_slot (else -1); the run itself goes on and is
 * right. */
TF_Code spec_run(const Spec *spec, ExecState *s, StepEnv *env, int *failed_slot, TF_Status *st);
/* Clears what a good run left in the slots. */
void spec_reset(const Spec *spec, ExecState *s);
/* Takes out of the slots what the state does not own, so that it can be freed after any run. */
void spec_unbind(const Spec *spec, ExecState *s, bool guess_failed);

#endif
