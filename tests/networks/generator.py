"""Random networks as `.cnn` text: every line is proposed at random, and kept if the file still has no finding.

So the generator knows how lines look and not what fits: odd sizes, groups, merges, skips, projections, shared layers,
blocks, side values, loops, in one, two and three dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.observe import Observation, observe

LARGEST = 3_000  # elements of a value, so that two thousand networks take minutes
ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "leaky_relu(0.1)", "elu", "gelu", "silu", "softplus", "hard_swish", "selu", "prelu",
    "identity", "abs", "clip(-1, 2)",
)  # fmt: skip
NORMS = (
    "batchnorm", "batchnorm(epsilon = 0.01)", "layernorm", "groupnorm(2)", "lrn(3)", "dropout(0.3)", "layer_scale(0.5)",
)  # fmt: skip


class Writer:
    """One network while it grows."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rank = self.random.choice((1, 2, 2, 2, 3))
        self.lines: list[str] = []
        self.names: list[str] = []
        sizes = {1: (9, 40), 2: (5, 17), 3: (3, 7)}[self.rank]
        positions = "x".join(str(self.random.randint(*sizes)) for _ in range(self.rank))
        self.input = f"{self.features()}@{positions}"
        body = f"residual {{ {self.keeping('c')} -> tanh; {self.keeping('c')} }}"
        self.unit = f"block unit(c) {{ {body} project {self.keeping('c')} }}"

    # ---- words ----

    def features(self) -> int:
        return self.random.choice((1, 2, 3, 4, 5, 6, 8))

    def window(self, largest: int = 4) -> str:
        """`3x2`, `3x3/2`, or for a sequence `3, stride = 2`."""
        extents = [str(self.random.randint(1, largest)) for _ in range(self.rank)]
        stride = self.random.choice((1, 1, 1, 2, 3))
        if self.rank == 1:
            return extents[0] + (f", stride = {stride}" if stride > 1 else "")
        return "x".join(extents) + (f"/{stride}" if stride > 1 else "")

    def same(self, stride: int = 1) -> str:
        extent = self.random.choice((1, 3, 3, 5))
        if self.rank == 1:
            return f"{extent}, same" + (f", stride = {stride}" if stride > 1 else "")
        return "x".join([str(extent)] * self.rank) + (f"/{stride}" if stride > 1 else "") + ", same"

    def conv(self) -> str:
        more = [
            self.random.choice(("", "", "pad = 1", "pad = 2", "pad = full")),
            self.random.choice(("", "", f"groups = {self.random.choice((2, 3, 'it.c'))}")),
            self.random.choice(("", "", "", "dilation = 2")),
            self.random.choice(("", "bias = false")),
        ]
        return f"conv({', '.join([str(self.features()), self.window(), *filter(None, more)])})"

    def keeping(self, features: int | str) -> str:
        return f"conv({features}, {self.same()})"

    def pool(self) -> str:
        name = self.random.choice(("maxpool", "avgpool"))
        more = self.random.choice(("", "", ", pad = 1", ", ceil = true"))
        if self.rank == 3 and "pad" in more:
            more = ""  # PyTorch's gradient of a 3-D average asks that the window fits without the padding
        return f"{name}({self.window(3)}{more})"

    def layer(self) -> str:
        draw: Sequence[Callable[[], str]] = (
            self.conv, self.conv, self.pool, lambda: self.random.choice(ACTIVATIONS),
            lambda: self.random.choice(ACTIVATIONS), lambda: self.random.choice(NORMS),
            lambda: f"upconv({self.features()}, {self.window(3)})", lambda: "upsample(2)", lambda: "shuffle(2)",
            lambda: f"linear({self.features()})",
        )  # fmt: skip
        return self.random.choice(draw)()

    def pipe(self, longest: int = 3) -> str:
        return " -> ".join(self.layer() for _ in range(self.random.randint(1, longest)))

    # ---- lines ----

    def line(self) -> str:
        draw: Sequence[Callable[[], str]] = (
            self.pipe, self.pipe, self.pipe, self.lanes, self.lanes, self.residual, self.residual, self.gate, self.side,
            self.join, self.loop, self.shared, self.arithmetic,
        )  # fmt: skip
        return self.random.choice(draw)()

    def lanes(self) -> str:
        merge = self.random.choice(("concat", "concat", "add", "mul"))
        features = self.features()
        lanes = [
            self.random.choice((
                self.keeping(features), f"{self.keeping(features)} -> {self.random.choice(ACTIVATIONS)}",
                f"{self.keeping(self.features())} -> {self.keeping(features)}", "identity",
            ))
            for _ in range(self.random.randint(2, 4))
        ]  # fmt: skip
        return f"{merge} {{ {' '.join(f'| {lane}' for lane in lanes)} }}"

    def residual(self) -> str:
        features, stride = self.features(), self.random.choice((1, 1, 2))
        after = self.random.choice((*NORMS[:3], "relu"))
        bias = ", bias = false" if "batchnorm" in after else ""  # whose true gradient would be zero
        first = f"conv({features}, {self.same(stride)}{bias}) -> {after}"
        shortcut = f"conv({features}, {self.same(stride)})"
        body = f"residual {{ {first}; {self.keeping(features)} }}"
        return f"{body} project {shortcut}" if self.random.random() < 0.8 else body

    def gate(self) -> str:
        return f"let g{len(self.lines)} = it -> globalavgpool -> dense(it.c) -> sigmoid; it -> mul(g{len(self.lines)})"

    def side(self) -> str:
        self.names.append(f"v{len(self.lines)}")
        return f"let {self.names[-1]} = it -> {self.pipe(2)}"

    def join(self) -> str:
        name = self.random.choice(self.names) if self.names else "image"
        return f"it -> {self.random.choice(('concat', 'add', 'concat'))}({name})"

    def loop(self) -> str:
        body = f"{self.keeping(self.features())} -> {self.random.choice(ACTIVATIONS)}"
        return self.random.choice((
            f"repeat {self.random.randint(1, 3)} {{ {body} }}", f"({body}) * 2",
            f"for c in [{self.features()}, {self.features()}] {{ {self.keeping('c')}; tanh }}",
            f"unit({self.features()}) * 2", f"unit({self.features()})",
        ))  # fmt: skip

    def shared(self) -> str:
        name = f"s{len(self.lines)}"
        return f"shared {name} = {self.keeping('it.c')}; {name}; tanh; {name}"

    def arithmetic(self) -> str:
        return self.random.choice(("0.5 * it + 1", "it - image", "-it", "it / 2", "it * it"))

    # ---- the file ----

    def text(self, lines: Sequence[str], end: Sequence[str] = ()) -> str:
        body = "\n".join(f"  {line}" for line in (*lines, *end))
        return f"cnn 1\n{self.unit if 'unit(' in body else ''}\nnet drawn(image: {self.input}) {{\n{body}\n}}\n"

    def accepts(self, lines: Sequence[str]) -> bool:
        """Whether all is right but that a side value may still wait for its use, and no value is too large."""
        seen = observe(load_text(self.text(lines)))
        return not seen.found and self._moderate(seen)

    def _moderate(self, seen: Observation) -> bool:
        assert seen.graph is not None
        types = [node.type.bind(batch=1) for node in seen.graph]
        normed = [node.type.bind(batch=1) for node in seen.graph if node.op.name in ("batchnorm", "groupnorm")]
        centred = [node.type.channels for node in seen.graph if node.op.name == "layernorm"]
        enough = all(t.elements >= 4 * t.channels for t in normed) and min(centred, default=3) >= 3  # else noise grows
        return enough and all(isinstance(t.elements, int) and t.elements <= LARGEST for t in types)

    def grow(self) -> str:
        wanted = self.random.randint(2, 8)
        for _ in range(6 * wanted):
            names = list(self.names)
            line = self.line()
            if self.accepts([*self.lines, line]):
                self.lines.append(line)
            else:
                self.names = names
            if len(self.lines) == wanted:
                break
        return self.text(self.lines, self._end()) + "train { loss: cross_entropy(guess, label) }\n"

    def _end(self) -> list[str]:
        head = self.random.choice(("globalavgpool", "flatten", "globalmaxpool"))
        return [head, f"guess: dense({self.random.randint(2, 5)}) -> softmax"]


def network(seed: int) -> str:
    """The network of a seed: the same text on every machine.

    >>> print(network(3).splitlines()[0])
    cnn 1
    """
    return Writer(seed).grow()
