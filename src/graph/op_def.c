/* Specs out of and into OpDef messages: signatures of functions, TF_GraphGetOpDef, TF_GetAllOpList. */
#include <string.h>

#include "graph/attr.h"
#include "graph/function.h"
#include "wire/proto_message.h"

typedef struct SpecArena {
  Arena *arena;
  AttrStore store;
} SpecArena;

static TF_Code read_arg(SpecArena *s, const Tensorflow__OpDef__ArgDef *from, const OpSpec *spec, ArgSpec *to,
                        TF_Status *st) {
  *to = (ArgSpec){.name = arena_strdup(s->arena, from->name),
                  .is_ref = from->is_ref,
                  .type = (TF_DataType)from->type};
  const char *const texts[] = {from->type_attr, from->type_list_attr, from->number_attr};
  const char **const places[] = {&to->type_attr, &to->list_attr, &to->number_attr};
  for (int i = 0; i < 3; i++) {
    if (!*texts[i]) continue;
    if (!op_spec_attr(spec, texts[i]))
      return fail(st, TF_INVALID_ARGUMENT, "No attr with name '%s' for argument '%s' of '%s'", texts[i],
                  from->name, spec->name);
    if (!(*places[i] = arena_strdup(s->arena, texts[i]))) return fail_oom(st, "a signature");
  }
  return to->name ? TF_OK : fail_oom(st, "a signature");
}

static TF_Code read_args(SpecArena *s, Tensorflow__OpDef__ArgDef *const *from, size_t count,
                         const OpSpec *spec, const ArgSpec **to, int *num, TF_Status *st) {
  ArgSpec *args = arena_calloc(s->arena, count, sizeof *args);
  if (!args) return fail_oom(st, "a signature");
  for (size_t i = 0; i < count; i++) TRY(read_arg(s, from[i], spec, &args[i], st));
  *to = args;
  *num = (int)count;
  return TF_OK;
}

static bool read_kind(const char *type, AttrSpec *spec) {
  for (int kind = 0; kind <= TF_ATTR_FUNC; kind++) {
    for (int list = 0; list < 2; list++) {
      if (kind == TF_ATTR_PLACEHOLDER || strcmp(type, attr_kind_name((TF_AttrType)kind, list))) continue;
      spec->kind = (TF_AttrType)kind;
      spec->is_list = list;
      return true;
    }
  }
  return false;
}

static TF_Code read_attr(SpecArena *s, const Tensorflow__OpDef__AttrDef *from, AttrSpec *to, TF_Status *st) {
  to->name = arena_strdup(s->arena, from->name);
  to->has_minimum = from->has_minimum;
  to->minimum = from->minimum;
  if (!to->name) return fail_oom(st, "a signature");
  if (!read_kind(from->type, to))
    return fail(st, TF_INVALID_ARGUMENT, "Unrecognized attr type '%s' of attr '%s'", from->type, from->name);
  Attr a;
  if (from->allowed_values) {
    TRY(attr_from_proto(s->store, from->name, from->allowed_values, &a, st));
    if (a.is_list && a.kind == TF_ATTR_TYPE)
      to->allowed_types = a.v.list_type, to->num_allowed_types = (int)a.count;
  }
  if (from->default_value) {
    Attr *value = arena_alloc(s->arena, sizeof *value);
    if (!value) return fail_oom(st, "a signature");
    TRY(attr_from_proto(s->store, from->name, from->default_value, value, st));
    if (value->kind == ATTR_KIND_UNKNOWN) value->kind = to->kind;
    if (value->kind != to->kind || value->is_list != to->is_list)
      return fail(st, TF_INVALID_ARGUMENT, "the default value of attr '%s' is no %s", from->name, from->type);
    to->default_value = value;
  }
  return TF_OK;
}

TF_Code op_spec_of_signature(const Tensorflow__OpDef *def, Arena *arena, struct OwnedTensor **tensors,
                             const OpSpec **out, TF_Status *st) {
  SpecArena s = {arena, {arena, tensors}};
  OpSpec *spec = arena_calloc(arena, 1, sizeof *spec);
  AttrSpec *attrs = arena_calloc(arena, def->n_attr, sizeof *attrs);
  if (!spec || !attrs || !(spec->name = arena_strdup(arena, def->name))) return fail_oom(st, "a signature");
  for (size_t i = 0; i < def->n_attr; i++) TRY(read_attr(&s, def->attr[i], &attrs[i], st));
  spec->attrs = attrs;
  spec->num_attrs = (int)def->n_attr;
  TRY(read_args(&s, def->input_arg, def->n_input_arg, spec, &spec->inputs, &spec->num_inputs, st));
  TRY(read_args(&s, def->output_arg, def->n_output_arg, spec, &spec->outputs, &spec->num_outputs, st));
  spec->flags = (def->is_stateful ? OP_SPEC_STATEFUL : 0u) |
                (def->is_commutative ? OP_SPEC_COMMUTATIVE : 0u) |
                (def->is_aggregate ? OP_SPEC_AGGREGATE : 0u) |
                (def->allows_uninitialized_input ? OP_SPEC_UNINITIALIZED_OK : 0u);
  *out = spec;
  return TF_OK;
}

