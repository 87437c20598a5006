/* Against bytes written down by hand from the definition of TensorProto. */
#include "serving/tensor_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) \
  (Span) { text, sizeof(text) - 1 }

typedef struct Form {
  Span proto;
  int dtype, rank;
  int64_t dims[2];
  Span data; /* in memory; not for strings */
} Form;

static const Form good[] = {
    /* float [2]: packed, unpacked, mixed, content; the last value repeated; too many */
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x08\0\0\x80\x3f\0\0\0\x40"),
     1,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\0\x40")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2d\0\0\x80\x3f\x2d\0\0\0\x40"),
     1,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\0\x40")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2d\0\0\x80\x3f\x2a\x04\0\0\0\x40"),
     1,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\0\x40")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x22\x08\0\0\x80\x3f\0\0\0\x40"),
     1,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\0\x40")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x04\0\0\x80\x3f"),
     1,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\x80\x3f")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x08\0\0\x80\x3f\0\0\0\x40"),
     1,
     1,
     {1},
     BYTES("\0\0\x80\x3f")},
    {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02"), 1, 1, {2}, BYTES("\0\0\0\0\0\0\0\0")},
    /* scalars: int32 -1 as ten bytes, int64, uint8, bool, half bits, double */
    {BYTES("\x08\x03\x3a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 3, 0, {0}, BYTES("\xff\xff\xff\xff")},
    {BYTES("\x08\x09\x52\x02\x80\x01"), 9, 0, {0}, BYTES("\x80\0\0\0\0\0\0\0")},
    {BYTES("\x08\x04\x38\xc8\x01"), 4, 0, {0}, BYTES("\xc8")},
    {BYTES("\x08\x0a\x58\x05"), 10, 0, {0}, BYTES("\x01")},
    {BYTES("\x08\x0a\x22\x01\x07"), 10, 0, {0}, BYTES("\x01")},
    {BYTES("\x08\x13\x6a\x02\x80\x78"), 19, 0, {0}, BYTES("\0\x3c")},
    {BYTES("\x08\x02\x32\x08\0\0\0\0\0\0\xf0\x3f"), 2, 0, {0}, BYTES("\0\0\0\0\0\0\xf0\x3f")},
    /* complex64 [2], the second repeated from the first; half a number is dropped */
    {BYTES("\x08\x08\x12\x04\x12\x02\x08\x02\x4a\x0c\0\0\x80\x3f\0\0\0\x40\0\0\x80\x3f"),
     8,
     1,
     {2},
     BYTES("\0\0\x80\x3f\0\0\0\x40\0\0\x80\x3f\0\0\0\x40")},
    /* [0, 3]: an absent size is zero */
    {BYTES("\x08\x01\x12\x06\x12\0\x12\x02\x08\x03"), 1, 2, {0, 3}, BYTES("")},
    /* fields it does not know */
    {BYTES("\x08\x01\xa2\x06\x01z\x18\x05\x2a\x04\0\0\x80\x3f"), 1, 0, {0}, BYTES("\0\0\x80\x3f")},
};

static void test_decode(void **state) {
  (void)state;
  TF_Status *st = TF_NewStatus();
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    const Form *f = &good[i];
    TF_Tensor *t;
    if (tensor_decode(f->proto, &t, st)) fail_msg("case %zu: %s", i, TF_Message(st));
    assert_int_equal(TF_TensorType(t), f->dtype);
    assert_int_equal(TF_NumDims(t), f->rank);
    for (int k = 0; k < f->rank; k++) assert_int_equal(TF_Dim(t, k), f->dims[k]);
    assert_int_equal(TF_TensorByteSize(t), f->data.size);
    if (f->data.size) assert_memory_equal(TF_TensorData(t), f->data.data, f->data.size);
    TF_DeleteTensor(t);
  }
  TF_DeleteStatus(st);
}

static void test_decode_bad(void **state) {
  (void)state;
  static const Span bad[] = {
      BYTES(""),                                                                     /* no type */
      BYTES("\x08\x63"),                                                             /* no such type */
      BYTES("\x08\x14"),                                                             /* a resource */
      BYTES("\x08\x01\x12\x02\x18\x01"),                                             /* unknown rank */
      BYTES("\x08\x01\x12\x0d\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* size -1 */
      BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x22\x07\0\0\x80\x3f\0\0\0"),           /* 7 bytes for 8 */
      BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x03\0\0\x80"),                     /* 3 bytes of floats */
      BYTES("\x08\x01\x12\x04\x12\x02"),                                             /* cut */
      BYTES("\x08\x01\x12\x0c\x12\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),     /* 2^63 - 1 elements */
      BYTES("\x08\x01\x12\x08\x12\x06\x08\x80\x80\x80\x80\x10"),                     /* 4 GiB of zeros */
      BYTES("\x08\x03\x3a\x01\x80"),                              /* a varint without end */
      BYTES("\x08\x07\x12\x04\x12\x02\x08\x02\x22\x03\x01\x05x"), /* strings beyond their content */
  };
  TF_Status *st = TF_NewStatus();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    TF_Tensor *t;
    TF_SetStatus(st, TF_OK, "");
    if (tensor_decode(bad[i], &t, st) != TF_INVALID_ARGUMENT) fail_msg("case %zu", i);
    assert_null(t);
  }
  TF_DeleteStatus(st);
}

static void test_strings(void **state) {
  (void)state;
  static const Span forms[] = {
      BYTES("\x08\x07\x12\x04\x12\x02\x08\x03\x42\x02\x61\0\x42\x1e"
            "a string longer than 22 bytes.\x42\0"),
      BYTES("\x08\x07\x12\x04\x12\x02\x08\x03\x22\x23\x02\x1e\0\x61\0"
            "a string longer than 22 bytes."),
  };
  TF_Status *st = TF_NewStatus();
  for (size_t i = 0; i < 2; i++) {
    TF_Tensor *t;
    Bytes out = {0};
    size_t size;
    assert_int_equal(tensor_decode(forms[i], &t, st), TF_OK);
    const TF_TString *texts = TF_TensorData(t);
    assert_int_equal(TF_StringGetSize(&texts[0]), 2);
    assert_memory_equal(TF_StringGetDataPointer(&texts[0]), "a", 2);
    assert_int_equal(TF_StringGetSize(&texts[1]), 30);
    assert_memory_equal(TF_StringGetDataPointer(&texts[1]), "a string longer than 22 bytes.", 30);
    assert_int_equal(TF_StringGetSize(&texts[2]), 0);
    assert_true(tensor_encoded_size(t, true, &size)); /* strings never go into tensor_content */
    tensor_encode(t, true, &out);
    assert_int_equal(out.size, forms[0].size);
    assert_int_equal(size, out.size);
    assert_memory_equal(out.data, forms[0].data, out.size);
    bytes_clear(&out);
    TF_DeleteTensor(t);
  }
  TF_DeleteStatus(st);
}

static void test_encode(void **state) {
  (void)state;
  static const struct {
    Span typed, content;
  } cases[] = {
      {BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x08\0\0\x80\x3f\0\0\0\x40"),
       BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x22\x08\0\0\x80\x3f\0\0\0\x40")},
      {BYTES("\x08\x03\x12\0\x3a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
       BYTES("\x08\x03\x12\0\x22\x04\xff\xff\xff\xff")},
      {BYTES("\x08\x09\x12\0\x52\x02\x80\x01"), BYTES("\x08\x09\x12\0\x22\x08\x80\0\0\0\0\0\0\0")},
      {BYTES("\x08\x0a\x12\0\x5a\x01\x01"), BYTES("\x08\x0a\x12\0\x22\x01\x01")},
      {BYTES("\x08\x13\x12\0\x6a\x02\x80\x78"), BYTES("\x08\x13\x12\0\x22\x02\0\x3c")},
      {BYTES("\x08\x17\x12\0\x8a\x01\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
       BYTES("\x08\x17\x12\0\x22\x08\xff\xff\xff\xff\xff\xff\xff\xff")},
      {BYTES("\x08\x01\x12\x06\x12\0\x12\x02\x08\x03"), BYTES("\x08\x01\x12\x06\x12\0\x12\x02\x08\x03")},
  };
  TF_Status *st = TF_NewStatus();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int as_content = 0; as_content < 2; as_content++) {
      Span want = as_content ? cases[i].content : cases[i].typed;
      TF_Tensor *t;
      Bytes out = {0};
      size_t size;
      assert_int_equal(tensor_decode(as_content ? cases[i].typed : cases[i].content, &t, st), TF_OK);
      assert_true(tensor_encoded_size(t, as_content, &size));
      tensor_encode(t, as_content, &out);
      if (size != want.size || out.size != want.size || memcmp(out.data, want.data, size))
        fail_msg("case %zu", i);
      bytes_clear(&out);
      TF_DeleteTensor(t);
    }
  }
  TF_DeleteStatus(st);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_decode), cmocka_unit_test(test_decode_bad),
                                     cmocka_unit_test(test_strings), cmocka_unit_test(test_encode)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
