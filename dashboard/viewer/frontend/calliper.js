// A reader's own diameter: two end points on the perpendicular plane or on an axial slice, moved until they fit, then saved.
// It stands beside what programs measured; nothing that is stored changes.

import { ask } from "../intake/api.js";
import { MARK } from "./colours.js";
import { drawDiameter } from "./diameters.js";
import { Panel } from "./panel.js";
import { cross, distance, plus, unit } from "./vectors.js";

const REACH = 9; // CSS pixels from an end point within which a press takes hold of it
const SHORTEST = 0.5; // mm
const HOW = "Click from wall to wall, on the perpendicular plane (v) or on an axial slice. Enter takes the crosshair.";

export class Calliper {
  constructor(viewer) {
    this.viewer = viewer;
    this.panel = new Panel("Your own diameter");
    this.clear();
  }

  get isOpen() {
    return this.viewer.tool === "diameter";
  }

  get millimetres() {
    return this.ends.length === 2 ? distance(...this.ends) : 0;
  }

  clear() {
    Object.assign(this, { ends: [], plane: null, held: null, saving: false });
  }

  takes(event, view) {
    return event.button === 0 && !this.saving && ["axial", "perpendicular"].includes(view.name);
  }

  down(view, event) {
    const point = view.pointUnder(event);
    this.held = this.ends.length === 2 ? this.endUnder(view, event) : null;
    if (this.held !== null) return this.put(view, point);
    if (this.ends.length === 2 || !this.isOn(view)) this.begin(view);
    this.add(view, point);
    return this.show();
  }

  /** Take hold of the last point; where it is the first of two, the second follows on release or on the next press. */
  add(view, point) {
    this.ends.push(point);
    this.held = this.ends.length - 1;
    this.pressed = point;
    this.viewer.changed("lines", view);
  }

  begin(view) {
    this.clear();
    this.plane = spokenPlane(view);
  }

  move(view, event) {
    if (this.held === null || !this.isOn(view)) return;
    const point = view.pointUnder(event);
    if (this.ends.length === 1 && distance(point, this.pressed) > SHORTEST) this.add(view, point);
    else if (this.ends.length === 2) this.put(view, point);
  }

  put(view, point) {
    this.ends[this.held] = point;
    this.viewer.changed("lines", view);
    this.show();
  }

  up() {
    this.held = null;
    this.show();
  }

  /** Without a mouse: an end point at the crosshair; with both, save. */
  enter() {
    const view = this.viewer.active;
    if (this.saving || !this.takes({ button: 0 }, view)) return;
    if (this.ends.length === 2 && this.isOn(view)) {
      this.save();
      return;
    }
    if (!this.isOn(view)) this.begin(view);
    const [x, y] = view.cross();
    this.add(view, view.pointAt(x, y));
    this.up();
  }

  /** Whether this view shows the plane that the points were placed on. */
  isOn(view) {
    return this.plane !== null && JSON.stringify(spokenPlane(view)) === JSON.stringify(this.plane);
  }

  endUnder(view, event) {
    if (!this.isOn(view)) return null;
    const box = view.element.getBoundingClientRect();
    const near = this.ends.map((end) => {
      const { x, y } = view.project(end);
      const [sx, sy] = view.toScreen([x, y]);
      return Math.hypot(sx + box.left - event.clientX, sy + box.top - event.clientY);
    });
    const best = near.indexOf(Math.min(...near));
    return near[best] <= REACH ? best : null;
  }

  async save() {
    if (this.saving || this.millimetres < SHORTEST) return;
    this.saving = true;
    this.show();
    try {
      const { key } = this.viewer.data.case;
      await ask(`/measurements?case=${encodeURIComponent(key)}`, { method: "POST", body: { ...this.plane, ends: this.ends } });
      const text = `Saved: ${this.millimetres.toFixed(1)} mm. It stands beside the others.`;
      this.clear();
      this.viewer.args.setTriggerValue("show", { at: Date.now() });
      this.show(text);
    } catch (error) {
      this.saving = false;
      this.show(error.message, true);
    }
    this.viewer.changed("lines");
  }

  toolChanged() {
    if (!this.isOpen) this.clear();
    this.show();
  }

  leave() {
    this.viewer.setTool("crosshair");
  }

  show(text = this.sentence(), failed = false) {
    if (!this.isOpen) return this.panel.hide();
    const close = ["Close", "close", () => this.leave()];
    const again = ["Draw again", "again", () => this.again()];
    const save = ["Save", "chosen", () => this.save()];
    const isWhole = this.millimetres >= SHORTEST && !this.saving;
    return this.panel.show({ text, failed, buttons: [...(isWhole ? [save] : []), ...(this.ends.length ? [again] : []), close] });
  }

  again() {
    this.clear();
    this.show();
    this.viewer.changed("lines");
  }

  sentence() {
    if (this.saving) return "Saving";
    if (!this.ends.length) return HOW;
    const { view, along_mm: along } = this.plane;
    const where = view === "axial" ? "in an axial slice" : `perpendicular, ${along.toFixed(0)} mm along the centreline`;
    return this.ends.length === 1 ? "Now the other wall." : `${this.millimetres.toFixed(1)} mm ${where}. Drag an end to move it.`;
  }

  drawOn(pen, view) {
    if (!this.ends.length || !this.isOn(view)) return;
    const points = [this.ends[0], this.ends[1] ?? this.ends[0]];
    drawDiameter(pen, view, points, { colour: MARK, text: this.ends[1] ? `${this.millimetres.toFixed(1)} mm` : "", width: 2 });
    for (const end of this.ends) {
      const { x, y } = view.project(end);
      pen.beginPath();
      pen.arc(...view.toScreen([x, y]), 4, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  destroy() {}
}

/** A view's plane as the server takes it. */
function spokenPlane(view) {
  if (view.name !== "perpendicular") {
    const [origin, right, below] = [[0, 0], [1, 0], [0, 1]].map(([x, y]) => view.pointAt(x, y));
    const normal = unit(cross(plus(right, origin, -1), plus(below, origin, -1)));
    return { view: view.name, plane: { point: origin, normal } };
  }
  const { along, author } = view.viewer.vessel;
  const { centre: point, normal } = view.frame;
  return { view: view.name, plane: { point, normal }, centreline: author.subject, along_mm: along };
}
