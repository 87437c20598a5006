/* The beam search: a tree of label sequences, of which the `width` likeliest (the leaves) survive every time
 * step.
 *
 * A node's `now.total` is -inf when it is no leaf. Nodes are counted (as leaf, as a branch of the step under
 * way, by each child) and used again when nobody needs them: memory is that of the leaves' ancestors. */
#include "ops/ctc_beam.h"

#include <stdlib.h>
#include <string.h>

#include "ops/sparse_util.h"

/* Logarithms: of ending in any way, in a blank, in the label. */
typedef struct Chance {
  double total, blank, label;
} Chance;

static const Chance no_chance = {-INFINITY, -INFINITY, -INFINITY};

typedef struct Beam Beam;
struct Beam {
  Beam *parent, *child, *next; /* first child; next sibling, or next free node */
  int32_t label;               /* -1: the root */
  int32_t refs;
  uint64_t number; /* order of creation, which decides between equals */
  Chance before, now;
};

typedef struct Chunk {
  struct Chunk *next;
  Beam nodes[256];
} Chunk;

typedef struct Search {
  const CtcInputs *in;
  const Tensor *values;
  size_t width;
  uint64_t made;
  Chunk *chunks;
  Beam *free;
  Beam **leaves;   /* a heap, the least likely first */
  Beam **branches; /* the leaves of the step before, likeliest first */
  Beam **children; /* [classes]: of the branch at hand */
  size_t num_leaves, cap_leaves, cap_branches;
} Search;

static double rounded(const Search *s, double v) { return ctc_round(s->values, v); }
static double log_add(const Search *s, double a, double b) { return rounded(s, ctc_log_add(a, b)); }

/* ---- nodes ---- */

static TF_Code beam_new(Search *s, Beam *parent, int32_t label, Beam **out, TF_Status *st) {
  if (!s->free) {
    Chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) return fail_oom(st, "a beam");
    chunk->next = s->chunks;
    s->chunks = chunk;
    for (size_t i = 0; i < SM_COUNTOF(chunk->nodes); i++) {
      chunk->nodes[i].next = s->free;
      s->free = &chunk->nodes[i];
    }
  }
  Beam *b = s->free;
  s->free = b->next;
  *b = (Beam){.parent = parent, .label = label, .number = s->made++, .before = no_chance, .now = no_chance};
  if (parent) {
    b->next = parent->child;
    parent->child = b;
    parent->refs++;
  }
  *out = b;
  return TF_OK;
}

static void beam_drop(Search *s, Beam *b) {
  while (b && --b->refs == 0) {
    Beam *parent = b->parent;
    if (parent) {
      Beam **at = &parent->child;
      while (*at != b) at = &(*at)->next;
      *at = b->next;
    }
    b->next = s->free;
    s->free = b;
    b = parent;
  }
}

/* ---- the heap of leaves ---- */

static bool less_likely(const Beam *a, const Beam *b) {
  return a->now.total < b->now.total || (a->now.total == b->now.total && a->number > b->number);
}

static void sift_down(Search *s, size_t i) {
  Beam *b = s->leaves[i];
  for (size_t k; (k = 2 * i + 1) < s->num_leaves; i = k) {
    if (k + 1 < s->num_leaves && less_likely(s->leaves[k + 1], s->leaves[k])) k++;
    if (!less_likely(s->leaves[k], b)) break;
    s->leaves[i] = s->leaves[k];
  }
  s->leaves[i] = b;
}

static TF_Code reserve(Beam ***list, size_t *cap, size_t want, TF_Status *st) {
  if (want <= *cap) return TF_OK;
  size_t size = want > 2 * *cap ? want : 2 * *cap;
  Beam **grown = realloc(*list, size * sizeof *grown);
  if (!grown) return fail_oom(st, "a beam");
  *list = grown;
  *cap = size;
  return TF_OK;
}

/* Adds a leaf; the least likely gives way when there are `width`. */
static TF_Code push_leaf(Search *s, Beam *b, TF_Status *st) {
  b->refs++;
  if (s->num_leaves == s->width) {
    Beam *bottom = s->leaves[0];
    bottom->now = no_chance;
    s->leaves[0] = b;
    sift_down(s, 0);
    beam_drop(s, bottom);
    return TF_OK;
  }
  TF_Code code = reserve(&s->leaves, &s->cap_leaves, s->num_leaves + 1, st);
  if (code) return beam_drop(s, b), code;
  size_t i = s->num_leaves++;
  for (; i && less_likely(b, s->leaves[(i - 1) / 2]); i = (i - 1) / 2) s->leaves[i] = s->leaves[(i - 1) / 2];
  s->leaves[i] = b;
  return TF_OK;
}

