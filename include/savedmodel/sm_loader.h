/* Reading SavedModels: tf.compat.v1.saved_model.loader.load, signatures by name, tags without loading. */
#ifndef SAVEDMODEL_SM_LOADER_H_
#define SAVEDMODEL_SM_LOADER_H_

#include "savedmodel/sm_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SM_Model SM_Model;

/* Loads the MetaGraphDef whose tags are exactly these, as a set, into a new graph and session: restores the
 * variables, feeds the assets, runs the init op. saved_model.pb wins over saved_model.pbtxt. Null on errors:
 * TF_NOT_FOUND "Could not find SavedModel .pb or .pbtxt at supplied export directory path: DIR. ..." and
 * "Could not find meta graph def matching supplied tags: { TAG }. ...". */
TF_CAPI_EXPORT extern SM_Model *SM_LoadSavedModel(const char *export_dir, const char *const *tags,
                                                  int num_tags, TF_Status *st);
/* Ends the session and frees the graph; null is allowed. */
TF_CAPI_EXPORT extern void SM_DeleteModel(SM_Model *model);

/* All of these belong to the model. */
TF_CAPI_EXPORT extern TF_Session *SM_ModelSession(const SM_Model *model);
TF_CAPI_EXPORT extern SM_Graph *SM_ModelGraph(const SM_Model *model);
/* The serialised MetaGraphDef. */
TF_CAPI_EXPORT extern const void *SM_ModelMetaGraph(const SM_Model *model, size_t *size);

TF_CAPI_EXPORT extern int SM_ModelNumSignatures(const SM_Model *model);
/* Signatures in the order of their keys. */
TF_CAPI_EXPORT extern const SM_NamedSignature *SM_ModelSignatureAt(const SM_Model *model, int index);
/* Null, without an error, when there is no such signature. */
TF_CAPI_EXPORT extern const SM_SignatureDef *SM_ModelSignature(const SM_Model *model, const char *key);
/* The tensor that an input or output of a signature stands for; {NULL, 0} when there is none. */
TF_CAPI_EXPORT extern TF_Output SM_SignatureInput(const SM_Model *model, const SM_SignatureDef *signature,
                                                  const char *key);
TF_CAPI_EXPORT extern TF_Output SM_SignatureOutput(const SM_Model *model, const SM_SignatureDef *signature,
                                                   const char *key);

typedef struct SM_NamedTensor {
  const char *key;
  TF_Tensor *tensor;
} SM_NamedTensor;

/* Runs a signature: feeds `inputs` by key, puts the tensors of `outputs` (whose keys are set) for the caller
 * to delete. On errors all of them are null. TF_INVALID_ARGUMENT for a signature or a key that does not
 * exist. */
TF_CAPI_EXPORT extern TF_Code SM_RunSignature(const SM_Model *model, const char *signature,
                                              const SM_NamedTensor *inputs, int num_inputs,
                                              SM_NamedTensor *outputs, int num_outputs, TF_Status *st);

/* The tags of each MetaGraphDef, without loading anything. */
typedef struct SM_TagSet {
  const char *const *tags;
  int num_tags;
} SM_TagSet;
typedef struct SM_TagSets {
  const SM_TagSet *sets;
  int num_sets;
} SM_TagSets;
/* For SM_DeleteTagSets; null on errors, as of SM_LoadSavedModel. */
TF_CAPI_EXPORT extern SM_TagSets *SM_ReadTagSets(const char *export_dir, TF_Status *st);
TF_CAPI_EXPORT extern void SM_DeleteTagSets(SM_TagSets *sets);
/* Whether a directory holds a saved_model.pb or saved_model.pbtxt. */
TF_CAPI_EXPORT extern bool SM_ContainsSavedModel(const char *export_dir);

#ifdef __cplusplus
}
#endif
#endif
