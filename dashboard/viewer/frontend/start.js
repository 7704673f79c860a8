// Where a case opens: where its address says, at its first place, or where the aorta is largest, in the window that the file asks for.

import { WINDOWS } from "./keys.js";

export function startPlace({ start, places, image: { crop }, shape, profiles }) {
  if (start) return start.map((value, axis) => Math.min(shape[axis] - 1, value));
  if (places[0]) return [places[0].k, places[0].j, places[0].i];
  const origin = crop ? crop.origin : [0, 0, 0];
  const middle = (crop ? crop.shape : shape).map((size, axis) => origin[axis] + Math.floor(size / 2));
  return [largestSlice(profiles) ?? middle[0], middle[1], middle[2]];
}

/** Where the first author's outer wall is largest, or null where nobody drew one. */
function largestSlice(profiles) {
  const areas = profiles.find(({ name }) => name === "outer wall area")?.values ?? [];
  const largest = Math.max(0, ...areas);
  return largest > 0 ? areas.indexOf(largest) : null;
}

export function fileWindow({ image: { window } }) {
  return window ? { width: window[0], centre: window[1] } : { width: WINDOWS[1].width, centre: WINDOWS[1].centre };
}
