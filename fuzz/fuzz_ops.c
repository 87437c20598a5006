/* layers: capi; whole */
/* Any op of the table with any attributes and inputs (ops_input.h): a node is made of them, its shape
 * function is asked with more and less knowledge, its kernel runs on one thread, on two and with inputs that
 * it may overwrite, and one case in four runs in a session, fed or folded. What works must agree: codes,
 * dtypes, shapes, whole numbers and strings, and whatever shapes were promised. Memory and time are limited
 * as a server limits them; no file may be touched.
 *
 *   SM_FUZZ_PRINT=1   prints each case before it runs */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/status_impl.h"
#include "graph/attr.h"
#include "ops/op_eval.h"
#include "ops_mutate.h"
#include "ops_objects.h"
#include "session/session.h"
#include "tensorflow/c/c_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { OUTPUTS_MAX = 64, SECONDS = 2 };
#define MEMORY_MAX ((size_t)4 << 20)

/* The sanitizer's allocator says no as malloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "allocator_may_return_null=1:detect_stack_use_after_return=0";
}

typedef struct Run {
  OpInput in;
  Arena arena;
  Graph *graph;
  Node *node;
  TF_Output sources[INPUT_MAX];
  OpScratch scratch;
} Run;

typedef struct Outcome {
  TF_Status status;
  Tensor outputs[OUTPUTS_MAX];
  int count;
} Outcome;

static void outcome_clear(Outcome *o) {
  for (int i = 0; i < o->count; i++) tensor_clear(&o->outputs[i]);
}

/* ---- what a step offers ---- */

static TF_Code no_file(const FilePolicy *policy, const char *path, bool write, TF_Status *st) {
  (void)policy, (void)write;
  return fail(st, TF_PERMISSION_DENIED, "no files: %s", path);
}
static const FilePolicy no_files = {no_file};

static void print_nothing(void *arg, const char *text, size_t size, bool to_stdout) {
  (void)arg, (void)text, (void)size, (void)to_stdout;
}

static TF_Code no_call(StepEnv *env, const Callee *callee, const Tensor *const *inputs, int num_inputs,
                       Tensor *outputs, int num_outputs, TF_Status *st) {
  (void)env, (void)callee, (void)inputs, (void)num_inputs, (void)outputs, (void)num_outputs;
  return fail(st, TF_UNIMPLEMENTED, "a case has no functions");
}

static TF_Code no_callee(OpInit *k, const AttrFunc *func, const Callee **callee, TF_Status *st) {
  (void)k, (void)func, (void)callee;
  return fail(st, TF_UNIMPLEMENTED, "a case has no functions");
}

static int64_t seconds_from_now(int seconds) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec + seconds) * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- judgement ---- */

static void print_case(const Run *r, FILE *to) {
  const OpInput *in = &r->in;
  Bytes text = {0};
  fprintf(to, "%s (mode %02x)\n", in->row->name, in->mode);
  for (int i = 0; i < in->num_attrs; i++) {
    bytes_printf(&text, "  %s = ", in->attrs[i].name);
    if (in->attrs[i].kind != TF_ATTR_TENSOR) attr_print(&in->attrs[i], &text);
    bytes_puts(&text, "\n");
  }
  for (int i = 0; i < in->num_inputs; i++) {
    char dims[SHAPE_TEXT_MAX];
    const CaseTensor *t = &in->inputs[i];
    bytes_printf(&text, "  input %d: %s%s", i, dtype_name(t->dtype),
                 shape_text(t->dims, t->rank, dims, sizeof dims));
    for (size_t k = 0; k < t->data.size && k < 64; k++)
      bytes_printf(&text, " %02x", ((const uint8_t *)t->data.data)[k]);
    if (t->held)
      bytes_printf(&text, " kind %d dtype %d holds %s", t->kind, t->held_dtype,
                   shape_text(t->held->dims, t->held->rank, dims, sizeof dims));
    bytes_puts(&text, "\n");
  }
  fputs(text.data ? text.data : "", to);
  fflush(to);
  bytes_clear(&text);
}

static void give_up(const Run *r, const char *how, const char *what, const char *a, const char *b) {
  print_case(r, stderr);
  fprintf(stderr, "%s: %s\n  %s\n  %s\n", how, what, a, b);
  abort();
}

