/* Functions that libm lacks, in double; NaN gives NaN. */
#ifndef SM_OPS_MATH_SPECIAL_H_
#define SM_OPS_MATH_SPECIAL_H_

double special_lgamma(double x);            /* log|gamma(x)|, infinite at the poles; no global state */
double special_digamma(double x);           /* NaN at 0, -1, -2, ... */
double special_erfinv(double x);            /* +-inf at +-1, NaN outside */
double special_ndtri(double p);             /* quantile of the normal distribution */
double special_igamma(double a, double x);  /* regularised lower incomplete gamma; NaN for a <= 0 or x < 0 */
double special_igammac(double a, double x); /* the upper one: 1 - igamma */
double special_zeta(double s, double q);    /* Hurwitz's: sum over k >= 0 of (q + k)^-s */
double special_polygamma(double n, double x); /* n-th derivative of digamma; NaN unless n is 0, 1, 2, ... */
double special_betainc(double a, double b, double x); /* regularised incomplete beta; NaN outside [0, 1] */
double special_bessel_ie(int order, double x);        /* exp(-|x|) I_order(x), order 0 or 1 */
double special_bessel_ke(int order, double x);        /* exp(x) K_order(x), order 0 or 1; infinite up to 0 */
double special_dawsn(double x);       /* exp(-x^2) times the integral of exp(t^2) from 0 to x */
double special_expint(double x);      /* Ei; NaN below 0 */
double special_fresnel_cos(double x); /* the integral of cos(pi t^2 / 2) from 0 to x; _sin that of sin */
double special_fresnel_sin(double x);
double special_spence(double x);                  /* Li2(1 - x); NaN below 0 */
double special_igamma_grad_a(double a, double x); /* the derivative of igamma by a */

#endif
