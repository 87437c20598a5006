/* Replays op cases (README.md here) through the kernels and compares with TensorFlow's answers.
 *
 *   op_cases FILE...      exit 1 when a case fails or a row of the file's family has none
 *   op_cases -v FILE...   also a line a case */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cpu.h"
#include "base/cursor.h"
#include "base/files.h"
#include "base/float16.h"
#include "base/status_impl.h"
#include "ops/op_eval.h"

enum { MAX_TENSORS = 32, MAX_ATTRS = 32 };

typedef struct Case {
  char label[128], op[128];
  Node node, producer; /* all inputs come from one node named "input" */
  TF_Output sources[MAX_TENSORS];
  Attr attrs[MAX_ATTRS];
  Tensor inputs[MAX_TENSORS], wants[MAX_TENSORS];
  TF_DataType input_types[MAX_TENSORS], output_types[MAX_TENSORS];
  int code;
  char message[1024];
  float rtol, atol;
  bool values[MAX_TENSORS]; /* whether an output's values are compared, not only its shape */
  int num_variables;        /* the first inputs: `wants` are what they hold afterwards */
  Arena arena;
} Case;

static bool verbose;
static int failures;

static void die(const char *what) {
  fprintf(stderr, "op_cases: %s\n", what);
  exit(2);
}

/* ---- reading ---- */

static void read_text(Cursor *c, char *out, size_t size) {
  Span s = cursor_span(c);
  size_t n = s.size < size - 1 ? s.size : size - 1;
  if (n) memcpy(out, s.data, n);
  out[n] = 0;
}

static char *read_string(Cursor *c, Arena *arena) {
  Span s = cursor_span(c);
  return arena_strndup(arena, s.data ? s.data : "", s.size);
}

/* False when the values don't matter. */
static bool read_tensor(Cursor *c, Tensor *t) {
  TF_Status st = {0};
  int first = cursor_u8(c);
  TF_DataType dtype = (TF_DataType)(first & 0x3f);
  int rank = cursor_u8(c);
  int64_t dims[TENSOR_MAX_RANK] = {0};
  if (rank > TENSOR_MAX_RANK) die("rank");
  for (int i = 0; i < rank; i++) dims[i] = (int64_t)cursor_varint(c);
  *t = (Tensor){0};
  if (tensor_alloc(t, dtype, dims, rank, &st)) die(st.message);
  int64_t n = tensor_count(t);
  if (first & 0x80) return false;
  if (dtype == TF_STRING) {
    for (int64_t i = 0; i < n; i++) {
      Span s = cursor_span(c);
      if (!tstring_set((TF_TString *)t->data + i, s.data, s.size)) die("memory");
    }
  } else {
    size_t bytes = (size_t)n * dtype_size(dtype);
    const uint8_t *p = cursor_take(c, bytes);
    if (p && bytes) memcpy(t->data, p, bytes);
  }
  if (c->failed) die("cut tensor");
  return true;
}

static void read_shape(Cursor *c, Shape *s) {
  s->rank = (int)cursor_varint(c) - 1;
  if (s->rank > TENSOR_MAX_RANK) die("rank");
  for (int i = 0; i < s->rank; i++) s->dims[i] = (int64_t)cursor_u64le(c);
}

static float read_f32(Cursor *c) { return float_of_bits(cursor_u32le(c)); }

static void read_attr(Cursor *c, Attr *a, Arena *arena) {
  *a = (Attr){.name = read_string(c, arena)};
  int kind = cursor_u8(c);
  a->is_list = kind & 0x80;
  int64_t n = a->count = a->is_list ? (int64_t)cursor_varint(c) : 1;
#define LIST(type, field, list, read)                                \
  do {                                                               \
    type *items = arena_calloc(arena, (size_t)n + 1, sizeof *items); \
    for (int64_t i = 0; i < n; i++) items[i] = read;                 \
    if (a->is_list) a->v.list = items;                               \
    else a->v.field = items[0];                                      \
  } while (0)
  switch (kind & 0x7f) {
    case 'i':
      a->kind = TF_ATTR_INT;
      LIST(int64_t, i, list_i, (int64_t)cursor_u64le(c));
      break;
    case 'f':
      a->kind = TF_ATTR_FLOAT;
      LIST(float, f, list_f, read_f32(c));
      break;
    case 'b':
      a->kind = TF_ATTR_BOOL;
      LIST(bool, b, list_b, cursor_u8(c) != 0);
      break;
    case 't':
      a->kind = TF_ATTR_TYPE;
      LIST(TF_DataType, type, list_type, (TF_DataType)cursor_u8(c));
      break;
    case 's':
      a->kind = TF_ATTR_STRING;
      LIST(Span, s, list_s, cursor_span(c));
      break;
    case 'h': {
      a->kind = TF_ATTR_SHAPE;
      Shape *shapes = arena_calloc(arena, (size_t)n + 1, sizeof *shapes);
      for (int64_t i = 0; i < n; i++) read_shape(c, &shapes[i]);
      if (a->is_list) a->v.list_shape = shapes;
      else a->v.shape = shapes;
      break;
    }
    case 'T': {
      a->kind = TF_ATTR_TENSOR;
      Tensor *t = arena_calloc(arena, 1, sizeof *t);
      read_tensor(c, t);
      a->v.tensor = t;
      break;
    }
    default: die("attr kind");
  }
#undef LIST
}

