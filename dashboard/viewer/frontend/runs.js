// Masks of one slice as run lengths: row after row, [zeros, ones, zeros, ...], as our routes take and give them.

/** @param {Uint8Array} mask 0 or 1 for every voxel of a slice */
export function encode(mask) {
  const runs = [];
  let value = 0;
  let length = 0;
  for (const voxel of mask) {
    if (voxel !== value) {
      runs.push(length);
      value = voxel;
      length = 0;
    }
    length += 1;
  }
  runs.push(length);
  return runs;
}

/** @returns {Uint8Array} the mask of `size` voxels; throws where the runs say another size */
export function decode(runs, size) {
  const mask = new Uint8Array(size);
  let at = 0;
  runs.forEach((length, rank) => {
    if (rank % 2) mask.fill(1, at, at + length);
    at += length;
  });
  if (at !== size) throw new RangeError(`The answer has ${at} voxels, the slice ${size}.`);
  return mask;
}

/** How many voxels the second mask has that the first has not, and the other way round. */
export function difference(before, after) {
  let added = 0;
  let removed = 0;
  for (let at = 0; at < before.length; at += 1) {
    if (after[at] > before[at]) added += 1;
    if (after[at] < before[at]) removed += 1;
  }
  return { added, removed };
}
