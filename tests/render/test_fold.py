from render.nets import Add, Net, Relu, Tanh, conv_relu, resnet, square, training

from cnngraph.ir.graph import Graph, Ref
from cnngraph.render.fold import Folding
from cnngraph.render.outline import Frame, backward_nodes, outline


def folded(graph: Graph, *whole: str, device_of: dict[str, str] | None = None) -> dict[str, int]:
    """The number of copies of each folded frame, by the path of the first one."""
    backward = backward_nodes(graph)
    tree = Folding(graph, lambda path: path in whole, device_of or {}, backward).fold(outline(graph, backward))
    return {frame.path: frame.copies for frame in frames(tree) if frame.copies > 1}


def frames(frame: Frame) -> list[Frame]:
    inner = [f for item in frame.items if isinstance(item, Frame) for f in frames(item)]
    return [frame, *inner]


def chain(count: int, *outputs: int) -> Graph:
    net = Net()
    x = net.input("image", 8, 9, 9)
    values = []
    for i in range(count):
        x = conv_relu(net, f"conv_relu[{i + 1}]", x, 8, square(3), "same")
        values.append(x)
    return net.finish("chain", {f"y{i}": values[i] for i in (*outputs, count - 1)})


def test_a_run_of_equal_blocks_is_folded() -> None:
    assert folded(chain(4)) == {"conv_relu[1]": 4}


def test_blocks_of_resnet_are_folded_stage_by_stage_except_those_that_change_the_shape() -> None:
    copies = folded(resnet(3, 4, 2))
    assert {path: n for path, n in copies.items() if path.endswith("]") and ".bottleneck" in path} == {
        "conv2.bottleneck[2]": 2,
        "conv3.bottleneck[2]": 3,
    }


def test_gradients_do_not_keep_blocks_from_being_folded() -> None:
    assert folded(training(resnet(3, 2)))["conv2.bottleneck[2]"] == 2


def test_a_copy_that_is_read_elsewhere_ends_the_run() -> None:
    assert folded(chain(5, 1)) == {"conv_relu[1]": 2, "conv_relu[3]": 3}


def test_a_block_that_is_to_be_whole_is_not_folded() -> None:
    assert folded(chain(4), "conv_relu[3]") == {"conv_relu[1]": 2}


def test_copies_on_different_devices_are_not_folded() -> None:
    graph = chain(4)
    devices = {node.name: "gpu1" if "[4]" in node.name else "gpu0" for node in graph}
    assert folded(graph, device_of=devices) == {"conv_relu[1]": 3}


def test_equal_lanes_side_by_side_are_not_a_run() -> None:
    net = Net()
    x = net.input("image", 8, 9, 9)
    lanes = [conv_relu(net, f"conv_relu[{i}]", x, 8, square(3), "same") for i in (1, 2, 3)]
    assert folded(net.finish("lanes", {"y": net("add", Add(), *lanes)})) == {}


def test_groups_of_nodes_repeat_too() -> None:
    net = Net()
    x: Ref = net.input("image", 8, 9, 9)
    for i in range(1, 4):
        x = net(f"tanh[{i}]", Tanh(), net(f"relu[{i}]", Relu(), x))
    assert folded(net.finish("groups", {"y": x})) == {"relu[1] to tanh[1]": 3}
