/* Saving and restoring: runs a saver's nodes and keeps the files in order. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/files.h"
#include "savedmodel/sm_saver_impl.h"

double saver_now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- saving ---- */

static TF_Code make_prefix(const SM_Saver *saver, const char *path, int64_t step, Bytes *prefix,
                           TF_Status *st) {
  bytes_puts(prefix, path);
  if (step != SM_NO_STEP)
    bytes_printf(prefix, saver->options.pad_step_number ? "-%08lld" : "-%lld", (long long)step);
  return bytes_finish(prefix, "path", st);
}

static TF_Code check_names(const SM_Saver *saver, const char *path, int64_t step, const char *state_file,
                           TF_Status *st) {
  if (strchr(state_file, '/'))
    return fail(st, TF_INVALID_ARGUMENT, "'latest_filename' must not contain path components");
  if (step == SM_NO_STEP && !saver->options.sharded && !strcmp(path_basename(path), state_file))
    return fail(st, TF_INVALID_ARGUMENT, "'latest_filename' collides with 'save_path': '%s' and '%s'",
                state_file, path);
  return TF_OK;
}

/* Runs the save nodes; what they answer is the prefix, or the file pattern of sharded V1 files. */
static char *run_save(SM_Saver *saver, TF_Session *session, const char *prefix, TF_Status *st) {
  TF_Tensor *name = SM_ScalarString(prefix);
  if (!name) return fail_oom(st, "path"), NULL;
  TF_Tensor *answer = SM_RunWith(session, &(SM_Feed){saver->filename, name}, 1, saver->save, st);
  TF_DeleteTensor(name);
  size_t size;
  const char *text = SM_TensorDataString(answer, 0, &size);
  char *copy = text ? strndup(text, size) : NULL;
  if (!copy && !TF_GetCode(st)) fail(st, TF_INTERNAL, "the save op gave no file name");
  TF_DeleteTensor(answer);
  return copy;
}

/* TF: a checkpoint that falls out of max_to_keep is deleted, unless it is the one to keep of its hours. */
static TF_Code drop_oldest(SM_Saver *saver, TF_Status *st) {
  double written = saver->kept.timestamps[0];
  char *oldest = checkpoint_state_take(&saver->kept, 0);
  if (written > saver->next_kept) saver->next_kept += saver->options.keep_checkpoint_every_n_hours * 3600;
  else if (oldest) checkpoint_remove(oldest, true, st);
  free(oldest);
  return TF_GetCode(st);
}

static TF_Code write_state(SM_Saver *saver, const char *dir, const char *file, char *prefix, TF_Status *st) {
  CheckpointState state = saver->kept; /* borrowed; a Saver writes no times */
  state.timestamps = NULL;
  state.last_preserved = 0;
  state.latest = prefix;
  return checkpoint_state_write(&state, dir, file, saver->options.save_relative_paths, false, st);
}

/* The state file names the new checkpoint before the oldest one goes: it never names a missing one. */
static TF_Code record(SM_Saver *saver, const char *dir, const char *file, char *prefix, TF_Status *st) {
  int keep = saver->options.max_to_keep;
  if (!keep) return write_state(saver, dir, file, prefix, st);
  TRY(checkpoint_state_add(&saver->kept, prefix, saver_now(), st));
  bool too_many = saver->kept.path_count > (size_t)keep;
  if (!too_many) return write_state(saver, dir, file, prefix, st);
  CheckpointState all = saver->kept;
  saver->kept.paths++;
  saver->kept.path_count--;
  TF_Code code = write_state(saver, dir, file, prefix, st);
  saver->kept = all;
  return code ? code : drop_oldest(saver, st);
}

static TF_Code save_into(SM_Saver *saver, TF_Session *session, const char *dir, const char *prefix,
                         const SM_SaveOptions *options, TF_Status *st) {
  const char *state_file = options->latest_filename ? options->latest_filename : "checkpoint";
  TRY(dir_make_all(dir, st));
  if (!saver->empty) {
    char *written = run_save(saver, session, prefix, st);
    if (!written) return TF_GetCode(st);
    free(saver->returned);
    saver->returned = written;
    if (!options->no_state) TRY(record(saver, dir, state_file, written, st));
  }
  if (options->no_meta_graph) return TF_OK;
  Bytes meta = {0};
  bytes_printf(&meta, "%s.meta", prefix);
  SM_ExportOptions export = {.strip_default_attrs = options->strip_default_attrs};
  if (!bytes_finish(&meta, "path", st)) SM_ExportMetaGraph(saver->graph, saver, meta.data, &export, st);
  bytes_clear(&meta);
  return TF_GetCode(st);
}

