/* Which loop (frame) each node stands in, from Enter and Exit alone: nodes that are joined by edges are in
 * the same loop, except across Enter (its inputs are outside) and Exit (its output is outside). A frame is
 * what an Enter stands in. So two loops that share a frame_name, as graphs imported twice have them, are two
 * frames all the same. */
#include <string.h>

#include "base/limits.h"
#include "plan/plan_build.h"

/* Sets of places, by node id; the place outside of an Enter or Exit is at id + num_nodes. */
typedef struct Places {
  const Scope *s;
  int *up;
  int *first;     /* by representative: a node of the frame, or -1 */
  Frame **frames; /* by representative */
} Places;

static int find(Places *p, int i) {
  while (p->up[i] != i) i = p->up[i] = p->up[p->up[i]];
  return i;
}

/* Whether they were apart. */
static bool join(Places *p, int i, int k) {
  i = find(p, i);
  k = find(p, k);
  if (i == k) return false;
  p->up[i > k ? i : k] = i > k ? k : i;
  return true;
}

static int outside(const Places *p, const Node *n) { return n->id + p->s->num_nodes; }
static int where_it_reads(const Places *p, const Node *n) { return plan_is_enter(n) ? outside(p, n) : n->id; }
static int where_it_is_read(const Places *p, const Node *n) {
  return plan_is_exit(n) ? outside(p, n) : n->id;
}

static TF_Code places_init(Builder *b, Places *p, TF_Status *st) {
  size_t n = 2 * (size_t)p->s->num_nodes + 1;
  p->up = arena_calloc(&b->temp, n, sizeof *p->up);
  p->first = arena_calloc(&b->temp, n, sizeof *p->first);
  p->frames = arena_calloc(&b->temp, n, sizeof *p->frames);
  if (!p->up || !p->first || !p->frames) return fail_oom(st, "a plan");
  for (size_t i = 0; i < n; i++) p->up[i] = (int)i;
  return TF_OK;
}

/* All Enters and Exits of a frame have the same place outside, which may join frames further out: until
 * nothing moves, which takes one round for each level of nesting. */
static TF_Code join_outsides(Places *p, Node *const *nodes, int count, TF_Status *st) {
  bool moved = true;
  for (int round = 0; moved; round++) {
    if (round > LIMIT_CALL_DEPTH)
      return fail(st, TF_INVALID_ARGUMENT, "while loops nest more than %d deep", LIMIT_CALL_DEPTH);
    moved = false;
    for (int i = 0; i < 2 * p->s->num_nodes; i++) p->first[i] = -1;
    for (int i = 0; i < count; i++) {
      if (!plan_is_enter(nodes[i]) && !plan_is_exit(nodes[i])) continue;
      int *first = &p->first[find(p, nodes[i]->id)];
      if (*first < 0) *first = outside(p, nodes[i]);
      else moved |= join(p, *first, outside(p, nodes[i]));
    }
  }
  return TF_OK;
}

static TF_Code fail_frames(const Scope *s, const Node *n, const Node *a, const char *in, const Node *b,
                           const char *other, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT,
              "{{node %s%s}} has inputs from different frames. The input {{node %s%s}} is in frame '%s'. "
              "The input {{node %s%s}} is in frame '%s'.",
              s->prefix, n->name, s->prefix, a->name, in, s->prefix, b->name, other);
}

/* Makes the frame where this is its first Enter, and counts. */
static TF_Code count_enter(Builder *b, Scope *s, Places *p, Node *enter, TF_Status *st) {
  Span name;
  TRY(node_attr_string(enter, "frame_name", &name, st));
  Frame **at = &p->frames[find(p, enter->id)];
  if (!*at) {
    Frame *f = *at = arena_calloc(&b->temp, 1, sizeof *f);
    if (!f || !(f->name = arena_strndup(&b->temp, name.data, name.size))) return fail_oom(st, "a plan");
    f->rep = enter;
    f->next = s->frames;
    s->frames = f;
  }
  Frame *f = *at;
  if (strlen(f->name) != name.size || memcmp(f->name, name.data, name.size))
    return fail_frames(s, enter, f->rep, f->name, enter, arena_strndup(&b->temp, name.data, name.size), st);
  f->num_enters++;
  return TF_OK;
}

static TF_Code make_frames(Builder *b, Scope *s, Places *p, Node *const *nodes, int count, TF_Status *st) {
  for (int i = 0; i < count; i++)
    if (plan_is_enter(nodes[i])) TRY(count_enter(b, s, p, nodes[i], st));
  for (Frame *f = s->frames; f; f = f->next) {
    f->enters = arena_calloc(&b->temp, (size_t)f->num_enters, sizeof *f->enters);
    if (!f->enters) return fail_oom(st, "a plan");
    f->num_enters = 0;
  }
  for (int i = 0; i < count; i++) {
    if (!plan_is_enter(nodes[i])) continue;
    Frame *f = p->frames[find(p, nodes[i]->id)];
    f->enters[f->num_enters++] = nodes[i];
  }
  return TF_OK;
}

