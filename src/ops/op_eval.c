/* The general path of one kernel: prepare, outputs from the allocator (or an input's memory), run. */
#include "ops/op_eval.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

void op_scratch_clear(OpScratch *s) {
  free(s->prep);
  free(s->scratch);
  *s = (OpScratch){0};
}

static TF_Code grow(void **memory, size_t *size, size_t want, TF_Status *st) {
  if (want <= *size) return TF_OK;
  size_t bytes;
  if (!checked_add(want, TENSOR_ALIGN - 1, &bytes)) return fail_oom(st, "a kernel's scratch");
  bytes &= ~(size_t)(TENSOR_ALIGN - 1);
  void *p = aligned_alloc(TENSOR_ALIGN, bytes);
  if (!p) return fail_oom(st, "a kernel's scratch");
  free(*memory);
  *memory = p;
  *size = bytes;
  return TF_OK;
}

TF_Code op_scratch_reserve(OpScratch *s, size_t prep, size_t scratch, TF_Status *st) {
  TRY(grow(&s->prep, &s->prep_size, prep, st));
  TRY(grow(&s->scratch, &s->scratch_size, scratch, st));
  if (prep) memset(s->prep, 0, prep);
  return TF_OK;
}

static bool is_last_use(uint64_t last_use, int i) { return last_use >> (i < 63 ? i : 63) & 1; }

/* The input whose memory output 0 can have, or -1. */
static int inplace_input(const OpCtx *c, uint64_t last_use) {
  const Tensor *out = &c->outputs[0];
  int num = op_inplace_inputs(c->row, c->num_inputs);
  if (!num || !last_use || dtype_is_object(out->dtype)) return -1;
  size_t bytes = (size_t)tensor_count(out) * dtype_size(out->dtype);
  for (int i = 0; i < num && i < 63; i++) {
    const Tensor *in = c->inputs[i];
    if (!is_last_use(last_use, i) || !in || !in->dtype || dtype_is_object(in->dtype)) continue;
    if (dtype_size(in->dtype) != dtype_size(out->dtype) || tensor_count(in) != tensor_count(out)) continue;
    if (tensor_writable(in) && in->buffer->size >= bytes) return i;
  }
  return -1;
}

/* Gives the declared outputs their memory. */
static TF_Code place_outputs(OpCtx *c, uint64_t last_use, TF_Status *st) {
  int inplace = c->num_outputs ? inplace_input(c, last_use) : -1;
  for (int i = 0; i < c->num_outputs; i++) {
    Tensor *out = &c->outputs[i];
    if (!out->dtype) continue; /* a ref, or an output that run makes */
    if (c->aliases[i] >= 0 || (i == 0 && inplace >= 0)) {
      const Tensor *in = c->inputs[c->aliases[i] >= 0 ? c->aliases[i] : inplace];
      out->buffer = in->buffer;
      out->data = in->data;
      if (out->buffer) atomic_fetch_add_explicit(&out->buffer->refs, 1, memory_order_relaxed);
      continue;
    }
    int64_t dims[TENSOR_MAX_RANK];
    TF_DataType dtype = out->dtype;
    memcpy(dims, out->dims, sizeof dims);
    out->dtype = (TF_DataType)0;
    TRY(op_check_memory(c->env, dtype, dims, out->rank, st));
    TRY(tensor_alloc_in(c->pool, out, dtype, dims, out->rank, st));
  }
  return TF_OK;
}

static void clear_outputs(OpCtx *c) {
  for (int i = 0; i < c->num_outputs; i++) tensor_clear(&c->outputs[i]);
}

/* Every output that is no ref must be a tensor of the node's dtype. */
static TF_Code check_outputs(const OpCtx *c, TF_Status *st) {
  for (int i = 0; i < c->num_outputs; i++) {
    if (dtype_is_ref(c->node->output_types[i])) {
      if (c->output_refs && c->output_refs[i]) continue;
    } else if (c->outputs[i].dtype == c->node->output_types[i]) {
      continue;
    }
    return fail(st, TF_INTERNAL, "kernel of %s made no output %d of type %s", c->row->name, i,
                dtype_name(c->node->output_types[i]));
  }
  return TF_OK;
}

