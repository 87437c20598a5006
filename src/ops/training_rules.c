/* Gradient descent and its kin. All is computed in double; the variables' dtype rounds the results. */
#include "ops/training_rules.h"

#include <complex.h>
#include <math.h>
#include <stddef.h>

#define EACH for (int i = 0; i < l->n; i++)

#define NUMBER double
#define NAME(x) x
#define ROOT sqrt
#define LANES Lanes
#include "ops/training_rules_body.h"
#define NUMBER double complex
#define NAME(x) x##_complex
#define ROOT csqrt
#define LANES ComplexLanes
#include "ops/training_rules_body.h"

static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/* What stays of x when it comes nearer to 0 by `by`. */
static double shrink(double x, double by) { return sign(x) * fmax(fabs(x) - by, 0); }

/* alpha, l1, l2 */
static void proximal_gradient_descent(const Lanes *l) {
  double alpha = l->s[0], l1 = l->s[1], l2 = l->s[2];
  EACH {
    double x = l->v[0][i] - l->g[i] * alpha;
    l->v[0][i] = (l1 > 0 ? shrink(x, alpha * l1) : x) / (1 + alpha * l2);
  }
}

/* The same with the greatest v so far in vhat. */
static void amsgrad(const Lanes *l) {
  double b1 = l->s[3], b2 = l->s[4], epsilon = l->s[5];
  double alpha = l->s[2] * sqrt(1 - l->s[1]) / (1 - l->s[0]);
  EACH {
    double g = l->g[i];
    double m = l->v[1][i] += (g - l->v[1][i]) * (1 - b1);
    double v = l->v[2][i] += (g * g - l->v[2][i]) * (1 - b2);
    double most = l->v[3][i] = fmax(l->v[3][i], v);
    l->v[0][i] -= m * alpha / (sqrt(most) + epsilon);
  }
}

/* beta1_power, lr, beta1, beta2, epsilon */
static void ada_max(const Lanes *l) {
  double alpha = l->s[1] / (1 - l->s[0]), b1 = l->s[2], b2 = l->s[3], epsilon = l->s[4];
  EACH {
    double g = l->g[i];
    double m = l->v[1][i] += (g - l->v[1][i]) * (1 - b1);
    double v = l->v[2][i] = fmax(b2 * l->v[2][i], fabs(g));
    l->v[0][i] -= alpha * (m / (v + epsilon));
  }
}

/* lr, l1, l2 */
static void proximal_adagrad(const Lanes *l) {
  double l1 = l->s[1], l2 = l->s[2];
  EACH {
    double g = l->g[i], a = l->v[1][i] += g * g, rate = l->s[0] / sqrt(a);
    double x = l->v[0][i] - g * rate;
    l->v[0][i] = (l1 > 0 ? shrink(x, rate * l1) : x) / (1 + l2 * rate);
  }
}

/* lr, l1, l2, global_step: the variable is made anew from the sums. */
static void adagrad_da(const Lanes *l) {
  double lr = l->s[0], l1 = l->s[1], l2 = l->s[2], steps = l->s[3];
  EACH {
    double g = l->g[i], sum = l->v[1][i] += g, squares = l->v[2][i] += g * g;
    l->v[0][i] = -lr * (l1 > 0 ? shrink(sum, l1 * steps) : sum) / (l2 * steps * lr + sqrt(squares));
  }
}

/* lr, alpha, sign_decay, beta */
static void add_sign(const Lanes *l) {
  double lr = l->s[0], alpha = l->s[1], decay = l->s[2], beta = l->s[3];
  EACH {
    double g = l->g[i], m = l->v[1][i] = l->v[1][i] * beta + g * (1 - beta);
    l->v[0][i] -= lr * (alpha + decay * sign(g) * sign(m)) * g;
  }
}

/* lr, logbase, sign_decay, beta */
static void power_sign(const Lanes *l) {
  double lr = l->s[0], logbase = l->s[1], decay = l->s[2], beta = l->s[3];
  EACH {
    double g = l->g[i], m = l->v[1][i] = l->v[1][i] * beta + g * (1 - beta);
    l->v[0][i] -= lr * exp(logbase * decay * sign(g) * sign(m)) * g;
  }
}

/* Follow the regularised leader; `shrinkage` adds to the gradient, not to its square. flag: the linear term
 * is kept multiplied by the rate. */
