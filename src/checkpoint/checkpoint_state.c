#include "checkpoint/checkpoint_state.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/files.h"
#include "tensorflow/python/training/checkpoint_state.pb-c.h"
#include "wire/text_format.h"

/* A state file names at most some thousand checkpoints. */
enum { STATE_FILE_MAX = 64 << 20 };

static const char *file_or_default(const char *file) { return file ? file : "checkpoint"; }

void checkpoint_state_clear(CheckpointState *s) {
  free(s->latest);
  for (size_t i = 0; i < s->path_count; i++) free(s->paths[i]);
  free(s->paths);
  free(s->timestamps);
  *s = (CheckpointState){0};
}

/* ---- paths ---- */

/* The path from the root, without ".", ".." and double slashes. */
static TF_Code normal_path(const char *path, Bytes *out, TF_Status *st) {
  char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
  char *full = cwd ? path_join(cwd, path) : *path == '/' ? strdup(path) : NULL;
  free(cwd);
  if (!full) return fail(st, TF_INTERNAL, "%s: no current folder", path);
  for (char *p = full; *p;) {
    size_t len = strcspn(p, "/");
    bool up = len == 2 && p[0] == '.' && p[1] == '.';
    if (up) {
      while (out->size && out->data[out->size - 1] != '/') out->size--;
      if (out->size) out->size--;
      if (out->data) out->data[out->size] = 0;
    } else if (len && !(len == 1 && *p == '.')) {
      bytes_putc(out, '/');
      bytes_append(out, p, len);
    }
    p += len + (p[len] == '/');
  }
  free(full);
  bytes_append(out, "", 0);
  return bytes_finish(out, path, st);
}

/* How to get to `path` from the folder `dir`. */
static TF_Code relative_path(const char *path, const char *dir, Bytes *out, TF_Status *st) {
  Bytes to = {0}, from = {0};
  TF_Code code = normal_path(path, &to, st);
  if (!code) code = normal_path(dir, &from, st);
  if (!code) {
    /* The common folders: both are read up to the last slash before they differ. */
    size_t common = 0;
    for (size_t i = 0;; i++) {
      bool to_ends = i == to.size || to.data[i] == '/', from_ends = i == from.size || from.data[i] == '/';
      if (to_ends && from_ends) common = i;
      if (i == to.size || i == from.size || to.data[i] != from.data[i]) break;
    }
    for (size_t i = common; i < from.size; i++)
      if (from.data[i] == '/') bytes_puts(out, common < to.size || i + 1 < from.size ? "../" : "..");
    if (common < to.size) bytes_puts(out, to.data + common + 1);
    if (!out->size) bytes_puts(out, ".");
    code = bytes_finish(out, path, st);
  }
  bytes_clear(&to);
  bytes_clear(&from);
  return code;
}

/* A path as the state file in `dir` has it; lives in the arena. */
static TF_Code stored_path(const char *path, const char *dir, bool relative, Arena *arena, char **out,
                           TF_Status *st) {
  Bytes text = {0};
  /* TF: relative paths stay as they are when the folder is named from the root. */
  if (*path == '/' ? relative : *dir != '/') TRY(relative_path(path, *dir ? dir : ".", &text, st));
  else bytes_puts(&text, path);
  *out = text.failed ? NULL : arena_strdup(arena, text.data);
  bytes_clear(&text);
  return *out ? TF_OK : fail_oom(st, "a checkpoint's path");
}

/* ---- reading ---- */

static TF_Code add_path(CheckpointState *s, char *path, TF_Status *st) {
  char **paths = path ? realloc(s->paths, (s->path_count + 1) * sizeof *paths) : NULL;
  if (!paths) {
    free(path);
    return fail_oom(st, "a checkpoint's path");
  }
  s->paths = paths;
  s->paths[s->path_count++] = path;
  return TF_OK;
}

static TF_Code take_message(CheckpointState *s, const char *dir, const Tensorflow__CheckpointState *m,
                            TF_Status *st) {
  if (*m->model_checkpoint_path && !(s->latest = path_join(dir, m->model_checkpoint_path)))
    return fail_oom(st, "a checkpoint's path");
  for (size_t i = 0; i < m->n_all_model_checkpoint_paths; i++)
    TRY(add_path(s, path_join(dir, m->all_model_checkpoint_paths[i]), st));
  /* Without one for each path they tell nothing. */
  if (m->n_all_model_checkpoint_timestamps == s->path_count && s->path_count) {
    s->timestamps = malloc(s->path_count * sizeof *s->timestamps);
    if (!s->timestamps) return fail_oom(st, "timestamps");
    memcpy(s->timestamps, m->all_model_checkpoint_timestamps, s->path_count * sizeof *s->timestamps);
  }
  s->last_preserved = m->last_preserved_timestamp;
  return TF_OK;
}

