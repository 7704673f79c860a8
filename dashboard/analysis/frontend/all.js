// How all analyses that were wanted together stand: one quiet line, there while there is something to say.

import { ask } from "../intake/api.js";
import { Bar, button, make } from "../intake/elements.js";
import { Poll } from "./poll.js";

export class AllLine {
  /** @param onDone hears that more cases are analysed than before; @param onOpen is called with a case's key */
  constructor({ onDone, onOpen }) {
    Object.assign(this, { onDone, onOpen, ended: null, isHidden: false });
    this.bar = new Bar("Analyses");
    this.words = make("span", "words");
    this.words.setAttribute("role", "status");
    this.failed = make("span", "failures");
    this.cancel = button("Cancel all", () => this.act("cancel"), "cancel", "What is stored stays; cases that are being analysed end at their next step");
    this.retry = button("Try again", () => this.act("retry"), "retry", "Queue the cases that failed once more");
    this.hide = button("Hide", () => this.dismiss(), "hide");
    this.element = make("div", "analyses", [this.bar.element, this.words, this.failed, this.cancel, this.retry, this.hide]);
    this.element.hidden = true;
    this.poll = new Poll(() => ask("/analyses"), (answer) => answer && this.show(answer), ({ is_over: isOver }) => !isOver);
    this.poll.now();
  }

  show(progress) {
    const { total, done = 0, failed = 0, is_over: isOver } = progress;
    if (this.ended !== null && done + failed !== this.ended) this.onDone();
    this.ended = done + failed;
    if (!isOver) this.isHidden = false;
    this.element.hidden = this.isHidden || !total || (isOver && !failed);
    this.bar.element.hidden = isOver;
    this.bar.show(total ? (100 * (done + failed)) / total : 0);
    this.words.textContent = said(progress);
    this.showFailed(progress.first_failed ?? [], failed);
    this.cancel.hidden = isOver;
    this.retry.hidden = !failed;
    this.hide.hidden = !isOver;
  }

  showFailed(first, count) {
    const named = JSON.stringify([first, count]);
    if (this.named === named) return;
    this.named = named;
    const links = first.map(({ key, found }) => button(key, () => this.onOpen(key), "case", found));
    const more = count > first.length ? [make("span", "", `and ${count - first.length} more`)] : [];
    this.failed.replaceChildren(...links, ...more);
  }

  async act(action) {
    try {
      this.show(await ask(`/analyses/${action}`, { method: "POST" }));
    } catch (error) {
      this.words.textContent = error.message;
    }
    this.poll.now();
  }

  dismiss() {
    this.isHidden = true;
    this.element.hidden = true;
  }

  destroy() {
    this.poll.stop();
  }
}

/** "Analysing: 7 of 24 done, about 2 min left"; "Analysis: 23 of 24 done, 1 failed". */
function said({ total, done = 0, failed = 0, seconds_left: seconds, is_over: isOver }) {
  const parts = [`${isOver ? "Analysis" : "Analysing"}: ${done.toLocaleString("en")} of ${total.toLocaleString("en")} done`];
  if (failed) parts.push(`${failed.toLocaleString("en")} failed`);
  if (!isOver && typeof seconds === "number") parts.push(`${about(seconds)} left`);
  return parts.join(", ");
}

function about(seconds) {
  if (seconds < 50) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `about ${minutes} min` : `about ${Math.round(minutes / 60)} h`;
}
