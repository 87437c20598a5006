/* Making a plan: check what is asked for, order the nodes, emit steps, then lifetimes. */
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "plan/plan_build.h"

/* ---- what is asked for ---- */

static TF_Code check_feeds(Scope *s, TF_Status *st) {
  for (int i = 0; i < s->num_feeds; i++) {
    TF_Output f = s->feeds[i];
    if (f.index < 0 || f.index >= f.oper->num_outputs)
      return fail(st, TF_INVALID_ARGUMENT, "FeedInputs: %s:%d should have output index < %d", f.oper->name,
                  f.index, f.oper->num_outputs);
    if (scope_feed(s, f) >= 0 && scope_feed(s, f) < i)
      return fail(st, TF_INVALID_ARGUMENT, "Endpoint \"%s:%d\" fed more than once.", f.oper->name, f.index);
    s->marked[f.oper->id] |= MARK_FED;
  }
  return TF_OK;
}

static TF_Code check_fetches(const Scope *s, const TF_Output *fetches, int n, TF_Status *st) {
  for (int i = 0; i < n; i++) {
    TF_Output f = fetches[i];
    if (f.index < 0 || f.index >= f.oper->num_outputs)
      return fail(st, TF_OUT_OF_RANGE, "Node '%s' (type: '%s', num of outputs: %d) does not have output %d",
                  f.oper->name, f.oper->op, f.oper->num_outputs, f.index);
    if (scope_feed(s, f) >= 0)
      return fail(st, TF_INVALID_ARGUMENT, "%s:%d is both fed and fetched.", f.oper->name, f.index);
  }
  return TF_OK;
}

typedef struct FeedName {
  const char *name;
  int index, feed;
} FeedName;

static int by_name(const void *a, const void *b) {
  const FeedName *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x->index > y->index) - (x->index < y->index);
}

static TF_Code number_feeds(Builder *b, const Scope *s, TF_Status *st) {
  FeedName *names = arena_calloc(&b->temp, (size_t)s->num_feeds, sizeof *names);
  if (!names) return fail_oom(st, "a plan");
  for (int i = 0; i < s->num_feeds; i++) names[i] = (FeedName){s->feeds[i].oper->name, s->feeds[i].index, i};
  qsort(names, (size_t)s->num_feeds, sizeof *names, by_name);
  for (int i = 0; i < s->num_feeds; i++) b->plan->feed_numbers[names[i].feed] = i;
  return TF_OK;
}

static TF_Code add_feeds(Builder *b, Scope *s, TF_Status *st) {
  Plan *p = b->plan;
  p->num_feeds = s->num_feeds;
  p->feeds = arena_calloc(&p->arena, (size_t)s->num_feeds, sizeof *p->feeds);
  p->feed_types = arena_calloc(&p->arena, (size_t)s->num_feeds, sizeof *p->feed_types);
  p->feed_numbers = arena_calloc(&p->arena, (size_t)s->num_feeds, sizeof *p->feed_numbers);
  s->feed_slots = p->feeds;
  if (!p->feeds || !p->feed_types || !p->feed_numbers) return fail_oom(st, "a plan");
  for (int i = 0; i < s->num_feeds; i++) {
    p->feed_types[i] = dtype_base(s->feeds[i].oper->output_types[s->feeds[i].index]);
    TRY(plan_add_slot(b, p->feed_types[i], false, -1, &p->feeds[i], st));
  }
  return number_feeds(b, s, st);
}

static TF_Code add_fetches(Builder *b, Scope *s, const TF_Output *fetches, int n, TF_Status *st) {
  Plan *p = b->plan;
  p->num_fetches = n;
  p->fetches = arena_calloc(&p->arena, (size_t)n, sizeof *p->fetches);
  if (!p->fetches) return fail_oom(st, "a plan");
  for (int i = 0; i < n; i++) {
    const Frame *f = s->frame_of[fetches[i].oper->id];
    if (f != &s->root && !plan_is_exit(fetches[i].oper))
      return fail(st, TF_INVALID_ARGUMENT, "%s:%d is inside while loop '%s' and cannot be fetched",
                  fetches[i].oper->name, fetches[i].index, f->name);
    TRY(plan_slot_of(b, s, fetches[i], &p->fetches[i], st));
    if (p->slots[p->fetches[i]].is_ref) {
      /* TF fetches through a node of this name, which its messages show. */
      char name[512];
      snprintf(name, sizeof name, "_retval_%s_%d_%d", fetches[i].oper->name, fetches[i].index, i);
      TRY(plan_emit_deref(b, s, fetches[i].oper, name, &p->fetches[i], st));
    }
    TRY(plan_emit_reread(b, s, fetches[i].oper, &p->fetches[i], st));
    p->slots[p->fetches[i]].fetched = true;
  }
  return TF_OK;
}

