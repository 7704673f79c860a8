// The plane perpendicular to the centreline, at the place of the curve that is nearest to the crosshair.

import { tilted } from "./curve.js";
import { sideLetters } from "./geometry.js";
import { pictureOfRows, rowsOf } from "./resample.js";
import { ResampledView } from "./resampledview.js";
import { dot, minus, plus } from "./vectors.js";

const PIXEL = 0.5; // mm
const HALF = 60; // mm from the curve to the picture's edge, more where a diameter is large
const ROOM = 0.8; // of the largest stored diameter
const MOST = 120;
const TRACE = 25; // mm to either side of the vessel, where the plane cuts a slice
const FARTHEST = 60; // mm from the vessel to where it cuts a slice that runs nearly alike

export class PerpendicularView extends ResampledView {
  constructor(viewer) {
    super("perpendicular", viewer, pictureOfRows(1, 1, PIXEL));
    this.measures = true;
    this.thickness = 3; // mm: a diameter whose ends lie within half of it is drawn as lying in the plane
  }

  get slice() {
    return this.viewer.vessel.along.toFixed(1);
  }

  get signature() {
    const { author, way, curve } = this.viewer.vessel;
    return [author?.subject, way, curve?.length, this.slice, this.half].join();
  }

  get half() {
    return Math.min(MOST, Math.max(HALF, ROOM * this.viewer.diameters.largest));
  }

  rows() {
    const { curve, along } = this.viewer.vessel;
    const { normal, right, down } = tilted(curve.direction(along));
    this.now = { centre: curve.at(along), normal, right, down, half: this.half };
    const size = Math.round((2 * this.half) / PIXEL);
    this.setPlane({ ...pictureOfRows(size, size, PIXEL), letters: sideLetters(right, down) });
    const step = minus(this.placeAt(1.5, 0.5), this.placeAt(0.5, 0.5));
    return rowsOf(size, size, (row) => ({ first: this.placeAt(0.5, row + 0.5), step }));
  }

  /** The plane as it is now: a point and unit vectors, LPS mm. */
  get frame() {
    if (this.isStale) this.renew();
    return this.now;
  }

  pointAt(x, y) {
    const { centre, right, down, half } = this.frame;
    return plus(plus(centre, right, x * PIXEL - half), down, y * PIXEL - half);
  }

  project(point) {
    const { centre, normal, right, down, half } = this.frame;
    const from = minus(point, centre);
    return { x: (dot(from, right) + half) / PIXEL, y: (dot(from, down) + half) / PIXEL, off: dot(from, normal) };
  }

  cross() {
    const { x, y } = this.project(this.viewer.point);
    return [x, y];
  }

  /** The crosshair goes to the point under the pointer; the plane stays. */
  press(event) {
    this.viewer.moveToPoint(this.pointUnder(event), this.viewer.vessel.along);
  }

  /** Where this plane cuts a slice, in picture pixels of its view; null where that is far from the vessel. */
  traceOn(view) {
    const { centre, normal } = this.frame;
    const away = (x, y) => dot(minus(view.pointAt(x, y), centre), normal);
    const { x, y } = view.project(centre);
    const here = away(x, y);
    const [along, down] = [away(x + 1, y) - here, away(x, y + 1) - here]; // mm for a pixel
    const steep = along ** 2 + down ** 2;
    const foot = [x - (along * here) / steep, y - (down * here) / steep];
    const { spacingU, spacingV } = view.plane;
    if (!(Math.hypot((foot[0] - x) * spacingU, (foot[1] - y) * spacingV) <= FARTHEST)) return null;
    const reach = TRACE / Math.hypot(down * spacingU, along * spacingV);
    return [-reach, reach].map((times) => [foot[0] - down * times, foot[1] + along * times]);
  }

  said() {
    const { vessel } = this.viewer;
    const { name, curve } = vessel.current;
    const where = `${vessel.along.toFixed(0)} of ${curve.length.toFixed(0)} mm, ${name}`;
    return { ...super.said(), "top-left": ["Perpendicular", where, vessel.author.subject].join("\n") };
  }
}
