"""A graph of ours as layers of Caffe with blobs: what the importer must read back as the same graph.

Pools are written with `round_mode: FLOOR` where they do not round up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from interop.caffe.printing import Layer, Word

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State

Arrays = Mapping[str, np.ndarray]


class Writing:
    """Layers so far. A batch norm becomes two; a flatten before a dense layer none, as Caffe flattens by itself."""

    def __init__(self, graph: Graph, states: Arrays) -> None:
        self.graph, self.states = graph, states
        self.layers: list[Layer] = []
        self.tops = {node.name: node.name for node in graph} | {ref.node: name for name, ref in graph.outputs.items()}
        for node in graph:
            if not isinstance(node.op, Input | State):
                getattr(self, f"write_{node.op.name}")(node)

    def add(self, node: Node, type_: str, fields: Mapping[str, object] | None = None, *blobs: np.ndarray) -> None:
        count = len(node.inputs) - len([ref for ref in node.inputs if isinstance(self.graph[ref.node].op, State)])
        bottoms = [self.tops[ref.node] for ref in node.inputs[:count]]
        tops = [self.tops[node.name]]
        self.layers.append(Layer(node.name.replace(".", "/"), type_, bottoms, tops, fields or {}, list(blobs)))

    def weights(self, node: Node) -> dict[str, np.ndarray]:
        owned = [ref.node for ref in node.inputs if isinstance(self.graph[ref.node].op, State)]
        return {name.rpartition(".")[2]: self.states[name] for name in owned}

    def write_conv(self, node: Node, type_: str = "Convolution") -> None:
        op: Any = node.op
        x = self.graph.input_types(node)[0]
        g = op.geometry(x) if type_ == "Convolution" else op.geometry(len(x.positions))
        assert all(a == b for a, b in g.pad)
        weights = self.weights(node)
        weight = weights["weight"]
        if type_ == "Convolution":
            blob = weight.transpose(3, 2, 0, 1)
        else:
            blob = np.concatenate([w.transpose(2, 3, 0, 1) for w in np.split(weight, op.groups, axis=-1)])
        fields = {
            "num_output": op.features, "kernel_size": list(g.size), "stride": list(g.stride),
            "pad": [a for a, _ in g.pad], "dilation": list(g.dilation), "group": op.groups, "bias_term": op.bias,
        }  # fmt: skip
        self.add(node, type_, {"convolution_param": fields}, blob, *([weights["bias"]] if op.bias else []))

    def write_upconv(self, node: Node) -> None:
        self.write_conv(node, "Deconvolution")

    def write_dense(self, node: Node) -> None:
        op: Any = node.op
        weights, before = self.weights(node), self.graph[node.inputs[0].node]
        matrix = weights["weight"]
        if before.op.name == "flatten":
            h, w, c = (int(n) for n in self.graph.input_types(before)[0].shape[1:])
            matrix = matrix.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(matrix.shape)
        fields = {"inner_product_param": {"num_output": op.features, "bias_term": op.bias}}
        self.add(node, "InnerProduct", fields, matrix.T, *([weights["bias"]] if op.bias else []))

    def write_flatten(self, node: Node) -> None:
        self.add(node, "Flatten")

    def write_batchnorm(self, node: Node) -> None:
        w, factor = self.weights(node), np.float32(4.0)
        fields = {"batch_norm_param": {"eps": node.op.epsilon, "moving_average_fraction": node.op.momentum}}
        self.add(node, "BatchNorm", fields, w["mean"] * factor, w["variance"] * factor, np.array([factor]))
        tops, name = self.layers[-1].tops, f"{self.layers[-1].name}_scale"
        fields = {"scale_param": {"bias_term": True}}
        self.layers.append(Layer(name, "Scale", tops, tops, fields, [w["scale"], w["shift"]]))

    def write_maxpool(self, node: Node, word: str = "MAX") -> None:
        g = node.op.geometry(self.graph.input_types(node)[0])
        assert all(a == b for a, b in g.pad)
        fields = {
            "pool": Word(word), "kernel_h": g.size[0], "kernel_w": g.size[1], "stride_h": g.stride[0],
            "stride_w": g.stride[1], "pad_h": g.pad[0][0], "pad_w": g.pad[1][0],
            "round_mode": Word("CEIL" if g.ceil else "FLOOR"),
        }  # fmt: skip
        self.add(node, "Pooling", {"pooling_param": fields})

    def write_avgpool(self, node: Node) -> None:
        self.write_maxpool(node, "AVE")

    def write_globalavgpool(self, node: Node) -> None:
        self.add(node, "Pooling", {"pooling_param": {"pool": Word("AVE"), "global_pooling": True}})

    def write_lrn(self, node: Node) -> None:
        op: Any = node.op
        fields = {"local_size": op.size, "alpha": op.alpha, "beta": op.beta, "k": op.bias}
        self.add(node, "LRN", {"lrn_param": fields})

    def write_dropout(self, node: Node) -> None:
        self.add(node, "Dropout", {"dropout_param": {"dropout_ratio": node.op.rate}})

    def write_relu(self, node: Node) -> None:
        self.add(node, "ReLU")

    def write_leaky_relu(self, node: Node) -> None:
        self.add(node, "ReLU", {"relu_param": {"negative_slope": node.op.slope}})

    def write_clip(self, node: Node) -> None:
        self.add(node, "Clip", {"clip_param": {"min": node.op.low, "max": node.op.high}})

    def write_tanh(self, node: Node) -> None:
        self.add(node, "TanH")

    def write_sigmoid(self, node: Node) -> None:
        self.add(node, "Sigmoid")

    def write_silu(self, node: Node) -> None:
        self.add(node, "Swish")

    def write_softmax(self, node: Node) -> None:
        self.add(node, "Softmax")

    def write_concat(self, node: Node) -> None:
        self.add(node, "Concat")

    def write_add(self, node: Node) -> None:
        self.add(node, "Eltwise")

    def write_part(self, node: Node) -> None:
        """All parts of a value are one layer."""
        parts = [user for user in self.graph.users[node.inputs[0].node] if user.op.name == "part"]
        if node == parts[0]:
            assert [part.op.index for part in parts] == list(range(parts[0].op.count))
            self.add(node, "Slice")
            self.layers[-1].tops = [self.tops[part.name] for part in parts]

    def write_shuffle(self, node: Node) -> None:
        self.add(node, "ShuffleChannel", {"shuffle_channel_param": {"group": node.op.groups}})


def written(graph: Graph, states: Arrays) -> tuple[list[Layer], dict[str, Sequence[int]]]:
    """The layers of a graph, and the shape of each input in the order of Caffe."""
    shapes = {node.name: (1, node.type.channels, *node.type.positions) for node in graph.inputs}
    return Writing(graph, states).layers, shapes