/* ---- into protos ---- */

static bool put_args(const ArgSpec *args, int count, Arena *arena, Tensorflow__OpDef__ArgDef ***list,
                     size_t *n) {
  *list = arena_alloc(arena, proto_capacity((size_t)count) * sizeof **list);
  for (int i = 0; *list && i < count; i++) {
    Tensorflow__OpDef__ArgDef *a = proto_new(arena, &tensorflow__op_def__arg_def__descriptor);
    if (!a) return false;
    a->name = (char *)args[i].name;
    a->is_ref = args[i].is_ref;
    a->type = args[i].type_attr || args[i].list_attr ? 0 : (Tensorflow__DataType)args[i].type;
    if (args[i].type_attr) a->type_attr = (char *)args[i].type_attr;
    if (args[i].list_attr) a->type_list_attr = (char *)args[i].list_attr;
    if (args[i].number_attr) a->number_attr = (char *)args[i].number_attr;
    (*list)[(*n)++] = a;
  }
  return *list != NULL;
}

static TF_Code put_allowed(const AttrSpec *spec, Arena *arena, Tensorflow__OpDef__AttrDef *to,
                           TF_Status *st) {
  Attr allowed = {.is_list = true};
  Span *strings = arena_alloc(arena, (size_t)spec->num_allowed_strings * sizeof *strings);
  if (!strings) return fail_oom(st, "an OpDef");
  for (int i = 0; i < spec->num_allowed_strings; i++)
    strings[i] = (Span){spec->allowed_strings[i], strlen(spec->allowed_strings[i])};
  if (spec->num_allowed_types)
    allowed.kind = TF_ATTR_TYPE, allowed.count = spec->num_allowed_types,
    allowed.v.list_type = spec->allowed_types;
  else allowed.kind = TF_ATTR_STRING, allowed.count = spec->num_allowed_strings, allowed.v.list_s = strings;
  return allowed.count ? attr_to_proto(&allowed, arena, &to->allowed_values, st) : TF_OK;
}

TF_Code op_spec_to_proto(const OpSpec *spec, Arena *arena, Tensorflow__OpDef **out, TF_Status *st) {
  Tensorflow__OpDef *def = proto_new(arena, &tensorflow__op_def__descriptor);
  if (!def) return fail_oom(st, "an OpDef");
  def->name = (char *)spec->name;
  def->is_stateful = (spec->flags & OP_SPEC_STATEFUL) != 0;
  def->is_commutative = (spec->flags & OP_SPEC_COMMUTATIVE) != 0;
  def->is_aggregate = (spec->flags & OP_SPEC_AGGREGATE) != 0;
  def->allows_uninitialized_input = (spec->flags & OP_SPEC_UNINITIALIZED_OK) != 0;
  def->is_distributed_communication = (spec->flags & OP_SPEC_DISTRIBUTED) != 0;
  if (!put_args(spec->inputs, spec->num_inputs, arena, &def->input_arg, &def->n_input_arg) ||
      !put_args(spec->outputs, spec->num_outputs, arena, &def->output_arg, &def->n_output_arg) ||
      !(def->attr = arena_alloc(arena, proto_capacity((size_t)spec->num_attrs) * sizeof *def->attr)))
    return fail_oom(st, "an OpDef");
  if (spec->deprecated_from) {
    if (!(def->deprecation = proto_new(arena, &tensorflow__op_deprecation__descriptor)))
      return fail_oom(st, "an OpDef");
    def->deprecation->version = spec->deprecated_from;
  }
  for (int i = 0; i < spec->num_attrs; i++) {
    const AttrSpec *a = &spec->attrs[i];
    Tensorflow__OpDef__AttrDef *to = proto_new(arena, &tensorflow__op_def__attr_def__descriptor);
    if (!to) return fail_oom(st, "an OpDef");
    to->name = (char *)a->name;
    to->type = (char *)attr_kind_name(a->kind, a->is_list);
    to->has_minimum = a->has_minimum;
    to->minimum = a->minimum;
    if (a->default_value) TRY(attr_to_proto(a->default_value, arena, &to->default_value, st));
    TRY(put_allowed(a, arena, to, st));
    def->attr[def->n_attr++] = to;
  }
  *out = def;
  return TF_OK;
}
