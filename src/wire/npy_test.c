/* Files written by NumPy 1.26; its headers are padded with blanks to byte 127, then a newline. */
#include "wire/npy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "base/status_impl.h"

#include <cmocka.h>

enum { HEADER = 128 };

/* A file as NumPy makes it of this dict and data. */
static Bytes file_of(const char *dict, const void *data, size_t size) {
  Bytes b = {0};
  bytes_append(&b, "\223NUMPY\001\000v\000", 10);
  bytes_puts(&b, dict);
  while (b.size < HEADER - 1) bytes_putc(&b, ' ');
  bytes_putc(&b, '\n');
  bytes_append(&b, data, size);
  return b;
}

static void reads_numbers(void **state) {
  (void)state;
  TF_Status st = {0};
  Arena arena = {0};
  NpyArray a;
  Bytes file = file_of("{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }",
                       "\0\0\0\1\0\0\0\4\0\0\0\2\0\0\0\5\0\0\0\3\0\0\0\6", 24);
  assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "a.npy", &st), TF_OK);
  assert_true(a.dtype == TF_INT32 && a.rank == 2 && a.shape[0] == 2 && a.shape[1] == 3 && a.count == 6);
  static const int32_t expected[] = {1, 2, 3, 4, 5, 6};
  assert_memory_equal(a.data.data, expected, 24);
  bytes_clear(&file);
  file = file_of("{'descr': '<u2', 'fortran_order': False, 'shape': (), }", "\7\0", 2);
  assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "a.npy", &st), TF_OK);
  assert_true(a.dtype == TF_UINT16 && a.rank == 0 && a.count == 1);
  assert_ptr_equal(a.data.data, file.data + HEADER); /* no copy */
  bytes_clear(&file);
  file = file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5), }", "", 0);
  assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "a.npy", &st), TF_OK);
  assert_true(a.dtype == TF_DOUBLE && a.rank == 2 && a.shape[1] == 5 && a.count == 0);
  bytes_clear(&file);
  arena_clear(&arena);
}

static void reads_strings(void **state) {
  (void)state;
  TF_Status st = {0};
  Arena arena = {0};
  NpyArray a;
  Bytes file = file_of("{'descr': '<U3', 'fortran_order': False, 'shape': (3,), }",
                       "\351\0\0\0\0\0\0\0\0\0\0\0\345e\0\0,g\0\0x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 36);
  assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "a.npy", &st), TF_OK);
  assert_true(a.dtype == TF_STRING && a.count == 3);
  assert_int_equal(a.strings[0].size, 2);
  assert_memory_equal(a.strings[0].data, "\303\251", 2);
  assert_int_equal(a.strings[1].size, 7);
  assert_memory_equal(a.strings[1].data, "\346\227\245\346\234\254x", 7);
  assert_int_equal(a.strings[2].size, 0);
  bytes_clear(&file);
  file = file_of("{'descr': '|S3', 'fortran_order': False, 'shape': (3,), }", "ab\0c\0d\0\0\0", 9);
  assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "a.npy", &st), TF_OK);
  assert_int_equal(a.strings[0].size, 2);
  assert_int_equal(a.strings[1].size, 3);
  assert_memory_equal(a.strings[1].data, "c\0d", 3);
  assert_int_equal(a.strings[2].size, 0);
  bytes_clear(&file);
  arena_clear(&arena);
}

static void refuses(void **state) {
  (void)state;
  static const struct {
    const char *dict;
    TF_Code code;
  } cases[] = {
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", TF_UNIMPLEMENTED},
      {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", TF_UNIMPLEMENTED},
      {"{'descr': '<M8[D]', 'fortran_order': False, 'shape': (1,), }", TF_UNIMPLEMENTED},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", TF_UNIMPLEMENTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
       TF_INVALID_ARGUMENT}, /* 16 bytes follow */
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", TF_INVALID_ARGUMENT},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", TF_INVALID_ARGUMENT},
      {"{'descr': '|S0', 'fortran_order': False, 'shape': (999999999,), }", TF_INVALID_ARGUMENT},
      {"{'descr': '<f4', 'fortran_order': False, }", TF_INVALID_ARGUMENT},
      {"{'descr': '<f4'", TF_INVALID_ARGUMENT},
      {"no dict", TF_INVALID_ARGUMENT},
  };
  for (size_t i = 0; i < SM_COUNTOF(cases); i++) {
    Arena arena = {0};
    TF_Status st = {0};
    NpyArray a;
    Bytes file = file_of(cases[i].dict, "0123456789abcdef", 16);
    assert_int_equal(npy_read((Span){file.data, file.size}, &arena, &a, "x.npy", &st), cases[i].code);
    assert_int_equal(strncmp(st.message, "x.npy: ", 7), 0);
    bytes_clear(&file);
    arena_clear(&arena);
  }
}

