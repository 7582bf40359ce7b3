"""The language server, asked by a real client over its standard input and output."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editor.client import Client, place

pytest.importorskip("pygls", reason="pygls is not installed: `pip install '.[lsp]'`")

ROOT = Path(__file__).parents[2]

RIGHT = """cnn 1
import conv_bn_relu from "std/conv.cnn"

## Two convolutions.
block double(c, stride = 1) = conv_bn_relu(c, 3x3/stride, same) -> conv_bn_relu(c, 3x3, same)

net small(image: 3@32x32, classes = 10) {
  # 𝛼𝛽: letters outside the first plane
  first: conv(16, 5x5, same) -> relu  [16@32x32]
  double(32, stride = 2)
  let wide = it -> conv(8, 1x1)  # 𝛼
  /* 𝛼 */
  residual { double(8) }
  tail: globalavgpool
  dense(classes) -> softmax
  check params(first) == 1_216
}
""".replace("  /* 𝛼 */\n", "  wide\n")
BROKEN = RIGHT.replace("[16@32x32]", "[16@30x30]")


def start(folder: Path, *arguments: str) -> Client:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Client([sys.executable, "-m", "cnngraph", "lsp", *arguments], environment, folder)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = start(tmp_path_factory.mktemp("lsp"), "--stdio")
    client.offered = client.start()["capabilities"]
    yield client
    assert client.stop() == 0


@pytest.fixture
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (tmp_path / f"{request.node.name.partition('[')[0]}.cnn").as_uri()


@pytest.fixture
def right(client: Client, uri: str) -> str:
    """The address of the right file, open and checked."""
    client.open(uri, RIGHT)
    assert client.diagnostics(uri) == []
    return uri


def test_what_it_can_do_is_announced(client: Client) -> None:
    offered = {name for name, value in client.offered.items() if name.endswith("Provider") and value}
    assert offered >= {
        "hoverProvider", "inlayHintProvider", "completionProvider", "definitionProvider", "referencesProvider",
        "renameProvider", "documentSymbolProvider", "documentFormattingProvider", "codeActionProvider",
    }  # fmt: skip


def test_findings_come_while_typing_and_go_when_mended(client: Client, uri: str) -> None:
    client.open(uri, BROKEN)
    (found,) = client.diagnostics(uri)
    assert (found["code"], found["severity"], found["source"]) == ("E0300", 1, "cnngraph")
    assert found["codeDescription"]["href"] == (ROOT / "cnngraph" / "explain" / "pages" / "E0300.md").as_uri()
    start = place(BROKEN, "16@30x30")
    assert found["range"] == {"start": start, "end": {**start, "character": start["character"] + len("16@30x30")}}
    assert "16@30x30 expected, 16@32x32 computed" in found["message"]
    related = found["relatedInformation"]
    assert [place(BROKEN, "conv(16")["line"], uri] == [
        related[0]["location"]["range"]["start"]["line"], related[0]["location"]["uri"],
    ]  # fmt: skip
    client.change(uri, RIGHT)
    assert client.diagnostics(uri) == []


def test_only_the_last_of_many_keystrokes_is_checked(client: Client, uri: str) -> None:
    client.open(uri, BROKEN)
    for version in range(2, 30):
        client.change(uri, BROKEN[: -version * 4], version)
    client.change(uri, RIGHT, 30)
    assert client.diagnostics(uri) == []


def test_a_suggestion_is_an_action(client: Client, uri: str) -> None:
    text = RIGHT.replace("globalavgpool", "globalavgpol")
    client.open(uri, text)
    (found,) = client.diagnostics(uri)
    assert found["code"] == "E0101"
    (action,) = client.ask(
        "textDocument/codeAction", textDocument={"uri": uri}, range=found["range"], context={"diagnostics": [found]}
    )
    assert action["edit"]["changes"] == {uri: [{"range": found["range"], "newText": "globalavgpool"}]}
    assert action["title"] == "replace `globalavgpol` by `globalavgpool`"


def test_imports_are_read_from_open_files_first(client: Client, tmp_path: Path) -> None:
    (tmp_path / "part.cnn").write_text("cnn 1\nblock part(c) = conv(c, 3x3)\n", encoding="utf-8")
    part, whole = ((tmp_path / name).as_uri() for name in ("part.cnn", "whole.cnn"))
    text = 'cnn 1\nimport part from "part.cnn"\nnet whole(image: 1@8x8) = part(4) [4@6x6]\n'
    client.open(whole, text)
    assert client.diagnostics(whole) == []
    client.open(part, "cnn 1\nblock part(c) = conv(c, 5x5)\n")
    assert [found["code"] for found in client.diagnostics(whole)] == ["E0300"]
    client.change(part, "cnn 1\nblock part(c) = conv(c, 5x5\n")
    (found,) = client.diagnostics(whole)
    assert (found["code"], found["range"]["start"]) == ("E0001", place(text, '"part.cnn"'))
    assert found["relatedInformation"][0]["location"]["uri"] == part
    client.notify("textDocument/didClose", textDocument={"uri": part})
    assert client.diagnostics(whole) == []


def test_hover_shows_shape_and_figures(client: Client, right: str) -> None:
    hover = client.at("hover", right, RIGHT, "conv(16")
    assert hover["contents"]["kind"] == "markdown"
    first, _, rest = hover["contents"]["value"].partition("\n")
    assert first == (
        "`conv(16, 5x5, same)` gives `16@32x32`: 1,216 parameters, 1,228,800 multiply-adds, receptive field 5x5"
    )
    assert "conv(features, window, pad = 0" in rest
    assert hover["range"]["start"] == place(RIGHT, "conv(16")
    assert "Two convolutions." in client.at("hover", right, RIGHT, "double(8)")["contents"]["value"]


def test_hints_show_the_column_that_is_not_written(client: Client, right: str) -> None:
    lines = RIGHT.split("\n")
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": len(lines), "character": 0}}
    hints = client.ask("textDocument/inlayHint", textDocument={"uri": right}, range=whole)
    shown = {lines[hint["position"]["line"]].strip(): hint["label"] for hint in hints}
    assert shown["double(32, stride = 2)"] == "[32@16x16]"
    assert shown["let wide = it -> conv(8, 1x1)  # 𝛼"] == "[8@16x16]"
    assert shown["tail: globalavgpool"] == "[8]"
    assert not any("first:" in line for line in shown)
    written = {hint["label"]: [edit["newText"] for edit in hint["textEdits"]] for hint in hints}
    assert written["[8]"] == ["  [8]"]
    assert written["[32@16x16 ... 8@16x16]"] == []  # a block that is used with two shapes


def test_characters_are_counted_in_utf_16(client: Client, uri: str) -> None:
    text = 'cnn 1; about { paper: "𝛼𝛽𝛾" }; net n(image: 1@8x8) { a: conv(2, 3x3); b: relu2 }\n'
    client.open(uri, text)
    found = next(found for found in client.diagnostics(uri) if found["code"] == "E0101")
    assert found["range"]["start"] == place(text, "relu2")
    assert place(text, "relu2")["character"] == text.index("relu2") + 3
    defined = client.at("hover", uri, text, "a: conv")["range"]
    assert defined["start"] == place(text, "a: conv")


def test_another_count_can_be_agreed_and_a_client_may_just_go(tmp_path: Path) -> None:
    client = start(tmp_path)
    result = client.start(positionEncodings=["utf-32", "utf-16"])
    assert result["capabilities"]["positionEncoding"] == "utf-32"
    uri, text = (tmp_path / "n.cnn").as_uri(), 'cnn 1; about { paper: "𝛼" }; net n(image: 1@8x8) = relu2'
    client.open(uri, text)
    found = next(found for found in client.diagnostics(uri) if found["code"] == "E0101")
    assert found["range"]["start"]["character"] == text.index("relu2")
    assert client.end() == 0


@pytest.mark.parametrize(
    ("before", "after", "offered"),
    [
        ("  double(32, ", "stride = 2)", {"stride", "classes", "first"}),
        ("  let wide = it -> ", "conv(8", {"conv", "double", "conv_bn_relu", "residual"}),
        ("  ", "residual {", {"let", "check", "double", "dense", "wide"}),
        ("import ", "conv_bn_relu", {"conv_bn", "conv_relu"}),
        ('from "', 'std/conv.cnn"', {"std/resnet.cnn"}),
    ],
)
def test_completion(client: Client, right: str, before: str, after: str, offered: set[str]) -> None:
    items = client.at("completion", right, RIGHT, f"{before}{after}", more=len(before))
    assert {item["label"] for item in items} >= offered


def test_a_completion_replaces_what_is_typed(client: Client, uri: str) -> None:
    text = "net n(x: 1@8x8) {\n  conv(4, 3x3, pa\n}"
    client.open(uri, text)
    items = client.at("completion", uri, text, "pa\n", more=2)
    edit = next(item["textEdit"] for item in items if item["label"] == "pad")
    typed = {"start": place(text, "pa\n"), "end": place(text, "pa\n", more=2)}
    assert edit == {"newText": "pad = ", "range": typed}


def test_definition_goes_across_files(client: Client, right: str) -> None:
    own = client.at("definition", right, RIGHT, "double(8)")
    assert (own["uri"], own["range"]["start"]) == (right, place(RIGHT, "double(c"))
    standard = client.at("definition", right, RIGHT, "conv_bn_relu(c, 3x3/")
    path = ROOT / "specs" / "blocks" / "conv.cnn"
    assert standard["uri"] == path.as_uri()
    assert standard["range"]["start"] == place(path.read_text(encoding="utf-8"), "conv_bn_relu(")
    assert client.at("definition", right, RIGHT, '"std/')["uri"] == path.as_uri()
    assert client.at("definition", right, RIGHT, "globalavgpool") is None


def test_references(client: Client, right: str) -> None:
    context = {"includeDeclaration": False}
    found = client.at("references", right, RIGHT, "double(c", context=context)
    assert [r["range"]["start"] for r in found] == [place(RIGHT, "double(32"), place(RIGHT, "double(8")]


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits, of which none spans lines."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: (e["range"]["start"]["line"], -e["range"]["start"]["character"])):
        row, at = edit["range"]["start"]["line"], edit["range"]["start"]["character"]
        units = lines[row].encode("utf-16-le")
        end = edit["range"]["end"]["character"]
        lines[row] = (units[: 2 * at] + edit["newText"].encode("utf-16-le") + units[2 * end :]).decode("utf-16-le")
    return "\n".join(lines)


def test_rename(client: Client, right: str) -> None:
    placeholder = client.at("prepareRename", right, RIGHT, "stride = 1")
    assert placeholder["placeholder"] == "stride"
    changes = client.at("rename", right, RIGHT, "stride = 1", newName="step")["changes"]
    assert applied(RIGHT, changes[right]) == RIGHT.replace("stride", "step")
    assert client.at("prepareRename", right, RIGHT, "softmax") is None


def test_a_bad_name_is_refused_with_a_reason(client: Client, right: str) -> None:
    for new, reason in [("let", "reserved"), ("conv", "layer"), ("first", "line 9"), ("2x", "not a name")]:
        answer = client.answer(
            "textDocument/rename", textDocument={"uri": right}, position=place(RIGHT, "tail"), newName=new
        )
        assert answer["error"]["code"] == -32803
        assert reason in answer["error"]["message"]


def test_formatting(client: Client, uri: str) -> None:
    text = "net  n(image: 1@8x8){conv(4,3x3)→relu}"
    client.open(uri, text)
    options = {"tabSize": 2, "insertSpaces": True}
    (edit,) = client.ask("textDocument/formatting", textDocument={"uri": uri}, options=options)
    client.change(uri, edit["newText"])
    assert "conv(4, 3x3) -> relu" in edit["newText"]
    assert client.ask("textDocument/formatting", textDocument={"uri": uri}, options=options) == []
    client.change(uri, "net n(")
    assert client.ask("textDocument/formatting", textDocument={"uri": uri}, options=options) is None


def test_colours_by_meaning(client: Client, right: str) -> None:
    names = client.offered["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = client.ask("textDocument/semanticTokens/full", textDocument={"uri": right})["data"]
    lines, found, row, column = RIGHT.split("\n"), [], 0, 0
    for down, across, length, kind, _ in zip(*[iter(data)] * 5, strict=True):
        row, column = row + down, across if down else column + across
        units = lines[row].encode("utf-16-le")[2 * column : 2 * (column + length)]
        found.append((units.decode("utf-16-le"), names[kind]))
    for expected in [
        ("double", "class"), ("c", "parameter"), ("3x3", "number"), ("conv", "function"), ("wide", "variable"),
        ("# 𝛼", "comment"), ("residual", "keyword"), ("->", "operator"), ("first", "property"),
    ]:  # fmt: skip
        assert expected in found


def test_outline(client: Client, right: str) -> None:
    found = client.ask("textDocument/documentSymbol", textDocument={"uri": right})
    assert [symbol["name"] for symbol in found] == ["double", "small"]
    assert [(child["name"], child["detail"]) for child in found[1]["children"]] == [
        ("image", "3@32x32"), ("classes", ""), ("first", "[16@32x32]"), ("wide", "[8@16x16]"), ("tail", "[8]"),
    ]  # fmt: skip


def test_garbage_does_not_end_it(client: Client, right: str) -> None:
    client.send_bytes(b"{ this is not json")
    client.send_bytes(b"[1, 2]")
    client.send_bytes(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"nothing": 1}}')
    client.send({"id": "x1", "method": "textDocument/hover", "params": {"position": {"line": -1, "character": "x"}}})
    client.send({"id": "x2", "method": "textDocument/hover", "params": None})
    assert "error" in client.answer("textDocument/nonsense")
    client.change(right, "\x00\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace") + "}{" * 300)
    assert client.diagnostics(right) != []
    far = {"line": 10**6, "character": 10**6}
    assert client.ask("textDocument/hover", textDocument={"uri": right}, position=far) is None
    assert client.ask("textDocument/hover", textDocument={"uri": "untitled:1"}, position=far) is None
    client.change(right, RIGHT, 3)
    assert client.diagnostics(right) == []


def test_a_slow_file_does_not_block_others(client: Client, tmp_path: Path) -> None:
    slow, quick = ((tmp_path / name).as_uri() for name in ("slow.cnn", "quick.cnn"))
    text = "cnn 1\nnet slow(image: 3@64x64) {\n" + "  residual { conv(3, 3x3, same) -> relu }\n" * 400 + "}\n"
    client.open(quick, RIGHT)
    assert client.diagnostics(quick) == []
    client.open(slow, text)
    time.sleep(0.3)
    asked = time.monotonic()
    assert client.at("definition", quick, RIGHT, "double(8)") is not None
    assert time.monotonic() - asked < 2.0
    client.diagnostics(slow)


def test_an_unsaved_text_is_a_file_too(client: Client) -> None:
    client.open("untitled:Untitled-1", "net n(image: 1@8x8) = dense(4)")
    assert "E0201" in [found["code"] for found in client.diagnostics("untitled:Untitled-1")]


FAILING = """
from cnngraph.editor.document import Workspace
from cnngraph.editor.server import make_server

class Failing(Workspace):
    def document(self, path):
        if path.name == "bad.cnn":
            raise ZeroDivisionError("a defect of ours")
        return super().document(path)

make_server(Failing(), wait_seconds=0).start_io()
"""


def test_a_defect_is_logged_and_the_server_lives_on(tmp_path: Path) -> None:
    client = Client([sys.executable, "-c", FAILING], {**os.environ, "PYTHONPATH": str(ROOT)}, tmp_path)
    client.start()
    bad, good = ((tmp_path / name).as_uri() for name in ("bad.cnn", "good.cnn"))
    client.open(bad, RIGHT)
    told = client.wait(lambda m: m.get("method") == "window/logMessage")["params"]
    assert told == {"type": 1, "message": "cnngraph could not check bad.cnn: ZeroDivisionError: a defect of ours"}
    answer = client.answer("textDocument/hover", textDocument={"uri": bad}, position={"line": 0, "character": 0})
    assert "a defect of ours" in answer["error"]["message"]
    client.open(good, BROKEN)
    assert [found["code"] for found in client.diagnostics(good)] == ["E0300"]
    assert client.stop() == 0
    assert client.log.read_text(encoding="utf-8").count("ZeroDivisionError: a defect of ours") >= 2
