/* Running: short forms of TF_SessionRun. */
#include <stdlib.h>
#include <string.h>

#include "savedmodel/sm_internal.h"

TF_Session *SM_NewSession(SM_Graph *g, TF_Status *st) {
  if (status_failed(g, st)) return NULL;
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session = TF_NewSession(SM_GraphHandle(g), options, st);
  TF_DeleteSessionOptions(options);
  return TF_GetCode(st) ? NULL : session;
}

void SM_EndSession(TF_Session *session) {
  if (!session) return;
  TF_Status *ignored = TF_NewStatus();
  if (!ignored) return;
  TF_CloseSession(session, ignored);
  TF_DeleteSession(session, ignored);
  TF_DeleteStatus(ignored);
}

static TF_Code run(TF_Session *session, const SM_Feed *feeds, int num_feeds, const TF_Output *fetch,
                   TF_Tensor **value, TF_Operation *target, TF_Status *st) {
  if (TF_GetCode(st)) return TF_GetCode(st);
  TF_Output *outputs = calloc((size_t)num_feeds + 1, sizeof *outputs);
  TF_Tensor **values = calloc((size_t)num_feeds + 1, sizeof *values);
  bool complete = outputs && values;
  for (int i = 0; complete && i < num_feeds; i++) {
    outputs[i] = feeds[i].output;
    values[i] = feeds[i].value;
    complete = outputs[i].oper && values[i];
  }
  const TF_Operation *targets[] = {target};
  if (!outputs || !values) fail_oom(st, "feeds");
  else if (!session || !complete || (fetch && !fetch->oper) || (!fetch && !target))
    fail(st, TF_INVALID_ARGUMENT, "run: the session, a feed or what is to be run is missing");
  else
    TF_SessionRun(session, NULL, outputs, values, num_feeds, fetch, value, fetch ? 1 : 0, targets,
                  target ? 1 : 0, NULL, st);
  free(outputs);
  free(values);
  return TF_GetCode(st);
}

TF_Code SM_RunOp(TF_Session *session, TF_Operation *op, TF_Status *st) {
  return SM_RunOpWith(session, NULL, 0, op, st);
}

TF_Code SM_RunOpWith(TF_Session *session, const SM_Feed *feeds, int num_feeds, TF_Operation *op,
                     TF_Status *st) {
  return run(session, feeds, num_feeds, NULL, NULL, op, st);
}

TF_Tensor *SM_Run(TF_Session *session, TF_Output output, TF_Status *st) {
  return SM_RunWith(session, NULL, 0, output, st);
}

TF_Tensor *SM_RunWith(TF_Session *session, const SM_Feed *feeds, int num_feeds, TF_Output output,
                      TF_Status *st) {
  TF_Tensor *value = NULL;
  return run(session, feeds, num_feeds, &output, &value, NULL, st) ? NULL : value;
}

TF_Tensor *SM_Eval(TF_Session *session, SM_Variable *v, TF_Status *st) {
  if (status_failed(v ? v->graph : NULL, st)) return NULL;
  return SM_Run(session, v ? v->snapshot : (TF_Output){NULL, 0}, st);
}

char *SM_EvalText(TF_Session *session, SM_Variable *v, TF_Status *st) {
  TF_Tensor *value = SM_Eval(session, v, st);
  if (!value) return NULL;
  char *text = SM_TensorText(value);
  if (!text) fail_oom(st, "text");
  TF_DeleteTensor(value);
  return text;
}

/* ---- report_uninitialized_variables ---- */

/* The names whose variables have no value, found by asking the session for each variable in turn. */
static int collect_uninitialized(TF_Session *session, SM_Graph *g, const char *key, const char **names,
                                 TF_Status *st) {
  int found = 0, n = SM_NumVariables(g, key);
  for (int i = 0; i < n && !TF_GetCode(st); i++) {
    SM_Variable *v = SM_VariableAt(g, key, i);
    if (!v) continue;
    if (!v->asked.oper) v->asked = SM_IsInitialized(v);
    if (status_failed(g, st)) break;
    TF_Tensor *answer = SM_Run(session, v->asked, st);
    if (answer && !*(unsigned char *)TF_TensorData(answer)) names[found++] = v->name;
    TF_DeleteTensor(answer);
  }
  return found;
}

TF_Tensor *SM_ReportUninitialized(TF_Session *session, SM_Graph *g, TF_Status *st) {
  if (status_failed(g, st)) return NULL;
  size_t most = (size_t)SM_NumVariables(g, SM_GLOBAL_VARIABLES) +
                (size_t)SM_NumVariables(g, SM_LOCAL_VARIABLES);
  const char **names = calloc(most + 1, sizeof *names);
  if (!names) return fail_oom(st, "names"), NULL;
  SM_PushNameScope(g, "report_uninitialized_variables");
  int found = collect_uninitialized(session, g, SM_GLOBAL_VARIABLES, names, st);
  found += collect_uninitialized(session, g, SM_LOCAL_VARIABLES, names + found, st);
  SM_PopScope(g);
  TF_Tensor *result = TF_GetCode(st) ? NULL : SM_TensorStrings(SM_SHAPE(found), names);
  if (!result && !TF_GetCode(st)) fail_oom(st, "names");
  free(names);
  return result;
}
