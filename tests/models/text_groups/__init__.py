"""The models of text_models.py: a group is a function of TensorFlow that gives its members.

A member is name: (function, what its arguments are, requests); or a group gives a function that writes a
SavedModel of its own to a path and returns such members. "S?,2" is an argument of strings and shape [None, 2],
"f" a float scalar, "i*" int32 of any rank; a request is a tuple of arguments, or {input: value}.
"""
import importlib
import os

import numpy as np

GROUPS = {}
DTYPES = {"S": "string", "f": "float32", "i": "int32", "l": "int64", "b": "bool"}


def group(f):
    GROUPS[f.__name__] = f
    return f


def arg(value, code):
    """A request's value as the array that its argument wants."""
    if code != "S":
        return np.asarray(value, DTYPES[code])
    flat = np.array(value, object).reshape(-1)
    out = np.empty(flat.shape, object)
    out[:] = [t.encode() if isinstance(t, str) else t for t in flat]
    return out.reshape(np.array(value, object).shape)


def S(*texts):
    return arg(list(texts), "S")


def SS(*rows):
    return arg([list(r) for r in rows], "S")


def rnd(*shape, seed=1, scale=1.0):
    return (np.random.RandomState(seed).standard_normal(shape) * scale).astype(np.float32)


def ids(*shape, seed=1, low=0, high=10):
    return np.random.RandomState(seed).randint(low, high, shape)


def keep(f, *parts):
    """f, with what the SavedModel must hold for it."""
    f.parts = list(parts)
    return f


def example(tf, **features):
    """A serialized tf.Example: floats, ints, strings, or [] for a feature without a list."""
    out = tf.train.Example()
    for name, values in features.items():
        values, feature = values if isinstance(values, list) else [values], out.features.feature[name]
        feature.SetInParent()
        if values and isinstance(values[0], float):
            feature.float_list.value.extend(values)
        elif values and isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        elif values:
            feature.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in values)
    return out.SerializeToString()


def write_file(name, data):
    """Its path, in the folder of the model that is being made."""
    path = os.path.join(os.environ["TEXT_FILES"], name)
    with open(path, "wb") as f:
        f.write(data)
    return path


for _name in "tokens ragged sparse parsing tables decoding nets training gradients flows features nlp".split():
    importlib.import_module("." + _name, __name__)
