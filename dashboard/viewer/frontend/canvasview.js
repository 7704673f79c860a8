// One view on screen: a picture at its own resolution under a canvas for lines and words.
// A view knows its `plane` (size, spacing and letters of its picture) and where things lie in it; see PlaneView.

import { clamp } from "./geometry.js";
import { blend, blendByOther, outline } from "./render.js";
import { drawTools } from "./tools.js";

const ACCENT = "#4C9AFF";
const MUTED = "#B6BEC8";
const TRACE = "#8CB8FF";
const NICE_LENGTHS = [1, 2, 5, 10, 20, 50, 100];
const CROSS_GAP = 12;

export class CanvasView {
  constructor(name, viewer, plane) {
    Object.assign(this, { name, viewer, zoom: 1, centre: null, dirty: { picture: true, lines: true }, outlines: new Map() });
    this.element = document.createElement("div");
    this.element.className = "plane";
    this.element.dataset.plane = name;
    this.picture = Object.assign(document.createElement("canvas"), { className: "picture" });
    this.lines = Object.assign(document.createElement("canvas"), { className: "lines" });
    this.words = Object.assign(document.createElement("div"), { className: "words" });
    this.element.append(this.picture, this.lines, this.words);
    this.context = this.picture.getContext("2d", { alpha: false });
    this.setPlane(plane);
  }

  setPlane(plane) {
    this.plane = plane;
    const { width, height } = plane;
    if (this.image?.width === width && this.image.height === height) return;
    Object.assign(this.picture, { width, height });
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  get isShown() {
    return !this.element.hidden;
  }

  /** The slice of the blocks of `blockOf` that is seen. */
  get at() {
    return this.slice;
  }

  /** A picture pixel, x and y, as LPS mm. */
  pointAt(x, y) {
    return this.viewer.toPatient(this.placeAt(x, y));
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const ratio = window.devicePixelRatio || 1;
    this.size = { width, height, ratio };
    this.lines.width = Math.round(width * ratio);
    this.lines.height = Math.round(height * ratio);
    this.dirty.lines = true;
  }

  /** Show everything that is loaded first, or the whole plane. */
  fit() {
    this.zoom = 1;
    this.centre = null;
    this.dirty.lines = true;
  }

  /** Scale and offset from picture pixels to CSS pixels of the element. */
  transform() {
    const { plane } = this;
    const box = this.fitBox();
    const { width, height } = this.size;
    const fitted = Math.min(width / ((box[2] - box[0]) * plane.spacingU), height / ((box[3] - box[1]) * plane.spacingV));
    const scaleX = fitted * this.zoom * plane.spacingU;
    const scaleY = fitted * this.zoom * plane.spacingV;
    const [x, y] = this.centre ?? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    return { scaleX, scaleY, x: width / 2 - x * scaleX, y: height / 2 - y * scaleY, perMm: fitted * this.zoom };
  }

  toScreen([x, y]) {
    const t = this.transform();
    return [x * t.scaleX + t.x, y * t.scaleY + t.y];
  }

  /** Picture coordinates under a pointer event. */
  toPicture(event) {
    const box = this.element.getBoundingClientRect();
    const t = this.transform();
    return [(event.clientX - box.left - t.x) / t.scaleX, (event.clientY - box.top - t.y) / t.scaleY];
  }

  /** LPS mm under a pointer event. */
  pointUnder(event) {
    return this.pointAt(...this.toPicture(event));
  }

  voxelUnder(event) {
    return this.clip(this.placeAt(...this.toPicture(event)).map(Math.round));
  }

  clip(index) {
    return index.map((value, axis) => clamp(value, 0, this.viewer.data.shape[axis] - 1));
  }

  zoomBy(factor, event) {
    const before = event ? this.toPicture(event) : null;
    this.zoom = clamp(this.zoom * factor, 0.25, 40);
    if (before) {
      const after = this.toPicture(event);
      this.moveCentre(before[0] - after[0], before[1] - after[1]);
    }
    this.dirty.lines = true;
  }

  panBy(dx, dy) {
    const t = this.transform();
    this.moveCentre(-dx / t.scaleX, -dy / t.scaleY);
  }

  moveCentre(dx, dy) {
    const { width, height } = this.size;
    const t = this.transform();
    const centre = [(width / 2 - t.x) / t.scaleX, (height / 2 - t.y) / t.scaleY];
    this.centre = [centre[0] + dx, centre[1] + dy];
    this.dirty.lines = true;
  }

  draw() {
    if (this.dirty.picture) this.drawPicture();
    if (this.dirty.picture || this.dirty.lines) this.drawLines();
    this.dirty = { picture: false, lines: false };
  }

  drawPicture() {
    this.covered = this.drawImage();
    for (const layer of this.viewer.layers) if (layer.visible && layer.block && layer.style !== "outline") this.blendLayer(layer);
    this.context.putImageData(this.image, 0, 0);
    this.outlines.clear();
  }

  blendLayer(layer) {
    const { pixels, plane, at } = this;
    const other = layer.by && this.viewer.layers.find((one) => one.id === layer.by);
    const table = this.viewer.tableOf(layer);
    if (other?.block && layer.blend === "certainty") {
      blendByOther(pixels, plane, this.blockOf(layer), at, table, layer.shift, this.blockOf(other), other.certaintyTable(), other.shift);
    } else blend(pixels, plane, this.blockOf(layer), at, table, layer.shift);
  }

  drawLines() {
    const { viewer } = this;
    const { width, height, ratio } = this.size;
    const t = this.transform();
    this.picture.style.transform = `translate(${t.x}px, ${t.y}px) scale(${t.scaleX}, ${t.scaleY})`;
    this.picture.style.imageRendering = viewer.sharp ? "pixelated" : "auto";
    const pen = this.lines.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const layer of viewer.drawn) if (layer.visible && layer.block && layer.style === "outline") this.drawOutlines(pen, layer, t);
    if (viewer.showCross) this.drawCross(pen);
    if (this.isSlice && viewer.views.perpendicular.isShown) this.drawTrace(pen, viewer.views.perpendicular.traceOn(this));
    viewer.diameters.drawOn(pen, this);
    drawTools(pen, this);
    for (const hand of Object.values(viewer.hands)) hand.drawOn(pen, this);
    this.drawScaleBar(pen, t);
    for (const [place, text] of Object.entries(this.said())) this.say(place, text);
  }

