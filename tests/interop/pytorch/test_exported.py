"""Exported programs and traced modules are read; nothing that would be unpickled is."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="programs of PyTorch come by way of ONNX")
pytest.importorskip("torch", reason="needs the extra torch")
pytest.importorskip("onnxscript", reason="PyTorch's newer exporter needs onnxscript")

import torch
from interop.pytorch_corpus.test_corpus import values_of
from torch import Tensor, nn

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.imported import Imported
from cnngraph.interop.pytorch.archive import kind_of, plain_program
from cnngraph.interop.pytorch.exported import read_torch


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.out = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Tensor:
        return self.out(torch.relu(self.norm(self.conv(image))).mean((2, 3)))


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.cell = nn.Embedding(11, 5), nn.GRU(5, 4, batch_first=True)

    def forward(self, text: Tensor) -> Tensor:
        return self.cell(self.words(text))[0][:, -1]


IMAGE = (2, 3, 8, 6)


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return Small().eval()


@pytest.fixture(scope="module")
def program(small: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("programs") / "small.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.export.export(small, (torch.randn(IMAGE),), dynamic_shapes=({0: torch.export.Dim("batch")},))
        torch.export.save(exported, path)
    return path


def traced(module: nn.Module, example: Tensor, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(module, example).save(path)
    return path


def difference(found: Imported, module: nn.Module, x: Tensor) -> float:
    (fed,), ((name, ref),) = found.graph.inputs, found.graph.outputs.items()
    given = found.inputs[fed.name].ours(x.numpy())
    graph = found.graph.bind(batch=len(given))
    y = found.outputs[name].theirs(values_of(graph, {**found.states, fed.name: given})[ref])
    with torch.no_grad():
        return float(np.abs(y - module(x).numpy()).max())


class Bomb:
    """What a pickle can do while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.fixture
def exploded(tmp_path: Path) -> Path:
    return tmp_path / "exploded"


