"""The numbers of a model: in the file, or in files beside it, no further than they reach and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Array

MOST_BYTES = 64 * 1024**3  # of all numbers together
MOST_AXES = 32
PACKED = ("INT4", "UINT4", "INT2", "UINT2", "FLOAT4E2M1")  # several to a byte
Refuse = Callable[[str], CnnGraphError]


class Tensors:
    """Reads tensors, each once; raises E0801 where one claims more than there is, or lies elsewhere."""

    def __init__(self, folder: Path | None, refuse: Refuse) -> None:
        self.folder, self.refuse, self.bytes = folder, refuse, 0

    def __call__(self, tensor: TensorProto) -> Array:
        name = tensor.name or "a constant"
        kinds = TensorProto.DataType.items()
        kind = next((word for word, number in kinds if number == tensor.data_type), "UNDEFINED")
        if kind == "UNDEFINED" or len(tensor.dims) > MOST_AXES or any(n < 0 for n in tensor.dims):
            raise self.refuse(f"the tensor `{name}` has no sizes, or numbers of no known kind")
        if kind == "STRING":
            return np.array(list(tensor.string_data), object)
        count, item = prod(tensor.dims), np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        self.bytes += count * item
        if self.bytes > MOST_BYTES:
            raise self.refuse(f"its numbers take more than the {MOST_BYTES:,} bytes that are the limit")
        if tensor.data_location == TensorProto.EXTERNAL:
            array = self._beside(tensor, name, count * item)
        else:
            self._require_all(tensor, name, kind, count, item)
            array = self._inside(tensor, name)
        array.setflags(write=False)
        return array

    def _require_all(self, tensor: TensorProto, name: str, kind: str, count: int, item: int) -> None:
        """As many numbers as the sizes claim, before anything is made of them."""
        if kind in PACKED:
            return  # the sizes are compared when they are unpacked, which takes no more than is there
        if tensor.HasField("raw_data"):
            given = len(tensor.raw_data)
            if given != count * item:
                raise self.refuse(f"the tensor `{name}` has {given:,} bytes, and its sizes say {count * item:,}")
            return
        listed = getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type))
        wanted = count * (2 if kind.startswith("COMPLEX") else 1)
        if len(listed) != wanted:
            raise self.refuse(f"the tensor `{name}` has {len(listed):,} numbers, and its sizes say {wanted:,}")

    def _inside(self, tensor: TensorProto, name: str) -> Array:
        try:
            return np.asarray(numpy_helper.to_array(tensor))
        except (ValueError, TypeError, OverflowError) as problem:
            raise self.refuse(f"the tensor `{name}` is damaged: {problem}") from problem

    # ---- beside the file ----

    def _beside(self, tensor: TensorProto, name: str, wanted: int) -> Array:
        said = {entry.key: entry.value for entry in tensor.external_data}
        path = self._place(said.get("location", ""), name)
        try:
            offset, length = int(said.get("offset", "0")), int(said.get("length", wanted))
            size = path.stat().st_size
        except (ValueError, OSError) as problem:
            raise self.refuse(f"the data of the tensor `{name}` cannot be read: {problem}") from problem
        if length != wanted or offset < 0 or offset + length > size:
            place = f"bytes {offset:,} to {offset + length:,} of {path.name}, which has {size:,}"
            raise self.refuse(f"the tensor `{name}` needs {wanted:,} bytes, and is said to be {place}")
        kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        try:
            array = np.fromfile(path, kind.newbyteorder("<"), prod(tensor.dims), offset=offset)
        except (OSError, ValueError) as problem:
            raise self.refuse(f"the data of the tensor `{name}` cannot be read: {problem}") from problem
        if array.size != prod(tensor.dims):
            raise self.refuse(f"{path.name} ends in the tensor `{name}`")
        return array.astype(kind, copy=False).reshape(tuple(tensor.dims))

    def _place(self, location: str, name: str) -> Path:
        """The file of external data: in the folder of the model or below it, links followed."""
        if self.folder is None:
            raise self.refuse(f"the data of the tensor `{name}` lies beside the file, and no folder is known")
        if not location or Path(location).is_absolute() or "\\" in location or "\0" in location:
            raise self.refuse(f"the data of the tensor `{name}` has no place in the folder of the model: {location!r}")
        try:
            folder, path = self.folder.resolve(), (self.folder / location).resolve()
        except (OSError, RuntimeError) as problem:
            raise self.refuse(f"the data of the tensor `{name}` cannot be found: {problem}") from problem
        if not path.is_relative_to(folder):
            raise self.refuse(f"the data of the tensor `{name}` lies outside the folder of the model: {location!r}")
        if not path.is_file():
            raise self.refuse(f"the data of the tensor `{name}` is missing: {location!r}")
        return path
