/* What an op that parses SequenceExamples wants of them (parsing_sequence_wants.c), and what its run finds
 * (parsing_sequence.c). */
#ifndef SM_OPS_PARSING_SEQUENCE_H_
#define SM_OPS_PARSING_SEQUENCE_H_

#include "base/map.h"
#include "ops/op.h"
#include "wire/example.h"

typedef enum WantKind { WANT_SPARSE, WANT_DENSE, WANT_RAGGED } WantKind;

typedef struct Want {
  WantKind kind;
  bool list; /* a feature list; else a feature of the context */
  Span key;
  int name;  /* the key's number among those of its sort */
  int index; /* among its kind */
  TF_DataType dtype, splits;
  const Shape *shape;          /* dense: of the value, or of one step */
  int64_t elements;            /* dense: of that */
  const Tensor *default_value; /* dense, of the context */
  bool may_miss;               /* dense, a list */
  int out, count; /* first output; others follow `count` apart: indices, values, shapes; values, splits */
} Want;

/* What an example has of a name. */
typedef struct Found {
  bool there;
  ExampleFeature feature;
  Span list;
} Found;

typedef struct Sequences {
  OpCtx *c;
  bool single; /* ParseSingleSequenceExample */
  bool alone;  /* no batch dimension */
  int64_t batch;
  const Tensor *serialized, *names;
  Want *wants;
  int num_wants;
  Map context, lists; /* key -> its first Want */
  int num_context, num_lists;
  Found *found; /* [batch][num_context + num_lists] */
} Sequences;

/* Reads the op's attributes, keys and defaults into q->wants (malloc'ed), numbers the keys (q->context,
 * q->lists), and checks that inputs and outputs go with them: TF_INVALID_ARGUMENT. The caller frees all, also
 * when it fails. */
TF_Code sequence_make_wants(Sequences *q, TF_Status *st);

#endif
