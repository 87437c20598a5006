/* Op specs: the inputs, outputs and attributes of every op that TensorFlow knows.
 *
 * They are data: src/graph/opdefs.tsv, one op a line, compiled in as text and parsed op by op
 * when first looked up. A spec says nothing about whether a kernel exists; that is ops/op.h. */
#ifndef SM_GRAPH_OP_SPEC_H_
#define SM_GRAPH_OP_SPEC_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensorflow/c/tf_attrtype.h"
#include "tensorflow/c/tf_datatype.h"

typedef struct Attr AttrValueOfSpec; /* graph/graph.h; a default value */

/* One input or output argument: `number_attr` of it, each of the type, or one of each type in `list_attr`. */
typedef struct ArgSpec {
  const char *name;
  bool is_ref;
  TF_DataType type;        /* 0 when an attr says it */
  const char *type_attr;   /* null, or the type attr */
  const char *list_attr;   /* null, or the list(type) attr */
  const char *number_attr; /* null, or the int attr that counts */
} ArgSpec;

typedef struct AttrSpec {
  const char *name;
  TF_AttrType kind;
  bool is_list;
  bool has_minimum;
  int64_t minimum; /* of an int, or of a list's length */
  int num_allowed_types;
  const TF_DataType *allowed_types;
  int num_allowed_strings;
  const char *const *allowed_strings;
  const struct Attr *default_value; /* null: the attr is required */
} AttrSpec;

enum {
  OP_SPEC_STATEFUL = 1,
  OP_SPEC_COMMUTATIVE = 2,
  OP_SPEC_AGGREGATE = 4,
  OP_SPEC_UNINITIALIZED_OK = 8,
  OP_SPEC_DISTRIBUTED = 16
};

typedef struct OpSpec {
  const char *name;
  int num_inputs, num_outputs, num_attrs;
  const ArgSpec *inputs, *outputs;
  const AttrSpec *attrs;
  unsigned flags;
  int deprecated_from; /* 0: not; else graphs of that producer version and later may not use it */
} OpSpec;

/* The spec of an op, or null when TensorFlow has none of that name. Safe from any thread. */
const OpSpec *op_spec_find(const char *name);
/* All names, sorted. */
const char *const *op_spec_names(int *count);
const AttrSpec *op_spec_attr(const OpSpec *spec, const char *name);

#endif