const char *SM_SaveWith(SM_Saver *saver, TF_Session *session, const char *path, int64_t step,
                        const SM_SaveOptions *options, TF_Status *st) {
  static const SM_SaveOptions defaults = {0};
  if (status_failed(saver ? saver->graph : NULL, st)) return NULL;
  if (!saver) return fail(st, TF_INVALID_ARGUMENT, "save: the saver is missing"), NULL;
  if (!options) options = &defaults;
  const char *state_file = options->latest_filename ? options->latest_filename : "checkpoint";
  if (check_names(saver, path, step, state_file, st)) return NULL;
  char *dir = path_dirname(path);
  Bytes prefix = {0};
  if (!dir) fail_oom(st, "path");
  else if (!make_prefix(saver, path, step, &prefix, st))
    save_into(saver, session, dir, prefix.data, options, st);
  bytes_clear(&prefix);
  free(dir);
  return TF_GetCode(st) || saver->empty ? NULL : saver->returned;
}

const char *SM_Save(SM_Saver *saver, TF_Session *session, const char *path, int64_t step, TF_Status *st) {
  return SM_SaveWith(saver, session, path, step, NULL, st);
}

/* ---- restoring ---- */

static bool any_file(const char *pattern) {
  glob_t found;
  if (glob(pattern, GLOB_NOSORT, NULL, &found)) return false;
  bool any = found.gl_pathc > 0;
  globfree(&found);
  return any;
}

/* TF: a V2 checkpoint is PREFIX.index; a V1 one is a file of the name itself, which may be a pattern of
 * shards. */
bool SM_CheckpointExists(const char *prefix) {
  Bytes index = {0};
  bytes_printf(&index, "%s.index", prefix);
  bool there = !index.failed && (file_exists(index.data) || any_file(index.data));
  bytes_clear(&index);
  return there || any_file(prefix);
}

TF_Code SM_Restore(SM_Saver *saver, TF_Session *session, const char *prefix, TF_Status *st) {
  if (status_failed(saver ? saver->graph : NULL, st)) return TF_GetCode(st);
  if (!saver) return fail(st, TF_INVALID_ARGUMENT, "restore: the saver is missing");
  if (saver->empty) return TF_OK;
  if (!prefix) return fail(st, TF_INVALID_ARGUMENT, "Can't load save_path when it is None.");
  if (!SM_CheckpointExists(prefix))
    return fail(st, TF_INVALID_ARGUMENT, "The passed save_path is not a valid checkpoint: %s", prefix);
  TF_Tensor *name = SM_ScalarString(prefix);
  if (!name) return fail_oom(st, "path");
  SM_RunOpWith(session, &(SM_Feed){saver->filename, name}, 1, saver->restore, st);
  TF_DeleteTensor(name);
  return TF_GetCode(st);
}

/* ---- what was written ---- */

int SM_NumLastCheckpoints(const SM_Saver *saver) { return (int)saver->kept.path_count; }

const char *SM_LastCheckpoint(const SM_Saver *saver, int index) {
  return index >= 0 && (size_t)index < saver->kept.path_count ? saver->kept.paths[index] : NULL;
}

/* The time a checkpoint was written: that of its index, or of the V1 file. */
static bool checkpoint_time(const char *prefix, double *time) {
  struct stat info;
  Bytes index = {0};
  bytes_printf(&index, "%s.index", prefix);
  bool there = !index.failed && (!stat(index.data, &info) || !stat(prefix, &info));
  bytes_clear(&index);
  if (there) *time = (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec * 1e-9;
  return there;
}

void SM_RecoverLastCheckpoints(SM_Saver *saver, const char *const *prefixes, int num_prefixes,
                               TF_Status *st) {
  if (status_failed(saver->graph, st)) return;
  checkpoint_state_clear(&saver->kept);
  double time;
  for (int i = 0; i < num_prefixes && !TF_GetCode(st); i++)
    if (checkpoint_time(prefixes[i], &time)) checkpoint_state_add(&saver->kept, prefixes[i], time, st);
}

char *SM_LatestCheckpoint(const char *dir, const char *latest_filename, TF_Status *st) {
  char *prefix = NULL;
  if (TF_GetCode(st)) return NULL;
  checkpoint_latest(dir, latest_filename, &prefix, st);
  return prefix;
}
