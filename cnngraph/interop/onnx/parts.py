"""A partition as one ONNX file for each device, and a list of them: what each receives and sends, in which order.

    folder/parts.json       {"format": "cnngraph parts", "version": 1, "net": "tiny",
    folder/tiny_gpu0.onnx    "inputs": ["image"], "outputs": ["class"],
    folder/tiny_gpu1.onnx    "parts": [{"device": "gpu0", "file": "tiny_gpu0.onnx", "inputs": ["image"],
                                        "outputs": ["relu"]}, {"device": "gpu1", ...}]}

A value that crosses has one name in all files, so whoever runs them in this order feeds what the earlier ones gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.interop.onnx.placement import order_of
from cnngraph.interop.onnx.runtime import Forward, Session
from cnngraph.interop.onnx.writing import Options, write_onnx
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.partition.partition import Partition
from cnngraph.partition.parts import part_of

FORMAT, VERSION, MANIFEST = "cnngraph parts", 1, "parts.json"
MAX_BYTES = 16_000_000  # of a list
MAX_PARTS = 10_000


def write_parts(
    folder: Path, graph: Graph, states: Mapping[str, Array], partition: Partition, options: Options
) -> list[Path]:
    """Write the part of each device and the list, or nothing, and give their paths. `graph` may leave sizes open.

    Errors: as `write_onnx`; E0803 where devices wait for each other, so that no order runs them in turn.
    """
    order = order_of(partition)
    if not order:
        why = "the devices wait for each other, so that their parts cannot run in turn"
        raise error("E0803", why, "divide into stages: without --any-split")
    names = {device: f"{graph.name}_{re.sub(r'[^A-Za-z0-9_.-]', '_', device)}.onnx" for device in order}
    if len(set(names.values())) < len(names):
        raise error("E0803", f"the names of the devices {', '.join(order)} do not differ as names of files")
    parts = []
    files: list[Path] = []
    with TemporaryDirectory(prefix=".", dir=folder) as draft:
        for device, name in names.items():
            part = part_of(graph, partition.device_of, device)
            own = {node.name: states[node.name] for node in part.states}
            files += write_onnx(Path(draft) / name, part, own, options)
            boundary = {"inputs": [node.name for node in part.inputs], "outputs": list(part.outputs)}
            parts.append({"device": device, "file": name, **boundary})
        inputs = [node.name for node in graph.inputs]
        table = {"format": FORMAT, "version": VERSION, "net": graph.name, "inputs": inputs,
                 "outputs": list(graph.outputs), "parts": parts}  # fmt: skip
        files.append(Path(draft) / MANIFEST)
        files[-1].write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return [file.replace(folder / file.name) for file in files]


def parts_session(path: Path, threads: int = 1) -> Forward:
    """What runs the parts of a list in turn in ONNX Runtime, on arrays in their own order. Errors: E0801, E0603."""
    table = _read(path)
    runs = [(part, Session(path.with_name(part["file"]), threads)) for part in table["parts"]]

    def run(feeds: Mapping[str, Array]) -> dict[str, Array]:
        values = dict(feeds)
        for part, part_run in runs:
            values |= part_run({name: values[name] for name in part["inputs"]})
        return {name: values[name] for name in table["outputs"]}

    return run


def _read(path: Path) -> dict[str, Any]:
    """A list whose parts are files beside it, each fed by those before it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (table["format"], table["version"]) != (FORMAT, VERSION) or len(table["parts"]) > MAX_PARTS:
            raise ValueError(f"it is no list of parts of version {VERSION}")
        known = set(table["inputs"])
        for part in table["parts"]:
            if not re.fullmatch(r"[\w-][\w.-]*\.onnx", part["file"]):
                raise ValueError(f"{part['file']!r} is no .onnx file beside it")
            if missing := set(part["inputs"]) - known:
                raise ValueError(f"nobody gives {', '.join(sorted(missing))} to {part['file']}")
            known |= set(part["outputs"])
        if missing := set(table["outputs"]) - known:
            raise ValueError(f"nobody gives {', '.join(sorted(missing))}")
        return table
    except OSError as problem:
        raise error("E0801", f"{path} cannot be read: {problem.strerror}") from problem
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise error("E0801", f"{path} is no list of parts that cnngraph wrote: {problem}") from problem
