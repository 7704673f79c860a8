// The straightened view (curved planar reformation): down the picture runs the centreline, across it one direction that
// turns with the vessel as little as it can. Lengths down the middle and across are true; others are not.

import { letters } from "./geometry.js";
import { pictureOfRows, rowsOf } from "./resample.js";
import { ResampledView } from "./resampledview.js";
import { between, dot, minus, plus, times, unit } from "./vectors.js";

const PIXEL = 0.75; // mm
const HALF = 60;
export const SIDES = { right: "from the front", down: "from the side" };

export class StraightView extends ResampledView {
  constructor(viewer) {
    super("straight", viewer, pictureOfRows(1, 1, PIXEL));
    this.measures = false; // a line across this picture is no length in the patient
  }

  get slice() {
    return this.viewer.vessel.along.toFixed(1);
  }

  get signature() {
    const { author, way, curve, side } = this.viewer.vessel;
    return [author?.subject, way, curve?.length, side].join();
  }

  rows() {
    const { curve } = this.viewer.vessel;
    const [width, height] = [2 * HALF, curve.length].map((mm) => Math.max(1, Math.round(mm / PIXEL)));
    this.setPlane(pictureOfRows(width, height, PIXEL));
    return rowsOf(width, height, (row) => {
      const [first, second] = [0.5, 1.5].map((x) => this.placeAt(x, row + 0.5));
      return { first, step: minus(second, first) };
    });
  }

  /** The direction across the picture so many mm along. */
  across(along) {
    const { curve, frames, side } = this.viewer.vessel.current;
    const place = Math.min(curve.count - 1, Math.max(0, along / curve.step));
    const low = Math.min(curve.count - 2, Math.floor(place));
    return unit(between(frames[low][side], frames[low + 1][side], place - low));
  }

  pointAt(x, y) {
    const along = y * PIXEL;
    return plus(this.viewer.vessel.curve.at(along), this.across(along), x * PIXEL - HALF);
  }

  /** Where a point at a known place along lies in the picture. */
  placed(point, along) {
    const from = minus(point, this.viewer.vessel.curve.at(along));
    return [(dot(from, this.across(along)) + HALF) / PIXEL, along / PIXEL];
  }

  cross() {
    return this.placed(this.viewer.point, this.viewer.vessel.along);
  }

  press(event) {
    const [x, y] = this.toPicture(event);
    const { curve } = this.viewer.vessel;
    const along = Math.min(curve.length, Math.max(0, y * PIXEL));
    this.viewer.moveToPoint(this.pointAt(x, along / PIXEL), along);
  }

  said() {
    const { along, side, author } = this.viewer.vessel;
    const across = this.across(along);
    const words = { "side-right": letters(across), "side-left": letters(times(across, -1)) };
    return { ...super.said(), ...words, "top-left": ["Straightened", SIDES[side], author.subject].join("\n") };
  }
}
