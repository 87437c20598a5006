/* Gradient descent and its kin. All is computed in double; the variables' dtype rounds the results. */
#include "ops/training_rules.h"

#include <math.h>
#include <stddef.h>

#define EACH for (int i = 0; i < l->n; i++)

static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/* What stays of x when it comes nearer to 0 by `by`. */
static double shrink(double x, double by) { return sign(x) * fmax(fabs(x) - by, 0); }

/* alpha */
static void gradient_descent(const Lanes *l) {
  EACH l->v[0][i] -= l->g[i] * l->s[0];
}

/* alpha, l1, l2 */
static void proximal_gradient_descent(const Lanes *l) {
  double alpha = l->s[0], l1 = l->s[1], l2 = l->s[2];
  EACH {
    double x = l->v[0][i] - l->g[i] * alpha;
    l->v[0][i] = (l1 > 0 ? shrink(x, alpha * l1) : x) / (1 + alpha * l2);
  }
}

/* lr, momentum; flag: Nesterov's */
static void momentum(const Lanes *l) {
  double lr = l->s[0], m = l->s[1];
  EACH {
    double g = l->g[i], a = l->v[1][i] = l->v[1][i] * m + g;
    l->v[0][i] -= l->flag ? g * lr + a * m * lr : a * lr;
  }
}

/* The same; the accumulator holds the step itself. */
static void keras_momentum(const Lanes *l) {
  double lr = l->s[0], m = l->s[1];
  EACH {
    double g = l->g[i], a = l->v[1][i] = l->v[1][i] * m - g * lr;
    l->v[0][i] += l->flag ? a * m - g * lr : a;
  }
}

/* beta1_power, beta2_power, lr, beta1, beta2, epsilon; flag: Nesterov's */
static void adam(const Lanes *l) {
  double b1 = l->s[3], b2 = l->s[4], epsilon = l->s[5];
  double alpha = l->s[2] * sqrt(1 - l->s[1]) / (1 - l->s[0]);
  EACH {
    double g = l->g[i];
    double m = l->v[1][i] += (g - l->v[1][i]) * (1 - b1);
    double v = l->v[2][i] += (g * g - l->v[2][i]) * (1 - b2);
    l->v[0][i] -= (l->flag ? g * (1 - b1) + b1 * m : m) * alpha / (sqrt(v) + epsilon);
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

/* lr, rho, epsilon */
static void adadelta(const Lanes *l) {
  double lr = l->s[0], rho = l->s[1], epsilon = l->s[2];
  EACH {
    double g = l->g[i], a = l->v[1][i] = l->v[1][i] * rho + g * g * (1 - rho);
    double update = sqrt(l->v[2][i] + epsilon) / sqrt(a + epsilon) * g;
    l->v[0][i] -= update * lr;
    l->v[2][i] = l->v[2][i] * rho + update * update * (1 - rho);
  }
}

/* lr; flag: the accumulator takes part */
static void adagrad(const Lanes *l) {
  EACH {
    double g = l->g[i];
    if (l->flag) l->v[1][i] += g * g;
    l->v[0][i] -= g * l->s[0] / sqrt(l->v[1][i]);
  }
}

/* lr, epsilon; the same flag */
static void adagrad_v2(const Lanes *l) {
  EACH {
    double g = l->g[i];
    if (l->flag) l->v[1][i] += g * g;
    l->v[0][i] -= g * l->s[0] / (sqrt(l->v[1][i]) + l->s[1]);
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

/* lr, rho, momentum, epsilon */
static void rms_prop(const Lanes *l) {
  double lr = l->s[0], rho = l->s[1], m = l->s[2], epsilon = l->s[3];
  EACH {
    double g = l->g[i], ms = l->v[1][i] += (g * g - l->v[1][i]) * (1 - rho);
    double mom = l->v[2][i] = l->v[2][i] * m + g * lr / sqrt(ms + epsilon);
    l->v[0][i] -= mom;
  }
}

/* The same; what is squared is the distance from the mean mg. */
static void centered_rms_prop(const Lanes *l) {
  double lr = l->s[0], rho = l->s[1], m = l->s[2], epsilon = l->s[3];
  EACH {
    double g = l->g[i];
    double mg = l->v[1][i] += (g - l->v[1][i]) * (1 - rho);
    double ms = l->v[2][i] += (g * g - l->v[2][i]) * (1 - rho);
    double mom = l->v[3][i] = l->v[3][i] * m + g * lr / sqrt(ms - mg * mg + epsilon);
    l->v[0][i] -= mom;
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

/* Follow the regularised leader; `shrinkage` adds to the gradient, not to its square. flag: the linear term is
 * kept multiplied by the rate. */
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
    {"GradientDescent", {"var"}, {"alpha", "delta"}, NULL, gradient_descent, false},
    {"ProximalGradientDescent", {"var"}, {"alpha", "l1", "l2", "delta"}, NULL, proximal_gradient_descent, false},
    {"Momentum", {"var", "accum"}, {"lr", "grad", "momentum"}, "use_nesterov", momentum, true},
    {"KerasMomentum", {"var", "accum"}, {"lr", "grad", "momentum"}, "use_nesterov", keras_momentum, true},
    {"Adam", {"var", "m", "v"}, {BETAS}, "use_nesterov", adam, false},
    {"AdamWithAmsgrad", {"var", "m", "v", "vhat"}, {BETAS}, NULL, amsgrad, false},
    {"AdaMax", {"var", "m", "v"}, {"beta1_power", "lr", "beta1", "beta2", "epsilon", "grad"}, NULL, ada_max, false},
    {"Adadelta", {"var", "accum", "accum_update"}, {"lr", "rho", "epsilon", "grad"}, NULL, adadelta, true},
    {"Adagrad", {"var", "accum"}, {"lr", "grad"}, "update_slots", adagrad, false},
    {"AdagradV2", {"var", "accum"}, {"lr", "epsilon", "grad"}, "update_slots", adagrad_v2, false},
    {"ProximalAdagrad", {"var", "accum"}, {"lr", "l1", "l2", "grad"}, NULL, proximal_adagrad, false},
    {"AdagradDA", {"var", "gradient_accumulator", "gradient_squared_accumulator"},
     {"grad", "lr", "l1", "l2", "global_step"}, NULL, adagrad_da, false},
    {"RMSProp", {"var", "ms", "mom"}, {"lr", "rho", "momentum", "epsilon", "grad"}, NULL, rms_prop, true},
    {"CenteredRMSProp", {"var", "mg", "ms", "mom"}, {"lr", "rho", "momentum", "epsilon", "grad"}, NULL, centered_rms_prop,
     true},
    {"AddSign", {"var", "m"}, {"lr", "alpha", "sign_decay", "beta", "grad"}, NULL, add_sign, false},
    {"PowerSign", {"var", "m"}, {"lr", "logbase", "sign_decay", "beta", "grad"}, NULL, power_sign, false},
    {"Ftrl", {"var", "accum", "linear"}, {"grad", "lr", "l1", "l2", "lr_power"}, "multiply_linear_by_lr", ftrl, false},
    {"FtrlV2", {"var", "accum", "linear"}, {"grad", "lr", "l1", "l2", "l2_shrinkage", "lr_power"},
     "multiply_linear_by_lr", ftrl_v2, false},
    {0}};
