"""The models of graph_mode.py: what they share, and their list."""

import importlib
import os
import pkgutil

import numpy as np

MODELS = {}  # name -> (function, options)


def model(f=None, **options):
    """Registers f(tf, m), which builds a model in the default graph and says what it is by m
    (graph_mode.Maker).

    Options: strip (default attributes), v2 (control flow by functions), rtol, atol.
    """

    def register(f):
        MODELS[f.__name__] = (f, options)
        return f

    return register(f) if f else register


def data(*shape, seed=1, low=-1.0, high=1.0):
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def ids(*shape, seed=1, high=10):
    return np.random.RandomState(seed).randint(0, high, shape).astype(np.int32)


def words(values):
    return np.array([w.encode() for w in values], object)


def load():
    for module in pkgutil.iter_modules([os.path.dirname(__file__)]):
        importlib.import_module(__name__ + "." + module.name)
    return MODELS
