/* Functions that libm lacks, in double; NaN gives NaN. */
#ifndef SM_OPS_MATH_SPECIAL_H_
#define SM_OPS_MATH_SPECIAL_H_

double special_lgamma(double x);  /* log|gamma(x)|, infinite at the poles; no global state */
double special_digamma(double x); /* NaN at 0, -1, -2, ... */
double special_erfinv(double x);  /* +-inf at +-1, NaN outside */
double special_ndtri(double p);   /* quantile of the normal distribution */

#endif
