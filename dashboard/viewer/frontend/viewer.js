// The viewer: its state, its loading, and what every action does. Nothing but a committed mark leaves the browser.

import { act } from "./actions.js";
import { Calliper } from "./calliper.js";
import { Corrector } from "./correction.js";
import { Diameters } from "./diameters.js";
import { clamp, inverse, toPatient } from "./geometry.js";
import { Help } from "./help.js";
import { Input } from "./input.js";
import { KEYS } from "./keys.js";
import { BLENDS, makeLayers } from "./layers.js";
import { Loader } from "./loading.js";
import { Navigator } from "./navigator.js";
import { Outliner } from "./outline.js";
import { PerpendicularView } from "./perpendicularview.js";
import { PlaneView } from "./planeview.js";
import { windowTable } from "./render.js";
import { fileWindow, startPlace } from "./start.js";
import { StraightView } from "./straightview.js";
import { Strip } from "./strip.js";
import { Toolbar } from "./toolbar.js";
import { Marks } from "./tools.js";
import { readHash, writeHash } from "./urlstate.js";
import { Vessel } from "./vessel.js";

const CINE_MS = 70;
const NAMES = ["axial", "coronal", "sagittal"];

export class Viewer {
  constructor(host, args) {
    this.host = host;
    this.args = args;
    this.data = args.data;
    this.loader = new Loader(this);
    this.cursor = startPlace(this.data);
    this.inverse = inverse(this.data.affine);
    this.window = fileWindow(this.data);
    this.invert = false;
    this.sharp = false;
    this.showCross = true;
    this.slab = { mode: "off", mm: 10 };
    this.tool = "crosshair";
    this.layers = makeLayers(this.data.layers);
    this.marks = new Marks();
    this.vessel = new Vessel(this);
    this.diameters = new Diameters(this);
    this.block = null;
    this.tables = new Map();
    this.frames = 0;
    this.fitBox = this.data.image.crop && { origin: this.data.image.crop.origin, shape: this.data.image.crop.shape };
    readHash(this);
    this.point = this.toPatient(this.cursor); // the crosshair, in LPS mm: not always the middle of a voxel
    this.vessel.follow(this.point, this.vessel.asked);
    this.table = windowTable(this.window.width, this.window.centre, this.invert);
    this.build();
    this.loader.start();
  }

  build() {
    const [axial, coronal, sagittal] = NAMES.map((name) => new PlaneView(name, this));
    this.views = { axial, coronal, perpendicular: new PerpendicularView(this), sagittal, straight: new StraightView(this) };
    this.active = this.views.axial;
    this.toolbar = new Toolbar(this);
    this.strip = new Strip(this);
    this.navigator = new Navigator(this);
    this.help = new Help(KEYS);
    this.hands = { outline: new Outliner(this), correct: new Corrector(this), diameter: new Calliper(this) };
    const panels = [this.vessel, ...Object.values(this.hands)].map(({ panel }) => panel.element);
    const elements = Object.values(this.views).map(({ element }) => element);
    this.planes = Object.assign(document.createElement("div"), { className: "planes" });
    this.planes.append(...elements, ...panels);
    this.host.replaceChildren(this.toolbar.element, this.planes, this.strip.element, this.navigator.element, this.help.element);
    this.input = new Input(this);
    this.observer = new ResizeObserver(() => this.resize());
    for (const element of [this.planes, ...elements]) this.observer.observe(element);
    this.vessel.arrange();
  }

  toPatient(place) {
    return toPatient(this.data.affine, place);
  }

  /** Where a point in LPS mm lies in voxels, not rounded. */
  toVoxels(point) {
    return toPatient(this.inverse, point);
  }

  get shownViews() {
    return Object.values(this.views).filter(({ isShown }) => isShown);
  }

  /** Make one view the large one; the axial plane where the name is none that is shown. */
  enlarge(name) {
    const large = this.shownViews.find((view) => view.name === name) ?? this.views.axial;
    this.planes.dataset.large = large.name;
    for (const view of Object.values(this.views)) view.element.classList.toggle("main", view === large);
    this.resize();
  }

  resize() {
    for (const view of this.shownViews) view.resize();
    this.navigator.resize();
    this.changed("lines");
  }

  /** Everything with outlines: the stored layers, and masks that are not stored yet. */
  get drawn() {
    const drafts = [this.hands.outline.draft, this.hands.correct.mask];
    return [...this.layers, ...drafts.filter(Boolean)];
  }

  tableOf(layer) {
    const key = [layer.id, layer.opacity, layer.blend, layer.by, layer.style].join();
    if (!this.tables.has(key)) {
      if (this.tables.size > 200) this.tables.clear();
      this.tables.set(key, layer.table());
    }
    return this.tables.get(key);
  }

  /** Slices of the slab through a plane's cursor, or null without slab. */
  slabOf(plane) {
    if (this.slab.mode === "off") return null;
    const spacing = this.data.spacing[plane.normal];
    const half = Math.max(0, Math.round(this.slab.mm / spacing / 2 - 0.5));
    const at = this.cursor[plane.normal];
    const from = Math.max(0, at - half);
    const to = Math.min(this.data.shape[plane.normal] - 1, at + half);
    return { from, to, mode: this.slab.mode, mm: (to - from + 1) * spacing };
  }

  /** Ask for a new frame: "picture" where voxels change, "lines" where only lines, words or zoom do. */
  changed(what, only) {
    for (const view of Object.values(this.views)) if (!only || view === only) view.dirty[what] = true;
    this.pending ??= requestAnimationFrame(() => this.frame());
  }

