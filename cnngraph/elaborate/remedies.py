"""What to do about a merge whose inputs part: each remedy is tried on the numbers before it is offered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnngraph.diagnostics import Origin, Span, Suggestion
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.values import Tensor
from cnngraph.ir.graph import Node
from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, Size, bind, symbol, symbols
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.syntax import ast

GENERAL = "give every branch the same total stride and padding (`same` keeps the size)"


@dataclass(frozen=True)
class Remedy:
    """What can be done, in words; and as an edit, where one place is all that has to change."""

    text: str
    mend: Suggestion | None = None


def remedies(
    frame: Frame, code: str, tensors: Sequence[Tensor], trails: Sequence[Sequence[Node]], here: Origin
) -> list[Remedy]:
    """What to do about the inputs `tensors`, which came through the nodes of `trails` (last node first)."""
    projection = _projection(frame, trails, tensors)
    if code == "E0302":
        return [projection or Remedy("give every branch the same number of features")]
    facts = _facts(tensors)
    if facts:
        return [Remedy(f"`where {', '.join(facts)}` on the net makes them equal")]
    projection = projection or _stride_of_the_other(trails, tensors, here)
    keeps = [remedy for trail in trails for node in trail if (remedy := _keep_size(frame, node, here))]
    return [*([projection] if projection else [*dict.fromkeys(keeps), *_crop(tensors)]), Remedy(GENERAL)]


def _facts(tensors: Sequence[Tensor]) -> list[str]:
    """Divisibility of the symbols under which all inputs have the same positions, smallest first."""
    found = {s.name: s for t in tensors for size in t.type.positions for s in symbols(size)}
    for power in range(1, 8):
        facts = {name: symbol(name, 2**power, s.at_least) for name, s in found.items()}
        if found and len({_assumed(t.type, facts) for t in tensors}) == 1:
            return [f"{name} % {2**power} == 0" for name in sorted(found)]
    return []


def _assumed(type_: TensorType, facts: dict[str, Size]) -> tuple[Dim, ...]:
    return tuple(bind(size, facts) for size in type_.positions)


def _keep_size(frame: Frame, node: Node, here: Origin) -> Remedy | None:
    """How a windowed layer could keep the positions of its input, if it has an odd window."""
    fields = {"window", "pad", "stride"}
    if node.origin is None or not fields <= set(vars(node.op)):
        return None
    old = frame.session.builder.type_of(node.inputs[0])
    if old.positions == node.type.positions:
        return None
    window = vars(node.op)["window"]
    try:
        kept = replace(node.op, window=replace(window, stride=(1,)), stride=None, pad="same")  # type: ignore[call-arg]
        if kept.output_types([old])[0].positions != old.positions:
            return None
    except OpError:
        return None
    text = call_text(node.origin, here)
    plain = str(replace(window, stride=None))
    own = window.stride is None and vars(node.op)["stride"] is None
    strided = own and node.type.positions != _slid(node, old)  # by its size, as a pooling is
    if plain not in text or ("same" in text and not strided) or not text.endswith(")"):
        return None
    laid = rf"{plain}(/\w+)?(, *((pad|stride) *= *)?\w+)*\)$"
    better = re.sub(laid, f"{plain}{'/1' if strided else ''}, same)", text)
    if better == text:
        return None
    mend = Suggestion(node.origin.seen_from(here), better, safe=False)
    return Remedy(f"`{better}` keeps {positions_text(old.positions)}", mend)


def _crop(tensors: Sequence[Tensor]) -> list[Remedy]:
    """For two inputs, one of which is larger by the same even number on every axis (no stride): what to cut off."""
    if len(tensors) != 2:
        return []
    axes = list(zip(tensors[0].type.positions, tensors[1].type.positions, strict=False))
    if any(_ratio(a, b) or _ratio(b, a) for a, b in axes):
        return []
    more = {a - b for a, b in axes}
    by = more.pop() if len(more) == 1 else 0
    if not isinstance(by, int) or by == 0 or by % 2:
        return []
    return [Remedy(f"`crop({abs(by) // 2})` on input {1 if by > 0 else 2} takes its margin off")]


def _slid(node: Node, old: TensorType) -> tuple[Dim, ...]:
    """Positions that the node would give if its window moved by single steps."""
    window = vars(node.op)["window"]
    once = replace(node.op, window=replace(window, stride=(1,)), stride=None)  # type: ignore[call-arg]
    return once.output_types([old])[0].positions


def call_text(origin: Origin, here: Origin) -> str:
    """What a node looks like in the body of the merge."""
    return origin.seen_from(here).text


def _projection(frame: Frame, trails: Sequence[Sequence[Node]], tensors: Sequence[Tensor]) -> Remedy | None:
    """For a residual whose shortcut is the identity: the `project` that gives it the shape of the body."""
    if len(trails) != 2 or trails[1]:
        return None
    body, shortcut = tensors[0].type, tensors[1].type
    strides = {_ratio(a, b) for a, b in zip(shortcut.positions, body.positions, strict=False)}
    if len(strides) != 1 or None in strides:
        return None
    level = _level(trails[0])
    last = next((n for n in trails[0] if {"features", "window"} <= set(vars(n.op)) and n.origin is not None), None)
    if last is None or last.origin is None or last.type.channels != body.channels:
        return None
    layer = re.match(r"(\w+)\(([^,()]*(?:\([^()]*\))?[^,()]*)", last.origin.at_depth(level).text)
    if layer is None:
        return None
    stride = strides.pop()
    written = _stride_text([n.origin.at_depth(level) for n in trails[0] if n.origin is not None])
    window = "1x1" if stride == 1 else f"1x1/{written or stride}"
    call = f"project {layer[1]}({layer[2].strip()}, {window})"
    return Remedy(f"`}} {call}` gives the shortcut the shape of the body", _after(frame.shortcut, f" {call}"))


def _after(residual: ast.Residual | None, text: str) -> Suggestion | None:
    """An insertion behind the body of a residual that has no `project` yet."""
    if residual is None or residual.project is not None:
        return None
    end = residual.body.span.end
    return Suggestion(Span(residual.span.source, end, end), text)


def _stride_of_the_other(
    trails: Sequence[Sequence[Node]], tensors: Sequence[Tensor], here: Origin
) -> Remedy | None:
    """For two branches, the second with a 1x1 window (a `project`): that window with the stride of the first branch."""
    if len(trails) != 2 or not all(trails):
        return None
    strides = {_ratio(a, b) for a, b in zip(tensors[1].type.positions, tensors[0].type.positions, strict=False)}
    last = next((n for n in trails[1] if "window" in vars(n.op) and n.origin is not None), None)
    if len(strides) != 1 or strides & {None, 1} or last is None or last.origin is None:
        return None
    text = call_text(last.origin, here)
    written = _stride_text([n.origin.at_depth(_level(trails[0])) for n in trails[0] if n.origin is not None])
    better = re.sub(r"\b(1x1|1)(?=\s*[,)])", rf"\1/{written or strides.pop()}", text, count=1)
    if better == text or set(vars(last.op)["window"].size) != {1}:
        return None
    mend = Suggestion(last.origin.seen_from(here), better)
    return Remedy(f"`{better}` has the stride of the other branch", mend)


def _level(nodes: Sequence[Node]) -> int:
    """The depth of the body that holds all these nodes: the uses that they have in common."""
    stacks = [n.origin.uses for n in nodes if n.origin is not None]
    depth = 0
    while all(len(s) > depth for s in stacks) and len({id(s[depth]) for s in stacks}) == 1:
        depth += 1
    return depth


def _ratio(large: Dim, small: Dim) -> int | None:
    """The stride of a 1x1 window that turns `large` into `small`."""
    return next((s for s in range(1, 33) if (large - 1) // s + 1 == small), None)


def _stride_text(spans: Sequence[Span]) -> str | None:
    """The stride as the file writes it, `stride` in `1x1/stride`."""
    matches = (re.search(r"(?:\dx\d\s*/|\bstride\s*=)\s*(\w+)", span.text) for span in spans)
    found = list(dict.fromkeys(m[1] for m in matches if m and m[1] != "1"))
    return found[0] if len(found) == 1 else None
