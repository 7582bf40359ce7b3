"""What moves values and computes nothing: other shapes, parts, more or fewer positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnngraph.interop.pytorch_source.form import Argument, Binding, Form, made, method
from cnngraph.interop.pytorch_source.layout import Layout, Value
from cnngraph.interop.pytorch_source.site import Site, Unwritable, each
from cnngraph.interop.pytorch_source.step import Step
from cnngraph.ir.size import Dim
from cnngraph.ir.window import spread
from cnngraph.ops.crop import margins
from cnngraph.ops.part import Part

FIRST, LAST = Layout.FIRST, Layout.LAST
START, SIZES = "start_dim", "unflattened_size"


def flatten(site: Site) -> None:
    """In PyTorch's order where the weights that follow have it too, or where there is but one position."""
    free = site.node.name in site.orders.moved or all(size == 1 for size in site.types[0].positions)
    if not site.rank:
        site.same()
    elif free:
        site.add([site.take(FIRST)], made("nn.Flatten"), method("flatten", Argument.of(START, 1)), layout=FIRST)
    else:
        site.add([site.take(LAST)], made("nn.Flatten"), method("flatten", Argument.of(START, 1)), layout=FIRST)


def reshape(site: Site) -> None:
    old, new = site.types[0], site.node.type
    if old.shape == new.shape:
        site.same()
    elif not new.positions:
        flatten(site)
    elif not old.positions:
        _grid_of_vector(site)
    elif old.channels == new.channels and site.layout() is FIRST:
        _other_positions(site, FIRST)
    elif old.channels == new.channels:
        _other_positions(site, LAST)
    else:
        sizes = ", ".join(map(str, _numbers(new.shape[1:])))
        site.add([site.take(LAST)], (), Form(f"{{0}}.reshape(-1, {sizes})", takes=Binding.CALL), layout=LAST)


def _grid_of_vector(site: Site) -> None:
    shape = _numbers(site.node.type.shape[1:])
    moved = site.node.name in site.orders.moved or all(size == 1 for size in shape[:-1])
    sizes = (shape[-1], *shape[:-1]) if moved else shape
    arguments = (Argument.of("dim", 1), Argument.of(SIZES, tuple(sizes)))
    layout = FIRST if moved else LAST
    site.add([site.plain()], made("nn.Unflatten", *arguments), method("unflatten", *arguments), layout=layout)


def _other_positions(site: Site, layout: Layout) -> None:
    """The features stay: positions become one axis, or others."""
    positions = site.node.type.positions
    first, last = (2, -1) if layout is FIRST else (1, -2)
    if len(positions) == 1:
        ends = [Argument.of(START, first), *([Argument.of("end_dim", last)] if last == -2 else [])]
        module = (made("nn.Flatten", *ends),) if layout is FIRST else ()
        site.add([site.plain()], module, method("flatten", *ends), layout=layout)
        return
    sizes = _numbers(positions)
    if site.rank == 1:
        form = method("unflatten", Argument.of("dim", first), Argument.of(SIZES, tuple(sizes)))
    else:
        channels = site.node.type.channels
        listed = (-1, channels, *sizes) if layout is FIRST else (-1, *sizes, channels)
        form = Form(f"{{0}}.reshape({', '.join(map(str, listed))})", takes=Binding.CALL)
    site.add([site.plain()], (), form, layout=layout)


def _numbers(sizes: Sequence[Dim]) -> list[int]:
    """Sizes as numbers, -1 for one that is open."""
    numbers = [size if isinstance(size, int) else -1 for size in sizes]
    if numbers.count(-1) > 1:
        raise Unwritable("a reshape with more than one open size; give the network a size, e.g. `--set H=224`")
    return numbers


def transpose(site: Site) -> None:
    order = spread("transpose", "order", site.op.order, site.rank)
    first = site.layout() is FIRST
    axes = (0, 1, *(axis + 2 for axis in order)) if first else (0, *(axis + 1 for axis in order), site.rank + 1)
    site.add([site.plain()], (), method("permute", *(Argument.of(f"dim{i}", axis) for i, axis in enumerate(axes))))


def crop(site: Site) -> None:
    pairs = margins("crop", site.op.margin, site.rank, "")
    _indexed(site, [f"{before or ''}:{-after or ''}" for before, after in pairs])


def slices(site: Site) -> None:
    """Slices mean the same in Python, but that a stop of 0 is the end."""
    op = site.op
    values = [spread("slice", name, getattr(op, name), site.rank) for name in ("start", "stop", "step")]
    texts = []
    for start, stop, step in zip(*values, strict=True):
        text = f"{start or ''}:{stop or ''}"
        texts.append(text if step == 1 else f"{text}:{step}")
    _indexed(site, texts)


