"""The file that a search goes on from."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.search.journal import NAME, Journal, Row

ABOUT = {"net": "tiny", "digest": "a", "seed": 0}
ROWS = [Row(n, {"lr": 0.1}, 3, 2, {"loss": 0.5}, 1.5, "") for n in (1, 2)]


@pytest.fixture
def folder(tmp_path):
    journal = Journal(tmp_path / "search", ABOUT)
    for row in ROWS:
        journal.add(row)
    return tmp_path / "search"


def test_rows_are_found_again(folder) -> None:
    assert list(Journal(folder, ABOUT).rows.values()) == ROWS


def test_a_line_that_was_not_written_whole_does_not_count(folder) -> None:
    path = folder / NAME
    content = path.read_bytes()
    for cut in (1, 10, 60):
        path.write_bytes(content[:-cut])
        journal = Journal(folder, ABOUT)
        assert list(journal.rows.values()) == ROWS[:1]
        journal.add(ROWS[1])
        assert path.read_bytes() == content


def test_nothing_but_a_part_of_the_first_line(folder) -> None:
    (folder / NAME).write_bytes(b'{"sea')
    assert Journal(folder, ABOUT).rows == {}
    assert Journal(folder, ABOUT).rows == {}


@pytest.mark.parametrize(("key", "words"), [("seed", "seed was 0, and is 1"), ("digest", "the file has changed")])
def test_another_search_is_refused(folder, key, words) -> None:
    with pytest.raises(CnnGraphError, match=words) as caught:
        Journal(folder, ABOUT | {key: 1})
    assert caught.value.diagnostics[0].code == "E0108"


@pytest.mark.parametrize("line", ["{}", "[1]", "nothing", '{"trial": "x"}', '{"search": 3}'])
@pytest.mark.parametrize("place", [0, 1])
def test_a_damaged_line_is_named(folder, line, place) -> None:
    lines = (folder / NAME).read_text().splitlines()
    lines[place] = line
    (folder / NAME).write_text("\n".join(lines) + "\n")
    with pytest.raises(CnnGraphError, match=f"line {place + 1} is damaged"):
        Journal(folder, ABOUT)
