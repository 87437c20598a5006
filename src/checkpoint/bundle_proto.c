#include "checkpoint/bundle_proto.h"

#include "base/cursor.h"

/* ---- reading ---- */

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

typedef struct Field {
  uint64_t number;
  uint64_t value; /* of numbers */
  Cursor bytes;   /* of strings and messages */
  int wire;
} Field;

/* The next field; false at the end and where the bytes are malformed (c->failed). */
static bool next_field(Cursor *c, Field *f) {
  if (!cursor_left(c)) return false;
  uint64_t tag = cursor_varint(c);
  *f = (Field){.number = tag >> 3, .wire = (int)(tag & 7)};
  if (f->wire == WIRE_VARINT) {
    f->value = cursor_varint(c);
  } else if (f->wire == WIRE_FIXED64) {
    f->value = cursor_u64le(c);
  } else if (f->wire == WIRE_FIXED32) {
    f->value = cursor_u32le(c);
  } else if (f->wire == WIRE_BYTES) {
    Span s = cursor_span(c);
    if (!c->failed) f->bytes = cursor_of(s.data, s.size);
  } else {
    c->failed = true; /* groups are in none of these messages */
  }
  if (!f->number) c->failed = true;
  return !c->failed;
}

static bool is(const Field *f, uint64_t number, int wire) { return f->number == number && f->wire == wire; }

static void read_version(Cursor c, BundleHeader *h, bool *failed) {
  for (Field f; next_field(&c, &f);) {
    if (is(&f, 1, WIRE_VARINT)) h->producer = (int32_t)f.value;
    if (is(&f, 2, WIRE_VARINT)) h->min_consumer = (int32_t)f.value;
    if (is(&f, 3, WIRE_VARINT)) h->refused |= (int32_t)f.value == BUNDLE_VERSION;
    if (is(&f, 3, WIRE_BYTES)) {
      while (cursor_left(&f.bytes)) h->refused |= (int32_t)cursor_varint(&f.bytes) == BUNDLE_VERSION;
      *failed |= f.bytes.failed;
    }
  }
  *failed |= c.failed;
}

TF_Code bundle_header_decode(Span value, BundleHeader *header, TF_Status *st) {
  Cursor c = cursor_of(value.data, value.size);
  bool failed = false;
  *header = (BundleHeader){0};
  for (Field f; next_field(&c, &f);) {
    if (is(&f, 1, WIRE_VARINT)) header->shard_count = (int32_t)f.value;
    if (is(&f, 2, WIRE_VARINT)) header->big_endian = f.value != 0;
    if (is(&f, 3, WIRE_BYTES)) read_version(f.bytes, header, &failed);
  }
  return c.failed || failed ? fail(st, TF_DATA_LOSS, "malformed header entry") : TF_OK;
}

/* How often a message field comes. */
static size_t count_fields(Cursor c, uint64_t number) {
  size_t n = 0;
  for (Field f; next_field(&c, &f);) n += is(&f, number, WIRE_BYTES);
  return n;
}

static TF_Code read_shape(Cursor c, Arena *arena, BundleEntry *e, TF_Status *st) {
  size_t rank = count_fields(c, 2);
  if (rank > TENSOR_SHAPE_MAX_RANK) return fail(st, TF_DATA_LOSS, "a tensor of %zu dimensions", rank);
  int64_t *dims = arena_calloc(arena, rank, sizeof *dims);
  if (!dims) return fail_oom(st, "a shape");
  e->rank = 0;
  e->dims = dims;
  for (Field f; next_field(&c, &f);) {
    if (is(&f, 3, WIRE_VARINT) && f.value) return fail(st, TF_DATA_LOSS, "a tensor of unknown rank");
    if (!is(&f, 2, WIRE_BYTES)) continue;
    int64_t *dim = &dims[e->rank++];
    for (Field g; next_field(&f.bytes, &g);)
      if (is(&g, 1, WIRE_VARINT)) *dim = (int64_t)g.value;
    if (f.bytes.failed || *dim < 0) return fail(st, TF_DATA_LOSS, "a malformed shape");
  }
  return c.failed ? fail(st, TF_DATA_LOSS, "a malformed shape") : TF_OK;
}

static TF_Code read_slice(Cursor c, TensorSlice *slice, TF_Status *st) {
  for (Field f; next_field(&c, &f);) {
    if (!is(&f, 1, WIRE_BYTES)) continue;
    if (slice->rank == SLICE_MAX_RANK)
      return fail(st, TF_DATA_LOSS, "a slice of more than %d dimensions", SLICE_MAX_RANK);
    int64_t start = 0, length = SLICE_FULL;
    for (Field g; next_field(&f.bytes, &g);) {
      if (is(&g, 1, WIRE_VARINT)) start = (int64_t)g.value;
      if (is(&g, 2, WIRE_VARINT)) length = (int64_t)g.value;
    }
    if (f.bytes.failed || start < 0 || length < SLICE_FULL || (length == SLICE_FULL && start))
      return fail(st, TF_DATA_LOSS, "a malformed slice");
    slice->start[slice->rank] = start;
    slice->length[slice->rank++] = length;
  }
  return c.failed ? fail(st, TF_DATA_LOSS, "a malformed slice") : TF_OK;
}

