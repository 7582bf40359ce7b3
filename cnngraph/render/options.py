"""What people ask of a picture, and how it then looks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypedDict

from cnngraph.diagnostics import error
from cnngraph.partition.partition import Partition
from cnngraph.render import volumes
from cnngraph.render.figures import known_measures
from cnngraph.render.overlay import Overlay
from cnngraph.render.style import Style, styled

DIRECTIONS = ("TB", "LR")
VOLUMES = "volumes"
IN_VOLUMES = ("depth", "expand", "dark", "title", "style")  # options that make sense there


class Options(TypedDict, total=False):
    """What a picture shows.

    depth:     blocks that lie deeper are one box each; 0: only boxes; None (default): as deep as stays readable.
    expand:    paths of blocks to show in full; E0101 where one does not exist.
    focus:     the path of a block to show in full with its neighbours, and nothing else; E0101 as well.
    direction: TB (downwards) or LR (to the right); default: TB, for slides LR.
    show:      figures that stand in each box: parameters, madds, activations, bytes, field; E0108 for others.
    style:     paper (default), slide or plain; volumes: feature maps as boxes with sizes; E0108 for others.
    dark:      light on dark.
    legend:    tell the colours of the families of operators.
    partition: a frame and a colour for each of its devices, with a legend, and what travels between them.
    overlay:   colours nodes by their kind instead, with a legend.
    title:     stands above; default: the name of the graph.
    """

    depth: int | None
    expand: Collection[str]
    focus: str | None
    direction: str | None
    show: Collection[str]
    style: str
    dark: bool
    legend: bool
    partition: Partition | None
    overlay: Overlay | None
    title: str | None


@dataclass(frozen=True)
class View:
    """How the words and boxes of a picture look, and what else they say."""

    style: Style = field(default_factory=styled)
    measures: tuple[str, ...] = ()
    legend: bool = False


def view_of(options: Options) -> View:
    """The view that the options ask for. Errors: E0108."""
    direction = options.get("direction") or DIRECTIONS[0]
    if direction not in DIRECTIONS:
        raise error("E0108", f"the direction of a picture is {' or '.join(DIRECTIONS)}, not {direction}")
    style = styled(options.get("style", "paper"), options.get("dark", False))
    return View(style, known_measures(options.get("show", ())), options.get("legend", False))


def of_volumes(options: Options) -> volumes.Options:
    """The options of a picture of volumes; E0108 where it has no place for one that is set."""
    if strange := [name for name, value in options.items() if value and value != "TB" and name not in IN_VOLUMES]:
        raise error("E0108", f"a picture of volumes has no `{strange[0]}`", f"it has {', '.join(IN_VOLUMES[:-1])}")
    return {
        "depth": options.get("depth"),
        "expand": options.get("expand", ()),
        "dark": options.get("dark", False),
        "title": options.get("title"),
    }
