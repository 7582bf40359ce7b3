"""The page of a division: one file with the graph in the colours of its devices, their timeline, and all figures."""

from __future__ import annotations

from base64 import b64encode
from zlib import compress

from cnngraph.pages.frame import frame
from cnngraph.pages.markup import element, joined
from cnngraph.pages.model import GRAPH_SCRIPTS, GRAPH_STYLES
from cnngraph.pages.partition.sections import drawn, goodness, head, letter, tables
from cnngraph.pages.partition.subject import Subject
from cnngraph.pages.timeline import TIMELINE_SCRIPTS, TIMELINE_STYLES
from cnngraph.pipeline.trace import trace_json

STYLES = (*GRAPH_STYLES, *TIMELINE_STYLES, "partition/partition.css")
SCRIPTS = (*GRAPH_SCRIPTS, *TIMELINE_SCRIPTS, "partition/frames.js", "partition/devices.js", "partition/page.js")


def partition_page(subject: Subject) -> str:
    """The page as the text of an HTML file. Equal subjects give equal text.

    It holds the layout engine (1.3 MB), the graph, `pages.timeline.MOST` spans at most, and the trace, packed.
    """
    body = joined([head(subject), element("main", *drawn(subject), goodness(subject), tables(subject))])
    lanes = [
        {"name": lane.name, "label": lane.label, "letter": letter(i), "members": list(lane.members)}
        for i, lane in enumerate(subject.lanes)
    ]
    trace = b64encode(compress(trace_json(*subject.timelines).encode(), 9)).decode()
    data: dict[str, object] = {
        "graph": subject.model,
        "timeline": subject.timeline,
        "partition": {
            "title": subject.title, "part": subject.part, "lanes": lanes, "division": list(subject.division),
            "executed": None if subject.executed is None else list(subject.executed),
        },
        "trace": trace,
    }  # fmt: skip
    return frame(subject.title, body, styles=STYLES, scripts=SCRIPTS, data=data, draws=True)
