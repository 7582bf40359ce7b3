"""A prototxt as a list of layers that are part of the network when it is used: which, in which order, what they read.

The new form (`layer`, types in quotes) and the one before it (`layers`, types as words) give the same. Layers of other
phases are left out. A blob that a layer writes over is a new value here: each value has one place where it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnngraph.diagnostics import Source, Span
from cnngraph.interop.assembly import MAX_LAYERS
from cnngraph.interop.caffe.fields import Fields
from cnngraph.interop.caffe.prototxt import fault, parse

PHASES = ("TRAIN", "TEST")
PHASE = "TEST"  # the phase in which a network is used
FIELDS = ("name", "layer", "layers", "input", "input_dim", "input_shape", "state", "force_backward", "debug_info")
LOWEST = -(2**31)

OLD_TYPES = {
    1: "ACCURACY", 30: "ARGMAX", 2: "BNLL", 3: "CONCAT", 37: "CONTRASTIVE_LOSS", 4: "CONVOLUTION", 5: "DATA",
    39: "DECONVOLUTION", 6: "DROPOUT", 32: "DUMMY_DATA", 7: "EUCLIDEAN_LOSS", 25: "ELTWISE", 38: "EXP", 8: "FLATTEN",
    9: "HDF5_DATA", 10: "HDF5_OUTPUT", 28: "HINGE_LOSS", 11: "IM2COL", 12: "IMAGE_DATA", 13: "INFOGAIN_LOSS",
    14: "INNER_PRODUCT", 15: "LRN", 29: "MEMORY_DATA", 16: "MULTINOMIAL_LOGISTIC_LOSS", 34: "MVN", 17: "POOLING",
    26: "POWER", 18: "RELU", 19: "SIGMOID", 27: "SIGMOID_CROSS_ENTROPY_LOSS", 36: "SILENCE", 20: "SOFTMAX",
    21: "SOFTMAX_LOSS", 22: "SPLIT", 33: "SLICE", 23: "TANH", 24: "WINDOW_DATA", 31: "THRESHOLD", 35: "ABSVAL",
}  # fmt: skip
"""The words of the old form, by their numbers."""

_IRREGULAR = {
    "ABSVAL": "AbsVal", "ARGMAX": "ArgMax", "BNLL": "BNLL", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN", "MVN": "MVN", "RELU": "ReLU", "SOFTMAX_LOSS": "SoftmaxWithLoss", "TANH": "TanH",
}  # fmt: skip
NEW_TYPES = {old: _IRREGULAR.get(old, old.title().replace("_", "")) for old in OLD_TYPES.values()}
"""The same types by the names of the new form."""


@dataclass(frozen=True)
class Value:
    """What a layer gives: its place in the list of layers, and which of its results. Layer -1: an input of the net."""

    layer: int
    index: int


@dataclass(frozen=True)
class Layer:
    """A layer: its place among all, the values that it reads, and the names of those that it gives.

    A `prediction` was a loss in the file: only what it compares is left of it.
    """

    name: str
    type: str
    tops: tuple[str, ...]
    fields: Fields
    span: Span
    place: int = 0
    bottoms: tuple[Value, ...] = ()
    is_prediction: bool = False

    def values(self) -> list[Value]:
        return [Value(self.place, i) for i in range(len(self.tops))]

    def __str__(self) -> str:
        return f"layer {self.name} ({self.type})"


@dataclass(frozen=True)
class NetInput:
    """A blob that is fed, with its shape in the file's order, the batch first."""

    name: str
    shape: tuple[int, ...]
    span: Span


@dataclass(frozen=True)
class Network:
    name: str
    inputs: tuple[NetInput, ...]
    layers: tuple[Layer, ...]


def read_network(source: Source) -> Network:
    """The layers of a text. Raises E0801 where it is no network."""
    message = parse(source)
    fields = Fields(message, message.span)
    if "layer" not in fields and "layers" not in fields:
        raise fault(Span(source, 0, 0), "there is no layer in this file", "is it a solver, or another kind of file?")
    if other := [field for field in message.fields if field.name not in FIELDS]:
        raise fault(other[0].span, f"`{other[0].name}` is no field of a network")
    inputs, state = _inputs(fields), _State.of(fields.below("state"))
    layers = [layer for layer in _layers(fields) if state.takes(layer)]
    if not layers:
        raise fault(Span(source, 0, 0), f"no layer is there in the phase {PHASE}")
    if len(layers) + len(inputs) > MAX_LAYERS:
        raise fault(layers[-1].span, f"the network has more than {MAX_LAYERS:,} layers")
    return Network(fields.text("name"), inputs, _joined(inputs, layers))


