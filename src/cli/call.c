#include "cli/call.h"

#include <string.h>

#include "capi/capi.h"

static TF_Code add_feeds(Call *call, const Inputs *in, TF_Status *st) {
  for (size_t i = 0; i < call->signature->input_count; i++) {
    const SignatureTensor *input = &call->signature->inputs[i];
    TF_Tensor *value = in->values[i] ? in->values[i] : input->fallback;
    if (!value)
      return fail(st, TF_INVALID_ARGUMENT,
                  "input '%s' is missing: give it by --inputs, --input_exprs or --input_examples",
                  input->alias);
    if (!input->output.oper)
      return fail(st, TF_NOT_FOUND, "the graph has no tensor '%s' for input '%s'", input->tensor_name,
                  input->alias);
    call->feeds[call->num_feeds] = input->output;
    call->values[call->num_feeds++] = value;
  }
  return TF_OK;
}

static TF_Code add_fetches(Call *call, TF_Status *st) {
  for (size_t i = 0; i < call->signature->output_count; i++) {
    const SignatureTensor *output = &call->signature->outputs[i];
    if (!output->output.oper)
      return fail(st, TF_NOT_FOUND, "the graph has no tensor '%s' for output '%s'", output->tensor_name,
                  output->alias);
    if (output->echo < 0) call->fetches[call->num_fetches++] = output->output;
  }
  return TF_OK;
}

TF_Code call_init(Call *call, const Bundle *bundle, const Inputs *in, TF_Status *st) {
  const Signature *s = in->signature;
  *call = (Call){.bundle = bundle, .signature = s};
  call->feeds = arena_calloc(&call->arena, s->input_count, sizeof *call->feeds);
  call->values = arena_calloc(&call->arena, s->input_count, sizeof *call->values);
  call->fetches = arena_calloc(&call->arena, s->output_count, sizeof *call->fetches);
  call->fetched = arena_calloc(&call->arena, s->output_count, sizeof *call->fetched);
  call->taken = arena_calloc(&call->arena, s->output_count, sizeof *call->taken);
  call->results = arena_calloc(&call->arena, s->output_count, sizeof *call->results);
  if (!call->feeds || !call->values || !call->fetches || !call->fetched || !call->taken || !call->results)
    return fail_oom(st, "a call");
  TRY(add_feeds(call, in, st));
  return add_fetches(call, st);
}

void call_drop(Call *call) {
  for (size_t i = 0; i < call->num_fetches; i++) {
    TF_DeleteTensor(call->fetched[i]);
    call->fetched[i] = NULL;
  }
}

void call_clear(Call *call) {
  for (size_t i = 0; call->results && i < call->signature->output_count; i++)
    TF_DeleteTensor(call->results[i]);
  if (call->fetched) call_drop(call);
  arena_clear(&call->arena);
}

TF_Code call_run(Call *call, TF_Status *st) {
  if (!call->num_fetches) return TF_OK;
  TF_SessionRun(call->bundle->session, NULL, call->feeds, call->values, (int)call->num_feeds, call->fetches,
                call->fetched, (int)call->num_fetches, NULL, 0, NULL, st);
  return TF_GetCode(st);
}

TF_Code call_run_profiled(Call *call, struct ExecProfile *profile, TF_Status *st) {
  if (!call->num_fetches) return TF_OK;
  SessionRunOptions options = {.profile = profile};
  session_run(call->bundle->session->session, call->feeds, (const Tensor *const *)call->values,
              (int)call->num_feeds, call->fetches, call->taken, (int)call->num_fetches, NULL, 0, &options,
              st);
  for (size_t i = 0; i < call->num_fetches; i++) tensor_clear(&call->taken[i]);
  return TF_GetCode(st);
}

/* The fed value that output `i` is. */
static TF_Code share_input(Call *call, size_t i, TF_Status *st) {
  const TF_Output of = call->signature->outputs[i].output;
  for (size_t k = 0; k < call->num_feeds; k++) {
    if (call->feeds[k].oper != of.oper || call->feeds[k].index != of.index) continue;
    TF_Tensor share;
    tensor_share(&share, call->values[k]);
    return (call->results[i] = tensor_to_heap(&share)) ? TF_OK : fail_oom(st, "results");
  }
  return fail(st, TF_INTERNAL, "output '%s' is of no input", call->signature->outputs[i].alias);
}

TF_Code call_results(Call *call, TF_Status *st) {
  for (size_t i = 0, next = 0; i < call->signature->output_count; i++) {
    TF_DeleteTensor(call->results[i]);
    call->results[i] = NULL;
    if (call->signature->outputs[i].echo >= 0) {
      TRY(share_input(call, i, st));
      continue;
    }
    call->results[i] = call->fetched[next];
    call->fetched[next++] = NULL;
  }
  return TF_OK;
}
