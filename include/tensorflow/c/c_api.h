/* The TensorFlow C API: graphs, operations, sessions, SavedModels.
 *
 * The binary interface is TensorFlow's: a program that links libtensorflow.so.2 runs on this library
 * unchanged. How to use it:
 *
 *   TF_Graph *graph = TF_NewGraph();
 *   TF_OperationDescription *desc = TF_NewOperation(graph, "Placeholder", "x");
 *   TF_SetAttrType(desc, "dtype", TF_FLOAT);
 *   TF_Operation *x = TF_FinishOperation(desc, status);
 *   ...
 *   TF_Session *session = TF_NewSession(graph, options, status);
 *   TF_SessionRun(session, NULL, inputs, input_values, 1, outputs, output_values, 1, NULL, 0, NULL, status);
 *
 * Ownership. What a function named New, Allocate, Load or Import returns belongs to the caller, who
 * deletes it with the Delete function of its type. `const char *` results belong to the object they came
 * from. Inputs are copied, save where a comment says that they are taken. A TF_Operation lives as long as its graph.
 *
 * Protos go in as bytes or as a TF_Buffer, and come out into an empty TF_Buffer (TF_NewBuffer) of the
 * caller's: it must not hold data (TF_INVALID_ARGUMENT otherwise).
 *
 * Errors. The TF_Status is set to TF_OK or to an error; other results are unspecified after an error unless
 * a comment says more.
 *
 * Threads. TF_Graph and TF_Session may be used by several threads at a time. Descriptions, statuses, buffers and
 * option objects belong to one thread at a time.
 *
 * docs/c_api.md lists the functions that only report TF_UNIMPLEMENTED so far. */
#ifndef TENSORFLOW_C_C_API_H_
#define TENSORFLOW_C_C_API_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/c_api_macros.h"
#include "tensorflow/c/tf_attrtype.h"
#include "tensorflow/c/tf_buffer.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"
#include "tensorflow/c/tf_tstring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of TensorFlow whose behaviour this library has, e.g. "2.15.1". A static string. */
TF_CAPI_EXPORT extern const char *TF_Version(void);

/* Makes `to` the tensor of a serialised TensorProto. */
TF_CAPI_EXPORT extern void TF_TensorFromProto(const TF_Buffer *from, TF_Tensor *to, TF_Status *status);

/* ---- Session options ---- */

typedef struct TF_SessionOptions TF_SessionOptions;

