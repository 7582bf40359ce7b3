"""The calls of PyTorch that a function makes, as straight code: what is timed then has no look-ups of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import fx
from torch.overrides import TorchFunctionMode

from cnngraph.interop.pytorch.meaning import Tensor


def recorded(
    function: Callable[[Mapping[str, Tensor]], Sequence[Tensor]], given: Mapping[str, Tensor]
) -> fx.GraphModule:
    """A module that makes the calls which `function` makes of `given`, on other tensors of these shapes, in this order.

    >>> double = recorded(lambda given: [given["x"] * 2 + given["y"]], {"x": torch.ones(3), "y": torch.ones(3)})
    >>> double(torch.ones(3), torch.zeros(3))[0]
    tensor([2., 2., 2.])
    """
    calls = _Recording(given)
    with torch.no_grad(), calls:
        results = function(given)
    calls.graph.output([calls.of(result) for result in results])
    calls.graph.eliminate_dead_code()
    return fx.GraphModule(torch.nn.Module(), calls.graph)


class _Recording(TorchFunctionMode):
    """Makes a node of each call that gives tensors. Sizes and numbers of axes that a call gives are constants."""

    def __init__(self, given: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.nodes: dict[int, fx.Node] = {}
        self.kept: list[object] = []  # an id is a name only as long as its tensor lives
        for place, tensor in enumerate(given.values()):
            self._name(tensor, self.graph.placeholder(f"given{place}"))

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self._name(result, self.graph.call_function(func, self.of(args), self.of(kwargs)))
        elif isinstance(result, tuple | list) and any(isinstance(part, Tensor) for part in result):
            whole = self.graph.call_function(func, self.of(args), self.of(kwargs))
            for index, part in enumerate(result):
                self._name(part, self.graph.call_method("__getitem__", (whole, index)))
        return result

    def of(self, value: Any) -> Any:
        """The value with nodes for its tensors."""
        if isinstance(value, Tensor):
            return self.nodes[id(value)]
        if isinstance(value, tuple | list):
            return type(value)(map(self.of, value)) if type(value) in (tuple, list) else tuple(map(self.of, value))
        return {key: self.of(each) for key, each in value.items()} if isinstance(value, dict) else value

    def _name(self, tensor: Tensor, node: fx.Node) -> None:
        self.nodes[id(tensor)] = node
        self.kept.append(tensor)
