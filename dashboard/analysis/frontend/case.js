// How the analysis of one case stands: a line with its bar, and what can be done about it.

import { ask } from "../intake/api.js";
import { Bar, button, make } from "../intake/elements.js";
import { Poll } from "./poll.js";

const ACTIVE = new Set(["queued", "running", "cancelling", "interrupted"]);
const ACTIONS = { analyse: "Analyse", cancel: "Cancel", retry: "Try again" };

export class CaseLine {
  constructor(host, args) {
    Object.assign(this, { host, args, key: "" });
    this.bar = new Bar("Analysis");
    this.words = make("span", "words");
    this.words.setAttribute("role", "status");
    this.actions = make("span", "actions");
    host.append(this.bar.element, this.words, this.actions);
    this.bar.element.hidden = true;
  }

  /** Be about another case, or the same one drawn anew with everything that is stored by now. */
  follow(key) {
    this.poll?.stop();
    Object.assign(this, { key, hasNews: false, wasActive: false });
    this.poll = new Poll(() => ask(`/analyses/case?case=${encodeURIComponent(key)}`), (answer, error) => this.show(answer, error), ({ state }) => ACTIVE.has(state));
    this.poll.now();
  }

  show(analysis, error) {
    if (error) {
      this.say("failed", error.message, "", []);
      return;
    }
    const { state, percent, error: reason } = analysis;
    if (this.wasActive && state === "done") this.hasNews = true;
    this.wasActive = ACTIVE.has(state);
    this.bar.element.hidden = !["running", "cancelling"].includes(state);
    this.bar.show(percent);
    this.say(state, said(analysis), reason && state === "failed" ? `${reason.must} ${reason.todo}` : "", this.offered(analysis));
  }

  offered({ state, can_begin: canBegin }) {
    if (this.hasNews) return ["show"];
    if (["queued", "running"].includes(state)) return ["cancel"];
    if (["failed", "cancelled"].includes(state)) return ["retry"];
    return state === "none" && canBegin ? ["analyse"] : [];
  }

  say(state, text, title, names) {
    this.host.dataset.state = state;
    this.words.textContent = text;
    this.words.title = title || text;
    if (this.names === names.join()) return; // buttons are only made anew when there are others
    this.names = names.join();
    this.actions.replaceChildren(...names.map((name) => this.button(name)));
  }

  button(name) {
    if (name === "show") return button("Show the result", () => this.args.setTriggerValue("show", { at: Date.now() }), "show", "Draw the page anew with what was found");
    return button(ACTIONS[name], () => this.act(name), name);
  }

  async act(action) {
    this.actions.querySelectorAll("button").forEach((one) => (one.disabled = true));
    this.names = null;
    try {
      this.show(await ask("/analyses/case", { method: "POST", body: { case: this.key, action } }), null);
    } catch (error) {
      this.show(null, error);
    }
    this.poll.now();
  }

  destroy() {
    this.poll?.stop();
  }
}

/** How an analysis stands, in words. */
function said({ state, percent, doing, model, error, can_begin: canBegin }) {
  if (state === "queued") return "Waiting for its analysis";
  if (state === "running") return `${percent} %  ${doing}`;
  if (state === "cancelling") return "The analysis ends at its next step";
  if (state === "interrupted") return "The analysis was interrupted; it goes on by itself";
  if (state === "failed") return `The analysis failed: ${error?.found ?? ""}`;
  if (state === "cancelled") return "The analysis was cancelled";
  if (state === "done") return `Analysed by ${model}`;
  return canBegin ? "Not analysed yet" : "";
}
