/* Signatures: building, checking, and to and from their messages. */
#include "savedmodel/sm_signature.h"

#include <string.h>

#include "savedmodel/sm_internal.h"
#include "wire/proto_message.h"

/* ---- tensor infos ---- */

static bool have_tensor(SM_Graph *g, TF_Output tensor) {
  if (graph_failed(g)) return false;
  if (!tensor.oper) fail(g->status, TF_INVALID_ARGUMENT, "build_tensor_info: the tensor is missing");
  return tensor.oper != NULL;
}

const SM_TensorInfo *SM_BuildTensorInfo(SM_Graph *g, TF_Output tensor) {
  if (!have_tensor(g, tensor)) return NULL;
  SM_TensorInfo *info = graph_calloc(g, 1, sizeof *info);
  if (!info) return NULL;
  info->name = SM_OutputName(g, tensor);
  info->dtype = dtype_base(TF_OperationOutputType(tensor));
  info->shape = graph_output_shape(g, tensor);
  return graph_failed(g) ? NULL : info;
}

const SM_TensorInfo *SM_BuildSparseTensorInfo(SM_Graph *g, TF_Output values, TF_Output indices,
                                              TF_Output dense_shape) {
  if (!have_tensor(g, values) || !have_tensor(g, indices) || !have_tensor(g, dense_shape)) return NULL;
  SM_TensorInfo *info = graph_calloc(g, 1, sizeof *info);
  if (!info) return NULL;
  info->values_name = SM_OutputName(g, values);
  info->indices_name = SM_OutputName(g, indices);
  info->dense_shape_name = SM_OutputName(g, dense_shape);
  info->dtype = dtype_base(TF_OperationOutputType(values));
  SM_Shape length = graph_output_shape(g, dense_shape);
  int64_t rank = length.num_dims == 1 ? length.dims[0] : -1;
  int64_t *dims = rank > 0 ? graph_calloc(g, (size_t)rank, sizeof *dims) : NULL;
  for (int64_t i = 0; dims && i < rank; i++) dims[i] = -1;
  info->shape = (SM_Shape){dims, (int)rank};
  return graph_failed(g) ? NULL : info;
}

/* ---- signature defs ---- */

static const SM_NamedInfo *copy_infos(SM_Graph *g, const SM_NamedInfo *infos, int n) {
  SM_NamedInfo *copy = graph_calloc(g, (size_t)n, sizeof *copy);
  for (int i = 0; copy && i < n; i++) {
    copy[i].key = graph_strdup(g, infos[i].key);
    copy[i].info = infos[i].info;
  }
  return copy;
}

const SM_SignatureDef *SM_BuildSignatureDef(SM_Graph *g, const SM_NamedInfo *inputs, int num_inputs,
                                            const SM_NamedInfo *outputs, int num_outputs,
                                            const char *method_name) {
  if (graph_failed(g)) return NULL;
  SM_SignatureDef *def = graph_calloc(g, 1, sizeof *def);
  if (!def) return NULL;
  def->method_name = graph_strdup(g, method_name ? method_name : "");
  def->inputs = copy_infos(g, inputs, num_inputs);
  def->outputs = copy_infos(g, outputs, num_outputs);
  def->num_inputs = num_inputs;
  def->num_outputs = num_outputs;
  return graph_failed(g) ? NULL : def;
}

static const SM_NamedInfo *infos_of(SM_Graph *g, const SM_NamedOutput *outputs, int n) {
  SM_NamedInfo *infos = graph_calloc(g, (size_t)n, sizeof *infos);
  for (int i = 0; infos && i < n; i++)
    infos[i] = (SM_NamedInfo){outputs[i].key, SM_BuildTensorInfo(g, outputs[i].output)};
  return infos;
}

/* Records the error and gives null, as an expression. */
static const SM_SignatureDef *refuse(SM_Graph *g, const char *why) {
  if (!graph_failed(g)) fail(g->status, TF_INVALID_ARGUMENT, "%s", why);
  return NULL;
}

const SM_SignatureDef *SM_PredictSignatureDef(SM_Graph *g, const SM_NamedOutput *inputs, int num_inputs,
                                              const SM_NamedOutput *outputs, int num_outputs) {
  if (!num_inputs) return refuse(g, "Prediction `inputs` cannot be None or empty.");
  if (!num_outputs) return refuse(g, "Prediction `outputs` cannot be None or empty.");
  const SM_NamedInfo *in = infos_of(g, inputs, num_inputs), *out = infos_of(g, outputs, num_outputs);
  return SM_BuildSignatureDef(g, in, num_inputs, out, num_outputs, SM_PREDICT_METHOD_NAME);
}

static bool check_type(SM_Graph *g, const SM_TensorInfo *info, TF_DataType want, const char *refusal) {
  if (!info) return false;
  if (info->dtype == want) return true;
  fail(g->status, TF_INVALID_ARGUMENT, refusal, (int)info->dtype);
  return false;
}

