/* layers: wire */
/* Arrays that are read must be written, and read again with the same shape. */
#include <stdlib.h>

#include "base/status_impl.h"
#include "wire/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const NpyArray *array) {
  TF_Status st = {0};
  Bytes out = {0};
  Arena arena = {0};
  NpyArray again;
  if (!npy_write(array, &out, &st)) {
    if (npy_read((Span){out.data, out.size}, &arena, &again, "again", &st)) abort();
    if (again.rank != array->rank || again.count != array->count) abort();
  }
  bytes_clear(&out);
  arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TF_Status st = {0};
  Arena arena = {0};
  NpyArray array;
  NpzMember *members;
  size_t count = 0;
  Span file = {data, size};
  if (npz_is(file)) {
    npz_read(file, &arena, &members, &count, "fuzz", &st);
    for (size_t i = 0; i < count; i++) write_again(&members[i].array);
  } else if (!npy_read(file, &arena, &array, "fuzz", &st)) {
    write_again(&array);
  }
  arena_clear(&arena);
  return 0;
}
