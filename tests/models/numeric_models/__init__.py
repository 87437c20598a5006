"""Groups of numeric functions for numeric.py: from tf they give {name: (function of tensors, requests)}.

A request is a list of inputs. A dimension in which requests differ is unknown in the signature.
"""
import numpy as np

GROUPS = {}


def group(f):
    GROUPS[f.__name__] = f
    return f


def data(*shape, seed=1, low=-1.0, high=1.0, dtype=np.float32):
    return np.random.RandomState(seed).uniform(low, high, shape).astype(dtype)


def numbers(*shape, seed=1, low=0, high=10, dtype=np.int32):
    return np.random.RandomState(seed).randint(low, high, shape).astype(dtype)


def spd(n, *batch, seed=1, dtype=np.float32):
    """A matrix with positive eigenvalues."""
    a = np.random.RandomState(seed).uniform(-1, 1, batch + (n, n))
    return (a @ np.swapaxes(a, -1, -2) + n * np.eye(n)).astype(dtype)
