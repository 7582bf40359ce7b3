"""From a data set to the inputs of a graph: which column goes where, in which order, in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from os import cpu_count
from typing import TypeAlias, TypeVar

import numpy as np

from cnngraph.data.augment import shape_after
from cnngraph.data.dataset import IMAGE, LABEL, Column, Dataset, Part, Preprocessing
from cnngraph.data.sources import SOURCES, source_of
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType
from cnngraph.spelling import nearest
from cnngraph.train.noise import noise_of
from cnngraph.train.step import figures_only

ORDER = 1  # the third part of the key: no other use of the seed has the same
BATCH = 64

T = TypeVar("T")
Change: TypeAlias = Callable[[Array, Array], Array]
"""Makes other pictures of those with the given indices."""


@dataclass(frozen=True)
class Feeder:
    """Which column goes to which input. Pictures are normalized, all else is fed as it is, in the input's dtype."""

    columns: Mapping[str, str]
    dtypes: Mapping[str, str]
    preprocessing: Preprocessing | None

    def feeds(self, part: Part, indices: Array, change: Change | None = None) -> dict[str, Array]:
        """What a run takes: the samples of `part` with these indices, their pictures changed by `change`."""
        values = {column: part.columns[column][indices] for column in set(self.columns.values())}
        if IMAGE in values and change is not None:
            values[IMAGE] = change(values[IMAGE], indices)
        if IMAGE in values and self.preprocessing is not None:
            values[IMAGE] = self.preprocessing.normalized(values[IMAGE])
        return {name: values[column].astype(self.dtypes[name], copy=False) for name, column in self.columns.items()}


def feeder(spec: TrainingSpec, data: Dataset) -> Feeder:
    """How `data` is fed to the loss of `spec`: each input has the column of its name; the label of the loss may have
    `label`, and the one input that is left `image`. Where the changes of the section make pictures of another size,
    tests have that size too. Raises E0702 with all that does not fit.
    """
    data = seen(spec, data)
    drawn = noise_of(spec).inputs
    wanted = figures_only(spec.graph, spec.prediction).inputs
    inputs = {node.name: node.type for node in wanted if node.name not in drawn}
    if not inputs:
        raise _refused(spec, [f"{spec.name} learns nothing from the data: all its inputs are noise"], ())
    columns = _columns(inputs, spec.label, data.train.columns)
    if missing := [name for name in inputs if name not in columns]:
        raise _refused(spec, [_missing(missing, inputs, data)], _sources(missing, inputs, columns, data))
    found = [text for name, column in columns.items() for text in _misfits(name, inputs[name], column, data)]
    if found:
        remedies = (_remedies(spec, inputs[n], data.train.images.shape[1:]) for n, c in columns.items() if c == IMAGE)
        raise _refused(spec, found, [text for texts in remedies for text in texts])
    return Feeder(columns, {name: inputs[name].dtype for name in columns}, data.preprocessing)


def _columns(inputs: Iterable[str], label: str, known: Container[str]) -> dict[str, str]:
    """The column of each input, where it has one."""
    found = {name: name for name in inputs if name in known}
    if label and label not in found and LABEL in known:
        found[label] = LABEL
    left = [name for name in inputs if name not in found]
    if len(left) == 1 and IMAGE in known and IMAGE not in found:
        found[left[0]] = IMAGE
    return {name: found[name] for name in inputs if name in found}


def seen(spec: TrainingSpec, data: Dataset) -> Dataset:
    """The data with a frame for its pictures, where the changes of the section make others than they are."""
    if not spec.augment or IMAGE not in data.train.columns:
        return data
    _, height, width, channels = data.train.images.shape
    high, wide, _ = shape_after(spec.augment, (height, width, channels))
    if (high, wide) == (height, width):
        return data
    plain = Preprocessing(height, width, channels, 0, (0.0,) * channels, (1.0,) * channels)
    return replace(data, preprocessing=replace(data.preprocessing or plain, frame=(high, wide)))


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


def ahead(prepare: Callable[[Array], T], batches: Iterable[Array], workers: int | None = None) -> Iterator[T]:
    """`prepare` of each batch, in order; so many threads prepare the next ones while one is used, and no more than
    these are ready. What `prepare` raises is raised where its batch would come.

    Threads, not processes: NumPy and Pillow let other threads run while they work, and no batch is copied.

    >>> list(ahead(len, [(1, 2, 3), (4, 5)], workers=2))
    [3, 2]
    """
    workers = workers or data_workers()
    threads = ThreadPoolExecutor(workers, "cnngraph data")
    try:
        left = iter(batches)
        coming = deque(threads.submit(prepare, batch) for batch in islice(left, workers))
        for batch in left:
            coming.append(threads.submit(prepare, batch))
            yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:  # also when nobody wants the rest
        threads.shutdown(cancel_futures=True)


