"""Small networks as text, and a file of weights: what the tests of files begin from."""

from __future__ import annotations

import numpy as np
from interop.caffe.importing import TODAY
from interop.caffe.printing import Layer, caffemodel

SHAPES = {"data": (2, 3, 6, 5)}
HEAD = 'input: "data" input_dim: 2 input_dim: 3 input_dim: 6 input_dim: 5\n'


def net() -> list[Layer]:
    conv = Layer("c/1x1", "Convolution", ["data"], ["c"], {"convolution_param": {"num_output": 4, "kernel_size": 1}})
    relu = Layer("relu", "ReLU", ["c"], ["c"])
    return [conv, relu, Layer("ip", "InnerProduct", ["c"], ["ip"], {"inner_product_param": {"num_output": 2}})]


def layer(type_: str, bottom: str = "data", more: str = "") -> str:
    return f'layer {{ name: "l" type: "{type_}" bottom: "{bottom}" top: "l" {more} }}'


def weights_of(net: list[Layer]) -> bytes:
    net[0].blobs = [np.ones((4, 3, 1, 1), np.float32), np.ones(4, np.float32)]
    net[2].blobs = [np.ones((2, 120), np.float32), np.ones(2, np.float32)]
    return caffemodel(net, TODAY)

LABELLED = """
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { source: "t" } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 6 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5 mirror: false }
  data_param { source: "a" batch_size: 50 backend: LMDB } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 4
  weight_filler { type: "xavier" std: 0.1 } } param { lr_mult: 1 decay_mult: 0 } param { lr_mult: 2 } }
layer { name: "top-1" type: "Accuracy" bottom: "ip" bottom: "label" top: "top-1" accuracy_param { top_k: 1 } }
"""
LOSS = """
layer { name: "loss/loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss/loss" loss_weight: 0.3 }
"""