/* Numbers that must agree whatever the order of work. */
static bool is_exact(TF_DataType dtype) {
  switch (dtype) {
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16:
    case TF_COMPLEX64:
    case TF_COMPLEX128:
    case TF_RESOURCE:
    case TF_VARIANT: return false;
    default: return true;
  }
}

static bool same_elements(const Tensor *a, const Tensor *b) {
  int64_t n = tensor_count(a);
  if (a->dtype != TF_STRING) return !n || memcmp(a->data, b->data, (size_t)n * dtype_size(a->dtype)) == 0;
  for (int64_t i = 0; i < n; i++) {
    size_t x, y;
    const char *p = tstring_data((const TF_TString *)a->data + i, &x),
               *q = tstring_data((const TF_TString *)b->data + i, &y);
    if (x != y || memcmp(p, q, x) != 0) return false;
  }
  return true;
}

static bool has_limits(TF_Code code) {
  return code == TF_DEADLINE_EXCEEDED || code == TF_RESOURCE_EXHAUSTED || code == TF_CANCELLED;
}

static bool depends_on_floats(const Node *n) {
  for (int i = 0; i < n->num_inputs; i++)
    if (!is_exact(dtype_base(n->input_types[i]))) return true;
  return false;
}

static void compare(const Run *r, const char *how, const Outcome *a, const Outcome *b) {
  if (has_limits(a->status.code) || has_limits(b->status.code)) return;
  if (a->status.code != b->status.code)
    give_up(r, how, "another code", a->status.code ? a->status.message : "ok",
            b->status.code ? b->status.message : "ok");
  if (a->status.code) return;
  bool values = !(r->in.spec->flags & OP_SPEC_STATEFUL) && !(r->in.row->flags & OP_STATEFUL) &&
                !depends_on_floats(r->node);
  for (int i = 0; i < a->count; i++) {
    const Tensor *x = &a->outputs[i], *y = &b->outputs[i];
    char p[SHAPE_TEXT_MAX], q[SHAPE_TEXT_MAX];
    if (dtype_is_ref(r->node->output_types[i])) continue;
    if (!tensor_same_shape(x, y) && !(r->in.spec->flags & OP_SPEC_STATEFUL))
      give_up(r, how, "another shape", shape_text(x->dims, x->rank, p, sizeof p),
              shape_text(y->dims, y->rank, q, sizeof q));
    if (values && is_exact(x->dtype) && tensor_same_shape(x, y) && !same_elements(x, y))
      give_up(r, how, "other values", "", "");
  }
}

/* TF: handles of tensor arrays and stacks don't have the shape promised, nor do these when an attribute or
 * input that says a shape is wrong. */
static bool breaks_promises(const Run *r) {
  static const char *const names[] = {
      "PlaceholderWithDefault", "TensorListPopBack",         "TensorListGetItem", "TensorListGather",
      "ResizeBilinearGrad",     "ResizeNearestNeighborGrad", "ResizeBicubicGrad"};
  if (!strncmp(r->in.row->name, "TensorArray", 11)) return true; /* the flow in is the flow out */
  for (size_t i = 0; i < SM_COUNTOF(names); i++)
    if (!strcmp(r->in.row->name, names[i])) return true;
  return false;
}

static void check_promise(const Run *r, const char *how, const Shape *promised, const Tensor *got) {
  if (got->dtype == TF_RESOURCE || breaks_promises(r)) return;
  bool ok = promised->rank < 0 || promised->rank == got->rank;
  for (int d = 0; ok && d < promised->rank; d++)
    ok = promised->dims[d] < 0 || promised->dims[d] == got->dims[d];
  char p[SHAPE_TEXT_MAX], q[SHAPE_TEXT_MAX];
  if (!ok)
    give_up(r, how, "not the shape promised", shape_text(promised->dims, promised->rank, p, sizeof p),
            shape_text(got->dims, got->rank, q, sizeof q));
}

/* ---- shape functions ---- */

typedef struct ShapeAsk {
  ShapeCtx ctx;
  const Tensor *values; /* dtype 0: not known */
} ShapeAsk;

static const Tensor *ask_value(ShapeCtx *c, int i) {
  const Tensor *t = ((ShapeAsk *)c)->values;
  return t && i >= 0 && i < c->num_inputs && t[i].dtype ? &t[i] : NULL;
}

