/* Special functions in double: Bessel functions of the second and modified second kind (the first kind is
 * libm's), the integrals of Dawson, Fresnel and the exponential, Spence's, and the derivative of igamma by
 * its first argument. */
#include <math.h>

#include "ops/math_special.h"

#define EULER 0.57721566490153286061
#define PI 3.14159265358979323846

/* ---- K: exp(x) K_order(x) for order 0 or 1 ---- */

/* For x from 2 on: the integral of exp(-x (cosh t - 1)) cosh(order t) over t >= 0, by the trapezoid rule,
 * whose error falls faster than any power of the step for functions like this one. Its width is that of
 * exp(-x t^2 / 2), and the step goes with it. */
static double bessel_ke_integral(int order, double x) {
  double step = 1.0 / 32 / fmax(1, sqrt(x) / 8), sum = 0.5;
  for (int i = 1; i < 1000; i++) {
    double t = i * step, half = sinh(t / 2), term = exp(-2 * (x * half) * half) * (order ? cosh(t) : 1);
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum * step;
}

/* K_order by its power series, for x up to 2. */
static double bessel_k_series(int order, double x) {
  double y = x * x / 4, term = 1, i_sum = 0, k_sum = 0, harmonic = 0;
  for (int k = 0; k < 40; k++) { /* term: y^k / (k! (k + order)!) */
    i_sum += term;
    k_sum += term * (order ? 2 * harmonic + 1.0 / (k + 1) - 2 * EULER : harmonic);
    harmonic += 1.0 / (k + 1);
    term *= y / ((k + 1.0) * (k + 1 + order));
  }
  if (order == 0) return -(log(x / 2) + EULER) * i_sum + k_sum;
  return log(x / 2) * (x / 2) * i_sum + 1 / x - x / 4 * k_sum;
}

double special_bessel_ke(int order, double x) {
  if (x != x) return x;
  if (x <= 0) return INFINITY; /* TF: also below 0 */
  if (isinf(x)) return 0;
  return x < 2 ? bessel_k_series(order, x) * exp(x) : bessel_ke_integral(order, x);
}

/* ---- Dawson's integral: exp(-x^2) times the integral of exp(t^2) from 0 to x ---- */

/* Rybicki's sampling: sums of exp(-(x - n h)^2) / n over odd n, exact but for exp(-(pi / 2h)^2). */
double special_dawsn(double x) {
  double h = 0.2, a = fabs(x);
  if (x != x) return x;
  if (a < 0.1) {
    double y = x * x;
    return x * (1 - y * 2 / 3 * (1 - y * 2 / 5 * (1 - y * 2 / 7 * (1 - y * 2 / 9 * (1 - y * 2 / 11)))));
  }
  if (a > 50) { /* 1/(2x) + 1/(4x^3) + 3/(8x^5) ... */
    double y = 1 / (x * x);
    return isinf(x) ? copysign(0, x)
                    : 0.5 / x * (1 + y * 0.5 * (1 + y * 1.5 * (1 + y * 2.5 * (1 + y * 3.5))));
  }
  double middle = 2 * floor(0.5 * a / h + 0.5), rest = a - middle * h, sum = 0;
  for (int i = -61; i <= 61; i += 2) {
    double d = rest - i * h;
    sum += exp(-d * d) / (middle + i);
  }
  return copysign(sum / sqrt(PI), x);
}

/* ---- Expint: the integral Ei ---- */

double special_expint(double x) {
  if (x != x) return x;
  if (x < 0) return NAN; /* TF: of negative numbers there is none */
  if (x == 0) return -INFINITY;
  if (x < 40) { /* EULER + log|x| + sum of x^k / (k k!) */
    double sum = 0, term = 1;
    for (int k = 1; k < 500; k++) {
      term *= x / k;
      sum += term / k;
      if (fabs(term) < fabs(sum) * 1e-18) break;
    }
    return EULER + log(fabs(x)) + sum;
  }
  double sum = 1, term = 1; /* exp(x) / x times sum of k! / x^k, to the smallest term */
  for (int k = 1; k < 200; k++) {
    double next = term * k / x;
    if (next > term || next < 1e-18) break;
    term = next;
    sum += term;
  }
  return exp(x) / x * sum;
}

/* ---- Fresnel's integrals of cos and sin of pi t^2 / 2 ---- */

/* Both by their series below, and by the auxiliary functions f and g above: the continued fraction of the
 * complementary error function at a complex place. */
static void fresnel(double x, double *cosine, double *sine) {
  double a = fabs(x), t = a * a * PI / 2;
  if (isinf(x)) {
    *cosine = *sine = copysign(0.5, x);
    return;
  }
  if (a < 2) {
    double even = a, odd = 0, term = a, n = 0;
    for (int k = 1; k < 120; k++) { /* term: a t^k / k!, with the sign of its pair */
      term *= t / k;
      double part = term / (2 * k + 1), sign = (k / 2) % 2 ? -1 : 1;
      if (k % 2) odd += sign * part;
      else even += sign * part;
      n = part;
      if (n < 1e-18 * (fabs(even) + fabs(odd))) break;
    }
    *cosine = copysign(even, x);
    *sine = copysign(odd, x);
    return;
  }
  /* Lentz on h = 1/(b0 + a1/(b1 + ...)), b0 = 1 - 2it: C + iS = (1 + i)/2 (1 - e^{it} h (1 - i) a) with t =
   * pi a^2 / 2 */
  double b_re = 1, b_im = -2 * t, d_re, d_im, c_re = 1e300, c_im = 0, n2 = b_re * b_re + b_im * b_im;
  d_re = b_re / n2;
  d_im = -b_im / n2;
  double h_re = d_re, h_im = d_im;
  for (int n = 1, k = -1; n < 300; n++) {
    k += 2;
    double f = -(double)k * (k + 1);
    b_re += 4;
    double re = f * d_re + b_re, im = f * d_im + b_im, m = re * re + im * im;
    d_re = re / m;
    d_im = -im / m;
    double cm = c_re * c_re + c_im * c_im;
    double q_re = b_re + (cm > 1e290 ? 0 : f * c_re / cm), q_im = b_im - (cm > 1e290 ? 0 : f * c_im / cm);
    c_re = q_re;
    c_im = q_im;
    double del_re = c_re * d_re - c_im * d_im, del_im = c_re * d_im + c_im * d_re;
    double new_re = h_re * del_re - h_im * del_im;
    h_im = h_re * del_im + h_im * del_re;
    h_re = new_re;
    if (fabs(del_re - 1) + fabs(del_im) < 1e-16) break;
  }
  /* h (a - i a), then 1/2 + i/2 times (1 - e^{it} that) */
  double u_re = a * (h_re + h_im), u_im = a * (h_im - h_re), cs = cos(t), sn = sin(t);
  double v_re = 1 - (cs * u_re - sn * u_im), v_im = -(cs * u_im + sn * u_re);
  *cosine = copysign(0.5 * (v_re - v_im), x);
  *sine = copysign(0.5 * (v_re + v_im), x);
}

double special_fresnel_cos(double x) {
  double c = x, s;
  if (x == x) fresnel(x, &c, &s);
  return c;
}

double special_fresnel_sin(double x) {
  double c, s = x;
  if (x == x) fresnel(x, &c, &s);
  return s;
}

/* ---- Spence's function: the integral of log t / (1 - t) from 1 to x, Li2(1 - x) ---- */

double special_spence(double x) {
  if (x != x || x < 0) return NAN;
  if (x == 1) return 0;
  if (x == 0) return PI * PI / 6;
  if (isinf(x)) return NAN; /* TF: infinity less infinity */
  if (x > 2) {
    double l = log(x);
    return -0.5 * l * l - special_spence(1 / x);
  }
  if (x < 0.5) return PI * PI / 6 - log(x) * log1p(-x) - special_spence(1 - x);
  /* Li2(z), z = 1 - x in [-1, 0.5], by u = -log(1 - z): u - u^2/4 + sum of Bernoulli numbers */
  double u = -log(x), y = u * u;
  return u - y / 4 +
         u * y *
             (1.0 / 36 -
              y * (1.0 / 3600 -
                   y * (1.0 / 211680 -
                        y * (1.0 / 10886400 -
                             y * (1.0 / 526901760 -
                                  y * (4.0647616451442255e-11 -
                                       y * (8.9216910204564526e-13 -
                                            y * (1.9939295860721076e-14 - y * 4.5189800296199182e-16))))))));
}

/* ---- the derivative of igamma(a, x) by a ---- */

/* The series x^a e^-x sum of x^k / gamma(a + k + 1), term by term. Where it cancels (x well above a), one
 * minus the complement: Richardson's differences of igammac there. */
static double igamma_grad_series(double a, double x) {
  double term = exp(a * log(x) - x - special_lgamma(a + 1)), slope = log(x) - special_digamma(a + 1), sum = 0;
  for (int k = 0; k < 5000; k++) {
    sum += term * slope;
    slope -= 1 / (a + k + 1);
    term *= x / (a + k + 1);
    if (term * (fabs(slope) + 1) < 1e-18 * fabs(sum) && k > x - a) break;
  }
  return sum;
}

double special_igamma_grad_a(double a, double x) {
  if (x == 0) return 0;
  if (a != a || x != x || x < 0 || a <= 0) return NAN;
  if (isinf(x) || isinf(a)) return 0;
  if (x < a + 40 || x < 1.5 * a + 40) return igamma_grad_series(a, x);
  double h = fmin(0.05, a / 4), d[3]; /* of the tail, which is smooth here */
  for (int i = 0; i < 3; i++, h /= 2)
    d[i] = -(special_igammac(a + h, x) - special_igammac(a - h, x)) / (2 * h);
  double r0 = (4 * d[1] - d[0]) / 3, r1 = (4 * d[2] - d[1]) / 3;
  return (16 * r1 - r0) / 15;
}
