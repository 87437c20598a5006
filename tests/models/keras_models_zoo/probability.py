"""Models on tensorflow_probability 0.23: left out where it is not installed."""

import numpy as np
import tensorflow as tf

from keras_models_zoo.functions import S, function, save
from layers import data, numbers

MODELS = {}


def model(f):
    MODELS[f.__name__] = f
    return f


try:
    import tensorflow_probability as tfp

    tfd, tfb = tfp.distributions, tfp.bijectors
except ImportError:
    tfp = None
    model = lambda f: f  # noqa: E731


@model
def tfp_mixture(path):
    net = tf.keras.Sequential([tf.keras.layers.Dense(8, "tanh"), tf.keras.layers.Dense(9)])
    net.build((None, 2))

    @function(S([None, 2], name="x"), S([None], name="y"), S([2], tf.int32, "seed"))
    def f(x, y, seed):
        logits, loc, scale = tf.split(net(x), 3, -1)
        d = tfd.MixtureSameFamily(
            tfd.Categorical(logits=logits), tfd.Normal(loc, tf.nn.softplus(scale) + 0.1)
        )
        return {
            "log_prob": d.log_prob(y),
            "mean": d.mean(),
            "cdf": d.cdf(y),
            "sample": d.sample(3, seed=seed),
            "variance": d.variance(),
            "responsible": d.posterior_marginal(y).probs_parameter(),
        }

    m = tf.Module()
    m.net = net
    save(path, m, serving_default=f)
    return [{"x": data(n, 2), "y": data(n), "seed": np.array([1, n], np.int32)} for n in (3, 1, 0, 4)]


@model
def tfp_log_probs(path):
    """Densities, distribution functions and quantiles of many families."""
    made = [
        tfd.Gamma(2.0, 1.5),
        tfd.Beta(2.0, 3.0),
        tfd.StudentT(3.0, 0.0, 1.0),
        tfd.LogNormal(0.0, 1.0),
        tfd.Weibull(1.5, 1.0),
        tfd.Cauchy(0.0, 1.0),
        tfd.Gumbel(0.0, 1.0),
        tfd.Laplace(0.5, 2.0),
        tfd.VonMises(0.0, 2.0),
        tfd.HalfNormal(1.0),
        tfd.InverseGamma(3.0, 1.0),
        tfd.Kumaraswamy(2.0, 2.0),
        tfd.TruncatedNormal(0.0, 1.0, -1.0, 2.0),
        tfd.JohnsonSU(0.5, 1.0, 0.0, 1.0),
        tfd.Logistic(0.0, 1.0),
        tfd.Pareto(2.0, 0.01),
        tfd.GeneralizedNormal(0.0, 1.0, 1.5),
        tfd.Exponential(2.0),
        tfd.Triangular(-1.0, 2.0, 0.5),
        tfd.Moyal(0.0, 1.0),
        tfd.SinhArcsinh(0.0, 1.0, 0.3, 1.2),
        tfd.PERT(-1.0, 0.2, 2.0),
    ]
    counts = [
        tfd.Poisson(3.0),
        tfd.NegativeBinomial(4.0, probs=0.3),
        tfd.Binomial(10.0, probs=0.4),
        tfd.Geometric(probs=0.3),
        tfd.Zipf(2.5),
        tfd.BetaBinomial(10.0, 1.0, 2.0),
        tfd.Skellam(2.0, 3.0),
    ]

    @function(S([None], name="x"))
    def f(x):
        out = {}
        for d in made:
            out[d.name + "_p"] = d.log_prob(x)
            for name in ("cdf", "log_survival_function"):
                try:
                    out["%s_%s" % (d.name, name)] = getattr(d, name)(x)
                except NotImplementedError:
                    pass
        for d in counts:
            out[d.name + "_n"] = d.log_prob(tf.round(x * 9))
        return out

    @function(S([None], name="p"))
    def q(p):
        out = {}
        for d in made:
            try:
                out[d.name] = d.quantile(p)
            except NotImplementedError:
                pass
        return out

    save(path, tf.Module(), serving_default=f, quantile=q)
    return [{"x": np.abs(data(n, seed=n, low=0.02, high=0.95))} for n in (5, 1, 0)] + [
        ("quantile", {"p": np.array([0.01, 0.3, 0.5, 0.99], np.float32)[:n]}) for n in (4, 1)
    ]


