from __future__ import annotations

import importlib.util
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.chart import COLOURS, Chart, Series, bars, beside, heat, lines

FALLING = Series("train", (1, 2, 3), (0.9, 0.5, 0.3), (0.1, 0.05, 0.02))


@pytest.fixture
def drawn() -> Chart:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    return lines([FALLING, Series("_test", (1, 2, 3), (0.8, 0.6, 0.5))], title="loss", x="epoch", y="loss", marks=True)


def words(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_same_numbers_give_the_same_bytes(drawn: Chart, tmp_path: Path) -> None:
    again = lines([FALLING, Series("_test", (1, 2, 3), (0.8, 0.6, 0.5))], title="loss", x="epoch", y="loss", marks=True)
    for ending, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
        drawn.write(first)
        again.write(second)
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes().startswith(begins)


def test_a_chart_says_what_it_shows(drawn: Chart) -> None:
    assert {"loss", "epoch", "train", "\u200b_test"} <= set(words(drawn.svg()))
    assert all(colour.lower() in drawn.svg() for colour in COLOURS[:2])
    assert ' id="axes_1"' not in drawn.svg()


def test_names_are_text_and_neither_formulas_nor_markup() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    names = ["$x^2$", "<script>alert(1)</script>", "a\nb", "漢字", "long" * 50]
    svg = lines([Series(name, (0, 1), (0, 1)) for name in names]).svg()
    found = words(svg)
    assert {"$x^2$", "<script>alert(1)</script>", "a b", "漢字"} <= set(found)
    assert "<script" not in svg
    assert max(map(len, found)) == 60


def test_values_that_cannot_be_drawn_leave_gaps() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    assert "path" in lines([Series("", (1, 2, 3), (float("nan"), 0.0, 2.0))], log_y=True, log_x=True).svg()
    assert "1.5" in words(heat([[float("nan"), 1.5]]).svg())
    assert "nan" not in words(heat([[float("nan"), 1.5]]).svg())


@pytest.mark.parametrize("level", [False, True])
def test_bars_have_names_and_stand_in_groups(level: bool) -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    assert {"a", "b"} <= set(words(bars(["a", "b"], [1.0, 2.0], level=level).svg()))
    two = [Series("with", (0, 1), (1, 2), (0.1, 0.2)), Series("without", (0, 1), (2, 3))]
    assert {"a", "b", "with", "without"} <= set(words(bars(["a", "b"], two, level=level, log_y=True).svg()))
    with pytest.raises(ValueError, match="3 names"):
        bars(["a", "b", "c"], [1.0, 2.0])


def test_a_matrix_has_its_numbers_and_names() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    found = words(heat([[50, 2], [1, 47]], ["cat", "dog"]).svg())
    assert {"50", "2", "1", "47", "cat", "dog", "predicted", "true"} <= set(found)
    assert found.count("cat") == 2
    large = words(heat(np.arange(900).reshape(30, 30) + 1_000_000).svg())
    assert "1.00001e+06" not in large
    with pytest.raises(ValueError, match="as many names"):
        heat([[1, 2]], ["a"], columns=["b"])
    with pytest.raises(ValueError, match="rows and columns"):
        heat(np.zeros((0, 2)))


def test_charts_stand_beside_each_other(drawn: Chart) -> None:
    both = beside([drawn, heat([[1, 2], [3, 4]], title="matrix"), drawn])
    assert words(both.svg()).count("loss") == 4
    assert "matrix" in words(both.svg())
    assert [round(float(inches), 1) for inches in both.figure.get_size_inches()] == [11.9, 8.4]


def test_a_series_has_as_many_xs_as_ys() -> None:
    with pytest.raises(ValueError, match="as many xs as ys"):
        Series("", (1, 2), (1,))


def test_an_unknown_ending_is_told(drawn: Chart, tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match=r"(?s)E0603.*\.svg, \.png, \.pdf") as refused:
        drawn.write(tmp_path / "chart.jpg")
    assert refused.value.diagnostics[0].code == "E0603"


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("cnngraph.render.chart.find_spec", lambda name: None if name == "matplotlib" else found(name))
    with pytest.raises(CnnGraphError, match=r"cnngraph\[plots\]"):
        lines([FALLING])
