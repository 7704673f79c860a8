// What the click editor draws over an axial slice: its clicks, and what the last one changed.

import { ADDED, MARK, REMOVED } from "./colours.js";
import { pictureOf } from "./geometry.js";
import { decode } from "./runs.js";

const RADIUS = 5;

export function drawClicks(pen, view, steps, size) {
  const k = view.slice;
  const { last } = steps;
  if (last?.after.has(k)) drawChange(pen, view, decode(last.before.get(k), size), decode(last.after.get(k), size));
  for (const [slice, row, column, positive] of steps.clicks) if (slice === k) drawClick(pen, view, [k, row, column], positive);
}

function drawChange(pen, view, before, after) {
  const columns = view.viewer.data.shape[2];
  const { scaleX, scaleY } = view.transform();
  pen.globalAlpha = 0.35;
  for (let at = 0; at < before.length; at += 1) {
    if (before[at] === after[at]) continue;
    const [x, y] = view.toScreen(pictureOf(view.plane, [view.slice, Math.floor(at / columns), at % columns]));
    pen.fillStyle = after[at] ? ADDED : REMOVED;
    pen.fillRect(x - scaleX / 2, y - scaleY / 2, scaleX, scaleY);
  }
  pen.globalAlpha = 1;
}

/** A plus or a minus in a ring: no colour is needed to tell them apart. */
function drawClick(pen, view, index, positive) {
  const [x, y] = view.toScreen(pictureOf(view.plane, index));
  pen.lineWidth = 1.5;
  pen.strokeStyle = MARK;
  pen.fillStyle = "#000A";
  pen.beginPath();
  pen.arc(x, y, RADIUS + 1, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x - RADIUS + 2, y);
  pen.lineTo(x + RADIUS - 2, y);
  if (positive) {
    pen.moveTo(x, y - RADIUS + 2);
    pen.lineTo(x, y + RADIUS - 2);
  }
  pen.stroke();
}
