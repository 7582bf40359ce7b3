"""HTML as values: text becomes safe where an element is made, so nothing that a file says can become markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

VOID = ("meta", "br", "hr", "img")


class Markup(str):
    """Text that is HTML already. Only this module and the makers of SVG make it."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str) -> Markup:
    """An element. Content that is no `Markup` is text. `class_` is the attribute `class`, `aria_label` `aria-label`.

    >>> element("p", "a < b", element("b", "!"), class_='x"y')
    '<p class="x&quot;y">a &lt; b<b>!</b></p>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"' for name, value in attributes.items()
    )
    return Markup(f"<{tag}{given}>" if tag in VOID else f"<{tag}{given}>{joined(content)}</{tag}>")


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other, text escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> Markup:
    """A table with its caption; the first cell of a row is its header, the first `left` columns stand to the left."""
    top = element("tr", *(element("th", each, scope="col", class_=_side(i, left)) for i, each in enumerate(head)))
    body = [
        element(
            "tr",
            element("th", first, scope="row"),
            *(element("td", each, class_=_side(i, left)) for i, each in enumerate(others, 1)),
        )
        for first, *others in rows
    ]
    whole = element("table", element("caption", caption), element("thead", top), element("tbody", *body))
    return element("div", whole, class_="wide", tabindex="0", role="region", aria_label=caption)


def _side(column: int, left: int) -> str:
    return "left" if column < left else "right"


def figure(picture: Markup, caption: str) -> Markup:
    """A picture with a line below it."""
    return element("figure", picture, element("figcaption", caption))


def pairs(values: Mapping[str, str]) -> Markup:
    """Names and what they are."""
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in values.items())
    )
