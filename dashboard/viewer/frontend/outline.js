// The outline tool: a box or a click on any plane, from which the vessel is followed in the background.
// What is found so far lies over the image while it grows; the finished layer comes with the page.

import { Poll } from "../analysis/poll.js";
import { ask } from "../intake/api.js";
import { MARK } from "./colours.js";
import { Draft } from "./draft.js";
import { pictureOf } from "./geometry.js";
import { Panel } from "./panel.js";
import { Block } from "./volume.js";

const ACTIVE = new Set(["queued", "running", "cancelling", "interrupted"]);
const ROUTE = "/outlines/case";
const DRAG = 4; // CSS pixels from which on a press is a box and no click

export class Outliner {
  constructor(viewer) {
    this.viewer = viewer;
    this.draft = new Draft("partial");
    this.panel = new Panel("Outline with one box");
    Object.assign(this, { state: null, start: null, wasActive: false, notice: null, digest: "" });
    this.url = `${ROUTE}?case=${encodeURIComponent(viewer.data.case.key)}`;
    this.poll = new Poll(() => ask(this.url), (state, error) => this.told(state, error), ({ state }) => ACTIVE.has(state));
    this.poll.now();
  }

  get isOpen() {
    return this.viewer.tool === "outline";
  }

  get isActive() {
    return ACTIVE.has(this.state?.state);
  }

  takes(event, view) {
    return event.button === 0 && !this.isActive && view.isSlice;
  }

  down(view, event) {
    const from = view.voxelUnder(event);
    this.start = { view: view.name, axis: view.plane.normal, index: view.slice, from, to: from, isBox: false };
    this.pressed = [event.clientX, event.clientY];
    this.notice = null;
  }

  move(view, event) {
    const [x, y] = this.pressed;
    if (!this.start || (!this.start.isBox && Math.hypot(event.clientX - x, event.clientY - y) < DRAG)) return;
    Object.assign(this.start, { isBox: true, to: view.voxelUnder(event) });
    this.viewer.changed("lines", view);
  }

  up() {
    this.show();
  }

  /** The tool was chosen or put away. */
  toolChanged() {
    if (this.isOpen) this.poll.now();
    else if (!this.isActive) Object.assign(this, { start: null, notice: null });
    this.show();
  }

  /** Follow the vessel from what is marked, or from the crosshair where nothing is. */
  enter() {
    if (!this.isOpen || this.isActive || !this.state?.can_begin) return;
    const { cursor, active: chosen, views } = this.viewer;
    const active = chosen.isSlice ? chosen : views.axial;
    this.start ??= { view: active.name, axis: active.plane.normal, index: active.slice, from: cursor, to: cursor, isBox: false };
    this.act("begin", wordsOf(this.start));
  }

  async act(action, start) {
    this.notice = null;
    try {
      const body = { case: this.viewer.data.case.key, action, ...(start && { start }) };
      this.told(await ask(ROUTE, { method: "POST", body }), null);
    } catch (error) {
      this.told(null, error);
    }
    this.poll.now();
  }

  told(state, error) {
    if (error) {
      if (this.isOpen || this.isActive) this.panel.say(error.message, true);
      return;
    }
    this.state = state;
    if (this.isActive) this.wasActive = true;
    else if (this.wasActive) this.ended();
    this.showPartial(state.partial);
    this.show();
  }

  /** An outline that was watched here has come to its end. */
  ended() {
    this.wasActive = false;
    this.start = null;
    this.notice = this.outcome();
    this.draft.block = null;
    if (this.state.state === "done") this.viewer.args.setTriggerValue("show", { at: Date.now() });
    this.viewer.changed("picture");
  }

  outcome() {
    const { state, stopped, error } = this.state;
    const texts = { done: ["The outline is done.", ...stopped].join("\n"), cancelled: "Cancelled: nothing was stored." };
    const text = texts[state] ?? `The outline failed: ${error?.found ?? ""} ${error?.todo ?? ""}`;
    const close = ["Close", "close", () => this.leave()];
    const retry = ["Try again", "retry", () => this.act("retry")];
    return { text, failed: !(state in texts), buttons: state in texts ? [close] : [retry, close] };
  }

