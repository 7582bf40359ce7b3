"""Which operators are activations: a network has one after a layer with weights, and none right after another."""

ACTIVATIONS = frozenset(
    [
        "elu",
        "gelu",
        "hard_sigmoid",
        "hard_swish",
        "leaky_relu",
        "log_softmax",
        "mish",
        "prelu",
        "relu",
        "selu",
        "sigmoid",
        "sign",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "tanh",
    ]
)
PASSED = frozenset(["identity", "dropout"])
"""Operators behind which the values of the layer before are still the same ones."""
