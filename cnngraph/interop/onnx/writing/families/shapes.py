"""What moves values and computes nothing: other shapes, parts, margins, orders."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.interop.onnx.writing.boundary import channels_first, channels_last
from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Site
from cnngraph.ir.graph import Ref
from cnngraph.ir.size import Dim
from cnngraph.ir.window import spread
from cnngraph.ops.crop import margins
from cnngraph.ops.part import Part

END = 2**63 - 1
"""Where a Slice ends that goes to the end, whatever the size."""


def flatten(site: Site) -> Value:
    """Our order has the channels last, but where only dense layers follow, whose weights are turned instead."""
    x = site.first() if site.node.name in site.page.rows else site.last()
    return site.counterpart(x, axes=(0, 1))


def reshape(site: Site) -> Value:
    """Where the channels stay, only positions are joined or cut, as well with the channels first."""
    given, wanted = site.type(), site.node.type
    stays = len(given.shape) > 2 and len(wanted.shape) > 2 and given.channels == wanted.channels
    ordered = channels_first if stays and site.value().axes == channels_first(len(given.shape)) else channels_last
    axes = ordered(len(wanted.shape))
    x = site.turned(ordered(len(given.shape)))
    sizes = [given.shape[axis] for axis in ordered(len(given.shape))]
    return site.counterpart(x, site.reshaped(x, sizes, [wanted.shape[axis] for axis in axes]), axes=axes)


def split_heads(site: Site) -> Value:
    """The heads are cut where they are; the Transpose waits for who needs them in front."""
    n, *positions, channels = site.type().shape
    sizes: list[Dim] = [n, *positions, site.op.heads, channels // site.op.heads]
    place = len(positions) + 1  # of the heads, until they are turned to the front
    axes = (0, *range(2, place + 1), 1, place + 1)
    x = site.last()
    return site.result("Reshape", x, site.reshaped(x, site.type().shape, sizes), axes=axes)


def join_heads(site: Site) -> Value:
    rank = site.rank()
    order = (0, *range(2, rank - 1), 1, rank - 1)
    x = site.turned(order)
    given = [site.type().shape[axis] for axis in order]
    return site.result("Reshape", x, site.reshaped(x, given, site.node.type.shape), axes=channels_last(rank - 1))


def shuffle(site: Site) -> Value:
    """The channels as a table of groups, turned."""
    x, axis = site.value(), site.value().axis(-1)
    given, groups = x.sizes(site.type()), site.op.groups
    table = [*given[:axis], groups, given[axis] // groups, *given[axis + 1 :]]
    order = [*range(axis), axis + 1, axis, *range(axis + 2, len(table))]
    cut = site.add("Reshape", x.name, site.reshaped(x.name, given, table))
    turned = site.add("Transpose", cut, perm=order)
    return site.result("Reshape", turned, site.reshaped(turned, [table[i] for i in order], given), axes=x.axes)


def pixel_shuffle(site: Site) -> Value:
    """ONNX has it for images: (N, C r r, H, W) -> (N, C, r H, r W)."""
    if site.rank() == 4 and site.op.onnx() is not None:
        return site.counterpart(site.first(), axes=channels_first(4))
    rank = site.rank() - 2
    n, *positions, _ = site.type().shape
    factors = spread("pixel_shuffle", "factor", site.op.factor, rank)
    table = [n, site.node.type.channels, *factors, *positions]
    order = [0, 1, *(axis for i in range(rank) for axis in (2 + rank + i, 2 + i))]
    return _by_table(site, table, order)


def pixel_unshuffle(site: Site) -> Value:
    """(N, C, r H, r W) -> (N, C r r, H, W); the SpaceToDepth of ONNX has another order of features."""
    rank = site.rank() - 2
    factors = spread("pixel_unshuffle", "factor", site.op.factor, rank)
    pairs = zip(site.node.type.positions, factors, strict=True)
    table = [site.type().shape[0], site.type().channels, *(size for pair in pairs for size in pair)]
    return _by_table(site, table, [0, 1, *range(3, 2 * rank + 2, 2), *range(2, 2 * rank + 2, 2)])


def _by_table(site: Site, table: list[Dim], order: list[int]) -> Value:
    """Channels first: cut into a table, its axes put in another order, and joined to the shape of the result."""
    axes = channels_first(site.rank())
    x, given = site.first(), [site.type().shape[axis] for axis in axes]
    turned = site.add("Transpose", site.add("Reshape", x, site.reshaped(x, given, table)), perm=order)
    wanted = [site.node.type.shape[axis] for axis in axes]
    return site.result("Reshape", turned, site.reshaped(turned, [table[i] for i in order], wanted), axes=axes)


def learned(site: Site) -> Value:
    """The same value for as many samples as there are."""
    wanted = site.node.type.shape
    axes = channels_first(len(wanted)) if len(wanted) > 3 else channels_last(len(wanted))
    value = site.kept(1, tuple(axis - 1 for axis in axes[1:]))
    x = site.value()
    sizes = site.sizes([wanted[axis] for axis in axes], (x.name, x.sizes(site.type())))
    return site.result("Expand", value, sizes, axes=axes)


def transpose(site: Site) -> Value:
    """Positions in another order, where they lie."""
    x = site.value()
    order = site.op.order if isinstance(site.op.order, tuple) else (site.op.order,)
    whole = (0, *(axis + 1 for axis in order), len(order) + 1)  # axis i of the result is our axis whole[i]
    return site.counterpart(x.name, axes=x.axes, perm=[x.axis(whole[axis]) for axis in x.axes])


def part(site: Site) -> Value:
    """All parts of one value are one Split."""
    x, (source,) = site.value(), site.node.inputs
    page, of = site.page, site.op.of
    users = page.graph.users[source.node]
    siblings = {n.op.index: n for n in users if n.inputs == (source,) and isinstance(n.op, Part) and n.op.of == of}
    width = site.type().channels // site.op.count
    sizes = [width] * of if isinstance(of, int) else list(of)
    for sibling in siblings.values():
        page.values.setdefault(sibling.ref, site.named(Ref(sibling.name), x.axes))
    outputs = [page.values[siblings[i].ref].name if i in siblings else site.unread() for i in range(site.op.count)]
    lengths = site.whole("sizes", sizes)
    site.sheet.add("Split", [x.name, lengths], outputs, {"axis": x.axis(-1)}, site.path, site.remarks())
    return page.values[site.node.ref]


def cut(site: Site) -> Value:
    """Some of the channels, at all positions or at one of the first axis."""
    x, op = site.value(), site.op
    whole = (op.start, op.stop) == (0, site.type().channels)
    if op.position is None:
        return sliced(site, [op.start], [op.stop], [x.axis(-1)])
    limits = [site.whole(name, [n]) for name, n in (("start", op.start), ("stop", op.stop), ("axis", x.axis(-1)))]
    channels = x.name if whole else site.add("Slice", x.name, *limits)
    return _picked(site, channels, op.position)


def position(site: Site) -> Value:
    return _picked(site, site.value().name, site.op.index)


def _picked(site: Site, x: str, index: int) -> Value:
    """One position of the first axis of them."""
    axes = tuple(axis - (axis > 1) for axis in site.value().axes if axis != 1)
    return site.result("Gather", x, site.whole("index", index), axes=axes, axis=site.value().axis(1))


def crop(site: Site) -> Value:
    befores, afters = zip(*margins("crop", site.op.margin, site.rank() - 2, ""), strict=True)
    ends = [-after if after else END for after in afters]
    return sliced(site, befores, ends, _positions(site))


def slice_(site: Site) -> Value:
    op, rank = site.op, site.rank() - 2
    starts, stops, steps = (spread("slice", "limit", values, rank) for values in (op.start, op.stop, op.step))
    return sliced(site, starts, [stop if stop else END for stop in stops], _positions(site), steps)


def sliced(
    site: Site, starts: Sequence[int], ends: Sequence[int], places: Sequence[int], steps: Sequence[int] = ()
) -> Value:
    """Where nothing has a step other than 1, the steps are left out."""
    given = [("starts", starts), ("ends", ends), ("axes", places)]
    given += [("steps", steps)] if set(steps) - {1} else []
    limits = [site.whole(name, list(values)) for name, values in given]
    return site.result("Slice", site.value().name, *limits, axes=site.value().axes)


def padding(site: Site) -> Value:
    befores, afters = zip(*site.op.pairs(site.rank() - 2), strict=True)
    pads = site.whole("pads", [*befores, *afters])
    return site.counterpart(site.value().name, pads, "", site.whole("axes", _positions(site)), axes=site.value().axes)


def _positions(site: Site) -> list[int]:
    """Where the axes of the positions lie."""
    return [site.value().axis(axis) for axis in range(1, site.rank() - 1)]


WAYS = {
    "crop": crop,
    "cut": cut,
    "flatten": flatten,
    "join_heads": join_heads,
    "learned": learned,
    "padding": padding,
    "part": part,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "position": position,
    "reshape": reshape,
    "shuffle": shuffle,
    "slice": slice_,
    "split_heads": split_heads,
    "transpose": transpose,
}