@model
def tfp_samples(path):
    """Draws by seeds from families with rejection loops, matrices and processes."""
    made = [
        tfd.Gamma(0.7, 1.5),
        tfd.Beta(2.0, 0.5),
        tfd.Dirichlet([0.5, 1.0, 2.0]),
        tfd.StudentT(3.0, 0.0, 1.0),
        tfd.VonMises(0.0, 2.0),
        tfd.VonMisesFisher([1.0, 0.0, 0.0], 3.0),
        tfd.Zipf(2.5),
        tfd.Poisson(12.0),
        tfd.LKJ(3, 1.5),
        tfd.CholeskyLKJ(3, 1.5),
        tfd.WishartTriL(4.0, tf.eye(3)),
        tfd.Multinomial(7.0, probs=[0.2, 0.3, 0.5]),
        tfd.OneHotCategorical(logits=[0.1, 0.2, 0.3]),
        tfd.RelaxedOneHotCategorical(0.5, logits=[0.1, 0.2, 0.3]),
        tfd.PlackettLuce([0.1, 0.5, 0.4]),
        tfd.GammaGamma(2.0, 2.0, 1.0),
        tfd.TruncatedCauchy(0.0, 1.0, -1.0, 1.0),
        tfd.Binomial(20.0, probs=0.3),
        tfd.NegativeBinomial(4.0, probs=0.3),
        tfd.Skellam(2.0, 3.0),
        tfd.SphericalUniform(3),
    ]

    @function(S([2], tf.int32, "seed"))
    def f(seed):
        return {
            d.name: d.sample(4, seed=s)
            for d, s in zip(made, tf.unstack(tfp.random.split_seed(seed, len(made))))
        }

    save(path, tf.Module(), serving_default=f)
    return [{"seed": np.array([1, n], np.int32)} for n in (3, 1, 0)]


@model
def tfp_markov(path):
    """Hidden Markov model: likelihood, marginals and the best path; a Kalman filter and smoother."""
    hmm = tfd.HiddenMarkovModel(
        tfd.Categorical(probs=[0.6, 0.4]),
        tfd.Categorical(probs=[[0.7, 0.3], [0.2, 0.8]]),
        tfd.Normal([0.0, 1.0], [0.5, 1.0]),
        num_steps=6,
    )
    kalman = tfd.LinearGaussianStateSpaceModel(
        6,
        tf.constant([[1.0, 1.0], [0.0, 0.9]]),
        tfd.MultivariateNormalDiag(scale_diag=[0.3, 0.1]),
        tf.constant([[1.0, 0.0]]),
        tfd.MultivariateNormalDiag(scale_diag=[0.5]),
        tfd.MultivariateNormalDiag(scale_diag=[1.0, 1.0]),
    )

    @function(S([None, 6], name="x"), S([2], tf.int32, "seed"))
    def f(x, seed):
        means, covs = kalman.posterior_marginals(x[..., None])
        return {
            "p": hmm.log_prob(x),
            "mode": hmm.posterior_mode(x),
            "marginals": hmm.posterior_marginals(x).probs_parameter(),
            "kalman": kalman.log_prob(x[..., None]),
            "means": means,
            "covs": covs,
            "sample": kalman.sample(2, seed=seed),
            "draw": hmm.sample(3, seed=seed),
        }

    save(path, tf.Module(), serving_default=f)
    return [{"x": data(n, 6), "seed": np.array([1, n], np.int32)} for n in (3, 1)]


