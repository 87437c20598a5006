#include "ops/math_special.h"

#include <math.h>

double special_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/* Reflection for negative x, recurrence up to 10, then the asymptotic series. */
double special_digamma(double x) {
  static const double pi = 3.14159265358979323846;
  if (x <= 0 && floor(x) == x) return NAN;
  if (x < 0) return special_digamma(1 - x) - pi / tan(pi * x);
  double sum = 0;
  for (; x < 10; x += 1) sum -= 1 / x;
  double y = 1 / (x * x);
  double series = y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * 691 / 32760)))));
  return sum + log(x) - 0.5 / x - series;
}

/* The solution of erfc(z) = q, 0 < q <= 1, z >= 0: Newton's method with Halley's correction. */
static double erfc_inverse(double q) {
  /* Winitzki's approximation, good to 2e-3, is where it starts. */
  static const double pi = 3.14159265358979323846, a = 0.147;
  double w = log(q * (2 - q)), b = 2 / (pi * a) + w / 2;
  double z = sqrt(sqrt(b * b - w / a) - b);
  for (int i = 0; i < 3; i++) {
    double e = (erfc(z) - q) / (-2 / sqrt(pi) * exp(-z * z));
    z -= e / (1 + z * e);
  }
  return z;
}

double special_erfinv(double x) {
  if (!(fabs(x) <= 1)) return NAN;
  if (fabs(x) == 1) return copysign(INFINITY, x);
  if (x == 0) return x;
  if (fabs(x) < 0.5) {
    /* erfc near 1 would lose digits: solve erf(z) = x. */
    static const double pi = 3.14159265358979323846;
    double z = x * sqrt(pi) / 2;
    for (int i = 0; i < 5; i++) {
      double e = (erf(z) - x) / (2 / sqrt(pi) * exp(-z * z));
      z -= e / (1 + z * e);
    }
    return z;
  }
  return copysign(erfc_inverse(1 - fabs(x)), x);
}

double special_ndtri(double p) {
  if (!(p >= 0 && p <= 1)) return NAN;
  if (p == 0) return -INFINITY;
  if (p == 1) return INFINITY;
  static const double sqrt2 = 1.41421356237309504880;
  if (p > 0.25 && p < 0.75) return sqrt2 * special_erfinv(2 * p - 1);
  return p < 0.5 ? -sqrt2 * erfc_inverse(2 * p) : sqrt2 * erfc_inverse(2 * (1 - p));
}
