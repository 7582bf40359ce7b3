"""The frame of a page: one file that loads nothing, readable in light, in the dark and on paper."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.pages.markup import Markup, element, joined

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing, and it runs no script."""

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #222; --soft: #5a5a5a; --line: #d5d5d5; --card: #f4f6f8;
  --link: #005a9c; }
@media (prefers-color-scheme: dark) { :root { --ground: #16191d; --ink: #e8e8e8; --soft: #a9b0b8; --line: #3a4048;
  --card: #20252b; --link: #8ec7ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .8rem;
  border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
p, figcaption, caption { color: var(--soft); } p.lead { color: var(--ink); }
nav ul { padding: 0; margin: .8rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; }
a { color: var(--link); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .6rem; margin: 0 0 1rem; }
dl div { background: var(--card); border-radius: 6px; padding: .5rem .7rem; }
dt { font-size: .8rem; color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .3rem 0; white-space: nowrap; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; text-align: left; } td.right, thead th.right { text-align: right; }
td.left { text-align: left; }
figure { margin: 0 0 1.2rem; } .paper { background: #fff; border: 1px solid var(--line); border-radius: 6px;
  padding: .5rem; overflow: auto; max-height: 60rem; } .paper svg { max-width: 100%; height: auto; display: block;
  margin: auto; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
pre { background: var(--card); border-radius: 6px; padding: .8rem; overflow-x: auto; font-size: .85rem; }
summary { cursor: pointer; color: var(--link); margin-bottom: .5rem; }
@media print { :root { --ground: #fff; --ink: #000; --soft: #333; --card: #fff; --line: #999; } body { max-width: none;
  padding: 0; font-size: 11pt; } nav { display: none; } figure, tr, dl div { break-inside: avoid; }
  .paper { max-height: none; border: 0; } h2 { break-after: avoid; } }
"""


def section(name: str, title: str, *content: str) -> tuple[str, str, Markup]:
    """A part of the page: its anchor, its title, and the element."""
    return name, title, element("section", element("h2", title), *content, id=name)


def page(title: str, lead: str, sections: Sequence[tuple[str, str, Markup]]) -> str:
    """The whole file."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    links = [element("li", element("a", title, href=f"#{name}")) for name, title, _ in sections]
    navigation = element("nav", element("ul", *links), aria_label="Sections")
    top = element("header", element("h1", title), element("p", lead, class_="lead"), navigation)
    body = element("body", top, element("main", joined(each for _, _, each in sections)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"
