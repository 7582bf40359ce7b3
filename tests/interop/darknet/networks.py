"""Whole networks as cfg, written from the tables of their papers."""

from __future__ import annotations

from collections.abc import Iterator


def conv(filters: int, size: int, stride: int = 1, activation: str = "leaky", norm: int = 1) -> str:
    return (
        f"[convolutional]\nbatch_normalize={norm}\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\n"
        f"activation={activation}\n"
    )


def yolov3(size: int) -> str:
    """Redmon, Farhadi: YOLOv3, 2018, table 1 and section 2.3."""
    return f"[net]\nheight={size}\nwidth={size}\nchannels=3\nlearning_rate=0.001\n\n" + "\n".join(_yolov3())


def _yolov3() -> Iterator[str]:
    yield conv(32, 3)
    for filters, units in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        yield conv(filters, 3, 2)
        for _ in range(units):
            yield conv(filters // 2, 1)
            yield conv(filters, 3)
            yield "[shortcut]\nfrom=-3\nactivation=linear\n"
    for filters, skip in ((512, None), (256, 61), (128, 36)):
        if skip is not None:
            yield "[route]\nlayers = -4\n"
            yield conv(filters, 1)
            yield "[upsample]\nstride=2\n"
            yield f"[route]\nlayers = -1, {skip}\n"
        for _ in range(3):
            yield conv(filters, 1)
            yield conv(2 * filters, 3)
        yield conv(255, 1, 1, "linear", 0)
        yield "[yolo]\nmask = 6,7,8\nclasses=80\nnum=9\n"
