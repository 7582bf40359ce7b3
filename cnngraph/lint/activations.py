"""Which operators are activations: a network has one after a layer with weights, and none right after another."""

ACTIVATIONS = frozenset(
    [
        "elu",
        "gelu",
        "hard_sigmoid",
        "hard_swish",
        "leaky_relu",
        "prelu",
        "relu",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "tanh",
    ]
)
PASSED = frozenset(["identity", "dropout"])
"""Operators behind which the values of the layer before are still the same ones."""
