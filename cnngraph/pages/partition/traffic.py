"""What the links between devices carry: each message with its time on the way, and all of them added up.

    gpu0 -> gpu1   [a..]   [b..]        a link carries one message after the other, in the order of their sending
"""

from __future__ import annotations

from collections.abc import Iterable

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.pages.timeline import Message
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition
from cnngraph.pipeline.program import Program, Send
from cnngraph.pipeline.schedule import Schedule
from cnngraph.pipeline.timeline import Timeline
from cnngraph.render.tabular import Column, Quantity, Table

COLUMNS = (
    Column("source", "from", right=False),
    Column("target", "to", right=False),
    Column("messages", "messages"),
    Column("bytes", "bytes"),
    Column("seconds", "on the way"),
    Column("busy_share", "busy"),
    Column("latency_seconds", "latency"),
    Column("bytes_per_second", "speed"),
)


def messages(timeline: Timeline, program: Program, schedule: Schedule, cluster: Cluster) -> tuple[Message, ...]:
    """What is on the way when, where links carry messages themselves, one after the other."""
    sizes = {
        (stage, item.target, item.name): item.bytes
        for stage, phases in program.items()
        for items in phases.values()
        for item in items
        if isinstance(item, Send)
    }
    free: dict[tuple[str, str], float] = {}
    found = []
    for device, spans in timeline.spans.items():
        for span in spans:
            if span.kind != "send":
                continue
            count = sizes[schedule.stage_of[device], schedule.stage_of[span.peer], span.name]
            start = max(span.end_seconds, free.get((device, span.peer), 0.0))
            end = free[device, span.peer] = start + cluster.link(device, span.peer).seconds(count)
            found.append(Message(device, span.peer, span.name, span.microbatch, count, start, end))
    return tuple(found)


def cut_messages(partition: Partition) -> tuple[Message, ...]:
    """What crosses in one run; when is not said."""
    found = []
    for cut in partition.cuts:
        for target in cut.targets:
            seconds = partition.cluster.link(cut.source, target).seconds(cut.bytes)
            found.append(Message(cut.source, target, str(cut.value), -1, cut.bytes, 0.0, seconds))
    return tuple(found)


def links_table(found: Iterable[Message], cluster: Cluster | None, whole_seconds: float, title: str) -> Table:
    """One row for each link that carries something; `busy` is its share of the time."""
    by_link: dict[tuple[str, str], list[Message]] = {}
    for message in found:
        by_link.setdefault((message.source, message.target), []).append(message)
    rows = []
    for (source, target), carried in by_link.items():
        seconds = sum(m.end_seconds - m.start_seconds for m in carried)
        share = seconds / whole_seconds if whole_seconds else 0.0
        link = cluster.link(source, target) if cluster is not None else None
        rows.append(
            (
                source,
                target,
                len(carried),
                Quantity(sum(m.bytes for m in carried), bytes_text),
                Quantity(seconds, seconds_text),
                Quantity(share, "{:.1%}".format),
                None if link is None else Quantity(link.latency_seconds, seconds_text),
                None if link is None else Quantity(link.bytes_per_second, lambda rate: f"{bytes_text(rate)}/s"),
            )
        )
    return Table(COLUMNS, tuple(rows), {}, title)