static bool is_resource_op(const Case *k) { return strncmp(k->op, "Resource", 8) == 0; }
static int num_wants(const Case *k) { return k->num_variables ? k->num_variables : k->node.num_outputs; }

static void read_case(Cursor *c, Case *k) {
  memset(k, 0, sizeof *k);
  read_text(c, k->label, sizeof k->label);
  read_text(c, k->op, sizeof k->op);
  Node *n = &k->node;
  n->name = n->op = k->op;
  n->device = "";
  n->spec = op_spec_find(k->op);
  n->attrs = k->attrs;
  n->num_attrs = cursor_u8(c);
  if (n->num_attrs > MAX_ATTRS) die("attrs");
  for (int i = 0; i < n->num_attrs; i++) read_attr(c, &k->attrs[i], &k->arena);
  n->num_inputs = cursor_u8(c);
  if (n->num_inputs > MAX_TENSORS) die("inputs");
  n->input_types = k->input_types;
  n->inputs = k->sources;
  k->producer.name = k->producer.op = "input";
  for (int i = 0; i < n->num_inputs; i++) {
    if (cursor_left(c) && *c->at & 0x40) k->num_variables++;
    read_tensor(c, &k->inputs[i]);
    k->input_types[i] = k->inputs[i].dtype;
    k->sources[i] = (TF_Output){&k->producer, i};
    if (i >= k->num_variables) continue;
    k->input_types[i] = is_resource_op(k) ? TF_RESOURCE : (TF_DataType)(k->input_types[i] + 100);
  }
  n->num_outputs = cursor_u8(c);
  if (n->num_outputs > MAX_TENSORS) die("outputs");
  n->output_types = k->output_types;
  for (int i = 0; i < n->num_outputs; i++) k->output_types[i] = (TF_DataType)cursor_u8(c);
  k->code = cursor_u8(c);
  if (k->code) {
    read_text(c, k->message, sizeof k->message);
  } else {
    k->rtol = read_f32(c);
    k->atol = read_f32(c);
    for (int i = 0; i < num_wants(k); i++) k->values[i] = read_tensor(c, &k->wants[i]);
  }
  if (c->failed) die("cut case");
}

static void free_case(Case *k) {
  for (int i = 0; i < k->node.num_attrs; i++)
    if (k->attrs[i].kind == TF_ATTR_TENSOR) tensor_clear((Tensor *)k->attrs[i].v.tensor);
  for (int i = 0; i < MAX_TENSORS; i++) {
    tensor_clear(&k->inputs[i]);
    tensor_clear(&k->wants[i]);
  }
  arena_clear(&k->arena);
}

/* ---- comparing ---- */

static void report(const Case *k, const char *how, const char *fmt, ...) SM_PRINTF(3, 4);
static void report(const Case *k, const char *how, const char *fmt, ...) {
  char shapes[512] = "", text[SHAPE_TEXT_MAX];
  for (int i = 0; i < k->node.num_inputs && strlen(shapes) < 300; i++) {
    const Tensor *t = &k->inputs[i];
    snprintf(shapes + strlen(shapes), sizeof shapes - strlen(shapes), " %s%s", dtype_name(t->dtype),
             shape_text(t->dims, t->rank, text, sizeof text));
  }
  printf("FAIL %s %s (%s)%s: ", k->op, k->label, how, shapes);
  va_list args;
  va_start(args, fmt);
  vprintf(fmt, args);
  va_end(args);
  putchar('\n');
  failures++;
}

