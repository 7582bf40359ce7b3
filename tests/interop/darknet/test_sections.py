"""Files that no program wrote: whatever stands in a cfg or in weights, the answer is a network or a diagnostic."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.diagnostics import CnnGraphError, Source
from cnngraph.interop.assembly import MAX_LAYERS
from cnngraph.interop.darknet import read_darknet
from cnngraph.interop.darknet.layers import TABLE
from cnngraph.interop.darknet.sections import MAX_BYTES, read_sections

NET = "[net]\nheight=16\nwidth=16\nchannels=4\n"
NUMBERS = st.sampled_from(["0", "1", "2", "3", "4", "16", "-1", "-2", "-3,-1", "1000000000", "9" * 50, ".5", "a", ""])
OPTIONS = st.sampled_from(
    [
        "filters", "size", "stride", "pad", "padding", "groups", "group_id", "dilation", "batch_normalize", "output",
        "layers", "from", "share_index", "temperature", "probability", "crop_height", "crop_width", "scale",
    ]
)  # fmt: skip
LINES = st.builds("{}={}".format, OPTIONS, NUMBERS)
SECTIONS = st.builds(
    lambda name, lines: "\n".join([f"[{name}]", *lines]),
    st.sampled_from([*sorted(TABLE), "rnn", "net", "convolutional", "convolutional", "route"]),
    st.lists(LINES, max_size=5),
)


def read(text: str, weights: bytes | None = None) -> bool:
    """Whether the text is a network. Anything but a diagnostic is a fault of ours."""
    with TemporaryDirectory() as folder:
        cfg, file = Path(folder) / "a.cfg", Path(folder) / "a.weights"
        cfg.write_bytes(text.encode("utf-8", "surrogatepass"))
        file.write_bytes(weights or b"")
        try:
            read_darknet(cfg, file if weights is not None else None)
        except CnnGraphError as problem:
            codes = {diagnostic.code for diagnostic in problem.diagnostics}
        else:
            codes = set()
    assert codes <= {"E0801", "E0802", "E0703"}
    return not codes


@settings(max_examples=150, deadline=None)
@given(st.lists(SECTIONS, max_size=6), st.binary(max_size=40))
def test_any_sections_give_a_network_or_a_diagnostic(sections: list[str], weights: bytes) -> None:
    read(NET + "\n".join(sections), weights)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("[]=#;\n\r ne tconv0123-,."), max_size=60))
def test_any_text_gives_a_network_or_a_diagnostic(text: str) -> None:
    read(text)
    read(NET + text)


@pytest.mark.parametrize(
    "text",
    [
        "[net]\n" * (MAX_LAYERS + 2),
        NET + "a=1\n" * 300_000,
        "#" * (MAX_BYTES + 1),
        NET + "[convolutional]\nfilters=" + "9" * 1_000_000,
        NET + "[route]\nlayers=" + "-1," * 300_000,
        NET + "[convolutional]\nfilters=2\n" + "[route]\nlayers=-1,-1,-1,-1,-1,-1,-1,-1\n" * 500,
        "\x00" * 100_000,
    ],
    ids=["sections", "options", "bytes", "digits", "list", "doubling", "zeros"],
)
def test_hostile_texts_are_refused_soon(text: str) -> None:
    start = time.perf_counter()
    assert not read(text)
    assert time.perf_counter() - start < 10


def test_of_options_that_stand_twice_the_first_counts() -> None:
    (section,) = read_sections(Source("a.cfg", "[a]\nb=1\nb=2"))
    assert section.whole("b", 0) == 1