/* What a kernel needs besides its outputs is as limited as they are. */
static TF_Code check_scratch(const OpCtx *c, TF_Status *st) {
  if (c->scratch_size > (size_t)INT64_MAX) return fail_oom(st, "a kernel's scratch");
  return op_check_memory(c->env, TF_UINT8, &(int64_t){(int64_t)c->scratch_size}, 1, st);
}

TF_Code op_eval(OpCtx *c, OpScratch *s, uint64_t last_use, TF_Status *st) {
  const OpRow *row = c->row;
  c->scratch_size = 0;
  c->last_use = last_use;
  c->once = true;
  TF_Code code = op_scratch_reserve(s, row->prep_size, 0, st);
  if (code) return code;
  c->prep = s->prep;
  for (int i = 0; i < c->num_outputs; i++) c->aliases[i] = -1;
  if (row->prepare) code = row->prepare(c, st);
  if (!code) code = place_outputs(c, last_use, st);
  if (!code) code = check_scratch(c, st);
  if (!code && c->env && c->env->memory_limit && c->scratch_size > c->env->memory_limit)
    code = fail(st, TF_RESOURCE_EXHAUSTED, "a kernel needs %zu bytes, more than the step's limit",
                c->scratch_size);
  if (!code) code = grow(&s->scratch, &s->scratch_size, c->scratch_size ? c->scratch_size : 1, st);
  c->scratch = s->scratch;
  if (!code && row->run) code = row->run(c, st);
  for (int i = 0; !code && i < c->num_outputs; i++)
    if (c->outputs[i].dtype == TF_STRING) code = tensor_charge_strings(&c->outputs[i], st);
  if (!code) code = check_outputs(c, st);
  if (row->prepare && row->clear_prep) row->clear_prep(c->prep);
  if (code) {
    /* Outputs that were declared but not placed have no buffer: clearing them frees nothing. */
    clear_outputs(c);
  }
  return code;
}

TF_Code kernel_init(Kernel *kernel, OpInit *k, TF_Status *st) {
  const OpRow *row = op_row_find(k->node->op);
  TRY(op_row_check(row, k->node, st));
  void *state = arena_calloc(k->arena, 1, row->state_size ? row->state_size : 1);
  if (!state) return fail_oom(st, "a kernel's state");
  k->row = row;
  k->state = state;
  TF_Code code = row->init ? row->init(k, st) : TF_OK;
  if (code) {
    if (row->clear) row->clear(state);
    return code;
  }
  *kernel = (Kernel){k->node, row, state};
  return TF_OK;
}

void kernel_clear(Kernel *kernel) {
  if (kernel->row && kernel->row->clear) kernel->row->clear(kernel->state);
  kernel->row = NULL;
}

TF_Code op_const_value(const Node *node, const Tensor **value, TF_Status *st) {
  TRY(node_attr_tensor(node, "value", value, st));
  if ((*value)->dtype == node->output_types[0]) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "Type mismatch between value (%s) and dtype (%s)",
              dtype_name((*value)->dtype), dtype_name(node->output_types[0]));
}

bool op_is_true(const Tensor *t) {
  if (t->rank) return tensor_count(t) > 0;
  if (t->dtype == TF_STRING) {
    size_t size;
    tstring_data(t->data, &size);
    return size > 0;
  }
  if (t->dtype == TF_FLOAT) return *(const float *)t->data != 0;
  if (t->dtype == TF_DOUBLE) return *(const double *)t->data != 0;
  static const char zero[16];
  size_t size = dtype_size(t->dtype);
  return size <= sizeof zero && memcmp(t->data, zero, size) != 0;
}
