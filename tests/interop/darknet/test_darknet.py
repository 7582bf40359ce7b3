"""Networks of darknet against a small darknet of our own in PyTorch; files that are damaged or cannot be expressed."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.darknet.miniature import ACTIVATIONS, Miniature  # noqa: E402
from interop.darknet.networks import conv, yolov3  # noqa: E402

import cnngraph  # noqa: E402
from cnngraph.diagnostics import CnnGraphError, Source  # noqa: E402
from cnngraph.interop.darknet import read_darknet  # noqa: E402
from cnngraph.interop.darknet.importer import Importer  # noqa: E402
from cnngraph.interop.darknet.layers import ENDS, TABLE  # noqa: E402
from cnngraph.interop.darknet.sections import read_sections  # noqa: E402
from cnngraph.interop.imported import Imported  # noqa: E402
from cnngraph.resources import resource  # noqa: E402
from cnngraph.runtime.runner import Runner  # noqa: E402

NET = "[net]\nheight=8\nwidth=12\nchannels=3\n"
Version = tuple[int, int, int]


def imported(folder: Path, text: str, weights: bytes | None = None) -> Imported:
    cfg, file = folder / "a.cfg", folder / "a.weights"
    cfg.write_text(text)
    if weights is not None:
        file.write_bytes(weights)
    return read_darknet(cfg, None if weights is None else file)


def needed(text: str) -> int:
    """How many numbers a file of weights holds."""
    importer = Importer(TABLE, ENDS, "net")
    importer.run(read_sections(Source("a.cfg", text)))
    return sum(prod(piece.shape) for piece in importer.pieces)


def file_of(numbers: np.ndarray, version: Version = (0, 2, 5)) -> bytes:
    seen = np.array([32], "<i8" if version >= (0, 2, 0) and version[0] != 1001 else "<i4")
    return np.array(version, "<i4").tobytes() + seen.tobytes() + numbers.astype("<f4").tobytes()


def ran(found: Imported, x: np.ndarray) -> dict[str, np.ndarray]:
    (name,) = found.inputs
    y = Runner(found.graph, found.states).run({name: found.inputs[name].ours(x)})
    return {key: found.outputs[key].theirs(value) for key, value in y.items()}


def assert_agrees(folder: Path, text: str, sizes: tuple[int, ...] = (3, 8, 12), version: Version = (0, 2, 5)) -> None:
    """Both darknets give the same numbers, out of one file of weights; a negative variance loses its sign in both."""
    chance = np.random.default_rng(len(text))
    numbers = chance.normal(0, 0.5, needed(text)).astype(np.float32)
    oracle = Miniature(numbers.copy())
    x = chance.normal(0, 1, (2, *sizes)).astype(np.float32)
    wanted = oracle.run(text, torch.from_numpy(x).reshape(2, *sizes, *(1,) * (3 - len(sizes))))
    assert oracle.used == len(numbers)
    found = imported(folder, text, file_of(numbers, version))
    positive = {name: np.abs(a) if name.endswith(".variance") else a for name, a in found.states.items()}
    given = ran(replace(found, states=positive), x)
    assert len(given) == len(wanted)
    for ours, theirs in zip(given.values(), wanted, strict=True):
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs.numpy(), rtol=2e-4, atol=2e-5)


CASES = {
    "conv": "[convolutional]\nfilters=5\nsize=3\nstride=2\npad=1\nactivation=linear",
    "conv without padding": "[conv]\nfilters=5\nsize=3",
    "padding": "[convolutional]\nfilters=5\nsize=5\npadding=1\nactivation=relu",
    "even window": "[convolutional]\nfilters=5\nsize=4\npad=1\nstride=2\nactivation=relu",
    "strides": "[convolutional]\nfilters=5\nsize=3\nstride_x=1\nstride_y=2\npad=1\nactivation=leaky",
    "norm": conv(6, 3),
    "groups": conv(6, 3) + "[convolutional]\nfilters=4\nsize=3\ngroups=2\npad=1\nactivation=linear",
    "holes": "[convolutional]\nfilters=4\nsize=3\ndilation=2\npad=1\nstride=2\nactivation=linear",
    "maxpool 2x2/2": "[maxpool]\nsize=2\nstride=2",
    "maxpool 2x2/1": "[maxpool]\nsize=2\nstride=1",
    "maxpool 3x3/2": "[maxpool]\nsize=3\nstride=2",
    "maxpool 3x3/2 of odd": conv(3, 4, 1) + "[maxpool]\nsize=3\nstride=2",
    "maxpool 2x2/2 of odd": conv(3, 4, 1) + "[maxpool]\nsize=2\nstride=2",
    "maxpool of pyramids": "[maxpool]\nsize=5\nstride=1",
    "maxpool without padding": "[max]\nsize=3\nstride=2\npadding=0",
    "maxpool 4x4/3": "[maxpool]\nsize=4\nstride=3",
    "maxpool of its stride": "[maxpool]\nstride=2",
    "classifier": conv(7, 1) + "[avgpool]\n[dropout]\nprobability=.5\n[softmax]\ngroups=1\n[cost]\ntype=sse",
    "conv of a vector": "[avgpool]\n[convolutional]\nfilters=5\nsize=1\nactivation=swish",
    "conv of a vector with norm": "[avgpool]\n" + conv(5, 1),
    "wide conv of a vector": "[avgpool]\n" + conv(5, 3),
    "dense": "[connected]\noutput=5\nactivation=relu\n[connected]\noutput=3",
    "dense with norm": "[maxpool]\nsize=2\nstride=2\n[connected]\noutput=5\nbatch_normalize=1\nactivation=leaky",
    "dense of one position": "[avgpool]\n[connected]\noutput=5\nactivation=linear",
    "conv of dense": "[connected]\noutput=4\nactivation=relu\n" + conv(3, 1),
    "batchnorm": conv(4, 3) + "[batchnorm]\n" + conv(3, 3),
    "crop": "[crop]\ncrop_height=6\ncrop_width=7\nflip=1\nangle=0",
    "crop without adjustment": "[crop]\ncrop_height=8\ncrop_width=5\nnoadjust=1",
    "residual": conv(4, 3) + conv(4, 3) + conv(4, 3) + "[shortcut]\nfrom=-3\nactivation=leaky",
    "several shortcuts": conv(4, 3) * 3 + "[shortcut]\nfrom=0,-2",
    "shortcut of fewer": conv(2, 3) + conv(5, 3) + "[shortcut]\nfrom=-2\nactivation=linear",
    "shortcut of more": conv(5, 3) + conv(2, 3) + "[shortcut]\nfrom=-2\nactivation=linear",
    "shortcut of every second": conv(2, 3) + conv(5, 3, 2) + "[shortcut]\nfrom=-2\nactivation=leaky",
    "route": conv(4, 3) + conv(2, 3) + "[route]\nlayers=-1,0,-2",
    "route of one": conv(4, 3) + conv(2, 3) + "[route]\nlayers=-2\n" + conv(3, 1),
    "route of a part": conv(4, 3) + conv(2, 3) + "[route]\nlayers=0,1\ngroups=2\ngroup_id=1",
    "upsample": conv(4, 3, 2) + "[upsample]\nstride=3",
    "upsample and scale": "[upsample]\nscale=0.5",
    "reorg": conv(8, 3) + "[reorg]\nstride=2",
    "reorg of as many as squares": conv(4, 3) + "[reorg]\nstride=2",
    "reorg3d": conv(3, 3) + "[reorg3d]\nstride=2",
    "reorg3d of one": conv(1, 3) + "[reorg3d]\nstride=4",
    "squeeze": conv(4, 3) + "[avgpool]\n" + conv(4, 1, 1, "logistic", 0) + "[scale_channels]\nfrom=-3",
    "attention": conv(4, 3) + conv(4, 1, 1, "logistic") + "[sam]\nfrom=-2",
    "softmax of an image": conv(4, 3) + "[softmax]\ntemperature=2",
    "detection": "[connected]\noutput=12\nactivation=linear\n[detection]\nclasses=2\ncoords=4\nrescore=1",
    "two outputs": conv(4, 3) + "[yolo]\nmask=1\n[route]\nlayers=-2\n" + conv(2, 1) + "[region]\nanchors=1,2",
    **{f"activation {name}": conv(3, 1) + f"[activation]\nactivation={name}" for name in ACTIVATIONS},
}


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_darknet(case: str, tmp_path: Path) -> None:
    assert_agrees(tmp_path, NET + CASES[case])


def test_inputs_without_an_image(tmp_path: Path) -> None:
    text = "[net]\ninputs=7\n[connected]\noutput=5\nactivation=tanh\n[softmax]"
    assert_agrees(tmp_path, text, (7,))


@pytest.mark.parametrize("version", [(0, 1, 0), (0, 2, 0), (1, 0, 0)])
def test_the_header_says_how_long_it_is(version: Version, tmp_path: Path) -> None:
    assert_agrees(tmp_path, NET + CASES["dense with norm"], version=version)


def test_dense_weights_may_be_transposed(tmp_path: Path) -> None:
    text = NET + "[connected]\noutput=5\nactivation=linear"
    plain = np.random.default_rng(3).normal(size=needed(text)).astype(np.float32)
    turned = np.concatenate([plain[:5], plain[5:].reshape(5, -1).T.ravel()])
    files = [file_of(plain, (0, 2, 0)), file_of(turned, (1001, 0, 0)), file_of(turned, (1002, 0, 0))]
    x = np.random.default_rng(4).normal(size=(1, 3, 8, 12)).astype(np.float32)
    first, *others = (ran(imported(tmp_path, text, content), x)["output"] for content in files)
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_shared_weights_are_one(tmp_path: Path) -> None:
    text = NET + conv(3, 3) + conv(3, 3) + conv(3, 3).replace("filters", "share_index=-2\nfilters")
    found = imported(tmp_path, text)
    assert len(found.graph.states) == 10
    assert found.graph["conv2"].inputs[1] == found.graph["conv0"].inputs[1]
    assert needed(text) == needed(NET + conv(3, 3) * 2)


def test_yolov3_is_the_network_of_the_package(tmp_path: Path) -> None:
    """The same operators on the same values, and the numbers of the small darknet."""
    found = imported(tmp_path, yolov3(64))
    spec = cnngraph.load(resource("specs", "nets", "yolov3.cnn")).graph.bind(H=64, W=64)
    kinds = [sorted((node.op.name, str(node.type)) for node in graph) for graph in (found.graph, spec)]
    assert kinds[0] == kinds[1]
    assert list(map(str, map(found.graph.type_of, found.graph.outputs.values()))) == ["255@2x2", "255@4x4", "255@8x8"]
    assert sum(state.type.elements for state in found.graph.states if state.op.trainable) == 61_949_149


WRONG = {
    "E0801 line 1": "width=8",
    "E0801 no section": "# nothing",
    "E0801 net": "[convolutional]\nfilters=3",
    "E0801 bracket": "[net\nheight=1",
    "E0801 sizes": "[net]\nheight=3\nwidth=3",
    "E0801 option": NET + "[convolutional]\nfilters",
    "E0801 whole": NET + "[convolutional]\nfilters=3.5",
    "E0801 large": NET + "[convolutional]\nfilters=99999999999999999999",
    "E0801 negative": NET + "[convolutional]\nfilters=-4",
    "E0801 number": NET + "[dropout]\nprobability=nan",
    "E0801 index": NET + conv(3, 3) + "[route]\nlayers=-2",
    "E0801 itself": NET + conv(3, 3) + "[route]\nlayers=1",
    "E0801 nothing": NET,
    "E0802 local": NET + "[local]\nfilters=3",
    "E0802 xnor": NET + conv(3, 3) + "xnor=1",
    "E0802 option": NET + conv(3, 3) + "antialiasing=1",
    "E0802 activation": NET + conv(3, 3, 1, "stair"),
    "E0802 groups": NET + conv(3, 3) + "groups=2",
    "E0802 window": NET + "[convolutional]\nfilters=3\nsize=40",
    "E0802 input": "[net]\nheight=99999999\nwidth=99999999\nchannels=3\n" + conv(3, 3),
    "E0802 memory": NET + "[connected]\noutput=2000000000\n[connected]\noutput=2000000000",
    "E0802 shortcut": NET + conv(3, 3) + conv(3, 3, 3) + "[shortcut]\nfrom=-2",
    "E0802 weights_type": NET + conv(3, 3) + conv(3, 3) + "[shortcut]\nfrom=-2\nweights_type=per_feature",
    "E0802 reorg": NET + conv(6, 3) + "[reorg]\nstride=2",
    "E0802 reverse": NET + conv(8, 3) + "[reorg3d]\nstride=2\nreverse=1",
    "E0802 pool": NET + "[maxpool]\nsize=3\nstride=1\nmaxpool_depth=1",
    "E0802 temperature": NET + "[softmax]\ntemperature=0",
    "E0802 rnn": NET + "[rnn]\noutput=4\n[gru]\noutput=3",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError) as caught:
        imported(tmp_path, WRONG[case])
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {case[:5]}
    assert all(diagnostic.primary for diagnostic in caught.value.diagnostics)


def test_all_refusals_are_told_at_once(tmp_path: Path) -> None:
    text = NET + "[local]\nfilters=1\n" + conv(3, 3) + "[lstm]\noutput=1\n[route]\nlayers=-2\n[maxpool]\nsize=2"
    with pytest.raises(CnnGraphError) as caught:
        imported(tmp_path, text)
    told = [(diagnostic.primary.span.line, diagnostic.message) for diagnostic in caught.value.diagnostics]
    assert [line for line, _ in told] == [5, 14]
    assert told[0][1] == "layer 0 ([local]): this kind of layer has no counterpart"


@pytest.mark.parametrize("change", [-1, 1, -4, 4, -20, 10**4])
def test_weights_fit_to_the_byte(change: int, tmp_path: Path) -> None:
    text = NET + conv(3, 3)
    content = file_of(np.zeros(needed(text), np.float32))
    content = content[:change] if change < 0 else content + b"\0" * change
    with pytest.raises(CnnGraphError, match=r"E0703.*the network needs 93"):
        imported(tmp_path, text, content)


def test_a_file_without_a_header_is_no_file_of_weights(tmp_path: Path) -> None:
    for content in (b"", b"\0" * 15):
        with pytest.raises(CnnGraphError, match="E0801"):
            imported(tmp_path, NET + conv(3, 3), content)
    with pytest.raises(CnnGraphError, match=r"E0801.*cannot be read"):
        read_darknet(tmp_path / "a.cfg", tmp_path / "nothing")
    with pytest.raises(CnnGraphError, match=r"E0801.*cannot be read"):
        read_darknet(tmp_path / "nothing.cfg")


def test_what_training_alone_reads_is_passed_over(tmp_path: Path) -> None:
    text = NET + "momentum = 0.9 ; of SGD\n# a comment\n\n" + conv(3, 3) + "stopbackward=1\n; the end\n[cost]\ntype=sse"
    assert [node.op.name for node in imported(tmp_path, text).graph if node.op.name != "state"] == [
        "input", "conv", "batchnorm", "leaky_relu",
    ]  # fmt: skip


def test_what_no_output_needs_is_left_out(tmp_path: Path) -> None:
    text = NET + conv(3, 3) + conv(9, 3) + "[route]\nlayers=0\n" + conv(2, 1)
    found = imported(tmp_path, text, file_of(np.ones(needed(text), np.float32)))
    assert "conv1" not in found.graph
    assert set(found.states) == {node.name for node in found.graph.states}
    assert found.notes == ("left out, as no output needs them: conv1, batchnorm1, leaky_relu1",)
