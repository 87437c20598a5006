"""The groups of vision_audio.py: name -> (function of tensors, requests: lists of inputs); what they share."""
import importlib
import pkgutil

import numpy as np

from layers import data  # noqa: F401

GROUPS, KEPT = {}, []


def group(f):
    GROUPS[f.__name__] = f
    return f


def pixels(*shape, seed=1):
    """An image with edges and gradients, uint8."""
    rng = np.random.RandomState(seed)
    grid = np.indices(shape).sum(0) * 9 % 256
    return ((grid + rng.randint(0, 60, shape)) % 256).astype(np.uint8)


def unit(*shape, seed=1):
    return data(*shape, seed=seed, low=0.0)


def now(tensor):
    """The value of a tensor of constants, in either way."""
    import tensorflow as tf
    return tensor.numpy() if tf.executing_eagerly() else tf.compat.v1.Session().run(tensor)


def weights(*shape, seed=3):
    """A variable that the model keeps."""
    import tensorflow as tf
    KEPT.append(tf.Variable(data(*shape, seed=seed) / np.sqrt(max(1, np.prod(shape[:-1])))))
    return KEPT[-1]


def kept(layer):
    KEPT.append(layer)
    return layer


def load():
    """All groups, by name."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module("vision_groups." + found.name)
    return GROUPS
