// The layer strip: one chip a layer with eye, colour, style, opacity, blend and its value under the cursor;
// before them the value of the image itself.

import { BLENDS } from "./layers.js";
import { ramp } from "./colours.js";
import { DiameterChip } from "./diameterchip.js";

const ROOMY = 12;
const FOLDED = new Set(["consensus", "doubt"]);
const open = new Map(); // which groups the reader folded or unfolded, for as long as the page stays
const BLEND_NAMES = { even: "even", value: "by value", certainty: "by certainty" };

export class Strip {
  constructor(viewer) {
    this.viewer = viewer;
    this.element = document.createElement("div");
    this.element.className = "strip";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Layers");
    this.image = chip("hu", "Image");
    this.element.append(this.image.element);
    if (viewer.diameters.known.length || viewer.vessel.isThere) this.element.append(new DiameterChip(viewer).element);
    this.groups = groupsOf(viewer.layers).map((group) => this.group(group));
    this.rows = this.groups.flatMap(({ rows }) => rows);
    this.update();
  }

  /** A name that folds its chips away, all but those that are shown; without a name, the chips alone. */
  group({ name, layers }) {
    const group = { name, head: null };
    if (name) {
      group.head = Object.assign(document.createElement("button"), { type: "button", className: "group" });
      group.head.addEventListener("click", () => {
        open.set(name, !this.isOpen(name));
        this.update();
      });
      this.element.append(group.head);
    }
    group.rows = layers.map((layer) => this.row(layer, this.viewer.layers.indexOf(layer)));
    return group;
  }

  isOpen(name) {
    return open.get(name) ?? !(this.viewer.layers.length > ROOMY && FOLDED.has(name));
  }

  row(layer, rank) {
    const row = chip("layer", layer.title);
    row.layer = layer;
    const key = rank < 9 ? ` (alt+${rank + 1})` : "";
    row.element.title = `${layer.spec.provenance}${key}`;
    row.eye = Object.assign(document.createElement("button"), { type: "button", className: "eye" });
    row.eye.setAttribute("aria-label", `${layer.title}: show or hide${key}`);
    row.eye.addEventListener("click", () => this.viewer.toggleLayer(layer));
    row.element.prepend(row.eye);
    row.controls = Object.assign(document.createElement("span"), { className: "controls" });
    if (layer.isMap) row.controls.append(scale(layer), this.blends(layer));
    else row.controls.append(this.styles(layer));
    row.controls.append(this.opacity(layer));
    row.element.append(row.controls);
    this.element.append(row.element);
    return row;
  }

  styles(layer) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "style", title: "Outline or fill" });
    const say = () => (button.textContent = layer.style);
    button.addEventListener("click", () => {
      this.viewer.setLayer(layer, { style: layer.style === "outline" ? "fill" : "outline" });
      say();
    });
    say();
    return button;
  }

  /** How a map's transparency is chosen: the same everywhere, by its value, by its certainty, by another map. */
  blends(layer) {
    const select = document.createElement("select");
    select.setAttribute("aria-label", `${layer.title}: transparency`);
    select.title = "Transparency: the same everywhere, by value, or by certainty (its own, or low values of another map)";
    for (const name of BLENDS) select.append(new Option(BLEND_NAMES[name], name));
    for (const other of this.viewer.layers) {
      if (other !== layer && other.isMap) select.append(new Option(`certain where ${other.title} is low`, `certainty ${other.id}`));
    }
    select.value = layer.blend;
    select.addEventListener("change", () => {
      const [blend, by] = select.value.split(" ");
      this.viewer.setLayer(layer, { blend, by: by ?? null });
      select.blur();
    });
    return select;
  }

  opacity(layer) {
    const slider = Object.assign(document.createElement("input"), { type: "range", min: "0", max: "1", step: "0.05", value: String(layer.opacity), title: "Opacity" });
    slider.setAttribute("aria-label", `${layer.title}: opacity`);
    slider.addEventListener("input", () => this.viewer.setLayer(layer, { opacity: Number(slider.value) }));
    return slider;
  }

  update() {
    for (const { name, head, rows } of this.groups.filter(({ head }) => head)) {
      const isOpen = this.isOpen(name);
      const away = rows.filter(({ layer }) => !isOpen && !layer.visible);
      for (const row of rows) row.element.hidden = away.includes(row);
      head.setAttribute("aria-expanded", String(isOpen));
      head.title = isOpen ? `Fold away what is not shown of: ${name}` : `Unfold: ${name}`;
      head.textContent = isOpen ? name : `${name} +${away.length}`;
    }
    for (const { layer, element, eye, value } of this.rows) {
      element.classList.toggle("off", !layer.visible);
      element.dataset.state = layer.state;
      eye.setAttribute("aria-pressed", String(layer.visible));
      eye.style.setProperty("--colour", layer.colour);
      eye.dataset.line = layer.isMap ? "map" : layer.dash.length ? "dashed" : "solid";
      if (layer.state === "failed") value.textContent = `did not load: ${layer.reason}`;
      if (layer.state === "loading") value.textContent = "loading";
    }
  }

  /** Values of the image and of every visible layer at a voxel. */
  readOut(index) {
    if (!index) return;
    const hu = this.viewer.block?.at(index) ?? null;
    write(this.image.value, hu === null ? "\u2013" : `${hu} HU`);
    for (const { layer, value } of this.rows) {
      if (layer.state === "ready" && layer.visible) write(value, layer.valueAt(index) ?? "\u2013");
      else if (layer.state === "idle") write(value, "");
    }
  }
}

/** Layers by group, in the order in which they come. */
function groupsOf(layers) {
  const groups = new Map();
  for (const layer of layers) {
    const name = layer.spec.group ?? "";
    if (!groups.has(name)) groups.set(name, { name, layers: [] });
    groups.get(name).layers.push(layer);
  }
  return [...groups.values()];
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function chip(kind, title) {
  const element = Object.assign(document.createElement("div"), { className: `chip ${kind}` });
  const name = Object.assign(document.createElement("span"), { className: "name", textContent: title });
  const value = Object.assign(document.createElement("span"), { className: "value" });
  element.append(name, value);
  return { element, name, value };
}

/** A map's colour scale with its unit and range. */
function scale(layer) {
  const { kind, min, max, unit } = layer.spec;
  const colours = ramp(kind).filter((_, step) => step % 32 === 0 || step === 255).map((colour) => `rgb(${colour.join(",")})`);
  const element = Object.assign(document.createElement("span"), { className: "scale", title: `${kind}, ${short(min)} to ${short(max)} ${unit}` });
  const bar = Object.assign(document.createElement("span"), { className: "bar" });
  bar.style.background = `linear-gradient(90deg, ${colours.join(",")})`;
  const unitText = unit === "probability" ? "p" : unit;
  element.append(short(min), bar, `${short(max)} ${unitText}`);
  return element;
}

function short(number) {
  return String(Number(number.toPrecision(3)));
}