def _inputs(fields: Fields) -> tuple[NetInput, ...]:
    """The `input` fields of the net itself, with `input_dim` (four each) or `input_shape` (each, or one for all)."""
    names, dims = fields.texts("input"), fields.wholes("input_dim", low=1)
    shapes = [tuple(shape.wholes("dim", low=1)) for shape in fields.each("input_shape")]
    if dims:
        shapes += [tuple(dims[i : i + 4]) for i in range(0, len(dims), 4)]
    if len(shapes) == 1:
        shapes *= len(names)
    if len(shapes) != len(names):
        message = f"{len(names)} inputs need as many shapes, not {len(shapes)}"
        raise fault(fields.place("input") if names else fields.place("input_dim"), message)
    return tuple(NetInput(name, shape, fields.place("input")) for name, shape in zip(names, shapes, strict=True))


def _layers(fields: Fields) -> list[Layer]:
    old, new = fields.each("layers"), fields.each("layer")
    if old and new:
        raise fault(new[0].span, "`layer` and `layers` do not go together in one file")
    return [_layer(found, _old_type(found)) for found in old] + [_layer(found, found.text("type")) for found in new]


def _old_type(layer: Fields) -> str:
    if "layer" in layer:
        raise fault(layer.span, "this is the form of 2013, before types were words", "Caffe's `upgrade_net_proto_text`")
    words = tuple(OLD_TYPES.get(number, "NONE") for number in range(max(OLD_TYPES) + 1))
    return NEW_TYPES.get(layer.word("type", words), "")


def _layer(fields: Fields, type_: str) -> Layer:
    if not type_:
        raise fault(fields.span, "a layer has no type")
    span = fields.place("type")
    return Layer(fields.text("name") or type_, type_, tuple(fields.texts("top")), fields, span)


@dataclass(frozen=True)
class _State:
    """What the rules of layers ask for, beside the phase: a level, and stages."""

    level: int
    stages: frozenset[str]

    @staticmethod
    def of(fields: Fields) -> _State:
        fields.ignore("phase")
        return _State(fields.whole("level", 0, LOWEST), frozenset(fields.texts("stage")))

    def takes(self, layer: Layer) -> bool:
        """Whether the layer is part of the network."""
        include, exclude = layer.fields.each("include"), layer.fields.each("exclude")
        met, unmet = [self._meets(rule) for rule in include], [self._meets(rule) for rule in exclude]
        return any(met) if include else not any(unmet)

    def _meets(self, rule: Fields) -> bool:
        lowest, highest = (rule.whole(name, self.level, LOWEST) for name in ("min_level", "max_level"))
        in_phase = "phase" not in rule or rule.word("phase", PHASES) == PHASE
        in_stages = self.stages.issuperset(rule.texts("stage")) and self.stages.isdisjoint(rule.texts("not_stage"))
        return in_phase and in_stages and lowest <= self.level <= highest


def _joined(inputs: Sequence[NetInput], layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with what each of them reads: the last value of that name before it."""
    current = {net_input.name: Value(-1, i) for i, net_input in enumerate(inputs)}
    joined = []
    for place, layer in enumerate(layers):
        names = layer.fields.texts("bottom")
        for name, span in zip(names, layer.fields.places("bottom"), strict=True):
            if name not in current:
                raise fault(span, f"{layer} reads {name}, which no layer before it gives")
        for name, span in zip(layer.tops, layer.fields.places("top"), strict=True):
            if name in current and name not in names:
                raise fault(span, f"{layer} gives {name}, which another layer gives too")
        joined.append(replace(layer, place=place, bottoms=tuple(current[name] for name in names)))
        current.update((layer.tops[value.index], value) for value in joined[-1].values())
    return tuple(joined)
