// One intake a line: when, who, how it stands, what came of it; it opens to its report.

import { act } from "./api.js";
import { Bar, button, duration, make, moment } from "./elements.js";
import { Report } from "./report.js";

const NUMBERS = ["new", "accepted", "mended", "refused"];
const DASH = "\u2013";
const ACTIONS = { cancel: ["Cancel", "End it at its next step; what is stored stays"], retry: ["Try again", "Begin again with the same files"], dismiss: ["Dismiss", "Give it up and delete its files; the report stays"] };

export class Row {
  /** @param page tells what an action did and which case to open */
  constructor(page) {
    this.page = page;
    this.bar = new Bar("Intake");
    this.cells = Object.fromEntries(["when", "who", "state", ...NUMBERS].map((name) => [name, make("span", `cell ${name}`)]));
    this.words = make("span", "words");
    this.cells.state.append(this.bar.element, this.words);
    this.head = button("", () => this.toggle(), "open");
    this.head.append(make("span", "arrow"), ...Object.values(this.cells));
    this.head.setAttribute("aria-expanded", "false");
    this.actions = make("span", "actions");
    this.element = make("li", "intake", make("div", "row", [this.head, this.actions]));
  }

  show(intake) {
    const { state, counts } = intake;
    this.intake = intake;
    Object.assign(this.element.dataset, { id: intake.id, state });
    this.cells.when.textContent = moment(intake.created_at);
    this.cells.when.title = new Date(intake.created_at).toString();
    this.cells.who.textContent = `${intake.actor}, ${intake.origin}`;
    this.cells.who.title = this.cells.who.textContent;
    this.bar.element.hidden = !["running", "cancelling"].includes(state);
    this.bar.show(intake.percent);
    this.words.textContent = said(intake);
    this.words.title = this.words.textContent;
    for (const name of NUMBERS) {
      this.cells[name].textContent = counts[name] ? counts[name].toLocaleString("en") : DASH;
      this.cells[name].classList.toggle("some", counts[name] > 0);
      this.cells[name].setAttribute("aria-label", `${counts[name]} ${name === "new" ? "new cases" : name}`);
    }
    this.showActions();
    this.report?.update(intake);
  }

  /** Buttons are only made anew when there are others, so that none is lost under a finger. */
  showActions() {
    const names = Object.keys(ACTIONS).filter((name) => this.intake[`can_${name}`]);
    if (this.offered === names.join()) return;
    this.offered = names.join();
    this.actions.replaceChildren(...names.map((name) => button(ACTIONS[name][0], () => this.act(name), name, ACTIONS[name][1])));
  }

  async act(name) {
    this.actions.querySelectorAll("button").forEach((one) => (one.disabled = true));
    try {
      this.show(await act(this.intake.id, name));
    } catch (error) {
      this.page.say(error);
    }
    this.actions.querySelectorAll("button").forEach((one) => (one.disabled = false));
    this.page.refresh();
    if (!this.element.getRootNode().activeElement) this.head.focus();
  }

  get isOpen() {
    return Boolean(this.report);
  }

  toggle(open = !this.isOpen) {
    if (open === this.isOpen) return;
    this.head.setAttribute("aria-expanded", String(open));
    if (open) {
      this.report = new Report(this.intake.id, (key) => this.page.open(key));
      this.head.setAttribute("aria-controls", this.report.element.id);
      this.element.append(this.report.element);
      this.report.update(this.intake);
    } else {
      this.report.element.remove();
      this.report = null;
    }
    this.page.remember();
  }
}

/** How an intake stands, in words. */
function said({ state, percent, doing, error, counts, created_at: from, finished_at: to }) {
  if (state === "queued") return "waiting for its turn";
  if (state === "running") return `${percent} %  ${doing}`;
  if (state === "cancelling") return "ends at its next step";
  if (state === "interrupted") return "interrupted: its process ended early";
  if (state === "cancelled") return "cancelled; what was stored stays";
  if (state === "failed") return `failed: ${error?.found ?? ""}`;
  const lines = counts.accepted + counts.mended + counts.refused;
  return lines ? `done in ${duration(from, to)}` : "done: nothing was found to take in";
}
