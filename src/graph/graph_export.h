/* Nodes and graphs as protos. The messages may point into the graph: they must not outlive it. */
#ifndef SM_GRAPH_GRAPH_EXPORT_H_
#define SM_GRAPH_GRAPH_EXPORT_H_

#include "graph/graph.h"
#include "tensorflow/core/framework/graph.pb-c.h"

TF_Code node_to_proto(const Node *node, Arena *arena, Tensorflow__NodeDef **out, TF_Status *st);
/* The caller holds the lock. */
TF_Code graph_to_proto(const Graph *graph, Arena *arena, Tensorflow__GraphDef **out, TF_Status *st);

#endif
