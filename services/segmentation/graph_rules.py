"""What the graph of an exported network may say: numbers, names, and operations of aten. All else is refused.

See exported. Each function takes a part of the JSON that `torch.export.save` writes, and builds it anew from what it
knows.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import torch
from torch._ops import OpOverload

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = re.compile(r"(?!__)[A-Za-z_]\w{0,255}", re.ASCII)
"""A value of the graph: PyTorch writes it into Python that it then runs."""
PATH = re.compile(r"(?!__)\w{1,255}(\.(?!__)\w{1,255}){0,63}", re.ASCII)
"""A parameter, layers.0.weight: likewise."""
TEXT = re.compile(r"(?!.*__)[\w ,.>+-]{0,255}", re.ASCII)
"""An option of an operation: 'reflect', or 'bij,bjk->bik'."""
TARGET = re.compile(r"torch\.ops\.aten\.([A-Za-z_]\w*)\.([A-Za-z]\w*)", re.ASCII)
FORBIDDEN = frozenset({"from_file"})
"""Operations of aten that reach outside."""
VERIFIERS = frozenset({"TRAINING", "ATEN"})
LEAF: dict[str, Any] = {"type": None, "context": None, "children_spec": []}
ONE = {"type": "builtins.tuple", "context": "null", "children_spec": [LEAF]}
NO_MORE = {"type": "builtins.dict", "context": "[]", "children_spec": []}
IN = json.dumps([1, {"type": "builtins.tuple", "context": "null", "children_spec": [ONE, NO_MORE]}])
OUT = json.dumps([1, LEAF])
"""One tensor goes in by position and one comes out, as PyTorch writes it."""

BROKEN = (KeyError, TypeError, AttributeError, ValueError, RecursionError)
"""What JSON of another form than expected ends in."""


class NotPlain(ValueError):
    """More than numbers and aten operations, or something that this program does not know."""


def program(said: dict[str, Any]) -> dict[str, Any]:
    """A whole exported program, its guards, symbols, stack traces and hints to modules left away. Raises NotPlain."""
    try:
        module = said["graph_module"]
        signature = _signature(module["signature"])
        return {
            "graph_module": {
                "graph": _graph(module["graph"]),
                "signature": signature,
                "module_call_graph": [{"fqn": "", "signature": _called(signature)}],
                "metadata": {},
                "treespec_namedtuple_fields": {},
            },
            "opset_version": {"aten": _number(said["opset_version"]["aten"])},
            "range_constraints": {},
            "schema_version": {part: _number(said["schema_version"][part]) for part in ("major", "minor")},
            "verifiers": [_one_of(VERIFIERS, word) for word in said["verifiers"]],
            "torch_version": _text(said["torch_version"]),
            "guards_code": [],
        }
    except BROKEN as error:
        raise _not_plain(error) from None


def payloads(said: dict[str, Any], file_name: re.Pattern[str]) -> dict[str, Any]:
    """The table of weights or of constants: raw numbers in files whose names `file_name` matches. Raises NotPlain."""
    try:
        return {"config": {_path(name): _payload(one, file_name) for name, one in said["config"].items()}}
    except BROKEN as error:
        raise _not_plain(error) from None


def _payload(said: dict[str, Any], file_name: re.Pattern[str]) -> dict[str, Any]:
    if said["use_pickle"] is not False or not file_name.fullmatch(said["path_name"]):
        raise NotPlain("weights or constants that are a pickle, which could run code: they must be plain tensors")
    return {
        "path_name": said["path_name"],
        "is_param": bool(said["is_param"]),
        "use_pickle": False,
        "tensor_meta": _meta(said["tensor_meta"]),
    }


def _graph(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "inputs": [_argument(one) for one in said["inputs"]],
        "outputs": [_argument(one) for one in said["outputs"]],
        "nodes": [_node(one) for one in said["nodes"]],
        "tensor_values": {_name(name): _meta(meta) for name, meta in said["tensor_values"].items()},
        "sym_int_values": {},
        "sym_bool_values": {},
        "is_single_tensor_return": bool(said["is_single_tensor_return"]),
        "custom_obj_values": {},
        "sym_float_values": {},
    }


def _node(said: dict[str, Any]) -> dict[str, Any]:
    inputs = said["inputs"]
    return {
        "target": _target(said["target"]),
        "inputs": [
            {"name": _name(one["name"]), "arg": _argument(one["arg"]), "kind": _number(one.get("kind"))}
            for one in inputs
        ],
        "outputs": [_argument(one) for one in said["outputs"]],
        "metadata": {},
        "is_hop_single_tensor_return": None,
        "name": _name(said["name"]) if said.get("name") else None,
    }


def _target(said: str) -> str:
    """An operation: aten's, existing, and no file's. Names of Python's own begin with two underscores."""
    found = TARGET.fullmatch(said)
    operation = getattr(getattr(torch.ops.aten, found[1], None), found[2], None) if found else None
    if found is None or found[1] in FORBIDDEN or not isinstance(operation, OpOverload):
        raise NotPlain(f"the operation {said[:80]!r}; operations must be PyTorch's own, torch.ops.aten")
    return said


