"""What differs between two divisions of a network, as a page: both graphs in the colours of devices, what moved."""

from __future__ import annotations

from cnngraph.compare.division_table import DEVICES, devices_table, figures_table
from cnngraph.compare.divisions import Divisions, Move, places
from cnngraph.cost.quantity import seconds_text
from cnngraph.ir.leaves import State
from cnngraph.pages.difference.page import FIGURES, Entry, Kind, Subject, page
from cnngraph.pages.difference.text import sources_of
from cnngraph.pages.model import graph_model
from cnngraph.partition.partition import Partition

Json = dict[str, object]
MOVED = Kind("moved", ">", "on another device")


def divisions_page(found: Divisions, names: tuple[str, str]) -> str:
    """The page; `names` are what both are called on the command line."""
    both = found.a.graph.by_name.keys() & found.b.graph.by_name.keys()
    sources = sources_of(found.a.graph), sources_of(found.b.graph)
    moved = {name: "moved" for move in found.moves for name in move.nodes}
    subject = Subject(
        title=f"{found.b.graph.name}, divided in two ways",
        names=names,
        verdict=verdict(found),
        same=found.same,
        kinds=(MOVED,),
        entries=tuple(map(_entry, found.moves)),
        kind_of=(moved, moved),
        partner={name: name for name in both},
        tables=(
            ("Figures, for one run", FIGURES, figures_table(found).texts()),
            ("Devices", [column.heading for column in DEVICES], devices_table(found).texts()),
        ),
        sources=sources,
        models=(_model(found.a), _model(found.b)),
        devices=tuple(dict.fromkeys(stage.label for each in (found.a, found.b) for stage in each.stages)),
    )
    return page(subject)


def verdict(found: Divisions) -> str:
    """What moved, in a sentence."""
    aims = f" {found.aims[0].upper()}{found.aims[1:]}." if found.aims else ""
    if not found.moves:
        return f"Every layer runs where it ran.{aims}"
    count = sum(len(move.nodes) for move in found.moves)
    old, new = (seconds_text(each.bottleneck_seconds) for each in (found.a, found.b))
    busiest = f"the busiest device takes {new} instead of {old}" if old != new else f"the busiest device takes {new}"
    return f"{count} operator{'s' * (count > 1)} moved; {busiest}.{aims}"


def _model(partition: Partition) -> Json:
    """The graph with the device and the seconds of each operator."""
    device_of, seconds_of = places(partition), partition.seconds_of
    facts = {
        node.name: {"device": device_of[node.name], "seconds": seconds_of[node.name]}
        for node in partition.graph
        if not isinstance(node.op, State)
    }
    return graph_model(partition.graph, sources=sources_of(partition.graph), facts=facts)


def _entry(move: Move) -> Entry:
    count = len(move.nodes)
    what = f"{count} operator{'s' * (count > 1)}"
    before, after = map(seconds_text, move.seconds)
    seconds = before if before == after else f"{before} -> {after}"
    return Entry("moved", move.path, f"{move.source} → {move.target}", (what,), (seconds,), (move.path, move.path))
