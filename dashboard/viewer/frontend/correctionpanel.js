// What the click editor says and offers: which outline, how many clicks, undo, redo, carry, save.

import { button, count, make } from "../intake/elements.js";
import { Panel } from "./panel.js";

const CARRIED = 3;
const HOW = "Click to add, right click (or alt and click) to remove; + and \u2212 click at the crosshair.";
const NOTHING_TO_CORRECT = "No layer of this case outlines the aorta: outline it first.";

export class CorrectionPanel extends Panel {
  constructor(corrector) {
    super("Correct by clicks");
    this.corrector = corrector;
    this.base = make("select", "", [], { title: "The outline that is corrected; it stays as it is" });
    this.base.setAttribute("aria-label", "Outline to correct");
    this.base.addEventListener("change", () => this.corrector.choose(this.corrector.bases.find(({ id }) => id === this.base.value)));
    this.undo = button("Undo", () => corrector.undo(), "undo", "Take the last step back (ctrl+z)");
    this.redo = button("Redo", () => corrector.redo(), "redo", "Do it again (ctrl+shift+z)");
    [this.first, this.last] = ["Carry from slice", "Carry to slice"].map((label) => numberField(label));
    this.carry = button("Carry", () => this.corrector.carry(...this.range()), "carry", "Carry this slice's change to these slices, as far as they have the same error");
    this.save = button("Save", () => corrector.save(), "save", "Save as a layer of your own; the one it began with stays as it is");
    this.discard = button("Discard", () => corrector.discard(), "discard", "Forget all clicks");
    this.close = button("Close", () => corrector.leave(), "close");
    const rows = [[this.base, this.undo, this.redo], ["slices", this.first, "to", this.last, this.carry], [this.save, this.discard, this.close]];
    this.tools = make("div", "tools", rows.map((row) => make("div", "row", row)));
    this.element.append(this.tools);
    this.actions.hidden = true;
  }

  /** The slices to carry to, counted from 0. */
  range() {
    return [this.first, this.last].map(({ value }) => Number(value) - 1);
  }

  around(k) {
    const most = this.corrector.viewer.data.shape[0];
    this.first.value = Math.max(1, k + 1 - CARRIED);
    this.last.value = Math.min(most, k + 1 + CARRIED);
    for (const field of [this.first, this.last]) field.max = most;
  }

  update() {
    const { corrector } = this;
    const isOpen = corrector.isOpen || corrector.isUnsaved;
    if (!isOpen) return this.hide();
    this.element.hidden = false;
    this.tools.hidden = false;
    this.say(corrector.base ? this.sentence() : NOTHING_TO_CORRECT);
    this.offer();
    const isBusy = corrector.waiting > 0;
    const clicksHere = corrector.steps.clicksOn(corrector.viewer.cursor[0]).length;
    this.undo.disabled = isBusy || !corrector.steps.done.length;
    this.redo.disabled = isBusy || !corrector.steps.undone.length;
    this.carry.disabled = isBusy || !clicksHere;
    this.save.disabled = isBusy || !corrector.steps.changedSlices().size;
    this.discard.disabled = isBusy;
    this.discard.hidden = !corrector.isUnsaved;
    this.close.hidden = corrector.isUnsaved;
  }

  sentence() {
    const { steps } = this.corrector;
    if (!steps.done.length) return HOW;
    return `${count(steps.clicks.length, "click")}; the last step: ${steps.last.text}`;
  }

  /** Which outlines there are; another one only while nothing is corrected. */
  offer() {
    const { bases, base, isUnsaved } = this.corrector;
    const named = bases.map(({ id }) => id).join();
    if (this.named !== named) this.base.replaceChildren(...bases.map(({ id, title }) => new Option(title, id)));
    this.named = named;
    this.base.value = base?.id ?? "";
    this.base.disabled = isUnsaved || this.corrector.waiting > 0;
    this.base.hidden = !base;
  }

  /** What became of it, for a while. */
  saved(text) {
    this.element.hidden = false;
    this.tools.hidden = true;
    this.say(text);
    setTimeout(() => this.corrector.isOpen || this.hide(), 8000);
  }
}

function numberField(label) {
  const field = make("input", "", [], { type: "number", min: 1, step: 1, title: label });
  field.setAttribute("aria-label", label);
  return field;
}
