#include "wire/tfrecord.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/crc32c.h"
#include "base/cursor.h"

enum { HEADER = 12, FOOTER = 4 };

TF_Code tfrecord_open(TfrecordReader *reader, const char *path, TF_Status *st) {
  *reader = (TfrecordReader){0};
  TRY(file_map_open(&reader->map, path, st));
  reader->file = file_map_span(reader->map);
  return TF_OK;
}

static TF_Code inflate_all(Span packed, int window_bits, size_t limit, Bytes *out, const char *path,
                           TF_Status *st) {
  z_stream z = {0};
  if (inflateInit2(&z, window_bits) != Z_OK) return fail_oom(st, path);
  z.next_in = (Bytef *)packed.data;
  size_t left = packed.size;
  int result = Z_OK;
  while (result == Z_OK) {
    if (!z.avail_in) {
      z.avail_in = left > UINT_MAX ? UINT_MAX : (uInt)left;
      left -= z.avail_in;
    }
    char *at = bytes_reserve(out, 1 << 16);
    if (!at || out->size > limit) break;
    z.next_out = (Bytef *)at;
    z.avail_out = 1 << 16;
    result = inflate(&z, Z_NO_FLUSH);
    bytes_grow(out, (1 << 16) - z.avail_out);
    if (result == Z_STREAM_END && (z.avail_in || left))
      result = inflateReset(&z); /* gzip members may follow */
  }
  inflateEnd(&z);
  if (out->failed) return fail_oom(st, path);
  if (out->size > limit)
    return fail(st, TF_RESOURCE_EXHAUSTED, "%s: inflates to more than %zu bytes", path, limit);
  if (result != Z_STREAM_END)
    return fail(st, TF_DATA_LOSS, "%s: compressed data is corrupt or cut off", path);
  return TF_OK;
}

TF_Code tfrecord_open_compressed(TfrecordReader *reader, const char *path, TfrecordCompression compression,
                                 size_t limit, TF_Status *st) {
  TRY(tfrecord_open(reader, path, st));
  if (compression == TFRECORD_PLAIN) return TF_OK;
  Bytes inflated = {0};
  int window_bits = compression == TFRECORD_GZIP ? 16 + MAX_WBITS : MAX_WBITS;
  TF_Code code = reader->file.size ? inflate_all(reader->file, window_bits, limit, &inflated, path, st)
                                   : TF_OK;
  reader->inflated = inflated.data;
  reader->file = (Span){inflated.data, inflated.size};
  if (code) tfrecord_close(reader);
  return code;
}

/* The file says where it is broken by the offset of the part that is: the header, or the data behind it. */
static TF_Code truncated(unsigned long long at, TF_Status *st) {
  return fail(st, TF_DATA_LOSS, "truncated record at %llu' failed with Read less bytes than requested", at);
}

static TF_Code corrupted(unsigned long long at, TF_Status *st) {
  return fail(st, TF_DATA_LOSS, "corrupted record at %llu%s", at,
              at ? "" : " (Is this even a TFRecord file?)");
}

TF_Code tfrecord_next(TfrecordReader *reader, Span *record, bool *end, TF_Status *st) {
  uint64_t at = reader->at;
  *record = (Span){0};
  *end = at == reader->file.size;
  if (*end) return TF_OK;
  Cursor c = cursor_of((const char *)reader->file.data + at, reader->file.size - at);
  const uint8_t *header = c.at;
  uint64_t size = cursor_u64le(&c);
  uint32_t crc = cursor_u32le(&c);
  if (c.failed) return truncated(at, st);
  if (crc32c_unmask(crc) != crc32c(header, 8)) return corrupted(at, st);
  const uint8_t *data = size <= cursor_left(&c) ? cursor_take(&c, (size_t)size) : NULL;
  if (!data || cursor_left(&c) < FOOTER) return truncated(at, st);
  crc = cursor_u32le(&c);
  if (crc32c_unmask(crc) != crc32c(data, (size_t)size)) return corrupted(at + HEADER, st);
  *record = (Span){data, (size_t)size};
  reader->at = at + HEADER + size + FOOTER;
  return TF_OK;
}

void tfrecord_close(TfrecordReader *reader) {
  file_map_unref(reader->map);
  free(reader->inflated);
  *reader = (TfrecordReader){0};
}

void tfrecord_append(Bytes *out, Span record) {
  size_t start = out->size;
  bytes_put_u64le(out, record.size);
  if (out->failed) return;
  bytes_put_u32le(out, crc32c_mask(crc32c(out->data + start, 8)));
  bytes_append(out, record.data, record.size);
  bytes_put_u32le(out, crc32c_mask(crc32c(record.data, record.size)));
}