  async showPartial(partial) {
    if (!this.isActive || !partial || partial.digest === this.digest) return;
    this.digest = partial.digest;
    try {
      const buffer = await this.viewer.loader.source.bytes(partial.digest);
      if (!this.isActive) return;
      this.draft.block = Block.fromNifti(buffer, "uint8", partial.origin, partial.shape);
      this.viewer.host.dataset.partial = partial.digest;
      this.viewer.changed("picture");
    } catch {
      this.digest = ""; // an older one may be gone already; the next is asked for with the next answer
    }
  }

  show() {
    const said = this.isActive ? this.progress() : (this.notice ?? (this.isOpen ? this.asked() : null));
    if (said) this.panel.show(said);
    else this.panel.hide();
    this.viewer.changed("lines");
  }

  progress() {
    const { state, percent, doing } = this.state;
    const texts = {
      queued: "Waiting to follow the vessel",
      cancelling: "Ends at its next slice",
      interrupted: "It was interrupted and goes on by itself",
    };
    const buttons = state === "cancelling" ? [] : [["Cancel", "cancel", () => this.act("cancel")]];
    return { text: texts[state] ?? `${percent} %  ${doing}`, percent, buttons };
  }

  /** What the open tool says before anything runs. */
  asked() {
    const close = ["Close", "close", () => this.leave()];
    if (!this.state) return { text: "One moment", buttons: [close] };
    if (!this.state.can_begin) return { text: this.state.why_not, buttons: [close] };
    if (!this.start) return { text: "Draw a box around the vessel on any plane, or click into it. Enter takes the crosshair.", buttons: [close] };
    const follow = ["Follow the vessel", "chosen", () => this.enter()];
    return { text: said(this.start), buttons: [follow, ["Draw again", "again", () => this.clear()], close] };
  }

  clear() {
    this.start = null;
    this.show();
  }

  leave() {
    this.notice = null;
    if (this.isOpen) this.viewer.setTool("crosshair");
    else this.show();
  }

  drawOn(pen, view) {
    const { start } = this;
    if (!start || start.view !== view.name || start.index !== view.slice) return;
    const [ax, ay] = view.toScreen(pictureOf(view.plane, start.from));
    const [bx, by] = view.toScreen(pictureOf(view.plane, start.to));
    const { scaleX, scaleY } = view.transform();
    pen.strokeStyle = MARK;
    pen.lineWidth = 1.5;
    pen.beginPath();
    if (start.isBox) pen.rect(Math.min(ax, bx) - scaleX / 2, Math.min(ay, by) - scaleY / 2, Math.abs(bx - ax) + scaleX, Math.abs(by - ay) + scaleY);
    else pen.arc(ax, ay, 5, 0, 2 * Math.PI);
    pen.stroke();
  }

  destroy() {
    this.poll.stop();
  }
}

/** A start as the route takes it: voxels of the whole image, the two other axes in the order k, j, i. */
export function wordsOf({ axis, index, from, to, isBox }) {
  const inPlane = (voxel) => voxel.filter((_, one) => one !== axis);
  if (!isBox) return { axis, index, click: inPlane(from) };
  const [first, last] = [Math.min, Math.max].map((choose) => inPlane(from.map((value, one) => choose(value, to[one]))));
  return { axis, index, box: [...first, ...last] };
}

function said({ view, index, isBox, from, to }) {
  const where = `on ${view} slice ${index + 1}`;
  if (!isBox) return `Click ${where}. A box is surer than a click.`;
  const sides = from.map((value, axis) => Math.abs(value - to[axis]) + 1).filter((size) => size > 1);
  return `Box ${where}, ${sides.join(" x ") || 1} voxels`;
}
