// Pictures across the grid of a scan: each row of a picture is a straight line through the voxels.
// The result is a block of one slice, so that it is windowed, blended and outlined like any other.

import { Block } from "./volume.js";

/** What lies outside the part that is loaded; black in every window, see `windowTable`. */
export const UNKNOWN = -32768;

/** The plane of a resampled picture, as render.js walks through it. */
export function pictureOfRows(width, height, spacing) {
  return { normal: 0, v: 1, u: 2, flipU: false, flipV: false, width, height, spacingU: spacing, spacingV: spacing, letters: {} };
}

/**
 * A picture of rows: where the middle of each row's first pixel lies, and the step to the next, in voxels (k, j, i).
 * @param {(row: number) => {first: number[], step: number[]}} rowOf
 */
export function rowsOf(width, height, rowOf) {
  const first = new Float64Array(3 * height);
  const step = new Float64Array(3 * height);
  for (let row = 0; row < height; row += 1) {
    const said = rowOf(row);
    first.set(said.first, 3 * row);
    step.set(said.step, 3 * row);
  }
  return { width, height, first, step };
}

/** Trilinear values of an int16 block; UNKNOWN from half a voxel outside it. */
export function sampleImage(block, rows) {
  const found = new Int16Array(rows.width * rows.height);
  each(block, rows, (out, k, j, i) => (found[out] = trilinear(block, k, j, i)), (out) => (found[out] = UNKNOWN));
  return new Block(found, [0, 0, 0], [1, rows.height, rows.width]);
}

/** The stored value of the nearest voxel; 0 outside the block. */
export function sampleNearest(block, rows) {
  const { data, shape, strides } = block;
  const found = new data.constructor(rows.width * rows.height);
  const [, nj, ni] = shape;
  each(block, rows, (out, k, j, i) => {
    const k0 = Math.min(shape[0] - 1, Math.floor(k + 0.5));
    const j0 = Math.min(nj - 1, Math.floor(j + 0.5));
    const i0 = Math.min(ni - 1, Math.floor(i + 0.5));
    found[out] = data[k0 * strides[0] + j0 * strides[1] + i0];
  }, () => {});
  return new Block(found, [0, 0, 0], [1, rows.height, rows.width]);
}

/** Call back for every pixel, with its place inside the block, or without where it lies outside. */
function each({ origin, shape }, { width, height, first, step }, known, unknown) {
  const [nk, nj, ni] = shape.map((size) => size - 0.5);
  for (let row = 0; row < height; row += 1) {
    const at = 3 * row;
    let k = first[at] - origin[0];
    let j = first[at + 1] - origin[1];
    let i = first[at + 2] - origin[2];
    for (let column = 0; column < width; column += 1) {
      const out = row * width + column;
      if (k >= -0.5 && j >= -0.5 && i >= -0.5 && k <= nk && j <= nj && i <= ni) known(out, k, j, i);
      else unknown(out);
      k += step[at];
      j += step[at + 1];
      i += step[at + 2];
    }
  }
}

function trilinear({ data, shape, strides }, k, j, i) {
  const [k0, fk] = lower(k, shape[0]);
  const [j0, fj] = lower(j, shape[1]);
  const [i0, fi] = lower(i, shape[2]);
  const dk = k0 + 1 < shape[0] ? strides[0] : 0;
  const dj = j0 + 1 < shape[1] ? strides[1] : 0;
  const di = i0 + 1 < shape[2] ? 1 : 0;
  const at = k0 * strides[0] + j0 * strides[1] + i0;
  const near = mixed(mixed(data[at], data[at + di], fi), mixed(data[at + dj], data[at + dj + di], fi), fj);
  const far = mixed(mixed(data[at + dk], data[at + dk + di], fi), mixed(data[at + dk + dj], data[at + dk + dj + di], fi), fj);
  return Math.round(mixed(near, far, fk));
}

/** The voxel below a place, and how far the place lies beyond it; the border voxels reach half a voxel out. */
function lower(place, size) {
  const kept = Math.min(size - 1, Math.max(0, place));
  const voxel = Math.floor(kept);
  return [voxel, kept - voxel];
}

function mixed(a, b, share) {
  return a + (b - a) * share;
}
