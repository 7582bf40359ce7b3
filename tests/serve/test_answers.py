"""What the page is told of a text: the same as editors are, as plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from serve.playing import NET, WRONG

from cnngraph.serve.desk import Desk
from cnngraph.serve.folder import examples
from cnngraph.serve.worker import ANSWERS, answered


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "nets").mkdir()
    (tmp_path / "secret.cnn").write_text("block secret = relu")
    (tmp_path / "nets" / "blocks.cnn").write_text("block twice = relu -> relu")
    return Desk(tmp_path / "nets")


def told(desk: Desk, what: str, text: str, **more: Any) -> Any:
    """The answer, which is JSON."""
    status, answer = answered(desk, {"ask": what, "file": {"place": "folder", "name": "a.cnn"}, "text": text, **more})
    assert status == 200, answer
    return json.loads(json.dumps(answer))


def refused(desk: Desk, what: str, text: str, **more: Any) -> str:
    status, answer = answered(desk, {"ask": what, "file": {"place": "folder", "name": "a.cnn"}, "text": text, **more})
    assert status == 422, answer
    found: str = answer["error"]
    return found


def test_a_right_text(desk: Desk) -> None:
    found = told(desk, "check", NET)
    assert found["findings"] == []
    assert found["nets"] == ["n"]
    hint = found["hints"][0]
    assert (NET[: hint["at"]].rpartition("\n")[2], hint["text"]) == ("  c: conv(4, 3x3) -> relu", "[4@26x26]")


def test_a_finding_has_its_causes_helps_and_place(desk: Desk) -> None:
    (finding,) = told(desk, "check", WRONG)["findings"]
    assert (finding["severity"], finding["code"], finding["line"]) == ("error", "E0201", 4)
    assert WRONG[finding["from"] : finding["to"]].startswith("dense")
    assert finding["helps"]
    assert finding["explained"]


def test_places_are_counted_as_browsers_do(desk: Desk) -> None:
    (finding,) = told(desk, "check", f"cnn 1  # 𝛼𝛼𝛼\n{WRONG.removeprefix('cnn 1')}")["findings"]
    in_units = f"cnn 1  # 𝛼𝛼𝛼\n{WRONG.removeprefix('cnn 1')}".encode("utf-16-le")
    assert in_units[2 * finding["from"] : 2 * finding["to"]].decode("utf-16-le").startswith("dense")


def test_a_change_repairs(desk: Desk) -> None:
    text = NET.replace("relu", "rellu")
    (finding,) = told(desk, "check", text)["findings"]
    change = finding["change"]
    assert text[: change["from"]] + change["insert"] + text[change["to"] :] == NET


def test_findings_in_another_file_stand_at_the_import(desk: Desk) -> None:
    (desk.folders["folder"].path / "blocks.cnn").write_text("block twice = rellu")
    text = 'cnn 1\nimport twice from "blocks.cnn"\nnet n(x: 4) = twice'
    (finding,) = told(desk, "check", text)["findings"]
    assert text[finding["from"] : finding["to"]] == '"blocks.cnn"'
    assert finding["elsewhere"]["file"] == {"place": "folder", "name": "blocks.cnn"}


def test_drafts_are_read_before_the_disk(desk: Desk) -> None:
    text = 'cnn 1\nimport twice from "blocks.cnn"\nnet n(x: 4) = twice'
    assert told(desk, "check", text)["findings"] == []
    broken = told(desk, "check", text, drafts={"blocks.cnn": "block twice = rellu"})
    assert broken["findings"][0]["code"] == "E0101"


def test_imports_stay_in_the_folder(desk: Desk) -> None:
    (finding,) = told(desk, "check", 'cnn 1\nimport secret from "../secret.cnn"\nnet n(x: 4) = secret')["findings"]
    assert finding["message"] == "../secret.cnn leaves the folder nets"
    drawn = told(desk, "draw", 'import secret from "../secret.cnn"\nnet n(x: 4) = secret')
    assert "block secret" not in json.dumps(drawn)


def test_links_out_of_the_folder_are_not_imported(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "nets" / "link.cnn").symlink_to(tmp_path / "secret.cnn")
    (finding,) = told(desk, "check", 'cnn 1\nimport secret from "link.cnn"\nnet n(x: 4) = secret')["findings"]
    assert "leaves the folder" in finding["message"]


def test_hover_completion_definition_format(desk: Desk) -> None:
    hover = told(desk, "hover", NET, at=NET.index("conv") + 1)
    assert hover["markdown"].startswith("`conv(4, 3x3)` gives `4@26x26`")
    assert NET[hover["from"] : hover["to"]] == "conv"
    complete = told(desk, "complete", NET.replace("relu", "re"), at=NET.index("relu") + 2)
    assert complete["from"] == NET.index("relu")
    assert "relu" in [option["label"] for option in complete["options"]]
    text = NET.replace("dense(10)", "concat(it, c)")
    define = told(desk, "define", text, at=text.index("it, c") + 4)
    assert text[define["from"] : define["to"]] == "c"
    assert define["own"]
    assert told(desk, "format", NET.replace(", ", ","))["text"] == NET
    assert told(desk, "format", "net (")["text"] is None


def test_a_definition_in_the_standard_files(desk: Desk) -> None:
    text = 'import conv_relu from "std/conv.cnn"\nnet n(x: 1@8x8) = conv_relu(3, 3x3)'
    found = told(desk, "define", text, at=text.rindex("conv_relu"))
    assert found["file"] == {"place": "std", "name": "conv.cnn"}
    assert (found["own"], found["line"] > 1) == (False, True)


def test_a_definition_in_a_neighbour(desk: Desk) -> None:
    text = 'import twice from "blocks.cnn"\nnet n(x: 4) = twice'
    found = told(desk, "define", text, at=text.rindex("twice"))
    assert (found["file"], found["line"], found["column"]) == ({"place": "folder", "name": "blocks.cnn"}, 1, 7)


def test_explanations(desk: Desk) -> None:
    assert told(desk, "explain", "", code="E0301")["markdown"].startswith("# E0301")
    assert told(desk, "explain", "", code="../E0301")["markdown"] == ""


def test_the_graph_and_its_table(desk: Desk) -> None:
    found = told(desk, "draw", NET)
    assert [node["id"] for node in found["model"]["nodes"]] == ["image", "c.conv", "c.relu", "flatten", "dense"]
    assert found["failing"] == []
    assert found["whole"]
    assert found["table"]["rows"][0][:3] == ["c.conv", "conv(4, 3x3)", "4@26x26"]
    assert found["table"]["totals"]["parameters"] == "27,090"


def test_a_broken_net_is_drawn_as_far_as_it_goes(desk: Desk) -> None:
    found = told(desk, "draw", WRONG)
    assert [node["id"] for node in found["model"]["nodes"]] == ["image", "c.conv", "c.relu", "dense"]
    assert found["failing"] == ["dense"]
    assert not found["whole"]
    assert "depth" not in found["table"]["totals"]


@pytest.mark.parametrize("text", ["", "net", "net n(", "block b = relu", "\x00", "train {"])
def test_texts_without_a_net(desk: Desk, text: str) -> None:
    assert told(desk, "draw", text)["model"]["nodes"] == []
    told(desk, "check", text)
    told(desk, "picture", text)


def test_the_net_that_is_asked_for(desk: Desk) -> None:
    text = "net a(x: 4) = relu\nnet b(x: 4) = tanh"
    assert told(desk, "draw", text)["net"] == "b"
    assert told(desk, "draw", text, net="a")["net"] == "a"
    assert told(desk, "draw", text, net="gone")["net"] == "b"


def test_devices(desk: Desk) -> None:
    text = examples().read("alexnet.cnn").text
    found = told(desk, "divide", text, devices=2, batch=64, objective="throughput", effort="first")
    assert found["devices"] == ["gpu0", "gpu1"]
    assert set(found["deviceOf"].values()) == {"gpu0", "gpu1"}
    assert found["busiest"] in found["devices"]
    assert {"bottleneck", "lower bound", "gap"} <= set(found["table"]["totals"])


@pytest.mark.parametrize("more", [{"devices": 0}, {"devices": 9}, {"batch": 0}, {"batch": 10**9}, {"objective": "fun"}])
def test_devices_have_bounds(desk: Desk, more: dict[str, Any]) -> None:
    assert refused(desk, "divide", NET, **{"devices": 2, "batch": 1, "objective": "memory", **more})


def test_a_broken_net_is_not_divided(desk: Desk) -> None:
    assert "dense needs a vector" in refused(desk, "divide", WRONG, devices=2, batch=1, objective="memory")


def test_the_picture(desk: Desk) -> None:
    found = told(desk, "picture", NET)
    assert (found["name"], found["kind"]) == ("n.svg", "image/svg+xml")
    assert found["text"].rstrip().endswith("</svg>")
    assert "as far as it goes" in told(desk, "picture", WRONG)["text"]


def test_long_texts_are_refused(desk: Desk) -> None:
    assert "larger than" in refused(desk, "check", "#" * 1_000_001)


@pytest.mark.parametrize("failure", [MemoryError(), RecursionError()])
def test_what_needs_too_much_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def fails(desk: Desk, job: object) -> dict[str, object]:
        raise failure

    monkeypatch.setitem(ANSWERS, "check", fails)  # type: ignore[arg-type]
    status, answer = answered(desk, {"ask": "check"})
    assert (status, "more memory" in answer["error"]) == (503, True)


def test_defects_are_told_without_their_insides(
    desk: Desk, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(desk: Desk, job: object) -> dict[str, object]:
        raise ZeroDivisionError("the inside")

    monkeypatch.setitem(ANSWERS, "check", fails)  # type: ignore[arg-type]
    status, answer = answered(desk, {"ask": "check"})
    assert (status, "inside" in answer["error"]) == (500, False)
    assert "the inside" in capfd.readouterr().err


@pytest.mark.parametrize("name", examples().names())
@pytest.mark.sweep
def test_every_example_is_told(desk: Desk, name: str) -> None:
    job = {"file": {"place": "examples", "name": name}, "text": examples().read(name).text}
    for what in ("check", "draw", "picture", "format"):
        status, answer = answered(desk, {"ask": what, **job})
        assert status == 200, answer
