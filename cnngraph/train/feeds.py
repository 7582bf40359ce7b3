"""From a data set to the inputs of a graph: which image and label go where, in which order, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType
from cnngraph.train.data import source_of
from cnngraph.train.dataset import Dataset, Preprocessing

ORDER = 1  # the third part of the key: no other use of the seed has the same
BATCH = 64


@dataclass(frozen=True)
class Feeder:
    """Names of the inputs for images and labels ("" for none), and what is done to images before."""

    image: str
    label: str
    dtype: str
    preprocessing: Preprocessing

    def feeds(self, images: Array, labels: Array) -> dict[str, Array]:
        """What a run takes: images (N, H, W, C) as they are in the data set, labels (N,)."""
        x = self.preprocessing.normalized(images).astype(self.dtype, copy=False)
        return {self.image: x, self.label: labels} if self.label else {self.image: x}


def feeder(spec: TrainingSpec, data: Dataset) -> Feeder:
    """How `data` is fed to the graph of `spec`. Raises E0702 with all that does not fit."""
    images = [node for node in spec.graph.inputs if node.name != spec.label]
    found = [_problem(spec, f"the data has no values for the input {node.name}") for node in images[1:]]
    if not images:
        raise CnnGraphError(_problem(spec, "the network has no input for images"))
    image = images[0]
    if not _fits(image.type, data.train.images.shape):
        found.append(_wrong_size(spec, image.type, data.train.images.shape))
    if spec.label:
        found += _label_problems(spec, spec.graph[spec.label].type, len(data.class_names))
    if found:
        raise CnnGraphError(found)
    return Feeder(image.name, spec.label, image.type.dtype, data.preprocessing)


def batch_size(spec: TrainingSpec) -> int:
    """Images in a step: `batch` of the train section, else of its data, else 64."""
    given = source_of(spec.data).batch if spec.data is not None else None
    return spec.batch or given or BATCH


def shuffled(count: int, batch: int, seed: int, epoch: int) -> Iterator[Array]:
    """Indices of each batch of an epoch, in the order that (seed, epoch) gives; the last batch may be smaller.

    >>> [part.tolist() for part in shuffled(5, 2, seed=0, epoch=0)]
    [[2, 0], [3, 4], [1]]
    """
    return cut(rng(seed, epoch, ORDER).permutation(count), batch)


def cut(indices: Array, batch: int) -> Iterator[Array]:
    """`indices` in parts of `batch`; the last may be smaller."""
    return (indices[start : start + batch] for start in range(0, len(indices), batch))


def _fits(type_: TensorType, shape: tuple[int, ...]) -> bool:
    """Open sizes take any number; the runtime checks what is known of them."""
    if type_.vocabulary is not None or len(type_.shape) != len(shape):
        return False
    return all(not isinstance(want, int) or want == have for want, have in zip(type_.shape, shape, strict=True))


def _wrong_size(spec: TrainingSpec, type_: TensorType, shape: tuple[int, ...]) -> Diagnostic:
    have = TensorType.of(shape[3], shape[1:3])
    return _problem(spec, f"the network takes {type_}, the images are {have}", *_remedies(spec, type_, shape))


def _remedies(spec: TrainingSpec, type_: TensorType, shape: tuple[int, ...]) -> tuple[str, ...]:
    positions = type_.positions
    if spec.data is None or len(positions) != 2 or not all(isinstance(size, int) for size in positions):
        return ()
    missing = {int(str(want)) - have for want, have in zip(positions, shape[1:3], strict=True)}
    if spec.data.name == "digits" and len(set(positions)) == 1:
        return (f"write size = {positions[0]} in digits(...)",)
    if len(missing) == 1 and (more := missing.pop()) > 0 and more % 2 == 0:
        before = spec.data.named.get("pad", 0)
        return (f"write pad = {int(str(before)) + more // 2} in {spec.data.name}(...)",)
    return ()


def _label_problems(spec: TrainingSpec, type_: TensorType, classes: int) -> list[Diagnostic]:
    if type_.positions:
        return [_problem(spec, f"{spec.label} is {type_}, but the data has one label for each image")]
    if type_.vocabulary is not None and classes > type_.vocabulary:
        return [_problem(spec, f"the data has {classes} classes, the network only {type_.vocabulary}")]
    return []


def _problem(spec: TrainingSpec, message: str, *helps: str) -> Diagnostic:
    place = Label(spec.data.span, "the data of this net") if spec.data is not None else None
    return Diagnostic("E0702", message, place, helps=helps)


