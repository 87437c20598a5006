/* The op table: rows of all families found by name, and what rows call to declare and make outputs. */
#include "ops/op.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/map.h"
#include "ops/op_eval.h"

#define OP_FAMILY(family) extern const OpRow ops_##family[];
#include "ops/families.inc"
#undef OP_FAMILY

static const OpRow *const families[] = {
#define OP_FAMILY(family) ops_##family,
#include "ops/families.inc"
#undef OP_FAMILY
    NULL};

const OpRow *op_row_at(int i) {
  for (int f = 0; families[f]; f++)
    for (const OpRow *row = families[f]; row->name; row++)
      if (i-- == 0) return row;
  return NULL;
}

static Map rows;
static pthread_once_t rows_once = PTHREAD_ONCE_INIT;

static void index_rows(void) {
  for (int f = 0; families[f]; f++)
    for (const OpRow *row = families[f]; row->name; row++)
      if (!map_get(&rows, row->name)) map_put(&rows, row->name, (void *)row);
}

const OpRow *op_row_find(const char *name) {
  pthread_once(&rows_once, index_rows);
  return map_get(&rows, name);
}

/* ---- which dtypes a row has ---- */

/* Whether word `len` bytes of `word` is among the space-separated words of `list`, which ends at `end`. */
static bool word_in(const char *list, const char *end, const char *word) {
  size_t len = strlen(word);
  while (list < end) {
    while (list < end && *list == ' ') list++;
    const char *stop = list;
    while (stop < end && *stop != ' ') stop++;
    if ((size_t)(stop - list) == len && !memcmp(list, word, len)) return true;
    list = stop;
  }
  return false;
}

/* Whether the attr's dtype (each of them, for a list) is among the words. */
static bool attr_in(const Attr *attr, const char *list, const char *end) {
  if (!attr || attr->kind != TF_ATTR_TYPE) return true;
  if (!attr->is_list) return word_in(list, end, dtype_name(dtype_base(attr->v.type)));
  for (int64_t i = 0; i < attr->count; i++)
    if (!word_in(list, end, dtype_name(dtype_base(attr->v.list_type[i])))) return false;
  return true;
}

/* Walks "T: float double; Tidx: int32": calls each(arg, attr name, words, end of words) until one says
 * false. */
static bool each_constraint(const char *types,
                            bool (*each)(void *, const char *, size_t, const char *, const char *),
                            void *arg) {
  while (types && *types) {
    while (*types == ' ' || *types == ';') types++;
    const char *colon = strchr(types, ':');
    if (!colon) return true;
    const char *end = colon + strcspn(colon, ";");
    if (!each(arg, types, (size_t)(colon - types), colon + 1, end)) return false;
    types = end;
  }
  return true;
}

static bool constraint_holds(void *arg, const char *attr, size_t attr_len, const char *list,
                             const char *end) {
  char name[64];
  if (attr_len >= sizeof name) return false;
  memcpy(name, attr, attr_len);
  name[attr_len] = 0;
  return attr_in(node_attr(arg, name), list, end);
}

/* ---- "No OpKernel was registered" ---- */

static void put_dtype(Bytes *b, TF_DataType dtype) {
  const char *name = dtype_proto_name(dtype);
  bytes_puts(b, name ? name : "DT_INVALID");
}

static void put_value(Bytes *b, const Attr *a) {
  char text[SHAPE_TEXT_MAX];
  if (a->is_list) {
    bytes_putc(b, '[');
    for (int64_t i = 0; i < a->count; i++) {
      if (i) bytes_puts(b, ", ");
      switch (a->kind) {
        case TF_ATTR_TYPE: put_dtype(b, a->v.list_type[i]); break;
        case TF_ATTR_INT: bytes_printf(b, "%lld", (long long)a->v.list_i[i]); break;
        case TF_ATTR_FLOAT: bytes_printf(b, "%g", (double)a->v.list_f[i]); break;
        case TF_ATTR_BOOL: bytes_puts(b, a->v.list_b[i] ? "true" : "false"); break;
        case TF_ATTR_STRING:
          bytes_printf(b, "\"%.*s\"", (int)a->v.list_s[i].size, (const char *)a->v.list_s[i].data);
          break;
        case TF_ATTR_SHAPE:
          bytes_puts(b, shape_text(a->v.list_shape[i].dims, a->v.list_shape[i].rank, text, sizeof text));
          break;
        case TF_ATTR_FUNC: bytes_puts(b, a->v.list_func[i].name); break;
        default: bytes_puts(b, "?"); break;
      }
    }
    bytes_putc(b, ']');
    return;
  }
  switch (a->kind) {
    case TF_ATTR_TYPE: put_dtype(b, a->v.type); break;
    case TF_ATTR_INT: bytes_printf(b, "%lld", (long long)a->v.i); break;
    case TF_ATTR_FLOAT: bytes_printf(b, "%g", (double)a->v.f); break;
    case TF_ATTR_BOOL: bytes_puts(b, a->v.b ? "true" : "false"); break;
    case TF_ATTR_STRING: bytes_printf(b, "\"%.*s\"", (int)a->v.s.size, (const char *)a->v.s.data); break;
    case TF_ATTR_SHAPE:
      bytes_puts(b, shape_text(a->v.shape->dims, a->v.shape->rank, text, sizeof text));
      break;
    case TF_ATTR_FUNC: bytes_puts(b, a->v.func->name); break;
    case TF_ATTR_TENSOR: bytes_puts(b, "<tensor>"); break;
    default: bytes_puts(b, "?"); break;
  }
}

