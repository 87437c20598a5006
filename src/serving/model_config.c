#include "serving/model_config.h"

#include <protobuf-c/protobuf-c.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "serving/config_file.h"
#undef PROTOBUF_C__DEPRECATED /* model_type is deprecated, but old files have it */
#define PROTOBUF_C__DEPRECATED
#include "tensorflow_serving/config/model_server_config.pb-c.h"

typedef Tensorflow__Serving__ModelConfig ConfigProto;
typedef Tensorflow__Serving__FileSystemStoragePathSourceConfig__ServableVersionPolicy PolicyProto;

#define PLATFORM "tensorflow"

/* As TensorFlow: a path from the root, or something with a scheme. */
static bool is_absolute(const char *path) { return path[0] == '/' || strstr(path, "://"); }

static TF_Code check_path(const ModelConfig *model, TF_Status *st) {
  if (is_absolute(model->base_path)) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT,
              "Expected model %s to have an absolute path or URI; got base_path()=%s", model->name,
              model->base_path);
}

TF_Code model_config_single(const char *name, const char *base_path, ModelConfigList *out, TF_Status *st) {
  *out = (ModelConfigList){0};
  ModelConfig *model = out->models = arena_calloc(&out->arena, 1, sizeof *model);
  if (!model) return fail_oom(st, "model config");
  out->count = 1;
  *model = (ModelConfig){.name = arena_strdup(&out->arena, name),
                         .base_path = arena_strdup(&out->arena, base_path),
                         .policy = {.kind = POLICY_LATEST, .latest_count = 1}};
  TF_Code code = model->name && model->base_path ? check_path(model, st) : fail_oom(st, "model config");
  if (code) model_config_clear(out);
  return code;
}

void model_config_clear(ModelConfigList *list) {
  arena_clear(&list->arena);
  *list = (ModelConfigList){0};
}

static TF_Code check_platform(const ConfigProto *proto, TF_Status *st) {
  bool type = proto->model_type != TENSORFLOW__SERVING__MODEL_TYPE__MODEL_TYPE_UNSPECIFIED;
  bool platform = proto->model_platform[0];
  if (type && platform)
    return fail(st, TF_INVALID_ARGUMENT,
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                "ModelServerConfig::model_platform, model name is %s",
                proto->name);
  if (!type && !platform)
    return fail(st, TF_INVALID_ARGUMENT,
                "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
                "ModelServerConfig::model_platform, model name is %s",
                proto->name);
  if (type && proto->model_type != TENSORFLOW__SERVING__MODEL_TYPE__TENSORFLOW)
    return fail(st, TF_INVALID_ARGUMENT, "ModelServerConfig::model_type choice %d not supported.",
                (int)proto->model_type);
  if (platform && strcmp(proto->model_platform, PLATFORM))
    return fail(st, TF_INVALID_ARGUMENT, "Model %s requests unsupported platform %s", proto->name,
                proto->model_platform);
  return TF_OK;
}

static TF_Code convert_policy(const PolicyProto *proto, Arena *arena, VersionPolicy *out, TF_Status *st) {
  *out = (VersionPolicy){.kind = POLICY_LATEST, .latest_count = 1};
  if (!proto) return TF_OK;
  switch (proto->policy_choice_case) {
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_LATEST:
      if (proto->latest->num_versions) out->latest_count = proto->latest->num_versions;
      return TF_OK;
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_ALL:
      out->kind = POLICY_ALL;
      return TF_OK;
    case TENSORFLOW__SERVING__FILE_SYSTEM_STORAGE_PATH_SOURCE_CONFIG__SERVABLE_VERSION_POLICY__POLICY_CHOICE_SPECIFIC:
      out->kind = POLICY_SPECIFIC;
      out->version_count = proto->specific->n_versions;
      out->versions = arena_memdup(arena, proto->specific->versions,
                                   out->version_count * sizeof *proto->specific->versions);
      return out->versions ? TF_OK : fail_oom(st, "model config");
    default: return TF_OK;
  }
}

static TF_Code convert_model(const ConfigProto *proto, Arena *arena, ModelConfig *out, TF_Status *st) {
  *out = (ModelConfig){.name = arena_strdup(arena, proto->name),
                       .base_path = arena_strdup(arena, proto->base_path)};
  VersionLabel *labels = arena_calloc(arena, proto->n_version_labels, sizeof *labels);
  if (!out->name || !out->base_path || !labels) return fail_oom(st, "model config");
  TRY(check_platform(proto, st));
  TRY(check_path(out, st));
  TRY(convert_policy(proto->model_version_policy, arena, &out->policy, st));
  if (proto->logging_config) return fail(st, TF_INVALID_ARGUMENT, "No request-logger-creator provided.");
  for (size_t i = 0; i < proto->n_version_labels; i++) {
    labels[i] = (VersionLabel){arena_strdup(arena, proto->version_labels[i]->key),
                               proto->version_labels[i]->value};
    if (!labels[i].label) return fail_oom(st, "model config");
  }
  out->labels = labels;
  out->label_count = proto->n_version_labels;
  return TF_OK;
}

static TF_Code convert(const Tensorflow__Serving__ModelServerConfig *proto, ModelConfigList *out,
                       TF_Status *st) {
  if (proto->config_case == TENSORFLOW__SERVING__MODEL_SERVER_CONFIG__CONFIG_CUSTOM_MODEL_CONFIG)
    return fail(st, TF_INVALID_ARGUMENT, "custom_model_config is not supported");
  if (proto->config_case != TENSORFLOW__SERVING__MODEL_SERVER_CONFIG__CONFIG_MODEL_CONFIG_LIST) {
    log_info("Taking no action for empty config.");
    return TF_OK;
  }
  const Tensorflow__Serving__ModelConfigList *list = proto->model_config_list;
  out->models = arena_calloc(&out->arena, list->n_config, sizeof *out->models);
  if (!out->models) return fail_oom(st, "model config");
  Map names = {0};
  TF_Code code = TF_OK;
  for (size_t i = 0; i < list->n_config && !code; i++) {
    ModelConfig *model = &out->models[out->count++];
    const char *name = list->config[i]->name;
    if (map_has_n(&names, name, strlen(name)))
      code = fail(st, TF_INVALID_ARGUMENT, "Illegal to list model %s multiple times in config list", name);
    else code = convert_model(list->config[i], &out->arena, model, st);
    if (!code && !map_put(&names, model->name, model)) code = fail_oom(st, "model config");
  }
  map_clear(&names);
  return code;
}

TF_Code model_config_read(const char *path, ModelConfigList *out, TF_Status *st) {
  *out = (ModelConfigList){0};
  Arena arena = {0};
  Tensorflow__Serving__ModelServerConfig *proto = NULL;
  TF_Code code = config_file_read(path, &tensorflow__serving__model_server_config__descriptor, &arena, &proto,
                                  st);
  if (!code) code = convert(proto, out, st);
  if (code) model_config_clear(out);
  arena_clear(&arena);
  return code;
}
