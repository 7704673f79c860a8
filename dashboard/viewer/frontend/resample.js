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
  const found = new Int16Array(rows.width * rows.height).fill(UNKNOWN);
  const { origin } = block;
  const { first, step } = rows;
  for (let row = 0; row < rows.height; row += 1) {
    const at = 3 * row;
    const [from, to] = insideOf(block, rows, row);
    for (let column = from; column < to; column += 1) {
      const k = first[at] - origin[0] + column * step[at];
      const j = first[at + 1] - origin[1] + column * step[at + 1];
      const i = first[at + 2] - origin[2] + column * step[at + 2];
      found[row * rows.width + column] = trilinear(block, k, j, i);
    }
  }
  return new Block(found, [0, 0, 0], [1, rows.height, rows.width]);
}

/** The stored value of the nearest voxel, as the smallest block of the picture that holds all that are not 0. */
export function sampleNearest(block, rows) {
  const { data, origin, shape, strides } = block;
  const { first, step, width, height } = rows;
  const found = new data.constructor(width * height);
  const box = [height, width, -1, -1];
  for (let row = 0; row < height; row += 1) {
    const at = 3 * row;
    const [from, to] = insideOf(block, rows, row);
    for (let column = from; column < to; column += 1) {
      const k = nearest(first[at] - origin[0] + column * step[at], shape[0]);
      const j = nearest(first[at + 1] - origin[1] + column * step[at + 1], shape[1]);
      const i = nearest(first[at + 2] - origin[2] + column * step[at + 2], shape[2]);
      const value = data[k * strides[0] + j * strides[1] + i];
      if (value === 0) continue;
      found[row * width + column] = value;
      if (row < box[0]) box[0] = row;
      if (column < box[1]) box[1] = column;
      box[2] = row;
      if (column > box[3]) box[3] = column;
    }
  }
  return cropped(found, width, box);
}

function cropped(data, width, [top, left, bottom, right]) {
  if (bottom < 0) return new Block(new data.constructor(1), [0, 0, 0], [1, 1, 1]);
  const shape = [1, bottom - top + 1, right - left + 1];
  const found = new data.constructor(shape[1] * shape[2]);
  for (let row = 0; row < shape[1]; row += 1) {
    const from = (top + row) * width + left;
    found.set(data.subarray(from, from + shape[2]), row * shape[2]);
  }
  return new Block(found, [0, top, left], shape);
}

/** First pixel of a row that lies in the block, its half voxel of border with it, and the first after that. */
function insideOf({ origin, shape }, { width, first, step }, row) {
  let [from, to] = [0, width];
  for (let axis = 0; axis < 3; axis += 1) {
    const start = first[3 * row + axis] - origin[axis] + 0.5;
    const by = step[3 * row + axis];
    if (Math.abs(by) < 1e-12) {
      if (start < 0 || start >= shape[axis]) return [0, 0];
      continue;
    }
    const [enter, leave] = by > 0 ? [-start / by, (shape[axis] - start) / by] : [(shape[axis] - start) / by, -start / by];
    from = Math.max(from, Math.ceil(enter));
    to = Math.min(to, Math.floor(leave) + 1);
  }
  return [from, to];
}

function nearest(place, size) {
  const voxel = Math.floor(place + 0.5);
  return voxel < 0 ? 0 : voxel >= size ? size - 1 : voxel;
}

/** The border voxels reach half a voxel out. */
function trilinear({ data, shape, strides }, k, j, i) {
  const k0 = lower(k, shape[0]);
  const j0 = lower(j, shape[1]);
  const i0 = lower(i, shape[2]);
  const dk = k0 + 1 < shape[0] && k > 0 ? strides[0] : 0;
  const dj = j0 + 1 < shape[1] && j > 0 ? strides[1] : 0;
  const di = i0 + 1 < shape[2] && i > 0 ? 1 : 0;
  const at = k0 * strides[0] + j0 * strides[1] + i0;
  const fk = k - k0;
  const fj = j - j0;
  const fi = i - i0;
  const near = mixed(mixed(data[at], data[at + di], fi), mixed(data[at + dj], data[at + dj + di], fi), fj);
  const far = mixed(mixed(data[at + dk], data[at + dk + di], fi), mixed(data[at + dk + dj], data[at + dk + dj + di], fi), fj);
  return Math.round(mixed(near, far, fk));
}

function lower(place, size) {
  const voxel = Math.floor(place);
  return voxel < 0 ? 0 : voxel >= size ? size - 1 : voxel;
}

function mixed(a, b, share) {
  return a + (b - a) * share;
}
