/* Writing SavedModels: tf.compat.v1.saved_model.builder.SavedModelBuilder.
 *
 *   SM_SavedModelBuilder *builder = SM_NewSavedModelBuilder("./exp_model/1", st);
 *   SM_AddMetaGraphAndVariables(builder, sess, g, SM_TAGS(SM_SERVING),
 *                               &(SM_MetaGraphOptions){SM_SIGNATURES({"prediction", signature})}, st);
 *   SM_SaveModel(builder, SM_AS_BINARY, st);
 *   SM_DeleteSavedModelBuilder(builder);
 *
 * The first MetaGraphDef brings the variables with it; more may be added after it, other graphs of the same
 * variables under other tags. To break this order is TF_FAILED_PRECONDITION, as AssertionError in Python. */
#ifndef SAVEDMODEL_SM_BUILDER_H_
#define SAVEDMODEL_SM_BUILDER_H_

#include "savedmodel/sm_saver.h"
#include "savedmodel/sm_signature.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SM_SERVING "serve"
#define SM_TRAINING "train"
#define SM_EVAL "eval"
#define SM_GPU "gpu"
#define SM_TPU "tpu"
#define SM_MAIN_OP_KEY "saved_model_main_op"
#define SM_LEGACY_INIT_OP_KEY "legacy_init_op"
#define SM_TRAIN_OP_KEY "saved_model_train_op"
#define SM_ASSETS_KEY "saved_model_assets"

typedef struct SM_SavedModelBuilder SM_SavedModelBuilder;

typedef struct SM_NamedSignature {
  const char *key;
  const SM_SignatureDef *signature;
} SM_NamedSignature;

/* All zero (or a null pointer): no signatures, no assets, no init op. */
typedef struct SM_MetaGraphOptions {
  const SM_NamedSignature *signatures; /* SM_SIGNATURES(...) fills these two */
  int num_signatures;
  const char *assets_collection; /* key of a collection of constants, paths of files: SM_ASSET_FILEPATHS */
  TF_Operation *legacy_init_op;  /* run when the model is loaded; the older name of main_op */
  TF_Operation *main_op;         /* wins over legacy_init_op */
  bool clear_devices;
  bool strip_default_attrs;
  SM_Saver *saver; /* null: a new sharded one of all variables */
} SM_MetaGraphOptions;

#define SM_SIGNATURES(...)                                \
  .signatures = (const SM_NamedSignature[]){__VA_ARGS__}, \
  .num_signatures = (int)(sizeof((const SM_NamedSignature[]){__VA_ARGS__}) / sizeof(SM_NamedSignature))
/* Tags for the functions here: an array and its length. */
#define SM_TAGS(...) \
  (const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Makes `export_dir` if it is not there. Null on errors: TF_FAILED_PRECONDITION "Export directory DIR already
 * exists, and isn't empty. ..." when it holds something. */
TF_CAPI_EXPORT extern SM_SavedModelBuilder *SM_NewSavedModelBuilder(const char *export_dir, TF_Status *st);
TF_CAPI_EXPORT extern void SM_DeleteSavedModelBuilder(SM_SavedModelBuilder *builder);

/* Saves the session's variables to variables/, copies the assets to assets/, takes the graph as it is now.
 * Exactly once, and before SM_AddMetaGraph. The save operations are added to the graph. Errors besides those
 * of the session: TF_FAILED_PRECONDITION when called again; TF_INVALID_ARGUMENT for a reserved signature key,
 * a signature without a name or type, an asset that is no string constant, a second init op in the graph. */
TF_CAPI_EXPORT extern TF_Code SM_AddMetaGraphAndVariables(SM_SavedModelBuilder *builder, TF_Session *session,
                                                          SM_Graph *g, const char *const *tags, int num_tags,
                                                          const SM_MetaGraphOptions *options, TF_Status *st);
/* Adds a further graph, without variables; of assets with one base name the first added stays. */
TF_CAPI_EXPORT extern TF_Code SM_AddMetaGraph(SM_SavedModelBuilder *builder, SM_Graph *g,
                                              const char *const *tags, int num_tags,
                                              const SM_MetaGraphOptions *options, TF_Status *st);

typedef enum SM_SaveFormat { SM_AS_BINARY = 0, SM_AS_TEXT = 1 } SM_SaveFormat;
/* Writes saved_model.pb (or saved_model.pbtxt), at once and on the disk when this returns. Gives its path,
 * owned by the builder; null on errors. */
TF_CAPI_EXPORT extern const char *SM_SaveModel(SM_SavedModelBuilder *builder, SM_SaveFormat format,
                                               TF_Status *st);

#ifdef __cplusplus
}
#endif
#endif
