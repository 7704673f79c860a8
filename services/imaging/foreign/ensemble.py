"""The members of an nnU-Net model for one case: each one's probability, their mean, and the mask.

The mean and the mask follow nnU-Net's own ensembling (nnunetv2 2.x, ensembling/ensemble.py): probabilities are
averaged, then the largest wins; with regions, every region above one half sets its value in regions_class_order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from db.vocabulary import LayerKind
from services.errors import GeometryMismatch
from services.imaging.foreign.doubt import MARGIN_MM, Parts, box_around, doubt_of
from services.imaging.foreign.naming import other, unnamed
from services.imaging.foreign.probabilities import channel_slabs, parts_of
from services.imaging.layers import (
    LabelMaps,
    Reading,
    doubt_layer,
    joined,
    label_layers,
    map_layer,
    noted,
    whole_labels,
)
from services.imaging.nifti import LPS_TO_RAS, REVERSED_AXES, has_place, read_array
from services.imaging.resampling import LINEAR, on_grid
from services.labels import INSIDE_WALL, OUTER_WALL
from services.segmentation.provenance import IMPORTED
from services.uncertainty.expert_guided import in_words, two_uncertainties
from services.uncertainty.names import VARIANCES, Measure
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json, Region
    from services.imaging.foreign.naming import Naming
    from services.imaging.foreign.nnunet import Labels, Member, Model
    from services.imaging.layers import Author

MEAN = "mean of members"
ANYTHING = "all structures"
"""What a probability is of where no label of the model lies within the aortic wall."""


@dataclass(frozen=True)
class NnunetResult:
    """What one model predicted for one case; a Result."""

    model: Model
    members: tuple[Member, ...]
    author: Author
    naming: Naming
    what: str = "nnU-Net result"

    def read(self, image: Volume) -> Reading:
        """The mask, and where probabilities or several folds are there each member's and their mean."""
        member_masks = [_mask(member, self.model) for member in self.members]
        grid = _Grid(member_masks[0][1], member_masks[0][0].shape, image, has_place(self.members[0].mask))
        masks = [mask for mask, _ in member_masks]
        if any(mask.shape != grid.shape for mask in masks):
            raise GeometryMismatch(
                "The folds of a case must have one shape.", "different ones.", "Predict the same image with every fold."
            )
        found = joined([self._labels(masks, grid), *self._maps(masks, grid)])
        return joined([_by_all_members(found), self._doubt(masks, grid)]) if self._is_ensemble() else found

    def _labels(self, masks: list[NDArray[np.uint8]], grid: _Grid) -> Reading:
        mask = masks[0] if len(masks) == 1 else self._agreed(masks)
        classes, left_out, unknown = self.naming.classes(self.model.labels.names)
        present = {int(value) for value in np.unique(mask)} - left_out - {0}
        classes |= {value: other(value) for value in present - classes.keys()}
        maps = LabelMaps(mask.shape)
        for value, structure in sorted(classes.items()):
            maps.add(structure, mask == value)
        reading = label_layers(maps, grid.affine, grid.image, self.author, self._parameters(), placed=grid.placed)
        return joined([reading, Reading((), (), unnamed(len(unknown)))])

    def _maps(self, masks: list[NDArray[np.uint8]], grid: _Grid) -> Iterator[Reading]:
        """One probability of the foreground a member, and their mean where there are several."""
        if len(masks) == 1 and self.members[0].probabilities is None:
            return
        total = np.zeros(grid.shape, dtype=np.float32)
        for number, (member, mask) in enumerate(zip(self.members, masks, strict=True), start=1):
            foreground = self._foreground(member, mask)
            total += foreground
            if len(masks) > 1:
                said = {"member": number} | ({"fold": member.fold} if member.fold else {})
                yield self._map(foreground, grid, f"member {number}", said)
        total /= len(masks)
        yield self._map(total, grid, "", {"members": len(masks)} if len(masks) > 1 else {})

    def _is_ensemble(self) -> bool:
        """Whether there are several members, each with what it said of every voxel."""
        return len(self.members) > 1 and all(member.probabilities is not None for member in self.members)

    def _doubt(self, masks: list[NDArray[np.uint8]], grid: _Grid) -> Reading:
        """The variance between members, and predictive entropy, expected entropy and mutual information.

        Nobody knows what several readers would have taught them: the aleatoric part is named as missing.
        """
        box = box_around(masks, np.linalg.norm(grid.affine[:3, :3], axis=0))
        if box is None:
            return Reading((), (), (f"{self.author.name}: no member marks anything, so no doubt was computed",))
        parts = self._parts()
        streams = (_channels(member, mask, self.model.labels) for member, mask in zip(self.members, masks, strict=True))
        found = doubt_of(streams, parts, box)
        said = {**self._parameters(), "members": found.members, "classes": ", ".join(("rest", *parts.names))}
        said |= {"margin_mm": MARGIN_MM}
        two = two_uncertainties(found)
        maps = {
            Measure.EPISTEMIC: two.epistemic,
            Measure.PREDICTIVE: found.predictive_entropy,
            Measure.EXPECTED: found.expected_entropy,
            Measure.MUTUAL: found.mutual_information,
        }
        lacking = {measure: said | (in_words(two.missing) if measure in VARIANCES else {}) for measure in maps}
        return joined(
            _placed_doubt(values, box, grid, self.author, measure, len(parts.names) + 1, lacking[measure])
            for measure, values in maps.items()
            if values is not None
        )

    def _parts(self) -> Parts:
        """What a voxel can be, exclusively: the structures within the wall where labels are, the wall where regions."""
        labels, inside = self.model.labels, self._inside()
        if labels.order or not inside:
            wanted = inside or range(0 if labels.order else 1, len(labels.heads))
            name = OUTER_WALL if inside else ANYTHING
            return Parts((name,), (frozenset(wanted),), overlap=bool(labels.order))
        channels: dict[str, set[int]] = {}
        for number in inside:
            channels.setdefault(str(self.naming.structure(labels.heads[number][0])), set()).add(number)
        return Parts(tuple(channels), tuple(map(frozenset, channels.values())))

    def _map(self, values: NDArray[np.float32], grid: _Grid, member: str, said: Json) -> Reading:
        placed = on_grid(values, grid.affine, grid.image, order=LINEAR, placed=grid.placed)
        of = OUTER_WALL if self._inside() else ANYTHING
        name = f"{of}, {member}" if member else of
        votes = {} if all(one.probabilities for one in self.members) else {"from": "masks, without probabilities"}
        parameters = noted({**self._parameters(), **said, **votes}, placed.note)
        method = {} if member or len(self.members) == 1 else {"method": MEAN}
        layer = map_layer(
            placed.array, grid.image, self.author, LayerKind.PROBABILITY, name, parameters=parameters, **method
        )
        return Reading((layer,), (f"{self.author.name}: probabilities {placed.note}",) if placed.note else ())

    def _parameters(self) -> Json:
        folds = [member.fold for member in self.members if member.fold]
        return {"format": "nnU-Net v2"} | ({"folds": ", ".join(folds)} if folds else {})

    def _inside(self) -> list[int]:
        """The channels within the aortic wall; with regions, that of the whole wall alone where there is one."""
        heads = [self.naming.structure(name) for name, _ in self.model.labels.heads]
        whole = [number for number, structure in enumerate(heads) if structure == OUTER_WALL]
        if self.model.labels.order and whole:
            return whole[:1]
        return [number for number, structure in enumerate(heads) if structure in INSIDE_WALL]

    def _foreground(self, member: Member, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability of being within the wall: the sum of exclusive classes, the largest of overlapping regions."""
        labels = self.model.labels
        wanted = set(self._inside() or range(0 if labels.order else 1, len(labels.heads)))
        total = np.zeros(mask.shape, dtype=np.float32)
        for channel, first, values in _channels(member, mask, labels):
            if channel in wanted:
                part = total[first : first + len(values)]
                np.copyto(part, np.maximum(part, values) if labels.order else part + values)
        return total

    def _agreed(self, masks: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """The mask of the averaged probabilities, all members read side by side."""
        labels = self.model.labels
        best = np.full(masks[0].shape, 0.5 if labels.order else -1, dtype=np.float32)
        agreed = np.zeros(masks[0].shape, dtype=np.uint8)
        streams = [_channels(member, mask, labels) for member, mask in zip(self.members, masks, strict=True)]
        for parts in zip(*streams, strict=True):
            channel, first, _ = parts[0]
            mean = sum(values for _, _, values in parts) / len(parts)
            here = slice(first, first + len(mean))
            better = mean > best[here]
            agreed[here][better] = labels.order[channel] if labels.order else min(labels.heads[channel][1])
            if not labels.order:
                best[here][better] = mean[better]
        return agreed


@dataclass(frozen=True)
class _Grid:
    """Where a model's masks and probabilities lie, and the image they go to."""

    affine: NDArray[np.float64]
    shape: tuple[int, ...]
    image: Volume
    placed: bool


def _by_all_members(found: Reading) -> Reading:
    """The same layers; what is of no member alone names its method."""
    layers = (one if "member" in one.parameters else replace(one, method=IMPORTED) for one in found.layers)
    return replace(found, layers=tuple(layers))


def _placed_doubt(
    values: NDArray[np.float32],
    box: Region,
    grid: _Grid,
    author: Author,
    measure: Measure,
    classes: int,
    said: Json,
) -> Reading:
    """A map of a box of the model's grid, on the image's."""
    whole = np.zeros(grid.shape, dtype=np.float32)
    whole[slices_of(box)] = values
    placed = on_grid(whole, grid.affine, grid.image, order=LINEAR, placed=grid.placed)
    parameters = noted(said, placed.note)
    layer = doubt_layer(placed.array, classes, grid.image, author, measure, method=IMPORTED, parameters=parameters)
    return Reading((layer,), (f"{author.name}: {measure} {placed.note}",) if placed.note else ())


def _mask(member: Member, model: Model) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A member's mask [k, j, i] on the grid of its probabilities, and the affine of that grid to LPS."""
    array, affine = read_array(member.mask)
    if model.reoriented:
        turned = nib.as_closest_canonical(
            nib.Nifti1Image(array.transpose(2, 1, 0), LPS_TO_RAS @ affine @ REVERSED_AXES)
        )
        array = np.ascontiguousarray(np.asanyarray(turned.dataobj).transpose(2, 1, 0))
        affine = LPS_TO_RAS @ turned.affine @ REVERSED_AXES
    return whole_labels(array), affine


def _channels(
    member: Member, mask: NDArray[np.uint8], labels: Labels
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Channel, first slice and probabilities, in order; a member without probabilities is sure of its mask."""
    if member.probabilities is not None:
        yield from channel_slabs(member.probabilities, (len(labels.heads), *mask.shape))
        return
    for channel, (_, values) in enumerate(labels.heads):
        for part in parts_of(mask.shape):
            yield channel, part.start, np.isin(mask[part], list(values)).astype(np.float32)