static void put_constraint_list(Bytes *b, const char *list, const char *end) {
  const char *separator = "";
  while (list < end) {
    while (list < end && *list == ' ') list++;
    const char *stop = list;
    while (stop < end && *stop != ' ') stop++;
    if (stop > list) {
      bytes_puts(b, separator);
      put_dtype(b, dtype_by_name(list, (size_t)(stop - list)));
      separator = ", ";
    }
    list = stop;
  }
}

static bool put_constraint(void *arg, const char *attr, size_t attr_len, const char *list, const char *end) {
  Bytes *b = arg;
  bytes_printf(b, "; %.*s in [", (int)attr_len, attr);
  put_constraint_list(b, list, end);
  bytes_putc(b, ']');
  return true;
}

/* Whether TensorFlow has no CPU kernel either: then it refuses them as it does dtypes. */
static bool gpu_only(const char *op) {
  return strncmp(op, "CudnnRNN", 8) == 0 || strcmp(op, "GenerateBoundingBoxProposals") == 0;
}

/* TF: the text of FindKernelDef, with our kernels. */
TF_Code op_fail_no_kernel(const OpRow *row, const Node *node, TF_Status *st) {
  Bytes b = {0};
  bytes_printf(&b, "No OpKernel was registered to support Op '%s' used by {{node %s}} with these attrs: [",
               node->op, node->name);
  const char *separator = "";
  for (int i = 0; i < node->num_attrs; i++) {
    if (node->attrs[i].name[0] == '_') continue;
    bytes_printf(&b, "%s%s=", separator, node->attrs[i].name);
    put_value(&b, &node->attrs[i]);
    separator = ", ";
  }
  bytes_puts(&b, "]\nRegistered devices: [CPU]\nRegistered kernels:\n");
  if (row) {
    bytes_puts(&b, "  device='CPU'");
    each_constraint(row->types, put_constraint, &b);
    bytes_putc(&b, '\n');
  } else {
    bytes_puts(&b, "  <no registered kernels>\n");
  }
  bytes_printf(&b, "\n\t [[%s]]", node->name);
  TF_Code code = bytes_finish(&b, "a message", st);
  if (!code)
    code = fail(st, row || gpu_only(node->op) ? TF_INVALID_ARGUMENT : TF_UNIMPLEMENTED, "%s", b.data);
  bytes_clear(&b);
  return code;
}

TF_Code op_row_check(const OpRow *row, const Node *node, TF_Status *st) {
  if (row && each_constraint(row->types, constraint_holds, (void *)node)) return TF_OK;
  return op_fail_no_kernel(row, node, st);
}

/* ---- what rows call ---- */

void op_step_memory(void *data, size_t size, void *arg) { (void)data, (void)size, (void)arg; }

static TF_Code check_output(const OpCtx *c, int i, TF_Status *st) {
  if (i >= 0 && i < c->num_outputs) return TF_OK;
  return fail(st, TF_INTERNAL, "kernel of %s makes output %d of %d", c->row->name, i, c->num_outputs);
}

TF_Code op_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st) {
  int64_t count;
  size_t bytes;
  TRY(check_output(c, i, st));
  TRY(shape_bytes(dtype, dims, rank, &count, &bytes, st));
  Tensor *t = &c->outputs[i];
  t->dtype = dtype;
  t->rank = rank;
  memmove(t->dims, dims, (size_t)rank * sizeof *dims);
  c->aliases[i] = -1;
  return TF_OK;
}

