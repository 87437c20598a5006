/* Exponentials, logarithms and their kin on vectors, within a few ulp of the exact value; on top of a
 * vec_*.h. The polynomials were fitted for these ranges by weighted least squares (Lawson). NaN gives
 * NaN; overflow, underflow and subnormals come out as in libm save where said. */
#ifndef SM_SIMD_VEC_MATH_H_
#define SM_SIMD_VEC_MATH_H_

#include <math.h>

/* p * 2^n for integral n in [-160, 160], in two steps so that subnormals and infinity come out right. */
VINL VF vf_scale2(VF p, VF n) {
  VI k = vf_to_vi(n), half = vi_sra(k, 1), rest = vi_sub(k, half), bias = vi_set(127);
  VF a = vi_asf(vi_sll(vi_add(half, bias), 23)), b = vi_asf(vi_sll(vi_add(rest, bias), 23));
  return vf_mul(vf_mul(p, a), b);
}

/* exp(r) - 1 for |r| <= ln2 / 2. */
VINL VF vf_expm1_reduced(VF r) {
  VF p = vf_fma(vf_set(1.990758901e-4f), r, vf_set(1.393365440890193e-3f));
  p = vf_fma(p, r, vf_set(8.33328627049923e-3f));
  p = vf_fma(p, r, vf_set(4.1666463017463684e-2f));
  p = vf_fma(p, r, vf_set(1.666666716337204e-1f));
  p = vf_fma(p, r, vf_set(0.5f));
  return vf_fma(vf_mul(p, r), r, r);
}

/* Splits x (clamped to where exp is neither 0 nor infinite) into n ln2 + r. */
VINL VF vf_exp_reduce(VF x, VF *n) {
  x = vf_max(vf_set(-104.0f), vf_min(vf_set(89.0f), x)); /* in this order NaN stays */
  *n = vf_round(vf_mul(x, vf_set(1.44269504088896341f)));
  VF r = vf_fnma(*n, vf_set(0.693359375f), x); /* ln2 in two parts, the first exact in few bits */
  return vf_fnma(*n, vf_set(-2.12194440054690583e-4f), r);
}

VINL VF vf_exp(VF x) {
  VF n, r = vf_exp_reduce(x, &n);
  return vf_scale2(vf_add(vf_set(1.0f), vf_expm1_reduced(r)), n);
}

VINL VF vf_expm1(VF x) {
  VF n, r = vf_exp_reduce(x, &n), q = vf_expm1_reduced(r);
  /* 2^n (q + 1) - 1 = 2^n q + (2^n - 1); n = 0 keeps small results exact, n = 128 must not overflow early. */
  VF half = vf_scale2(vf_set(1.0f), vf_sub(n, vf_set(1.0f)));
  VF big = vf_mul(vf_add(vf_fma(half, q, half), vf_set(-0.5f)), vf_set(2.0f));
  VF s = vf_scale2(vf_set(1.0f), n);
  VF small = vf_fma(s, q, vf_sub(s, vf_set(1.0f)));
  VF y = vf_sel(vf_lt(vf_set(30.0f), x), big, small);
  return vf_sel(vf_eq(x, vf_set(0.0f)), x, y);
}

/* log(x) as exponent e (a float) and log of the mantissa in [sqrt(1/2), sqrt(2)); x positive and normal. */
VINL VF vf_log_normal(VF x, VF e_add) {
  VI bits = vi_add(vf_bits(x), vi_set(0x3f800000 - 0x3f3504f3));
  VF e = vf_add(vi_to_vf(vi_sub(vi_srl(bits, 23), vi_set(127))), e_add);
  VF m = vi_asf(vi_add(vi_and(bits, vi_set(0x007fffff)), vi_set(0x3f3504f3)));
  VF f = vf_sub(m, vf_set(1.0f));
  VF p = vf_fma(vf_set(6.915368139743805e-2f), f, vf_set(-1.1789807677268982e-1f));
  p = vf_fma(p, f, vf_set(1.1872976273298264e-1f));
  p = vf_fma(p, f, vf_set(-1.238434836268425e-1f));
  p = vf_fma(p, f, vf_set(1.4218658208847046e-1f));
  p = vf_fma(p, f, vf_set(-1.6669251024723053e-1f));
  p = vf_fma(p, f, vf_set(2.0002226531505585e-1f));
  p = vf_fma(p, f, vf_set(-2.4999986588954926e-1f));
  p = vf_fma(p, f, vf_set(3.333331048488617e-1f));
  VF f2 = vf_mul(f, f), y = vf_mul(vf_mul(p, f2), f);
  y = vf_fma(e, vf_set(-2.12194440054690583e-4f), y);
  y = vf_fnma(vf_set(0.5f), f2, y);
  return vf_fma(e, vf_set(0.693359375f), vf_add(f, y));
}

VINL VF vf_log(VF x) {
  VM tiny = vf_lt(x, vf_set(0x1p-126f));
  VF y = vf_log_normal(vf_sel(tiny, vf_mul(x, vf_set(0x1p23f)), x),
                       vf_sel(tiny, vf_set(-23.0f), vf_set(0.0f)));
  y = vf_sel(vf_eq(x, vf_set(INFINITY)), x, y);
  y = vf_sel(vf_eq(x, vf_set(0.0f)), vf_set(-INFINITY), y);
  return vf_sel(vm_or(vf_lt(x, vf_set(0.0f)), vf_isnan(x)), vf_set(NAN), y);
}

