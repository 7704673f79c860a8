// What a tool says and offers, in a quiet box over the smaller planes: the large one stays free, and nothing moves.

import { Bar, button, make } from "../intake/elements.js";

export class Panel {
  /** @param label what the box is, for who does not see it */
  constructor(label) {
    this.bar = new Bar(label);
    this.words = make("div", "said");
    this.words.setAttribute("role", "status");
    this.line = make("div", "row", [this.bar.element, this.words]);
    this.actions = make("div", "row actions");
    this.element = make("section", "panel", [this.line, this.actions], { hidden: true });
    this.element.setAttribute("aria-label", label);
    this.bar.element.hidden = true;
  }

  /**
   * Show words, a bar where there are percents, and buttons.
   * @param {{text: string, percent?: number|null, failed?: boolean, buttons?: [string, string, () => void][]}} said
   *   buttons: [what it says, class, what it does]
   */
  show({ text, percent = null, failed = false, buttons = [] }) {
    this.element.hidden = false;
    this.bar.element.hidden = percent === null;
    this.bar.show(percent ?? 0);
    this.say(text, failed);
    const names = buttons.map(([name]) => name).join();
    if (this.names === names) return; // buttons are only made anew when there are others: a press is never lost
    this.names = names;
    this.actions.replaceChildren(...buttons.map(([name, kind, act]) => button(name, act, kind)));
  }

  say(text, failed = false) {
    this.element.dataset.failed = String(failed);
    if (this.words.textContent !== text) this.words.textContent = text;
  }

  hide() {
    this.element.hidden = true;
  }
}
