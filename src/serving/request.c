#include "serving/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serving/proto_scan.h"
#include "serving/tensor_codec.h"

enum {
  /* A run that takes no longer than this is made on the loop's thread: handing it to another one
   * costs some 10 us and two switches. */
  INLINE_RUN_US = 200,
  /* A body up to here is decoded on the loop's thread. */
  INLINE_BODY_MAX = 256 << 10,
};

#define DEFAULT_SIGNATURE "serving_default"

Request *request_new(const RequestContext *context, const RequestKind *kind, Loop *loop) {
  Request *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->st = TF_NewStatus();
  r->context = context;
  r->kind = kind;
  r->loop = loop;
  r->deadline_us = INT64_MAX;
  if (r->st) return r;
  free(r);
  return NULL;
}

/* What the run needed: given back before the answer travels. */
static void drop_model(Request *r) {
  for (size_t i = 0; i < r->feed_count; i++)
    if (!r->feed_borrowed[i]) TF_DeleteTensor(r->feed_values[i]);
  for (size_t i = 0; i < r->fetch_count; i++)
    if (!r->result_borrowed[i]) TF_DeleteTensor(r->results[i]);
  r->feed_count = r->fetch_count = 0;
  if (r->version) manager_release(r->version);
  r->version = NULL;
}

void request_free(Request *r) {
  drop_model(r);
  bytes_clear(&r->answer);
  arena_clear(&r->arena);
  TF_DeleteStatus(r->st);
  free(r);
}

/* RunOptions { timeout_in_ms = 2 }: what is left until the deadline. */
static TF_Buffer *run_options(const Request *r) {
  if (r->deadline_us == INT64_MAX) return NULL;
  int64_t left_ms = (r->deadline_us - clock_now_us()) / 1000;
  Bytes options = {0};
  proto_put_varint_field(&options, 2, (uint64_t)(left_ms > 0 ? left_ms : 1));
  TF_Buffer *buffer = options.failed ? NULL : TF_NewBufferFromString(options.data, options.size);
  bytes_clear(&options);
  return buffer;
}

static bool out_of_time(Request *r) {
  if (r->cancelled && r->cancelled(r)) fail(r->st, TF_CANCELLED, "The client has gone");
  else if (clock_now_us() >= r->deadline_us)
    fail(r->st, TF_DEADLINE_EXCEEDED, "Deadline exceeded before the run");
  return TF_GetCode(r->st) != TF_OK;
}

/* What was fed for output `i`, or null: it is no input. */
static TF_Tensor *request_echo(const Request *r, size_t i) {
  if (r->outputs[i]->echo < 0) return NULL;
  for (size_t k = 0; k < r->feed_count; k++)
    if (r->feeds[k].oper == r->fetches[i].oper && r->feeds[k].index == r->fetches[i].index)
      return r->feed_values[k];
  return NULL;
}

static void run_session(Request *r, const TF_Buffer *options, const TF_Output *fetches, TF_Tensor **results,
                        size_t n) {
  int64_t start = clock_now_us();
  TF_SessionRun(r->bundle->session, options, r->feeds, r->feed_values, (int)r->feed_count, fetches, results,
                (int)n, NULL, 0, NULL, r->st);
  if (!TF_GetCode(r->st)) signature_add_run_time(r->signature, clock_now_us() - start);
}

/* With outputs that are inputs: they are what was fed, and only the others are fetched. */
static void run_with_echoes(Request *r, const TF_Buffer *options) {
  TF_Output *fetches = arena_alloc(&r->arena, r->fetch_count * sizeof *fetches);
  TF_Tensor **results = arena_calloc(&r->arena, r->fetch_count, sizeof *results);
  size_t n = 0, k = 0;
  if (!fetches || !results) {
    fail_oom(r->st, "request");
    return;
  }
  for (size_t i = 0; i < r->fetch_count; i++)
    if (!request_echo(r, i)) fetches[n++] = r->fetches[i];
  if (n) run_session(r, options, fetches, results, n);
  for (size_t i = 0; i < r->fetch_count; i++) {
    r->result_borrowed[i] = request_echo(r, i) != NULL;
    r->results[i] = r->result_borrowed[i] ? request_echo(r, i) : results[k++];
  }
}

static void run(Request *r, const TF_Buffer *options) {
  if (r->signature->has_echoes) run_with_echoes(r, options);
  else run_session(r, options, r->fetches, r->results, r->fetch_count);
}