static TF_Code read_slices(Cursor c, size_t count, Arena *arena, BundleEntry *e, TF_Status *st) {
  TensorSlice *slices = arena_calloc(arena, count, sizeof *slices);
  if (!slices) return fail_oom(st, "slices");
  for (Field f; next_field(&c, &f);)
    if (is(&f, 7, WIRE_BYTES)) TRY(read_slice(f.bytes, &slices[e->slice_count++], st));
  e->slices = slices;
  return TF_OK;
}

TF_Code bundle_entry_decode(Span value, Arena *arena, BundleEntry *entry, TF_Status *st) {
  Cursor c = cursor_of(value.data, value.size), all = c;
  size_t slices = 0;
  int64_t offset = 0, size = 0;
  *entry = (BundleEntry){.name = entry->name};
  for (Field f; next_field(&c, &f);) {
    if (is(&f, 1, WIRE_VARINT)) entry->dtype = (TF_DataType)(int32_t)f.value;
    if (is(&f, 2, WIRE_BYTES)) TRY(read_shape(f.bytes, arena, entry, st));
    if (is(&f, 3, WIRE_VARINT)) entry->shard = (int32_t)f.value;
    if (is(&f, 4, WIRE_VARINT)) offset = (int64_t)f.value;
    if (is(&f, 5, WIRE_VARINT)) size = (int64_t)f.value;
    if (is(&f, 6, WIRE_FIXED32)) entry->crc = (uint32_t)f.value;
    if (is(&f, 7, WIRE_BYTES)) slices++;
  }
  if (c.failed || offset < 0 || size < 0 || entry->shard < 0)
    return fail(st, TF_DATA_LOSS, "a malformed entry");
  entry->offset = (uint64_t)offset;
  entry->size = (uint64_t)size;
  return slices ? read_slices(all, slices, arena, entry, st) : TF_OK;
}

/* ---- writing: zeros are left out, as proto3 does ---- */

static void put_varint_field(Bytes *out, int number, uint64_t value) {
  if (!value) return;
  bytes_put_varint(out, (uint64_t)number << 3 | WIRE_VARINT);
  bytes_put_varint(out, value);
}

/* A message field; empties `body`. */
static void put_message_field(Bytes *out, int number, Bytes *body) {
  bytes_put_varint(out, (uint64_t)number << 3 | WIRE_BYTES);
  bytes_put_varint(out, body->size);
  bytes_append(out, body->data, body->size);
  out->failed |= body->failed;
  body->size = 0;
}

void bundle_header_encode(const BundleHeader *header, Bytes *out) {
  Bytes version = {0};
  put_varint_field(out, 1, (uint64_t)(int64_t)header->shard_count);
  put_varint_field(out, 2, header->big_endian);
  put_varint_field(&version, 1, (uint64_t)(int64_t)header->producer);
  put_varint_field(&version, 2, (uint64_t)(int64_t)header->min_consumer);
  put_message_field(out, 3, &version);
  bytes_clear(&version);
}

static void put_slice(Bytes *out, const TensorSlice *slice) {
  Bytes body = {0}, extent = {0};
  for (int i = 0; i < slice->rank; i++) {
    if (slice->length[i] != SLICE_FULL) {
      put_varint_field(&extent, 1, (uint64_t)slice->start[i]);
      bytes_put_varint(&extent, 2 << 3 | WIRE_VARINT); /* a oneof: written even when zero */
      bytes_put_varint(&extent, (uint64_t)slice->length[i]);
    }
    put_message_field(&body, 1, &extent);
  }
  put_message_field(out, 7, &body);
  bytes_clear(&body);
  bytes_clear(&extent);
}

void bundle_entry_encode(const BundleEntry *entry, Bytes *out) {
  Bytes shape = {0}, dim = {0};
  put_varint_field(out, 1, (uint64_t)(int64_t)entry->dtype);
  for (int i = 0; i < entry->rank; i++) {
    put_varint_field(&dim, 1, (uint64_t)entry->dims[i]);
    put_message_field(&shape, 2, &dim);
  }
  put_message_field(out, 2, &shape);
  put_varint_field(out, 3, (uint64_t)entry->shard);
  put_varint_field(out, 4, entry->offset);
  put_varint_field(out, 5, entry->size);
  if (entry->crc) {
    bytes_put_varint(out, 6 << 3 | WIRE_FIXED32);
    bytes_put_u32le(out, entry->crc);
  }
  for (size_t i = 0; i < entry->slice_count; i++) put_slice(out, &entry->slices[i]);
  bytes_clear(&shape);
  bytes_clear(&dim);
}