@model
def tfp_flow(path):
    """Masked autoregressive flow, splines, permutations: forward, inverse (a loop) and densities."""
    made = tfb.AutoregressiveNetwork(params=2, hidden_units=[8], activation="tanh")
    made.build((None, 3))
    chain = tfb.Chain(
        [
            tfb.MaskedAutoregressiveFlow(made),
            tfb.Permute([2, 0, 1]),
            tfb.RationalQuadraticSpline(
                tf.constant([[1.0, 2.0, 1.0]] * 3),
                tf.constant([[1.5, 1.5, 1.0]] * 3),
                tf.constant([[1.0, 0.5]] * 3),
                range_min=-2.0,
            ),
        ]
    )
    flow = tfd.TransformedDistribution(tfd.MultivariateNormalDiag(tf.zeros(3)), chain)
    others = [
        tfb.Softplus(),
        tfb.SoftClip(-2.0, 2.0),
        tfb.Sigmoid(),
        tfb.FillScaleTriL(),
        tfb.SoftmaxCentered(),
        tfb.IteratedSigmoidCentered(),
        tfb.CorrelationCholesky(),
        tfb.Ordered() if hasattr(tfb, "Ordered") else tfb.Ascending(),
        tfb.Householder([1.0, 2, 3]) if hasattr(tfb, "Householder") else tfb.Tanh(),
        tfb.Cumsum(),
    ]

    @function(S([None, 3], name="x"))
    def f(x):
        out = {"log_prob": flow.log_prob(x), "inverse": chain.inverse(x), "forward": chain.forward(x)}
        for b in others:
            y = b.forward(x)
            out[b.name] = y
            out[b.name + "_back"] = b.inverse(y)
            out[b.name + "_det"] = b.forward_log_det_jacobian(
                x, 1 if b.forward_min_event_ndims < 2 else b.forward_min_event_ndims
            )
        return out

    m = tf.Module()
    m.made = made.variables
    save(path, m, serving_default=f)
    return [{"x": data(n, 3)} for n in (3, 1, 4)]


@model
def tfp_gaussian_process(path):
    w = tf.Variable(0.7)
    kernel = (
        tfp.math.psd_kernels.ExponentiatedQuadratic(1.2, w)
        + tfp.math.psd_kernels.MaternFiveHalves(0.3, 0.5) * tfp.math.psd_kernels.Linear()
    )

    @function(S([None, 2], name="x"), S([None], name="y"), S([None, 2], name="at"), S([2], tf.int32, "seed"))
    def f(x, y, at, seed):
        posterior = tfd.GaussianProcessRegressionModel(kernel, at, x, y, observation_noise_variance=0.1)
        prior = tfd.GaussianProcess(kernel, x, observation_noise_variance=0.1)
        with tf.GradientTape() as tape:
            p = prior.log_prob(y)
        return {
            "mean": posterior.mean(),
            "stddev": posterior.stddev(),
            "log_prob": p,
            "gradient": tape.gradient(p, w),
            "sample": prior.sample(2, seed=seed),
        }

    m = tf.Module()
    m.w = w
    save(path, m, serving_default=f)
    return [
        {"x": data(n, 2), "y": data(n, seed=2), "at": data(k, 2, seed=3), "seed": np.array([1, n], np.int32)}
        for n, k in ((5, 2), (1, 3), (4, 1))
    ]


tfp_gaussian_process.rtol = 1e-3


