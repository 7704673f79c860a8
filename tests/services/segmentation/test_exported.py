"""A network from a .pt2 file is read without trusting the file: nothing in it is unpickled, imported or evaluated."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InputRefused
from services.segmentation import exported, graph_rules
from services.segmentation.exported import COPIED, MODEL, TABLES
from services.segmentation.graph_rules import NotPlain
from tests.services.segmentation.model_folders import PATCH, Scaled, export

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WEIGHTS = TABLES["weights"]
FIRST_WEIGHT = "data/weights/weight_0"


class Mischief:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self._file), "w")


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files in a harmless archive, as PyTorch writes it."""
    with zipfile.ZipFile(export(Scaled(), tmp_path_factory.mktemp("exported") / "m.pt2")) as archive:
        return {name.removeprefix("m/"): archive.read(name) for name in archive.namelist()}


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that is there once something of an archive was executed."""
    return tmp_path / "executed"


@pytest.fixture
def pickled(mark: Path) -> bytes:
    """What `torch.save` makes of mischief."""
    buffer = io.BytesIO()
    torch.save((Mischief(mark),), buffer)
    return buffer.getvalue()


def write(path: Path, parts: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(f"m/{name}", content)
    return path


def changed(parts: Mapping[str, bytes], name: str, change: Callable[[Any], object]) -> dict[str, bytes]:
    """The archive with one of its JSON files changed in place."""
    said = json.loads(parts[name])
    change(said)
    return {**parts, name: json.dumps(said).encode()}


def refusal(path: Path) -> str:
    with pytest.raises(InputRefused) as refused:
        exported.load(path)
    return refused.value.found


def first_of(program: dict[str, Any], what: str) -> Any:
    return program["graph_module"]["graph"][what][0]


def every_pickle(weights: dict[str, Any]) -> None:
    for one in weights["config"].values():
        one["use_pickle"] = True


def test_a_harmless_network_gives_what_it_gave_before(parts: dict[str, bytes], tmp_path: Path) -> None:
    image = torch.randn(1, 1, *PATCH, generator=torch.Generator().manual_seed(1))
    network = exported.load(write(tmp_path / "m.pt2", parts)).module()
    assert torch.equal(network(image), Scaled()(image))


def test_pickled_weights_are_refused_and_not_executed(
    parts: dict[str, bytes], pickled: bytes, mark: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.pt2", changed(parts, WEIGHTS, every_pickle) | {FIRST_WEIGHT: pickled})
    assert "a pickle, which could run code" in refusal(path)
    assert not mark.exists()


def test_pytorch_alone_would_have_executed_them(
    parts: dict[str, bytes], pickled: bytes, mark: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "m.pt2", changed(parts, WEIGHTS, every_pickle) | {FIRST_WEIGHT: pickled})
    with pytest.raises(Exception, match=r".*"):
        torch.export.load(path)
    assert mark.exists()


@pytest.mark.parametrize("name", ["data/sample_inputs/model.pt", "data/weights/model.pt", "data/constants/model.pt"])
def test_a_pickle_that_a_network_does_not_need_is_never_read(
    name: str, parts: dict[str, bytes], pickled: bytes, mark: Path, tmp_path: Path
) -> None:
    exported.load(write(tmp_path / "m.pt2", {**parts, name: pickled}))
    assert not mark.exists()


@pytest.mark.parametrize("prefix", ["custom_obj_0", "opaque_obj_0"])
def test_constants_that_are_objects_are_refused(prefix: str, parts: dict[str, bytes], tmp_path: Path) -> None:
    meta = next(iter(json.loads(parts[WEIGHTS])["config"].values()))
    constants = {"config": {"one": meta | {"path_name": prefix, "is_param": False}}}
    path = write(tmp_path / "m.pt2", {**parts, TABLES["constants"]: json.dumps(constants).encode()})
    assert "a pickle" in refusal(path)


def test_guards_are_python_and_left_away(parts: dict[str, bytes], mark: Path, tmp_path: Path) -> None:
    code = [f"open({str(mark)!r}, 'w')"]
    path = write(tmp_path / "m.pt2", changed(parts, MODEL, lambda said: said.update(guards_code=code)))
    exported.load(path).module()(torch.zeros(1, 1, *PATCH))
    assert not mark.exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.hub.load",
        "_operator.methodcaller",
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.relu.__class__",
        "torch.ops.aten.__init__.default",
        "torch.ops.higher_order.cond",
        "torch.ops.mine.relu.default",
        "torch.ops.aten.no_such.default",
    ],
)
def test_only_operations_of_aten_are_done(target: str, parts: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "m.pt2", changed(parts, MODEL, lambda said: first_of(said, "nodes").update(target=target)))
    assert f"the operation '{target}'" in refusal(path)


def test_a_symbolic_size_is_python_and_refused(parts: dict[str, bytes], mark: Path, tmp_path: Path) -> None:
    size = {"as_expr": {"expr_str": f"open({str(mark)!r}, 'w')", "hint": {"as_int": 1}}}

    def change(said: dict[str, Any]) -> None:
        next(iter(said["graph_module"]["graph"]["tensor_values"].values()))["sizes"][0] = size

    assert "symbolic size" in refusal(write(tmp_path / "m.pt2", changed(parts, MODEL, change)))
    assert not mark.exists()


def test_a_network_in_training_or_on_a_gpu_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    def on_gpu(said: dict[str, Any]) -> None:
        next(iter(said["graph_module"]["graph"]["tensor_values"].values()))["device"]["type"] = "cuda"

    def training(said: dict[str, Any]) -> None:
        mutation = {"buffer_mutation": {"arg": {"name": "b_plus"}, "buffer_name": "plus"}}
        said["graph_module"]["signature"]["output_specs"].insert(0, mutation)

    assert "call .cpu()" in refusal(write(tmp_path / "a.pt2", changed(parts, MODEL, on_gpu)))
    assert "call .eval()" in refusal(write(tmp_path / "b.pt2", changed(parts, MODEL, training)))


def test_compiled_code_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "m.pt2", {**parts, "data/aotinductor/model/m.so": b"\x7fELF"})
    assert "compiled code" in refusal(path)


def test_an_archive_must_be_as_pytorch_writes_it(parts: dict[str, bytes], tmp_path: Path) -> None:
    assert "compressed" in refusal(write(tmp_path / "a.pt2", parts, zipfile.ZIP_DEFLATED))
    assert "no part" in refusal(write(tmp_path / "b.pt2", {**parts, COPIED[0]: b""}))
    assert "no JSON" in refusal(write(tmp_path / "c.pt2", {**parts, MODEL: b"["}))
    assert "another form" in refusal(write(tmp_path / "d.pt2", {**parts, MODEL: b"[]"}))
    (tmp_path / "e.pt2").write_bytes(b"PK nonsense")
    assert "no archive" in refusal(tmp_path / "e.pt2")


def test_an_archive_that_would_fill_the_memory_is_refused(
    parts: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported, "LARGEST", 1000)
    assert "more than" in refusal(write(tmp_path / "m.pt2", parts))


def test_a_file_named_twice_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "m.pt2", parts)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(f"m/{MODEL}", parts[MODEL])
    assert "twice" in refusal(path)


def leaves(said: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the words of a JSON document stand."""
    inside = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    found = [place for key, one in inside for place in leaves(one, (*path, key))]
    return [*found, path] if isinstance(said, str) else found


@pytest.fixture(scope="session")
def read_program(parts: dict[str, bytes]) -> Callable[[], dict[str, Any]]:
    return lambda: dict(json.loads(parts[MODEL]))


@given(st.data())
def test_no_word_of_an_archive_passes_that_python_could_run(
    read_program: Callable[[], dict[str, Any]], data: st.DataObject
) -> None:
    hostile = data.draw(st.sampled_from(["x);import os#", "a\nb", "__import__('os')", 'a"b', "a=b", "__class__"]))
    said = read_program()
    *way, last = data.draw(st.sampled_from(leaves(said)))
    place: Any = said
    for step in way:
        place = place[step]
    place[last] = hostile
    try:
        passed = json.dumps(graph_rules.program(said))
    except NotPlain:
        return
    assert json.dumps(hostile)[1:-1] not in passed