static void ftrl_step(const Lanes *l, double lr, double l1, double l2, double shrinkage, double power) {
  EACH {
    double g = l->g[i], old = l->v[1][i], now = old + g * g, with = g + 2 * shrinkage * l->v[0][i];
    double old_root = power == -0.5 ? sqrt(old) : pow(old, -power);
    double root = power == -0.5 ? sqrt(now) : pow(now, -power);
    double rate = l->flag ? lr : 1, by = l->flag ? 1 : lr;
    double linear = l->v[2][i] += with * rate - (root - old_root) / by * l->v[0][i];
    double quadratic = root / by + 2 * l2 * rate, limit = l1 * rate;
    l->v[0][i] = fabs(linear) > limit ? (limit * sign(linear) - linear) / quadratic : 0;
    l->v[1][i] = now;
  }
}

/* lr, l1, l2, lr_power */
static void ftrl(const Lanes *l) { ftrl_step(l, l->s[0], l->s[1], l->s[2], 0, l->s[3]); }
/* lr, l1, l2, l2_shrinkage, lr_power */
static void ftrl_v2(const Lanes *l) { ftrl_step(l, l->s[0], l->s[1], l->s[2], l->s[3], l->s[4]); }

#define BETAS "beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad"

const Rule training_rules[] = {
    {"GradientDescent", {"var"}, {"alpha", "delta"}, NULL, gradient_descent, false, gradient_descent_complex},
    {"ProximalGradientDescent",
     {"var"},
     {"alpha", "l1", "l2", "delta"},
     NULL,
     proximal_gradient_descent,
     false,
     NULL},
    {"Momentum",
     {"var", "accum"},
     {"lr", "grad", "momentum"},
     "use_nesterov",
     momentum,
     true,
     momentum_complex},
    {"KerasMomentum",
     {"var", "accum"},
     {"lr", "grad", "momentum"},
     "use_nesterov",
     keras_momentum,
     true,
     keras_momentum_complex},
    {"Adam", {"var", "m", "v"}, {BETAS}, "use_nesterov", adam, false, adam_complex},
    {"AdamWithAmsgrad", {"var", "m", "v", "vhat"}, {BETAS}, NULL, amsgrad, false, NULL},
    {"AdaMax",
     {"var", "m", "v"},
     {"beta1_power", "lr", "beta1", "beta2", "epsilon", "grad"},
     NULL,
     ada_max,
     false,
     NULL},
    {"Adadelta",
     {"var", "accum", "accum_update"},
     {"lr", "rho", "epsilon", "grad"},
     NULL,
     adadelta,
     true,
     adadelta_complex},
    {"Adagrad", {"var", "accum"}, {"lr", "grad"}, "update_slots", adagrad, false, adagrad_complex},
    {"AdagradV2",
     {"var", "accum"},
     {"lr", "epsilon", "grad"},
     "update_slots",
     adagrad_v2,
     false,
     adagrad_v2_complex},
    {"ProximalAdagrad", {"var", "accum"}, {"lr", "l1", "l2", "grad"}, NULL, proximal_adagrad, false, NULL},
    {"AdagradDA",
     {"var", "gradient_accumulator", "gradient_squared_accumulator"},
     {"grad", "lr", "l1", "l2", "global_step"},
     NULL,
     adagrad_da,
     false,
     NULL},
    {"RMSProp",
     {"var", "ms", "mom"},
     {"lr", "rho", "momentum", "epsilon", "grad"},
     NULL,
     rms_prop,
     true,
     rms_prop_complex},
    {"CenteredRMSProp",
     {"var", "mg", "ms", "mom"},
     {"lr", "rho", "momentum", "epsilon", "grad"},
     NULL,
     centered_rms_prop,
     true,
     centered_rms_prop_complex},
    {"AddSign", {"var", "m"}, {"lr", "alpha", "sign_decay", "beta", "grad"}, NULL, add_sign, false, NULL},
    {"PowerSign",
     {"var", "m"},
     {"lr", "logbase", "sign_decay", "beta", "grad"},
     NULL,
     power_sign,
     false,
     NULL},
    {"Ftrl",
     {"var", "accum", "linear"},
     {"grad", "lr", "l1", "l2", "lr_power"},
     "multiply_linear_by_lr",
     ftrl,
     false,
     NULL},
    {"FtrlV2",
     {"var", "accum", "linear"},
     {"grad", "lr", "l1", "l2", "l2_shrinkage", "lr_power"},
     "multiply_linear_by_lr",
     ftrl_v2,
     false,
     NULL},
    {0}};
