"""GoogLeNet as Caffe has it: conv and ReLU in pairs, pools that round up, names such as inception_3a/1x1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from interop.caffe.printing import Layer, Word

TRAINED = {"param": [{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 2, "decay_mult": 0}]}
FILLERS = {"weight_filler": {"type": "xavier", "std": 0.1}, "bias_filler": {"type": "constant", "value": 0.2}}
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""Szegedy et al., CVPR 2015, table 1: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""


def conv(name: str, bottom: str, features: int, size: int, **more: int) -> list[Layer]:
    fields = {"num_output": features, **more, "kernel_size": size, **FILLERS}
    relu = "/relu_".join(name.split("/"))
    return [
        Layer(name, "Convolution", [bottom], [name], {**TRAINED, "convolution_param": fields}),
        Layer(relu, "ReLU", [name], [name]),
    ]


def pool(name: str, bottom: str, size: int, stride: int, word: str = "MAX", **more: int) -> Layer:
    fields = {"pool": Word(word), "kernel_size": size, "stride": stride, **more}
    return Layer(name, "Pooling", [bottom], [name], {"pooling_param": fields})


def norm(name: str, bottom: str) -> Layer:
    return Layer(name, "LRN", [bottom], [name], {"lrn_param": {"local_size": 5, "alpha": 0.0001, "beta": 0.75}})


def inception(name: str, bottom: str, n1: int, r3: int, n3: int, r5: int, n5: int, proj: int) -> Iterator[Layer]:
    yield from conv(f"{name}/1x1", bottom, n1, 1)
    yield from conv(f"{name}/3x3_reduce", bottom, r3, 1)
    yield from conv(f"{name}/3x3", f"{name}/3x3_reduce", n3, 3, pad=1)
    yield from conv(f"{name}/5x5_reduce", bottom, r5, 1)
    yield from conv(f"{name}/5x5", f"{name}/5x5_reduce", n5, 5, pad=2)
    yield pool(f"{name}/pool", bottom, 3, 1, pad=1)
    yield from conv(f"{name}/pool_proj", f"{name}/pool", proj, 1)
    tops = [f"{name}/{lane}" for lane in ("1x1", "3x3", "5x5", "pool_proj")]
    yield Layer(f"{name}/output", "Concat", tops, [f"{name}/output"])


def googlenet() -> tuple[list[Layer], Mapping[str, tuple[int, ...]]]:
    layers = [
        *conv("conv1/7x7_s2", "data", 64, 7, pad=3, stride=2),
        pool("pool1/3x3_s2", "conv1/7x7_s2", 3, 2),
        norm("pool1/norm1", "pool1/3x3_s2"),
        *conv("conv2/3x3_reduce", "pool1/norm1", 64, 1),
        *conv("conv2/3x3", "conv2/3x3_reduce", 192, 3, pad=1),
        norm("conv2/norm2", "conv2/3x3"),
        pool("pool2/3x3_s2", "conv2/norm2", 3, 2),
    ]
    last = "pool2/3x3_s2"
    for module, features in MODULES.items():
        layers += inception(f"inception_{module}", last, *features)
        last = f"inception_{module}/output"
        if module in ("3b", "4e"):
            stage = int(module[0])
            layers.append(pool(f"pool{stage}/3x3_s2", last, 3, 2))
            last = f"pool{stage}/3x3_s2"
    layers.append(pool("pool5/7x7_s1", last, 7, 1, "AVE"))
    last, classifier = "pool5/7x7_s1", {"num_output": 1000, **FILLERS}
    layers += [
        Layer("pool5/drop", "Dropout", [last], [last], {"dropout_param": {"dropout_ratio": 0.4}}),
        Layer("loss3/classifier", "InnerProduct", [last], ["c"], {**TRAINED, "inner_product_param": classifier}),
        Layer("prob", "Softmax", ["c"], ["prob"]),
    ]
    return layers, {"data": (1, 3, 224, 224)}
