/* A heap of the k best so far: the last of them on top, for who comes before it to push out. */
#include "ops/math_top.h"

#include "ops/math_types.h"

/* Whether element a goes before b: larger first, NaN last, then the lower index. */
typedef bool BeforeFn(const void *row, int64_t a, int64_t b);
#define BEFORE(name, T)                                       \
  static bool name(const void *row, int64_t a, int64_t b) {   \
    T x = ((const T *)row)[a], y = ((const T *)row)[b];       \
    if (x != x || y != y) return x == x || (y != y && a < b); \
    return x > y || (x == y && a < b);                        \
  }
BEFORE(before_f32, float)
BEFORE(before_f64, double)
BEFORE(before_i8, int8_t)
BEFORE(before_i16, int16_t)
BEFORE(before_i32, int32_t)
BEFORE(before_i64, int64_t)
BEFORE(before_u8, uint8_t)
BEFORE(before_u16, uint16_t)
BEFORE(before_u32, uint32_t)
BEFORE(before_u64, uint64_t)
#define BEFORE_16(name, load)                                                         \
  static bool name(const void *row, int64_t a, int64_t b) {                           \
    float x = load(((const uint16_t *)row)[a]), y = load(((const uint16_t *)row)[b]); \
    if (x != x || y != y) return x == x || (y != y && a < b);                         \
    return x > y || (x == y && a < b);                                                \
  }
BEFORE_16(before_half, half_to_float)
BEFORE_16(before_bfloat16, bfloat16_to_float)

static BeforeFn *before_fn(TF_DataType dtype) {
  static BeforeFn *const fns[MK_COUNT] = {
      [MK_F32] = before_f32, [MK_F64] = before_f64, [MK_I8] = before_i8, [MK_I16] = before_i16,
      [MK_I32] = before_i32, [MK_I64] = before_i64, [MK_U8] = before_u8, [MK_U16] = before_u16,
      [MK_U32] = before_u32, [MK_U64] = before_u64};
  if (dtype == TF_HALF) return before_half;
  if (dtype == TF_BFLOAT16) return before_bfloat16;
  return fns[math_kind(dtype)];
}

/* heap[0..k): the last in order on top. */
static void sift_down(int64_t *heap, int64_t k, int64_t i, BeforeFn *before, const void *row) {
  for (;;) {
    int64_t worst = i, left = 2 * i + 1;
    if (left < k && before(row, heap[worst], heap[left])) worst = left;
    if (left + 1 < k && before(row, heap[worst], heap[left + 1])) worst = left + 1;
    if (worst == i) return;
    int64_t t = heap[i];
    heap[i] = heap[worst];
    heap[worst] = t;
    i = worst;
  }
}

void math_top(int64_t *heap, int64_t k, int64_t n, TF_DataType dtype, const void *row) {
  BeforeFn *before = before_fn(dtype);
  for (int64_t i = 0; i < k; i++) heap[i] = i;
  for (int64_t i = k / 2 - 1; i >= 0; i--) sift_down(heap, k, i, before, row);
  for (int64_t i = k; i < n; i++) {
    if (!before(row, i, heap[0])) continue;
    heap[0] = i;
    sift_down(heap, k, 0, before, row);
  }
  for (int64_t i = k - 1; i > 0; i--) {
    int64_t t = heap[0];
    heap[0] = heap[i];
    heap[i] = t;
    sift_down(heap, i, 0, before, row);
  }
}
