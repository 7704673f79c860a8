// The page of keys that `?` shows.

import { REVIEW_KEYS } from "./keys.js";

const SHOWN = { ArrowUp: "\u2191", ArrowDown: "\u2193", ArrowLeft: "\u2190", ArrowRight: "\u2192" };

export class Help {
  constructor(keys) {
    this.element = document.createElement("dialog");
    this.element.className = "help";
    this.element.setAttribute("aria-label", "Keys");
    const list = document.createElement("dl");
    for (const [key, text] of [...keys, ...REVIEW_KEYS]) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: SHOWN[key] ?? key }));
      list.append(term, Object.assign(document.createElement("dd"), { textContent: text }));
    }
    const heading = Object.assign(document.createElement("h2"), { textContent: "Keys" });
    this.element.append(heading, list);
    this.element.addEventListener("click", () => this.toggle(false));
  }

  toggle(open = !this.element.open) {
    if (open && !this.element.open) this.element.showModal();
    if (!open) this.element.close();
  }
}
