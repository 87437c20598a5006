/* FarmHash's Fingerprint64 (the "na" variant of Hash64), SipHash-2-4 and a MurmurHash64A, from their
 * published descriptions. All read little-endian words. */
#include "ops/string_hash.h"

#include <string.h>

static uint64_t word64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return v;
}
static uint32_t word32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}
static uint64_t rotate_right(uint64_t v, int n) { return v >> n | v << (64 - n); }
static uint64_t rotate_left(uint64_t v, int n) { return v << n | v >> (64 - n); }

/* ---- FarmHash ---- */

#define K0 UINT64_C(0xc3a5c85c97cb3127)
#define K1 UINT64_C(0xb492b66fbe98f273)
#define K2 UINT64_C(0x9ae16a3b2f90404f)

static uint64_t shift_mix(uint64_t v) { return v ^ v >> 47; }

static uint64_t hash_two(uint64_t u, uint64_t v, uint64_t mul) {
  uint64_t a = shift_mix((u ^ v) * mul);
  return shift_mix((v ^ a) * mul) * mul;
}

static uint64_t farm_to_16(const uint8_t *s, size_t n) {
  uint64_t mul = K2 + n * 2;
  if (n >= 8) {
    uint64_t a = word64(s) + K2, b = word64(s + n - 8);
    return hash_two(rotate_right(b, 37) * mul + a, (rotate_right(a, 25) + b) * mul, mul);
  }
  if (n >= 4) return hash_two(n + ((uint64_t)word32(s) << 3), word32(s + n - 4), mul);
  if (n == 0) return K2;
  uint32_t y = (uint32_t)s[0] + ((uint32_t)s[n / 2] << 8), z = (uint32_t)n + ((uint32_t)s[n - 1] << 2);
  return shift_mix(y * K2 ^ z * K0) * K2;
}

static uint64_t farm_to_32(const uint8_t *s, size_t n) {
  uint64_t mul = K2 + n * 2, a = word64(s) * K1, b = word64(s + 8);
  uint64_t c = word64(s + n - 8) * mul, d = word64(s + n - 16) * K2;
  return hash_two(rotate_right(a + b, 43) + rotate_right(c, 30) + d, a + rotate_right(b + K2, 18) + c, mul);
}

static uint64_t farm_to_64(const uint8_t *s, size_t n) {
  uint64_t mul = K2 + n * 2, a = word64(s) * K2, b = word64(s + 8);
  uint64_t c = word64(s + n - 8) * mul, d = word64(s + n - 16) * K2;
  uint64_t y = rotate_right(a + b, 43) + rotate_right(c, 30) + d;
  uint64_t z = hash_two(y, a + rotate_right(b + K2, 18) + c, mul);
  uint64_t e = word64(s + 16) * mul, f = word64(s + 24);
  uint64_t g = (y + word64(s + n - 32)) * mul, h = (z + word64(s + n - 24)) * mul;
  return hash_two(rotate_right(e + f, 43) + rotate_right(g, 30) + h, e + rotate_right(f + a, 18) + g, mul);
}

typedef struct Pair {
  uint64_t first, second;
} Pair;

static Pair farm_weak(const uint8_t *s, uint64_t a, uint64_t b) {
  uint64_t w = word64(s), x = word64(s + 8), y = word64(s + 16), z = word64(s + 24);
  a += w;
  b = rotate_right(b + a + z, 21);
  uint64_t c = a;
  a += x + y;
  b += rotate_right(a, 44);
  return (Pair){a + z, b + c};
}

/* The state of the long hash, and one block of 64 bytes. */
typedef struct Farm {
  uint64_t x, y, z;
  Pair v, w;
} Farm;

static void farm_block(Farm *f, const uint8_t *s, uint64_t mul, int last) {
  uint64_t nine = last ? 9 : 1;
  f->x = rotate_right(f->x + f->y + f->v.first + word64(s + 8), 37) * mul;
  f->y = rotate_right(f->y + f->v.second + word64(s + 48), 42) * mul;
  f->x ^= f->w.second * nine;
  f->y += f->v.first * nine + word64(s + 40);
  f->z = rotate_right(f->z + f->w.first, 33) * mul;
  f->v = farm_weak(s, f->v.second * mul, f->x + f->w.first);
  f->w = farm_weak(s + 32, f->z + f->w.second, f->y + word64(s + 16));
  uint64_t t = f->z;
  f->z = f->x;
  f->x = t;
}

uint64_t fingerprint64(const void *data, size_t n) {
  const uint8_t *s = data;
  if (n <= 16) return farm_to_16(s, n);
  if (n <= 32) return farm_to_32(s, n);
  if (n <= 64) return farm_to_64(s, n);
  const uint64_t seed = 81;
  Farm f = {.x = seed * K2 + word64(s), .y = seed * K1 + 113};
  f.z = shift_mix(f.y * K2 + 113) * K2;
  const uint8_t *end = s + (n - 1) / 64 * 64, *last = s + n - 64;
  for (; s != end; s += 64) farm_block(&f, s, K1, 0);
  uint64_t mul = K1 + ((f.z & 0xff) << 1);
  f.w.first += (n - 1) & 63;
  f.v.first += f.w.first;
  f.w.first += f.v.first;
  farm_block(&f, last, mul, 1);
  return hash_two(hash_two(f.v.first, f.w.first, mul) + shift_mix(f.y) * K0 + f.z,
                  hash_two(f.v.second, f.w.second, mul) + f.x, mul);
}

/* ---- SipHash ---- */

static void sip_round(uint64_t v[4]) {
  v[0] += v[1];
  v[1] = rotate_left(v[1], 13) ^ v[0];
  v[0] = rotate_left(v[0], 32);
  v[2] += v[3];
  v[3] = rotate_left(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate_left(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate_left(v[1], 17) ^ v[2];
  v[2] = rotate_left(v[2], 32);
}

uint64_t siphash24(const uint64_t key[2], const void *data, size_t n) {
  const uint8_t *s = data;
  uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                   key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
  size_t words = n / 8;
  for (size_t i = 0; i <= words; i++) {
    uint64_t m = 0;
    if (i < words) m = word64(s + i * 8);
    else {
      if (n % 8) memcpy(&m, s + i * 8, n % 8);
      m |= (uint64_t)n << 56;
    }
    v[3] ^= m;
    sip_round(v);
    sip_round(v);
    v[0] ^= m;
  }
  v[2] ^= 0xff;
  for (int i = 0; i < 4; i++) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- TensorFlow's Hash64 ---- */

uint64_t tf_hash64(const void *data, size_t n) {
  const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
  const uint8_t *s = data;
  uint64_t h = UINT64_C(0xDECAFCAFFE) ^ n * m;
  for (; n >= 8; s += 8, n -= 8) {
    uint64_t k = word64(s) * m;
    k = (k ^ k >> 47) * m;
    h = (h ^ k) * m;
  }
  if (n) {
    uint64_t k = 0;
    memcpy(&k, s, n);
    h = (h ^ k) * m;
  }
  h = (h ^ h >> 47) * m;
  return h ^ h >> 47;
}
