#include "cli/profile_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "cli/step_words.h"

/* ---- sums ---- */

/* Of one op, or of one node. */
typedef struct Sum {
  const char *op;
  int node; /* -1 for an op */
  int64_t count, own_ns, min_ns, max_ns;
} Sum;

typedef struct Sums {
  Arena arena;
  Sum **ops, **nodes;
  int num_ops, num_nodes;
  int64_t wall_ns, between_ns; /* of all runs; of that, what no step took */
} Sums;

static int by_time(const void *a, const void *b) {
  const Sum *x = *(Sum *const *)a, *y = *(Sum *const *)b;
  if (x->own_ns != y->own_ns) return x->own_ns < y->own_ns ? 1 : -1;
  return (x->node > y->node) - (x->node < y->node);
}

static Sum *add_sum(Sums *s, Sum **list, int *count, const char *op, int node) {
  Sum *sum = arena_calloc(&s->arena, 1, sizeof *sum);
  if (!sum) return NULL;
  *sum = (Sum){.op = op, .node = node, .min_ns = INT64_MAX};
  return list[(*count)++] = sum;
}

static void add_node(Sum *sum, const ProfileNode *n) {
  sum->count += n->count;
  sum->own_ns += n->total_ns - n->inner_ns;
  if (n->min_ns < sum->min_ns) sum->min_ns = n->min_ns;
  if (n->max_ns > sum->max_ns) sum->max_ns = n->max_ns;
}

static bool sum_nodes(Sums *s, const ExecProfile *p, Map *by_op) {
  for (int i = 0; i < p->num_nodes; i++) {
    const char *op = step_op(p->nodes[i].step);
    Sum *of_op = map_get(by_op, op), *of_node = add_sum(s, s->nodes, &s->num_nodes, op, i);
    if (!of_op && (!(of_op = add_sum(s, s->ops, &s->num_ops, op, -1)) || !map_put(by_op, op, of_op)))
      return false;
    if (!of_node) return false;
    add_node(of_op, &p->nodes[i]);
    add_node(of_node, &p->nodes[i]);
    if (p->nodes[i].parent < 0) s->between_ns -= p->nodes[i].total_ns;
  }
  return true;
}

static TF_Code make_sums(Sums *s, const ProfileReport *r, TF_Status *st) {
  const ExecProfile *p = r->profile;
  Map by_op = {0};
  *s = (Sums){0};
  for (int64_t i = 0; i < r->num_runs; i++) s->wall_ns += r->runs[i].end_ns - r->runs[i].start_ns;
  s->between_ns = s->wall_ns;
  s->ops = arena_calloc(&s->arena, (size_t)p->num_nodes, sizeof *s->ops);
  s->nodes = arena_calloc(&s->arena, (size_t)p->num_nodes, sizeof *s->nodes);
  if (!s->ops || !s->nodes || p->failed || !sum_nodes(s, p, &by_op)) fail_oom(st, "a profile");
  map_clear(&by_op);
  if (TF_GetCode(st)) return TF_GetCode(st);
  qsort(s->ops, (size_t)s->num_ops, sizeof *s->ops, by_time);
  qsort(s->nodes, (size_t)s->num_nodes, sizeof *s->nodes, by_time);
  return TF_OK;
}

/* "loop: inner/MatMul": the step behind those that it is below. What stands in a loop of TensorFlow 1 is
 * named in full already. */
static void put_path(const ExecProfile *p, int node, Bytes *out) {
  int below = p->nodes[node].parent;
  while (below >= 0 && p->nodes[below].step->kind == STEP_LOOP) below = p->nodes[below].parent;
  if (below >= 0) {
    put_path(p, below, out);
    bytes_puts(out, ": ");
  }
  bytes_puts(out, p->nodes[node].step->name);
}

/* ---- for people ---- */

static double share(const Sums *s, int64_t ns) {
  return s->wall_ns > 0 ? 100.0 * (double)ns / (double)s->wall_ns : 0;
}

static void put_row(const Sums *s, const ProfileReport *r, const Sum *sum, Bytes *out) {
  bytes_printf(out, "%6.1f%% %11.4f %11.2f %9.4g  ", share(s, sum->own_ns),
               (double)sum->own_ns / 1e6 / (double)r->num_runs,
               (double)sum->own_ns / 1e3 / (double)sum->count, (double)sum->count / (double)r->num_runs);
}

static void put_ops(const Sums *s, const ProfileReport *r, Bytes *out) {
  bytes_printf(out, "\nBy op\n%7s %11s %11s %9s  %s\n", "share", "ms a run", "mean us", "a run", "op");
  for (int i = 0; i < s->num_ops; i++) {
    put_row(s, r, s->ops[i], out);
    bytes_printf(out, "%s\n", s->ops[i]->op);
  }
  bytes_printf(out, "%6.1f%% %11.4f %11s %9s  (between steps)\n", share(s, s->between_ns),
               (double)s->between_ns / 1e6 / (double)r->num_runs, "", "");
}

