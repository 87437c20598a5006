#include "serving/version_source.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

bool version_number_of(const char *name, int64_t *number) {
  const char *digits = name + (*name == '-' || *name == '+');
  if (*digits < '0' || *digits > '9') return false;
  char *end;
  errno = 0;
  long long value = strtoll(name, &end, 10);
  if (errno || *end) return false;
  *number = value;
  return true;
}

typedef struct Found {
  int64_t number;
  const char *name;
} Found;

/* Highest number first; of one number the name that sorts last comes first. */
static int compare_found(const void *a, const void *b) {
  const Found *x = a, *y = b;
  if (x->number != y->number) return x->number < y->number ? 1 : -1;
  return strcmp(y->name, x->name);
}

static bool add(const ModelConfig *model, const Found *found, Arena *arena, AspiredVersion *out,
                size_t *count) {
  size_t len = strlen(model->base_path);
  const char *slash = len && model->base_path[len - 1] == '/' ? "" : "/";
  const char *path = arena_printf(arena, "%s%s%s", model->base_path, slash, found->name);
  if (!path) return false;
  out[(*count)++] = (AspiredVersion){found->number, path};
  return true;
}

static size_t drop_duplicates(const ModelConfig *model, Found *found, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept && found[kept - 1].number == found[i].number)
      log_warning("Duplicate version directories detected. Version %" PRId64
                  " will be loaded from %s/%s, %s/%s will be "
                  "ignored.",
                  found[i].number, model->base_path, found[kept - 1].name, model->base_path, found[i].name);
    else found[kept++] = found[i];
  }
  return kept;
}

static bool select_specific(const ModelConfig *model, const Found *found, size_t n, Arena *arena,
                            AspiredVersion *out, size_t *count) {
  const VersionPolicy *policy = &model->policy;
  if (!policy->version_count) log_warning("No specific versions requested for servable %s.", model->name);
  bool *used = arena_calloc(arena, policy->version_count, sizeof *used);
  if (!used) return false;
  for (size_t i = 0; i < n; i++) {
    bool wanted = false;
    for (size_t k = 0; k < policy->version_count; k++)
      if (policy->versions[k] == found[i].number) wanted = used[k] = true;
    if (wanted && !add(model, &found[i], arena, out, count)) return false;
  }
  for (size_t k = 0; k < policy->version_count; k++)
    if (!used[k])
      log_warning("Version %" PRId64
                  " of servable %s, which was requested to be served as a 'specific' version in the "
                  "servable's version policy, was not found in the file system",
                  policy->versions[k], model->name);
  return true;
}

bool version_select(const ModelConfig *model, const char *const *names, size_t name_count, Arena *arena,
                    AspiredVersion **out, size_t *count) {
  *count = 0;
  size_t n = 0;
  Found *found = arena_calloc(arena, name_count, sizeof *found);
  *out = arena_calloc(arena, name_count, sizeof **out);
  if (!found || !*out) return false;
  for (size_t i = 0; i < name_count; i++)
    if (version_number_of(names[i], &found[n].number)) found[n++].name = names[i];
  if (!n) {
    log_warning(
        "No versions of servable %s found under base path %s. Did you forget to name your leaf directory as "
        "a "
        "number (eg. '/1/')?",
        model->name, model->base_path);
    return true;
  }
  qsort(found, n, sizeof *found, compare_found);
  n = drop_duplicates(model, found, n);
  if (model->policy.kind == POLICY_SPECIFIC) return select_specific(model, found, n, arena, *out, count);
  size_t most = model->policy.kind == POLICY_ALL ? n : model->policy.latest_count;
  for (size_t i = 0; i < n && i < most; i++)
    if (!add(model, &found[i], arena, *out, count)) return false;
  return true;
}

/* All names in a directory. */
static TF_Code read_names(const char *path, Arena *arena, const char ***names, size_t *count, TF_Status *st) {
  DIR *dir = opendir(path);
  if (!dir) return fail_errno(st, errno, "%s", path);
  size_t capacity = 0;
  TF_Code code = TF_OK;
  for (struct dirent *entry; !code && (entry = readdir(dir));) {
    if (*count == capacity) {
      const char **more = arena_alloc(arena, (capacity * 2 + 16) * sizeof *more);
      if (!more) code = fail_oom(st, path);
      if (more && *count) memcpy(more, *names, *count * sizeof *more);
      if (more) *names = more;
      capacity = capacity * 2 + 16;
    }
    const char *name = code ? NULL : arena_strdup(arena, entry->d_name);
    if (name) (*names)[(*count)++] = name;
    else code = fail_oom(st, path);
  }
  closedir(dir);
  return code;
}

TF_Code version_source_poll(const ModelConfig *model, Arena *arena, AspiredVersion **out, size_t *count,
                            TF_Status *st) {
  const char **names = NULL;
  size_t name_count = 0;
  TF_Code code = read_names(model->base_path, arena, &names, &name_count, st);
  if (code == TF_NOT_FOUND)
    return fail(st, code, "Could not find base path %s for servable %s with error NOT_FOUND: %s not found",
                model->base_path, model->name, model->base_path);
  TRY(code);
  return version_select(model, names, name_count, arena, out, count) ? TF_OK : fail_oom(st, "versions");
}