TF_Code checkpoint_state_read(CheckpointState *state, const char *dir, const char *file, TF_Status *st) {
  Bytes text = {0};
  Arena arena = {0};
  Tensorflow__CheckpointState *message = NULL;
  *state = (CheckpointState){0};
  char *path = path_join(dir, file_or_default(file));
  TF_Code code = path ? file_read(&text, path, STATE_FILE_MAX, st) : fail_oom(st, "a state file's name");
  if (!code) {
    code = text_format_parse(&tensorflow__checkpoint_state__descriptor, (Span){text.data, text.size}, &arena,
                             &message, st);
    if (code) fail_prefix(st, "%s", path);
  }
  if (!code) code = take_message(state, dir, message, st);
  if (code) checkpoint_state_clear(state);
  bytes_clear(&text);
  arena_clear(&arena);
  free(path);
  return code;
}

/* ---- writing ---- */

static TF_Code make_message(const CheckpointState *s, const char *dir, bool relative, Arena *arena,
                            Tensorflow__CheckpointState *m, TF_Status *st) {
  bool append = s->latest && (!s->path_count || strcmp(s->paths[s->path_count - 1], s->latest));
  size_t count = s->path_count + append;
  if (append && s->timestamps)
    return fail(st, TF_INVALID_ARGUMENT,
                "the latest checkpoint is not the last of the paths, which have timestamps");
  m->all_model_checkpoint_paths = arena_calloc(arena, count + 1, sizeof *m->all_model_checkpoint_paths);
  if (!m->all_model_checkpoint_paths) return fail_oom(st, "checkpoint paths");
  m->n_all_model_checkpoint_paths = count;
  for (size_t i = 0; i < count; i++)
    TRY(stored_path(i < s->path_count ? s->paths[i] : s->latest, dir, relative, arena,
                    &m->all_model_checkpoint_paths[i], st));
  if (s->latest) TRY(stored_path(s->latest, dir, relative, arena, &m->model_checkpoint_path, st));
  if (s->timestamps) {
    m->n_all_model_checkpoint_timestamps = s->path_count;
    m->all_model_checkpoint_timestamps = s->timestamps;
  }
  m->last_preserved_timestamp = s->last_preserved;
  return TF_OK;
}

TF_Code checkpoint_state_write(const CheckpointState *state, const char *dir, const char *file, bool relative,
                               bool sync, TF_Status *st) {
  Arena arena = {0};
  Bytes text = {0};
  Tensorflow__CheckpointState message = TENSORFLOW__CHECKPOINT_STATE__INIT;
  char *path = path_join(dir, file_or_default(file));
  TF_Code code = path ? TF_OK : fail_oom(st, "a state file's name");
  if (!code) code = make_message(state, dir, relative, &arena, &message, st);
  if (!code) code = text_format_print(&message.base, &text, st);
  if (!code) code = file_write_atomic(path, (Span){text.data, text.size}, sync, st);
  bytes_clear(&text);
  arena_clear(&arena);
  free(path);
  return code;
}

/* ---- the list ---- */

char *checkpoint_state_take(CheckpointState *s, size_t i) {
  char *path = s->paths[i];
  size_t behind = s->path_count - i - 1;
  memmove(&s->paths[i], &s->paths[i + 1], behind * sizeof *s->paths);
  if (s->timestamps) memmove(&s->timestamps[i], &s->timestamps[i + 1], behind * sizeof *s->timestamps);
  s->path_count--;
  return path;
}

TF_Code checkpoint_state_add(CheckpointState *s, const char *prefix, double timestamp, TF_Status *st) {
  char *latest = strdup(prefix), *path = strdup(prefix);
  bool timed = timestamp >= 0 && (s->timestamps || !s->path_count), grown = true;
  if (timed) {
    double *timestamps = realloc(s->timestamps, (s->path_count + 1) * sizeof *timestamps);
    grown = timestamps != NULL;
    if (grown) s->timestamps = timestamps;
  } else {
    free(s->timestamps);
    s->timestamps = NULL;
  }
  if (!latest || !path || !grown) {
    free(latest);
    free(path);
    return fail_oom(st, "a checkpoint's path");
  }
  for (size_t i = 0; i < s->path_count;)
    if (!strcmp(s->paths[i], prefix)) free(checkpoint_state_take(s, i));
    else i++;
  if (add_path(s, path, st)) {
    free(latest);
    return TF_GetCode(st);
  }
  if (timed) s->timestamps[s->path_count - 1] = timestamp;
  free(s->latest);
  s->latest = latest;
  return TF_OK;
}

/* ---- the files of a checkpoint ---- */

