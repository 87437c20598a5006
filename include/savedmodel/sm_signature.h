/* Signatures: which tensors of a graph are a model's named inputs and outputs, and for which kind of request.
 * As tf.compat.v1.saved_model.{build_tensor_info, build_signature_def, *_signature_def, is_valid_signature}.
 *
 * All of it is owned by the graph that it was built in (or by the loaded model). */
#ifndef SAVEDMODEL_SM_SIGNATURE_H_
#define SAVEDMODEL_SM_SIGNATURE_H_

#include "savedmodel/sm_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SM_PREDICT_METHOD_NAME "tensorflow/serving/predict"
#define SM_CLASSIFY_METHOD_NAME "tensorflow/serving/classify"
#define SM_REGRESS_METHOD_NAME "tensorflow/serving/regress"
#define SM_DEFAULT_SERVING_SIGNATURE_DEF_KEY "serving_default"
#define SM_CLASSIFY_INPUTS "inputs"
#define SM_CLASSIFY_OUTPUT_CLASSES "classes"
#define SM_CLASSIFY_OUTPUT_SCORES "scores"
#define SM_REGRESS_INPUTS "inputs"
#define SM_REGRESS_OUTPUTS "outputs"

/* A tensor by name, with its element type and static shape. A sparse one has three names and none itself. */
typedef struct SM_TensorInfo {
  const char *name; /* "x:0"; null for a sparse tensor */
  const char *values_name, *indices_name, *dense_shape_name;
  TF_DataType dtype;
  SM_Shape shape; /* num_dims -1: unknown */
} SM_TensorInfo;

typedef struct SM_NamedInfo {
  const char *key;
  const SM_TensorInfo *info;
} SM_NamedInfo;

typedef struct SM_NamedOutput {
  const char *key;
  TF_Output output;
} SM_NamedOutput;

typedef struct SM_SignatureDef {
  const char *method_name;
  const SM_NamedInfo *inputs, *outputs; /* sorted by key when loaded, else as given */
  int num_inputs, num_outputs;
} SM_SignatureDef;

/* {"x", info} lists for the functions below: an array and its length. */
#define SM_INFOS(...)                  \
  (const SM_NamedInfo[]){__VA_ARGS__}, \
      (int)(sizeof((const SM_NamedInfo[]){__VA_ARGS__}) / sizeof(SM_NamedInfo))
#define SM_OUTPUTS(...)                  \
  (const SM_NamedOutput[]){__VA_ARGS__}, \
      (int)(sizeof((const SM_NamedOutput[]){__VA_ARGS__}) / sizeof(SM_NamedOutput))

TF_CAPI_EXPORT extern const SM_TensorInfo *SM_BuildTensorInfo(SM_Graph *g, TF_Output tensor);
/* Of a SparseTensor; dtype and dense rank are taken from `values` and the length of `dense_shape`. */
TF_CAPI_EXPORT extern const SM_TensorInfo *SM_BuildSparseTensorInfo(SM_Graph *g, TF_Output values,
                                                                    TF_Output indices, TF_Output dense_shape);
/* A null method name is "". Either list may be empty (NULL, 0). */
TF_CAPI_EXPORT extern const SM_SignatureDef *SM_BuildSignatureDef(SM_Graph *g, const SM_NamedInfo *inputs,
                                                                  int num_inputs, const SM_NamedInfo *outputs,
                                                                  int num_outputs, const char *method_name);

/* Any tensors, one at least: SM_PredictSignatureDef(g, SM_OUTPUTS({"x", x}), SM_OUTPUTS({"y", y})). */
TF_CAPI_EXPORT extern const SM_SignatureDef *SM_PredictSignatureDef(SM_Graph *g, const SM_NamedOutput *inputs,
                                                                    int num_inputs,
                                                                    const SM_NamedOutput *outputs,
                                                                    int num_outputs);
/* `examples`: strings, serialised tf.Examples; `predictions`: float32. */
TF_CAPI_EXPORT extern const SM_SignatureDef *SM_RegressionSignatureDef(SM_Graph *g, TF_Output examples,
                                                                       TF_Output predictions);
/* `classes`: strings, `scores`: float32; one of the two may be {NULL, 0}. */
TF_CAPI_EXPORT extern const SM_SignatureDef *SM_ClassificationSignatureDef(SM_Graph *g, TF_Output examples,
                                                                           TF_Output classes,
                                                                           TF_Output scores);

/* Whether TensorFlow Serving can serve it: a predict signature with inputs and outputs, or a classify or
 * regress signature with exactly the keys and types of those. False for null. */
TF_CAPI_EXPORT extern bool SM_IsValidSignature(const SM_SignatureDef *signature);

#ifdef __cplusplus
}
#endif
#endif
