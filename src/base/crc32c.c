/* CRC32C three ways: the CPU's crc32 instruction on three interleaved streams, and a table-driven
 * version (slicing by 8) for machines that lack it.
 *
 * All of them work on the register, the complement of the checksum. A register is a polynomial over
 * GF(2) of degree below 32, bit 31 being the coefficient of x^0; appending n zero bytes multiplies it
 * by x^(8n) modulo the Castagnoli polynomial. The instruction has a latency of 3 cycles and starts
 * every cycle, so three streams of a block run at once, and the first two registers are then moved
 * past the bytes behind them by multiplication: with tables of the fixed stream lengths. */
#include "base/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"

static const uint32_t POLY = 0x82f63b78u; /* reflected */

/* The product of two polynomials modulo POLY. */
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000u; bit; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ (b & 1 ? POLY : 0);
  }
  return product;
}

/* x^(8 * bytes) modulo POLY. */
static uint32_t shift_of(uint64_t bytes) {
  uint32_t power = 0x80000000u;  /* x^0 */
  uint32_t square = 0x00800000u; /* x^8 */
  for (; bytes; bytes >>= 1) {
    if (bytes & 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

uint32_t crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t size_b) {
  return multiply(crc_a, shift_of(size_b)) ^ crc_b;
}

/* byte_table[k][b]: what byte b does to the register when k zero bytes follow it. */
static uint32_t byte_table[8][256];
/* long_shift and short_shift: multiplication by x^(8 n), byte by byte of the register. */
enum { LONG = 4096, SHORT = 256 };
static uint32_t long_shift[4][256], short_shift[4][256];
static bool has_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_shift(uint32_t table[4][256], uint64_t bytes) {
  uint32_t power = shift_of(bytes);
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t b = 0; b < 256; b++) table[k][b] = multiply(power, b << (8 * k));
}

static void init(void) {
  for (uint32_t b = 0; b < 256; b++) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLY : 0);
    byte_table[0][b] = crc;
  }
  for (int k = 1; k < 8; k++)
    for (uint32_t b = 0; b < 256; b++)
      byte_table[k][b] = (byte_table[k - 1][b] >> 8) ^ byte_table[0][byte_table[k - 1][b] & 0xff];
  fill_shift(long_shift, LONG);
  fill_shift(short_shift, SHORT);
#if defined(__x86_64__)
  has_instruction = __builtin_cpu_supports("sse4.2");
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
  has_instruction = true;
#endif
}

static uint32_t extend_portable(uint32_t reg, const uint8_t *p, size_t size) {
  for (; size >= 8; p += 8, size -= 8) {
    uint32_t lo = reg ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    reg = byte_table[7][lo & 0xff] ^ byte_table[6][lo >> 8 & 0xff] ^ byte_table[5][lo >> 16 & 0xff] ^
          byte_table[4][lo >> 24] ^ byte_table[3][p[4]] ^ byte_table[2][p[5]] ^ byte_table[1][p[6]] ^
          byte_table[0][p[7]];
  }
  for (; size; p++, size--) reg = (reg >> 8) ^ byte_table[0][(reg ^ *p) & 0xff];
  return reg;
}

uint32_t crc32c_extend_portable(uint32_t crc, const void *data, size_t size) {
  pthread_once(&once, init);
  return ~extend_portable(~crc, data, size);
}

#if defined(__x86_64__)
#define CRC_TARGET SM_TARGET("sse4.2")
#define CRC_STEP8(reg, v) __builtin_ia32_crc32di((reg), (v))
#define CRC_STEP1(reg, v) __builtin_ia32_crc32qi((uint32_t)(reg), (v))
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define CRC_TARGET
#define CRC_STEP8(reg, v) __crc32cd((uint32_t)(reg), (v))
#define CRC_STEP1(reg, v) __crc32cb((uint32_t)(reg), (v))
#endif

#ifdef CRC_TARGET

static inline uint64_t load8(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return v;
}

static inline uint32_t apply_shift(uint32_t table[4][256], uint32_t reg) {
  return table[0][reg & 0xff] ^ table[1][reg >> 8 & 0xff] ^ table[2][reg >> 16 & 0xff] ^ table[3][reg >> 24];
}

/* Three streams of `length` bytes each, which lie one behind the other at p. */
CRC_TARGET static SM_ALWAYS_INLINE uint32_t three_streams(uint32_t reg, const uint8_t *p, size_t length,
                                                          uint32_t shift[4][256]) {
  uint64_t a = reg, b = 0, c = 0;
  const uint8_t *q = p + length, *r = q + length;
  for (size_t i = 0; i < length; i += 8) {
    a = CRC_STEP8(a, load8(p + i));
    b = CRC_STEP8(b, load8(q + i));
    c = CRC_STEP8(c, load8(r + i));
  }
  uint32_t ab = apply_shift(shift, (uint32_t)a) ^ (uint32_t)b;
  return apply_shift(shift, ab) ^ (uint32_t)c;
}

CRC_TARGET static uint32_t extend_instruction(uint32_t crc, const uint8_t *p, size_t size) {
  uint64_t reg = crc;
  for (; size && ((uintptr_t)p & 7); p++, size--) reg = CRC_STEP1(reg, *p);
  for (; size >= 3 * LONG; p += 3 * LONG, size -= 3 * LONG)
    reg = three_streams((uint32_t)reg, p, LONG, long_shift);
  for (; size >= 3 * SHORT; p += 3 * SHORT, size -= 3 * SHORT)
    reg = three_streams((uint32_t)reg, p, SHORT, short_shift);
  for (; size >= 8; p += 8, size -= 8) reg = CRC_STEP8(reg, load8(p));
  for (; size; p++, size--) reg = CRC_STEP1(reg, *p);
  return (uint32_t)reg;
}

#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size) {
  pthread_once(&once, init);
#ifdef CRC_TARGET
  if (SM_LIKELY(has_instruction)) return ~extend_instruction(~crc, data, size);
#endif
  return ~extend_portable(~crc, data, size);
}