/* From prepared to answered. */
static void run_and_respond(Request *r, bool inline_run) {
  if (r->needs_run) {
    TF_Buffer *options = inline_run ? NULL : run_options(r);
    run(r, options);
    TF_DeleteBuffer(options);
  }
  if (!TF_GetCode(r->st) && !r->kind->respond(r, r->st)) bytes_finish(&r->answer, "response", r->st);
  drop_model(r);
}

static void come_back(LoopTask *task) {
  Request *r = (Request *)((char *)task - offsetof(Request, back));
  r->done(r);
}

static void work(WorkItem *item) {
  Request *r = (Request *)((char *)item - offsetof(Request, work));
  if (!out_of_time(r) && (r->prepared || !r->kind->prepare(r, r->st))) run_and_respond(r, false);
  drop_model(r);
  r->back.run = come_back;
  loop_post(r->loop, &r->back);
}

static void hand_to_worker(Request *r) {
  r->work.run = work;
  if (worker_pool_submit(r->context->workers, &r->work)) return;
  fail(r->st, TF_RESOURCE_EXHAUSTED, "The server has too many requests waiting");
  drop_model(r);
  r->done(r);
}

void request_start(Request *r) {
  if (r->body.size > INLINE_BODY_MAX) {
    hand_to_worker(r);
    return;
  }
  if (!r->kind->prepare(r, r->st)) {
    r->prepared = true;
    uint32_t us = r->needs_run ? atomic_load_explicit(&r->signature->run_us, memory_order_relaxed) : 1;
    if (!us || us > INLINE_RUN_US) {
      hand_to_worker(r);
      return;
    }
    run_and_respond(r, true);
  }
  drop_model(r);
  r->done(r);
}

TF_Code request_execute(Request *r) {
  if (!r->kind->prepare(r, r->st)) run_and_respond(r, true);
  drop_model(r);
  return TF_GetCode(r->st);
}

/* ---- building blocks ---- */

Span request_signature_name(const Request *r) {
  if (r->spec.signature_name.size) return r->spec.signature_name;
  return (Span){DEFAULT_SIGNATURE, sizeof DEFAULT_SIGNATURE - 1};
}

TF_Code request_find_version(Request *r, TF_Status *st) {
  if (r->bundle) return TF_OK;
  r->version = manager_acquire(r->context->models, &r->spec, st);
  if (!r->version) return TF_GetCode(st);
  r->bundle = model_version_loaded(r->version);
  return TF_OK;
}

TF_Code request_reserve(Request *r, size_t outputs, TF_Status *st) {
  size_t inputs = r->signature->input_count;
  r->feeds = arena_alloc(&r->arena, inputs * sizeof *r->feeds);
  r->feed_values = arena_alloc(&r->arena, inputs * sizeof *r->feed_values);
  r->feed_borrowed = arena_alloc(&r->arena, inputs * sizeof *r->feed_borrowed);
  r->outputs = arena_alloc(&r->arena, outputs * sizeof *r->outputs);
  r->fetches = arena_alloc(&r->arena, outputs * sizeof *r->fetches);
  r->results = arena_calloc(&r->arena, outputs, sizeof *r->results);
  r->result_borrowed = arena_calloc(&r->arena, outputs, sizeof *r->result_borrowed);
  bool ok = r->result_borrowed && r->feeds && r->feed_values && r->feed_borrowed && r->outputs &&
            r->fetches && r->results;
  return ok ? TF_OK : fail_oom(st, "request");
}

TF_Code request_feed(Request *r, const SignatureTensor *input, TF_Tensor *value, bool borrowed,
                     TF_Status *st) {
  size_t i = r->feed_count++;
  r->feeds[i] = input->output;
  r->feed_values[i] = value;
  r->feed_borrowed[i] = borrowed;
  if (!input->output.oper)
    return fail(st, TF_NOT_FOUND, "FeedInputs: unable to find feed output %s", input->tensor_name);
  if ((int)TF_TensorType(value) != input->dtype)
    return fail(st, TF_INVALID_ARGUMENT, "Expects arg[%zu] to be %s but %s is provided", i,
                dtype_word(input->dtype), dtype_word((int)TF_TensorType(value)));
  return TF_OK;
}

TF_Code request_fetch(Request *r, const SignatureTensor *output, TF_Status *st) {
  if (!output->output.oper)
    return fail(st, TF_NOT_FOUND, "FetchOutputs node %s: not found", output->tensor_name);
  r->outputs[r->fetch_count] = output;
  r->fetches[r->fetch_count++] = output->output;
  return TF_OK;
}

const TF_Tensor *request_result(const Request *r, const char *alias) {
  for (size_t i = 0; i < r->fetch_count; i++)
    if (!strcmp(r->outputs[i]->alias, alias)) return r->results[i];
  return NULL;
}
