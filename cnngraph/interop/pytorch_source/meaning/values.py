"""What is done with each value by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnngraph.interop.pytorch_source.form import Argument, Binding, Form, call, made, method
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.numbers import Root
from cnngraph.interop.pytorch_source.site import Site, Unwritable, option
from cnngraph.ops.scale import Scale

FIRST, LAST = Layout.FIRST, Layout.LAST
Options = Callable[[Site], Sequence[Argument]]


def _both(module: str, function: str, options: Options = lambda site: ()) -> Callable[[Site], None]:
    """A module and a function with the same arguments."""

    def rule(site: Site) -> None:
        arguments = tuple(options(site))
        site.add([site.plain()], made(f"nn.{module}", *arguments), call(function, *arguments))

    return rule


def _first(role: str, value: object, default: object) -> Argument:
    """The first argument, which needs no name."""
    return Argument(role, value, default, named=False)


def _softmax(module: str, function: str) -> Callable[[Site], None]:
    return _both(module, function, lambda site: [Argument("dim", site.axis())])


def _method(name: str) -> Callable[[Site], None]:
    return lambda site: site.add([site.plain()], (), method(name))


def clip(site: Site) -> None:
    low, high = site.op.low, site.op.high
    if (low, high) == (0, 6):
        site.add([site.plain()], made("nn.ReLU6"), call("F.relu6"))
        return
    limits = (option("min_val", low, -1.0), option("max_val", high, 1.0))
    site.add([site.plain()], made("nn.Hardtanh", *limits), call("F.hardtanh", *limits))


def dropout(site: Site) -> None:
    op = site.op
    if op.training:
        raise Unwritable("a dropout of the training form; write the network itself")
    name = f"nn.Dropout{max(site.rank, 1)}d" if op.channels and site.rank else "nn.Dropout"
    layout = FIRST if op.channels else None
    source = site.take(layout) if layout else site.plain()
    site.add([source], made(name, _first("p", op.rate, 0.5)), layout=layout)


def scale(site: Site) -> None:
    factor = float(site.op.factor)
    if factor == -1:
        site.add([site.plain()], (), Form("-{0}", binding=Binding.PRODUCT, takes=Binding.CALL))
        return
    form = Form("{} * {0}", (Argument.of("factor", power(factor)),), Binding.PRODUCT, Binding.PRODUCT)
    site.add([site.plain()], (), form)


def power(factor: float) -> object:
    """The number; a root as what it is the root of, where that gives the same number.

    >>> power(0.125), power(22.627416997969522), power(0.3)
    (0.125, '512**0.5', 0.3)
    """
    for exponent in (0.5, -0.5):
        base = round(factor ** (1 / exponent)) if factor > 0 else 0
        if base > 1 and base**exponent == factor and factor != round(factor, 6):
            return Root(f"{base}**{exponent}")
    return plain(factor)


def plain(number: float) -> int | float:
    """A whole number without its point."""
    return int(number) if float(number).is_integer() else number


def shift(site: Site) -> None:
    """`1 - x` where the value was turned before."""
    source = site.graph[site.node.inputs[0].node]
    amount = Argument.of("amount", plain(site.op.amount))
    if isinstance(source.op, Scale) and source.op.factor == -1:
        value = site.values[source.inputs[0]].name
        site.add([value], (), Form("{} - {0}", (amount,), Binding.SUM, Binding.PRODUCT))
        return
    site.add([site.plain()], (), Form("{0} + {}", (amount,), Binding.SUM, Binding.SUM))


def reverse_gradient(site: Site) -> None:
    weight = (option("weight", site.op.weight, 1.0),)
    site.add([site.plain()], made("GradientReversal", *weight))


def power_of(site: Site) -> None:
    named = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}.get(site.op.exponent)
    form = method(named) if named else method("pow", Argument.of("exponent", plain(site.op.exponent)))
    site.add([site.plain()], (), form)


def filled(site: Site) -> None:
    site.add([site.plain()], (), call("torch.full_like", Argument.of("fill_value", float(site.op.value))))


def argmax(site: Site) -> None:
    site.add([site.plain()], (), method("argmax", Argument("dim", site.axis())), layout=FIRST)


MEANING: Mapping[str, Callable[[Site], None]] = {
    "relu": _both("ReLU", "F.relu"),
    "leaky_relu": _both("LeakyReLU", "F.leaky_relu", lambda site: [_first("negative_slope", site.op.slope, 0.01)]),
    "elu": _both("ELU", "F.elu", lambda site: [_first("alpha", site.op.alpha, 1.0)]),
    "selu": _both("SELU", "F.selu"),
    "gelu": _both("GELU", "F.gelu", lambda site: [option("approximate", "tanh" if site.op.tanh else "none", "none")]),
    "silu": _both("SiLU", "F.silu"),
    "mish": _both("Mish", "F.mish"),
    "softplus": _both("Softplus", "F.softplus"),
    "softsign": _both("Softsign", "F.softsign"),
    "hard_sigmoid": _both("Hardsigmoid", "F.hardsigmoid"),
    "hard_swish": _both("Hardswish", "F.hardswish"),
    "sigmoid": _both("Sigmoid", "torch.sigmoid"),
    "tanh": _both("Tanh", "torch.tanh"),
    "softmax": _softmax("Softmax", "F.softmax"),
    "log_softmax": _softmax("LogSoftmax", "F.log_softmax"),
    "clip": clip,
    "dropout": dropout,
    "abs": _method("abs"),
    "exp": _method("exp"),
    "log": _method("log"),
    "sin": _method("sin"),
    "cos": _method("cos"),
    "erf": _method("erf"),
    "sign": _method("sign"),
    "stop_gradient": _method("detach"),
    "reverse_gradient": reverse_gradient,
    "identity": Site.same,
    "scale": scale,
    "shift": shift,
    "power": power_of,
    "filled": filled,
    "argmax": argmax,
}
"""Activations and arithmetic with numbers."""
