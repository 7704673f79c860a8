"""Which models there are: shipped and added ones; a damaged one is told, and stops nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from services import shelf
from services.errors import InputRefused, NotFound
from services.segmentation import registry
from tests.services.segmentation.model_folders import Scaled, card_of, digest, model, two_heads, unet, write_card

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from tests.services.conftest import Run


@pytest.fixture(scope="session")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound model."""
    return model(tmp_path_factory.mktemp("models") / "tiny", Scaled(), "a.onnx")


@pytest.fixture
def other(onnx: Path, tmp_path: Path) -> Path:
    """Another model: the same network under another version."""
    (tmp_path / "other").mkdir()
    weights = tmp_path / "other" / "a.onnx"
    weights.write_bytes((onnx / "a.onnx").read_bytes())
    return write_card(weights.parent, card_of(weights, version="2"))


def audited(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as session:
        rows = session.execute(text("SELECT action, details FROM audit_event ORDER BY id"))
        return [(action, json.loads(details)["model"]) for action, details in rows]


def test_the_shipped_models_are_as_their_cards_say() -> None:
    for card in registry.shipped():
        assert registry.read_listed(card.folder) == card


def test_all_shipped_weights_together_are_a_small_download() -> None:
    assert sum(path.stat().st_size for path in registry.SHIPPED.glob("*/*.safetensors")) <= 45e6


def test_a_model_is_added_by_the_hash_of_its_card_and_found_by_its_key(desk: Desk, onnx: Path) -> None:
    added = shelf.add(desk, onnx)
    assert added.is_new
    assert added.card.folder == desk.settings.home / "models" / digest(onnx / "card.toml")
    assert registry.find("Tiny@1", desk.settings.home) == added.card
    assert sorted(path.name for path in added.card.folder.iterdir()) == ["a.onnx", "card.toml"]


def test_adding_the_same_model_again_changes_nothing(desk: Desk, onnx: Path) -> None:
    first = shelf.add(desk, onnx)
    again = shelf.add(desk, onnx / "card.toml")
    assert (again.card, again.is_new) == (first.card, False)
    assert audited(desk) == [("model added", "Tiny@1")]


def test_another_model_under_the_same_name_and_version_is_refused(desk: Desk, onnx: Path, other: Path) -> None:
    shelf.add(desk, onnx)
    write_card(other, card_of(other / "a.onnx", window_hu=[0, 1]))
    with pytest.raises(InputRefused, match="another version"):
        shelf.add(desk, other)
    assert [card.window_hu for card in registry.added(desk.settings.home)] == [(-200, 500)]


def test_a_model_that_fails_the_probe_leaves_nothing(desk: Desk, other: Path) -> None:
    write_card(other, card_of(other / "a.onnx", classes={"1": "liver"}))
    with pytest.raises(InputRefused, match="1 classes"):
        shelf.add(desk, other)
    assert registry.added(desk.settings.home) == ()
    assert list((desk.settings.home / "unpacked").iterdir()) == []
    assert audited(desk) == []


def test_a_damaged_model_is_told_and_the_others_stay(desk: Desk, onnx: Path, other: Path) -> None:
    damaged = shelf.add(desk, onnx).card
    sound = shelf.add(desk, other).card
    (damaged.folder / "a.onnx").unlink()
    models = shelf.models(desk)
    assert models.added == (sound,)
    assert [(one.name, "no such file" in one.problem.found) for one in models.damaged] == [
        (damaged.folder.name[:12], True)
    ]


def test_a_card_that_was_changed_where_it_lies_is_damaged(desk: Desk, onnx: Path) -> None:
    card = shelf.add(desk, onnx).card
    write_card(card.folder, card_of(card.folder / "a.onnx", window_hu=[-100, 500]))
    assert [one.problem.found for one in shelf.models(desk).damaged] == ["one that was changed."]


def test_a_damaged_model_is_mended_by_adding_it_again(desk: Desk, onnx: Path) -> None:
    card = shelf.add(desk, onnx).card
    (card.folder / "a.onnx").write_bytes(b"damaged")
    assert shelf.add(desk, onnx).is_new
    assert registry.read_listed(card.folder) == card


def test_a_model_is_removed_by_its_key_and_a_damaged_one_by_its_hash(desk: Desk, onnx: Path, other: Path) -> None:
    damaged = shelf.add(desk, onnx).card
    shelf.add(desk, other)
    (damaged.folder / "card.toml").unlink()
    shelf.remove(desk, damaged.folder.name[:12])
    shelf.remove(desk, "Tiny@2")
    assert registry.folders(desk.settings.home) == []
    assert [action for action, _ in audited(desk)] == ["model added"] * 2 + ["model removed"] * 2


def test_what_is_not_there_cannot_be_found_or_removed(desk: Desk, onnx: Path) -> None:
    shelf.add(desk, onnx)
    with pytest.raises(NotFound, match="Tiny@1"):
        shelf.model(desk, "Tiny@7")
    with pytest.raises(NotFound, match="Tiny@1"):
        shelf.remove(desk, "Tiny@7")


def test_a_shipped_model_stays(desk: Desk, onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SHIPPED", onnx.parent)
    assert [card.key for card in registry.everything(desk.settings.home).cards] == ["Tiny@1"]
    with pytest.raises(InputRefused, match="shipped"):
        shelf.remove(desk, "Tiny@1")
    with pytest.raises(InputRefused, match="another version"):
        shelf.add(desk, onnx)


def test_a_companion_is_listed_but_neither_outlines_nor_is_added(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    companion = model(tmp_path / "shipped" / "tiny", unet(), "a.safetensors", companion_of="Tiny@7", name="Doubt")
    monkeypatch.setattr(registry, "SHIPPED", companion.parent)
    models = registry.everything(desk.settings.home)
    assert (models.cards, [card.key for card in models.companions]) == ((), ["Doubt@1"])
    assert shelf.model(desk, "Doubt@1").members == models.companions[0].members
    with pytest.raises(InputRefused, match="Name Tiny@7"):
        registry.find("Doubt@1", desk.settings.home)
    two_heads(tmp_path / "shipped" / "light", "Tiny@7")
    assert registry.find("Light@1", desk.settings.home).outlines
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "nothing")
    with pytest.raises(InputRefused, match="must outline by itself"):
        shelf.add(desk, companion)


def test_the_command_line_lists_shows_adds_and_removes(run: Run, onnx: Path) -> None:
    code, out, _ = run("models", "add", onnx, "--json")
    assert (code, json.loads(out)["new"], json.loads(out)["model"]) == (0, True, "Tiny@1")
    assert "Unchanged: Tiny@1, 1 network" in run("models", "add", onnx)[1]
    assert "Tiny@1" in run("models", "list")[1]
    listed = {one["model"]: one["from"] for one in json.loads(run("models", "list", "--json")[1])["models"]}
    assert listed["Tiny@1"] == "added"
    assert "classes: 1 lumen; 2 thrombus" in run("models", "show", "Tiny@1")[1]
    assert "stays, and goes on naming it" in run("models", "remove", "Tiny@1")[1]
    assert run("models", "show", "Tiny@1")[0] == 2


def test_the_list_says_what_is_damaged_with_exit_code_1(run: Run, onnx: Path, home: Path) -> None:
    run("models", "add", onnx)
    (home / "models" / digest(onnx / "card.toml") / "a.onnx").unlink()
    code, out, _ = run("models", "list")
    assert code == 1
    assert f"Damaged: {digest(onnx / 'card.toml')[:12]}." in out


def test_knowing_the_models_loads_no_network_library() -> None:
    code = "import sys; from services import cli_models; print({'torch', 'openvino', 'monai'} & set(sys.modules))"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "set()"
