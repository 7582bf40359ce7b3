"""What a classifier that was trained here says of pictures that a net has made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import IMAGE, Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array
from cnngraph.train.features import classifier_of
from cnngraph.train.metrics.frechet import frechet_distance
from cnngraph.train.metrics.inception_score import score_of


def judged(made: Array, classifier: Path, data: Dataset) -> Iterator[str]:
    """Lines about pictures (N, H, W, C) in 0..1: how sure the classifier is, how many kinds they are, and how far they
    are from the pictures to test with; beside each what it says of as many pictures to learn from.

    Raises E0702 where they have another size than those of the classifier, E0703 where it is none.
    """
    reader = classifier_of(classifier)
    if made.shape[1:] not in reader.shapes:
        size, other = ("x".join(map(str, shape)) for shape in (reader.shapes[0], made.shape[1:]))
        raise error("E0702", f"{classifier} was trained on pictures of {size}, these have {other}")
    features, chances = reader.read(made)
    yield f"classes: {_counts(chances, reader.class_names)}"
    real = {name: reader.read(_pictures(part, len(made))) for name, part in _parts(data)}
    beside = real.get("train")
    sure, kinds = chances.max(axis=1).mean(), score_of(chances)
    yield f"mean probability of the class {sure:.4f}" + (
        f" ({beside[1].max(axis=1).mean():.4f} for real ones)" if beside else ""
    )
    yield f"inception score {kinds:.2f}" + (f" ({score_of(beside[1]):.2f} for real ones)" if beside else "")
    if beside and "test" in real:
        near, far = (frechet_distance(found, real["test"][0]) for found in (beside[0], features))
        yield f"Frechet distance to {len(real['test'][0])} test pictures {far:.2f} ({near:.2f} for real ones)"


def _parts(data: Dataset) -> list[tuple[str, Part]]:
    return [(name, part) for name, part in (("train", data.train), ("test", data.test)) if IMAGE in part.columns]


def _pictures(part: Part, count: int) -> Array:
    """The first pictures of a part, in 0..1."""
    images = part.images[np.arange(min(count, len(part)))]
    return images / np.float32(255) if images.dtype == np.uint8 else images


def _counts(chances: Array, names: tuple[str, ...]) -> str:
    counts = np.bincount(chances.argmax(axis=1), minlength=chances.shape[1])
    return ", ".join(f"{class_name(names, i)}: {count}" for i, count in enumerate(counts))
