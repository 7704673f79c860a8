// The page Intake: a place to drop files, and every intake, newest first. It asks again each second while one runs.

import { SignedOut, intakes } from "./api.js";
import { Drop } from "./drop.js";
import { button, make } from "./elements.js";
import { Row } from "./row.js";

const BUSY_MS = 1000;
const CALM_MS = 5000;
const SKELETONS = 4;
const HEADINGS = ["when", "who", "state", "new", "accepted", "mended", "refused"];
const TITLES = { when: "When", who: "Who", state: "State", new: "New cases", accepted: "Accepted", mended: "Mended", refused: "Refused" };
const ACTIVE = new Set(["queued", "running", "cancelling"]);

export class Intake {
  constructor(host, args) {
    Object.assign(this, { host, args, rows: new Map(), older: 0, isGone: false });
    this.drop = new Drop((id) => this.follow(id));
    this.list = make("ol", "intakes");
    this.notice = make("div", "notice");
    this.notice.setAttribute("role", "status");
    this.more = button("Show older intakes", () => this.showOlder(), "more");
    this.more.hidden = true;
    const heading = make("div", "row heading", [make("span", "open", [make("span", "arrow"), ...HEADINGS.map((name) => make("span", `cell ${name}`, TITLES[name]))]), make("span", "actions")]);
    heading.setAttribute("aria-hidden", "true");
    this.list.append(...Array.from({ length: SKELETONS }, () => make("li", "skeleton", make("i"))));
    host.replaceChildren(this.drop.element, make("section", "past", [heading, this.notice, this.list, this.more]));
    this.wanted = new Set((new URLSearchParams(window.location.hash.slice(1)).get("intake") ?? "").split(",").filter(Boolean).map(Number));
    this.awake = () => document.hidden || this.refresh();
    document.addEventListener("visibilitychange", this.awake);
    this.refresh();
  }

  /** Ask how all intakes stand, show it, and ask again later. One question at a time. */
  async refresh() {
    clearTimeout(this.timer);
    if (this.asking) return;
    this.asking = true;
    try {
      this.showNewest(await intakes());
      this.say(null);
    } catch (error) {
      this.say(error);
    }
    this.asking = false;
    const isBusy = [...this.rows.values()].some(({ intake }) => ACTIVE.has(intake.state));
    if (!this.isGone && !document.hidden) this.timer = setTimeout(() => this.refresh(), isBusy ? BUSY_MS : CALM_MS);
  }

  showNewest({ intakes: found, next }) {
    this.list.querySelectorAll(".skeleton").forEach((one) => one.remove());
    for (const intake of [...found].reverse()) {
      const known = this.rows.get(intake.id);
      (known ?? this.add(intake, "prepend")).show(intake);
    }
    if (!this.older && next && this.rows.size === found.length) this.older = next;
    this.more.hidden = !this.older;
    this.host.dataset.ready = "true";
    this.openWanted();
  }

  async showOlder() {
    try {
      const { intakes: found, next } = await intakes(this.older);
      for (const intake of found) this.add(intake, "append").show(intake);
      this.older = next;
      this.more.hidden = !next;
    } catch (error) {
      this.say(error);
    }
  }

  add(intake, how) {
    const row = new Row(this);
    row.intake = intake;
    this.rows.set(intake.id, row);
    this.list[how](row.element);
    return row;
  }

  /** An upload has become an intake: show it, open. */
  follow(id) {
    this.wanted.add(id);
    this.refresh();
  }

  openWanted() {
    for (const id of this.wanted) {
      if (this.rows.has(id)) {
        this.wanted.delete(id);
        this.rows.get(id).toggle(true);
      }
    }
  }

  /** Which reports are open stands in the address, so that it can be reloaded and sent to somebody. */
  remember() {
    const open = [...this.rows].filter(([, row]) => row.isOpen).map(([id]) => id);
    const { pathname, search } = window.location;
    window.history.replaceState(window.history.state, "", open.length ? `#intake=${open}` : pathname + search);
  }

  open(key) {
    this.args.setTriggerValue("open", { key });
  }

  say(error) {
    this.host.dataset.failed = String(Boolean(error));
    if (error) {
      const again = error instanceof SignedOut ? null : button("Try again", () => this.refresh(), "retry");
      this.notice.replaceChildren(make("span", "failed", error.message), ...(again ? [again] : []));
    } else if (!this.rows.size) {
      this.notice.replaceChildren(make("p", "", "Nothing has come in yet. Drop scans above, or in a terminal:"), make("code", "", "secondlook ingest PATH"));
    } else this.notice.replaceChildren();
  }

  destroy() {
    this.isGone = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.awake);
    this.drop.destroy();
  }
}
