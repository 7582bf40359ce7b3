"""What a file of weights says of itself: it comes back as it was, and what nobody wrote is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import save_weights
from cnngraph.train.checkpoint import Checkpoint, Position, load_checkpoint
from cnngraph.train.history import Epoch

HOW = Preprocessing(8, 8, 1, 0, (0.3,), (0.4,), (6, 6))
ROW = Epoch(1, 2.0, None, inf, 0.5, metrics={"accuracy": 0.5}, losses={"made": 1.0})
POSITION = Position(1, 2, 16, 3.0, 4.0, {"made": 1.0})
GOOD = Checkpoint("tiny", "class", ("a", "b"), HOW, 0, 8, POSITION, (ROW,), samples=9)


def test_what_is_written_comes_back() -> None:
    assert Checkpoint.of(GOOD.metadata()) == GOOD
    plain = replace(GOOD, preprocessing=None, position=Position(), rows=())
    assert Checkpoint.of(plain.metadata()) == plain


def changed(key: str, **values: object) -> str:
    """A text of the good file with some other values."""
    return json.dumps({**json.loads(GOOD.metadata()[key]), **values})


def row(**values: object) -> str:
    return json.dumps([{**json.loads(GOOD.metadata()["history"])[0], **values}])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("preprocessing", text) for text in ("[]", "null", "3", "x", "{}", "[" * 100_000)),
        *(
            ("preprocessing", changed("preprocessing", **{name: value}))
            for name, value in (
                ("height", "8"), ("height", -1), ("height", 8.5), ("height", 10**9), ("width", True), ("pad", -1),
                ("pad", 10**9), ("channels", 3), ("mean", ["a"]), ("mean", [1, 2]), ("std", [0]), ("std", []),
                ("std", [inf]), ("frame", [1]), ("frame", "ab"), ("frame", [10**9, 2]), ("frame", 5), ("later", 1),
            )
        ),
        *(
            ("position", changed("position", **{name: value}))
            for name, value in (
                ("epoch", "1"), ("epoch", -1), ("epoch", 1.5), ("step", -3), ("images", 0), ("step", 0),
                ("loss_sum", "x"), ("loss_sums", 3),
            )
        ),
        *(
            ("history", row(**{name: value}))
            for name, value in (
                ("number", "1"), ("loss", "a"), ("loss", None), ("test_accuracy", "x"), ("metrics", 3),
                ("metrics", {"accuracy": "b"}), ("metrics", {"nobody": 1.0}), ("losses", [1]),
            )
        ),
        ("history", "{}x"), ("history", '["x"]'), ("history", "[{}]"),
        ("class_names", '"ab"'), ("class_names", "[1, 2]"), ("class_names", "null"), ("seed", "x"), ("samples", "nan"),
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_refused(tmp_path, key, text) -> None:
    save_weights(tmp_path / "w.safetensors", {"w": np.zeros(1)}, {**GOOD.metadata(), key: text})
    with pytest.raises(CnnGraphError, match=r"E0703.*does not say how it was trained"):
        load_checkpoint(tmp_path / "w.safetensors")