  drawOutlines(pen, layer, t) {
    let found = this.outlines.get(layer.id);
    if (!found) {
      const block = this.blockOf(layer);
      found = layer.outlines().map((line) => ({ ...line, edges: outline(this.plane, block, this.at, line.member) }));
      this.outlines.set(layer.id, found);
    }
    pen.globalAlpha = layer.opacity;
    pen.setLineDash(layer.dash);
    for (const { edges, colour, width } of found) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      for (let at = 0; at < edges.length; at += 4) {
        pen.moveTo(edges[at] * t.scaleX + t.x, edges[at + 1] * t.scaleY + t.y);
        pen.lineTo(edges[at + 2] * t.scaleX + t.x, edges[at + 3] * t.scaleY + t.y);
      }
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  drawCross(pen) {
    const [x, y] = this.toScreen(this.cross());
    const { width, height } = this.size;
    pen.strokeStyle = ACCENT;
    pen.globalAlpha = 0.7;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [x0, y0, x1, y1] of [[0, y, x - CROSS_GAP, y], [x + CROSS_GAP, y, width, y], [x, 0, x, y - CROSS_GAP], [x, y + CROSS_GAP, x, height]]) {
      pen.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
      pen.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /** The line in which the perpendicular plane cuts this slice. */
  drawTrace(pen, ends) {
    if (!ends) return;
    pen.strokeStyle = TRACE;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    for (const end of ends) pen.lineTo(...this.toScreen(end));
    pen.stroke();
    pen.setLineDash([]);
  }

  drawScaleBar(pen, t) {
    const { width, height } = this.size;
    const length = NICE_LENGTHS.filter((mm) => mm * t.perMm < width / 3).pop() ?? 1;
    const x = 12;
    const y = height - 12;
    pen.strokeStyle = pen.fillStyle = MUTED;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, y - 4);
    pen.lineTo(x, y);
    pen.lineTo(x + length * t.perMm, y);
    pen.lineTo(x + length * t.perMm, y - 4);
    pen.stroke();
    pen.font = "12px sans-serif";
    pen.strokeStyle = "#000";
    pen.strokeText(`${length} mm`, x, y - 8);
    pen.fillText(`${length} mm`, x, y - 8);
  }

  /** The words of a view by their place. */
  said() {
    const letters = Object.entries(this.plane.letters).map(([side, text]) => [`side-${side}`, text]);
    return { middle: this.viewer.loader.messageFor(this), ...Object.fromEntries(letters) };
  }

  say(place, text) {
    let word = this.words.querySelector(`.${place}`);
    if (!word) {
      word = Object.assign(document.createElement("span"), { className: place });
      this.words.append(word);
    }
    if (word.textContent !== text) word.textContent = text;
  }
}