/* Element i (a part of a complex one) as a double; false for types that compare exactly. */
static bool number_at(const Tensor *t, int64_t i, double *x) {
  switch (t->dtype) {
    case TF_FLOAT:
    case TF_COMPLEX64: *x = (double)((const float *)t->data)[i]; return true;
    case TF_DOUBLE:
    case TF_COMPLEX128: *x = ((const double *)t->data)[i]; return true;
    case TF_HALF: *x = (double)half_to_float(((const uint16_t *)t->data)[i]); return true;
    case TF_BFLOAT16: *x = (double)bfloat16_to_float(((const uint16_t *)t->data)[i]); return true;
    default: return false;
  }
}

static bool close_to(double got, double want, double rtol, double atol) {
  if (got != got || want != want) return got != got && want != want;
  if (isinf(got) || isinf(want)) return got == want;
  return fabs(got - want) <= atol + rtol * fabs(want);
}

static bool strings_equal(const Tensor *a, const Tensor *b, int64_t *at) {
  for (int64_t i = 0, n = tensor_count(a); i < n; i++) {
    size_t x, y;
    const char *p = tstring_data((const TF_TString *)a->data + i, &x);
    const char *q = tstring_data((const TF_TString *)b->data + i, &y);
    *at = i;
    if (x != y || memcmp(p, q, x) != 0) return false;
  }
  return true;
}

