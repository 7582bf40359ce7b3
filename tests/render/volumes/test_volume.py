"""Which volumes a network has: one where a value gets another shape, none where only its numbers change."""

from __future__ import annotations

import cnngraph
from cnngraph.render.volumes.volume import Volumes, numbers_for, volumes

TINY = "net tiny(image: 1@12x12) = "


def shown(text: str, depth: int | None = None) -> Volumes:
    return volumes(cnngraph.loads(text).graph, depth)


def words(found: Volumes) -> list[tuple[str, ...]]:
    return [volume.words for volume in found.items]


def test_a_volume_for_each_shape_and_none_for_what_keeps_it() -> None:
    found = shown(f"{TINY} conv(4, 5x5) -> batchnorm -> relu -> maxpool(2x2) -> flatten -> dense(3) -> softmax")
    assert words(found) == [
        ("1@12x12",),
        ("4@8x8", "conv"),
        ("4@4x4", "maxpool"),
        ("3", "dense"),
    ]
    assert found.links == (("image", "conv"), ("conv", "maxpool"), ("maxpool", "dense"))


def test_a_volume_knows_the_window_that_made_it() -> None:
    found = shown(f"{TINY} conv(4, 5x5/1) -> maxpool(2x2) -> upconv(2, 2x2/2)").by_name
    assert [(v.kernel, v.window, v.grows) for v in found.values()] == [
        ((), "", False),
        ((5, 5), "5x5/1", False),
        ((2, 2), "2x2", False),
        ((2, 2), "2x2/2", True),
    ]


def test_what_is_flattened_to_a_vector_is_called_so() -> None:
    found = shown(f"{TINY} conv(7, 12x12) -> flatten -> dense(2)")
    assert [volume.size for volume in found.items] == ["1@12x12", "7", "2"]
    assert [volume.is_vector for volume in found.items] == [False, True, True]


def test_labels_stand_above_sizes() -> None:
    found = shown("net n(image: 1@8x8) {\n  c1: conv(2, 3x3) -> relu\n  s2: avgpool(2x2)\n}")
    assert words(found)[1:] == [("c1", "2@6x6", "conv"), ("s2", "2@3x3", "avgpool")]


def test_merges_with_a_sign_are_signs() -> None:
    found = shown("net n(image: 2@8x8) {\n  let a = image -> conv(2, 3x3, same)\n  image -> conv(2, 1x1) -> add(a)\n}")
    assert [volume.sign for volume in found.items] == ["", "", "", "+"]
    assert found.items[-1].words == ()


def test_what_is_put_side_by_side_knows_its_parts() -> None:
    found = shown("net n(image: 1@8x8) = concat {\n  | conv(2, 1x1)\n  | conv(5, 3x3, same)\n}")
    assert found.items[-1].parts == (2, 5)
    assert not any(volume.parts for volume in found.items[:-1])


def test_blocks_below_the_depth_are_one_volume_with_their_name() -> None:
    text = "block pair(c) = conv(c, 3x3) -> relu -> conv(c, 3x3) -> relu\nnet n(image: 1@9x9) {\n  p: pair(3)\n}"
    assert words(shown(text, 0)) == [("1@9x9",), ("p", "3@5x5", "pair")]
    assert [volume.family for volume in shown(text, 0).items] == ["input", "convolution"]
    full = shown(text, 1)
    assert len(full.items) == 3
    assert [(group.title, len(group.names)) for group in full.groups] == [("p: pair", 2)]


def test_copies_are_one_volume_with_their_number() -> None:
    text = "block unit = conv(3, 3x3, same) -> relu\nnet n(image: 3@9x9) = unit * 4"
    assert words(shown(text)) == [("3@9x9",), ("3@9x9", "conv × 4")]


def test_symbols_stand_for_numbers_that_the_network_allows() -> None:
    net = cnngraph.loads("net n(image: 1@HxW) where H % 32 == 0, W % 7 == 0 = conv(2, 3x3, same)")
    assert numbers_for(net.graph) == {"H": 224, "W": 224}
    found = volumes(net.graph)
    assert found.items[1].positions == (224, 224)
    assert found.items[1].size == "2@HxW"


def test_sequences_get_a_smaller_number() -> None:
    net = cnngraph.loads("net n(words: ids(50)@T) = embed(8)")
    assert numbers_for(net.graph) == {"T": 16}
    assert [(v.positions, v.channels) for v in volumes(net.graph).items] == [((16,), 1), ((16,), 8)]