/* Whether `name` is `base` + `middle` + "NNNNN-of-NNNNN". */
static bool is_shard(const char *name, const char *base, const char *middle) {
  size_t n = strlen(base), k = strlen(middle);
  if (strncmp(name, base, n) || strncmp(name + n, middle, k)) return false;
  const char *p = name + n + k;
  size_t first = strspn(p, "0123456789");
  if (first < 5 || strncmp(p + first, "-of-", 4)) return false;
  size_t second = strspn(p + first + 4, "0123456789");
  return second >= 5 && !p[first + 4 + second];
}

/* The length of `prefix` without the "-?????-of-NNNNN" that the prefix of a sharded V1 checkpoint ends
 * with. */
static size_t length_unsharded(const char *prefix) {
  static const char end[] = "-\?\?\?\?\?-of-";
  size_t n = strlen(prefix), digits = 0;
  while (digits < n && isdigit((unsigned char)prefix[n - 1 - digits])) digits++;
  size_t tail = digits + strlen(end);
  return digits >= 5 && n > tail && !strncmp(prefix + n - tail, end, strlen(end)) ? n - tail : n;
}

/* Whether `pattern` is such a prefix and `name` one of its files: a '?' stands for a digit. */
static bool is_shard_of(const char *name, const char *pattern) {
  size_t n = strlen(pattern), start = length_unsharded(pattern);
  if (start == n || strlen(name) != n || strncmp(name, pattern, start)) return false;
  for (size_t i = start; i < n; i++)
    if (pattern[i] == '?' ? !isdigit((unsigned char)name[i]) : pattern[i] != name[i]) return false;
  return true;
}

typedef struct ShardSearch {
  const char *dir, *base;
  bool remove, found; /* remove them, or only see whether there are V1 shards */
} ShardSearch;

static TF_Code visit_file(void *arg, const char *name, TF_Status *st) {
  ShardSearch *s = arg;
  bool v1 = is_shard(name, s->base, "-") || is_shard_of(name, s->base);
  s->found |= v1;
  if (!s->remove || !(v1 || is_shard(name, s->base, ".data-"))) return TF_OK;
  char *path = path_join(s->dir, name);
  TF_Code code = path ? file_remove(path, st) : fail_oom(st, name);
  free(path);
  return code;
}

/* PREFIX + `suffix`; malloc'ed. */
static char *with_suffix(const char *prefix, const char *suffix) {
  Bytes path = {0};
  bytes_puts(&path, prefix);
  bytes_puts(&path, suffix);
  if (path.failed) bytes_clear(&path);
  return path.data;
}

static TF_Code remove_suffixed(const char *prefix, const char *suffix, TF_Status *st) {
  char *path = with_suffix(prefix, suffix);
  TF_Code code = path ? TF_OK : fail_oom(st, prefix);
  if (!code && !file_is_dir(path)) code = file_remove(path, st);
  free(path);
  return code;
}

TF_Code checkpoint_remove(const char *prefix, bool with_meta, TF_Status *st) {
  TRY(remove_suffixed(prefix, ".index", st));
  TRY(remove_suffixed(prefix, "", st)); /* V1 */
  char *dir = path_dirname(prefix);
  ShardSearch search = {.dir = dir, .base = path_basename(prefix), .remove = true};
  TF_Code code = dir ? TF_OK : fail_oom(st, prefix);
  if (!code && file_is_dir(dir)) code = dir_list(dir, visit_file, &search, st);
  free(dir);
  if (code || !with_meta) return code;
  char *stem = strndup(prefix, length_unsharded(prefix));
  code = stem ? remove_suffixed(stem, ".meta", st) : fail_oom(st, prefix);
  free(stem);
  return code;
}

/* Whether there are files of a checkpoint of either format, sharded or not. */
static TF_Code files_exist(const char *prefix, bool *exist, TF_Status *st) {
  char *index = with_suffix(prefix, ".index"), *dir = path_dirname(prefix);
  TF_Code code = index && dir ? TF_OK : fail_oom(st, prefix);
  *exist = !code && (file_exists(index) || (file_exists(prefix) && !file_is_dir(prefix)));
  if (!code && !*exist && file_is_dir(dir)) {
    ShardSearch search = {.dir = dir, .base = path_basename(prefix)};
    code = dir_list(dir, visit_file, &search, st);
    *exist = search.found;
  }
  free(index);
  free(dir);
  return code;
}

TF_Code checkpoint_latest(const char *dir, const char *file, char **prefix, TF_Status *st) {
  *prefix = NULL;
  char *path = path_join(dir, file_or_default(file));
  bool there = path && file_exists(path);
  free(path);
  if (!path) return fail_oom(st, "a state file's name");
  if (!there) return TF_OK;
  CheckpointState state;
  TRY(checkpoint_state_read(&state, dir, file, st));
  bool exist = false;
  TF_Code code = state.latest ? files_exist(state.latest, &exist, st) : TF_OK;
  if (!code && exist) {
    *prefix = state.latest;
    state.latest = NULL;
  }
  checkpoint_state_clear(&state);
  return code;
}
