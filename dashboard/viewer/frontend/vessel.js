// The way along the vessel: whose centreline, which limb, how far down; and the two views that stand on it.

import { waysDown } from "./curve.js";
import { clamp } from "./geometry.js";
import { Panel } from "./panel.js";
import { SIDES } from "./straightview.js";

const REPLACED = { perpendicular: "coronal", straight: "sagittal" };
const PREFERENCE = 0.5; // mm by which another limb must be nearer before the way changes

export class Vessel {
  constructor(viewer) {
    this.viewer = viewer;
    this.panel = new Panel("Planes along the vessel");
    Object.assign(this, { authors: [], author: null, way: 0, along: 0, side: "right", shown: new Set() });
    this.takeOver(viewer.data.measurements);
  }

  /** Take over the stored centrelines; the author that was chosen stays where it can. */
  takeOver({ curves = [], reason = "" } = {}) {
    const bySubject = Map.groupBy(curves, ({ subject }) => subject);
    this.authors = [...bySubject].map(([subject, own]) => ({ subject, ways: waysDown(own) })).filter(({ ways }) => ways.length);
    this.author = this.authors.find(({ subject }) => subject === this.author?.subject) ?? this.authors[0] ?? null;
    this.reason = reason;
    this.way = Math.min(this.way, (this.author?.ways.length ?? 1) - 1);
    if (!this.author) this.shown.clear();
  }

  get isThere() {
    return this.author !== null;
  }

  /** The way that is followed: its name, its curve, the frames along it and which of their directions is shown. */
  get current() {
    const way = this.author.ways[this.way];
    way.frames ??= way.curve.frames();
    return Object.assign(way, { side: this.side });
  }

  /** @returns {Curve|undefined} */
  get curve() {
    return this.author?.ways[this.way].curve;
  }

  /** The crosshair has moved: go to the nearest place of the curve, or stay where `along` says. */
  follow(point, along = null) {
    if (!this.isThere) return;
    if (along !== null) {
      this.along = clamp(along, 0, this.curve.length);
      return;
    }
    const found = this.author.ways.map(({ curve }) => curve.nearest(point));
    const best = found.reduce((least, { distance }, way) => (distance < found[least].distance - PREFERENCE ? way : least), this.way);
    Object.assign(this, { way: best, along: found[best].along });
  }

  /** Go along the curve; the crosshair, and with it the planes, come along. */
  moveTo(along) {
    const kept = clamp(along, 0, this.curve.length);
    this.viewer.moveToPoint(this.curve.at(kept), kept);
  }

  choose(subject) {
    this.author = this.authors.find((one) => one.subject === subject) ?? this.author;
    this.way = 0;
    this.follow(this.viewer.point);
    this.viewer.changed("picture");
  }

  /** Perpendicular plane: on or off. */
  across() {
    this.show("perpendicular", !this.shown.has("perpendicular"));
  }

  /** Straightened view: from the front, from the side, off. */
  straighten() {
    const sides = Object.keys(SIDES);
    const isLast = this.shown.has("straight") && this.side === sides.at(-1);
    const next = this.shown.has("straight") ? sides.at(-1) : sides[0];
    if (!isLast) this.side = next;
    this.show("straight", !isLast);
  }

  show(name, isShown) {
    if (isShown && !this.isThere) return this.explain();
    if (isShown) this.shown.add(name);
    else this.shown.delete(name);
    this.arrange();
    this.viewer.input.activate(this.viewer.views[isShown ? name : REPLACED[name]]);
    return undefined;
  }

  /** Each of the two views takes the room of one plane. */
  arrange() {
    const { views } = this.viewer;
    const { planes } = this.viewer;
    for (const [name, replaced] of Object.entries(REPLACED)) {
      const isShown = this.shown.has(name);
      views[name].element.hidden = !isShown;
      views[replaced].element.hidden = isShown;
      const [gone, there] = isShown ? [replaced, name] : [name, replaced];
      if (planes.dataset.large === gone) planes.dataset.large = there;
    }
    this.viewer.enlarge(planes.dataset.large);
    this.viewer.toolbar.update();
    this.viewer.changed("picture");
  }

  explain() {
    this.panel.show({ text: this.reason, buttons: [["Close", "close", () => this.panel.hide()]] });
  }
}
