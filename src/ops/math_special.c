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
  double series = y *
                  (1.0 / 12 -
                   y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * 691 / 32760)))));
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

enum { MAX_TERMS = 10000 }; /* far beyond what converges; for arguments near 1e6 and more */
static const double tiny = 1e-300, precise = 1e-17;

/* x^a e^-x / gamma(a + 1) sum x^k / (a + 1)...(a + k), for x < a + 1. */
static double igamma_series(double a, double x) {
  double term = 1, sum = 1;
  for (int k = 1; k < MAX_TERMS && term > sum * precise; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum * exp(a * log(x) - x - special_lgamma(a + 1));
}

/* Lentz's evaluation of Legendre's continued fraction of the upper function, for x >= a + 1. */
static double igammac_fraction(double a, double x) {
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int k = 1; k < MAX_TERMS; k++) {
    double an = -k * (k - a);
    b += 2;
    d = an * d + b;
    if (fabs(d) < tiny) d = tiny;
    c = b + an / c;
    if (fabs(c) < tiny) c = tiny;
    d = 1 / d;
    h *= d * c;
    if (fabs(d * c - 1) < precise * 10) break;
  }
  return h * exp(a * log(x) - x - special_lgamma(a));
}

double special_igamma(double a, double x) {
  if (x == 0) return 0; /* TF: whatever a is */
  if (!(a > 0) || !(x >= 0)) return NAN;
  if (isinf(a)) return 0;
  if (isinf(x)) return 1;
  return x < a + 1 ? igamma_series(a, x) : 1 - igammac_fraction(a, x);
}

double special_igammac(double a, double x) {
  if (!(a > 0) || !(x >= 0)) return NAN;
  if (x == 0) return 1;
  if (isinf(x)) return 0;
  if (isinf(a)) return 1;
  return x < a + 1 ? 1 - igamma_series(a, x) : igammac_fraction(a, x);
}

/* Twelve terms, then Euler and Maclaurin's formula: B_2j / (2j)! times the derivatives. */
double special_zeta(double s, double q) {
  static const double b[] = {1.0 / 12,
                             -1.0 / 720,
                             1.0 / 30240,
                             -1.0 / 1209600,
                             1.0 / 47900160,
                             -691.0 / 1307674368000.0,
                             1.0 / 74724249600.0,
                             -3617.0 / 10670622842880000.0};
  if (s == 1) return INFINITY; /* TF: whatever q is */
  if (s != s || q != q) return NAN;
  if (s < 1) return NAN;
  if (q == INFINITY) return 0;
  if (q <= 0) {
    if (q == floor(q)) return isinf(s) || (s == floor(s) && fmod(s, 2) == 0) ? INFINITY : NAN;
    if (s != floor(s)) return NAN;
  }
  if (isinf(s)) return q > 1 ? 0 : q == 1 ? 1 : INFINITY;
  double sum = 0;
  int k = 0;
  for (; k < MAX_TERMS && (k < 12 || q + k < 10); k++) {
    double term = pow(q + k, -s);
    sum += term;
    if (q + k > 0 && fabs(term) < fabs(sum) * precise) return sum;
  }
  double w = q + k, power = pow(w, -s), rising = s;
  sum += power * w / (s - 1) + power / 2;
  for (int j = 0; j < 8; j++) {
    power /= w;
    sum += b[j] * rising * power;
    rising *= (s + 2 * j + 1) * (s + 2 * j + 2);
    power /= w;
  }
  return sum;
}

double special_polygamma(double n, double x) {
  if (!(n >= 0) || n != floor(n)) return NAN;
  if (n == 0) return special_digamma(x);
  return (fmod(n, 2) == 0 ? -1 : 1) * exp(special_lgamma(n + 1)) * special_zeta(n + 1, x);
}

/* Lentz's evaluation of the continued fraction, which converges fast below (a + 1) / (a + b + 2). */
static double betainc_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (fabs(d) < tiny) d = tiny;
  d = 1 / d;
  double h = d;
  for (int m = 1; m < MAX_TERMS; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), step = 1;
    for (int half = 0; half < 2; half++) {
      double e = half ? odd : even;
      d = 1 + e * d;
      if (fabs(d) < tiny) d = tiny;
      c = 1 + e / c;
      if (fabs(c) < tiny) c = tiny;
      d = 1 / d;
      step = d * c;
      h *= step;
    }
    if (fabs(step - 1) < precise * 10) break;
  }
  return h * exp(special_lgamma(a + b) - special_lgamma(a) - special_lgamma(b) + a * log(x) + b * log1p(-x)) /
         a;
}

double special_betainc(double a, double b, double x) {
  if (a <= 0 || b <= 0) return NAN;
  if (x == 0 || x == 1) return x; /* TF: also where a or b is no number */
  if (a != a || b != b || !(x > 0 && x < 1)) return NAN;
  return x < (a + 1) / (a + b + 2) ? betainc_fraction(a, b, x) : 1 - betainc_fraction(b, a, 1 - x);
}

double special_bessel_ie(int order, double x) {
  static const double pi = 3.14159265358979323846;
  double z = fabs(x), term = 1, sum = 1;
  if (x != x) return x;
  if (isinf(x)) return 0;
  if (z <= 30) { /* the power series: all terms have one sign */
    if (order) term = sum = z / 2;
    for (int k = 1; term > sum * precise; k++) {
      term *= z * z / 4 / ((double)k * (k + order));
      sum += term;
    }
    sum *= exp(-z);
  } else { /* Hankel's asymptotic one */
    for (int k = 1; k < 40 && fabs(term) > precise; k++) {
      term *= -(4.0 * order - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * z * k);
      sum += term;
    }
    sum /= sqrt(2 * pi * z);
  }
  return order && x < 0 ? -sum : sum;
}
