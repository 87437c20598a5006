/* The .npz file: a zip archive of .npy files, as far as NumPy uses zip.
 *
 *   local header, name, data      for each member
 *   central directory             a header for each member with the offset of its local one
 *   end of central directory      in zip64 preceded by a larger one and a pointer to it
 */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "base/cursor.h"
#include "wire/npy.h"

enum {
  LOCAL = 0x04034b50,
  CENTRAL = 0x02014b50,
  END = 0x06054b50,
  END64 = 0x06064b50,
  END64_AT = 0x07064b50,
  END_SIZE = 22,
  END64_AT_SIZE = 20,
  CENTRAL_SIZE = 46,
  STORED = 0,
  DEFLATED = 8,
  EXTRA_ZIP64 = 1,
  VERSION = 45, /* that knows zip64 */
  UTF8_NAME = 0x800,
  DATE_1980 = 0x21, /* NumPy's date: archives of equal arrays are equal */
};
static const uint32_t IN_ZIP64 = UINT32_MAX; /* in a 32-bit field: see the extra field */

bool npz_is(Span file) { return file.size >= 4 && !memcmp(file.data, "PK", 2); }

static uint32_t u16(Cursor *c) {
  uint32_t low = cursor_u8(c);
  return low | (uint32_t)cursor_u8(c) << 8;
}

static Cursor at_offset(Span file, uint64_t offset) {
  if (offset > file.size) {
    Cursor none = cursor_of(NULL, 0);
    none.failed = true;
    return none;
  }
  return cursor_of((const uint8_t *)file.data + offset, file.size - (size_t)offset);
}

/* ---- reading ---- */

typedef struct Member {
  Span name;
  uint32_t method, crc, flags;
  uint64_t packed, size, offset;
} Member;

static bool find_directory(Span file, uint64_t *offset, uint64_t *count) {
  const uint8_t *data = file.data;
  if (file.size < END_SIZE) return false;
  size_t first = file.size - END_SIZE, last = first > 65535 ? first - 65535 : 0; /* a comment may follow */
  for (size_t at = first;; at--) {
    Cursor c = at_offset(file, at);
    if (data[at] == 'P' && cursor_u32le(&c) == END) {
      cursor_take(&c, 6);
      *count = u16(&c);
      cursor_u32le(&c);
      *offset = cursor_u32le(&c);
      if (at < END64_AT_SIZE) return true;
      c = at_offset(file, at - END64_AT_SIZE);
      if (cursor_u32le(&c) != END64_AT) return true;
      cursor_u32le(&c);
      c = at_offset(file, cursor_u64le(&c));
      if (cursor_u32le(&c) != END64) return false;
      cursor_take(&c, 28);
      *count = cursor_u64le(&c);
      cursor_u64le(&c);
      *offset = cursor_u64le(&c);
      return !c.failed;
    }
    if (at == last) return false;
  }
}

/* Sizes and offset that did not fit are in the zip64 extra field, in this order. */
static bool read_zip64(Cursor extra, Member *m) {
  while (cursor_left(&extra) >= 4) {
    uint32_t id = u16(&extra), size = u16(&extra);
    const uint8_t *data = cursor_take(&extra, size);
    if (!data) return false;
    if (id != EXTRA_ZIP64) continue;
    Cursor c = cursor_of(data, size);
    if (m->size == IN_ZIP64) m->size = cursor_u64le(&c);
    if (m->packed == IN_ZIP64) m->packed = cursor_u64le(&c);
    if (m->offset == IN_ZIP64) m->offset = cursor_u64le(&c);
    return !c.failed;
  }
  return true;
}

static bool read_central(Cursor *c, Member *m) {
  if (cursor_u32le(c) != CENTRAL) return false;
  cursor_u32le(c);
  m->flags = u16(c);
  m->method = u16(c);
  cursor_u32le(c);
  m->crc = cursor_u32le(c);
  m->packed = cursor_u32le(c);
  m->size = cursor_u32le(c);
  uint32_t name = u16(c), extra = u16(c), comment = u16(c);
  cursor_u64le(c);
  m->offset = cursor_u32le(c);
  m->name = (Span){cursor_take(c, name), name};
  const uint8_t *more = cursor_take(c, extra);
  cursor_take(c, comment);
  return !c->failed && read_zip64(cursor_of(more, extra), m);
}

