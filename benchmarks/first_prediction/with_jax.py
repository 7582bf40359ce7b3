"""The first prediction of a cold process, with JAX: python with_jax.py FOLDER THREADS."""

import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

folder = Path(sys.argv[1])
weights = {name: jnp.asarray(value) for name, value in np.load(folder / "ours.npz").items()}


def conv(x: jax.Array, w: dict[str, jax.Array], name: str) -> jax.Array:
    axes = ("NHWC", "HWIO", "NHWC")
    y = lax.conv_general_dilated(x, w[f"{name}.weight"], (1, 1), "VALID", dimension_numbers=axes)
    return jnp.tanh(y + w[f"{name}.bias"])


def halved(x: jax.Array) -> jax.Array:
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4


@jax.jit
def predict(w: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    x = halved(conv(x, w, "c1.conv"))
    x = halved(conv(x, w, "c3.conv"))
    x = conv(x, w, "c5.conv").reshape(len(x), -1)
    x = jnp.tanh(x @ w["f6.dense.weight"] + w["f6.dense.bias"])
    return jax.nn.softmax(x @ w["output.dense.weight"] + w["output.dense.bias"])


prediction = np.asarray(predict(weights, np.load(folder / "image.npy")))
print(time.monotonic())
np.save(folder / "prediction.npy", prediction)
