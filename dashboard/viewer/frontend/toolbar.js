// Tools, window presets, slab, whole scan, full screen. Every button says its key on hover.

import { WINDOWS } from "./keys.js";

const TOOLS = [["crosshair", "Cross", "x"], ["window", "Window", "w"], ["zoom", "Zoom", "z"], ["pan", "Pan", "g"], ["ruler", "Ruler", "r"], ["ellipse", "Ellipse", "e"]];
const HANDS = [["outline", "Outline", "Outline with one box or click (o)"], ["correct", "Correct", "Correct an outline by clicks (t)"], ["diameter", "Diameter", "Your own diameter (d)"]];
const ALONG = [["perpendicular", "Across", "Plane perpendicular to the centreline (v)", "across"], ["straight", "Straight", "Straightened view: from the front, from the side, off (l)", "straighten"]];
const SLAB_NAMES = { mip: "MIP", average: "Average" };
const SLAB_MM = [5, 10, 20, 40];

export class Toolbar {
  constructor(viewer) {
    this.viewer = viewer;
    this.element = document.createElement("div");
    this.element.className = "toolbar";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Image tools");
    this.tools = TOOLS.map(([name, label, key]) => [name, this.button(label, `${name[0].toUpperCase()}${name.slice(1)} tool (${key})`, "tool", name)]);
    for (const [name, label, title] of HANDS) this.tools.push([name, this.button(label, title, "tool", name)]);
    this.along = ALONG.map(([name, label, title, action]) => [name, this.button(label, title, action)]);
    this.presets = this.select("Window", [
      ["", "Window"], ...Object.entries(WINDOWS).map(([key, { name, width, centre }]) => [key, `${name} ${width}/${centre}`]), ["5", "the file's own"],
    ], (value) => value && viewer.act("window", Number(value)));
    this.slab = this.select("Slab and its thickness (b)", slabs(), (value) => {
      const [mode, mm] = value.split(" ");
      viewer.setSlab({ mode, mm: Number(mm) || viewer.slab.mm });
    });
    this.invert = this.button("Invert", "Invert grey values (i)", "invert");
    this.cine = this.button("Cine", "Play through the slices (c)", "cine");
    this.spring = Object.assign(document.createElement("span"), { className: "spring" });
    this.whole = this.button("Whole scan", "Load everything outside the region around the aorta", "whole");
    this.button("Reset", "Reset zoom, pan and window (space)", "reset");
    this.button("Full", "Full screen (f)", "fullscreen");
    this.button("?", "Show the keys (?)", "help");
    this.element.insertBefore(this.spring, this.whole);
    this.update();
  }

  button(label, title, action, argument) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label, title });
    button.addEventListener("click", () => this.viewer.act(action, argument));
    this.element.append(button);
    return button;
  }

  select(label, options, onChange) {
    const select = document.createElement("select");
    select.setAttribute("aria-label", label);
    select.title = label;
    for (const [value, text] of options) select.append(new Option(text, value));
    select.addEventListener("change", () => {
      onChange(select.value);
      select.blur();
    });
    this.element.append(select);
    return select;
  }

  update() {
    const { viewer } = this;
    for (const [name, button] of this.tools) button.setAttribute("aria-pressed", String(viewer.tool === name));
    for (const [name, button] of this.along) button.setAttribute("aria-pressed", String(viewer.vessel.shown.has(name)));
    this.invert.setAttribute("aria-pressed", String(viewer.invert));
    this.cine.setAttribute("aria-pressed", String(Boolean(viewer.cine)));
    const chosen = Object.entries(WINDOWS).find(([, one]) => one.width === viewer.window.width && one.centre === viewer.window.centre);
    this.presets.value = chosen ? chosen[0] : "";
    this.slab.value = viewer.slab.mode === "off" ? "off" : `${viewer.slab.mode} ${viewer.slab.mm}`;
    if (viewer.loader.full) Object.assign(this.whole, { hidden: true });
  }

  /** How much of the whole scan has arrived, 0 to 1; null when nothing is on its way. */
  progress(fraction) {
    this.whole.textContent = fraction === null ? "Whole scan" : `Loading ${Math.min(100, Math.round(fraction * 100))} %`;
    this.whole.disabled = fraction !== null;
    if (this.viewer.loader.full) this.whole.hidden = true;
  }
}

/** "Slab off", then every kind in every thickness. */
function slabs() {
  const kinds = Object.entries(SLAB_NAMES);
  return [["off", "Slab off"], ...kinds.flatMap(([mode, name]) => SLAB_MM.map((mm) => [`${mode} ${mm}`, `${name} ${mm} mm`]))];
}
