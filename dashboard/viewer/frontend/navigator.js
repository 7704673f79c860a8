// The navigator: per-slice curves along the scan with the flagged places; a click or drag moves the slice.

import { CONSENSUS, READERS, ramp } from "./colours.js";

const ROW = 34;
const LOW_ROW = 28; // where there are many
const ROOMY = 3;
const LABEL = 204;
const PAD = 8;
const MOST_ROWS = 5;
const ENTROPIES = { "predictive entropy": "total", "expected entropy": "aleatoric", "mutual information": "epistemic" };
const KINDS = { aleatoric: "aleatoric", epistemic: "epistemic", total: "total", ...ENTROPIES };
const SEVERITY = { 1: "#8B949E", 2: "#D29922", 3: "#F85149" };

export class Navigator {
  constructor(viewer) {
    this.viewer = viewer;
    this.element = Object.assign(document.createElement("div"), { className: "navigator" });
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Curves along the scan; a click moves the slice");
    this.element.append(this.canvas);
    this.groups = grouped(viewer.data.profiles).slice(0, MOST_ROWS);
    this.row = this.groups.length > ROOMY ? LOW_ROW : ROW;
    this.height = Math.max(1, this.groups.length) * this.row + 14;
    this.element.style.height = `${this.height}px`;
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    this.canvas.addEventListener("pointermove", (event) => event.buttons && this.moveTo(event));
  }

  resize() {
    this.ratio = window.devicePixelRatio || 1;
    this.width = this.element.clientWidth;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
    this.base = null;
  }

  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.moveTo(event);
  }

  moveTo(event) {
    const count = this.viewer.data.shape[0];
    const x = event.clientX - this.canvas.getBoundingClientRect().left - LABEL;
    const [, j, i] = this.viewer.cursor;
    this.viewer.moveTo([Math.round((x / (this.width - LABEL - PAD)) * (count - 1)), j, i]);
  }

  x(slice) {
    return LABEL + (slice / Math.max(1, this.viewer.data.shape[0] - 1)) * (this.width - LABEL - PAD);
  }

  draw() {
    if (!this.width) return;
    const pen = this.canvas.getContext("2d");
    this.base ??= this.drawBase();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.base, 0, 0);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const x = Math.round(this.x(this.viewer.cursor[0])) + 0.5;
    pen.strokeStyle = "#4C9AFF";
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, this.height);
    pen.stroke();
    this.drawValues(pen);
  }

  /** Everything that does not change while the slice moves. */
  drawBase() {
    const base = document.createElement("canvas");
    Object.assign(base, { width: this.canvas.width, height: this.canvas.height });
    const pen = base.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const style = getComputedStyle(this.element);
    this.muted = style.getPropertyValue("--muted") || "#8B949E";
    this.groups.forEach((group, row) => this.drawGroup(pen, group, 14 + row * this.row));
    if (!this.groups.length) this.write(pen, "No curves for this case", 0, 30);
    for (const place of this.viewer.data.places) this.drawPlace(pen, place);
    return base;
  }

  drawGroup(pen, group, top) {
    this.write(pen, group.name, 0, top + 11);
    const unit = group.unit === "1" ? "" : group.unit;
    this.write(pen, `0 to ${group.max.toPrecision(2)} ${unit}`, 0, top + 24);
    pen.strokeStyle = "rgba(139,148,158,0.35)";
    pen.beginPath();
    pen.moveTo(LABEL, top + this.row - 5.5);
    pen.lineTo(this.width - PAD, top + this.row - 5.5);
    pen.stroke();
    for (const curve of group.curves) this.drawCurve(pen, curve, group.max, top);
  }

  drawCurve(pen, curve, max, top) {
    const layer = this.viewer.layers.find((one) => one.isBy(curve.subject) && !one.isMap);
    pen.strokeStyle = this.colourOf(curve, layer);
    pen.setLineDash(layer?.dash ?? []);
    pen.lineWidth = 1.25;
    pen.beginPath();
    let drawing = false;
    curve.values.forEach((value, slice) => {
      if (value === null) {
        drawing = false;
        return;
      }
      const y = top + this.row - 6 - (value / (max || 1)) * (this.row - 10);
      if (drawing) pen.lineTo(this.x(slice), y);
      else pen.moveTo(this.x(slice), y);
      drawing = true;
    });
    pen.stroke();
    pen.setLineDash([]);
  }

  /** A curve has the colour of its map of doubt, or of its author's layers; light lines turn dark on a light page. */
  colourOf(curve, layer) {
    if (curve.name === "disagreement" && !layer) return curve.subject === "readers" ? READERS[0] : CONSENSUS;
    if (curve.name in KINDS) return `rgb(${ramp(KINDS[curve.name])[170].join(",")})`;
    if (!layer) return READERS[0];
    return layer.colour === "#FFFFFF" ? getComputedStyle(this.element).color : layer.colour;
  }

  drawPlace(pen, place) {
    const x = this.x(place.k);
    pen.fillStyle = SEVERITY[place.severity] ?? SEVERITY[1];
    pen.beginPath();
    pen.moveTo(x - 5, 2);
    pen.lineTo(x + 5, 2);
    pen.lineTo(x, 11);
    pen.fill();
  }

  /** Values at the current slice, at the right of each row's name. */
  drawValues(pen) {
    const slice = this.viewer.cursor[0];
    this.groups.forEach((group, row) => {
      const values = group.curves.map((curve) => curve.values[slice]).filter((value) => value !== null && value !== undefined);
      if (!values.length) return;
      const decimals = Math.max(0, 1 - Math.floor(Math.log10(group.max || 1))); // two digits of the row's largest value
      const low = Math.min(...values).toFixed(decimals);
      const high = Math.max(...values).toFixed(decimals);
      this.write(pen, low === high ? high : `${low}\u2013${high}`, LABEL - 10, 14 + row * this.row + 12, "right");
    });
  }

  write(pen, text, x, y, align = "left") {
    pen.font = "12px sans-serif";
    pen.textAlign = align;
    pen.fillStyle = this.muted;
    pen.fillText(text, x, y);
  }
}

/** Curves of one name and unit share a row and a scale. */
function grouped(profiles) {
  const groups = new Map();
  for (const profile of profiles) {
    const key = `${profile.name} ${profile.unit}`;
    if (!groups.has(key)) groups.set(key, { name: profile.name, unit: profile.unit, curves: [], max: 0 });
    const group = groups.get(key);
    group.curves.push(profile);
    group.max = Math.max(group.max, ...profile.values.filter((value) => value !== null));
  }
  return diameterFirst(entropiesLast([...groups.values()]));
}

/** Of maps that compete for rows those of the two uncertainties come before the entropies. */
function entropiesLast(groups) {
  return [...groups.filter((group) => !(group.name in ENTROPIES)), ...groups.filter((group) => group.name in ENTROPIES)];
}

/** Where the diameter is known the area says little more: it comes last, and goes where there is no room. */
function diameterFirst(groups) {
  const named = (name) => groups.filter((group) => group.name === name);
  const [diameter, area] = [named("diameter"), named("outer wall area")];
  if (!diameter.length) return groups;
  return [...diameter, ...groups.filter((group) => !diameter.includes(group) && !area.includes(group)), ...area];
}
