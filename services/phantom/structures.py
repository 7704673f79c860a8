"""The structures that both generators label, and nothing else that they share: names, not shapes."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Structure(IntEnum):
    """A value of the reference label map. Every voxel has exactly one: what it was last painted as."""

    BACKGROUND = 0
    LUMEN = 1
    THROMBUS = 2
    CALCIFICATION = 3
    ILIAC_ARTERIES = 4
    INFERIOR_VENA_CAVA = 5
    KIDNEYS = 6
    VERTEBRA = 7
    BOWEL = 8
    LIVER = 9
    SPLEEN = 10
    STOMACH = 11
    PANCREAS = 12
    MUSCLE = 13
    OTHER_BONE = 14
    LUNGS = 15
    HEART = 16
    BRANCH_ARTERIES = 17
    OTHER_VEINS = 18
    ENDOGRAFT = 19
    FAT = 20
    OTHER_SOFT_TISSUE = 21

    @property
    def title(self) -> str:
        """As label maps and tables write it."""
        return self.name.replace("_", " ").lower()


CLASSES = {int(one): one.title for one in Structure if one is not Structure.BACKGROUND}
"""What the values of a reference label map mean."""
INSIDE_THE_WALL = (Structure.LUMEN, Structure.THROMBUS, Structure.CALCIFICATION, Structure.ENDOGRAFT)
"""All that lies inside the outer wall of the aorta, or in it."""


class Factor(StrEnum):
    """A known reason why models fail; each can be taken away from a plan to leave its pair."""

    BOWEL_DENSITY = "thrombus with bowel's density"
    TOUCHING = "bowel or vena cava touching the sac"
    THIN_THROMBUS = "thin thrombus"
    NON_CONTRAST = "non-contrast"
    NOISE = "high noise"
    METAL = "metal streaks"
    THICK_SLICES = "5 mm slices"
    ENDOGRAFT = "endograft"
    ILIAC_ANEURYSM = "iliac aneurysm"
    DISSECTION = "dissection flap"
