// Stored diameters as a layer: by programs in white or in their reader's colour, by hand in the reader's.

import { MODEL, READERS } from "./colours.js";
import { between, distance } from "./vectors.js";

const FONT = "13px sans-serif";
const END = 5; // CSS pixels of the cross line at an end point
const FAINT = 0.4;
const LINE = 15; // CSS pixels of a line of text

export class Diameters {
  constructor(viewer) {
    this.viewer = viewer;
    this.visible = true;
    this.all = false;
    this.takeOver(viewer.data.measurements);
  }

  takeOver({ diameters = [] } = {}) {
    this.known = diameters;
  }

  /** Those that are drawn: the shown author's largest and what readers took by hand, or all. */
  get shown() {
    return this.visible ? this.known.filter(({ main }) => main || this.all) : [];
  }

  /** Length in mm of the largest, 0 without any. */
  get largest() {
    return Math.max(0, ...this.known.map(({ points: [from, to] }) => distance(from, to)));
  }

  colourOf({ reader, subject }) {
    const { layers } = this.viewer;
    const layer = layers.find((one) => one.isBy(reader || subject));
    if (layer?.shade) return layer.shade;
    const readers = [...new Set(this.known.map((one) => one.reader).filter(Boolean))];
    return reader ? READERS[readers.indexOf(reader) % READERS.length] : MODEL;
  }

  /** The middle of a diameter that lies in this voxel, exactly; or null. */
  middleIn(index) {
    const wanted = index.map(Math.round).join();
    const middles = this.known.map(({ points: [from, to] }) => between(from, to, 0.5));
    return middles.find((point) => this.viewer.toVoxels(point).map(Math.round).join() === wanted) ?? null;
  }

  /** Go to the middle of one; what does not lie in an axial slice is shown in the plane that it lies in. */
  jump(id) {
    const { name, points: [from, to] } = this.known.find((one) => one.id === id);
    const { vessel } = this.viewer;
    if (vessel.isThere && !name.endsWith("axial")) vessel.show("perpendicular", true);
    this.viewer.jump(this.viewer.toVoxels(between(from, to, 0.5)));
  }

  drawOn(pen, view) {
    const taken = [];
    for (const one of this.shown) {
      const text = `${one.value.toFixed(1)} mm`;
      if (view.placed) drawTick(pen, view, one.points, this.colourOf(one), text);
      else drawDiameter(pen, view, one.points, { colour: this.colourOf(one), text, taken });
    }
  }
}

/** A diameter where the plane meets it: full where it lies within half a slice, faint beyond. Nothing elsewhere.
 *  `taken`: places of the words so far; new ones go below those that they would cover. */
export function drawDiameter(pen, view, points, { colour, text, width = 1.75, taken = [] }) {
  const ends = points.map((point) => view.project(point));
  const share = withinPlane(ends[0].off, ends[1].off, view.thickness / 2);
  if (!share) return false;
  const [a, b] = ends.map(({ x, y }) => view.toScreen([x, y]));
  const along = (place) => [a[0] + (b[0] - a[0]) * place, a[1] + (b[1] - a[1]) * place];
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.globalAlpha = FAINT;
  stroke(pen, a, b);
  pen.globalAlpha = 1;
  stroke(pen, along(share[0]), along(share[1]));
  for (const [end, place] of [[a, 0], [b, 1]]) if (share[0] <= place && place <= share[1]) strokeEnd(pen, end, a, b);
  const label = a[0] > b[0] ? a : b;
  write(pen, text, ...freePlace(pen, text, [label[0] + 8, label[1] + 4], taken), colour);
  return true;
}

/** The first place at or below this one where words cover no others; it is then taken. */
export function freePlace(pen, text, [x, y], taken) {
  pen.font = FONT;
  const wide = pen.measureText(text).width;
  const covers = ([left, base, right]) => x < right && left < x + wide && Math.abs(base - y) < LINE;
  for (let other = taken.find(covers); other; other = taken.find(covers)) y = other[1] + LINE;
  taken.push([x, y, x + wide]);
  return [x, y];
}

/** Which part of a line, 0 to 1, lies within so many mm of the plane; null where none does. */
export function withinPlane(from, to, half) {
  if (Math.abs(to - from) < 1e-9) return Math.abs(from) <= half ? [0, 1] : null;
  const [first, last] = [-half, half].map((side) => (side - from) / (to - from)).sort((one, other) => one - other);
  return last < 0 || first > 1 ? null : [Math.max(0, first), Math.min(1, last)];
}

/** In the straightened view: how far down it lies. */
function drawTick(pen, view, [from, to], colour, text) {
  const { along } = view.viewer.vessel.curve.nearest(between(from, to, 0.5));
  const [, y] = view.toScreen([0, along / view.plane.spacingV]);
  const { width } = view.size;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.75;
  stroke(pen, [width - 14, y], [width, y]);
  pen.textAlign = "right";
  write(pen, text, width - 18, y + 4, colour);
  pen.textAlign = "left";
}

function stroke(pen, [ax, ay], [bx, by]) {
  pen.beginPath();
  pen.moveTo(ax, ay);
  pen.lineTo(bx, by);
  pen.stroke();
}

function strokeEnd(pen, [x, y], a, b) {
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [dx, dy] = [(-(b[1] - a[1]) / length) * END, ((b[0] - a[0]) / length) * END];
  stroke(pen, [x - dx, y - dy], [x + dx, y + dy]);
}

function write(pen, text, x, y, colour) {
  pen.font = FONT;
  pen.lineWidth = 3;
  pen.strokeStyle = "#000";
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
