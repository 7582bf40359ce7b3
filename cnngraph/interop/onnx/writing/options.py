"""What a caller can choose of an ONNX model, and what it cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass

from cnngraph.diagnostics import error

FIRST, LAST, USUAL = 21, 24, 23
IR_OF_OPSET = {21: 10, 22: 10, 23: 11, 24: 12}


@dataclass(frozen=True)
class Options:
    """How a model is written.

    opset          version of the standard operators, from 21 (the first whose GroupNormalization is ours) to 24 (of
                   later ones ONNX Runtime 1.31 lacks parts). 23 is that of ONNX 1.18, the oldest release with fields
                   for several devices. ONNX Runtime takes 21 from version 1.20 on, 22 from 1.22, 23 from 1.23; all
                   operators of 23 it has from 1.25 on.
    external       whether weights go into a file of their own beside the model: yes, no, or (None) where the model
                   would otherwise pass the 2 GB that a protocol buffer can hold
    documentation  what the model says of itself, before the sentence on its layouts
    """

    opset: int = USUAL
    external: bool | None = None
    documentation: str = ""

    def __post_init__(self) -> None:
        if not FIRST <= self.opset <= LAST:
            raise error("E0803", f"models are written in the opsets {FIRST} to {LAST}, not {self.opset}")

    @property
    def ir_version(self) -> int:
        """Version of the file format: that of the release that brought the opset."""
        return IR_OF_OPSET[self.opset]
