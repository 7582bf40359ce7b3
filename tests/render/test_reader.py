"""What a screen reader says of a picture."""

from __future__ import annotations

from xml.etree import ElementTree

from render.nets import lenet5, on_any_size

from cnngraph.render.dot import to_svg
from cnngraph.render.reader import told

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_one_image_with_a_name_and_a_description() -> None:
    root = ElementTree.fromstring(to_svg(lenet5(), title="LeNet-5 <1998>"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == root.findtext(f"{SVG}title") == "LeNet-5 <1998>"
    assert root.findtext(f"{SVG}desc") == told(lenet5())


def test_the_description_names_what_goes_in_and_comes_out() -> None:
    assert "Inputs: image 1@32x32. Outputs: output 10. " in told(lenet5())
    assert told(lenet5()).endswith("61,706 parameters.")
    assert "image 1@HxW" in told(on_any_size())


def test_the_same_graph_gives_the_same_picture() -> None:
    assert to_svg(lenet5()) == to_svg(lenet5())
