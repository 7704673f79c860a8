// Ruler and ellipse: drawn in picture pixels, measured with the true spacing.

import { MARK } from "./colours.js";
import { voxelAt } from "./geometry.js";

/** Length in mm between two points of a plane's picture. */
export function lengthMm(plane, [ax, ay], [bx, by]) {
  return Math.hypot((bx - ax) * plane.spacingU, (by - ay) * plane.spacingV);
}

/** Mean, standard deviation, count and area of the voxels whose centres lie in an ellipse between two corners. */
export function ellipseStatistics(plane, block, at, [ax, ay], [bx, by]) {
  const centre = [(ax + bx) / 2, (ay + by) / 2];
  const radius = [Math.abs(bx - ax) / 2, Math.abs(by - ay) / 2];
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let y = Math.floor(centre[1] - radius[1]); y <= centre[1] + radius[1]; y += 1) {
    for (let x = Math.floor(centre[0] - radius[0]); x <= centre[0] + radius[0]; x += 1) {
      if (((x + 0.5 - centre[0]) / radius[0]) ** 2 + ((y + 0.5 - centre[1]) / radius[1]) ** 2 > 1) continue;
      const value = block?.at(voxelAt(plane, x + 0.5, y + 0.5, at)) ?? null;
      if (value === null) continue;
      count += 1;
      sum += value;
      squares += value * value;
    }
  }
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
  const area = Math.PI * radius[0] * radius[1] * plane.spacingU * plane.spacingV;
  return { mean, deviation, count, area };
}

/** Marks of one viewer: each belongs to one slice of one plane. */
export class Marks {
  constructor() {
    this.marks = [];
  }

  begin(kind, view, point) {
    const mark = { kind, plane: view.name, slice: view.slice, from: point, to: point };
    this.marks.push(mark);
    return mark;
  }

  removeLast() {
    this.marks.pop();
  }

  /** Forget a mark that was only a click. */
  settle(mark, view) {
    if (lengthMm(view.plane, mark.from, mark.to) < 0.5) this.marks = this.marks.filter((other) => other !== mark);
  }

  on(view) {
    return this.marks.filter((mark) => mark.plane === view.name && mark.slice === view.slice);
  }
}

/** What a mark says: millimetres, or mean and spread in HU and area. */
export function markText(mark, view, block) {
  if (mark.kind === "ruler") return `${lengthMm(view.plane, mark.from, mark.to).toFixed(1)} mm`;
  const { mean, deviation, count, area } = ellipseStatistics(view.plane, block, view.at, mark.from, mark.to);
  if (!count) return "no voxel inside";
  return `mean ${mean.toFixed(0)} HU, SD ${deviation.toFixed(0)}, ${(area / 100).toFixed(2)} cm\u00b2`;
}

export function drawTools(pen, view) {
  for (const mark of view.viewer.marks.on(view)) {
    const [ax, ay] = view.toScreen(mark.from);
    const [bx, by] = view.toScreen(mark.to);
    pen.strokeStyle = MARK;
    pen.lineWidth = 1.5;
    pen.beginPath();
    if (mark.kind === "ruler") {
      pen.moveTo(ax, ay);
      pen.lineTo(bx, by);
    } else pen.ellipse((ax + bx) / 2, (ay + by) / 2, Math.abs(bx - ax) / 2, Math.abs(by - ay) / 2, 0, 0, 2 * Math.PI);
    pen.stroke();
    drawText(pen, markText(mark, view, view.viewer.block && view.blockOf(view.viewer)), Math.max(ax, bx) + 8, (ay + by) / 2 + 4);
  }
}

function drawText(pen, text, x, y) {
  pen.font = "13px sans-serif";
  pen.lineWidth = 3;
  pen.strokeStyle = "#000";
  pen.strokeText(text, x, y);
  pen.fillStyle = MARK;
  pen.fillText(text, x, y);
}
