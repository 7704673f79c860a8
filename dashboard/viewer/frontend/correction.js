// The click editor: clicks add to an outline or take away from it, slice by slice; undo, redo, carry, save.
// The mask is changed here and stored only when the reader saves it, as a layer of that reader.

import { ask } from "../intake/api.js";
import { count } from "../intake/elements.js";
import { CorrectionPanel } from "./correctionpanel.js";
import { drawClicks } from "./correctionmarks.js";
import { EditedMask } from "./draft.js";
import { difference, decode, encode } from "./runs.js";
import { Steps } from "./steps.js";

const PREPARE_MS = 250; // a slice is made ready when the reader stays on it
const NOT_OPEN = "The outline could not be read, or was put away: the click is not counted. Choose an outline and click again.";
const UNSAVED = "The correction is not saved: save or discard it first.";

export class Corrector {
  constructor(viewer) {
    this.viewer = viewer;
    this.panel = new CorrectionPanel(this);
    this.work = Promise.resolve(); // one question at a time, in the order of the clicks
    this.waiting = 0;
    this.leaving = new AbortController();
    this.forget();
    const { signal } = this.leaving;
    window.addEventListener("beforeunload", (event) => this.isUnsaved && event.preventDefault(), { signal });
    document.addEventListener("click", (event) => this.askBeforeLeaving(event), { signal, capture: true });
  }

  get isOpen() {
    return this.viewer.tool === "correct";
  }

  get isUnsaved() {
    return this.steps.done.length > 0;
  }

  /** The plane whose slices are corrected: that of the image's own slices. */
  get view() {
    return Object.values(this.viewer.views).find(({ isSlice, plane }) => isSlice && plane.normal === 0);
  }

  /** Layers that outline the aorta, the visible ones first. */
  get bases() {
    const outlining = this.viewer.layers.filter((layer) => layer.drawsWall);
    return [...outlining.filter(({ visible }) => visible), ...outlining.filter(({ visible }) => !visible)];
  }

  forget() {
    clearTimeout(this.timer); // nothing is made ready for a layer that was let go of
    Object.assign(this, { base: null, mask: null, steps: new Steps(), since: null, ready: null });
  }

  takes(event, view) {
    return view === this.view && (event.button === 0 || event.button === 2) && Boolean(this.base);
  }

  down(view, event) {
    const [k, row, column] = view.voxelUnder(event);
    this.click(k, row, column, event.button === 0 && !event.altKey);
  }

  /** A click at the crosshair, for who has no mouse. */
  clickHere(positive) {
    const [k, row, column] = this.viewer.cursor;
    if (this.isOpen && this.base) this.click(k, row, column, positive);
  }

  async toolChanged() {
    if (this.isOpen && !this.base) await this.choose(this.bases[0] ?? null);
    if (!this.isOpen && !this.isUnsaved) this.forget();
    this.follow();
    this.show();
  }

  /** Begin with this layer. */
  async choose(base) {
    this.forget();
    this.base = base;
    this.opening = this.open(base); // a click that comes earlier waits for it
    await this.opening;
    this.show();
  }

  async open(base) {
    if (base && !base.visible) this.viewer.toggleLayer(base, true);
    await base?.load(this.viewer.loader.source);
    this.viewer.changed("picture");
    if (this.base !== base || !base?.block) return;
    this.mask = new EditedMask(this.viewer.data.shape, base.block, base.wallMembers);
    this.since = performance.now();
    this.follow();
  }

