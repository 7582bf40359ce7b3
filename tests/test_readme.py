"""Everything that the README says and shows is true, and the figures on the page of the networks are the graphs'."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest
from test_layers import ROWS

import cnngraph
from cnngraph.cli.main import NOT_COMMANDS, cli
from cnngraph.diagnostics import CnnGraphError
from cnngraph.partition.cluster_file import load_cluster

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "cnngraph"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROSE = FENCED.sub("", PAGE)
PRINT = re.compile(r"^print\((?P<code>.*)\) +# (?P<said>.*)$")
IN_WORDS = ("the table", "the graph for networkx")


def blocks(language: str) -> list[str]:
    return [text for name, text in FENCED.findall(PAGE) if name == language]


def table(heading: str) -> list[list[str]]:
    return table_of(PAGE, heading)


def table_of(page: str, heading: str) -> list[list[str]]:
    """The cells of the table whose head begins with `heading`."""
    lines = page[page.index(f"| {heading} |") :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


# ---- examples ----


@pytest.mark.parametrize("text", blocks("python"))
def test_examples_in_python(text: str) -> None:
    """Each statement runs, and prints what the remark beside it says, where that is a value."""
    names: dict[str, object] = {}
    compared = 0
    for statement in ast.parse(text).body:
        source = ast.get_source_segment(text, statement)
        assert source is not None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "README.md", "exec"), names)
        remark = PRINT.match(text.splitlines()[statement.lineno - 1])
        if remark and remark["said"] not in IN_WORDS:
            value = printed.getvalue().strip()
            assert remark["said"] == value or remark["said"].startswith(f"{value}: ")
            compared += 1
    assert compared >= 4


@pytest.mark.parametrize("text", blocks("cnn"))
def test_examples_in_the_language(text: str) -> None:
    assert cnngraph.loads(text).parameters == 61_706


def test_the_first_network_is_that_of_the_package() -> None:
    file = (ROOT / "specs" / "nets" / "lenet5.cnn").read_text(encoding="utf-8")
    assert blocks("cnn")[0] in file


def test_the_error_is_what_the_file_prints() -> None:
    with pytest.raises(CnnGraphError) as refused:
        cnngraph.load(ROOT / "tests" / "errors" / "concat_padding.cnn")
    printed = re.sub(r"--> .*/", "--> ", str(refused.value))
    shown = next(text for text in blocks("") if text.startswith("error["))
    assert shown == f"{printed}\n"


# ---- commands ----


def test_the_first_screen_has_two_commands() -> None:
    screen = "\n".join(PAGE.splitlines()[:24])
    assert blocks("sh") == [text for name, text in FENCED.findall(screen) if name == "sh"]
    assert [text.count("\n") for text in blocks("sh")] == [1, 1]
    install, test = blocks("sh")
    assert "pip install ." in install
    assert "pytest" in test


def test_commands_of_the_table_exist() -> None:
    files = {f.stem for f in (PACKAGE / "cli").glob("*.py")} - NOT_COMMANDS - {"__init__"}
    rows = table("command")
    named = {in_code(row[0])[0].split()[1] for row in rows}
    assert named == files - {"demo"}  # the demo is the first thing on the page
    assert "cnngraph demo" in blocks("sh")[0]


@pytest.mark.parametrize("row", table("command"), ids=lambda row: row[0])
def test_options_of_the_table_exist(row: list[str]) -> None:
    name = in_code(row[0])[0].split()[1]
    files = (name, "options", "sources")
    source = "".join((PACKAGE / "cli" / f"{file}.py").read_text(encoding="utf-8") for file in files)
    for option in re.findall(r"--\w+", " ".join(row)):
        assert f'"{option}"' in source
    for choices in re.findall(r"--format ([\w\\|]+)", " ".join(row)):
        for choice in choices.split("\\|"):
            assert f'"{choice}"' in source


def test_commands_of_the_formats_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="the extra onnx reads and writes what is shown")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is shown")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cnn").write_text(blocks("cnn")[0], encoding="utf-8")
    lines = next(text for text in blocks("") if text.startswith("cnngraph export")).splitlines()
    assert len(lines) >= 5
    for line in lines:
        name, *arguments = line.partition("#")[0].split()
        assert name == "cnngraph"
        cli.main(arguments, standalone_mode=False)
    assert {path.name for path in tmp_path.iterdir()} >= {"net.onnx", "mine.cnn", "mine.safetensors", "parts"}


# ---- architecture ----


def test_rows_of_the_architecture_exist() -> None:
    named = {name.removeprefix("cnngraph/") for row in table("row") for name in in_code(row[1])}
    for name in named:
        assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), name
    folders = {f.parent.name for f in PACKAGE.glob("*/__init__.py")}
    modules = {f.stem for f in PACKAGE.glob("*.py")} - {"__main__"}
    assert folders | modules == named


def test_rows_are_those_that_imports_obey() -> None:
    top, *rows = table("row")
    assert [(int(row[0]), tuple(in_code(row[1]))) for row in reversed(rows)] == list(enumerate(ROWS))
    assert int(top[0]) == len(ROWS)


@pytest.mark.parametrize("path", [p for p in in_code(PROSE) if re.fullmatch(r"[\w.]+(/[\w.]+)+", p)])
def test_paths_exist(path: str) -> None:
    """`x` stands for a file that is to be written."""
    found = ROOT / path
    assert (found.parent if found.stem == "x" else found).exists() or found.with_suffix(".py").exists()


# ---- the page of the networks ----

SPECS = ROOT / "specs"
NETWORKS = table_of((SPECS / "README.md").read_text(encoding="utf-8"), "network")


def test_every_network_has_a_row() -> None:
    assert sorted(in_code(row[0])[0] for row in NETWORKS) == sorted(f.stem for f in (SPECS / "nets").glob("*.cnn"))


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: in_code(row[0])[0])
def test_figures_of_a_network(row: list[str]) -> None:
    name = in_code(row[0])[0]
    file = SPECS / "nets" / f"{name}.cnn"
    assert row[0] == f"[`{name}`](nets/{name}.cnn)"
    paper = re.search(r'paper: "(.*)"', file.read_text(encoding="utf-8"))
    assert paper is None or paper[1] == row[1]
    net = cnngraph.load(file)
    totals = net.summary().totals
    shown = [f"{figure:,}" if isinstance(figure, int) else str(figure).replace("*", " ") for figure in totals.values()]
    keys = list(totals)
    assert row[2] == f"`{net.graph.inputs[0].type}`"
    assert row[3:6] == [shown[keys.index(key)] for key in ("parameters", "depth", "multiply-adds")]
    assert (SPECS / "pictures" / f"{name}.svg").is_file()


def test_clusters_have_rows_and_are_read() -> None:
    page = (SPECS / "README.md").read_text(encoding="utf-8")
    named = [in_code(row[0])[0] for row in table_of(page, "file")]
    assert sorted(named) == sorted(f.name for f in (SPECS / "clusters").iterdir())
    for name in named:
        assert load_cluster(SPECS / "clusters" / name).devices


def test_counts_in_the_text_are_checked_in_the_files() -> None:
    """A number in the prose that looks like a count of parameters stands in some file, too."""
    page = (SPECS / "README.md").read_text(encoding="utf-8")
    prose = "\n".join(line for line in page.splitlines() if not line.startswith("|"))
    files = "".join(f.read_text(encoding="utf-8") for f in (SPECS / "nets").glob("*.cnn")).replace("_", ",")
    counts = set(re.findall(r"\d+,\d{3},\d{3}", prose))
    assert len(counts) >= 5
    assert [count for count in counts if count not in files] == []