static TF_Code set_parents(Scope *s, Places *p, TF_Status *st) {
  for (Frame *f = s->frames; f; f = f->next) {
    Frame *parent = p->frames[find(p, outside(p, f->rep))];
    f->parent = parent ? parent : &s->root;
  }
  for (Frame *f = s->frames; f; f = f->next) {
    int depth = 0;
    for (Frame *up = f; up; up = up->parent)
      if (++depth > LIMIT_CALL_DEPTH)
        return fail(st, TF_INVALID_ARGUMENT, "while loop '%s' of {{node %s%s}} is not well nested", f->name,
                    s->prefix, f->rep->name);
  }
  return TF_OK;
}

/* A node that needs nothing is in no loop, Enter aside. */
static bool is_source(const Scope *s, const Node *n) {
  if (plan_is_enter(n)) return false;
  for (int i = 0; i < scope_num_dependencies(n); i++)
    if (scope_dependency(s, n, i)) return false;
  return true;
}

static TF_Code fail_fed(TF_Output out, TF_Status *st) {
  return fail(st, TF_INVALID_ARGUMENT, "%s:%d is inside a while loop and cannot be fed", out.oper->name,
              out.index);
}

/* What is fed and what needs nothing is outside of loops, and so cannot be read in one. */
static TF_Code check_inputs(const Scope *s, const Node *n, TF_Status *st) {
  const Frame *f = s->frame_of[n->id];
  if (f == &s->root) return TF_OK;
  const Frame *reads = plan_is_enter(n) ? f->parent : f;
  if (reads == &s->root) return TF_OK;
  for (int i = 0; i < scope_num_dependencies(n); i++) {
    const Node *d = scope_dependency(s, n, i);
    if (!d && i < n->num_inputs) return fail_fed(n->inputs[i], st);
    if (d && is_source(s, d)) return fail_frames(s, n, d, "", reads->rep, reads->name, st);
  }
  return TF_OK;
}

static TF_Code place_node(Scope *s, Places *p, Node *n, TF_Status *st) {
  Frame *f = p->frames[find(p, n->id)];
  s->frame_of[n->id] = f ? f : &s->root;
  s->frame_of[n->id]->num_nodes++;
  if (!strcmp(n->op, "LoopCond") && f) {
    if (f->cond)
      return fail(st, TF_INVALID_ARGUMENT,
                  "while loop '%s' has two conditions, {{node %s%s}} and {{node %s%s}}", f->name, s->prefix,
                  f->cond->name, s->prefix, n->name);
    f->cond = n;
  }
  if (!f && plan_is_next(n) && scope_feed(s, n->inputs[0]) >= 0) return fail_fed(n->inputs[0], st);
  if (!f && (plan_is_exit(n) || plan_is_next(n) || !strcmp(n->op, "LoopCond")))
    return fail(st, TF_INVALID_ARGUMENT, "{{node %s%s}} (%s) is in no while loop", s->prefix, n->name, n->op);
  return TF_OK;
}

TF_Code scope_find_frames(Builder *b, Scope *s, Node *const *nodes, int count, TF_Status *st) {
  bool any = false;
  Places p = {.s = s};
  s->frame = &s->root;
  for (int i = 0; i < count; i++)
    any |= plan_is_enter(nodes[i]) || plan_is_exit(nodes[i]) || plan_is_next(nodes[i]);
  if (!any) {
    s->root.num_nodes = count;
    for (int i = 0; i < count; i++) s->frame_of[nodes[i]->id] = &s->root;
    return TF_OK;
  }
  TRY(places_init(b, &p, st));
  if (!(s->numbers = arena_calloc(&b->temp, (size_t)s->num_nodes, sizeof *s->numbers)))
    return fail_oom(st, "a plan");
  for (int i = 0; i < count; i++)
    for (int k = 0; k < scope_num_dependencies(nodes[i]); k++) {
      const Node *d = scope_dependency(s, nodes[i], k);
      if (d && !is_source(s, d)) join(&p, where_it_reads(&p, nodes[i]), where_it_is_read(&p, d));
    }
  TRY(join_outsides(&p, nodes, count, st));
  TRY(make_frames(b, s, &p, nodes, count, st));
  TRY(set_parents(s, &p, st));
  for (int i = 0; i < count; i++) TRY(place_node(s, &p, nodes[i], st));
  for (int i = 0; i < count; i++) TRY(check_inputs(s, nodes[i], st));
  return TF_OK;
}