@model
def tfp_chains(path):
    """Hamiltonian Monte Carlo, NUTS, random walks with adaptation of the step: loops of loops, by seeds."""

    def target(x):
        return -0.5 * tf.reduce_sum(x**2 * [1.0, 4.0], -1) - 0.1 * tf.reduce_sum(x**4, -1)

    @function(S([None, 2], name="x"), S([2], tf.int32, "seed"))
    def hmc(x, seed):
        kernel = tfp.mcmc.DualAveragingStepSizeAdaptation(tfp.mcmc.HamiltonianMonteCarlo(target, 0.3, 3), 4)
        states, trace = tfp.mcmc.sample_chain(
            5,
            x,
            kernel=kernel,
            num_burnin_steps=3,
            seed=seed,
            trace_fn=lambda _, r: (r.inner_results.is_accepted, r.new_step_size),
        )
        return {"states": states, "accepted": trace[0], "step": trace[1]}

    @function(S([None, 2], name="x"), S([2], tf.int32, "seed"))
    def nuts(x, seed):
        states, trace = tfp.mcmc.sample_chain(
            3,
            x,
            kernel=tfp.mcmc.NoUTurnSampler(target, 0.4, max_tree_depth=4),
            seed=seed,
            trace_fn=lambda _, r: r.leapfrogs_taken,
        )
        return {"states": states, "taken": trace}

    @function(S([None, 2], name="x"), S([2], tf.int32, "seed"))
    def others(x, seed):
        a, b = (
            tfp.mcmc.sample_chain(4, x, kernel=k, seed=seed, trace_fn=None, num_steps_between_results=1)
            for k in (tfp.mcmc.RandomWalkMetropolis(target), tfp.mcmc.SliceSampler(target, 1.0, 3))
        )
        return {
            "walk": a,
            "slice": b,
            "rhat": tfp.mcmc.potential_scale_reduction(tf.random.stateless_normal([10, 3, 2], seed)),
            "ess": tfp.mcmc.effective_sample_size(tf.random.stateless_normal([10, 2], seed)),
        }

    save(path, tf.Module(), serving_default=hmc, nuts=nuts, others=others)
    return [
        (s, {"x": data(n, 2), "seed": np.array([1, n], np.int32)})
        for s in ("serving_default", "nuts", "others")
        for n in (3, 1)
    ]


tfp_chains.rtol = 1e-3


@model
def tfp_solvers(path):
    """Ordinary differential equations, minimisers, roots: loops with convergence tests."""
    a = tf.constant([[-0.5, 1.0], [-1.0, -0.3]])

    @function(S([2], name="x"), S([None], name="times"))
    def ode(x, times):
        out = {}
        for name, solver in (
            ("dormand", tfp.math.ode.DormandPrince(rtol=1e-4, atol=1e-5)),
            ("bdf", tfp.math.ode.BDF(rtol=1e-3, atol=1e-4)),
        ):
            made = solver.solve(
                lambda t, y: tf.linalg.matvec(a, y) + 0.1 * tf.sin(t), 0.0, x, solution_times=times
            )
            out[name] = made.states
        return out

    def rosenbrock(x):
        return tf.reduce_sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, -1)

    def bowl(x):
        return tfp.math.value_and_gradient(
            lambda v: tf.reduce_sum((v - 1.0) ** 2 * [1.0, 3.0] + 0.1 * v**4, -1), x
        )

    @function(S([None, 2], name="x"))
    def minimise(x):
        bfgs, lbfgs = tfp.optimizer.bfgs_minimize(bowl, x, max_iterations=15), tfp.optimizer.lbfgs_minimize(
            bowl, x, max_iterations=15
        )
        simplex = tfp.optimizer.nelder_mead_minimize(rosenbrock, initial_vertex=x[0], max_iterations=25)
        cg = tf.linalg.experimental.conjugate_gradient(
            tf.linalg.LinearOperatorFullMatrix(
                tf.eye(2) * 3 - a @ a, is_self_adjoint=True, is_positive_definite=True
            ),
            x,
        )
        return {
            "bfgs": bfgs.position,
            "converged": bfgs.converged,
            "lbfgs": lbfgs.position,
            "simplex": simplex.position,
            "cg": cg.x,
        }

    @function(S([None], name="x"))
    def roots(x):
        y = tfp.math.find_root_chandrupatla(
            lambda v: v**3 - x, tf.fill(tf.shape(x), -2.0), tf.fill(tf.shape(x), 2.0)
        )
        return {
            "root": y.estimated_root,
            "secant": tfp.math.secant_root(lambda v: tf.exp(v) - 2.0 - 0.1 * x, tf.ones_like(x))[0],
            "lambertw": tfp.math.lambertw(tf.abs(x)),
            "owens": tfp.math.owens_t(x, x + 0.5),
            "erfcx": tfp.math.erfcx(x),
            "betainc": tfp.math.betainc(2.0, 3.0, tf.abs(x)),
            "bessel": tfp.math.bessel_kve(1.5, tf.abs(x) + 0.1),
            "round": tfp.math.round_exponential_bump_function(x),
            "interp": tfp.math.interp_regular_1d_grid(x, -1.0, 1.0, tf.range(5.0)),
            "lse": tfp.math.log_cumsum_exp(x),
            "igammainv": tfp.math.igammainv(1.5, tf.abs(x) * 0.9),
            "trapz": tfp.math.trapz(x),
            "cumlog": tfp.math.log_sub_exp(x + 3, x),
        }

    @function(S([None, 3], name="x"))
    def stats(x):
        return {
            "percentile": tfp.stats.percentile(x, [10.0, 50.0, 90.0], axis=0, interpolation="linear"),
            "correlation": tfp.stats.correlation(x),
            "auto": tfp.stats.auto_correlation(x, axis=0, max_lags=2),
            "quantiles": tfp.stats.quantiles(x, 3),
            "histogram": tfp.stats.histogram(x, [-1.0, 0.0, 1.0]),
            "bins": tfp.stats.find_bins(x, [-1.0, 0.0, 1.0]),
            "cov": tfp.stats.cholesky_covariance(x),
            "moving": tfp.stats.moving_mean_variance_zero_debiased(
                tf.reduce_mean(x), tf.math.reduce_variance(x), tf.constant(5), 0.9
            )[0],
            "kendall": tfp.stats.kendalls_tau(x[:, 0], x[:, 1]),
            "brier": tfp.stats.brier_score(numbers(3, high=3), x[:3]),
        }

    save(path, tf.Module(), serving_default=ode, minimise=minimise, roots=roots, stats=stats)
    return (
        [{"x": data(2, seed=n), "times": np.linspace(0.1, 2, n).astype(np.float32)} for n in (3, 1, 5)]
        + [("minimise", {"x": data(n, 2, seed=n)}) for n in (2, 1)]
        + [("roots", {"x": data(n, seed=n)}) for n in (4, 1)]
        + [("stats", {"x": data(n, 3, seed=n)}) for n in (9, 5)]
    )


