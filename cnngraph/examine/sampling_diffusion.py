"""From noise to pictures, step by step: the parts of a trained net that guess the noise and decode what is left.

In training one value is mixed with noise by `diffuse`; here the same net is cut there. What leads from the mixed value
and the time to the guess is the denoiser, and what leads from the clean value to a picture is the decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array
from cnngraph.ir.size import SizeError
from cnngraph.ir.types import TensorType
from cnngraph.net import Net
from cnngraph.ops.diffuse import Diffuse
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.passes.prune import prune
from cnngraph.runtime.feeds import sizes_of
from cnngraph.runtime.runner import Runner

THROUGH = ("stop_gradient", "identity")  # they change no value
NOISY, CLEAN, GUESS, MADE = "noisy", "clean", "guess", "made"


@dataclass(frozen=True)
class Way:
    """How many of the times are visited on the way back, evenly, and how much fresh noise each of them gets.

    With eta = 1 and all steps this is the sampling of Ho et al. (DDPM, algorithm 2); with eta = 0 nothing is drawn but
    the start (DDIM), which is as good in far fewer steps. source: Song, Meng, Ermon: DDIM, ICLR 2021, equations 12, 16.
    """

    steps: int = 100
    eta: float = 1.0


@dataclass(frozen=True, eq=False)
class Diffusion:
    """The process of a net. `clean` is the shape of what is mixed with noise, for one sample; without a decoder that
    value is the picture itself.
    """

    schedule: Diffuse
    time: str
    clean: tuple[int, ...]
    denoiser: Runner
    decoder: Runner | None

    def sample(self, count: int, generator: np.random.Generator, way: Way) -> Array:
        """`count` pictures, as the net has them.

            x0 = (x - sqrt(1 - a) guess) / sqrt(a)
            next x = sqrt(b) x0 + sqrt(1 - b - s^2) guess + s z,    s = eta sqrt((1 - b) / (1 - a) (1 - a / b))

        with a the signal at this time and b that at the next one, which is 1 at the end.
        """
        signal = np.append(self.schedule.signal(), 1.0)  # the last one, at -1: no noise is left
        times = np.linspace(self.schedule.steps - 1, 0, way.steps).round().astype(np.int64)
        x: Array = generator.standard_normal((count, *self.clean), np.float32)
        for now, after in zip(times, [*times[1:], -1], strict=True):
            guess = self.denoiser.run({NOISY: x, self.time: np.full(count, now)})[GUESS]
            a, b = signal[now], signal[after]
            clean = (x - np.float32(np.sqrt(1 - a)) * guess) / np.float32(np.sqrt(a))
            fresh = way.eta * np.sqrt((1 - b) / (1 - a) * max(1 - a / b, 0))
            x = np.float32(np.sqrt(b)) * clean + np.float32(np.sqrt(max(1 - b - fresh**2, 0))) * guess
            if fresh > 0:
                x += np.float32(fresh) * generator.standard_normal(x.shape, np.float32)
        return x if self.decoder is None else self.decoder.run({CLEAN: x})[MADE]


def diffusion_of(net: Net, how: Preprocessing | None) -> Diffusion | None:
    """The process of a net that has one; `how` says how large pictures are where the net leaves it open.

    Raises E0702 where the parts of it are not found.
    """
    graph = net.graph
    mixing = next((node for node in graph if isinstance(node.op, Diffuse)), None)
    if mixing is None:
        return None
    assert isinstance(mixing.op, Diffuse)
    clean, time = _without_effect(graph, mixing.inputs[0]), mixing.inputs[2]
    noisy = _leading(graph, mixing.ref)
    guess = next((name for name in noisy if graph.type_of(graph.outputs[name]) == mixing.type), None)
    made = next((name for name in _leading(graph, clean) if name not in noisy), None)
    pixels = isinstance(graph[clean.node].op, Input)
    if guess is None or not isinstance(graph[time.node].op, Input) or (made is None and not pixels):
        lacking = "no output guesses the noise" if guess is None else "no output is a picture"
        raise error("E0702", f"{net.name} mixes noise into a value, but {lacking}")
    denoiser = part_from(graph, {NOISY: mixing.ref}, {GUESS: graph.outputs[guess]})
    decoder = None
    if made is not None and not pixels:
        decoder = _runner(net, part_from(graph, {CLEAN: clean}, {MADE: graph.outputs[made]}))
    return Diffusion(mixing.op, time.node, _shape(net, mixing.type, how), _runner(net, denoiser), decoder)


def _without_effect(graph: Graph, ref: Ref) -> Ref:
    """The value that a layer has its own from, where it changes none."""
    while graph[ref.node].op.name in THROUGH:
        ref = graph[ref.node].inputs[0]
    return ref


def _leading(graph: Graph, ref: Ref) -> list[str]:
    """The outputs that a value leads to."""
    return [name for name, goal in graph.outputs.items() if ref.node in graph.restricted_to([goal])]


def part_from(graph: Graph, starts: Mapping[str, Ref], outputs: Mapping[str, Ref]) -> Graph:
    """The part of a graph that leads from some of its values, which become inputs of these names, to others."""
    named = {ref.node: name for name, ref in starts.items()}
    nodes = []
    for node in graph:
        inputs = tuple(replace(ref, node=named.get(ref.node, ref.node)) for ref in node.inputs)
        if node.name in named:
            nodes.append(Node(named[node.name], Input(node.type), (), (node.type,)))
        else:
            nodes.append(replace(node, inputs=inputs))
    found = {name: replace(ref, node=named.get(ref.node, ref.node)) for name, ref in outputs.items()}
    return prune(replace(graph, nodes=tuple(nodes), outputs=found, updates={}))


def _runner(net: Net, part: Graph) -> Runner:
    form = run(part, INFERENCE)
    return Runner(form, {node.name: net.states[node.name] for node in form.states}, settings=net.settings)


def _shape(net: Net, type_: TensorType, how: Preprocessing | None) -> tuple[int, ...]:
    """The shape of such a value for one picture, of the size that pictures are prepared to."""
    sizes: dict[str, int] = {}
    images = [node for node in net.graph.inputs if len(node.type.shape) == 4]
    images = [node for node in images if how and node.type.channels == how.channels]
    if how and images:
        picture = np.zeros((1, how.height + 2 * how.pad, how.width + 2 * how.pad, how.channels), np.float32)
        sizes = sizes_of(replace(net.graph, nodes=tuple(images[:1])), {images[0].name: picture})
    try:
        return type_.bind(**{**sizes, "batch": 1}).concrete[1:]
    except SizeError as problem:
        raise error("E0702", f"{net.name} takes any size: {problem}", "say one, as in --set H=32") from problem