  frame() {
    this.pending = null;
    for (const view of this.shownViews) if (view.size) view.draw();
    this.navigator.draw();
    this.strip.readOut(this.hovered ?? this.cursor);
    this.frames += 1;
    const [k, j, i] = this.cursor;
    Object.assign(this.host.dataset, {
      frames: this.frames, k, j, i, window: `${this.window.width}/${this.window.centre}`, tool: this.tool,
    });
    writeHash(this);
  }

  /** Put the crosshair on a voxel. Every way to move ends here, so that another viewer can follow. */
  moveTo(index) {
    const { point, along } = this.meant ?? {};
    this.meant = null;
    this.cursor = this.active.clip(index.map(Math.round));
    this.point = point ?? this.toPatient(this.cursor);
    this.vessel.follow(this.point, along);
    for (const view of Object.values(this.views)) this.changed(view.isStale ? "picture" : "lines", view);
    this.loader.follow();
    this.hands.correct.follow();
  }

  /** Put it on a point, LPS mm, that need not be the middle of a voxel; `along`: the place of the centreline that is meant. */
  moveToPoint(point, along = null) {
    this.meant = { point, along };
    this.moveTo(this.toVoxels(point));
  }

  setWindow(width, centre) {
    this.window = { width: clamp(width, 1, 8000), centre: clamp(centre, -2000, 4000) };
    this.redrawWindow();
  }

  redrawWindow() {
    windowTable(this.window.width, this.window.centre, this.invert, this.table);
    this.toolbar.update();
    this.changed("picture");
  }

  setTool(name) {
    this.tool = this.tool === name && name !== "crosshair" ? "crosshair" : name;
    this.toolbar.update();
    for (const hand of Object.values(this.hands)) hand.toolChanged();
    this.changed("lines");
  }

  toggleLayer(layer, visible = !layer?.visible) {
    if (!layer) return;
    layer.visible = visible;
    if (visible) this.loader.loadLayer(layer);
    else layer.drop();
    this.strip.update();
    this.changed("picture");
  }

  setLayer(layer, change) {
    Object.assign(layer, change);
    if (!BLENDS.includes(layer.blend)) layer.blend = BLENDS[0];
    if (layer.by) {
      const other = this.layers.find((one) => one.id === layer.by);
      if (other && !other.block) this.loader.loadLayer(other);
    }
    this.strip.update();
    this.changed("picture");
  }

  goPlace(by) {
    const { places } = this.data;
    if (!places.length) return;
    const here = places.findIndex(({ k, j, i }) => [k, j, i].every((value, axis) => value === this.cursor[axis]));
    const next = here < 0 ? (by > 0 ? 0 : places.length - 1) : (here + by + places.length) % places.length;
    this.jump([places[next].k, places[next].j, places[next].i]);
  }

  /** Go to a voxel, or to the diameter whose middle lies in it; views that do not show it are moved so that they do. */
  jump(index) {
    const middle = this.diameters.middleIn(index);
    if (middle) this.moveToPoint(middle);
    else this.moveTo(index);
    for (const view of this.shownViews) {
      const [x, y] = view.toScreen(view.cross());
      if (x < 0 || y < 0 || x > view.size.width || y > view.size.height) view.centre = view.cross();
    }
  }

  playOrStop(play = !this.cine) {
    clearInterval(this.cine);
    this.cine = null;
    if (play) this.cine = setInterval(() => this.active.step(this.active.isAtEnd ? -Infinity : 1), CINE_MS);
    this.toolbar.update();
  }

  act(action, argument) {
    act(this, action, argument);
  }

  set(name, value) {
    this[name] = value;
    this.toolbar.update();
  }

  setSlab(change) {
    Object.assign(this.slab, change);
    this.toolbar.update();
    this.changed("picture");
  }

  mark() {
    const [k, j, i] = this.cursor;
    this.args.setTriggerValue("place", { k, j, i });
  }

  reset() {
    for (const view of Object.values(this.views)) view.fit();
    this.setSlab({ mode: "off" });
    const { width, centre } = fileWindow(this.data);
    this.setWindow(width, centre);
  }

  /** New data for the same image: a new token, other layers. The place, and everything loaded, stay. */
  refresh(args) {
    this.args = args;
    this.loader.source.token = args.data.token;
    const { token, ...said } = this.data;
    const { token: newer, ...now } = args.data;
    if (JSON.stringify(said) !== JSON.stringify(now)) this.takeOver(args.data);
  }

  /** Layers that are known stay as the reader set them; new ones show as they come. */
  takeOver(data) {
    const known = new Map(this.layers.map((layer) => [layer.id, layer]));
    this.data = data;
    this.layers = makeLayers(data.layers).map((layer) => known.get(layer.id) ?? layer);
    this.vessel.takeOver(data.measurements);
    this.diameters.takeOver(data.measurements);
    this.vessel.follow(this.point, this.vessel.along);
    const [strip, navigator] = [this.strip, this.navigator];
    Object.assign(this, { strip: new Strip(this), navigator: new Navigator(this) });
    strip.element.replaceWith(this.strip.element);
    navigator.element.replaceWith(this.navigator.element);
    this.loader.loadLayers();
    this.vessel.arrange();
  }

  destroy() {
    this.playOrStop(false);
    cancelAnimationFrame(this.pending);
    this.loader.source.stop();
    this.observer.disconnect();
    for (const hand of Object.values(this.hands)) hand.destroy();
    this.input.destroy();
    this.block = null;
    this.layers = [];
  }
}