static void put_nodes(const Sums *s, const ProfileReport *r, int64_t top, Bytes *out) {
  int shown = top < s->num_nodes ? (int)top : s->num_nodes;
  if (shown < s->num_nodes)
    bytes_printf(out, "\nBy node, %d of %d (--top says how many)\n", shown, s->num_nodes);
  else bytes_puts(out, "\nBy node\n");
  bytes_printf(out, "%7s %11s %11s %9s  %-24s %s\n", "share", "ms a run", "mean us", "a run", "op", "node");
  for (int i = 0; i < shown; i++) {
    put_row(s, r, s->nodes[i], out);
    bytes_printf(out, "%-24s ", s->nodes[i]->op);
    put_path(r->profile, s->nodes[i]->node, out);
    bytes_putc(out, '\n');
  }
}

TF_Code profile_put_text(const ProfileReport *r, int64_t top, Bytes *out, TF_Status *st) {
  Sums s;
  if (!make_sums(&s, r, st)) {
    bytes_printf(
        out, "\n%lld profiled runs, %.4f ms each; times are a step's own, without the steps that it runs.\n",
        (long long)r->num_runs, (double)s.wall_ns / 1e6 / (double)r->num_runs);
    put_ops(&s, r, out);
    put_nodes(&s, r, top, out);
  }
  arena_clear(&s.arena);
  return TF_GetCode(st) ? TF_GetCode(st) : bytes_finish(out, "a profile", st);
}

/* ---- for programs ---- */

static void put_number(JsonWriter *w, const char *key, double v) {
  json_key(w, key, strlen(key));
  json_value(w);
  bytes_printf(w->out, "%.9g", v);
}

static void put_sum(const Sums *s, const ProfileReport *r, const Sum *sum, JsonWriter *w) {
  json_begin_object(w);
  json_key(w, "op", 2);
  json_write_cstring(w, sum->op);
  if (sum->node >= 0) {
    const ProfileNode *n = &r->profile->nodes[sum->node];
    Bytes path = {0};
    put_path(r->profile, sum->node, &path);
    json_key(w, "node", 4);
    json_write_string(w, path.data ? path.data : "", path.size);
    bytes_clear(&path);
    put_number(w, "with_inner_ms", (double)n->total_ns / 1e6);
    put_number(w, "min_us", (double)n->min_ns / 1e3);
    put_number(w, "max_us", (double)n->max_ns / 1e3);
  }
  json_key(w, "count", 5);
  json_write_i64(w, sum->count);
  put_number(w, "total_ms", (double)sum->own_ns / 1e6);
  put_number(w, "mean_us", (double)sum->own_ns / 1e3 / (double)sum->count);
  put_number(w, "share", share(s, sum->own_ns) / 100);
  json_end_object(w);
}

static void put_sums(const Sums *s, const ProfileReport *r, const char *key, Sum *const *list, int count,
                     JsonWriter *w) {
  json_key(w, key, strlen(key));
  json_begin_array(w);
  for (int i = 0; i < count; i++) put_sum(s, r, list[i], w);
  json_end_array(w);
}

TF_Code profile_put_json(const ProfileReport *r, JsonWriter *w, TF_Status *st) {
  Sums s;
  if (!make_sums(&s, r, st)) {
    json_begin_object(w);
    json_key(w, "runs", 4);
    json_write_i64(w, r->num_runs);
    put_number(w, "run_ms", (double)s.wall_ns / 1e6 / (double)r->num_runs);
    put_number(w, "between_steps_ms", (double)s.between_ns / 1e6);
    put_sums(&s, r, "ops", s.ops, s.num_ops, w);
    put_sums(&s, r, "nodes", s.nodes, s.num_nodes, w);
    json_end_object(w);
  }
  arena_clear(&s.arena);
  return TF_GetCode(st) ? TF_GetCode(st) : bytes_finish(w->out, "a profile", st);
}

/* ---- for trace viewers ---- */

static void put_event(const char *name, const char *category, int64_t start, int64_t end, int64_t zero,
                      Bytes *out) {
  bytes_puts(out, ",\n{\"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"name\": ");
  json_put_string(out, name, strlen(name));
  bytes_puts(out, ", \"cat\": ");
  json_put_string(out, category, strlen(category));
  bytes_printf(out, ", \"ts\": %.3f, \"dur\": %.3f", (double)(start - zero) / 1e3,
               (double)(end - start) / 1e3);
}

TF_Code profile_put_trace(const ProfileReport *r, Bytes *out, TF_Status *st) {
  const ExecProfile *p = r->profile;
  int64_t zero = r->num_runs ? r->runs[0].start_ns : 0;
  bytes_puts(out, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n");
  bytes_puts(out,
             "{\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": {\"name\": \"savedmodel "
             "bench\"}},\n");
  bytes_puts(
      out,
      "{\"ph\": \"M\", \"pid\": 1, \"tid\": 1, \"name\": \"thread_name\", \"args\": {\"name\": \"steps\"}}");
  for (int i = 0; i < r->traced_runs; i++) {
    char name[32];
    snprintf(name, sizeof name, "run %d", i + 1);
    put_event(name, "run", r->runs[i].start_ns, r->runs[i].end_ns, zero, out);
    bytes_putc(out, '}');
  }
  for (int i = 0; i < p->num_events; i++) {
    const ProfileEvent *e = &p->events[i];
    const PlanStep *step = p->nodes[e->node].step;
    put_event(step_op(step), "step", e->start_ns, e->end_ns, zero, out);
    bytes_puts(out, ", \"args\": {\"node\": ");
    json_put_string(out, step->name, strlen(step->name));
    bytes_puts(out, "}}");
  }
  bytes_puts(out, "\n]}\n");
  return bytes_finish(out, "a trace", st);
}
