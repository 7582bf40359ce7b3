"""How many images go through a net at once, so that large nets do not fill the memory."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.runtime.feeds import sizes_of

MOST = 64
NUMBERS = 2**26  # of all values of all nodes together: 256 MB, and less where values share memory


def batch_for(graph: Graph, feeds: Mapping[str, Array]) -> int:
    """So many samples of the size of `feeds`, from 1 to 64. The feeds may leave inputs out that have no open sizes.

    >>> from cnngraph.net import loads
    >>> import numpy as np
    >>> graph = loads("net n(image: 1@HxW) { conv(63, 1x1) }").graph
    >>> batch_for(graph, {"image": np.zeros((9, 8, 8, 1))}), batch_for(graph, {"image": np.zeros((9, 512, 512, 1))})
    (64, 4)
    """
    kept = graph.fetch([node.name for node in graph if node.name in feeds])
    sizes = {name: size for name, size in sizes_of(kept, feeds).items() if name != "batch"}
    types = [node.type.bind(batch=1, **sizes) for node in graph if not isinstance(node.op, State)]
    return max(1, min(MOST, NUMBERS // max(sum(number(t.elements) for t in types), 1)))