static void writes(void **state) {
  (void)state;
  TF_Status st = {0};
  Bytes out = {0};
  static const float data[] = {1.5f, -2};
  NpyArray a = {.dtype = TF_FLOAT, .rank = 2, .shape = {1, 2}, .count = 2, .data = {data, sizeof data}};
  assert_int_equal(npy_write(&a, &out, &st), TF_OK);
  assert_int_equal(out.size % 64, 8);
  assert_int_equal((unsigned char)out.data[8] + 10, out.size - 8);
  assert_memory_equal(out.data, "\223NUMPY\001\000", 8);
  assert_memory_equal(out.data + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", 58);
  assert_int_equal(out.data[out.size - 9], '\n');
  assert_memory_equal(out.data + out.size - 8, "\0\0\300\077\0\0\0\300", 8);
  bytes_clear(&out);
  Span strings[] = {{"ab", 2}, {"", 0}, {"c\0d", 3}};
  a = (NpyArray){.dtype = TF_STRING, .rank = 1, .shape = {3}, .count = 3, .strings = strings};
  assert_int_equal(npy_write(&a, &out, &st), TF_OK);
  assert_memory_equal(out.data + 10, "{'descr': '|S3', 'fortran_order': False, 'shape': (3,), }", 56);
  assert_memory_equal(out.data + out.size - 9, "ab\0\0\0\0c\0d", 9);
  bytes_clear(&out);
  strings[0].size = 3; /* "ab\0" would lose its end */
  assert_int_equal(npy_write(&a, &out, &st), TF_UNIMPLEMENTED);
  bytes_clear(&out);
}

/* np.savez_compressed(w=np.array([1, 2, 3], 'i2')): a deflated member with zip64 sizes. */
static const char deflated[] =
    "PK\003\004-\000\000\000\010\000\000\000!\000`"
    "\202\000\221\377\377\377\377\377\377\377\377\005\000\024\000w.npy\001\000"
    "\020\000\206\000\000\000\000\000\000\000J\000\000\000\000\000\000\000\233\354\027\352\033\020\311\310P"
    "\306P\255\236\222Z"
    "\234\134\244n\245\240n\223i\244\256\243\240\236\226_TR\224\230\027\237_\224\222\012\022wK\314)"
    "N\005\212\027g$\026\244\002"
    "\371\032\306:\232:\012\265\012\024\000.F\006&\006f\006\000PK\001\002-\003-\000\000\000\010\000\000\000!"
    "\000`\202\000\221J"
    "\000\000\000\206\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\000\000\000\000w."
    "npyPK\005\006\000"
    "\000\000\000\001\000\001\0003\000\000\000\201\000\000\000\000\000";

static void archives(void **state) {
  (void)state;
  TF_Status st = {0};
  Arena arena = {0};
  NpzMember *members;
  size_t count;
  Span file = {deflated, sizeof deflated - 1};
  assert_true(npz_is(file));
  assert_int_equal(npz_read(file, &arena, &members, &count, "a.npz", &st), TF_OK);
  assert_int_equal(count, 1);
  assert_string_equal(members[0].name, "w");
  assert_int_equal(members[0].array.dtype, TF_INT16);
  assert_memory_equal(members[0].array.data.data, "\1\0\2\0\3\0", 6);
  Bytes out = {0};
  NpzWriter w = {.out = &out};
  NpzMember *again;
  for (int i = 0; i < 3; i++)
    assert_int_equal(npz_add(&w, i ? "other" : "w/x", &members[0].array, &st), TF_OK);
  assert_int_equal(npz_finish(&w, &st), TF_OK);
  assert_int_equal(npz_read((Span){out.data, out.size}, &arena, &again, &count, "b.npz", &st), TF_OK);
  assert_int_equal(count, 3);
  assert_string_equal(again[0].name, "w/x");
  assert_memory_equal(again[2].array.data.data, "\1\0\2\0\3\0", 6);
  bytes_clear(&out);
  char broken[sizeof deflated];
  memcpy(broken, deflated, sizeof deflated);
  broken[70] ^= 4; /* in the compressed data */
  assert_int_equal(npz_read((Span){broken, sizeof deflated - 1}, &arena, &members, &count, "c.npz", &st),
                   TF_DATA_LOSS);
  assert_int_equal(npz_read((Span){deflated, 100}, &arena, &members, &count, "d.npz", &st),
                   TF_INVALID_ARGUMENT);
  arena_clear(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_numbers), cmocka_unit_test(reads_strings), cmocka_unit_test(refuses),
      cmocka_unit_test(writes),        cmocka_unit_test(archives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
