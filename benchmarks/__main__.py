"""cnngraph beside its peers, on the same weights and data: seconds, memory and cold start."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks import peak
from benchmarks.coldstart import NETWORK, cold_starts
from benchmarks.engine import PEERS, missing, names_of
from benchmarks.measurement import (
    COLD_START,
    INFERENCE,
    INFERENCE_MEMORY,
    MEMORIES,
    SINGLE,
    TRAINING,
    TRAINING_MEMORY,
    Report,
    conditions,
    read,
)
from benchmarks.networks import NETWORKS
from benchmarks.table import markdown
from benchmarks.tasks import measure, say

TASK_WORDS = {
    "training": (TRAINING,),
    "inference": (INFERENCE,),
    "single": (SINGLE,),
    "memory": (TRAINING_MEMORY, INFERENCE_MEMORY),
    "start": (COLD_START,),
}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("networks", nargs="*", default=[*NETWORKS], help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--peers", type=words_of(PEERS), default=",".join(PEERS), help=f"default: {','.join(PEERS)}")
    every = ",".join(TASK_WORDS)
    parser.add_argument("--tasks", type=words_of(TASK_WORDS), default=every, help=f"default: {every}")
    parser.add_argument("--threads", type=int, default=2, help="threads of each engine (default: 2)")
    parser.add_argument("--rounds", type=int, default=10, help="timed turns of each engine at each task (default: 10)")
    parser.add_argument("--json", type=Path, help="write every round to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    parser.add_argument("--plot", type=Path, help="draw the ratios into this PNG file (needs matplotlib)")
    parser.add_argument("--read", type=Path, nargs="+", metavar="JSON", help="measure nothing: join these reports")
    parser.add_argument("--profile", metavar="NETWORK", help="tell instead where the time of cnngraph goes")
    return parser.parse_args()


def words_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """What argparse reads words with: those between commas, each one that is known."""

    def words(text: str) -> list[str]:
        found = [word.strip() for word in text.split(",") if word.strip()]
        if unknown := [word for word in found if word not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(known)}")
        return found

    return words


def main() -> int:
    """Measure what is asked for and print it. The exit status is 1 where results differ, whoever is faster."""
    options = parsed()
    if options.profile:
        from benchmarks.profile import profile

        print(profile(options.profile, options.tasks, options.threads))
        return 0
    report = read(options.read) if options.read else measured(options)
    table = markdown(report)
    print(table)
    if options.json:
        report.write(options.json)
    if options.markdown:
        options.markdown.write_text(table + "\n", encoding="utf-8")
    if options.plot and _has_matplotlib():
        from benchmarks.plot import draw

        draw(report, options.plot)
    return int(any(not m.rounds for m in report.measurements))


def measured(options: argparse.Namespace) -> Report:
    """All tasks of all networks by all engines that are installed."""
    limit_cores(options.threads)
    under = conditions(options.threads)
    tasks = [task for word in options.tasks for task in TASK_WORDS[word]]
    if not peak.available() and set(tasks) & set(MEMORIES):
        say("peak memory is not measured: this system does not tell it")
        tasks = [task for task in tasks if task not in MEMORIES]
    engines = names_of(installed(options.peers))
    found = [m for name in options.networks for m in measure(name, tasks, engines, options.threads, options.rounds)]
    if COLD_START in tasks:
        say(f"{NETWORK}: {COLD_START}")
        found += cold_starts(engines, options.threads, options.rounds)
    return Report(under, tuple(found))


def installed(peers: Sequence[str]) -> list[str]:
    """Those of the peers that can be used; the others are told."""
    lacking = {peer: missing(peer) for peer in peers}
    for line in filter(None, lacking.values()):
        say(line)
    return [peer for peer, line in lacking.items() if not line]


def limit_cores(threads: int) -> None:
    """Some engines ask the system how many threads to start: it names no more cores than there are threads."""
    if hasattr(os, "sched_getaffinity") and threads < len(os.sched_getaffinity(0)):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _has_matplotlib() -> bool:
    if find_spec("matplotlib") is None:
        say("matplotlib is not installed: pip install matplotlib")
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
