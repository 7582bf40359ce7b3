"""People about whom a decision is made, of two groups that their features betray."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Drawn
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Applicants(Drawn):
    """Twelve features of a person, normal with variance 1. Their means are +1 or -1:

        features 0..3 by whether the person is able, 4..7 by the group, 8..11 are 0 for all

    Ability and group have nothing to do with each other. Whoever reads all features tells both right for 97.7 % (a
    normal number below 2), and a fair decision can be as good as any.

    columns: person 12, label ids(2) (able), protected ids(2) (the group).

    >>> Applicants().draw(np.random.default_rng(1), 4)["protected"]
    array([0, 0, 1, 1])
    """

    name: ClassVar[str] = "applicants"
    class_names: ClassVar[tuple[str, ...]] = ("not able", "able")

    def draw(self, numbers: np.random.Generator, count: int) -> Mapping[str, Array]:
        able, group = numbers.integers(0, 2, (2, count))
        person = numbers.normal(size=(count, 12)).astype(np.float32)
        person[:, :4] += 2 * able[:, None] - 1
        person[:, 4:8] += 2 * group[:, None] - 1
        return {"person": person, "label": able, "protected": group}
