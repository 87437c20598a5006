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
  s->marked = arena_calloc(&b->temp, n, 1);
  s->outs = arena_calloc(&b->temp, n, sizeof *s->outs);
  s->pivot = arena_calloc(&b->temp, n, sizeof *s->pivot);
  if (!s->marked || !s->outs || !s->pivot) return fail_oom(st, "a plan");
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

/* The node that stands for dependency `i` (inputs, then controls), or null when that is fed. */
static Node *dependency(const Scope *s, const Node *n, int i) {
  if (i < n->num_inputs) return scope_feed(s, n->inputs[i]) >= 0 ? NULL : n->inputs[i].oper;
  Node *control = n->controls[i - n->num_inputs];
  return is_fed_placeholder(s, control) ? NULL : control;
}

static int num_dependencies(const Node *n) { return n->num_inputs + n->num_controls; }

typedef struct Visit {
  Node *node;
  int next; /* dependency to look at */
} Visit;

static bool is_back_edge(const Node *n, int i) {
  return i < n->num_inputs && (!strcmp(n->op, "Merge") || !strcmp(n->op, "RefMerge")) &&
         (!strcmp(n->inputs[i].oper->op, "NextIteration") || !strcmp(n->inputs[i].oper->op, "RefNextIteration"));
}

static int by_id(const void *a, const void *b) {
  const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
  return (x->id > y->id) - (x->id < y->id);
}

/* Appends to `order` what `root` needs and is not there yet, and then itself. */
static TF_Code visit(Scope *s, Node *root, Visit *stack, Node **order, int *count, TF_Status *st) {
  int top = 0;
  stack[top++] = (Visit){root, 0};
  s->marked[root->id] |= MARK_VISITED;
  while (top) {
    Visit *v = &stack[top - 1];
    if (v->next == num_dependencies(v->node)) {
      s->marked[v->node->id] |= MARK_EMITTED;
      order[(*count)++] = v->node;
      top--;
      continue;
    }
    int i = v->next++;
    Node *d = dependency(s, v->node, i);
    if (!d || (s->marked[d->id] & MARK_EMITTED) || is_back_edge(v->node, i)) continue;
    if (s->marked[d->id] & MARK_VISITED)
      return fail(st, TF_INVALID_ARGUMENT, "the graph has a cycle through node '%s'", d->name);
    s->marked[d->id] |= MARK_VISITED;
    stack[top++] = (Visit){d, 0};
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
      for (int i = 0; i < num_dependencies(n); i++) {
        Node *d = dependency(s, n, i);
        if (!d || (s->marked[d->id] & MARK_NEEDED)) continue;
        s->marked[d->id] |= MARK_NEEDED; /* once a node, so `todo` never holds more than all of them */
        todo[top++] = d;
      }
    }
  }
  return count;
}

/* Nodes are made after their inputs, so going by id keeps the order in which the graph was written: a read of a
 * variable written before an assignment, without a control edge between them, runs before it. */
TF_Code scope_order(Builder *b, Scope *s, Node *const *roots, int num_roots, Node ***order, int *count,
                    TF_Status *st) {
  size_t n = (size_t)s->num_nodes + 1;
  Node **needed = arena_calloc(&b->temp, n, sizeof *needed);
  Visit *stack = arena_calloc(&b->temp, n, sizeof *stack);
  *order = arena_calloc(&b->temp, n, sizeof **order);
  if (!needed || !stack || !*order) return fail_oom(st, "a plan");
  int num_needed = collect(s, roots, num_roots, *order, needed);
  qsort(needed, (size_t)num_needed, sizeof *needed, by_id);
  *count = 0;
  for (int i = 0; i < num_needed; i++)
    if (!(s->marked[needed[i]->id] & MARK_VISITED)) TRY(visit(s, needed[i], stack, *order, count, st));
  return TF_OK;
}
