"""The whole page: which parts there are, in which order. What nobody measured or gave is left out, not guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnngraph.pages.frame import frame
from cnngraph.pages.markup import element, joined
from cnngraph.pages.report.answers import calibration, confusions, examples
from cnngraph.pages.report.inside import health, inside
from cnngraph.pages.report.network import network, recipe
from cnngraph.pages.report.parts import Section
from cnngraph.pages.report.result import curves, epochs, lead, machine, result, settings
from cnngraph.pages.report.said import said
from cnngraph.pages.report.subject import Subject

PARTS: tuple[Callable[[Subject], Iterator[Section]], ...] = (
    result, settings, curves, confusions, examples, said, calibration, network, inside, health, recipe, epochs, machine,
)  # fmt: skip


def report(subject: Subject) -> str:
    """The page, below a megabyte; it runs no script. Raises E0603 without matplotlib."""
    found = [each for part in PARTS for each in part(subject)]
    title = f"{subject.name}: {'a training run' if len(subject.runs) == 1 else f'{len(subject.runs)} training runs'}"
    links = [element("li", element("a", each.title, href=f"#{each.name}")) for each in found]
    navigation = [element("nav", element("ul", *links), aria_label="Sections")] if links else []
    top = element("header", element("h1", title), element("p", lead(subject), class_="lead"), *navigation)
    return frame(title, joined([top, element("main", *(each.content for each in found))]), styles=["report.css"])