static bool is_candidate(const Search *s, const Chance *c) {
  return c->total > -INFINITY && (s->num_leaves < s->width || c->total > s->leaves[0]->now.total);
}

static int likeliest_first(const void *a, const void *b) {
  const Beam *x = *(Beam *const *)a, *y = *(Beam *const *)b;
  return less_likely(x, y) ? 1 : less_likely(y, x) ? -1 : 0;
}

/* ---- a time step ---- */

/* ln of the sum of e^activation: what makes probabilities of them. */
static double norm(const Search *s, int64_t at) {
  double most = ctc_value(s->values, at), sum = 0;
  for (int64_t i = 1; i < s->in->classes; i++) most = fmax(most, ctc_value(s->values, at + i));
  for (int64_t i = 0; i < s->in->classes; i++)
    sum = rounded(s, sum + rounded(s, exp(rounded(s, ctc_value(s->values, at + i) - most))));
  return rounded(s, most + rounded(s, log(sum)));
}

/* A branch that gets no label more: by a blank, or by its last label again. */
static void extend_same(const Search *s, Beam *b, int64_t at, double offset) {
  const Beam *up = b->parent;
  if (up) {
    if (up->now.total != -INFINITY)
      b->now.label = log_add(s, b->now.label, b->label == up->label ? up->before.blank : up->before.total);
    b->now.label = rounded(s, b->now.label + rounded(s, ctc_value(s->values, at + b->label) - offset));
  }
  b->now.blank = rounded(
      s, rounded(s, b->before.total + ctc_value(s->values, at + s->in->classes - 1)) - offset);
  b->now.total = log_add(s, b->now.blank, b->now.label);
}

static TF_Code grow(Search *s, Beam *b, int64_t at, double offset, TF_Status *st) {
  if (!is_candidate(s, &b->before)) return TF_OK;
  for (Beam *k = b->child; k; k = k->next) s->children[k->label] = k;
  TF_Code code = TF_OK;
  for (int64_t i = 0; !code && i < s->in->classes - 1; i++) {
    Beam *child = s->children[i];
    s->children[i] = NULL;
    if (child && child->now.total != -INFINITY) continue;
    double log_p = rounded(s, rounded(s, ctc_value(s->values, at + i) - offset) +
                                  (i == b->label ? b->before.blank : b->before.total));
    Chance chance = {log_p, -INFINITY, log_p};
    if (!is_candidate(s, &chance)) {
      if (child)
        child->before = no_chance; /* TF: if it was a leaf before this step, it grows no more either */
      continue;
    }
    if (!child) code = beam_new(s, b, (int32_t)i, &child, st);
    if (code) break;
    child->now = chance;
    code = push_leaf(s, child, st);
  }
  return code;
}

static TF_Code search_step(Search *s, int64_t at, TF_Status *st) {
  double offset = norm(s, at);
  size_t n = s->num_leaves;
  TF_Code code = reserve(&s->branches, &s->cap_branches, n, st);
  if (code) return code;
  memcpy(s->branches, s->leaves, n * sizeof *s->leaves); /* with their references */
  qsort(s->branches, n, sizeof *s->branches, likeliest_first);
  s->num_leaves = 0;
  for (size_t i = 0; i < n; i++) s->branches[i]->before = s->branches[i]->now;
  for (size_t i = 0; i < n; i++) {
    extend_same(s, s->branches[i], at, offset);
    if (!code) code = push_leaf(s, s->branches[i], st);
  }
  for (size_t i = 0; !code && i < n; i++) code = grow(s, s->branches[i], at, offset, st);
  for (size_t i = 0; i < n; i++) beam_drop(s, s->branches[i]);
  return code;
}

static TF_Code search_start(Search *s, TF_Status *st) {
  Beam *root;
  for (size_t i = 0; i < s->num_leaves; i++) beam_drop(s, s->leaves[i]);
  s->num_leaves = 0;
  TRY(beam_new(s, NULL, -1, &root, st));
  root->now.total = root->now.blank = 0;
  return push_leaf(s, root, st);
}

