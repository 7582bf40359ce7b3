"""The page of the playground: an editor beside the graph that its text means. `assets/playground` makes it move.

It is the same for everybody: what is in the folder it asks the server that it came from, with the token of its link.
"""

from __future__ import annotations

from cnngraph.editor.classes import patterns
from cnngraph.pages.frame import frame
from cnngraph.pages.markup import element
from cnngraph.pages.model import GRAPH_SCRIPTS, GRAPH_STYLES

PARTS = (
    "ask", "markdown", "language", "hints", "editor", "findings", "shelf", "dialog", "files", "tables", "tabs", "spots",
    "drawing", "devices", "saving", "keys", "page",
)  # fmt: skip
SCRIPTS = ("vendor/codemirror.js", *GRAPH_SCRIPTS, *(f"playground/{name}.js" for name in PARTS))


def playground() -> str:
    """The whole page.

    >>> playground().count("connect-src")
    1
    """
    note = element("p", "The playground needs JavaScript, which is switched off here.")
    body = element("div", element("noscript", note), id="playground")
    return frame(
        "cnngraph playground",
        body,
        styles=(*GRAPH_STYLES, "playground/playground.css"),
        scripts=SCRIPTS,
        data={"words": patterns()},
        draws=True,
        connects=True,
    )
