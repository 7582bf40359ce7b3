"""What an evaluation prints."""

from __future__ import annotations

import numpy as np

from cnngraph.train.evaluate import Evaluation


def test_figures_and_the_classes_that_are_confused() -> None:
    confusion = np.array([[8, 2, 0], [0, 9, 0], [1, 0, 5]])
    text = str(Evaluation(25, 0.25, 22, 1.0, confusion, ("cat", "dog", "owl")))
    assert text.splitlines() == [
        "25 images: loss 0.2500, accuracy 88.00% (3 errors), top-5 100.00%",
        "     2 of 10: cat taken for dog",
        "     1 of 6: owl taken for cat",
    ]


def test_only_a_loss() -> None:
    assert str(Evaluation(3, 0.5)) == "3 images: loss 0.5000"
