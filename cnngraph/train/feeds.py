"""From a data set to the inputs of a graph: which image and label go where, in which order, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from cnngraph.data.dataset import Dataset, Preprocessing
from cnngraph.data.sources import SOURCES, source_of
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType

ORDER = 1  # the third part of the key: no other use of the seed has the same
BATCH = 64

T = TypeVar("T")


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
    found = [f"the data has no values for the input {node.name}" for node in images[1:]]
    helps: tuple[str, ...] = ()
    shape = data.train.images.shape[1:]
    if not images:
        found.append("the network has no input for images")
    elif not _fits(images[0].type, data.train.images.shape):
        found.append(f"the network takes {images[0].type}, the images are {TensorType.of(shape[-1], shape[:-1])}")
        helps = _remedies(spec, images[0].type, shape)
    if spec.label:
        found += _label_problems(spec, spec.graph[spec.label].type, len(data.class_names))
    if found:
        place = Label(spec.data.span, "the data of this net") if spec.data is not None else None
        raise CnnGraphError(Diagnostic("E0702", found[0], place, notes=tuple(found[1:]), helps=helps))
    return Feeder(images[0].name, spec.label, images[0].type.dtype, data.preprocessing)


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


def ahead(prepare: Callable[[Array], T], batches: Sequence[Array]) -> Iterator[T]:
    """`prepare` of each batch, in order; a thread prepares the next one while the one before is used.

    >>> list(ahead(len, [(1, 2, 3), (4, 5)]))
    [3, 2]
    """
    with ThreadPoolExecutor(1, "cnngraph data") as thread:
        coming = [thread.submit(prepare, batch) for batch in batches[:1]]
        for batch in batches[1:]:
            coming.append(thread.submit(prepare, batch))
            yield coming.pop(0).result()
        yield from (last.result() for last in coming)


def _fits(type_: TensorType, shape: tuple[int, ...]) -> bool:
    """Open sizes take any number; the runtime checks what is known of them."""
    if type_.vocabulary is not None or len(type_.shape) != len(shape):
        return False
    return all(not isinstance(want, int) or want == have for want, have in zip(type_.shape, shape, strict=True))


def _remedies(spec: TrainingSpec, type_: TensorType, shape: tuple[int, ...]) -> tuple[str, ...]:
    """What to write so that images (H, W, C) get the size of `type_`, where one word does it."""
    sizes = [size for size in type_.positions if isinstance(size, int)]
    if spec.data is None or len(sizes) != 2:
        return ()
    if "size" in SOURCES[spec.data.name].__annotations__ and sizes[0] == sizes[1]:
        return (f"write size = {sizes[0]} in {spec.data.name}(...)",)
    missing = {want - have for want, have in zip(sizes, shape, strict=False)}
    if len(missing) == 1 and (more := missing.pop()) > 0 and more % 2 == 0:
        before = int(str(spec.data.named.get("pad", 0)))
        return (f"write pad = {before + more // 2} in {spec.data.name}(...)",)
    return ()


def _label_problems(spec: TrainingSpec, type_: TensorType, classes: int) -> list[str]:
    if type_.positions:
        return [f"{spec.label} is {type_}, but the data has one label for each image"]
    if type_.vocabulary is not None and classes > type_.vocabulary:
        return [f"the data has {classes} classes, the network only {type_.vocabulary}"]
    return []
