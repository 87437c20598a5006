/* Loads a SavedModel by its tags and runs a signature on a vector of numbers:
 *
 *   predict MODEL_DIR SIGNATURE INPUT OUTPUT NUMBER...
 *   predict ./exp_model/2 prediction input output 1 2 */
#include <stdio.h>
#include <stdlib.h>

#include "savedmodel/savedmodel.h"

static TF_Tensor *row_of(int count, char **numbers) {
  TF_Tensor *row = SM_TensorF32(SM_SHAPE(1, count), NULL);
  float *values = row ? TF_TensorData(row) : NULL;
  for (int i = 0; values && i < count; i++) values[i] = strtof(numbers[i], NULL);
  return row;
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: predict MODEL_DIR SIGNATURE INPUT OUTPUT NUMBER...\n");
    return 2;
  }
  TF_Status *st = TF_NewStatus();
  SM_Model *model = SM_LoadSavedModel(argv[1], SM_TAGS(SM_SERVING), st);

  SM_NamedTensor input = {argv[3], row_of(argc - 5, argv + 5)};
  SM_NamedTensor output = {argv[4], NULL};
  SM_RunSignature(model, argv[2], &input, 1, &output, 1, st);

  TF_Code code = TF_GetCode(st);
  char *text = code ? NULL : SM_TensorText(output.tensor);
  if (text) printf("%s %s\n", argv[4], text);
  if (code) fprintf(stderr, "predict: %s\n", TF_Message(st));
  free(text);
  TF_DeleteTensor(input.tensor);
  TF_DeleteTensor(output.tensor);
  SM_DeleteModel(model);
  TF_DeleteStatus(st);
  return code != TF_OK;
}