const SM_SignatureDef *SM_RegressionSignatureDef(SM_Graph *g, TF_Output examples, TF_Output predictions) {
  if (!examples.oper) return refuse(g, "Regression `examples` cannot be None.");
  if (!predictions.oper) return refuse(g, "Regression `predictions` cannot be None.");
  const SM_TensorInfo *in = SM_BuildTensorInfo(g, examples), *out = SM_BuildTensorInfo(g, predictions);
  if (!check_type(g, in, TF_STRING,
                  "Regression input tensors must be of type string. Found tensors with type %d.") ||
      !check_type(g, out, TF_FLOAT,
                  "Regression output tensors must be of type float. Found tensors with type %d."))
    return NULL;
  return SM_BuildSignatureDef(g, SM_INFOS({SM_REGRESS_INPUTS, in}), SM_INFOS({SM_REGRESS_OUTPUTS, out}),
                              SM_REGRESS_METHOD_NAME);
}

const SM_SignatureDef *SM_ClassificationSignatureDef(SM_Graph *g, TF_Output examples, TF_Output classes,
                                                     TF_Output scores) {
  if (!examples.oper) return refuse(g, "Classification `examples` cannot be None.");
  if (!classes.oper && !scores.oper)
    return refuse(g, "Classification `classes` and `scores` cannot both be None.");
  const SM_TensorInfo *in = SM_BuildTensorInfo(g, examples);
  if (!check_type(g, in, TF_STRING,
                  "Classification input tensors must be of type string. Found tensors of type %d"))
    return NULL;
  SM_NamedInfo outputs[2];
  int n = 0;
  if (classes.oper) {
    outputs[n] = (SM_NamedInfo){SM_CLASSIFY_OUTPUT_CLASSES, SM_BuildTensorInfo(g, classes)};
    if (!check_type(g, outputs[n++].info, TF_STRING,
                    "Classification classes must be of type string Tensor. Found tensors of type %d.`"))
      return NULL;
  }
  if (scores.oper) {
    outputs[n] = (SM_NamedInfo){SM_CLASSIFY_OUTPUT_SCORES, SM_BuildTensorInfo(g, scores)};
    if (!outputs[n].info) return NULL;
    if (outputs[n++].info->dtype != TF_FLOAT)
      return refuse(g, "Classification scores must be a float Tensor.");
  }
  return SM_BuildSignatureDef(g, SM_INFOS({SM_CLASSIFY_INPUTS, in}), outputs, n, SM_CLASSIFY_METHOD_NAME);
}

/* ---- validity ---- */

static const SM_TensorInfo *find_info(const SM_NamedInfo *infos, int n, const char *key) {
  for (int i = 0; i < n; i++)
    if (!strcmp(infos[i].key, key)) return infos[i].info;
  return NULL;
}

static bool has_type(const SM_NamedInfo *infos, int n, const char *key, TF_DataType dtype) {
  const SM_TensorInfo *info = find_info(infos, n, key);
  return info && info->dtype == dtype;
}

static bool valid_classification(const SM_SignatureDef *s) {
  if (s->num_inputs != 1 || !has_type(s->inputs, 1, SM_CLASSIFY_INPUTS, TF_STRING) || !s->num_outputs)
    return false;
  int known = has_type(s->outputs, s->num_outputs, SM_CLASSIFY_OUTPUT_CLASSES, TF_STRING) +
              has_type(s->outputs, s->num_outputs, SM_CLASSIFY_OUTPUT_SCORES, TF_FLOAT);
  return known == s->num_outputs;
}

bool SM_IsValidSignature(const SM_SignatureDef *s) {
  if (!s) return false;
  if (!strcmp(s->method_name, SM_PREDICT_METHOD_NAME)) return s->num_inputs > 0 && s->num_outputs > 0;
  if (!strcmp(s->method_name, SM_CLASSIFY_METHOD_NAME)) return valid_classification(s);
  if (strcmp(s->method_name, SM_REGRESS_METHOD_NAME) != 0) return false;
  return s->num_inputs == 1 && has_type(s->inputs, 1, SM_REGRESS_INPUTS, TF_STRING) && s->num_outputs == 1 &&
         has_type(s->outputs, 1, SM_REGRESS_OUTPUTS, TF_FLOAT);
}

/* ---- messages ---- */

static Tensorflow__TensorShapeProto *shape_message(Arena *arena, SM_Shape shape) {
  Tensorflow__TensorShapeProto *msg = proto_new(arena, &tensorflow__tensor_shape_proto__descriptor);
  if (!msg) return NULL;
  msg->unknown_rank = shape.num_dims < 0;
  if (shape.num_dims <= 0) return msg;
  msg->dim = arena_calloc(arena, (size_t)shape.num_dims, sizeof *msg->dim);
  for (int i = 0; msg->dim && i < shape.num_dims; i++) {
    msg->dim[i] = proto_new(arena, &tensorflow__tensor_shape_proto__dim__descriptor);
    if (!msg->dim[i]) return NULL;
    msg->dim[i]->size = shape.dims[i];
  }
  msg->n_dim = (size_t)shape.num_dims;
  return msg->dim ? msg : NULL;
}

