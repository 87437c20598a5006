/* Pruning and ordering: what fetches and targets reach, every node after what it needs. Graphs come from
 * strangers and may be long chains, so both walks keep their own stack. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan_build.h"

TF_Code scope_init(Builder *b, Scope *s, Graph *graph, TF_Status *st) {
  pthread_mutex_lock(&graph->lock);
  s->num_nodes = graph->num_nodes;
  pthread_mutex_unlock(&graph->lock);
  size_t n = (size_t)s->num_nodes;
  s->marked = arena_calloc(&b->temp, n, sizeof *s->marked);
  s->outs = arena_calloc(&b->temp, n, sizeof *s->outs);
  s->pivot = arena_calloc(&b->temp, n, sizeof *s->pivot);
  s->frame_of = arena_calloc(&b->temp, n, sizeof *s->frame_of);
  if (!s->marked || !s->outs || !s->pivot || !s->frame_of) return fail_oom(st, "a plan");
  for (size_t i = 0; i < n; i++) s->pivot[i] = -1;
  s->entry_pivot = -1;
  return TF_OK;
}

int scope_feed(const Scope *s, TF_Output out) {
  if (!(s->marked[out.oper->id] & MARK_FED)) return -1;
  for (int i = 0; i < s->num_feeds; i++)
    if (s->feeds[i].oper == out.oper && s->feeds[i].index == out.index) return i;
  return -1;
}

/* Feeding a placeholder also replaces it where it is a control input (TF: FeedInputs moves those edges). */
static bool is_fed_placeholder(const Scope *s, const Node *n) {
  return (s->marked[n->id] & MARK_FED) && (!strcmp(n->op, "Placeholder") || !strcmp(n->op, "PlaceholderV2"));
}

int scope_num_dependencies(const Node *n) { return n->num_inputs + n->num_controls; }

Node *scope_dependency(const Scope *s, const Node *n, int i) {
  if (i < n->num_inputs) return scope_feed(s, n->inputs[i]) >= 0 ? NULL : n->inputs[i].oper;
  Node *control = n->controls[i - n->num_inputs];
  return is_fed_placeholder(s, control) ? NULL : control;
}

/* ---- loops ---- */

static bool is_op(const Node *n, const char *op) { return !strcmp(n->op, op); }

bool plan_is_enter(const Node *n) { return is_op(n, "Enter") || is_op(n, "RefEnter"); }
bool plan_is_exit(const Node *n) { return is_op(n, "Exit") || is_op(n, "RefExit"); }
bool plan_is_next(const Node *n) { return is_op(n, "NextIteration") || is_op(n, "RefNextIteration"); }

static bool is_back_edge(const Node *n, int i) {
  return i < n->num_inputs && (is_op(n, "Merge") || is_op(n, "RefMerge")) && plan_is_next(n->inputs[i].oper);
}

bool plan_is_loop_merge(const Node *n) {
  for (int i = 0; i < n->num_inputs; i++)
    if (is_back_edge(n, i)) return true;
  return false;
}

/* What stands for `d` in frame `level`: itself, or the loop that it leaves; null when that is there
 * before. */
static Node *unit_of(const Scope *s, const Frame *level, Node *d) {
  Frame *f = s->frame_of[d->id];
  if (f == level) return plan_is_enter(d) ? NULL : d;
  while (f && f->parent != level) f = f->parent;
  return f ? f->rep : NULL;
}

bool scope_next_unit(const Scope *s, const Frame *level, Visit *v, Node **unit) {
  const Frame *loop = s->frame_of[v->node->id];
  if (loop == level) loop = NULL;
  for (;;) {
    if (loop && v->enter == loop->num_enters) return false;
    const Node *n = loop ? loop->enters[v->enter] : v->node;
    if (v->next == scope_num_dependencies(n)) {
      if (!loop) return false;
      v->enter++;
      v->next = 0;
      continue;
    }
    int i = v->next++;
    Node *d = scope_dependency(s, n, i);
    if (d && !is_back_edge(n, i) && (*unit = unit_of(s, level, d))) return true;
  }
}

/* ---- order ---- */

static int by_id(const void *a, const void *b) {
  const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
  return (x->id > y->id) - (x->id < y->id);
}