static TF_Code inflate_member(Span packed, void *out, size_t size, const char *what, TF_Status *st) {
  z_stream z = {0};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return fail_oom(st, what);
  uint8_t *to = out;
  uint8_t
      spare; /* zlib wants room even for no bytes, and shows here when there are more than there should be */
  const uint8_t *from = packed.data;
  size_t left_in = packed.size, left_out = size;
  int result = Z_OK;
  while (result == Z_OK) {
    size_t in = left_in > UINT_MAX ? UINT_MAX : left_in, room = left_out > UINT_MAX ? UINT_MAX : left_out;
    z.next_in = (Bytef *)from;
    z.avail_in = (uInt)in;
    z.next_out = room ? to : &spare;
    z.avail_out = room ? (uInt)room : 1;
    result = inflate(&z, Z_NO_FLUSH);
    from += in - z.avail_in;
    left_in -= in - z.avail_in;
    if (!room && !z.avail_out) break;
    if (room) {
      to += room - z.avail_out;
      left_out -= room - z.avail_out;
    }
  }
  inflateEnd(&z);
  if (result != Z_STREAM_END || left_out)
    return fail(st, TF_DATA_LOSS, "%s: compressed data is corrupt", what);
  return TF_OK;
}

static TF_Code read_member(Span file, const Member *m, Arena *arena, Span *out, const char *what,
                           TF_Status *st) {
  Cursor c = at_offset(file, m->offset);
  bool local = cursor_u32le(&c) == LOCAL;
  cursor_take(&c, 22);
  uint32_t name = u16(&c), extra = u16(&c);
  cursor_take(&c, name);
  cursor_take(&c, extra);
  const uint8_t *data = m->packed <= cursor_left(&c) ? cursor_take(&c, (size_t)m->packed) : NULL;
  if (!local || !data || c.failed) return fail(st, TF_DATA_LOSS, "%s: the archive is cut off", what);
  if (m->flags & 1) return fail(st, TF_UNIMPLEMENTED, "%s: encrypted archives are not read", what);
  *out = (Span){data, (size_t)m->packed};
  if (m->method == DEFLATED) {
    /* Deflate makes at most 1032 bytes of one. */
    if (m->size / 1032 > m->packed) return fail(st, TF_DATA_LOSS, "%s: compressed data is corrupt", what);
    void *inflated = arena_alloc(arena, (size_t)m->size);
    if (!inflated) return fail_oom(st, what);
    TRY(inflate_member(*out, inflated, (size_t)m->size, what, st));
    *out = (Span){inflated, (size_t)m->size};
  } else if (m->method != STORED) {
    return fail(st, TF_UNIMPLEMENTED, "%s: compression method %u is not read", what, m->method);
  } else if (m->size != m->packed) {
    return fail(st, TF_DATA_LOSS, "%s: a stored member has two sizes", what);
  }
  if (crc32_z(0, out->data, out->size) != m->crc)
    return fail(st, TF_DATA_LOSS, "%s: checksum does not match", what);
  return TF_OK;
}

TF_Code npz_read(Span file, Arena *arena, NpzMember **out, size_t *count, const char *what, TF_Status *st) {
  uint64_t offset, members;
  *out = NULL;
  *count = 0;
  if (!find_directory(file, &offset, &members))
    return fail(st, TF_INVALID_ARGUMENT, "%s: not a .npz file", what);
  if (members > file.size / CENTRAL_SIZE) return fail(st, TF_DATA_LOSS, "%s: the archive is cut off", what);
  NpzMember *list = arena_calloc(arena, (size_t)members + 1, sizeof *list);
  if (!list) return fail_oom(st, what);
  Cursor c = at_offset(file, offset);
  uint64_t stored = 0; /* members that overlap would let a small file unpack to any size */
  size_t n = 0;
  for (uint64_t i = 0; i < members; i++) {
    Member m;
    if (!read_central(&c, &m))
      return fail(st, TF_DATA_LOSS, "%s: the archive's directory is malformed", what);
    if (m.name.size < 4 || memcmp((const char *)m.name.data + m.name.size - 4, ".npy", 4)) continue;
    if (m.packed > file.size || (stored += m.packed) > file.size)
      return fail(st, TF_DATA_LOSS, "%s: the archive is cut off", what);
    const char *name = arena_strndup(arena, m.name.data, m.name.size - 4);
    const char *where = name ? arena_printf(arena, "%s: %s", what, name) : NULL;
    if (!where) return fail_oom(st, what);
    Span data;
    TRY(read_member(file, &m, arena, &data, where, st));
    TRY(npy_read(data, arena, &list[n].array, where, st));
    list[n++].name = name;
  }
  *out = list;
  *count = n;
  return TF_OK;
}

/* ---- writing ---- */

static void put_u16(Bytes *out, uint32_t v) {
  bytes_putc(out, (char)v);
  bytes_putc(out, (char)(v >> 8));
}

