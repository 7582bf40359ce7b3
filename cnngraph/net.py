"""A network of a file with its weights: the object that people hold in Python, and that the commands use.

What a prediction does without (training, pictures, devices) is imported by the methods that need it: a process that
predicts once starts sooner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.elaborate.about import told_of
from cnngraph.elaborate.chosen import chosen_sizes
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import Program, load_file, load_text
from cnngraph.elaborate.training import Setting, TrainingSpec, training
from cnngraph.interop.endings import is_model
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings

if TYPE_CHECKING:
    from cnngraph.data.dataset import Dataset
    from cnngraph.interop.exporting import Exported
    from cnngraph.interop.fitting import Stored
    from cnngraph.partition.device import Cluster, Device
    from cnngraph.partition.partition import Partition
    from cnngraph.partition.problem import Objective
    from cnngraph.partition.profile import Profile
    from cnngraph.render.options import Options
    from cnngraph.render.tabular import Table
    from cnngraph.runtime.engines.transport import Transport
    from cnngraph.runtime.pipeline import Pipeline
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.share import Share
    from cnngraph.train.evaluate import Evaluation
    from cnngraph.train.fit import FitOptions
    from cnngraph.train.history import History


def load(path: str | Path, net: str | None = None, **settings: object) -> Net:
    """The network of a `.cnn` file (its last one, or the one named); settings are parameters, e.g. `classes=10`.

    Or that of another tool's file, with its weights: `.onnx`, `.pt2`, `.prototxt`, `.cfg`. Arrays are then still as
    here, channels last. Raises CnnGraphError with all errors of the file.
    """
    return Net.of_file(Path(path), net, settings)


def loads(text: str, net: str | None = None, **settings: object) -> Net:
    """The network of a text.

    >>> net = loads("net tiny(image: 1@8x8) = conv(4, 3x3) -> relu -> globalavgpool -> dense(3) -> softmax")
    >>> net.parameters
    55
    """
    return Net(load_text(text), net, settings)


class Net:
    """A network: its graph, table and picture, and its states, which start as the seed says and change in `fit`."""

    def __init__(self, program: Program, net: str | None = None, settings: Mapping[str, object] | None = None) -> None:
        self.program, self._chosen, self.arguments = program, net, dict(settings or {})
        self.graph: Graph = elaborate(program, net, settings)
        self._states: dict[str, Array] = {}
        self._settings = Settings()
        self.step: str | None = None
        """Of several steps of training the one that is meant where one is drawn, divided or measured."""

    @staticmethod
    def of_file(
        path: Path, net: str | None = None, settings: Mapping[str, object] | None = None, weights: Path | None = None
    ) -> Net:
        """As `load`; `weights` are those that Caffe and darknet keep in a file of their own."""
        if not is_model(path):
            return Net(load_file(path), net, settings)
        from cnngraph.interop.model_files import bring

        brought = bring(path, weights)
        found = Net(load_text(brought.text, f"{path}, as a .cnn file"), net, settings)
        found.states = brought.states
        return found

    def export(
        self,
        path: str | Path,
        *,
        opset: int | None = None,
        external_data: bool | None = None,
        partition: Partition | None = None,
        **sizes: int,
    ) -> Exported:
        """Write the network with its weights as an ONNX model (`.onnx`) or as PyTorch source (`.py`).

        Sizes are left open, but those that are given (`batch=1`). With a `partition` the model says which device runs
        what; with a folder for a path, each device has a model. With `external_data`, or over 2 GB, weights lie in a
        file of their own. Raises E0803 with all that has no words there.
        """
        from cnngraph.interop.exporting import export
        from cnngraph.interop.onnx.writing import Options

        with chosen_sizes():
            graph = (self.graph if partition is None else run(self.graph, INFERENCE)).bind(**sizes)
        told = "\n".join(told_of(self.program.module, self.name))
        options = Options(Options.opset if opset is None else opset, external_data, told)
        return export(Path(path), graph, self._complete(graph), options, partition)

    @property
    def settings(self) -> Settings:
        """How the network is run, tested and trained: workers, exact kernels, a limit of memory."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        self.__dict__.pop("_forward", None)

    @property
    def states(self) -> dict[str, Array]:
        """The values of weights and other states so far; empty until they are first needed."""
        return self._states

    @states.setter
    def states(self, states: Mapping[str, Array]) -> None:
        self._states = dict(states)
        self.__dict__.pop("_forward", None)

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def parameters(self) -> Any:
        """Number of trainable numbers."""
        return self.summary().totals["parameters"]

    @cached_property
    def training(self) -> TrainingSpec:
        """The train section with its loss as a graph."""
        return training(self.program, self._chosen or self.name, self.arguments)

    # ---- looking ----

    @property
    def shapes(self) -> dict[str, TensorType]:
        """The type of each input and operator by name; it prints as `6@28x28`."""
        return {node.name: node.type for node in self.graph if not isinstance(node.op, State)}

    def summary(self, depth: int | None = None) -> Table:
        """The table of layers."""
        from cnngraph.render.table import summary

        return summary(self.graph, depth=depth)

    def draw(self, **options: Unpack[Options]) -> str:
        """The picture as SVG text."""
        from cnngraph.render.dot import to_svg

        return to_svg(self.graph, **options)

    def _repr_svg_(self) -> str:
        return self.draw()

    def __repr__(self) -> str:
        inputs = ", ".join(f"{node.name}: {node.type}" for node in self.graph.inputs)
        outputs = ", ".join(f"{name}: {self.graph.type_of(ref)}" for name, ref in self.graph.outputs.items())
        return f"<net {self.name}({inputs}) -> {outputs}>"

    # ---- running ----

    def __call__(self, *arrays: Array, fetch: Sequence[str] | None = None, **named: Array) -> Any:
        """Forward: the output, or a dict of outputs where there are several. Arrays are (N, positions..., C).

        Arrays go to the inputs in order or by name. `fetch` names outputs or nodes, and only what leads to them is run.
        """
        names = [node.name for node in self.graph.inputs if node.name not in named]
        if len(arrays) > len(names):
            raise error("E0705", f"{len(arrays)} arrays for the {len(names)} inputs {', '.join(names)}")
        values = self._forward.run({**dict(zip(names, arrays, strict=False)), **named}, fetch)
        return next(iter(values.values())) if len(values) == 1 else values

    def gradients(self, feeds: Mapping[str, Array], wrt: Sequence[str], training: bool = False) -> dict[str, Array]:
        """dLoss/dname for each name in `wrt`: inputs, weights (`c1.conv.weight`) or any other node, and the `loss`.

        `training` switches dropout and batch statistics on.
        """
        from cnngraph.autodiff.grad import grad

        form = run(self.training.graph, TRAINING if training else INFERENCE)
        graph = grad(form, form.outputs["loss"], wrt)
        runner = Runner(graph, self._complete(graph), settings=self.settings)
        values = runner.run(feeds, ["loss", *(f"gradient.{name}" for name in wrt)])
        return {name.removeprefix("gradient."): value for name, value in values.items()}

    @cached_property
    def _forward(self) -> Runner:
        return self.runner()

    def runner(self, cluster: Cluster | None = None) -> Runner:
        """What runs the network forward, with its weights of now; on the devices of a cluster."""
        return Runner(run(self.graph, INFERENCE), self._complete(self.graph), cluster, self.settings)

    def pipeline(
        self, devices: str | Cluster, options: PipelineOptions | None = None, gradient: bool = False
    ) -> Pipeline:
        """What runs the network, or with `gradient` its training step, in microbatches over the devices."""
        from cnngraph.partition.device import parse_devices
        from cnngraph.runtime.pipeline import Pipeline
        from cnngraph.runtime.pipelining import USUAL
        from cnngraph.train.step import cut_step

        cluster = parse_devices(devices) if isinstance(devices, str) else devices
        graph = cut_step(self.training, self.step) if gradient else run(self.graph, INFERENCE)
        return Pipeline(graph, self._complete(graph), cluster, options or USUAL, self.settings)

    def share(
        self,
        cluster: Cluster,
        options: PipelineOptions,
        feeds: Mapping[str, Array],
        transport: Transport,
        weights: Mapping[str, Stored] | None = None,
    ) -> Share:
        """What runs the part of one device of the cluster, beside other processes; it has no weights but its own.

        `weights` are those that `find_weights` found; without them it has the net's own, or first values.
        """
        from cnngraph.interop.safetensors import read_weights
        from cnngraph.runtime.share import Share

        graph = run(self.graph, INFERENCE)

        def first(names: Sequence[str]) -> Mapping[str, Array]:
            if weights is not None:
                return read_weights({name: weights[name] for name in names})
            own = {name: self._states[name] for name in names if name in self._states}
            return own | self._first(graph, [name for name in names if name not in own])

        return Share(graph, first, feeds, cluster, options, self.settings, transport)

    def _complete(self, graph: Graph) -> dict[str, Array]:
        """The states of `graph`: the net's own, and first values for those that it does not have yet."""
        missing = [node.name for node in graph.states if node.name not in self._states]
        self._states = {**(self._first(graph) if missing else {}), **self._states}
        return {node.name: self._states[node.name] for node in graph.states}

    def _first(self, graph: Graph, names: Sequence[str] | None = None) -> dict[str, Array]:
        """First values of these states, or all, as the train section says."""
        from cnngraph.train.loading import first_states

        return first_states(graph, self.training if self.program.train_sections else None, names)

    # ---- training ----

    def data(self, folder: str | Path | None = None) -> Dataset:
        """The data that the train section names. Raises E0701 where there is none."""
        from cnngraph.data.sources import load_data

        if not isinstance(self.training.data, Setting):
            raise error("E0701", f"the train section of {self.name} names no data", "add `data: digits(size = 32)`")
        return load_data(self.training.data, Path(folder) if folder else None, self.training.seed)

    def fit(self, data: Dataset | Mapping[str, Array] | None = None, **options: Unpack[FitOptions]) -> History:
        """Train as the train section says, on `data` (a data set, or arrays by name: `image`, `label`, or the inputs of
        the net) or on what the section names; the weights are then the net's.

        They begin with first values, or as `start` says: weights that `find_weights` found. The options are those of
        `cnngraph.train.fit.fit`: epochs, output, resume_from, validate, save_every, on_progress, ...; with a
        `transport` this process is one of several devices, and the net then has the weights of this device alone.
        """
        from cnngraph.train.fit import fit

        history = fit(self.training, data or self.data(), settings=self.settings, **options)
        self.states = history.states
        return history

    def evaluate(self, data: Dataset | None = None) -> Evaluation:
        """Loss, accuracy and confusion on the test part of the data."""
        from cnngraph.train.evaluate import evaluate

        return evaluate(self.training, data or self.data(), self._complete(self.training.graph), settings=self.settings)

    def find_weights(
        self, path: str | Path, renaming: Mapping[str, str] | None = None, strict: bool = False
    ) -> dict[str, Stored]:
        """Where the weights lie in a file; all is checked, and nothing is read. Raises E0703 with all mismatches."""
        from cnngraph.interop.safetensors import find_weights

        return find_weights(Path(path), {node.name: node.type for node in self.graph.states}, renaming, strict)[0]

    def load_weights(self, path: str | Path, renaming: Mapping[str, str] | None = None, strict: bool = False) -> None:
        """Take the weights of a file. Raises E0703 with all mismatches.

        `renaming` are names of the file and what they become: `{"backbone.*": "*"}`. With `strict` nothing but the
        states of the network may be in the file.
        """
        from cnngraph.interop.safetensors import read_weights

        self.states = read_weights(self.find_weights(path, renaming, strict))

    # ---- devices ----

    def profile(
        self, feeds: Mapping[str, Array], device: Device, gradient: bool = False, workers: int = 1, rounds: int = 7
    ) -> Profile:
        """What each node takes here, with so many workers busy, beside what `device` would take by the cost model.

        With `gradient` the whole training step, at a learning rate of 0 unless one is fed. No weight changes.
        """
        from cnngraph.autodiff.step import RATE
        from cnngraph.runtime.profiling import profiled

        graph = self.training_graph() if gradient else run(self.graph, INFERENCE)
        still = {node.name: np.zeros(node.type.concrete, node.type.dtype) for node in graph.inputs if node.name == RATE}
        feeds = {name: array for name, array in {**still, **feeds}.items() if name in graph}
        return profiled(graph, self._complete(graph), feeds, device, workers, rounds, gradient)

    def bound(self, batch: int = 1, gradient: bool = False, recompute: bool = False, **sizes: int) -> Graph:
        """The graph with numbers for all sizes; with `gradient`, the whole training step, as in `training_graph`."""
        with chosen_sizes():
            graph = self.training_graph(recompute, batch=batch, **sizes) if gradient else run(self.graph, INFERENCE)
            return graph.bind(batch=batch, **sizes)

    def training_graph(self, recompute: bool = False, **sizes: int) -> Graph:
        """Forward, backward and update as one graph; of several steps the one that `step` names.

        With `recompute` its backward part runs again what the forward part did not keep: less memory, a third more
        work at most, the same numbers. `sizes` (`batch = 128`) are those for which it chooses what to keep.
        """
        from cnngraph.autodiff.recompute import recompute as recomputed
        from cnngraph.train.step import whole_step

        step = whole_step(self.training, self.step)
        return recomputed(step, sizes) if recompute else step

    def partition(
        self,
        devices: str | Cluster,
        batch: int = 1,
        gradient: bool = False,
        strategy: str = "auto",
        recompute: bool = False,
        *,
        objective: Objective = "throughput",
        contiguous: bool | None = None,
        replicate: bool = False,
        time_limit_seconds: float | None = None,
        **sizes: int,
    ) -> Partition:
        """Which device runs what: `devices` is a number, names (`gpu0,gpu1`) or a cluster.

        More is said of `objective`, `contiguous`, `replicate` and the time limit at `cnngraph.partition.split.split`.
        """
        from cnngraph.partition.device import parse_devices
        from cnngraph.partition.explain import Question
        from cnngraph.partition.ways_out import answered

        def graph_of(batch: int, recompute: bool) -> Graph:
            return self.bound(batch, gradient, recompute, **sizes)

        cluster = parse_devices(devices) if isinstance(devices, str) else devices
        how: dict[str, Any] = {"strategy": strategy, "objective": objective, "contiguous": contiguous}
        how |= {"replicate": replicate, "time_limit_seconds": time_limit_seconds}
        return answered(Question(graph_of, cluster, batch, recompute, gradient, how))
