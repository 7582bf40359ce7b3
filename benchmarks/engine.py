"""What an engine is to the benchmark: something that makes runnable work of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from benchmarks.networks import Subject, Values

OURS = "cnngraph"  # NumPy alone
COMPILED = "cnngraph [jit]"
CONTIGUOUS, CHANNELS_LAST = "PyTorch, contiguous", "PyTorch, channels_last"
ONNX_RUNTIME, JAX = "ONNX Runtime", "JAX"
PYTORCH = (CONTIGUOUS, CHANNELS_LAST)


@dataclass(frozen=True)
class Work:
    """One task of one engine. `run` is what is timed; `results` gives what the last run found, as arrays of ours."""

    run: Callable[[], object]
    results: Callable[[], Values]


@dataclass(frozen=True)
class Engine:
    """How an engine makes work of a network for a number of threads. One that only predicts has no `training`."""

    inference: Callable[[Subject, int], Work]
    training: Callable[[Subject, int], Work] | None = None


@dataclass(frozen=True)
class Peer:
    """A package that can be compared with: its module here, what has to be installed, the names of its engines."""

    module: str
    packages: tuple[str, ...]
    engines: tuple[str, ...]


PEERS: Mapping[str, Peer] = {
    "jit": Peer("ours", ("numba",), (COMPILED,)),
    "torch": Peer("pytorch", ("torch",), PYTORCH),
    "onnxruntime": Peer("onnxruntime", ("onnxruntime", "torch", "onnx"), (ONNX_RUNTIME,)),
    "jax": Peer("jax", ("jax",), (JAX,)),
}


def missing(peer: str) -> str:
    """One line that says what a peer lacks; empty where it can be used."""
    lacking = [package for package in PEERS[peer].packages if find_spec(package) is None]
    if not lacking:
        return ""
    return (
        f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed: pip install {' '.join(lacking)}"
    )


def names_of(peers: Sequence[str]) -> tuple[str, ...]:
    """The engines of these peers, ours on NumPy alone first."""
    return (OURS, *(name for peer in peers for name in PEERS[peer].engines))


def engine(name: str) -> Engine:
    """An engine by its name; this imports what it needs."""
    modules = {OURS: "ours", **{name: peer.module for peer in PEERS.values() for name in peer.engines}}
    module: ModuleType = import_module(f"benchmarks.peers.{modules[name]}")
    found: Engine = module.ENGINES[name]
    return found
