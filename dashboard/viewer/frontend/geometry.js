// Where things are: from the affine (k, j, i) -> LPS millimetres to planes on screen.
// Planes show the array's own slices at native resolution, turned and flipped to the radiological convention:
// patient's right on the left of the screen, anterior up (axial), head up (coronal, sagittal), anterior left (sagittal).

import { cross, dot, times } from "./vectors.js";

const ANATOMY = ["L", "P", "S"];
const OPPOSITE = { L: "R", P: "A", S: "I", R: "L", A: "P", I: "S" };
const OBLIQUE = 0.25; // a second letter from about 15 degrees on
const PERMUTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** Which way each plane runs: normal, to the right, downwards. Negative: against the letter's direction. */
const PLANES = {
  axial: { normal: 2, right: [0, 1], down: [1, 1] },
  coronal: { normal: 1, right: [0, 1], down: [2, -1] },
  sagittal: { normal: 0, right: [1, 1], down: [2, -1] },
};

/** Unit direction in LPS of one array axis. */
export function direction(affine, axis) {
  const column = [affine[0][axis], affine[1][axis], affine[2][axis]];
  const length = Math.hypot(...column) || 1;
  return column.map((value) => value / length);
}

/** LPS millimetres of a voxel's centre. */
export function toPatient(affine, index) {
  return [0, 1, 2].map(
    (row) => affine[row][0] * index[0] + affine[row][1] * index[1] + affine[row][2] * index[2] + affine[row][3],
  );
}

/** The way back: a 3 x 4 matrix from LPS millimetres to (k, j, i), for `toPatient`. */
export function inverse(affine) {
  const columns = [0, 1, 2].map((axis) => [affine[0][axis], affine[1][axis], affine[2][axis]]);
  const offset = [affine[0][3], affine[1][3], affine[2][3]];
  const crossed = [cross(columns[1], columns[2]), cross(columns[2], columns[0]), cross(columns[0], columns[1])];
  const determinant = dot(columns[0], crossed[0]);
  const rows = crossed.map((row) => times(row, 1 / determinant));
  return rows.map((row) => [...row, -dot(row, offset)]);
}

/** Letters of a direction, strongest first: "R", or "RA" when oblique. */
export function letters(vector) {
  const order = [0, 1, 2].sort((a, b) => Math.abs(vector[b]) - Math.abs(vector[a]));
  return order
    .filter((axis, rank) => rank === 0 || Math.abs(vector[axis]) > OBLIQUE)
    .map((axis) => (vector[axis] > 0 ? ANATOMY[axis] : OPPOSITE[ANATOMY[axis]]))
    .join("");
}

/** For each of L, P, S the array axis that runs closest to it. */
export function closestAxes(affine) {
  const directions = [0, 1, 2].map((axis) => direction(affine, axis));
  const fit = (axes) => axes.reduce((sum, axis, anatomy) => sum + Math.abs(directions[axis][anatomy]), 0);
  return PERMUTATIONS.reduce((best, axes) => (fit(axes) > fit(best) ? axes : best));
}

/**
 * A plane of the volume.
 * @returns {{name, normal: number, u: number, v: number, flipU: boolean, flipV: boolean,
 *   width: number, height: number, spacingU: number, spacingV: number, letters: object}}
 */
export function makePlane(name, { affine, shape, spacing }) {
  const axes = closestAxes(affine);
  const { normal, right, down } = PLANES[name];
  const u = axes[right[0]];
  const v = axes[down[0]];
  const flipU = Math.sign(direction(affine, u)[right[0]]) !== right[1];
  const flipV = Math.sign(direction(affine, v)[down[0]]) !== down[1];
  const toRight = times(direction(affine, u), flipU ? -1 : 1);
  const toBottom = times(direction(affine, v), flipV ? -1 : 1);
  return {
    name, normal: axes[normal], u, v, flipU, flipV, width: shape[u], height: shape[v],
    spacingU: spacing[u], spacingV: spacing[v],
    letters: sideLetters(toRight, toBottom),
  };
}

/** The letters at the four sides of a picture, from its directions to the right and downwards. */
export function sideLetters(right, down) {
  return { right: letters(right), left: letters(times(right, -1)), bottom: letters(down), top: letters(times(down, -1)) };
}

/** Place in voxels, not rounded, under a point of the plane's picture; `at` is the plane's slice. */
export function placeAt(plane, x, y, at) {
  const place = [0, 0, 0];
  place[plane.normal] = at;
  place[plane.u] = plane.flipU ? plane.width - 0.5 - x : x - 0.5;
  place[plane.v] = plane.flipV ? plane.height - 0.5 - y : y - 0.5;
  return place;
}

/** Voxel index under a point of the plane's picture; `at` is the plane's slice. Whole numbers, not clipped. */
export function voxelAt(plane, x, y, at) {
  const index = [0, 0, 0];
  index[plane.normal] = at;
  index[plane.u] = plane.flipU ? plane.width - 1 - Math.floor(x) : Math.floor(x);
  index[plane.v] = plane.flipV ? plane.height - 1 - Math.floor(y) : Math.floor(y);
  return index;
}

/** Centre of a voxel, or a place between voxels, in the plane's picture, in picture pixels. */
export function pictureOf(plane, index) {
  const x = plane.flipU ? plane.width - 1 - index[plane.u] : index[plane.u];
  const y = plane.flipV ? plane.height - 1 - index[plane.v] : index[plane.v];
  return [x + 0.5, y + 0.5];
}

/** A box of voxels as a rectangle of the plane's picture: [x0, y0, x1, y1]. */
export function boxOnPlane(plane, origin, shape) {
  const last = origin.map((value, axis) => value + shape[axis] - 1);
  const [ax, ay] = pictureOf(plane, origin);
  const [bx, by] = pictureOf(plane, last);
  return [Math.min(ax, bx) - 0.5, Math.min(ay, by) - 0.5, Math.max(ax, bx) + 0.5, Math.max(ay, by) + 0.5];
}

/** Where a slice lies, in words: "S 12.5 mm" along the anatomical axis nearest to the plane's normal. */
export function slicePosition(plane, affine, index) {
  const anatomy = closestAxes(affine).indexOf(plane.normal);
  const value = toPatient(affine, index)[anatomy];
  const letter = value >= 0 ? ANATOMY[anatomy] : OPPOSITE[ANATOMY[anatomy]];
  return `${letter} ${Math.abs(value).toFixed(1)} mm`;
}

export function inside(index, origin, shape) {
  return index.every((value, axis) => value >= origin[axis] && value < origin[axis] + shape[axis]);
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
