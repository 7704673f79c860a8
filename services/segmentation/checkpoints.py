"""Checkpoints of trainings: all that the next step depends on, so that an interrupted one ends like any other."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from _typeshed import DataclassInstance

    Part = torch.nn.Module | torch.optim.Optimizer | torch.optim.lr_scheduler.LRScheduler


def save(path: Path, recipe: DataclassInstance, step: int, losses: list[float], parts: Mapping[str, Part]) -> None:
    """Keep how far a training is; the file is whole or the one before."""
    draft = path.with_suffix(".unfinished")
    states = {name: part.state_dict() for name, part in parts.items()}
    torch.save({"step": step, "losses": losses, "recipe": repr(asdict(recipe)), **states}, draft)
    draft.replace(path)


def load(path: Path, recipe: DataclassInstance, called: str = "recipe") -> dict[str, Any]:
    """What `save` kept. Raises ValueError where it belongs to another recipe, or whatever that is called."""
    kept: dict[str, Any] = torch.load(path, weights_only=True)
    if kept.get("recipe") != repr(asdict(recipe)):
        message = f"{path.name} belongs to another {called}; train into another folder, or remove it."
        raise ValueError(message)
    return kept


def restore(kept: Mapping[str, Any], parts: Mapping[str, Part]) -> None:
    """Put every part back as it was kept."""
    for name, part in parts.items():
        part.load_state_dict(kept[name])
