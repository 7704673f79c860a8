// One plane on screen: a picture at native resolution under a canvas for lines and words.

import { boxOnPlane, clamp, makePlane, pictureOf, slicePosition, voxelAt } from "./geometry.js";
import { blend, blendByOther, drawImage, drawSlab, outline } from "./render.js";
import { drawTools } from "./tools.js";

const ACCENT = "#4C9AFF";
const MUTED = "#B6BEC8";
const NICE_LENGTHS = [1, 2, 5, 10, 20, 50, 100];
const CROSS_GAP = 12;

export class PlaneView {
  constructor(name, viewer) {
    this.name = name;
    this.viewer = viewer;
    this.plane = makePlane(name, viewer.data);
    this.zoom = 1;
    this.centre = null;
    this.dirty = { picture: true, lines: true };
    this.element = document.createElement("div");
    this.element.className = "plane";
    this.element.dataset.plane = name;
    this.picture = Object.assign(document.createElement("canvas"), { className: "picture" });
    this.lines = Object.assign(document.createElement("canvas"), { className: "lines" });
    this.words = Object.assign(document.createElement("div"), { className: "words" });
    this.element.append(this.picture, this.lines, this.words);
    this.picture.width = this.plane.width;
    this.picture.height = this.plane.height;
    this.context = this.picture.getContext("2d", { alpha: false });
    this.image = this.context.createImageData(this.plane.width, this.plane.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.outlines = new Map();
  }

  get slice() {
    return this.viewer.cursor[this.plane.normal];
  }

  get count() {
    return this.viewer.data.shape[this.plane.normal];
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
    const { plane, viewer } = this;
    const box = viewer.fitBox ? boxOnPlane(plane, viewer.fitBox.origin, viewer.fitBox.shape) : [0, 0, plane.width, plane.height];
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

  voxelUnder(event) {
    const [x, y] = this.toPicture(event);
    return this.clip(voxelAt(this.plane, x, y, this.slice));
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
    const { viewer, plane, pixels } = this;
    const slab = viewer.slabOf(plane);
    this.covered = slab
      ? drawSlab(pixels, plane, viewer.block, slab, viewer.table)
      : drawImage(pixels, plane, viewer.block, this.slice, viewer.table);
    for (const layer of viewer.layers) if (layer.visible && layer.block && layer.style !== "outline") this.blendLayer(layer);
    this.context.putImageData(this.image, 0, 0);
    this.outlines.clear();
  }

  blendLayer(layer) {
    const { pixels, plane, slice } = this;
    const other = layer.by && this.viewer.layers.find((one) => one.id === layer.by);
    const table = this.viewer.tableOf(layer);
    if (other?.block && layer.blend === "certainty") {
      blendByOther(pixels, plane, layer.block, slice, table, layer.shift, other.block, other.certaintyTable(), other.shift);
    } else blend(pixels, plane, layer.block, slice, table, layer.shift);
  }

  drawLines() {
    const { width, height, ratio } = this.size;
    const t = this.transform();
    this.picture.style.transform = `translate(${t.x}px, ${t.y}px) scale(${t.scaleX}, ${t.scaleY})`;
    this.picture.style.imageRendering = this.viewer.sharp ? "pixelated" : "auto";
    const pen = this.lines.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const layer of this.viewer.drawn) if (layer.visible && layer.block && layer.style === "outline") this.drawOutlines(pen, layer, t);
    if (this.viewer.showCross) this.drawCross(pen);
    drawTools(pen, this);
    for (const hand of Object.values(this.viewer.hands)) hand.drawOn(pen, this);
    this.drawScaleBar(pen, t);
    this.drawWords();
  }

  drawOutlines(pen, layer, t) {
    let found = this.outlines.get(layer.id);
    if (!found) {
      found = layer.outlines().map((line) => ({ ...line, edges: outline(this.plane, layer.block, this.slice, line.member) }));
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
    const [x, y] = this.toScreen(pictureOf(this.plane, this.viewer.cursor));
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

  drawWords() {
    const { viewer, plane } = this;
    const slab = viewer.slabOf(plane);
    const shown = {
      "top-left": [
        `${this.name[0].toUpperCase()}${this.name.slice(1)} ${this.slice + 1}/${this.count}`,
        slicePosition(plane, viewer.data.affine, viewer.cursor),
        `spacing ${viewer.data.spacing[plane.normal].toFixed(2)} mm`,
      ].join("\n"),
      "top-right": this.name === "axial" ? `W ${Math.round(viewer.window.width)} C ${Math.round(viewer.window.centre)} HU` : "",
      "bottom-right": slab ? `${slab.mode === "mip" ? "MIP" : "average"} ${slab.mm.toFixed(1)} mm` : "",
      middle: viewer.loader.messageFor(this),
      notice: this.name === "axial" ? viewer.data.badges.join(" \u00b7 ") : "",
      ...Object.fromEntries(Object.entries(plane.letters).map(([side, text]) => [`side-${side}`, text])),
    };
    for (const [place, text] of Object.entries(shown)) this.say(place, text);
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
