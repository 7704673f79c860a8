"""A whole body from formulas: every organ painted in its order, deeper ones over what surrounds them.

Neighbours as an atlas has them: vena cava to the right of the aorta; left renal vein between superior mesenteric
artery and aorta; duodenum across both at L3; psoas beside the spine; kidneys at T12 to L3, the right one lower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.phantom import bowel, branches, organs, skeleton, trunk, vessels
from services.phantom.aorta import Aorta, aorta_of
from services.phantom.frame import Frame
from services.phantom.scanner import scanned
from services.phantom.scene import Scene
from services.phantom.structures import Factor
from services.phantom.tissues import Tissues, tissues_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.plan import Plan
    from services.phantom.vessels import Distances


@dataclass(frozen=True)
class Phantom:
    """A scan and what is known about it."""

    plan: Plan
    hounsfield: NDArray[np.int16]
    """[k, j, i]."""
    labels: NDArray[np.uint8]
    """[k, j, i], values of `structures.Structure`, at the middles of the voxels."""
    distances: Distances
    aorta: Aorta


def generate(plan: Plan) -> Phantom:
    """The scan of a plan with its exact labels. Equal plans give equal arrays."""
    frame, tissues = Frame(plan), tissues_of(plan)
    aorta = aorta_of(plan, frame)
    scene = Scene(plan)
    distances = _paint(scene, frame, aorta, tissues)
    labels = np.array(scene.on_slices(scene.labels), np.uint8)
    return Phantom(plan, scanned(scene), labels, distances, aorta)


def _paint(scene: Scene, frame: Frame, aorta: Aorta, tissues: Tissues) -> Distances:
    layers = trunk.Layers(scene, frame)
    cavity = trunk.paint_trunk(scene, frame, layers, tissues)
    trunk.paint_chest(scene, frame, cavity, tissues)
    bowel.paint_bowel(scene, frame, cavity, tissues)
    organs.paint_organs(scene, frame, cavity, tissues)
    trunk.paint_back(scene, frame, layers, tissues)
    skeleton.paint_skeleton(scene, frame, tissues)
    if scene.plan.has(Factor.METAL):
        skeleton.paint_metal(scene, frame)
    vessels.paint_crura(scene, frame, tissues)
    cava = vessels.paint_cava(scene, frame, aorta, tissues)
    bowel.paint_duodenum(scene, frame, tissues, aorta.front(frame.levels["L3"] + 9.0))
    branches.paint_branches(scene, frame, aorta, tissues)
    return vessels.paint_aorta(scene, aorta, cava, tissues)