def changed(
    path: Path, to: Path, change: Callable[[str, bytes], bytes | None], added: dict[str, bytes] | None = None
) -> Path:
    """A copy of an archive whose files are changed, left out or added to."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        top = old.namelist()[0].partition("/")[0]
        for info in old.infolist():
            content = change(info.filename.partition("/")[2], old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
        for name, content in (added or {}).items():
            new.writestr(f"{top}/{name}", content)
    return to


def test_a_program(program: Path, small: nn.Module, tmp_path: Path, exploded: Path) -> None:
    """Its example inputs, a pickle, are never read."""
    bomb = pickle.dumps(Bomb(exploded))
    path = changed(program, tmp_path / "bomb.pt2", lambda name, old: bomb if "sample_inputs" in name else old)
    found = read_torch(path)
    layers = [node.op.name for node in found.graph if node.inputs]
    assert layers == ["conv", "batchnorm", "relu", "globalavgpool", "dense"]
    assert difference(found, small, torch.randn(3, 3, 8, 6)) < 1e-5
    assert not exploded.exists()


def test_a_traced_module(small: nn.Module, tmp_path: Path) -> None:
    path = traced(small, torch.randn(IMAGE), tmp_path / "small.pt")
    found = read_torch(path, [IMAGE])
    assert difference(found, small, torch.randn(3, 3, 8, 6)) < 1e-5


@pytest.mark.parametrize("shape", [(1, 3, 10**9, 10**9), (1, 3, 10**5, 10**5), (1, 10**30)])
def test_an_example_that_no_memory_holds_is_refused(shape: tuple[int, ...], small: nn.Module, tmp_path: Path) -> None:
    path = traced(small, torch.randn(IMAGE), tmp_path / "small.pt")
    with pytest.raises(CnnGraphError, match=r"E0801.*more than 67,108,864 numbers"):
        read_torch(path, [shape])


def test_a_traced_module_of_ids(tmp_path: Path) -> None:
    module = Words().eval()
    path = traced(module, torch.randint(11, (2, 5)), tmp_path / "words.pt")
    found = read_torch(path, [(2, 5)])
    assert found.graph.inputs[0].type.vocabulary == 11
    assert difference(found, module, torch.randint(11, (3, 5))) < 1e-5


def test_a_traced_module_needs_shapes(small: nn.Module, tmp_path: Path) -> None:
    path = traced(small, torch.randn(IMAGE), tmp_path / "small.pt")
    with pytest.raises(CnnGraphError, match="tells no shapes"):
        read_torch(path)
    with pytest.raises(CnnGraphError, match="does not run on inputs of the shapes"):
        read_torch(path, [(2, 5)])
    with pytest.raises(CnnGraphError, match="does not run on inputs of the shapes"):
        read_torch(path, [IMAGE, IMAGE])


# ---- what is refused ----


def test_a_pickled_module_and_a_state_dict(small: nn.Module, tmp_path: Path) -> None:
    for name, value in (("module.pt", small), ("state.pt", small.state_dict())):
        torch.save(value, tmp_path / name)
        with pytest.raises(CnnGraphError, match=r"E0801.* is a pickle"):
            read_torch(tmp_path / name, [IMAGE])


def test_a_bare_pickle_is_never_run(tmp_path: Path, exploded: Path) -> None:
    path = tmp_path / "bare.pt"
    path.write_bytes(pickle.dumps(Bomb(exploded)))
    with pytest.raises(CnnGraphError, match="E0801"):
        read_torch(path, [IMAGE])
    assert not exploded.exists()


def test_a_weight_as_a_pickle(program: Path, tmp_path: Path, exploded: Path) -> None:
    def change(name: str, old: bytes) -> bytes:
        if name.endswith("model_weights_config.json"):
            return old.replace(b'"use_pickle": false', b'"use_pickle": true')
        return pickle.dumps(Bomb(exploded)) if name.startswith("data/weights/weight_") else old

    with pytest.raises(CnnGraphError, match=r"E0801.* as a pickle"):
        read_torch(changed(program, tmp_path / "bomb.pt2", change))
    assert not exploded.exists()


@pytest.mark.parametrize(
    "name",
    [
        "data/constants/opaque_obj_0",
        "data/constants/custom_obj_0",
        "data/weights/model.pt",
        "data/aotinductor/model/a.so",
    ],
)
def test_files_that_would_be_unpickled_or_run(program: Path, tmp_path: Path, name: str) -> None:
    path = changed(program, tmp_path / "more.pt2", lambda _, old: old, {name: b"anything"})
    with pytest.raises(CnnGraphError, match="which is no graph and no tensor"):
        read_torch(path)


WORDS = {
    "the size": (b"Symbol('", b"__import__('os').system('touch x') or Symbol('"),
    "the operator": (b"torch.ops.aten.relu.default", b"torch.os.system"),
    "the operator `torch.ops.aten.from_file": (b"torch.ops.aten.relu.default", b"torch.ops.aten.from_file.default"),
    "the name": (b'"name": "relu"', b'"name": "relu(__import__(1))"'),
}


@pytest.mark.parametrize("what", WORDS)
def test_words_that_pytorch_would_evaluate(program: Path, tmp_path: Path, what: str) -> None:
    old, new = WORDS[what]

    def change(name: str, content: bytes) -> bytes:
        if name != "models/model.json":
            return content
        assert old in content
        return content.replace(old, new)

    with pytest.raises(CnnGraphError, match=f"E0801.*holds {what}"):
        read_torch(changed(program, tmp_path / "words.pt2", change))


def test_python_for_who_runs_the_program_is_left_out(program: Path, tmp_path: Path) -> None:
    def change(name: str, content: bytes) -> bytes:
        return (
            json.dumps({**json.loads(content), "guards_code": ["1/0"]}).encode()
            if name.endswith("model.json")
            else content
        )

    kept = plain_program(changed(program, tmp_path / "guards.pt2", change))
    with zipfile.ZipFile(io.BytesIO(kept)) as archive:
        (graph,) = (name for name in archive.namelist() if name.endswith("model.json"))
        assert json.loads(archive.read(graph))["guards_code"] == []


def test_code_that_reaches_other_files(small: nn.Module, tmp_path: Path) -> None:
    path = traced(small, torch.randn(IMAGE), tmp_path / "small.pt")
    path = changed(
        path, tmp_path / "reads.pt", lambda name, old: old + b"# torch.from_file\n" if name.endswith(".py") else old
    )
    with pytest.raises(CnnGraphError, match="reads or writes other files"):
        kind_of(path)


# ---- damage ----


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, content in (("empty.pt2", b""), ("text.pt", b"hello"), ("zip.pt2", _zip({"a/b": b""}))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CnnGraphError, match="E0801"):
            read_torch(tmp_path / name)
    with pytest.raises(CnnGraphError, match="there is no file"):
        read_torch(tmp_path / "nowhere.pt2")


def _zip(files: dict[str, bytes]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return found.getvalue()


def test_cut_and_bent_files(program: Path, tmp_path: Path) -> None:
    content = program.read_bytes()
    for place in range(0, len(content), len(content) // 40):
        for bent in (content[:place], content[:place] + b"\xff\x00\xfe" + content[place + 3 :]):
            path = tmp_path / "bent.pt2"
            path.write_bytes(bent)
            try:
                plain_program(path)
            except CnnGraphError as problem:
                assert problem.diagnostics[0].code == "E0801"  # noqa: PT017 - some bytes do not matter


def test_an_archive_that_says_more_than_it_holds(tmp_path: Path) -> None:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data/weights/weight_0", bytes(10_000_000))
    (tmp_path / "bomb.pt2").write_bytes(found.getvalue())
    with pytest.raises(CnnGraphError, match="is packed"):
        read_torch(tmp_path / "bomb.pt2")


def test_a_graph_without_what_belongs_to_it(program: Path, tmp_path: Path) -> None:
    path = changed(program, tmp_path / "less.pt2", lambda name, old: None if name == "data/weights/weight_0" else old)
    with pytest.raises(CnnGraphError, match=r"E0801.*cannot be read by PyTorch"):
        read_torch(path)
    path = changed(program, tmp_path / "other.pt2", lambda name, old: b"{}" if name == "models/model.json" else old)
    with pytest.raises(CnnGraphError, match="E0801"):
        read_torch(path)