def _indexed(site: Site, texts: Sequence[str]) -> None:
    """Positions picked by slices."""
    first = site.layout() is FIRST
    while texts and texts[-1] == ":" and (first or len(texts) < site.rank):
        texts = texts[:-1]
    index = ", ".join([":", *([":"] if first else []), *texts])
    site.add([site.plain()], (), Form(f"{{0}}[{index}]", takes=Binding.CALL))


def padding(site: Site) -> None:
    modes = {"zeros": "constant", "edge": "replicate", "wrap": "circular"}
    sides = tuple(n for pair in reversed(site.op.pairs(site.rank)) for n in pair)
    mode = Argument("mode", modes.get(site.op.mode, site.op.mode), "constant")
    form = Form("F.pad({0}, {})", (Argument.of("pad", sides), mode))
    site.add([site.take(FIRST)], (), form, layout=FIRST)


def part(site: Site) -> None:
    """All parts of a value at once, at the first of them."""
    op, source = site.op, site.node.inputs[0]
    siblings = [
        node
        for node in site.graph.users[source.node]
        if isinstance(node.op, Part) and node.inputs == (source,) and node.op.of == op.of
    ]
    layout = LAST if site.layout() is LAST else FIRST
    name = site.plain()
    dim = Argument("dim", site.axis())
    sizes = Argument.of("chunks", op.of) if isinstance(op.of, int) else Argument.of("split_size", list(op.of))
    form = method("chunk" if isinstance(op.of, int) else "split", sizes, dim)
    names: dict[int, str] = {}
    for node in siblings:
        assert isinstance(node.op, Part)
        own = layout if len(node.type.shape) > 2 else FIRST
        name_of_part = names.setdefault(node.op.index, node.name)
        site.values[node.ref] = Value(name_of_part, own)
        site.types_of[name_of_part] = (node.type, own)
    results = tuple(names.get(index, "_") for index in range(op.count))
    site.steps.append(Step(site.path, (name,), results, (), form, origin=site.node.origin, word="part"))


def cut(site: Site) -> None:
    """Features, perhaps at one position of the first axis."""
    op, given = site.op, site.types[0]
    layout = LAST if site.layout() is LAST else FIRST
    stop = "" if op.stop == given.channels else op.stop
    features = f"{op.start or ''}:{stop}" if (op.start, op.stop) != (0, given.channels) else ""
    if op.position is None:
        index = f":, {features or ':'}" if layout is FIRST else f"..., {features or ':'}"
    elif layout is LAST:
        index = f":, {op.position}" + (f", {', '.join([*[':'] * (site.rank - 1), features])}" if features else "")
    else:
        index = f":, {features or ':'}, {op.position}"
    site.add([site.plain()], (), Form(f"{{0}}[{index}]", takes=Binding.CALL))


def position(site: Site) -> None:
    index = f":, {site.op.index}" if site.layout() is LAST else f":, :, {site.op.index}"
    site.add([site.plain()], (), Form(f"{{0}}[{index}]", takes=Binding.CALL), layout=FIRST)


def shuffle(site: Site) -> None:
    """As people write it: not every exporter knows `nn.ChannelShuffle`."""
    groups = (Argument.of("groups", site.op.groups),)
    form = Form("{0}.unflatten(1, ({}, -1)).transpose(1, 2).flatten(1, 2)", groups, takes=Binding.CALL)
    site.add([site.take(FIRST)], (), form, layout=FIRST)


def reduce(site: Site) -> None:
    name = {"mean": "mean", "sum": "sum", "max": "amax", "min": "amin"}[site.op.by]
    if site.op.over == "features":
        form = method(name, Argument.of("dim", site.axis()), Argument("keepdim", value=True))
    else:
        axes = range(2, 2 + site.rank) if site.layout() is FIRST else range(1, 1 + site.rank)
        form = method(name, Argument.of("dim", each(list(axes)) if site.rank == 1 else tuple(axes)))
    site.add([site.plain()], (), form)


MEANING: Mapping[str, Callable[[Site], None]] = {
    "flatten": flatten,
    "reshape": reshape,
    "transpose": transpose,
    "crop": crop,
    "slice": slices,
    "padding": padding,
    "part": part,
    "cut": cut,
    "position": position,
    "shuffle": shuffle,
    "reduce": reduce,
}
"""Shapes, parts and positions."""
