"""Models written by both of PyTorch's exporters to ONNX, each once for all tests of a run.

`traced` is the older one (TorchScript), `program` the newer one (torch.export). They write very different graphs.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import onnx
import torch
from torch import Tensor, nn

Dynamic = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True, eq=False)
class Model:
    """How a model is made, what it is tried on, and which sizes stay open: input -> axis -> name."""

    make: Callable[[], nn.Module]
    inputs: Mapping[str, tuple[int, ...]]
    dynamic: Dynamic = field(default_factory=dict)
    ids: int | None = None
    """Inputs are ids below this number."""

    def module(self) -> nn.Module:
        """With the same random weights each time; its norms have seen something."""
        torch.manual_seed(7)
        module = self.make().eval()
        for parameter in module.parameters():
            parameter.data += 0.02 * torch.randn_like(parameter)  # copies of a layer differ, biases are not 0
        for part in module.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is not None:
                nn.init.normal_(part.running_mean, std=0.2)
                nn.init.uniform_(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
            if getattr(part, "affine", False) or isinstance(part, nn.LayerNorm):
                nn.init.uniform_(part.weight, 0.5, 1.5)
                nn.init.normal_(part.bias, std=0.2)
        return module

    def example(self, sizes: Mapping[str, int] | None = None) -> tuple[Tensor, ...]:
        """An input for each name, the same each time; with other `sizes` of the axes that are open."""
        generator = torch.Generator().manual_seed(1)
        shapes = []
        for name, shape in self.inputs.items():
            opened = self.dynamic.get(name, {})
            shapes.append([(sizes or {}).get(opened.get(axis, ""), n) for axis, n in enumerate(shape)])
        if self.ids is not None:
            return tuple(torch.randint(self.ids, shape, generator=generator) for shape in shapes)
        return tuple(torch.randn(shape, generator=generator) for shape in shapes)


@cache
def traced(model: Model) -> onnx.ModelProto:
    """Batch norm folded into convolutions by the exporter, as it does unless it is asked not to."""
    return _traced(model)


@cache
def traced_as_it_is(model: Model) -> onnx.ModelProto:
    """Nothing folded by the exporter: batch norms stay, constants are worked out in the file."""
    return _traced(model, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)


def _traced(model: Model, **options: object) -> onnx.ModelProto:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.module(), model.example(), file, dynamo=False, input_names=list(model.inputs),
            dynamic_axes={name: dict(axes) for name, axes in model.dynamic.items()}, **options,
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


@cache
def program(model: Model, opset: int | None = None) -> onnx.ModelProto:
    names: dict[str, object] = {}
    shapes = tuple(
        {axis: names.setdefault(size, torch.export.Dim(size)) for axis, size in model.dynamic.get(name, {}).items()}
        for name in model.inputs
    )
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = torch.onnx.export(
            model.module(), model.example(), dynamo=True, dynamic_shapes=shapes, input_names=list(model.inputs),
            verbose=False, opset_version=opset,
        )  # fmt: skip
    assert found is not None
    return found.model_proto
