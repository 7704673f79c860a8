// The worklist: a question, its pages, and what keys and clicks do.

import { AllLine } from "../analysis/all.js";
import { Pages, SignedOut, forgetView, saveView, views } from "./api.js";
import { Bar, FilterRail, make } from "./bar.js";
import { KEYS, actionOf } from "./keys.js";
import { List } from "./list.js";
import { FIRST_SORT, cleaned, readHash, writeHash } from "./question.js";

const DEBOUNCE_MS = 120;
const SPINNER_MS = 300;
const SKELETONS = 12;

export class Table {
  constructor(host, args) {
    Object.assign(this, { host, args, question: readHash(), known: { counts: {}, saved: [] } });
    this.listeners = new AbortController();
    this.bar = new Bar(this);
    this.rail = new FilterRail(this);
    this.list = new List({ onOpen: (row) => this.open(row), onSort: (sort) => this.sortBy(sort), onNeed: () => this.more() });
    const middle = make("div", "middle");
    middle.append(this.rail.element, this.list.element);
    this.analyses = new AllLine({ onDone: () => this.renew(), onOpen: (key) => this.open({ key }) });
    host.replaceChildren(this.bar.element, this.analyses.element, middle);
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.listeners.signal });
    this.bar.search.value = this.question.search ?? "";
    this.toggleFilters(Object.keys(this.question).some((name) => this.rail.selects.some(([filter]) => filter === name)));
    this.refreshViews();
    this.load();
  }

  /** Ask another question from the start; the search box and the order stay when nothing else is said. */
  ask(question) {
    this.question = { sort: this.question.sort, descending: this.question.descending, ...question };
    this.bar.search.value = this.question.search ?? "";
    this.load();
  }

  change(part) {
    this.question = { ...this.question, ...part, own: undefined };
    this.load();
  }

  searchFor(text) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.change({ search: text.trim() }), DEBOUNCE_MS);
  }

  sortBy(sort) {
    const same = (this.question.sort ?? FIRST_SORT) === sort;
    const descending = same ? this.question.descending === "false" : true;
    this.change({ sort, descending: String(descending) });
  }

  async load() {
    const began = performance.now();
    const question = cleaned(this.question);
    writeHash(question);
    this.pages?.stop();
    const pages = (this.pages = new Pages(question));
    this.showQuestion();
    const spinner = setTimeout(() => this.host.classList.add("slow"), SPINNER_MS);
    if (!this.list.total) this.list.show([], SKELETONS);
    try {
      await pages.more();
      if (pages === this.pages) this.showFirst(pages, began);
    } catch (error) {
      this.fail(error);
    }
    clearTimeout(spinner);
    if (pages === this.pages) this.host.classList.remove("slow");
  }

  showFirst(pages, began) {
    this.list.focused = 0;
    this.list.element.scrollTop = 0;
    this.list.say(pages.total ? null : this.emptyNotice());
    this.list.show(pages.rows, pages.total);
    this.bar.say(pages.total);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const ms = Math.round(performance.now() - began);
      Object.assign(this.host.dataset, { ready: "true", total: pages.total, ms, loads: Number(this.host.dataset.loads ?? 0) + 1 });
    }));
  }

  async more() {
    const { pages } = this;
    try {
      await pages.more();
      if (pages === this.pages) this.list.show(pages.rows, pages.total);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Fetch the known rows again and fill them in where they stand: nobody's place in the list moves. */
  async renew() {
    const { pages } = this;
    const fresh = new Pages(pages.question);
    try {
      do await fresh.more(); while (!fresh.isComplete && fresh.rows.length < pages.rows.length);
    } catch {
      return; // asked again at the next change
    }
    if (pages !== this.pages) return;
    const byKey = new Map(fresh.rows.map((row) => [row.key, row]));
    pages.rows.forEach((row, number) => (pages.rows[number] = byKey.get(row.key) ?? row));
    this.list.show(pages.rows, pages.total);
    this.refreshViews();
  }

  fail(error) {
    if (error.name === "AbortError") return;
    const notice = make("div", "failed", error.message);
    if (!(error instanceof SignedOut)) {
      const retry = Object.assign(make("button", "retry", "Try again"), { type: "button" });
      retry.addEventListener("click", () => this.load());
      notice.append(retry);
    }
    this.list.show([], 0);
    this.list.say(notice);
    this.host.dataset.failed = "true";
  }

  emptyNotice() {
    const isNarrowed = Object.keys(cleaned({ ...this.question, sort: "", descending: "" })).some((name) => name !== "view" || this.question.view !== "all");
    const notice = make("div", "empty");
    if (isNarrowed) notice.append(make("p", "", "No case matches. Clear the search or a filter to see more."));
    else notice.append(make("p", "", "No case yet. Drop scans on the page Intake, or in a terminal:"), make("code", "", "secondlook ingest PATH"));
    return notice;
  }

  showQuestion() {
    this.rail.show(this.question);
    this.list.showSort(this.question.sort ?? FIRST_SORT, this.question.descending !== "false");
    this.showKnown();
  }

  showKnown() {
    this.bar.showViews(this.known, this.question);
    this.bar.showOrders(this.known.orders, this.question);
  }

  async refreshViews() {
    try {
      this.known = await views();
      this.showKnown();
    } catch (error) {
      this.fail(error);
    }
  }

  async save(name) {
    await saveView(name, cleaned(this.question));
    this.question.own = name;
    await this.refreshViews();
  }

  async forget(name) {
    await forgetView(name);
    if (this.question.own === name) this.question.own = undefined;
    await this.refreshViews();
  }

  toggleFilters(open = this.rail.element.hidden) {
    this.rail.element.hidden = !open;
    this.bar.toggle.setAttribute("aria-expanded", String(open));
  }

  open(row) {
    this.args.setTriggerValue("open", { key: row.key, query: cleaned(this.question) });
  }

  key(event) {
    const found = actionOf(event, this.bar.search);
    if (!found) return;
    event.preventDefault();
    const actions = {
      move: () => this.list.move(found.argument),
      page: () => this.list.move(found.argument * this.list.pageSize),
      open: () => this.list.openFocused(),
      search: () => this.bar.search.focus(),
      clear: () => this.clearSearch(),
      help: () => this.help(),
    };
    actions[found.action]();
  }

  clearSearch() {
    if (this.dialog?.open) this.dialog.close();
    else if (this.bar.search.matches(":focus")) this.bar.search.blur();
    else if (this.question.search) this.ask({ ...this.question, search: "" });
  }

  help() {
    if (!this.dialog) {
      this.dialog = make("dialog", "help");
      const list = document.createElement("dl");
      for (const [key, text] of KEYS) list.append(make("dt", "", key), make("dd", "", text));
      this.dialog.append(make("h2", "", "Keys"), list);
      this.host.append(this.dialog);
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  destroy() {
    clearTimeout(this.waiting);
    this.listeners.abort();
    this.pages?.stop();
    this.analyses.destroy();
    this.list.destroy();
  }
}
