/* Saves and restores variables: in C, line for line, what a Python script does with tf.train.Saver. */
#include <stdio.h>
#include <stdlib.h>

#include "savedmodel/savedmodel.h"

int main(void) {
  TF_Status *st = TF_NewStatus();
  SM_Graph *g = SM_NewGraph();

  // Create some variables.
  SM_Variable *v1 = SM_GetVariable(g, "v1", SM_SHAPE(3), SM_Zeros(), NULL);
  SM_Variable *v2 = SM_GetVariable(g, "v2", SM_SHAPE(5), SM_Zeros(), NULL);

  TF_Output inc_v1 = SM_Assign(v1, SM_AddScalar(g, SM_Value(v1), 1));
  TF_Output dec_v2 = SM_Assign(v2, SM_SubScalar(g, SM_Value(v2), 1));

  // Add an op to initialize the variables.
  TF_Operation *init_op = SM_GlobalVariablesInitializer(g);

  // Add ops to save and restore v1 only. (All of them: SM_NewSaver(g, SM_ALL_VARIABLES, NULL).)
  SM_Saver *saver = SM_NewSaver(g, SM_VARIABLES({"v1", v1}), NULL);

  // Launch the model, initialize the variables, do some work, and save the variables to disk.
  TF_Session *sess = SM_NewSession(g, st);
  SM_RunOp(sess, init_op, st);
  SM_RunOp(sess, inc_v1.oper, st);
  SM_RunOp(sess, dec_v2.oper, st);
  const char *save_path = SM_Save(saver, sess, "./tmp/model.ckpt", SM_NO_STEP, st);
  if (save_path) printf("Model saved in path: %s\n", save_path);
  SM_EndSession(sess);

  // A new session: v2 is only initialized, v1 comes from the checkpoint.
  sess = SM_NewSession(g, st);
  SM_RunOp(sess, SM_VariableInitializer(v2), st);
  SM_Restore(saver, sess, "./tmp/model.ckpt", st);

  char *text1 = SM_EvalText(sess, v1, st);
  char *text2 = SM_EvalText(sess, v2, st);
  if (text1 && text2) printf("v1 %s\nv2 %s\n", text1, text2);
  free(text1);
  free(text2);
  SM_EndSession(sess);

  TF_Code code = SM_GraphStatus(g, st);
  if (code) fprintf(stderr, "seed_saver: %s\n", TF_Message(st));
  SM_DeleteGraph(g);
  TF_DeleteStatus(st);
  return code != TF_OK;
}
