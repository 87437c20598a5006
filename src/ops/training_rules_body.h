/* The rules that TensorFlow has for complex numbers, too: NUMBER is double or double complex, NAME(x) the
 * name of the function for it, ROOT the square root, LANES what it gets. Included by training_rules.c for
 * each. */

/* alpha */
static void NAME(gradient_descent)(const LANES *l) { EACH l->v[0][i] -= l->g[i] * l->s[0]; }

/* lr, momentum; flag: Nesterov's */
static void NAME(momentum)(const LANES *l) {
  NUMBER lr = l->s[0], m = l->s[1];
  EACH {
    NUMBER g = l->g[i], a = l->v[1][i] = l->v[1][i] * m + g;
    l->v[0][i] -= l->flag ? g * lr + a * m * lr : a * lr;
  }
}

/* The same; the accumulator holds the step itself. */
static void NAME(keras_momentum)(const LANES *l) {
  NUMBER lr = l->s[0], m = l->s[1];
  EACH {
    NUMBER g = l->g[i], a = l->v[1][i] = l->v[1][i] * m - g * lr;
    l->v[0][i] += l->flag ? a * m - g * lr : a;
  }
}

/* beta1_power, beta2_power, lr, beta1, beta2, epsilon; flag: Nesterov's */
static void NAME(adam)(const LANES *l) {
  NUMBER b1 = l->s[3], b2 = l->s[4], epsilon = l->s[5];
  NUMBER alpha = l->s[2] * ROOT(1 - l->s[1]) / (1 - l->s[0]);
  EACH {
    NUMBER g = l->g[i];
    NUMBER m = l->v[1][i] += (g - l->v[1][i]) * (1 - b1);
    NUMBER v = l->v[2][i] += (g * g - l->v[2][i]) * (1 - b2);
    l->v[0][i] -= (l->flag ? g * (1 - b1) + b1 * m : m) * alpha / (ROOT(v) + epsilon);
  }
}

/* lr, rho, epsilon */
static void NAME(adadelta)(const LANES *l) {
  NUMBER lr = l->s[0], rho = l->s[1], epsilon = l->s[2];
  EACH {
    NUMBER g = l->g[i], a = l->v[1][i] = l->v[1][i] * rho + g * g * (1 - rho);
    NUMBER update = ROOT(l->v[2][i] + epsilon) / ROOT(a + epsilon) * g;
    l->v[0][i] -= update * lr;
    l->v[2][i] = l->v[2][i] * rho + update * update * (1 - rho);
  }
}

/* lr; flag: the accumulator takes part */
static void NAME(adagrad)(const LANES *l) {
  EACH {
    NUMBER g = l->g[i];
    if (l->flag) l->v[1][i] += g * g;
    l->v[0][i] -= g * l->s[0] / ROOT(l->v[1][i]);
  }
}

/* lr, epsilon; the same flag */
static void NAME(adagrad_v2)(const LANES *l) {
  EACH {
    NUMBER g = l->g[i];
    if (l->flag) l->v[1][i] += g * g;
    l->v[0][i] -= g * l->s[0] / (ROOT(l->v[1][i]) + l->s[1]);
  }
}

/* lr, rho, momentum, epsilon */
static void NAME(rms_prop)(const LANES *l) {
  NUMBER lr = l->s[0], rho = l->s[1], m = l->s[2], epsilon = l->s[3];
  EACH {
    NUMBER g = l->g[i], ms = l->v[1][i] += (g * g - l->v[1][i]) * (1 - rho);
    NUMBER mom = l->v[2][i] = l->v[2][i] * m + g * lr / ROOT(ms + epsilon);
    l->v[0][i] -= mom;
  }
}

/* The same; what is squared is the distance from the mean mg. */
static void NAME(centered_rms_prop)(const LANES *l) {
  NUMBER lr = l->s[0], rho = l->s[1], m = l->s[2], epsilon = l->s[3];
  EACH {
    NUMBER g = l->g[i];
    NUMBER mg = l->v[1][i] += (g - l->v[1][i]) * (1 - rho);
    NUMBER ms = l->v[2][i] += (g * g - l->v[2][i]) * (1 - rho);
    NUMBER mom = l->v[3][i] = l->v[3][i] * m + g * lr / ROOT(ms - mg * mg + epsilon);
    l->v[0][i] -= mom;
  }
}

#undef NUMBER
#undef NAME
#undef ROOT
#undef LANES
