// The report of one intake: a line each for what was accepted, mended or refused. Long ones come in parts.

import { linesOf } from "./api.js";
import { button, count, make, threeParts } from "./elements.js";

const OUTCOMES = { new: "new case", extended: "layers added", unchanged: "already stored" };

export class Report {
  /** @param id of the intake; @param onOpen called with a case's key */
  constructor(id, onOpen) {
    Object.assign(this, { id, onOpen, taken: "", last: 0, next: 0, shown: 0, total: 0 });
    this.list = make("ol", "lines");
    this.error = make("div", "ended");
    this.filter = button("Refused only", () => this.show(this.taken ? "" : "refused"), "filter");
    this.filter.setAttribute("aria-pressed", "false");
    const download = make("a", "download", "Download as JSON", { href: `/intakes/${id}/report`, download: `intake-${id}.json` });
    this.tools = make("div", "tools", [this.filter, download]);
    this.more = button("", () => this.load(), "more");
    this.more.hidden = true;
    this.notice = make("p", "muted notice");
    this.element = make("div", "report", [this.error, this.tools, this.list, this.notice, this.more]);
    this.element.id = `report-${id}`;
  }

  /** Bring it up to date with what is known of the intake. */
  update(intake) {
    const { counts } = intake;
    const before = this.total;
    this.total = counts.accepted + counts.mended + counts.refused;
    this.refused = counts.refused;
    this.running = ["queued", "running", "cancelling"].includes(intake.state);
    this.error.replaceChildren(...(intake.error ? [threeParts(intake.error, `parts ${intake.state}`)] : []));
    this.filter.disabled = !counts.refused;
    if (this.total < before) this.show(this.taken);
    else if (this.total !== before && !this.next) this.load();
    else this.sayHowMany();
  }

  /** Begin again with all lines, or with the refused ones only. */
  show(taken) {
    Object.assign(this, { taken, last: 0, next: 0, shown: 0 });
    this.filter.setAttribute("aria-pressed", String(Boolean(taken)));
    this.list.replaceChildren();
    this.load();
  }

  async load() {
    const asked = `${this.taken} ${this.last}`;
    if (this.asked === asked) return;
    this.asked = asked;
    try {
      const { lines, next } = await linesOf(this.id, this.last, this.taken);
      if (asked !== `${this.taken} ${this.last}`) return;
      this.list.append(...lines.map((line) => this.line(line)));
      Object.assign(this, { last: lines.at(-1)?.id ?? this.last, next, shown: this.shown + lines.length });
      this.sayHowMany();
    } catch (error) {
      this.notice.textContent = error.message;
    } finally {
      if (this.asked === asked) this.asked = null;
    }
  }

  sayHowMany() {
    const all = this.taken ? this.refused : this.total;
    this.more.hidden = !this.next;
    this.more.textContent = `Show more: ${(all - this.shown).toLocaleString("en")} of ${count(all, "line")} are not shown`;
    this.notice.textContent = all ? "" : this.nothing();
    this.element.dataset.shown = String(this.shown);
  }

  nothing() {
    if (this.taken) return "Nothing was refused.";
    return this.running ? "Nothing yet. Each series appears here as soon as it is read." : "Nothing was found to take in.";
  }

  line(line) {
    const head = make("div", "head", [make("span", `sign ${line.taken}`, line.taken), make("span", "what", line.what), ...this.where(line)]);
    const mended = line.mended.map((text) => make("p", "how", text));
    const remarks = line.remarks.map((text) => make("p", "remark", text));
    const parts = line.taken === "refused" ? [threeParts(line)] : [];
    return make("li", `line ${line.taken}`, [head, ...mended, ...remarks, ...parts]);
  }

  where(line) {
    const outcome = make("span", "outcome", OUTCOMES[line.outcome] ?? "");
    if (!line.key) return [outcome];
    const link = make("a", "case", line.key, { href: `/case?case=${encodeURIComponent(line.key)}` });
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.onOpen(line.key);
    });
    const layers = line.layers_added ? count(line.layers_added, "layer") : "";
    outcome.textContent = [OUTCOMES[line.outcome], layers].filter(Boolean).join(", ");
    const badge = line.synthetic ? make("span", "badge", "SYNTHETIC", { title: "Generated data, no patient" }) : null;
    return [badge, outcome, link].filter(Boolean);
  }
}