TF_CAPI_EXPORT extern TF_SessionOptions *TF_NewSessionOptions(void);
/* Which runtime: "" is this process, and the only one there is. */
TF_CAPI_EXPORT extern void TF_SetTarget(TF_SessionOptions *options, const char *target);
/* A serialised ConfigProto; TF_INVALID_ARGUMENT "Unparseable ConfigProto". */
TF_CAPI_EXPORT extern void TF_SetConfig(TF_SessionOptions *options, const void *proto, size_t proto_len,
                                        TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteSessionOptions(TF_SessionOptions *options);

/* ---- Graphs ---- */

/* A graph only grows. */
typedef struct TF_Graph TF_Graph;
/* An operation under construction. */
typedef struct TF_OperationDescription TF_OperationDescription;
/* An operation of a graph. */
typedef struct TF_Operation TF_Operation;

/* Where a tensor enters an operation: its `index`-th input, lists laid out flat. */
typedef struct TF_Input {
  TF_Operation *oper;
  int index;
} TF_Input;

/* Where a tensor comes out of an operation: its `index`-th output, lists laid out flat. */
typedef struct TF_Output {
  TF_Operation *oper;
  int index;
} TF_Output;

typedef struct TF_Function TF_Function;
typedef struct TF_FunctionOptions TF_FunctionOptions;

TF_CAPI_EXPORT extern TF_Graph *TF_NewGraph(void);
/* Frees the graph as soon as no session uses it. */
TF_CAPI_EXPORT extern void TF_DeleteGraph(TF_Graph *graph);

/* Refines the inferred shape of `output`: num_dims -1 says nothing, dims of -1 are unknown.
 * TF_INVALID_ARGUMENT when it contradicts what is known. */
TF_CAPI_EXPORT extern void TF_GraphSetTensorShape(TF_Graph *graph, TF_Output output, const int64_t *dims,
                                                  const int num_dims, TF_Status *status);
/* The inferred rank of `output`; -1 when it is unknown. */
TF_CAPI_EXPORT extern int TF_GraphGetTensorNumDims(TF_Graph *graph, TF_Output output, TF_Status *status);
/* The inferred shape into `dims`, which holds as many as TF_GraphGetTensorNumDims says; unknown ones are -1. */
TF_CAPI_EXPORT extern void TF_GraphGetTensorShape(TF_Graph *graph, TF_Output output, int64_t *dims,
                                                  int num_dims, TF_Status *status);

/* ---- Building an operation ----
 *
 * TF_NewOperation, then inputs in the order of the op's arguments, attributes and so on in any order, then
 * TF_FinishOperation, which also frees the description. Errors of the calls in between show there. Attributes
 * of types that follow from the inputs and those with defaults may be left out. */

TF_CAPI_EXPORT extern TF_OperationDescription *TF_NewOperation(TF_Graph *graph, const char *op_type,
                                                               const char *oper_name);
/* The same for a caller that holds the graph's lock through TF_FinishOperationLocked. */
TF_CAPI_EXPORT extern TF_OperationDescription *TF_NewOperationLocked(TF_Graph *graph, const char *op_type,
                                                                     const char *oper_name);
/* Requests a device, e.g. "/device:CPU:0"; "" is no request. */
TF_CAPI_EXPORT extern void TF_SetDevice(TF_OperationDescription *desc, const char *device);
/* The next argument, one tensor. */
TF_CAPI_EXPORT extern void TF_AddInput(TF_OperationDescription *desc, TF_Output input);
/* The next argument, a list of tensors (possibly none). */
TF_CAPI_EXPORT extern void TF_AddInputList(TF_OperationDescription *desc, const TF_Output *inputs,
                                           int num_inputs);
/* `input` runs before the new operation. */
TF_CAPI_EXPORT extern void TF_AddControlInput(TF_OperationDescription *desc, TF_Operation *input);
/* Same device as `op`: adds "loc:@<name of op>" to the attribute _class. */
TF_CAPI_EXPORT extern void TF_ColocateWith(TF_OperationDescription *desc, TF_Operation *op);

TF_CAPI_EXPORT extern void TF_SetAttrString(TF_OperationDescription *desc, const char *attr_name,
                                            const void *value, size_t length);
TF_CAPI_EXPORT extern void TF_SetAttrStringList(TF_OperationDescription *desc, const char *attr_name,
                                                const void *const *values, const size_t *lengths,
                                                int num_values);
TF_CAPI_EXPORT extern void TF_SetAttrInt(TF_OperationDescription *desc, const char *attr_name, int64_t value);
TF_CAPI_EXPORT extern void TF_SetAttrIntList(TF_OperationDescription *desc, const char *attr_name,
                                             const int64_t *values, int num_values);
TF_CAPI_EXPORT extern void TF_SetAttrFloat(TF_OperationDescription *desc, const char *attr_name, float value);
TF_CAPI_EXPORT extern void TF_SetAttrFloatList(TF_OperationDescription *desc, const char *attr_name,
                                               const float *values, int num_values);
TF_CAPI_EXPORT extern void TF_SetAttrBool(TF_OperationDescription *desc, const char *attr_name,
                                          unsigned char value);
TF_CAPI_EXPORT extern void TF_SetAttrBoolList(TF_OperationDescription *desc, const char *attr_name,
                                              const unsigned char *values, int num_values);
TF_CAPI_EXPORT extern void TF_SetAttrType(TF_OperationDescription *desc, const char *attr_name,
                                          TF_DataType value);
TF_CAPI_EXPORT extern void TF_SetAttrTypeList(TF_OperationDescription *desc, const char *attr_name,
                                              const TF_DataType *values, int num_values);
/* Inside a function body: the value is that of the function's attribute `placeholder`. */
TF_CAPI_EXPORT extern void TF_SetAttrPlaceholder(TF_OperationDescription *desc, const char *attr_name,
                                                 const char *placeholder);
/* A function by its name, without attributes. */
TF_CAPI_EXPORT extern void TF_SetAttrFuncName(TF_OperationDescription *desc, const char *attr_name,
                                              const char *value, size_t length);
/* num_dims -1: unknown rank; dims of -1: unknown. */
TF_CAPI_EXPORT extern void TF_SetAttrShape(TF_OperationDescription *desc, const char *attr_name,
                                           const int64_t *dims, int num_dims);
TF_CAPI_EXPORT extern void TF_SetAttrShapeList(TF_OperationDescription *desc, const char *attr_name,
                                               const int64_t *const *dims, const int *num_dims,
                                               int num_shapes);
/* A serialised TensorShapeProto. */
TF_CAPI_EXPORT extern void TF_SetAttrTensorShapeProto(TF_OperationDescription *desc, const char *attr_name,
                                                      const void *proto, size_t proto_len, TF_Status *status);
TF_CAPI_EXPORT extern void TF_SetAttrTensorShapeProtoList(TF_OperationDescription *desc,
                                                          const char *attr_name, const void *const *protos,
                                                          const size_t *proto_lens, int num_shapes,
                                                          TF_Status *status);
/* The tensor's memory is shared: do not change it afterwards. */
TF_CAPI_EXPORT extern void TF_SetAttrTensor(TF_OperationDescription *desc, const char *attr_name,
                                            TF_Tensor *value, TF_Status *status);
TF_CAPI_EXPORT extern void TF_SetAttrTensorList(TF_OperationDescription *desc, const char *attr_name,
                                                TF_Tensor *const *values, int num_values, TF_Status *status);
/* A serialised AttrValue: any kind. */
TF_CAPI_EXPORT extern void TF_SetAttrValueProto(TF_OperationDescription *desc, const char *attr_name,
                                                const void *proto, size_t proto_len, TF_Status *status);

/* Checks the description against the op's spec, infers types and shapes and adds the operation to the graph.
 * The description is freed in any case. Null after an error, and the graph is as before:
 *   TF_NOT_FOUND         no such op
 *   TF_INVALID_ARGUMENT  names, inputs, attributes or shapes that do not fit; a name that is taken */
TF_CAPI_EXPORT extern TF_Operation *TF_FinishOperation(TF_OperationDescription *desc, TF_Status *status);
TF_CAPI_EXPORT extern TF_Operation *TF_FinishOperationLocked(TF_OperationDescription *desc,
                                                             TF_Status *status);

/* ---- Looking at an operation ---- */

TF_CAPI_EXPORT extern const char *TF_OperationName(TF_Operation *oper);
TF_CAPI_EXPORT extern const char *TF_OperationOpType(TF_Operation *oper);
/* The requested device, "" for none. */
TF_CAPI_EXPORT extern const char *TF_OperationDevice(TF_Operation *oper);

TF_CAPI_EXPORT extern int TF_OperationNumOutputs(TF_Operation *oper);
TF_CAPI_EXPORT extern TF_DataType TF_OperationOutputType(TF_Output oper_out);
/* How many outputs the argument `arg_name` of the op has; -1 after an error. */
TF_CAPI_EXPORT extern int TF_OperationOutputListLength(TF_Operation *oper, const char *arg_name,
                                                       TF_Status *status);
TF_CAPI_EXPORT extern int TF_OperationNumInputs(TF_Operation *oper);
TF_CAPI_EXPORT extern TF_DataType TF_OperationInputType(TF_Input oper_in);
TF_CAPI_EXPORT extern int TF_OperationInputListLength(TF_Operation *oper, const char *arg_name,
                                                      TF_Status *status);
/* Who produces an input; {NULL, -1} when there is no such input. */
TF_CAPI_EXPORT extern TF_Output TF_OperationInput(TF_Input oper_in);
/* Who produces all inputs: fills up to `max_inputs`. */
TF_CAPI_EXPORT extern void TF_OperationAllInputs(TF_Operation *oper, TF_Output *inputs, int max_inputs);
TF_CAPI_EXPORT extern int TF_OperationOutputNumConsumers(TF_Output oper_out);
/* Who takes an output: fills up to `max_consumers`, returns how many there are. */
TF_CAPI_EXPORT extern int TF_OperationOutputConsumers(TF_Output oper_out, TF_Input *consumers,
                                                      int max_consumers);
TF_CAPI_EXPORT extern int TF_OperationNumControlInputs(TF_Operation *oper);
TF_CAPI_EXPORT extern int TF_OperationGetControlInputs(TF_Operation *oper, TF_Operation **control_inputs,
                                                       int max_control_inputs);
TF_CAPI_EXPORT extern int TF_OperationNumControlOutputs(TF_Operation *oper);
TF_CAPI_EXPORT extern int TF_OperationGetControlOutputs(TF_Operation *oper, TF_Operation **control_outputs,
                                                        int max_control_outputs);

/* What an attribute is and how much memory its value wants. */
typedef struct TF_AttrMetadata {
  TF_Bool is_list;
  int64_t list_size; /* -1 if not a list */
  TF_AttrType type;  /* of the value, or of the list's elements */
  /* Bytes of a string, or of all strings of a list; number of dims of a shape (-1: unknown rank), or of all
   * shapes of a list; else -1. */
  int64_t total_size;
} TF_AttrMetadata;

/* TF_INVALID_ARGUMENT when there is no such attribute. */
TF_CAPI_EXPORT extern TF_AttrMetadata TF_OperationGetAttrMetadata(TF_Operation *oper, const char *attr_name,
                                                                  TF_Status *status);

/* The value of an attribute into memory of the caller's, sized by the metadata; what does not fit is cut.
 * TF_INVALID_ARGUMENT when the attribute is not there or of another kind. Tensors are new references. */
TF_CAPI_EXPORT extern void TF_OperationGetAttrString(TF_Operation *oper, const char *attr_name, void *value,
                                                     size_t max_length, TF_Status *status);
/* values[i] points at lengths[i] bytes in `storage`, which takes total_size bytes. */
TF_CAPI_EXPORT extern void TF_OperationGetAttrStringList(TF_Operation *oper, const char *attr_name,
                                                         void **values, size_t *lengths, int max_values,
                                                         void *storage, size_t storage_size,
                                                         TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrInt(TF_Operation *oper, const char *attr_name, int64_t *value,
                                                  TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrIntList(TF_Operation *oper, const char *attr_name,
                                                      int64_t *values, int max_values, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrFloat(TF_Operation *oper, const char *attr_name, float *value,
                                                    TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrFloatList(TF_Operation *oper, const char *attr_name,
                                                        float *values, int max_values, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrBool(TF_Operation *oper, const char *attr_name, TF_Bool *value,
                                                   TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrBoolList(TF_Operation *oper, const char *attr_name,
                                                       TF_Bool *values, int max_values, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrType(TF_Operation *oper, const char *attr_name,
                                                   TF_DataType *value, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrTypeList(TF_Operation *oper, const char *attr_name,
                                                       TF_DataType *values, int max_values,
                                                       TF_Status *status);
/* `num_dims` is the metadata's total_size. */
TF_CAPI_EXPORT extern void TF_OperationGetAttrShape(TF_Operation *oper, const char *attr_name, int64_t *value,
                                                    int num_dims, TF_Status *status);
/* dims[i] points at num_dims[i] numbers in `storage` (num_dims -1: unknown rank), which takes total_size. */
TF_CAPI_EXPORT extern void TF_OperationGetAttrShapeList(TF_Operation *oper, const char *attr_name,
                                                        int64_t **dims, int *num_dims, int num_shapes,
                                                        int64_t *storage, int storage_size,
                                                        TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrTensorShapeProto(TF_Operation *oper, const char *attr_name,
                                                               TF_Buffer *value, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrTensorShapeProtoList(TF_Operation *oper, const char *attr_name,
                                                                   TF_Buffer **values, int max_values,
                                                                   TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrTensor(TF_Operation *oper, const char *attr_name,
                                                     TF_Tensor **value, TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrTensorList(TF_Operation *oper, const char *attr_name,
                                                         TF_Tensor **values, int max_values,
                                                         TF_Status *status);
TF_CAPI_EXPORT extern void TF_OperationGetAttrValueProto(TF_Operation *oper, const char *attr_name,
                                                         TF_Buffer *output_attr_value, TF_Status *status);
/* The attributes that are set, in a fixed order; TF_OperationGetAttrName wants room for the length and a NUL. */
TF_CAPI_EXPORT extern int TF_OperationGetNumAttrs(TF_Operation *oper);
TF_CAPI_EXPORT extern int TF_OperationGetAttrNameLength(TF_Operation *oper, int i);
TF_CAPI_EXPORT extern void TF_OperationGetAttrName(TF_Operation *oper, int i, char *output,
                                                   TF_Status *status);

/* ---- Looking at a graph ---- */

/* The operation of that name, or null. */
TF_CAPI_EXPORT extern TF_Operation *TF_GraphOperationByName(TF_Graph *graph, const char *oper_name);
/* Iterates: *pos starts as 0; null after the last. */
TF_CAPI_EXPORT extern TF_Operation *TF_GraphNextOperation(TF_Graph *graph, size_t *pos);
/* The graph as a serialised GraphDef. */
TF_CAPI_EXPORT extern void TF_GraphToGraphDef(TF_Graph *graph, TF_Buffer *output_graph_def,
                                              TF_Status *status);
/* The serialised OpDef of an op, or of a function in the graph's library. */
TF_CAPI_EXPORT extern void TF_GraphGetOpDef(TF_Graph *graph, const char *op_name, TF_Buffer *output_op_def,
                                            TF_Status *status);
/* The graph's serialised VersionDef. */
TF_CAPI_EXPORT extern void TF_GraphVersions(TF_Graph *graph, TF_Buffer *output_version_def,
                                            TF_Status *status);

/* ---- Importing a GraphDef ---- */

typedef struct TF_ImportGraphDefOptions TF_ImportGraphDefOptions;
typedef struct TF_ImportGraphDefResults TF_ImportGraphDefResults;

TF_CAPI_EXPORT extern TF_ImportGraphDefOptions *TF_NewImportGraphDefOptions(void);
TF_CAPI_EXPORT extern void TF_DeleteImportGraphDefOptions(TF_ImportGraphDefOptions *opts);
/* Names get "<prefix>/" in front. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsSetPrefix(TF_ImportGraphDefOptions *opts,
                                                             const char *prefix);
/* The device of nodes that name none. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsSetDefaultDevice(TF_ImportGraphDefOptions *opts,
                                                                    const char *device);
/* A name that is taken gets "_1", "_2", ... instead of being an error. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsSetUniquifyNames(TF_ImportGraphDefOptions *opts,
                                                                    unsigned char uniquify_names);
/* The same for the prefix, when it is taken as a name or scope. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsSetUniquifyPrefix(TF_ImportGraphDefOptions *opts,
                                                                     unsigned char uniquify_prefix);
/* Inputs "<src_name>:<src_index>" of imported nodes (names before the prefix; index -1: control inputs) become
 * `dst` of this graph. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsAddInputMapping(TF_ImportGraphDefOptions *opts,
                                                                   const char *src_name, int src_index,
                                                                   TF_Output dst);
/* Control inputs "^<src_name>" become `dst`. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsRemapControlDependency(TF_ImportGraphDefOptions *opts,
                                                                          const char *src_name,
                                                                          TF_Operation *dst);
/* Every imported node that has no inputs within the import runs after `oper`. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsAddControlDependency(TF_ImportGraphDefOptions *opts,
                                                                        TF_Operation *oper);
/* Outputs and operations of the GraphDef (names before the prefix) that the results will list. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsAddReturnOutput(TF_ImportGraphDefOptions *opts,
                                                                   const char *oper_name, int index);
TF_CAPI_EXPORT extern int TF_ImportGraphDefOptionsNumReturnOutputs(const TF_ImportGraphDefOptions *opts);
TF_CAPI_EXPORT extern void TF_ImportGraphDefOptionsAddReturnOperation(TF_ImportGraphDefOptions *opts,
                                                                      const char *oper_name);
TF_CAPI_EXPORT extern int TF_ImportGraphDefOptionsNumReturnOperations(const TF_ImportGraphDefOptions *opts);

/* Arrays owned by the results, in the order of the requests. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefResultsReturnOutputs(TF_ImportGraphDefResults *results,
                                                                 int *num_outputs, TF_Output **outputs);
TF_CAPI_EXPORT extern void TF_ImportGraphDefResultsReturnOperations(TF_ImportGraphDefResults *results,
                                                                    int *num_opers, TF_Operation ***opers);
/* Mapped inputs that no node uses and that the GraphDef does not have. */
TF_CAPI_EXPORT extern void TF_ImportGraphDefResultsMissingUnusedInputMappings(
    TF_ImportGraphDefResults *results, int *num_missing_unused_input_mappings, const char ***src_names,
    int **src_indexes);
TF_CAPI_EXPORT extern void TF_DeleteImportGraphDefResults(TF_ImportGraphDefResults *results);

/* Adds a serialised GraphDef to the graph: all of it or, after an error, nothing. Null after an error. */
TF_CAPI_EXPORT extern TF_ImportGraphDefResults *TF_GraphImportGraphDefWithResults(
    TF_Graph *graph, const TF_Buffer *graph_def, const TF_ImportGraphDefOptions *options, TF_Status *status);
/* The same; `return_outputs` has as many places as the options list. */
TF_CAPI_EXPORT extern void TF_GraphImportGraphDefWithReturnOutputs(TF_Graph *graph,
                                                                   const TF_Buffer *graph_def,
                                                                   const TF_ImportGraphDefOptions *options,
                                                                   TF_Output *return_outputs,
                                                                   int num_return_outputs, TF_Status *status);
TF_CAPI_EXPORT extern void TF_GraphImportGraphDef(TF_Graph *graph, const TF_Buffer *graph_def,
                                                  const TF_ImportGraphDefOptions *options, TF_Status *status);

/* ---- Functions ---- */

/* Adds `func`, and `grad` (may be null) as its gradient, to the graph's library. */
TF_CAPI_EXPORT extern void TF_GraphCopyFunction(TF_Graph *g, const TF_Function *func, const TF_Function *grad,
                                                TF_Status *status);
TF_CAPI_EXPORT extern int TF_GraphNumFunctions(TF_Graph *g);
/* Fills up to `max_func` functions, each for the caller to delete; returns how many. */
TF_CAPI_EXPORT extern int TF_GraphGetFunctions(TF_Graph *g, TF_Function **funcs, int max_func,
                                               TF_Status *status);
/* One operation as a serialised NodeDef. */
TF_CAPI_EXPORT extern void TF_OperationToNodeDef(TF_Operation *oper, TF_Buffer *output_node_def,
                                                 TF_Status *status);

/* ---- While loops ---- */

/* What TF_NewWhile hands out to be filled: the two graphs, cond_output, body_outputs and name. */
typedef struct TF_WhileParams {
  const int ninputs;
  TF_Graph *const cond_graph;
  const TF_Output *const cond_inputs;
  TF_Output cond_output; /* a boolean scalar of cond_graph */
  TF_Graph *const body_graph;
  const TF_Output *const body_inputs;
  TF_Output *const body_outputs; /* ninputs outputs of body_graph, of the inputs' types */
  const char *name;              /* prefix of the loop's nodes */
} TF_WhileParams;

TF_CAPI_EXPORT extern TF_WhileParams TF_NewWhile(TF_Graph *g, TF_Output *inputs, int ninputs,
                                                 TF_Status *status);
/* Builds the loop, frees the parameters and fills `outputs` (ninputs of them). */
TF_CAPI_EXPORT extern void TF_FinishWhile(const TF_WhileParams *params, TF_Status *status,
                                          TF_Output *outputs);
/* Frees the parameters; nothing is built. */
TF_CAPI_EXPORT extern void TF_AbortWhile(const TF_WhileParams *params);

/* ---- Gradients ---- */

/* Adds operations that compute dy[i] = d(sum of all y)/dx[i], each y weighted with its dx (null: ones). */
TF_CAPI_EXPORT extern void TF_AddGradients(TF_Graph *g, TF_Output *y, int ny, TF_Output *x, int nx,
                                           TF_Output *dx, TF_Status *status, TF_Output *dy);
/* The same with a prefix for their names (null: a free one is chosen). */
TF_CAPI_EXPORT extern void TF_AddGradientsWithPrefix(TF_Graph *g, const char *prefix, TF_Output *y, int ny,
                                                     TF_Output *x, int nx, TF_Output *dx, TF_Status *status,
                                                     TF_Output *dy);

/* Makes a function of a graph: its body is `opers` (num_opers -1: the whole graph), arguments are `inputs`,
 * results `outputs`, named by `output_names` (null: after the operations). Null after an error. */
TF_CAPI_EXPORT extern TF_Function *TF_GraphToFunction(
    const TF_Graph *fn_body, const char *fn_name, unsigned char append_hash_to_fn_name, int num_opers,
    const TF_Operation *const *opers, int ninputs, const TF_Output *inputs, int noutputs,
    const TF_Output *outputs, const char *const *output_names, const TF_FunctionOptions *opts,
    const char *description, TF_Status *status);
/* The same with operations that must run in every call. */
TF_CAPI_EXPORT extern TF_Function *TF_GraphToFunctionWithControlOutputs(
    const TF_Graph *fn_body, const char *fn_name, unsigned char append_hash_to_fn_name, int num_opers,
    const TF_Operation *const *opers, int ninputs, const TF_Output *inputs, int noutputs,
    const TF_Output *outputs, const char *const *output_names, int ncontrol_outputs,
    const TF_Operation *const *control_outputs, const char *const *control_output_names,
    const TF_FunctionOptions *opts, const char *description, TF_Status *status);
TF_CAPI_EXPORT extern const char *TF_FunctionName(TF_Function *func);
TF_CAPI_EXPORT extern void TF_FunctionToFunctionDef(TF_Function *func, TF_Buffer *output_func_def,
                                                    TF_Status *status);
TF_CAPI_EXPORT extern TF_Function *TF_FunctionImportFunctionDef(const void *proto, size_t proto_len,
                                                                TF_Status *status);
TF_CAPI_EXPORT extern void TF_FunctionSetAttrValueProto(TF_Function *func, const char *attr_name,
                                                        const void *proto, size_t proto_len,
                                                        TF_Status *status);
TF_CAPI_EXPORT extern void TF_FunctionGetAttrValueProto(TF_Function *func, const char *attr_name,
                                                        TF_Buffer *output_attr_value, TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteFunction(TF_Function *func);

/* Whether the value of `output` is known without running anything; *result is then a new tensor. */
TF_CAPI_EXPORT extern unsigned char TF_TryEvaluateConstant(TF_Graph *graph, TF_Output output,
                                                           TF_Tensor **result, TF_Status *status);

/* ---- Sessions ---- */

typedef struct TF_Session TF_Session;

/* A session over a graph. What is added to the graph later can be run too. Null after an error. */
TF_CAPI_EXPORT extern TF_Session *TF_NewSession(TF_Graph *graph, const TF_SessionOptions *opts,
                                                TF_Status *status);
/* Loads the MetaGraphDef with exactly these tags from a SavedModel folder into `graph`, which must be empty,
 * restores its variables and runs its initialisation. `meta_graph_def` (may be null) gets the MetaGraphDef.
 * Null after an error. */
TF_CAPI_EXPORT extern TF_Session *TF_LoadSessionFromSavedModel(
    const TF_SessionOptions *session_options, const TF_Buffer *run_options, const char *export_dir,
    const char *const *tags, int tags_len, TF_Graph *graph, TF_Buffer *meta_graph_def, TF_Status *status);
/* Ends the session: runs in progress are cancelled, later ones refused. */
TF_CAPI_EXPORT extern void TF_CloseSession(TF_Session *session, TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteSession(TF_Session *session, TF_Status *status);

/* Feeds `input_values` at `inputs`, runs what `outputs` and `target_opers` need, and puts new tensors for the caller
 * into `output_values`, all null after an error. `run_options` (a RunOptions) and `run_metadata` may be null. */
TF_CAPI_EXPORT extern void TF_SessionRun(TF_Session *session, const TF_Buffer *run_options,
                                         const TF_Output *inputs, TF_Tensor *const *input_values, int ninputs,
                                         const TF_Output *outputs, TF_Tensor **output_values, int noutputs,
                                         const TF_Operation *const *target_opers, int ntargets,
                                         TF_Buffer *run_metadata, TF_Status *status);
/* A run in several steps: all feeds and fetches are named here, then given and taken by TF_SessionPRun. */
TF_CAPI_EXPORT extern void TF_SessionPRunSetup(TF_Session *session, const TF_Output *inputs, int ninputs,
                                               const TF_Output *outputs, int noutputs,
                                               const TF_Operation *const *target_opers, int ntargets,
                                               const char **handle, TF_Status *status);
TF_CAPI_EXPORT extern void TF_SessionPRun(TF_Session *session, const char *handle, const TF_Output *inputs,
                                          TF_Tensor *const *input_values, int ninputs,
                                          const TF_Output *outputs, TF_Tensor **output_values, int noutputs,
                                          const TF_Operation *const *target_opers, int ntargets,
                                          TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeletePRunHandle(const char *handle);

/* ---- Sessions by names, older than TF_Graph ---- */

typedef struct TF_DeprecatedSession TF_DeprecatedSession;

TF_CAPI_EXPORT extern TF_DeprecatedSession *TF_NewDeprecatedSession(const TF_SessionOptions *options,
                                                                    TF_Status *status);
TF_CAPI_EXPORT extern void TF_CloseDeprecatedSession(TF_DeprecatedSession *session, TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteDeprecatedSession(TF_DeprecatedSession *session, TF_Status *status);
/* Drops the resources of the named containers of a target. */
TF_CAPI_EXPORT extern void TF_Reset(const TF_SessionOptions *opt, const char **containers, int ncontainers,
                                    TF_Status *status);
/* Adds a serialised GraphDef. */
TF_CAPI_EXPORT extern void TF_ExtendGraph(TF_DeprecatedSession *session, const void *proto, size_t proto_len,
                                          TF_Status *status);
/* As TF_SessionRun, with tensors as "name:index"; takes the inputs. */
TF_CAPI_EXPORT extern void TF_Run(TF_DeprecatedSession *session, const TF_Buffer *run_options,
                                  const char **input_names, TF_Tensor **inputs, int ninputs,
                                  const char **output_names, TF_Tensor **outputs, int noutputs,
                                  const char **target_oper_names, int ntargets, TF_Buffer *run_metadata,
                                  TF_Status *status);
TF_CAPI_EXPORT extern void TF_PRunSetup(TF_DeprecatedSession *session, const char **input_names, int ninputs,
                                        const char **output_names, int noutputs,
                                        const char **target_oper_names, int ntargets, const char **handle,
                                        TF_Status *status);
TF_CAPI_EXPORT extern void TF_PRun(TF_DeprecatedSession *session, const char *handle,
                                   const char **input_names, TF_Tensor **inputs, int ninputs,
                                   const char **output_names, TF_Tensor **outputs, int noutputs,
                                   const char **target_oper_names, int ntargets, TF_Status *status);

/* ---- Devices ---- */

typedef struct TF_DeviceList TF_DeviceList;

/* The devices of a session; null after an error. */
TF_CAPI_EXPORT extern TF_DeviceList *TF_SessionListDevices(TF_Session *session, TF_Status *status);
TF_CAPI_EXPORT extern TF_DeviceList *TF_DeprecatedSessionListDevices(TF_DeprecatedSession *session,
                                                                     TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteDeviceList(TF_DeviceList *list);
TF_CAPI_EXPORT extern int TF_DeviceListCount(const TF_DeviceList *list);
/* "/job:localhost/replica:0/task:0/device:CPU:0" */
TF_CAPI_EXPORT extern const char *TF_DeviceListName(const TF_DeviceList *list, int index, TF_Status *status);
/* "CPU" */
TF_CAPI_EXPORT extern const char *TF_DeviceListType(const TF_DeviceList *list, int index, TF_Status *status);
TF_CAPI_EXPORT extern int64_t TF_DeviceListMemoryBytes(const TF_DeviceList *list, int index,
                                                       TF_Status *status);
TF_CAPI_EXPORT extern uint64_t TF_DeviceListIncarnation(const TF_DeviceList *list, int index,
                                                        TF_Status *status);

/* ---- Libraries of ops, and what there is ---- */

typedef struct TF_Library TF_Library;

/* Loads a shared library that registers ops and kernels. */
TF_CAPI_EXPORT extern TF_Library *TF_LoadLibrary(const char *library_filename, TF_Status *status);
/* The serialised OpList of what the library registered; owned by the handle. */
TF_CAPI_EXPORT extern TF_Buffer TF_GetOpList(TF_Library *lib_handle);
/* Frees the handle; the library stays loaded. */
TF_CAPI_EXPORT extern void TF_DeleteLibraryHandle(TF_Library *lib_handle);
/* The serialised OpList of every op. */
TF_CAPI_EXPORT extern TF_Buffer *TF_GetAllOpList(void);

typedef struct TF_ApiDefMap TF_ApiDefMap;

/* The API definitions of the ops in a serialised OpList, for code generators. */
TF_CAPI_EXPORT extern TF_ApiDefMap *TF_NewApiDefMap(TF_Buffer *op_list_buffer, TF_Status *status);
TF_CAPI_EXPORT extern void TF_DeleteApiDefMap(TF_ApiDefMap *apimap);
/* Overlays ApiDefs in text format. */
TF_CAPI_EXPORT extern void TF_ApiDefMapPut(TF_ApiDefMap *api_def_map, const char *text, size_t text_len,
                                           TF_Status *status);
/* The serialised ApiDef of an op; null when there is none. */
TF_CAPI_EXPORT extern TF_Buffer *TF_ApiDefMapGet(TF_ApiDefMap *api_def_map, const char *name, size_t name_len,
                                                 TF_Status *status);

/* The serialised KernelList of every kernel, or of an op's. */
TF_CAPI_EXPORT extern TF_Buffer *TF_GetAllRegisteredKernels(TF_Status *status);
TF_CAPI_EXPORT extern TF_Buffer *TF_GetRegisteredKernelsForOp(const char *name, TF_Status *status);

/* ---- Distributed servers ---- */

typedef struct TF_Server TF_Server;

TF_CAPI_EXPORT extern TF_Server *TF_NewServer(const void *proto, size_t proto_len, TF_Status *status);
TF_CAPI_EXPORT extern void TF_ServerStart(TF_Server *server, TF_Status *status);
TF_CAPI_EXPORT extern void TF_ServerStop(TF_Server *server, TF_Status *status);
TF_CAPI_EXPORT extern void TF_ServerJoin(TF_Server *server, TF_Status *status);
TF_CAPI_EXPORT extern const char *TF_ServerTarget(TF_Server *server);
TF_CAPI_EXPORT extern void TF_DeleteServer(TF_Server *server);

/* ---- Process-wide ---- */

/* Calls `listener` with each line of the log. */
TF_CAPI_EXPORT extern void TF_RegisterLogListener(void (*listener)(const char *));
TF_CAPI_EXPORT extern void TF_RegisterFilesystemPlugin(const char *plugin_filename, TF_Status *status);

/* ---- Changing operations that are in a graph (for language front ends; no runs meanwhile) ---- */

TF_CAPI_EXPORT extern void TF_AddOperationControlInput(TF_Graph *graph, TF_Operation *op,
                                                       TF_Operation *input);
/* Sets an attribute to a serialised AttrValue. */
TF_CAPI_EXPORT extern void TF_SetAttr(TF_Graph *graph, TF_Operation *op, const char *attr_name,
                                      TF_Buffer *attr_value_proto, TF_Status *status);
TF_CAPI_EXPORT extern void TF_ClearAttr(TF_Graph *graph, TF_Operation *op, const char *attr_name,
                                        TF_Status *status);
TF_CAPI_EXPORT extern void TF_SetFullType(TF_Graph *graph, TF_Operation *op,
                                          const TF_Buffer *full_type_proto);
TF_CAPI_EXPORT extern void TF_SetRequestedDevice(TF_Graph *graph, TF_Operation *op, const char *device);
/* Makes the input `dst` come from `new_src`. */
TF_CAPI_EXPORT extern void TF_UpdateEdge(TF_Graph *graph, TF_Output new_src, TF_Input dst, TF_Status *status);
TF_CAPI_EXPORT extern void TF_RemoveAllControlInputs(TF_Graph *graph, TF_Operation *op);
/* Whether an op without a shape function is an error. */
TF_CAPI_EXPORT extern void TF_SetRequireShapeInferenceFns(TF_Graph *graph, bool require);
/* Takes up what was added to the session's graph; runs do so by themselves. */
TF_CAPI_EXPORT extern void TF_ExtendSession(TF_Session *session, TF_Status *status);
/* Shapes and types behind a resource handle, as a serialised CppShapeInferenceResult.HandleData; null if unknown. */
TF_CAPI_EXPORT extern TF_Buffer *TF_GetHandleShapeAndType(TF_Graph *graph, TF_Output output);
TF_CAPI_EXPORT extern void TF_SetHandleShapeAndType(TF_Graph *graph, TF_Output output, const void *proto,
                                                    size_t proto_len, TF_Status *status);
/* Adds an input to a While operation. */
TF_CAPI_EXPORT extern void TF_AddWhileInputHack(TF_Graph *graph, TF_Output new_src, TF_Operation *dst,
                                                TF_Status *status);

#ifdef __cplusplus
}
#endif
#endif
