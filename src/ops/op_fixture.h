/* For tests of stateful kernels: nodes made by hand and run by op_eval, on one resource manager, with the
 * effects of a session but without one. */
#ifndef SM_OPS_OP_FIXTURE_H_
#define SM_OPS_OP_FIXTURE_H_

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status_impl.h"
#include "ops/op_eval.h"

#include <cmocka.h> /* last: its macro fail() hides ours */

enum { FIXTURE_MAX = 8 };

/* A kernel that lives as long as the test, as in a plan. */
typedef struct Bench {
  Node node;
  Attr attrs[FIXTURE_MAX];
  TF_DataType input_types[FIXTURE_MAX], output_types[FIXTURE_MAX];
  Kernel kernel;
  Arena arena;
  Tensor outputs[FIXTURE_MAX];
  Variable *output_refs[FIXTURE_MAX];
  TF_Status status;
} Bench;

/* What a run gets for one input: a tensor or a ref. */
typedef struct BenchInput {
  const Tensor *tensor;
  Variable *ref;
} BenchInput;

static ResourceManager *bench_resources;
static atomic_bool bench_cancelled;

static inline Attr attr_type(const char *name, TF_DataType v) {
  return (Attr){.name = name, .kind = TF_ATTR_TYPE, .v.type = v};
}
static inline Attr attr_int(const char *name, int64_t v) {
  return (Attr){.name = name, .kind = TF_ATTR_INT, .v.i = v};
}
static inline Attr attr_bool(const char *name, bool v) {
  return (Attr){.name = name, .kind = TF_ATTR_BOOL, .v.b = v};
}
static inline Attr attr_shape(const char *name, const Shape *v) {
  return (Attr){.name = name, .kind = TF_ATTR_SHAPE, .v.shape = v};
}
static inline Attr attr_text(const char *name, const char *v) {
  return (Attr){.name = name, .kind = TF_ATTR_STRING, .v.s = {v, strlen(v)}};
}

/* Makes the kernel; its code. `inputs` and `outputs` end with 0. */
static inline TF_Code bench_open(Bench *b, const char *op, const char *name, const TF_DataType *inputs,
                                 const TF_DataType *outputs, const Attr *attrs, int num_attrs) {
  *b = (Bench){.node = {.name = name, .op = op, .device = "", .num_attrs = num_attrs}};
  b->node.attrs = b->attrs;
  b->node.input_types = b->input_types;
  b->node.output_types = b->output_types;
  for (int i = 0; i < num_attrs; i++) b->attrs[i] = attrs[i];
  for (; inputs[b->node.num_inputs]; b->node.num_inputs++)
    b->input_types[b->node.num_inputs] = inputs[b->node.num_inputs];
  for (; outputs[b->node.num_outputs]; b->node.num_outputs++)
    b->output_types[b->node.num_outputs] = outputs[b->node.num_outputs];
  OpInit init = {.node = &b->node, .name = name, .arena = &b->arena, .resources = bench_resources};
  return kernel_init(&b->kernel, &init, &b->status);
}

static inline TF_Code bench_run(Bench *b, const BenchInput *inputs) {
  static OpScratch scratch;
  const Tensor none = {0}, *tensors[FIXTURE_MAX];
  Variable *refs[FIXTURE_MAX];
  int aliases[FIXTURE_MAX];
  StepEnv env = {.resources = bench_resources, .threads = 1, .cancelled = &bench_cancelled, .step_id = 1};
  for (int i = 0; i < b->node.num_inputs; i++) {
    tensors[i] = inputs[i].tensor ? inputs[i].tensor : &none;
    refs[i] = inputs[i].ref;
  }
  for (int i = 0; i < b->node.num_outputs; i++) tensor_clear(&b->outputs[i]);
  TF_SetStatus(&b->status, TF_OK, "");
  OpCtx c = {.node = &b->node,
             .row = b->kernel.row,
             .state = b->kernel.state,
             .num_inputs = b->node.num_inputs,
             .num_outputs = b->node.num_outputs,
             .inputs = tensors,
             .outputs = b->outputs,
             .threads = 1,
             .env = &env,
             .aliases = aliases,
             .input_refs = refs,
             .output_refs = b->output_refs};
  TF_Code code = op_eval(&c, &scratch, 0, &b->status);
  op_scratch_clear(&scratch);
  return code;
}

static inline void bench_close(Bench *b) {
  for (int i = 0; i < FIXTURE_MAX; i++) tensor_clear(&b->outputs[i]);
  kernel_clear(&b->kernel);
  arena_clear(&b->arena);
}

/* Tensors of numbers and of strings. */
static inline Tensor bench_tensor(TF_DataType dtype, const int64_t *dims, int rank, const void *data) {
  Tensor t = {0};
  TF_Status st = {0};
  assert_int_equal(tensor_alloc(&t, dtype, dims, rank, &st), TF_OK);
  if (data) memcpy(t.data, data, (size_t)tensor_count(&t) * dtype_size(dtype));
  return t;
}
static inline Tensor bench_strings(const char *const *texts, int64_t n, bool scalar) {
  Tensor t = bench_tensor(TF_STRING, &n, scalar ? 0 : 1, NULL);
  for (int64_t i = 0; i < n; i++)
    assert_true(tstring_set((TF_TString *)t.data + i, texts[i], strlen(texts[i])));
  return t;
}

static inline int bench_setup(void **state) {
  (void)state;
  bench_resources = resource_manager_new();
  return bench_resources ? 0 : -1;
}
static inline int bench_teardown(void **state) {
  (void)state;
  resource_manager_free(bench_resources);
  return 0;
}

#endif