static Tensorflow__TensorInfo *info_message(Arena *arena, const SM_TensorInfo *info) {
  Tensorflow__TensorInfo *msg = proto_new(arena, &tensorflow__tensor_info__descriptor);
  if (!msg || !info) return msg;
  msg->dtype = (Tensorflow__DataType)info->dtype;
  msg->tensor_shape = shape_message(arena, info->shape);
  if (!msg->tensor_shape) return NULL;
  if (info->values_name) {
    Tensorflow__TensorInfo__CooSparse *sparse = proto_new(arena,
                                                          &tensorflow__tensor_info__coo_sparse__descriptor);
    if (!sparse) return NULL;
    sparse->values_tensor_name = (char *)info->values_name;
    sparse->indices_tensor_name = (char *)info->indices_name;
    sparse->dense_shape_tensor_name = (char *)info->dense_shape_name;
    msg->encoding_case = TENSORFLOW__TENSOR_INFO__ENCODING_COO_SPARSE;
    msg->coo_sparse = sparse;
  } else if (info->name) {
    msg->encoding_case = TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
    msg->name = (char *)info->name;
  }
  return msg;
}

Tensorflow__SignatureDef *signature_message(Arena *arena, const SM_SignatureDef *def) {
  Tensorflow__SignatureDef *msg = proto_new(arena, &tensorflow__signature_def__descriptor);
  if (!msg) return NULL;
  msg->method_name = (char *)def->method_name;
  msg->inputs = arena_calloc(arena, (size_t)def->num_inputs, sizeof *msg->inputs);
  msg->outputs = arena_calloc(arena, (size_t)def->num_outputs, sizeof *msg->outputs);
  if (!msg->inputs || !msg->outputs) return NULL;
  for (int i = 0; i < def->num_inputs; i++) {
    Tensorflow__SignatureDef__InputsEntry *e = proto_new(
        arena, &tensorflow__signature_def__inputs_entry__descriptor);
    if (!e || !(e->value = info_message(arena, def->inputs[i].info))) return NULL;
    e->key = (char *)def->inputs[i].key;
    msg->inputs[msg->n_inputs++] = e;
  }
  for (int i = 0; i < def->num_outputs; i++) {
    Tensorflow__SignatureDef__OutputsEntry *e = proto_new(
        arena, &tensorflow__signature_def__outputs_entry__descriptor);
    if (!e || !(e->value = info_message(arena, def->outputs[i].info))) return NULL;
    e->key = (char *)def->outputs[i].key;
    msg->outputs[msg->n_outputs++] = e;
  }
  return msg;
}

static const SM_TensorInfo *info_of_message(Arena *arena, const Tensorflow__TensorInfo *msg) {
  SM_TensorInfo *info = arena_calloc(arena, 1, sizeof *info);
  if (!info || !msg) return info;
  info->dtype = (TF_DataType)msg->dtype;
  if (msg->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_NAME) info->name = msg->name;
  if (msg->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_COO_SPARSE) {
    info->values_name = msg->coo_sparse->values_tensor_name;
    info->indices_name = msg->coo_sparse->indices_tensor_name;
    info->dense_shape_name = msg->coo_sparse->dense_shape_tensor_name;
  }
  const Tensorflow__TensorShapeProto *shape = msg->tensor_shape;
  if (!shape || shape->unknown_rank) {
    info->shape = SM_UNKNOWN_SHAPE;
    return info;
  }
  int64_t *dims = arena_calloc(arena, shape->n_dim, sizeof *dims);
  if (!dims) return NULL;
  for (size_t i = 0; i < shape->n_dim; i++) dims[i] = shape->dim[i]->size;
  info->shape = (SM_Shape){dims, (int)shape->n_dim};
  return info;
}

SM_SignatureDef *signature_of_message(Arena *arena, Tensorflow__SignatureDef *msg) {
  SM_SignatureDef *def = arena_calloc(arena, 1, sizeof *def);
  SM_NamedInfo *inputs = arena_calloc(arena, msg->n_inputs, sizeof *inputs);
  SM_NamedInfo *outputs = arena_calloc(arena, msg->n_outputs, sizeof *outputs);
  if (!def || !inputs || !outputs) return NULL;
  proto_sort_maps(&msg->base);
  for (size_t i = 0; i < msg->n_inputs; i++)
    inputs[i] = (SM_NamedInfo){msg->inputs[i]->key, info_of_message(arena, msg->inputs[i]->value)};
  for (size_t i = 0; i < msg->n_outputs; i++)
    outputs[i] = (SM_NamedInfo){msg->outputs[i]->key, info_of_message(arena, msg->outputs[i]->value)};
  def->method_name = msg->method_name;
  def->inputs = inputs;
  def->outputs = outputs;
  def->num_inputs = (int)msg->n_inputs;
  def->num_outputs = (int)msg->n_outputs;
  for (int i = 0; i < def->num_inputs; i++)
    if (!inputs[i].info) return NULL;
  for (int i = 0; i < def->num_outputs; i++)
    if (!outputs[i].info) return NULL;
  return def;
}
