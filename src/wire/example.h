/* Reading serialized tf.Example and tf.SequenceExample in place: no allocation, no copies.
 *
 *   ExampleIter it = example_features(example);        Example, and the context of a SequenceExample
 *   Span name; ExampleFeature f;
 *   while (example_next(&it, &name, &f)) ...           names may repeat: the last one counts
 *   if (it.failed) -> the bytes are no Example
 *
 * A feature's values are then counted and read by kind. Lists may be packed, unpacked or both mixed;
 * the functions take them all, and tell malformed bytes apart. */
#ifndef SM_WIRE_EXAMPLE_H_
#define SM_WIRE_EXAMPLE_H_

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cursor.h"

/* Numbers as in the oneof of tensorflow.Feature. */
typedef enum ExampleKind { EXAMPLE_NONE, EXAMPLE_BYTES, EXAMPLE_FLOAT, EXAMPLE_INT64 } ExampleKind;

typedef struct ExampleFeature {
  ExampleKind kind; /* EXAMPLE_NONE: the feature is there but has no list */
  Span list;        /* the serialized BytesList, FloatList or Int64List */
} ExampleFeature;

typedef struct ExampleIter {
  Cursor outer; /* what is left of the message that holds the maps */
  Cursor inner; /* what is left of the current map */
  uint32_t field;
  bool failed; /* the bytes were malformed; example_next has returned false */
} ExampleIter;

/* The features of a serialized Example (or SequenceExample's context: both are field 1). */
ExampleIter example_features(Span example);
/* The feature_lists of a serialized SequenceExample; values are FeatureList messages. */
ExampleIter example_feature_lists(Span sequence_example);
/* The next entry: false at the end and on malformed bytes. */
bool example_next(ExampleIter *it, Span *name, ExampleFeature *feature);
/* The same for feature_lists; *list is a serialized FeatureList. */
bool example_next_list(ExampleIter *it, Span *name, Span *list);
/* Steps through the features of a FeatureList: false at the end or, with *failed set, on malformed bytes. */
bool example_list_next(Span *list, ExampleFeature *feature, bool *failed);
/* Decodes one serialized Feature; false when malformed. */
bool example_feature_of(Span feature, ExampleFeature *out);

/* The last feature of that name. Returns 1 when found, 0 when there is none, -1 for malformed bytes.
 * Every call walks the whole example; use the iterator for several names. */
int example_find(Span example, const char *name, size_t name_len, ExampleFeature *out);

/* How many values the list of a feature holds; false when malformed. Fits what the bytes can hold, so
 * allocating that many elements is bounded by 8 times their size (16 times for bytes). */
bool example_count(const ExampleFeature *feature, size_t *count);
/* Reads the values: exactly `count` of them (from example_count), else false. */
bool example_read_float(const ExampleFeature *feature, float *out, size_t count);
bool example_read_int64(const ExampleFeature *feature, int64_t *out, size_t count);
bool example_read_bytes(const ExampleFeature *feature, Span *out, size_t count);

#endif