static bool ask_partial(ShapeCtx *c, int i, Shape *out) {
  const Tensor *t = ask_value(c, i);
  if (!t || t->rank != 1 || t->dims[0] > TENSOR_MAX_RANK || (t->dtype != TF_INT32 && t->dtype != TF_INT64))
    return false;
  *out = (Shape){.rank = (int)t->dims[0]};
  for (int k = 0; k < out->rank; k++) {
    int64_t v = t->dtype == TF_INT64 ? ((const int64_t *)t->data)[k] : ((const int32_t *)t->data)[k];
    out->dims[k] = v < 0 || k % 2 ? -1 : v;
  }
  return true;
}

/* With everything known, without values, with ranks alone, with nothing. */
static void ask_shapes(const Run *r, const Tensor *values, const Outcome *o) {
  const Node *n = r->node;
  for (int level = 0; r->in.row->shape && level < 4; level++) {
    Shape in[INPUT_MAX], out[OUTPUTS_MAX];
    const Shape *inputs[INPUT_MAX];
    TF_Status st = {0};
    for (int i = 0; i < n->num_inputs; i++) {
      const CaseTensor *t = &r->in.inputs[i];
      if (dtype_is_ref(t->dtype)) t = t->held;
      in[i] = (Shape){.rank = level == 3 ? -1 : t->rank};
      for (int d = 0; d < in[i].rank; d++) in[i].dims[d] = level == 2 ? -1 : t->dims[d];
      inputs[i] = &in[i];
    }
    for (int i = 0; i < n->num_outputs; i++) out[i] = shape_unknown();
    ShapeAsk ask = {.ctx = {.node = n,
                            .num_inputs = n->num_inputs,
                            .num_outputs = n->num_outputs,
                            .inputs = inputs,
                            .outputs = out,
                            .value = ask_value,
                            .partial = ask_partial},
                    .values = level ? NULL : values};
    if (r->in.row->shape(&ask.ctx, &st) || o->status.code) continue;
    for (int i = 0; i < o->count; i++)
      if (!dtype_is_ref(n->output_types[i])) check_promise(r, "shape function", &out[i], &o->outputs[i]);
  }
}

/* ---- the kernel alone ---- */

typedef struct Given {
  Tensor tensors[INPUT_MAX];
  const Tensor *inputs[INPUT_MAX];
  Variable *refs[INPUT_MAX];
} Given;

static TF_Code give_inputs(const Run *r, StepEnv *env, Given *g, TF_Status *st) {
  for (int i = 0; i < r->in.num_inputs; i++) {
    const CaseTensor *t = &r->in.inputs[i];
    g->inputs[i] = &g->tensors[i];
    if (dtype_is_ref(t->dtype)) TRY(case_ref_make(&r->in, t, &g->refs[i], st));
    else TRY(case_input_make(&r->in, t, env, &g->tensors[i], st));
  }
  return case_named_objects(&r->in, env, st);
}

static void take_inputs(Given *g) {
  for (int i = 0; i < INPUT_MAX; i++) {
    tensor_clear(&g->tensors[i]);
    object_unref(g->refs[i]);
  }
}

/* As the executor reads refs: an uninitialised one is an error unless the op says otherwise. */
static TF_Code check_refs(const Run *r, const Given *g, TF_Status *st) {
  for (int i = 0; i < r->in.num_inputs; i++)
    if (g->refs[i] && !(r->in.spec->flags & OP_SPEC_UNINITIALIZED_OK) && !variable_is_initialized(g->refs[i]))
      return fail(st, TF_FAILED_PRECONDITION, "Attempting to use uninitialized value in");
  return TF_OK;
}

