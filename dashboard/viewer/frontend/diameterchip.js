// The chip of the diameters in the layer strip: eye, which of them, a way to each, and whose centreline the planes follow.

import { make } from "../intake/elements.js";

export class DiameterChip {
  constructor(viewer) {
    this.viewer = viewer;
    const { diameters, vessel } = viewer;
    this.eye = make("button", "eye", [], { type: "button" });
    this.eye.setAttribute("aria-label", "Diameters: show or hide");
    this.eye.dataset.line = "solid";
    this.eye.style.setProperty("--colour", "#FFFFFF");
    this.eye.addEventListener("click", () => this.set({ visible: !diameters.visible }));
    this.which = choice("Which diameters are drawn", [["main", "largest"], ["all", "all"]], (value) => this.set({ all: value === "all" }));
    this.places = choice("Go to a diameter", [["", "go to"], ...diameters.known.map((one) => [one.id, inWords(one)])], (id) => this.go(id));
    this.authors = choice("Whose centreline the planes follow", vessel.authors.map(({ subject }) => [subject, subject]), (subject) => vessel.choose(subject));
    this.authors.value = vessel.author?.subject ?? "";
    this.authors.hidden = vessel.authors.length < 2;
    this.which.hidden = this.places.hidden = diameters.known.length === 0;
    const controls = make("span", "controls", [this.which, this.places, this.authors]);
    this.element = make("div", "chip diameters", [this.eye, make("span", "name", "Diameters"), controls]);
    this.update();
  }

  set(change) {
    Object.assign(this.viewer.diameters, change);
    this.update();
    this.viewer.changed("lines");
  }

  /** The crosshair goes to its middle; one that is not axial opens the plane that it lies in. */
  go(id) {
    if (id) this.viewer.diameters.jump(id);
    this.places.value = "";
  }

  update() {
    const { visible, all } = this.viewer.diameters;
    this.eye.setAttribute("aria-pressed", String(visible));
    this.which.value = all ? "all" : "main";
  }
}

function inWords({ value, name, subject }) {
  return `${value.toFixed(1)} mm: ${name} (${subject})`;
}

function choice(label, options, onChange) {
  const select = make("select", "", options.map(([value, text]) => new Option(text, value)), { title: label });
  select.setAttribute("aria-label", label);
  select.addEventListener("change", () => {
    onChange(select.value);
    select.blur();
  });
  return select;
}
