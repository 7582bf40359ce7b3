import csv
import io
import json

import pytest
from render.nets import Add, Dense, Net, lenet5, on_any_size, resnet

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Weight
from cnngraph.ir.types import TensorType
from cnngraph.render.table import summary


def test_lenet5_as_text() -> None:
    assert str(summary(lenet5())) == """\
lenet5

layer           operator           shape  parameters  multiply-adds  activation bytes  receptive field
--------------  --------------  --------  ----------  -------------  ----------------  ---------------
c1.conv         conv(6, 5x5)     6@28x28         156        117,600            18,816              5x5
c1.tanh         tanh             6@28x28           0              0            18,816              5x5
s2              maxpool(2x2)     6@14x14           0              0             4,704              6x6
c3.conv         conv(16, 5x5)   16@10x10       2,416        240,000             6,400            14x14
c3.tanh         tanh            16@10x10           0              0             6,400            14x14
s4              maxpool(2x2)      16@5x5           0              0             1,600            16x16
c5.conv         conv(120, 5x5)   120@1x1      48,120         48,000               480            32x32
c5.tanh         tanh             120@1x1           0              0               480            32x32
c5.flatten      flatten              120           0              0               480            32x32
f6.dense        dense(84)             84      10,164         10,080               336              all
f6.tanh         tanh                  84           0              0               336              all
output.dense    dense(10)             10         850            840                40              all
output.softmax  softmax               10           0              0                40              all

parameters: 61,706
multiply-adds: 416,520
depth: 5
activation bytes: 58,928"""


def test_rows_in_csv_are_plain_numbers() -> None:
    lines = list(csv.DictReader(io.StringIO(summary(lenet5()).to("csv"))))
    assert lines[0] == {
        "layer": "c1.conv", "operator": "conv(6, 5x5)", "shape": "6@28x28", "parameters": "156",
        "multiply_adds": "117600", "activation_bytes": "18816", "receptive_field": "5x5",
    }  # fmt: skip
    assert sum(int(line["parameters"]) for line in lines) == 61_706


def test_json_has_rows_and_totals() -> None:
    read = json.loads(summary(lenet5()).to("json"))
    assert read["title"] == "lenet5"
    assert read["totals"] == {"parameters": 61706, "multiply_adds": 416520, "depth": 5, "activation_bytes": 58928}
    assert read["rows"][2]["layer"] == "s2"


def test_markdown_is_a_table() -> None:
    lines = summary(lenet5()).to("markdown").splitlines()
    assert lines[0] == "**lenet5**"
    assert lines[3] == "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[4] == "| c1.conv | conv(6, 5x5) | 6@28x28 | 156 | 117,600 | 18,816 | 5x5 |"
    assert lines[-4] == "- parameters: 61,706"


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(CnnGraphError, match=r"E0108.*`html`"):
        summary(lenet5()).to("html")


def test_depth_gives_one_row_for_each_block() -> None:
    table = summary(resnet(3, 8, 36, 3), depth=1)
    names = [row[0] for row in table.rows]
    assert names == ["conv1", "maxpool", "conv2", "conv3", "conv4", "conv5", "globalavgpool", "dense", "softmax"]
    assert table.rows[4][2:4] == ("1024@14x14", 40_613_888)
    assert table.totals["parameters"] == 60_192_808
    assert table.totals["depth"] == 152


def test_depth_below_one_is_an_error() -> None:
    with pytest.raises(CnnGraphError, match="E0108"):
        summary(lenet5(), depth=0)


def test_small_blocks_name_their_operators() -> None:
    assert summary(lenet5(), depth=1).rows[0][:3] == ("c1", "conv -> tanh", "6@28x28")


def test_symbols_print_as_polynomials() -> None:
    table = summary(on_any_size())
    assert [str(cell) for cell in table.rows[0][2:6]] == ["8@HxW/2", "80", "18*H*W", "8*H*W"]
    assert json.loads(table.json())["totals"]["multiply_adds"] == "18*H*W"


def test_shared_weights_count_once() -> None:
    net = Net()
    x = net.input("x", 3)
    weight = net.state("d.weight", Weight(TensorType((3, 3)), "he")).ref
    bias = net.state("d.bias", Weight(TensorType((3,)), "zeros")).ref
    a = net.add("a", Dense(3), [x, weight, bias]).ref
    b = net.add("b", Dense(3), [a, weight, bias]).ref
    table = summary(net.finish("shared", {"y": net("add", Add(), a, b)}))
    assert [row[3] for row in table.rows] == [12, 0, 0]
    assert table.totals["parameters"] == 12