  /** The slice may have changed: have it made ready for the first click. */
  follow() {
    const k = this.viewer.cursor[0];
    if (!this.isOpen || !this.mask || this.ready === k) return;
    this.ready = k;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("prepare", { index: k }).catch(() => {}), PREPARE_MS);
    this.panel.around(k);
  }

  click(k, row, column, positive) {
    this.enqueue("Looking at the click", async () => {
      await this.opening;
      if (!this.mask) throw new Error(NOT_OPEN);
      const before = this.mask.slice(k);
      const clicks = [...this.steps.clicksOn(k), [row, column, positive]];
      const said = await this.send("click", { ...this.slice(k, before), clicks, count: this.steps.clicks.length + 1 });
      const after = decode(said.mask, this.mask.size);
      const text = [`${signed(difference(before, after))}, ${said.phase}`, said.note].filter(Boolean).join(". ");
      this.add({ click: [k, row, column, positive, said.changed], before: new Map([[k, encode(before)]]), after: new Map([[k, said.mask]]), text });
    });
  }

  /** Carry the change of this slice to the slices first to last, as they are now. */
  carry(first, last) {
    this.enqueue("Carrying the change", async () => {
      const k = this.viewer.cursor[0];
      const mask = this.mask.slice(k);
      const clicks = { clicks: this.steps.clicksOn(k), count: this.steps.clicks.length };
      const others = Object.fromEntries([...this.steps.changedSlices()].filter(([slice]) => slice !== k));
      const said = await this.send("carry", { ...this.slice(k, mask), ...clicks, first, last, slices: others });
      const taken = Object.entries(said.slices).map(([slice, one]) => [Number(slice), one]).filter(([, one]) => one.changed);
      const before = new Map(taken.map(([slice]) => [slice, encode(this.mask.slice(slice))]));
      const after = new Map(taken.map(([slice, one]) => [slice, one.mask]));
      const voxels = taken.reduce((sum, [, one]) => sum + one.changed, 0);
      const text = `carried to ${count(taken.length, "slice")}, ${count(voxels, "voxel")}`;
      if (!taken.length) return { text: "Nothing to carry: the slices beside it do not have this error." };
      this.add({ click: null, before, after, text });
      return null;
    });
  }

  slice(k, mask) {
    return { index: k, mask: encode(mask) };
  }

  add(step) {
    this.steps.add(step);
    this.apply(step.after);
  }

  undo() {
    if (this.isOpen && !this.waiting) this.apply(this.steps.undo()?.before);
  }

  redo() {
    if (this.isOpen && !this.waiting) this.apply(this.steps.redo()?.after);
  }

  apply(slices) {
    for (const [k, runs] of slices ?? []) this.mask.put(k, decode(runs, this.mask.size));
    this.viewer.changed("picture");
    this.show();
  }

  save() {
    this.enqueue("Saving", async () => {
      const slices = Object.fromEntries(this.steps.changedSlices());
      const seconds = Math.round((performance.now() - this.since) / 1000);
      const { text } = await this.send("save", { slices, clicks: this.steps.clicks, seconds });
      this.forget();
      this.viewer.args.setTriggerValue("show", { at: Date.now() });
      this.viewer.setTool("crosshair");
      this.panel.saved(text);
    });
  }

  discard() {
    this.forget();
    this.viewer.changed("picture");
    this.leave();
  }

  /** Put the tool away; what is not saved stays, and says so. */
  leave() {
    if (this.isUnsaved) this.panel.say(UNSAVED, true);
    else if (this.isOpen) this.viewer.setTool("crosshair");
    else this.panel.hide();
  }

  /** @returns {boolean} whether nothing is lost by going to another case; says so where something would be */
  mayLeave() {
    if (this.isUnsaved) this.panel.say(UNSAVED, true);
    return !this.isUnsaved;
  }

  askBeforeLeaving(event) {
    const link = this.isUnsaved && event.composedPath().some((node) => node.tagName === "A" && node.href);
    if (!link || window.confirm("The correction of this outline is not saved. Leave without it?")) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do one thing after the other; what it returns is said, and so is an error, which changes nothing. */
  enqueue(words, task) {
    this.waiting += 1;
    this.show();
    this.panel.say(words);
    const failed = (error) => ({ text: error.message, isFailure: true });
    this.work = this.work.then(task).catch(failed).then((said) => {
      this.waiting -= 1;
      if (this.isOpen) this.show();
      if (said) this.panel.say(said.text, said.isFailure);
    });
  }

  send(action, body) {
    const about = { case: this.viewer.data.case.key, layer: Number(this.base.id) };
    return ask(`/corrections/${action}`, { method: "POST", body: { ...about, ...body } });
  }

  show() {
    this.viewer.host.dataset.clicks = this.steps.clicks.length;
    this.panel.update();
    this.viewer.changed("lines");
  }

  drawOn(pen, view) {
    if (this.mask && view === this.view) drawClicks(pen, view, this.steps, this.mask.size);
  }

  destroy() {
    clearTimeout(this.timer);
    this.leaving.abort();
  }
}

/** "+41 voxels", "−7 voxels", "+41 −7 voxels". */
function signed({ added, removed }) {
  const parts = [added && `+${added}`, removed && `\u2212${removed}`].filter(Boolean);
  return `${parts.join(" ") || "0"} voxels`;
}