static TF_Code run_kernel(Run *r, const Given *g, StepEnv *env, uint64_t last_use, Outcome *o) {
  TF_Status *st = &o->status;
  Arena arena = {0};
  Kernel kernel = {0};
  Variable *output_refs[OUTPUTS_MAX] = {0};
  int aliases[OUTPUTS_MAX];
  const Tensor *inputs[INPUT_MAX];
  memcpy(inputs, g->inputs, sizeof inputs);
  OpInit init = {.node = r->node,
                 .name = r->node->name,
                 .arena = &arena,
                 .resources = env->resources,
                 .make_callee = no_callee};
  TF_Code code = check_refs(r, g, st);
  if (!code) code = kernel_init(&kernel, &init, st);
  if (!code) {
    OpCtx c = {.node = r->node,
               .row = kernel.row,
               .state = kernel.state,
               .num_inputs = r->node->num_inputs,
               .num_outputs = r->node->num_outputs,
               .inputs = inputs,
               .outputs = o->outputs,
               .threads = env->threads,
               .env = env,
               .aliases = aliases,
               .input_refs = (Variable **)g->refs,
               .output_refs = output_refs};
    code = op_eval(&c, &r->scratch, last_use, st);
  }
  kernel_clear(&kernel);
  arena_clear(&arena);
  return code;
}

static void run_alone(Run *r, int threads, bool in_place, Outcome *o, bool ask) {
  atomic_bool cancelled = false;
  _Atomic(ResourceManager *) step = NULL;
  StepEnv env = {.resources = resource_manager_new(),
                 .step_resources = &step,
                 .files = &no_files,
                 .threads = threads,
                 .memory_limit = MEMORY_MAX,
                 .cancelled = &cancelled,
                 .deadline_ns = seconds_from_now(SECONDS),
                 .step_id = 1,
                 .call = no_call,
                 .print = print_nothing};
  Given g = {0};
  o->count = r->node->num_outputs;
  if (!give_inputs(r, &env, &g, &o->status)) run_kernel(r, &g, &env, in_place ? ~(uint64_t)0 : 0, o);
  if (ask) ask_shapes(r, g.tensors, o);
  take_inputs(&g);
  resource_manager_free(atomic_load(&step));
  resource_manager_free(env.resources);
}

/* ---- in a session ---- */

/* Feeds of what is no constant; a ref is assigned in a run of its own. */
static void run_in_session(Run *r, Outcome *o) {
  SessionConfig config = {.intra_op_threads = 1 + (r->in.mode >> 3 & 1),
                          .timeout_ms = SECONDS * 1000,
                          .memory_limit = MEMORY_MAX,
                          .files = &no_files};
  Session *s;
  if (session_new(&s, r->graph, &config, &o->status)) abort();
  atomic_bool cancelled = false;
  StepEnv env = {.resources = session_resources(s),
                 .threads = 1,
                 .cancelled = &cancelled,
                 .files = &no_files,
                 .memory_limit = MEMORY_MAX,
                 .step_id = 2,
                 .call = no_call};
  Given g = {0};
  TF_Output feeds[INPUT_MAX], fetches[OUTPUTS_MAX];
  const Tensor *values[INPUT_MAX];
  int num_feeds = 0;
  o->count = r->node->num_outputs;
  TF_Code code = give_inputs(r, &env, &g, &o->status);
  for (int i = 0; i < r->in.num_inputs && !code; i++) {
    if (strcmp(r->sources[i].oper->op, "Placeholder") != 0) continue;
    feeds[num_feeds] = r->sources[i];
    values[num_feeds++] = g.inputs[i];
  }
  for (int i = 0; i < o->count; i++) fetches[i] = (TF_Output){r->node, i};
  const Node *target = r->node;
  for (int again = 0; again < 3 && !code; again++) {
    for (int i = 0; i < o->count; i++) tensor_clear(&o->outputs[i]);
    code = session_run(s, feeds, values, num_feeds, fetches, o->outputs, o->count, &target, o->count ? 0 : 1,
                       NULL, &o->status);
  }
  session_free(s);
  take_inputs(&g);
}

/* ---- the graph ---- */

static TF_Code add_node(Run *r, const NodeInit *init, Node **out, TF_Status *st) {
  graph_lock(r->graph);
  TF_Code code = node_make(r->graph, init, out, st);
  if (!code) code = graph_insert(r->graph, out, 1, st);
  graph_unlock(r->graph);
  return code;
}

static Tensor *attr_tensor(Run *r, const CaseTensor *t, TF_Status *st) {
  Tensor made = {0};
  if (case_tensor_make(t, &made, st)) return NULL;
  const Tensor *kept = attr_store_tensor((AttrStore){&r->graph->arena, &r->graph->tensors}, &made);
  tensor_clear(&made);
  return (Tensor *)kept;
}

