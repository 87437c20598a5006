/* The `checkpoint` state file: a CheckpointState in text format that says which checkpoints of its folder are
 * kept and which is the latest.
 *
 * In the file, paths are relative to its folder when the checkpoints lie in it and the save path was
 * relative, else absolute; here they are ready to open (relative ones joined with the folder).
 *
 * Uses nothing but base, wire and public TF_ functions, so the SM_ Saver may use it. */
#ifndef SM_CHECKPOINT_CHECKPOINT_STATE_H_
#define SM_CHECKPOINT_CHECKPOINT_STATE_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct CheckpointState {
  char *latest; /* model_checkpoint_path; null for none */
  char **paths; /* all_model_checkpoint_paths, oldest first */
  size_t path_count;
  double *timestamps;    /* all_model_checkpoint_timestamps: one a path, or null */
  double last_preserved; /* last_preserved_timestamp, seconds; 0: not set */
} CheckpointState;

/* Starts as zero; frees what it holds. */
void checkpoint_state_clear(CheckpointState *state);
/* Reads DIR/FILE (`file` null: "checkpoint"). TF_NOT_FOUND if it is not there, TF_INVALID_ARGUMENT with line
 * and column if it does not parse. */
TF_Code checkpoint_state_read(CheckpointState *state, const char *dir, const char *file, TF_Status *st);
/* Writes DIR/FILE atomically. Paths in `state` are as callers open them; those inside `dir` are written
 * relative to it when `relative` is set or they are not absolute. `latest` is appended to the paths if it is
 * not the last of them, as TensorFlow does. `sync`: on the disk when this returns. */
TF_Code checkpoint_state_write(const CheckpointState *state, const char *dir, const char *file, bool relative,
                               bool sync, TF_Status *st);
/* The prefix of the latest checkpoint of a folder if its files are there, malloc'ed; null (and TF_OK) if
 * there is none. */
TF_Code checkpoint_latest(const char *dir, const char *file, char **prefix, TF_Status *st);
/* Adds a path as the newest (moved to the end when it is there already), with its time in seconds. A state
 * keeps times when all its paths have them: a negative time drops them (Saver writes none). */
TF_Code checkpoint_state_add(CheckpointState *state, const char *prefix, double timestamp, TF_Status *st);
/* Takes path i out; its name (malloc'ed) becomes the caller's. */
char *checkpoint_state_take(CheckpointState *state, size_t i);
/* Removes the files of a checkpoint of either format: PREFIX.index first, then data; also PREFIX.meta when
 * `with_meta`. Missing ones are no error. */
TF_Code checkpoint_remove(const char *prefix, bool with_meta, TF_Status *st);

#endif
