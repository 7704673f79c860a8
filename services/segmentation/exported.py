"""Networks from `torch.export.save` (.pt2), read without trusting the file.

`torch.export.load` unpickles weights, constants and example inputs that ask for it, loads compiled libraries, imports
modules, and evaluates strings as Python: symbolic sizes, guards, names of values, targets like `torch.os.system`. So
it is given a copy, made here in memory, of what a network needs and nothing else: numbers as raw bytes, and a graph
whose every operation is one of aten's, whose every name is a name. Example inputs are always a pickle: never read.
Format: `torch/export/pt2_archive` and `torch/_export/serde/schema.py` of PyTorch 2.9 to 2.13.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any, cast

import torch

from services.errors import InputRefused
from services.segmentation import graph_rules
from services.segmentation.graph_rules import NotPlain

if TYPE_CHECKING:
    from pathlib import Path

    from torch.export import ExportedProgram

LARGEST = 2_000_000_000
"""Bytes of an archive, unpacked."""
LARGEST_GRAPH = 64_000_000
"""Bytes of the graph or of a table of weights, as JSON."""
MODEL = "models/model.json"
ROOT = "model"
"""The one folder of an archive; PyTorch takes any name."""
TABLES = {
    "weights": "data/weights/model_weights_config.json",
    "constants": "data/constants/model_constants_config.json",
}
PAYLOAD = {"weights": re.compile(r"weight_\d{1,6}"), "constants": re.compile(r"tensor_\d{1,6}")}
"""Constants of other names are pickled objects."""
COPIED = ("archive_format", "archive_version", ".data/version", "byteorder")
EXAMPLES = "data/sample_inputs/model.pt"
COMPILED = "data/aotinductor/"


def load(path: Path) -> ExportedProgram:
    """The network in a .pt2 file. Raises InputRefused where anything in it is more than numbers and aten operations."""
    must = f"The member {path.name} must be a network saved by torch.export.save, for the CPU, of fixed shapes."
    todo = "Export it anew as docs/how-to/add-a-model.md shows."
    try:
        return torch.export.load(plain_copy(path))
    except NotPlain as error:
        raise InputRefused(must, f"{error}.", todo) from None
    except Exception as error:
        raise InputRefused(must, f"a {type(error).__name__} of PyTorch {torch.__version__}.", todo) from error


def image_shape(program: ExportedProgram) -> tuple[int, ...]:
    """The shape of the image that a network takes."""
    (image,) = program.graph_signature.user_inputs
    (node,) = (node for node in program.graph.nodes if node.name == image)
    return tuple(node.meta["val"].shape)


def plain_copy(path: Path) -> io.BytesIO:
    """The archive anew, with what was checked and nothing else. Raises NotPlain."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _copied(_Parts(archive))
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise NotPlain(f"no archive of PyTorch, but a {type(error).__name__}") from None


def _copied(parts: _Parts) -> io.BytesIO:
    if any(name.startswith(COMPILED) for name in parts.names):
        raise NotPlain("compiled code, which is not run")
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:

        def write(name: str, content: bytes) -> None:
            archive.writestr(f"{ROOT}/{name}", content)

        write(MODEL, json.dumps(graph_rules.program(parts.json(MODEL))).encode())
        for name in COPIED:
            write(name, parts.read(name))
        write(EXAMPLES, b"")
        for kind, table in TABLES.items():
            said = graph_rules.payloads(parts.json(table), PAYLOAD[kind])
            write(table, json.dumps(said).encode())
            for file in sorted({one["path_name"] for one in said["config"].values()}):
                write(f"data/{kind}/{file}", parts.read(f"data/{kind}/{file}"))
    copy.seek(0)
    return copy


class _Parts:
    """The files of an archive by their path below its one folder. Nothing is read before its size is known."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        infos = archive.infolist()
        root = infos[0].filename.partition("/")[0] if infos else ""
        self._infos = {info.filename.removeprefix(f"{root}/"): info for info in infos}
        if len(self._infos) != len(infos) or any(not info.filename.startswith(f"{root}/") for info in infos):
            raise NotPlain("an archive that names a file twice, or has several folders")
        if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in infos):
            raise NotPlain("an archive that is compressed or encrypted, which PyTorch's never are")
        if sum(info.file_size for info in infos) > LARGEST:
            raise NotPlain(f"more than {LARGEST / 1e9:g} GB")

    @property
    def names(self) -> list[str]:
        """The paths of all files."""
        return list(self._infos)

    def read(self, name: str) -> bytes:
        """The bytes of one file, of which there must be some. Raises NotPlain."""
        if name not in self._infos or not self._infos[name].file_size:
            raise NotPlain(f"no part {name}, or an empty one")
        return self._archive.read(self._infos[name])

    def json(self, name: str) -> dict[str, Any]:
        """One file as JSON. Raises NotPlain."""
        content = self.read(name)
        if len(content) > LARGEST_GRAPH:
            raise NotPlain(f"a part {name} that is too large")
        try:
            return cast("dict[str, Any]", json.loads(content))
        except (ValueError, RecursionError):
            raise NotPlain(f"a part {name} that is no JSON") from None
