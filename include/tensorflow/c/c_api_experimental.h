/* Additions to the TensorFlow C API that may change. Part of the TensorFlow C API; rules as in c_api.h. */
#ifndef TENSORFLOW_C_C_API_EXPERIMENTAL_H_
#define TENSORFLOW_C_C_API_EXPERIMENTAL_H_

#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The graph as a GraphDef in text format, NUL-terminated, `*len` bytes; the caller frees it with free(). */
TF_CAPI_EXPORT extern const char *TF_GraphDebugString(TF_Graph *graph, size_t *len);
/* The same for a function. */
TF_CAPI_EXPORT extern char *TF_FunctionDebugString(TF_Function *func, size_t *len);
/* Sets TF_INTERNAL and the message. */
TF_CAPI_EXPORT extern void TF_MakeInternalErrorStatus(TF_Status *status, const char *errMsg);

/* A serialised ConfigProto for `num_cpu_devices` CPU devices; a serialised RunOptions. The caller deletes them. */
TF_CAPI_EXPORT extern TF_Buffer *TF_CreateConfig(unsigned char enable_xla_compilation,
                                                 unsigned char gpu_memory_allow_growth,
                                                 unsigned int num_cpu_devices);
TF_CAPI_EXPORT extern TF_Buffer *TF_CreateRunOptions(unsigned char enable_full_trace);

/* ---- Checkpoints: V1 and V2, by prefix ---- */

typedef struct TF_CheckpointReader TF_CheckpointReader;

/* Null after an error. */
TF_CAPI_EXPORT extern TF_CheckpointReader *TF_NewCheckpointReader(const char *filename, TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteCheckpointReader(TF_CheckpointReader *reader);
/* 1 or 0. */
TF_CAPI_EXPORT extern int TF_CheckpointReaderHasTensor(TF_CheckpointReader *reader, const char *name);
/* The name of variable `index`, 0 <= index < TF_CheckpointReaderSize, in the order of the names. */
TF_CAPI_EXPORT extern const char *TF_CheckpointReaderGetVariable(TF_CheckpointReader *reader, int index);
TF_CAPI_EXPORT extern int TF_CheckpointReaderSize(TF_CheckpointReader *reader);
/* The name must be there: ask TF_CheckpointReaderHasTensor first. (Else type 0 and -1 dims.) */
TF_CAPI_EXPORT extern TF_DataType TF_CheckpointReaderGetVariableDataType(TF_CheckpointReader *reader,
                                                                         const char *name);
TF_CAPI_EXPORT extern void TF_CheckpointReaderGetVariableShape(TF_CheckpointReader *reader, const char *name,
                                                               int64_t *dims, int num_dims,
                                                               TF_Status *status);
TF_CAPI_EXPORT extern int TF_CheckpointReaderGetVariableNumDims(TF_CheckpointReader *reader,
                                                                const char *name);
/* A new tensor for the caller; TF_NOT_FOUND. */
TF_CAPI_EXPORT extern TF_Tensor *TF_CheckpointReaderGetTensor(TF_CheckpointReader *reader, const char *name,
                                                              TF_Status *status);

/* ---- Ops ---- */

/* The attribute that counts the list input `input_index`; "" or null when it is no such list. */
TF_CAPI_EXPORT extern const char *TF_GetNumberAttrForOpListInput(const char *op_name, int input_index,
                                                                 TF_Status *status);
/* Whether the op keeps state. */
TF_CAPI_EXPORT extern int TF_OpIsStateful(const char *op_type, TF_Status *status);
/* Whether an import checks that operations named in _class are there (it does unless told). */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsSetValidateColocationConstraints(
    TF_ImportGraphDefOptions *opts, unsigned char enable);
/* Removes a function from the graph's library; TF_NOT_FOUND. */
TF_CAPI_EXPORT extern void TF_GraphRemoveFunction(TF_Graph *g, const char *func_name, TF_Status *status);

/* Plug-ins for devices: there are none here, loading reports TF_UNIMPLEMENTED. */
TF_CAPI_EXPORT extern TF_Library *TF_LoadPluggableDeviceLibrary(const char *library_filename,
                                                                TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeletePluggableDeviceLibraryHandle(TF_Library *lib_handle);

#ifdef __cplusplus
}
#endif
#endif
