"""Which tool a model file belongs to, by the ending of its name.

    .onnx                                   ONNX
    .pt2, .pt                               PyTorch: a program that torch.export saved, a traced module
    .prototxt, with weights in .caffemodel  Caffe
    .cfg, with weights in .weights          darknet
"""

from __future__ import annotations

from pathlib import Path

TOOLS = {".onnx": "ONNX", ".pt2": "PyTorch", ".pt": "PyTorch", ".prototxt": "Caffe", ".cfg": "darknet"}
WEIGHTS = {".prototxt": ".caffemodel", ".cfg": ".weights"}
"""The weights of formats that keep them apart."""


def is_model(path: Path) -> bool:
    """Whether a file is one of another tool, by its name."""
    return path.suffix.lower() in TOOLS
