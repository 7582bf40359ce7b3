"""How soon the playground answers: for each network the median of several questions to a server on this machine.

    python -m benchmarks.playground                     LeNet-5, GoogLeNet, ResNet-152, DenseNet-121
    python -m benchmarks.playground vgg16 --rounds 20

`check` is what a keystroke waits for (findings and shapes), after the 120 ms in which nothing more was typed; `draw`
the graph and the table; `divide` the first answer for four devices. Each text differs from the one before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

from cnngraph.serve.folder import examples
from cnngraph.serve.guard import TOKEN_HEADER
from cnngraph.serve.server import Playground

NETWORKS = ("lenet5", "googlenet", "resnet152", "densenet121")
QUESTIONS: dict[str, dict[str, Any]] = {
    "check": {}, "draw": {},
    "divide": {"devices": 4, "batch": 8, "objective": "throughput", "effort": "first"},
}  # fmt: skip

Ask = Callable[[dict[str, Any]], bytes]


def measured(ask: Ask, name: str, rounds: int) -> str:
    """A row of the table."""
    text = examples().read(f"{name}.cnn").text
    cells = [f"{name:12}"]
    for what, more in QUESTIONS.items():
        seconds, size = [], 0
        for i in range(rounds + 1):
            file = {"place": "examples", "name": f"{name}.cnn"}
            question = {"ask": what, "file": file, "text": f"{text}# {i}", **more}
            began = time.perf_counter()
            size = len(ask(question))
            seconds.append(time.perf_counter() - began)
        cells.append(f"{1e3 * statistics.median(seconds[1:]):7.0f} ms {size / 1e3:6.0f} kB")  # the first starts a child
    return "  ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, Playground(Path(folder), "127.0.0.1", 0, "") as server:
        Thread(target=server.serve_forever, daemon=True).start()
        headers = {TOKEN_HEADER: server.guard.token, "Content-Type": "application/json"}

        def ask(question: dict[str, Any]) -> bytes:
            request = Request(f"http://127.0.0.1:{server.guard.port}/ask", json.dumps(question).encode(), headers)
            with urlopen(request) as reply:
                body: bytes = reply.read()
            assert body.startswith(b'{"status": 200'), body[:200]
            return body

        print("  ".join([" " * 12, *(f"{what:>20}" for what in QUESTIONS)]))
        for name in given.networks:
            print(measured(ask, name, given.rounds), flush=True)
        server.shutdown()


if __name__ == "__main__":
    main()
