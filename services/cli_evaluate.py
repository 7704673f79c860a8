"""The command `secondlook evaluate`: how well a model outlines generated scans that it never learnt from. See cli."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services import terminal
from services.cli_begin import AsJson, begin
from services.cli_evaluate_clicks import evaluate_clicks
from services.cli_evaluate_doubt import evaluate_doubt
from services.cli_evaluate_failures import evaluate_failures
from services.cli_evaluate_measurement import evaluate_measurement
from services.cli_evaluate_one_box import evaluate_one_box, turns_of
from services.cli_evaluate_uncertainty import evaluate_uncertainty
from services.errors import NotFound
from services.imaging.progress import silent
from services.segmentation import registry
from services.terminal import counted

if TYPE_CHECKING:
    from services.evaluation.results import Estimate, Evaluation
    from services.segmentation.card import ModelCard

AORTA, LOCATOR, SELF_PROMPT = "aorta", "locator", "self_prompt"
"""Folders of shipped models: what is evaluated unless another is named, the coarse pass, and self-prompting."""
SHOWN = "outer wall Dice"


def add_to(app: typer.Typer) -> None:
    """Make this a command of `secondlook`."""
    app.command(epilog="Example: secondlook evaluate --persons 4 --out evaluation.json")(evaluate)


def evaluate(  # noqa: PLR0913, PLR0917 -- options of a command
    model: Annotated[
        str, typer.Option(help="Its key, as `secondlook models list` shows it; by default the shipped one.")
    ] = "",
    persons: Annotated[
        int, typer.Option(min=1, max=40, help="Generated persons with each factor, of each generator.")
    ] = 4,
    pairs: Annotated[
        bool, typer.Option("--pairs/--no-pairs", help="Each scan with a factor also without: what the factor changes.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Where the figures go; by default SECONDLOOK_HOME.")] = None,
    real_data: Annotated[
        Path | None, typer.Option(envvar="SECONDLOOK_REAL_DATA", help="Folder that has cta_dissection/.")
    ] = None,
    self_prompt: Annotated[
        bool, typer.Option("--self-prompt", help="Ways for LiteMedSAM to outline without a hand, in place of a model.")
    ] = False,
    clicks: Annotated[
        bool, typer.Option("--clicks", help="Instead: how many clicks corrections take, by a robot on single slices.")
    ] = False,
    one_box: Annotated[
        bool, typer.Option("--one-box", help="Instead: how well one box leads to the whole vessel, from many starts.")
    ] = False,
    measurement: Annotated[
        bool, typer.Option("--measurement", help="Instead: measured diameters beside those of the formulas.")
    ] = False,
    turn: Annotated[
        str, typer.Option(help="With --one-box, --uncertainty, --failures: which of several processes this is, as 1/2.")
    ] = "",
    doubt: Annotated[
        bool, typer.Option("--doubt", help="Instead: how often intervals of the diameter hold the truth.")
    ] = False,
    fit: Annotated[
        Path | None, typer.Option(help="With --doubt: fit the intervals anew, and write their constants here.")
    ] = None,
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="Instead: what maps of doubt are worth, each way beside the others.")
    ] = False,
    controls: Annotated[
        Path | None, typer.Option(help="With --uncertainty: folder of networks trained as controls, which none ships.")
    ] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="Instead: which scores of a scan find failures and strange scans.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on scans of two generators and on one real scan. Takes long; what was interrupted goes on."""
    settings = begin()
    if self_prompt:
        _self_prompt(persons, real_data, out, settings.home, as_json=as_json)
        return
    if clicks:
        evaluate_clicks(settings.home, persons, out, real_data, as_json=as_json)
        return
    if doubt:
        evaluate_doubt(settings.home, persons, fit, out, as_json=as_json)
        return
    if uncertainty or failures:
        if failures:
            evaluate_failures(settings.home, persons, turns_of(turn), out, real_data, as_json=as_json)
        else:
            evaluate_uncertainty(settings.home, persons, controls, turns_of(turn), out, as_json=as_json)
        return
    if one_box:
        evaluate_one_box(settings.home, persons, turn, out, real_data, as_json=as_json)
        return
    if measurement:
        evaluate_measurement(settings.home, persons, out, real_data, as_json=as_json)
        return
    card, locator = _card(model, settings.home), _shipped(LOCATOR)
    from services.evaluation import evaluating, real_scan, results  # noqa: PLC0415 -- generating scans loads scipy
    from services.evaluation.held_out import held_out  # noqa: PLC0415
    from services.segmentation import inference  # noqa: PLC0415 -- loads OpenVINO
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415

    fingerprint = evaluating.fingerprint_of(card, locator, inference.VERSION)
    here = results.place_of(card, settings.home)
    here.parent.mkdir(parents=True, exist_ok=True)
    target, kept = out or here, here.with_name(f"{fingerprint}.jsonl")
    outlined = partial(inference.predict, card=card, locator=locator, progress=silent, engines=KeptNetworks())
    with terminal.progress() as progress:
        chosen = held_out(persons, pairs=pairs)
        lines = evaluating.evaluate(chosen, outlined, card, kept, progress)
        real = real_scan.read_scan(real_data) if real_data else None
        looks = evaluating.look_again(real, outlined, card, fingerprint, evaluating.looks_before(target))
    command = f"secondlook evaluate --persons {persons}{'' if pairs else ' --no-pairs'}"
    evaluation = evaluating.figures_of(card, fingerprint, lines, looks, command)
    results.write(target, evaluation)
    terminal.show(evaluation, sentences(evaluation), as_json=as_json)


