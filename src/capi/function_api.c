/* Functions of the C API: FunctionDefs outside of any graph, and those in a graph's library. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/function.h"
#include "tensorflow/c/c_api_experimental.h"
#include "wire/text_format.h"

struct TF_Function {
  Arena arena;
  Tensorflow__FunctionDef *def;
};

static TF_Function *function_of(const Tensorflow__FunctionDef *def, TF_Status *st) {
  TF_Function *f = calloc(1, sizeof *f);
  if (f && (f->def = proto_copy(&f->arena, &def->base))) return f;
  TF_DeleteFunction(f);
  fail_oom(st, "a function");
  return NULL;
}

void TF_DeleteFunction(TF_Function *f) {
  if (!f) return;
  arena_clear(&f->arena);
  free(f);
}

const char *TF_FunctionName(TF_Function *f) { return f->def->signature->name; }

void TF_FunctionToFunctionDef(TF_Function *f, TF_Buffer *output_func_def, TF_Status *st) {
  status_reset(st);
  buffer_take_message(output_func_def, &f->def->base, st);
}

TF_Function *TF_FunctionImportFunctionDef(const void *proto, size_t proto_len, TF_Status *st) {
  status_reset(st);
  TF_Function *f = calloc(1, sizeof *f);
  if (!f) {
    fail_oom(st, "a function");
    return NULL;
  }
  if (proto_parse(&tensorflow__function_def__descriptor, (Span){proto, proto_len}, &f->arena, &f->def,
                  "FunctionDef", st))
    fail(st, TF_INVALID_ARGUMENT, "Invalid FunctionDef given to TF_FunctionImportFunctionDef");
  else if (!f->def->signature && !(f->def->signature = proto_new(&f->arena, &tensorflow__op_def__descriptor)))
    fail_oom(st, "a function");
  if (!TF_GetCode(st)) return f;
  TF_DeleteFunction(f);
  return NULL;
}

static Tensorflow__FunctionDef__AttrEntry *find_attr(TF_Function *f, const char *name) {
  for (size_t i = 0; i < f->def->n_attr; i++)
    if (!strcmp(f->def->attr[i]->key, name)) return f->def->attr[i];
  return NULL;
}

void TF_FunctionSetAttrValueProto(TF_Function *f, const char *attr_name, const void *proto, size_t proto_len,
                                  TF_Status *st) {
  status_reset(st);
  Tensorflow__AttrValue *value;
  if (proto_parse(&tensorflow__attr_value__descriptor, (Span){proto, proto_len}, &f->arena, &value,
                  "AttrValue", st)) {
    fail(st, TF_INVALID_ARGUMENT, "Unparseable AttrValue proto passed to TF_FunctionSetAttrValueProto");
    return;
  }
  Tensorflow__FunctionDef__AttrEntry *entry = find_attr(f, attr_name), **entries;
  if (!entry) {
    entries = proto_room(&f->arena, f->def->attr, f->def->n_attr, sizeof *entries);
    entry = proto_new(&f->arena, &tensorflow__function_def__attr_entry__descriptor);
    if (!entries || !entry || !(entry->key = arena_strdup(&f->arena, attr_name))) {
      fail_oom(st, "a function");
      return;
    }
    f->def->attr = entries;
    entries[f->def->n_attr++] = entry;
  }
  entry->value = value;
}

void TF_FunctionGetAttrValueProto(TF_Function *f, const char *attr_name, TF_Buffer *output_attr_value,
                                  TF_Status *st) {
  status_reset(st);
  const Tensorflow__FunctionDef__AttrEntry *entry = find_attr(f, attr_name);
  if (entry) buffer_take_message(output_attr_value, &entry->value->base, st);
  else fail(st, TF_INVALID_ARGUMENT, "Function '%s' has no attr named '%s'.", TF_FunctionName(f), attr_name);
}

char *TF_FunctionDebugString(TF_Function *f, size_t *len) {
  TF_Status st = {0};
  Bytes text = {0};
  (void)text_format_print(&f->def->base, &text, &st);
  if (!text.data) bytes_puts(&text, "");
  if (len) *len = text.size;
  return text.data;
}

/* ---- in a graph's library ---- */

void TF_GraphCopyFunction(TF_Graph *g, const TF_Function *func, const TF_Function *grad, TF_Status *st) {
  status_reset(st);
  if (!func) {
    fail(st, TF_INVALID_ARGUMENT, "'func' argument to TF_GraphCopyFunction cannot be null");
    return;
  }
  graph_lock(g);
  size_t before = g->functions.count;
  TF_Code code = graph_function_add(g, func->def, st);
  if (!code && grad) code = graph_function_add(g, grad->def, st);
  if (!code && grad) code = graph_gradient_add(g, func->def->signature->name, grad->def->signature->name, st);
  while (code && g->functions.count > before) map_pop(&g->functions);
  graph_unlock(g);
}

int TF_GraphNumFunctions(TF_Graph *g) {
  graph_lock(g);
  int count = (int)g->functions.count;
  graph_unlock(g);
  return count;
}

int TF_GraphGetFunctions(TF_Graph *g, TF_Function **funcs, int max_func, TF_Status *st) {
  status_reset(st);
  graph_lock(g);
  int count = 0;
  while (count < max_func && (size_t)count < g->functions.count) {
    const GraphFunction *f = g->functions.entries[count].value;
    if (!(funcs[count] = function_of(f->def, st))) break;
    count++;
  }
  graph_unlock(g);
  return count;
}

void TF_GraphRemoveFunction(TF_Graph *g, const char *func_name, TF_Status *st) {
  status_reset(st);
  graph_lock(g);
  Map kept = {0};
  bool ok = true;
  if (!map_get(&g->functions, func_name)) {
    fail(st, TF_INVALID_ARGUMENT, "Tried to remove non-existent function '%s'.", func_name);
  } else {
    for (size_t i = 0; ok && i < g->functions.count; i++) {
      const MapEntry *e = &g->functions.entries[i];
      ok = !strcmp(e->key, func_name) || map_put(&kept, e->key, e->value);
    }
    Map old = ok ? g->functions : kept;
    if (ok) g->functions = kept;
    else fail_oom(st, "a function library");
    map_clear(&old);
  }
  graph_unlock(g);
}
