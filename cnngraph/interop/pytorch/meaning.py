"""What each operator means in PyTorch, and a graph run node by node: function(op, types of the inputs, *inputs)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

import torch
from torch.nn import functional as F

from cnngraph.interop.pytorch import losses
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op, as_tuple
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, spread

Tensor: TypeAlias = torch.Tensor
Axes: TypeAlias = tuple[int, ...]


def values_of(graph: Graph, leaves: Mapping[str, Tensor]) -> dict[Ref, Tensor]:
    """Every result of every node, from the values of the inputs and states."""
    values: dict[Ref, Tensor] = {}
    for node in graph:
        if node.name in leaves:
            values[node.ref] = leaves[node.name]
            continue
        results = MEANING[node.op.name](node.op, graph.input_types(node), *(values[ref] for ref in node.inputs))
        values |= {Ref(node.name, i): result for i, result in enumerate(as_tuple(results))}
    return values


def axes_of(graph: Graph, node: Node) -> Axes:
    """The order in which PyTorch has the axes of a value."""
    if graph.users[node.name] and not node.type.batched:
        user = graph.users[node.name][0]
        return _weight_axes(user.op, len(node.type.shape), user.inputs.index(node.ref))
    rank = len(node.type.shape)
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 and node.type.vocabulary is None else tuple(range(rank))


def _weight_axes(op: Op, rank: int, place: int) -> Axes:
    own = tuple(range(rank))
    if rank < 2 or place == 0:
        return own
    turned = {"conv": (rank - 1, rank - 2), "upconv": (rank - 2, rank - 1), "dense": (1, 0), "linear": (1, 0)}
    return (*turned[op.name], *own[:-2]) if op.name in turned else own


def _conv(op: Any, types: Sequence[TensorType], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    g = op.geometry(types[0])
    uneven = any(before != after for before, after in g.pad)
    x, pad = (F.pad(x, _last_axis_first(g.pad)), 0) if uneven else (x, _both_sides(g))
    return _of_rank("conv{}d", g)(x, weight, bias, g.stride, pad, g.dilation, op.groups)


def _upconv(op: Any, types: Sequence[TensorType], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The weight (channels / groups, features, window...) becomes (channels, features / groups, window...)."""
    g = op.geometry(x.ndim - 2)
    weight = weight.reshape(len(weight), op.groups, -1, *g.size).transpose(0, 1).flatten(0, 1)
    weight = weight.contiguous()  # its gradient in PyTorch takes no other order
    more = op.added(x.ndim - 2)
    return _of_rank("conv_transpose{}d", g)(x, weight, bias, g.stride, _both_sides(g), more, op.groups, g.dilation)


def _maxpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    g = op.geometry(types[0])
    return _of_rank("max_pool{}d", g)(x, g.size, g.stride, _both_sides(g), g.dilation, op.ceil)


def _avgpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    g = op.geometry(types[0])
    if set(g.dilation) != {1}:
        return _windows(op, types[0], x).sum(-1) / torch.from_numpy(op.counts((1, *x.shape[2:], 1))[..., 0]).to(x.dtype)
    return _of_rank("avg_pool{}d", g)(x, g.size, g.stride, _both_sides(g), op.ceil, op.count_padding)


def _minpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    return -_maxpool(op, types, -x)


def _sumpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    return _windows(op, types[0], x).sum(-1)


def _l2pool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    return _windows(op, types[0], x).norm(dim=-1)


def _medianpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    return _windows(op, types[0], x, fill=math.nan).nanquantile(0.5, dim=-1)


