"""Files that nobody vouches for: each is refused with E0801, and no byte outside of what is there is read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import agree, computed, drawn, expected, model, node
from onnx import ModelProto, TensorProto, external_data_helper, helper, numpy_helper, save_model

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import load as loading
from cnngraph.interop.onnx.reading import read_model, read_onnx

IMAGE = {"x": ["N", 3, 5, 6]}


def simple() -> ModelProto:
    nodes = [node("Conv", ["x", "w", "b"], ["a"]), node("Relu", ["a"], ["y"])]
    return model(nodes, IMAGE, weights={"w": drawn(4, 3, 3, 3), "b": drawn(4)})


def refused(made: ModelProto, folder: Path | None = None) -> str:
    """What is said of a model that cannot be read."""
    with pytest.raises(CnnGraphError) as caught:
        read_model(made, folder)
    (found,) = caught.value.diagnostics
    assert found.code == "E0801", found
    return found.message


def refused_file(path: Path) -> str:
    with pytest.raises(CnnGraphError) as caught:
        read_onnx(path)
    assert {d.code for d in caught.value.diagnostics} == {"E0801"}
    return str(caught.value)


# ---- files ----


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(simple().SerializeToString())
    x = {"x": drawn(2, 3, 5, 6)}
    agree(computed(read_onnx(path), x), expected(simple(), x))


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "there is no such file" in refused_file(tmp_path / "none.onnx")
    assert "there is no such file" in refused_file(tmp_path)
    for content in (b"", b"no protobuf at all", b"\x08", b"\x00" * 100, os.urandom(4096)):
        path = tmp_path / "bad.onnx"
        path.write_bytes(content)
        refused_file(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    content, path = simple().SerializeToString(), tmp_path / "cut.onnx"
    for end in range(0, len(content) - 1, 7):
        path.write_bytes(content[:end])
        refused_file(path)


def test_damaged_bytes_are_an_error_of_ours_or_another_model(tmp_path: Path) -> None:
    content, path = simple().SerializeToString(), tmp_path / "damaged.onnx"
    draw = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for place in draw.integers(0, len(content), 3):
            damaged[place] = int(draw.integers(0, 256))
        path.write_bytes(bytes(damaged))
        with suppress(CnnGraphError):
            read_onnx(path)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(simple().SerializeToString())
    monkeypatch.setattr(loading, "LARGEST_FILE", 100)
    assert "the limit is 100" in refused_file(path)


# ---- tensors ----


@pytest.mark.parametrize("dims", [[4, 3, 3, 4], [2**40, 2**40], [-1, 3, 3, 3], [0], [4] * 40])
def test_sizes_that_the_numbers_do_not_have(dims: list[int]) -> None:
    made = simple()
    made.graph.initializer[0].ClearField("dims")
    made.graph.initializer[0].dims.extend(dims)
    assert "tensor `w`" in refused(made) or "bytes that are the limit" in refused(made)


def test_numbers_in_a_list_are_counted_too() -> None:
    made = simple()
    weight = helper.make_tensor("w", TensorProto.FLOAT, [4, 3, 3, 3], drawn(4, 3, 3, 3).reshape(-1).tolist())
    del weight.float_data[5:]
    made.graph.initializer[0].CopyFrom(weight)
    assert "has 5 numbers, and its sizes say 108" in refused(made)


def test_a_kind_of_numbers_that_nobody_knows() -> None:
    made = simple()
    made.graph.initializer[0].data_type = 99
    assert "no known kind" in refused(made)


def external(folder: Path, location: str | None = None) -> ModelProto:
    """A model whose numbers lie in `weights.bin`; `location` is what it says instead."""
    made = simple()
    external_data_helper.convert_model_to_external_data(made, location="weights.bin", size_threshold=0)
    save_model(made, folder / "model.onnx")
    for tensor in made.graph.initializer:
        tensor.ClearField("raw_data")
        for entry in tensor.external_data:
            entry.value = location if location is not None and entry.key == "location" else entry.value
    return made


def test_numbers_beside_the_file(tmp_path: Path) -> None:
    made, x = external(tmp_path), {"x": drawn(2, 3, 5, 6)}
    assert (tmp_path / "weights.bin").exists()
    agree(computed(read_onnx(tmp_path / "model.onnx"), x), expected(simple(), x))
    agree(computed(read_model(made, tmp_path), x), expected(simple(), x))
    assert "no folder is known" in refused(made)


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../weights.bin", "a/../../weights.bin", "", ".", "none.bin", "a\0b"]
)
def test_numbers_in_another_place(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    made = external(folder, location)
    (tmp_path / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())
    assert "the data of the tensor `w`" in refused(made, folder)


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    made = external(folder)
    (folder / "weights.bin").rename(tmp_path / "elsewhere.bin")
    (folder / "weights.bin").symlink_to(tmp_path / "elsewhere.bin")
    assert "outside the folder" in refused(made, folder)


@pytest.mark.parametrize(
    ("key", "value"), [("offset", "400"), ("offset", "-4"), ("length", "4"), ("length", "99999999999"), ("offset", "x")]
)
def test_places_that_the_numbers_do_not_reach(tmp_path: Path, key: str, value: str) -> None:
    made = external(tmp_path)
    entries = made.graph.initializer[0].external_data
    kept = [(entry.key, entry.value) for entry in entries if entry.key != key]
    del entries[:]
    for name, text in [*kept, (key, value)]:
        entry = entries.add()
        entry.key, entry.value = name, text
    assert "tensor `w`" in refused(made, tmp_path)


# ---- graphs ----


def test_nodes_in_any_order() -> None:
    made, x = simple(), {"x": drawn(2, 3, 5, 6)}
    nodes = list(made.graph.node)
    wanted = expected(made, x)
    del made.graph.node[:]
    made.graph.node.extend(reversed(nodes))
    agree(computed(read_model(made), x), wanted)


def test_nodes_in_a_circle() -> None:
    made = model([node("Add", ["x", "b"], ["a"], name="one"), node("Relu", ["a"], ["b"])], IMAGE, ["b"])
    assert "in a circle, `one` among them" in refused(made)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.graph.node[0].input.__setitem__(0, "nothing"),
        lambda made: made.graph.node[1].output.__setitem__(0, "a"),
        lambda made: made.graph.ClearField("output"),
        lambda made: made.ClearField("graph"),
        lambda made: made.ClearField("opset_import"),
        lambda made: made.graph.node[0].input.extend(["x"] * 5),
        lambda made: made.graph.node[0].attribute.extend([helper.make_attribute("group", "many")]),
    ],
)
def test_what_the_checker_of_onnx_refuses(change: Callable[[ModelProto], None]) -> None:
    made = simple()
    change(made)
    refused(made)


def test_what_others_run_is_read() -> None:
    made, x = simple(), {"x": drawn(2, 3, 5, 6)}
    made.metadata_props.add().key = "anything"
    made.graph.node[0].metadata_props.add().key = "anything"
    made.graph.output[0].type.tensor_type.ClearField("shape")
    made.graph.doc_string = "\u00e9"
    made.opset_import.add().domain = "nobody.uses.it"
    made.opset_import[-1].version = 3
    agree(computed(read_model(made), x), expected(made, x))


def test_very_many_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_NODES", 100)
    nodes = [node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(200)]
    assert "more than the 100 nodes" in refused(model(nodes, {"v0": ["N", 3]}, ["v200"]))


def functions(*bodies: tuple[str, list[str]]) -> ModelProto:
    """A model that uses the first of these functions of one argument; each uses others, one after the other."""
    made = model([node(bodies[0][0], ["x"], ["y"], domain="own")], {"x": ["N", 3]}, domains=["own"])
    opsets = [helper.make_opsetid("", 22), helper.make_opsetid("own", 1)]
    for name, uses in bodies:
        ends = ["x", *(f"v{i}" for i in range(len(uses) - 1)), "y"]
        steps = [
            node(use, [a], [b], domain="" if use == "Relu" else "own")
            for use, a, b in zip(uses, ends[:-1], ends[1:], strict=True)
        ]
        made.functions.append(helper.make_function("own", name, ["x"], ["y"], steps, opsets))
    return made


def test_functions_are_put_in_their_place() -> None:
    found = read_model(functions(("Twice", ["Once", "Once"]), ("Once", ["Relu"])))
    assert [n.op.name for n in found.graph] == ["input", "relu", "relu"]


def test_functions_that_use_themselves() -> None:
    assert "uses itself" in refused(functions(("A", ["B"]), ("B", ["A"])))


def test_functions_that_grow_without_bound() -> None:
    names = [f"F{i}" for i in range(20)]
    bodies = [(name, [other] * 10) for name, other in zip(names, [*names[1:], "Relu"], strict=True)]
    start = time.monotonic()
    assert "nodes that are the limit" in refused(functions(*bodies))
    assert time.monotonic() - start < 5


def test_known_numbers_that_would_grow_without_bound() -> None:
    nodes = [
        node("ConstantOfShape", ["s"], ["c"]),
        node("Add", ["x", "c"], ["y"]),
    ]
    made = model(nodes, {"x": ["N", 3]}, weights={"s": np.array([2**20, 2**20], np.int64)})
    with pytest.raises(CnnGraphError):
        read_model(made)


# ---- what cannot be expressed ----


def test_all_that_cannot_be_expressed_is_told_at_once() -> None:
    nodes = [
        node("NonZero", ["x"], ["a"], name="places"),
        node("Conv", ["x", "w"], ["b"], name="fine"),
        node("Nothing", ["b"], ["c"], name="odd", domain="some.where"),
        node("Unknown", ["c"], ["d"], name="behind", domain="some.where"),
        node("Conv", ["b", "b"], ["e"], name="learns"),
        node("Concat", ["d", "e"], ["y"], axis=1),
    ]
    made = model(nodes, IMAGE, ["y", "a"], {"w": drawn(4, 3, 3, 3)}, domains=["some.where"])
    with pytest.raises(CnnGraphError) as caught:
        read_model(made)
    messages = [d.message for d in caught.value.diagnostics]
    assert {d.code for d in caught.value.diagnostics} == {"E0802"}
    for name in ("NonZero `places`", "some.where.Nothing `odd`", "some.where.Unknown `behind`", "Conv `learns`"):
        assert any(name in message for message in messages), name
    assert len(messages) == 4


def test_an_operator_that_no_opset_has() -> None:
    with pytest.raises(CnnGraphError, match=r"E0802.*NoSuchThing `y`: there is no such operator"):
        read_model(model([node("NoSuchThing", ["x"], ["y"])], IMAGE))


def test_inputs_that_are_no_arrays() -> None:
    made = model([node("Relu", ["x"], ["y"])], IMAGE)
    made.graph.input[0].type.CopyFrom(helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [2])))
    made.graph.node[0].op_type = "SequenceAt"
    made.graph.node[0].input.append("i")
    made.graph.initializer.append(numpy_helper.from_array(np.array(0), "i"))
    with pytest.raises(CnnGraphError, match=r"E0802.*input `x`"):
        read_model(made)


def test_an_input_of_no_known_rank() -> None:
    made = model([node("Relu", ["x"], ["y"])], IMAGE)
    made.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(CnnGraphError, match=r"E0802.*input `x`"):
        read_model(made)


@pytest.mark.parametrize(
    ("kind", "attributes", "weights"),
    [
        ("Transpose", {"perm": [0, 7, 1, 2]}, {}),
        ("Transpose", {"perm": [0]}, {}),
        ("Conv", {}, {"w": (4,)}),
        ("Conv", {"strides": [0, 0]}, {"w": (4, 3, 3, 3)}),
        ("Conv", {"group": 0}, {"w": (4, 3, 3, 3)}),
        ("Conv", {"pads": [1]}, {"w": (4, 3, 3, 3)}),
        ("Conv", {"auto_pad": "SAME_UPPER", "strides": [0, 1]}, {"w": (4, 3, 3, 3)}),
        ("ConvTranspose", {"group": 5}, {"w": (3, 4, 3, 3)}),
        ("MaxPool", {"kernel_shape": [99, 99]}, {}),
        ("MaxPool", {"kernel_shape": [2, 2], "pads": [5, 5, 5, 5]}, {}),
        ("Gemm", {}, {"w": (3,)}),
        ("MatMul", {}, {"w": (7, 2)}),
        ("BatchNormalization", {}, {"s": (2,), "b": (3,), "m": (3,), "v": (3,)}),
        ("LRN", {"size": -1}, {}),
        ("Concat", {"axis": 9}, {}),
        ("Softmax", {"axis": -9}, {}),
        ("Flatten", {"axis": 77}, {}),
    ],
)
def test_nodes_that_break_the_rules_of_their_operator(kind: str, attributes: dict[str, object], weights: dict) -> None:
    arrays = {name: np.ones(shape, np.float32) for name, shape in weights.items()}
    with pytest.raises(CnnGraphError) as caught:
        read_model(model([node(kind, ["x", *arrays], ["y"], **attributes)], IMAGE, weights=arrays))
    assert {d.code for d in caught.value.diagnostics} == {"E0802"}


def test_sizes_with_any_names() -> None:
    for names in (["a b", "H+", "("], ["H**99999", "N" * 500, "0"], ["1/0", "H/0", "batch"]):
        found = read_model(model([node("Relu", ["x"], ["y"])], {"x": ["batch", *names, 4]}))
        assert all(symbol.isalnum() for symbol in found.graph.symbols)
