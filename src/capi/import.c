/* Importing GraphDefs through the C API: options collected in an arena, results kept in another. */
#include <stdlib.h>

#include "capi/capi.h"
#include "graph/graph_import.h"
#include "tensorflow/c/c_api_experimental.h"

struct TF_ImportGraphDefOptions {
  Arena arena;
  GraphImportOptions options; /* its arrays are those below */
  ImportRef *mapped, *return_outputs;
  TF_Output *mapped_to;
  Node **control_dependencies;
  const char **return_nodes;
  bool failed; /* memory was out */
};

struct TF_ImportGraphDefResults {
  Arena arena;
  GraphImportResults results;
  int num_return_outputs, num_return_nodes;
};

TF_ImportGraphDefOptions *TF_NewImportGraphDefOptions(void) {
  return calloc(1, sizeof(TF_ImportGraphDefOptions));
}

void TF_DeleteImportGraphDefOptions(TF_ImportGraphDefOptions *o) {
  if (!o) return;
  free(o->mapped);
  free(o->mapped_to);
  free(o->control_dependencies);
  free(o->return_outputs);
  free(o->return_nodes);
  arena_clear(&o->arena);
  free(o);
}

static const char *keep(TF_ImportGraphDefOptions *o, const char *text) {
  const char *copy = arena_strdup(&o->arena, text ? text : "");
  if (!copy) o->failed = true;
  return copy;
}

/* `items` with room for one more behind `count`; null (and the failure noted) when memory is out. */
static void *grown(TF_ImportGraphDefOptions *o, void *items, int count, size_t size) {
  void *more = realloc(items, ((size_t)count + 1) * size);
  if (!more) o->failed = true;
  return more;
}

void TF_ImportGraphDefOptionsSetPrefix(TF_ImportGraphDefOptions *o, const char *prefix) {
  o->options.prefix = keep(o, prefix);
}

void TF_ImportGraphDefOptionsSetDefaultDevice(TF_ImportGraphDefOptions *o, const char *device) {
  o->options.default_device = keep(o, device);
}

void TF_ImportGraphDefOptionsSetUniquifyNames(TF_ImportGraphDefOptions *o, unsigned char uniquify_names) {
  o->options.uniquify_names = uniquify_names;
}

void TF_ImportGraphDefOptionsSetUniquifyPrefix(TF_ImportGraphDefOptions *o, unsigned char uniquify_prefix) {
  o->options.uniquify_prefix = uniquify_prefix;
}

void TF_ImportGraphDefOptionsSetValidateColocationConstraints(TF_ImportGraphDefOptions *o,
                                                              unsigned char enable) {
  o->options.skip_colocation_check = !enable;
}

static void add_mapping(TF_ImportGraphDefOptions *o, const char *name, int index, TF_Output to) {
  int n = o->options.num_mapped;
  ImportRef *mapped = grown(o, o->mapped, n, sizeof *mapped);
  if (mapped) o->options.mapped = o->mapped = mapped;
  TF_Output *mapped_to = grown(o, o->mapped_to, n, sizeof *mapped_to);
  if (mapped_to) o->options.mapped_to = o->mapped_to = mapped_to;
  const char *kept = keep(o, name);
  if (!mapped || !mapped_to || !kept) return;
  mapped[n] = (ImportRef){kept, index};
  mapped_to[n] = to;
  o->options.num_mapped++;
}

void TF_ImportGraphDefOptionsAddInputMapping(TF_ImportGraphDefOptions *o, const char *src_name, int src_index,
                                             TF_Output dst) {
  add_mapping(o, src_name, src_index, dst);
}

void TF_ImportGraphDefOptionsRemapControlDependency(TF_ImportGraphDefOptions *o, const char *src_name,
                                                    TF_Operation *dst) {
  add_mapping(o, src_name, -1, (TF_Output){dst, -1});
}

void TF_ImportGraphDefOptionsAddControlDependency(TF_ImportGraphDefOptions *o, TF_Operation *oper) {
  Node **list = grown(o, o->control_dependencies, o->options.num_control_dependencies, sizeof *list);
  if (!list) return;
  list[o->options.num_control_dependencies++] = oper;
  o->options.control_dependencies = o->control_dependencies = list;
}

void TF_ImportGraphDefOptionsAddReturnOutput(TF_ImportGraphDefOptions *o, const char *oper_name, int index) {
  ImportRef *list = grown(o, o->return_outputs, o->options.num_return_outputs, sizeof *list);
  if (list) o->options.return_outputs = o->return_outputs = list;
  const char *kept = keep(o, oper_name);
  if (list && kept) list[o->options.num_return_outputs++] = (ImportRef){kept, index};
}