tfp_solvers.rtol = 1e-3


@model
def tfp_time_series(path):
    """A structural model of level, trend and season: forecast and decomposition; variational training as a
    signature."""
    series = data(24, seed=5)
    parts = [
        tfp.sts.LocalLinearTrend(observed_time_series=series),
        tfp.sts.Seasonal(num_seasons=4, observed_time_series=series),
        tfp.sts.Autoregressive(1, observed_time_series=series),
    ]
    sum_of = tfp.sts.Sum(parts, observed_time_series=series)
    guess = tfp.sts.build_factored_surrogate_posterior(sum_of, seed=[1, 2])
    optimizer = tf.keras.optimizers.legacy.Adam(0.1)
    optimizer._create_all_weights(guess.trainable_variables)

    @function(S([24], name="x"), S([2], tf.int32, "seed"))
    def forecast(x, seed):
        made = tfp.sts.forecast(sum_of, x, guess.sample(3, seed=seed), num_steps_forecast=5)
        return {
            "mean": made.mean(),
            "stddev": made.stddev(),
            "one": tfp.sts.one_step_predictive(sum_of, x, guess.sample(3, seed=seed)).mean(),
        }

    @function(S([24], name="x"), S([2], tf.int32, "seed"))
    def train(x, seed):
        with tf.GradientTape() as tape:
            p = guess.sample(2, seed=seed)
            loss = tf.reduce_mean(
                guess.log_prob(p) - sum_of.joint_distribution(x).log_prob(p)
                if hasattr(sum_of, "joint_distribution")
                else 0.0
            )
        optimizer.apply_gradients(
            zip(tape.gradient(loss, guess.trainable_variables), guess.trainable_variables)
        )
        return loss

    m = tf.Module()
    m.parts = [guess.variables, optimizer]
    save(path, m, serving_default=forecast, train=train)
    one = {"x": data(24), "seed": np.array([1, 5], np.int32)}
    return [one, ("train", one), one, ("train", one)]


tfp_time_series.rtol = 5e-3
