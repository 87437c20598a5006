/* The vectors of RFC 3720 B.4 and the masked value that TensorFlow stores for no bytes; every way of
 * cutting the input must give the same sum. */
#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill(uint8_t *p, size_t n) {
  uint32_t x = 12345;
  for (size_t i = 0; i < n; i++) p[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
}

/* Bit by bit, straight from the definition. */
static uint32_t by_definition(const uint8_t *p, size_t n) {
  uint32_t reg = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    reg ^= p[i];
    for (int bit = 0; bit < 8; bit++) reg = (reg >> 1) ^ (reg & 1 ? 0x82f63b78u : 0);
  }
  return ~reg;
}

static void known_vectors(void **state) {
  (void)state;
  uint8_t buf[32];
  memset(buf, 0, 32);
  assert_int_equal(crc32c(buf, 32), 0x8a9136aa);
  memset(buf, 0xff, 32);
  assert_int_equal(crc32c(buf, 32), 0x62a8ab43);
  for (int i = 0; i < 32; i++) buf[i] = (uint8_t)i;
  assert_int_equal(crc32c(buf, 32), 0x46dd794e);
  assert_int_equal(crc32c("123456789", 9), 0xe3069283);
  assert_int_equal(crc32c(NULL, 0), 0);
}

static void masked_form(void **state) {
  (void)state;
  assert_int_equal(crc32c_mask(0), 2726488792u);
  assert_int_equal(crc32c_unmask(2726488792u), 0);
  assert_int_equal(crc32c_unmask(crc32c_mask(0xe3069283)), 0xe3069283);
}

static void sizes_and_offsets(void **state) {
  (void)state;
  size_t n = 40000;
  uint8_t *p = malloc(n);
  fill(p, n);
  for (size_t size = 0; size < 70; size++)
    for (size_t at = 0; at < 9; at++) {
      assert_int_equal(crc32c(p + at, size), by_definition(p + at, size));
      assert_int_equal(crc32c_extend_portable(0, p + at, size), by_definition(p + at, size));
    }
  static const size_t sizes[] = {767, 768, 769, 1536, 12287, 12288, 12289, 13060, 24576, 39991};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t at = 0; at < 9; at++)
      assert_int_equal(crc32c(p + at, sizes[i]), by_definition(p + at, sizes[i]));
  free(p);
}

static void parts(void **state) {
  (void)state;
  uint8_t p[3000];
  fill(p, sizeof p);
  uint32_t whole = by_definition(p, sizeof p);
  for (size_t cut = 0; cut <= sizeof p; cut += 37) {
    uint32_t a = crc32c(p, cut), b = crc32c(p + cut, sizeof p - cut);
    assert_int_equal(crc32c_extend(a, p + cut, sizeof p - cut), whole);
    assert_int_equal(crc32c_extend_portable(a, p + cut, sizeof p - cut), whole);
    assert_int_equal(crc32c_combine(a, b, sizeof p - cut), whole);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_vectors),
      cmocka_unit_test(masked_form),
      cmocka_unit_test(sizes_and_offsets),
      cmocka_unit_test(parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