/* ---- lifetimes ---- */

static void find_last_uses(Plan *p) {
  for (int i = 0; i < p->num_steps; i++) {
    const PlanStep *s = &p->steps[i];
    for (int k = 0; k < s->num_inputs; k++) p->slots[s->inputs[k]].last_step = i;
  }
}

/* Whether a slot's tensor goes away while the plan runs. */
static bool is_released(const PlanSlot *slot) {
  return slot->step >= 0 && !slot->fetched && !slot->is_ref && !slot->value.dtype;
}

/* Whether a slot is an argument that holds lists: the op that uses it last may change it in place when it was
 * handed over for good (the variables of a loop), which shows in its count. */
static bool is_list_argument(const Plan *p, int slot) {
  if (p->slots[slot].fetched) return false;
  for (int i = 0; i < p->num_feeds; i++)
    if (p->feeds[i] == slot) return p->feed_types[i] == TF_VARIANT;
  return false;
}

static TF_Code set_releases(Plan *p, TF_Status *st) {
  for (int i = 0; i < p->num_steps; i++) {
    PlanStep *s = &p->steps[i];
    s->life.release = arena_calloc(&p->arena, (size_t)(s->num_inputs + s->num_outputs), sizeof(int));
    if (!s->life.release) return fail_oom(st, "a plan");
    for (int k = 0; k < s->num_inputs; k++) {
      PlanSlot *slot = &p->slots[s->inputs[k]];
      if (slot->last_step == i && is_list_argument(p, s->inputs[k]))
        s->life.last_use |= UINT64_C(1) << (k < 63 ? k : 63);
      if (slot->last_step != i || !is_released(slot)) continue;
      s->life.last_use |= UINT64_C(1) << (k < 63 ? k : 63);
      bool listed = false;
      for (int j = 0; j < s->life.num_release; j++) listed |= s->life.release[j] == s->inputs[k];
      if (!listed) s->life.release[s->life.num_release++] = s->inputs[k];
    }
    for (int k = 0; k < s->num_outputs; k++) {
      int slot = s->first_output + k;
      if (p->slots[slot].last_step < 0 && is_released(&p->slots[slot]))
        s->life.release[s->life.num_release++] = slot;
    }
  }
  return TF_OK;
}

/* Values that folding made and only folded steps used. */
static void drop_unused_values(Plan *p) {
  for (int i = 0; i < p->num_slots; i++)
    if (p->slots[i].last_step < 0 && !p->slots[i].fetched) tensor_clear(&p->slots[i].value);
}

TF_Code plan_finish(Plan *p, TF_Status *st) {
  find_last_uses(p);
  drop_unused_values(p);
  TRY(set_releases(p, st));
  p->input_base = arena_calloc(&p->arena, (size_t)p->num_steps, sizeof *p->input_base);
  if (!p->input_base) return fail_oom(st, "a plan");
  for (int i = 0; i < p->num_steps; i++) {
    const PlanStep *s = &p->steps[i];
    p->makes_variables |= s->makes_variable;
    p->input_base[i] = p->num_inputs;
    p->num_inputs += s->num_inputs;
    if (s->num_inputs > p->max_inputs) p->max_inputs = s->num_inputs;
    if (s->num_outputs > p->max_outputs) p->max_outputs = s->num_outputs;
  }
  for (int i = 0; i < p->num_slots; i++) p->has_refs |= p->slots[i].is_ref || p->slots[i].owner >= 0;
  return plan_find_writes(p, st);
}

