"""The frame that every organ finds its place in: the course of the spine, the layers of the wall, the diaphragm.

Levels (z in mm above the aortic bifurcation, which lies before the fourth lumbar vertebra): a lumbar vertebral body
is 25 to 30 mm high and its disc 8 to 12 mm, so that one level follows the other after about 36 mm; thoracic ones
after about 29 mm (Zhou et al. 2000, Eur Spine J 9:242; Busscher et al. 2010, Eur Spine J 19:1104). The coeliac trunk
leaves at T12, the superior mesenteric artery at L1, the renal arteries at L1 to L2 (Gray's Anatomy, 41st ed., ch.
62).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.implicit import Floats
    from services.phantom.plan import Plan

    Numbers = NDArray[np.floating]

ANGLES = 1440
"""Steps around the body in which the layers of the wall are tabled."""
LEVELS = {
    "S1": -72.0,
    "L5": -37.0,
    "L4": 0.0,
    "L3": 37.0,
    "L2": 73.0,
    "L1": 108.0,
    "T12": 140.0,
    "T11": 170.0,
    "T10": 199.0,
}
TOP_LEVELS = {"T9": 227.0, "T8": 254.0}
COURSE = (
    (-140, 74),
    (-105, 60),
    (-72, 42),
    (-37, 24),
    (0, 16),
    (37, 14),
    (73, 18),
    (108, 24),
    (140, 31),
    (199, 42),
    (260, 46),
)
"""(z, y) of the middle of the vertebral bodies in a body of average depth: lumbar lordosis, thoracic kyphosis."""
AVERAGE_WIDTH, AVERAGE_DEPTH = 165.0, 112.0


class Frame:
    """Functions of the position alone, drawn once from the plan."""

    def __init__(self, plan: Plan) -> None:
        rng = plan.rng("frame")
        person = plan.person
        self.person = person
        self.across = person.half_width / AVERAGE_WIDTH
        self.deep = person.half_depth / AVERAGE_DEPTH
        """How much wider and deeper than average: organs' places scale with them."""
        self.stretch = float(rng.uniform(0.96, 1.04))
        z, y = np.array(COURSE, float).T
        self._course = CubicSpline(z * self.stretch, y * self.deep + rng.normal(0, 1.0, len(z)), bc_type="natural")
        self._sway = rng.normal(0, 2.0, 3)
        self._phases = rng.uniform(0, 2 * np.pi, 8)
        self.dome = float(rng.uniform(-8, 8))
        self.levels = {name: z * self.stretch + float(rng.normal(0, 0.8)) for name, z in (LEVELS | TOP_LEVELS).items()}

    def spine_y(self, z: Numbers) -> Numbers:
        """Y of the middle of the vertebral bodies."""
        middle: Numbers = self._course(np.clip(z, -140, 260))
        return middle

    def spine_x(self, z: Numbers) -> Numbers:
        """X of the middle of the vertebral bodies: no spine is quite straight."""
        sway = self._sway[0] * np.sin(np.asarray(z) / 70 + self._sway[1]) + 0.5 * self._sway[2]
        return np.asarray(sway, float)

    def spine_slope(self, z: Numbers) -> Numbers:
        """dy/dz of the course of the spine."""
        slope: Numbers = self._course(np.clip(z, -140, 260), 1)
        return slope

    def skin(self, angle: Numbers, z: Numbers) -> Numbers:
        """Radius of the body about (y, x) = (0, 0); angle 0 to the front, growing to the left."""
        sine, cosine = np.abs(np.sin(angle)), np.cos(angle)
        hips, chest = _step(-z, 10, 45), _step(z, 120, 50)
        waist = np.exp(-(((z - 52) / 42) ** 2))
        width = self.person.half_width * (0.98 + 0.055 * hips - 0.005 * chest - 0.022 * waist)
        belly = np.exp(-(((z - 20) / 75) ** 2))
        front = self.person.half_depth * (0.95 + 0.09 * belly - 0.03 * chest)
        back = self.person.half_depth * (0.96 + 0.03 * hips + 0.02 * chest)
        depth = np.where(cosine > 0, front, back)
        power = 2.3
        radius = ((sine / width) ** power + (np.abs(cosine) / depth) ** power) ** (-1 / power)
        groove = 7.0 * np.exp(-(((np.abs(angle) - np.pi) / 0.13) ** 2))
        waves = sum(1.6 * np.sin(n * angle + self._phases[n] + z / (60.0 + 20 * n)) for n in (2, 3, 5))
        return np.asarray(radius - groove + waves)

    def fat(self, angle: Numbers, z: Numbers) -> Numbers:
        """Thickness of the fat under the skin."""
        flank = np.sin(angle) ** 2
        behind = np.clip(-np.cos(angle), 0, 1)
        level = 0.62 + 0.42 * _step(-z, -110, 35) + 0.22 * _step(-z, 0, 35)
        thick = self.person.fat * level * (0.78 + 0.25 * flank + 0.15 * behind)
        return np.asarray(thick * (1 + 0.07 * np.sin(3 * angle + self._phases[6]) + 0.05 * np.sin(7 * angle + z / 30)))

    def muscle(self, angle: Numbers, z: Numbers) -> Numbers:
        """Thickness of the muscles of the wall: rectus to either side of the linea alba, obliques, chest wall."""
        degrees = np.degrees(np.abs(angle))
        rectus = 9.5 * np.exp(-(((degrees - 15) / 9.5) ** 4))
        obliques = 17.0 * _step(degrees, 42, 6) * (1 - 0.25 * _step(degrees, 110, 20))
        belly = 2.5 + rectus + obliques
        chest = 11.0 + 3.0 * _step(degrees, 60, 20)
        wall = belly + (chest - belly) * self.chest(angle, z)
        return np.asarray(wall + self.hip(angle, z) * np.maximum(self._to_the_wing(angle, z) - wall, 0))

    def hip(self, angle: Numbers, z: Numbers) -> Numbers:
        """1 behind and beside the pelvis, where the muscles of the hip fill the wall as far as the iliac wing."""
        return _step(-z, 2, 12) * _step(np.abs(angle), 1.45, 0.12)

    def wing(self, side: float) -> list[tuple[float, float]]:
        """(y, x) of the middle of the iliac wing at its crest, from back to front."""
        across, deep = side * self.across, self.deep
        knots = ((66, 44), (52, 74), (22, 104), (-8, 121), (-34, 123))
        return [(y * deep, x * across) for y, x in knots]

    def _to_the_wing(self, angle: Numbers, z: Numbers) -> Numbers:
        """Thickness of the wall if it reached to the inside of the muscle that lines the iliac wing."""
        y, x = np.array(self.wing(1.0)).T
        turn, far = np.arctan2(x, -y)[::-1], np.hypot(y, x)[::-1]
        inner = np.interp(np.abs(angle), np.append(turn, np.pi), np.append(far, far[-1]))
        inside = inner * (1 - 0.18 * np.clip(-z / 110, 0, 1)) - 12
        return np.asarray(self.skin(angle, z) - self.fat(angle, z) - inside)

    def chest(self, angle: Numbers, z: Numbers) -> Numbers:
        """0 in the abdominal wall, 1 where ribs carry it: lower at the flank than in front."""
        return _step(z, 150 - 80 * np.sin(angle) ** 2, 14)

    def cavity(self, angle: Numbers, z: Numbers) -> Numbers:
        """Radius at which the wall ends and the inside begins."""
        return self.skin(angle, z) - self.fat(angle, z) - self.muscle(angle, z)

    def diaphragm(self, y: Floats, x: Floats) -> Floats:
        """Z of the diaphragm above (y, x): two domes, the right one higher, falling to the wall and most behind."""
        angle = np.arctan2(x, -y)
        share = np.hypot(y, x) / self.cavity(angle, np.array(140.0))
        behind, flank = np.clip(-np.cos(angle), 0, 1), np.sin(angle) ** 2
        fall = 26 + 52 * flank + 80 * behind
        top = 192 + self.dome - 9 * np.tanh(x / 40) - 10 * np.exp(-((x / 30) ** 2))
        dome: Floats = (top - fall * np.clip(share, 0, 1.1) ** 5).astype(np.float32)
        return dome

    def front(self, z: float, angle: float = 0.0) -> float:
        """Y of the inner side of the front wall at one level and angle."""
        return -float(self.cavity(np.array(angle), np.array(z))) * float(np.cos(angle))


def _step(value: Numbers, at: Numbers | float, width: float) -> Numbers:
    """From 0 to 1 around `at`, over about `width`."""
    step: Numbers = 0.5 + 0.5 * np.tanh((np.asarray(value) - at) / width)
    return step
