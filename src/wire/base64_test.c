/* The vectors of RFC 4648, every byte value, and what is no base64. */
#include "wire/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void vectors(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    Bytes out = {0};
    char back[16];
    size_t size;
    base64_encode(&out, pairs[i][0], strlen(pairs[i][0]));
    assert_string_equal(out.data ? out.data : "", pairs[i][1]);
    for (size_t len = strlen(pairs[i][1]);; len--) { /* with padding and without */
      assert_true(base64_decode(pairs[i][1], len, back, &size) || (len && pairs[i][1][len - 1] == '='));
      if (!len || pairs[i][1][len - 1] != '=') break;
    }
    assert_int_equal(size, strlen(pairs[i][0]));
    assert_memory_equal(back, pairs[i][0], size);
    bytes_clear(&out);
  }
}

static void alphabet(void **state) {
  (void)state;
  static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int c = 0; c < 256; c++) {
    const char *at = c ? strchr(chars, c) : NULL;
    char text[4] = {'A', (char)c, 'A',
                    'A'}; /* bits of the second character: low 4 of byte 0's end, high of byte 1 */
    unsigned char out[8];
    size_t size;
    bool good = base64_decode(text, 4, out, &size);
    if (at) {
      int v = (int)(at - chars);
      assert_true(good && size == 3 && out[0] == v >> 4 && out[1] == (v & 15) << 4 && out[2] == 0);
    } else {
      bool blank = c && strchr(" \t\n\v\f\r", c);
      assert_int_equal(good, blank); /* "A AA" is two bytes */
      if (blank) assert_int_equal(size, 2);
    }
  }
}

static void refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Z", "Zm9vY", "Zg=", "Zg===", "Zm8==", "====", "Zg==Zg==", "Zm9v-", "_m9v", "Zm9v="};
  char out[32];
  size_t size;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(base64_decode(bad[i], strlen(bad[i]), out, &size));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(vectors), cmocka_unit_test(alphabet),
                                     cmocka_unit_test(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
