"""Networks for the tests of pictures and tables, made by hand with operators as small as can be: only shapes matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Cost, Op, Weight, product_cost
from cnngraph.ir.size import Dim, number, symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window, geometry
from cnngraph.ops.conv import Conv
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.relu import Relu


@dataclass(frozen=True)
class Tanh(Op):
    name: ClassVar[str] = "tanh"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}

    def infer(self, x: TensorType) -> TensorType:
        return x


@dataclass(frozen=True)
class Softmax(Tanh):
    name: ClassVar[str] = "softmax"


@dataclass(frozen=True)
class BatchNorm(Tanh):
    name: ClassVar[str] = "batchnorm"
    weights: ClassVar[tuple[str, ...]] = ("scale", "shift", "mean", "variance")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "scale"), "scale": ("x",), "shift": ()}

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        each = TensorType((x.channels,))
        return {name: Weight(each, "zeros", name in ("scale", "shift")) for name in self.weights}


@dataclass(frozen=True)
class Pool(Op):
    window: Window
    pad: Any = 0
    name: ClassVar[str] = "maxpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "y")}

    def infer(self, x: TensorType) -> TensorType:
        laid = geometry("maxpool", x, self.window, self.pad, default_stride=None)
        return x.known(positions=laid.sizes(x.positions))

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self.window.size, self.window.stride or self.window.size, strict=True))


@dataclass(frozen=True)
class GlobalPool(Op):
    name: ClassVar[str] = "globalavgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        return x.known(positions=())

    def field_of_view(self, rank: int) -> None:
        return None


@dataclass(frozen=True)
class Flatten(Op):
    name: ClassVar[str] = "flatten"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        return TensorType.of(x.bind(batch=1).elements)


@dataclass(frozen=True)
class Dense(Op):
    features: int
    name: ClassVar[str] = "dense"
    weights: ClassVar[tuple[str, ...]] = ("weight", "bias")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",), "bias": ()}
    counts_depth: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x.known(channels=self.features)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        weight, bias = TensorType((x.channels, self.features)), TensorType((self.features,))
        return {"weight": Weight(weight, "he"), "bias": Weight(bias, "zeros")}

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return product_cost(outputs[0].elements * number(inputs[0].channels), inputs, outputs)

    def field_of_view(self, rank: int) -> None:
        return None


@dataclass(frozen=True)
class Add(Op):
    name: ClassVar[str] = "add"
    variadic: ClassVar[bool] = True
    merges: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0]


@dataclass(frozen=True)
class Concat(Add):
    name: ClassVar[str] = "concat"

    def infer(self, *inputs: TensorType) -> TensorType:
        channels: Dim = sum(x.channels for x in inputs)
        return inputs[0].known(channels=channels)


@dataclass(frozen=True)
class CrossEntropy(Op):
    name: ClassVar[str] = "cross_entropy"
    operands: ClassVar[tuple[str, ...]] = ("x", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "target")}
    loss: ClassVar[bool] = True

    def infer(self, x: TensorType, target: TensorType) -> TensorType:
        return TensorType(())


@dataclass(frozen=True)
class Sgd(Op):
    name: ClassVar[str] = "sgd"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient")

    def infer(self, weight: TensorType, gradient: TensorType) -> TensorType:
        return weight


@dataclass(frozen=True)
class One(Op):
    name: ClassVar[str] = "one"
    operands: ClassVar[tuple[str, ...]] = ()

    def infer(self) -> TensorType:
        return TensorType(())


class Net(Builder):
    """A builder that is called: `net("c1.conv", op, x)` adds a node and its weights, and gives its value."""

    def __call__(self, name: str, op: Op, *operands: Ref) -> Ref:
        return self.apply(name, op, operands).ref

    def input(self, name: str, channels: int, *positions: Dim) -> Ref:
        return self.add(name, Input(TensorType.of(channels, positions))).ref

    def block(self, path: str, x: Ref, **ops: Op) -> Ref:
        """A chain of operators under one path."""
        for name, op in ops.items():
            x = self(f"{path}.{name}", op, x)
        return x


def square(side: int, stride: int | None = None) -> Window:
    return Window((side, side), None if stride is None else (stride, stride))


def lenet5() -> Graph:
    net = Net()
    x = net.input("image", 1, 32, 32)
    x = net.block("c1", x, conv=Conv(6, square(5)), tanh=Tanh())
    x = net("s2", Pool(square(2)), x)
    x = net.block("c3", x, conv=Conv(16, square(5)), tanh=Tanh())
    x = net("s4", Pool(square(2)), x)
    x = net.block("c5", x, conv=Conv(120, square(5)), tanh=Tanh(), flatten=Flatten())
    x = net.block("f6", x, dense=Dense(84), tanh=Tanh())
    x = net.block("output", x, dense=Dense(10), softmax=Softmax())
    return net.finish("lenet5", {"output": x})


def on_any_size() -> Graph:
    net = Net()
    x = net.input("image", 1, symbol("H", 2), symbol("W", 2))
    return net.finish("any", {"y": net.block("c1", x, conv=Conv(8, square(3, 2), "same"), relu=Relu())})


def conv_relu(net: Net, path: str, x: Ref, features: int, window: Window, pad: int | str = 0) -> Ref:
    return net.block(path, x, conv=Conv(features, window, pad), relu=Relu())


def inception(net: Net, path: str, x: Ref, n1: int, r3: int, n3: int, r5: int, n5: int, pool: int) -> Ref:
    one = conv_relu(net, f"{path}.conv_relu[1]", x, n1, square(1))
    three = conv_relu(net, f"{path}.conv_relu[2]", x, r3, square(1))
    three = conv_relu(net, f"{path}.conv_relu[3]", three, n3, square(3), "same")
    five = conv_relu(net, f"{path}.conv_relu[4]", x, r5, square(1))
    five = conv_relu(net, f"{path}.conv_relu[5]", five, n5, square(5), "same")
    pooled = net(f"{path}.maxpool", Pool(square(3, 1), "same"), x)
    pooled = conv_relu(net, f"{path}.conv_relu[6]", pooled, pool, square(1))
    return net(f"{path}.concat", Concat(), one, three, five, pooled)


INCEPTIONS = {
    "i3a": (64, 96, 128, 16, 32, 32), "i3b": (128, 128, 192, 32, 96, 64), "i4a": (192, 96, 208, 16, 48, 64),
    "i4b": (160, 112, 224, 24, 64, 64), "i4c": (128, 128, 256, 24, 64, 64), "i4d": (112, 144, 288, 32, 64, 64),
    "i4e": (256, 160, 320, 32, 128, 128), "i5a": (256, 160, 320, 32, 128, 128), "i5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


def googlenet() -> Graph:
    net = Net()
    x = conv_relu(net, "conv1", net.input("image", 3, 224, 224), 64, square(7, 2), "same")
    x = net("maxpool[1]", Pool(square(3, 2), 1), x)
    x = conv_relu(net, "conv2.conv_relu[1]", x, 64, square(1))
    x = net("maxpool[2]", Pool(square(3, 2), 1), conv_relu(net, "conv2.conv_relu[2]", x, 192, square(3), "same"))
    outputs = {}
    for path, (n1, r3, n3, r5, n5, pool) in INCEPTIONS.items():
        if path in ("i4a", "i5a"):
            x = net(f"p{int(path[1]) - 1}", Pool(square(3, 2), 1), x)
        x = inception(net, path, x, n1, r3, n3, r5, n5, pool)
        if path in ("i4a", "i4d"):
            head = f"aux_head[{len(outputs) + 1}]"
            y = conv_relu(net, f"{head}.conv_relu", net(f"{head}.maxpool", Pool(square(5, 3)), x), 128, square(1))
            y = net.block(head, y, flatten=Flatten(), dense=Dense(1000), softmax=Softmax())
            outputs[f"aux{len(outputs) + 1}"] = y
    x = net.block("main", net("globalavgpool", GlobalPool(), x), dense=Dense(1000), softmax=Softmax())
    return net.finish("googlenet", {"main": x, **outputs})


def conv_bn(net: Net, path: str, x: Ref, features: int, window: Window) -> Ref:
    pad = "same" if window.size[0] > 1 else 0
    return net.block(path, x, conv=Conv(features, window, pad, bias=False), batchnorm=BatchNorm())


def conv_bn_relu(net: Net, path: str, x: Ref, features: int, window: Window) -> Ref:
    return net(f"{path}.relu", Relu(), conv_bn(net, f"{path}.conv_bn", x, features, window))


def bottleneck(net: Net, path: str, x: Ref, c: int, stride: int, project: bool) -> Ref:
    y = conv_bn_relu(net, f"{path}.conv_bn_relu[1]", x, c, square(1, stride))
    y = conv_bn_relu(net, f"{path}.conv_bn_relu[2]", y, c, square(3))
    y = conv_bn(net, f"{path}.conv_bn[1]", y, 4 * c, square(1))
    shortcut = conv_bn(net, f"{path}.conv_bn[2]", x, 4 * c, square(1, stride)) if project else x
    return net(f"{path}.relu", Relu(), net(f"{path}.add", Add(), y, shortcut))


def resnet(*counts: int) -> Graph:
    """ResNet with bottlenecks: (3, 8, 36, 3) is ResNet-152."""
    net = Net()
    x = conv_bn_relu(net, "conv1", net.input("image", 3, 224, 224), 64, square(7, 2))
    x = net("maxpool", Pool(square(3, 2), 1), x)
    for stage, count in enumerate(counts):
        for i in range(count):
            stride = 2 if stage and not i else 1
            x = bottleneck(net, f"conv{stage + 2}.bottleneck[{i + 1}]", x, 64 * 2**stage, stride, not i)
    x = net("softmax", Softmax(), net("dense", Dense(1000), net("globalavgpool", GlobalPool(), x)))
    return net.finish("resnet", {"output": x})


def training(graph: Graph, output: str = "output") -> Graph:
    """`graph` with a loss, gradients by hand (no pruning), and a step for each weight."""
    net = Net(graph)
    label = net.add("label", Input(graph.type_of(graph.outputs[output]))).ref
    loss = net("loss", CrossEntropy(), graph.outputs[output], label)
    by_node: dict[str, list[Ref]] = {loss.node: [net("gradient.seed", One())]}
    updates: dict[str, Ref] = {}
    for node in reversed([*graph.nodes, net.nodes["loss"]]):
        if node.name in by_node and not isinstance(node.op, Input):
            refs = by_node[node.name]
            dy = refs[0] if len(refs) == 1 else net.add(f"gradient.{node.name}.sum", Add(), refs).ref
            if isinstance(node.op, State):
                updates[node.name] = net.add(f"update.{node.name}", Sgd(), [node.ref, dy], colocated=node.colocated).ref
            else:
                _differentiate(net, node.name, dy, lambda name, ref: by_node.setdefault(name, []).append(ref))
    return net.finish(graph.name, {"loss": loss}, updates)


def _differentiate(net: Net, name: str, dy: Ref, give: Callable[[str, Ref], None]) -> None:
    node = net.nodes[name]
    names = node.op.input_names(len(node.inputs))
    types = tuple(net.type_of(ref) for ref in node.inputs)
    for wanted, ref in zip(names, node.inputs, strict=True):
        op = net.nodes[ref.node].op
        frozen = isinstance(op, State) and not op.trainable
        if node.op.differentiable(wanted) and not isinstance(op, Input) and not frozen:
            reads = [node.ref if n == "y" else node.inputs[names.index(n)] for n in node.op.reads(wanted, len(names))]
            gradient = Gradient(node.op, (wanted,), types, node.types)
            give(ref.node, net.add(f"gradient.{name}.{wanted}", gradient, [dy, *reads], colocated=name).ref)