def _self_prompt(persons: int, real_data: Path | None, out: Path | None, home: Path, *, as_json: bool) -> None:
    """Measure the ways to outline without a prompt, and keep the document of all scans."""
    from services.evaluation import real_scan, self_prompt_evaluating, self_prompt_results  # noqa: PLC0415 -- torch
    from services.evaluation.self_prompt_tables import block  # noqa: PLC0415
    from services.segmentation.promptable.lite_medsam import LiteMedSam  # noqa: PLC0415

    card, model = _shipped(SELF_PROMPT), LiteMedSam()
    if card is None:
        raise NotFound(
            "Self-prompting must be here to be evaluated.", "none.", "Train it: secondlook train self-prompt."
        )
    folder = home / "evaluations"
    with terminal.progress() as progress:
        real = real_scan.read_scan(real_data) if real_data else None
        lines = self_prompt_evaluating.evaluate(persons, real, card, model, folder, progress)
    how = self_prompt_evaluating.how(card, model)
    published = self_prompt_results.document(lines, how, f"secondlook evaluate --self-prompt --persons {persons}")
    self_prompt_results.write(out or folder / "self_prompt.json", published)
    terminal.show(published, block(published), as_json=as_json)


def _card(key: str, home: Path) -> ModelCard:
    card = registry.find(key, home) if key else _shipped(AORTA)
    if card is None:
        raise NotFound(
            "A model must be here to be evaluated.", "none that was shipped.", "Name one with --model, or add one."
        )
    return card


def _shipped(folder: str) -> ModelCard | None:
    return next((card for card in registry.shipped() if card.folder.name == folder), None)


def sentences(evaluation: Evaluation) -> list[str]:
    """The figure that claims quote, stratum by stratum, and the real scan."""
    rows = [row for row in evaluation.strata if row.measure == SHOWN]
    found = [
        f"{row.stratum}: {_said(row.same)} on the same generator, {_said(row.other)} on the other." for row in rows
    ]
    times = counted(len(evaluation.looks), "time")
    looked = [
        f"Real CTA: Dice {look.aorta_dice:.2f} with software labels, no accuracy; looked at {times}."
        for look in evaluation.looks[-1:]
        if look.aorta_dice is not None
    ]
    return [f"{evaluation.model}, {SHOWN}:", *found, *looked]


def _said(estimate: Estimate) -> str:
    if estimate.value is None:
        return terminal.UNDEFINED
    interval = "" if estimate.lower is None else f" ({estimate.lower:.2f} to {estimate.upper:.2f})"
    return f"{estimate.value:.2f}{interval}, n = {estimate.cases}"