def _gaussianpool(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    """Of the logarithms of the weights, the softmax of those inside of the input."""
    size = op.geometry(types[0]).size
    middle = [torch.arange(n, dtype=x.dtype) - (n - 1) / 2 for n in size]
    squares = sum(axis.square() for axis in torch.meshgrid(*middle, indexing="ij"))
    inside = _windows(op, types[0], torch.ones_like(x)).log()
    weights = (inside - (squares / (2 * op.sigma**2)).flatten()).softmax(-1)
    return (weights * _windows(op, types[0], x)).sum(-1)


def _windows(op: Any, type_: TensorType, x: Tensor, fill: float = 0.0) -> Tensor:
    """All windows of a pool, the values of each along the last axis: (N, C, positions'..., values)."""
    g = op.geometry(type_).covering(x.shape[2:])
    x = F.pad(x, _last_axis_first(g.pad), value=fill)
    for axis, (extent, step, hole) in enumerate(zip(g.extent, g.stride, g.dilation, strict=True), start=2):
        x = x.unfold(axis, extent, step)[..., ::hole]
    return x.flatten(-len(g.size))


def _adaptive(kind: str) -> Callable[[Any, object, Tensor], Tensor]:
    def pool(op: Any, types: object, x: Tensor) -> Tensor:
        function: Callable[..., Tensor] = getattr(F, f"adaptive_{kind}_pool{x.ndim - 2}d")
        return function(x, op.counts(x.ndim - 2))

    return pool


def _batchnorm(op: Any, types: object, x: Tensor, scale: Tensor, shift: Tensor, *running: Tensor) -> Any:
    mean, variance = running
    if not op.training:
        return F.batch_norm(x, mean, variance, scale, shift, eps=op.epsilon)
    mean, variance = mean.clone(), variance.clone()
    y = F.batch_norm(x, mean, variance, scale, shift, True, 1 - op.momentum, op.epsilon)
    return y, torch.empty(0), torch.empty(0), mean, variance


def _upsample(op: Any, types: object, x: Tensor) -> Tensor:
    factors = tuple(map(float, spread(op.name, "factor", op.factor, x.ndim - 2)))
    linear = ("linear", "bilinear", "trilinear")[x.ndim - 3]
    return F.interpolate(x, scale_factor=factors, mode=linear if op.mode == "linear" else op.mode)


def _resize(op: Any, types: object, x: Tensor) -> Tensor:
    """A cubic curve along one axis is one along two of which the second has one position."""
    counts, corners = op.counts(x.ndim - 2), None if op.mode == "nearest" else op.corners
    if op.mode == "cubic" and x.ndim == 3:
        wide = F.interpolate(x[..., None], (*counts, 1), mode="bicubic", align_corners=corners)
        return wide[..., 0]
    linear = ("linear", "bilinear", "trilinear")[x.ndim - 3]
    mode = {"linear": linear, "cubic": "bicubic"}.get(op.mode, op.mode)
    return F.interpolate(x, counts, mode=mode, align_corners=corners)


def _scan(op: Any, types: Sequence[TensorType], x: Tensor, *rest: Tensor) -> Tensor:
    """The cell at one position after another. Its weights come in our order of axes: `scan` itself turns none."""
    cell, count = op.graph, len(op.operands) - 1
    names = [node.name for node in cell.inputs]
    weights = {node.name: w.permute(axes_of(cell, node)) for node, w in zip(cell.states, rest[count:], strict=True)}
    axis = 1 if types[0].vocabulary is not None else 2
    states = list(rest[:count]) or [
        torch.zeros(len(x), *(node.type.shape[-1], *node.type.shape[1:-1]), dtype=rest[-1].dtype)
        for node in cell.inputs[1:]
    ]
    found: list[Tensor] = []
    steps = range(x.shape[axis])
    for t in reversed(steps) if op.reverse else steps:
        values = values_of(cell, {**weights, **dict(zip(names, [x.select(axis, t), *states], strict=True))})
        states = [values[ref] for ref in cell.outputs.values()]
        found.append(torch.cat(states, dim=1))
    return torch.stack(found[::-1] if op.reverse else found, dim=2)


def _cut(op: Any, types: object, x: Tensor) -> Tensor:
    return (x if op.position is None else x.select(2, op.position))[:, op.start : op.stop]


def _at_every_position(inputs: Sequence[Tensor]) -> list[Tensor]:
    """A vector (N, C) that meets a grid (N, C, positions...) gets as many axes as it has, of size 1."""
    rank = max(x.ndim for x in inputs)
    return [x[(..., *(None,) * (rank - x.ndim))] for x in inputs]


def _layernorm(op: Any, types: object, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return F.layer_norm(x.movedim(1, -1), scale.shape, scale, shift, op.epsilon).movedim(-1, 1)


def _add_positions(op: Any, types: object, x: Tensor, table: Tensor | None = None) -> Tensor:
    """The table, or the waves: sine and cosine of the same angle side by side."""
    if table is not None:
        return x + table.movedim(-1, 0)
    _, features, length = x.shape
    slower = 10_000.0 ** (-torch.arange(0, features, 2, dtype=torch.float64) / features)
    turned = torch.outer(torch.arange(length, dtype=torch.float64), slower)  # (T, pairs)
    waves = torch.stack([turned.sin(), turned.cos()], -1).flatten(1)[:, :features]
    return x + waves.T.to(x.dtype)


def _causal(op: object, types: object, x: Tensor) -> Tensor:
    """Scores of positions s at positions t: those with s above t are as good as never."""
    later = torch.ones(x.shape[1], x.shape[-1]).tril(-1) > 0  # (S, T)
    return x.masked_fill(later if x.ndim == 3 else later[:, None], -1e9)


def _slice(op: Any, types: object, x: Tensor) -> Tensor:
    x = x.movedim(1, -1)
    return x[op.place(x.shape)].movedim(-1, 1)  # slices mean the same here


def _transpose(op: Any, types: object, x: Tensor) -> Tensor:
    order = op.order if isinstance(op.order, tuple) else (op.order,)
    return x.permute(0, 1, *(axis + 2 for axis in order))


def _padding(op: Any, types: object, x: Tensor) -> Tensor:
    """One axis after the other: PyTorch's own modes do not take every number of axes."""
    mode = {"zeros": "constant", "edge": "replicate", "wrap": "circular"}.get(op.mode, op.mode)
    for axis, pair in enumerate(op.pairs(x.ndim - 2), start=2):
        rows = x.movedim(axis, -1)
        x = F.pad(rows.flatten(1, -2), pair, mode).unflatten(1, rows.shape[1:-1]).movedim(-1, axis)
    return x


def _reduce(op: Any, types: object, x: Tensor) -> Tensor:
    names = {"mean": "mean", "sum": "sum", "max": "amax", "min": "amin"}
    function: Callable[..., Tensor] = getattr(torch, names[op.by])
    return function(x, 1, keepdim=True) if op.over == "features" else function(x.flatten(2), 2)


def _crop(op: Any, types: Sequence[TensorType], x: Tensor) -> Tensor:
    return op.forward(x.movedim(1, -1)).movedim(-1, 1)  # slices, which mean the same here


def _sinusoid(op: Any, types: object, time: Tensor) -> Tensor:
    half = op.features // 2
    angles = time[..., None] * torch.exp(-math.log(op.period) * torch.arange(half, dtype=torch.float64) / half)
    return torch.cat([angles.sin(), angles.cos()], -1).movedim(-1, 1).to(getattr(torch, op.dtype))


def _diffuse(op: Any, types: object, x: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    kept = (1 - torch.linspace(op.first, op.last, op.steps, dtype=torch.float64)).cumprod(0)[time]
    kept = kept.reshape(-1, *(1,) * (x.ndim - 1)).to(x.dtype)
    return kept.sqrt() * x + (1 - kept).sqrt() * noise


def _of_rank(name: str, g: Geometry) -> Callable[..., Tensor]:
    function: Callable[..., Tensor] = getattr(F, name.format(len(g.size)))
    return function


def _last_axis_first(pairs: Sequence[tuple[int, int]]) -> Axes:
    return tuple(n for pair in reversed(pairs) for n in pair)


def _both_sides(g: Geometry) -> Axes:
    assert all(before == after for before, after in g.pad), f"PyTorch has one padding for both sides, not {g.pad}"
    return tuple(before for before, _ in g.pad)


def _div(op: Any, types: object, *inputs: Tensor) -> Tensor:
    x, by = _at_every_position(inputs)
    return x / by


def _pow(op: Any, types: object, *inputs: Tensor) -> Tensor:
    x, exponent = _at_every_position(inputs)
    return x**exponent


def _select(op: Any, types: object, *inputs: Tensor) -> Tensor:
    mask, x, other = _at_every_position(inputs)
    return torch.where(mask != 0, x, other)


def _pixel_shuffle(op: Any, types: object, x: Tensor) -> Tensor:
    """(N, c * r * s, H, W) -> (N, c, H * r, W * s), in any number of axes."""
    rank = x.ndim - 2
    factors = spread(op.name, "factor", op.factor, rank)
    table = x.unflatten(1, (-1, *factors))  # (N, c, r, s, H, W)
    pairs = [axis for i in range(rank) for axis in (2 + rank + i, 2 + i)]
    sizes = [n * r for n, r in zip(x.shape[2:], factors, strict=True)]
    return table.permute(0, 1, *pairs).reshape(len(x), -1, *sizes)


def _pixel_unshuffle(op: Any, types: object, x: Tensor) -> Tensor:
    """(N, c, H * r, W * s) -> (N, c * r * s, H, W)."""
    rank = x.ndim - 2
    factors = spread(op.name, "factor", op.factor, rank)
    parts = [part for n, r in zip(x.shape[2:], factors, strict=True) for part in (n // r, r)]
    table = x.reshape(*x.shape[:2], *parts)  # (N, c, H, r, W, s)
    inner, outer = range(3, 2 * rank + 2, 2), range(2, 2 * rank + 2, 2)
    return table.permute(0, 1, *inner, *outer).flatten(1, 1 + rank)


MEANING: Mapping[str, Callable[..., Any]] = {
    "conv": _conv,
    "upconv": _upconv,
    "maxpool": _maxpool,
    "avgpool": _avgpool,
    "minpool": _minpool,
    "sumpool": _sumpool,
    "l2pool": _l2pool,
    "medianpool": _medianpool,
    "gaussianpool": _gaussianpool,
    "adaptive_avgpool": _adaptive("avg"),
    "adaptive_maxpool": _adaptive("max"),
    "batchnorm": _batchnorm,
    "scan": _scan,
    "shift": lambda op, types, x: x + op.amount,
    "cut": _cut,
    "globalavgpool": lambda op, types, x: x.flatten(2).mean(2),
    "globalmaxpool": lambda op, types, x: x.flatten(2).amax(2),
    "crop": _crop,
    "slice": _slice,
    "transpose": _transpose,
    "padding": _padding,
    "reduce": _reduce,
    "layernorm": _layernorm,
    "rmsnorm": lambda op, types, x, scale: F.rms_norm(x.movedim(1, -1), scale.shape, scale, op.epsilon).movedim(-1, 1),
    "groupnorm": lambda op, types, x, scale, shift: torch.group_norm(x, op.groups, scale, shift, op.epsilon),
    "layer_scale": lambda op, types, x, weight: (x.movedim(1, -1) * weight).movedim(-1, 1),
    "normalize": lambda op, types, x: F.normalize(x, eps=op.epsilon),
    "lrn": lambda op, types, x: F.local_response_norm(x, op.size, op.alpha, op.beta, op.bias),
    "dense": lambda op, types, x, weight, bias=None: F.linear(x, weight, bias),
    "linear": lambda op, types, x, weight, bias=None: F.linear(x.movedim(1, -1), weight, bias).movedim(-1, 1),
    "identity": lambda op, types, x: x.clone(),
    "flatten": lambda op, types, x: x.movedim(1, -1).flatten(1),  # in our order, channels last
    "reshape": lambda op, types, x: x.movedim(1, -1).reshape(len(x), *op.shape.shape[1:]).movedim(-1, 1),
    "abs": lambda op, types, x: x.abs(),
    "relu": lambda op, types, x: F.relu(x),
    "leaky_relu": lambda op, types, x: F.leaky_relu(x, op.slope),
    "prelu": lambda op, types, x, slope: F.prelu(x, slope),
    "clip": lambda op, types, x: F.hardtanh(x, op.low, op.high),
    "elu": lambda op, types, x: F.elu(x, op.alpha),
    "selu": lambda op, types, x: F.selu(x),
    "gelu": lambda op, types, x: F.gelu(x, approximate="tanh" if op.tanh else "none"),
    "silu": lambda op, types, x: F.silu(x),
    "softplus": lambda op, types, x: F.softplus(x),
    "sigmoid": lambda op, types, x: x.sigmoid(),
    "hard_sigmoid": lambda op, types, x: (x / 6 + 0.5).clamp(0, 1),  # F.hardsigmoid rounds 1/6 to float32
    "hard_swish": lambda op, types, x: F.hardswish(x),
    "tanh": lambda op, types, x: x.tanh(),
    "softmax": lambda op, types, x: x.softmax(1),
    "log_softmax": lambda op, types, x: x.log_softmax(1),
    "sign": lambda op, types, x: x.sign(),
    "exp": lambda op, types, x: x.exp(),
    "log": lambda op, types, x: x.log(),
    "power": lambda op, types, x: x**op.exponent,
    "erf": lambda op, types, x: x.erf(),
    "sin": lambda op, types, x: x.sin(),
    "cos": lambda op, types, x: x.cos(),
    "argmax": lambda op, types, x: x.argmax(1),
    "softsign": lambda op, types, x: F.softsign(x),
    "mish": lambda op, types, x: F.mish(x),
    "dropout": lambda op, types, x, random=None: F.dropout(x, op.rate, op.training),
    "concat": lambda op, types, *inputs: torch.cat(inputs, 1),
    "add": lambda op, types, *inputs: reduce(torch.add, _at_every_position(inputs)),
    "mul": lambda op, types, *inputs: reduce(torch.mul, _at_every_position(inputs)),
    "max": lambda op, types, *inputs: reduce(torch.maximum, inputs),
    "min": lambda op, types, *inputs: reduce(torch.minimum, inputs),
    "div": _div,
    "pow": _pow,
    "select": _select,
    "add_positions": _add_positions,
    "embed": lambda op, types, x, table: F.embedding(x, table).movedim(-1, 1),
    "prepend_token": lambda op, types, x, token: torch.cat([token[None, :, None].expand(len(x), -1, 1), x], 2),
    "position": lambda op, types, x: x[:, :, op.index],
    "split_heads": lambda op, types, x: x.unflatten(1, (op.heads, -1)).transpose(1, 2),
    "join_heads": lambda op, types, x: x.transpose(1, 2).flatten(1, 2),
    "dot": lambda op, types, q, k: torch.einsum("nc...q,nc...k->nk...q", q, k),
    "causal": _causal,
    "mix": lambda op, types, weights, v: torch.einsum("nk...q,nc...k->nc...q", weights, v),
    "part": lambda op, types, x: (x.chunk if isinstance(op.of, int) else x.split)(op.of, 1)[op.index],
    "shuffle": lambda op, types, x: x.unflatten(1, (op.groups, -1)).transpose(1, 2).flatten(1, 2),
    "upsample": _upsample,
    "resize": _resize,
    "learned": lambda op, types, x, weight: weight.movedim(-1, 0).expand(len(x), *weight.movedim(-1, 0).shape),
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "scale": lambda op, types, x: x * op.factor,
    "filled": lambda op, types, x: torch.full_like(x, op.value),
    "stop_gradient": lambda op, types, x: x.detach(),
    "reverse_gradient": lambda op, types, x: (1 + op.weight) * x.detach() - op.weight * x,
    "sinusoid": _sinusoid,
    "diffuse": _diffuse,
    "mse": lambda op, types, prediction, target: F.mse_loss(prediction, target),
    "l1": lambda op, types, prediction, target: F.l1_loss(prediction, target),
    "smooth_l1": lambda op, types, prediction, target: F.smooth_l1_loss(prediction, target, beta=op.beta),
    "bce": lambda op, types, p, target: -(target * p.log() + (1 - target) * (1 - p).log()).mean(),
    "triplet": losses.triplet,
    "cross_entropy": losses.cross_entropy,
    "softmax_cross_entropy": losses.softmax_cross_entropy,
    "sigmoid_bce": lambda op, types, logits, target: F.binary_cross_entropy_with_logits(logits, target),
    "kl_divergence": lambda op, types, p, target: F.kl_div(p.log(), target, reduction="none").sum(1).mean(),
    "hinge": lambda op, types, x, target: F.relu(op.margin - target * x).mean(),
    "multiclass_hinge": losses.multiclass_hinge,
    "contrastive": losses.contrastive,
}
"""The operators of the networks that this package carries."""
