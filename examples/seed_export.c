/* Trains a linear model and exports it twice: in C, what a Python script does with tf.saved_model.builder.
 * The two versions, ./exp_model/1 and ./exp_model/2, are what a model server serves one after the other. */
#include <stdio.h>
#include <stdlib.h>

#include "savedmodel/savedmodel.h"

/* sess is the session where the model is saved, x its input (a placeholder), y its output. */
static void save_model(TF_Session *sess, SM_Graph *g, TF_Output x, TF_Output y, const char *export_path,
                       TF_Status *st) {
  // Set up the builder. It refuses a directory that holds something.
  SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder(export_path, st);

  const SM_TensorInfo *tensor_info_x = SM_BuildTensorInfo(g, x);
  const SM_TensorInfo *tensor_info_y = SM_BuildTensorInfo(g, y);

  const SM_SignatureDef *prediction_signature = SM_BuildSignatureDef(
      g, SM_INFOS({"input", tensor_info_x}), SM_INFOS({"output", tensor_info_y}), SM_PREDICT_METHOD_NAME);

  // A graph has one init op: forget that of an earlier export.
  SM_ClearCollection(g, SM_MAIN_OP_KEY);
  TF_Operation *tables_initializer = SM_TablesInitializer(g);
  TF_Operation *legacy_init_op = SM_Group(g, &tables_initializer, 1, "legacy_init_op");

  SM_AddMetaGraphAndVariables(builder, sess, g, SM_TAGS(SM_SERVING),
                              &(SM_MetaGraphOptions){
                                  SM_SIGNATURES({"prediction", prediction_signature}),
                                  .legacy_init_op = legacy_init_op,
                              },
                              st);

  const char *path = SM_SaveModel(builder, SM_AS_BINARY, st);
  if (path) printf("SavedModel written to: %s\n", path);
  SM_DeleteSavedModelBuilder(builder);
}

int main(void) {
  TF_Status *st = TF_NewStatus();
  SM_Graph *g = SM_NewGraph();

  // The model: y = x w + b.
  TF_Output x = SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 2), "x");
  SM_Variable *w = SM_GetVariable(g, "w", SM_SHAPE(2, 1), SM_Zeros(), NULL);
  SM_Variable *b = SM_GetVariable(g, "b", SM_SHAPE(1, 1), SM_Zeros(), NULL);
  TF_Output y = SM_Op(g, "AddV2", "y", SM_In(SM_MatMul(g, x, SM_Value(w))), SM_In(SM_Value(b)));

  // A step down the gradient of the squared error's half.
  TF_Output target = SM_Placeholder(g, TF_FLOAT, SM_SHAPE(-1, 1), "target");
  TF_Output error = SM_Sub(g, y, target);
  TF_Output ones = SM_Constant(g, SM_TensorFill(TF_FLOAT, SM_SHAPE(1, 4), 1), "ones");
  TF_Output step_w = SM_AssignSub(w, SM_MulScalar(g, SM_MatMulTransposeA(g, x, error), 0.1));
  TF_Output step_b = SM_AssignSub(b, SM_MulScalar(g, SM_MatMul(g, ones, error), 0.1));
  TF_Operation *train_op = SM_Group(g, (TF_Operation *[]){step_w.oper, step_b.oper}, 2, "train");
  TF_Operation *init_op = SM_GlobalVariablesInitializer(g);

  // Four points of y = 2 x0 - x1 + 1.
  TF_Tensor *points = SM_TensorF32(SM_SHAPE(4, 2), (const float[]){0, 0, 0, 1, 1, 0, 1, 1});
  TF_Tensor *values = SM_TensorF32(SM_SHAPE(4, 1), (const float[]){1, 0, 3, 2});
  const SM_Feed batch[] = {{x, points}, {target, values}};

  TF_Session *sess = SM_NewSession(g, st);
  SM_RunOp(sess, init_op, st);

  SM_RunOpWith(sess, batch, 2, train_op, st);
  save_model(sess, g, x, y, "./exp_model/1", st);

  SM_RunOpWith(sess, batch, 2, train_op, st);
  save_model(sess, g, x, y, "./exp_model/2", st);

  char *text_w = SM_EvalText(sess, w, st);
  char *text_b = SM_EvalText(sess, b, st);
  if (text_w && text_b) printf("w %s\nb %s\n", text_w, text_b);
  free(text_w);
  free(text_b);
  SM_EndSession(sess);

  TF_Code code = SM_GraphStatus(g, st);
  if (code) fprintf(stderr, "seed_export: %s\n", TF_Message(st));
  TF_DeleteTensor(points);
  TF_DeleteTensor(values);
  SM_DeleteGraph(g);
  TF_DeleteStatus(st);
  return code != TF_OK;
}
