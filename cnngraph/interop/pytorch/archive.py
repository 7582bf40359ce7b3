"""What a file that PyTorch wrote holds, told without letting PyTorch open it; and the parts of it that are plain data.

    .pt2   torch.export.save   a zip: the graph in JSON, each weight as its bytes; pickled example inputs beside them
    .pt    torch.jit.save      a zip: a program in TorchScript, tensors as bytes, a table of both
    .pt    torch.save          a pickle, in a zip or bare: refused, for to read it is to run it

PyTorch's own reader of programs would unpickle whatever lies in an archive, load compiled code from it, and have SymPy
evaluate its sizes. So an archive is written anew: the graph, whose words have been looked at, and the bytes of weights.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import CnnGraphError, error

DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError)
"""What reading an archive raises where it is damaged."""

MAX_FILES = 100_000
MAX_GRAPH_BYTES = 500_000_000  # of the JSON, or of all code; a node takes about a thousand bytes

PLAIN = re.compile(
    r"data/weights/weight_\d+|data/constants/tensor_\d+|data/(weights|constants)/model_(weights|constants)_config\.json"
    r"|archive_format|archive_version|byteorder|version|\.data/(version|serialization_id)"
)
GRAPH, EXAMPLES = "models/model.json", "data/sample_inputs/model.pt"

SYMBOL = re.compile(r"Symbol\('([a-z]+\d+)'(, [a-z]+=(True|False))*\)")
SIZE = re.compile(r"[a-z]+\d+|\d+|[A-Z][A-Za-z]*|[-+*/(), <>=!&|~.]")
FUNCTIONS = frozenset({
    "Mod", "FloorDiv", "CleanDiv", "CeilDiv", "Max", "Min", "PythonMod", "IntTrueDiv", "ToFloat", "Eq", "Ne", "Integer",
    "TruncToInt",
})  # fmt: skip
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
TARGET = re.compile(r"torch\.ops\.(aten|higher_order|prims)\.\w+(\.\w+)?|_operator\.\w+|math\.\w+|torch\.sym_\w+")
FILES_OF_OTHERS = frozenset({"torch.ops.aten.from_file", "torch.ops.aten.save"})


def kind_of(path: Path) -> str:
    """`program` (torch.export), or `traced` (TorchScript); raises E0801 for what is neither, or is no archive."""
    with _opened(path) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        if GRAPH in names:
            return "program"
        if any(name.startswith("code/") for name in names) and "constants.pkl" in names:
            _look_at_code(path, archive)
            return "traced"
    if "data.pkl" in names:
        helps = (
            "write the weights with safetensors, and the module with torch.export.save",
            "for a pickle can run any program while it is read, cnngraph reads none",
        )
        raise error("E0801", f"{path} is a pickle, as torch.save writes it", *helps)
    raise error("E0801", f"{path} is no module that PyTorch exported or traced")


def plain_program(path: Path) -> bytes:
    """The archive of an exported program with nothing in it but the graph and bytes of tensors; raises E0801."""
    found = io.BytesIO()
    with _opened(path) as archive, zipfile.ZipFile(found, "w", zipfile.ZIP_STORED) as plain:
        for info in archive.infolist():
            name = info.filename.partition("/")[2]
            if name == GRAPH:
                plain.writestr(info.filename, json.dumps(_graph(path, archive, info)))
            elif name == EXAMPLES:
                plain.writestr(info.filename, b"")
            elif PLAIN.fullmatch(name):
                content = _read(path, archive, info)
                if name.endswith(".json"):
                    _refuse_pickles(path, content)
                plain.writestr(info.filename, content)
            elif not name.startswith("extra/") and not info.is_dir():
                raise _refused(path, f"the file `{name}`, which is no graph and no tensor")
    return found.getvalue()


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as problem:
        raise error("E0801", f"there is no file {path}") from problem
    except (OSError, zipfile.BadZipFile, ValueError) as problem:
        raise error("E0801", f"{path} is no archive of PyTorch: {problem}", "torch.export.save writes one") from problem
    files, size = archive.infolist(), path.stat().st_size
    packed = [info for info in files if info.compress_type != zipfile.ZIP_STORED]
    stored = sum(info.file_size for info in files) - sum(info.file_size for info in packed)
    if len(files) > MAX_FILES or stored > size or sum(info.file_size for info in packed) > MAX_GRAPH_BYTES:
        raise error("E0801", f"{path} says that it holds more than its {size} bytes can")
    if any("/code/" not in info.filename for info in packed):  # PyTorch packs nothing else
        raise error("E0801", f"{path} is packed, as PyTorch writes no archive")
    return archive


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except DAMAGE as problem:
        raise error("E0801", f"{path} is damaged: {problem}") from problem


def _graph(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    """The graph, each of whose words is one that PyTorch itself writes."""
    if info.file_size > MAX_GRAPH_BYTES:
        raise _refused(path, f"a graph of {info.file_size} bytes")
    content = _parsed(path, _read(path, archive, info))
    if not isinstance(content, dict) or not isinstance(content.get("graph_module"), dict):
        raise _refused(path, "no graph")
    content["guards_code"] = []  # Python, for who runs the program
    for key, value in _texts(content):
        _look_at(path, key, value)
    return content


def _look_at(path: Path, key: str, value: str) -> None:
    """What PyTorch would evaluate, look up, or paste into a program of its own."""
    if key == "expr_str":
        plain = SYMBOL.sub(r"\1", value)
        words = SIZE.findall(plain)
        known = all(w in FUNCTIONS for w in words if w[0].isupper())
        if "".join(words) != plain or not known or len(value) > 1000:
            raise _refused(path, f"the size `{value[:60]}`")
    elif key == "target" and (not TARGET.fullmatch(value) or value.rpartition(".")[0] in FILES_OF_OTHERS):
        raise _refused(path, f"the operator `{value[:60]}`")
    elif key == "name" and value and not WORD.fullmatch(value):
        raise _refused(path, f"the name `{value[:60]}`")


def _texts(content: Any) -> Iterator[tuple[str, str]]:
    """All texts with the keys they stand under. What only tells where a node comes from is dropped on the way."""
    stack: list[tuple[str, Any]] = [("", content)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            if isinstance(told := value.get("metadata"), dict):
                value["metadata"] = {k: v for k, v in told.items() if k == "nn_module_stack"}
            stack += value.items()
        elif isinstance(value, list):
            stack += ((key, item) for item in value)
        elif isinstance(value, str):
            yield key, value


def _refuse_pickles(path: Path, content: bytes) -> None:
    found = _parsed(path, content)
    entries = found.get("config") if isinstance(found, dict) else None
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise _refused(path, "no list of its weights")
    for name, entry in entries.items():
        if entry.get("use_pickle") or not re.fullmatch(r"(weight|tensor)_\d+", str(entry.get("path_name"))):
            raise _refused(path, f"`{name}` as a pickle")


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise error("E0801", f"{path} is damaged: {problem}") from problem


def _look_at_code(path: Path, archive: zipfile.ZipFile) -> None:
    """TorchScript runs in PyTorch alone, but two of its operators reach other files."""
    for info in archive.infolist():
        if info.filename.endswith(".py") and re.search(rb"from_file|\bsave\b", _read(path, archive, info)):
            raise _refused(path, "a program that reads or writes other files")


def _refused(path: Path, what: str) -> CnnGraphError:
    return error("E0801", f"{path} holds {what}", "cnngraph reads graphs and tensors, no pickle and no compiled code")
