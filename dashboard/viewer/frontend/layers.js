// Layers: what each one shows, in which colours, how strongly. Their voxels are in memory only while they are visible.

import { CONSENSUS, READERS, ramp, rgb, structureColour } from "./colours.js";
import { Block } from "./volume.js";

const LABELLED = new Set(["labels", "consensus", "error"]);
const WALL = new Set(["lumen", "thrombus", "outer wall"]);
const DOUBT = new Set([
  "aleatoric", "epistemic", "total", "predictive entropy", "expected entropy", "mutual information",
]);
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];
export const BLENDS = ["even", "value", "certainty"];

export class Layer {
  /** @param spec one entry of the viewer's `layers`; @param rank its number among layers of the same author kind */
  constructor(spec, rank) {
    this.spec = spec;
    this.id = spec.id;
    this.isMap = !LABELLED.has(spec.kind);
    this.visible = spec.visible;
    this.opacity = spec.opacity;
    this.style = spec.style;
    this.blend = "value";
    this.by = null;
    this.block = null;
    this.state = "idle";
    this.reason = "";
    this.dash = spec.author_kind === "model" ? DASHES[rank % DASHES.length] : [];
    this.shade = shadeOf(spec, rank);
    this.shift = spec.dtype === "uint16" ? 8 : 0;
  }

  get title() {
    const { author, version, name, kind } = this.spec;
    const named = [author, /^\d/.test(version) ? `v${version}` : version].filter(Boolean).join(" ");
    const who = this.spec.letter ? `${this.spec.letter}: ${named}` : named;
    if (this.isMap && DOUBT.has(name)) return `${name} (${who})`;
    if (this.isMap) return name === "outer wall" || !name ? `${who} ${kind}` : `${name}, ${kind} (${who})`;
    return name === "segmentation" ? who : `${name} (${who})`;
  }

  /** Colour that stands for this layer in the strip and in the navigator. */
  get colour() {
    if (this.isMap) return `rgb(${ramp(this.spec.kind)[170].join(",")})`;
    if (this.shade) return this.shade;
    return this.drawsWall ? "#FFFFFF" : structureColour(Object.values(this.spec.classes)[0]);
  }

  /** Whether a curve or a length about this author is about this layer: authors are named alone or with their version. */
  isBy(subject) {
    const { author, version } = this.spec;
    return subject === author || subject === `${author} ${version}`.trim();
  }

  /** Whether this is a mask of the aorta, or of parts of it, that somebody drew: a consensus is nobody's. */
  get drawsWall() {
    return this.spec.kind === "labels" && Object.values(this.spec.classes).some((name) => WALL.has(name));
  }

  /** 1 for each stored value that lies inside the outer wall. */
  get wallMembers() {
    return members(Object.entries(this.spec.classes).filter(([, name]) => WALL.has(name)).map(([value]) => Number(value)));
  }

  /** Read it, once: who asks while it is being read waits for the same reading. */
  load(source) {
    if (this.block) return Promise.resolve();
    if (this.state !== "loading") this.reading = this.read(source);
    return this.reading;
  }

  async read(source) {
    this.state = "loading";
    try {
      const { digest, dtype, origin, shape } = this.spec;
      const block = Block.fromNifti(await source.bytes(digest), dtype, origin, shape);
      if (this.state === "loading") Object.assign(this, { block, state: "ready", reason: "" });
    } catch (error) {
      if (error.name === "AbortError") return;
      Object.assign(this, { state: "failed", reason: error.message });
    }
  }

  drop() {
    this.block = null;
    if (this.state !== "failed") this.state = "idle";
  }

  /** Value at a voxel in words: a structure's name, or number and unit. Null where this layer says nothing. */
  valueAt(index) {
    const stored = this.block?.at(index) ?? null;
    if (stored === null) return null;
    const { slope, intercept, unit, classes } = this.spec;
    if (!this.isMap) return classes[stored] ?? (stored ? `label ${stored}` : null);
    return `${(stored * slope + intercept).toPrecision(3)}${["probability", "1"].includes(unit) ? "" : ` ${unit}`}`;
  }

  /** [r, g, b, alpha] for every stored value (its high byte where it has two). */
  table() {
    return this.isMap ? this.mapTable() : this.fillTable();
  }

  fillTable() {
    const table = new Uint16Array(1024);
    for (const [value, name] of Object.entries(this.spec.classes)) {
      const colour = rgb(this.shade ?? structureColour(name));
      table.set([...colour, Math.round(this.opacity * 140)], Number(value) * 4);
    }
    return table;
  }

  mapTable() {
    const colours = ramp(this.spec.kind);
    const table = new Uint16Array(1024);
    for (let step = 0; step < 256; step += 1) {
      const alpha = step === 0 && this.spec.kind !== "attribution" ? 0 : this.strength(this.fraction(step));
      table.set([...colours[Math.round(this.fraction(step) * 255)], Math.round(256 * this.opacity * alpha)], step * 4);
    }
    return table;
  }

  /** Where a stored value lies between the low and the high end of the scale, 0 to 1. */
  fraction(step) {
    const { slope, intercept, min, max } = this.spec;
    const value = (step << this.shift) * slope + intercept;
    return Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  }

  strength(fraction) {
    if (this.blend === "value") return fraction;
    if (this.blend === "certainty" && !this.by) return Math.abs(2 * fraction - 1);
    return 1;
  }

  /** Alpha 0..256 by stored value, for another map that is faded where this one is high. */
  certaintyTable() {
    return Uint16Array.from({ length: 256 }, (_, step) => Math.round(256 * (1 - this.fraction(step))));
  }

  /** What to outline: the border of each structure, and of lumen and thrombus together. */
  outlines() {
    const classes = Object.entries(this.spec.classes).map(([value, name]) => [Number(value), name]);
    const wall = classes.filter(([, name]) => WALL.has(name)).map(([value]) => value);
    const lines = classes
      .filter(([, name]) => name !== "thrombus" && !(name === "outer wall" && wall.length > 0))
      .map(([value, name]) => ({ member: members([value]), colour: this.shade ?? structureColour(name), width: 1.25 }));
    if (wall.length) lines.push({ member: members(wall), colour: this.shade ?? "#FFFFFF", width: 1.75 });
    return lines;
  }
}

/** Layers of a case, numbered within models and within readers so that each has a line or shade of its own. */
export function makeLayers(specs) {
  const ranks = {};
  return specs.map((spec) => {
    const group = (ranks[spec.author_kind] ??= new Map());
    const who = `${spec.author} ${spec.version}`;
    if (!group.has(who)) group.set(who, group.size);
    return new Layer(spec, group.get(who));
  });
}

function shadeOf(spec, rank) {
  if (spec.source === "consensus") return CONSENSUS;
  if (spec.author_kind !== "reader") return null;
  return READERS[(spec.reader ? spec.reader - 1 : rank) % READERS.length];
}

function members(values) {
  const table = new Uint8Array(65536);
  for (const value of values) table[value] = 1;
  return table;
}
