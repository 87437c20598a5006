/* Timing of steps. A step's node is found by a hash of its parent's node and its address. */
#include "exec/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void profile_clear(ExecProfile *p) {
  free(p->nodes);
  free(p->events);
  free(p->buckets);
  free(p->frames);
  *p = (ExecProfile){0};
}

void profile_begin_run(ExecProfile *p) {
  p->depth = p->too_deep = 0;
  p->runs++;
}

/* Room for one more; false when memory is out. */
static bool grow(void *array, int count, int *cap, size_t size) {
  if (count < *cap) return true;
  int want = *cap ? 2 * *cap : 64;
  void *grown = realloc(*(void **)array, (size_t)want * size);
  if (!grown) return false;
  *(void **)array = grown;
  *cap = want;
  return true;
}

static size_t bucket_of(const ExecProfile *p, int parent, const PlanStep *step) {
  uint64_t h = ((uint64_t)(uintptr_t)step ^ (uint64_t)(parent + 1) << 40) * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(h >> 32) & (size_t)(p->num_buckets - 1);
}

static void put(ExecProfile *p, int node) {
  size_t at = bucket_of(p, p->nodes[node].parent, p->nodes[node].step);
  while (p->buckets[at]) at = (at + 1) & (size_t)(p->num_buckets - 1);
  p->buckets[at] = node + 1;
}

/* At most half of the buckets are taken. */
static bool grow_buckets(ExecProfile *p) {
  if (2 * (p->num_nodes + 1) <= p->num_buckets) return true;
  int want = p->num_buckets ? 2 * p->num_buckets : 128;
  int *buckets = calloc((size_t)want, sizeof *buckets);
  if (!buckets) return false;
  free(p->buckets);
  p->buckets = buckets;
  p->num_buckets = want;
  for (int i = 0; i < p->num_nodes; i++) put(p, i);
  return true;
}

/* -1 when memory is out. */
static int find_node(ExecProfile *p, int parent, const PlanStep *step) {
  for (size_t at = p->num_buckets ? bucket_of(p, parent, step) : 0; p->num_buckets && p->buckets[at];
       at = (at + 1) & (size_t)(p->num_buckets - 1)) {
    int node = p->buckets[at] - 1;
    if (p->nodes[node].step == step && p->nodes[node].parent == parent) return node;
  }
  if (!grow_buckets(p) || !grow(&p->nodes, p->num_nodes, &p->cap_nodes, sizeof *p->nodes)) return -1;
  p->nodes[p->num_nodes] = (ProfileNode){.step = step, .parent = parent, .min_ns = INT64_MAX};
  put(p, p->num_nodes);
  return p->num_nodes++;
}

void profile_enter(ExecProfile *p, const PlanStep *step) {
  int node = -1;
  if (!p->too_deep && grow(&p->frames, p->depth, &p->cap_frames, sizeof *p->frames))
    node = find_node(p, p->depth ? p->frames[p->depth - 1].node : -1, step);
  if (node < 0) { /* steps below a lost one are lost too */
    p->failed = true;
    p->too_deep++;
    return;
  }
  p->frames[p->depth++] = (ProfileFrame){node, clock_now_ns()};
}

static void add_event(ExecProfile *p, int node, int64_t start, int64_t end) {
  if (p->num_events < p->max_events && grow(&p->events, p->num_events, &p->cap_events, sizeof *p->events))
    p->events[p->num_events++] = (ProfileEvent){node, start, end};
  else p->lost_events++;
}

void profile_leave(ExecProfile *p) {
  int64_t end = clock_now_ns();
  if (p->too_deep) {
    p->too_deep--;
    return;
  }
  ProfileFrame f = p->frames[--p->depth];
  ProfileNode *n = &p->nodes[f.node];
  int64_t took = end - f.start_ns;
  n->count++;
  n->total_ns += took;
  if (took < n->min_ns) n->min_ns = took;
  if (took > n->max_ns) n->max_ns = took;
  if (n->parent >= 0) p->nodes[n->parent].inner_ns += took;
  add_event(p, f.node, f.start_ns, end);
}
