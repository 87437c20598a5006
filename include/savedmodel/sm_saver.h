/* Checkpoints: tf.compat.v1.train.Saver.
 *
 * A saver adds the operations to the graph that TensorFlow's adds (save/Const, save/SaveV2,
 * save/control_dependency, save/RestoreV2, save/Assign, save/restore_all), so the graph it exports can be
 * saved and restored by anybody's runtime. Many savers may live in a graph: "save", "save_1", ... */
#ifndef SAVEDMODEL_SM_SAVER_H_
#define SAVEDMODEL_SM_SAVER_H_

#include "savedmodel/sm_variable.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SM_Saver SM_Saver;

/* A variable under the name that the checkpoint knows it by; a null name is the variable's own. */
typedef struct SM_SaverEntry {
  const char *name;
  SM_Variable *variable;
} SM_SaverEntry;

/* All zero (or a null pointer): TensorFlow's defaults. */
typedef struct SM_SaverOptions {
  int max_to_keep;                      /* 0 is 5; SM_KEEP_ALL deletes nothing */
  double keep_checkpoint_every_n_hours; /* 0 is 10000 */
  bool sharded;                         /* a data file per device that has variables */
  bool v1_format;                       /* the checkpoint format of TensorFlow before 1.0 */
  bool reshape;                         /* restores tensors of another shape and the same size */
  bool allow_empty;                     /* no variables: a saver that does nothing, instead of an error */
  bool pad_step_number;                 /* "-00000012" */
  bool save_relative_paths;             /* in the state file */
  const char *name;                     /* name scope; null is "save" */
} SM_SaverOptions;
enum { SM_KEEP_ALL = -1 };

/* A saver of the variables in `entries`, or of all in "variables" when entries is null. Owned by the graph.
 * Errors (in the graph): "No variables to save", a name or a variable given twice. */
TF_CAPI_EXPORT extern SM_Saver *SM_NewSaver(SM_Graph *g, const SM_SaverEntry *entries, int num_entries,
                                            const SM_SaverOptions *options);
/* {"v1": v1} for the two arguments above: SM_NewSaver(g, SM_VARIABLES({"v1", v1}), NULL). */
#define SM_VARIABLES(...)               \
  (const SM_SaverEntry[]){__VA_ARGS__}, \
      (int)(sizeof((const SM_SaverEntry[]){__VA_ARGS__}) / sizeof(SM_SaverEntry))
#define SM_ALL_VARIABLES NULL, 0

#define SM_NO_STEP INT64_MIN

/* Saves into PATH (or PATH-STEP): makes the directories of the path, runs the save operations, writes
 * PATH.meta and the state file "checkpoint", deletes checkpoints that are too many. Gives the checkpoint's
 * prefix, owned by the saver and valid until its next save; null on errors.
 * Errors: what the session says (a variable without value, a full disk); TF_INVALID_ARGUMENT when PATH's last
 * part is "checkpoint" itself. */
TF_CAPI_EXPORT extern const char *SM_Save(SM_Saver *saver, TF_Session *session, const char *path,
                                          int64_t step, TF_Status *st);

typedef struct SM_SaveOptions {
  bool no_meta_graph;          /* no PATH.meta */
  bool no_state;               /* no state file, nothing deleted */
  const char *latest_filename; /* null is "checkpoint" */
  bool strip_default_attrs;    /* in PATH.meta */
} SM_SaveOptions;
TF_CAPI_EXPORT extern const char *SM_SaveWith(SM_Saver *saver, TF_Session *session, const char *path,
                                              int64_t step, const SM_SaveOptions *options, TF_Status *st);

/* Gives the saver's variables the values of the checkpoint PREFIX (V1 or V2); others stay as they are.
 * TF_INVALID_ARGUMENT "The passed save_path is not a valid checkpoint: ..." when there is none;
 * TF_NOT_FOUND "Key v1 not found in checkpoint" and so on from the runtime. */
TF_CAPI_EXPORT extern TF_Code SM_Restore(SM_Saver *saver, TF_Session *session, const char *prefix,
                                         TF_Status *st);

/* Prefixes that this saver wrote and has not deleted, oldest first. */
TF_CAPI_EXPORT extern int SM_NumLastCheckpoints(const SM_Saver *saver);
TF_CAPI_EXPORT extern const char *SM_LastCheckpoint(const SM_Saver *saver, int index);
/* Takes over prefixes that an earlier process wrote, oldest first, so that they count for max_to_keep;
 * those whose files are gone are left out. */
TF_CAPI_EXPORT extern void SM_RecoverLastCheckpoints(SM_Saver *saver, const char *const *prefixes,
                                                     int num_prefixes, TF_Status *st);

/* tf.train.latest_checkpoint(DIR): the newest checkpoint that the state file of `dir` names and whose files
 * exist; malloc'ed, for the caller to free. Null without an error when there is none. */
TF_CAPI_EXPORT extern char *SM_LatestCheckpoint(const char *dir, const char *latest_filename, TF_Status *st);
/* Whether checkpoint files of that prefix exist. */
TF_CAPI_EXPORT extern bool SM_CheckpointExists(const char *prefix);

/* Writes the graph as a MetaGraphDef with collections and this saver (which may be null), as
 * export_meta_graph does; as text (.pbtxt) when asked. */
typedef struct SM_ExportOptions {
  bool as_text;
  bool clear_devices;
  bool strip_default_attrs;
} SM_ExportOptions;
TF_CAPI_EXPORT extern TF_Code SM_ExportMetaGraph(SM_Graph *g, const SM_Saver *saver, const char *path,
                                                 const SM_ExportOptions *options, TF_Status *st);
/* tf.compat.v1.train.import_meta_graph: adds the graph of PATH (binary, or text when it ends in "txt") to an
 * empty graph, its collections and variables too. The saver it was written by; null on errors, and
 * without an error when it has none. */
TF_CAPI_EXPORT extern SM_Saver *SM_ImportMetaGraph(SM_Graph *g, const char *path, TF_Status *st);

#ifdef __cplusplus
}
#endif
#endif
