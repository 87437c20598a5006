/* Functions of the C API that other programs link and that are not there yet. Each has its symbol, so that a
 * binding loads, and says TF_UNIMPLEMENTED when it is called. docs/c_api.md lists them. */
#include "capi/capi.h"
#include "tensorflow/c/c_api_experimental.h"

static void refuse(TF_Status *st, const char *function) {
  status_reset(st);
  fail(st, TF_UNIMPLEMENTED, "%s is not implemented", function);
}

#define REFUSE refuse(st, __func__)

/* Partial runs. */
void TF_SessionPRunSetup(SM_UNUSED TF_Session *s, SM_UNUSED const TF_Output *inputs, SM_UNUSED int ninputs,
                         SM_UNUSED const TF_Output *outputs, SM_UNUSED int noutputs,
                         SM_UNUSED const TF_Operation *const *targets, SM_UNUSED int ntargets,
                         const char **handle, TF_Status *st) {
  *handle = NULL;
  REFUSE;
}
void TF_SessionPRun(SM_UNUSED TF_Session *s, SM_UNUSED const char *handle, SM_UNUSED const TF_Output *inputs,
                    SM_UNUSED TF_Tensor *const *values, SM_UNUSED int ninputs,
                    SM_UNUSED const TF_Output *outputs, SM_UNUSED TF_Tensor **output_values,
                    SM_UNUSED int noutputs, SM_UNUSED const TF_Operation *const *targets,
                    SM_UNUSED int ntargets, TF_Status *st) {
  REFUSE;
}
void TF_DeletePRunHandle(SM_UNUSED const char *handle) {}

/* Sessions by names. */
TF_DeprecatedSession *TF_NewDeprecatedSession(SM_UNUSED const TF_SessionOptions *options, TF_Status *st) {
  REFUSE;
  return NULL;
}
void TF_CloseDeprecatedSession(SM_UNUSED TF_DeprecatedSession *s, TF_Status *st) { REFUSE; }
void TF_DeleteDeprecatedSession(SM_UNUSED TF_DeprecatedSession *s, TF_Status *st) { REFUSE; }
void TF_Reset(SM_UNUSED const TF_SessionOptions *options, SM_UNUSED const char **containers, SM_UNUSED int n,
              TF_Status *st) {
  REFUSE;
}
void TF_ExtendGraph(SM_UNUSED TF_DeprecatedSession *s, SM_UNUSED const void *proto, SM_UNUSED size_t len,
                    TF_Status *st) {
  REFUSE;
}
void TF_Run(SM_UNUSED TF_DeprecatedSession *s, SM_UNUSED const TF_Buffer *options,
            SM_UNUSED const char **input_names, SM_UNUSED TF_Tensor **inputs, SM_UNUSED int ninputs,
            SM_UNUSED const char **output_names, SM_UNUSED TF_Tensor **outputs, SM_UNUSED int noutputs,
            SM_UNUSED const char **targets, SM_UNUSED int ntargets, SM_UNUSED TF_Buffer *metadata,
            TF_Status *st) {
  REFUSE;
}
void TF_PRunSetup(SM_UNUSED TF_DeprecatedSession *s, SM_UNUSED const char **input_names,
                  SM_UNUSED int ninputs, SM_UNUSED const char **output_names, SM_UNUSED int noutputs,
                  SM_UNUSED const char **targets, SM_UNUSED int ntargets, const char **handle,
                  TF_Status *st) {
  *handle = NULL;
  REFUSE;
}
void TF_PRun(SM_UNUSED TF_DeprecatedSession *s, SM_UNUSED const char *handle,
             SM_UNUSED const char **input_names, SM_UNUSED TF_Tensor **inputs, SM_UNUSED int ninputs,
             SM_UNUSED const char **output_names, SM_UNUSED TF_Tensor **outputs, SM_UNUSED int noutputs,
             SM_UNUSED const char **targets, SM_UNUSED int ntargets, TF_Status *st) {
  REFUSE;
}
TF_DeviceList *TF_DeprecatedSessionListDevices(SM_UNUSED TF_DeprecatedSession *s, TF_Status *st) {
  REFUSE;
  return NULL;
}

/* Loops and gradients built by the library. */
TF_WhileParams TF_NewWhile(SM_UNUSED TF_Graph *g, SM_UNUSED TF_Output *inputs, SM_UNUSED int ninputs,
                           TF_Status *st) {
  REFUSE;
  return (TF_WhileParams){0};
}
void TF_FinishWhile(SM_UNUSED const TF_WhileParams *params, TF_Status *st, SM_UNUSED TF_Output *outputs) {
  REFUSE;
}
void TF_AbortWhile(SM_UNUSED const TF_WhileParams *params) {}
void TF_AddGradients(SM_UNUSED TF_Graph *g, SM_UNUSED TF_Output *y, SM_UNUSED int ny, SM_UNUSED TF_Output *x,
                     SM_UNUSED int nx, SM_UNUSED TF_Output *dx, TF_Status *st, SM_UNUSED TF_Output *dy) {
  REFUSE;
}
void TF_AddGradientsWithPrefix(SM_UNUSED TF_Graph *g, SM_UNUSED const char *prefix, SM_UNUSED TF_Output *y,
                               SM_UNUSED int ny, SM_UNUSED TF_Output *x, SM_UNUSED int nx,
                               SM_UNUSED TF_Output *dx, TF_Status *st, SM_UNUSED TF_Output *dy) {
  REFUSE;
}
TF_Function *TF_GraphToFunctionWithControlOutputs(
    SM_UNUSED const TF_Graph *body, SM_UNUSED const char *name, SM_UNUSED unsigned char append_hash,
    SM_UNUSED int num_opers, SM_UNUSED const TF_Operation *const *opers, SM_UNUSED int ninputs,
    SM_UNUSED const TF_Output *inputs, SM_UNUSED int noutputs, SM_UNUSED const TF_Output *outputs,
    SM_UNUSED const char *const *output_names, SM_UNUSED int ncontrol_outputs,
    SM_UNUSED const TF_Operation *const *control_outputs, SM_UNUSED const char *const *control_output_names,
    SM_UNUSED const TF_FunctionOptions *options, SM_UNUSED const char *description, TF_Status *st) {
  REFUSE;
  return NULL;
}
TF_Function *TF_GraphToFunction(SM_UNUSED const TF_Graph *body, SM_UNUSED const char *name,
                                SM_UNUSED unsigned char append_hash, SM_UNUSED int num_opers,
                                SM_UNUSED const TF_Operation *const *opers, SM_UNUSED int ninputs,
                                SM_UNUSED const TF_Output *inputs, SM_UNUSED int noutputs,
                                SM_UNUSED const TF_Output *outputs, SM_UNUSED const char *const *output_names,
                                SM_UNUSED const TF_FunctionOptions *options,
                                SM_UNUSED const char *description, TF_Status *st) {
  REFUSE;
  return NULL;
}