def _argument(said: dict[str, Any]) -> dict[str, Any]:
    ((kind, value),) = said.items()
    if kind not in ARGUMENTS:
        raise NotPlain(f"a value of the kind {kind[:40]!r}; shapes must be fixed and values be tensors or numbers")
    return {kind: ARGUMENTS[kind](value)}


def _signature(said: dict[str, Any]) -> dict[str, Any]:
    inputs = [_input(one) for one in said["input_specs"]]
    outputs = [_output(one) for one in said["output_specs"]]
    images = sum("user_input" in one for one in inputs)
    if (images, len(outputs)) != (1, 1):
        raise NotPlain(f"{images} inputs and {len(outputs)} outputs; one image goes in, logits come out")
    return {"input_specs": inputs, "output_specs": outputs}


def _input(said: dict[str, Any]) -> dict[str, Any]:
    """A parameter, buffer or constant by its path, or the image."""
    ((kind, spec),) = said.items()
    if kind == "user_input":
        return {kind: {"arg": {"as_tensor": _tensor(spec["arg"]["as_tensor"])}}}
    if kind not in ("parameter", "buffer", "tensor_constant"):
        raise NotPlain(f"an input of the kind {kind[:40]!r}; it must be a tensor")
    more = {"persistent": bool(spec["persistent"])} if kind == "buffer" else {}
    return {kind: {"arg": _tensor(spec["arg"]), f"{kind}_name": _path(spec[f"{kind}_name"]), **more}}


def _output(said: dict[str, Any]) -> dict[str, Any]:
    ((kind, spec),) = said.items()
    if kind != "user_output":
        raise NotPlain(f"an output of the kind {kind[:40]!r}; call .eval() on a network before it is exported")
    return {kind: {"arg": {"as_tensor": _tensor(spec["arg"]["as_tensor"])}}}


def _called(signature: dict[str, Any]) -> dict[str, Any]:
    """How the network is called: with the image, by position."""
    (image,) = (
        one["user_input"]["arg"]["as_tensor"]["name"] for one in signature["input_specs"] if "user_input" in one
    )
    return {"inputs": [], "outputs": [], "in_spec": IN, "out_spec": OUT, "forward_arg_names": [image]}


def _meta(said: dict[str, Any]) -> dict[str, Any]:
    """What a tensor is like, in whole numbers."""
    return {
        "dtype": _number(said["dtype"]),
        "sizes": [_size(one) for one in said["sizes"]],
        "requires_grad": bool(said["requires_grad"]),
        "device": _device(said["device"]),
        "strides": [_size(one) for one in said["strides"]],
        "storage_offset": _size(said["storage_offset"]),
        "layout": _number(said["layout"]),
    }


def _size(said: dict[str, Any]) -> dict[str, Any]:
    if set(said) != {"as_int"}:
        raise NotPlain("a symbolic size; shapes must be fixed: export without dynamic_shapes")
    return {"as_int": _number(said["as_int"])}


def _device(said: dict[str, Any]) -> dict[str, Any]:
    if said["type"] != "cpu":
        raise NotPlain(f"tensors on {str(said['type'])[:40]!r}; call .cpu() on a network before it is exported")
    return {"type": "cpu", "index": None}


def _numbers(said: object) -> object:
    """A number, nothing, or lists of these. PyTorch writes infinities as words."""
    if isinstance(said, list):
        return [_numbers(one) for one in said]
    if said in ("Infinity", "-Infinity", "NaN"):
        return said
    return said if said is None else _number(said)


def _number(said: object) -> int | float | bool | None:
    if said is None or isinstance(said, (int, float)):
        return said
    raise NotPlain(f"a {type(said).__name__} where a number belongs")


def _tensor(said: dict[str, Any]) -> dict[str, str]:
    return {"name": _name(said["name"])}


def _tensors(said: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [_tensor(one) for one in said]


def _optional_tensors(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"as_none": True} if "as_none" in one else {"as_tensor": _tensor(one["as_tensor"])} for one in said]


def _name(said: str) -> str:
    return _matching(NAME, said)


def _path(said: str) -> str:
    return _matching(PATH, said)


def _text(said: str) -> str:
    return _matching(TEXT, said)


def _matching(pattern: re.Pattern[str], said: str) -> str:
    if not pattern.fullmatch(said):
        raise NotPlain(f"the name {said[:40]!r}, which is none: names are letters, digits and _")
    return said


def _one_of(known: frozenset[str], said: str) -> str:
    if said not in known:
        raise NotPlain(f"the word {said[:40]!r}, which this program does not know")
    return said


def _not_plain(error: Exception) -> NotPlain:
    if isinstance(error, NotPlain):
        return error
    return NotPlain(f"a graph of another form than PyTorch {torch.__version__} writes ({type(error).__name__})")


ARGUMENTS: dict[str, Callable[[Any], object]] = {
    "as_tensor": _tensor,
    "as_tensors": _tensors,
    "as_optional_tensors": _optional_tensors,
    "as_string": _text,
    "as_device": _device,
    **dict.fromkeys(("as_none", "as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools"), _numbers),
    **dict.fromkeys(("as_int_lists", "as_scalar_type", "as_memory_format", "as_layout"), _numbers),
}
"""The kinds of arguments that an operation may have, and how each is built anew."""
