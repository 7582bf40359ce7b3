"""The tables of a profile: seconds estimated and measured, node by node and by kind of operator."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.cost.quantity import seconds_text
from cnngraph.partition.profile import Executed, Profile
from cnngraph.render.tabular import Cell, Column, Quantity, Table

TIMES = (Column("estimated_seconds", "estimated"), Column("measured_seconds", "measured"), Column("ratio", "ratio"))
LONGEST = 40  # letters of an operator


def nodes_table(profile: Profile) -> Table:
    """A row for each node that is executed, in order; the ratio is what was measured to what was estimated."""
    columns = (
        Column("node", "node", False),
        Column("operator", "operator", False),
        Column("kind", "kind", False),
        *TIMES,
    )
    rows = tuple((e.node, _short(e.operator), e.kind.replace("_", " "), *_times([e])) for e in profile.executed)
    total, measured, ratio = _times(profile.executed)
    beside = f", each of {profile.workers} at the same time" if profile.workers > 1 else ""
    title = f"{profile.net}{', a training step' if profile.gradient else ''}: one worker{beside}"
    return Table(columns, rows, {"estimated": total, "measured": measured, "ratio": ratio}, title)


def kinds_table(profile: Profile) -> Table:
    """A row for each kind of operator, the most seconds first."""
    groups: dict[str, list[Executed]] = {}
    for each in profile.executed:
        groups.setdefault(each.kind, []).append(each)
    ordered = sorted(groups.items(), key=lambda item: -sum(e.measured_seconds for e in item[1]))
    rows = tuple((kind.replace("_", " "), len(some), *_times(some)) for kind, some in ordered)
    return Table((Column("kind", "kind", False), Column("nodes", "nodes"), *TIMES), rows)


def _times(some: Sequence[Executed]) -> tuple[Cell, Cell, Cell]:
    estimated, measured = (sum(getattr(e, f"{what}_seconds") for e in some) for what in ("estimated", "measured"))
    ratio = Quantity(measured / estimated, "{:.2f}".format) if estimated and measured else None
    return Quantity(estimated, seconds_text), Quantity(measured, seconds_text), ratio


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