/* ---- the op ---- */

TF_Code ctc_beam_init(OpInit *k, TF_Status *st) {
  CtcBeamState *s = k->state;
  TRY(node_attr_int(k->node, "beam_width", &s->width, st));
  TRY(node_attr_int(k->node, "top_paths", &s->paths, st));
  return node_attr_bool(k->node, "merge_repeated", &s->merge, st);
}

/* The labels from the root to `b`. TF: merge_repeated also merges what the search had told apart by a blank.
 */
static TF_Code push_labels(const Beam *b, bool merge, CtcPath *path, int64_t row, TF_Status *st) {
  size_t start = path->count;
  int32_t before = -1;
  for (; b->parent; b = b->parent) {
    if (!merge || b->label != before) TRY(ctc_path_push(path, b->label, st));
    before = b->label;
  }
  for (size_t i = start, j = path->count; i + 1 < j; i++) {
    int64_t swap = path->labels[i];
    path->labels[i] = path->labels[--j];
    path->labels[j] = swap;
  }
  path->lengths[row] = (int64_t)(path->count - start);
  return TF_OK;
}

static TF_Code search_row(OpCtx *c, Search *s, int64_t row, CtcPath *paths, TF_Status *st) {
  const CtcBeamState *state = c->state;
  Tensor *score = &c->outputs[c->num_outputs - 1];
  TRY(search_start(s, st));
  for (int64_t t = 0; t < s->in->lengths[row]; t++) {
    if (c->env) TRY(step_check(c->env, st));
    TRY(search_step(s, (t * s->in->batch + row) * s->in->classes, st));
  }
  if (state->paths > state->width)
    return fail(st, TF_INVALID_ARGUMENT, "requested more paths than the beam width.");
  if ((size_t)state->paths > s->num_leaves)
    return fail(st, TF_INVALID_ARGUMENT, "Less leaves in the beam search than requested.");
  TRY(reserve(&s->branches, &s->cap_branches, s->num_leaves, st));
  memcpy(s->branches, s->leaves, s->num_leaves * sizeof *s->leaves);
  qsort(s->branches, s->num_leaves, sizeof *s->branches, likeliest_first);
  for (int64_t p = 0; p < state->paths; p++) {
    TRY(push_labels(s->branches[p], state->merge, &paths[p], row, st));
    if (score->dtype == TF_FLOAT)
      ((float *)score->data)[row * state->paths + p] = (float)s->branches[p]->now.total;
    else ((double *)score->data)[row * state->paths + p] = s->branches[p]->now.total;
  }
  return TF_OK;
}

static TF_Code search_rows(OpCtx *c, Search *s, CtcPath *paths, int num_paths, TF_Status *st) {
  TRY(run_alloc(c, s->in->classes, sizeof *s->children, &s->children, st));
  for (int p = 0; p < num_paths; p++) TRY(run_alloc(c, s->in->batch, sizeof(int64_t), &paths[p].lengths, st));
  for (int64_t b = 0; b < s->in->batch; b++) TRY(search_row(c, s, b, paths, st));
  for (int p = 0; p < num_paths; p++)
    TRY(ctc_path_store(c, &paths[p], s->in->batch, p, num_paths + p, 2 * num_paths + p, st));
  return TF_OK;
}

TF_Code ctc_beam_run(OpCtx *c, TF_Status *st) {
  const CtcBeamState *state = c->state;
  CtcInputs in;
  CtcPath *paths = NULL;
  TRY(ctc_decoder_inputs(c, &in, st));
  int num_paths = (int)state->paths;
  TRY(op_alloc_output(c, c->num_outputs - 1, in.values->dtype, (int64_t[]){in.batch, num_paths}, 2, st));
  TRY(run_alloc(c, num_paths, sizeof *paths, &paths, st));
  Search s = {.in = &in, .values = in.values, .width = (size_t)state->width};
  TF_Code code = search_rows(c, &s, paths, num_paths, st);
  for (int p = 0; p < num_paths; p++) {
    free(paths[p].labels);
    free(paths[p].lengths);
  }
  free(paths);
  free(s.leaves);
  free(s.branches);
  free(s.children);
  for (Chunk *chunk; (chunk = s.chunks); free(chunk)) s.chunks = chunk->next;
  return code;
}
