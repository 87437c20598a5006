/* The C library is the reference: strtod in the C locale, and %g searched for the fewest digits. */
#include "wire/number.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;
static uint64_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static void check_read(const char *text) {
  double v = -1;
  size_t len = strlen(text);
  assert_ptr_equal(number_read_double(text, text + len, &v), text + len);
  double expected = strtod(text, NULL);
  assert_memory_equal(&v, &expected, sizeof v);
}

static void hard_to_read(void **state) {
  (void)state;
  static const char *const texts[] = {"0",
                                      "0.0",
                                      "00012.5",
                                      "1e23",
                                      "8.5e22",
                                      "9007199254740993",
                                      "9007199254740992.999",
                                      "2.2250738585072014e-308",
                                      "2.2250738585072011e-308",
                                      "4.9e-324",
                                      "2.4703282292062327e-324",
                                      "2.4703282292062328e-324",
                                      "1.7976931348623158e308",
                                      "1.7976931348623159e308",
                                      "1e309",
                                      "123456789012345678901234567890",
                                      "0.1000000000000000055511151231257827",
                                      "6.0221e+23",
                                      "1e-5000",
                                      "1e99999999999999999999",
                                      "3.14E0",
                                      "1.",
                                      ".5",
                                      "100000000000000008388608",
                                      "7.8459735791271921e65",
                                      "1448997445238699",
                                      "9214843084008499e-28",
                                      "0.500000000000000166533453693773481063544750213623046875"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_read(texts[i]);
}

static void random_reads(void **state) {
  (void)state;
  char text[64];
  for (int i = 0; i < 100000; i++) {
    double v;
    uint64_t bits = next() >> 1;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v)) continue;
    if (i % 3 == 1) v = (double)(next() >> 11) * 0x1p-53;
    if (i % 3 == 2) v = (double)(next() % 1000000) / 1000;
    snprintf(text, sizeof text, "%.*g", 1 + (int)(next() % 19), v);
    check_read(text);
  }
}

static void ends(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int len;
  } cases[] = {{"12,3", 2}, {"1e", 1}, {"1e+", 1}, {"1ex", 1}, {"1.5.2", 3},
               {"", 0},     {".", 0},  {"e5", 0},  {"-1", 0},  {"inf", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double v;
    const char *text = cases[i].text;
    assert_int_equal(number_read_double(text, text + strlen(text), &v) - text, cases[i].len);
  }
}

static void prints_floats(void **state) {
  (void)state;
  char got[NUMBER_TEXT_MAX], want[64];
  for (int i = 0; i < 100000; i++) {
    float v;
    uint32_t bits = (uint32_t)next();
    memcpy(&v, &bits, sizeof v);
    if (i % 3 == 1) v = (float)(next() % 1000000) / 1000;
    if (i % 3 == 2) v = (float)(next() >> 40) * 0x1p-24f;
    if (!isfinite(v)) continue;
    int digits = 6;
    while (snprintf(want, sizeof want, "%.*g", digits, (double)v), strtof(want, NULL) != v) digits++;
    assert_int_equal(number_put_float(got, v), strlen(want));
    assert_string_equal(got, want);
    snprintf(want, sizeof want, "%.*g", digits == 6 ? 6 : 9, (double)v);
    number_put_float_6_9(got, v);
    assert_string_equal(got, want);
  }
}

static void prints_the_rest(void **state) {
  (void)state;
  char text[NUMBER_TEXT_MAX];
  number_put_double(text, 0.1);
  assert_string_equal(text, "0.1");
  number_put_double(text, 0.1 + 0.2);
  assert_string_equal(text, "0.30000000000000004");
  number_put_double_6_17(text, 1 / 3.0);
  assert_string_equal(text, "0.33333333333333331");
  number_put_double(text, -INFINITY);
  assert_string_equal(text, "-inf");
  number_put_float(text, NAN);
  assert_string_equal(text, "nan");
  assert_int_equal(number_put_i64(text, INT64_MIN), 20);
  assert_string_equal(text, "-9223372036854775808");
  number_put_u64(text, UINT64_MAX);
  assert_string_equal(text, "18446744073709551615");
  number_put_i64(text, 0);
  assert_string_equal(text, "0");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(hard_to_read), cmocka_unit_test(random_reads),
                                     cmocka_unit_test(ends), cmocka_unit_test(prints_floats),
                                     cmocka_unit_test(prints_the_rest)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
