/* layers: checkpoint */
/* The bytes as PREFIX.index of a V2 checkpoint (and as its data file), and as a V1 checkpoint. Checksums of
 * blocks are put right first, or nothing would get past them. What opens must list its entries in order and
 * find each. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/status_impl.h"
#include "checkpoint/checkpoint_reader.h"
#include "checkpoint/sstable.h"
#include "tensor/tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[32];
static char prefix[64], index_path[128], data_path[128], v1_path[128];

static void clean_up(void) {
  remove(index_path);
  remove(data_path);
  remove(v1_path);
  remove(dir);
}

static void set_up(void) {
  if (*prefix) return;
  /* In memory where possible: files cut and written again thousands of times keep a disk busy. */
  snprintf(dir, sizeof dir, "%s/fuzz_index_XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
  if (!mkdtemp(dir)) abort();
  snprintf(prefix, sizeof prefix, "%s/x", dir);
  snprintf(index_path, sizeof index_path, "%s.index", prefix);
  snprintf(data_path, sizeof data_path, "%s.data-00000-of-00001", prefix);
  snprintf(v1_path, sizeof v1_path, "%s/v1", dir);
  atexit(clean_up);
}

static void put_file(const char *path, const uint8_t *data, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  close(fd);
}

static void fix_block(uint8_t *file, size_t size, uint64_t offset, uint64_t block) {
  if (offset > size || block > size - offset || size - offset - block < 5) return;
  uint32_t crc = crc32c_mask(crc32c(file + offset, (size_t)block + 1));
  for (int i = 0; i < 4; i++) file[offset + block + 1 + (size_t)i] = (uint8_t)(crc >> (8 * i));
}

/* The data blocks that the index block names, then the index block. */
static void fix_checksums(uint8_t *file, size_t size) {
  TF_Status st = {0};
  Table t;
  if (table_open(&t, (Span){file, size}, &st)) return;
  if (t.index_offset <= size && t.index_size <= size - t.index_offset) {
    Cursor c = cursor_of(file + t.index_offset, (size_t)t.index_size);
    for (int i = 0; i < 64 && cursor_left(&c); i++) {
      cursor_varint(&c);
      uint64_t key = cursor_varint(&c), value = cursor_varint(&c);
      if (key > cursor_left(&c)) break;
      cursor_take(&c, (size_t)key);
      if (value > cursor_left(&c)) break;
      Cursor handle = cursor_of(cursor_take(&c, (size_t)value), (size_t)value);
      uint64_t offset = cursor_varint(&handle), block = cursor_varint(&handle);
      if (!handle.failed) fix_block(file, size, offset, block);
    }
  }
  fix_block(file, size, t.index_offset, t.index_size);
}

static void read_everything(const char *name) {
  TF_Status st = {0};
  CheckpointReader *r;
  if (checkpoint_reader_open(&r, name, &st)) return;
  const TensorBundle *b = checkpoint_reader_bundle(r);
  for (size_t i = 0; b && i < tensor_bundle_entry_count(b); i++)
    if (tensor_bundle_find(b, tensor_bundle_entry_at(b, i)->name) != tensor_bundle_entry_at(b, i)) abort();
  if (b) tensor_bundle_verify(b, NULL, NULL, &(TF_Status){0});
  for (size_t i = 0; i < checkpoint_reader_count(r) && i < 100; i++) {
    const CheckpointEntry *e = checkpoint_reader_at(r, i);
    if (checkpoint_reader_find(r, e->name) != e) abort();
    Bytes spec = {0};
    for (int k = 0; k < e->rank && k < SLICE_MAX_RANK; k++)
      bytes_printf(&spec, "%lld ", (long long)e->dims[k]);
    for (int k = 0; k < e->rank && k < SLICE_MAX_RANK; k++) bytes_puts(&spec, k ? ":0,1" : "0,1");
    Span specs[] = {{0}, {spec.data, spec.size}};
    for (int k = 0; k < 2; k++) {
      TF_Tensor *t;
      TF_Status read = {0};
      checkpoint_reader_read(r, e->name, specs[k], &t, &read);
      TF_DeleteTensor(t);
    }
    bytes_clear(&spec);
  }
  checkpoint_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  set_up();
  uint8_t *file = malloc(size + 1);
  if (!file) return 0;
  memcpy(file, data, size);
  fix_checksums(file, size);
  put_file(index_path, file, size);
  put_file(data_path, file, size);
  put_file(v1_path, file, size);
  free(file);
  read_everything(prefix);
  read_everything(v1_path);
  return 0;
}
