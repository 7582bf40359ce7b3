"""Which layers of a network are left out: those that only measure or train. A loss keeps what it predicts with."""

from __future__ import annotations

from dataclasses import replace

from cnngraph.interop.caffe.network import Layer, Network, Value

MEASURES = (
    "Accuracy", "ContrastiveLoss", "EuclideanLoss", "HDF5Output", "HingeLoss", "MultinomialLogisticLoss",
    "SmoothL1Loss",
)  # fmt: skip
PREDICTIONS = {"SoftmaxWithLoss": "Softmax", "SigmoidCrossEntropyLoss": "Sigmoid"}
"""A loss that bends its first blob before it compares: the layer that does only that."""


def pruned(network: Network) -> tuple[Network, list[str]]:
    """The network as it is used, and in words what was left out of the one that is tested."""
    predicted = {(layer.type, layer.bottoms) for layer in network.layers}
    kept: list[Layer] = []
    left: list[str] = []
    losses: set[Value] = set()  # and all that is computed from them
    for layer in network.layers:
        prediction = PREDICTIONS.get(layer.type)
        is_there = (prediction, layer.bottoms[:1]) in predicted
        if layer.type in MEASURES or is_there or losses.intersection(layer.bottoms):
            left.append(layer.name)
            losses.update(layer.values())
        elif prediction:
            kept.append(_prediction(layer, prediction))
            losses.update(layer.values()[:1])
        else:
            kept.append(layer)
    notes = [f"left out, as they only train or measure: {', '.join(left)}"] if left else []
    notes += [f"{layer.name} is a {layer.type.lower()}, without its loss" for layer in kept if layer.is_prediction]
    return replace(network, layers=tuple(kept)), notes


def _prediction(layer: Layer, type_: str) -> Layer:
    """What a loss compares; its first result was the loss, and is called so."""
    tops = tuple(top.replace("loss", "prob") for top in layer.tops or (layer.name,))
    return replace(layer, type=type_, bottoms=layer.bottoms[:1], tops=tops, is_prediction=True)
