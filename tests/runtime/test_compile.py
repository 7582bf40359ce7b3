"""Compiling ahead, and what a run does with and without compiled kernels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cnngraph import loads
from cnngraph.kernels import compiled, registered
from cnngraph.plan.choice import Choice
from cnngraph.runtime.compile import compile_all, tasks
from cnngraph.runtime.settings import Settings

TEXT = """
net tiny(image: 4@12x12) {
    conv(8, 3x3, pad=same) -> batchnorm -> relu
    conv(8, 3x3/2, pad=same, groups=8) -> batchnorm -> relu
    maxpool(2x2) -> globalavgpool -> dense(3) -> softmax
}
"""


def test_the_package_does_not_import_numba() -> None:
    code = "import sys, cnngraph.kernels; cnngraph.kernels.registered(); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_forbid_compiled_kernels() -> None:
    for task in tasks():
        assert not any(kernel.compiled for kernel in Choice(compiled=False).able(task))


def test_nothing_applies_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "available", lambda: False)
    for task in tasks():
        assert not any(kernel.compiled for kernel in Choice().able(task))
    assert compile_all() == []


def test_all_compiled_kernels_are_compiled_ahead() -> None:
    pytest.importorskip("numba")
    known = {kernel.name for kernels in registered().values() for kernel in kernels if kernel.compiled}
    gradients = {"activation_gradient, compiled"}  # of the same loop as its forward part
    assert known - gradients == set(compile_all())


def test_a_network_gives_the_same_with_and_without() -> None:
    pytest.importorskip("numba")
    image = np.random.default_rng(0).normal(size=(4, 12, 12, 4)).astype(np.float32)
    net = loads(TEXT)
    found = {}
    for allowed, workers in ((False, 1), (True, 1), (True, 2)):
        net.settings = Settings(workers=workers, compiled=allowed)
        found[allowed, workers] = net(image)
    assert np.array_equal(found[True, 1], found[True, 2])
    assert np.allclose(found[True, 1], found[False, 1], rtol=0, atol=1e-5)
