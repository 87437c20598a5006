#include "cli/compare.h"

#include <math.h>
#include <string.h>

#include "base/float16.h"
#include "tensor/tensor.h"

static bool is_inexact(TF_DataType d) {
  return d == TF_FLOAT || d == TF_DOUBLE || d == TF_HALF || d == TF_BFLOAT16 || d == TF_COMPLEX64 ||
         d == TF_COMPLEX128;
}

/* Number `i` of a tensor of floating-point numbers; complex elements are two each. */
static double real_at(const TF_Tensor *t, int64_t i) {
  switch (t->dtype) {
    case TF_FLOAT:
    case TF_COMPLEX64: return ((const float *)t->data)[i];
    case TF_DOUBLE:
    case TF_COMPLEX128: return ((const double *)t->data)[i];
    case TF_HALF: return half_to_float(((const uint16_t *)t->data)[i]);
    case TF_BFLOAT16: return bfloat16_to_float(((const uint16_t *)t->data)[i]);
    default: return ((const uint8_t *)t->data)[i];
  }
}

static void put_index(Bytes *why, const TF_Tensor *t, int64_t flat) {
  int64_t index[TENSOR_MAX_RANK];
  char text[SHAPE_TEXT_MAX];
  for (int i = t->rank - 1; i >= 0; i--) {
    index[i] = flat % t->dims[i];
    flat /= t->dims[i];
  }
  bytes_printf(why, " at %s", shape_text(index, t->rank, text, sizeof text));
}

static bool numbers_agree(const TF_Tensor *got, const TF_Tensor *want, Tolerance tol, Difference *diff,
                          Bytes *why) {
  int64_t per = want->dtype == TF_COMPLEX64 || want->dtype == TF_COMPLEX128 ? 2 : 1,
          n = tensor_count(want) * per;
  int64_t worst = -1, wrong = 0;
  double worst_off = -1, max_abs = 0, max_want = 0;
  for (int64_t i = 0; i < n; i++) {
    double a = real_at(got, i), b = real_at(want, i), off = fabs(a - b);
    bool same = a == b || (isnan(a) && isnan(b));
    if (isfinite(b)) max_want = fmax(max_want, fabs(b));
    if (!same && isfinite(off)) max_abs = fmax(max_abs, off);
    if (same || (isfinite(b) && off <= tol.atol + tol.rtol * fabs(b))) continue;
    wrong++;
    if (isnan(off)) off = INFINITY;
    if (off > worst_off) {
      worst_off = off;
      worst = i;
    }
  }
  diff->max_abs = fmax(diff->max_abs, max_abs);
  if (max_abs > 0) diff->max_rel = fmax(diff->max_rel, max_want > 0 ? max_abs / max_want : INFINITY);
  if (!wrong) return true;
  bytes_printf(why, "%.9g, not %.9g", real_at(got, worst), real_at(want, worst));
  put_index(why, want, worst / per);
  bytes_printf(why, " (%lld of %lld differ)", (long long)wrong, (long long)n);
  return false;
}

static bool strings_agree(const TF_Tensor *got, const TF_Tensor *want, Bytes *why) {
  const TF_TString *a = got->data, *b = want->data;
  for (int64_t i = 0; i < tensor_count(want); i++) {
    size_t na, nb;
    const char *x = tstring_data(&a[i], &na), *y = tstring_data(&b[i], &nb);
    if (na == nb && !memcmp(x, y, na)) continue;
    bytes_printf(why, "\"%.*s\", not \"%.*s\"", (int)(na < 60 ? na : 60), x, (int)(nb < 60 ? nb : 60), y);
    put_index(why, want, i);
    return false;
  }
  return true;
}

static bool bytes_agree(const TF_Tensor *got, const TF_Tensor *want, Bytes *why) {
  size_t size = dtype_size(want->dtype);
  const char *a = got->data, *b = want->data;
  for (int64_t i = 0; i < tensor_count(want); i++) {
    if (!memcmp(a + (size_t)i * size, b + (size_t)i * size, size)) continue;
    bytes_puts(why, "values differ");
    put_index(why, want, i);
    return false;
  }
  return true;
}

bool tensors_agree(const TF_Tensor *got, const TF_Tensor *want, Tolerance tolerance, Difference *difference,
                   Bytes *why) {
  if (!tensor_same_shape(got, want)) {
    char a[SHAPE_TEXT_MAX], b[SHAPE_TEXT_MAX];
    bytes_printf(why, "%s%s, not %s%s", dtype_name(got->dtype), shape_text(got->dims, got->rank, a, sizeof a),
                 dtype_name(want->dtype), shape_text(want->dims, want->rank, b, sizeof b));
    return false;
  }
  if (want->dtype == TF_STRING) return strings_agree(got, want, why);
  bool image = want->dtype == TF_UINT8 && tolerance.atol >= 1;
  if (is_inexact(want->dtype) || image) return numbers_agree(got, want, tolerance, difference, why);
  return bytes_agree(got, want, why);
}