/* Custom ops, device plug-ins, API definitions, kernel lists. */
TF_Library *TF_LoadLibrary(SM_UNUSED const char *file, TF_Status *st) {
  REFUSE;
  return NULL;
}
TF_Buffer TF_GetOpList(SM_UNUSED TF_Library *library) { return (TF_Buffer){0}; }
void TF_DeleteLibraryHandle(SM_UNUSED TF_Library *library) {}
TF_Library *TF_LoadPluggableDeviceLibrary(SM_UNUSED const char *file, TF_Status *st) {
  REFUSE;
  return NULL;
}
void TF_DeletePluggableDeviceLibraryHandle(SM_UNUSED TF_Library *library) {}
TF_ApiDefMap *TF_NewApiDefMap(SM_UNUSED TF_Buffer *op_list, TF_Status *st) {
  REFUSE;
  return NULL;
}
void TF_DeleteApiDefMap(SM_UNUSED TF_ApiDefMap *map) {}
void TF_ApiDefMapPut(SM_UNUSED TF_ApiDefMap *map, SM_UNUSED const char *text, SM_UNUSED size_t len,
                     TF_Status *st) {
  REFUSE;
}
TF_Buffer *TF_ApiDefMapGet(SM_UNUSED TF_ApiDefMap *map, SM_UNUSED const char *name, SM_UNUSED size_t len,
                           TF_Status *st) {
  REFUSE;
  return NULL;
}
TF_Buffer *TF_GetAllRegisteredKernels(TF_Status *st) {
  REFUSE;
  return NULL;
}
TF_Buffer *TF_GetRegisteredKernelsForOp(SM_UNUSED const char *name, TF_Status *st) {
  REFUSE;
  return NULL;
}

/* Distributed servers, plug-ins, logging. */
TF_Server *TF_NewServer(SM_UNUSED const void *proto, SM_UNUSED size_t len, TF_Status *st) {
  REFUSE;
  return NULL;
}
void TF_ServerStart(SM_UNUSED TF_Server *server, TF_Status *st) { REFUSE; }
void TF_ServerStop(SM_UNUSED TF_Server *server, TF_Status *st) { REFUSE; }
void TF_ServerJoin(SM_UNUSED TF_Server *server, TF_Status *st) { REFUSE; }
const char *TF_ServerTarget(SM_UNUSED TF_Server *server) { return ""; }
void TF_DeleteServer(SM_UNUSED TF_Server *server) {}
void TF_RegisterFilesystemPlugin(SM_UNUSED const char *file, TF_Status *st) { REFUSE; }
void TF_RegisterLogListener(SM_UNUSED void (*listener)(const char *)) {}

/* Changing operations that are in a graph. Those without a status do nothing. */
void TF_AddOperationControlInput(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op,
                                 SM_UNUSED TF_Operation *input) {}
void TF_SetAttr(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op, SM_UNUSED const char *name,
                SM_UNUSED TF_Buffer *value, TF_Status *st) {
  REFUSE;
}
void TF_ClearAttr(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op, SM_UNUSED const char *name,
                  TF_Status *st) {
  REFUSE;
}
void TF_SetFullType(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op, SM_UNUSED const TF_Buffer *proto) {
}
void TF_SetRequestedDevice(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op,
                           SM_UNUSED const char *device) {}
void TF_UpdateEdge(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Output from, SM_UNUSED TF_Input to,
                   TF_Status *st) {
  REFUSE;
}
void TF_RemoveAllControlInputs(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Operation *op) {}
void TF_SetRequireShapeInferenceFns(SM_UNUSED TF_Graph *graph, SM_UNUSED bool require) {}
TF_Buffer *TF_GetHandleShapeAndType(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Output output) { return NULL; }
void TF_SetHandleShapeAndType(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Output output,
                              SM_UNUSED const void *proto, SM_UNUSED size_t len, TF_Status *st) {
  REFUSE;
}
void TF_AddWhileInputHack(SM_UNUSED TF_Graph *graph, SM_UNUSED TF_Output from, SM_UNUSED TF_Operation *to,
                          TF_Status *st) {
  REFUSE;
}

/* Runs see what was added to the graph by themselves. */
void TF_ExtendSession(SM_UNUSED TF_Session *s, TF_Status *st) { status_reset(st); }

void TF_MakeInternalErrorStatus(TF_Status *st, const char *message) {
  TF_SetStatus(st, TF_INTERNAL, message);
}
