"""The outer wall as a surface to turn about: triangles, with the thickness of the thrombus and the doubt at each.

A picture. Nothing is measured on it: it is drawn on a grid of some 3 mm, and a little smoother than the mask.
Marching cubes: Lewiner 2003, doi:10.1080/10867651.2003.10487582.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from db.measurement_records import NewMeasurement
from services.labels import LUMEN, THROMBUS, inside_wall, of_structures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.labels import Labels

NAME, METHOD, VERSION = "surface", "marching cubes", "1"
FINEST_MM = 3.0
MOST_FACES = 6000
MARGIN = 2
"""Empty voxels all round, so that the surface is closed."""
SMOOTHING = 0.4
"""Standard deviation of the Gaussian that the mask is smoothed with, in steps of the grid."""
NEAREST = 6
"""So many voxels of the lumen are looked at for the nearest one."""
EMPTY = "nobody drew an outer wall here: the mask is empty"


@dataclass(frozen=True)
class Surface:
    """Triangles of the outer wall; `faces` turn against the clock when seen from outside."""

    vertices: NDArray[np.float64]
    """(n, 3) LPS mm."""
    faces: NDArray[np.int32]
    """(m, 3), at most MOST_FACES."""
    thickness_mm: NDArray[np.float64] | None
    """(n,) from each vertex to the lumen; None where lumen and thrombus are not told apart."""
    doubt: NDArray[np.float64] | None
    """(n,) the map of doubt at each vertex, in its own unit; None without such a map."""
    step_mm: float
    """Size of the grid that it was drawn on."""


def surface(
    mask: Labels,
    affine: NDArray[np.float64],
    classes: Mapping[int, str],
    *,
    doubt: NDArray[np.floating] | None = None,
    most_faces: int = MOST_FACES,
) -> Surface | None:
    """The outer wall of a label map (k, j, i); `doubt` is a map on the same grid. None where the mask is empty.

    The wall is smoothed and drawn on a grid of 3 mm, or as much coarser as `most_faces` asks for.
    """
    wall = inside_wall(mask, classes)
    if not wall.any():
        return None
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    step = FINEST_MM
    voxels, faces = _drawn(wall, spacing, step)
    while len(faces) > most_faces:
        step *= max(1.05, (len(faces) / most_faces) ** 0.5)
        voxels, faces = _drawn(wall, spacing, step)
    if np.linalg.det(affine[:3, :3]) < 0:
        faces = faces[:, ::-1]
    vertices = voxels @ affine[:3, :3].T + affine[:3, 3]
    at_vertices = None if doubt is None else ndimage.map_coordinates(doubt, voxels.T, order=1, mode="nearest")
    return Surface(vertices, faces, _thickness(mask, classes, voxels, spacing), at_vertices, step)


def surface_measurement(drawn: Surface | None, subject: str, *, doubt: str = "", unit: str = "") -> NewMeasurement:
    """The surface as it is stored, rounded to 0.1 mm: its value is the size of its grid.

    doubt, unit: what the map of doubt is called and measured in.
    """
    if drawn is None:
        return NewMeasurement(NAME, subject, None, "mm", METHOD, VERSION, reason=EMPTY)
    parameters: dict[str, object] = {
        "faces": drawn.faces.tolist(),
        "thickness_mm": None if drawn.thickness_mm is None else np.round(drawn.thickness_mm, 1).tolist(),
        "uncertainty": None if drawn.doubt is None else np.round(drawn.doubt, 3).tolist(),
        "uncertainty_name": doubt,
        "uncertainty_unit": unit,
    }
    points = tuple((float(x), float(y), float(z)) for x, y, z in np.round(drawn.vertices, 1))
    return NewMeasurement(
        NAME, subject, round(drawn.step_mm, 2), "mm", METHOD, VERSION, points=points, parameters=parameters
    )


def _drawn(
    wall: NDArray[np.bool_], spacing: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Vertices in voxels (k, j, i) of `wall`, and triangles."""
    scale = step / spacing
    soft = np.pad(wall.astype(np.float32), [(int(np.ceil(MARGIN * each)),) * 2 for each in scale])
    margin = np.ceil(MARGIN * scale)
    soft = ndimage.gaussian_filter(soft, SMOOTHING * scale)
    counts = np.ceil((np.array(soft.shape) - 1) / scale).astype(int) + 1
    grid = np.meshgrid(*(np.arange(n) * each for n, each in zip(counts, scale, strict=True)), indexing="ij")
    coarse = np.pad(ndimage.map_coordinates(soft, grid, order=1, mode="constant"), 1)
    vertices, faces, _, _ = marching_cubes(coarse, 0.5, gradient_direction="ascent")
    return (vertices.astype(np.float64) - 1) * scale - margin, faces


def _thickness(
    mask: Labels, classes: Mapping[int, str], voxels: NDArray[np.float64], spacing: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """From each vertex to the nearest voxel of the lumen (its box, not its middle), in mm; right to about a voxel."""
    lumen = of_structures(mask, classes, frozenset({LUMEN}))
    if not ({LUMEN, THROMBUS} <= set(classes.values()) and lumen.any()):
        return None
    rim = np.argwhere(lumen & ~ndimage.binary_erosion(lumen))
    _, nearest = cKDTree(rim * spacing).query(voxels * spacing, k=min(NEAREST, len(rim)))
    away = np.abs(rim[nearest.reshape(len(voxels), -1)] - voxels[:, None]) - 0.5
    return np.asarray(np.linalg.norm(np.maximum(away, 0) * spacing, axis=-1).min(axis=1))
