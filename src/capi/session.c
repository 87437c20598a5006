/* Sessions and devices of the C API, a thin front of session/. */
#include <stdlib.h>

#include "capi/capi.h"

TF_SessionOptions *TF_NewSessionOptions(void) { return calloc(1, sizeof(TF_SessionOptions)); }
void TF_DeleteSessionOptions(TF_SessionOptions *options) { free(options); }

/* Only the local target exists; another one is refused when the session is made. */
void TF_SetTarget(TF_SessionOptions *options, const char *target) {
  options->foreign_target = target && *target;
}

void TF_SetConfig(TF_SessionOptions *options, const void *proto, size_t proto_len, TF_Status *st) {
  status_reset(st);
  SessionConfig config = options->config;
  if (session_config_parse(&config, (Span){proto, proto_len}, st))
    fail(st, TF_INVALID_ARGUMENT, "Unparseable ConfigProto");
  else options->config = config;
}

TF_Session *TF_NewSession(TF_Graph *graph, const TF_SessionOptions *options, TF_Status *st) {
  status_reset(st);
  if (options && options->foreign_target) {
    fail(st, TF_NOT_FOUND,
         "No session factory registered for the given session options: only the local target \"\" is served");
    return NULL;
  }
  TF_Session *s = calloc(1, sizeof *s);
  if (!s) {
    fail_oom(st, "a session");
    return NULL;
  }
  if (session_new(&s->session, graph, options ? &options->config : NULL, st)) {
    free(s);
    return NULL;
  }
  s->graph = graph_ref(graph);
  return s;
}

void TF_CloseSession(TF_Session *s, TF_Status *st) {
  status_reset(st);
  session_close(s->session);
}

void TF_DeleteSession(TF_Session *s, TF_Status *st) {
  status_reset(st);
  if (!s) return;
  session_free(s->session);
  graph_unref(s->graph);
  free(s);
}

enum { INLINE_OUTPUTS = 16 };

void TF_SessionRun(TF_Session *s, const TF_Buffer *run_options, const TF_Output *inputs,
                   TF_Tensor *const *input_values, int ninputs, const TF_Output *outputs,
                   TF_Tensor **output_values, int noutputs, const TF_Operation *const *target_opers,
                   int ntargets, TF_Buffer *run_metadata, TF_Status *st) {
  status_reset(st);
  for (int i = 0; i < noutputs; i++) output_values[i] = NULL;
  SessionRunOptions options = {0};
  if (run_metadata && run_metadata->data) {
    fail(st, TF_INVALID_ARGUMENT, "Passing non-empty run_metadata is invalid.");
    return;
  }
  if (run_options &&
      session_run_options_parse(&options, (Span){run_options->data, run_options->length}, st)) {
    fail(st, TF_INVALID_ARGUMENT, "Unparseable RunOptions proto");
    return;
  }
  Tensor inline_results[INLINE_OUTPUTS], *results = inline_results;
  if (noutputs > INLINE_OUTPUTS && !(results = malloc((size_t)noutputs * sizeof *results))) {
    fail_oom(st, "the outputs of a run");
    return;
  }
  for (int i = 0; i < noutputs; i++) results[i] = (Tensor){0};
  TF_Code code = session_run(s->session, inputs, (const Tensor *const *)input_values, ninputs, outputs,
                             results, noutputs, target_opers, ntargets, run_options ? &options : NULL, st);
  for (int i = 0; !code && i < noutputs; i++) {
    output_values[i] = tensor_to_heap(&results[i]);
    if (!output_values[i]) code = fail_oom(st, "the outputs of a run");
  }
  if (code) {
    for (int i = 0; i < noutputs; i++) {
      TF_DeleteTensor(output_values[i]);
      output_values[i] = NULL;
      tensor_clear(&results[i]);
    }
  }
  if (results != inline_results) free(results);
}

/* ---- devices: the one CPU ---- */

struct TF_DeviceList {
  int count;
};

static TF_DeviceList *cpu_device_list(TF_Status *st) {
  status_reset(st);
  TF_DeviceList *list = malloc(sizeof *list);
  if (list) list->count = 1;
  else fail_oom(st, "a device list");
  return list;
}

TF_DeviceList *TF_SessionListDevices(TF_Session *session, TF_Status *st) {
  (void)session;
  return cpu_device_list(st);
}

void TF_DeleteDeviceList(TF_DeviceList *list) { free(list); }
int TF_DeviceListCount(const TF_DeviceList *list) { return list->count; }

static bool check_device(const TF_DeviceList *list, int index, TF_Status *st) {
  status_reset(st);
  if (index >= 0 && index < list->count) return true;
  fail(st, TF_INVALID_ARGUMENT, "index out of bounds");
  return false;
}

const char *TF_DeviceListName(const TF_DeviceList *list, int index, TF_Status *st) {
  return check_device(list, index, st) ? "/job:localhost/replica:0/task:0/device:CPU:0" : NULL;
}

const char *TF_DeviceListType(const TF_DeviceList *list, int index, TF_Status *st) {
  return check_device(list, index, st) ? "CPU" : NULL;
}

/* TensorFlow's nominal size of a CPU device. */
int64_t TF_DeviceListMemoryBytes(const TF_DeviceList *list, int index, TF_Status *st) {
  return check_device(list, index, st) ? (int64_t)256 << 20 : -1;
}

uint64_t TF_DeviceListIncarnation(const TF_DeviceList *list, int index, TF_Status *st) {
  return check_device(list, index, st) ? 1 : 0;
}
