// Vectors of three numbers: LPS millimetres, or voxels (k, j, i).

export const plus = (a, b, times = 1) => [a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]];
export const minus = (a, b) => plus(a, b, -1);
export const times = (a, factor) => [a[0] * factor, a[1] * factor, a[2] * factor];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const norm = (a) => Math.hypot(a[0], a[1], a[2]);
export const distance = (a, b) => norm(minus(a, b));
export const between = (a, b, share) => plus(a, minus(b, a), share);

/** The same direction with length 1; throws where there is none. */
export function unit(a) {
  const length = norm(a);
  if (!(length > 0)) throw new RangeError("A vector of no length has no direction.");
  return times(a, 1 / length);
}