/* Appends to the order of `level` what `root` needs there and is not there yet, and then itself. */
static TF_Code visit(Scope *s, Frame *level, Node *root, Visit *stack, TF_Status *st) {
  int top = 0;
  Node *d;
  stack[top++] = (Visit){.node = root};
  s->marked[root->id] |= MARK_VISITED;
  while (top) {
    Visit *v = &stack[top - 1];
    if (!scope_next_unit(s, level, v, &d)) {
      s->marked[v->node->id] |= MARK_EMITTED;
      level->order[level->num_order++] = v->node;
      top--;
      continue;
    }
    if (s->marked[d->id] & MARK_EMITTED) continue;
    if (s->marked[d->id] & MARK_VISITED)
      return fail(st, TF_INVALID_ARGUMENT, "the graph has a cycle through node '%s'", d->name);
    s->marked[d->id] |= MARK_VISITED;
    stack[top++] = (Visit){.node = d};
  }
  return TF_OK;
}

/* A node in its own frame, and the loops that it is in, each in its parent's. */
static TF_Code visit_levels(Scope *s, Node *node, Visit *stack, TF_Status *st) {
  for (Frame *f = s->frame_of[node->id]; f; node = f->rep, f = f->parent) {
    bool is_there = (s->frame_of[node->id] == f && plan_is_enter(node)) || s->marked[node->id] & MARK_VISITED;
    if (!is_there) TRY(visit(s, f, node, stack, st));
  }
  return TF_OK;
}

/* What `roots` reach, each once, in any order. */
static int collect(Scope *s, Node *const *roots, int num_roots, Node **todo, Node **needed) {
  int count = 0, top = 0;
  for (int r = 0; r < num_roots; r++) {
    if (s->marked[roots[r]->id] & MARK_NEEDED) continue;
    s->marked[roots[r]->id] |= MARK_NEEDED;
    todo[top++] = roots[r];
    while (top) {
      Node *n = needed[count++] = todo[--top];
      for (int i = 0; i < scope_num_dependencies(n); i++) {
        Node *d = scope_dependency(s, n, i);
        if (!d || (s->marked[d->id] & MARK_NEEDED)) continue;
        s->marked[d->id] |= MARK_NEEDED; /* once a node, so `todo` never holds more than all of them */
        todo[top++] = d;
      }
    }
  }
  return count;
}

/* Room for a frame's own nodes and the loops in it. */
static TF_Code alloc_orders(Builder *b, Scope *s, TF_Status *st) {
  for (Frame *f = s->frames; f; f = f->next) f->parent->num_nodes++;
  for (Frame *f = &s->root; f; f = f == &s->root ? s->frames : f->next) {
    f->order = arena_calloc(&b->temp, (size_t)f->num_nodes + 1, sizeof *f->order);
    if (!f->order) return fail_oom(st, "a plan");
  }
  return TF_OK;
}

/* Nodes are made after their inputs, so going by id keeps the order in which the graph was written: a read of
 * a variable written before an assignment, without a control edge between them, runs before it. */
TF_Code scope_order(Builder *b, Scope *s, Node *const *roots, int num_roots, Node ***order, int *count,
                    TF_Status *st) {
  size_t n = (size_t)s->num_nodes + 1;
  Node **needed = arena_calloc(&b->temp, n, sizeof *needed), **todo = arena_calloc(&b->temp, n, sizeof *todo);
  Visit *stack = arena_calloc(&b->temp, n, sizeof *stack);
  if (!needed || !stack || !todo) return fail_oom(st, "a plan");
  int num_needed = collect(s, roots, num_roots, todo, needed);
  qsort(needed, (size_t)num_needed, sizeof *needed, by_id);
  TRY(scope_find_frames(b, s, needed, num_needed, st));
  TRY(alloc_orders(b, s, st));
  for (int i = 0; i < num_needed; i++) TRY(visit_levels(s, needed[i], stack, st));
  *order = s->root.order;
  *count = s->root.num_order;
  return TF_OK;
}

const Node *scope_find_write(const Scope *s) {
  for (const Frame *f = &s->root; f; f = f == &s->root ? s->frames : f->next)
    for (int i = 0; i < f->num_order; i++)
      if (plan_writes_ref(f->order[i])) return f->order[i];
  return NULL;
}
