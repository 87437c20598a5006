/* Adding a GraphDef to a graph: all of it, or after an error nothing.
 *
 * The message may come from a stranger: names, edges, attributes, arities, types and cycles are all
 * checked. */
#ifndef SM_GRAPH_GRAPH_IMPORT_H_
#define SM_GRAPH_GRAPH_IMPORT_H_

#include "graph/graph.h"
#include "tensorflow/core/framework/graph.pb-c.h"

/* A tensor of the GraphDef by name; index -1 is the node as a control input. */
typedef struct ImportRef {
  const char *name;
  int index;
} ImportRef;

typedef struct GraphImportOptions {
  const char *prefix; /* null or "": none */
  bool uniquify_names, uniquify_prefix;
  bool skip_colocation_check;
  bool any_names;             /* names are not checked (bodies of functions) */
  const char *default_device; /* null or "": none */
  int num_mapped;             /* mapped[i] is replaced by mapped_to[i]; with index -1 by its node */
  const ImportRef *mapped;
  const TF_Output *mapped_to;
  int num_control_dependencies;
  Node *const *control_dependencies;
  int num_return_outputs;
  const ImportRef *return_outputs;
  int num_return_nodes;
  const char *const *return_nodes;
} GraphImportOptions;

/* Arrays are in the arena given to graph_import. */
typedef struct GraphImportResults {
  TF_Output *return_outputs;
  Node **return_nodes;
  int num_missing; /* of options->mapped: that no node uses and that the GraphDef does not have */
  const char **missing_names;
  int *missing_indexes;
} GraphImportResults;

/* Takes the lock. `results` may be null; `arena` is then not used. */
TF_Code graph_import(Graph *graph, const Tensorflow__GraphDef *def, const GraphImportOptions *options,
                     Arena *arena, GraphImportResults *results, TF_Status *st);
/* TF_INVALID_ARGUMENT when this library may not read graphs of these versions (null: none given). */
TF_Code graph_check_versions(const Tensorflow__VersionDef *versions, TF_Status *st);
/* TF_UNIMPLEMENTED when graphs of that producer version may no longer use the op. */
TF_Code graph_check_deprecated(const OpSpec *spec, int producer, TF_Status *st);
/* "node:3" or "node" or "^node": the name's length, and the index (0; -1 for a control input). */
const char *graph_parse_input(const char *input, size_t *name_len, int *index);

#endif