TF_Code op_output_like(OpCtx *c, int i, const Tensor *like, TF_Status *st) {
  TRY(check_output(c, i, st));
  return op_output(c, i, c->node->output_types[i], like->dims, like->rank, st);
}

TF_Code op_output_alias(OpCtx *c, int i, int from, const int64_t *dims, int rank, TF_Status *st) {
  TRY(check_output(c, i, st));
  const Tensor *in = c->inputs[from];
  TRY(op_output(c, i, in->dtype, dims, rank, st));
  if (tensor_count(&c->outputs[i]) != tensor_count(in))
    return fail(st, TF_INTERNAL, "kernel of %s gives %lld elements the shape of %lld", c->row->name,
                (long long)tensor_count(in), (long long)tensor_count(&c->outputs[i]));
  c->aliases[i] = from;
  return TF_OK;
}

TF_Code op_check_memory(const StepEnv *env, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st) {
  if (!env || !env->memory_limit) return TF_OK;
  int64_t count;
  size_t bytes;
  TRY(shape_bytes(dtype, dims, rank, &count, &bytes, st));
  if (bytes <= env->memory_limit) return TF_OK;
  char text[SHAPE_TEXT_MAX];
  return fail(st, TF_RESOURCE_EXHAUSTED,
              "OOM when allocating tensor with shape%s and type %s on "
              "/job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu",
              shape_text(dims, rank, text, sizeof text), dtype_name(dtype));
}

TF_Code op_alloc_output(OpCtx *c, int i, TF_DataType dtype, const int64_t *dims, int rank, TF_Status *st) {
  TRY(check_output(c, i, st));
  TRY(op_check_memory(c->env, dtype, dims, rank, st));
  tensor_clear(&c->outputs[i]);
  return tensor_alloc_in(c->pool, &c->outputs[i], dtype, dims, rank, st);
}

TF_Code op_scratch_take(size_t *total, size_t *at, int64_t count, size_t size, TF_Status *st) {
  size_t bytes;
  if (count < 0 || !checked_mul((size_t)count, size, &bytes) || !checked_add(bytes, TENSOR_ALIGN - 1, &bytes))
    return fail_oom(st, "scratch of a kernel");
  *at = *total;
  bool ok = checked_add(*total, bytes & ~(size_t)(TENSOR_ALIGN - 1), total);
  return ok ? TF_OK : fail_oom(st, "scratch of a kernel");
}

void op_take_output(OpCtx *c, int i, Tensor *t) {
  tensor_clear(&c->outputs[i]);
  tensor_move(&c->outputs[i], t);
}

bool op_is_step_memory(const Tensor *t) { return t->buffer && t->buffer->free_data == op_step_memory; }

TF_Code op_keep_input(OpCtx *c, int i, Tensor *out, TF_Status *st) {
  const Tensor *in = c->inputs[i];
  if (op_is_step_memory(in)) return tensor_copy_in(c->pool, out, in, st);
  tensor_share(out, in);
  return TF_OK;
}

const Tensor *op_lasting_input(const OpCtx *c, int i) {
  const Tensor *in = c->inputs[i];
  return in->buffer && !c->once && !op_is_step_memory(in) ? in : NULL;
}

static bool op_is_one_of(const Node *node, const char *const *names) {
  for (; *names; names++)
    if (strcmp(node->op, *names) == 0) return true;
  return false;
}

bool op_input_is_weights(const Node *node, int i) {
  static const char *const sources[] = {"Const", "ReadVariableOp", "VariableV2", "Variable", NULL};
  static const char *const passes[] = {"Identity", "Enter", "RefEnter", "StopGradient", NULL};
  for (int depth = 0; depth < 8; depth++, i = 0) {
    node = i < node->num_inputs ? node->inputs[i].oper : NULL;
    if (!node) return false; /* an edge that is not there yet */
    if (op_is_one_of(node, sources)) return true;
    if (!op_is_one_of(node, passes)) return false;
  }
  return false;
}

TF_Code op_session_state(OpInit *k, const ObjectType *type, ResourceCreateFn *create, void *arg, Object **out,
                         TF_Status *st) {
  /* A container that no graph can name: attrs are text without control characters in TensorFlow's own
   * layers. Nodes of two functions may have one name. */
  const char *name = k->function ? arena_printf(k->arena, "%s\x01%s", k->function, k->name) : k->name;
  if (!name) return fail_oom(st, "the state of a node");
  return resource_find_or_create(k->resources, type, "\x01kernel", name, create, arg, out, st);
}