/* A Const, a Placeholder or, for a ref, a variable. */
static TF_Code add_source(Run *r, int i, TF_Status *st) {
  const CaseTensor *t = &r->in.inputs[i];
  bool ref = dtype_is_ref(t->dtype), constant = r->in.mode & 4 && !case_holds(t->dtype);
  Shape *shape = arena_calloc(&r->arena, 1, sizeof *shape);
  Attr *attrs = arena_calloc(&r->arena, 2, sizeof *attrs);
  Node *node;
  if (!shape || !attrs) return fail_oom(st, "a case");
  *shape = shape_unknown();
  const CaseTensor *known = ref ? t->held : t;
  if (r->in.mode & 8) {
    shape->rank = known->rank;
    memcpy(shape->dims, known->dims, sizeof shape->dims);
  }
  attrs[0] = (Attr){.name = "dtype", .kind = TF_ATTR_TYPE, .v.type = dtype_base(t->dtype)};
  attrs[1] = (Attr){.name = "shape", .kind = TF_ATTR_SHAPE, .v.shape = shape};
  if (constant) {
    attrs[1] = (Attr){.name = "value", .kind = TF_ATTR_TENSOR, .v.tensor = attr_tensor(r, t, st)};
    if (!attrs[1].v.tensor) return TF_GetCode(st);
  }
  const char *op = constant ? "Const" : ref ? "VariableV2" : "Placeholder";
  NodeInit init = {.name = arena_printf(&r->arena, "in%d", i),
                   .spec = op_spec_find(op),
                   .attrs = attrs,
                   .num_attrs = 2};
  TRY(add_node(r, &init, &node, st));
  r->sources[i] = (TF_Output){node, 0};
  return TF_OK;
}

static TF_Code build(Run *r, TF_Status *st) {
  for (int i = 0; i < r->in.num_attrs; i++) {
    Attr *a = &r->in.attrs[i];
    if (a->kind == TF_ATTR_TENSOR && !(a->v.tensor = attr_tensor(r, r->in.tensors[i], st)))
      return TF_GetCode(st);
  }
  for (int i = 0; i < r->in.num_inputs; i++) TRY(add_source(r, i, st));
  NodeInit init = {.name = "node",
                   .spec = r->in.spec,
                   .attrs = r->in.attrs,
                   .num_attrs = r->in.num_attrs,
                   .inputs = r->sources,
                   .num_inputs = r->in.num_inputs};
  return add_node(r, &init, &r->node, st);
}

static void try_case(Run *r) {
  TF_Status st = {0};
  if (build(r, &st) || r->node->num_outputs > OUTPUTS_MAX) return;
  bool control = r->in.row->flags & OP_CONTROL;
  Outcome first = {0};
  if (!control) run_alone(r, 1, false, &first, true);
  for (int i = 0; !first.status.code && !control && i < first.count; i++)
    if (!dtype_is_ref(r->node->output_types[i]))
      check_promise(r, "graph", &r->node->output_shapes[i], &first.outputs[i]);
  /* What waits (for another step, as Unstage does) would do so in each way. */
  bool waits = first.status.code == TF_DEADLINE_EXCEEDED;
  for (int way = 0; !control && !waits && way < 2; way++) {
    Outcome o = {0};
    run_alone(r, way ? 1 : 2, way, &o, false);
    compare(r, way ? "in place" : "two threads", &first, &o);
    outcome_clear(&o);
  }
  if (control || (!waits && (r->in.mode & 3) == 0)) {
    Outcome o = {0};
    run_in_session(r, &o);
    bool stateful = r->in.spec->flags & OP_SPEC_STATEFUL || r->in.row->flags & OP_STATEFUL;
    for (int i = 0; i < r->in.num_inputs; i++) stateful = stateful || case_holds(r->in.inputs[i].dtype);
    if (!control && !stateful) compare(r, "session", &first, &o);
    outcome_clear(&o);
  }
  outcome_clear(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Run r = {0};
  if (op_input_read(&r.in, (Span){data, size}, &r.arena)) {
    if (getenv("SM_FUZZ_PRINT")) print_case(&r, stderr);
    r.graph = TF_NewGraph();
    if (r.graph) try_case(&r);
    TF_DeleteGraph(r.graph);
  }
  op_scratch_clear(&r.scratch);
  arena_clear(&r.arena);
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  return op_input_mutate(data, size, max_size, seed);
}
