// The viewer: its state, its loading, and what every action does. Nothing but a committed mark leaves the browser.

import { act } from "./actions.js";
import { Corrector } from "./correction.js";
import { clamp, pictureOf } from "./geometry.js";
import { Help } from "./help.js";
import { Input } from "./input.js";
import { KEYS, WINDOWS } from "./keys.js";
import { BLENDS, makeLayers } from "./layers.js";
import { Loader } from "./loading.js";
import { Navigator } from "./navigator.js";
import { Outliner } from "./outline.js";
import { PlaneView } from "./planeview.js";
import { windowTable } from "./render.js";
import { Strip } from "./strip.js";
import { Toolbar } from "./toolbar.js";
import { Marks } from "./tools.js";
import { readHash, writeHash } from "./urlstate.js";

const CINE_MS = 70;
const NAMES = ["axial", "coronal", "sagittal"];

export class Viewer {
  constructor(host, args) {
    this.host = host;
    this.args = args;
    this.data = args.data;
    this.loader = new Loader(this);
    this.cursor = this.startPlace();
    this.window = this.fileWindow();
    this.invert = false;
    this.sharp = false;
    this.showCross = true;
    this.slab = { mode: "off", mm: 10 };
    this.tool = "crosshair";
    this.layers = makeLayers(this.data.layers);
    this.marks = new Marks();
    this.block = null;
    this.tables = new Map();
    this.frames = 0;
    this.fitBox = this.data.image.crop && { origin: this.data.image.crop.origin, shape: this.data.image.crop.shape };
    readHash(this);
    this.table = windowTable(this.window.width, this.window.centre, this.invert);
    this.build();
    this.loader.start();
  }

  startPlace() {
    const place = this.data.places[0];
    if (place) return [place.k, place.j, place.i];
    const { crop } = this.data.image;
    const origin = crop ? crop.origin : [0, 0, 0];
    const middle = (crop ? crop.shape : this.data.shape).map((size, axis) => origin[axis] + Math.floor(size / 2));
    return [this.largestSlice() ?? middle[0], middle[1], middle[2]];
  }

  /** Where the first author's outer wall is largest, or null where nobody drew one. */
  largestSlice() {
    const areas = this.data.profiles.find(({ name }) => name === "outer wall area")?.values ?? [];
    const largest = Math.max(0, ...areas);
    return largest > 0 ? areas.indexOf(largest) : null;
  }

  fileWindow() {
    const own = this.data.image.window;
    return own ? { width: own[0], centre: own[1] } : { width: WINDOWS[1].width, centre: WINDOWS[1].centre };
  }

  build() {
    this.views = Object.fromEntries(NAMES.map((name) => [name, new PlaneView(name, this)]));
    this.active = this.views.axial;
    this.toolbar = new Toolbar(this);
    this.strip = new Strip(this);
    this.navigator = new Navigator(this);
    this.help = new Help(KEYS);
    this.hands = { outline: new Outliner(this), correct: new Corrector(this) };
    const planes = Object.assign(document.createElement("div"), { className: "planes" });
    planes.append(...NAMES.map((name) => this.views[name].element), ...Object.values(this.hands).map(({ panel }) => panel.element));
    this.host.replaceChildren(this.toolbar.element, planes, this.strip.element, this.navigator.element, this.help.element);
    this.input = new Input(this);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(planes);
    this.resize();
  }

  resize() {
    for (const view of Object.values(this.views)) view.resize();
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
    for (const view of Object.values(this.views)) if (view.size) view.draw();
    this.navigator.draw();
    this.strip.readOut(this.hovered ?? this.cursor);
    this.frames += 1;
    const [k, j, i] = this.cursor;
    Object.assign(this.host.dataset, {
      frames: this.frames, k, j, i, window: `${this.window.width}/${this.window.centre}`, tool: this.tool,
    });
    writeHash(this);
  }

  moveTo(index) {
    const before = this.cursor;
    this.cursor = this.active.clip(index.map(Math.round));
    for (const view of Object.values(this.views)) {
      const moved = this.cursor[view.plane.normal] !== before[view.plane.normal];
      this.changed(moved ? "picture" : "lines", view);
    }
    this.loader.follow();
    this.hands.correct.follow();
  }

  step(view, by) {
    const axis = view.plane.normal;
    const target = [...this.cursor];
    target[axis] = clamp(target[axis] + by, 0, this.data.shape[axis] - 1);
    this.moveTo(target);
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

  /** Go to a voxel; planes that do not show it are moved so that they do. */
  jump(index) {
    this.moveTo(index);
    for (const view of Object.values(this.views)) {
      const [x, y] = view.toScreen(pictureOf(view.plane, this.cursor));
      if (x < 0 || y < 0 || x > view.size.width || y > view.size.height) view.centre = pictureOf(view.plane, this.cursor);
    }
  }

  playOrStop(play = !this.cine) {
    clearInterval(this.cine);
    this.cine = null;
    if (play) {
      const axis = this.active.plane.normal;
      this.cine = setInterval(() => this.step(this.active, this.cursor[axis] + 1 >= this.data.shape[axis] ? -Infinity : 1), CINE_MS);
    }
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
    const { width, centre } = this.fileWindow();
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
    const [strip, navigator] = [this.strip, this.navigator];
    Object.assign(this, { strip: new Strip(this), navigator: new Navigator(this) });
    strip.element.replaceWith(this.strip.element);
    navigator.element.replaceWith(this.navigator.element);
    this.loader.loadLayers();
    this.resize();
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