def data_workers() -> int:
    """Threads that prepare batches where nobody says how many: half as many as there are cores, from 2 to 8, since the
    steps need cores too.

    Measured on two busy cores: 64 photographs of 500x375 in files took 394 ms in the thread of the steps, 297 ms with
    one thread ahead, 259 ms with two, 260 ms with three. Steps of LeNet-5 after seven changes of its pictures took
    20.3, 19.2, 19.4 and 18.6 ms.
    """
    return min(max(2, (cpu_count() or 1) // 2), 8)


def _refused(spec: TrainingSpec, found: Sequence[str], helps: Iterable[str]) -> CnnGraphError:
    place = Label(spec.data.span, "the data of this net") if spec.data is not None else None
    return CnnGraphError(Diagnostic("E0702", found[0], place, notes=tuple(found[1:]), helps=tuple(helps)))


def _missing(missing: Sequence[str], inputs: Iterable[str], data: Dataset) -> str:
    columns, wanted = ", ".join(data.train.columns), ", ".join(inputs)
    return f"the data has {columns}; the net wants {wanted}: there is nothing for {' and '.join(missing)}"


def _sources(
    missing: Iterable[str], inputs: Mapping[str, TensorType], columns: Mapping[str, str], data: Dataset
) -> Iterator[str]:
    """For each input without a column the one whose name is nearest to its own, or that it can be drawn."""
    free = [name for name in data.train.columns if name not in columns.values()]
    for name in missing:
        if near := nearest(name, free):
            yield f"name the input `{near}` instead of `{name}`, if it is meant"
        else:
            kind = "normal" if inputs[name].vocabulary is None else "integers"
            yield f"if {name} is noise, say so in the train section: `noise: {kind}({name})`"


def _misfits(name: str, type_: TensorType, column: str, data: Dataset) -> Iterator[str]:
    """What keeps a column from an input of this type: in the first part where something does."""
    found = ((part, [*_misfits_of(name, type_, column, data, rows)]) for part, rows in data.parts.items())
    part, texts = next((pair for pair in found if pair[1]), ("", []))
    yield from (text if part == "train" else f"in the part {part}: {text}" for text in texts)


def _misfits_of(name: str, type_: TensorType, column: str, data: Dataset, rows: Part) -> Iterator[str]:
    """What keeps a column of a part from an input of this type. Open sizes take any number."""
    have = rows.columns[column]
    if column == IMAGE and data.preprocessing is not None and data.preprocessing.frame is not None:
        have = np.broadcast_to(np.zeros((), have.dtype), (len(have), *data.preprocessing.shape))
    same = len(have.shape) == len(type_.shape) and all(
        not isinstance(wanted, int) or wanted == size for wanted, size in zip(type_.shape, have.shape, strict=True)
    )
    if column == IMAGE and not same:
        yield f"the network takes {type_}, the images are {_shown(have)}"
    elif not same:
        yield f"{name} takes {type_}, but the column {column} holds {_shown(have)}"
    elif type_.vocabulary is not None:
        if not np.issubdtype(have.dtype, np.integer):
            yield f"{name} takes {type_}, but the column {column} holds numbers of type {have.dtype}"
        elif column == LABEL and len(data.class_names) > type_.vocabulary:
            yield f"the data has {len(data.class_names)} classes, the network only {type_.vocabulary}"
        else:
            yield from _foreign_ids(name, type_.vocabulary, have)


def _foreign_ids(name: str, vocabulary: int, values: Column) -> Iterator[str]:
    """Ids that the input does not know; what is not in memory is looked at when it is fed."""
    if isinstance(values, np.ndarray) and values.size and not 0 <= values.min() <= values.max() < vocabulary:
        yield f"{name} takes ids from 0 to {vocabulary - 1}, the data has {values.min()} to {values.max()}"


def _shown(column: Column) -> str:
    """The shape of one sample, as the language writes it.

    >>> _shown(np.zeros((9, 28, 28, 3))), _shown(np.zeros((9, 16), int)), _shown(np.zeros(9))
    ('3@28x28', 'ids@16', 'one number each')
    """
    sizes = column.shape[1:]
    if np.issubdtype(column.dtype, np.integer) and len(sizes) < 2:
        return f"ids@{sizes[0]}" if sizes else "one id each"
    return str(TensorType.of(sizes[-1], sizes[:-1])) if sizes else "one number each"


def _remedies(spec: TrainingSpec, type_: TensorType, shape: tuple[int, ...]) -> tuple[str, ...]:
    """What to write so that images (H, W, C) get the size of `type_`, where one word does it."""
    sizes = [size for size in type_.positions if isinstance(size, int)]
    if spec.data is None or len(sizes) != 2 or tuple(sizes) == shape[:2]:
        return ()
    if "size" in SOURCES[spec.data.name].__annotations__ and sizes[0] == sizes[1]:
        return (f"write size = {sizes[0]} in {spec.data.name}(...)",)
    missing = {want - have for want, have in zip(sizes, shape, strict=False)}
    if len(missing) == 1 and (more := missing.pop()) > 0 and more % 2 == 0:
        before = int(str(spec.data.named.get("pad", 0)))
        return (f"write pad = {before + more // 2} in {spec.data.name}(...)",)
    return ()
