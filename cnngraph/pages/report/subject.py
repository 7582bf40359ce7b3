"""What the page is about: runs, and what is known besides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import error
from cnngraph.examine.answers import Answers, examined
from cnngraph.net import Net
from cnngraph.train.curves import Run
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.feeds import feeder

LONGEST = 200  # letters of a name or an entry
MOST_RUNS = 12


@dataclass(frozen=True, eq=False)
class Trial:
    """A net with its weights, tested on its data, which is prepared as tests see it; its `answers` where it tells one
    class of each sample.
    """

    net: Net
    data: Dataset
    figures: Evaluation
    answers: Answers | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """One run to a dozen, and what is known besides: the network, the words of its train section, its test.

    Raises E0108 for more runs, and E0703 where none of them is a run of the network.
    """

    runs: tuple[Run, ...]
    net: Net | None = None
    recipe: str = ""
    trial: Trial | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.runs) <= MOST_RUNS:
            raise error("E0108", f"a page compares one run to {MOST_RUNS}, not {len(self.runs)}")
        nets = [run.log.net for run in self.runs]
        if self.net is not None and all(nets) and self.net.name not in nets:
            help_ = "give the file that was trained, and its net with --net"
            raise error("E0703", f"this is a run of {nets[0]}, not of {self.net.name}", help_)
        object.__setattr__(self, "runs", tuple(replace(run, name=run.name[:LONGEST]) for run in self.runs))

    @property
    def run(self) -> Run:
        """The first run."""
        return self.runs[0]

    @property
    def name(self) -> str:
        """What the page is called by."""
        names = dict.fromkeys(filter(None, (run.log.net for run in self.runs)))
        return ", ".join(names)[:LONGEST] or (self.net.name if self.net is not None else "") or "a network"


def tried(net: Net, data: Dataset) -> Trial:
    """The test of a net with its weights of now. Raises E0702 where the data does not fit it."""
    spec = net.training
    prediction = spec.graph.type_of(spec.graph.outputs[spec.prediction]) if spec.prediction else None
    whole = prediction is not None and not prediction.positions and bool(data.class_names)
    seen = replace(data, preprocessing=feeder(spec, data).preprocessing)
    return Trial(net, seen, net.evaluate(data), examined(net, data) if whole else None)
