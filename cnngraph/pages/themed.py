"""Pictures of ours on a page: their colours follow its theme, light or dark, and are light on paper."""

from __future__ import annotations

import re

from cnngraph.pages.markup import Markup
from cnngraph.render.colour import turned

NAMES = {"white": "#FFFFFF", "black": "#000000"}
COLOUR = re.compile(r'\b((?:fill|stroke|stop-color)(?:="|: ?))(#[0-9A-Fa-f]{6}|white|black)\b')
IDS = re.compile(r' id="(?:a_)?(?:graph|node|edge|clust)\d+(?:_\d+)?"')


def themed(svg: str) -> Markup:
    """The SVG element with each colour in two versions, of which the page shows one.

    >>> themed('<?xml?><svg><g id="node1"><path fill="white" stroke="#333333"/></g></svg>')
    '<svg><g><path fill="light-dark(#FFFFFF,#181818)" stroke="light-dark(#333333,#E8E8E8)"/></g></svg>'
    """

    def both(found: re.Match[str]) -> str:
        light = NAMES.get(found[2], found[2])
        return f"{found[1]}light-dark({light},{turned(light)})"

    return Markup(COLOUR.sub(both, bare(svg)))


def bare(svg: str) -> str:
    """The SVG element without what stands before it, and without the ids of Graphviz, which pictures would share."""
    return IDS.sub("", svg[svg.index("<svg") :])