/* log(u) x / (u - 1) with u = 1 + x rounded: the quotient makes good what the rounding lost. */
VINL VF vf_log1p(VF x) {
  VF one = vf_set(1.0f), u = vf_add(one, x), d = vf_sub(u, one);
  VM exact = vm_or(vf_eq(d, vf_set(0.0f)), vf_eq(u, vf_set(INFINITY)));
  VF y = vf_mul(vf_log(u), vf_div(x, d));
  return vf_sel(exact, x, vf_sel(vf_eq(u, vf_set(0.0f)), vf_set(-INFINITY), y));
}

VINL VF vf_tanh(VF x) {
  VF a = vf_abs(x), u = vf_mul(x, x);
  VF p = vf_fma(vf_set(2.1475369576364756e-3f), u, vf_set(-8.182673715054989e-3f));
  p = vf_fma(p, u, vf_set(2.1702967584133148e-2f));
  p = vf_fma(p, u, vf_set(-5.394720286130905e-2f));
  p = vf_fma(p, u, vf_set(1.3333210349082947e-1f));
  p = vf_fma(p, u, vf_set(-3.333333134651184e-1f));
  VF small = vf_fma(vf_mul(p, u), x, x);
  VF e = vf_exp(vf_add(a, a));
  VF big = vf_sub(vf_set(1.0f), vf_div(vf_set(2.0f), vf_add(e, vf_set(1.0f))));
  return vf_sel(vf_lt(a, vf_set(0.625f)), small, vf_copysign(big, x));
}

VINL VF vf_sigmoid(VF x) {
  VF one = vf_set(1.0f);
  return vf_div(one, vf_add(one, vf_exp(vf_sub(vf_set(0.0f), x))));
}

/* For |x| >= 1: 1 - exp(-g), g fitted to -log(erfc); past 3.95 the result is 1. */
VINL VF vf_erf(VF x) {
  VF u = vf_mul(x, x), a = vf_min(vf_set(3.95f), vf_abs(x));
  VF p = vf_fma(vf_set(7.889119297033176e-5f), u, vf_set(-8.020841050893068e-4f));
  p = vf_fma(p, u, vf_set(5.189535208046436e-3f));
  p = vf_fma(p, u, vf_set(-2.6854444295167923e-2f));
  p = vf_fma(p, u, vf_set(1.1283600330352783e-1f));
  p = vf_fma(p, u, vf_set(-3.761262595653534e-1f));
  p = vf_mul(vf_fma(p, u, vf_set(1.1283791065216064f)), x);
  VF g = vf_fma(vf_set(-2.513266110781842e-7f), a, vf_set(2.5314808226539753e-5f));
  g = vf_fma(g, a, vf_set(-4.637880192603916e-4f));
  g = vf_fma(g, a, vf_set(4.282382782548666e-3f));
  g = vf_fma(g, a, vf_set(-2.5373555719852448e-2f));
  g = vf_fma(g, a, vf_set(1.0863899439573288e-1f));
  g = vf_fma(g, a, vf_set(6.330395936965942e-1f));
  g = vf_fma(g, a, vf_set(1.129661202430725f));
  g = vf_fma(g, a, vf_set(-2.043598797172308e-4f));
  VF big = vf_copysign(vf_sub(vf_set(1.0f), vf_exp(vf_sub(vf_set(0.0f), g))), x);
  return vf_sel(vf_lt(vf_abs(x), vf_set(1.0f)), p, big);
}

VINL VF vf_mul_add(VF a, VF b, float c) { return vf_add(vf_mul(a, b), vf_set(c)); }

/* sin (quarter 0) or cos (quarter 1) for |x| <= 8192; the caller takes libm for the rest. The polynomials and
 * the order of operations, without fused ones, are TensorFlow's: windows made of cosines have the same bits,
 * and so have spectra that cancel under them. */
VINL VF vf_sincos(VF x, int quarter) {
  static const float parts[] = {-1.5703125f, -4.83989715576171875e-4f, 1.62865035235881805e-7f,
                                5.56443155441677107e-11f};
  VF r = vf_abs(x), n = vf_round(vf_mul(r, vf_set(0.636619746685028076f)));
  for (int i = 0; i < 4; i++) r = vf_add(vf_mul(n, vf_set(parts[i])), r); /* minus n pi/2 */
  VI q = vi_add(vf_to_vi(n), vi_set(quarter));
  VF u = vf_mul(r, r);
  VF s = vf_mul_add(vf_set(-1.95923411408370290e-4f), u, 8.33268736556168517e-3f);
  s = vf_mul(vf_mul_add(s, u, -1.66666620398229826e-1f), u);
  s = vf_add(vf_mul(s, r), r);
  VF c = vf_mul_add(vf_set(2.43722661252832040e-5f), u, -1.38865201734006405e-3f);
  c = vf_mul_add(vf_mul_add(c, u, 4.16666194796562195e-2f), u, -0.5f);
  c = vf_mul_add(c, u, 1.0f);
  VF y = vf_sel(vi_eq(vi_and(q, vi_set(1)), vi_set(0)), s, c);
  VI sign = vi_sll(vi_and(q, vi_set(2)), 30);
  if (!quarter) sign = vi_xor(sign, vi_and(vf_bits(x), vi_set(INT32_MIN)));
  return vi_asf(vi_xor(vf_bits(y), sign));
}

#endif