static void compare(const Case *k, const char *how, int output, const Tensor *got) {
  const Tensor *want = &k->wants[output];
  char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
  if (!tensor_same_shape(got, want)) {
    report(k, how, "output %d is %s%s, want %s%s", output, dtype_name(got->dtype),
           shape_text(got->dims, got->rank, a, sizeof a), dtype_name(want->dtype),
           shape_text(want->dims, want->rank, b, sizeof b));
    return;
  }
  int64_t n = tensor_count(want);
  if (!k->values[output]) return;
  if (want->dtype == TF_STRING) {
    int64_t at = 0;
    if (!strings_equal(got, want, &at))
      report(k, how, "output %d: string %lld differs", output, (long long)at);
    return;
  }
  if (want->dtype == TF_COMPLEX64 || want->dtype == TF_COMPLEX128) n *= 2;
  double x, y;
  if (n == 0) return;
  if (!number_at(want, 0, &y)) {
    size_t size = dtype_size(want->dtype);
    for (int64_t i = 0; i < n; i++) {
      const char *p = (const char *)got->data + (size_t)i * size,
                 *q = (const char *)want->data + (size_t)i * size;
      if (memcmp(p, q, size) == 0) continue;
      int64_t g = 0, w = 0;
      memcpy(&g, p, size);
      memcpy(&w, q, size);
      report(k, how, "output %d[%lld] is 0x%llx, want 0x%llx", output, (long long)i, (long long)g,
             (long long)w);
      return;
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    number_at(got, i, &x);
    number_at(want, i, &y);
    if (close_to(x, y, (double)k->rtol, (double)k->atol)) continue;
    double in = NAN;
    if (k->node.num_inputs && tensor_count(&k->inputs[0]) > i &&
        tensor_count(&k->inputs[0]) == tensor_count(want))
      number_at(&k->inputs[0], i, &in);
    report(k, how, "output %d[%lld] is %.9g, want %.9g (input %.9g)", output, (long long)i, x, y, in);
    return;
  }
}

/* ---- the shape function ---- */

static const Case *current_case;
static const Tensor *value_of(ShapeCtx *c, int i) {
  (void)c;
  return &current_case->inputs[i];
}
static const Tensor *no_value(ShapeCtx *c, int i) {
  (void)c;
  (void)i;
  return NULL;
}

static void check_shapes(const Case *k, const OpRow *row) {
  if (!row->shape) {
    report(k, "shape", "the row has no shape function");
    return;
  }
  /* With everything known, with values unknown, with ranks alone, with nothing. */
  for (int level = 0; level < 4; level++) {
    Shape in[MAX_TENSORS], out[MAX_TENSORS];
    const Shape *inputs[MAX_TENSORS];
    for (int i = 0; i < k->node.num_inputs; i++) {
      in[i] = k->input_types[i] == TF_RESOURCE ? shape_of_rank(0) : shape_of_tensor(&k->inputs[i]);
      if (level == 2) in[i] = shape_of_rank(in[i].rank);
      if (level == 3) in[i] = shape_unknown();
      inputs[i] = &in[i];
    }
    for (int i = 0; i < k->node.num_outputs; i++) out[i] = shape_unknown();
    ShapeCtx c = {.node = &k->node,
                  .num_inputs = k->node.num_inputs,
                  .num_outputs = k->node.num_outputs,
                  .inputs = inputs,
                  .outputs = out,
                  .value = level == 0 ? value_of : no_value};
    TF_Status st = {0};
    TF_Code code = row->shape(&c, &st);
    if (k->code) continue; /* may refuse early, must not crash */
    if (code) report(k, "shape", "shape function at level %d: %s", level, st.message);
    for (int i = 0; !code && i < k->node.num_outputs; i++) {
      const Tensor *want = &k->wants[i];
      bool ok = out[i].rank < 0 || out[i].rank == want->rank;
      for (int d = 0; ok && d < out[i].rank; d++) ok = out[i].dims[d] < 0 || out[i].dims[d] == want->dims[d];
      char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
      if (!ok)
        report(k, "shape", "output %d at level %d: shape function says %s, answer is %s", i, level,
               shape_text(out[i].dims, out[i].rank, a, sizeof a),
               shape_text(want->dims, want->rank, b, sizeof b));
    }
  }
}

/* ---- running ---- */

/* A variable that holds the first input's copy; for a resource op `value` becomes its handle. */
static Variable *make_variable(const Case *k, Tensor *value) {
  Variable *v;
  TF_Status st = {0};
  if (variable_new(is_resource_op(k) ? &variable_type : &legacy_variable_type, RESOURCE_DEFAULT_CONTAINER,
                   "v", &v, &st))
    die(st.message);
  variable_assign(v, value);
  if (!is_resource_op(k)) return v;
  if (tensor_alloc(value, TF_RESOURCE, NULL, 0, &st)) die(st.message);
  *(Object **)value->data = object_ref(v);
  return v;
}

/* A way to run a case. */
typedef struct Way {
  const char *how;
  int threads;
  uint64_t last_use; /* of OpCtx */
  bool weights;      /* inputs are constants: kernels may pack what lasts */
  bool step_memory;  /* inputs stand in memory of the step: nothing of them lasts */
} Way;

/* The same tensor in memory that only this step has. */
static void move_to_step(Tensor *view, const Tensor *copy) {
  TF_Status st = {0};
  size_t bytes = (size_t)tensor_count(copy) * dtype_size(copy->dtype);
  if (tensor_wrap(view, copy->dtype, copy->dims, copy->rank, copy->data, bytes, op_step_memory, NULL, true,
                  &st))
    die(st.message);
}

/* An output that is an input's memory under other dims gets its own, since the input goes away. */
static void keep_output(Tensor *output) {
  TF_Status st = {0};
  Tensor own = {0};
  if (!output->dtype || !op_is_step_memory(output)) return;
  if (tensor_copy(&own, output, &st)) die(st.message);
  tensor_clear(output);
  *output = own;
}

/* `outputs` come to hold what the variables do, if there are any. */
static TF_Code run_kernel(Case *k, OpScratch *scratch, const Way *way, Tensor *outputs, TF_Status *st) {
  Variable *refs[MAX_TENSORS] = {0}, *output_refs[MAX_TENSORS] = {0};
  Tensor plain_outputs[MAX_TENSORS] = {{0}};
  Tensor views[MAX_TENSORS] = {{0}};
  Arena arena = {0};
  Kernel kernel = {0};
  OpInit init = {.node = &k->node, .arena = &arena};
  k->producer.op = way->weights ? "Const" : "input";
  TF_Code code = kernel_init(&kernel, &init, st);
  Tensor copies[MAX_TENSORS] = {{0}};
  const Tensor *inputs[MAX_TENSORS];
  int aliases[MAX_TENSORS];
  for (int i = 0; i < k->node.num_inputs; i++) {
    TF_Status copy_status = {0};
    if (tensor_copy(&copies[i], &k->inputs[i], &copy_status)) die(copy_status.message);
    inputs[i] = &copies[i];
    if (i < k->num_variables) refs[i] = make_variable(k, &copies[i]);
    if (!way->step_memory || i < k->num_variables || dtype_is_object(copies[i].dtype)) continue;
    move_to_step(&views[i], &copies[i]);
    inputs[i] = &views[i];
  }
  if (!code) {
    OpCtx c = {.node = &k->node,
               .row = kernel.row,
               .state = kernel.state,
               .num_inputs = k->node.num_inputs,
               .num_outputs = k->node.num_outputs,
               .inputs = inputs,
               .outputs = k->num_variables ? plain_outputs : outputs,
               .aliases = aliases,
               .threads = way->threads};
    if (k->num_variables && !is_resource_op(k)) c.input_refs = refs, c.output_refs = output_refs;
    code = op_eval(&c, scratch, way->last_use, st);
    if (!code && c.input_refs && c.num_outputs && output_refs[0] != refs[0]) die("the ref is not passed on");
  }
  for (int i = 0; !code && !k->num_variables && i < k->node.num_outputs; i++) keep_output(&outputs[i]);
  for (int i = 0; i < k->num_variables; i++) {
    if (!variable_read(refs[i], &outputs[i])) die("no value");
    object_unref(refs[i]);
  }
  for (int i = 0; i < k->node.num_inputs; i++) {
    tensor_clear(&views[i]);
    tensor_clear(&copies[i]);
  }
  kernel_clear(&kernel);
  arena_clear(&arena);
  return code;
}

static void run_case(Case *k, OpScratch *scratch) {
  static const Way ways[] = {{.how = "one thread", .threads = 1, .step_memory = true},
                             {.how = "two threads", .threads = 2},
                             {.how = "in place", .threads = 1, .last_use = ~(uint64_t)0},
                             {.how = "in place of later inputs", .threads = 1, .last_use = ~(uint64_t)1},
                             {.how = "weights", .threads = 2, .weights = true}};
  const OpRow *row = op_row_find(k->op);
  if (!row) {
    report(k, "row", "no kernel");
    return;
  }
  current_case = k;
  check_shapes(k, row);
  for (size_t w = 0; w < SM_COUNTOF(ways); w++) {
    TF_Status st = {0};
    Tensor outputs[MAX_TENSORS] = {{0}};
    TF_Code code = run_kernel(k, scratch, &ways[w], outputs, &st);
    if ((int)code != k->code) {
      report(k, ways[w].how, "code %d (%s), want %d (%s)", (int)code, st.message, k->code, k->message);
    } else if (code && !strstr(st.message, k->message)) {
      report(k, ways[w].how, "message \"%s\", want \"%s\"", st.message, k->message);
    }
    for (int i = 0; !code && !k->code && i < num_wants(k); i++) compare(k, ways[w].how, i, &outputs[i]);
    for (int i = 0; i < num_wants(k); i++) tensor_clear(&outputs[i]);
  }
}

#define OP_FAMILY(name) extern const OpRow ops_##name[];
#include "ops/families.inc"
#undef OP_FAMILY

static const struct {
  const char *name;
  const OpRow *rows;
} families[] = {
#define OP_FAMILY(name) {#name, ops_##name},
#include "ops/families.inc"
#undef OP_FAMILY
};

/* Every row of the family must have been met. */
static void check_rows(const char *path, char (*seen)[128], int num_seen) {
  for (size_t f = 0; f < SM_COUNTOF(families); f++) {
    char file[256];
    snprintf(file, sizeof file, "%s.bin", families[f].name);
    if (strcmp(file, path_basename(path)) != 0) continue;
    for (const OpRow *row = families[f].rows; row->name; row++) {
      bool found = row->flags & OP_CONTROL;
      for (int i = 0; !found && i < num_seen; i++) found = strcmp(seen[i], row->name) == 0;
      if (!found) {
        printf("FAIL %s: no case\n", row->name);
        failures++;
      }
    }
    return;
  }
  die("no such family");
}

static void run_file(const char *path) {
  static char seen[512][128];
  int num_seen = 0, count = 0, before = failures;
  Bytes data = {0};
  TF_Status st = {0};
  if (file_read(&data, path, (size_t)1 << 30, &st)) die(st.message);
  Cursor packed = cursor_of(data.data, data.size);
  const uint8_t *magic = cursor_take(&packed, 6);
  if (!magic || memcmp(magic, "smoc1\n", 6) != 0) die("not a case file");
  uLongf size = cursor_u32le(&packed);
  uint8_t *raw = malloc(size + 1);
  if (!raw || uncompress(raw, &size, packed.at, cursor_left(&packed)) != Z_OK) die("cannot unpack");
  Cursor c = cursor_of(raw, size);
  OpScratch scratch = {0};
  Case *k = malloc(sizeof *k);
  if (!k) die("memory");
  while (cursor_left(&c)) {
    read_case(&c, k);
    if (verbose) printf("%s %s\n", k->op, k->label);
    run_case(k, &scratch);
    bool known = false;
    for (int i = 0; !known && i < num_seen; i++) known = strcmp(seen[i], k->op) == 0;
    if (!known && num_seen < (int)SM_COUNTOF(seen)) strcpy(seen[num_seen++], k->op);
    free_case(k);
    count++;
  }
  free(k);
  free(raw);
  op_scratch_clear(&scratch);
  bytes_clear(&data);
  check_rows(path, seen, num_seen);
  printf("%s: %d cases of %d ops, %d failures (%s)\n", path_basename(path), count, num_seen,
         failures - before, cpu_level_name(cpu_level()));
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-v") == 0) verbose = true;
    else run_file(argv[i]);
  }
  return failures != 0;
}
