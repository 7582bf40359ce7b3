"""Several values that become one: added, multiplied, compared, set side by side."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.interop.onnx.writing.boundary import channels_first, channels_last
from cnngraph.interop.onnx.writing.sheet import Value, kind_of
from cnngraph.interop.onnx.writing.site import Site


def add(site: Site) -> Value:
    """Of two an Add, of more a Sum."""
    axes = agreed(site)
    inputs = met(site, axes)
    return site.result("Add" if len(inputs) == 2 else "Sum", *inputs, axes=axes)


def mul(site: Site) -> Value:
    axes = agreed(site)
    product, *others, last = met(site, axes)
    for other in others:
        product = site.add("Mul", product, other)
    return site.counterpart(product, last, axes=axes)


def all_at_once(site: Site) -> Value:
    axes = agreed(site)
    return site.counterpart(*met(site, axes), axes=axes)


def select(site: Site) -> Value:
    """Where ONNX asks for truths: what is not 0."""
    axes = agreed(site)
    mask, x, other = met(site, axes)
    return site.result("Where", site.add("Cast", mask, to=kind_of("bool")), x, other, axes=axes)


def concat(site: Site) -> Value:
    axes = agreed(site)
    inputs = [site.turned(axes, number) for number in range(site.count)]
    return site.counterpart(*inputs, axes=axes, axis=axes.index(len(axes) - 1))


def agreed(site: Site, numbers: Sequence[int] | None = None) -> tuple[int, ...]:
    """The order of axes that fits the widest inputs: their own; where they differ, images channels first."""
    numbers = range(site.count) if numbers is None else numbers
    rank = max(site.rank(number) for number in numbers)
    orders = {site.value(number).axes for number in numbers if site.rank(number) == rank}
    if len(orders) == 1:
        return orders.pop()
    return channels_first(rank) if rank > 3 else channels_last(rank)


def met(site: Site, axes: tuple[int, ...]) -> list[str]:
    """All inputs in this order of axes; a vector gets axes of 1 for the positions."""
    return [_spread(site, axes, number) for number in range(site.count)]


def _spread(site: Site, axes: tuple[int, ...], number: int) -> str:
    if site.rank(number) == len(axes):
        return site.turned(axes, number)
    vector = site.value(number).name
    absent = [place for place, axis in enumerate(axes) if axis not in (0, len(axes) - 1)]
    return site.add("Unsqueeze", vector, site.whole("axes", absent))


WAYS = {
    **dict.fromkeys(("div", "max", "min", "pow"), all_at_once),
    "add": add,
    "concat": concat,
    "mul": mul,
    "select": select,
}
