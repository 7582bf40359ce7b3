"""What each type of layer means, one file for each family: `TABLE` has a function for every type."""

from __future__ import annotations

from cnngraph.interop.caffe.importer import Meaning
from cnngraph.interop.caffe.meaning import dense, feeds, merges, norms, pointwise, shapes, windows

TABLE: dict[str, Meaning] = {
    **feeds.LAYERS,
    **windows.LAYERS,
    **dense.LAYERS,
    **norms.LAYERS,
    **pointwise.LAYERS,
    **merges.LAYERS,
    **shapes.LAYERS,
}
