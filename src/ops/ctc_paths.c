/* Inputs and sparse outputs of the CTC decoders. */
#include "ops/ctc_paths.h"

#include <stdlib.h>

#include "ops/array_util.h"

TF_Code ctc_decoder_inputs(const OpCtx *c, CtcInputs *in, TF_Status *st) {
  const Tensor *v = op_input(c, 0), *len = op_input(c, 1);
  if (v->rank != 3) return fail(st, TF_INVALID_ARGUMENT, "inputs is not a 3-Tensor");
  if (tensor_count(v) == 0) return fail(st, TF_INVALID_ARGUMENT, "inputs must not be empty");
  if (len->rank != 1) return fail(st, TF_INVALID_ARGUMENT, "sequence_length is not a vector");
  *in = (CtcInputs){v, len->data, v->dims[0], v->dims[1], v->dims[2]};
  if (len->dims[0] != in->batch)
    return fail(st, TF_FAILED_PRECONDITION,
                "len(sequence_length) != batch_size.  len(sequence_length):  %lld batch_size: %lld",
                (long long)len->dims[0], (long long)in->batch);
  for (int64_t b = 0; b < in->batch; b++)
    if (in->lengths[b] > in->time)
      return fail(st, TF_FAILED_PRECONDITION, "sequence_length(%lld) <= %lld", (long long)b,
                  (long long)in->time);
  if (in->classes > INT32_MAX) return fail(st, TF_INVALID_ARGUMENT, "num_classes cannot exceed max int");
  return TF_OK;
}

TF_Code ctc_path_push(CtcPath *p, int64_t label, TF_Status *st) {
  if (p->count == p->cap) {
    size_t want = p->cap ? 2 * p->cap : 64;
    int64_t *grown = realloc(p->labels, want * sizeof *grown);
    if (!grown) return fail_oom(st, "decoded labels");
    p->labels = grown;
    p->cap = want;
  }
  p->labels[p->count++] = label;
  return TF_OK;
}

TF_Code ctc_path_store(OpCtx *c, const CtcPath *p, int64_t batch, int indices, int values, int shape,
                       TF_Status *st) {
  int64_t count = (int64_t)p->count, longest = 0, at = 0;
  TRY(op_alloc_output(c, indices, TF_INT64, (int64_t[]){count, 2}, 2, st));
  TRY(op_alloc_output(c, values, TF_INT64, &count, 1, st));
  TRY(op_alloc_output(c, shape, TF_INT64, &(int64_t){2}, 1, st));
  int64_t *index = c->outputs[indices].data, *value = c->outputs[values].data, *dims = c->outputs[shape].data;
  for (int64_t b = 0; b < batch; b++) {
    if (p->lengths[b] > longest) longest = p->lengths[b];
    for (int64_t i = 0; i < p->lengths[b]; i++, at++) {
      index[2 * at] = b;
      index[2 * at + 1] = i;
      value[at] = p->labels[at];
    }
  }
  dims[0] = batch;
  dims[1] = longest;
  return TF_OK;
}

TF_Code ctc_shape_decoded(ShapeCtx *c, TF_Status *st) {
  (void)st;
  int paths = (c->num_outputs - 1) / 3;
  const Shape *in = c->inputs[0];
  for (int p = 0; p < paths; p++) {
    c->outputs[p] = shape_matrix(-1, 2);
    c->outputs[paths + p] = shape_vector(-1);
    c->outputs[2 * paths + p] = shape_vector(2);
  }
  c->outputs[3 * paths] = shape_matrix(in->rank == 3 ? in->dims[1] : -1, paths);
  return TF_OK;
}
