/* layers: wire */
/* Records that are read must give the file's bytes when written again. Each is also tried as an Example. */
#include <stdlib.h>

#include "base/status_impl.h"
#include "wire/example.h"
#include "wire/tfrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_values(const ExampleFeature *feature) {
  size_t count;
  if (!example_count(feature, &count)) return;
  void *values = malloc(count * sizeof(Span) + 1);
  if (!values) abort();
  bool read = feature->kind == EXAMPLE_FLOAT   ? example_read_float(feature, values, count)
              : feature->kind == EXAMPLE_INT64 ? example_read_int64(feature, values, count)
                                               : example_read_bytes(feature, values, count);
  if (!read && feature->kind == EXAMPLE_BYTES) abort();
  free(values);
}

static void read_example(Span record) {
  Span name, list;
  ExampleFeature feature;
  for (ExampleIter it = example_features(record); example_next(&it, &name, &feature);) read_values(&feature);
  bool failed = false;
  for (ExampleIter it = example_feature_lists(record); example_next_list(&it, &name, &list);)
    while (example_list_next(&list, &feature, &failed)) read_values(&feature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TF_Status st = {0};
  Span record;
  Bytes again = {0};
  bool end = false;
  read_example((Span){data, size});
  TfrecordReader reader = tfrecord_of((Span){data, size});
  while (!tfrecord_next(&reader, &record, &end, &st) && !end) {
    read_example(record);
    tfrecord_append(&again, record);
  }
  if (again.size != reader.at || (again.size && memcmp(again.data, data, again.size))) abort();
  bytes_clear(&again);
  return 0;
}