int TF_ImportGraphDefOptionsNumReturnOutputs(const TF_ImportGraphDefOptions *o) {
  return o->options.num_return_outputs;
}

void TF_ImportGraphDefOptionsAddReturnOperation(TF_ImportGraphDefOptions *o, const char *oper_name) {
  const char **list = grown(o, o->return_nodes, o->options.num_return_nodes, sizeof *list);
  if (list) o->options.return_nodes = o->return_nodes = list;
  const char *kept = keep(o, oper_name);
  if (list && kept) list[o->options.num_return_nodes++] = kept;
}

int TF_ImportGraphDefOptionsNumReturnOperations(const TF_ImportGraphDefOptions *o) {
  return o->options.num_return_nodes;
}

void TF_ImportGraphDefResultsReturnOutputs(TF_ImportGraphDefResults *r, int *num_outputs,
                                           TF_Output **outputs) {
  *num_outputs = r->num_return_outputs;
  *outputs = r->results.return_outputs;
}

void TF_ImportGraphDefResultsReturnOperations(TF_ImportGraphDefResults *r, int *num_opers,
                                              TF_Operation ***opers) {
  *num_opers = r->num_return_nodes;
  *opers = r->results.return_nodes;
}

void TF_ImportGraphDefResultsMissingUnusedInputMappings(TF_ImportGraphDefResults *r, int *num_missing,
                                                        const char ***src_names, int **src_indexes) {
  *num_missing = r->results.num_missing;
  *src_names = r->results.missing_names;
  *src_indexes = r->results.missing_indexes;
}

void TF_DeleteImportGraphDefResults(TF_ImportGraphDefResults *r) {
  if (!r) return;
  arena_clear(&r->arena);
  free(r);
}

static TF_Code import(TF_Graph *graph, const TF_Buffer *graph_def, const TF_ImportGraphDefOptions *o,
                      TF_ImportGraphDefResults *r, TF_Status *st) {
  if (o->failed) return fail_oom(st, "import options");
  Arena message = {0};
  Tensorflow__GraphDef *def;
  if (proto_parse(&tensorflow__graph_def__descriptor, (Span){graph_def->data, graph_def->length}, &message,
                  &def, "GraphDef", st))
    fail(st, TF_INVALID_ARGUMENT, "Invalid GraphDef");
  else graph_import(graph, def, &o->options, &r->arena, &r->results, st);
  r->num_return_outputs = o->options.num_return_outputs;
  r->num_return_nodes = o->options.num_return_nodes;
  arena_clear(&message);
  return TF_GetCode(st);
}

TF_ImportGraphDefResults *TF_GraphImportGraphDefWithResults(TF_Graph *graph, const TF_Buffer *graph_def,
                                                            const TF_ImportGraphDefOptions *options,
                                                            TF_Status *st) {
  status_reset(st);
  TF_ImportGraphDefResults *r = calloc(1, sizeof *r);
  if (!r) fail_oom(st, "import results");
  else if (import(graph, graph_def, options, r, st)) {
    TF_DeleteImportGraphDefResults(r);
    r = NULL;
  }
  return r;
}

void TF_GraphImportGraphDefWithReturnOutputs(TF_Graph *graph, const TF_Buffer *graph_def,
                                             const TF_ImportGraphDefOptions *options,
                                             TF_Output *return_outputs, int num_return_outputs,
                                             TF_Status *st) {
  status_reset(st);
  if (num_return_outputs != options->options.num_return_outputs) {
    fail(st, TF_INVALID_ARGUMENT, "Expected 'num_return_outputs' to be %d, got %d",
         options->options.num_return_outputs, num_return_outputs);
    return;
  }
  TF_ImportGraphDefResults *r = TF_GraphImportGraphDefWithResults(graph, graph_def, options, st);
  for (int i = 0; r && i < num_return_outputs; i++) return_outputs[i] = r->results.return_outputs[i];
  TF_DeleteImportGraphDefResults(r);
}

void TF_GraphImportGraphDef(TF_Graph *graph, const TF_Buffer *graph_def,
                            const TF_ImportGraphDefOptions *options, TF_Status *st) {
  TF_DeleteImportGraphDefResults(TF_GraphImportGraphDefWithResults(graph, graph_def, options, st));
}