/* ---- the whole ---- */

static TF_Code build(Builder *b, Graph *graph, Scope *s, const TF_Output *fetches, int num_fetches,
                     const Node *const *targets, int num_targets, TF_Status *st) {
  int num_roots = num_fetches + num_targets, count;
  Node **roots = arena_calloc(&b->temp, (size_t)num_roots, sizeof *roots), **order;
  if (!roots) return fail_oom(st, "a plan");
  for (int i = 0; i < num_fetches; i++) roots[i] = fetches[i].oper;
  for (int i = 0; i < num_targets; i++) roots[num_fetches + i] = (Node *)targets[i];
  TRY(scope_init(b, s, graph, st));
  TRY(check_feeds(s, st));
  TRY(check_fetches(s, fetches, num_fetches, st));
  TRY(add_feeds(b, s, st));
  TRY(scope_order(b, s, roots, num_roots, &order, &count, st));
  b->any_writes = scope_find_write(s) != NULL;
  for (int i = 0; i < count; i++) TRY(plan_emit_node(b, s, order[i], st));
  TRY(add_fetches(b, s, fetches, num_fetches, st));
  return plan_finish(b->plan, st);
}

TF_Code plan_builder_init(Builder *b, const PlanOptions *options, PlanCallees *callees, TF_Status *st) {
  *b = (Builder){.plan = calloc(1, sizeof *b->plan),
                 .options = options,
                 .env = *options->env,
                 .callees = callees};
  if (!b->plan) return fail_oom(st, "a plan");
  b->env.memory_limit = PLAN_FOLD_MAX_BYTES;
  return TF_OK;
}

void plan_builder_clear(Builder *b) {
  op_scratch_clear(&b->scratch);
  arena_clear(&b->temp);
}

TF_Code plan_new(Plan **plan, Graph *graph, const TF_Output *feeds, int num_feeds, const TF_Output *fetches,
                 int num_fetches, const Node *const *targets, int num_targets, const PlanOptions *options,
                 TF_Status *st) {
  if (!num_fetches && !num_targets)
    return fail(st, TF_INVALID_ARGUMENT, "Must specify at least one target to fetch or execute.");
  PlanCallees *callees = calloc(1, sizeof *callees);
  if (!callees) return fail_oom(st, "a plan");
  Builder b;
  if (plan_builder_init(&b, options, callees, st)) return free(callees), TF_GetCode(st);
  b.plan->callees = callees;
  Scope s = {.prefix = "", .feeds = feeds, .num_feeds = num_feeds};
  TF_Code code = build(&b, graph, &s, fetches, num_fetches, targets, num_targets, st);
  plan_builder_clear(&b);
  if (code) plan_free(b.plan);
  else *plan = b.plan;
  return code;
}

void plan_free(Plan *p) {
  if (!p) return;
  for (int i = 0; i < p->num_steps; i++) kernel_clear(&p->steps[i].kernel);
  for (int i = 0; i < p->num_slots; i++) tensor_clear(&p->slots[i].value);
  if (p->callees) plan_callees_free(p->callees);
  free(p->callees);
  for (int i = 0; i < p->num_bodies; i++) graph_unref(p->bodies[i]);
  free(p->steps);
  free(p->slots);
  arena_clear(&p->arena);
  free(p);
}

TF_Code plan_step_fail(const PlanStep *step, TF_Status *st) {
  const CallSite *inner = step->site;
  if (!inner) return fail_suffix(st, "\n\t [[{{node %s}}]]", step->name);
  const CallSite *outer = inner;
  while (outer->caller) outer = outer->caller;
  /* TF: the function's name twice, the innermost only if it is another one. */
  const char *node = step->kernel.node->name;
  fail(st, TF_GetCode(st), "{{function_node %s}} {{function_node %s}} %s", outer->function, outer->function,
       TF_Message(st));
  if (inner == outer) return fail_suffix(st, "\n\t [[{{node %s}}]]\n\t [[%s]]", node, outer->call);
  return fail_suffix(st, "\n\t [[{{function_node %s}}{{node %s}}]]\n\t [[%s]]", inner->function, node,
                     outer->call);
}
