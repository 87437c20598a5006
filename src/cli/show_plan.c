#include "cli/show_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/status_impl.h"
#include "capi/capi.h"
#include "cli/call.h"
#include "cli/plan_view.h"

typedef struct Shown {
  const ModelWords *words;
  const Signature *signature;
  Arena arena;
  Bytes inputs;    /* "x: float[1,3]; y: ..." */
  TF_Status why;   /* of the run that failed */
  char *reason;    /* its message, or "" */
  PlanView *views; /* the signature's, then functions and loops */
  int count;
} Shown;

static void describe_inputs(Shown *s, const Call *call) {
  char text[SHAPE_TEXT_MAX];
  for (size_t i = 0; i < call->num_feeds; i++) {
    const Tensor *t = call->values[i];
    bytes_printf(&s->inputs, "%s%s: %s%s", i ? "; " : "", s->signature->inputs[i].alias, dtype_name(t->dtype),
                 shape_text(t->dims, t->rank, text, sizeof text));
  }
}

static const char *const *names_of_feeds(Shown *s) {
  const char **names = arena_calloc(&s->arena, s->signature->input_count, sizeof *names);
  for (size_t i = 0; names && i < s->signature->input_count; i++) names[i] = s->signature->inputs[i].alias;
  return names;
}

static const char *const *names_of_fetches(Shown *s) {
  const char **names = arena_calloc(&s->arena, s->signature->output_count, sizeof *names);
  for (size_t i = 0, n = 0; names && i < s->signature->output_count; i++)
    if (s->signature->outputs[i].echo < 0) names[n++] = s->signature->outputs[i].alias;
  return names;
}

static PlanView view_of_callee(const Callee *c) {
  Executor *x = atomic_load(&((Callee *)c)->executor);
  return (PlanView){.name = c->name,
                    .plan = x ? executor_plan(x) : c->plan,
                    .spec = x ? executor_last_spec(x) : NULL};
}

/* The list of callees has the newest first. */
static TF_Code collect(Shown *s, const Executor *x, TF_Status *st) {
  const Plan *p = executor_plan(x);
  int count = 1;
  for (const Callee *c = p->callees ? p->callees->first : NULL; c; c = c->next) count++;
  s->views = arena_calloc(&s->arena, (size_t)count, sizeof *s->views);
  const char *const *feeds = names_of_feeds(s), *const *fetches = names_of_fetches(s);
  if (!s->views || !feeds || !fetches) return fail_oom(st, "a plan");
  s->views[0] =
      (PlanView){.plan = p, .spec = executor_last_spec(x), .feed_names = feeds, .fetch_names = fetches};
  s->count = count;
  for (const Callee *c = p->callees ? p->callees->first : NULL; c; c = c->next)
    s->views[--count] = view_of_callee(c);
  return TF_OK;
}

static void put_text(const Shown *s, Bytes *out) {
  bytes_printf(out, "Plan of signature '%s' of %s", s->signature->name, s->words->dir);
  if (s->inputs.size) bytes_printf(out, " for %s", s->inputs.data);
  bytes_putc(out, '\n');
  if (s->why.code)
    bytes_printf(
        out,
        " not specialised, as the run to learn from failed: %s: %s\n"
        " (give it inputs by --golden, --inputs, --input_exprs, --input_examples or --input_shapes)\n",
        status_code_name(s->why.code), s->reason ? s->reason : "");
  for (int i = 0; i < s->count; i++) plan_view_put_text(&s->views[i], out);
  plan_view_put_legend(out);
}

static void put_json(const Shown *s, Bytes *out) {
  JsonWriter w = {.out = out, .indent = 1, .single_line_arrays = false};
  json_begin_object(&w);
  json_key(&w, "model", 5);
  json_write_cstring(&w, s->words->dir);
  json_key(&w, "signature", 9);
  json_write_cstring(&w, s->signature->name);
  json_key(&w, "inputs", 6);
  json_write_cstring(&w, s->inputs.data ? s->inputs.data : "");
  if (s->why.code) {
    json_key(&w, "run_failed", 10);
    json_write_cstring(&w, s->reason ? s->reason : "");
  }
  json_key(&w, "plans", 5);
  json_begin_array(&w);
  for (int i = 0; i < s->count; i++) plan_view_put_json(&s->views[i], &w);
  json_end_array(&w);
  json_end_object(&w);
  bytes_putc(out, '\n');
}

static TF_Code print(Shown *s, const Call *call, bool json, TF_Status *st) {
  struct Executor *executor;
  Bytes out = {0};
  if (!call->num_fetches)
    return fail(st, TF_FAILED_PRECONDITION, "signature '%s' has no plan: its outputs are its inputs",
                s->signature->name);
  TRY(session_executor(call->bundle->session->session, call->feeds, (int)call->num_feeds, call->fetches,
                       (int)call->num_fetches, &executor, st));
  TRY(collect(s, executor, st));
  if (json) put_json(s, &out);
  else put_text(s, &out);
  if (!bytes_finish(&out, "a plan", st)) fwrite(out.data, 1, out.size, stdout);
  bytes_clear(&out);
  return TF_GetCode(st);
}

TF_Code show_plan(const ModelWords *model, const InputWords *words, bool json, TF_Status *st) {
  Shown s = {.words = model};
  Bundle *bundle = NULL;
  Inputs in = {0};
  Call call = {0};
  if (!model_open(model, &bundle, &s.signature, st) && !inputs_init(&in, s.signature, st) &&
      !inputs_read(&in, words, bundle->graph, st) && !call_init(&call, bundle, &in, st)) {
    describe_inputs(&s, &call);
    call_run(&call, &s.why);
    s.reason = arena_strndup(&s.arena, TF_Message(&s.why), strlen(TF_Message(&s.why)));
    for (char *p = s.reason; p && (p = strpbrk(p, "\n\t"));) *p = ' '; /* on one line */
    print(&s, &call, json, st);
  }
  call_clear(&call);
  inputs_clear(&in);
  bundle_free(bundle);
  bytes_clear(&s.inputs);
  status_clear(&s.why);
  arena_clear(&s.arena);
  return TF_GetCode(st);
}