/* What local and central headers share, from the version on. */
static void put_common(Bytes *out, uint32_t crc, uint64_t size, size_t name, uint32_t extra) {
  put_u16(out, VERSION);
  put_u16(out, UTF8_NAME);
  put_u16(out, STORED);
  put_u16(out, 0);
  put_u16(out, DATE_1980);
  bytes_put_u32le(out, crc);
  bytes_put_u32le(out, size >= IN_ZIP64 ? IN_ZIP64 : (uint32_t)size);
  bytes_put_u32le(out, size >= IN_ZIP64 ? IN_ZIP64 : (uint32_t)size);
  put_u16(out, (uint32_t)name);
  put_u16(out, extra);
}

/* The zip64 extra field of that many bytes: sizes, and the offset where the header has one. */
static void put_zip64(Bytes *out, uint64_t size, const uint64_t *offset, uint32_t extra) {
  if (!extra) return;
  put_u16(out, EXTRA_ZIP64);
  put_u16(out, extra - 4);
  if (size >= IN_ZIP64) {
    bytes_put_u64le(out, size);
    bytes_put_u64le(out, size);
  }
  if (offset && *offset >= IN_ZIP64) bytes_put_u64le(out, *offset);
}

static void put_central(Bytes *out, const char *name, uint32_t crc, uint64_t size, uint64_t offset) {
  uint32_t extra = (size >= IN_ZIP64 ? 16 : 0) + (offset >= IN_ZIP64 ? 8 : 0);
  if (extra) extra += 4;
  bytes_put_u32le(out, CENTRAL);
  put_u16(out, 3 << 8 | VERSION); /* made on Unix */
  put_common(out, crc, size, strlen(name) + 4, extra);
  put_u16(out, 0);
  put_u16(out, 0);
  put_u16(out, 0);
  bytes_put_u32le(out, 0644u << 16);
  bytes_put_u32le(out, offset >= IN_ZIP64 ? IN_ZIP64 : (uint32_t)offset);
  bytes_puts(out, name);
  bytes_puts(out, ".npy");
  put_zip64(out, size, &offset, extra);
}

TF_Code npz_add(NpzWriter *w, const char *name, const NpyArray *array, TF_Status *st) {
  Bytes npy = {0};
  TF_Code code = npy_write(array, &npy, st);
  if (!code && strlen(name) > UINT16_MAX - 4)
    code = fail(st, TF_INVALID_ARGUMENT, "name is too long for a .npz file");
  if (code) {
    bytes_clear(&npy);
    return code;
  }
  uint64_t offset = w->out->size, size = npy.size;
  uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)npy.data, npy.size), extra = size >= IN_ZIP64 ? 20 : 0;
  bytes_put_u32le(w->out, LOCAL);
  put_common(w->out, crc, size, strlen(name) + 4, extra);
  bytes_puts(w->out, name);
  bytes_puts(w->out, ".npy");
  put_zip64(w->out, size, NULL, extra);
  bytes_append(w->out, npy.data, npy.size);
  bytes_clear(&npy);
  put_central(&w->directory, name, crc, size, offset);
  w->members++;
  TRY(bytes_finish(w->out, ".npz file", st));
  return bytes_finish(&w->directory, ".npz file", st);
}

TF_Code npz_finish(NpzWriter *w, TF_Status *st) {
  uint64_t offset = w->out->size, size = w->directory.size;
  bytes_append(w->out, w->directory.data, w->directory.size);
  bytes_clear(&w->directory);
  bool zip64 = offset >= IN_ZIP64 || size >= IN_ZIP64 || w->members >= UINT16_MAX;
  if (zip64) {
    uint64_t at = w->out->size;
    bytes_put_u32le(w->out, END64);
    bytes_put_u64le(w->out, 44);
    put_u16(w->out, 3 << 8 | VERSION);
    put_u16(w->out, VERSION);
    bytes_put_u64le(w->out, 0);
    bytes_put_u64le(w->out, w->members);
    bytes_put_u64le(w->out, w->members);
    bytes_put_u64le(w->out, size);
    bytes_put_u64le(w->out, offset);
    bytes_put_u32le(w->out, END64_AT);
    bytes_put_u32le(w->out, 0);
    bytes_put_u64le(w->out, at);
    bytes_put_u32le(w->out, 1);
  }
  uint32_t members = w->members >= UINT16_MAX ? UINT16_MAX : (uint32_t)w->members;
  bytes_put_u32le(w->out, END);
  bytes_put_u32le(w->out, 0);
  put_u16(w->out, members);
  put_u16(w->out, members);
  bytes_put_u32le(w->out, zip64 && size >= IN_ZIP64 ? IN_ZIP64 : (uint32_t)size);
  bytes_put_u32le(w->out, zip64 && offset >= IN_ZIP64 ? IN_ZIP64 : (uint32_t)offset);
  put_u16(w->out, 0); /* no comment */
  return bytes_finish(w->out, ".npz file", st);
}
